"""What all estimators share: validation at the door, fit, partial_fit, prediction.

An estimator says which layers it has (``_build_layers``), how its parameters are called
(``_expose``) and which target it takes (``_make_target``); everything else is here. A
fit works on local objects and commits them to ``self`` at its end, so that a fit that
fails leaves the estimator as it was.
"""

import warnings
from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.optimize import _check_optimize_result
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from sknn_scratch._activations import ACTIVATIONS
from sknn_scratch._initializers import INITIALIZERS
from sknn_scratch._losses import LINKS
from sknn_scratch._network import Network
from sknn_scratch._optimizers import OPTIMIZERS
from sknn_scratch._schedules import SCHEDULES
from sknn_scratch._training import (
    Batches,
    Plateau,
    Problem,
    Progress,
    train_lbfgs,
    train_minibatch,
)

#: The constraints of the parameters that every estimator has.
TRAINING_CONSTRAINTS: dict = {
    "activation": [StrOptions(set(ACTIVATIONS))],
    "solver": [StrOptions({"lbfgs", *OPTIMIZERS})],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions(set(SCHEDULES))],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [
        Interval(Integral, 1, None, closed="left"),
        Options(Real, {np.inf}),
    ],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
}


class BaseNetwork(BaseEstimator):
    """Base of all estimators; not to be used directly."""

    _parameter_constraints: dict = TRAINING_CONSTRAINTS

    #: Fitted attributes that are views of the network's parameters.
    _exposed: tuple[str, ...] = ()

    # ---- what an estimator says of itself ------------------------------------

    def _build_layers(self, n_in, n_out):
        """The layers of the network, in forward order."""
        raise NotImplementedError

    def _expose(self, network):
        """Name and value of each attribute in ``_exposed``."""
        raise NotImplementedError

    def _make_target(self, y, known):
        """The target for y; ``known`` is the earlier one that y must fit, or None."""
        raise NotImplementedError

    # ---- fitting ----------------------------------------------------------------

    def _fit(self, X, y, sample_weight, incremental=False, classes=None):
        """Fit, or do one epoch more; on any failure self is as it was."""
        with self._unchanged_on_failure():
            network = self._adopted_network()
            resumes = network is not None and (incremental or self.warm_start)
            known = self._known_target(y, classes, incremental, resumes)
            X, y = self._validate(X, y, reset=not resumes)
            target = self._make_target(y, known)
            if sample_weight is not None:
                sample_weight = _check_sample_weight(sample_weight, X)

            random_state = check_random_state(self.random_state)
            layers = self._build_layers(X.shape[1], target.n_outputs)
            if resumes:
                network = self._resumed(network, layers)
            else:
                network = Network(layers, X.dtype)
                network.draw(INITIALIZERS["glorot_uniform"], random_state)
            problem = Problem.of(
                network, target, self._loss_name, X, y, sample_weight, random_state
            )
            with self._parameters_restored_on_failure(network, resumes):
                self._train(problem, incremental, resumes)
        return self

    @contextmanager
    def _unchanged_on_failure(self):
        before = dict(self.__dict__)
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    @contextmanager
    def _parameters_restored_on_failure(self, network, resumes):
        """A resumed fit works in place on the weights and the optimiser's state."""
        if not resumes:
            yield
            return
        optimizer = getattr(self, "_optimizer", None)
        theta = network.theta.copy()
        kept = None if optimizer is None else optimizer.snapshot()
        try:
            yield
        except BaseException:
            np.copyto(network.theta, theta)
            if optimizer is not None:
                optimizer.restore(kept)
            raise

    def _validate(self, X, y, reset, **options):
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=(np.float64, np.float32),
            reset=reset,
            **options,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _known_target(self, y, classes, incremental, resumes):
        """The target that y must fit, or None."""
        return self._target if resumes else None

    def _resumed(self, network, layers):
        """The layers that the parameters ask for, over the earlier fit's weights."""
        wanted = Network(layers, network.theta.dtype)
        if network.blocks != wanted.blocks:
            raise ValueError(
                "warm_start and partial_fit go on from the earlier fit, whose "
                f"parameters have the shapes {network.shapes}, but this estimator and "
                f"data ask for {wanted.shapes}. Set warm_start=False and call fit to "
                "start afresh."
            )
        return Network(layers, network.theta)

    def _train(self, problem, incremental, resumes):
        """Run the solver and commit what it learnt."""
        network, target = problem.network, problem.target
        if self.solver == "lbfgs":
            learnt = self._fit_lbfgs(problem, resumes)
        else:
            learnt = self._fit_minibatch(problem, incremental, resumes)
        if not np.isfinite(network.theta).all():
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may "
                "contain large values and need to be preprocessed."
            )
        self._network, self._target = network, target
        self.n_outputs_ = target.n_outputs
        self.n_layers_ = self._count_layers(network)
        self.out_activation_ = target.link
        self.__dict__.pop("_optimizer", None)
        for name, value in {**self._expose(network), **learnt}.items():
            setattr(self, name, value)

    def _count_layers(self, network):
        return len(network.layers) + 1

    def _fit_lbfgs(self, problem, resumes):
        progress = Progress()
        result = train_lbfgs(
            problem,
            alpha=self.alpha,
            max_iter=self.max_iter,
            max_fun=self.max_fun,
            tol=self.tol,
            progress=progress,
            say=self._say(),
        )
        if result is not None:
            progress.n_iter = _check_optimize_result("lbfgs", result, self.max_iter)
        earlier = self.__dict__.get("loss_curve_") if resumes else None
        return {
            "loss_": progress.loss,
            "n_iter_": progress.n_iter,
            "t_": 0,
            "loss_curve_": _extended(earlier, progress.loss_curve),
            "best_loss_": progress.loss,
            "validation_scores_": None,
            "best_validation_score_": None,
            "_no_improvement_count": 0,
        }

    def _fit_minibatch(self, problem, incremental, resumes):
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        rows, validate = np.arange(len(problem.Y)), None
        if self.early_stopping:
            rows, validate = self._hold_out(problem)
        optimizer = self.__dict__.get("_optimizer") if incremental else None
        if optimizer is None:
            optimizer = OPTIMIZERS[self.solver](
                len(problem.network.theta),
                problem.network.dtype,
                vars(self),
            )
        # As in scikit-learn, Adam keeps to a constant rate.
        schedule = self.learning_rate if self.solver == "sgd" else "constant"
        plateau = self._plateau(resumes)
        progress = Progress(t=self.t_ if resumes else 0)
        stopped = train_minibatch(
            self._batches(problem, rows),
            optimizer,
            SCHEDULES[schedule](self.learning_rate_init, self.power_t),
            plateau,
            max_iter=1 if incremental else self.max_iter,
            progress=progress,
            shuffle=problem.random_state.shuffle if self.shuffle else None,
            validate=validate,
            say=self._say(),
        )
        if not stopped and not incremental:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) "
                "reached and the optimization hasn't converged yet.",
                ConvergenceWarning,
            )
        return self._record(optimizer, plateau, progress, resumes)

    def _record(self, optimizer, plateau, progress, resumes):
        """The attributes that a stochastic training leaves."""
        earlier = self.__dict__ if resumes else {}
        learnt = {
            "loss_": progress.loss,
            "n_iter_": progress.n_iter,
            "t_": progress.t,
            "loss_curve_": _extended(earlier.get("loss_curve_"), progress.loss_curve),
            "best_loss_": plateau.best,
            "validation_scores_": None,
            "best_validation_score_": None,
            "_optimizer": optimizer,
            "_no_improvement_count": plateau.count,
        }
        if self.early_stopping:
            scores = earlier.get("validation_scores_")
            learnt["best_loss_"] = None
            learnt["validation_scores_"] = _extended(scores, progress.validation_scores)
            learnt["best_validation_score_"] = -plateau.best
        return learnt

    def _plateau(self, resumes):
        earlier = self.__dict__ if resumes else {}
        best = earlier.get("best_loss_")
        if self.early_stopping:
            score = earlier.get("best_validation_score_")
            best = None if score is None else -score
        return Plateau(
            self.tol,
            self.n_iter_no_change,
            best=np.inf if best is None else best,
            count=earlier.get("_no_improvement_count", 0),
        )

    def _say(self):
        return print if self.verbose else None

    def _hold_out(self, problem):
        """Rows to train on, and a function that scores the others."""
        target, network = problem.target, problem.network
        rows, held = train_test_split(
            np.arange(len(problem.Y)),
            random_state=problem.random_state,
            test_size=self.validation_fraction,
            stratify=target.stratify(problem.Y),
        )
        if len(held) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' "
                "or the size of your dataset."
            )
        weight = None if problem.weight is None else problem.weight[held]
        X, Y, link = problem.X[held], problem.Y[held], LINKS[target.link]

        def validate():
            return target.score(Y, network.predict(X, link), weight)

        return rows, validate

    def _batches(self, problem, rows):
        n = len(rows)
        batch_size = min(200, n) if self.batch_size == "auto" else int(self.batch_size)
        if batch_size > n:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than "
                "sample size. It is going to be clipped"
            )
            batch_size = n
        in_order = not self.shuffle and n == len(problem.Y)
        return Batches(problem, rows, batch_size, in_order, self.alpha)

    # ---- prediction ---------------------------------------------------------------

    def _predict_mu(self, X):
        """The network's output (n_samples, n_outputs), link applied."""
        if not self.__sklearn_is_fitted__():  # cheaper than reading the tags each time
            check_is_fitted(self)
        if not self._plainly_valid(X):
            X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        network = self._adopted_network()
        dtype = np.result_type(X.dtype, network.dtype)
        network = network.astype(np.float32 if dtype == np.float32 else np.float64)
        if sparse.issparse(X):
            X = X.tocsr()
        return network.predict(X, LINKS[self.out_activation_])

    def _plainly_valid(self, X):
        """Whether X is what validate_data would return as it is.

        For a few rows validate_data takes four times as long as the network; this
        takes a few microseconds, and whatever it is not sure of goes to validate_data.
        """
        return (
            type(X) is np.ndarray
            and X.dtype in (np.float64, np.float32)
            and X.ndim == 2
            and 0 < X.size < 1 << 18
            and X.shape[1] == self.n_features_in_
            and "feature_names_in_" not in self.__dict__
            and bool(np.isfinite(X).all())
        )

    def __sklearn_is_fitted__(self):
        return "_network" in self.__dict__

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # ---- the fitted state -----------------------------------------------------------

    def _adopted_network(self):
        """The network, or None; subclasses take over what a user assigned."""
        return self.__dict__.get("_network")

    def discard_training_state(self):
        """Forget what only further training needs, for deployment.

        Adam keeps two numbers for each parameter, SGD with momentum one; a later
        ``partial_fit`` would go on from them, and a pickle carries them. Without them
        a pickle holds the parameters alone. Predictions do not change; a later
        ``partial_fit`` starts the optimiser afresh.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        self.__dict__.pop("_optimizer", None)
        return self

    def __getstate__(self):
        network = self._adopted_network()
        state = dict(super().__getstate__())
        if network is not None:
            state["_network"] = network
            for name in self._exposed:  # views of theta, made again on loading
                state.pop(name, None)
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if "_network" in self.__dict__:
            self.__dict__.update(self._expose(self._network))


def _extended(earlier, values):
    """The earlier list, grown in place, or a new one."""
    if earlier is None:
        return values
    earlier.extend(values)
    return earlier
