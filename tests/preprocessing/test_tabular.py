"""Tables as matrices: every kind of column, container and chunk, and every message."""

import pickle
import re
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, RobustScaler

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch.preprocessing import TabularEncoder

rng = np.random.default_rng(0)
N = 300
GAPS = rng.random(N) < 0.1
NUMBERS = np.where(GAPS, np.nan, rng.lognormal(size=N).round(3))
TOWNS = np.where(rng.random(N) < 0.1, None, rng.choice(["Oslo", "Rome", "Bonn"], N))
FLAGS = rng.random(N) < 0.3
NAMES = ["size", "town", "flag"]
OBJECTS = np.array([NUMBERS, TOWNS, FLAGS], dtype=object).T
WIDE = np.round(rng.standard_normal((5000, 40)), 2)
WIDE[rng.random(WIDE.shape) < 0.01] = np.nan


def encode(values, new=None, **parameters):
    """The matrix of one column, of the rows of fit or of new ones."""
    columns = [as_column(v) for v in (values, values if new is None else new)]
    return (
        TabularEncoder(**{"n_bins": 0} | parameters)
        .fit(columns[0])
        .transform(columns[1])
    )


def as_column(values):
    return values if hasattr(values, "shape") else np.array(values, object)[:, None]


def smooth(z):
    return z / np.sqrt(1 + (z / 3) ** 2)


# What becomes of each kind of column


def test_a_table_of_everything():
    encoder = TabularEncoder(n_bins=2)
    Z = encoder.fit_transform(OBJECTS)
    names = encoder.get_feature_names_out(NAMES).tolist()
    assert names == [
        *("size", "flag_True", "size_missing", "town_missing"),
        *("town_Bonn", "town_Oslo", "town_Rome", "size_bin0", "size_bin1"),
    ]
    kinds = ["number", "binary", *["missing"] * 2, *["level"] * 3, *["bin"] * 2]
    assert encoder.column_kinds_.tolist() == kinds
    assert encoder.column_sources_.tolist() == [0, 2, 0, 1, 1, 1, 1, 0, 0]
    assert encoder.n_raw_columns_ == 7
    assert encoder.is_categorical_.tolist() == [False, True, False]
    assert [c if c is None else c.tolist() for c in encoder.categories_] == [
        *(None, ["Bonn", "Oslo", "Rome"], [False, True])
    ]
    assert Z.dtype == np.float64
    np.testing.assert_array_equal(Z[:, 1], np.where(FLAGS, 1, -1))
    np.testing.assert_array_equal(Z[:, 2], GAPS)
    wanted = [name == TOWNS for name in (None, "Bonn", "Oslo", "Rome")]
    np.testing.assert_array_equal(Z[:, 3:7].T, wanted)


def test_numbers_are_scikit_learns_steps_and_a_smooth_clip():
    theirs = make_pipeline(RobustScaler(), SimpleImputer(strategy="median"))
    wanted = smooth(theirs.fit_transform(WIDE))
    encoder = TabularEncoder(n_bins=None).fit(WIDE)
    Z = encoder.transform(WIDE)
    np.testing.assert_allclose(Z[:, :40], wanted, atol=1e-12)
    np.testing.assert_array_equal(Z[:, 40:], np.isnan(WIDE))
    np.testing.assert_allclose(encoder.center_, np.nanmedian(WIDE, axis=0))
    assert encoder.bin_edges_[0].size == 0


def test_bins_follow_from_the_numbers(dtype):
    encoder = TabularEncoder(dtype=dtype).fit(WIDE)
    Z = encoder.transform(WIDE)
    assert Z.dtype == dtype
    bins = Z[:, encoder.column_kinds_ == "bin"]
    np.testing.assert_allclose(bins.mean(axis=0, dtype=float), 0, atol=1e-6)
    at = 0
    for j, edges in enumerate(encoder.bin_edges_):
        for left, right in pairwise(edges):
            s = Z[:, j].astype(float)
            wanted = np.interp(s / np.sqrt(1 - (s / 3) ** 2), [left, right], [0, 1])
            np.testing.assert_allclose(
                bins[:, at] - bins[:, at].min(), wanted, atol=3e-6
            )
            at += 1
    assert at == bins.shape[1] == 40 * 16


