"""What every classifier and every regressor of this package is to its user."""

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call

from sknn_scratch._base import BaseNetwork
from sknn_scratch._optimizers import OPTIMIZERS
from sknn_scratch._targets import Numbers, announced_target, classification_target


def _is_stochastic(estimator):
    if estimator.solver not in OPTIMIZERS:
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


class NetworkClassifier(ClassifierMixin, BaseNetwork):
    """A network whose output is read as classes or labels."""

    _loss_name = "log_loss"

    @_fit_context(prefer_skip_nested_validation=True)
    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Fit the network to X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows. float32 and float64 are kept; sparse input stays sparse.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or an indicator matrix for multilabel targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss; None weighs all rows 1.

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
        return self._fit(X, y, sample_weight)

    @available_if(_is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
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
            All classes of all calls; required in the first one.

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
            ``early_stopping=True``.
        """
        return self._fit(X, y, sample_weight, incremental=True, classes=classes)

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
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``. For multilabel targets each column is
            that label's own probability.
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
        ndarray of shape (n_samples, n_classes)
            ``log(predict_proba(X))``; minus infinity where a probability underflows.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _known_target(self, y, classes, incremental, resumes):
        if incremental and _check_partial_fit_first_call(self, classes):
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
        return tags


class NetworkRegressor(RegressorMixin, BaseNetwork):
    """A network whose output is read as numbers."""

    @property
    def _loss_name(self):
        return self.loss

    @_fit_context(prefer_skip_nested_validation=True)
    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Fit the network to X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows. float32 and float64 are kept; sparse input stays sparse.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss; None weighs all rows 1.

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
        return self._fit(X, y, sample_weight)

    @available_if(_is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Go over the given rows once more, from the weights there are.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss.

        Returns
        -------
        self : object
            The regressor after one more epoch.

        Raises
        ------
        AttributeError
            With ``solver="lbfgs"``, which has no epochs.
        ValueError
            As :meth:`fit`, and with ``early_stopping=True``.
        """
        return self._fit(X, y, sample_weight, incremental=True)

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
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if known is not None and n_outputs != known.n_outputs:
            raise ValueError(
                f"y has {n_outputs} outputs, but the earlier targets had "
                f"{known.n_outputs}."
            )
        target = Numbers(n_outputs, self.loss)
        target.check(y)
        return target
