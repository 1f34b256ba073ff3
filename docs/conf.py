"""Sphinx settings; everything is built offline and warnings are errors."""

import sys
from pathlib import Path

import napari_strata

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "napari-strata"
author = "The napari-strata developers"
project_copyright = f"2026, {author}"
version = release = napari_strata.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "strata_reference",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
# The first suffix is that of the generated pages.
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"

autosummary_generate = True
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
# The words of a shape, such as (layer, y, x), are not references to whatever bears the same name.
suppress_warnings = ["ref.python"]
default_role = "code"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "napari_sphinx_theme"
html_title = "napari-strata"
html_theme_options = {"collapse_navigation": True, "navigation_depth": 3, "show_prev_next": False}
html_sidebars = {"**": ["sidebar-nav-bs"]}
html_show_sourcelink = False
