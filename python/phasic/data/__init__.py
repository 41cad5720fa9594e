"""Small real data sets. Each file names its source."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class SegregatingSites(NamedTuple):
    """How many sites differ among how many sequences."""

    sequences: int
    sites: int


class Remissions(NamedTuple):
    """Weeks in remission, (m,), and whether each end was observed, (m,); otherwise right-censored."""

    weeks: NDArray[np.float64]
    observed: NDArray[np.bool_]


def kreitman_adh() -> SegregatingSites:
    """Kreitman (1983): 11 alcohol dehydrogenase genes of Drosophila, 43 segregating sites."""
    (row,) = _rows("kreitman_adh.csv")
    return SegregatingSites(int(row["sequences"]), int(row["segregating_sites"]))


def freireich(arm: str) -> Remissions:
    """Freireich et al. (1963): remission of acute leukaemia, `arm` "placebo" or "6-MP", 21 patients each."""
    rows = [row for row in _rows("freireich.csv") if row["arm"] == arm]
    if not rows:
        raise ValueError(f'arm is {arm!r}: it must be "placebo" or "6-MP"')
    weeks = np.array([float(row["weeks"]) for row in rows])
    return Remissions(weeks, np.array([row["observed"] == "1" for row in rows]))


def _rows(name: str) -> list[dict[str, str]]:
    lines = files("phasic.data").joinpath(name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))
