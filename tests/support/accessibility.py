"""What can be judged of a page by a program: axe-core, and whether everything fits.

axe-core is run through the browser's debugger, which no content policy stands in the way of: the
pages are judged as they are served.
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from playwright.sync_api import Page, ViewportSize

from support.browsing import DESKTOP, NARROW, PHONE

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

_RUN = """
(tags) => axe.run(document, {runOnly: tags, resultTypes: ["violations"]}).then(
    (found) => found.violations.flatMap((each) => each.nodes.map(
        (node) => `${each.id}: ${node.target} ${node.failureSummary}`)))
"""

_CUT = """
() => {
  const width = document.documentElement.clientWidth;
  const found = [];
  if (document.documentElement.scrollWidth > width) found.push("the page scrolls sideways");
  for (const each of document.body.querySelectorAll("*")) {
    if (each.closest(".unseen, .skip, .step-name, [hidden]") || !each.checkVisibility()) continue;
    const box = each.getBoundingClientRect();
    const name = `${each.tagName}#${each.id}.${each.className}`;
    if (box.right > width + 1 || box.left < -1) found.push(`${name} stands out`);
    const hides = getComputedStyle(each).overflowX !== "visible" && each.tagName !== "SELECT";
    const typed = ["INPUT", "TEXTAREA"].includes(each.tagName);
    if (hides && !typed && each.scrollWidth > each.clientWidth + 1) found.push(`${name} is cut`);
  }
  return found;
}
"""

ZOOMED: ViewportSize = {"width": 640, "height": 450}
"""1280 by 900 at 200 %."""


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page: light and dark, on a phone and on a desk."""
    page.evaluate(_axe())
    found: list[str] = []
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += [
                f"{scheme}, {size['width']} wide: {each}" for each in page.evaluate(_RUN, TAGS)
            ]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found


def what_does_not_fit(page: Page) -> Iterator[str]:
    """What stands out or is cut: at 320 pixels, at 200 %, and with text twice as large."""
    for size in (NARROW, ZOOMED):
        page.set_viewport_size(size)
        yield from (f"{size['width']} wide: {each}" for each in page.evaluate(_CUT))
    page.set_viewport_size(DESKTOP)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    yield from (f"text at 200 %: {each}" for each in page.evaluate(_CUT))
    page.evaluate("document.documentElement.style.fontSize = ''")
