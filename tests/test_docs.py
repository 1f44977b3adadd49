"""The code that the pages show runs, and says what they say."""

import ast
import inspect
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

import sknn_scratch
from sknn_scratch import (
    datasets,
    differential,
    display,
    distributed,
    ensemble,
    interchange,
    model_selection,
    preprocessing,
)

ROOT = Path(__file__).parent.parent
MODULES = [
    sknn_scratch,
    datasets,
    differential,
    display,
    distributed,
    ensemble,
    interchange,
    model_selection,
    preprocessing,
]
BUILT = ("_build", "gallery", "generated")
PAGES = [
    ROOT / "README.md",
    *(
        page
        for page in sorted((ROOT / "docs").rglob("*.md"))
        if not set(page.parts) & set(BUILT)
    ),
]
BLOCK = re.compile(
    r"^```(?:python|\{code-cell\} python)\n(?::.*\n)*(.*?)^```",
    re.DOTALL | re.MULTILINE,
)

#: What the code on a page needs besides the package's own dependencies.
EXTRAS = {
    "dask": "dask.distributed",
    "skops": "skops",
    "skl2onnx": "skl2onnx",
    "onnxruntime": "onnxruntime",
    "sknn_scratch.display": "matplotlib",
    "matplotlib": "matplotlib",
    "set_callbacks": "sklearn.callback",
    "ProgressBar": "rich",
    "as_frame": "pandas",
    "pd.DataFrame": "pandas",
    "pyarrow": "pyarrow",
    "to_frame": "pandas",
}


def blocks(page):
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def pages_with_code():
    for page in PAGES:
        if blocks(page):
            yield pytest.param(page, id=page.stem)


@pytest.mark.parametrize("page", pages_with_code())
def test_code_blocks_run(page, capfd):
    """A warning is an error here, as in all tests, and ends the build of the site.

    A page that means one runs the fit inside
    ``warnings.catch_warnings(record=True, action="always")``, and prints it.
    """
    code = blocks(page)
    for word, module in EXTRAS.items():
        if word in "".join(code):
            pytest.importorskip(module)
    namespace = {}
    try:
        for block in code:
            exec(compile(block, str(page), "exec"), namespace)
    finally:
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
    printed, complaints = capfd.readouterr()
    assert "Warning" not in complaints  # of joblib's workers
    if page.name == "README.md":
        assert "test accuracy 0.9" in printed


@pytest.mark.parametrize(
    "example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.stem
)
def test_an_example_has_its_full_size_in_view(example, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs" / "_ext")
    shown = import_module("shown_examples").shown
    source = example.read_text(encoding="utf-8")
    assert "environ" not in source
    full, small = (shown(source, small=small) for small in (False, True))
    for text in (full, small):
        assert "# small" not in text
        compile(text, str(example), "exec")
    n_sizes = source.count("# small: ")
    differing = zip(full.splitlines(), small.splitlines(), strict=True)
    assert sum(a != b for a, b in differing) == n_sizes


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("W ~ N(0, 2 / fan_in)", [("math", r"W \sim N(0, 2 / n_\text{in})")]),
        (
            "z where z > 0, else exp(z) - 1",
            [
                ("math", "z"),
                ("text", " where "),
                ("math", "z > 0"),
                ("text", ", else "),
                ("math", r"\exp(z) - 1"),
            ],
        ),
        (
            "v <- beta_2 v + sqrt(v) 1e-6",
            [("math", r"v \leftarrow \beta_{2} v + \sqrt{v} 10^{-6}")],
        ),
        (
            "W <- W - eta weight_decay W",
            [("math", r"W \leftarrow W - \eta \,\mathtt{weight\_decay}\, W")],
        ),
    ],
)
def test_formulas_are_typeset(text, wanted, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs" / "_ext")
    assert list(import_module("formulas").parts(text)) == wanted


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_everything_public_is_in_the_reference(module):
    reference = (ROOT / "docs" / "api" / "index.md").read_text(encoding="utf-8")
    section = reference.split(f".. currentmodule:: {module.__name__}\n")[1]
    names = set(re.findall(r"^   (\w+)$", section, re.MULTILINE))
    assert set(module.__all__) <= names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_tables_and_sources_that_a_page_shows_exist(page):
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"^```\{table-of\} (\S+)", text, re.MULTILINE):
        module, table = name.rsplit(".", 1)
        assert len(getattr(import_module(module), table)) > 1
    shown = r"^```\{literalinclude\} (\S+)\n:pyobject: (\S+)"
    for source, name in re.findall(shown, text, re.MULTILINE):
        node = ast.parse((page.parent / source).read_text(encoding="utf-8"))
        for part in name.split("."):
            (node,) = [n for n in node.body if getattr(n, "name", None) == part]
    assert len(re.findall(shown, text, re.MULTILINE)) == text.count("{literalinclude}")


def test_every_parameter_is_in_the_feature_table_or_scikit_learns():
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    ours, theirs = (
        set().union(*(model().get_params() for model in pair))
        for pair in (
            (sknn_scratch.ScratchMLPClassifier, sknn_scratch.ScratchMLPRegressor),
            (MLPClassifier, MLPRegressor),
        )
    )
    page = ROOT / "docs" / "moving_from_mlpclassifier.md"
    named = set(re.findall(r"`(\w+)`", page.read_text(encoding="utf-8")))
    assert ours - theirs <= named | {"init_scale"}


def public_names():
    """Every public class, function and method of our own, by its full name."""
    for module in MODULES:
        for name in module.__all__:
            entry = getattr(module, name)
            if callable(entry):
                yield f"{module.__name__}.{name}"
            if isinstance(entry, type):
                yield from (
                    f"{module.__name__}.{name}.{key}"
                    for key, member in inspect.getmembers(entry, callable)
                    if not key.startswith("_")
                    and getattr(member, "__module__", "").startswith("sknn_scratch")
                )


#: numpydoc's codes for what we want otherwise: extended summaries, "See Also" and
#: examples on methods are not asked for; a returned value has a name; symbols such as
#: "dL/da" begin a description.
WANTED_OTHERWISE = {"ES01", "SA01", "GL02", "RT02", "RT04", "PR08", "SS05"}


@pytest.mark.parametrize("name", sorted(public_names()))
def test_public_docstrings_are_complete(name):
    validate = pytest.importorskip("numpydoc.validate").validate
    faults = dict(validate(name)["errors"])
    is_method = name.split(".")[-2][0].isupper()
    ignored = WANTED_OTHERWISE | ({"EX01"} if is_method else set())
    if name.endswith("RepeatedFit"):
        ignored |= {"PR01"}  # made by repeated_fit: its fields are Attributes
    assert {code: faults[code] for code in faults.keys() - ignored} == {}
