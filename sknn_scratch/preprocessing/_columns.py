"""The columns of a table, whatever holds it: pandas, polars or an array.

A column is looked at once, for what it holds, and read when it is needed, whole or some
rows of it, as numbers, as dates or as codes of levels. Neither pandas nor polars is
imported: a table that comes from them brings its own methods.
"""

from decimal import Decimal
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

ALL = slice(None)
#: What an array holds, by the letter of its dtype.
KINDS = dict.fromkeys("iuf", "number") | {
    "b": "boolean",
    "M": "date",
    "m": "duration",
    "U": "string",
    "T": "string",
}
#: Likewise for the dtypes of polars that are not numeric.
POLARS_KINDS = {
    "Boolean": "boolean",
    "String": "string",
    "Categorical": "string",
    "Enum": "string",
    "Date": "date",
    "Datetime": "date",
    "Duration": "duration",
    "Null": "nothing",
}
#: The ways out, by the type that was met.
WAYS_OUT = {
    "date": "Convert the column to datetime64.",
    "datetime": "Convert the column to datetime64.",
    "datetime64": "Convert the column to datetime64.",
    "Timestamp": "Convert the column to datetime64.",
    "timedelta": "Convert the column to timedelta64.",
    "Timedelta": "Convert the column to timedelta64.",
    "time": "Convert it to a number of seconds.",
    "Time": "Convert it to a number of seconds.",
    "Period": "Convert it with .dt.to_timestamp().",
    "Interval": "Name it in categorical_features to use its values as levels.",
    "bytes": "Decode it to strings.",
    "Binary": "Decode it to strings.",
    "complex": "Give the real and the imaginary part as two columns.",
}
#: NaN and NaT stand for a missing value of any kind.
UNSURE = (float, np.floating, np.datetime64, np.timedelta64)
#: What a column may hold in transform, by what it held in fit; a category anything.
ALSO = {
    "number": {"number", "boolean", "nothing"},
    "date": {"date", "nothing"},
    "duration": {"duration", "nothing"},
}
NO_TIME = {"date": np.datetime64("NaT", "s"), "duration": np.timedelta64("NaT", "s")}


def day(dates):
    return dates.astype("M8[D]")


def month(dates):
    return dates.astype("M8[M]")


def year(dates):
    return dates.astype("M8[Y]")


#: Numbers from dates: a suffix for the name, and the formula. 1970-01-01 is day 0 and a
#: Thursday; Monday is 0.
CALENDAR = {
    "_elapsed": lambda t: (t - np.datetime64(0, "D")) / np.timedelta64(1, "D"),
    "_year": lambda t: steps(year(t)) + 1970,
    "_month": lambda t: steps(month(t)) % 12 + 1,
    "_day": lambda t: steps(day(t) - month(t)) + 1,
    "_weekday": lambda t: (steps(day(t)) + 3) % 7,
    "_dayofyear": lambda t: steps(day(t) - year(t)) + 1,
    "_second": lambda t: (t - day(t)) / np.timedelta64(1, "s"),
}
#: The numbers that a column gives, by what it holds.
PARTS = {
    "number": {"": lambda values: values},
    "duration": {"": lambda values: values / np.timedelta64(1, "s")},
    "date": CALENDAR,
}


def steps(times):
    """Dates or durations as counts of their own unit; NaT as NaN."""
    return np.where(np.isnat(times), np.nan, times.astype(np.int64))


