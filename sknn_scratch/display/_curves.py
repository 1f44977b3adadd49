"""Loss curves."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from sknn_scratch._pipelines import last_step
from sknn_scratch.display._drawing import pyplot


class LossCurveDisplay:
    """Training and validation curves, of one run or of several with mean and band.

    Parameters
    ----------
    loss_curves : list of list of float
        The loss after each epoch, one list for each run.
    validation_curves : list of list of float, default=()
        The loss on a validation set, likewise; empty where there is none.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the picture.
    figure_ : matplotlib Figure
        Its figure.
    lines_ : list of matplotlib Line2D
        The curves; for several runs their means.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_scratch import ScratchMLPClassifier
    >>> from sknn_scratch.display import LossCurveDisplay
    >>> model = ScratchMLPClassifier((5,), solver="lbfgs", max_iter=1000)
    >>> model = model.fit(*load_iris(return_X_y=True))
    >>> LossCurveDisplay.from_estimator(model).ax_.get_ylabel()
    'Loss'
    """

    def __init__(
        self,
        loss_curves: Sequence[Sequence[float]],
        validation_curves: Sequence[Sequence[float]] = (),
    ) -> None:
        self.loss_curves = [list(curve) for curve in loss_curves]
        self.validation_curves = [list(curve) for curve in validation_curves]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        ax: Any = None,
        log: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the curves of an estimator, of several, or of a repeated fit.

        Parameters
        ----------
        estimator : estimator, list of estimator, or RepeatedFit
            Fitted; of a pipeline the last step counts.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        log : bool, default=False
            Whether the losses have a logarithmic axis.
        name : str, default=None
            Name of the curve in the legend.
        **kwargs : dict
            Passed to matplotlib's ``plot``.

        Returns
        -------
        LossCurveDisplay
            The display.

        Raises
        ------
        ValueError
            If an estimator has no loss curve.
        """
        estimators = getattr(estimator, "estimators", estimator)
        if not isinstance(estimators, (list, tuple)):
            estimators = [estimators]
        runs = [last_step(one) for one in estimators]
        for run in runs:
            if not getattr(run, "loss_curve_", None):
                raise ValueError(
                    f"{run} has no loss curve: fit it, with an estimator of this "
                    "package, for at least one epoch."
                )
        validation = [getattr(run, "validation_loss_curve_", None) for run in runs]
        display = cls(
            [run.loss_curve_ for run in runs],
            [curve for curve in validation if curve] if all(validation) else (),
        )
        return display.plot(ax=ax, log=log, name=name, **kwargs)

    def plot(
        self,
        ax: Any = None,
        *,
        log: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            As in :meth:`from_estimator`.
        log : bool, default=False
            As in :meth:`from_estimator`.
        name : str or None, default=None
            As in :meth:`from_estimator`.
        **kwargs : dict
            As in :meth:`from_estimator`.

        Returns
        -------
        LossCurveDisplay
            The display.
        """
        plt = pyplot("LossCurveDisplay")
        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        label = "training" if name is None else name
        self.lines_ = [self._curve(ax, self.loss_curves, label, **kwargs)]
        if self.validation_curves:
            style = {**kwargs, "linestyle": "--"}
            label = "validation" if name is None else f"{name}, validation"
            self.lines_.append(self._curve(ax, self.validation_curves, label, **style))
        if name is not None or self.validation_curves:
            ax.legend()
        ax.set(xlabel="Epoch", ylabel="Loss")
        if log:
            ax.set_yscale("log")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _curve(self, ax, curves, label, **kwargs):
        """The mean curve, and a band of one standard deviation for several runs.

        The band does not go below the lowest run: it stays positive on a log axis.
        """
        longest = max(map(len, curves))
        # Runs end at different epochs: a mean is one of the runs that are still on.
        table = np.full((len(curves), longest), np.nan)
        for row, curve in zip(table, curves, strict=True):
            row[: len(curve)] = curve
        epochs = np.arange(1, longest + 1)
        mean = np.nanmean(table, axis=0)
        (line,) = ax.plot(epochs, mean, label=label, **kwargs)
        if len(curves) > 1:
            spread = np.nanstd(table, axis=0)
            ax.fill_between(
                epochs,
                np.maximum(mean - spread, np.nanmin(table, axis=0)),
                mean + spread,
                color=line.get_color(),
                alpha=0.25,
                linewidth=0,
            )
        return line
