"""The shared paragraphs: filled in, with each estimator's own defaults."""

import inspect
import re

import pytest

import sknn_scratch
import sknn_scratch.distributed
from sknn_scratch import ResNetClassifier, ScratchMLPClassifier
from sknn_scratch._estimators.docstrings import PARAGRAPHS, documented, formula
from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._training.optimizers import OPTIMIZERS

CLASSES = [
    cls
    for module in (sknn_scratch, sknn_scratch.distributed)
    for cls in vars(module).values()
    if inspect.isclass(cls) and cls.__name__ != "Activation"
]
THINGS = CLASSES + [
    method
    for cls in CLASSES
    for name, method in inspect.getmembers(cls, callable)
    if not name.startswith("_") and "sknn_scratch" in getattr(method, "__module__", "")
]


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: thing.__qualname__)
def test_no_placeholder_is_left(thing):
    assert not set(re.findall(r"\{(\w+)\}", thing.__doc__)) & set(PARAGRAPHS)


@pytest.mark.parametrize("name", PARAGRAPHS)
def test_every_paragraph_is_used(name):
    first = PARAGRAPHS[name].splitlines()[0].split(" : ")[0]
    assert any(first in inspect.getdoc(thing) for thing in THINGS)


def test_tables_are_listed_in_their_order():
    doc = inspect.getdoc(ScratchMLPClassifier)
    for table in (ACTIVATIONS, OPTIMIZERS):
        places = [doc.index(f"- '{name}': ") for name in table]
        assert places == sorted(places)


def test_defaults_are_the_signatures():
    doc = inspect.getdoc(ResNetClassifier)
    assert "max_iter : int, default=500" in doc
    assert "max_iter : int, default=200" in inspect.getdoc(ScratchMLPClassifier)


def test_a_function_is_filled_in_too():
    def predict(X):
        """Predict.

        Parameters
        ----------
        {rows}
        """

    lines = documented(predict).__doc__.splitlines()
    assert lines[-2:] == PARAGRAPHS["rows"].splitlines()


def test_a_formula_is_the_first_paragraph():
    assert formula(ACTIVATIONS["tanh"]) == "f(z) = tanh(z), f' = 1 - a^2"