def test_bins_of_a_batch_are_those_of_the_matrix(dtype):
    encoder = TabularEncoder([39]).fit(WIDE.astype(dtype))
    Z = encoder.transform(WIDE.astype(dtype))
    raw = encoder._encode(WIDE.astype(dtype), with_bins=False)
    n_raw = encoder.n_raw_columns_
    np.testing.assert_array_equal(raw, Z[:, :n_raw])
    out = np.empty((128, Z.shape[1] - n_raw), dtype)
    encoder._bins.encode(raw[300:428], out)
    np.testing.assert_array_equal(out, Z[300:428, n_raw:])


def test_infinite_and_huge_values():
    values = [1.0, 2, 3, 4, np.inf, -np.inf, 1e300, None]
    for dtype in ("float32", "float64"):
        Z = encode(values, dtype=dtype, n_bins=4)
        assert np.isfinite(Z).all()
        np.testing.assert_allclose(Z[4:7, 0], [3, -3, 3])
        assert np.abs(Z).max() <= 3.00001


def test_missing_values_are_the_median_and_marked():
    Z = encode([1.0, None, 2, 3], [None, 5])
    np.testing.assert_allclose(Z, [[0, 1], [smooth(3.0), 0]])


def test_a_first_missing_value_in_transform_is_the_median():
    np.testing.assert_array_equal(encode([1.0, 2, 3], [None, 2]), [[0], [0]])
    np.testing.assert_array_equal(
        encode(["a", "b"], [None, "b"], min_frequency=1), [[0], [1]]
    )


def test_binary_and_boolean_columns():
    np.testing.assert_array_equal(encode([True, False, True]), [[1], [-1], [1]])
    np.testing.assert_array_equal(encode([True, False], [1, 0.0, 5]), [[1], [-1], [0]])
    Z = encode(["b", "a", None, "a", "b"])
    np.testing.assert_array_equal(Z, [[1, 0], [-1, 0], [0, 1], [-1, 0], [1, 0]])


def test_rare_and_new_levels():
    values = ["a", "a", "b", "b", "c", "d"]
    Z = encode(values, ["a", "c", "new", None])
    np.testing.assert_array_equal(Z, [[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0]])
    Z = encode(values, ["a", "new"], min_frequency=None)
    np.testing.assert_array_equal(Z, [[1, 0, 0, 0], [0, 0, 0, 0]])
    encoder = TabularEncoder(max_categories=2, n_bins=0).fit(as_column([*values, "a"]))
    assert encoder.get_feature_names_out(["x"]).tolist() == ["x_infrequent"]


def test_levels_are_one_hot_encoders():
    towns = TOWNS[:, None]
    theirs = OneHotEncoder(sparse_output=False).fit_transform(towns)
    ours = TabularEncoder().fit_transform(towns)
    np.testing.assert_array_equal(
        ours, theirs[:, [3, 0, 1, 2]]
    )  # None comes last there


def test_dates_and_durations():
    days = np.datetime64("2024-01-01") + rng.integers(0, 900, (N, 1))
    encoder = TabularEncoder(n_bins=0).fit(days)
    parts = ["elapsed", "year", "month", "day", "weekday", "dayofyear"]  # all midnight
    assert encoder.get_feature_names_out(["t"]).tolist() == [f"t_{p}" for p in parts]
    assert set(encoder.column_kinds_) == {"number"}
    Z = encoder.transform(np.array([["NaT"], ["2024-02-29"]], "M8[s]"))
    np.testing.assert_array_equal(Z[0], 0)
    elapsed = (days - np.datetime64("1970-01-01")).astype(float)
    z = smooth(
        (19782 - np.median(elapsed)) / np.diff(np.quantile(elapsed, [0.25, 0.75]))
    )
    np.testing.assert_allclose(Z[1, 0], z[0])
    hours = np.array([[1], [2], [3], ["NaT"]], "m8[h]")
    Z = TabularEncoder(n_bins=0).fit_transform(hours)
    np.testing.assert_allclose(Z, [[smooth(-1), 0], [0, 0], [smooth(1), 0], [0, 1]])


