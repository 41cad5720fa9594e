"""Observations at the door."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phasic.svgd._data import prepare_data

observations = st.lists(st.floats(0, 1e6), min_size=1, max_size=40)


@given(observations)
def test_every_observation_is_counted_once(values):
    distinct, count = prepare_data(values, None)
    np.testing.assert_array_equal(np.repeat(distinct, count.astype(int)), np.sort(values))


@given(observations)
def test_length_is_a_power_of_two_and_padding_has_weight_zero_and_a_repeated_value(values):
    distinct, count = prepare_data(values, None)
    assert len(distinct) & (len(distinct) - 1) == 0
    assert set(distinct[count == 0]) <= {distinct[np.count_nonzero(count) - 1]}


@given(observations, st.randoms(use_true_random=False))
def test_order_does_not_matter(values, random):
    mixed = random.sample(values, len(values))
    for a, b in zip(prepare_data(values, None), prepare_data(mixed, None), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_of_equal_values_add_up():
    distinct, count = prepare_data([2.0, 1.0, 2.0], [0.5, 3.0, 1.0])
    assert distinct[:2].tolist() == [1.0, 2.0]
    assert count[:3].tolist() == [3.0, 1.5, 0.0]


@pytest.mark.parametrize(
    ("values", "weights", "message"),
    [
        ([], None, "observed_data is empty"),
        ([1.0, -2.0], None, r"observed_data\[1\] is -2"),
        ([np.nan], None, r"observed_data\[0\] is nan"),
        ([1.0, np.inf], None, r"observed_data\[1\] is inf"),
        ([[1.0]], None, r"shape \(1, 1\)"),
        (["a"], None, "observed_data must be a vector of numbers"),
        ([1.0], [-1.0], r"weights\[0\] is -1"),
        ([1.0, 2.0], [1.0], r"weights has shape \(1,\), observed_data has shape \(2,\)"),
        ([1.0], [0.0], "weights are all 0"),
    ],
)
def test_bad_data_is_named(values, weights, message):
    with pytest.raises(ValueError, match=message):
        prepare_data(values, weights)
