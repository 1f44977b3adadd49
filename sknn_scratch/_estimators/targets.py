"""Targets: what y is, which link it asks for, and how to read the network's output.

A target encodes y as the matrix that a network is trained on, weighs its rows, decodes
the network's output into predictions, and scores them. The estimators ask it instead of
asking what they are themselves.
"""

import copy
import warnings
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import (
    check_classification_targets,
    type_of_target,
    unique_labels,
)

from sknn_scratch._nn.links import LINKS, Softmax
from sknn_scratch._nn.losses import LOSSES


def classification_target(y):
    """The target for the labels y, from y itself."""
    kind = kind_of(y)
    if kind == "multiclass-multioutput":
        columns = (y.toarray() if hasattr(y, "toarray") else y).T
        return MultiOutputClasses([np.unique(column) for column in columns])
    if kind not in ("binary", "multiclass", "multilabel-indicator"):
        check_classification_targets(y)
    if kind == "multilabel-indicator":
        return Labels(y.shape[1], is_sparse=hasattr(y, "toarray"))
    # unique_labels explains mixed types; np.unique is ten times faster on the rest.
    return Classes(unique_labels(y) if y.dtype == object else np.unique(y))


def kind_of(y):
    """scikit-learn's ``type_of_target``, but only 0 and 1 are indicators of labels.

    Two columns of the values 1 and 2 are two outputs with classes of their own.
    """
    try:
        kind = type_of_target(y)
    except TypeError as error:
        raise ValueError(
            "y mixes values that cannot be compared, such as strings and numbers: "
            f"{error}. Make each column of one type, with OrdinalEncoder for example."
        ) from error
    if kind == "multilabel-indicator":
        values = np.unique(y.data if hasattr(y, "toarray") else y)
        if not set(values.tolist()) <= {0, 1}:
            return "multiclass-multioutput"
    return kind


def announced_target(y, classes, earlier):
    """The target of a partial_fit whose classes the user named.

    Parameters
    ----------
    y : ndarray
        Labels, of which some classes may be missing.
    classes : array-like of shape (n_classes,), or list of them
        All classes; a list with one array for each output.
    earlier : target or None
        Of the calls before; the classes must be the same.
    """
    announced: _Labelled
    if isinstance(classes, list) and np.ndim(classes[:1]) == 2:
        announced = MultiOutputClasses([np.unique(each) for each in classes])
    elif kind_of(y) == "multilabel-indicator":
        announced = Labels(
            y.shape[1], unique_labels(classes), is_sparse=hasattr(y, "toarray")
        )
    else:
        announced = Classes(unique_labels(classes))
    if earlier is None:
        return announced
    was, now = earlier.announced, announced.announced
    same = len(was) == len(now) and all(map(np.array_equal, was, now))
    if not same:
        raise ValueError(
            f"`classes={classes!r}` is not the same as on last call to partial_fit, "
            f"was: {earlier.attributes()['classes_']!r}"
        )
    return earlier


def restored_target(classes, n_outputs, link_name, loss):
    """The target of a model that was restored from its public attributes.

    Parameters
    ----------
    classes : array-like or None
        Of a classifier; None for a regressor.
    n_outputs : int
        Number of the network's outputs.
    link_name : str or None
        ``out_activation_``; None takes the one that goes with the outputs.
    loss : str
        Of a regressor.
    """
    if classes is None:
        return Numbers(n_outputs, loss)
    classes = np.asarray(classes)
    if n_outputs > 1 and link_name == "logistic":
        return Labels(n_outputs, classes)
    target = Classes(classes)
    if target.n_outputs != n_outputs:
        raise ValueError(
            f"The last of coefs_ has {n_outputs} columns, but {len(classes)} classes_ "
            f"need {target.n_outputs}."
        )
    return target


