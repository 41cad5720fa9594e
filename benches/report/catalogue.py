"""The problems of the report, in the order of its page."""

from .problem import Problem
from .problems import (
    construction,
    densities,
    elimination,
    epochs,
    inference,
    install,
    likelihood,
    parameters,
    sampling,
    second,
    spectrum,
    start,
)

PROBLEMS: dict[str, Problem] = {
    module.PROBLEM.name: module.PROBLEM
    for module in (
        construction,
        elimination,
        parameters,
        densities,
        likelihood,
        epochs,
        spectrum,
        sampling,
        inference,
        start,
        second,
        install,
    )
}
