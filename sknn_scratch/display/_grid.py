"""Heat maps of grid searches."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from sknn_scratch.display._drawing import pyplot


class GridSearchDisplay:
    """The scores of a grid search over two of its parameters, as a heat map.

    Parameters
    ----------
    scores : ndarray of shape (n_y, n_x)
        The scores; NaN where there is none.
    x_name, y_name : str
        The parameters.
    x_values, y_values : list
        Their values, in order.
    score_name : str, default="Mean test score"
        Label of the colour bar.

    Attributes
    ----------
    best_ : tuple of int
        Row and column of the best score.
    ax_, figure_ : matplotlib Axes and Figure
        The axes and figure of the picture.
    im_ : matplotlib AxesImage
        The heat map.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sknn_scratch import ScratchMLPClassifier
    >>> from sknn_scratch.display import GridSearchDisplay
    >>> grid = {"alpha": [0.1, 1.0], "activation": ["tanh", "logistic"]}
    >>> model = ScratchMLPClassifier((5,), solver="lbfgs", max_iter=3000)
    >>> search = GridSearchCV(model, grid, cv=2).fit(*load_iris(return_X_y=True))
    >>> GridSearchDisplay.from_estimator(search).scores.shape
    (2, 2)
    """

    def __init__(
        self,
        scores: ArrayLike,
        *,
        x_name: str,
        y_name: str,
        x_values: Iterable[Any],
        y_values: Iterable[Any],
        score_name: str = "Mean test score",
    ) -> None:
        self.scores = np.asarray(scores, float)
        self.x_name, self.y_name = x_name, y_name
        self.x_values, self.y_values = list(x_values), list(y_values)
        self.score_name = score_name
        self.best_ = np.unravel_index(np.nanargmax(self.scores), self.scores.shape)

    @classmethod
    def from_estimator(
        cls,
        search: Any,
        *,
        x: str | None = None,
        y: str | None = None,
        score: str = "mean_test_score",
        reduce: str = "best",
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the scores of a fitted GridSearchCV.

        Parameters
        ----------
        search : GridSearchCV
            Fitted; with ``return_train_score=True`` for training scores.
        x, y : str, default=None
            Two of its parameters; None takes the first two with several values.
        score : str, default="mean_test_score"
            A column of ``cv_results_``, "mean_train_score" for example.
        reduce : {"best", "mean"}, default="best"
            Score of a cell whose fits differ in other parameters: their best or mean.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **kwargs : dict
            Passed to matplotlib's ``imshow``.

        Returns
        -------
        GridSearchDisplay
            The display.

        Raises
        ------
        NotFittedError
            If the search is not fitted.
        ValueError
            If the grid has fewer than two parameters, or no such parameter or score.
        """
        check_is_fitted(search, "cv_results_")
        results = search.cv_results_
        table = results["params"]
        names = sorted({name for params in table for name in params})
        if len(names) < 2:
            raise ValueError(
                "A heat map needs a grid with at least two parameters, got "
                f"{names or 'none'}."
            )
        varied = [n for n in names if len({repr(p.get(n)) for p in table}) > 1]
        default = (varied + [n for n in names if n not in varied])[:2]
        x, y = (
            default[i] if given is None else given for i, given in enumerate((x, y))
        )
        for name in (x, y):
            if name not in names:
                raise ValueError(f"{name!r} is not in the grid: {names}.")
        if score not in results:
            raise ValueError(
                f"{score!r} is not in cv_results_; for training scores set "
                "return_train_score=True."
            )
        if reduce not in ("best", "mean"):
            raise ValueError(f"reduce must be 'best' or 'mean', got {reduce!r}.")
        x_values, y_values = (_in_order([p.get(n) for p in table]) for n in (x, y))
        cells: list[list[list]] = [[[] for _ in x_values] for _ in y_values]
        keys = [repr(v) for v in x_values], [repr(v) for v in y_values]
        for params, value in zip(table, results[score], strict=True):
            row, column = (
                keys[1].index(repr(params.get(y))),
                keys[0].index(repr(params.get(x))),
            )
            cells[row][column].append(value)
        reducer = np.nanmax if reduce == "best" else np.nanmean
        scores = [[reducer(c) if c else np.nan for c in row] for row in cells]
        display = cls(
            scores,
            x_name=x,
            y_name=y,
            x_values=x_values,
            y_values=y_values,
            score_name=score.replace("_", " ").capitalize(),
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            As in :meth:`from_estimator`.
        **kwargs : dict
            As in :meth:`from_estimator`.

        Returns
        -------
        GridSearchDisplay
            The display.
        """
        plt = pyplot("GridSearchDisplay")
        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        self.im_ = ax.imshow(
            self.scores, **{"cmap": "viridis", "aspect": "auto", **kwargs}
        )
        for axis, name, values in (
            (ax.xaxis, self.x_name, self.x_values),
            (ax.yaxis, self.y_name, self.y_values),
        ):
            axis.set_ticks(range(len(values)), [_tick(v) for v in values])
            axis.set_label_text(name.split("__")[-1])
        if self.scores.size <= 64:
            self._annotate(ax)
        row, column = self.best_
        ax.add_patch(
            plt.Rectangle(
                (column - 0.5, row - 0.5),
                1,
                1,
                fill=False,
                edgecolor="red",
                linewidth=2,
            )
        )
        ax.figure.colorbar(self.im_, ax=ax, label=self.score_name)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _annotate(self, ax):
        low, high = self.im_.get_clim()
        for (row, column), value in np.ndenumerate(self.scores):
            if np.isfinite(value):
                dark = (value - low) < 0.6 * (high - low)
                ax.text(
                    column,
                    row,
                    f"{value:.2f}",
                    ha="center",
                    va="center",
                    fontsize="small",
                    color="white" if dark else "black",
                )


def _is_number(value):
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _in_order(values):
    """Each value once: sorted where they are numbers, else as they come."""
    unique = list({repr(v): v for v in values}.values())
    return sorted(unique) if all(map(_is_number, unique)) else unique


def _tick(value):
    """A power of ten as one, other numbers short, everything else as text."""
    if _is_number(value):
        if value > 0 and not 0.01 <= value < 1000:
            exponent = np.floor(np.log10(value) + 1e-9)
            mantissa = value / 10**exponent
            power = f"10^{{{int(exponent)}}}"
            if np.isclose(mantissa, 1):
                return f"${power}$"
            return rf"${mantissa:.3g} \cdot {power}$"
        return f"{value:.4g}"
    return str(value)