class _Labelled:
    """Base of the targets of classifiers."""

    was = "one class for each row"
    #: What ``kind_of`` says of a y that fits.
    kinds: tuple[str, ...] = ("binary", "multiclass")
    #: e: targets are (1 - e) y + e / K, K = n_choices.
    smoothing = 0.0
    classes: Any
    n_outputs: int

    @property
    def n_choices(self) -> Any:
        """K; of several outputs one for each column."""
        return 2

    def indicators(self, y, dtype):
        """Encode y without smoothing."""
        raise NotImplementedError

    #: As the estimator has it; None weighs all classes 1.
    class_weight = None

    def settled(self, label_smoothing, class_weight):
        """The same target with the parameters of an estimator."""
        target = copy.copy(self)
        target.smoothing, target.class_weight = label_smoothing, class_weight
        return target

    def attributes(self):
        """The fitted attributes of an estimator with this target."""
        return {"classes_": self.classes}

    @property
    def announced(self):
        """The classes of each output, as partial_fit is told of them."""
        return [self.classes]

    def encode(self, y, dtype):
        """Encode y as (n, n_outputs), of the dtype or boolean; smoothed, if asked."""
        Y = self.indicators(y, dtype)
        if not self.smoothing:
            return Y
        Y = Y.astype(dtype) * (1 - self.smoothing)
        Y += np.asarray(self.smoothing / self.n_choices, dtype)
        return Y

    def weights(self, y, sample_weight):
        """The weights (n,) of the rows, those of their classes included, or None."""
        if self.class_weight is None:
            return sample_weight
        weights = self._of_classes(self.class_weight, y)
        return weights if sample_weight is None else weights * sample_weight

    def check(self, y, all_present):
        """Raise unless y fits this target.

        ``all_present`` asks that every class occurs in y, as ``warm_start`` does.
        """
        if not all_present and self._holds(y):
            return
        check_classification_targets(y)
        kind = kind_of(y)
        if kind not in self.kinds:
            raise ValueError(f"y is {kind}, but the earlier targets were {self.was}.")
        self._check_classes(unique_labels(y), self.classes, all_present)

    @staticmethod
    def _check_classes(classes, known, all_present):
        if all_present and set(classes) != set(known):
            raise ValueError(
                "warm_start can only be used where `y` has the same "
                "classes as in the previous call to fit. Previously "
                f"got {known}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, known, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {known}. 'y' has {classes}."
            )

    def _holds(self, y):
        """Tell cheaply if y fits for certain; False is "not sure"."""
        return False

    def _of_classes(self, class_weight, y):
        """The weight (n,) of each row: those of its classes, multiplied."""
        if isinstance(class_weight, str):
            return compute_sample_weight(class_weight, y)
        outputs = self._outputs(y)
        if isinstance(class_weight, dict) and len(outputs) == 1:
            class_weight = [class_weight]
        elif isinstance(class_weight, dict) or len(class_weight) != len(outputs):
            raise ValueError(
                "class_weight must be 'balanced', a dict for one output, or a list "
                f"with one dict for each output, {len(outputs)} here; got "
                f"{class_weight}."
            )
        weights = np.ones(y.shape[0])
        for each, (classes, column) in zip(class_weight, outputs, strict=True):
            if not isinstance(each, (dict, str, type(None))):
                raise ValueError(
                    "class_weight must be 'balanced', a dict, or a list of dicts; got "
                    f"{each!r} in {class_weight}."
                )
            # All known classes: the rows of a partial_fit may lack some of them.
            of_class = compute_class_weight(each, classes=classes, y=column)
            weights *= of_class[np.searchsorted(classes, column)]
        return weights

    def _outputs(self, y):
        """The classes and the column (n,) of each output."""
        raise NotImplementedError

    def stratify(self, Y):
        """Give train_test_split its strata; as in scikit-learn for one output only."""
        return Y.astype(bool) if self.n_outputs == 1 else None


