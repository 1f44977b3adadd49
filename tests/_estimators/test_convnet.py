"""The convolutional estimators, as their users meet them."""

import pickle
import re
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.signal import correlate
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sknn_scratch import (
    ConvNetClassifier,
    ConvNetRegressor,
    HiddenLayerTransformer,
)
from sknn_scratch._estimators.together import Fit, fit_together
from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import POOLINGS, Dropout
from sknn_scratch.model_selection import GridSearchCV as SearchTogether
from sknn_scratch.preprocessing import WhiteningTransformer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IMAGES, y = load_digits().images[:200] / 16, load_digits().target[:200]
X = IMAGES.reshape(200, 64)
COLOURS = np.random.default_rng(0).random((60, 6, 5, 3))
bright = 10 * (COLOURS[:, :3] - COLOURS[:, 3:]).mean(axis=(1, 2, 3))
SMALL = {"filters": (4,), "hidden_layer_sizes": (12,), "max_iter": 5, "random_state": 0}


def small(**parameters):
    return ConvNetClassifier(**{**SMALL, **parameters})


def regressor(**parameters):
    return ConvNetRegressor(**{**SMALL, **parameters})


def says(message):
    return pytest.raises(ValueError, match=re.escape(message))


# ---- what it computes ----------------------------------------------------------------


def test_the_default_is_the_lectures_network():
    model = ConvNetClassifier(max_iter=2, random_state=0).fit(X, y)
    shapes = [(3, 3, 1, 10), (160, 50), (50, 10)]
    assert [W.shape for W in model.coefs_] == shapes
    assert [b.shape for b in model.intercepts_] == [(10,), (50,), (10,)]
    assert model.image_shape_ == (8, 8, 1)
    assert model.n_layers_ == 4
    assert (model.padding, model.pool_size, model.pooling) == ("same", 2, "max")


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_predictions_are_scipys_correlations_and_dense_layers(padding):
    model = small(padding=padding).fit(X, y)
    W, *dense = model.coefs_
    b, *others = model.intercepts_
    maps = np.array(
        [
            [
                np.maximum(correlate(image, W[..., 0, k], padding) + b[k], 0)
                for k in range(4)
            ]
            for image in IMAGES
        ]
    )
    n, k, size, _ = maps.shape
    pooled = maps.reshape(n, k, size // 2, 2, size // 2, 2).max(axis=(3, 5))
    # Row by row, and each row channel by channel.
    x = pooled.transpose(0, 2, 1, 3).reshape(n, -1)
    hidden = np.maximum(x @ dense[0] + others[0], 0)
    proba = softmax(hidden @ dense[1] + others[1], axis=1)
    np.testing.assert_allclose(model.predict_proba(X), proba, rtol=1e-8, atol=1e-12)
    found = model.feature_maps(X)
    np.testing.assert_allclose(found[0], maps.transpose(0, 2, 3, 1), atol=1e-12)
    np.testing.assert_allclose(found[1], pooled.transpose(0, 2, 3, 1), atol=1e-12)
    for ours, wanted in zip(model.hidden_activations(X), (x, hidden), strict=True):
        np.testing.assert_allclose(ours, wanted, atol=1e-10)


def test_pytorch_gets_the_same_weights_from_a_step_of_gradient_descent():
    torch = pytest.importorskip("torch")
    settings = {"solver": "sgd", "momentum": 0, "alpha": 0.0, "batch_size": 60}
    settings.update(shuffle=False, max_iter=1, filters=(4, 3), pooling="average")
    settings.update(activation="gelu", pool_size=[1, 2], kernel_size=[3, (1, 5)])
    start = small(**settings, learning_rate_init=1e-300).fit(COLOURS, bright > 0)
    model = small(**settings, learning_rate_init=0.5).fit(COLOURS, bright > 0)
    theirs = [torch.tensor(W.copy(), requires_grad=True) for W in start.coefs_]
    biases = [torch.tensor(b.copy(), requires_grad=True) for b in start.intercepts_]
    a = torch.tensor(COLOURS.transpose(0, 3, 1, 2).copy())
    for W, b, size in zip(theirs[:2], biases, (1, 2), strict=False):
        W = W.permute(3, 2, 0, 1)
        a = torch.nn.functional.conv2d(a, W, b, padding="same")
        a = torch.nn.functional.avg_pool2d(torch.nn.functional.gelu(a), size)
    a = a.permute(0, 2, 1, 3).flatten(1)
    a = torch.nn.functional.gelu(a @ theirs[2] + biases[2])
    z = (a @ theirs[3] + biases[3])[:, 0]
    target = torch.tensor((bright > 0).astype(float))
    torch.nn.functional.binary_cross_entropy_with_logits(z, target).backward()
    for found, before, W in zip(model.coefs_, start.coefs_, theirs, strict=True):
        wanted = before - 0.5 * W.grad.numpy()
        np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-10)
    for found, before, b in zip(
        model.intercepts_, start.intercepts_, biases, strict=True
    ):
        wanted = before - 0.5 * b.grad.numpy()
        np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("pooling", [*POOLINGS, None])
