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
from sknn_scratch._estimators.solvers import SOLVERS, Minibatch
from sknn_scratch._training.stacked_rows import ApartError, SharedRows, same
from sknn_scratch._training.together import key, nets_at_once, train_together

#: Nets wait with their rows; so many bytes of them at the most.
WAITING_BYTES = 1 << 28
#: So many nets with the same batches are a stack of their own, which gathers them once.
ENOUGH = 8


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
    #: Whether it has been done, and whether with others.
    done: bool = False
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
        and SOLVERS.get(net.solver) is Minibatch
        and not net.warm_start
        and not getattr(net, "_skl_callbacks", None)
    )


class Waiting:
    """A net's ``fit`` that stops short of the training.

    It is an attribute of the net's, as is ``__sklearn_clone__``: a meta-estimator that
    clones the net before it fits it is followed.
    """

    #: The solver, and the training that it has started.
    solver: Any
    run: Any

    def __init__(self, net):
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
        self.run = self.solver.start(dict)
        return net

    def conclude(self, ended=None):
        """Go on with the fit; ``ended`` tells of its training, None if it is to come.

        ``ended`` says whether it ended before ``max_iter``.
        """
        if ended is None:
            self.solver.resume(self.run)
        else:
            self.solver.finish(ended)
        self.solver.estimator._concluded(self.solver)


def fit_together(fits, alone=True):
    """Do some fits, those of a kind at once.

    Parameters
    ----------
    fits : iterable of Fit
        Their estimators are fitted, or ``error`` says why not; the other fields are
        filled in, too.
    alone : bool, default=True
        Whether to do those that others gain nothing by; else they are left undone.

    Returns
    -------
    list of Fit
        All of them.
    """
    groups: dict = defaultdict(list)
    held, seen = 0, []
    for fit in fits:
        seen.append(fit)
        waiting = _prepared(fit, alone)
        if waiting is None:
            continue
        group = groups[key(waiting.run)]
        held += _unite(waiting.run, [other.run for _, other in group])
        group.append((fit, waiting))
        if held > WAITING_BYTES:
            _train_groups(groups, alone)
            groups.clear()
            held = 0
    _train_groups(groups, alone)
    return seen


def _prepared(fit, alone):
    """The net that waits in a fit; None if the fit is done, failed or left undone."""
    net = net_of(fit.estimator)
    waiting = Waiting(net) if can_wait(net) else None
    if waiting is None and not alone:
        return None
    start = perf_counter()
    try:
        fit.estimator.fit(fit.X, fit.y, **fit.params)
        if waiting is not None and key(waiting.run) is not None:
            return waiting
        if waiting is not None and alone:
            waiting.conclude()
        fit.done = alone
    except Exception as error:
        fit.error, fit.done = error, True
    finally:
        fit.seconds += perf_counter() - start
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


def _train_groups(groups, alone):
    for group in groups.values():
        for stack in _stacks(group):
            if alone or len(stack) > 1:
                _train(stack, alone)


def _stacks(group):
    """Nets of one kind, as many at a time as go well together."""
    most = nets_at_once(group[0][1].run)
    alike: dict = defaultdict(list)
    for fit, waiting in group:
        alike[SharedRows.token(waiting.run)].append((fit, waiting))
    others = []
    for members in alike.values():
        if len(members) >= min(ENOUGH, most):
            yield from _evenly(members, most)
        else:
            others += members
    yield from _evenly(others, most)


def _evenly(members, most):
    """Parts of about the same size, of ``most`` at the most."""
    n_parts = -(-len(members) // most)
    for i in range(n_parts):
        yield members[i * len(members) // n_parts : (i + 1) * len(members) // n_parts]


def _train(stack, alone):
    """Train some nets of one kind, and conclude their fits."""
    start = perf_counter()
    runs = [waiting.run for _, waiting in stack]
    try:
        ended = train_together(runs) if len(runs) > 1 else [None]
    except ApartError:
        if alone:
            _one_by_one(fit for fit, _ in stack)
        return
    for (fit, waiting), early in zip(stack, ended, strict=True):
        fit.together = len(runs) > 1
        _done(fit, lambda: waiting.conclude(early))  # noqa: B023
    seconds = (perf_counter() - start) / len(stack)
    for fit, _ in stack:
        fit.seconds += seconds


def _one_by_one(fits):
    for fit in fits:
        fit.estimator, start = clone(fit.estimator), perf_counter()
        _done(fit, lambda: fit.estimator.fit(fit.X, fit.y, **fit.params))  # noqa: B023
        fit.seconds += perf_counter() - start


def _done(fit, work):
    """Do a fit, or what is left of it."""
    try:
        work()
    except Exception as error:
        fit.error = error
    fit.done = True
