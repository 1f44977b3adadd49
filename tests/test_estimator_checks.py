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


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1:UserWarning")
@parametrize_with_checks(ESTIMATORS)
def test_check_estimator(estimator, check):
    check(estimator)
