"""The code that the pages show runs, and says what they say."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.filterwarnings("ignore")  # what runs on the cluster warns as it likes
def test_code_blocks_run(page, capsys):
    text = page.read_text(encoding="utf-8")
    for library in ("distributed", "skl2onnx"):
        if library in text:
            pytest.importorskip(library)
    namespace = {}
    for block in BLOCK.findall(text):
        exec(compile(block, str(page), "exec"), namespace)
    if page.name == "README.md":
        assert "test accuracy 0.9" in capsys.readouterr().out
