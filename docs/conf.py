"""Sphinx's settings, and the hook that writes a reference page for every module."""

from enum import Enum
from functools import reduce
from importlib.metadata import version as installed_version
from pathlib import Path
from types import GetSetDescriptorType, MemberDescriptorType

from docutils.nodes import Element, reference
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import omnibook

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "src" / "omnibook"
PAGES = HERE / "reference" / "api"
# Scripts that Alembic runs; nobody imports them.
WITHOUT_PAGE = ("omnibook.adapters.sql.migrations",)

project = "omnibook"
author = "the omnibook contributors"
copyright = "2026, the omnibook contributors"
release = installed_version("omnibook")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["decisions/template.md"]
source_suffix = {".md": "markdown"}

html_theme = "furo"
html_title = f"omnibook {release}"

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_default_options = {"member-order": "bysource", "show-inheritance": True}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True

# Built without a network, so other projects' names lead nowhere; our own must.
nitpick_ignore_regex = [
    ("py:.*", r"(?!omnibook\b).*"),
    # Type variables and private helpers appear in signatures, and have no entry.
    ("py:.*", r"omnibook(\.\w+)*\.(_\w+|[A-Z]\w?|\w+T|[A-Z]\w*_co)"),
    # Plain identifiers are listed in one block of the module, without an entry each.
    ("py:class", r"omnibook\.ids\.\w+Id"),
    # In docstrings that are inherited from SQLAlchemy.
    ("std:ref", r"sql_caching"),
]


def module_names() -> list[str]:
    """Return the dotted name of every public module, found without importing any."""
    names = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        name = ".".join(parts)
        private = any(part.startswith("_") for part in parts)
        if not private and not name.startswith(WITHOUT_PAGE):
            names.append(name)
    return names


def write_reference(_app: Sphinx) -> None:
    """Write a page for each module into ``reference/api``, and remove those of modules gone."""
    PAGES.mkdir(exist_ok=True)
    pages = {f"{name}.md": page(name) for name in module_names()}
    for old in PAGES.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for filename, text in pages.items():
        target = PAGES / filename
        # An unchanged page keeps its date, and is not built again.
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")


def page(name: str) -> str:
    """Return the text of the page of one module."""
    return (
        f"# {name}\n\n"
        "```{eval-rst}\n"
        f".. automodule:: {name}\n"
        "   :members:\n"
        # What a module takes from another is documented there.
        "   :ignore-module-all:\n"
        "```\n"
    )


def keep_self_explaining_members(
    _app: Sphinx, _what: str, name: str, member: object, _skip: bool, _options: object
) -> bool | None:
    """Keep an attrs field and an enumeration's value that have no docstring.

    Returns:
        False to keep the member; None to leave the choice to autodoc.
    """
    if name.startswith("_"):
        return None
    telling = Enum | MemberDescriptorType | GetSetDescriptorType
    return False if isinstance(member, telling) else None


def resolve_public_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: Element
) -> reference | None:
    """Lead a public name, such as ``omnibook.Portal.find``, to where it is defined.

    Returns:
        The reference; None for anything else, which is then reported.
    """
    first, *names = str(node.get("reftarget", "")).split(".")
    if node.get("refdomain") != "py" or first != "omnibook" or not names:
        return None
    try:
        found = reduce(getattr, names, omnibook)
        target = f"{found.__module__}.{found.__qualname__}"
    except AttributeError:
        return None
    return env.domains["py"].resolve_xref(
        env, node["refdoc"], app.builder, node["reftype"], target, node, shown
    )


def setup(app: Sphinx) -> None:
    """Register the hooks."""
    app.connect("missing-reference", resolve_public_name)
    app.connect("builder-inited", write_reference)
    app.connect("autodoc-skip-member", keep_self_explaining_members)