def test_every_activation_and_pooling_learns(activation, pooling):
    model = small(activation=activation, pooling=pooling).fit(X, y)
    assert model.loss_ < model.loss_curve_[0]


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("loss", ["log_loss", "squared_error", "focal"])
def test_solvers_and_losses(solver, loss):
    model = small(solver=solver, loss=loss, max_iter=60, learning_rate_init=0.02)
    model.set_params(batch_size=50, momentum=0.5).fit(X, y)
    curve = model.loss_curve_
    assert curve[-1] < {"sgd": 0.95, "adam": 0.7, "lbfgs": 0.2}[solver] * curve[0]


@pytest.mark.parametrize(
    "options",
    [
        {"filters": 3},
        {"filters": (3, 5), "kernel_size": [5, (2, 3)], "pool_size": [2, 1]},
        {"filters": [3, 5], "stride": [2, 1], "padding": "valid", "pool_size": [1, 1]},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": 9},
        {"activation": ["tanh", "gelu"]},
        {"pooling": None, "stride": 2},
    ],
    ids=str,
)
def test_architectures(options):
    model = small(**options).fit(IMAGES, y)
    assert model.predict_proba(IMAGES).shape == (200, 10)
    again = small(**options, coefs_init=model.coefs_).fit(IMAGES, y)
    assert [W.shape for W in again.coefs_] == [W.shape for W in model.coefs_]


def test_sequences_are_one_dimensional():
    rng = np.random.default_rng(0)
    waves = np.sin(rng.uniform(0.5, 2, (300, 1)) * np.arange(21))
    crossings = (waves[:, 1:] * waves[:, :-1] < 0).sum(axis=1) / 10
    model = regressor(kernel_size=5, max_iter=200, learning_rate_init=0.01)
    assert model.fit(waves, crossings).score(waves, crossings) > 0.9
    assert model.coefs_[0].shape == (1, 5, 1, 4)
    assert model.image_shape_ == (1, 21, 1)
    column = regressor(image_shape=(21, 1), kernel_size=5).fit(waves, crossings)
    assert column.coefs_[0].shape == (5, 1, 1, 4)


def test_one_pixel_with_many_channels_is_a_dense_network():
    rows = np.random.default_rng(0).random((50, 6))
    model = regressor(image_shape=(1, 1, 6), max_iter=3).fit(rows, rows[:, 0])
    (W, V, U), (b, c, d) = model.coefs_, model.intercepts_
    hidden = np.maximum(np.maximum(rows @ W[0, 0] + b, 0) @ V + c, 0)
    np.testing.assert_allclose(model.predict(rows), (hidden @ U + d)[:, 0])


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_regression(loss):
    model = regressor(loss=loss, max_iter=300, learning_rate_init=0.01)
    assert model.fit(COLOURS, bright).score(COLOURS, bright) > 0.7
    two = np.c_[bright, -bright]
    assert regressor(loss=loss).fit(COLOURS, two).predict(COLOURS).shape == (60, 2)


