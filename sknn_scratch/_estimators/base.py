"""The base of all estimators: validation at the door, fit, partial_fit, prediction.

An estimator says which layers it has (``_build_layers``), how its parameters are called
(``_expose``) and which target it takes (``_target_for``); everything else is here. A
fit works on local objects, of an earlier fit's weights on copies, and commits them to
``self`` at its end in one assignment: a fit that fails leaves the estimator as it was.
"""

from dataclasses import replace
from functools import partial
from math import isfinite
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from sknn_scratch._documentation import DocumentationLink
from sknn_scratch._estimators.callbacks import CallbackSupportMixin, watch
from sknn_scratch._estimators.diagnosis import check_trained, check_weights, unseen_nan
from sknn_scratch._estimators.files import check_finite, mapped_rows, rows_to_convert
from sknn_scratch._estimators.parameters import (
    TRAINING_CONSTRAINTS,
    as_list,
    check_mistaken,
    check_options,
    validation_set,
    warn_of_idle,
)
from sknn_scratch._estimators.solvers import SOLVERS
from sknn_scratch._nn.initializers import INITIALIZERS
from sknn_scratch._nn.links import LINKS
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch._nn.network import Network
from sknn_scratch._training.batches import Problem
from sknn_scratch._training.run import Unwatched
from sknn_scratch._training.validation import Given
from sknn_scratch._types import MatrixLike


