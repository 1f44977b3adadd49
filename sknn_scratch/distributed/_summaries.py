"""What the partitions say of themselves, put together: columns, dtype, target."""

from functools import reduce

import numpy as np

from sknn_scratch._estimators.census import Counts, with_every_value


def without_the_empty(summaries):
    """The indices of the partitions that have rows.

    Raises ValueError if there are none, or if the partitions do not fit together.
    """
    kept = [i for i, each in enumerate(summaries) if each.n]
    if not kept:
        raise ValueError("All partitions are empty: there are no rows to fit.")
    first = kept[0]
    for name, what in (
        ("n_features", "columns"),
        ("names", "as the columns' names"),
        ("n_outputs", "columns of y"),
    ):
        wanted = getattr(summaries[first], name)
        for i in kept:
            given = getattr(summaries[i], name)
            if given != wanted:
                raise ValueError(
                    f"Partition {i} has {_shown(given)} {what}, but partition {first} "
                    f"has {_shown(wanted)}. All partitions must have the same columns."
                )
    return kept


def _shown(value):
    if isinstance(value, tuple):
        return list(map(str, value))
    return "1" if value is None else value


def common_dtype(summaries):
    """float32 if all partitions are, else float64."""
    return reduce(np.result_type, (each.dtype for each in summaries))


def example_targets(summaries, is_classifier):
    """A small y of the same kind: of a classifier one with every class in it.

    Returns
    -------
    ndarray of shape (n,) or (n, n_outputs)
    """
    first = summaries[0]
    if not is_classifier:
        return np.empty(0 if first.n_outputs is None else (0, first.n_outputs))
    columns = [_union(columns) for columns in zip(*_each(summaries), strict=True)]
    if first.n_outputs is None:
        return columns[0]
    return with_every_value(columns)


def _each(summaries):
    return [each.classes for each in summaries]


def _union(classes):
    """All values of one column of y."""
    are_text = {each.dtype.kind in "OSU" for each in classes}
    if len(are_text) > 1:
        raise ValueError(
            "y is text in some partitions and numbers in others. Make it of one type."
        )
    return np.unique(np.concatenate(classes))


def explicit_class_weight(class_weight, summaries):
    """``class_weight`` with numbers for "balanced", which a partition cannot know.

    n_samples / (n_classes count), counted over all partitions.
    """
    if class_weight is None or isinstance(class_weight, dict):
        return class_weight
    n_columns = len(summaries[0].classes)
    if isinstance(class_weight, str):
        class_weight = [class_weight] * n_columns
    if len(class_weight) != n_columns:
        return class_weight  # which the target says
    return [
        _balanced(summaries, j) if isinstance(each, str) else each
        for j, each in enumerate(class_weight)
    ]


def _balanced(summaries, j):
    counts = Counts()
    for each in summaries:
        counts.merge(each.classes[j], each.counts[j])
    return counts.balanced()
