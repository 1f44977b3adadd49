"""Many fits at once: estimators of this package, bare or inside others.

A net waits in its ``fit`` until the others have got as far: then those that can be
trained together are, and the rest one by one. Whatever is around a net (a pipeline, a
transformed target) is fitted by scikit-learn's own code, on the way to that point.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from time import perf_counter
from typing import Any

from numpy.random import RandomState
from sklearn import get_config
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from sknn_scratch._estimators.base import BaseNeuralEstimator
from sknn_scratch._estimators.classifier import NeuralClassifier
from sknn_scratch._estimators.regressor import NeuralRegressor
from sknn_scratch._estimators.solvers import SOLVERS, Minibatch
from sknn_scratch._training.stacked_rows import SharedRows, same
from sknn_scratch._training.together import key, nets_at_once, train_together

#: Nets wait with their rows; so many bytes of them at the most.
WAITING_BYTES = 1 << 28
#: So many nets with the same batches are a stack of their own, which gathers them once.
ENOUGH = 8
#: What else a net's ``fit`` takes.
VALIDATION_SET = {"X_val", "y_val", "sample_weight_val"}


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


def net_of(estimator, regressor="regressor"):
    """The net that is fitted last inside an estimator, or None.

    ``regressor`` is the attribute to follow of a transformed target; that of a fitted
    one is 'regressor_'.
    """
    if isinstance(estimator, BaseNeuralEstimator):
        return estimator
    if isinstance(estimator, Pipeline):
        steps = estimator.steps
        return net_of(steps[-1][1], regressor) if steps else None
    if isinstance(estimator, TransformedTargetRegressor):
        return net_of(getattr(estimator, regressor), regressor)
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

    solver: Any
    #: The training that is to be run; None: the fit did not come so far, or needed
    #: nobody to run it.
    run: Any = None
    #: The net's attributes before, and the state of a generator that it was given.
    before: Any = None
    drawn: Any = None

    def __init__(self, net):
        self.follow(net)

    def follow(self, net):
        """Wait in this net's fit."""
        self.net = net
        net.fit = self.fit
        net.__sklearn_clone__ = self.clone
        return net

    def clone(self):
        """Give a clone that waits in the net's place."""
        self.leave()
        return self.follow(clone(self.net))

    def leave(self):
        """Give the net its own methods back."""
        for name in ("fit", "__sklearn_clone__"):
            vars(self.net).pop(name, None)

    def fit(self, X, y, sample_weight=None, **given):
        """Prepare the training, and wait."""
        self.leave()
        net = self.net
        # A pipeline may have handed callbacks on; and fit says what it does not take.
        if getattr(net, "_skl_callbacks", None) or not given.keys() <= VALIDATION_SET:
            return net.fit(X, y, sample_weight, **given)
        self.before = dict(vars(net))
        if isinstance(net.random_state, RandomState):
            self.drawn = net.random_state.get_state()
        if not get_config()["skip_parameter_validation"]:
            net._validate_params()
        self.solver = net._waiting(X, y, sample_weight, **given)
        self.run = self.solver.start(partial(net._snapshot, self.solver))
        return net

    def undo(self):
        """The net as it was before its fit."""
        self.leave()
        if self.before is not None:
            self.net.__dict__ = dict(self.before)

    def rewind(self):
        """Undo the fit so that it can be done again."""
        self.undo()
        if self.drawn is not None:
            self.net.random_state.set_state(self.drawn)

    def conclude(self, ended=None):
        """Go on with the fit; ``ended`` tells of its training, None if it is to come.

        ``ended`` says whether it ended before ``max_iter``.
        """
        try:
            if ended is None:
                self.solver.resume(self.run)
            else:
                self.solver.finish(ended)
            self.net._concluded(self.solver)
        except BaseException:
            self.undo()
            raise


def fit_together(fits, alone=True):
    """Do some fits, those of a kind at once.

    Parameters
    ----------
    fits : iterable of Fit
        Their estimators are fitted, or ``error`` says why not; the other fields are
        filled in, too.
    alone : bool, default=True
        Whether to do those that cannot wait for others; else they are left undone.

    Returns
    -------
    list of Fit
        All of them.
    """
    groups: dict = defaultdict(list)
    try:
        return _fit_groups(fits, alone, groups)
    except BaseException:
        for fit, waiting in chain.from_iterable(groups.values()):
            if not fit.done:
                waiting.undo()
        raise


def _fit_groups(fits, alone, groups):
    held, seen, generators = 0, [], set[int]()
    for fit in fits:
        seen.append(fit)
        net = net_of(fit.estimator)
        waits = can_wait(net)
        if not (waits or alone):
            continue
        generator = net.random_state if waits else None
        is_own = isinstance(generator, RandomState)
        if is_own and id(generator) in generators:
            # What draws from one generator does so one after the other.
            _train_groups(groups)
            held = 0
        if is_own:
            generators.add(id(generator))
        waiting = _prepared(fit, Waiting(net) if waits else None)
        if waiting is not None:
            group = groups[key(waiting.run)]
            held += _unite(waiting.run, [other.run for _, other in group])
            group.append((fit, waiting))
        if held > WAITING_BYTES:
            _train_groups(groups)
            held = 0
    _train_groups(groups)
    return seen


def _prepared(fit, waiting):
    """The net that waits in a fit; None if the fit is done, or has failed."""
    start = perf_counter()
    try:
        fit.estimator.fit(fit.X, fit.y, **fit.params)
        fit.done = waiting is None or waiting.run is None
        if fit.done:
            return None
        if key(waiting.run) is not None:
            return waiting
        waiting.conclude()
        fit.done = True
    except Exception as error:
        fit.error, fit.done = error, True
        if waiting is not None:
            waiting.undo()
    except BaseException:
        if waiting is not None:
            waiting.undo()
        raise
    finally:
        fit.seconds += perf_counter() - start
        if waiting is not None:
            waiting.leave()
    return None


def _unite(run, others):
    """Let a run share the rows of an earlier one that has the same; new bytes held."""
    for other in others:
        if same([run.problem.X, other.problem.X]):
            run.problem.X = other.problem.X
            run.batches.X = other.batches.X
            return 0
    return run.problem.X.nbytes


def _train_groups(groups):
    for group in groups.values():
        for stack in _stacks(group):
            _train(stack)
    groups.clear()


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


def _train(stack):
    """Train some nets of one kind, and conclude their fits."""
    start = perf_counter()
    ended = [None] if len(stack) == 1 else _ended([waiting.run for _, waiting in stack])
    if ended is None:  # one of them is to blame: alone it harms no other
        for fit, waiting in stack:
            waiting.rewind()
            _done(fit, partial(fit.estimator.fit, fit.X, fit.y, **fit.params))
    else:
        for (fit, waiting), early in zip(stack, ended, strict=True):
            fit.together = len(stack) > 1
            _done(fit, partial(waiting.conclude, early))
    seconds = (perf_counter() - start) / len(stack)
    for fit, _ in stack:
        fit.seconds += seconds


def _ended(runs):
    """Whether each ended before ``max_iter``; None if they can't be done at once."""
    try:
        return train_together(runs)
    except Exception:
        return None


def _done(fit, work):
    """Do a fit, or what is left of it."""
    try:
        work()
    except Exception as error:
        fit.error = error
    fit.done = True
