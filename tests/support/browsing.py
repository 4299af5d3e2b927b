"""A person at a browser: the steps of the walk, and a watch on everything that the browser does.

Debian's Chromium is driven by Playwright; no browser is ever downloaded. Steps find what they press
by the ids of the page, so that they are the same in both languages.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from attrs import define, field, frozen
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    ViewportSize,
)

PHONE: ViewportSize = {"width": 390, "height": 844}
NARROW: ViewportSize = {"width": 320, "height": 640}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}

LOCALES = {"fr": "fr-CA", "en": "en-CA"}

_NAMES = ("chromium", "chromium-browser")
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (4\d\d) ")


def find_chromium() -> str:
    """Where Chromium is. Where there is none the test is skipped, and fails in CI."""
    given = os.environ.get("OMNIBOOK_CHROMIUM")
    found = given or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        said = "no Chromium: apt-get install chromium, or name one in OMNIBOOK_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
    return found


@contextmanager
def launched(playwright: Playwright, path: str) -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    browser = playwright.chromium.launch(executable_path=path, chromium_sandbox=False)
    try:
        yield browser
    finally:
        browser.close()


# Who ---------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Someone:
    """What a person types on page 1."""

    first_name: str
    last_name: str
    born: date
    gender: str
    cell_phone: str = ""
    email: str = ""
    health_number: str = ""
    acting_for: str = "self"


MARIE = Someone(
    first_name="Marie",
    last_name="Tremblay",
    born=date(2004, 12, 19),
    gender="female",
    cell_phone="514 555-0123",
    email="marie@example.org",
)
"""The first of the example's patients: she has a file and a family doctor."""

EMILY = Someone(
    first_name="Emily",
    last_name="Clarke",
    born=date(1991, 5, 17),
    gender="female",
    cell_phone="613 555-0151",
)
"""She has a file, and no family doctor."""

STRANGER = Someone(
    first_name="Camille",
    last_name="Nulle-Part",
    born=date(1990, 5, 17),
    gender="other",
    cell_phone="514 555-0199",
)
"""Nobody whom the clinic knows."""


# What the browser does ---------------------------------------------------------------------------


@define
class Watch:
    """What a browser asked for and complained of."""

    address: str
    strayed: list[str] = field(factory=list)
    """Requests to anywhere but the house."""
    complaints: list[str] = field(factory=list)
    """Errors and warnings of the console: scripts, and what the content policy refused."""

    def follow(self, context: BrowserContext) -> None:
        """Begin to watch."""
        context.on("request", lambda request: self._request(request.url))
        # Playwright writes into the method that it is given, which one of attrs does not allow.
        context.on("console", lambda message: self._console(message))  # noqa: PLW0108
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _request(self, url: str) -> None:
        if not url.startswith((f"{self.address}/", "data:", "about:")):
            self.strayed.append(url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        # A page that is answered 422 is a page all the same; Chromium notes it down.
        if not _REFUSED.match(message.text):
            self.complaints.append(f"{message.type}: {message.text}")

    def is_content(self) -> None:
        """Nothing went wrong so far."""
        assert not self.strayed
        assert not self.complaints


# Steps -------------------------------------------------------------------------------------------


@define
class Person:
    """Somebody who walks through the pages, in one window."""

    context: BrowserContext
    page: Page
    address: str
    watch: Watch

    def open(self, path: str = "/") -> int:
        """Open an address of the house by hand; return the status."""
        response = self.page.goto(f"{self.address}{path}")
        assert response is not None
        return response.status

    def at(self, selector: str) -> Locator:
        """An element of the page."""
        return self.page.locator(selector)

    def press(self, what: str | Locator, **how: Any) -> None:
        """Press what leads to another page, and wait for it."""
        found = self.at(what) if isinstance(what, str) else what
        with self.page.expect_navigation():
            found.click(**how)

    @property
    def path(self) -> str:
        """The path and query of the page."""
        return self.page.url.removeprefix(self.address)

    @property
    def words(self) -> str:
        """What there is to read in the page's main part."""
        return self.at("main").inner_text()

    @property
    def focused(self) -> str:
        """The id of what has the focus; or its name and value."""
        return str(
            self.page.evaluate(
                "() => { const e = document.activeElement;"
                " return e.id || `${e.tagName.toLowerCase()}[${e.name || ''}=${e.value || ''}]`; }"
            )
        )

    def fill_identity(self, who: Someone, *, terms: bool = True) -> None:
        """Fill in page 1."""
        page = self.page
        page.check(f'input[name="acting_for"][value="{who.acting_for}"]')
        page.fill("#first_name", who.first_name)
        page.fill("#last_name", who.last_name)
        page.fill("#birth_day", str(who.born.day))
        page.select_option("#birth_month", str(who.born.month))
        page.fill("#birth_year", str(who.born.year))
        page.check(f'input[name="gender"][value="{who.gender}"]')
        page.fill("#cell_phone", who.cell_phone)
        page.fill("#email", who.email)
        page.fill("#health_number", who.health_number)
        if terms:
            page.check("#terms")

    def identify(self, who: Someone = MARIE) -> None:
        """Page 1, from its opening to the next page."""
        self.open("/")
        self.fill_identity(who)
        self.press("#continue")

    def choose(
        self, service: str = "follow-up", reason: str = "Un mal de gorge", details: str = ""
    ) -> None:
        """Page 2, its first part."""
        self.page.select_option("#service", service)
        self.page.fill("#reason", reason)
        self.page.fill("#details", details)
        self.press("#continue")

    def find(self) -> None:
        """Page 2, its second part, as it is."""
        self.press("#find")

    @property
    def offers(self) -> Locator:
        """The availabilities that are listed."""
        return self.at(".offer")

    def review(self, number: int = 1) -> None:
        """Page 3: press *Review* beside one of the availabilities."""
        self.press(self.at(f"#time-{number} button"))

    def book(self) -> None:
        """Page 4."""
        self.press("#book")

    def reach_list(self, who: Someone = MARIE, service: str = "follow-up") -> None:
        """From the first page to the list of availabilities."""
        self.identify(who)
        self.choose(service)
        self.find()
        assert self.path == "/times"

    def reach_review(self, who: Someone = MARIE, service: str = "follow-up") -> None:
        """From the first page to *Review*, of the first availability."""
        self.reach_list(who, service)
        self.review()
        assert self.path == "/review"

    def reach_confirmation(self, who: Someone = MARIE, service: str = "follow-up") -> None:
        """The whole walk."""
        self.reach_review(who, service)
        self.book()
        assert self.path == "/confirmation"


def sit_down(
    browser: Browser,
    address: str,
    *,
    language: str = "fr",
    size: ViewportSize = DESKTOP,
    **more: Any,
) -> Person:
    """A person at a fresh window; ``more`` is Playwright's, for the browser's context."""
    context = browser.new_context(
        locale=LOCALES[language], viewport=size, timezone_id="America/Toronto", **more
    )
    # Everything here is on this machine: what takes longer does not come.
    context.set_default_timeout(30_000)
    watch = Watch(address)
    watch.follow(context)
    return Person(context, context.new_page(), address, watch)
