"""Sphinx's configuration. ``make docs`` gathers the pages and runs it (tools/reference)."""

from __future__ import annotations

from importlib.metadata import version as installed

project = "RunComfy Models"
author = "The RunComfy Models developers"
project_copyright = author
release = version = installed("runcomfy-models")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["models/**/*.plain.md"]

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

# Signatures as people write them: no module names, types beside their arguments.
add_module_names = False
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True
napoleon_use_rtype = False

# What is copied is what is run: no prompt, and no output below it.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True

# A default such as "auto" is shown with the quotes that are typed.
smartquotes = False

html_theme = "furo"
html_title = "RunComfy Models"
html_favicon = "_static/icon.svg"
html_copy_source = False
html_show_sourcelink = False
html_extra_path = ["extra"]  # what programs read, and the plain text of each page
html_theme_options = {"navigation_with_keys": True}