class BaseNeuralEstimator(DocumentationLink, CallbackSupportMixin, BaseEstimator):
    """Base of all estimators; not to be used directly."""

    _parameter_constraints: dict = TRAINING_CONSTRAINTS

    #: Parameters that this base reads itself.
    loss: str
    alpha: float
    solver: str
    max_iter: int
    random_state: Any
    warm_start: bool
    init: str
    init_scale: float
    dtype: str | None
    #: The fitted network, and what it says of y.
    _network: Network
    _target: Any
    n_features_in_: int

    #: Fitted attributes that are views of the network's parameters.
    _exposed: tuple[str, ...] = ("coefs_", "intercepts_")
    #: Attributes that a later fit may not have.
    _of_one_fit: tuple[str, ...] = ("_training_state",)

    # ---- what an estimator says of itself ----------------------------------------

    def _build_layers(self, n_in, n_out):
        """The layers of the network, in forward order."""
        raise NotImplementedError

    def _expose(self, network):
        """Name and value of each attribute in ``_exposed``."""
        # Lists of its own: what a user assigns to an entry is to be noticed.
        return {
            "coefs_": list(network.named["W"]),
            "intercepts_": list(network.named["b"]),
        }

    def _count_layers(self, network):
        """Number of layers, input and output included."""
        return len(network.named["W"]) + 1

    def _target_for(self, y, earlier, incremental, classes):
        """The target for y.

        Parameters
        ----------
        y : ndarray
            Validated.
        earlier : target or None
            That of the fit that goes on, which y must fit.
        incremental : bool
            Whether this is partial_fit.
        classes : array-like or None
            The classes that partial_fit was given.
        """
        raise NotImplementedError

    # ---- fitting -----------------------------------------------------------------

    def _fit(self, X, y, sample_weight, given=(), incremental=False, classes=None):
        """Fit, or do one epoch more."""
        watcher = (
            Unwatched()
            if incremental
            else watch(self, X, y, sample_weight, self.max_iter)
        )
        resumes = incremental or self.warm_start
        solver = self._prepared(
            self._adopted_network() if resumes else None,
            watcher,
            X,
            y,
            sample_weight,
            given,
            incremental,
            classes,
        )
        solver.run(partial(self._snapshot, solver))
        return self._concluded(solver)

    def _waiting(
        self, X, y, sample_weight, X_val=None, y_val=None, sample_weight_val=None
    ):
        """The solver of a fresh fit, whose training somebody else will run."""
        given = validation_set(X_val, y_val, sample_weight_val)
        return self._prepared(
            None, Unwatched(), X, y, sample_weight, given, False, None
        )

    def _concluded(self, solver):
        """Take over what the solver has trained."""
        check_trained(solver)
        fitted = self._fitted(solver, solver.problem)
        solver.watcher.finish(partial(self._snapshot, solver))
        self._commit(fitted)
        return self

    def _commit(self, fitted):
        """Take over the fitted attributes, in one assignment."""
        earlier = {
            name: value
            for name, value in self.__dict__.items()
            if name not in self._of_one_fit and name not in self._exposed
        }
        self.__dict__ = {**earlier, **fitted}

    def _prepared(
        self, network, watcher, X, y, sample_weight, given, incremental, classes
    ):
        """The solver, ready to run; ``network`` is the one to go on from, or None."""
        params = self._params()
        check_options(params, incremental, given)
        warn_of_idle(type(self), params, given)
        resumes = network is not None
        by_batch = not SOLVERS[params["solver"]].full_batch
        X, y = self._validate(X, y, reset=not resumes, by_batch=by_batch)
        earlier = self._adopted_target(network) if resumes else None
        target = self._target_for(y, earlier, incremental, classes)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)

        random_state = check_random_state(self.random_state)
        before = self._before(network)
        shape = X.shape[1], target.n_outputs
        network = self._network_for(shape, X.dtype, network, random_state)
        problem = Problem.of(
            network,
            target,
            LOSSES[params["loss"]](target.link, params),
            X,
            target.encode(y, network.dtype),
            target.weights(y, sample_weight),
            random_state,
            y,
            sample_weight,
        )
        check_weights(problem)
        given = self._validated(given, target, network.dtype)
        solver = SOLVERS[params["solver"]]
        return solver(self, params, problem, before, watcher, incremental, given)

    def _before(self, network):
        """The fitted attributes to go on from, of that network; {} if it is None."""
        if network is None:
            return {}
        return {**self.__dict__, "_training_state": self._adopted_state(network)}

    def _network_for(self, shape, dtype, earlier, random_state):
        """The network of (n_features, n_outputs): of earlier weights, or a new one."""
        layers = self._build_layers(*shape)
        if earlier is not None:
            return self._resumed(earlier, layers, random_state)
        return self._drawn(Network(layers, dtype), random_state)

    def _validate_params(self):
        check_mistaken(self._params(), self._parameter_constraints)
        super()._validate_params()

    def _params(self):
        """The parameters by name; a subclass's ``__init__`` need not take them all."""
        return {name: getattr(self, name) for name in self._parameter_constraints}

    def _fitted(self, solver, problem):
        """Name and value of every fitted attribute."""
        network, target = problem.network, problem.target
        return {
            "_network": network,
            "_target": target,
            **target.attributes(),
            "n_outputs_": target.n_outputs,
            "n_layers_": self._count_layers(network),
            "_built_with": getattr(self, "activation", None),
            "out_activation_": target.link_name,
            **self._expose(network),
            **solver.attributes(),
        }

    def _snapshot(self, solver):
        """The fitted attributes of a model in the making, its weights copied."""
        network = solver.problem.network
        copied = network.with_theta(network.theta.copy())
        return self._fitted(solver, replace(solver.problem, network=copied))

    def _validate(self, X, y, reset, **options):
        """X and y, validated.

        X is of the option ``dtype``, else of what the parameter says; with the option
        ``by_batch`` rows of a file are left to be converted when they are read.
        """
        dtype = options.pop("dtype", None) or self.dtype or (np.float64, np.float32)
        mapped = mapped_rows(X, dtype) if options.pop("by_batch", False) else None
        if mapped is not None:
            dtype, options["ensure_all_finite"] = None, False
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=dtype,
            reset=reset,
            **options,
        )
        if mapped is not None:
            X = mapped
            check_finite(X, self)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _validated(self, given, target, dtype):
        """The validation set that fit was given, encoded; None if there is none."""
        if not given:
            return None
        raw, y, weight = given
        X, y = self._validate(raw, y, reset=False)
        if weight is not None:
            weight = _check_sample_weight(weight, X)
        target.check(y, all_present=False)
        frame = raw if hasattr(raw, "columns") else None
        return Given(X, y, target.encode(y, dtype), weight, frame)

    def _drawn(self, network, random_state):
        """The network with its initial parameters, drawn or given."""
        draw = partial(INITIALIZERS[self.init], scale=self.init_scale)
        network.draw(draw, random_state)
        for name, views in (
            ("coefs_init", network.named["W"]),
            ("intercepts_init", network.named["b"]),
        ):
            if getattr(self, name) is None:
                continue
            arrays = _real_arrays(getattr(self, name))
            shapes = [view.shape for view in views]
            if arrays is None or [array.shape for array in arrays] != shapes:
                got = f"{getattr(self, name)!r:.60}"
                if arrays is not None:
                    got = f"arrays of {[array.shape for array in arrays]}"
                raise ValueError(
                    f"{name} must be a list of arrays of real numbers of the shapes "
                    f"{shapes}, got {got}."
                )
            for view, array in zip(views, arrays, strict=True):
                view[...] = array
        if not np.isfinite(network.theta).all():
            raise ValueError("coefs_init and intercepts_init must be finite.")
        return network

    def _resumed(self, network, layers, random_state):
        """The layers that the parameters ask for, over the earlier fit's weights."""
        wanted = Network(layers, network.theta.dtype)
        if network.shapes != wanted.shapes:
            raise ValueError(
                "warm_start and partial_fit go on from the earlier fit, whose "
                f"parameters have the shapes {network.shapes}, but this estimator and "
                f"data ask for {wanted.shapes}. Set warm_start=False and call fit to "
                "start afresh."
            )
        places = _places(network.layers)
        for place, layer in _places(layers).items():
            layer.inherit(places.get(place), random_state)
        return wanted.with_theta(network.theta.copy())

    # ---- prediction --------------------------------------------------------------

    def _rows(self, X):
        """X, validated, and the network in the dtype of the computation."""
        if not self.__sklearn_is_fitted__():  # cheaper than reading the tags each time
            check_is_fitted(self)
        if not self._plainly_valid(X):
            X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        network = self._adopted_network()
        if self.dtype is None:
            dtype = np.result_type(X.dtype, network.dtype)
            network = network.astype(np.float32 if dtype == np.float32 else np.float64)
        return X.tocsr() if sparse.issparse(X) else X, network

    def _outputs(self, X):
        """The target, and the network's output (n_samples, n_outputs), link applied."""
        X, network = self._rows(X)
        target = self._adopted_target(network)
        if target is None:
            raise AttributeError(
                f"This {type(self).__name__} has coefs_ but no classes_: assign them "
                "too."
            )
        rows = rows_to_convert(X, network)
        mu = network.predict(X, self._link(target), rows=rows)
        # One sum is quicker than a look at each entry, and nearly always finite.
        if not isfinite(mu.sum()) and not np.isfinite(mu).all():
            raise ValueError(
                "The network's output is not finite for these rows: their features, or "
                f"the weights, are too large for {network.dtype}. Scale the features, "
                f"for example with StandardScaler.{unseen_nan(X)}"
            )
        return target, mu

    def _link(self, target):
        """The link; like scikit-learn's it follows ``out_activation_``."""
        name = self.__dict__.get("out_activation_", target.link_name)
        if name == target.link_name:
            return target.link
        if name not in LINKS:
            raise ValueError(
                f"out_activation_ must be among {list(LINKS)}, got {name!r}."
            )
        return LINKS[name]

    def hidden_activations(self, X: MatrixLike) -> list[np.ndarray]:
        """Compute the outputs of the hidden layers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        list of ndarray of shape (n_samples, n_units)
            One array for each layer but the last, in forward order.
        """
        X, network = self._rows(X)
        return network.hidden(X)

    def _plainly_valid(self, X):
        """Tell if validate_data would return X as it is.

        For a few rows validate_data takes four times as long as the network; this
        takes a few microseconds, and whatever it is not sure of goes to validate_data.
        """
        return (
            type(X) is np.ndarray
            and X.dtype in (np.float64, np.float32)
            and X.ndim == 2
            and 0 < X.size < 1 << 18
            and X.shape[1] == getattr(self, "n_features_in_", X.shape[1])
            and "feature_names_in_" not in self.__dict__
            and bool(np.isfinite(X).all())
        )

    def _takes_rows(self):
        """Whether X is always rows, (n_samples, n_features)."""
        return True

    def __sklearn_is_fitted__(self):
        return "_network" in self.__dict__

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # ---- the fitted state --------------------------------------------------------

    def _adopted_network(self):
        """The network, or None; subclasses take over what a user assigned."""
        return self.__dict__.get("_network")

    def _adopted_target(self, network):
        """What the network's outputs mean; likewise."""
        return self.__dict__.get("_target")

    def _adopted_state(self, network):
        """The state of the training so far, or None; likewise."""
        return self.__dict__.get("_training_state")

    def discard_training_state(self) -> Self:
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
        self.__dict__.pop("_training_state", None)
        return self

    def __getstate__(self):
        network = self._adopted_network()
        state = dict(super().__getstate__())
        if network is not None:
            state["_network"] = network
            state["_built_with"] = getattr(self, "activation", None)
            for name in self._exposed:  # views of theta, made again on loading
                state.pop(name, None)
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if "_network" in self.__dict__:
            self.__dict__.update(self._expose(self._network))


def _places(layers):
    """The layers by their place: kind, and layers with parameters before them."""
    places, n_before = {}, 0
    for layer in layers:
        places[type(layer), n_before] = layer
        n_before += bool(layer.parameters())
    return places


def _real_arrays(values):
    """The values as arrays; None if they are no list of arrays of real numbers."""
    values = as_list(values)
    if values is None:
        return None
    try:
        arrays = [np.asarray(value) for value in values]
    except ValueError:  # rows of different lengths
        return None
    return arrays if all(array.dtype.kind in "fiub" for array in arrays) else None
