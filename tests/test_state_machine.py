"""Any sequence of fits, failures and changes: the invariants that users count on.

Two models of the same seeds go through the same random calls. After each: the two are
equal to the bit; predictions are finite, or one of the documented errors; a call that
failed has changed nothing.
"""

import copy
import pickle
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sknn_scratch import ResNetClassifier, ScratchMLPClassifier, ScratchMLPRegressor

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies
stateful = pytest.importorskip("hypothesis.stateful")

X, y = load_iris(return_X_y=True)
X = X[::3] - X.mean(axis=0)
Y = {
    "classes": y[::3],
    "names": np.array(list("abc"))[y[::3]],
    "binary": (y[::3] > 0).astype(int),
    "labels": np.c_[y[::3] > 0, y[::3] == 2].astype(int),
    "outputs": np.c_[y[::3], y[::3] > 1],
}
NUMBERS = {"one": X[:, 0] * 2, "two": X[:, :2], "large": 1e3 * X[:, 1]}

BAD = {
    "NaN": lambda target: {"X": np.full_like(X, np.nan)},
    "columns": lambda target: {"X_val": X[:, :2], "y_val": target},
    "no weight": lambda target: {"sample_weight": np.zeros(len(X))},
    "huge": lambda target: {"X": X * 1e300},
}
COMMON = {
    "alpha": [0.0, 1e-3],
    "learning_rate_init": [1e-3, 0.05],
    "solver": ["adam", "sgd", "lbfgs", "adamw", "nadam", "rmsprop"],
    "early_stopping": [False, True],
    "warm_start": [False, True],
    "dropout": [0.0, 0.4],
    "input_dropout": [0.0, 0.3],
    "weight_averaging": [None, 0.9],
    "clip_norm": [None, 1.0],
    "learning_rate": ["constant", "adaptive", "cosine", "invscaling"],
    "batch_size": ["auto", 7],
    "max_iter": [1, 3],
    "tol": [1e-4, 10.0],
    "dtype": [None, "float32"],
    "random_state": [0, 1],
    "activation": ["relu", "tanh", "gelu"],
}


class Bomb:
    """A scorer that goes off at its k-th call."""

    def __init__(self, k, error):
        self.k, self.error, self.calls = k, error, 0

    def __call__(self, model, rows, targets):
        self.calls += 1
        if self.calls == self.k:
            raise self.error("the bomb")
        return 0.5


