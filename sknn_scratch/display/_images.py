"""Looks inside a convolutional network: its filters, and what an image becomes."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from sknn_scratch._pipelines import last_step
from sknn_scratch._types import MatrixLike
from sknn_scratch.display._drawing import pyplot, tiling


def _convnet(estimator):
    """The fitted convolutional network that an estimator is, or ends in."""
    model = last_step(estimator)
    if not hasattr(model, "feature_maps"):
        raise TypeError(
            f"{model} has no convolutions: take a ConvNetClassifier or a "
            "ConvNetRegressor."
        )
    check_is_fitted(model)
    return model


class FiltersDisplay:
    """The filters of a convolution as images.

    Parameters
    ----------
    filters : ndarray of shape (height, width, n_channels, n_filters)
        Weights.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One for each filter, or (n_filters, n_channels) of them where there are several
        channels.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        Their figure.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_scratch import ConvNetClassifier
    >>> from sknn_scratch.display import FiltersDisplay
    >>> model = ConvNetClassifier(early_stopping=True, random_state=0)
    >>> model = model.fit(*load_digits(return_X_y=True))
    >>> FiltersDisplay.from_estimator(model).axes_.shape
    (10,)
    """

    def __init__(self, filters: ArrayLike) -> None:
        self.filters = np.asarray(filters)
        if self.filters.ndim != 4:
            raise ValueError(
                "filters must have the shape (height, width, n_channels, n_filters), "
                f"got {self.filters.shape}."
            )

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        layer: int = 0,
        n_filters: int | None = None,
        n_channels: int | None = None,
        fig: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the filters of a fitted ConvNet.

        Parameters
        ----------
        estimator : estimator
            Fitted; of a pipeline the last step counts.
        layer : int, default=0
            Index of the convolution.
        n_filters, n_channels : int, default=None
            Draw the first ones only.
        fig : matplotlib Figure, default=None
            Figure to draw on; None makes one.
        **kwargs : dict
            Passed to matplotlib's ``imshow``.

        Returns
        -------
        FiltersDisplay
            The display.

        Raises
        ------
        TypeError
            If the estimator has no convolutions.
        ValueError
            If it has no such convolution.
        """
        convolutions = [W for W in _convnet(estimator).coefs_ if W.ndim == 4]
        n = len(convolutions)
        if not -n <= layer < n:
            raise ValueError(
                f"layer must be between {-n} and {n - 1} for a network with {n} "
                f"convolution{'s' * (n > 1)}, got {layer}."
            )
        filters = convolutions[layer][..., :n_channels, :n_filters]
        return cls(filters).plot(fig=fig, **kwargs)

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
        FiltersDisplay
            The display.
        """
        plt = pyplot("FiltersDisplay")
        *_, n_channels, n_filters = self.filters.shape
        if n_channels == 1:
            rows, columns = tiling(n_filters)
        else:
            rows, columns = n_filters, n_channels
        if fig is None:
            size = columns * 0.8 + 0.9, rows * 0.8 + 0.3
            fig = plt.figure(figsize=size, layout="constrained")
        grid = fig.subplots(rows, columns, squeeze=False)
        limit = np.abs(self.filters).max()
        style = {"cmap": "RdBu", "vmin": -limit, "vmax": limit, **kwargs}
        images = np.moveaxis(self.filters, (-1, -2), (0, 1))
        images = images.reshape(-1, *images.shape[2:])
        for ax, image in zip(grid.ravel(), images, strict=False):
            drawn = ax.imshow(image, **style)
        for ax in grid.ravel():
            ax.set_axis_off()
        if n_channels > 1:
            for k, ax in enumerate(grid[0]):
                ax.set_title(f"channel {k}", fontsize="small")
        fig.colorbar(drawn, ax=grid, label="Weight")
        self.axes_ = grid if n_channels > 1 else grid.ravel()[:n_filters]
        self.ax_, self.figure_ = grid[0, 0], fig
        return self


class FeatureMapsDisplay:
    """What an image becomes in a convolutional network, layer by layer.

    Parameters
    ----------
    stages : list of ndarray of shape (height, width, n_maps)
        The image, and what each layer makes of it.
    names : list of str, default=None
        A name for each.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_stages, n_columns)
        A row for each stage.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        Their figure.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_scratch import ConvNetClassifier
    >>> from sknn_scratch.display import FeatureMapsDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> model = ConvNetClassifier(early_stopping=True, random_state=0).fit(X, y)
    >>> FeatureMapsDisplay.from_estimator(model, X[:1]).names
    ['image', 'convolution 1', 'pooled 1']
    """

    def __init__(
        self, stages: Sequence[ArrayLike], names: Sequence[str] | None = None
    ) -> None:
        self.stages = [np.asarray(stage) for stage in stages]
        self.names = list(names or [f"stage {k}" for k in range(len(self.stages))])
        if len(self.names) != len(self.stages):
            raise ValueError(
                f"There must be a name for each of the {len(self.stages)} stages, got "
                f"{self.names}."
            )

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: MatrixLike,
        *,
        n_maps: int = 10,
        fig: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw what a fitted ConvNet makes of the first image of X.

        Parameters
        ----------
        estimator : estimator
            Fitted; of a pipeline the last step counts, and X is transformed.
        X : array-like of shape (n_samples, n_features) or those of images
            Images, as ``fit`` takes them.
        n_maps : int, default=10
            Draw as many maps of each layer at the most.
        fig : matplotlib Figure, default=None
            Figure to draw on; None makes one.
        **kwargs : dict
            Passed to matplotlib's ``imshow``.

        Returns
        -------
        FeatureMapsDisplay
            The display.

        Raises
        ------
        TypeError
            If the estimator has no convolutions.
        """
        model = _convnet(estimator)
        if model is not estimator:
            X = estimator[:-1].transform(X)
        rows: Any = X
        x = rows[:1]
        dense = x.toarray() if hasattr(x, "toarray") else np.asarray(x)
        image = dense.reshape(model.image_shape_)
        names = ["image"]
        for k, pooled in enumerate(model._pools(), 1):
            names += [f"convolution {k}", f"pooled {k}"][: 1 + pooled]
        maps = [stage[0] for stage in model.feature_maps(x)]
        return cls([image, *maps], names).plot(n_maps=n_maps, fig=fig, **kwargs)

    def plot(self, *, n_maps: int = 10, fig: Any = None, **kwargs: Any) -> Self:
        """Draw.

        Parameters
        ----------
        n_maps : int, default=10
            As in :meth:`from_estimator`.
        fig : matplotlib.figure.Figure or None, default=None
            As in :meth:`from_estimator`.
        **kwargs : dict
            As in :meth:`from_estimator`.

        Returns
        -------
        FeatureMapsDisplay
            The display.
        """
        plt = pyplot("FeatureMapsDisplay")
        rows = len(self.stages)
        columns = min(n_maps, max(stage.shape[-1] for stage in self.stages))
        if fig is None:
            size = columns * 0.6 + 1.4, rows * 0.8
            fig = plt.figure(figsize=size, layout="constrained")
        axes = fig.subplots(rows, columns, squeeze=False)
        for row, stage, name in zip(axes, self.stages, self.names, strict=True):
            height, width, n = stage.shape
            style = {"cmap": "gray", "vmin": stage.min(), "vmax": stage.max(), **kwargs}
            for k, ax in enumerate(row):
                ax.set(xticks=[], yticks=[])
                if k >= n:
                    ax.set_axis_off()
                    continue
                ax.imshow(stage[..., k], **style)
            label = f"{name}\n{height} x {width} x {n}"
            row[0].set_ylabel(label, rotation=0, ha="right", va="center")
        self.axes_, self.ax_, self.figure_ = axes, axes[0, 0], fig
        return self
