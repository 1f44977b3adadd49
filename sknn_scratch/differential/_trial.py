"""TrialSolution: the solution of a differential equation as an estimator."""

import copy
import warnings
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn_scratch._documentation import DocumentationLink
from sknn_scratch._estimators.parameters import (
    TRAINING_CONSTRAINTS,
    Choices,
    store_parameters,
)
from sknn_scratch._nn.activations import ACTIVATIONS, Activation
from sknn_scratch._nn.network import Network
from sknn_scratch._rollback import unchanged_on_failure
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._types import MatrixLike, RandomState, typed
from sknn_scratch.differential._boxes import BoxConditions
from sknn_scratch.differential._conditions import PointConditions
from sknn_scratch.differential._networks import INITIAL
from sknn_scratch.differential._penalty import Penalty
from sknn_scratch.differential._sensitivities import Derivatives, unpacked
from sknn_scratch.differential._setup import Setup, jets_of
from sknn_scratch.differential._solvers import NAMES, SOLVERS, Course, solve_descent

#: Parameters that the other estimators have, too.
SHARED = (
    "learning_rate",
    "learning_rate_init",
    "power_t",
    "warmup_fraction",
    "max_iter",
    "max_fun",
    "random_state",
    "tol",
    "verbose",
    "warm_start",
    "momentum",
    "nesterovs_momentum",
    "beta_1",
    "beta_2",
    "epsilon",
    "weight_decay",
    "clip_norm",
    "init_scale",
)


