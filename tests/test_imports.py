"""The floors: imports run downwards only; read from the syntax trees."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sknn_scratch

PACKAGE = Path(sknn_scratch.__file__).parent
MODULES = {
    path.stem: path for path in sorted(PACKAGE.glob("*.py")) if path.stem != "__init__"
}

#: From the ground up; a module imports only from the floors below its own.
FLOORS = [
    {
        "_activations",
        "_initializers",
        "_schedules",
        "_threads",
        "_callbacks",
        "_unchanged",
    },
    {"_losses", "_layers"},
    {"_network", "_residual"},
    {"_optimizers", "_targets"},
    {"_training"},
    {"_validation"},
    {"_solvers"},
    {"_parameters", "_docstrings"},
    {"_base"},
    {"_estimators", "_sklearn_names", "_to_sklearn"},
    {"_mlp", "_resnet", "_transformers"},
    {"_drawing"},
    {"_display_curves", "_display_grid", "_display_networks"},
    {"datasets", "preprocessing", "model_selection", "display"},
    {"interchange"},
    {"__main__"},
]
HEIGHT = {name: height for height, names in enumerate(FLOORS) for name in names}

#: What knows nothing of scikit-learn: the network and its training.
ENGINE = (
    "_activations",
    "_initializers",
    "_schedules",
    "_threads",
    "_losses",
    "_layers",
    "_residual",
    "_network",
    "_optimizers",
    "_training",
)
AT_RUN_TIME = {"numpy", "scipy", "sklearn", "joblib", "threadpoolctl", "sknn_scratch"}
OPTIONAL = {
    "dask",
    "matplotlib",
    "onnx",
    "onnxconverter_common",
    "pandas",
    "polars",
    "rich",
    "skl2onnx",
    "torch",
}


def source(name):
    return MODULES[name].read_text(encoding="utf-8")


def imports(text):
    """(module, whether at the top level) of each import of a module's text."""
    tree = ast.parse(text)
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in top
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            # ``from sknn_scratch import _base`` imports a module too.
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                known = node.module == "sknn_scratch" and alias.name in MODULES
                yield inside if known else node.module, id(node) in top


def upward(name, text):
    """The modules of ours that a module must not import."""
    ours = [m.split(".")[1] for m, _ in imports(text) if m.startswith("sknn_scratch.")]
    return [module for module in ours if HEIGHT[module] >= HEIGHT[name]]


def misplaced(text):
    """What may not be imported on import, or not inside a function."""
    at_top = AT_RUN_TIME | set(sys.stdlib_module_names)
    return [
        module
        for module, top in imports(text)
        if module.split(".")[0] not in (at_top if top else OPTIONAL)
    ]


each = pytest.mark.parametrize("name", MODULES)


@each
def test_every_module_has_a_floor(name):
    assert name in HEIGHT, f"Say in FLOORS which floor {name} is on."


def test_every_module_has_one_floor():
    assert len(HEIGHT) == sum(map(len, FLOORS))


@each
def test_imports_run_downwards(name):
    assert upward(name, source(name)) == []


@each
def test_only_optional_packages_are_imported_inside_functions(name):
    """And nothing else is needed on import than what is always installed."""
    assert misplaced(source(name)) == []


def test_the_face_of_the_package_imports_from_the_package_alone():
    text = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    assert {module.split(".")[0] for module, _ in imports(text)} == {"sknn_scratch"}
    defined = [type(node) for node in ast.parse(text).body]
    assert not {ast.FunctionDef, ast.ClassDef, ast.If, ast.Try} & set(defined)


def test_the_control_bad_imports_are_seen():
    assert upward("_layers", "from sknn_scratch._base import BaseNetwork") == ["_base"]
    assert upward("_layers", "from sknn_scratch import _base, __version__") == ["_base"]
    assert upward("_losses", "import sknn_scratch._nn.layers") == ["_layers"]
    assert upward("_layers", "def f():\n import sknn_scratch._mlp") == ["_mlp"]
    assert misplaced("import matplotlib.pyplot, numpy") == ["matplotlib.pyplot"]
    assert misplaced("def f():\n import numpy, pandas") == ["numpy"]
    with pytest.raises(AssertionError, match="relative import"):
        upward("_losses", "from ._layers import Layer")


@pytest.mark.parametrize("name", ENGINE)
def test_the_engine_does_not_know_scikit_learn(name):
    assert not [m for m, _ in imports(source(name)) if m.startswith("sklearn")]


@each
def test_a_module_fits_on_a_few_screens(name):
    assert len(source(name).splitlines()) <= 500


def test_importing_the_package_imports_no_optional_one():
    code = (
        "import sys, sknn_scratch; "
        "print([m for m in ('matplotlib', 'torch') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
