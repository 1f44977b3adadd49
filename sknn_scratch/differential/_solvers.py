"""From the residuals to a network: the solvers of trial solutions.

To add one, write it and name it in ``SOLVERS``; the optimisers of ``OPTIMIZERS`` are
there already.
"""

import numpy as np
from scipy import linalg, optimize

from sknn_scratch._nn.parameters import Layout, Parameter
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.schedules import SCHEDULES
from sknn_scratch._training.threads import scipy_blas_alone

#: A Gauss-Newton step is halved at most so often.
HALVINGS = 12
#: Gauss-Newton ends if a step leaves more than this part of the sum of squares.
PROGRESS = 0.25
#: Singular values of the output layer's Jacobian below these parts of the largest are
#: left out: first many, for a step made from what is not smooth on the way, taken to
#: the last digit, leaves weights of any size behind; then those that are rounding
#: alone.
CUTS = (1e-6, 1e-9, 1e-12, 2e-16)
#: A step whose rows are off by less than this part of those before was a linear one.
LINEAR = 1e-8
#: Gauss-Newton steps of the output weights after each move of the hidden ones.
INNER = 3
#: Columns whose share is smaller do not count in the projection.
RANK = 1e-13


class Course:
    """How far a solver has come.

    Parameters
    ----------
    residuals : Residuals
        Of which the loss, the mean of the squares of all rows, is recorded.
    tol : float
        The largest relative residual at which the equation is solved.
    say : callable, default=None
        Receives a line for each iteration.
    """

    def __init__(self, residuals, tol, say=None):
        self.residuals, self.tol, self.say = residuals, tol, say
        self.losses, self.largest = [], np.inf

    def record(self, rows):
        """Keep the loss of the rows after an iteration."""
        self.record_loss(np.mean(rows**2))

    def record_loss(self, loss):
        """Keep the loss after an iteration."""
        self.losses.append(float(loss))
        if self.say:
            self.say(f"Iteration {len(self.losses)}, loss = {self.losses[-1]:.8g}")

    @property
    def solved(self):
        return self.largest <= self.tol


def solve_gauss_newton(residuals, course, params):
    """Linear least squares for the output weights, again and again; then all weights.

    y is linear in the output layer, so that a linear equation takes one step, and a
    nonlinear one Newton's few. What the hidden layers, as they were drawn, cannot
    resolve is left to variable projection, if ``all_weights`` are to move.
    """
    # A single step must be the last one, too.
    cuts = CUTS if params["max_iter"] > 1 else CUTS[-1:]
    most = params["max_iter"]
    with scipy_blas_alone():
        n_iter = output_weights(residuals, course, most, cuts)
        if params["all_weights"] and not course.solved and n_iter < most:
            all_weights(residuals, course, most - n_iter)


def output_weights(residuals, course, max_iter, cuts=CUTS):
    """Gauss-Newton with backtracking over the last layer and p; gives its steps.

    ``cuts`` are the parts of the largest singular value below which one does not count:
    each of them until there is no more progress. Where the rows turn out to be linear
    in the unknowns the last one follows at once.
    """
    unknowns, cuts = Output(residuals), list(cuts)
    rows = residuals.run().rows()
    course.largest = residuals.linearise()
    for n_iter in range(1, max_iter + 1):
        J, at, before = residuals.jacobian_of_output(), unknowns.values(), rows
        if not np.isfinite(J).all():
            return n_iter - 1
        if cuts[1:]:  # the shortest weights, not the shortest step
            step = least_squares(J, J @ at - rows, cuts[0]) - at
        else:
            step = least_squares(J, -rows, cuts[0])
        moved = backtracked(residuals, unknowns, at, step, rows @ rows)
        if moved is None:
            unknowns.put(at)
            residuals.run()
        else:
            rows = moved
            course.record(rows)
        course.largest = residuals.linearise()
        left = (rows @ rows) / (before @ before or 1.0)
        off = np.linalg.norm(rows - before - J @ step)
        if moved is None or left > (PROGRESS if cuts[1:] or course.solved else 0.99):
            cuts.pop(0)
        elif off <= LINEAR * np.linalg.norm(before):
            cuts = cuts[-1:]
        if not cuts:
            return n_iter
    return max_iter


def least_squares(J, rows, cut):
    """The shortest of the x that minimise |J x - rows|; nothing is checked again."""
    return linalg.lstsq(J, rows, cut, lapack_driver="gelsd", check_finite=False)[0]


def backtracked(residuals, unknowns, at, step, cost):
    """Go along a step as far as it lowers the sum of squares; the rows, or None."""
    for _ in range(HALVINGS):
        unknowns.put(at + step)
        rows = residuals.run().rows()
        if rows @ rows < cost:  # False for a NaN
            return rows
        step = step / 2
    return None


class Output:
    """The last layer's parameters and p as one vector, in its Jacobian's order.

    Parameters
    ----------
    residuals : Residuals
        Whose network and p they are.
    """

    def __init__(self, residuals):
        last = residuals.network.layers[-1]
        self.views = [last.W.reshape(-1), last.b, residuals.p]

    def values(self):
        """A copy of them."""
        return np.concatenate(self.views)

    def put(self, values):
        """Set them."""
        start = 0
        for view in self.views:
            view[...] = values[start : start + len(view)]
            start += len(view)


