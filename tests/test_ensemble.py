"""Ensembles: the members are those fitted alone, and vote as scikit-learn lets them."""

import pickle

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_iris,
    make_multilabel_classification,
)
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn_scratch import ResNetClassifier, ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._estimators import together
from sknn_scratch.ensemble import NetworkEnsembleClassifier, NetworkEnsembleRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
names = np.array(["setosa", "versicolor", "virginica"])[y]
weight = np.random.default_rng(0).uniform(size=len(y))
net = ScratchMLPClassifier((5,), max_iter=8, learning_rate_init=0.02)
residual = ResNetClassifier(3, width=6, max_iter=4)
number_net = ScratchMLPRegressor(
    hidden_layer_sizes=(5,), max_iter=8, learning_rate_init=0.02
)


def seeds(n, random_state=0):
    return np.random.RandomState(random_state).randint(2**31 - 1, size=n).tolist()


def alone(estimator, n=3, **params):
    """The members as a user would fit them, one by one."""
    return [
        clone(estimator).set_params(random_state=seed).fit(X, y, **params)
        for seed in seeds(n)
    ]


def ensemble(estimator=net, n_members=3, random_state=0, **params):
    params = {"n_members": n_members, "random_state": random_state, **params}
    regresses = "Regressor" in type(estimator).__name__
    cls = NetworkEnsembleRegressor if regresses else NetworkEnsembleClassifier
    return cls(estimator, **params)


@pytest.mark.parametrize("member", [net, residual], ids=type)
def test_the_members_are_those_fitted_alone(member):
    model = ensemble(member).fit(X, y)
    one_by_one = alone(member)
    for ours, theirs in zip(model.estimators_, one_by_one, strict=True):
        assert ours.loss_curve_ == theirs.loss_curve_
        assert ours.random_state == theirs.random_state
    mean = np.mean([each.predict_proba(X) for each in one_by_one], axis=0)
    np.testing.assert_allclose(model.predict_proba(X), mean, rtol=1e-12)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(mean), rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), mean.argmax(axis=1))
    assert model.score(X, y) == np.mean(mean.argmax(axis=1) == y)
    spread = np.std([each.predict_proba(X) for each in one_by_one], axis=0, ddof=1)
    np.testing.assert_allclose(model.predict_std(X), spread, rtol=1e-9)


def test_the_members_are_trained_at_once(monkeypatch):
    sizes = []
    train = together.train_together
    monkeypatch.setattr(
        together, "train_together", lambda runs: sizes.append(len(runs)) or train(runs)
    )
    ensemble(n_members=5).fit(X, y)
    ensemble(n_members=4, bootstrap=True).fit(X, y)
    assert sizes == [5, 4]


def test_numbers():
    data, target = load_diabetes(return_X_y=True)
    model = ensemble(number_net).fit(data, target)
    each = [
        clone(number_net).set_params(random_state=s).fit(data, target).predict(data)
        for s in seeds(3)
    ]
    np.testing.assert_allclose(model.predict(data), np.mean(each, axis=0), rtol=1e-12)
    spread = np.std(each, axis=0, ddof=1)
    np.testing.assert_allclose(model.predict_std(data), spread, rtol=1e-9)
    two = ensemble(number_net).fit(data, np.column_stack([target, -target]))
    assert two.predict(data).shape == two.predict_std(data).shape == (len(data), 2)


def test_bootstrap_draws_rows_of_each_class():
    few = np.r_[0:50, 50:53, 100:150]  # three of the second class
    model = ensemble(bootstrap=True, n_members=20).fit(X[few], names[few])
    for member in model.estimators_:
        np.testing.assert_array_equal(member.classes_, np.unique(names))
    rng = np.random.RandomState(0)
    rng.randint(2**31 - 1, size=20)
    drawn = model._drawn_rows(names[few], rng)
    assert len(drawn) == len(few) > len(set(drawn))
    shares = [np.unique(names[few][rows], return_counts=True)[1] for rows in (drawn,)]
    np.testing.assert_array_equal(shares[0], [50, 3, 50])
    first = clone(net).set_params(random_state=seeds(20)[0])
    first.fit(X[few][drawn], names[few][drawn])
    np.testing.assert_array_equal(first.coefs_[0], model.estimators_[0].coefs_[0])


def test_bootstrap_of_numbers_and_labels():
    data, target = load_diabetes(return_X_y=True)
    model = ensemble(number_net, bootstrap=True).fit(data, target)
    drawn = model._drawn_rows(target, np.random.RandomState(1))
    # Of n rows 1 - 1/e are drawn.
    assert 0.58 < len(set(drawn)) / len(target) < 0.68
    data, labels = make_multilabel_classification(60, n_classes=3, random_state=0)
    model = ensemble(bootstrap=True).fit(data, labels)
    assert model.predict(data).shape == labels.shape
    assert set(np.unique(model.predict(data))) <= {0, 1}
    assert model.predict_proba(data).shape == labels.shape