def test_multilabel_and_binary():
    labels = np.c_[y > 4, y % 2].astype(int)
    assert small().fit(X, labels).predict(X).shape == (200, 2)
    assert small().fit(X, y > 4).out_activation_ == "logistic"


def test_dropout_comes_after_pooling_and_in_the_dense_part():
    model = small(filters=(4, 5), dropout=[0.1, 0.2, 0.3], input_dropout=0.4)
    layers = model.fit(X, y)._network.layers
    assert [type(layer).__name__ for layer in layers] == [
        *("Dropout", "Unflatten", "Convolution", "Dropout", "Convolution", "Dropout"),
        *("Flatten", "Dense", "Dropout", "Dense"),
    ]
    dropouts = [layer for layer in layers if isinstance(layer, Dropout)]
    assert [layer.rate for layer in dropouts] == [0.4, 0.1, 0.2, 0.3]
    assert [layer.columns for layer in dropouts] == [False, True, True, False]
    one = small(dropout=0.2).fit(X, y)._network.layers
    assert sum(isinstance(layer, Dropout) for layer in one) == 2


# ---- images and rows -----------------------------------------------------------------


def test_images_and_their_rows_give_the_same_bits():
    by_rows = small(image_shape=(6, 5, 3)).fit(COLOURS.reshape(60, 90), bright > 0)
    as_they_are = small().fit(COLOURS, bright > 0)
    for found, wanted in zip(as_they_are.coefs_, by_rows.coefs_, strict=True):
        np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(
        as_they_are.predict_proba(COLOURS),
        by_rows.predict_proba(COLOURS.reshape(60, 90)),
    )
    assert as_they_are.n_features_in_ == by_rows.n_features_in_ == 90
    grey, deep = small().fit(IMAGES, y), small().fit(IMAGES[..., None], y)
    np.testing.assert_array_equal(
        grey.predict_proba(IMAGES), small().fit(X, y).predict_proba(X)
    )
    np.testing.assert_array_equal(
        grey.predict_proba(IMAGES), deep.predict_proba(IMAGES.tolist())
    )


def test_sparse_rows_and_data_frames():
    model = small().fit(X, y)
    given = sparse.csr_matrix(X)
    np.testing.assert_allclose(
        small().fit(given, y).predict_proba(given), model.predict_proba(X), rtol=1e-6
    )
    np.testing.assert_allclose(model.feature_maps(given)[0], model.feature_maps(X)[0])
    frame = pd.DataFrame(X, columns=[f"pixel {k}" for k in range(64)])
    named = small().fit(frame, y)
    assert list(named.feature_names_in_) == list(frame.columns)
    np.testing.assert_array_equal(named.predict_proba(frame), model.predict_proba(X))


@pytest.mark.parametrize(
    ("fitted", "given", "message"),
    [
        (
            IMAGES,
            X,
            "fit was given images of the shape (8, 8, 1), of 64 features, but now X "
            "has the shape (200, 64): reshape X to (n_samples, 8, 8, 1).",
        ),
        (
            X,
            IMAGES,
            "fit was given rows, of 64 features, but now X has the shape (200, 8, 8): "
            "reshape X to (n_samples, 64).",
        ),
        (
            IMAGES,
            IMAGES[:, 1:],
            "fit was given images of the shape (8, 8, 1), but now X has the shape "
            "(200, 7, 8): resize the images, or fit on these.",
        ),
        (IMAGES, IMAGES[0, 0], "Expected 2D array, got 1D array instead"),
        (X, X[:, 1:], "X has 63 features, but ConvNetClassifier is expecting 64"),
        (X, IMAGES[None, ..., None], "X has 5 dimensions"),
        (IMAGES, IMAGES[None, ..., None], "X has 5 dimensions"),
    ],
)
def test_images_where_fit_saw_rows_or_other_images(fitted, given, message):
    model = small().fit(fitted, y)
    before = pickle.dumps(model.__getstate__())
    for work in (
        lambda: model.predict(given),
        lambda: model.feature_maps(given),
        lambda: model.partial_fit(given, y),
        lambda: clone(model).fit(fitted, y, X_val=given, y_val=y),
    ):
        with says(message):
            work()
    assert pickle.dumps(model.__getstate__()) == before


