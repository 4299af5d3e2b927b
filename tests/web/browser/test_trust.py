"""What a browser can be trusted with: cookies, the content policy, and what was typed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from support.browsing import STRANGER, Person, sit_down
from support.web_house import Server, open_house
from web.browser.conftest import Sit


@pytest.fixture(scope="module")
def secure_server() -> Iterator[Server]:
    with Server(tls=True) as running:
        yield running


def test_over_https_each_cookie_is_of_this_host_alone(
    chromium: Browser, secure_server: Server
) -> None:
    """RFC 6265bis: a browser takes `__Host-` only with Secure, Path=/ and no Domain."""
    house = open_house(secure_server, secure=True)
    person = sit_down(chromium, house.address, ignore_https_errors=True)
    person.open("/?lang=en")
    person.reach_confirmation()
    kept = {each["name"]: each for each in person.context.cookies()}
    assert set(kept) == {"__Host-omnibook", "__Host-omnibook-form", "__Host-omnibook-language"}
    for each in kept.values():
        assert each["secure"]
        assert each["httpOnly"]
        assert each["sameSite"] == "Lax"
        assert each["expires"] == -1
    assert person.page.evaluate("document.cookie") == ""
    person.context.close()
    person.watch.is_content()


def test_the_content_policy_stands_and_is_watched(person: Person) -> None:
    """No script or style but our own files: what is put into a page is neither run nor drawn."""
    person.open("/")
    person.page.evaluate(
        "() => { const script = document.createElement('script');"
        " script.textContent = 'window.ran = true'; document.body.append(script);"
        " document.body.insertAdjacentHTML('beforeend', '<p id=put style=color:red>x</p>');"
        " document.body.insertAdjacentHTML('beforeend', '<img src=\"//example.com/x.png\">'); }"
    )
    assert person.page.evaluate("window.ran") is None
    expect(person.at("#put")).not_to_have_css("color", "rgb(255, 0, 0)")
    # Both are what the other tests rely on: the watch sees what is refused.
    assert len(person.watch.complaints) >= 3
    assert person.watch.strayed == ["http://example.com/x.png"]
    person.watch.complaints.clear()
    person.watch.strayed.clear()


def test_no_other_site_can_frame_a_page(chromium: Browser, person: Person) -> None:
    person.page.set_content(f'<iframe src="{person.address}/"></iframe>')
    frame = person.page.frames[-1]
    assert frame.url != f"{person.address}/" or not frame.content().count("main-form")
    person.watch.complaints.clear()


def test_what_was_typed_is_text_and_nothing_else(sit: Sit) -> None:
    person = sit()
    said: list[str] = []
    person.page.on("dialog", lambda dialog: said.append(dialog.message))
    person.identify(STRANGER)
    marked = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}'
    person.choose("vaccination", marked, f"</textarea>{marked}")
    person.find()
    person.review()
    expect(person.at("#reason")).to_have_value(marked)
    expect(person.at("#details")).to_have_value(f"</textarea>{marked}")
    expect(person.at("main img")).to_have_count(0)
    assert not said


def test_pages_of_a_visit_are_not_kept_by_the_browser(person: Person) -> None:
    """Nobody reads them with *Back* after the visit was left."""
    for path in ("/", "/choose", "/times", "/not-online"):
        answer = person.page.request.get(person.address + path)
        assert answer.headers["cache-control"] == "no-store"


def test_no_request_says_which_page_it_comes_from(person: Person) -> None:
    """R44: a link is an address, and whoever has it can act."""
    told: list[str] = []
    person.context.on(
        "request", lambda request: told.append(request.all_headers().get("referer", ""))
    )
    person.reach_confirmation()
    person.press("#manage")
    person.press("#confirm")
    person.open("/a/a-link-that-leads-nowhere")
    assert len(told) > 15
    assert {each.removeprefix(person.address) for each in told} <= {"", "/"}


def test_the_identification_pressed_twice_is_one_attempt(person: Person) -> None:
    """R12: and after *Back* it can be pressed again."""
    posted: list[str] = []
    person.context.on("request", lambda request: posted.append(request.method))
    for _ in range(2):
        person.open("/")
        person.fill_identity(STRANGER)
        posted.clear()
        person.at("#continue").dblclick()
        person.page.wait_for_url("**/choose")
        assert posted.count("POST") == 1
        person.page.go_back()
