"""The HTML display links to the page of the API reference."""

import re
from pathlib import Path

import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import (
    ConvNetClassifier,
    ConvNetRegressor,
    HiddenLayerTransformer,
    ResNetClassifier,
    ResNetRegressor,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
)
from sknn_scratch._documentation import SITE
from sknn_scratch.preprocessing import WhiteningTransformer

ROOT = Path(__file__).parent.parent
ESTIMATORS = [
    ConvNetClassifier(),
    ConvNetRegressor(),
    HiddenLayerTransformer(ScratchMLPClassifier()),
    ResNetClassifier(),
    ResNetRegressor(),
    ScratchMLPClassifier(),
    ScratchMLPRegressor(),
    WhiteningTransformer(),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_the_display_links_to_a_page_of_the_reference(estimator):
    link = estimator._get_doc_link()
    assert f'href="{link}"' in estimator._repr_html_()
    name = re.fullmatch(rf"{SITE}/api/generated/(.*)\.html", link)[1]
    module, _, cls = name.rpartition(".")
    index = (ROOT / "docs" / "api" / "index.md").read_text(encoding="utf-8")
    parts = re.split(r"currentmodule:: (\S+)\n", index)
    listed = dict(zip(parts[1::2], parts[2::2], strict=True))[module]
    assert re.search(rf"^ *{cls}$", listed, re.MULTILINE)


def test_in_a_pipeline_too():
    model = make_pipeline(StandardScaler(), ScratchMLPClassifier())
    assert f'href="{SITE}/api' in model._repr_html_()


def test_the_site_is_named_in_the_packages_metadata():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (home,) = re.findall(r'^Documentation = "(.*)"', text, re.MULTILINE)
    assert SITE.startswith(home)