@pytest.mark.parametrize(
    ("parameters", "rows", "message"),
    [
        ({"image_shape": (8, 9)}, X, "image_shape=(8, 9) is 8 x 9 x 1 = 72 numbers"),
        ({"image_shape": (8,)}, X, "image_shape must be (height, width) or"),
        ({"image_shape": 8}, X, "The 'image_shape' parameter of ConvNetClassifier"),
        ({"image_shape": (4, 16)}, IMAGES, "X holds images of the shape (8, 8, 1)"),
        (
            {"filters": ()},
            X,
            "filters must be integers of at least 1, one for each convolution, got (). "
            "Without convolutions it is a ScratchMLPClassifier or ScratchMLPRegressor.",
        ),
        (
            {"filters": (5, 0)},
            X,
            "filters must be integers of at least 1, one for each",
        ),
        ({"filters": 0}, X, "The 'filters' parameter of ConvNetClassifier must be"),
        ({"kernel_size": [3, 3]}, X, "kernel_size must be an integer of at least 1"),
        ({"stride": (0, 1)}, X, "stride must be an integer of at least 1, a tuple"),
        ({"pool_size": [(2, 2, 2)]}, X, "pool_size must be an integer of at least 1"),
        ({"pooling": "sum"}, X, "a str among {'max', 'average'} or None. Got 'sum'"),
        ({"padding": "full"}, X, "'padding' parameter of ConvNetClassifier"),
        (
            {"padding": "valid", "kernel_size": 9},
            X,
            "The kernel of convolution 1, (9, 9), is larger than its input of (8, 8), "
            "which padding='valid' does not pad. Use padding='same', or a smaller "
            "kernel_size, stride or pool_size.",
        ),
        (
            {"filters": (3, 3, 3, 3)},
            X,
            "Pooling by (2, 2) after convolution 4 leaves nothing of its maps of "
            "(1, 1); the images are (8, 8). Use a smaller pool_size (a list has one "
            "for each convolution, 1 is none), or fewer convolutions.",
        ),
        (
            {"dropout": [0.1, 0.1, 0.1]},
            X,
            "dropout must be one value, or one for each of the 2 convolutions and "
            "hidden layers, got 3: [0.1, 0.1, 0.1].",
        ),
        (
            {"dropout": [0.1, 1.0]},
            X,
            "dropout must be a rate in [0, 1), or a list of them with one for each "
            "convolutions and hidden layer, got [0.1, 1.0].",
        ),
        (
            {"activation": ["relu"]},
            X,
            "activation must be one value, or one for each of the 2 convolutions and "
            "hidden layers, got 1: ['relu'].",
        ),
        ({"activation": ["relu", "magic"]}, X, "activation must be among ['identity'"),
        ({"hidden_layer_sizes": (0,)}, X, "hidden_layer_sizes must be > 0, got [0]."),
        (
            {"coefs_init": [np.ones((3, 3))]},
            X,
            "coefs_init must be a list of arrays of real numbers of the shapes "
            "[(3, 3, 1, 4), (64, 12), (12, 10)], got arrays of [(3, 3)].",
        ),
        ({}, np.full((200, 8, 8), np.nan), "Input X contains NaN"),
        ({}, IMAGES[:0], "Found array with 0 sample(s)"),
        ({}, IMAGES[:, :, :0], "Found array with 0 feature(s)"),
        ({}, IMAGES[:100], "inconsistent numbers of samples"),
    ],
)
def test_bad_input_leaves_the_model_as_it_was(parameters, rows, message):
    model = small().fit(X, y)
    before, old = pickle.dumps(model.__getstate__()), model.get_params()
    model.set_params(**parameters)
    with says(message):
        model.fit(rows, y)
    model.set_params(**{name: old[name] for name in parameters})
    assert pickle.dumps(model.__getstate__()) == before


