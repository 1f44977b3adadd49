"""A table of numbers, categories and dates as a matrix for a network.

What a column holds is settled in ``_columns``, what becomes of numbers in ``_numbers``
and of categories in ``_levels``. Here they are put side by side. Columns are read
one at a time in fit, and numbers by blocks of rows in transform: beside the table and
the output nothing grows with both of their sides.
"""

from numbers import Integral
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_array,
    check_is_fitted,
    validate_data,
)

from sknn_scratch._documentation import DocumentationLink
from sknn_scratch._rollback import unchanged_on_failure
from sknn_scratch._types import typed
from sknn_scratch.preprocessing._columns import (
    PARTS,
    adapted,
    columns_of,
    is_frame,
    refusal,
)
from sknn_scratch.preprocessing._levels import find_categories, learn_levels
from sknn_scratch.preprocessing._numbers import (
    BLOCK,
    Bins,
    Number,
    learn_number,
    squash,
)


class Scaled(NamedTuple):
    """A number of the output: the input column, the part of it, what fit knows."""

    source: int
    part: str
    learnt: Number


class TabularEncoder(DocumentationLink, TransformerMixin, BaseEstimator):
    """Turn a table into a matrix for a network.

    It takes a pandas or polars DataFrame, or an array, with missing values, and gives
    finite numbers of similar size:

    - *Numbers*: less the median, divided by the distance between the quartiles (half
      of the range where that is 0), softly clipped to [-3, 3] [1]_. Infinite values
      become -3 and 3. A missing value becomes 0, the median.
    - *Bins* beside each number: a piecewise-linear encoding, which lets a network fit
      steps and thresholds [2]_. A number of two values needs none.
    - *Categories* and strings: a column of 0 and 1 for each level; -1 and 1 in a single
      column for two levels, and for booleans. Rare levels share a column, and so do
      levels that first occur in transform; these are all 0 if no level was rare.
    - *Dates*: the days since 1970, year, month, day, day of the week (Monday is 0), day
      of the year and second of the day, each a number. Durations: seconds.
    - *Missing values*: a column of 0 and 1 says where they are, for each input column
      that has some in fit. In the columns of a category they are 0. One that first
      occurs in transform is no error.

    What takes a single value in fit says nothing and is left out.

    Parameters
    ----------
    categorical_features : 'from_dtype', array-like of {bool, int, str} or None, \
            default='from_dtype'
        Which columns are categories: names, indices, or a boolean mask. 'from_dtype'
        takes the strings and the columns of dtype category (polars: Categorical and
        Enum). None takes none of them.
    n_bins : int or None, default=16
        Largest number of bins for each number; 0 or None leaves them out.
    max_categories : int or None, default=64
        Largest number of columns for each category, the shared one included. None sets
        no limit.
    min_frequency : int, float or None, default=2
        Levels of fewer rows in fit are rare; a float in (0, 1) is a share of the rows.
        Where there are two levels, neither is.
    dtype : {'float32', 'float64'} or None, default=None
        Type of the output. None gives float32 if all numbers of the table are float32,
        else float64.

    Attributes
    ----------
    column_kinds_ : ndarray of str of shape (n_columns_out,)
        What each column of the output is: 'number', 'binary' (a category of two
        levels), 'missing', 'level' or 'bin'. They stand in this order.
    column_sources_ : ndarray of int of shape (n_columns_out,)
        The column of the input that each is made of.
    n_raw_columns_ : int
        How many of them are not bins. The bins come after them.
    center_ : ndarray of shape (n_numbers,)
        The medians.
    scale_ : ndarray of shape (n_numbers,)
        What the numbers are divided by.
    bin_edges_ : list of n_numbers ndarrays
        The edges of the bins, in units of the scaled number before it is clipped:
        quantiles in which a value of very many rows counts as one bin.
    categories_ : list of ndarray or None, one for each column
        The levels that have a place of their own; None for what is not a category.
    is_categorical_ : ndarray of bool of shape (`n_features_in_`,)
        Which columns of the input are categories.
    n_features_in_ : int
        Number of columns of the input.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X had names that are all strings.

    See Also
    --------
    sklearn.preprocessing.TargetEncoder : Means of the target for categories of many
        levels; beside this one in a ColumnTransformer.
    WhiteningTransformer : Numbers without correlation.

    Notes
    -----
    Quantiles are exact, from all rows. A row's output depends on no other row. Sparse
    matrices are refused: a median of 0 and bins would fill them.

    A network counts its inputs for the size of its first weights. Bins of one number
    go up together: count `n_raw_columns_` rather than all.

    References
    ----------
    .. [1] Holzmüller, Grinsztajn and Steinwart (2024). Better by default: strong
       pre-tuned MLPs and boosted trees on tabular data. NeurIPS. arXiv:2407.04491.
    .. [2] Gorishniy, Rubachev and Babenko (2022). On embeddings for numerical features
       in tabular deep learning. NeurIPS. arXiv:2203.05556.

    Examples
    --------
    A table of numbers and strings, with gaps, before a network:

    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sknn_scratch import ScratchMLPRegressor
    >>> from sknn_scratch.preprocessing import TabularEncoder
    >>> rng = np.random.default_rng(0)
    >>> age, town = rng.uniform(20, 80, 400), rng.choice(["Oslo", "Rome", "Bonn"], 400)
    >>> y = np.where(age > 50, 3.0, 1.0) + (town == "Rome")
    >>> X = np.array([age, town], dtype=object).T
    >>> X[::10, 0] = X[5::10, 1] = None
    >>> encoder = TabularEncoder(n_bins=2)
    >>> encoder.fit_transform(X).shape
    (400, 8)
    >>> encoder.get_feature_names_out(["age", "town"]).tolist()
    ['age', 'age_missing', 'town_missing', 'town_Bonn', 'town_Oslo', 'town_Rome',
    'age_bin0', 'age_bin1']
    >>> network = ScratchMLPRegressor(
    ...     hidden_layer_sizes=(8,), solver="lbfgs", alpha=1, max_iter=2000)
    >>> model = make_pipeline(TabularEncoder(), network).fit(X[:300], y[:300])
    >>> bool(model.score(X[300:], y[300:]) > 0.8)
    True
    """

    _parameter_constraints: dict = {
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "n_bins": [Interval(Integral, 0, None, closed="left"), None],
        "max_categories": [Interval(Integral, 1, None, closed="left"), None],
        "min_frequency": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
        "dtype": [StrOptions({"float32", "float64"}), None],
    }

    def __init__(
        self,
        categorical_features: str | ArrayLike | None = "from_dtype",
        *,
        n_bins: int | None = 16,
        max_categories: int | None = 64,
        min_frequency: float | None = 2,
        dtype: str | None = None,
    ) -> None:
        self.categorical_features = categorical_features
        self.n_bins = n_bins
        self.max_categories = max_categories
        self.min_frequency = min_frequency
        self.dtype = dtype

    @typed(_fit_context(prefer_skip_nested_validation=True))
    @unchanged_on_failure
    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn what the columns hold, and their medians, quantiles and levels.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        TypeError
            If a column holds other things than strings, numbers, dates or durations;
            for a sparse matrix.
        ValueError
            If strings are in a column that `categorical_features` leaves out, if that
            names no column, or if no column takes two values. The transformer is
            then as it was.
        """
        columns = self._columns(X, reset=True)
        is_categorical = find_categories(self.categorical_features, columns, X)
        numbers, levels, gaps = [], {}, []
        for source, column in enumerate(columns):
            if is_categorical[source] or column.kind == "boolean":
                learnt = learn_levels(column, self.max_categories, self.min_frequency)
                levels[source] = learnt
                has_gaps = learnt.has_missing
            else:
                scaled = list(self._scaled(source, column))
                numbers += [number for number in scaled if number.learnt.varies]
                has_gaps = any(number.learnt.has_missing for number in scaled)
            if has_gaps:
                gaps.append(source)
        self._numbers, self._levels, self._gaps = numbers, levels, gaps
        self._kinds = [
            "category" if source in levels else column.kind
            for source, column in enumerate(columns)
        ]
        self._bins = Bins.of([number.learnt for number in numbers])
        self.is_categorical_ = is_categorical
        self._describe()
        if not len(self.column_kinds_):
            raise ValueError(
                "No column of X takes two values in the rows of fit "
                f"(n_samples={len(columns[0].values)}): there is nothing to encode. "
                "Give more rows, or other columns."
            )
        return self

    def _scaled(self, source, column):
        """The numbers that a column gives, and what is to be known of them."""
        if column.kind == "nothing":
            return
        if column.kind not in PARTS:
            raise refusal(column)
        values = column.read()
        for part, formula in PARTS[column.kind].items():
            yield Scaled(
                source,
                part,
                learn_number(np.array(formula(values), float), self.n_bins),
            )

    def _blocks(self):
        """The output from left to right: kind, source, and suffixes of the names."""
        for number in self._numbers:
            yield "number", number.source, [number.part]
        for source, levels in self._levels.items():
            if levels.width == 1:
                yield "binary", source, [f"_{name}" for name in levels.names]
        for source in self._gaps:
            yield "missing", source, ["_missing"]
        for source, levels in self._levels.items():
            if levels.width > 1:
                yield "level", source, [f"_{name}" for name in levels.names]
        for number in self._numbers:
            n_bins = len(number.learnt.means)
            yield "bin", number.source, [f"{number.part}_bin{i}" for i in range(n_bins)]

    def _describe(self):
        """The layout and the public attributes."""
        numbers = self._numbers
        self._layout = list(self._blocks())
        sizes = [len(suffixes) for _, _, suffixes in self._layout]
        kinds = np.array([kind for kind, _, _ in self._layout], "U7")
        sources = np.array([source for _, source, _ in self._layout], int)
        self.column_kinds_ = np.repeat(kinds, sizes)
        self.column_sources_ = np.repeat(sources, sizes)
        self.n_raw_columns_ = int((self.column_kinds_ != "bin").sum())
        self.center_ = np.array([n.learnt.center for n in numbers])
        self.scale_ = np.array([n.learnt.scale for n in numbers])
        self.bin_edges_ = [n.learnt.edges for n in numbers]
        self.categories_ = [
            np.array(self._levels[source].known, dtype=object)
            if source in self._levels
            else None
            for source in range(self.n_features_in_)
        ]

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Encode rows.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            A table with the columns of fit.

        Returns
        -------
        ndarray of shape (n_samples, n_columns_out)
            The matrix; all of it is finite.

        Raises
        ------
        TypeError
            If a column that held numbers, dates or durations in fit holds others now.
        ValueError
            If the columns are not those of fit.
        """
        check_is_fitted(self)
        return self._encode(X)

    def _encode(self, X, with_bins=True):
        """The matrix; without the bins, `_bins` makes them for some rows at a time."""
        columns = [
            adapted(column, kind)
            for column, kind in zip(
                self._columns(X, reset=False), self._kinds, strict=True
            )
        ]
        n_raw = self.n_raw_columns_
        n_columns = len(self.column_kinds_) if with_bins else n_raw
        dtype = self.dtype or common_dtype(columns, self._kinds)
        out = np.empty((len(columns[0].values), n_columns), dtype)
        self._encode_raw(columns, out[:, :n_raw])
        self._bins.encode(out, out[:, n_raw:])
        return out

    def _encode_raw(self, columns, out):
        """Everything but the bins."""
        self._encode_numbers(columns, out[:, : len(self._numbers)])
        start = len(self._numbers)
        for kind, source, suffixes in self._layout[start:]:
            if kind == "bin":
                break
            block = out[:, start : start + len(suffixes)]
            start += len(suffixes)
            if source not in self._levels:
                block[:, 0] = np.isnan(columns[source].read())
                continue
            levels = self._levels[source]
            places = levels.places(columns[source])
            if kind == "missing":
                block[:, 0] = places == -1
            else:
                levels.encode(places, block)

    def _encode_numbers(self, columns, out):
        """Scaled numbers, some rows at a time."""
        if not self._numbers:
            return
        n_rows = max(1, BLOCK // out.shape[1])
        x = np.empty((min(n_rows, len(out)), out.shape[1]))
        scratch = np.empty_like(x)
        for start in range(0, len(out), n_rows):
            rows = slice(start, start + n_rows)
            piece = x[: len(out[rows])]
            read: dict = {}
            for place, (source, part, _) in enumerate(self._numbers):
                column = columns[source]
                if source not in read:
                    read = {source: column.read(rows)}
                formula = PARTS[self._kinds[source]][part]
                piece[:, place] = formula(read[source])
            missing = np.isnan(piece)
            squash(piece, self.center_, self.scale_, scratch[: len(piece)])
            np.copyto(piece, 0, where=missing)
            out[rows] = piece

    def _columns(self, X, reset):
        """The columns of a table that scikit-learn finds in order."""
        if is_frame(X):
            check_size(X, type(self).__name__)
            validate_data(self, X, skip_check_array=True, reset=reset)
            return columns_of(X)
        if hasattr(X, "collect_schema"):
            raise TypeError("X is a LazyFrame: give X.collect() instead.")
        rules = {"dtype": None, "ensure_all_finite": False, "estimator": self}
        given = X
        X = validate_data(self, X, reset=reset, **rules)
        if X.dtype.kind == "U" and not hasattr(given, "dtype"):
            X = check_array(given, **rules | {"dtype": object})  # lists: 1 is not '1'
        return columns_of(X)

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> np.ndarray:
        """Names of the columns of the matrix.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of the table; None takes those of fit, or x0, x1, ...

        Returns
        -------
        ndarray of str
            ``age``, ``age_missing``, ``age_bin0``, ``town_Oslo``, ``town_infrequent``,
            ``day_weekday`` and their kin; where two are the same, a later one ends
            with underscores.
        """
        check_is_fitted(self)
        names_in = _check_feature_names_in(self, input_features)
        names: dict[str, None] = {}
        for _, source, suffixes in self._layout:
            for suffix in suffixes:
                name = f"{names_in[source]}{suffix}"
                while name in names:
                    name += "_"
                names[name] = None
        return np.array(list(names), dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def common_dtype(columns, kinds):
    """float32 where all columns that were numbers in fit are."""
    numbers = [
        column.is_single
        for column, kind in zip(columns, kinds, strict=True)
        if kind == "number"
    ]
    return np.float32 if numbers and all(numbers) else np.float64


def check_size(X, name):
    """Refuse a frame without rows or columns, as check_array does arrays."""
    for what, size in zip(("sample", "feature"), X.shape, strict=True):
        if not size:
            raise ValueError(
                f"Found array with 0 {what}(s) (shape={X.shape}) while a minimum of 1 "
                f"is required by {name}."
            )
