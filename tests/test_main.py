"""``python -m sknn_scratch`` and ``python -m benchmarks``."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sknn_scratch import __main__

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_main_job_prints_a_table_of_twins(capsys, dtype):
    assert __main__.main(["--repeats", "1", "--dtype", dtype]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if re.match(r"(digits|breast|wine|diabetes)", line)]
    assert len(rows) == 4
    for row in rows:
        theirs, ours, difference, *_ = map(float, re.findall(r"\d\S*", row))
        assert theirs == ours
        assert difference < (1e-8 if dtype == "float64" else 1e-2)


def test_repeats_must_be_positive(capsys):
    with pytest.raises(SystemExit):
        __main__.main(["--repeats", "0"])
    assert "--repeats must be at least 1, got 0" in capsys.readouterr().err


def test_the_benchmarks_run():
    command = [sys.executable, "-m", "benchmarks", "--quick", "--dtype", "float64"]
    run = subprocess.run(
        [*command, "--only", "64-50"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "64-50-10, batch 100" in run.stdout
