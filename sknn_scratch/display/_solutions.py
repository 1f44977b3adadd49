"""Solutions of differential equations, with what is left of the equation."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sknn_scratch.display._drawing import pyplot

#: Smallest number that a logarithmic axis shows.
FLOOR = 1e-17


class SolutionDisplay:
    """The solution of an ordinary differential equation, its residual and its error.

    Parameters
    ----------
    t : array-like of shape (m,)
        Points.
    y : array-like of shape (n, m)
        The solution there.
    residual : array-like of shape (n_equations, m)
        What is left of the equation there.
    exact : array-like of shape (n, m), default=None
        The true solution there, if it is known.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Of the solution, of the residual, and of the error if it is known.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        Their figure.

    See Also
    --------
    SurfaceDisplay : For partial differential equations.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch.differential import solve_ivp
    >>> from sknn_scratch.display import SolutionDisplay
    >>> result = solve_ivp(lambda t, y: -2 * y, (0, 1), [10.0])
    >>> SolutionDisplay.from_result(
    ...     result, exact=lambda t: 10 * np.exp(-2 * t)).axes_.shape
    (3,)
    """

    def __init__(
        self,
        t: ArrayLike,
        y: ArrayLike,
        residual: ArrayLike,
        exact: ArrayLike | None = None,
    ) -> None:
        self.t, self.y = np.asarray(t), np.atleast_2d(y)
        self.residual = np.atleast_2d(residual)
        self.exact = None if exact is None else np.atleast_2d(exact)
        for name in ("y", "residual", "exact"):
            array = getattr(self, name)
            if array is not None and array.shape[-1] != len(self.t):
                raise ValueError(
                    f"{name} must have {len(self.t)} columns, one for each point, got "
                    f"the shape {array.shape}."
                )
        if self.exact is not None and self.exact.shape != self.y.shape:
            raise ValueError(
                f"exact must have the shape of y, {self.y.shape}, got "
                f"{self.exact.shape}."
            )

    @classmethod
    def from_result(
        cls,
        result: Any,
        *,
        exact: Callable[[np.ndarray], ArrayLike] | None = None,
        n_points: int = 400,
        labels: Sequence[str] | None = None,
        fig: Any = None,
    ) -> Self:
        """Draw a result of ``solve_ivp`` or ``solve_bvp``.

        Parameters
        ----------
        result : DifferentialResult
            What these functions return.
        exact : callable, default=None
            The true solution, a function of t (m,) with values (n, m), or (m,).
        n_points : int, default=400
            Points of the curves.
        labels : list of str, default=None
            Names of the components.
        fig : matplotlib Figure, default=None
            Figure to draw on; None makes one.

        Returns
        -------
        SolutionDisplay
            The display.

        Raises
        ------
        TypeError
            If it is no such result.
        """
        if not hasattr(getattr(result, "sol", None), "derivative"):
            raise TypeError(
                "SolutionDisplay takes a result of solve_ivp or solve_bvp, got "
                f"{type(result).__name__}."
            )
        sol = result.sol
        t = np.linspace(sol.t_min, sol.t_max, n_points)
        at = result.t if "t" in result else result.x
        residual = np.array([np.interp(t, at, np.abs(r)) for r in result.residual])
        display = cls(t, sol(t), residual, None if exact is None else exact(t))
        return display.plot(labels=labels, fig=fig)

    def plot(self, *, labels: Sequence[str] | None = None, fig: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        labels : list of str or None, default=None
            As in :meth:`from_result`.
        fig : matplotlib.figure.Figure or None, default=None
            As in :meth:`from_result`.

        Returns
        -------
        SolutionDisplay
            The display.
        """
        plt = pyplot("SolutionDisplay")
        n = 2 if self.exact is None else 3
        if fig is None:
            fig = plt.figure(figsize=(3.6 * n, 3.2), layout="constrained")
        axes = np.atleast_1d(fig.subplots(1, n))
        names = labels or (
            ["y"] if len(self.y) == 1 else [f"y{i}" for i in range(len(self.y))]
        )
        for i, (name, y) in enumerate(zip(names, self.y, strict=True)):
            (line,) = axes[0].plot(self.t, y, label=name, linewidth=2)
            if self.exact is not None:
                style = {"color": "black", "linestyle": ":", "linewidth": 1}
                label = "exact" if i == 0 else None
                axes[0].plot(self.t, self.exact[i], label=label, **style)
                error = np.abs(y - self.exact[i])
                axes[2].semilogy(
                    self.t, np.maximum(error, FLOOR), color=line.get_color()
                )
        for row in self.residual:
            axes[1].semilogy(self.t, np.maximum(np.abs(row), FLOOR))
        axes[0].set(xlabel="t", ylabel="y", title="solution")
        axes[0].legend(fontsize="small")
        axes[1].set(xlabel="t", ylabel="|residual|", title="residual")
        if n == 3:
            axes[2].set(xlabel="t", ylabel="|error|", title="error")
        self.axes_, self.ax_, self.figure_ = axes, axes[0], fig
        return self


