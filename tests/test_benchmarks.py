"""``python -m benchmarks``: it runs and says what it measured; not how fast."""

import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import _data, _mnist, cluster, tables
from benchmarks._cases import TABLES
from benchmarks._measure import ratios

ROOT = Path(__file__).parent.parent
QUICK = ["--quick", "--dtype", "float64"]


@pytest.mark.parametrize("name", TABLES)
def test_every_table_runs(name, capsys):
    # One small case of each is enough to see that it runs.
    case = min(TABLES[name].cases, key=lambda case: len(case.name)).name
    only = ["--table", name, "--only", f"^{re.escape(case)}$"]
    assert benchmarks.main([*QUICK, *only]) == 0
    (row,) = (
        line for line in capsys.readouterr().out.splitlines() if line.startswith(case)
    )
    cells = row[len(case) :].split()
    assert len(cells) == len(TABLES[name].columns) + len(TABLES[name].pairs)
    assert all(cell == "-" or float(cell) >= 0 for cell in cells)


def test_markdown_is_a_table(capsys):
    only = ["--table", "fits", "--only", "64-50", "--markdown"]
    assert benchmarks.main([*QUICK, *only]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "|" in line]
    assert rows[0].startswith("| case | sklearn | torch | ours | floor | ours/sklearn")
    assert len({row.count("|") for row in rows}) == 1
    assert rows[2].startswith("| 64-50-10, batch 100 |")


def test_the_names_of_the_cases_tell_them_apart():
    for table in TABLES.values():
        names = [case.name for case in table.cases]
        assert len(set(names)) == len(names)


def test_the_study_of_mnist_runs(tmp_path, capsys):
    rng = np.random.default_rng(0)
    X = rng.integers(256, size=(220, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", X=X, y=np.arange(220) % 10)
    file = str(tmp_path / "images.npz")
    _mnist.main([file, "--rows", "100", "--seeds", "0", "--network", "defaults"])
    assert re.search(
        r"seed 0: 0\.\d{4}, \d+ s\ndefaults: median 0\.", capsys.readouterr().out
    )


def test_ratios_are_taken_round_by_round():
    times = {"a": [1.0, 4.0, 9.0], "b": [2.0, 4.0, 3.0]}
    assert list(ratios(times, "a", "b")) == [0.5, 1.0, 3.0]


def test_no_such_case(capsys):
    assert benchmarks.main([*QUICK, "--only", "no such"]) == 2
    assert "no case's name contains 'no such'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--repeats", "0"], "--repeats must be at least 1, got 0"),
        (["--only", "("], "not a regular expression: '('"),
        (["--table", "none"], "invalid choice: 'none'"),
    ],
)
def test_wrong_arguments(arguments, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        benchmarks.main(arguments)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send there")
def test_ctrl_c_ends_the_job():
    command = [sys.executable, "-m", "benchmarks", "--table", "fits"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as job:
        try:
            assert "processors" in job.stdout.readline()
            job.send_signal(signal.SIGINT)
            _, err = job.communicate(timeout=60)
        finally:
            job.kill()
    assert err.strip() == "stopped"
    assert job.returncode == 130


# ---- a cluster -------------------------------------------------------------------


def test_the_study_of_batches_runs(monkeypatch, capsys):
    pytest.importorskip("dask.distributed")
    monkeypatch.setattr(cluster, "NETS", cluster.NETS[:1])
    cluster.main(["--rows", "400", "--epochs", "1", "--threads"])
    found = re.findall(r"^\| adam, 0.001, .* \|$", capsys.readouterr().out, re.M)
    assert len(found) == 1 + len(cluster.SETTINGS)


# ---- tables ----------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch):
    """One tiny training for each setting."""
    tiny = {"n_members": 2, "max_iter": 2, "hidden_layer_sizes": 4}
    settings = {name: {**p, **tiny} for name, p in [*tables.SETTINGS.items()][:2]}
    monkeypatch.setattr(tables, "SETTINGS", settings)
    for name in ("TabularMLPClassifier", "TabularMLPRegressor"):
        made = getattr(tables, name)
        monkeypatch.setattr(tables, name, partial(made, **tiny))


def test_tables_of_a_folder(small, tmp_path, capsys):
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    town = rng.choice(["Oslo", "Rome"], 90)
    rows = pd.DataFrame({"age": rng.uniform(size=90), "town": town})
    rows.assign(target=rows["age"] * 3).to_csv(tmp_path / "ages.csv", index=False)
    rows.assign(**{"class": town}).to_csv(tmp_path / "towns.csv", index=False)
    sets = list(_data.sets_in(tmp_path))
    assert [(name, is_classes) for name, _, _, is_classes in sets] == [
        ("ages", False),
        ("towns", True),
    ]
    assert sets[0][1]["town"].dtype == "category"
    tables.compared(sets, tables.SETTINGS, seeds=2)
    out = capsys.readouterr().out
    assert re.search(r"^\| ages \| 0\.\d+ \| \d\.\d+ \| [\d.]+ \| - \|", out, re.M)
    assert re.search(r"^\| towns \| \d\.\d+ \|", out, re.M)
    assert out.count("| raw columns only |") == 2


def test_tables_of_scikit_learn(small, monkeypatch, capsys):
    monkeypatch.setattr(tables, "OWN", {"wine": tables.OWN["wine"]})
    tables.main([])
    assert "| wine | " in capsys.readouterr().out


def test_means_are_geometric():
    np.testing.assert_allclose(tables._mean([0.5, 2.0, 1.0]), 1.0)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_time_and_memory_against_rows(small, capsys):
    tables.main(["--rows", "10000"])
    row = capsys.readouterr().out.splitlines()[-1]
    assert row.startswith("| 10,000 | 2 | ")
