"""scikit-learn's contract, in full, for every public estimator."""

import inspect

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks

import sknn_scratch
from sknn_scratch import ensemble, preprocessing

#: What an estimator cannot be made without.
ARGUMENTS = {
    "HiddenLayerTransformer": {
        "estimator": sknn_scratch.ScratchMLPClassifier(
            (6,), max_iter=20, random_state=0
        )
    },
    "TabularMLPClassifier": {"hidden_layer_sizes": 16, "n_members": 2, "max_iter": 40},
    "TabularMLPRegressor": {"hidden_layer_sizes": 16, "n_members": 2, "max_iter": 40},
    "NetworkEnsembleClassifier": {
        "estimator": sknn_scratch.ScratchMLPClassifier(learning_rate_init=0.02),
        "n_members": 2,
    },
    "NetworkEnsembleRegressor": {
        "estimator": sknn_scratch.ScratchMLPRegressor(learning_rate_init=0.02),
        "n_members": 2,
    },
}
ESTIMATORS = [
    cls(**ARGUMENTS.get(name, {}))
    for module in (sknn_scratch, ensemble, preprocessing)
    for name, cls in inspect.getmembers(module, inspect.isclass)
    if name in module.__all__ and issubclass(cls, BaseEstimator)
]


#: What scikit-learn's own estimators that hold out rows fail, too.
FOLDS = {
    "check_sample_weight_equivalence_on_dense_data": "repeated rows are in other folds"
}


def expected_failures(estimator):
    return FOLDS if type(estimator).__name__.startswith("Tabular") else {}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1:UserWarning")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_check_estimator(estimator, check):
    check(estimator)