class SurfaceDisplay:
    """The solution of a partial differential equation, its residual and its error.

    Parameters
    ----------
    x, y : array-like of shape (m,) and (k,)
        Coordinates of a grid.
    u : array-like of shape (m, k)
        The solution at (x[i], y[j]).
    residual : array-like of shape (m, k)
        What is left of the equation there.
    exact : array-like of shape (m, k), default=None
        The true solution there, if it is known.
    names : tuple of str, default=("x", "y")
        The names of the two variables.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Of the solution, of the residual, and of the error if it is known.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        Their figure.

    See Also
    --------
    SolutionDisplay : For ordinary differential equations.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch.differential import SpaceTimeConditions, solve_pde
    >>> from sknn_scratch.display import SurfaceDisplay
    >>> rod = SpaceTimeConditions((0, 1), (0, 1), lambda x: np.sin(np.pi * x))
    >>> result = solve_pde(lambda X, u, du, d2u: du[1] - 0.1 * d2u[0, 0], rod)
    >>> SurfaceDisplay.from_result(result).ax_.get_ylabel()
    't'
    """

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        u: ArrayLike,
        residual: ArrayLike,
        exact: ArrayLike | None = None,
        names: tuple[str, str] = ("x", "y"),
    ) -> None:
        self.x, self.y, self.u = np.asarray(x), np.asarray(y), np.asarray(u)
        self.residual = np.asarray(residual)
        self.exact = None if exact is None else np.asarray(exact)
        self.names = names
        shape = (len(self.x), len(self.y))
        for name in ("u", "residual", "exact"):
            array = getattr(self, name)
            if array is not None and array.shape != shape:
                raise ValueError(
                    f"{name} must have the shape {shape} of the grid, got "
                    f"{array.shape}."
                )

    @classmethod
    def from_result(
        cls,
        result: Any,
        *,
        exact: Callable[[np.ndarray, np.ndarray], ArrayLike] | None = None,
        fig: Any = None,
    ) -> Self:
        """Draw a result of ``solve_pde``.

        Parameters
        ----------
        result : DifferentialResult
            What it returns.
        exact : callable, default=None
            The true solution, a function of arrays x and y of one shape.
        fig : matplotlib Figure, default=None
            Figure to draw on; None makes one.

        Returns
        -------
        SurfaceDisplay
            The display.

        Raises
        ------
        TypeError
            If it is no such result.
        """
        if "u" not in getattr(result, "keys", list)():
            raise TypeError(
                "SurfaceDisplay takes a result of solve_pde, got "
                f"{type(result).__name__}."
            )
        known = None
        if exact is not None:
            known = exact(*np.meshgrid(result.x, result.y, indexing="ij"))
        names = result.networks[0].conditions.names
        display = cls(result.x, result.y, result.u, result.residual, known, names)
        return display.plot(fig=fig)

    def plot(self, *, fig: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        fig : matplotlib.figure.Figure or None, default=None
            As in :meth:`from_result`.

        Returns
        -------
        SurfaceDisplay
            The display.
        """
        plt = pyplot("SurfaceDisplay")
        fields = {"solution": self.u, "log10 |residual|": _log(self.residual)}
        if self.exact is not None:
            fields["log10 |error|"] = _log(self.u - self.exact)
        n = len(fields)
        if fig is None:
            fig = plt.figure(figsize=(3.6 * n, 3.2), layout="constrained")
        axes = np.atleast_1d(fig.subplots(1, n))
        for ax, (title, field) in zip(axes, fields.items(), strict=True):
            shown = ax.pcolormesh(
                self.x,
                self.y,
                field.T,
                shading="gouraud",
                cmap="viridis" if title == "solution" else "magma",
            )
            fig.colorbar(shown, ax=ax)
            ax.set(xlabel=self.names[0], ylabel=self.names[1], title=title)
        self.axes_, self.ax_, self.figure_ = axes, axes[0], fig
        return self


def _log(values):
    return np.log10(np.maximum(np.abs(values), FLOOR))
