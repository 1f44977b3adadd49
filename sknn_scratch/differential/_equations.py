"""The user's equation: its values, and its derivatives by what it is a function of.

The derivative of a function that computes in complex numbers, too, is
``Im r(y + i h) / h`` with an h so small that its square is lost: there is no difference
in it, and so no rounding (Squire and Trapp, 1998). Whether a function is of that kind
is tried out at the beginning, against central differences; one that is not, because it
takes an absolute value for example, is differentiated by them.
"""

import warnings

import numpy as np

COMPLEX_STEP, DIFFERENCES, USERS = "complex step", "finite differences", "jac"
H = 1e-30
#: The relative step of central differences.
STEP = np.cbrt(np.finfo(float).eps)
#: What is all below this may be rounding: then the step is that of numbers of size 1.
ROUNDING = 1e-12


class Equation:
    """residual(t, y, dy[, d2y][, p]) = 0, or residual(X, u, du, d2u[, p]) = 0.

    Parameters
    ----------
    function : callable
        The residual.
    conditions : PointConditions or BoxConditions
        They tell what it is a function of.
    channels : Channels
        The jets of y.
    name : str, default="residual"
        What the user calls it.
    pointwise : bool, default=None
        Whether it must be called for one point at a time; None finds out.
    jac : callable, default=None
        The derivatives (n_equations, channels, n_components, m), from the same
        arguments.
    """

    def __init__(
        self, function, conditions, channels, name="residual", pointwise=None, jac=None
    ):
        self.function, self.name, self.pointwise = function, name, pointwise
        self.channels, self.jac = channels, jac
        self.is_scalar = conditions.is_scalar
        self.n_inputs = conditions.n_inputs
        #: How the derivatives are found; decided by ``settle``.
        self.how = USERS if jac is not None else COMPLEX_STEP
        self.n_equations = 0
        #: How often the function was called.
        self.n_calls = 0

    def __call__(self, *args):
        """The user's function."""
        self.n_calls += 1
        return self.function(*args)

    # ---- values ----------------------------------------------------------------------

    def arguments(self, X, jets):
        """What the function is called with, from points (m, d) and jets of y there."""
        y = jets[..., 0] if self.is_scalar else jets.transpose(0, 2, 1)
        if self.n_inputs == 1:
            return [X[:, 0], *y]
        d = self.n_inputs
        second = np.empty((d, d, len(X)), jets.dtype)
        for channel, i, j in self.channels.pairs:
            second[i, j] = second[j, i] = y[channel]
        return [X.T, y[0], y[1 : 1 + d], second]

    def call(self, X, jets, p):
        """The residuals (n_equations, m) as they come; p is () or (parameters,)."""
        if not self.pointwise:
            return self._shaped(self(*self.arguments(X, jets), *p), len(X))
        each = [
            self._shaped(self(*self._at_one(X, jets, i), *p), 1) for i in range(len(X))
        ]
        return np.concatenate(each, axis=1)

    def _at_one(self, X, jets, i):
        one = self.arguments(X[i : i + 1], jets[:, i : i + 1])
        return [argument[..., 0] for argument in one]

    def _shaped(self, value, m):
        """A result as an array (n_equations, m)."""
        if isinstance(value, (list, tuple)):  # of rows, some of them constants
            try:
                value = np.array([np.broadcast_to(np.squeeze(v), (m,)) for v in value])
            except (TypeError, ValueError):
                raise self._wrong_shape([np.shape(v) for v in value], m) from None
        value = np.asarray(value)
        if value.dtype.kind not in "fiubc":
            raise ValueError(
                f"{self.name} must return real numbers, got {value.dtype} values."
            )
        wanted = self.n_equations
        if value.ndim < 2 and (wanted <= 1 or m == 1):
            value = value.reshape(1, -1) if wanted <= 1 else value.reshape(-1, 1)
        if (
            value.ndim != 2
            or value.shape[1] not in (1, m)
            or (wanted and len(value) != wanted)
        ):
            raise self._wrong_shape(value.shape, m)
        return np.broadcast_to(value, (len(value), m))

    def _wrong_shape(self, shape, m):
        n = self.n_equations or "n_equations"
        points = "a point alone" if self.pointwise else f"{m} points"
        either = f"({m},) or " if n in (1, "n_equations") and not self.pointwise else ""
        one = f"({n},)" if self.pointwise else f"{either}({n}, {m})"
        return ValueError(
            f"{self.name} must return an array of shape {one} for {points}, got "
            f"{shape}."
        )

    def values(self, X, jets, p):
        """The residuals (n_equations, m); not finite where they are not."""
        with np.errstate(all="ignore"):
            return self.call(X, jets, p).astype(float)

    # ---- before the first step -----------------------------------------------------

    def settle(self, X, jets, p):
        """Call the function for the first time: what does it take and return?

        Raises
        ------
        ValueError
            If what it returns has the wrong shape, is complex, NaN or infinite.
        """
        found = self._first_call(X, jets, p)
        if np.iscomplexobj(found):
            raise ValueError(f"{self.name} must return real numbers, got complex ones.")
        self.n_equations = len(found)
        bad = ~np.isfinite(found).all(axis=0)
        if bad.any():
            i = int(bad.argmax())
            where = ", ".join(f"{x:.6g}" for x in X[i])
            what = "y" if self.n_inputs == 1 else "u"
            raise ValueError(
                f"{self.name} returned NaN or infinity at the point ({where}), with "
                f"{what} = {np.array2string(jets[0, i], precision=4)}. The equation "
                "must be defined there: check the function, the interval and the "
                "initial guess."
            )
        if self.jac is None and not self._is_analytic(X, jets, p):
            self.how = DIFFERENCES

    def _first_call(self, X, jets, p):
        with np.errstate(all="ignore"):
            if self.pointwise is None:
                self.pointwise = not self._takes_many(X, jets, p)
            return self.call(X, jets, p)

    def _takes_many(self, X, jets, p):
        """Whether the function gives for many points what it gives for each of them."""
        few = [0, len(X) // 2]
        try:
            many = self._shaped(self(*self.arguments(X, jets), *p), len(X))
            each = [self._shaped(self(*self._at_one(X, jets, i), *p), 1) for i in few]
        except Exception:  # any that a function raises for arrays or for numbers
            # If it fails for single points too, the error for many is the clearer one.
            try:
                self._shaped(self(*self._at_one(X, jets, 0), *p), 1)
            except Exception:
                return True
            return False
        one_by_one = np.concatenate(each, axis=1)
        return many.shape[0] == len(one_by_one) and np.allclose(
            many[:, few], one_by_one, rtol=1e-10, atol=1e-12, equal_nan=True
        )

    def _is_analytic(self, X, jets, p):
        """Whether complex steps along some direction give what differences give."""
        rng = np.random.default_rng(0)
        size = magnitude(jets)
        at = jets + 0.1 * size * rng.standard_normal(jets.shape)
        along = size * rng.standard_normal(jets.shape)
        p_along = [rng.standard_normal(np.shape(each)) for each in p]

        def moved(step):
            shifted = [q + step * d for q, d in zip(p, p_along, strict=True)]
            return self.call(X, at + step * along, shifted)

        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            try:
                wanted = (moved(STEP) - moved(-STEP)) / (2 * STEP)
                found = moved(1j * H)
            except Exception:  # whatever a function does with numbers it did not expect
                return False
        if not np.iscomplexobj(found):
            return not wanted.any()
        # Where it is not defined nothing can be told.
        known = np.isfinite(wanted) & np.isfinite(found)
        if not known.any():
            return False
        wanted, found = wanted[known], found[known]
        most = np.abs(wanted).max() + 1e-4 * np.abs(found.real).max()
        return bool((np.abs(found.imag / H - wanted) <= 1e-5 * most).all())

    # ---- derivatives ---------------------------------------------------------------

    #: How many of the jets' channels, the last ones, the function does not see.
    unseen = 0

    def partials(self, X, jets, p):
        """By y's jets, (n_equations, channels, n_components, m), and by p.

        Those by p are (n_equations, n_parameters, m).
        """
        C, m, n = jets.shape
        if self.how == USERS:
            by_jets = self.jac(X, jets, p)
        else:
            by_jets = np.zeros((self.n_equations, C, n, m))
            for c in range(C - self.unseen):
                for j in range(n):
                    by_jets[:, c, j] = self._by(jets, (c, slice(None), j), X, jets, p)
        by_p = np.empty((self.n_equations, sum(map(len, p)), m))
        for k in range(by_p.shape[1]):
            by_p[:, k] = self._by(p[0], (k,), X, jets, p)
        return by_jets, by_p

    def _by(self, array, where, X, jets, p):
        """The derivative by some entries of one of the arguments."""

        def moved(step):
            changed = array.astype(step.dtype)  # a copy
            changed[where] += step
            with np.errstate(all="ignore"):
                if array is jets:
                    return self.call(X, changed, p)
                return self.call(X, jets, (changed,))

        if self.how == COMPLEX_STEP:
            return moved(np.array(1j * H)).imag / H
        largest = np.abs(array[where]).max()
        step = np.array(STEP * (largest if largest > ROUNDING else 1.0))
        return (moved(step) - moved(-step)) / (2 * step)


def magnitude(jets):
    """The largest size of each channel and component; 1 for what may be rounding."""
    largest = np.abs(jets).max(axis=1, keepdims=True)
    return np.where(largest > ROUNDING, largest, 1.0)
