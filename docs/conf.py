"""How Sphinx builds the site: `sphinx-build -W -b html docs SITE`."""

import inspect
import pkgutil
import sys
from pathlib import Path

import phasic
from sphinx.util import logging

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.docs.public import public

project = "phasic"
author = "the phasic developers"
version = release = phasic.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3
default_role = "code"  # docstrings quote code with single backticks, which read well in a terminal too

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # sections `Args` say shape and unit, which a type does not
autodoc_preserve_defaults = True
add_module_names = False

html_theme = "furo"
html_title = f"phasic {version}"


def _place(name):
    """What a qualified name stands for, whatever module it is taken from."""
    owner, _, last = name.rpartition(".")
    owner = pkgutil.resolve_name(owner)
    return (owner, last) if inspect.isclass(owner) else getattr(owner, last)


def every_public_object_is_described(app, env):
    """Warn of public names that no page of the reference has; with `-W` the build fails."""
    described = {_place(name) for name in env.domains["py"].objects}
    for name in public():
        if _place(name) not in described:
            logging.getLogger(__name__).warning("no page of docs/reference/api describes %s", name)


def setup(app):
    app.connect("env-check-consistency", every_public_object_is_described)
