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
    {"_activations", "_initializers", "_schedules", "_threads", "_callbacks"},
    {"_losses", "_layers"},
    {"_network", "_residual"},
    {"_optimizers", "_targets"},
    {"_training"},
    {"_validation"},
    {"_solvers"},
    {"_parameters", "_docstrings"},
    {"_base"},
    {"_estimators", "_sklearn_names"},
    {"_mlp", "_resnet", "_transformers"},
    {"datasets", "preprocessing", "model_selection", "display"},
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
OPTIONAL = {"matplotlib", "pandas", "skl2onnx", "onnxconverter_common"}


def imports(name):
    """(module, whether at the top level) of each import of a module of ours."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in top
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative import"
            yield node.module, id(node) in top


each = pytest.mark.parametrize("name", MODULES)


@each
def test_every_module_has_a_floor(name):
    assert name in HEIGHT


@each
def test_imports_run_downwards(name):
    for module, _ in imports(name):
        if module.startswith("sknn_scratch."):
            below = module.split(".")[1]
            assert HEIGHT[below] < HEIGHT[name], f"{name} imports {below}"


@each
def test_only_run_time_dependencies_are_imported_on_import(name):
    for module, top in imports(name):
        root = module.split(".")[0]
        if top:
            assert root in AT_RUN_TIME | set(sys.stdlib_module_names), module
        else:
            assert root in OPTIONAL, f"{name} imports {module} inside a function"


@pytest.mark.parametrize("name", [name for name in ENGINE if name in MODULES])
def test_the_engine_does_not_know_scikit_learn(name):
    assert not [module for module, _ in imports(name) if module.startswith("sklearn")]


@each
def test_a_module_fits_on_a_few_screens(name):
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= 500


def test_importing_the_package_imports_no_optional_one():
    code = (
        "import sys, sknn_scratch; "
        "print([m for m in ('matplotlib', 'torch') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
