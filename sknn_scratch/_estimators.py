"""What every classifier and every regressor of this package is to its user."""

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call

from sknn_scratch._base import BaseNetwork
from sknn_scratch._optimizers import OPTIMIZERS
from sknn_scratch._targets import (
    ManyClasses,
    Numbers,
    announced_target,
    classification_target,
)


def _is_stochastic(estimator):
    if estimator.solver not in OPTIMIZERS:
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


def validation_set(X_val, y_val, sample_weight_val):
    """The three as a tuple, or () if there is no validation set."""
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val must be given together.")
    if X_val is None and sample_weight_val is not None:
        raise ValueError("sample_weight_val needs X_val and y_val.")
    return () if X_val is None else (X_val, y_val, sample_weight_val)


class NetworkClassifier(ClassifierMixin, BaseNetwork):
    """A network whose output is read as classes or labels."""

    @_fit_context(prefer_skip_nested_validation=True)
    @with_callbacks
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Fit the network to X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows. float32 and float64 are kept; sparse input stays sparse.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or an indicator matrix for multilabel targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss; None weighs all rows 1.
        X_val, y_val, sample_weight_val : array-like, default=None
            A validation set, scored after each epoch; with ``early_stopping=True`` it
            takes the place of the held-out rows.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            For wrong parameters, NaN or infinite input, targets that are not classes,
            or weights that diverge. The estimator is then as it was before.
        """
        given = validation_set(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, given)

    @available_if(_is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X,
        y,
        sample_weight=None,
        classes=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Go over the given rows once more, from the weights there are.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, each one of ``classes``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss.
        classes : array-like of shape (n_classes,), default=None
            All classes of all calls; required in the first one. With several
            columns of classes, a list with one array for each.
        X_val, y_val, sample_weight_val : array-like, default=None
            A validation set, scored after the epoch. With ``early_stopping=True`` the
            best weights are kept, and restored when the score has stalled.

        Returns
        -------
        self : object
            The classifier after one more epoch.

        Raises
        ------
        AttributeError
            With ``solver="lbfgs"``, which has no epochs.
        ValueError
            As :meth:`fit`, and for classes that were not announced, or with
            ``early_stopping=True`` without a validation set.
        """
        given = validation_set(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, given, incremental=True, classes=classes)

    def predict(self, X):
        """Predict classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The most probable class of each row; 0/1 indicators for multilabel targets.
            With several columns of classes, the most probable one of each.
        """
        mu = self._predict_mu(X)
        return self._target.decode(mu)

    def predict_proba(self, X):
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or list of them
            Columns in the order of ``classes_``. For multilabel targets each column is
            that label's own probability; with several columns of classes there is one
            array for each.
        """
        mu = self._predict_mu(X)
        return self._target.probabilities(mu)

    def predict_log_proba(self, X):
        """Predict log-probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or list of them
            ``log(predict_proba(X))``; minus infinity where a probability underflows.
        """
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            if isinstance(probabilities, list):
                return [np.log(p) for p in probabilities]
            return np.log(probabilities)

    def score(self, X, y, sample_weight=None):
        """Accuracy: the share of rows of which all labels are right.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        float
            Between 0 and 1.
        """
        predicted = self.predict(X)
        if isinstance(self._target, ManyClasses):
            right = (predicted == np.asarray(y)).all(axis=1)
            return float(np.average(right, weights=sample_weight))
        return accuracy_score(y, predicted, sample_weight=sample_weight)

    def _encode(self, target, y, dtype):
        Y = target.encode(y, dtype)
        if self.label_smoothing:
            Y = target.smoothed(Y, self.label_smoothing, dtype)
        return Y

    def _weights(self, target, y, sample_weight):
        if self.class_weight is None:
            return sample_weight
        weights = target.row_weights(self.class_weight, y)
        return weights if sample_weight is None else weights * sample_weight

    def _known_target(self, y, classes, incremental, resumes):
        if incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported for partial_fit, which sees "
                "a part of the data: give the weights as a dict, computed on all of it "
                "with sklearn.utils.class_weight.compute_class_weight."
            )
        if incremental and isinstance(classes, list) and np.ndim(classes[:1]) == 2:
            announced = [np.unique(known) for known in classes]
            known = self.__dict__.setdefault("classes_", announced)
            was, now = (
                [np.asarray(c).tolist() for c in each] for each in (known, announced)
            )
            if was != now:
                raise ValueError(
                    f"`classes={classes}` is not the same as on last call to "
                    f"partial_fit, was: {known}"
                )
            if known is announced:
                return ManyClasses(announced)
        elif incremental and _check_partial_fit_first_call(self, classes):
            return announced_target(y, self.classes_)
        return super()._known_target(y, classes, incremental, resumes)

    def _make_target(self, y, known):
        if known is None:
            target = classification_target(y)
            self.classes_ = target.classes
            return target
        known.check(y, all_present=self.warm_start)
        return known

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags


class NetworkRegressor(RegressorMixin, BaseNetwork):
    """A network whose output is read as numbers."""

    @_fit_context(prefer_skip_nested_validation=True)
    @with_callbacks
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Fit the network to X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows. float32 and float64 are kept; sparse input stays sparse.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss; None weighs all rows 1.
        X_val, y_val, sample_weight_val : array-like, default=None
            A validation set, scored after each epoch; with ``early_stopping=True`` it
            takes the place of the held-out rows.

        Returns
        -------
        self : object
            The fitted regressor.

        Raises
        ------
        ValueError
            For wrong parameters, NaN or infinite input, targets outside the loss's
            range, or weights that diverge. The estimator is then as it was before.
        """
        given = validation_set(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, given)

    @available_if(_is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Go over the given rows once more, from the weights there are.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss.
        X_val, y_val, sample_weight_val : array-like, default=None
            A validation set, scored after the epoch. With ``early_stopping=True`` the
            best weights are kept, and restored when the score has stalled.

        Returns
        -------
        self : object
            The regressor after one more epoch.

        Raises
        ------
        AttributeError
            With ``solver="lbfgs"``, which has no epochs.
        ValueError
            As :meth:`fit`, and with ``early_stopping=True`` without a validation
            set.
        """
        given = validation_set(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, given, incremental=True)

    def predict(self, X):
        """Predict target values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.
        """
        mu = self._predict_mu(X)
        return mu.ravel() if mu.shape[1] == 1 else mu

    def _validate(self, X, y, reset):
        return super()._validate(X, y, reset, y_numeric=True)

    def _make_target(self, y, known):
        if known is not None:
            known.check(y, all_present=True)
        return Numbers(1 if y.ndim == 1 else y.shape[1], self.loss)
