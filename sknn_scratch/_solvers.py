"""From an estimator's parameters to a training, and from a training to attributes.

A solver is made for one fit: it reads the estimator's parameters, runs the training of
``_training``, and says in :meth:`Solver.attributes` what was learnt, at any time, so
that a callback can look at a model in the making.
"""

import copy
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.utils.optimize import _check_optimize_result

from sknn_scratch._optimizers import OPTIMIZERS
from sknn_scratch._schedules import PROGRESSIVE, SCHEDULES
from sknn_scratch._training import (
    Batches,
    Plateau,
    Progress,
    train_lbfgs,
    train_minibatch,
)
from sknn_scratch._validation import Validation, hold_out


class Solver:
    """One fit.

    Parameters
    ----------
    params : estimator
        Its parameters are read, nothing is set.
    problem : Problem
        What is to be learnt.
    earlier : dict
        The fitted attributes that this fit goes on from; empty for a fresh one.
    watcher : Unwatched
        Told of each epoch.
    incremental : bool
        Whether this is partial_fit: one epoch, whatever max_iter says.
    given : Given or None
        The validation set that fit was given.
    """

    def __init__(self, params, problem, earlier, watcher, incremental, given):
        self.params, self.problem, self.earlier = params, problem, earlier
        self.watcher, self.incremental, self.given = watcher, incremental, given
        self.progress = Progress(t=earlier.get("t_", 0))

    def run(self, fitted):
        """Train the problem's network; ``fitted`` gives the attributes so far."""
        raise NotImplementedError

    def attributes(self):
        """The fitted attributes that tell of the training so far."""
        progress = self.progress
        return {
            "loss_": progress.loss,
            "n_iter_": progress.n_iter,
            "t_": progress.t,
            "loss_curve_": self._extended("loss_curve_", progress.loss_curve),
            "best_loss_": progress.loss,
            "validation_scores_": None,
            "best_validation_score_": None,
            "validation_loss_curve_": None,
            "best_iter_": progress.n_iter,
            "_no_improvement_count": 0,
        }

    def _extended(self, name, values):
        return [*(self.earlier.get(name) or ()), *values]

    def _hooks(self, fitted):
        return {
            "progress": self.progress,
            "watcher": self.watcher,
            "fitted": fitted,
            "say": print if self.params.verbose else None,
        }


class Lbfgs(Solver):
    """solver='lbfgs': all rows at once."""

    def run(self, fitted):
        params, progress = self.params, self.progress
        result = train_lbfgs(
            self.problem,
            alpha=params.alpha,
            max_iter=params.max_iter,
            max_fun=params.max_fun,
            tol=params.tol,
            **self._hooks(fitted),
        )
        if not progress.stopped:
            progress.n_iter = _check_optimize_result("lbfgs", result, params.max_iter)

    def attributes(self):
        # Here a step sees all rows, and scikit-learn counts none.
        return {**super().attributes(), "t_": 0}


class Minibatch(Solver):
    """The stochastic solvers: one entry of OPTIMIZERS, batch after batch."""

    def __init__(self, params, problem, earlier, watcher, incremental, given):
        super().__init__(params, problem, earlier, watcher, incremental, given)
        self.optimizer = earlier.get("_optimizer") if incremental else None
        if self.optimizer is None:
            theta = problem.network.theta
            cls = OPTIMIZERS[params.solver]
            self.optimizer = cls(len(theta), theta.dtype, vars(params))
        self.validation = None
        self.plateau = self._plateau()

    def run(self, fitted):
        params, problem = self.params, self.problem
        rows = np.arange(len(problem.Y))
        if params.early_stopping and self.given is None:
            rows, self.given = hold_out(problem, params.validation_fraction)
        if self.given is not None:
            self.validation = Validation(problem, self.given, self._scorer(fitted))
        batches = self._batches(rows)
        ended = train_minibatch(
            batches,
            self.optimizer,
            self._schedule(batches.n_batches),
            self.plateau,
            max_iter=1 if self.incremental else params.max_iter,
            shuffle=problem.random_state.shuffle if params.shuffle else None,
            validate=self.validation,
            early_stopping=params.early_stopping,
            to_be_continued=self.incremental,
            **self._hooks(fitted),
        )
        if not ended and not self.incremental:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({params.max_iter}) "
                "reached and the optimization hasn't converged yet.",
                ConvergenceWarning,
            )

    def attributes(self):
        learnt = {
            **super().attributes(),
            "best_loss_": self.plateau.best,
            "best_iter_": self._best_iter(),
            "_optimizer": self.optimizer,
            "_no_improvement_count": self.plateau.count,
        }
        if self.validation is not None:
            scores, losses = self.validation.scores, self.validation.losses
            learnt["validation_scores_"] = self._extended("validation_scores_", scores)
            learnt["validation_loss_curve_"] = self._extended(
                "validation_loss_curve_", losses
            )
        if self.params.early_stopping:
            learnt["best_loss_"] = None
            learnt["best_validation_score_"] = -self.plateau.best
        return learnt

    def _best_iter(self):
        """The best epoch, counted along the loss curve from 1."""
        if self.progress.best_iter == 0:
            return self.earlier.get("best_iter_", 0)
        return len(self.earlier.get("loss_curve_") or ()) + self.progress.best_iter

    def _plateau(self):
        earlier = self.earlier
        best = earlier.get("best_loss_")
        if self.params.early_stopping:
            score = earlier.get("best_validation_score_")
            best = None if score is None else -score
        return Plateau(
            self.params.tol,
            self.params.n_iter_no_change,
            best=np.inf if best is None else best,
            count=earlier.get("_no_improvement_count", 0),
        )

    def _schedule(self, n_steps):
        # As in scikit-learn, only SGD follows the schedules that change after epochs.
        name = self.params.learning_rate
        if self.params.solver != "sgd" and name not in PROGRESSIVE:
            name = "constant"
        return SCHEDULES[name](vars(self.params), n_steps)

    def _scorer(self, fitted):
        """What scores the validation set: a function of it, "loss" or None."""
        scoring = self.params.scoring
        if scoring is None or scoring == "loss":
            return scoring
        scorer = get_scorer(scoring)

        def score(X, y, weight):
            estimator = copy.copy(self.params)
            vars(estimator).update(fitted())
            vars(estimator).pop("feature_names_in_", None)  # X is an array by now
            weights = {} if weight is None else {"sample_weight": weight}
            return float(scorer(estimator, X, y, **weights))

        return score

    def _batches(self, rows):
        params, n = self.params, len(rows)
        auto = params.batch_size == "auto"
        batch_size = min(200, n) if auto else int(params.batch_size)
        if batch_size > n:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than "
                "sample size. It is going to be clipped"
            )
            batch_size = n
        in_order = not params.shuffle and n == len(self.problem.Y)
        return Batches(self.problem, rows, batch_size, in_order, params.alpha)


SOLVERS = {"lbfgs": Lbfgs, **dict.fromkeys(OPTIMIZERS, Minibatch)}
