"""What the partitions' summaries come to."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from sknn_scratch.distributed._rows import Rows, summary
from sknn_scratch.distributed._summaries import (
    common_dtype,
    example_targets,
    explicit_class_weight,
    without_the_empty,
)


def told(y, n_features=2, dtype=np.float64, names=None, classifier=True):
    y = np.asarray(y)
    X = np.zeros((len(y), n_features), dtype)
    return summary(0, Rows(X, y, None, names), classifier)


def test_empty_partitions_are_left_out():
    assert without_the_empty([told([]), told([1]), told([]), told([2])]) == [1, 3]
    with pytest.raises(ValueError, match="All partitions are empty"):
        without_the_empty([told([]), told([])])


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"n_features": 3}, "Partition 1 has 3 columns, but partition 0 has 2"),
        (
            {"names": ("a", "c")},
            r"Partition 1 has \['a', 'c'\] as the columns' names, but partition 0",
        ),
    ],
)
def test_partitions_with_other_columns(others, message):
    first = told([0, 1], names=("a", "b"))
    with pytest.raises(ValueError, match=message):
        without_the_empty([first, told([0, 1], **{"names": ("a", "b"), **others})])


def test_partitions_with_other_outputs():
    with pytest.raises(ValueError, match="Partition 1 has 2 columns of y, but part"):
        without_the_empty([told([0, 1]), told([[0, 1], [1, 0]])])


def test_the_common_dtype():
    single, double = told([0], dtype=np.float32), told([0])
    assert common_dtype([single, single]) == np.float32
    assert common_dtype([single, double]) == np.float64


def test_classes_that_a_partition_lacks_are_still_classes():
    example = example_targets([told([3, 1]), told([2, 2]), told([1, 5])], True)
    assert example.tolist() == [1, 2, 3, 5]


def test_text():
    example = example_targets([told(["b", "a"]), told(["c"])], True)
    assert example.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="text in some partitions and numbers in oth"):
        example_targets([told(["b", "a"]), told([1])], True)


def test_several_outputs():
    example = example_targets([told([[0, 7]]), told([[1, 8], [2, 7]])], True)
    assert set(example[:, 0]) == {0, 1, 2}
    assert set(example[:, 1]) == {7, 8}


def test_numbers_need_no_example():
    assert example_targets([told([0.5], classifier=False)], False).shape == (0,)
    two = told([[0.5, 1.5]], classifier=False)
    assert example_targets([two], False).shape == (0, 2)


def test_balanced_weights_are_those_of_all_rows():
    parts = [[0, 0, 0, 1], [2, 1], [0]]
    given = explicit_class_weight("balanced", [told(part) for part in parts])
    y = np.concatenate(parts)
    wanted = compute_class_weight("balanced", classes=np.arange(3), y=y)
    assert len(given) == 1
    np.testing.assert_allclose([given[0][k] for k in range(3)], wanted)


def test_other_weights_stay():
    parts = [told([[0, 1], [1, 1]])]
    assert explicit_class_weight(None, parts) is None
    assert explicit_class_weight({0: 2.0}, parts) == {0: 2.0}
    mixed = explicit_class_weight([{0: 2.0}, "balanced"], parts)
    assert mixed == [{0: 2.0}, {1: 1.0}]
    assert explicit_class_weight(["balanced"], parts) == ["balanced"]
