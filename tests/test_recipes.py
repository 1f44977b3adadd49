"""The benchmarks behind fast recipes, comparison and the picture of the home page."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks import comparison, recipes

ROOT = Path(__file__).parent.parent


@pytest.fixture
def folder(tmp_path):
    """Two tiny tables, one of numbers and one of classes, with a gap and a text."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    town = rng.choice(["Oslo", "Rome"], 90)
    rows = pd.DataFrame({"age": rng.uniform(size=90), "town": town})
    rows.loc[3, "age"] = np.nan
    rows.assign(target=rng.uniform(size=90)).to_csv(tmp_path / "ages.csv", index=False)
    rows.assign(**{"class": town}).to_csv(tmp_path / "towns.csv", index=False)
    return str(tmp_path)


def test_recipes_of_mnist(tmp_path, capsys):
    X = np.random.default_rng(0).integers(256, size=(10_200, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", X=X, y=np.arange(10_200) % 10)
    fast = "one cycle, 4 epochs, 100 units"
    file = str(tmp_path / "images.npz")
    recipes.main(["--mnist", file, "--rows", "200", "--seeds", "0", "--only", fast])
    out = capsys.readouterr().out
    assert "## MNIST: 200 rows, 784 columns" in out
    assert re.search(rf"^\| {fast} \| 0\.\d+ \| 0\.\d+ to 0\.\d+ \| \d", out, re.M)


def test_recipes_of_tables(folder, capsys):
    fast = "one cycle, 4 epochs, 100 units"
    recipes.main(["--csv", folder, "--seeds", "0", "1", "--only", fast])
    out = capsys.readouterr().out
    assert out.count(f"| {fast} |") == 2
    assert "## ages: 63 rows, 3 columns" in out


def test_other_packages_on_tables(folder, monkeypatch, capsys):
    def missing(is_classes):
        raise ImportError

    monkeypatch.setattr(
        comparison, "TABULAR", {"MLP": comparison.TABULAR["HistGradientBoosting"]}
    )
    comparison.TABULAR["not installed"] = missing
    comparison.main(["--csv", folder])
    out = capsys.readouterr().out
    assert re.search(r"^\| ages \| \d\.\d{4}, \d+\.\d s \| - \|$", out, re.M)


def test_models_of_tables():
    for made in ("MLPClassifier, MLPRegressor", "TabularMLP of sknn_scratch"):
        for is_classes in (False, True):
            model = comparison.TABULAR[made](is_classes)
            assert hasattr(model, "predict")


def test_small_networks(monkeypatch, capsys):
    ours = {"ours": comparison.SMALL["ScratchMLPClassifier"]}
    monkeypatch.setattr(comparison, "SMALL", ours)
    comparison.main(["--repeats", "1"])
    assert re.search(
        r"^\| ours \| 0\.[89]\d+ \| \d+ \|$", capsys.readouterr().out, re.M
    )


def test_the_picture_shows_what_the_tables_say(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    import claims

    for name, colours in claims.COLOURS.items():
        file = ROOT / "docs" / "_static" / f"claims-{name}.svg"
        shown = file.read_text(encoding="utf-8")
        assert shown == claims.drawn(colours), "run python docs/claims.py"


def test_the_readme_shows_the_table_of_fits():
    docs = {
        page: (ROOT / page).read_text(encoding="utf-8")
        for page in ("README.md", "docs/benchmarks_results.md")
    }
    shown = re.findall(
        r"^\| \d+ columns.* \| (\S+) \| (\S+) \| (\S+) \| (\S+) \|$",
        docs["README.md"],
        re.M,
    )
    fits = docs["docs/benchmarks_results.md"].split("## Fits, float64")[1]
    measured = re.findall(r"^\| \S+, batch \d+ \| (.*) \|$", fits, re.M)[:5]
    assert [
        (theirs, torch, ours, ratio)
        for theirs, torch, ours, _, ratio, *_ in (row.split(" | ") for row in measured)
    ] == shown