def test_an_earlier_fit_of_other_images_is_not_gone_on_from():
    model = small(image_shape=(8, 8), warm_start=True).fit(X, y)
    message = (
        "image_shape=(4, 16), but the earlier fit saw images of the shape (8, 8, 1). "
        "Give that shape, or set warm_start=False and call fit to start afresh."
    )
    for work in (model.fit, model.partial_fit):
        with says(message):
            model.set_params(image_shape=(4, 16)) and work(X, y)
    model.set_params(warm_start=False).fit(X, y)
    assert model.image_shape_ == (4, 16, 1)


# ---- an estimator like any other -----------------------------------------------------


def test_the_attributes_are_views_of_one_vector_and_so_are_a_pickles():
    model = small().fit(IMAGES, y)
    for loaded in (model, pickle.loads(pickle.dumps(model))):
        for array in (*loaded.coefs_, *loaded.intercepts_):
            assert np.shares_memory(array, loaded._network.theta)
        np.testing.assert_array_equal(
            loaded.predict_proba(IMAGES), model.predict_proba(IMAGES)
        )
    size = model._network.theta.nbytes
    assert len(pickle.dumps(model.discard_training_state())) < 1.5 * size + 8000


@pytest.mark.parametrize("rows", [X, IMAGES], ids=["rows", "images"])
def test_partial_fit_and_warm_start(rows):
    model = small(learning_rate_init=0.02)
    for _ in range(30):
        model.partial_fit(rows, y, classes=np.arange(10))
    assert model.score(rows, y) > 0.8
    warm = small(warm_start=True, max_iter=2).fit(rows, y)
    first = warm.loss_
    assert warm.fit(rows, y).loss_ < first


@pytest.mark.parametrize("rows", [X, IMAGES], ids=["rows", "images"])
def test_the_training_options_of_the_other_networks(rows):
    model = small(
        dropout=0.1,
        input_dropout=0.1,
        label_smoothing=0.1,
        class_weight="balanced",
        learning_rate="one_cycle",
        clip_norm=1.0,
        weight_averaging=0.9,
        early_stopping=True,
        scoring="accuracy",
        dtype="float32",
    )
    weight = np.random.default_rng(0).random(200)
    model.fit(rows, y, weight)  # scores rows that were held out
    assert len(model.validation_scores_) == model.n_iter_
    model.fit(rows, y, weight, X_val=rows[:50], y_val=y[:50])
    assert len(model.validation_scores_) == model.n_iter_
    assert model.predict_proba(rows).dtype == np.float32
    assert model._takes_images == (rows is IMAGES)


def test_callbacks_see_the_model_in_the_making():
    pytest.importorskip("sklearn.callback")
    from sklearn.callback import ScoringMonitor

    for rows in (X, IMAGES):
        monitor = ScoringMonitor(scoring="accuracy")
        model = small().set_callbacks(monitor)
        model.fit(rows, y)
        assert model.score(rows, y) >= 0


@pytest.mark.parametrize(
    "step",
    [StandardScaler(), WhiteningTransformer(shrinkage=0.5)],
    ids=["scaled", "white"],
)
def test_pipelines_and_grid_search(step):
    model = make_pipeline(
        step, small(max_iter=60, batch_size=50, learning_rate_init=0.01)
    )
    grid = {"convnetclassifier__filters": [(4,), (10,)]}
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    assert search.best_score_ > 0.6


