"""The named models are the same in Rust and in Python; `tests/named_keys.txt` holds their content hashes."""

from pathlib import Path

import pytest
from phasic import Graph

from tests import models, named

TWINS = {
    "rabbits 6": (models.rabbits_parameterised, {"n": 6}),
    "kingman 5": (models.kingman_parameterised, {"n": 5}),
    "kingman blocks 7": (named.kingman_blocks, {"n": 7}),
    "demes 4 1 0": (named.demes, {"lineages": (4, 1, 0)}),
    "structured blocks 5 in 3": (named.structured_blocks, {"n": 5, "n_demes": 3}),
    "isolation migration 3 2": (named.isolation_migration, {"n1": 3, "n2": 2}),
    "two loci 4": (named.two_loci, {"n": 4}),
    "tandem 3": (named.tandem_queues, {"capacity": 3, "d": 2}),
    "tandem queues 2 in 3": (named.tandem_queues, {"capacity": 2, "d": 3}),
    "birth death 9": (named.birth_death, {"n": 9}),
    "random sparse 40 4 1": (named.random_sparse, {"n": 40, "degree": 4, "seed": 1}),
}
KEYS = dict(
    line.rsplit(": ", 1) for line in (Path(__file__).parents[1] / "named_keys.txt").read_text().splitlines()
)


def test_every_named_model_has_a_twin():
    assert TWINS.keys() == KEYS.keys()


@pytest.mark.parametrize("name", TWINS)
def test_twins_have_the_same_content_hash(name):
    callback, sizes = TWINS[name]
    assert Graph(callback=callback, **sizes).content_hash() == KEYS[name]
