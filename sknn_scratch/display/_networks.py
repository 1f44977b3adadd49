"""Looks inside a network: its first weights, its flow."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_is_fitted

from sknn_scratch._pipelines import last_step
from sknn_scratch._types import MatrixLike
from sknn_scratch.display._drawing import pyplot, tiling


class WeightsDisplay:
    """The weights of the first layer as images, one for each unit.

    Parameters
    ----------
    weights : ndarray of shape (n_features, n_units)
        Weights.
    shape : tuple of int, default=None
        Height and width of an image; None takes a square.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One for each image.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        Their figure.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_scratch import ScratchMLPClassifier
    >>> from sknn_scratch.display import WeightsDisplay
    >>> model = ScratchMLPClassifier((4,), early_stopping=True, max_iter=1000)
    >>> model = model.fit(*load_digits(return_X_y=True))
    >>> WeightsDisplay.from_estimator(model).axes_.shape
    (4,)
    """

    def __init__(
        self, weights: ArrayLike, shape: tuple[int, int] | None = None
    ) -> None:
        self.weights = np.asarray(weights)
        n = len(self.weights)
        side = round(np.sqrt(n))
        self.shape = (side, side) if shape is None else tuple(shape)
        if np.prod(self.shape) != n:
            asked = "not a square" if shape is None else f"not {shape[0]} x {shape[1]}"
            raise ValueError(
                f"{n} features are {asked}: give the shape (height, width) of an image."
            )

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        shape: tuple[int, int] | None = None,
        n_units: int | None = None,
        fig: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the first layer's weights of a fitted MLP, or the lift of a ResNet.

        Parameters
        ----------
        estimator : estimator
            Fitted; of a pipeline the last step counts.
        shape : tuple of int, default=None
            Height and width of an image; None takes a square.
        n_units : int, default=None
            Draw the first n_units only.
        fig : matplotlib Figure, default=None
            Figure to draw on; None makes one.
        **kwargs : dict
            Passed to matplotlib's ``imshow``.

        Returns
        -------
        WeightsDisplay
            The display.

        Raises
        ------
        ValueError
            If the features are not an image of that shape, or there are no weights.
        """
        model = last_step(estimator)
        check_is_fitted(model)
        if hasattr(model, "coefs_"):
            weights = model.coefs_[0]
        elif hasattr(model, "lift_coef_"):
            weights = model.lift_coef_
        else:
            raise ValueError(f"{model} has no weights of a first layer to draw.")
        return cls(weights[:, :n_units], shape).plot(fig=fig, **kwargs)

    def plot(self, *, fig: Any = None, **kwargs: Any) -> Self:
        """Draw.

        Parameters
        ----------
        fig : matplotlib.figure.Figure or None, default=None
            As in :meth:`from_estimator`.
        **kwargs : dict
            As in :meth:`from_estimator`.

        Returns
        -------
        WeightsDisplay
            The display.
        """
        plt = pyplot("WeightsDisplay")
        n = self.weights.shape[1]
        rows, columns = tiling(n)
        if fig is None:
            fig = plt.figure(figsize=(columns * 0.8, rows * 0.8), layout="constrained")
        axes = fig.subplots(rows, columns, squeeze=False).ravel()
        limit = np.abs(self.weights).max()
        style = {"cmap": "RdBu", "vmin": -limit, "vmax": limit, **kwargs}
        for ax, weights in zip(axes, self.weights.T, strict=False):
            ax.imshow(weights.reshape(self.shape), **style)
        for ax in axes:
            ax.set_axis_off()
        self.axes_, self.ax_, self.figure_ = axes[:n], axes[0], fig
        return self


