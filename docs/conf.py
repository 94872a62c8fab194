"""Configuration of the Sphinx site."""

import inspect
import sys
from pathlib import Path

import mathlib

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "mathlib"
author = "mathlib contributors"
copyright = f"2026, {author}"
version = release = mathlib.__version__

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.extlinks",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "accuracy",
    "benchmarks",
    "operations",
    "records",
]
exclude_patterns = ["_build", "figures", "gallery"]
templates_path = ["_templates"]
default_role = "autolink"  # a name that is no public object is set as text: parameters, other libraries
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(numpy|scipy|sympy)\..*")]  # no inventories are fetched

# Reference: one page per public name. The names are those of __all__.
autosummary_ignore_module_all = False
autosummary_imported_members = True
autodoc_typehints = "none"  # the docstrings give types and shapes
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

extlinks = {"dlmf": ("https://dlmf.nist.gov/%s", "DLMF %s")}

# Examples print rounded numbers, so they are compared as they stand.
doctest_test_doctest_blocks = "default"

plot_formats = ["svg"]
plot_html_show_formats = False
plot_html_show_source_link = False
plot_rcparams = {"figure.constrained_layout.use": True, "svg.fonttype": "path"}
plot_apply_rcparams = True

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_examples",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "within_subsection_order": "FileNameSortKey",
}
copybutton_prompt_text = ">>> |\\.\\.\\. |\\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = "mathlib"
html_static_path = ["_static"]
html_css_files = ["mathlib.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "mathlib"},
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": False,
}
html_sidebars = {
    "getting_started": [],
    "which_function": [],
    "accuracy": [],
    "benchmarks": [],
    "design": [],
    "contributing": [],
    "changes": [],
}


def setup(app):
    """Leave out subpackages, each has a page of its own, and what scikit-learn adds to every estimator."""

    def skip(app, what, name, member, *rest):
        foreign = name == "get_metadata_routing" or (name.startswith("set_") and name.endswith("_request"))
        return True if foreign or inspect.ismodule(member) else None

    app.connect("autodoc-skip-member", skip)
