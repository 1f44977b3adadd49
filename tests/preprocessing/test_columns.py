"""Columns of every type, of pandas, polars and arrays: what they hold and give."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest

from sknn_scratch.preprocessing._columns import (
    CALENDAR,
    PARTS,
    adapted,
    array_column,
    columns_of,
    is_frame,
    refusal,
)

NAT = np.datetime64("NaT")
DAYS = np.array(["1969-12-31", "2024-02-29", "NaT", "1900-03-01"], "M8[D]")
TIMES = np.array(["2024-12-31T23:59:58.5", "NaT", "1969-12-31T00:00:01"], "M8[ms]")


def one(values):
    """The only column of an array."""
    return columns_of(np.array(values, dtype=object)[:, None])[0]


def numbers(column):
    """All that a column gives, one row for each part."""
    values = column.read()
    return np.array([part(values) for part in PARTS[column.kind].values()], float)


OBJECTS = [
    ([1, 2.5, None], "number"),
    ([1, True], "number"),
    ([np.float32(1), np.nan, Decimal("2.5")], "number"),
    ([True, None, np.nan], "boolean"),
    ([np.True_, False], "boolean"),
    (["a", None, float("nan")], "string"),
    ([np.str_("a"), "b"], "string"),
    ([None, np.nan, NAT], "nothing"),
    (["a", 1], "mixed"),
    (["a", 1.5, None], "mixed"),
    ([{}, 1], "other"),
    ([[1], [2, 3]], "other"),
    ([1j, 2], "other"),
    ([b"a"], "other"),
    ([dt.date(2020, 1, 1)], "other"),
]


@pytest.mark.parametrize(("values", "kind"), OBJECTS)
def test_what_objects_hold(values, kind):
    objects = np.empty(len(values), object)
    objects[:] = values
    assert array_column("Column 0", objects).kind == kind


ARRAYS = [
    (np.array([1, 2], np.uint8), "number"),
    (np.array([1, 2], np.float16), "number"),
    (np.array([True]), "boolean"),
    (np.array(["a"]), "string"),
    (np.array([b"a"]), "other"),
    (np.array([1j]), "other"),
    (DAYS, "date"),
    (np.array([1], "m8[s]"), "duration"),
]


@pytest.mark.parametrize(("values", "kind"), ARRAYS)
def test_what_arrays_hold(values, kind):
    assert array_column("Column 0", values).kind == kind


def test_numbers_of_objects():
    column = one([1, None, np.float32(2), Decimal("2.5"), np.nan, False])
    np.testing.assert_array_equal(column.read(), [1, np.nan, 2, 2.5, np.nan, 0])
    np.testing.assert_array_equal(column.read(slice(2, 4)), [2, 2.5])


@pytest.mark.parametrize("times", [DAYS, TIMES, TIMES.astype("M8[ns]")])
def test_the_calendar_is_pythons(times):
    found = dict(zip(CALENDAR, numbers(array_column("", times)), strict=True))
    for row, time in enumerate(times.astype("M8[us]").tolist()):
        if time is None:
            assert all(np.isnan(part[row]) for part in found.values())
            continue
        midnight = dt.datetime(time.year, time.month, time.day)
        wanted = {
            "_elapsed": (time - dt.datetime(1970, 1, 1)) / dt.timedelta(days=1),
            "_year": time.year,
            "_month": time.month,
            "_day": time.day,
            "_weekday": time.weekday(),
            "_dayofyear": time.timetuple().tm_yday,
            "_second": (time - midnight).total_seconds(),
        }
        assert {part: found[part][row] for part in found} == pytest.approx(wanted)


def test_durations_are_seconds():
    column = array_column("", np.array([1500, "NaT", -60_000], "m8[ms]"))
    np.testing.assert_array_equal(numbers(column), [[1.5, np.nan, -60]])


@pytest.mark.parametrize(
    ("values", "codes", "levels"),
    [
        (np.array([3, 1, 3]), [1, 0, 1], [1, 3]),
        (np.array([3.0, np.nan, 1, np.nan]), [1, -1, 0, -1], [1, 3]),
        (np.array([np.nan]), [-1], []),
        (np.array([True, False]), [1, 0], [False, True]),
        (np.array(["b", "a", "b"]), [0, 1, 0], ["b", "a"]),
        (np.array([True, None], object), [1, -1], [False, True]),
        (np.array([(1, 2), None], object), [0, -1], ["(1, 2)", None]),
        (np.array(["2020-01-01", "NaT"], "M8[ns]"), [0, -1], ["2020-01-01 00:00:00"]),
    ],
)
def test_codes(values, codes, levels):
    if values.ndim == 2:
        values = np.array([(1, 2), None, None], object)[:2]
    found, found_levels = array_column("", values).coded()
    assert found.tolist() == codes
    assert found_levels[: len(levels)] == levels


def test_many_kinds_of_missing_are_one():
    codes, _ = one(["a", None, float("nan"), float("nan"), "b", None]).coded()
    assert codes.tolist()[1:4] == [-1, -1, -1]
    assert codes.tolist()[5] == -1
    assert codes[0] != codes[4]


def test_lists_are_no_levels():
    objects = np.empty(2, object)
    objects[:] = [[1], [2]]
    with pytest.raises(
        TypeError, match="Column 3 holds values of type list, which can"
    ):
        array_column("Column 3", objects).coded()


REFUSED = [
    (["a"], ValueError, "Column 0 holds strings, but categorical_features does not"),
    (["a", 1], TypeError, "Column 0 holds strings and numbers: .* Convert the column"),
    ([{}, 1], TypeError, "type dict, but the argument must be a string, a number, a"),
    ([1j], TypeError, "type complex, .* the imaginary part as two columns"),
    ([b"a"], TypeError, "type bytes, .* Decode it to strings"),
    ([dt.date(2020, 1, 1)], TypeError, "type date, .* to datetime64"),
    ([dt.datetime(2020, 1, 1)], TypeError, "type datetime, .* to datetime64"),
    ([dt.timedelta(1)], TypeError, "type timedelta, .* to timedelta64"),
    ([dt.time(1)], TypeError, "type time, .* number of seconds"),
    ([object()], TypeError, "type object, .* Drop the column, or make columns"),
]


@pytest.mark.parametrize(("values", "error", "message"), REFUSED)
def test_refusals(values, error, message):
    with pytest.raises(error, match=message):
        raise refusal(one(values))


@pytest.mark.parametrize(
    ("dtype", "name"), [("S1", "bytes"), (complex, "complex"), ("V1", r"\|V1")]
)
def test_refused_dtypes(dtype, name):
    with pytest.raises(TypeError, match=f"holds values of type {name}, but"):
        raise refusal(array_column("Column 0", np.zeros(2, dtype)))


@pytest.mark.parametrize("kind", ["number", "date", "duration"])
def test_a_column_that_is_another_in_transform(kind):
    with pytest.raises(
        TypeError, match=f"Column 0 held {kind}s in fit, .* strings now"
    ):
        adapted(one(["a"]), kind)
    assert np.isnan(adapted(one([None]), kind).read()).all()
    assert adapted(one(["a"]), "category").kind == "string"


DATE32 = "date32[day][pyarrow]"


def pandas_series():
    pd = pytest.importorskip("pandas")
    arrow = []
    try:
        import pyarrow as pa
    except ImportError:
        pass
    else:
        arrow = [
            ("number", pa.int32(), [1, 0, None]),
            ("number", pa.decimal128(5, 2), [Decimal(1), Decimal(0), None]),
            ("boolean", pa.bool_(), [True, False, None]),
            ("string", pa.string(), ["b", "a", None]),
            ("string", pa.dictionary(pa.int32(), pa.string()), ["b", "a", None]),
            ("date", pa.timestamp("us"), [dt.datetime(2024, 7, 1, 0, 30), None]),
            ("date", pa.date32(), [dt.date(2024, 7, 1), None]),
            ("duration", pa.duration("us"), [dt.timedelta(1), None]),
        ]
        arrow = [(k, pd.Series(v, dtype=pd.ArrowDtype(t))) for k, t, v in arrow]
    times = pd.Series(pd.to_datetime(["2024-07-01T00:30", None]))
    return [
        ("number", pd.Series([1, 0, None])),
        ("number", pd.Series([1, 0, None], dtype="Int8")),
        ("number", pd.Series([1, 0, None], dtype="Float32")),
        ("number", pd.Series([1, 0, np.nan]).astype(pd.SparseDtype(float))),
        ("number", pd.Series([1, 0, None], dtype=object)),
        ("number", pd.Series([1, 0, pd.NA], dtype=object)),
        ("boolean", pd.Series([True, False, None], dtype=object)),
        ("boolean", pd.Series([True, False, None], dtype="boolean")),
        ("string", pd.Series(["b", "a", None])),
        ("string", pd.Series(["b", "a", None], dtype="string")),
        ("string", pd.Series(["b", "a", pd.NA], dtype=object)),
        ("category", pd.Series(["b", "a", None], dtype="category")),
        ("date", times),
        ("date", times.dt.tz_localize("Europe/Berlin")),
        ("duration", pd.Series(pd.to_timedelta([1, None], unit="D"))),
        *arrow,
    ]


def polars_series():
    pl = pytest.importorskip("polars")
    times = pl.Series([dt.datetime(2024, 7, 1, 0, 30), None])
    return [
        ("number", pl.Series([1, 0, None])),
        ("number", pl.Series([1, 0, None], dtype=pl.Float32)),
        ("number", pl.Series([1, 0, None], dtype=pl.Decimal(10, 2))),
        ("number", pl.Series([1, 0, None], dtype=pl.Object)),
        ("boolean", pl.Series([True, False, None])),
        ("string", pl.Series(["b", "a", None])),
        ("string", pl.Series(["b", "a", None], dtype=pl.Categorical)),
        ("string", pl.Series(["b", "a", None], dtype=pl.Enum(["a", "b"]))),
        ("date", times),
        ("date", times.dt.replace_time_zone("Europe/Berlin")),
        ("date", times.dt.date()),
        ("duration", pl.Series([dt.timedelta(1), None])),
        ("nothing", pl.Series([None, None])),
    ]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_every_type_of_a_frame(library):
    frame = pytest.importorskip(library).DataFrame
    series = pandas_series() if library == "pandas" else polars_series()
    for kind, values in series:
        X = frame({"a": values})
        assert is_frame(X)
        (column,) = columns_of(X)
        assert (column.kind, column.label) == (kind, "Column 'a'"), values
        if kind in ("number", "boolean"):
            np.testing.assert_array_equal(column.read(), [1, 0, np.nan])
            np.testing.assert_array_equal(column.read(slice(1, 3)), [0, np.nan])
        elif kind in ("string", "category"):
            codes, levels = column.coded()
            assert [levels[code] for code in codes[:2]] == ["b", "a"]
            assert codes[2] == -1
        elif kind == "date":
            found = numbers(column)
            assert np.isnan(found[:, 1]).all()
            second = 0 if str(values.dtype) in ("Date", DATE32) else 1800
            assert found[1:, 0].tolist() == [2024, 7, 1, 0, 183, second]
        elif kind == "duration":
            np.testing.assert_array_equal(numbers(column), [[86400, np.nan]])


def test_types_of_pandas_that_are_refused():
    pd = pytest.importorskip("pandas")
    months = pd.Series(pd.period_range("2020", periods=2, freq="M"))
    bins = pd.Series(pd.interval_range(0, 2))
    for values, message in [
        (months, r"holds values of type Period, .* \.dt\.to_timestamp\(\)"),
        (bins, "holds values of type Interval, .* Name it in categorical_features"),
    ]:
        (column,) = columns_of(pd.DataFrame({"a": values}))
        with pytest.raises(TypeError, match=message):
            raise refusal(column)
        assert column.coded()[1] == [str(value) for value in values]


def test_types_of_polars_that_are_refused():
    pl = pytest.importorskip("polars")
    for values, message in [
        ([dt.time(1)], "holds values of type Time, .* number of seconds"),
        ([b"a"], "holds values of type Binary, .* Decode it to strings"),
        ([[1]], r"holds values of type List\(Int64\), .* Drop the column"),
    ]:
        (column,) = columns_of(pl.DataFrame({"a": values}))
        with pytest.raises(TypeError, match=message):
            raise refusal(column)


def test_numbers_of_polars_without_gaps_are_not_copied():
    pl = pytest.importorskip("polars")
    series = pl.Series("a", np.arange(5.0))
    (column,) = columns_of(pl.DataFrame([series]))
    assert np.shares_memory(column.values, series.to_numpy())
