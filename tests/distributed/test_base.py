"""The fit over partitions: what comes in, what is refused, what goes out."""

import pickle

import dask.array as da
import numpy as np
import pytest
from _dask_rows import classes, collection, is_idle, numbers, weights_of
from dask.distributed import Client
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch.distributed import DaskMLPClassifier, DaskMLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:.*converge")
X, y = classes()
OPTIONS = {
    "hidden_layer_sizes": (5,),
    "solver": "lbfgs",
    "alpha": 1.0,
    "max_iter": 8,
    "random_state": 0,
}
CUTS = 200, 300, 100


@pytest.fixture
def rows(client):
    yield collection(X, *CUTS), collection(y, *CUTS)
    assert is_idle(client)


def same(ours, alone, rtol=1e-7):
    for a, b in zip(weights_of(ours), weights_of(alone), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-9)


def test_data_frames(client):
    pd = pytest.importorskip("pandas")
    dd = pytest.importorskip("dask.dataframe")
    labels = np.array(["a", "b", "c"])[y]
    frame = pd.DataFrame(X, columns=list("abcdef"))
    lazy = dd.from_pandas(frame.assign(label=labels), npartitions=3)
    ours = DaskMLPClassifier(**OPTIONS).fit(lazy[list("abcdef")], lazy["label"])
    alone = ScratchMLPClassifier(**OPTIONS).fit(frame, labels)
    same(ours, alone)
    assert ours.classes_.tolist() == ["a", "b", "c"]
    assert ours.feature_names_in_.tolist() == list("abcdef")
    found = ours.score(lazy[list("abcdef")], lazy["label"])
    np.testing.assert_allclose(found, alone.score(frame, labels))
    with pytest.raises(ValueError, match="feature names"):
        ours.predict(lazy[list("bacdef")])


def test_an_empty_partition_and_one_without_a_class(client):
    order = np.argsort(y, kind="stable")
    sizes = 250, 0, 350
    ours = DaskMLPClassifier(**OPTIONS).fit(
        collection(X[order], *sizes), collection(y[order], *sizes)
    )
    assert len(set(y[order][:250])) < 3
    same(ours, ScratchMLPClassifier(**OPTIONS).fit(X[order], y[order]))


def test_partitions_of_different_dtypes(client):
    single = X.copy()
    single[:300] = single[:300].astype(np.float32)
    mixed = da.concatenate(
        [
            da.from_delayed(part, (300, 6), np.float64)
            for part in map(_delayed, [single[:300].astype(np.float32), single[300:]])
        ]
    )
    ours = DaskMLPClassifier(**OPTIONS).fit(mixed, collection(y, 300, 300))
    assert ours.coefs_[0].dtype == np.float64
    same(ours, ScratchMLPClassifier(**OPTIONS).fit(single, y))


def _delayed(array):
    from dask import delayed

    return delayed(lambda: array)()


def test_partitions_of_different_columns(client):
    bad = da.concatenate(
        [
            da.from_delayed(_delayed(array), (300, 6), np.float64)
            for array in (X[:300], X[300:, :5])
        ]
    )
    model = DaskMLPClassifier(**OPTIONS)
    with pytest.raises(ValueError, match="Partition 1 has 5 columns, but partition 0"):
        model.fit(bad, collection(y, 300, 300))
    assert not hasattr(model, "n_features_in_")
    assert is_idle(client)


def test_nan_is_found_on_the_worker(rows, client):
    bad = X.copy()
    bad[250, 1] = np.nan
    with pytest.raises(ValueError, match="Partition 1: Input X contains NaN"):
        DaskMLPClassifier(**OPTIONS).fit(collection(bad, *CUTS), rows[1])


def test_balanced_classes_are_those_of_all_rows(rows):
    few = np.where(np.arange(600) % 5 == 0, 1, y % 2 * 2)
    options = {**OPTIONS, "class_weight": "balanced"}
    ours = DaskMLPClassifier(**options).fit(rows[0], collection(few, *CUTS))
    same(ours, ScratchMLPClassifier(**options).fit(X, few))
    assert ours.class_weight == "balanced"


@pytest.mark.parametrize("labels", [np.stack([y > 0, y > 1], 1) * 1, np.c_[y, y % 2]])
def test_several_labels(labels, rows):
    ours = DaskMLPClassifier(**OPTIONS).fit(rows[0], collection(labels, *CUTS))
    alone = ScratchMLPClassifier(**OPTIONS).fit(X, labels)
    same(ours, alone)
    found = ours.score(rows[0], collection(labels, *CUTS))
    np.testing.assert_allclose(found, alone.score(X, labels))