class Classes(_Labelled):
    """One label of two or more classes for each row.

    Binary targets become one logistic output, others a softmax over the classes.
    """

    def __init__(self, classes):
        self.classes = classes
        self.n_outputs = 1 if len(classes) <= 2 else len(classes)
        self.link_name = "logistic" if self.n_outputs == 1 else "softmax"
        self.link = LINKS[self.link_name]

    def indicators(self, y, dtype):
        """Codes (n, 1) of the dtype given, or one-hot rows (n, n_classes), boolean."""
        codes = np.searchsorted(self.classes, y)
        if self.n_outputs == 1:
            return codes.astype(dtype)[:, None]
        Y = np.zeros((len(codes), self.n_outputs), bool)
        Y[np.arange(len(codes)), codes] = True
        return Y

    @property
    def n_choices(self):
        return 2 if self.n_outputs == 1 else self.n_outputs

    def _outputs(self, y):
        return [(self.classes, y)]

    def _holds(self, y):
        if y.ndim != 1 or y.dtype.kind != self.classes.dtype.kind or y.dtype == object:
            return False
        codes = np.searchsorted(self.classes, y)
        return np.array_equal(self.classes.take(codes, mode="clip"), y)

    def _codes(self, mu):
        if len(self.classes) == 1:
            return np.zeros(mu.shape[:-1], int)
        return mu[..., 0] > 0.5 if self.n_outputs == 1 else mu.argmax(axis=-1)

    def decode(self, mu):
        """Labels (n,) from the predictions mu (n, n_outputs)."""
        return self.classes.take(self._codes(mu).astype(int, copy=False))

    def probabilities(self, mu):
        """(n, n_classes), columns in the order of ``classes``."""
        if len(self.classes) == 1:
            return np.ones((len(mu), 1), mu.dtype)
        if self.n_outputs > 1:
            return mu
        both = np.empty((len(mu), 2), mu.dtype)
        both[:, 1:] = mu
        np.subtract(1, mu, both[:, :1])
        return both

    def score(self, Y, mu, weight):
        """Accuracy; of many nets, (nets, n, n_outputs), that of each."""
        truth = Y[..., 0] > 0.5 if self.n_outputs == 1 else Y.argmax(axis=-1)
        return weighted_mean(self._codes(mu) == truth, weight)


class Labels(_Labelled):
    """Any number of labels for each row (multilabel): one logistic output a label."""

    was = "multilabel"
    kinds = ("multilabel-indicator",)
    link_name, link = "logistic", LINKS["logistic"]

    def __init__(self, n_labels, announced=None, is_sparse=False):
        #: Whether predictions are sparse, as those of scikit-learn are for a sparse y.
        self.is_sparse = is_sparse
        self.classes = np.arange(n_labels)
        self.n_outputs = n_labels
        self.named = self.classes if announced is None else announced

    @property
    def announced(self):
        return [self.named]

    def attributes(self):
        return {"classes_": self.named}

    def indicators(self, y, dtype):
        """Indicators (n, n_labels), boolean."""
        return (y.toarray() if hasattr(y, "toarray") else y).astype(bool)

    def _outputs(self, y):
        return [(np.arange(2), column) for column in self.indicators(y, None).T]

    def decode(self, mu):
        """Indicator matrix (n, n_labels) of 0 and 1."""
        labels = (mu > 0.5).astype(int)
        if not self.is_sparse:
            return labels
        # It knows whether this is to be a sparse matrix or a sparse array.
        return LabelBinarizer().fit(csr_matrix(labels)).inverse_transform(labels)

    def probabilities(self, mu):
        """(n, n_labels): each label's own probability."""
        return mu

    def score(self, Y, mu, weight):
        """Subset accuracy, of each net: all labels of a row right."""
        return weighted_mean(((mu > 0.5) == (Y > 0.5)).all(axis=-1), weight)


