"""``python -m sknn_scratch``."""

import io
import re
import signal
import subprocess
import sys

import pytest

from sknn_scratch import __main__

ROW = re.compile(
    r"^(?P<name>digits|breast cancer|wine|diabetes).*?"
    r"  +(?P<sklearn>\S+) +(?P<ours>\S+) +(?P<difference>\S+)"
    r" +(?P<seconds>\S+) s +(?P<our_seconds>\S+) s +(?P<ratio>\S+)$",
    re.MULTILINE,
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_main_job_prints_a_table_of_twins(capsys, dtype):
    assert __main__.main(["--repeats", "1", "--dtype", dtype]) == 0
    out = capsys.readouterr().out
    rows = [match.groupdict() for match in ROW.finditer(out)]
    names = [row.pop("name") for row in rows]
    assert names == ["digits", "breast cancer", "wine", "diabetes"]
    for row in rows:
        values = {key: float(value) for key, value in row.items()}
        assert values["sklearn"] == values["ours"] > 0.3
        assert values["difference"] < (1e-8 if dtype == "float64" else 1e-2)
        assert min(values["seconds"], values["our_seconds"], values["ratio"]) > 0


def test_progress_in_a_file_is_a_line_for_each_data_set(capsys):
    progress = __main__.Progress(2, sys.stdout)
    for name in ("wine", "digits"):
        progress.begin(name)
        progress.step()
    progress.end()
    assert capsys.readouterr().out == "fitting wine ...\nfitting digits ...\n\n"


def test_progress_on_a_terminal_is_a_bar_that_goes_away():
    out = Terminal()
    progress = __main__.Progress(2, out)
    progress.begin("wine")
    progress.step()
    half = out.getvalue().split("\r")[-1]
    progress.end()
    assert half.count("#") == half.count(".") == progress.WIDTH // 2
    assert "1/2 wine" in half
    assert out.getvalue().endswith("\r\x1b[K")
    assert "\n" not in out.getvalue()


@pytest.mark.parametrize("repeats", ["0", "-1"])
def test_repeats_must_be_positive(repeats, capsys):
    with pytest.raises(SystemExit) as exit_:
        __main__.main(["--repeats", repeats])
    assert exit_.value.code == 2
    assert f"--repeats must be at least 1, got {repeats}" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send there")
def test_ctrl_c_ends_the_job_with_a_short_line():
    """And not just the fit that it meets, which would go on with what it has."""
    command = [sys.executable, "-m", "sknn_scratch", "--repeats", "1000"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as job:
        try:
            assert job.stdout.readline().startswith("fitting digits")
            job.send_signal(signal.SIGINT)
            _, err = job.communicate(timeout=60)
        finally:
            job.kill()
    assert err.strip() == "stopped"
    assert job.returncode == 130