def test_columns_that_say_nothing_are_left_out():
    X = np.c_[np.ones(9), np.full(9, np.nan), np.arange(9), np.arange(9)]
    encoder = TabularEncoder(n_bins=0).fit(X)
    assert encoder.column_sources_.tolist() == [2, 3]
    assert encoder.transform(X[:1] + 5).shape == (1, 2)
    half = np.array([[5, None], [None, "a"], [5, "a"]], object)
    encoder = TabularEncoder().fit(half)
    assert encoder.get_feature_names_out().tolist() == ["x0_missing", "x1_missing"]
    np.testing.assert_array_equal(encoder.transform(half), [[0, 1], [1, 0], [0, 0]])


@pytest.mark.parametrize("n_distinct", [2, 3, 9])
def test_few_values_give_fewer_bins(n_distinct):
    x = rng.integers(0, n_distinct, (N, 1)).astype(float)
    n_bins = n_distinct - 1 if n_distinct > 2 else 0
    assert (
        TabularEncoder().fit(x).column_kinds_.tolist() == ["number"] + ["bin"] * n_bins
    )


# Which columns are categories


def test_numbers_as_categories():
    X = np.c_[rng.integers(0, 3, N), rng.standard_normal(N)]
    for wanted in ([0], [True, False]):
        encoder = TabularEncoder(wanted, n_bins=0).fit(X)
        assert encoder.column_kinds_.tolist() == ["number"] + ["level"] * 3
        Z = encoder.transform([[1, 0], [7, 0], [np.nan, 0]])
        np.testing.assert_array_equal(Z[:, 1:], [[0, 1, 0], [0, 0, 0], [0, 0, 0]])
    assert TabularEncoder(None, n_bins=0).fit(X).n_raw_columns_ == 2


def test_lists_keep_numbers_and_strings_apart():
    rows = [[1, "a"], [2.5, "b"], [None, "b"]]
    encoder = TabularEncoder(n_bins=0, min_frequency=1).fit(rows)
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1_b", "x0_missing"]


# Containers


def frames(library, **parameters):
    frame = pytest.importorskip(library).DataFrame
    table = {"size": NUMBERS.astype("float32"), "town": TOWNS.tolist(), "flag": FLAGS}
    table["when"] = np.datetime64("2024-01-01", "ms") + rng2().integers(0, 10**11, N)
    table["long"] = np.array(rng2().integers(0, 10**6, N), "m8[ms]")
    table["code"] = rng2().integers(0, 9, N)
    return frame(table)


def rng2():
    return np.random.default_rng(1)


def test_pandas_polars_and_arrays_are_equal():
    tables = [frames("pandas")]
    if hasattr(TabularEncoder().fit(frames("polars")), "feature_names_in_"):
        tables.append(frames("polars"))  # scikit-learn 1.7 sees no names in polars 2
    tables.append(
        tables[0].astype({"size": "Float32", "code": "Int8", "flag": "boolean"})
    )
    tables.append(tables[0].astype({"town": "category"}))
    whole = [TabularEncoder().fit(table) for table in tables]
    wanted = whole[0].transform(tables[0])
    assert wanted.dtype == np.float64  # code is no float32
    for encoder in whole:
        names = encoder.get_feature_names_out()
        np.testing.assert_array_equal(names, whole[0].get_feature_names_out())
        for table in tables:
            np.testing.assert_array_equal(encoder.transform(table), wanted)
    few = tables[0][NAMES]
    encoder = TabularEncoder(dtype="float64")
    wanted = encoder.fit_transform(few)
    np.testing.assert_array_equal(encoder.fit_transform(few.to_numpy(object)), wanted)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_the_dtype_of_frames(library):
    frame = frames(library)
    few = TabularEncoder().fit(frame[NAMES])
    assert few.transform(frame[NAMES]).dtype == np.float32
    assert (
        TabularEncoder().fit(frame[["code"]]).transform(frame[["code"]]).dtype == float
    )
    assert TabularEncoder(dtype="float32").fit_transform(frame).dtype == np.float32


