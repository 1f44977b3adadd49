"""Many fits at once: estimators of this package, bare or inside others.

A net waits in its ``fit`` until the others have got as far: then those that can be
trained together are, and the rest one by one. Whatever is around a net (a pipeline, a
transformed target) is fitted by scikit-learn's own code, on the way to that point.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from sknn_scratch._estimators.base import BaseNeuralEstimator
from sknn_scratch._estimators.classifier import NeuralClassifier
from sknn_scratch._estimators.regressor import NeuralRegressor
from sknn_scratch._estimators.solvers import Minibatch
from sknn_scratch._training.stacked_rows import ApartError, same
from sknn_scratch._training.together import key, nets_at_once, train_together

#: Nets wait with their rows; so many bytes of them at the most.
WAITING_BYTES = 1 << 28


@dataclass
class Fit:
    """One fit to be done.

    Parameters
    ----------
    estimator : estimator
        Is fitted.
    X, y
        Rows and targets.
    params : dict
        What else its ``fit`` is given.
    """

    estimator: Any
    X: Any
    y: Any
    params: dict = field(default_factory=dict)
    #: What its fit raised, if it failed.
    error: Exception | None = None
    #: Its share of the time.
    seconds: float = 0.0
    #: Whether it was trained with others.
    together: bool = False


def net_of(estimator):
    """The net that is fitted last inside an estimator, or None."""
    if isinstance(estimator, BaseNeuralEstimator):
        return estimator
    if isinstance(estimator, Pipeline):
        return net_of(estimator.steps[-1][1])
    if isinstance(estimator, TransformedTargetRegressor):
        return net_of(estimator.regressor)
    return None


def can_wait(net):
    """Whether a net's fit is the one that we know, of a solver by minibatches."""
    return (
        net is not None
        and type(net).fit in (NeuralClassifier.fit, NeuralRegressor.fit)
        and not getattr(net, "warm_start", True)
        and not getattr(net, "_skl_callbacks", None)
    )


class Waiting:
    """A net's ``fit`` that stops short of the training.

    It is an attribute of the net's, as is ``__sklearn_clone__``: a meta-estimator that
    clones the net before it fits it is followed.
    """

    def __init__(self, net):
        self.solver = self.run = None
        self.follow(net)

    def follow(self, net):
        """Wait in this net's fit."""
        net.fit = lambda *args, **kwargs: self.fit(net, *args, **kwargs)
        net.__sklearn_clone__ = lambda: self.clone(net)
        return net

    def clone(self, net):
        """Give a clone that waits in the net's place."""
        self.leave(net)
        return self.follow(clone(net))

    @staticmethod
    def leave(net):
        """Give the net its own methods back."""
        vars(net).pop("fit", None)
        vars(net).pop("__sklearn_clone__", None)

    def fit(self, net, X, y, sample_weight=None, **validation_set):
        """Prepare the training, and wait."""
        self.leave(net)
        net._validate_params()
        self.solver = net._waiting(X, y, sample_weight, **validation_set)
        if isinstance(self.solver, Minibatch):
            self.run = self.solver.start(dict)
        return net


def fit_together(fits):
    """Do some fits, those of a kind at once.

    Parameters
    ----------
    fits : iterable of Fit
        Their estimators are fitted, or ``error`` says why not; ``seconds`` and
        ``together`` are filled in.
    """
    groups: dict = defaultdict(list)
    held = 0
    for fit in fits:
        start = perf_counter()
        waiting = _prepared(fit)
        fit.seconds += perf_counter() - start
        if waiting is None:
            continue
        group = groups[key(waiting.run)]
        held += _unite(waiting.run, [other.run for _, other in group])
        group.append((fit, waiting))
        if held > WAITING_BYTES:
            _train_groups(groups)
            groups.clear()
            held = 0
    _train_groups(groups)


def _prepared(fit):
    """The net that waits in a fit; None if the fit is done, or has failed."""
    net = net_of(fit.estimator)
    waiting = Waiting(net) if can_wait(net) else None
    try:
        fit.estimator.fit(fit.X, fit.y, **fit.params)
        if waiting is None:
            return None
        if waiting.run is not None and key(waiting.run) is not None:
            return waiting
        _conclude(waiting, lambda: _run(waiting))
    except Exception as error:
        fit.error = error
    finally:
        if waiting is not None:
            waiting.leave(net)
    return None


def _unite(run, others):
    """Let a run share the rows of an earlier one that has the same; new bytes held."""
    for other in others:
        if same([run.problem.X, other.problem.X]):
            run.problem.X = other.problem.X
            return 0
    return run.problem.X.nbytes


def _train_groups(groups):
    for group in groups.values():
        size = nets_at_once(group[0][1].run)
        for start in range(0, len(group), size):
            _train(group[start : start + size])


def _train(group):
    """Train some nets of one kind, and conclude their fits."""
    start = perf_counter()
    runs = [waiting.run for _, waiting in group]
    try:
        ended = train_together(runs) if len(runs) > 1 else None
    except ApartError:
        for fit, _ in group:
            fit.estimator = clone(fit.estimator)
            _alone(fit)
        return
    for i, (fit, waiting) in enumerate(group):
        fit.together = ended is not None
        try:
            if ended is None:
                _conclude(waiting, lambda: _run(waiting))  # noqa: B023
            else:
                _conclude(waiting, lambda: waiting.solver.finish(ended[i]))  # noqa: B023
        except Exception as error:
            fit.error = error
    seconds = (perf_counter() - start) / len(group)
    for fit, _ in group:
        fit.seconds += seconds


def _run(waiting):
    """Run a training that has been prepared."""
    solver = waiting.solver
    if waiting.run is None:
        solver.run(dict)
    else:
        solver.resume(waiting.run)


def _conclude(waiting, train):
    train()
    waiting.solver.estimator._concluded(waiting.solver)


def _alone(fit):
    start = perf_counter()
    try:
        fit.estimator.fit(fit.X, fit.y, **fit.params)
    except Exception as error:
        fit.error = error
    fit.seconds += perf_counter() - start
