"""Models put together by hand, or from scikit-learn's, go on as scikit-learn's do."""

import copy
import json
import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_digits, make_regression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer, scale

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = scale(X[:300]), y[:300]
Xb, yb = load_breast_cancer(return_X_y=True)
Xb = scale(Xb)
Xr, yr = make_regression(200, 6, n_targets=2, random_state=0)
yr /= yr.std()
LABELS = np.c_[y > 4, y % 2 == 0, y == 3].astype(int)
NAMES = np.array(list("abcdefghij"))[y]
CLASSIFIERS = (MLPClassifier, ScratchMLPClassifier)
REGRESSORS = (MLPRegressor, ScratchMLPRegressor)
CASES = {
    "digits": (*CLASSIFIERS, X, y),
    "names": (*CLASSIFIERS, X, NAMES),
    "binary": (*CLASSIFIERS, Xb, yb),
    "labels": (*CLASSIFIERS, X, LABELS),
    "regression": (*REGRESSORS, Xr, yr),
    "one number": (*REGRESSORS, Xr, yr[:, 0]),
}
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
solvers = pytest.mark.parametrize("solver", ["adam", "sgd"])


def params(**parameters):
    common = {"hidden_layer_sizes": (9, 6), "max_iter": 4, "random_state": 0}
    return {**common, **parameters}


def assert_same(theirs, ours, rows):
    np.testing.assert_array_equal(theirs.predict(rows), ours.predict(rows))
    if hasattr(theirs, "predict_proba"):
        np.testing.assert_array_equal(
            theirs.predict_proba(rows), ours.predict_proba(rows)
        )


def by_hand(theirs, cls, **parameters):
    """Attributes that went through JSON."""
    text = json.dumps([[a.tolist() for a in theirs.coefs_ + theirs.intercepts_]])
    arrays = [np.array(a) for a in json.loads(text)[0]]
    ours = cls(**params(**parameters))
    n = len(theirs.coefs_)
    ours.coefs_, ours.intercepts_ = arrays[:n], arrays[n:]
    ours.n_layers_ = theirs.n_layers_
    ours.out_activation_ = theirs.out_activation_
    ours.n_features_in_ = theirs.n_features_in_
    if hasattr(theirs, "classes_"):
        ours.classes_ = theirs.classes_
    return ours


@cases
def test_predictions_of_a_model_restored_by_hand(case):
    cls, our_cls, rows, target = case
    theirs = cls(**params()).fit(rows, target)
    ours = by_hand(theirs, our_cls)
    assert_same(theirs, ours, rows)
    for twin in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert_same(theirs, twin, rows)


def test_classes_from_a_label_binarizer():
    theirs = MLPClassifier(**params()).fit(X, NAMES)
    ours = by_hand(theirs, ScratchMLPClassifier)
    del ours.classes_
    with pytest.raises(AttributeError, match="has coefs_ but no classes_: assign them"):
        ours.predict(X)
    ours._label_binarizer = LabelBinarizer().fit(NAMES)
    assert_same(theirs, ours, X)


@solvers
@cases
def test_training_of_a_whole_model_of_scikit_learns_goes_on(case, solver):
    """partial_fit and warm starts, its optimiser's moments included."""
    cls, our_cls, rows, target = case
    theirs = cls(**params(solver=solver)).fit(rows, target)
    ours = our_cls(**params(solver=solver))
    ours.__dict__.update(copy.deepcopy(theirs).__dict__)
    assert_same(theirs, ours, rows)
    for _ in range(3):
        theirs.partial_fit(rows, target)
        ours.partial_fit(rows, target)
    for a, b in zip(theirs.coefs_, ours.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)
    assert len(ours.loss_curve_) == len(theirs.loss_curve_) == 7
    for model in (theirs, ours):
        model.set_params(warm_start=True).fit(rows, target)
    np.testing.assert_allclose(theirs.coefs_[0], ours.coefs_[0], rtol=1e-10)
    assert_same_labels(theirs, ours, rows)


def assert_same_labels(theirs, ours, rows):
    if hasattr(theirs, "classes_"):
        np.testing.assert_array_equal(theirs.predict(rows), ours.predict(rows))


def test_another_models_attributes_over_ones_own():
    theirs = MLPClassifier(**params()).fit(X, NAMES)
    ours = ScratchMLPClassifier(**params()).fit(X[:, :5], y > 4)
    ours.__dict__.update(copy.deepcopy(theirs).__dict__)
    assert_same(theirs, ours, X)
    again = ours.fit(X, y)  # nothing of theirs is left
    assert_same(MLPClassifier(**params()).fit(X, y), again, X)


def test_an_encoder_cut_off_an_autoencoder():
    models = [
        cls(**params()).fit(Xr, Xr) for cls in (MLPRegressor, ScratchMLPRegressor)
    ]
    for model in models:
        model.coefs_, model.intercepts_ = model.coefs_[:2], model.intercepts_[:2]
        model.n_layers_ = 3
    assert models[1].predict(Xr).shape == (200, 6)
    np.testing.assert_allclose(*(m.predict(Xr) for m in models), rtol=1e-12)
    again = pickle.loads(pickle.dumps(models[1]))
    np.testing.assert_array_equal(again.predict(Xr), models[1].predict(Xr))


def test_the_number_of_layers_cuts_off_too():
    """As in scikit-learn; and fewer coefs_ alone are enough here."""
    theirs, ours, short = (
        cls(**params()).fit(Xr, Xr)
        for cls in (MLPRegressor, ScratchMLPRegressor, ScratchMLPRegressor)
    )
    theirs.n_layers_ = ours.n_layers_ = 3
    short.coefs_ = short.coefs_[:2]
    np.testing.assert_allclose(theirs.predict(Xr), ours.predict(Xr), rtol=1e-12)
    np.testing.assert_allclose(theirs.predict(Xr), short.predict(Xr), rtol=1e-12)


