"""The tabular estimators' docstrings: all parameters and all that a fit leaves."""

import inspect
import re

import numpy as np
import pytest
from _tables import classifier, regressor

from sknn_scratch._estimators.tabular_docstrings import TABULAR_PARAGRAPHS

X = np.random.default_rng(0).normal(size=(40, 2))
both = pytest.mark.parametrize("model", [classifier(), regressor()], ids=type)


def section(model, title):
    doc = inspect.getdoc(type(model))
    rest = re.split(rf"^{title}\n-+$", doc, flags=re.MULTILINE)[1]
    return re.split(r"^[A-Z][A-Za-z ]+\n-+$", rest, flags=re.MULTILINE)[0]


def entries(model, title):
    found = re.findall(r"^([\w, ]+) : ", section(model, title), re.MULTILINE)
    return [name for names in found for name in names.split(", ")]


@both
def test_parameters_are_told_in_their_order_with_their_defaults(model):
    signature = inspect.signature(type(model)).parameters
    assert entries(model, "Parameters") == list(signature)
    text = section(model, "Parameters")
    for name, parameter in signature.items():
        pattern = rf"^{name} : [^:]*?default={re.escape(repr(parameter.default))}$"
        assert re.search(pattern, text, re.MULTILINE | re.DOTALL), name


@both
def test_all_that_a_fit_leaves_is_told(model):
    model.fit(X, X[:, 0] > 0)
    left = {name for name in vars(model) if re.fullmatch(r"[^_]\w*_", name)}
    assert left <= set(entries(model, "Attributes"))


@both
def test_no_paragraph_is_left_open(model):
    for thing in (type(model), type(model).fit, type(model).predict):
        doc = inspect.getdoc(thing)
        assert not any(f"{{{name}}}" in doc for name in TABULAR_PARAGRAPHS)
