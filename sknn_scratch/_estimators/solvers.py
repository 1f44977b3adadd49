"""From an estimator's parameters to a training, and from a training to attributes.

A solver is made for one fit: it reads the estimator's parameters, runs the training,
and says in :meth:`Solver.attributes` what was learnt, at any time, so that a callback
can look at a model in the making.
"""

import copy

import numpy as np
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split

from sknn_scratch._estimators.diagnosis import warn_as_sklearn
from sknn_scratch._training.batches import Batches
from sknn_scratch._training.lbfgs import train_lbfgs
from sknn_scratch._training.loop import train_minibatch
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.plateau import Plateau
from sknn_scratch._training.progress import Progress
from sknn_scratch._training.run import Run
from sknn_scratch._training.schedules import SCHEDULES
from sknn_scratch._training.state import TrainingState
from sknn_scratch._training.validation import Given, Validation


class Solver:
    """One fit.

    Parameters
    ----------
    estimator : estimator
        Nothing is set on it.
    params : dict
        Its parameters.
    problem : Problem
        The network and its data.
    earlier : dict
        The fitted attributes that this fit goes on from; empty for a fresh one.
    watcher : Unwatched
        Told of each epoch.
    incremental : bool
        Whether this is partial_fit: one epoch, whatever max_iter says.
    given : Given or None
        The validation set that fit was given.
    """

    def __init__(
        self, estimator, params, problem, earlier, watcher, incremental, given
    ):
        self.estimator, self.params, self.problem = estimator, params, problem
        self.earlier, self.watcher = earlier, watcher
        self.incremental, self.given = incremental, given
        self.progress = Progress(t=earlier.get("t_", 0))
        self.validation: Validation | None = None
        #: What to warn of if it ended before it converged.
        self.unfinished = ""

    #: Whether a step sees all rows.
    full_batch = False
    #: Why it excludes what it excludes.
    nature = ""

    @classmethod
    def excluded(cls, params, given):
        """The options that are set but not for this solver: name -> value or None."""
        return {}

    def run(self, fitted):
        """Train the problem's network; ``fitted`` gives the attributes so far."""
        raise NotImplementedError

    def attributes(self):
        """The fitted attributes that tell of the training so far."""
        progress = self.progress
        history = progress.history
        if n_before := len(self.earlier.get("loss_curve_") or ()):
            history = [
                {**record, "epoch": n_before + record["epoch"]} for record in history
            ]
        return {
            "loss_": np.float64(progress.loss),
            "n_iter_": progress.n_iter,
            "t_": progress.t,
            "history_": self._extended("history_", history),
            "loss_curve_": self._extended("loss_curve_", progress.curve("loss")),
            "best_loss_": np.float64(progress.loss),
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
            "say": print if self.params["verbose"] else None,
        }


class Lbfgs(Solver):
    """solver='lbfgs': all rows at once."""

    full_batch = True
    nature = "works on all rows at once, without epochs"

    @classmethod
    def excluded(cls, params, given):
        is_set = {
            "dropout": np.any(np.asarray(params["dropout"], dtype=object) != 0),
            "input_dropout": params["input_dropout"] != 0,
            "learning_rate": SCHEDULES[params["learning_rate"]].progressive,
            "clip_norm": params["clip_norm"] is not None,
            "weight_averaging": params["weight_averaging"] is not None,
        }
        excluded = {name: params[name] for name, set_ in is_set.items() if set_}
        return {**excluded, **({"a validation set X_val": None} if given else {})}

    def run(self, fitted):
        params, progress = self.params, self.progress
        result = train_lbfgs(
            self.problem,
            alpha=params["alpha"],
            max_iter=params["max_iter"],
            max_fun=params["max_fun"],
            tol=params["tol"],
            **self._hooks(fitted),
        )
        if progress.stopped:
            return
        # SciPy may report one iteration more than it was allowed.
        progress.n_iter = min(result.nit, params["max_iter"])
        if result.status != 0:
            # scikit-learn's words, which users' filters may look for.
            self.unfinished = (
                f"lbfgs failed to converge after {progress.n_iter} iteration(s) "
                f"(status={result.status}):\n{result.message}\n\nIncrease the number "
                "of iterations to improve the convergence "
                f"(max_iter={params['max_iter']}).\nYou might also want to scale the "
                "data as shown in:\n    "
                "https://scikit-learn.org/stable/modules/preprocessing.html"
            )

    def attributes(self):
        # Here a step sees all rows, and scikit-learn counts none.
        return {**super().attributes(), "t_": 0}