class Column(NamedTuple):
    """A column of a table.

    ``values`` is an array, a pandas or a polars Series. ``kind`` is one of 'number',
    'boolean', 'string', 'category', 'date', 'duration', 'nothing' (all missing),
    'mixed' (strings and numbers) and 'other'; ``found`` says the same for a message.
    """

    label: str
    values: Any
    kind: str
    found: str
    is_single: bool = False

    def read(self, rows=ALL):
        """Some rows as an array: datetime64, timedelta64 or numbers, missing as NaN."""
        values = getattr(self.values, "iloc", self.values)[rows]
        if self.kind in ("date", "duration"):
            return as_times(values)
        if self.kind == "nothing":
            return np.full(len(values), np.nan)
        return as_numbers(values)

    def coded(self):
        """Codes, -1 for missing, and the level that each code stands for."""
        if self.kind == "category":
            categories = self.values.cat.categories.tolist()
            codes = self.values.cat.codes.to_numpy().astype(np.intp)
            return codes, [plain(level) for level in categories]
        if self.kind == "boolean":
            values = self.read()
            return np.where(np.isnan(values), -1, values).astype(np.intp), [False, True]
        if isinstance(self.values, np.ndarray) and self.values.dtype.kind in "iuf":
            levels, codes = np.unique(self.values, return_inverse=True)
            if np.isnan(levels[-1:]).any():  # NaN comes last, once
                levels = levels[:-1]
                codes[codes == len(levels)] = -1
            return codes, levels.tolist()
        return self._counted_up()

    def _counted_up(self):
        values = as_objects(self.values)
        table: dict = {}
        try:
            codes = np.fromiter(
                (table.setdefault(value, len(table)) for value in values),
                np.intp,
                len(values),
            )
        except TypeError:
            raise TypeError(
                f"{self.label} holds {self.found}, which cannot be levels of a "
                "category. Drop the column, or make columns of strings or numbers "
                "from it."
            ) from None
        missing = [code for level, code in table.items() if is_missing(level)]
        if missing:
            codes[np.isin(codes, missing)] = -1
        return codes, [None if is_missing(level) else plain(level) for level in table]


def is_missing(value):
    return value is None or type(value).__name__ == "NAType" or value != value


def plain(level):
    """A level as Python has it: other things than strings and numbers by their str."""
    if isinstance(level, np.generic):
        level = level.item()
    return level if isinstance(level, (str, Real, Decimal)) else str(level)


