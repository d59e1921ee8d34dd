"""The site of zeocryst's documentation: python -m sphinx -W --keep-going -b html docs docs/_build/html."""

import sys
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import _generate  # noqa: E402  (beside this file)

_generate.generate(HERE / "generated")

project = "zeocryst"
author = "The zeocryst maintainers"
project_copyright = "2026, the zeocryst maintainers"
version = release = installed("zeocryst")

extensions = ["_mathml", "myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = [
    "_build",
    "conda",
    "generated/condition_keys.md",
    "generated/study_keys.md",
    "generated/sweep_keys.md",
    "generated/refused.md",
    "generated/oligomers.md",
    "generated/substances.md",
    "generated/forcefields.md",
    "generated/order_parameters.md",
    "generated/commands.md",
    "generated/api.md",
    "jupyter_execute",
    "results",
    "templates",
]  # pages that others include, and what is none
html_theme = "furo"
html_title = "zeocryst"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_math_renderer = "mathml"
myst_update_mathjax = False
default_role = "literal"  # what docstrings have in single backticks

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # tests/door/test_notebooks.py runs them
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings have them
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
