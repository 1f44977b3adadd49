"""The storeys: imports run downwards only; read from the syntax trees."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sknn_scratch

PACKAGE = Path(sknn_scratch.__file__).parent
NAME = "sknn_scratch"


def files_of(package):
    """Every file of a package, at any depth, by the module's dotted name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path
    return found


FILES = files_of(PACKAGE)
#: What only hands names on, or says what a folder is for.
FACES = [name for name, path in FILES.items() if path.name == "__init__.py"]

#: From the ground up. A module imports from the storeys below its own, and within its
#: storey from modules named before it.
STOREYS = {
    "ground": ["_documentation", "_pipelines", "_rollback"],
    "what a network computes": [
        "_nn.activations",
        "_nn.activation_check",
        "_nn.arrays",
        "_nn.initializers",
        "_nn.links",
        "_nn.losses",
        "_nn.parameters",
        "_nn.layers.base",
        "_nn.layers.activation",
        "_nn.layers.dense",
        "_nn.layers.dropout",
        "_nn.layers.periodic",
        "_nn.layers.images",
        "_nn.layers.patches",
        "_nn.layers.pooling",
        "_nn.layers.convolution",
        "_nn.layers.residual",
        "_nn.layers.scaled",
        "_nn.layers.sparse",
        "_nn.layers",
        "_nn.network",
        "_nn.jets",
        "_nn.plan",
        "_nn.parts",
        "_nn",
    ],
    "how it learns": [
        "_training.averaging",
        "_training.batches",
        "_training.mapped",
        "_training.stream",
        "_training.interrupts",
        "_training.optimizers",
        "_training.plateau",
        "_training.progress",
        "_training.schedules",
        "_training.state",
        "_training.threads",
        "_training.lbfgs",
        "_training.validation",
        "_training.run",
        "_training.loop",
        "_training.stacked_rows",
        "_training.together",
        "_training",
    ],
    "data": [
        "_types",
        "datasets",
        "preprocessing._whitening",
        "preprocessing._columns",
        "preprocessing._levels",
        "preprocessing._numbers",
        "preprocessing._tabular",
        "preprocessing",
    ],
    "what scikit-learn sees": [
        "_estimators.callbacks",
        "_estimators.outcomes",
        "_estimators.files",
        "_estimators.sources",
        "_estimators.targets",
        "_estimators.census",
        "_estimators.to_sklearn",
        "_estimators.hidden_layers",
        "_estimators.tabular_docstrings",
        "_estimators.docstrings",
        "_estimators.diagnosis",
        "_estimators.solvers",
        "_estimators.parameters",
        "_estimators.base",
        "_estimators.streams",
        "_estimators.sklearn_names",
        "_estimators.classifier",
        "_estimators.regressor",
        "_estimators.mlp",
        "_estimators.resnet",
        "_estimators.images",
        "_estimators.convnet",
        "_estimators.together",
        "_estimators.members",
        "_estimators.tabular.levels",
        "_estimators.tabular.rows",
        "_estimators.tabular.targets",
        "_estimators.tabular.members",
        "_estimators.tabular.course",
        "_estimators.tabular.mixing",
        "_estimators.tabular.repeats",
        "_estimators.tabular.base",
        "_estimators.tabular.estimators",
        "_estimators.tabular",
        "_estimators",
    ],
    "around the estimators": [
        "ensemble",
        "tabular",
        "model_selection._private",
        "model_selection._ahead",
        "model_selection._repeated",
        "model_selection._search",
        "model_selection",
        "differential._linear",
        "differential._conditions",
        "differential._boxes",
        "differential._networks",
        "differential._equations",
        "differential._explicit",
        "differential._residuals",
        "differential._penalty",
        "differential._solvers",
        "differential._sensitivities",
        "differential._setup",
        "differential._trial",
        "differential._results",
        "differential._fits",
        "differential._ends",
        "differential._ivp",
        "differential._bvp",
        "differential._pde",
        "differential",
        "display._drawing",
        "display._curves",
        "display._grid",
        "display._images",
        "display._networks",
        "display._solutions",
        "display",
        "interchange",
        "distributed._dask",
        "distributed._reduction",
        "distributed._partitions",
        "distributed._rows",
        "distributed._summaries",
        "distributed._shards",
        "distributed._cluster",
        "distributed._solvers",
        "distributed._prediction",
        "distributed._base",
        "distributed._estimators",
        "distributed",
    ],
    "the face": ["", "__main__"],
}
ORDER = [
    f"{NAME}.{module}".rstrip(".") for modules in STOREYS.values() for module in modules
]
HEIGHT = {name: height for height, name in enumerate(ORDER)}

#: What knows nothing of scikit-learn: the network and its training.
ENGINE = [name for name in FILES if name.split(".")[1:2] in (["_nn"], ["_training"])]
#: Draws pictures: no other part of the package needs it.
DRAWING = f"{NAME}.display"
AT_RUN_TIME = {"numpy", "scipy", "sklearn", "joblib", "threadpoolctl", NAME}
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
    return FILES[name].read_text(encoding="utf-8")