def test_multioutput_classes():
    both = np.column_stack([names, y % 2])
    model = ensemble().fit(X, both)
    probabilities = model.predict_proba(X)
    assert [p.shape for p in probabilities] == [(150, 3), (150, 2)]
    assert [p.shape for p in model.predict_std(X)] == [(150, 3), (150, 2)]
    assert [p.shape for p in model.predict_log_proba(X)] == [(150, 3), (150, 2)]
    predicted = model.predict(X)
    for i, (p, known) in enumerate(zip(probabilities, model.classes_, strict=True)):
        np.testing.assert_array_equal(predicted[:, i], known[p.argmax(axis=1)])
    right = (predicted == both).all(axis=1)
    assert model.score(X, both) == right.mean()
    np.testing.assert_allclose(
        model.score(X, both, weight), np.average(right, weights=weight)
    )


def test_weights_of_the_rows():
    weighted = ensemble().fit(X, y, weight)
    for ours, theirs in zip(
        weighted.estimators_, alone(net, sample_weight=weight), strict=True
    ):
        np.testing.assert_array_equal(ours.coefs_[0], theirs.coefs_[0])
    # Rows that weigh nothing may as well be missing: bootstrap takes the weights along.
    none = np.where(y == 2, 0.0, 1.0)
    model = ensemble(bootstrap=True).fit(X, y, none)
    assert not (model.predict(X) == 2).any()


def test_weights_reach_the_net_in_a_pipeline():
    piped = make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), net))
    model = ensemble(piped).fit(X, y, weight)
    ours = model.estimators_[0][-1][-1]
    scaled = StandardScaler().fit_transform(StandardScaler().fit_transform(X))
    theirs = clone(net).set_params(random_state=seeds(1)[0]).fit(scaled, y, weight)
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-6)
    target = TransformedTargetRegressor(make_pipeline(StandardScaler(), number_net))
    ensemble(target).fit(X, y, weight)


def test_weights_are_routed_on_request():
    with sklearn.config_context(enable_metadata_routing=True):
        asks = clone(net).set_fit_request(sample_weight=True)
        routed = ensemble(asks).fit(X, y, sample_weight=weight)
        with pytest.raises(ValueError, match="sample_weight"):
            ensemble().fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(
        routed.predict_proba(X), ensemble().fit(X, y, weight).predict_proba(X)
    )


def test_a_validation_set_is_passed_on():
    stopping = clone(net).set_params(early_stopping=True)
    train, val = train_test_split(np.arange(150), random_state=0)
    for bootstrap in (False, True):
        model = ensemble(stopping, bootstrap=bootstrap)
        model.fit(X[train], y[train], X_val=X[val], y_val=y[val])
        first = model.estimators_[0]
        scores = first.validation_scores_
        np.testing.assert_allclose(max(scores), first.score(X[val], y[val]))


def test_frames_reach_a_column_transformer():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"]).assign(kind=names)
    columns = make_column_transformer(
        (OneHotEncoder(), ["kind"]), remainder=StandardScaler()
    )
    model = ensemble(make_pipeline(columns, net), bootstrap=True).fit(frame, y)
    assert list(model.feature_names_in_) == ["a", "b", "c", "d", "kind"]
    assert model.predict(frame).shape == (150,)
    model.set_params(estimator=net).fit(X, y)
    assert not hasattr(model, "feature_names_in_")


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.coo_matrix, list])
def test_kinds_of_rows(kind):
    given = X.tolist() if kind is list else kind(X)
    for bootstrap in (False, True):
        expected = ensemble(bootstrap=bootstrap).fit(X, y).predict_proba(X)
        if kind is sparse.coo_matrix and bootstrap:
            given = given.tocsr()
        model = ensemble(bootstrap=bootstrap).fit(given, y)
        np.testing.assert_allclose(model.predict_proba(given), expected, rtol=1e-6)
        np.testing.assert_array_equal(model.predict(given), expected.argmax(axis=1))


@pytest.mark.parametrize("bootstrap", [False, True])
def test_processes_change_nothing(bootstrap):
    one = ensemble(bootstrap=bootstrap, n_members=4).fit(X, y)
    two = ensemble(bootstrap=bootstrap, n_members=4, n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))


def test_float32_stays_float32():
    model = ensemble().fit(X.astype(np.float32), y)
    assert model.predict_proba(X.astype(np.float32)).dtype == np.float32
    assert model.predict_std(X.astype(np.float32)).dtype == np.float32


def test_a_single_member_has_no_spread():
    model = ensemble(n_members=1).fit(X, y)
    assert np.isnan(model.predict_std(X)).all()
    np.testing.assert_array_equal(
        model.predict_proba(X), model.estimators_[0].predict_proba(X)
    )


