"""Settings of the documentation: MyST pages whose blocks run, numpydoc docstrings, a theme that needs no network."""

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for _ext

from _ext.docstrings import UNWANTED  # noqa: E402
from _ext.reference import unlisted  # noqa: E402
from numpydoc import xref  # noqa: E402

import salesmetrics as sm  # noqa: E402

sys.modules["salesmetrics.maps"] = sm.maps  # the front door's name of a module that lives in readers/

project = "salesmetrics"
author = "The salesmetrics developers"
copyright = "2026, The salesmetrics developers"
settings = tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))
release = version = settings["project"]["version"]

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "_ext.mathml",
    "_ext.reference",
    "_ext.running",
]
exclude_patterns = ["_build", "examples"]
templates_path = ["_templates"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}  # the first is what autosummary writes
nitpicky = True
default_role = "autolink"  # `name` in a docstring: a link where the reference has the name
nitpick_ignore_regex = [
    ("py:obj", r"[a-z_]+"),  # an argument or attribute in single backticks
    ("py:obj", r"(concurrent|datetime|numpy)\..*"),  # looked up elsewhere only with a network
]
smartquotes = False  # a quote in a docstring is mostly Python's

# Every page is a notebook made of its fences; its blocks are run by the reader, not by a kernel.
nb_custom_formats = {".md": "_ext.running.read"}
nb_execution_mode = "off"
myst_update_mathjax = False
html_math_renderer = "mathml"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_selector = (
    "div.highlight-python pre, div.highlight-ipython3 pre, div.highlight-pycon pre, div.highlight-bash pre"
)
pages_may_lack = frozenset({"dask", "distributed", "pyspark", "ray"})  # shown and not run where they are absent
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]

autosummary_generate = True
autosummary_context = {"unlisted": unlisted({f"salesmetrics.{name}": getattr(sm, name) for name in sm.__all__})}
autosummary_filename_map = {  # Review beside review: one file where a file system does not tell letters by their case
    f"salesmetrics.{name}": f"salesmetrics.{name}-class"
    for name in sm.__all__
    if name[0].isupper() and name.lower() in sm.__all__
}
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
xref.DEFAULT_LINKS.clear()  # they lead to the pages of Python and numpy, which a build without network cannot look up
numpydoc_xref_ignore = "all"  # but for the names of the library
numpydoc_xref_aliases = {
    name: f"{room}.{name}"
    for room, names in {
        "salesmetrics.formulas": sm.formulas.__all__,
        "salesmetrics.maps": ["ColumnMap", "Guess"],
        "salesmetrics.datasets": ["Company"],
        "salesmetrics": sm.__all__,
    }.items()
    for name in names
    if name[0].isupper()
}
numpydoc_validation_checks = {"all", *UNWANTED}
numpydoc_validation_exclude = {r"\bmaps\.[A-Z0-9_]+$"}  # data: their page is what they print

html_theme = "pydata_sphinx_theme"
html_title = "salesmetrics"
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["pages.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "salesmetrics"},
    "navbar_align": "left",
    "show_toc_level": 2,
    "secondary_sidebar_items": {
        "**": ["page-toc"],
        "index": [],
        "reference/metrics": [],
    },
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": []}

# `sphinx-build -b linkcheck docs docs/_build/linkcheck`, by hand: it needs the network.
linkcheck_timeout = 20
linkcheck_workers = 2
linkcheck_anchors_ignore_for_url = ["https://github.com/.*"]  # anchors made by scripts
