"""The annotations, as mypy sees them in a user's code."""

import re
import textwrap

import pytest

import sknn_scratch
from sknn_scratch._types import typed

EXAMPLE = """
import numpy as np
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import Activation, ResNetRegressor, ScratchMLPClassifier
from sknn_scratch.datasets import make_spirals
from sknn_scratch.display import LossCurveDisplay
from sknn_scratch.model_selection import repeated_fit
from sknn_scratch.preprocessing import WhiteningTransformer

X, y = make_spirals(100, random_state=0)
model = ScratchMLPClassifier((10, 5), "tanh", alpha=0.1, dropout=[0.1, 0.2])
reveal_type(model.fit(X, y))  # ScratchMLPClassifier
reveal_type(model.predict(sparse.csr_array(X)))  # ndarray
reveal_type(model.score(X, y))  # float
reveal_type(model.partial_fit(X, y, classes=[0, 1]))  # ScratchMLPClassifier
reveal_type(repeated_fit(model, X, y, n_repeats=2).mean)  # float
reveal_type(WhiteningTransformer("zca").fit(X).transform(X))  # ndarray
reveal_type(LossCurveDisplay.from_estimator(model))  # LossCurveDisplay
search = GridSearchCV(make_pipeline(StandardScaler(), model), {"alpha": [0.1]})
search.fit(*load_iris(return_X_y=True))


class Sine(Activation):
    def forward(self, z, s=None):
        np.sin(z, out=z)


ScratchMLPClassifier(activation=[Sine(), "relu"])
ScratchMLPClassifier(alpha="much")  # error: "alpha"
ScratchMLPClassifier(warm_start=None)  # error: "warm_start"
ResNetRegressor(dropout=[0.1])  # error: "dropout"
ResNetRegressor(depth=3)  # error: "depth"
model.fit(X)  # error: "fit"
"""


def test_a_users_code(tmp_path):
    api = pytest.importorskip("mypy.api", reason="the tool 'mypy' is not installed")
    (tmp_path / "example.py").write_text(textwrap.dedent(EXAMPLE), encoding="utf-8")
    command = ["--ignore-missing-imports", "--no-error-summary"]
    command += [f"--cache-dir={tmp_path / 'cache'}", str(tmp_path / "example.py")]
    report, problem, _ = api.run(command)
    assert not problem
    said = {}
    for line in report.splitlines():
        number = int(re.match(r".*?example\.py:(\d+):", line)[1])
        said.setdefault(number, line)
    wanted = {
        number: re.search(r"# (error: )?(.*)", line).groups()
        for number, line in enumerate(EXAMPLE.splitlines(), 1)
        if "# " in line
    }
    assert set(said) == set(wanted), report
    for number, (error, text) in wanted.items():
        assert ("error: " if error else "Revealed type is") in said[number]
        assert text in said[number]


def test_every_public_name_is_annotated():
    """Of the package's face; the displays and functions are in the example."""
    for name in sknn_scratch.__all__:
        thing = getattr(sknn_scratch, name)
        init = thing.__init__ if isinstance(thing, type) else thing
        if init is not object.__init__:
            assert "return" in init.__annotations__, name


def test_a_typed_decorator_is_the_decorator():
    def twice(function):
        return lambda: 2 * function()

    assert typed(twice)(lambda: 3)() == 6
