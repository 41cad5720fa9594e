"""Every name, method and argument of version 0.32.1: it is there, or an error says what to use instead."""

import importlib
import inspect
from pathlib import Path

import phasic
import pytest
from phasic import _dropped, _dropped_arguments
from phasic.svgd import SVGD, _arguments

#: A line for each: where, name, arguments; read off the package by `inspect`, and off its docstrings.
LINES = (Path(__file__).parent / "names_of_0_32.txt").read_text().splitlines()
NAMES = [(where, name) for where, name, *_ in map(str.split, LINES)]
ARGUMENTS = [(where, name, argument) for where, name, *given in map(str.split, LINES) for argument in given]

#: Arguments that come first, where the name of the first one has changed.
POSITIONAL = {
    ("phasic.Graph", "__init__", "arg"),
    ("phasic.Graph", "update_parameterized_weights", "rewards"),
    ("phasic.Graph", "sample_path_conditioned", "backward_probs"),
    ("phasic.Graph", "update_weights", "params"),
    ("phasic.Vertex", "add_edge", "weight_or_coeffs"),
    ("phasic.Vertex", "ae", "weight_or_coeffs"),
}


def found(where, name):
    """The thing, None if it is refused by name; a name that is unknown fails."""
    last = where.rpartition(".")[2]
    holder = getattr(phasic, last) if last[0].isupper() else importlib.import_module(where)
    try:
        if last[0].isupper() and not hasattr(holder, name):
            _dropped.refuse(where, name)
        return getattr(holder, name)
    except AttributeError as error:
        if f"{name} is no longer there: " in str(error):
            return None
        try:
            return importlib.import_module(f"{where}.{name}")
        except ModuleNotFoundError:
            raise error from None
        except ImportError as gone:
            assert "is no longer there: " in str(gone)
            return None


@pytest.mark.parametrize(("where", "name"), NAMES)
def test_a_name_is_there_or_refused_with_what_to_use(where, name):
    found(where, name)


@pytest.mark.parametrize(("where", "name", "argument"), ARGUMENTS)
def test_an_argument_is_taken_or_refused_with_what_to_use(where, name, argument):
    thing = found(where, name)
    if thing is None or (where, name, argument) in POSITIONAL:
        return
    taken = set(inspect.signature(thing).parameters)
    short = f"{where.rpartition('.')[2]}.{name}" if where != "phasic" else name
    if short in ("Graph.svgd", "SVGD", "SVGD.__init__"):
        taken |= {*inspect.signature(SVGD).parameters, *_arguments._NO_EFFECT, *_arguments._REFUSED}
        taken |= {"regularization"}
    taken |= set(_dropped_arguments.arguments().get(short.removesuffix(".__init__"), ()))
    taken |= set(_dropped_arguments.arguments().get(name, ()))
    if short == "Graph.__init__":
        taken |= {"graph_cache"}
    if name == "configure_layered_cache":
        taken |= {"local_cache_dir", "shared_cache_dir", "enable"}  # raises whatever it is given
    assert argument in taken


REFUSED = {
    "Graph.laplace_transform": lambda **a: phasic.models.erlang(2).laplace_transform(**a),
    "Graph.method_of_moments": lambda **a: phasic.models.erlang(2).method_of_moments(**a),
    "Graph.plot": lambda **a: phasic.models.erlang(2).plot(**a),
    "Graph.joint_prob_graph": lambda **a: phasic.models.erlang(2).joint_prob_graph(**a),
    "Graph.vertex_at": lambda **a: phasic.models.erlang(2).vertex_at(**a),
    "SVGD.summary": lambda **a: fit().summary(**a),
    "SVGD.optimize": lambda **a: fit().optimize(**a),
    "instantiate_from_trace": lambda **a: phasic.instantiate_from_trace(phasic.models.erlang(2), **a),
}


def fit():
    return SVGD(phasic.models.erlang(2).model(), [1.0, 2.0], phasic.LogNormal(0.0, 1.0))


@pytest.mark.parametrize(
    ("function", "argument"), [(f, a) for f, given in _dropped_arguments.arguments().items() for a in given]
)
def test_an_argument_that_is_gone_says_what_instead(function, argument):
    with pytest.raises(TypeError, match=f"no longer takes '{argument}': "):
        REFUSED[function](**{argument: 1})


@pytest.mark.parametrize("argument", _arguments._REFUSED)
def test_an_argument_of_a_fit_that_is_gone_says_what_instead(argument):
    with pytest.raises(ValueError, match=f"{argument}: "):
        phasic.models.erlang(2).svgd([1.0, 2.0], **{argument: 1})


def test_an_argument_that_never_was_is_a_type_error():
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        phasic.models.erlang(2).vertex_at(nonsense=1)
