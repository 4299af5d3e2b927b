"""Fixtures of the adapters' tests."""

from collections.abc import Iterator

import pytest

from support.postgres_fixtures import Postgres
from support.sql_stores import Places


@pytest.fixture(scope="module")
def places(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """SQL stores of every kind, for all tests of a module."""
    found = Places(postgres, tmp_path_factory.mktemp("places"))
    yield found
    found.close()
