"""Networks for tables as they are: numbers, categories, gaps, any scale of the target.

The table is encoded, several small nets are trained at once, each on other rows, and
their predictions are mixed. What the encoding does is in
:class:`~sknn_scratch.preprocessing.TabularEncoder`, the training in
``tabular_members``, the mixing in ``tabular_mixing``.
"""

from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    _check_y,
    check_consistent_length,
    check_is_fitted,
)

from sknn_scratch._documentation import DocumentationLink
from sknn_scratch._estimators.outcomes import require_y
from sknn_scratch._estimators.parameters import as_list
from sknn_scratch._estimators.tabular_members import Data, Family, deal_folds, trained
from sknn_scratch._nn.links import LINKS
from sknn_scratch.preprocessing import TabularEncoder

#: Prediction goes over so many rows at a time.
ROWS_AT_ONCE = 1 << 13


class BaseTabularMLP(DocumentationLink, BaseEstimator):
    """Base of the tabular estimators; not to be used directly."""

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "n_bins": [Interval(Integral, 0, None, closed="left"), None],
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "random_state": ["random_state"],
    }
    hidden_layer_sizes: Any
    n_members: int
    max_iter: int | str
    batch_size: int
    learning_rate_init: float
    weight_decay: float
    n_bins: int | None
    categorical_features: Any
    random_state: Any
    encoder_: TabularEncoder
    _target: Any
    _networks: list

    #: What each family has besides.
    _of_families: tuple[dict, ...] = ()

    def _targets(self, y):
        """The target, that for training, and y as they take it."""
        raise NotImplementedError

    def _strata(self, y):
        """What the folds are to have in like shares: a number for each row."""
        raise NotImplementedError

    def _mixed(self, y, outputs, weight):
        """The weights of the families, from out-of-fold outputs."""
        raise NotImplementedError

    def _predicted(self, z, family):
        """The mean prediction of a family's members, from their raw outputs z."""
        raise NotImplementedError

    # ---- fitting -----------------------------------------------------------------

    def _fit(self, X, y, sample_weight, **of_y):
        y = self._checked(X, y, **of_y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight, y, dtype=np.float32, ensure_non_negative=True
            )
            seen = np.flatnonzero(sample_weight)
            if not len(seen):
                raise ValueError(
                    "Sample weights must contain at least one non-zero number."
                )
            if len(seen) < len(y):  # as if they were not there
                X, y = _safe_indexing(X, seen), y[seen]
                sample_weight = sample_weight[seen]
        families = self._families()
        encoder = TabularEncoder(
            self.categorical_features, n_bins=self.n_bins, dtype="float32"
        )
        matrix = encoder.fit_transform(X)
        if encoder.n_raw_columns_ == matrix.shape[1]:  # both would see the same
            families = [family for family in families if not family.with_bins]
        n, n_raw = len(matrix), encoder.n_raw_columns_
        target, smoothed, y = self._targets(y)
        weight = smoothed.weights(y, sample_weight)
        if weight is not None:
            weight = weight.astype(np.float32, copy=False)
        rng = check_random_state(self.random_state)
        n_folds = max(2, min(self.n_members, n // 4))
        max_iter = None if self.max_iter == "auto" else self.max_iter
        networks, outputs, curves = [], [], []
        for family in families:
            columns = matrix
            if not family.with_bins:
                columns = np.ascontiguousarray(matrix[:, :n_raw])
            network, held_out, progress = trained(
                family,
                Data(columns, n_raw, y, target, smoothed, weight, sample_weight),
                deal_folds(self._strata(y), n_folds, rng),
                rng.randint(2**31 - 1, size=self.n_members).tolist(),
                max_iter,
            )
            networks.append(network)
            outputs.append(held_out)
            curves.append([each.curve("validation_loss") for each in progress])
        self.encoder_, self._target, self._networks = encoder, target, networks
        self.validation_loss_curves_ = curves
        self.n_iter_ = max(len(curve) for family in curves for curve in family)
        known = np.isfinite(outputs[0]).all(axis=1)
        if sample_weight is not None:
            sample_weight = sample_weight[known]
        outputs = [z[known] for z in outputs]
        self.mixing_weights_ = self._mixed(y[known], outputs, sample_weight)
        self.n_features_in_ = encoder.n_features_in_
        self.__dict__.update(target.attributes())
        self.__dict__.pop("feature_names_in_", None)
        if hasattr(encoder, "feature_names_in_"):
            self.feature_names_in_ = encoder.feature_names_in_
        return self

    def _checked(self, X, y, **of_y):
        require_y(self, y)
        y = _check_y(y, multi_output=True, estimator=self, **of_y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        check_consistent_length(X, y)
        return y

    def _families(self):
        sizes = as_list(self.hidden_layer_sizes)
        sizes = [self.hidden_layer_sizes] if sizes is None else sizes
        if not all(isinstance(n, Integral) and int(n) > 0 for n in sizes):
            raise ValueError(
                f"hidden_layer_sizes must be integers above 0, got {sizes}."
            )
        common: dict[str, Any] = {
            "hidden": sizes,
            "learning_rate_init": self.learning_rate_init,
            "weight_decay": self.weight_decay,
            "batch_size": self.batch_size,
        }
        return [Family(**common, **own) for own in self._of_families]

    # ---- prediction --------------------------------------------------------------

    def _mixture(self, X):
        """The mixed predictions (n_samples, n_outputs)."""
        check_is_fitted(self)
        # Of lists and sparse matrices the encoder says what it thinks.
        sliced = hasattr(X, "shape") and len(X.shape) == 2 and not issparse(X)
        n = X.shape[0] if sliced else 0
        if n <= ROWS_AT_ONCE:
            return self._mixture_of(X)
        pieces = [
            self._mixture_of(_safe_indexing(X, slice(start, start + ROWS_AT_ONCE)))
            for start in range(0, n, ROWS_AT_ONCE)
        ]
        return np.concatenate(pieces)

    def _mixture_of(self, X):
        matrix = self.encoder_.transform(X)
        raw = np.ascontiguousarray(matrix[:, : self.encoder_.n_raw_columns_])
        total = np.zeros((len(matrix), self._target.n_outputs))
        for i, network in enumerate(self._networks):
            rows = matrix if network.layers[0].n_in == matrix.shape[1] else raw
            z = network.predict(rows, LINKS["identity"])
            total += self.mixing_weights_[i] * self._predicted(z, i)
        return total

    def __sklearn_is_fitted__(self):
        return "_networks" in self.__dict__

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.target_tags.multi_output = True
        return tags
