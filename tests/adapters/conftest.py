"""Fixtures of the adapters' tests."""

from collections.abc import Iterator

import pytest

from support.mail_servers import Authority, MailHost
from support.postgres_fixtures import Postgres
from support.sql_stores import Places


@pytest.fixture(scope="module")
def places(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """SQL stores of every kind, for all tests of a module."""
    found = Places(postgres, tmp_path_factory.mktemp("places"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def shared_host() -> Iterator[MailHost]:
    """One mail server for all tests of a module."""
    with MailHost() as started:
        yield started


@pytest.fixture
def host(shared_host: MailHost) -> MailHost:
    """A mail server that has taken nothing, and behaves."""
    shared_host.answers.clear()
    shared_host.taken.clear()
    return shared_host


@pytest.fixture(scope="module")
def authority() -> Authority:
    """An authority for certificates."""
    return Authority()