def test_pickled_once():
    """Weights and Adam's two moments of each member, and little else."""
    big = clone(net).set_params(hidden_layer_sizes=(200,), max_iter=2)
    model = ensemble(big).fit(X, y)
    n = sum(member._network.theta.nbytes for member in model.estimators_)
    text = pickle.dumps(model)
    assert len(text) < 3.2 * n + 20_000
    loaded = pickle.loads(text)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("target", [y, names, y % 2], ids=["codes", "names", "two"])
def test_scikit_learn_votes_the_same(target):
    piped = make_pipeline(StandardScaler(), net)
    for member in (net, piped):
        model = ensemble(member).fit(X, target)
        theirs = model.to_sklearn()
        assert isinstance(theirs, VotingClassifier)
        np.testing.assert_array_equal(theirs.predict(X), model.predict(X))
        np.testing.assert_allclose(
            theirs.predict_proba(X), model.predict_proba(X), rtol=1e-12
        )
        np.testing.assert_array_equal(theirs.classes_, model.classes_)
        assert theirs.n_features_in_ == 4
        assert "sknn_scratch" not in str(
            {type(m).__module__ for m in theirs.estimators_}
        )
        assert theirs.score(X, target) == model.score(X, target)
        clone(theirs)


def test_scikit_learn_averages_the_same():
    target = X[:, 0] ** 2
    transformed = TransformedTargetRegressor(number_net, transformer=StandardScaler())
    for member in (number_net, transformed):
        model = NetworkEnsembleRegressor(member, 3, random_state=0).fit(X, target)
        theirs = model.to_sklearn()
        assert isinstance(theirs, VotingRegressor)
        np.testing.assert_allclose(theirs.predict(X), model.predict(X), rtol=1e-12)


def test_to_sklearn_says_what_cannot_be_handed_over():
    with pytest.raises(NotFittedError):
        ensemble().to_sklearn()
    labels = np.column_stack([y % 2, y > 0]).astype(int)
    with pytest.raises(ValueError, match="voting takes one target"):
        ensemble().fit(X, labels).to_sklearn()
    with pytest.raises(ValueError, match="ResNetClassifier has no counterpart in scik"):
        ensemble(residual).fit(X, y).to_sklearn()


def test_other_estimators_are_fitted_one_by_one():
    model = NetworkEnsembleClassifier(
        LogisticRegression(), 3, bootstrap=True, random_state=0
    ).fit(X, y)
    assert len({member.coef_.tobytes() for member in model.estimators_}) == 3
    assert model.score(X, y) > 0.9
    with pytest.raises(
        ValueError, match=r"LinearRegression\(\) has no random_state .*bootstrap=True"
    ):
        NetworkEnsembleRegressor(LinearRegression()).fit(X, y)


def test_a_failed_fit_leaves_the_ensemble_as_it_was():
    model = ensemble().fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full_like(X, np.nan), y)
    with pytest.raises(ValueError, match="alpha"):
        model.set_params(estimator=clone(net).set_params(alpha=-1)).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_members": 0}, "'n_members' parameter of NetworkEnsembleClassifier"),
        ({"bootstrap": "yes"}, "'bootstrap' parameter"),
        ({"estimator": 3}, "'estimator' parameter"),
        ({"random_state": "a"}, "'random_state' parameter"),
        ({"n_jobs": 1.5}, "'n_jobs' parameter"),
    ],
)
def test_wrong_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        ensemble().set_params(**params).fit(X, y)


@pytest.mark.parametrize("bootstrap", [False, True])
def test_wrong_data(bootstrap):
    model = ensemble(bootstrap=bootstrap)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(X, y[:-1])
    with pytest.raises(ValueError, match="requires y to be passed, but the target y"):
        model.fit(X, None)
    for method in ("predict", "predict_proba", "predict_std"):
        with pytest.raises(NotFittedError):
            getattr(model, method)(X)
    assert not hasattr(model, "classes_")


def test_better_than_its_members():
    """What it is for: lower log loss than the members' mean, on rows held out."""
    rows = train_test_split(*load_breast_cancer(return_X_y=True), random_state=0)
    scaler = StandardScaler().fit(rows[0])
    train, test = scaler.transform(rows[0]), scaler.transform(rows[1])
    member = ScratchMLPClassifier((30,), learning_rate_init=0.01, max_iter=60)
    model = ensemble(member, n_members=8, bootstrap=True).fit(train, rows[2])

    def loss(estimator):
        p = estimator.predict_proba(test)[np.arange(len(test)), rows[3]]
        return -np.log(p).mean()

    assert loss(model) < 0.9 * np.mean([loss(each) for each in model.estimators_])


def test_in_a_search_and_in_cross_validation():
    assert len(cross_val_score(ensemble(), X, y, cv=3)) == 3
    copied = clone(ensemble(clone(net)).set_params(estimator__alpha=0.5))
    assert copied.estimator.alpha == 0.5


def test_ctrl_c_ends_all_members(monkeypatch):
    def interrupted(runs):
        raise KeyboardInterrupt

    monkeypatch.setattr(together, "train_together", interrupted)
    model = ensemble()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not hasattr(model, "estimators_")
