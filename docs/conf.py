"""Settings of the documentation: MyST pages, numpydoc docstrings."""

import tomllib
from pathlib import Path

project = "salesmetrics"
author = "The salesmetrics developers"
copyright = "2026, The salesmetrics developers"
settings = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
release = version = settings["project"]["version"]

extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary"]
exclude_patterns = ["_build", "examples"]
source_suffix = {".md": "myst-nb"}
nb_execution_mode = "off"  # the blocks of these pages are run by the tests
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = "salesmetrics"