def test_the_dtype_does_not_depend_on_the_rows():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": NUMBERS.astype("float32"), "b": OBJECTS[:, 0]})
    encoder = TabularEncoder().fit(frame)
    assert encoder.transform(frame[GAPS]).dtype == np.float64


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library):
    frame = frames(library)
    encoder = TabularEncoder().set_output(transform=library)
    Z = encoder.fit_transform(frame)
    assert list(Z.columns) == encoder.get_feature_names_out().tolist()
    if library == "pandas":
        assert list(encoder.fit_transform(frame[5:9]).index) == [5, 6, 7, 8]


def test_names_that_are_the_same():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(
        {"a": ["x_y", "missing", "z", None], "a_x": ["y", "v", "w", "w"]}
    )
    encoder = TabularEncoder(min_frequency=None).set_output(transform="pandas")
    names = list(encoder.fit_transform(table).columns)
    assert names == [
        *("a_missing", "a_missing_", "a_x_y", "a_z", "a_x_v", "a_x_w", "a_x_y_")
    ]


@pytest.mark.parametrize("layout", ["F", "strided", "read-only"])
def test_memory_layouts(layout):
    X = {
        "F": np.asfortranarray(WIDE),
        "strided": np.repeat(WIDE, 2, axis=1)[:, ::2],
    }.get(layout, WIDE.copy())
    X.flags.writeable = False
    wanted = TabularEncoder().fit(WIDE).transform(WIDE)
    np.testing.assert_array_equal(TabularEncoder().fit(X).transform(X), wanted)
    np.testing.assert_array_equal(X, WIDE)


@pytest.mark.parametrize("size", [1, 7, 2500, 4999])
def test_chunks_are_the_whole(size, dtype):
    X = np.c_[WIDE.astype(dtype), rng.integers(0, 5, len(WIDE)).astype(dtype)]
    encoder = TabularEncoder([40]).fit(X)
    whole = encoder.transform(X)
    assert whole.dtype == dtype
    starts = range(0, len(X) if size > 7 else 50, size)
    for start in starts:
        part = encoder.transform(X[start : start + size])
        np.testing.assert_array_equal(part, whole[start : start + size])


def test_memory_beside_the_table_and_the_output():
    X = rng.standard_normal((20_000, 50)).astype(np.float32)
    encoder = TabularEncoder()
    encoder.fit(X), encoder.transform(X)  # warm
    tracemalloc.start()
    encoder.fit(X)
    _, fit = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    Z = encoder.transform(X)
    _, transform = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert fit < X.nbytes  # some columns; a float64 copy is twice as much
    assert transform - before - Z.nbytes < 6 * 2**20


# As scikit-learn has it


def test_in_a_pipeline_with_other_columns():
    pd = pytest.importorskip("pandas")
    frame = frames("pandas")
    y = (frame["town"] == "Rome") | (frame["size"] > 2)
    network = ScratchMLPClassifier((16,), solver="lbfgs", alpha=0.1, max_iter=1000)
    model = make_pipeline(TabularEncoder(), network)
    assert cross_val_score(model, frame, y, cv=3).mean() > 0.95
    beside = ColumnTransformer(
        [("ours", TabularEncoder(), NAMES), ("theirs", OneHotEncoder(), ["code"])]
    ).set_output(transform="default")
    assert beside.fit_transform(frame).shape[0] == N
    assert isinstance(frame, pd.DataFrame)


