"""Levels: against scikit-learn's OneHotEncoder; rare, unknown and missing ones."""

import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder

from sknn_scratch.preprocessing._columns import columns_of
from sknn_scratch.preprocessing._levels import find_categories, learn_levels, rare

rng = np.random.default_rng(0)


def column(*values):
    return columns_of(np.array(values, dtype=object)[:, None])[0]


def encoded(levels, *values):
    places = levels.places(column(*values))
    out = np.full((len(values), levels.width), 7.0)
    levels.encode(places, out)
    return out.tolist()


@pytest.mark.parametrize("max_categories", [None, 1, 3, 8, 40])
@pytest.mark.parametrize("min_frequency", [None, 1, 5, 12, 0.02])
def test_columns_and_rare_levels_are_one_hot_encoders(max_categories, min_frequency):
    names = np.array([f"level {i:02d}" for i in range(30)], dtype=object)
    values = names[rng.geometric(0.1, 300).clip(max=30) - 1]
    theirs = OneHotEncoder(
        max_categories=max_categories,
        min_frequency=min_frequency,
        sparse_output=False,
        handle_unknown="infrequent_if_exist",
    )
    wanted = theirs.fit_transform(values[:, None])
    levels = learn_levels(column(*values), max_categories, min_frequency)
    assert levels.n_places == wanted.shape[1]
    if levels.width > 1:
        new = ["level 00", "new", "level 29"]
        np.testing.assert_array_equal(encoded(levels, *values), wanted)
        np.testing.assert_array_equal(
            encoded(levels, *new), theirs.transform(np.array(new, object)[:, None])
        )


def test_levels_that_all_fit_are_never_pooled():
    assert not rare(np.array([5, 1, 3]), 9, 3, None).any()
    assert rare(np.array([5, 1, 3, 2]), 11, 3, None).tolist() == [0, 1, 0, 1]


def test_two_levels_are_one_column():
    levels = learn_levels(column("b", "a", None, "b"), None, None)
    assert (levels.width, levels.names, levels.has_missing) == (1, ["b"], True)
    assert encoded(levels, "a", "b", None, "new") == [[-1], [1], [0], [0]]


def test_two_levels_are_never_rare():
    levels = learn_levels(column("b", "a", "a", "a"), 1, 2)
    assert encoded(levels, "a", "b", None, "new") == [[-1], [1], [0], [0]]


def test_a_level_and_the_rare_ones_are_one_column():
    levels = learn_levels(column(*"aaaabc"), None, 2)
    assert (levels.width, levels.names) == (1, ["infrequent"])
    assert encoded(levels, "a", "b", None, "new") == [[-1], [1], [0], [1]]


@pytest.mark.parametrize("values", [["a", "a", None], [None, None], ["a", "b", "c"]])
def test_a_single_place_gives_no_column(values):
    levels = learn_levels(column(*values), None, 2)
    assert levels.width == 0
    assert np.array(encoded(levels, *values)).size == 0


def test_numbers_come_before_strings():
    levels = learn_levels(column(10, "a", 2, True, "B"), None, None)
    assert levels.names == ["True", "2", "10", "B", "a"]


def test_equal_levels_of_other_types():
    levels = learn_levels(column(1, 2, 3, 3), None, None)
    wanted = encoded(levels, 1, 2, 3)
    assert encoded(levels, 1.0, np.float32(2), np.int8(3)) == wanted
    assert encoded(levels, "1", True, None)[0] == [0, 0, 0]


WRONG = [
    ([1.5], "must be an array-like of bool, int or str, got: float64."),
    ([1, "a"], "has an item value '1' which is not a valid feature name"),
    (np.array([1, "a"], object), "bool, int or str, got: int, str."),
    (["z"], "has an item value 'z' which is not a valid feature name"),
    ([3], r"integer indices must be in \[0, n_features - 1\]"),
    ([-1], r"integer indices must be in \[0, n_features - 1\]"),
    ([True], r"must have shape \(n_features,\), got: \(1,\)"),
]


class Frame:
    columns = ("a", "b", "c")


@pytest.mark.parametrize(("wanted", "message"), WRONG)
def test_categorical_features_that_are_none(wanted, message):
    columns = columns_of(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=message):
        find_categories(wanted, columns, Frame())


def test_names_for_an_array():
    with pytest.raises(ValueError, match="fitted on data without feature names"):
        find_categories(["a"], columns_of(np.zeros((2, 3))), np.zeros((2, 3)))


@pytest.mark.parametrize(
    "wanted",
    [
        ["a", "c"],
        np.array(["a", "c"]),
        np.array(["a", "c"], object),
        [0, 2],
        np.array([0, 2], np.int8),
        (True, False, True),
        np.array([True, False, True]),
    ],
)
def test_categorical_features(wanted):
    mask = find_categories(wanted, columns_of(np.zeros((2, 3))), Frame())
    assert mask.tolist() == [True, False, True]


@pytest.mark.parametrize("wanted", [None, [], "from_dtype"])
def test_no_categories(wanted):
    mask = find_categories(wanted, columns_of(np.zeros((2, 3))), Frame())
    assert not mask.any()