def test_an_intercept_too_many_is_left_out_as_in_scikit_learn():
    models = [cls(**params()).fit(X, y) for cls in CLASSIFIERS]
    for model in models:
        model.intercepts_.append(np.ones(3))
    assert_same(*models, X)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda m: setattr(m, "intercepts_", m.intercepts_[:2]),
            "3 coefs_ and 2 intercepts_ were assigned: each of the 3 layers needs one",
        ),
        (
            lambda m: m.coefs_.__setitem__(1, np.ones((3, 3))),
            r"each n_in the n_out before it; got \[\(64, 9\), \(3, 3\)",
        ),
        (
            lambda m: m.coefs_.__setitem__(0, np.array(1.0)),
            r"each n_in the n_out before it; got \[\(\)",
        ),
        (
            lambda m: m.coefs_.__setitem__(0, 1j * m.coefs_[0]),
            "coefs_ and intercepts_ must be real numbers, got dtype complex128",
        ),
        (
            lambda m: (
                m.coefs_.__setitem__(2, np.ones((6, 4))),
                m.intercepts_.__setitem__(2, np.ones(4)),
            ),
            "The last of coefs_ has 4 columns, but 10 classes_ need 10",
        ),
    ],
)
def test_arrays_that_do_not_fit(change, message):
    model = ScratchMLPClassifier(**params()).fit(X, y)
    change(model)
    with pytest.raises(ValueError, match=message):
        model.predict(X)
    model.fit(X, y)  # which asks for none of them
    assert model.predict(X).shape == y.shape


@pytest.mark.parametrize("activation", ["tanh", "identity", "logistic"])
def test_another_activation_after_the_fit_changes_predictions(activation):
    models = [cls(**params()).fit(X, y) for cls in CLASSIFIERS]
    for model in models:
        model.set_params(activation=activation)
    np.testing.assert_allclose(*(m.predict_proba(X) for m in models), rtol=1e-10)
    again = pickle.loads(pickle.dumps(models[1]))
    np.testing.assert_array_equal(again.predict_proba(X), models[1].predict_proba(X))
    models[1].set_params(activation="relu")
    plain = ScratchMLPClassifier(**params()).fit(X, y)
    np.testing.assert_allclose(models[1].predict_proba(X), plain.predict_proba(X))


@pytest.mark.parametrize("link", ["identity", "logistic", "exp"])
def test_another_output_activation_after_the_fit_changes_predictions(link):
    ours, plain = (ScratchMLPRegressor(**params()).fit(Xr, yr) for _ in range(2))
    ours.out_activation_ = link
    z = plain.predict(Xr)
    wanted = {"identity": z, "logistic": 1 / (1 + np.exp(-z)), "exp": np.exp(z)}
    np.testing.assert_allclose(ours.predict(Xr), wanted[link], rtol=1e-10)
    if link != "exp":
        theirs = MLPRegressor(**params()).fit(Xr, yr)
        theirs.out_activation_ = link
        np.testing.assert_allclose(ours.predict(Xr), theirs.predict(Xr), rtol=1e-10)


def test_an_output_activation_that_is_none():
    model = ScratchMLPRegressor(**params()).fit(Xr, yr)
    model.out_activation_ = "magic"
    with pytest.raises(ValueError, match=r"out_activation_ must be among \['identity'"):
        model.predict(Xr)


# ---- names that code in the wild reads ----------------------------------------------


@cases
def test_losses_are_numpys_numbers(case):
    cls, our_cls, rows, target = case
    theirs, ours = (
        cls(**params()).fit(rows, target),
        our_cls(**params()).fit(rows, target),
    )
    for name in ("loss_", "best_loss_"):
        assert type(getattr(ours, name)) is type(getattr(theirs, name)) is np.float64
    assert type(ours.loss_curve_[0]) is type(theirs.loss_curve_[0])
    assert ours.loss_.round(3) == theirs.loss_.round(3)


@pytest.mark.parametrize("target", [y, NAMES, LABELS, y > 4])
def test_the_label_binarizer(target):
    theirs, ours = (
        cls(**params()).fit(X, target)._label_binarizer for cls in CLASSIFIERS
    )
    np.testing.assert_array_equal(theirs.classes_, ours.classes_)
    assert theirs.y_type_ == ours.y_type_
    np.testing.assert_array_equal(theirs.transform(target), ours.transform(target))


def test_the_forward_pass_and_the_generator():
    theirs, ours = (cls(**params()).fit(X, y) for cls in CLASSIFIERS)
    np.testing.assert_array_equal(
        theirs._forward_pass_fast(X, check_input=False),
        ours._forward_pass_fast(X, check_input=False),
    )
    assert isinstance(ours._random_state, np.random.RandomState)


def test_sparse_labels_give_sparse_predictions():
    for given in (sparse.csr_matrix(LABELS), sparse.csr_array(LABELS)):
        theirs, ours = (cls(**params()).fit(X, given) for cls in CLASSIFIERS)
        assert type(theirs.predict(X)) is type(ours.predict(X))
        assert theirs.predict(X).dtype == ours.predict(X).dtype
        np.testing.assert_array_equal(
            theirs.predict(X).toarray(), ours.predict(X).toarray()
        )
        assert ours.score(X, given) == theirs.score(X, given)
