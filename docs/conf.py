"""Sphinx: ``python -m sphinx -W --keep-going docs docs/_build/html``."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from shown_examples import copy_examples

import sknn_scratch

os.environ.pop("MPLBACKEND", None)  # the pages show the figures that they draw

project = "sknn_scratch"
author = "The sknn_scratch developers"
copyright = f"2026, {author}"
version = release = sknn_scratch.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "mathjax",  # equations without a third party's server
    "formulas",
    "tables",
]
# The checkout may lie in a folder with a space; check_links.py sees to the links.
suppress_warnings = ["sphinx_gallery.space_in_filename"]
exclude_patterns = [
    "_build",
    "gallery/*.ipynb",  # for the reader to download
    "benchmarks_comparison.md",
    "benchmarks_differential.md",
    "benchmarks_images.md",
    "benchmarks_results.md",
    "benchmarks_searches.md",
    "benchmarks_tables.md",
]
templates_path = ["_templates"]

# ---- pages -----------------------------------------------------------------------
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
# The code of each page is run for the page: its output is in it, and an error or a
# warning ends the build.
nb_execution_mode = "force"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_output_stderr = "warn"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# ---- API reference ---------------------------------------------------------------
autosummary_generate = True
numpydoc_show_class_members = False  # the templates list them
numpydoc_xref_param_type = False


def skip_foreign_members(app, what, name, obj, skip, options):
    """Leave out what scikit-learn's base classes bring."""
    module = getattr(obj, "__module__", None) or getattr(
        getattr(obj, "fget", None), "__module__", None
    )
    return skip or (module is not None and not module.startswith("sknn_scratch"))


# ---- gallery ---------------------------------------------------------------------
here = Path(__file__).parent
small = bool(os.environ.get("SKNN_EXAMPLES_SMALL"))  # a quick build
copy_examples(here.parent / "examples", here / "_build" / "examples", small)
sphinx_gallery_conf = {
    "examples_dirs": "_build/examples",
    "gallery_dirs": "gallery",
    "filename_pattern": "plot_",
    "within_subsection_order": "FileNameSortKey",
    "doc_module": ("sknn_scratch",),
    "backreferences_dir": "api/generated/examples",
    "inspect_global_variables": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
    "abort_on_example_error": True,
}

# ---- look ------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_title = "sknn_scratch"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_js_files = [("scroll_hints.js", {"defer": "defer"})]
html_show_sourcelink = False
toc_object_entries_show_parents = "hide"
html_copy_source = False
html_theme_options = {
    "logo": {"text": "sknn_scratch"},
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "default",
    "pygments_dark_style": "github-dark",
}
html_sidebars = {
    page: []
    for page in ("index", "install", "start", "moving_from_mlpclassifier", "changelog")
}


def setup(app):
    app.connect("autodoc-skip-member", skip_foreign_members)