def as_objects(values):
    """A Series or an array as a sequence of Python's objects."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind in "Mm":  # as datetime and timedelta, not as counts
            values = values.astype(f"{values.dtype.kind}8[us]")
        return values.astype(object, copy=False)
    if hasattr(values, "iloc"):
        return values.to_numpy(dtype=object)
    return values.to_list()


def as_numbers(values):
    if isinstance(values, np.ndarray):
        if values.dtype.kind != "O":
            return values
    elif not hasattr(values, "iloc"):
        if type(values.dtype).__name__ != "Object":
            return values.cast(float).to_numpy()
    elif values.dtype.kind in "biuf":
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    objects = as_objects(values)
    numbers = (np.nan if is_missing(value) else value for value in objects)
    return np.fromiter(numbers, np.float64, len(objects))


def as_times(values):
    """The clock on the wall, where there are time zones."""
    if isinstance(values, np.ndarray):
        return values
    if hasattr(values, "iloc"):
        if values.dtype.kind == "m":
            return values.astype("timedelta64[us]").to_numpy()
        if "tz=" in values.dtype.name or hasattr(values.dtype, "tz"):
            values = values.dt.tz_localize(None)
        return values.astype("datetime64[us]").to_numpy()
    if getattr(values.dtype, "time_zone", None) is not None:
        values = values.dt.replace_time_zone(None)
    return values.to_numpy()


def is_frame(X):
    """Whether X is a table of pandas or polars rather than an array."""
    return (hasattr(X, "iloc") and X.ndim == 2) or is_polars(X)


def is_polars(X):
    return type(X).__module__.startswith("polars.") and hasattr(X, "get_columns")


def columns_of(X):
    """The columns of a table or an array."""
    if is_polars(X):
        return [polars_column(series) for series in X.get_columns()]
    if hasattr(X, "iloc"):
        return [
            pandas_column(f"Column {name!r}", X.iloc[:, j])
            for j, name in enumerate(X.columns)
        ]
    return [array_column(f"Column {j}", X[:, j]) for j in range(X.shape[1])]


def array_column(label, values):
    if values.dtype.kind == "O":
        return Column(label, values, *kind_of_objects(values))
    letter = values.dtype.kind
    if letter not in KINDS:
        name = {"S": "bytes", "c": "complex"}.get(letter, values.dtype)
        return Column(label, values, "other", f"values of type {name}")
    kind = KINDS[letter]
    return Column(label, values, kind, f"{kind}s", values.dtype == np.float32)


def pandas_column(label, series):
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return array_column(label, series.to_numpy())
    if dtype.name == "category":
        return Column(label, series, "category", "categories")
    kind = KINDS.get(dtype.kind)
    if kind is None:
        return Column(label, series, *kind_of_objects(as_objects(series)))
    is_single = getattr(dtype, "numpy_dtype", None) == np.float32
    return Column(label, series, kind, f"{kind}s", is_single)


def polars_column(series):
    label, dtype = f"Column {series.name!r}", series.dtype
    name = type(dtype).__name__ if not isinstance(dtype, type) else dtype.__name__
    if name == "Object":
        return Column(label, series, *kind_of_objects(series.to_list()))
    if dtype.is_numeric():
        is_whole = not series.null_count() and series.n_chunks() == 1
        values = series.to_numpy() if is_whole and name != "Decimal" else series
        return Column(label, values, "number", "numbers", name == "Float32")
    kind = POLARS_KINDS.get(name, "other")
    found = f"{kind}s" if kind != "other" else f"values of type {dtype}"
    return Column(label, series, kind, found)


def kind_of_objects(values):
    """What a column of Python's objects holds: the kind, and a message's words."""
    types = set(map(type, values))
    types = {t for t in types if t.__name__ not in ("NoneType", "NAType", "NaTType")}
    unsure = tuple(t for t in types if issubclass(t, UNSURE))
    if unsure and not any(isinstance(v, unsure) and v == v for v in values):
        types -= set(unsure)
    if not types:
        return "nothing", "missing values only"
    if all(issubclass(t, (bool, np.bool_)) for t in types):
        return "boolean", "booleans"
    texts = {t for t in types if issubclass(t, str)}
    numbers = {t for t in types if issubclass(t, (Real, Decimal, np.bool_))}
    if types == texts:
        return "string", "strings"
    if types == numbers:
        return "number", "numbers"
    if types == texts | numbers:
        return "mixed", "strings and numbers"
    strange = min(t.__name__ for t in types - texts - numbers)
    return "other", f"values of type {strange}"


def refusal(column):
    """The error for a column that is neither numbers nor declared as a category."""
    if column.kind in ("string", "category"):
        return ValueError(
            f"{column.label} holds {column.found}, but categorical_features does not "
            "name it. Name it there, use categorical_features='from_dtype', or convert "
            "it to numbers."
        )
    if column.kind == "mixed":
        return TypeError(
            f"{column.label} holds strings and numbers: the argument must be a string "
            "in all of its rows, or a number in all. Convert the column, or name it in "
            "categorical_features."
        )
    way_out = WAYS_OUT.get(
        column.found.split()[-1],
        "Drop the column, or make columns of strings or numbers from it.",
    )
    return TypeError(
        f"{column.label} holds {column.found}, but the argument must be a string, a "
        f"number, a date or a duration in each of its rows. {way_out}"
    )


def adapted(column, kind):
    """A column of transform as what it was in fit."""
    if kind not in ALSO or column.kind == kind:
        return column
    if column.kind not in ALSO[kind]:
        raise TypeError(
            f"{column.label} held {kind}s in fit, but holds {column.found} now. "
            f"Convert it to {kind}s."
        )
    if kind in NO_TIME:
        return column._replace(
            values=np.full(len(column.values), NO_TIME[kind]), kind=kind
        )
    return column