def test_copies():
    encoder = TabularEncoder(n_bins=8).fit(OBJECTS)
    copied = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(copied.transform(OBJECTS), encoder.transform(OBJECTS))
    assert clone(encoder).get_params() == encoder.get_params()
    many = np.array([f"name {i}" for i in range(20_000)], dtype=object)
    encoder = TabularEncoder().fit(np.c_[many, rng.standard_normal(20_000)])
    assert len(pickle.dumps(encoder)) < 5000


def test_other_columns_than_in_fit():
    pd = pytest.importorskip("pandas")
    encoder = TabularEncoder().fit(frames("pandas"))
    with pytest.raises(ValueError, match="feature names should match"):
        encoder.transform(
            frames("pandas")[["town", "size", "flag", "when", "long", "code"]]
        )
    with pytest.raises(ValueError, match="feature names should match"):
        encoder.transform(frames("pandas").drop(columns="town"))
    frame = frames("pandas").astype({"size": object})
    frame.loc[3, "size"] = "wide"
    message = "Column 'size' held numbers in fit, but holds strings and numbers now"
    with pytest.raises(TypeError, match=message):
        encoder.transform(frame)
    gone = frames("pandas").assign(
        size=None, town=None, flag=None, when=pd.NaT, long=None
    )
    Z = encoder.transform(gone)
    np.testing.assert_array_equal(Z[:, encoder.column_kinds_ == "missing"], 1)
    with pytest.raises(ValueError, match="X has 2 features, but TabularEncoder is"):
        TabularEncoder().fit(OBJECTS).transform(OBJECTS[:, :2])


def lists():
    X = OBJECTS.copy()
    X[3, 0] = [1, 2]
    return X


BAD = [
    ({}, sparse.csr_array(np.eye(3)), TypeError, "Sparse data was passed"),
    ({}, np.eye(3) * 1j, ValueError, "Complex data not supported"),
    ({}, lists(), TypeError, "Column 0 holds values of type list, but the argument"),
    ({}, [[1, "a"], ["b", "a"]], TypeError, "Column 0 holds strings and numbers"),
    ({}, [[b"a"], [b"b"]], TypeError, "Column 0 holds values of type bytes"),
    ({}, np.arange(3.0), ValueError, "Expected 2D array, got 1D array"),
    ({}, np.ones((0, 3)), ValueError, "0 sample(s)"),
    ({}, np.ones((3, 0)), ValueError, "0 feature(s)"),
    ({}, np.ones((3, 2)), ValueError, "No column of X takes two values"),
    ({}, np.full((3, 2), np.nan), ValueError, "No column of X takes two values"),
    ({}, OBJECTS[:1], ValueError, "(n_samples=1): there is nothing to encode"),
    (
        {"categorical_features": None},
        OBJECTS,
        ValueError,
        "Column 1 holds strings, but",
    ),
    ({"categorical_features": [0]}, OBJECTS, ValueError, "Column 1 holds strings, but"),
    (
        {"categorical_features": [0]},
        lists(),
        TypeError,
        "Column 0 holds values of type",
    ),
    (
        {"categorical_features": [9]},
        OBJECTS,
        ValueError,
        "must be in [0, n_features - 1]",
    ),
    ({"categorical_features": ["size"]}, OBJECTS, ValueError, "without feature names"),
    (
        {"categorical_features": "all"},
        OBJECTS,
        ValueError,
        "'categorical_features' par",
    ),
    ({"n_bins": -1}, OBJECTS, ValueError, "'n_bins' parameter"),
    ({"max_categories": 0}, OBJECTS, ValueError, "'max_categories' parameter"),
    ({"min_frequency": 1.5}, OBJECTS, ValueError, "'min_frequency' parameter"),
    ({"dtype": "int8"}, OBJECTS, ValueError, "'dtype' parameter"),
]


