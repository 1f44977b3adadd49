"""The two estimators: parameters, fit and predictions."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sknn_scratch._estimators.docstrings import documented
from sknn_scratch._estimators.mlp import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._estimators.parameters import store_parameters
from sknn_scratch._types import (
    ActivationLike,
    ClassWeight,
    PerLayer,
    RandomState,
    Scoring,
)
from sknn_scratch.distributed import _prediction
from sknn_scratch.distributed._base import OWN_CONSTRAINTS, Distributed


@documented
class DaskMLPClassifier(Distributed, ScratchMLPClassifier):
    """Multilayer perceptron classifier, fitted on the partitions of a Dask collection.

    The network is that of :class:`~sknn_scratch.ScratchMLPClassifier`, and so are its
    parameters. With ``solver="lbfgs"`` the weights are those of a fit on one machine,
    up to rounding, whatever the number of workers. The stochastic solvers take large
    steps of all partitions together, or average the weights of partitions that train
    apart.

    Parameters
    ----------
    {mlp_sizes}
    {activation}
    {training}
    {classification}
    {options}
    {cluster_parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, in the order of the columns of ``predict_proba``.
    {mlp_attributes}
    {training_attributes}

    See Also
    --------
    DaskMLPRegressor : The regressor.
    sknn_scratch.ScratchMLPClassifier : The estimator for rows in memory.

    Notes
    -----
    {cluster_notes}

    Examples
    --------
    >>> import dask.array as da
    >>> from dask.distributed import Client
    >>> from sklearn.datasets import make_classification
    >>> from sknn_scratch.distributed import DaskMLPClassifier
    >>> X, y = make_classification(400, random_state=0)
    >>> X, y = da.from_array(X, chunks=(100, 20)), da.from_array(y, chunks=100)
    >>> with Client(processes=False, n_workers=2, dashboard_address=":0") as client:
    ...     model = DaskMLPClassifier((5,), solver="lbfgs", random_state=0)
    ...     print(model.fit(X, y).score(X, y) > 0.9)
    True
    """

    _parameter_constraints: dict = {
        **ScratchMLPClassifier._parameter_constraints,
        **OWN_CONSTRAINTS,
    }
    _local = ScratchMLPClassifier

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] | np.ndarray = (100,),
        activation: ActivationLike = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: str = "log_loss",
        focal_gamma: float = 2.0,
        label_smoothing: float = 0.0,
        class_weight: ClassWeight = None,
        init: str = "glorot_uniform",
        init_scale: float = 0.1,
        coefs_init: Sequence[ArrayLike] | None = None,
        intercepts_init: Sequence[ArrayLike] | None = None,
        dropout: PerLayer = 0.0,
        input_dropout: float = 0.0,
        weight_decay: float = 0.01,
        warmup_fraction: float = 0.0,
        clip_norm: float | None = None,
        weight_averaging: float | None = None,
        scoring: Scoring = None,
        dtype: str | None = None,
        client: Any = None,
        local_epochs: int | None = None,
        learning_rate_scaling: str | None = "sqrt",
    ) -> None:
        store_parameters(self, locals())

    @documented
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the network to the partitions of X and y.

        Parameters
        ----------
        {cluster_X}
        y : dask array, series or dataframe
            Class labels, or an indicator matrix for multilabel targets.
        {cluster_weights}

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        {cluster_errors}
        """
        super().fit(
            X,
            y,
            sample_weight,
            X_val=X_val,
            y_val=y_val,
            sample_weight_val=sample_weight_val,
        )
        return self

    def predict(self, X: Any) -> Any:
        """Predict classes.

        Parameters
        ----------
        X : dask array or dataframe, or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        dask array or ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions; those of a collection are not computed yet.
        """
        lazy = self._lazily(X, "predict")
        return super().predict(X) if lazy is None else lazy

    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities.

        Parameters
        ----------
        X : dask array or dataframe, or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        dask array or ndarray of shape (n_samples, n_classes), or list of them
            Columns in the order of ``classes_``; those of a collection are not computed
            yet.
        """
        lazy = self._lazily(X, "predict_proba")
        return super().predict_proba(X) if lazy is None else lazy

    def predict_log_proba(self, X: Any) -> Any:
        """Predict log-probabilities.

        Parameters
        ----------
        X : dask array or dataframe, or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        dask array or ndarray of shape (n_samples, n_classes), or list of them
            ``log(predict_proba(X))``.
        """
        lazy = self._lazily(X, "predict_log_proba")
        return super().predict_log_proba(X) if lazy is None else lazy

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy: the share of rows of which all labels are right.

        Parameters
        ----------
        X : dask array or dataframe, or array-like of shape (n_samples, n_features)
            Rows. A collection stays on the workers.
        y : dask array, series or dataframe, or array-like
            True labels; a collection if X is one.
        sample_weight : dask array or series, or array-like, default=None
            Weights of the rows.

        Returns
        -------
        float
            Between 0 and 1.
        """
        functions = _prediction.right_part, _prediction.share_right
        given = self._score(X, y, sample_weight, *functions)
        return super().score(X, y, sample_weight) if given is None else given


@documented
class DaskMLPRegressor(Distributed, ScratchMLPRegressor):
    """Multilayer perceptron regressor, fitted on the partitions of a Dask collection.

    The network is that of :class:`~sknn_scratch.ScratchMLPRegressor`, and so are its
    parameters. With ``solver="lbfgs"`` the weights are those of a fit on one machine,
    up to rounding, whatever the number of workers. The stochastic solvers take large
    steps of all partitions together, or average the weights of partitions that train
    apart.

    Parameters
    ----------
    {regression_loss}
    {mlp_sizes}
    {activation}
    {training}
    {regression}
    {options}
    {cluster_parameters}

    Attributes
    ----------
    {mlp_attributes}
    {training_attributes}

    See Also
    --------
    DaskMLPClassifier : The classifier.
    sknn_scratch.ScratchMLPRegressor : The estimator for rows in memory.

    Notes
    -----
    {cluster_notes}

    Examples
    --------
    >>> import dask.array as da
    >>> from dask.distributed import Client
    >>> from sklearn.datasets import make_regression
    >>> from sknn_scratch.distributed import DaskMLPRegressor
    >>> X, y = make_regression(400, n_features=10, noise=5.0, random_state=0)
    >>> X, y = da.from_array(X, chunks=(100, 10)), da.from_array(y / 100, chunks=100)
    >>> with Client(processes=False, n_workers=2, dashboard_address=":0") as client:
    ...     model = DaskMLPRegressor(
    ...         hidden_layer_sizes=(5,), solver="lbfgs", random_state=0)
    ...     print(model.fit(X, y).score(X, y) > 0.9)
    True
    """

    _parameter_constraints: dict = {
        **ScratchMLPRegressor._parameter_constraints,
        **OWN_CONSTRAINTS,
    }
    _local = ScratchMLPRegressor

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: int | Sequence[int] | np.ndarray = (100,),
        activation: ActivationLike = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        quantile: float | None = None,
        huber_delta: float = 1.0,
        init: str = "glorot_uniform",
        init_scale: float = 0.1,
        coefs_init: Sequence[ArrayLike] | None = None,
        intercepts_init: Sequence[ArrayLike] | None = None,
        dropout: PerLayer = 0.0,
        input_dropout: float = 0.0,
        weight_decay: float = 0.01,
        warmup_fraction: float = 0.0,
        clip_norm: float | None = None,
        weight_averaging: float | None = None,
        scoring: Scoring = None,
        dtype: str | None = None,
        client: Any = None,
        local_epochs: int | None = None,
        learning_rate_scaling: str | None = "sqrt",
    ) -> None:
        store_parameters(self, locals())

    @documented
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the network to the partitions of X and y.

        Parameters
        ----------
        {cluster_X}
        y : dask array, series or dataframe
            Target values.
        {cluster_weights}

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        {cluster_errors}
        """
        super().fit(
            X,
            y,
            sample_weight,
            X_val=X_val,
            y_val=y_val,
            sample_weight_val=sample_weight_val,
        )
        return self

    def predict(self, X: Any) -> Any:
        """Predict target values.

        Parameters
        ----------
        X : dask array or dataframe, or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        dask array or ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions; those of a collection are not computed yet.
        """
        lazy = self._lazily(X, "predict")
        return super().predict(X) if lazy is None else lazy

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R^2, the mean over the outputs.

        Parameters
        ----------
        X : dask array or dataframe, or array-like of shape (n_samples, n_features)
            Rows. A collection stays on the workers.
        y : dask array, series or dataframe, or array-like
            True values; a collection if X is one.
        sample_weight : dask array or series, or array-like, default=None
            Weights of the rows.

        Returns
        -------
        float
            At most 1.
        """
        functions = _prediction.moments, _prediction.r_squared
        given = self._score(X, y, sample_weight, *functions)
        return super().score(X, y, sample_weight) if given is None else given