@pytest.mark.parametrize("rows", [X, IMAGES], ids=["rows", "images"])
def test_a_search_of_all_candidates_at_once_finds_what_one_by_one_finds(rows):
    grid = {"learning_rate_init": [0.001, 0.01], "alpha": [1e-4, 1.0]}
    model = small(dropout=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, wanted = (
            search(model, grid, cv=2, return_train_score=True).fit(rows, y)
            for search in (SearchTogether, GridSearchCV)
        )
    for name in ("mean_test_score", "mean_train_score"):
        np.testing.assert_array_equal(found.cv_results_[name], wanted.cv_results_[name])
    np.testing.assert_array_equal(
        found.best_estimator_.coefs_[0], wanted.best_estimator_.coefs_[0]
    )


@pytest.mark.parametrize("pooling", [*POOLINGS, None])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("seeds", [(0, 0, 0), (0, 1, 2)], ids=["one data", "own data"])
def test_nets_trained_together_are_each_net_alone(pooling, activation, seeds, dtype):
    models = [
        small(
            filters=(3, 4),
            pooling=pooling,
            activation=activation,
            random_state=seed,
            learning_rate_init=0.01 * (j + 1),
            max_iter=3,
            batch_size=64,
            dtype=dtype,
        )
        for j, seed in enumerate(seeds)
    ]
    fits = [Fit(clone(model), X, y) for model in models]
    fit_together(fits)
    for fit, model in zip(fits, models, strict=True):
        assert fit.error is None
        assert fit.together
        alone = model.fit(X, y)
        assert fit.estimator._network.theta.tobytes() == alone._network.theta.tobytes()


def test_the_hidden_layers_are_features():
    model = small(filters=(4, 5), hidden_layer_sizes=(9, 7))
    for layer, width in ((0, 5 * 2 * 2), (1, 9), (2, 7), (-1, 7)):
        transformer = HiddenLayerTransformer(model, layer).fit(X, y)
        assert transformer.transform(X).shape == (200, width)
        assert len(transformer.get_feature_names_out()) == width


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_same_bits_at_every_fit_with_any_number_of_threads(dropout, dtype):
    model = small(filters=(8, 8), dropout=dropout, dtype=dtype)

    def fitted(threads):
        with threadpool_limits(limits=threads, user_api="blas"):
            return clone(model).fit(X, y)._network.theta

    one, two = fitted(1), fitted(2)
    for threads, theta in ((1, one), (2, two)):
        assert fitted(threads).tobytes() == theta.tobytes()
    # A BLAS may add in another order with more threads: the last bits.
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(one, two, rtol=1e4 * eps, atol=1e3 * eps)


def test_rows_of_weight_zero_are_not_there():
    weight = (np.arange(200) % 2).astype(float)
    settings = {"solver": "lbfgs", "max_iter": 5}
    weighted = small(**settings).fit(X, y, weight)
    there = small(**settings).fit(X[1::2], y[1::2])
    np.testing.assert_allclose(weighted.coefs_[0], there.coefs_[0], rtol=1e-5)


def test_many_rows_and_their_maps_come_in_parts():
    model = small().fit(IMAGES, y)
    many = np.tile(IMAGES, (5, 1, 1))
    np.testing.assert_allclose(
        model.predict_proba(many)[:200], model.predict_proba(IMAGES), rtol=1e-10
    )
    maps = model.feature_maps(many)
    assert [m.shape for m in maps] == [(1000, 8, 8, 4), (1000, 4, 4, 4)]
    np.testing.assert_allclose(maps[0][800:], model.feature_maps(IMAGES)[0])
    unpooled = small(pooling=None).fit(IMAGES, y)
    assert [m.shape for m in unpooled.feature_maps(IMAGES[:1])] == [(1, 8, 8, 4)]


def test_prediction_holds_a_part_of_the_maps():
    model = small(filters=(16,)).fit(IMAGES, y)
    many = np.tile(IMAGES, (100, 1, 1))
    model.predict(IMAGES)
    tracemalloc.start()
    try:
        model.predict(many)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The pooled maps of all rows alone are twice that, and the others eight times.
    assert peak < 20e6 < len(many) * 4 * 4 * 16 * 8 / 2