def test_warm_start_goes_on(rows):
    ours = DaskMLPClassifier(**OPTIONS, warm_start=True).fit(*rows).fit(*rows)
    alone = ScratchMLPClassifier(**OPTIONS, warm_start=True).fit(X, y).fit(X, y)
    same(ours, alone, rtol=1e-4)
    np.testing.assert_allclose(ours.loss_curve_, alone.loss_curve_, rtol=1e-6)
    with pytest.raises(ValueError, match="same classes as in the previous call"):
        ours.fit(rows[0], collection(y % 2, *CUTS))
    with pytest.raises(ValueError, match="X has 5 features, but DaskMLPClassifier is"):
        ours.fit(collection(X[:, :5], *CUTS), rows[1])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"local_epochs": 1}, r"solver='lbfgs' works on all .*excludes local_epochs=1"),
        ({"solver": "adam", "early_stopping": True}, "needs a validation set here"),
        ({"local_epochs": 0}, "The 'local_epochs' parameter of DaskMLPClassifier must"),
        ({"learning_rate_scaling": "cubic"}, "The 'learning_rate_scaling' parameter"),
    ],
)
def test_options_that_do_not_go_together(parameters, message, rows):
    with pytest.raises(ValueError, match=message):
        DaskMLPClassifier(**{**OPTIONS, **parameters}).fit(*rows)


def test_weights_that_are_all_zero(rows):
    with pytest.raises(ValueError, match="All rows have the weight zero"):
        DaskMLPClassifier(**OPTIONS).fit(*rows, collection(np.zeros(600), *CUTS))


def test_a_failed_fit_leaves_the_model_as_it_was(rows):
    model = DaskMLPClassifier(**OPTIONS).fit(*rows)
    before = model.predict_proba(X)
    with pytest.raises(TypeError, match="X must be a dask array"):
        model.fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


# ---- copies ----------------------------------------------------------------------


def test_to_local(rows):
    ours = DaskMLPClassifier(**{**OPTIONS, "solver": "adam"}).fit(*rows)
    local = ours.to_local()
    assert type(local) is ScratchMLPClassifier
    np.testing.assert_array_equal(local.predict_proba(X), ours.predict_proba(X))
    before = ours.coefs_[0].copy()
    local.partial_fit(X, y)
    assert local.t_ == ours.t_ + 600
    np.testing.assert_array_equal(ours.coefs_[0], before)
    assert pickle.loads(pickle.dumps(local)).score(X, y) == local.score(X, y)


def test_to_local_of_a_regressor(client):
    X, y = numbers()
    ours = DaskMLPRegressor(**OPTIONS).fit(collection(X, *CUTS), collection(y, *CUTS))
    assert type(ours.to_local()) is ScratchMLPRegressor


def test_what_is_not_fitted_has_no_local_model():
    with pytest.raises(NotFittedError):
        DaskMLPClassifier().to_local()


def test_the_client_is_neither_cloned_nor_pickled(rows, client):
    model = DaskMLPClassifier(**OPTIONS, client=client).fit(*rows)
    assert clone(model).client is client
    assert not hasattr(clone(model), "coefs_")
    assert model.set_params(alpha=0.5).get_params()["client"] is client
    again = pickle.loads(pickle.dumps(model))
    assert again.client is None
    assert again.client_ is client  # Dask's current one
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_there_is_no_partial_fit():
    assert not hasattr(DaskMLPClassifier(), "partial_fit")
    with pytest.raises(AttributeError, match=r"to_local\(\) gives goes on with rows"):
        DaskMLPClassifier().partial_fit(X, y)


def test_a_client_that_is_not_dasks_current_one(cluster):
    with Client(cluster, set_as_default=False) as apart:
        rows = collection(X, *CUTS), collection(y, *CUTS)
        model = DaskMLPClassifier(**OPTIONS, client=apart).fit(*rows)
        assert model.score(*rows) == model.score(X, y)
        assert is_idle(apart)


def test_no_client_no_fit():
    with pytest.raises(ValueError, match="There is no Dask client"):
        DaskMLPClassifier().fit(collection(X, *CUTS), collection(y, *CUTS))
