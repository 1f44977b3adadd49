"""The last step of a pipeline, or the estimator itself."""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch._pipelines import last_step


def test_the_last_step():
    model = ScratchMLPClassifier()
    assert last_step(make_pipeline(StandardScaler(), model)) is model
    assert last_step(model) is model
