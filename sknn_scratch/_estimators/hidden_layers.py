"""The outputs of a hidden layer, as features for another model."""

from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    _fit_context,
    clone,
)
from sklearn.utils import get_tags
from sklearn.utils._metadata_requests import _routing_enabled
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from sknn_scratch._documentation import DocumentationLink
from sknn_scratch._types import MatrixLike, typed


class HiddenLayerTransformer(
    DocumentationLink,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    BaseEstimator,
):
    """The outputs of a hidden layer of a network, as features.

    Parameters
    ----------
    estimator : estimator
        A network of this package.
    layer : int, default=-1
        Index of the hidden layer, as in ``estimator.hidden_activations``: -1 is the
        last one.
    prefit : bool, default=False
        Whether ``estimator`` is fitted already; fit then changes nothing.

    Attributes
    ----------
    estimator_ : estimator
        The fitted network.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X had names that are all strings.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sknn_scratch import HiddenLayerTransformer, ScratchMLPClassifier
    >>> network = ScratchMLPClassifier((8,), solver="lbfgs", alpha=1, max_iter=3000)
    >>> model = make_pipeline(
    ...     HiddenLayerTransformer(network), LogisticRegression(max_iter=1000))
    >>> bool(model.fit(*load_iris(return_X_y=True)).score(*load_iris(return_X_y=True))
    ...      > 0.9)
    True
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "hidden_activations"])],
        "layer": [Integral],
        "prefit": ["boolean"],
    }

    def __init__(
        self, estimator: Any, layer: int = -1, *, prefit: bool = False
    ) -> None:
        self.estimator = estimator
        self.layer = layer
        self.prefit = prefit

    # The network itself checks its parameters.
    @typed(_fit_context(prefer_skip_nested_validation=False))
    def fit(self, X: MatrixLike, y: MatrixLike, **fit_params: Any) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        **fit_params : dict
            Passed to the network's fit; with metadata routing, what it requests.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        NotFittedError
            With ``prefit=True``, if the network is not fitted.
        ValueError
            If the network has no such hidden layer.
        """
        if self.prefit:
            check_is_fitted(self.estimator)
            network = self.estimator
        else:
            if _routing_enabled():
                routed = process_routing(self, "fit", **fit_params)
                fit_params = routed["estimator"]["fit"]
            network = clone(self.estimator).fit(X, y, **fit_params)
        n_hidden = network._network.n_hidden
        if not -n_hidden <= self.layer < n_hidden:
            raise ValueError(
                f"layer must be between {-n_hidden} and {n_hidden - 1} for a network "
                f"with {n_hidden} hidden layers, got {self.layer}."
            )
        self.estimator_ = network
        return self

    def transform(self, X: MatrixLike) -> np.ndarray:
        """Compute the hidden layer's outputs.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_units)
            Outputs.
        """
        check_is_fitted(self)
        return self.estimator_.hidden_activations(X)[self.layer]

    def get_metadata_routing(self) -> MetadataRouter:
        """Route the metadata that the network requests.

        Returns
        -------
        MetadataRouter
            The routing of ``fit`` and ``fit_transform`` to the network's ``fit``.
        """
        to_fit = MethodMapping().add(caller="fit", callee="fit")
        to_fit.add(caller="fit_transform", callee="fit")
        router = MetadataRouter(owner=self)
        return router.add(estimator=self.estimator, method_mapping=to_fit)

    @property
    def n_features_in_(self) -> int:
        return self._fitted_attribute("n_features_in_")

    @property
    def feature_names_in_(self) -> np.ndarray:
        return self._fitted_attribute("feature_names_in_")

    def _fitted_attribute(self, name):
        if "estimator_" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no {name} before fit.")
        return getattr(self.estimator_, name)

    @property
    def _n_features_out(self):
        return self.estimator_._network.hidden_layers[self.layer].n_out

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
