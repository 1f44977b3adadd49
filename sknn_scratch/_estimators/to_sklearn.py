"""To scikit-learn's own estimators, where they can do what ours was asked to."""

import copy
import inspect

import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import check_is_fitted

from sknn_scratch._estimators.targets import Classes, Labels
from sknn_scratch._nn.activations import ACTIVATIONS

#: The activations that scikit-learn has.
SHARED = ("identity", "logistic", "tanh", "relu")


def to_sklearn(model, cls):
    """A fitted estimator of scikit-learn's class ``cls`` that predicts as ``model``.

    Raises ValueError naming every option that changes predictions and that
    scikit-learn does not have.
    """
    check_is_fitted(model)
    network = model._adopted_network()
    dense = network.prediction_layers
    names = {_name(layer.f) for layer in dense[:-1]} or {"identity"}
    kind = model._adopted_target(network)
    reasons = []
    if len(names) > 1 or not names <= set(SHARED):
        reasons.append(f"activation={model.activation!r}")
    if model.out_activation_ == "exp" and model.loss != "poisson":
        reasons.append(f"loss={model.loss!r} with its exponential output")
    if hasattr(model, "classes_") and not isinstance(kind, (Classes, Labels)):
        reasons.append("multiclass-multioutput targets")
    if reasons:
        raise ValueError(
            f"scikit-learn's {cls.__name__} has no {', '.join(reasons)}: this model "
            "cannot be handed over."
        )
    return _filled(model, cls, network, kind, dense, names.pop())


def with_what_is_around(model):
    """The same of a net inside a pipeline or a transformed target: a fitted copy.

    Raises ValueError for what has no counterpart in scikit-learn.
    """
    if isinstance(model, Pipeline):
        *before, (name, last) = model.steps
        theirs = copy.copy(model)
        theirs.steps = [*before, (name, with_what_is_around(last))]
        return theirs
    if isinstance(model, TransformedTargetRegressor):
        theirs = copy.copy(model)
        theirs.regressor_ = with_what_is_around(model.regressor_)
        theirs.regressor = clone(theirs.regressor_)
        return theirs
    if hasattr(model, "to_sklearn"):
        return model.to_sklearn()
    if type(model).__module__.partition(".")[0] == "sklearn":
        return model
    raise ValueError(f"{type(model).__name__} has no counterpart in scikit-learn.")


def _name(f):
    """The name of an activation in the table, or its own text."""
    names = {type(entry): name for name, entry in ACTIVATIONS.items()}
    return names.get(type(f), repr(f))


def _filled(model, cls, network, kind, dense, activation):
    own = model.get_params(deep=False)
    # What only ours can be asked for concerned the training, which is over.
    known = inspect.signature(cls).parameters
    params = {name: value for name, value in own.items() if name in known}
    params["activation"] = activation
    params["hidden_layer_sizes"] = tuple(layer.n_out for layer in dense[:-1])
    if model.solver not in ("lbfgs", "sgd", "adam"):
        params["solver"] = "adam"
    if model.learning_rate not in ("constant", "invscaling", "adaptive"):
        params["learning_rate"] = "constant"
    if "loss" in params and model.out_activation_ == "identity":
        params["loss"] = "squared_error"
    theirs = cls(**params)
    theirs.coefs_ = [W.copy() for W in network.named["W"]]
    theirs.intercepts_ = [b.copy() for b in network.named["b"]]
    ours_alone = ("coefs_", "intercepts_", "best_iter_", "validation_loss_curve_")
    for name, value in vars(model).items():
        if name.endswith("_") and name not in ours_alone:
            setattr(theirs, name, value)
    if hasattr(model, "classes_"):
        labels = LabelBinarizer()
        multilabel = isinstance(kind, Labels)
        classes = model.classes_
        labels.fit(np.eye(len(classes), dtype=int) if multilabel else classes)
        theirs._label_binarizer = labels
    theirs._random_state = np.random.RandomState(0)
    theirs._no_improvement_count = model.__dict__.get("_no_improvement_count", 0)
    return theirs