def all_weights(residuals, course, max_iter):
    """Variable projection: the hidden weights move, the output weights follow.

    At each hidden weights the best output weights are found first; SciPy's
    ``least_squares`` moves the hidden ones by what these leave. (Golub and Pereyra,
    1973, with the Jacobian of Kaufman, 1975.) To move all weights as equals, by the
    same routine, was tried: it took as long, and left larger errors.
    """
    vector, layout = residuals.vector, residuals.network.layout
    hidden = np.zeros(len(vector), bool)
    for block in layout.blocks:
        hidden[block.entries] = block.layer < len(residuals.network.layers) - 1
    best = [np.inf, vector.copy()]

    def rows(x):
        vector[...] = best[1]
        vector[hidden] = x
        inner = Course(residuals, course.tol)
        output_weights(residuals, inner, INNER)
        found = residuals.run(with_back=True).rows()
        cost = found @ found
        if cost < best[0]:
            best[:] = cost, vector.copy()
            course.record(found)
            if inner.solved:
                raise Ended
        return found if np.isfinite(cost) else np.full_like(found, 1e100)

    def jacobian(x):
        rows(x)
        residuals.linearise()
        J = residuals.jacobian()
        if not np.isfinite(J).all():
            raise Ended
        followed, R, _ = linalg.qr(J[:, ~hidden], mode="economic", pivoting=True)
        sizes = np.abs(R.diagonal())
        followed = followed[:, : np.count_nonzero(sizes > RANK * sizes[0])]
        free = J[:, hidden]
        return free - followed @ (followed.T @ free)

    exact = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15, "max_nfev": max_iter}
    try:
        start = vector[hidden]
        optimize.least_squares(rows, start, jacobian, x_scale="jac", **exact)
    except Ended:
        pass
    vector[...] = best[1]
    residuals.run(with_back=True)
    course.largest = residuals.linearise()


class Ended(Exception):
    """Ends SciPy's search: the tolerance is reached, or a derivative is not finite."""


def solve_lbfgs(residuals, course, params):
    """Minimise the mean square of the residuals by SciPy's L-BFGS-B over all weights.

    Liu and Nocedal (1989).
    """

    def objective(x):
        residuals.vector[...] = x
        rows = residuals.run(with_back=True).rows()
        residuals.linearise()
        loss = np.mean(rows**2)
        if not np.isfinite(loss):
            return np.inf, np.zeros_like(x)
        return loss, residuals.gradient(2 / len(rows) * rows)

    def after(intermediate_result):
        course.record_loss(intermediate_result.fun)

    with scipy_blas_alone():
        result = optimize.minimize(
            objective,
            residuals.vector.copy(),
            method="L-BFGS-B",
            jac=True,
            callback=after,
            options={
                "maxiter": params["max_iter"],
                "maxfun": params["max_fun"],
                "maxcor": 50,
                "ftol": 0.0,
                "gtol": 1e-14,
            },
        )
    residuals.vector[...] = result.x
    residuals.run(with_back=True)
    course.largest = residuals.linearise()


class Vector:
    """theta and p as an optimiser takes a plan.

    Parameters
    ----------
    residuals : Residuals
        Whose ``vector`` the optimiser moves.
    """

    alpha = 0.0

    def __init__(self, residuals):
        self.theta = residuals.vector
        self.grad = np.empty_like(self.theta)
        self.total = np.ones(())
        n_decaying = residuals.network.layout.n_decaying
        self.layout = Layout([Flat(n_decaying, self.theta.size - n_decaying)])


class Flat:
    """A layer whose parameters are two stretches: those that decay, and the others."""

    def __init__(self, n_decaying, n_others):
        self.sizes = n_decaying, n_others

    def parameters(self):
        decaying, others = self.sizes
        return {"W": Parameter((decaying,)), "b": Parameter((others,), decays=False)}


def solve_descent(residuals, course, params, optimizer):
    """Steps down the gradient of the mean square, epoch after epoch.

    ``params["batch_size"]`` points of the equation at a time, and all points of the
    penalties; None is all points at once.
    """
    vector = Vector(residuals)
    step = optimizer.attach(vector)
    m = len(residuals.terms[0].X)
    size = min(params["batch_size"] or m, m)
    n_batches = -(-m // size)
    schedule = SCHEDULES[params["learning_rate"]](params, n_batches)
    order, before, seen = np.arange(m), optimizer.t // n_batches, 0
    for epoch in range(params["max_iter"]):
        rates = schedule.rates(optimizer.learning_rate, before + epoch)
        if size < m:
            params["random_state"].shuffle(order)
        losses = []
        for start, rate in zip(range(0, m, size), rates, strict=False):
            part = residuals if size == m else residuals.some(order[start:][:size])
            rows = part.run(with_back=True).rows()
            course.largest = part.linearise()
            losses.append(np.mean(rows**2))
            vector.grad[...] = part.gradient(2 / len(rows) * rows)
            step(rate, vector.total)
        seen += m
        optimizer.learning_rate = schedule.after_epoch(optimizer.learning_rate, seen)
        course.record_loss(np.mean(losses))
        if course.solved and size == m:
            break
    optimizer.detach()
    residuals.run(with_back=True)
    course.largest = residuals.linearise()


SOLVERS = {"gauss_newton": solve_gauss_newton, "lbfgs": solve_lbfgs}
#: Every solver: what it does is in its docstring.
NAMES = {**SOLVERS, **OPTIMIZERS}
