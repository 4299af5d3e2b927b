"""A small clinic with its portal, for tests that browse it."""

import asyncio
from collections.abc import Iterator

import pytest

from support.browser import Browser, Place, place_of
from support.worlds import world


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as one:
        yield one


@pytest.fixture
def place(runner: asyncio.Runner) -> Place:
    return place_of(world(), runner)


@pytest.fixture
def browser(place: Place) -> Browser:
    return place.browser()