def goes_step_by_step(estimator):
    """Raise AttributeError for the one solver that cannot; for ``available_if``."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is not available with solver='lbfgs', which has no steps of "
            "its own. Use another solver, or fit with warm_start=True."
        )
    return True


class TrialSolution(DocumentationLink, RegressorMixin, BaseEstimator):
    """The solution of a differential equation, by a network that meets its conditions.

    The trial solution ``y = A + B N`` meets the conditions whatever the network N is: A
    meets them, and B vanishes where they are given. ``fit`` minimises the mean square
    of the equation's residual at the rows of X, the collocation points. There is no
    target. All is computed in float64.

    Parameters
    ----------
    residual : callable
        What must vanish, a vectorised function: of an ordinary equation of first order
        ``residual(t, y, dy)``, of second order ``residual(t, y, dy, d2y)``. t is of
        shape (m,); the others likewise, or (n, m) if the conditions are for n
        components, and so is what it returns. Of a partial equation it is ``residual(X,
        u, du, d2u)`` with the shapes (2, m), (m,), (2, m) and (2, 2, m): ``d2u[0, 0] +
        d2u[1, 1]`` is the Laplacian. With ``parameters`` these come last. A function
        that takes no arrays is called point by point.
    conditions : conditions
        :class:`InitialConditions`, :class:`BoundaryConditions`,
        :class:`RectangleConditions` or :class:`SpaceTimeConditions`. They say the order
        and the number of components.
    hidden_layer_sizes : 'auto' or array-like of int, default='auto'
        Units of each hidden layer; 'auto' is one layer, of 40 units for ordinary and of
        300 for partial equations.
    activation : str or Activation, default='tanh'
        Activation f of the hidden layers: any that is smooth.
    solver : str, default='gauss_newton'
        'gauss_newton' solves linear least squares for the output layer, once for a
        linear equation, a few times for others; with ``all_weights`` it goes on over
        all weights. 'lbfgs' and the optimisers of
        :class:`~sknn_scratch.ScratchMLPRegressor` ('sgd', 'adam', 'adamw', 'nadam',
        'rmsprop') move all weights from the start.
    all_weights : bool, default=True
        Whether 'gauss_newton', where the output layer alone does not reach ``tol``,
        goes on with the hidden weights by variable projection. That pays for a few
        units; with many, more units are the cheaper way.
    parameters : array-like of shape (k,) or None, default=None
        Initial values of unknown parameters of the equation, which are fitted along.
    penalties : list of Penalty, default=()
        Further residuals: side conditions that are not met by construction, data.
    guess : callable or None, default=None
        An initial guess of the solution, a function of t, or of x and y: for nonlinear
        equations. None starts from A with 'gauss_newton', at random otherwise.
    init : str, default='cover'
        Distribution of the initial weights: 'cover' draws the first layer so that its
        units cover the domain; or a name that ``init`` of ScratchMLPRegressor takes.
    init_scale : float, default=3.0
        The largest slope of 'cover', with the domain scaled to [-1, 1]; the half width
        of 'uniform'. Range (0, inf).
    batch_size : int or None, default=None
        Points of a step of the optimisers; None is all. Others work on all points.
    learning_rate : str, default='constant'
        Schedule of the learning rate of the optimisers; 'adaptive' is 'constant' here.
    learning_rate_init : float, default=0.001
        Their initial learning rate. Range (0, inf).
    power_t : float, default=0.5
        Exponent of 'invscaling'. Range [0, inf).
    warmup_fraction : float, default=0.0
        Share of the steps over which 'cosine', 'linear' and 'one_cycle' first rise.
        Range [0, 1).
    max_iter : int, default=200
        Maximum number of iterations or epochs.
    max_fun : int, default=15000
        Maximum number of evaluations of 'lbfgs'.
    tol : float, default=1e-08
        The fit has converged if the largest residual at the points is at most tol times
        s, the largest sum of the sizes of the equation's summands, taken as linear in
        y, y' and y''. Range [0, inf).
    momentum : float, default=0.9
        Momentum of 'sgd'. Range [0, 1].
    nesterovs_momentum : bool, default=True
        Whether that momentum is Nesterov's.
    beta_1 : float, default=0.9
        Decay of the first moment in 'adam', 'adamw' and 'nadam'. Range [0, 1).
    beta_2 : float, default=0.999
        Decay of the second moment there and in 'rmsprop'. Range [0, 1).
    epsilon : float, default=1e-08
        Keeps the division by the second moment's root finite. Range (0, inf).
    weight_decay : float, default=0.01
        Decoupled decay of 'adamw'. Range [0, inf).
    clip_norm : float or None, default=None
        Largest Euclidean norm of an optimiser's gradient. Range (0, inf).
    warm_start : bool, default=False
        Whether fit goes on from the earlier fit.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights and of the order of the points.
    verbose : bool or int, default=False
        Whether to print the loss of each iteration.

    Attributes
    ----------
    converged_ : bool
        Whether the largest residual is within the tolerance.
    largest_residual_ : float
        The largest residual at the points, divided by that s: see ``tol``.
    differentiation_ : {'complex step', 'finite differences'}
        How the derivatives of ``residual`` by y, y' and y'' were found: by differences
        only if it does not compute in complex numbers as it does in real ones.
    parameters_ : ndarray of shape (k,)
        The fitted parameters of the equation.
    loss_ : float
        The mean square of the residuals at the end.
    loss_curve_ : list of float
        After each iteration or epoch.
    n_iter_ : int
        Number of iterations or epochs.
    coefs_ : list of ndarray
        Weights of each layer of N, whose inputs are scaled to [-1, 1].
    intercepts_ : list of ndarray
        Intercepts of each layer.
    n_features_in_ : int
        Number of variables.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X had names that are all strings.

    See Also
    --------
    solve_ivp : Initial value problems, with SciPy's signature.
    solve_bvp : Boundary value problems, with SciPy's signature.
    solve_pde : Partial differential equations on rectangles.

    References
    ----------
    Lagaris, Likas and Fotiadis (1998). Artificial neural networks for solving ordinary
    and partial differential equations. IEEE Transactions on Neural Networks 9.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch.differential import InitialConditions, TrialSolution
    >>> t = np.linspace(0, 1, 80)[:, None]
    >>> model = TrialSolution(
    ...     lambda t, y, dy: dy + 2 * y, InitialConditions(0, 10.0), random_state=0)
    >>> error = model.fit(t).predict(t) - 10 * np.exp(-2 * t[:, 0])
    >>> bool(np.abs(error).max() < 1e-9)
    True
    """

    _parameter_constraints: dict = {
        "residual": [callable],
        "conditions": [PointConditions, BoxConditions],
        "hidden_layer_sizes": [
            StrOptions({"auto"}),
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [Choices(ACTIVATIONS), Activation],
        "solver": [Choices(NAMES)],
        "all_weights": ["boolean"],
        "parameters": ["array-like", None],
        "penalties": [list, tuple],
        "guess": [callable, None],
        "init": [Choices(INITIAL)],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
        **{name: TRAINING_CONSTRAINTS[name] for name in SHARED},
    }
    _network: Network
    _box: np.ndarray
    loss_curve_: list

    def __init__(
        self,
        residual: Callable[..., Any],
        conditions: PointConditions | BoxConditions,
        *,
        hidden_layer_sizes: str | int | Sequence[int] = "auto",
        activation: str | Activation = "tanh",
        solver: str = "gauss_newton",
        all_weights: bool = True,
        parameters: ArrayLike | None = None,
        penalties: Sequence[Penalty] = (),
        guess: Callable[..., Any] | None = None,
        init: str = "cover",
        init_scale: float = 3.0,
        batch_size: int | None = None,
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        warmup_fraction: float = 0.0,
        max_iter: int = 200,
        max_fun: int = 15000,
        tol: float = 1e-8,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        clip_norm: float | None = None,
        warm_start: bool = False,
        random_state: RandomState = None,
        verbose: bool | int = False,
    ) -> None:
        store_parameters(self, locals())

    # ---- fitting -----------------------------------------------------------------

    @typed(_fit_context(prefer_skip_nested_validation=True))
    @unchanged_on_failure
    def fit(self, X: MatrixLike, y: Any = None) -> Self:
        """Make the residual vanish at the points X.

        Parameters
        ----------
        X : array-like of shape (n_points, n_variables)
            The collocation points: of an ordinary equation one column. Chebyshev
            points, denser towards the ends, are the best choice, about two for each
            unit.
        y : None
            Not used; there is no target.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            For wrong parameters; if the residual returns NaN or a wrong shape; if there
            are more or fewer conditions than the equation's order asks for; if the
            activation is not smooth. The estimator is then as it was before.

        Warns
        -----
        ConvergenceWarning
            If the largest residual is not within the tolerance.
        """
        self._solve(X, resumes=self.warm_start)
        if not self.converged_:
            warnings.warn(
                f"The largest residual, {self.largest_residual_:.3g} of the size of "
                f"the equation's terms, is above tol={self.tol:g}. Use more units or "
                "points, a smaller domain, solver='gauss_newton', or more iterations.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    @typed(available_if(goes_step_by_step))
    @typed(_fit_context(prefer_skip_nested_validation=True))
    @unchanged_on_failure
    def partial_fit(self, X: MatrixLike, y: Any = None) -> Self:
        """Go on from the weights there are, at other points.

        Parameters
        ----------
        X : array-like of shape (n_points, n_variables)
            Fresh points, drawn at random for example. The domain stays that of the
            first call.
        y : None
            Not used.

        Returns
        -------
        self : object
            The estimator after one more epoch, or Gauss-Newton step.

        Raises
        ------
        AttributeError
            With ``solver="lbfgs"``.
        ValueError
            As :meth:`fit`.
        """
        self._solve(X, resumes=True, incremental=True)
        return self

    def _solve(self, X, resumes, incremental=False):
        """Fit; incremental is one iteration, with the optimiser of the call before."""
        params = self.get_params(deep=False)
        if incremental:
            params["max_iter"] = 1
        resumes = resumes and hasattr(self, "_network")
        X = validate_data(self, X, dtype=np.float64, reset=not resumes)
        params["random_state"] = check_random_state(self.random_state)
        setup = Setup(params, X, vars(self) if resumes else {})
        residuals = setup.residuals
        course = Course(residuals, self.tol, print if self.verbose else None)
        state = None
        # What is not finite is noticed below, and by the solvers.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if self.solver in SOLVERS:
                SOLVERS[self.solver](residuals, course, params)
            else:
                earlier = self.__dict__.get("_optimizer") if incremental else None
                state = copy.deepcopy(earlier) or OPTIMIZERS[self.solver](
                    residuals.vector.shape, np.float64, params
                )
                solve_descent(residuals, course, params, state)
        if not np.isfinite(residuals.vector).all():
            raise ValueError(
                f"solver={self.solver!r} diverged: its weights are not finite. Lower "
                "learning_rate_init, or use solver='gauss_newton'."
            )
        before = self.loss_curve_ if resumes else []
        self._network, self._box = residuals.network, residuals.box
        self._optimizer = state
        self.parameters_ = residuals.p.copy()
        self.loss_curve_ = [*before, *course.losses]
        self.loss_ = float(np.mean(residuals.rows() ** 2))
        self.n_iter_ = len(course.losses)
        self.largest_residual_, self.converged_ = course.largest, course.solved
        self.differentiation_ = setup.equation.how

    # ---- the solution ------------------------------------------------------------

    def _jets(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        self.conditions._check(X)
        return X, *jets_of(self._network, self.conditions, self._box, X)

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Compute the solution.

        Parameters
        ----------
        X : array-like of shape (n_points, n_variables)
            Points.

        Returns
        -------
        ndarray of shape (n_points,) or (n_points, n_components)
            The solution there.
        """
        return self.derivatives(X).value

    def derivatives(self, X: MatrixLike) -> Derivatives:
        """Compute the solution and its derivatives, which are exact.

        Parameters
        ----------
        X : array-like of shape (n_points, n_variables)
            Points.

        Returns
        -------
        Derivatives
            ``value``, ``gradient`` and, for an equation of second order, ``hessian``,
            as of :func:`network_derivatives`.
        """
        _, channels, jets = self._jets(X)
        return unpacked(channels, jets, self.conditions.is_scalar)

    def residuals(self, X: MatrixLike) -> np.ndarray:
        """Compute what is left of the equation.

        Parameters
        ----------
        X : array-like of shape (n_points, n_variables)
            Points.

        Returns
        -------
        ndarray of shape (n_points,) or (n_points, n_equations)
            The residual at each point.
        """
        X, channels, jets = self._jets(X)
        equation = Setup.equation_of(vars(self), channels)
        p = (self.parameters_,) if len(self.parameters_) else ()
        equation.settle(X, jets, p)
        found = equation.values(X, jets, p)
        return found[0] if len(found) == 1 else found.T

    def score(self, X: MatrixLike, y: ArrayLike | None = None) -> float:
        """Score the solution.

        Parameters
        ----------
        X : array-like of shape (n_points, n_variables)
            Points.
        y : array-like of shape (n_points,) or (n_points, n_components), default=None
            The true solution there, if it is known.

        Returns
        -------
        float
            R^2; without y minus the root of the mean squared residual.
        """
        if y is not None:
            return float(r2_score(y, self.predict(X)))
        return -float(np.sqrt(np.mean(self.residuals(X) ** 2)))

    @property
    def coefs_(self):
        """Weights of each layer: views."""
        check_is_fitted(self)
        return list(self._network.named["W"])

    @property
    def intercepts_(self):
        """Intercepts of each layer: views."""
        check_is_fitted(self)
        return list(self._network.named["b"])

    def __sklearn_is_fitted__(self):
        return "_network" in self.__dict__

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags
