"""Networks for tables as they are: numbers, categories, gaps, any scale of the target.

The table is encoded, several small nets are trained at once, each on other rows, and
their predictions are mixed. What the encoding does is in
:class:`~sknn_scratch.preprocessing.TabularEncoder`, the training in
``members`` and ``course``, the mixing in ``mixing`` and ``repeats``.
"""

from functools import partial
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import get_scorer
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    _check_y,
    check_consistent_length,
    check_is_fitted,
)

from sknn_scratch._documentation import DocumentationLink
from sknn_scratch._estimators.callbacks import CallbackSupportMixin, watch
from sknn_scratch._estimators.outcomes import require_numbers, require_y
from sknn_scratch._estimators.parameters import hidden_sizes, validation_set
from sknn_scratch._estimators.tabular.course import Plan, history, mean_curve
from sknn_scratch._estimators.tabular.levels import LevelMeans
from sknn_scratch._estimators.tabular.members import Data, Family
from sknn_scratch._estimators.tabular.repeats import Repeats, row_keys
from sknn_scratch._estimators.tabular.rows import Table, deal_folds, one_fold
from sknn_scratch._nn.links import LINKS
from sknn_scratch.preprocessing import TabularEncoder

#: Prediction goes over so many rows at a time.
ROWS_AT_ONCE = 1 << 13
#: Bins of all numbers, about; but no number has fewer than a few.
MOST_BINS, FEWEST_BINS = 256, 4
VIEWS = ("raw", "bins", "cosines")
_AT_LEAST_1 = Interval(Integral, 1, None, closed="left")


class BaseTabularMLP(CallbackSupportMixin, DocumentationLink, BaseEstimator):
    """Base of the tabular estimators; not to be used directly."""

    _parameter_constraints: dict = {
        "hidden_layer_sizes": ["array-like", _AT_LEAST_1],
        "n_members": [_AT_LEAST_1],
        "views": ["array-like", StrOptions({"auto"})],
        "max_iter": [_AT_LEAST_1, StrOptions({"auto"})],
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
        "batch_size": [_AT_LEAST_1],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "n_bins": [Interval(Integral, 0, None, closed="left"), None],
        "n_cosines": [_AT_LEAST_1],
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "scoring": [str, callable, None],
        "verbose": ["verbose"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }
    hidden_layer_sizes: Any
    n_members: int
    views: Any
    max_iter: int | str
    max_time: float | None
    batch_size: int
    learning_rate_init: float
    weight_decay: float
    n_bins: int | None
    n_cosines: int
    categorical_features: Any
    validation_fraction: float | None
    scoring: Any
    verbose: bool | int
    n_jobs: int | None
    random_state: Any
    encoder_: TabularEncoder
    #: What the targets mean, and each view's name and nets.
    _target: Any
    _nets: list
    #: What is known of rows that were seen, or None; and of very many levels.
    _repeats: Repeats | None
    _level_means: LevelMeans

    #: How epochs are judged: see ``Validation``.
    _judged_by: str | None = None
    #: For each view what its family has besides the parameters.
    _of_view: dict[str, dict]

    def _learns(self, y):
        """The target, that for training, and the loss."""
        raise NotImplementedError

    def _strata(self, y):
        """What the folds are to have in like shares: a number for each row."""
        raise NotImplementedError

    def _mixing(self, target, Y, outputs, weight, ratio):
        """The fitted attributes that say how the views are mixed.

        Parameters
        ----------
        target
            What the outputs mean.
        Y : ndarray of shape (n, n_outputs)
            Targets, encoded.
        outputs : list of ndarray of shape (n, n_outputs)
            Each family's raw outputs for rows that it has not seen.
        weight : ndarray of shape (n,) or None
            Weights of the rows.
        ratio : float
            How many times as many nets speak in prediction.
        """
        raise NotImplementedError

    @staticmethod
    def _mixed(target, mixing, outputs):
        """The prediction (n, n_outputs) from each family's raw outputs.

        Parameters
        ----------
        target
            What the outputs mean.
        mixing : dict
            What :meth:`_mixing` gave.
        outputs : list of ndarray of shape (nets, n, n_outputs)
            Are spent.
        """
        raise NotImplementedError

    @staticmethod
    def _losses_of_repeats(target, Y):
        """A function of predictions: each row's loss. None: repeats say nothing."""
        raise NotImplementedError

    @staticmethod
    def _as_predicted(target, mu):
        """An estimator that gives the predictions mu, for a scorer."""
        raise NotImplementedError

    # ---- fitting -----------------------------------------------------------------

    def _fit(self, X, y, sample_weight, X_val, y_val, sample_weight_val, **of_y):
        given = validation_set(X_val, y_val, sample_weight_val)
        if given and self.validation_fraction is not None:
            raise ValueError(
                "validation_fraction holds rows out, and X_val is held out already: "
                "give one of the two."
            )
        told = X, y, sample_weight
        X, y, sample_weight = self._checked(X, y, sample_weight, **of_y)
        encoder = self._encoder(X)
        level_means = LevelMeans(encoder, X)
        rng = check_random_state(self.random_state)
        data = self._data(encoder, level_means, X, y, sample_weight, given, rng, of_y)
        families = self._families(encoder, data.target)
        plan = Plan(
            families,
            data,
            [rng.randint(2**31 - 1, size=self.n_members).tolist() for _ in families],
            None if isinstance(self.max_iter, str) else self.max_iter,
            self.max_time,
            bool(self.verbose),
        )
        attributes = partial(self._fitted, encoder, level_means, data, bool(given))
        watcher = watch(self, *told, plan.n_epochs())
        parts = plan.trained(self.n_jobs, watcher, attributes)
        fitted = attributes(parts)
        watcher.finish(lambda: fitted)
        for name in ("feature_names_in_", "classes_"):
            self.__dict__.pop(name, None)
        self.__dict__.update(fitted)
        return self

    def _checked(self, X, y, sample_weight, **of_y):
        """The rows that weigh something, y as an array, and their weights."""
        require_y(self, y)
        if of_y:
            require_numbers(y)
        y = _check_y(y, multi_output=True, estimator=self, **of_y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        check_consistent_length(X, y)
        if sample_weight is None:
            return X, y, None
        weight = _check_sample_weight(
            sample_weight, y, dtype=np.float32, ensure_non_negative=True
        )
        seen = np.flatnonzero(weight)
        if not len(seen):
            raise ValueError(
                "Sample weights must contain at least one non-zero number."
            )
        if len(seen) < len(y):  # as if they were not there
            return _safe_indexing(X, seen), y[seen], weight[seen]
        return X, y, weight

    def _encoder(self, X):
        """The fitted encoder; bins are few where numbers are many."""
        encoder = TabularEncoder(
            self.categorical_features, n_bins=self.n_bins, dtype="float32"
        ).fit(X)
        n_numbers = (encoder.column_kinds_ == "number").sum()
        if (encoder.column_kinds_ == "bin").sum() > MOST_BINS:
            n_bins = min(self.n_bins, max(FEWEST_BINS, MOST_BINS // n_numbers))
            encoder = clone(encoder).set_params(n_bins=n_bins).fit(X)
        return encoder

    def _data(self, encoder, level_means, X, y, sample_weight, given, rng, of_y):
        """What the families learn from."""
        target, smoothed, loss = self._learns(y)
        weight = smoothed.weights(y, sample_weight)
        plain = target.encode(y, np.dtype(np.float32)).astype(np.float32)
        told = level_means.learn(encoder, X, plain, sample_weight, rng)
        table = Table.of(encoder, X, told)
        n = len(y)
        if given:
            X_val, y_val, weight_val = self._checked(*given, **of_y)
            target.check(y_val, all_present=False)
            told = level_means.columns(encoder, X_val)
            table = table.joined(Table.of(encoder, X_val, told))
            folds = np.repeat([-1, 0], [n, len(y_val)])
            if weight is not None:
                weight = np.append(weight, np.ones(len(y_val)))
            if sample_weight is not None or weight_val is not None:
                sample_weight = np.concatenate(
                    [
                        np.ones(len(each), np.float32) if own is None else own
                        for own, each in ((sample_weight, y), (weight_val, y_val))
                    ]
                )
            y = np.concatenate([y, y_val])
        elif self.validation_fraction is not None:
            folds = one_fold(self._strata(y), self.validation_fraction, rng)
        else:
            n_folds = max(2, min(self.n_members, n // 4))
            folds = deal_folds(self._strata(y), n_folds, rng)
        if weight is not None:
            weight = weight.astype(np.float32, copy=False)
        scoring = self._scoring(target)
        Y = smoothed.encode(y, table.raw.dtype)
        return Data(table, y, target, loss, weight, sample_weight, Y, folds, scoring)

    def _scoring(self, target):
        """What judges an epoch: see :class:`Data`."""
        if self.scoring is None or self.scoring == "loss":
            return self.scoring or self._judged_by
        scorer = get_scorer(self.scoring)

        def score(mu, y, weight):
            given = {} if weight is None else {"sample_weight": weight}
            made = self._as_predicted(target, mu)
            return float(scorer(made, np.zeros((len(y), 1)), y, **given))

        return score

    def _fitted(self, encoder, level_means, data, is_given, parts):
        """Name and value of every fitted attribute."""
        target, dtype = data.target, data.table.raw.dtype
        rows = np.flatnonzero(parts[0].known)
        outputs = [part.held_out[rows] for part in parts]
        Y = target.encode(data.y, dtype).astype(dtype, copy=False)
        weight = data.sample_weight
        known_weight = None if weight is None else weight[rows]
        ratio = min(len(data.fold_sizes), self.n_members)
        mixing = self._mixing(target, Y[rows], outputs, known_weight, ratio)
        strength, repeats = np.inf, None
        losses = self._losses_of_repeats(target, Y[rows])
        if losses is not None and not is_given:
            seen = Repeats(row_keys(data.table.raw), Y, data.weight)
            mu = self._mixed(target, mixing, [z[None].copy() for z in outputs])
            strength = seen.strength(mu, rows, losses)
            if strength < np.inf:
                repeats = seen.for_prediction(strength)
        fitted = {
            "encoder_": encoder,
            "_level_means": level_means,
            "_target": target,
            "_nets": [(part.family.view, part.network) for part in parts],
            "_repeats": repeats,
            "prior_strength_": strength,
            **mixing,
            "history_": history(parts),
            "loss_curve_": mean_curve(parts, "loss"),
            "validation_loss_curve_": mean_curve(parts, "validation_loss"),
            "validation_loss_curves_": [
                [each.curve("validation_loss") for each in part.progress]
                for part in parts
            ],
            "best_iter_": np.array(
                [[each.best_iter for each in part.progress] for part in parts]
            ),
            "n_iter_": max(part.progress[0].n_iter for part in parts),
            "n_features_in_": encoder.n_features_in_,
            **target.attributes(),
        }
        if hasattr(encoder, "feature_names_in_"):
            fitted["feature_names_in_"] = encoder.feature_names_in_
        return fitted

    def _hidden_sizes(self, target):
        """Units of each hidden layer, for that target."""
        return hidden_sizes(self.hidden_layer_sizes)

    def _families(self, encoder, target):
        """The families of nets, one for each view that there is."""
        views: tuple[str, ...] = VIEWS
        if not isinstance(self.views, str):
            views = tuple(self.views)
            if not views or len(set(views)) < len(views) or set(views) - set(VIEWS):
                raise ValueError(
                    f"views must be some of {list(VIEWS)}, each once, or 'auto', got "
                    f"{self.views!r}."
                )
        if encoder.n_raw_columns_ == len(encoder.column_kinds_):  # all see the same
            views = ("raw",)
        common: dict[str, Any] = {
            "hidden": self._hidden_sizes(target),
            "n_cosines": self.n_cosines,
            "learning_rate_init": self.learning_rate_init,
            "weight_decay": self.weight_decay,
            "batch_size": self.batch_size,
        }
        return [Family(view=v, **common, **self._of_view[v]) for v in views]

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
        told = self._level_means.columns(self.encoder_, X)
        table = Table.of(self.encoder_, X, told)
        outputs = [
            network.predict(table.seen_by(view)[:], LINKS["identity"])
            for view, network in self._nets
        ]
        mu = self._mixed(self._target, self.__dict__, outputs)
        if self._repeats is None:
            return mu
        return self._repeats.updated(row_keys(table.raw), mu)

    def __sklearn_is_fitted__(self):
        return "_nets" in self.__dict__

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.target_tags.multi_output = True
        return tags
