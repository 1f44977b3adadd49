"""Sets of rows that several studies read, split, encode and judge in the same way."""

from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

#: For training and for the test, in studies of tables.
MOST_ROWS = 8000, 10_000
TEXTS = make_column_selector(dtype_include=["category", "object", "string"])


def sets_in(folder):
    """Name, rows, targets and whether these are classes, of the CSV files there."""
    import pandas as pd

    for path in sorted(Path(folder).glob("*.csv")):
        table = pd.read_csv(path)
        texts = table.columns[:-1][[not _is_number(table[c]) for c in table][:-1]]
        table[texts] = table[texts].astype("category")
        last = table.columns[-1]
        y = table.pop(last).to_numpy()
        yield path.stem, table, y, last == "class"


def _is_number(column):
    return column.dtype.kind in "fiub"


def mnist(file=None):
    """Images as float32 between 0 and 1, the last 10,000 for the test, and labels.

    From an .npz file with X, (70000, 28, 28) unsigned bytes, and y; else downloaded.
    """
    if file:
        with np.load(file) as data:
            X, y = data["X"], data["y"]
    else:
        X, y = datasets.fetch_openml("mnist_784", return_X_y=True, as_frame=False)
    return (X.reshape(-1, 28, 28) / 255).astype(np.float32), y


def split(X, y, is_classes, most=(None, None)):
    """Rows and targets for training and for the test, so many of each at most."""
    parts = train_test_split(
        np.arange(len(y)),
        test_size=0.3,
        random_state=0,
        stratify=y if is_classes else None,
    )
    for part, at_most in zip(parts, most, strict=True):
        some = part[:at_most]
        yield X.iloc[some].reset_index(drop=True)
        yield y[some]


def column_encoder():
    """A transformer that scales numbers, and makes texts to columns of 0 and 1."""
    return make_column_transformer(
        (OneHotEncoder(sparse_output=False, handle_unknown="ignore"), TEXTS),
        remainder=make_pipeline(SimpleImputer(), StandardScaler()),
    )


def error_of(found, y, is_classes):
    """The share of wrong rows, or the root mean squared error over y's deviation."""
    if is_classes:
        return np.mean(np.asarray(found) != y)
    return np.sqrt(np.mean((np.asarray(found) - y) ** 2)) / y.std()
