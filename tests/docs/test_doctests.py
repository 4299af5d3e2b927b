"""The examples in docstrings say what the code does."""

import doctest
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

import pytest

import omnibook

PACKAGE = Path(omnibook.__file__).parent
MUST_HAVE = {
    "omnibook.contacts",
    "omnibook.health_issuers",
    "omnibook.health_numbers",
    "omnibook.names",
    "omnibook.number_warnings",
    "omnibook.quebec_numbers",
}


def modules_with_examples() -> list[str]:
    """Told from the source, so that what needs an extra is imported only if it has examples."""
    names = ["omnibook"]
    names += (found.name for found in pkgutil.walk_packages([str(PACKAGE)], "omnibook."))
    return [name for name in names if ">>>" in source(name)]


def source(name: str) -> str:
    path = PACKAGE.joinpath(*name.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", modules_with_examples())
def test_the_examples_of_a_module_hold(name: str) -> None:
    module: ModuleType = importlib.import_module(name)
    result = doctest.testmod(module)

    assert result.attempted == source(name).count(">>> ")
    assert result.failed == 0


def test_what_reads_a_form_has_examples() -> None:
    """So that the law above is about something."""
    assert set(modules_with_examples()) >= MUST_HAVE