def imports(text):
    """(module, whether at the top level) of each import of a module's text."""
    tree = ast.parse(text)
    attempts = [node for node in tree.body if isinstance(node, ast.Try)]
    top = set(map(id, [*tree.body, *(n for each in attempts for n in each.body)]))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in top
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            # ``from sknn_scratch._nn import plan`` imports a module too.
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                yield inside if inside in FILES else node.module, id(node) in top


def ours(text):
    return [m for m, _ in imports(text) if m == NAME or m.startswith(f"{NAME}.")]


def upward(name, text):
    """The modules of ours that a module must not import."""
    return [module for module in ours(text) if HEIGHT[module] >= HEIGHT[name]]


def knows_sklearn(text):
    return [m for m, _ in imports(text) if m.split(".")[0] == "sklearn"]


def misplaced(text):
    """What may not be imported on import, or not inside a function."""
    at_top = AT_RUN_TIME | set(sys.stdlib_module_names)
    return [
        module
        for module, top in imports(text)
        if module.split(".")[0] not in (at_top if top else OPTIONAL)
    ]


each = pytest.mark.parametrize("name", FILES)


def test_every_module_has_one_place():
    assert sorted(ORDER) == sorted(FILES), "Say in STOREYS where each module belongs."


@each
def test_imports_run_downwards(name):
    assert upward(name, source(name)) == []


@each
def test_only_optional_packages_are_imported_inside_functions(name):
    """And nothing else is needed on import than what is always installed."""
    assert misplaced(source(name)) == []


@pytest.mark.parametrize("name", FACES)
def test_the_face_of_a_folder_only_hands_names_on(name):
    assert {module.split(".")[0] for module, _ in imports(source(name))} <= {NAME}
    for node in ast.parse(source(name)).body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        assert is_text or isinstance(node, (ast.ImportFrom, ast.Assign)), node


@pytest.mark.parametrize("name", ENGINE)
def test_the_engine_does_not_know_scikit_learn(name):
    assert not knows_sklearn(source(name))


def test_the_engine_is_all_of_its_two_folders():
    inside = [p for p in FILES.values() if {"_nn", "_training"} & set(p.parts)]
    assert set(inside) == {FILES[name] for name in ENGINE}
    assert len(ENGINE) > 20


@pytest.mark.parametrize("name", [n for n in FILES if not n.startswith(DRAWING)])
def test_nothing_imports_what_draws(name):
    assert not [module for module in ours(source(name)) if module.startswith(DRAWING)]


def test_the_control_bad_imports_are_seen(monkeypatch):
    dense = f"{NAME}._nn.layers.dense"
    base = f"{NAME}._estimators.base"
    assert upward(dense, f"from {base} import BaseNeuralEstimator") == [base]
    assert upward(dense, f"from {NAME}._estimators import base") == [base]
    assert upward(dense, f"from {NAME} import __version__") == [NAME]
    assert upward(dense, f"import {NAME}._nn.plan") == [f"{NAME}._nn.plan"]
    assert upward(dense, f"def f():\n import {base}") == [base]
    assert upward(dense, f"from {NAME}._nn.arrays import per_net") == []
    assert knows_sklearn("def f():\n from sklearn import base") == ["sklearn"]
    assert misplaced("import matplotlib.pyplot, numpy") == ["matplotlib.pyplot"]
    assert misplaced("def f():\n import numpy, pandas") == ["numpy"]
    with pytest.raises(AssertionError, match="relative import"):
        upward(dense, "from .base import Layer")


def test_the_control_a_planted_upward_import_is_found(tmp_path):
    """In the deepest folder of a copy of the package, and nowhere else."""
    shutil.copytree(PACKAGE, tmp_path / NAME)
    planted = f"{NAME}._nn.layers.dense"
    files = files_of(tmp_path / NAME)
    with files[planted].open("a", encoding="utf-8") as file:
        file.write(f"\nfrom {NAME}._estimators import base\n")
    texts = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    found = {name: upward(name, text) for name, text in texts.items()}
    assert {name: modules for name, modules in found.items() if modules} == {
        planted: [f"{NAME}._estimators.base"]
    }


@each
def test_a_module_fits_on_a_few_screens(name):
    assert len(source(name).splitlines()) <= 500


def its_tests(name):
    """The test module of a source module: the same place, the bare name."""
    *folders, last = name.split(".")[1:]
    return Path(__file__).parent.joinpath(*folders, f"test_{last.strip('_')}.py")


@pytest.mark.parametrize("name", [n for n in FILES if n not in FACES])
def test_every_module_has_a_test_module(name):
    assert its_tests(name).exists()


def test_importing_the_package_imports_no_optional_one():
    code = (
        "import sys, sknn_scratch; "
        "print([m for m in ('dask', 'matplotlib', 'torch') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
