"""Levels of a category: which of them get a column, and where each row's level goes."""

from typing import Any, NamedTuple

import numpy as np


class Levels(NamedTuple):
    """What fit knows of a column of categories.

    ``known`` are the levels that have a place of their own, in its order; with
    ``is_pooled`` all others share the place after the last.
    """

    known: list[Any]
    is_pooled: bool
    has_missing: bool

    @property
    def n_places(self):
        return len(self.known) + self.is_pooled

    @property
    def width(self):
        """Columns: none for one place, one (-1 or 1) for two."""
        return {0: 0, 1: 0, 2: 1}.get(self.n_places, self.n_places)

    @property
    def names(self):
        """What each column is for."""
        names = [*map(str, self.known), *["infrequent"] * self.is_pooled]
        return names if self.width > 1 else names[1:2]

    def places(self, column):
        """The place of each row: -1 for a missing value, -2 for an unknown level."""
        codes, levels = column.coded()
        unknown = len(self.known) if self.is_pooled else -2
        table = {level: place for place, level in enumerate(self.known)}
        lookup = [table.get(level, unknown) for level in levels]
        return np.array([*lookup, -1])[codes]

    def encode(self, places, out):
        """Write the columns, 0 for what has no place."""
        if self.width == 1:
            out[:, 0] = np.where(places < 0, 0, 2 * places - 1)
        elif self.width:
            out[...] = 0
            rows = np.flatnonzero(places >= 0)
            out[rows, places[rows]] = 1


def learn_levels(column, max_categories, min_frequency):
    """The levels of a column, strings after numbers, each in its order.

    Which levels are rare is settled as in scikit-learn's OneHotEncoder, but from counts
    that stand already: it would go through the rows in Python once more.
    """
    codes, levels = column.coded()
    counts = np.bincount(codes + 1, minlength=len(levels) + 1)
    n_missing, counts = counts[0], counts[1:]
    by_level: dict = {}
    for level, count in zip(levels, counts, strict=True):
        if count:
            by_level[level] = by_level.get(level, 0) + count
    levels = sorted(by_level, key=lambda level: (isinstance(level, str), level))
    counts = np.array([by_level[level] for level in levels], int)
    is_rare = rare(counts, len(codes), max_categories, min_frequency)
    kept = [level for level, alone in zip(levels, ~is_rare, strict=True) if alone]
    return Levels(kept, bool(is_rare.any()), bool(0 < n_missing < len(codes)))


def rare(counts, n_rows, max_categories, min_frequency):
    """Which levels share a column; two have a single one anyway."""
    if len(counts) <= 2:
        return np.zeros(len(counts), bool)
    least = min_frequency if min_frequency is not None else 0
    if isinstance(least, float):
        least *= n_rows
    is_rare = counts < least
    n_columns = len(counts) - is_rare.sum() + is_rare.any()
    if max_categories is not None and max_categories < n_columns:
        is_rare[
            np.argsort(counts, kind="stable")[: len(counts) - max_categories + 1]
        ] = True
    return is_rare


def find_categories(wanted, columns, X):
    """Mask of the columns that are categories; errors as of gradient boosting's."""
    is_category = np.zeros(len(columns), bool)
    if wanted is None:
        return is_category
    if isinstance(wanted, str):
        return np.array([column.kind in ("string", "category") for column in columns])
    wanted = np.asarray(wanted)
    types = {type(item) for item in wanted.tolist()}
    if wanted.size and not (wanted.dtype.kind in "ibU" or types == {str}):
        got = wanted.dtype.name
        if wanted.dtype.kind == "O":
            got = ", ".join(sorted(t.__name__ for t in types))
        raise ValueError(
            "categorical_features must be an array-like of bool, int or str, got: "
            f"{got}."
        )
    if types == {str}:
        names = list(getattr(X, "columns", []))
        if not names:
            raise ValueError(
                "categorical_features should be passed as an array of integers or as a "
                "boolean mask when the model is fitted on data without feature names."
            )
        for name in wanted:
            if name not in names:
                raise ValueError(
                    f"categorical_features has an item value '{name}' which is not a "
                    "valid feature name of the training data. Observed feature names: "
                    f"{names}"
                )
        return np.isin(names, wanted)
    if types == {bool}:
        if wanted.shape != is_category.shape:
            raise ValueError(
                "categorical_features set as a boolean mask must have shape "
                f"(n_features,), got: {wanted.shape}"
            )
        return wanted
    if wanted.size:
        if wanted.max() >= len(columns) or wanted.min() < 0:
            raise ValueError(
                "categorical_features set as integer indices must be in "
                "[0, n_features - 1]"
            )
        is_category[wanted] = True
    return is_category
