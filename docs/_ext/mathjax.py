"""MathJax for the equations, without a third party's server.

``sphinx-mathjax-offline`` brings all of MathJax, 24 MB, for every page format and
language. A page loads one script, the fonts of the letters on it, and the TeX
extension of a rarer command: these are copied, the rest is left out.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

SCRIPT = "tex-chtml.js"
PARTS = SCRIPT, "output/chtml/fonts/woff-v2/*", "input/tex/extensions/*"
UNUSED = "all-packages.js"  # a copy of all the extensions


def copy_mathjax(app, error):
    """Copy what pages load."""
    if error or app.builder.format != "html":
        return
    package = Path(find_spec("sphinx-mathjax-offline").origin).parent
    source = package / "static" / "mathjax"
    for part in PARTS:
        for file in source.glob(part):
            if file.name == UNUSED:
                continue
            target = Path(app.outdir, "_static", "mathjax", file.relative_to(source))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)


def setup(app):
    app.setup_extension("sphinx.ext.mathjax")
    app.config.mathjax_path = f"mathjax/{SCRIPT}"
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