class Machine(stateful.RuleBasedStateMachine):
    """The rules; a subclass says of what estimator."""

    make: type
    targets: dict

    @stateful.initialize()
    def start(self):
        self.models = [self.make(), self.make()]

    def both(self, call):
        """Do the same to both; a failed call must have changed nothing."""
        answers = []
        for model in self.models:
            before = self.state(model)
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                try:
                    answers.append(call(model))
                except (ValueError, AttributeError, RuntimeError) as error:
                    answers.append((type(error), str(error)))
            if isinstance(answers[-1], tuple):
                assert self.state(model) == before, answers[-1]
        return answers

    @staticmethod
    def state(model):
        """Everything that the model is, as bytes."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kept = dict(vars(model))
        kept.pop("scoring", None)
        kept.pop("history_", None)  # its seconds differ
        return pickle.dumps(
            {
                name: [array.tobytes() for array in value]
                if name in ("coefs_", "intercepts_")
                else value
                for name, value in sorted(kept.items())
            }
        )

    @stateful.rule(data=st.data(), weighted=st.booleans(), given=st.booleans())
    def fit(self, data, weighted, given):
        target = self.targets[data.draw(st.sampled_from(sorted(self.targets)))]
        weight = np.linspace(0, 1, len(X)) if weighted else None
        more = {"X_val": X[::5], "y_val": target[::5]} if given else {}
        self.both(lambda model: model.fit(X, target, weight, **more) and None)

    @stateful.rule(data=st.data(), n=st.integers(3, 50), given=st.booleans())
    def partial_fit(self, data, n, given):
        target = self.targets[data.draw(st.sampled_from(sorted(self.targets)))]
        more = {"X_val": X[::5], "y_val": target[::5]} if given else {}
        if data.draw(st.booleans()) and self.targets is Y and target.ndim == 1:
            more["classes"] = np.unique(target)
        self.both(lambda m: m.partial_fit(X[-n:], target[-n:], **more) and None)

    @stateful.rule(
        data=st.data(),
        k=st.integers(1, 3),
        error=st.sampled_from([RuntimeError, KeyboardInterrupt, ValueError]),
        partial=st.booleans(),
    )
    def interrupted_fit(self, data, k, error, partial):
        target = self.targets[data.draw(st.sampled_from(sorted(self.targets)))]

        def call(model):
            before = model.scoring
            model.set_params(scoring=Bomb(k, error))
            try:
                fit = model.partial_fit if partial else model.fit
                fit(X, target, X_val=X, y_val=target)
            finally:
                model.set_params(scoring=before)

        self.both(call)

    @stateful.rule(data=st.data(), bad=st.sampled_from(sorted(BAD)))
    def bad_data(self, data, bad):
        target = self.targets[data.draw(st.sampled_from(sorted(self.targets)))]
        given = {"X": X, "y": target, **BAD[bad](target)}
        self.both(lambda model: model.fit(**given) and None)

    @stateful.rule(data=st.data())
    def set_params(self, data):
        name = data.draw(st.sampled_from(sorted(COMMON)))
        value = data.draw(st.sampled_from(COMMON[name]))
        self.both(lambda model: model.set_params(**{name: value}) and None)

    @stateful.rule(way=st.sampled_from(["pickle", "deepcopy", "discard"]))
    def copied(self, way):
        for i, model in enumerate(self.models):
            if way == "pickle":
                self.models[i] = pickle.loads(pickle.dumps(model))
            elif way == "deepcopy":
                self.models[i] = copy.deepcopy(model)
            elif hasattr(model, "_network"):
                model.discard_training_state()

    @stateful.rule(factor=st.sampled_from([0.5, -1.0]))
    def assigned(self, factor):
        for model in self.models:
            if hasattr(model, "coefs_"):
                model.coefs_ = [factor * W for W in model.coefs_]

    @stateful.invariant()
    def predictions_are_finite_or_an_error(self):
        if not hasattr(self, "models") or not hasattr(self.models[0], "_network"):
            return
        answers = self.both(lambda model: model.predict(X).tobytes())
        assert answers[0] == answers[1]
        if isinstance(answers[0], bytes):
            predicted = self.models[0].predict(X)
            if predicted.dtype.kind == "f":
                assert np.isfinite(predicted).all()
        else:
            _, message = answers[0]
            assert "not finite" in message or "activation" in message, message

    @stateful.invariant()
    def the_record_fits_together(self):
        if not hasattr(self, "models") or not hasattr(self.models[0], "history_"):
            return
        for model in self.models:
            losses = [record["loss"] for record in model.history_]
            assert losses == model.loss_curve_
            assert [r["epoch"] for r in model.history_] == [*range(1, len(losses) + 1)]
            assert model.best_iter_ <= len(losses)
            np.testing.assert_equal(*(m.loss_curve_ for m in self.models))


def machine(made, its_targets):
    class Case(Machine):
        make = staticmethod(made)
        targets = its_targets

    Case.TestCase.settings = hypothesis.settings(
        hypothesis.settings.default,
        max_examples=hypothesis.settings.default.max_examples // 5,
        stateful_step_count=12,
    )
    return Case.TestCase


TestClassifiers = machine(
    lambda: ScratchMLPClassifier((4, 3), max_iter=2, random_state=0), Y
)
TestResNets = machine(
    lambda: ResNetClassifier(2, width=3, max_iter=2, random_state=0), Y
)
TestRegressors = machine(
    lambda: ScratchMLPRegressor(hidden_layer_sizes=(4, 3), max_iter=2, random_state=0),
    NUMBERS,
)
