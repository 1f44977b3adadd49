"""Derivatives of fitted regressors with respect to their inputs."""

from typing import Any, NamedTuple

import numpy as np

from sknn_scratch._estimators.base import BaseNeuralEstimator
from sknn_scratch._nn.jets import Channels, Tape
from sknn_scratch._types import MatrixLike

#: Numbers in the jets of the rows that are computed at a time.
AT_ONCE = 1 << 20


class Derivatives(NamedTuple):
    """A function of d inputs at n points, and its derivatives there.

    A named tuple. Of several outputs each array has an axis of outputs after the first.

    Parameters
    ----------
    value : ndarray of shape (n,) or (n, n_outputs)
        The function.
    gradient : ndarray of shape (n, d) or (n, n_outputs, d), default=None
        Its first derivatives; None if they were not asked for.
    hessian : ndarray of shape (n, d, d) or (n, n_outputs, d, d), default=None
        Its second derivatives, likewise.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch.differential import Derivatives
    >>> Derivatives(np.zeros(2), hessian=np.ones((2, 3, 3))).laplacian
    array([3., 3.])
    """

    value: np.ndarray
    gradient: np.ndarray | None = None
    hessian: np.ndarray | None = None

    @property
    def laplacian(self):
        """The sum of the pure second derivatives; None without them."""
        if self.hessian is None:
            return None
        return np.trace(self.hessian, axis1=-2, axis2=-1)


def unpacked(channels, jets, squeeze):
    """The jets (channels, n, n_outputs) as Derivatives; ``squeeze``: of one output."""
    if squeeze:
        jets = jets[..., 0]
    d = channels.n_inputs
    gradient = hessian = None
    if channels.order > 0:
        gradient = np.moveaxis(jets[1 : 1 + d], 0, -1)
    if channels.order > 1:
        hessian = np.empty((*jets.shape[1:], d, d), jets.dtype)
        for channel, i, j in channels.pairs:
            hessian[..., i, j] = hessian[..., j, i] = jets[channel]
    return Derivatives(jets[0], gradient, hessian)


def network_derivatives(estimator: Any, X: MatrixLike, order: int = 1) -> Derivatives:
    """Compute a fitted network's output and its derivatives by the features.

    The derivatives are exact: Taylor propagation through the layers, no differences.

    Parameters
    ----------
    estimator : ScratchMLPRegressor, ResNetRegressor or their classifiers
        Fitted. Of a classifier it must be the probabilities of logistic outputs: of two
        classes, whose second one's they are, or of many labels.
    X : array-like of shape (n_samples, n_features)
        Rows, at which to differentiate.
    order : {0, 1, 2}, default=1
        The highest derivative. 'relu', 'leaky_relu', 'elu' and 'selu' have no second
        ones; where such a unit has its kink the first one is that of training.

    Returns
    -------
    Derivatives
        A named tuple of ``value``, ``gradient`` and ``hessian``, of shapes
        (n_samples,), (n_samples, n_features) and (n_samples, n_features, n_features),
        or None where the order does not reach; of several outputs with an axis of
        outputs after the first. Its property ``laplacian`` is the trace of ``hessian``.

    Raises
    ------
    TypeError
        If the estimator is none of these, a pipeline for example.
    ValueError
        If the order is not 0, 1 or 2, or a second derivative is asked for that an
        activation does not have.
    NotFittedError
        If the estimator is not fitted.

    References
    ----------
    Griewank and Walther (2008). Evaluating derivatives, chapter 13. SIAM.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch import ScratchMLPRegressor
    >>> from sknn_scratch.differential import network_derivatives
    >>> X = np.linspace(-2, 2, 200)[:, None]
    >>> model = ScratchMLPRegressor(
    ...     hidden_layer_sizes=(20,), activation="tanh", solver="lbfgs", alpha=1e-6,
    ...     tol=1e-6, max_iter=2000, random_state=0)
    >>> found = network_derivatives(model.fit(X, np.sin(X[:, 0])), X, order=2)
    >>> bool(np.abs(found.gradient[:, 0] - np.cos(X[:, 0])).max() < 0.2)
    True
    >>> found.hessian.shape
    (200, 1, 1)
    """
    if not isinstance(estimator, BaseNeuralEstimator):
        raise TypeError(
            "network_derivatives takes a ScratchMLPRegressor, a ResNetRegressor or one "
            f"of their classifiers, got {type(estimator).__name__}. Of a pipeline take "
            "the last step, and the rows as the steps before transform them."
        )
    if order not in (0, 1, 2) or isinstance(order, bool):
        raise ValueError(f"order must be 0, 1 or 2, got {order!r}.")
    X, network = estimator._rows(X)
    X = X if isinstance(X, np.ndarray) else X.toarray()
    X = X.astype(network.dtype, copy=False)
    link = estimator._link(estimator._adopted_target(network))
    if order and link.kink:
        raise ValueError(
            f"network_derivatives of the output {link!r} are not there: {link.kink}. "
            "Take a regressor, or a classifier of two classes."
        )
    channels = Channels(X.shape[1], order)
    widest = max(layer.n_out for layer in network.layers)
    rows = max(1, AT_ONCE // (channels.n * max(widest, X.shape[1])))
    try:
        jets = [
            _jets(network, link, channels, X[start : start + rows])
            for start in range(0, len(X), rows)
        ]
    except NotImplementedError as error:
        raise ValueError(f"order={order} is not possible here: {error}") from error
    return unpacked(channels, np.concatenate(jets, axis=1), network.n_outputs == 1)


def _jets(network, link, channels, X):
    """The jets of the outputs, link applied."""
    z = Tape(network, channels).run(channels.seeds(X))
    return channels.through(link, z)[0]
