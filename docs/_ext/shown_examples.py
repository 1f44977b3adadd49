"""The examples as the gallery runs and shows them.

A line ``EPOCHS = 100  # small: 20`` of an example is ``EPOCHS = 100`` in the gallery,
and ``EPOCHS = 20`` in a quick build, which SKNN_EXAMPLES_SMALL=1 in the environment
asks for.
"""

import re
from pathlib import Path

SIZE = re.compile(r"^(\w+ = )(.*?)  # small: (.*)$", re.MULTILINE)


def shown(source, small):
    """An example's source without the remarks on its sizes."""
    return SIZE.sub(r"\1\3" if small else r"\1\2", source)


def copy_examples(source, target, small):
    """Write all examples of a folder, as they are shown, to another one."""
    source, target = Path(source), Path(target)
    target.mkdir(parents=True, exist_ok=True)
    for old in target.iterdir():
        if old.is_file() and not (source / old.name).exists():
            old.unlink()
    for path in source.iterdir():
        if path.is_file():
            text = shown(path.read_text(encoding="utf-8"), small)
            (target / path.name).write_text(text, encoding="utf-8")