class Minibatch(Solver):
    """The stochastic solvers: one entry of OPTIMIZERS, batch after batch."""

    def __init__(
        self, estimator, params, problem, earlier, watcher, incremental, given
    ):
        super().__init__(
            estimator, params, problem, earlier, watcher, incremental, given
        )
        resumed = earlier.get("_training_state") if incremental else None
        # A copy: should this fit fail, the earlier one's stays as it was.
        self.state: TrainingState = copy.deepcopy(resumed) or self._fresh_state()
        self.plateau = self._plateau()

    def _fresh_state(self):
        params, theta = self.params, self.problem.network.theta
        optimizer = OPTIMIZERS[params["solver"]](theta.shape, theta.dtype, params)
        if "epsilon" in optimizer.reads and not theta.dtype.type(params["epsilon"]):
            smallest = np.finfo(theta.dtype).tiny
            raise ValueError(
                f"epsilon={params['epsilon']} is 0 in {theta.dtype}: give at least "
                f"{smallest:.3g}, or compute in dtype='float64'."
            )
        return TrainingState(optimizer, params["weight_averaging"], theta)

    def start(self, fitted):
        """Split off validation rows; return the training that is to be run."""
        params, problem = self.params, self.problem
        rows = self._rows()
        if self.given is not None:
            self.validation = Validation(problem, self.given, self._scorer(fitted))
        batches = self._batches(rows)
        return Run(
            problem,
            batches,
            params["alpha"],
            self.state,
            self._schedule(batches.n_batches),
            self.plateau,
            max_iter=1 if self.incremental else params["max_iter"],
            shuffle=params["shuffle"],
            validation=self.validation,
            early_stopping=params["early_stopping"],
            **self._hooks(fitted),
        )

    def _rows(self):
        """The rows to train on; the others are held out to validate on."""
        params, problem = self.params, self.problem
        if params["early_stopping"] and self.given is None:
            rows, self.given = hold_out(problem, params["validation_fraction"])
            return rows
        return np.arange(len(problem.Y))

    def finish(self, ended):
        """Take what the training came to; ``ended`` says if before ``max_iter``."""
        if ended or not self.incremental:
            # Else more calls follow, and the best weights stay with the state.
            self.state.restore_best(self.problem.network.theta)
        # A schedule by progress means to use all of its epochs.
        if not ended and not SCHEDULES[self.params["learning_rate"]].progressive:
            self.unfinished = (
                f"Stochastic Optimizer: Maximum iterations ({self.params['max_iter']}) "
                "reached and the optimization hasn't converged yet."
            )

    def run(self, fitted):
        self.resume(self.start(fitted))

    def resume(self, run):
        """Run a training that was started."""
        self.finish(train_minibatch(run))

    def attributes(self):
        learnt = {
            **super().attributes(),
            "best_loss_": np.float64(self.plateau.best),
            "best_iter_": self._best_iter(),
            "_training_state": self.state,
            "_no_improvement_count": self.plateau.count,
        }
        if self.validation is not None:
            for name, column in (
                ("validation_scores_", "validation_score"),
                ("validation_loss_curve_", "validation_loss"),
            ):
                learnt[name] = self._extended(name, self.progress.curve(column))
        if self.params["early_stopping"]:
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
        if self.params["early_stopping"]:
            score = earlier.get("best_validation_score_")
            best = None if score is None else -score
        return Plateau(
            self.params["tol"],
            self.params["n_iter_no_change"],
            best=np.inf if best is None else best,
            count=earlier.get("_no_improvement_count", 0),
        )

    def _schedule(self, n_steps):
        # As in scikit-learn, only SGD follows the schedules that change after epochs.
        schedule = SCHEDULES[self.params["learning_rate"]]
        if self.params["solver"] != "sgd" and not schedule.progressive:
            schedule = SCHEDULES["constant"]
        return schedule(self.params, n_steps)

    def _scorer(self, fitted):
        """Give what scores the validation set: a function of it, "loss" or None."""
        scoring = self.params["scoring"]
        if scoring is None or scoring == "loss":
            return scoring
        scorer = get_scorer(scoring)

        def score(X, y, weight):
            estimator = copy.copy(self.estimator)
            vars(estimator).update(fitted())
            if not hasattr(X, "columns"):  # held-out rows are arrays by now
                vars(estimator).pop("feature_names_in_", None)
            weights = {} if weight is None else {"sample_weight": weight}
            return float(scorer(estimator, X, y, **weights))

        return score

    def _batches(self, rows):
        n, batch_size = len(rows), self.params["batch_size"]
        batch_size = min(200, n) if batch_size == "auto" else int(batch_size)
        if batch_size > n:
            warn_as_sklearn(
                "Got `batch_size` less than 1 or larger than "
                "sample size. It is going to be clipped"
            )
            batch_size = n
        in_order = not self.params["shuffle"] and n == len(self.problem.Y)
        return Batches(self.problem, rows, batch_size, in_order)


def hold_out(problem, fraction):
    """Split the rows as scikit-learn does: rows to train on, and the others."""
    n = len(problem.Y)
    too_small = (
        "The validation set is too small. Increase 'validation_fraction' "
        "or the size of your dataset."
    )
    try:
        rows, held = train_test_split(
            np.arange(n),
            random_state=problem.random_state,
            test_size=fraction,
            stratify=problem.target.stratify(problem.Y),
        )
    except ValueError as error:
        if "least populated" in str(error):  # says which classes
            raise
        raise ValueError(
            f"{too_small} early_stopping=True with validation_fraction={fraction} "
            f"cannot split {n} rows so that both parts have every class."
        ) from error
    if len(held) < 2:
        raise ValueError(too_small)
    weight = problem.sample_weight
    weight = None if weight is None else weight[held]
    return rows, Given(problem.X[held], problem.y[held], problem.Y[held], weight)


SOLVERS = {"lbfgs": Lbfgs, **dict.fromkeys(OPTIMIZERS, Minibatch)}