class MultiOutputClasses(_Labelled):
    """Several outputs for each row, each with classes: multiclass-multioutput.

    Each is a :class:`Classes` with a softmax over its own columns (two of them for a
    binary one); the loss is the sum over the outputs.
    """

    was = "multiclass-multioutput"
    link_name = "softmax"

    def __init__(self, classes):
        self.classes = classes
        sizes = tuple(max(2, len(known)) for known in classes)
        self.n_outputs = sum(sizes)
        self.link = Softmax(sizes)
        starts = np.cumsum([0, *sizes]).tolist()
        self.columns = [slice(*ends) for ends in pairwise(starts)]
        self.sizes = sizes

    @property
    def announced(self):
        return self.classes

    @property
    def n_choices(self):
        return np.repeat(self.sizes, self.sizes)

    def check(self, y, all_present):
        if np.ndim(y) != 2 or y.shape[1] != len(self.classes):
            raise ValueError(
                f"y has shape {np.shape(y)}, but the earlier targets were "
                f"{self.was}, in {len(self.classes)} columns."
            )
        for column, known in zip(y.T, self.classes, strict=True):
            self._check_classes(np.unique(column), known, all_present)

    def _outputs(self, y):
        return list(zip(self.classes, y.T, strict=True))

    def indicators(self, y, dtype):
        """One-hot rows of each output, side by side, boolean."""
        Y = np.zeros((len(y), self.n_outputs), bool)
        for column, known, columns in zip(y.T, self.classes, self.columns, strict=True):
            Y[np.arange(len(y)), columns.start + np.searchsorted(known, column)] = True
        return Y

    def stratify(self, Y):
        return None

    def _codes(self, mu):
        return [mu[..., columns].argmax(axis=-1) for columns in self.columns]

    def decode(self, mu):
        """Labels (n, n_outputs)."""
        labels = [
            known.take(codes, mode="clip")
            for known, codes in zip(self.classes, self._codes(mu), strict=True)
        ]
        return np.column_stack(labels)

    def probabilities(self, mu):
        """One (n, n_classes) array for each output."""
        return [
            mu[:, columns] if len(known) > 1 else np.ones((len(mu), 1), mu.dtype)
            for known, columns in zip(self.classes, self.columns, strict=True)
        ]

    def score(self, Y, mu, weight):
        """Subset accuracy, of each net: all outputs of a row right."""
        pairs = zip(self._codes(mu), self._codes(Y), strict=True)
        right = np.all([given == truth for given, truth in pairs], axis=0)
        return weighted_mean(right, weight)


class Numbers:
    """One or more numbers for each row."""

    def __init__(self, n_outputs, loss):
        self.n_outputs = n_outputs
        self.loss = loss
        self.link_name = LOSSES[loss].regression_link
        self.link = LINKS[self.link_name]

    def attributes(self):
        """The fitted attributes of an estimator with this target: none."""
        return {}

    def weights(self, y, sample_weight):
        """The weights (n,) of the rows, or None."""
        return sample_weight

    def check(self, y, all_present):
        """Raise unless y has as many outputs."""
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if n_outputs != self.n_outputs:
            raise ValueError(
                f"y has {n_outputs} outputs, but the earlier targets had "
                f"{self.n_outputs}."
            )

    def encode(self, y, dtype):
        """(n, n_outputs) of the dtype given."""
        LOSSES[self.loss].check_y(y)
        return np.asarray(y, dtype).reshape(len(y), -1)

    def stratify(self, Y):
        return None

    def score(self, Y, mu, weight):
        """R^2, of each net, NaN where a prediction is not finite.

        What ``sklearn.metrics.r2_score`` gives, in a tenth of the time.
        """
        if Y.shape[-2] < 2:
            message = "R^2 score is not well-defined with less than two samples."
            warnings.warn(message, UndefinedMetricWarning)
            return np.full(mu.shape[:-2], np.nan)[()]
        weight = None if weight is None else weight[..., None]
        mean = weighted_mean(Y, weight, axis=-2, keepdims=True)
        missed, varied = np.square(Y - mu), np.square(Y - mean)
        if weight is not None:
            missed *= weight
            varied *= weight
        missed, varied = missed.sum(axis=-2), varied.sum(axis=-2)
        constant = np.where(missed == 0, 1.0, 0.0).astype(missed.dtype)
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = np.where(varied == 0, constant, 1 - missed / varied)
        scores = np.average(scores, axis=-1)
        finite = np.isfinite(mu).all(axis=(-2, -1))
        return np.where(finite, scores, np.nan)[()]


def weighted_mean(values, weight, axis=-1, keepdims=False):
    """The mean over an axis, by weights that broadcast with the values, or None."""
    if weight is None:
        return values.mean(axis, keepdims=keepdims)
    return (values * weight).sum(axis, keepdims=keepdims) / weight.sum(
        axis, keepdims=keepdims
    )
