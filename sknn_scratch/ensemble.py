"""Ensembles: several nets trained at once, which predict together."""

from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    RegressorMixin,
    _fit_context,
)
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Bunch, check_random_state, get_tags
from sklearn.utils._metadata_requests import _routing_enabled
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from sknn_scratch._documentation import DocumentationLink
from sknn_scratch._estimators.members import (
    all_probabilities,
    fit_members,
    fit_param,
    known_classes,
    mean_prediction,
    mean_probabilities,
    seeded,
)
from sknn_scratch._estimators.mlp import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._estimators.outcomes import log_of, require_y, share_right
from sknn_scratch._estimators.to_sklearn import with_what_is_around
from sknn_scratch._rollback import unchanged_on_failure
from sknn_scratch._types import MatrixLike, RandomState, typed

__all__ = ["NetworkEnsembleClassifier", "NetworkEnsembleRegressor"]


class BaseNetworkEnsemble(DocumentationLink, MetaEstimatorMixin, BaseEstimator):
    """Base of the ensembles; not to be used directly."""

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "bootstrap": ["boolean"],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }
    #: What a member is if the user names none.
    _default: type
    estimators_: list
    _n_targets: int

    def __init__(
        self,
        estimator: Any = None,
        n_members: int = 8,
        *,
        bootstrap: bool = False,
        random_state: RandomState = None,
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_members = n_members
        self.bootstrap = bootstrap
        self.random_state = random_state
        self.n_jobs = n_jobs

    # The members check their own parameters.
    @typed(_fit_context(prefer_skip_nested_validation=False))
    @unchanged_on_failure
    def fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Fit the members, many at once.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows; what the members take, a DataFrame before a
            ColumnTransformer for example.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss; None weighs all rows 1.
        **fit_params : dict
            What else the members' ``fit`` takes, ``X_val`` and ``y_val`` for example;
            with metadata routing, what it requests.

        Returns
        -------
        self : object
            The fitted ensemble.

        Raises
        ------
        ValueError
            If all members would be equal, and what their ``fit`` raises. The ensemble
            is then as it was before.
        KeyboardInterrupt
            On Ctrl-C: all members end at once.
        """
        member = self._member()
        if not (self.bootstrap or self.n_members == 1 or seeded(member)):
            raise ValueError(
                f"{member} has no random_state parameter: all members would be equal. "
                "Set bootstrap=True."
            )
        require_y(self, y)
        if self.bootstrap:
            check_consistent_length(X, y)
        rng = check_random_state(self.random_state)
        seeds = rng.randint(2**31 - 1, size=self.n_members).tolist()
        tasks = [(seed, self._drawn_rows(y, rng)) for seed in seeds]
        params = self._given(member, sample_weight, fit_params)
        self.estimators_ = fit_members(
            member, X, y, tasks, params, self.n_jobs, fitted_member
        )
        shape = np.asarray(y).shape
        self._n_targets = shape[1] if len(shape) == 2 else 1
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)
            if hasattr(self.estimators_[0], name):
                setattr(self, name, getattr(self.estimators_[0], name))
        return self

    def _member(self):
        return self._default() if self.estimator is None else self.estimator

    def _given(self, member, sample_weight, fit_params):
        """What the members' ``fit`` is given besides rows and targets."""
        if _routing_enabled():
            if sample_weight is not None:
                fit_params["sample_weight"] = sample_weight
            return process_routing(self, "fit", **fit_params).estimator.fit
        if sample_weight is not None:
            fit_params[fit_param(member, "sample_weight")] = sample_weight
        return fit_params

    def _drawn_rows(self, y, rng):
        """The rows that a member is trained on; None is all of them."""
        if not self.bootstrap:
            return None
        codes = self._strata(np.asarray(y))
        strata = [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
        drawn = [rng.choice(rows, len(rows)) for rows in strata]
        return np.sort(np.concatenate(drawn))

    def _strata(self, y):
        """The part of the rows that each row's stand-in is drawn from, from 0 on."""
        return np.zeros(len(y), int)

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict with all members together.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The mean of the members' numbers; the class of the highest mean
            probability; a label where its mean probability exceeds one half.
        """
        check_is_fitted(self)
        return mean_prediction(self.estimators_, X)

    def to_sklearn(self) -> Any:
        """Hand the fitted ensemble over to scikit-learn's own estimators.

        Returns
        -------
        VotingClassifier or VotingRegressor
            Fitted; it predicts the same.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        ValueError
            If scikit-learn has no such members, or cannot let them vote.
        """
        check_is_fitted(self)
        if self._n_targets > 1:
            raise ValueError(
                "scikit-learn's voting takes one target, this ensemble was fitted to "
                f"{self._n_targets}: hand over its estimators_ one by one."
            )
        members = [with_what_is_around(member) for member in self.estimators_]
        names = [f"member{i}" for i in range(len(members))]
        voting = self._voting(list(zip(names, members, strict=True)))
        voting.estimators_ = members
        voting.named_estimators_ = Bunch(**dict(zip(names, members, strict=True)))
        if hasattr(self, "feature_names_in_"):
            voting.feature_names_in_ = self.feature_names_in_
        return voting

    def _voting(self, members):
        raise NotImplementedError

    def get_metadata_routing(self) -> MetadataRouter:
        """Route the metadata that the members request.

        Returns
        -------
        MetadataRouter
            The routing of ``fit`` to the members' ``fit``.
        """
        to_fit = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self)
        return router.add(estimator=self._member(), method_mapping=to_fit)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._member())
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        tags.classifier_tags = inner.classifier_tags
        tags.regressor_tags = inner.regressor_tags
        return tags


def fitted_member(fit, task):
    """The fitted estimator; raises what its fit raised."""
    if fit.error is not None:
        raise fit.error
    return fit.estimator


#: What the two docstrings share.
PARAMETERS = """\
n_members : int, default=8
        Number of nets. At least 1.
    bootstrap : bool, default=False
        Whether each member is trained on rows drawn with replacement, as many as there
        are; of each class as many as it has. Else all are trained on all rows, and
        differ by their seeds only.
    random_state : int, RandomState instance or None, default=None
        Decides the members' seeds and rows; every ``random_state`` in the estimator is
        set to the member's seed.
    n_jobs : int or None, default=None
        Number of processes that share the members, as in joblib; the results do not
        depend on it."""
ATTRIBUTES = """\
estimators_ : list of estimator
        The fitted members.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X had names that are all strings."""
REFERENCE = """\
Lakshminarayanan, Pritzel and Blundell (2017). Simple and scalable predictive
    uncertainty estimation using deep ensembles. NeurIPS. arXiv:1612.01474.

    Breiman (1996). Bagging predictors. Machine Learning 24: for ``bootstrap=True``."""


class NetworkEnsembleClassifier(ClassifierMixin, BaseNetworkEnsemble):
    __doc__ = f"""Several networks trained at once, whose probabilities are averaged.

    Networks from several seeds err in different places: their mean is more accurate
    than one of them, and better calibrated. Nets of this package are trained together,
    each with the weights that it gets alone.

    Parameters
    ----------
    estimator : estimator, default=None
        Is cloned for each member: a classifier of this package, or a pipeline that
        ends with one. None is ``ScratchMLPClassifier()``. Others are fitted one by
        one.
    {PARAMETERS}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of them
        Class labels, in the order of the columns of ``predict_proba``.
    {ATTRIBUTES}

    See Also
    --------
    sknn_scratch.model_selection.repeated_fit : Records scores and curves of repeats.

    References
    ----------
    {REFERENCE}

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_scratch import ScratchMLPClassifier
    >>> from sknn_scratch.ensemble import NetworkEnsembleClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = ScratchMLPClassifier((10,), learning_rate_init=0.02, max_iter=500)
    >>> model = NetworkEnsembleClassifier(net, n_members=5, random_state=0).fit(X, y)
    >>> model.predict_proba(X[:2]).shape, model.predict_std(X[:2]).shape
    ((2, 3), (2, 3))
    """

    _default = ScratchMLPClassifier

    @property
    def classes_(self) -> Any:
        """The classes that any of the members knows."""
        if "estimators_" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no classes_ before fit.")
        return known_classes(self.estimators_)

    def predict_proba(self, X: MatrixLike) -> Any:
        """Predict probabilities: the mean over the members.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or list of them
            Columns in the order of ``classes_``; a list with one array for each output
            of multiclass-multioutput targets.
        """
        check_is_fitted(self)
        return mean_probabilities(self.estimators_, X)

    def predict_log_proba(self, X: MatrixLike) -> Any:
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
        return log_of(self.predict_proba(X))

    def predict_std(self, X: MatrixLike) -> Any:
        """Predict how far the members are apart.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or list of them
            Standard deviation (n - 1) of the members' probabilities, between 0 and 1;
            NaN for a single member.
        """
        check_is_fitted(self)
        each = all_probabilities(self.estimators_, X)
        if isinstance(each, list):
            return [spread(output) for output in each]
        return spread(each)

    def score(
        self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None
    ) -> float:
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
        return share_right(y, predicted, sample_weight, isinstance(self.classes_, list))

    def _strata(self, y):
        # No class may be missing in a member's rows.
        if type_of_target(y) not in ("binary", "multiclass"):
            return super()._strata(y)
        return np.unique(y, return_inverse=True)[1].ravel()

    def _voting(self, members):
        voting = VotingClassifier(members, voting="soft", n_jobs=self.n_jobs)
        voting.le_ = LabelEncoder().fit(self.classes_)
        voting.classes_ = voting.le_.classes_
        return voting


class NetworkEnsembleRegressor(RegressorMixin, BaseNetworkEnsemble):
    __doc__ = f"""Several networks trained at once, whose predictions are averaged.

    Networks from several seeds err in different places: their mean is more accurate
    than one of them, and their spread tells where they are unsure. Nets of this package
    are trained together, each with the weights that it gets alone.

    Parameters
    ----------
    estimator : estimator, default=None
        Is cloned for each member: a regressor of this package, or a pipeline or
        ``TransformedTargetRegressor`` around one. None is ``ScratchMLPRegressor()``.
        Others are fitted one by one.
    {PARAMETERS}

    Attributes
    ----------
    {ATTRIBUTES}

    See Also
    --------
    sknn_scratch.model_selection.repeated_fit : Records scores and curves of repeats.

    References
    ----------
    {REFERENCE}

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch import ScratchMLPRegressor
    >>> from sknn_scratch.ensemble import NetworkEnsembleRegressor
    >>> x = np.linspace(-2, 2, 100)[:, None]
    >>> net = ScratchMLPRegressor(
    ...     hidden_layer_sizes=(30,), learning_rate_init=0.02, max_iter=1000)
    >>> model = NetworkEnsembleRegressor(net, n_members=5, random_state=0)
    >>> mean_spread = model.fit(x, np.sin(3 * x[:, 0])).predict_std(x).mean()
    >>> bool(model.predict_std([[6.0]])[0] > mean_spread)  # far from the data
    True
    """

    _default = ScratchMLPRegressor

    def predict_std(self, X: MatrixLike) -> np.ndarray:
        """Predict how far the members are apart.

        It is the part of the uncertainty that more data would lessen, not the noise of
        the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Standard deviation (n - 1) of the members' predictions, in units of y; NaN
            for a single member.
        """
        check_is_fitted(self)
        return spread(np.array([member.predict(X) for member in self.estimators_]))

    def _voting(self, members):
        return VotingRegressor(members, n_jobs=self.n_jobs)


def spread(each):
    """The standard deviation over the first axis; NaN over one entry."""
    if len(each) == 1:
        return np.full_like(each[0], np.nan)
    return each.std(axis=0, ddof=1)
