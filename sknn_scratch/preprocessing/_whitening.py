"""Whitening: features of mean 0, variance 1 and no correlation.

With the mean m of the rows and their covariance C = (X - m)' (X - m) / n, a matrix T
with T C T' = I whitens X: ``(X - m) T'``. All such matrices are rotations of one
another; the three methods are the usual choices among them (Kessy, Lewin and Strimmer,
2018, Optimal whitening and decorrelation, The American Statistician 72).

Everything is computed from the singular values and vectors of X - m itself, never
from C, whose condition is the square: with a condition of 1e12 of the data C would have
lost all of its small directions. A running fit keeps the triangular factor R of
X - m = Q R, to which rows are added by another QR decomposition, so that chunks give
what the whole gives, to rounding.
"""

from math import isfinite
from numbers import Integral, Real
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    OneToOneFeatureMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn_scratch._documentation import DocumentationLink
from sknn_scratch._rollback import unchanged_on_failure
from sknn_scratch._types import typed


class WhiteningTransformer(
    DocumentationLink, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Whiten features: mean 0, variance 1, no correlation.

    Directions in which the data does not vary (constant or collinear columns, fewer
    rows than columns) become 0 instead of amplified noise: singular values below
    ``max(n, p) * machine epsilon`` times the largest one count as 0.

    Parameters
    ----------
    method : {'pca', 'zca', 'cholesky'}, default='pca'
        - 'pca': rotate onto the eigenvectors v_i of C, the largest eigenvalue first,
          and divide by ``sigma_i + eps``, sigma_i^2 the eigenvalues.
        - 'zca': as 'pca', then rotate back; of all whitened features these are the
          closest to the original ones.
        - 'cholesky': F^-1 (x - m) with C = F F', F lower triangular; feature j is made
          of the features up to j. It needs data of full rank.
    n_components : int, float or None, default=None
        Number of directions to keep, the largest ones; a float in (0, 1) keeps as many
        as explain that share of the variance. None keeps all of them, at most
        min(n_samples, n_features). For 'zca' the others are set to 0; 'cholesky' takes
        None only.
    shrinkage : float, 'auto' or None, default=None
        Replaces C by (1 - s) C + s tr(C) / p I: a number s in [0, 1], or Ledoit and
        Wolf's (2004) estimate of the best one.
    eps : float, default=1e-8
        Added to each standard deviation. Range [0, inf).

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        The mean m of the rows.
    components_ : ndarray of shape (n_components, n_features)
        The singular vectors that are kept, one for each row; signs such that the
        largest entry of each is positive.
    explained_variance_ : ndarray of shape (n_components,)
        sigma_i^2, shrinkage included; normalised by n, not n - 1.
    explained_variance_ratio_ : ndarray of shape (n_components,)
        Share of each in the total variance.
    whitening_ : ndarray of shape (n_features_out, n_features)
        The whitening matrix T.
    coloring_ : ndarray of shape (n_features, n_features_out)
        The inverse of T, or its pseudo-inverse.
    shrinkage_ : float
        The s in force.
    n_components_ : int
        Number of directions kept.
    n_samples_seen_ : int
        Number of rows seen.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, if X had names that are all strings.

    Notes
    -----
    The whitened training data has the identity as its covariance to about the machine
    epsilon times the condition of X - m: 1e-4 for a condition of 1e12.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch.preprocessing import WhiteningTransformer
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((200, 3)) @ [[2.0, 1, 0], [0, 1, 1], [0, 0, 0.1]]
    >>> Z = WhiteningTransformer().fit_transform(X)
    >>> bool(np.allclose(Z.T @ Z / 200, np.eye(3), atol=1e-6))
    True
    """

    _parameter_constraints: dict = {
        "method": [StrOptions({"pca", "zca", "cholesky"})],
        "n_components": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="neither"),
            None,
        ],
        "shrinkage": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"}), None],
        "eps": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        method: str = "pca",
        *,
        n_components: float | None = None,
        shrinkage: float | str | None = None,
        eps: float = 1e-8,
    ) -> None:
        self.method = method
        self.n_components = n_components
        self.shrinkage = shrinkage
        self.eps = eps

    @typed(_fit_context(prefer_skip_nested_validation=True))
    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Learn mean and whitening matrix.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows; at least 2.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            For NaN, infinity, a single row, or components out of range. The
            transformer is then as it was.
        """
        return self._update(X, fresh=True)

    @typed(_fit_context(prefer_skip_nested_validation=True))
    def partial_fit(self, X: ArrayLike, y: None = None) -> Self:
        """Learn from more rows; any chunks give what fit on all of them gives.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows; at least 2 in the first call.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The transformer.

        Raises
        ------
        ValueError
            As :meth:`fit`, and for shrinkage='auto', whose estimate needs all rows at
            once.
        """
        if self.shrinkage == "auto":
            raise ValueError(
                "shrinkage='auto' needs all rows at once: give a number to "
                "partial_fit, or call fit."
            )
        return self._update(X, fresh=not hasattr(self, "mean_"))

    @unchanged_on_failure
    def _update(self, X, fresh):
        X = validate_data(
            self,
            X,
            dtype=(np.float64, np.float32),
            reset=fresh,
            ensure_min_samples=2 if fresh else 1,
        )
        self.__dict__ = {**self.__dict__, **self._learn(X, fresh)}
        return self

    def _learn(self, X, fresh):
        """The fitted attributes, from the rows and what was learnt before."""
        # float32 rows are summed and decomposed in float64: C's sums need the digits.
        rows = X.astype(np.float64)
        n_new, p = rows.shape
        mean = rows.mean(axis=0)
        rows -= mean
        rest = rows.mean(axis=0)  # a second pass, for means far from 0
        mean += rest
        rows -= rest
        n = n_new
        if not fresh:
            # Chan, Golub and LeVeque (1983): the step between the two means is a row.
            n = self.n_samples_seen_ + n_new
            step = mean - self._mean
            rows = np.vstack(
                [self._R, rows, np.sqrt(self.n_samples_seen_ * n_new / n) * step]
            )
            mean = self._mean + step * (n_new / n)
        R = linalg.qr(rows, mode="r", overwrite_a=not fresh, check_finite=False)[0]
        R = R[: min(len(R), p)]
        learnt = {"_mean": mean, "_R": R, "n_samples_seen_": n}
        dtype = X.dtype if fresh else self.mean_.dtype
        learnt.update(self._whitening(X, R, n, p))
        learnt["mean_"] = mean
        return {
            name: value.astype(dtype, copy=False)
            if isinstance(value, np.ndarray) and not name.startswith("_")
            else value
            for name, value in learnt.items()
        }

    def _whitening(self, X, R, n, p):
        """Everything that follows from the triangular factor R of n centred rows."""
        _, s, V = linalg.svd(R, full_matrices=False)
        largest = V[np.arange(len(V)), np.abs(V).argmax(axis=1)]
        V *= np.where(largest < 0, -1, 1)[:, None]
        variances = s**2 / n
        total = variances.sum()
        rank = int((s > s[0] * max(n, p) * np.finfo(X.dtype).eps).sum()) if s[0] else 0
        shrinkage = self._shrinkage(X, total)
        if shrinkage:
            V, variances = self._completed(V, variances, p)
            variances = (1 - shrinkage) * variances + shrinkage * total / p
            rank = p if total else 0
        k = self._n_kept(variances, rank, min(n, p))
        V, variances = V[:k], variances[:k]
        root, inverse = np.zeros((2, k))
        live = min(k, rank)
        root[:live] = np.sqrt(variances[:live]) + self.eps
        inverse[:live] = 1 / root[:live]
        M, back = inverse[:, None] * V, V.T * root
        if self.method == "zca":
            M, back = V.T @ M, back @ V
        elif self.method == "cholesky":
            M, back = self._triangular(V, variances, rank, p)
        return {
            "components_": V,
            "explained_variance_": variances,
            "explained_variance_ratio_": variances / total if total else variances,
            "whitening_": M,
            "coloring_": back,
            "shrinkage_": shrinkage,
            "n_components_": k,
        }

    def _shrinkage(self, X, total):
        if self.shrinkage != "auto":
            return float(self.shrinkage or 0.0)
        if not total:
            return 0.0
        # The scale changes nothing in theory; here its fourth power may underflow.
        unit = X.astype(np.float64) / np.sqrt(total / X.shape[1])
        estimate = float(ledoit_wolf_shrinkage(unit))
        return min(1.0, max(0.0, estimate)) if isfinite(estimate) else 0.0

    @staticmethod
    def _completed(V, variances, p):
        """All p directions: those in which the data does not vary come last."""
        missing = p - len(V)
        if missing:
            V = np.vstack([V, linalg.null_space(V).T])
            variances = np.r_[variances, np.zeros(missing)]
        return V, variances

    def _n_kept(self, variances, rank, most):
        wanted = self.n_components
        if self.method == "cholesky" and wanted is not None:
            raise ValueError(
                "method='cholesky' keeps all components: n_components must be None, "
                f"got {wanted}. Use method='pca' to keep fewer."
            )
        if wanted is None:
            return len(variances)
        if isinstance(wanted, Integral):
            if wanted > most:
                raise ValueError(
                    f"n_components={wanted} must be at most min(n_samples, n_features)"
                    f"={most}."
                )
            return int(wanted)
        share = np.cumsum(variances) / max(variances.sum(), np.finfo(float).tiny)
        return min(int(np.searchsorted(share, wanted)) + 1, len(variances))

    def _triangular(self, V, variances, rank, p):
        if rank < p:
            raise ValueError(
                f"method='cholesky' needs data of full rank, but only {rank} of {p} "
                "directions vary. Drop constant and collinear columns, set shrinkage, "
                "or use method='pca'."
            )
        # C = (sigma V)' (sigma V); its QR factor R gives C = R' R.
        R = linalg.qr(np.sqrt(variances)[:, None] * V, mode="r")[0]
        R *= np.where(np.diag(R) < 0, -1, 1)[:, None]
        np.fill_diagonal(R, np.diag(R) + self.eps)
        return linalg.solve_triangular(R, np.eye(p), trans="T"), R.T

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Whiten rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
            (X - m) T'.
        """
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        return (rows - self.mean_) @ self.whitening_.T

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Go back to the original features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features_out)
            Whitened rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The rows they came from, but for the directions that were left out.
        """
        check_is_fitted(self)
        return np.asarray(X) @ self.coloring_.T + self.mean_

    @property
    def _n_features_out(self):
        return len(self.whitening_)

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> np.ndarray:
        """Names of the whitened features.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the features, for 'zca' and 'cholesky', whose features stand for
            the original ones; None takes those of fit.

        Returns
        -------
        ndarray of str
            The original names, or whiteningtransformer0 ... for 'pca'.
        """
        check_is_fitted(self)
        if self.method == "pca":
            return super().get_feature_names_out(input_features)
        return OneToOneFeatureMixin.get_feature_names_out(self, input_features)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
