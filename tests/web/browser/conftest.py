"""A real browser before the portal's pages; without one these tests are skipped, in CI they fail.

Playwright's plain side keeps an event loop of its own in the thread that uses it, and no other can
run there meanwhile. So the browser ends when the tests of this folder do, and other tests that the
same process runs afterwards have their loops.
"""

from collections.abc import Iterator
from typing import Protocol

import pytest
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from support.browsing import DESKTOP, Person, find_chromium, launched, sit_down
from support.web_house import House, Server, open_house


class Sit(Protocol):
    """Sits another person down at a browser of their own, before the house."""

    def __call__(
        self, *, language: str = ..., size: ViewportSize = ..., **more: object
    ) -> Person: ...


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, once for each process that runs these tests."""
    path = find_chromium()
    with sync_playwright() as playwright, launched(playwright, path) as browser:
        yield browser


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """What serves the pages; each test opens a house behind it."""
    with Server() as running:
        yield running


@pytest.fixture
def house(server: Server) -> House:
    """The example clinic, fresh, on a Monday at 07:00."""
    return open_house(server)


@pytest.fixture
def sit(chromium: Browser, house: House) -> Iterator[Sit]:
    """People at browsers; in the end nothing was asked of anybody else, and no page complained."""
    people: list[Person] = []

    def sit(*, language: str = "fr", size: ViewportSize = DESKTOP, **more: object) -> Person:
        people.append(sit_down(chromium, house.address, language=language, size=size, **more))
        return people[-1]

    yield sit
    for each in people:
        each.context.close()
    for each in people:
        each.watch.is_content()


@pytest.fixture
def person(sit: Sit) -> Person:
    """Somebody who reads French, at a desk."""
    return sit()