@pytest.mark.parametrize(("parameters", "X", "error", "message"), BAD)
def test_bad_input_leaves_the_encoder_as_it_was(parameters, X, error, message):
    encoder = TabularEncoder().fit(OBJECTS)
    before = pickle.dumps({k: v for k, v in vars(encoder).items() if k.endswith("_")})
    encoder.set_params(**parameters)
    with pytest.raises(error, match=re.escape(message)):
        encoder.fit(X)
    after = pickle.dumps({k: v for k, v in vars(encoder).items() if k.endswith("_")})
    assert after == before


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_bad_frames(library):
    frame = pytest.importorskip(library).DataFrame
    with pytest.raises(ValueError, match=r"0 sample\(s\) \(shape=\(0, 1\)\)"):
        TabularEncoder().fit(frame({"a": [1.0]})[:0])
    with pytest.raises(TypeError, match="Column 'a' holds values of type"):
        TabularEncoder().fit(frame({"b": [1.0, 2], "a": [b"x", b"y"]}))
    with pytest.raises(ValueError, match="has an item value 'z' which is not a valid"):
        TabularEncoder(["z"]).fit(frame({"a": [1.0, 2]}))


def test_frames_without_columns():
    frame = pytest.importorskip("pandas").DataFrame({"a": [1.0]})[[]]
    with pytest.raises(ValueError, match=r"0 feature\(s\) \(shape=\(1, 0\)\) while"):
        TabularEncoder().fit(frame)


def test_lazy_frames_are_to_be_collected():
    pl = pytest.importorskip("polars")
    with pytest.raises(TypeError, match=r"X is a LazyFrame: give X.collect\(\)"):
        TabularEncoder().fit(pl.LazyFrame({"a": [1, 2]}))


# Whatever the table


def tables():
    """Arrays of objects with columns of all kinds, and missing values in each."""
    st = pytest.importorskip("hypothesis").strategies
    numbers = st.one_of(
        st.integers(-3, 3),
        st.floats(),
        st.floats(width=32),
        st.integers(-(2**70), 2**70),
    )
    kinds = [numbers, st.booleans(), st.text(max_size=2), st.integers(0, 1), st.just(5)]
    column = st.sampled_from([st.none() | kind for kind in kinds] + kinds)

    @st.composite
    def table(draw):
        n = draw(st.integers(1, 30))
        columns = draw(st.lists(column, min_size=1, max_size=5))
        rows = [[draw(kind) for kind in columns] for _ in range(2 * n)]
        table = np.empty((2 * n, len(columns)), object)
        table[:] = rows
        return table[:n], table[n:]

    return table()


def test_any_table_gives_finite_numbers_or_a_reason():
    given = pytest.importorskip("hypothesis").given

    @given(tables())
    def check(pair):
        X, new = pair
        encoder = TabularEncoder(n_bins=4, dtype="float32")
        try:
            encoder.fit(X)
        except ValueError as error:
            if "No column of X takes two values" not in str(error):
                raise
            return
        names = encoder.get_feature_names_out()
        assert len(set(names)) == len(names) == len(encoder.column_kinds_)
        for rows in (X, new):
            Z = encoder.transform(rows)
            assert Z.shape == (len(rows), len(names))
            assert np.isfinite(Z).all()
            assert np.abs(Z).max() <= 3.00001
            np.testing.assert_array_equal(encoder.transform(rows[:1]), Z[:1])
        Z = encoder.transform(X)
        assert (Z.min(axis=0) < Z.max(axis=0)).all()  # each says something
        bins = Z[:, encoder.column_kinds_ == "bin"]
        np.testing.assert_allclose(bins.mean(axis=0, dtype=float), 0, atol=1e-5)

    check()