class HiddenStatesDisplay:
    """The flow of data through a residual network, in two dimensions.

    Parameters
    ----------
    states : ndarray of shape (n_layers + 1, n_samples, width)
        Y_0 ... Y_K; projected on two principal components where width exceeds 2.
    y : array-like of shape (n_samples,), default=None
        Labels, for the colours.

    Attributes
    ----------
    projected_ : ndarray of shape (n_layers + 1, n_samples, 2)
        The points that are drawn.
    ax_, figure_ : matplotlib Axes and Figure
        The axes and figure of the picture.

    Examples
    --------
    >>> from sknn_scratch import ResNetClassifier
    >>> from sknn_scratch.datasets import make_spirals
    >>> from sknn_scratch.display import HiddenStatesDisplay
    >>> X, y = make_spirals(200, random_state=0)
    >>> model = ResNetClassifier(width=4, max_iter=1000, random_state=0).fit(X, y)
    >>> HiddenStatesDisplay.from_estimator(model, X, y).projected_.shape
    (21, 200, 2)
    """

    def __init__(self, states: ArrayLike, y: ArrayLike | None = None) -> None:
        self.states = np.asarray(states)
        width = self.states.shape[-1]
        if self.states.ndim != 3 or width < 2:
            raise ValueError(
                "The flow needs states of shape (n_layers + 1, n_samples, width) with "
                f"a width of at least 2, got {self.states.shape}."
            )
        self.y = np.zeros(self.states.shape[1], int) if y is None else np.asarray(y)
        self.projected_ = self.states
        if width > 2:
            flat = self.states.reshape(-1, width)
            flat = PCA(2, svd_solver="full").fit_transform(flat)
            self.projected_ = flat.reshape(*self.states.shape[:2], 2)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: MatrixLike,
        y: ArrayLike | None = None,
        *,
        n_paths: int = 100,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the flow of X through a fitted ResNet.

        Parameters
        ----------
        estimator : ResNetClassifier or ResNetRegressor
            Fitted.
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Labels, for the colours.
        n_paths : int, default=100
            Number of rows, evenly taken, that are drawn with their paths.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **kwargs : dict
            Passed to matplotlib's ``plot`` for the paths.

        Returns
        -------
        HiddenStatesDisplay
            The display.

        Raises
        ------
        TypeError
            If the estimator has no hidden states.
        ValueError
            If its width is 1.
        """
        if not hasattr(estimator, "hidden_states"):
            raise TypeError(f"{estimator} has no hidden_states: take a ResNet.")
        display = cls(estimator.hidden_states(X), y)
        return display.plot(ax=ax, n_paths=n_paths, **kwargs)

    def plot(self, ax: Any = None, *, n_paths: int = 100, **kwargs: Any) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            As in :meth:`from_estimator`.
        n_paths : int or None, default=100
            As in :meth:`from_estimator`.
        **kwargs : dict
            As in :meth:`from_estimator`.

        Returns
        -------
        HiddenStatesDisplay
            The display.
        """
        plt = pyplot("HiddenStatesDisplay")
        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        flow, n = self.projected_, self.projected_.shape[1]
        paths = np.unique(np.linspace(0, n - 1, min(n_paths, n)).astype(int))
        # Wong's (2011) palette, told apart without seeing red or green.
        colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#F0E442", "#56B4E9"]
        style = {"linewidth": 0.6, "alpha": 0.5, **kwargs}
        for k, label in enumerate(np.unique(self.y)):
            colour = colours[k % len(colours)]
            rows = paths[self.y[paths] == label]
            ax.plot(flow[:, rows, 0], flow[:, rows, 1], color=colour, **style)
            ax.scatter(*flow[0, rows].T, s=12, facecolors="none", edgecolors=colour)
            ax.scatter(*flow[-1, rows].T, s=12, color=colour, label=str(label))
        wide = self.states.shape[-1] > 2
        what = "Principal component" if wide else "Unit"
        ax.set(
            xlabel=f"{what} 1", ylabel=f"{what} 2", title="open: input, full: output"
        )
        if len(np.unique(self.y)) > 1:
            ax.legend(title="class", fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self
