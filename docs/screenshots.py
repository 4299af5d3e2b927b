"""Pictures of the portal: the one of the README, or every page in every state.

    .venv/bin/python docs/screenshots.py                       # docs/images/portal.png
    .venv/bin/python docs/screenshots.py --all build/screenshots

It needs Chromium, see docs/how-to/run-the-checks.md. The clinic, its patients and the day are the
invented ones of the tests, so that the same pages give the same picture.
"""

import argparse
import base64
import sys
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

from playwright.sync_api import Browser, ViewportSize, sync_playwright  # noqa: E402 - after the path

from support.browsing import (  # noqa: E402
    DESKTOP,
    MARIE,
    PHONE,
    Person,
    find_chromium,
    launched,
    sit_down,
)
from support.touring import PARTS  # noqa: E402
from support.web_house import Server, open_house  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "portal.png"
DESK: ViewportSize = {"width": 860, "height": 720}
HAND: ViewportSize = {"width": 390, "height": 720}
SHEET: ViewportSize = {"width": 1280, "height": 800}

_SHEET: Final = """
<style>
  body {{ margin: 0; height: 800px; background: #dfeaec; position: relative; }}
  img {{ position: absolute; border-radius: 14px; box-shadow: 0 6px 28px rgb(8 46 52 / 28%); }}
  .desk {{ left: 36px; top: 32px; width: 860px; height: 720px; }}
  .hand {{ right: 36px; top: 54px; width: 390px; height: 720px; border-radius: 30px; }}
</style>
<img class="desk" src="{desk}"><img class="hand" src="{hand}">
"""


def _picture(person: Person) -> str:
    shot = person.page.screenshot(animations="disabled", caret="hide")
    return "data:image/png;base64," + base64.b64encode(shot).decode("ascii")


def draw_portal(browser: Browser, server: Server) -> None:
    """The list of times at a desk, and *Review* on a phone."""
    house = open_house(server)
    desk = sit_down(browser, house.address, language="en", size=DESK, reduced_motion="reduce")
    desk.reach_list(MARIE, "urgent")
    hand = sit_down(browser, house.address, language="fr", size=HAND, reduced_motion="reduce")
    hand.page.clock.install()
    hand.reach_review(MARIE)
    hand.page.clock.run_for(17_000)
    sheet = browser.new_page(viewport=SHEET)
    sheet.set_content(_SHEET.format(desk=_picture(desk), hand=_picture(hand)))
    PICTURE.parent.mkdir(exist_ok=True)
    sheet.screenshot(path=PICTURE)


def draw_everything(browser: Browser, server: Server, folder: Path) -> None:
    """Every state, in both languages, on a phone and at a desk, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    for language in ("fr", "en"):
        for tour in PARTS.values():
            house = open_house(server)
            person = sit_down(browser, house.address, language=language, reduced_motion="reduce")
            for state in tour(person, house):
                for name, size in (("phone", PHONE), ("desktop", DESKTOP)):
                    person.page.set_viewport_size(size)
                    for scheme in ("light", "dark"):
                        person.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                        person.page.screenshot(
                            path=folder / f"{state}-{language}-{name}-{scheme}.png",
                            full_page=True,
                            animations="disabled",
                        )
            person.context.close()


def main() -> None:
    """Draw what is asked for."""
    command = argparse.ArgumentParser(description="Pictures of the portal.")
    command.add_argument("--all", metavar="FOLDER", type=Path, help="every page in every state")
    given = command.parse_args()
    with (
        Server() as server,
        sync_playwright() as playwright,
        launched(playwright, find_chromium()) as browser,
    ):
        if given.all is None:
            draw_portal(browser, server)
        else:
            draw_everything(browser, server, given.all)


if __name__ == "__main__":
    main()
