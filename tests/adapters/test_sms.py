"""Text messages handed to a real HTTP server, which also refuses, hangs and drops the line."""

import asyncio
import json
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings

from omnibook.adapters.sms import ANSWER_LIMIT, AsyncSmsNotifier, SmsGateway, SmsNotifier
from omnibook.errors import InvalidValue, NotifierError
from omnibook.leases import PATIENCE
from omnibook.ports import Message
from omnibook.testing import check_notifier
from omnibook.testing.bridge import Loop
from omnibook.testing.notifiers import AnyNotifier
from support.gateways import DROP, ENDLESS, HANG, Gateway
from support.mail_servers import Authority, unused_port
from support.messages_to_send import NASTY, PHONE, message, text_message

SHORT = timedelta(milliseconds=600)
LONG = timedelta(seconds=30)
LATER = (False, False)
PERMANENT = (True, False)
UNAVAILABLE = (False, True)

Make: TypeAlias = Callable[..., Callable[[Message], None]]


@pytest.fixture(scope="module")
def shared_gateway() -> Iterator[Gateway]:
    with Gateway() as started:
        yield started


@pytest.fixture
def gateway(shared_gateway: Gateway) -> Gateway:
    shared_gateway.answer = 202
    shared_gateway.said = b"{}"
    shared_gateway.received.clear()
    shared_gateway.came.clear()
    return shared_gateway


def settings_for(url: str, **other: Any) -> SmsGateway:
    made: dict[str, Any] = {"url": url, "token": "secret-token", "timeout": LONG}
    return SmsGateway(**made | other)


@pytest.fixture(params=["plain", "awaited"])
def sending(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes what hands a message over, by either notifier."""
    with Loop() as loop:

        def make(url: str, **other: Any) -> Callable[[Message], None]:
            made = settings_for(url, **other)
            sender: AnyNotifier = SmsNotifier(made)
            if request.param == "awaited":
                sender = AsyncSmsNotifier(made)

            def send(each: Message) -> None:
                assert loop.answer(lambda: sender.send(each)) is None

            return send

        yield make


def failure(send: Callable[[Message], None]) -> tuple[str, bool, bool]:
    made = text_message()
    with pytest.raises(NotifierError) as caught:
        send(made)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    for private in (made.address, made.address[1:], made.body, "secret-token"):
        assert private not in told
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert caught.value.reason
    return str(caught.value), caught.value.permanent, caught.value.unavailable


# What arrives -----------------------------------------------------------------------------------


def test_a_message_arrives_with_its_token_and_its_key(gateway: Gateway, sending: Make) -> None:
    """R46."""
    sending(gateway.url)(text_message())

    (received,) = gateway.received
    assert received.path == "/messages"
    assert received.body == {"to": PHONE, "text": text_message().body, "id": "notice-1"}
    assert received.headers["authorization"] == "Bearer secret-token"
    assert received.headers["idempotency-key"] == "notice-1"
    assert received.headers["content-type"] == "application/json"


@given(NASTY, NASTY)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_adds_a_header(gateway: Gateway, body: str, name: str) -> None:
    gateway.received.clear()

    SmsNotifier(settings_for(gateway.url)).send(text_message(body=body, message_id=name))

    (received,) = gateway.received
    assert received.body["text"] == body
    assert received.body["id"] == name
    assert "bcc" not in received.headers
    assert received.headers["idempotency-key"]


def test_a_clinic_says_what_its_gateway_is_told(gateway: Gateway, sending: Make) -> None:
    def payload(each: Message) -> dict[str, object]:
        return {"messages": [{"destination": each.address.removeprefix("+"), "body": each.body}]}

    sending(gateway.url, payload=payload)(text_message(body="à 8 h 30 👩🏽\u200d⚕️"))

    assert gateway.received[0].body == {
        "messages": [{"destination": PHONE[1:], "body": "à 8 h 30 👩🏽\u200d⚕️"}]
    }


def test_several_threads_may_send_at_once(gateway: Gateway) -> None:
    sender = SmsNotifier(settings_for(gateway.url))
    made = [text_message(message_id=f"notice-{number}") for number in range(20)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sender.send, made))

    assert {each.body["id"] for each in gateway.received} == {each.message_id for each in made}


def test_it_keeps_the_laws_of_a_notifier(gateway: Gateway) -> None:
    dead = f"http://127.0.0.1:{unused_port()}/"

    def make(working: bool) -> AnyNotifier:
        return SmsNotifier(settings_for(gateway.url if working else dead))

    def make_async(working: bool) -> AnyNotifier:
        return AsyncSmsNotifier(settings_for(gateway.url if working else dead))

    check_notifier(make, systems=(text_message().system,))
    check_notifier(make_async, systems=(text_message().system,))
    assert {each.body["id"] for each in gateway.received} > {"notice-0", "notice-1", "x"}


# What the gateway refuses -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, PERMANENT),
        (410, PERMANENT),
        (413, PERMANENT),
        (422, PERMANENT),
        (451, PERMANENT),
        (408, LATER),
        (409, LATER),
        (425, LATER),
        (500, LATER),
        (501, LATER),
        (599, LATER),
        (429, UNAVAILABLE),
        (502, UNAVAILABLE),
        (503, UNAVAILABLE),
        (504, UNAVAILABLE),
        (401, UNAVAILABLE),
        (402, UNAVAILABLE),
        (403, UNAVAILABLE),
        (404, UNAVAILABLE),
        (405, UNAVAILABLE),
        (407, UNAVAILABLE),
        (301, UNAVAILABLE),
        (307, UNAVAILABLE),
    ],
)
def test_what_a_refusal_means(
    gateway: Gateway, sending: Make, status: int, expected: tuple[bool, bool]
) -> None:
    gateway.answer = status

    told, *found = failure(sending(gateway.url))

    assert tuple(found) == expected
    assert str(status) in told
    # Not followed elsewhere: the token and the number would go along.
    assert len(gateway.received) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_any_2xx_takes_the_message(gateway: Gateway, sending: Make, status: int) -> None:
    gateway.answer = status

    sending(gateway.url)(text_message())

    assert len(gateway.received) == 1


@pytest.mark.parametrize("how", [DROP, HANG])
def test_a_line_that_drops_or_falls_silent_leaves_it_open(
    gateway: Gateway, sending: Make, how: str
) -> None:
    """R46: it may have been taken; it comes again, with the same key."""
    gateway.answer = how
    timeout = SHORT if how == HANG else LONG

    assert failure(sending(gateway.url, timeout=timeout))[1:] == LATER
    assert len(gateway.received) == 1


def test_an_answer_without_end_is_cut(gateway: Gateway, sending: Make) -> None:
    """Each wait is short, and the whole would never end."""
    gateway.answer = ENDLESS
    began = time.monotonic()

    found = failure(sending(gateway.url, timeout=SHORT, patience=SHORT))

    assert found[1:] == LATER
    assert time.monotonic() - began < 10


def test_a_gateway_that_is_not_there_is_unavailable(sending: Make) -> None:
    told, *found = failure(sending(f"http://127.0.0.1:{unused_port()}/"))

    assert tuple(found) == UNAVAILABLE
    assert told == "the text-message gateway cannot be reached (ConnectError)"


def test_no_thread_outlives_a_message(gateway: Gateway) -> None:
    before = {each.name for each in threading.enumerate()}

    SmsNotifier(settings_for(gateway.url)).send(text_message())

    # The gateway's own threads have names of their own.
    after = {each.name for each in threading.enumerate() if "process_request" not in each.name}
    assert after <= before


def test_it_can_be_used_where_an_event_loop_runs(gateway: Gateway) -> None:
    async def send() -> None:
        SmsNotifier(settings_for(gateway.url)).send(text_message())

    asyncio.run(send())

    assert len(gateway.received) == 1


def reason(send: Callable[[Message], None]) -> str:
    with pytest.raises(NotifierError) as caught:
        send(text_message())
    return caught.value.reason


def test_the_reason_is_a_step_and_a_number(gateway: Gateway, sending: Make) -> None:
    """R50: it is logged, so that it holds nothing from outside."""
    gateway.answer, gateway.said = 429, PHONE.encode()
    assert reason(sending(gateway.url)) == "sms 429"
    assert reason(sending(f"http://127.0.0.1:{unused_port()}/")) == "sms connect ConnectError"
    gateway.answer = DROP
    assert reason(sending(gateway.url)) == "sms answer RemoteProtocolError"
    with pytest.raises(NotifierError) as caught:
        sending(gateway.url)(message())
    assert caught.value.reason == "no phone"


# What the answer says ---------------------------------------------------------------------------


def says_yes(status: int, body: bytes) -> bool:
    return json.loads(body)["taken"] is True and status < 500


@pytest.mark.parametrize(
    ("answer", "said", "expected"),
    [
        (200, b'{"taken": true}', None),
        (409, b'{"taken": true}', None),
        (200, b'{"taken": false}', (LATER, "sms 200 not accepted")),
        (422, b'{"taken": false}', (PERMANENT, "sms 422")),
        (503, b'{"taken": true}', (UNAVAILABLE, "sms 503")),
        (200, PHONE.encode(), (LATER, "sms 200 JSONDecodeError")),
        (200, b"[]", (LATER, "sms 200 TypeError")),
        (200, b"", (LATER, "sms 200 JSONDecodeError")),
    ],
)
def test_a_gateway_may_say_in_the_body_that_it_did_not_take_it(
    gateway: Gateway,
    sending: Make,
    answer: int,
    said: bytes,
    expected: tuple[tuple[bool, bool], str] | None,
) -> None:
    """R46: what was not taken is not noted as sent."""
    gateway.answer, gateway.said = answer, said
    send = sending(gateway.url, accepted=says_yes)
    if expected is None:
        send(text_message())
        return
    assert failure(send)[1:] == expected[0]
    assert reason(send) == expected[1]
    assert gateway.received[0].headers["accept-encoding"] == "identity"


def test_a_clinic_says_what_its_gateway_means(gateway: Gateway, sending: Make) -> None:
    """R46."""

    def accepted(status: int, body: bytes) -> bool:
        raise NotifierError("barred", permanent=True, reason="sms barred")

    assert failure(sending(gateway.url, accepted=accepted)) == ("barred", *PERMANENT)


@pytest.mark.parametrize("beyond", [-1, 0, 1, 1_000_000])
def test_no_more_of_an_answer_is_read_than_is_promised(
    gateway: Gateway, sending: Make, beyond: int
) -> None:
    read: list[int] = []

    def accepted(status: int, body: bytes) -> bool:
        read.append(len(body))
        return True

    gateway.said = b"a" * (ANSWER_LIMIT + beyond)
    sending(gateway.url, accepted=accepted)(text_message())

    assert read == [ANSWER_LIMIT + min(beyond, 0)]


# The way there ----------------------------------------------------------------------------------


def test_under_tls_it_arrives(authority: Authority, sending: Make) -> None:
    with Gateway(authority.serving("localhost")) as gateway:
        sending(gateway.url, tls=authority.trusting())(text_message())

        assert len(gateway.received) == 1


@pytest.mark.parametrize("wrong", ["name", "authority"])
def test_a_certificate_that_does_not_fit_is_not_trusted(
    authority: Authority, sending: Make, wrong: str
) -> None:
    context = authority.serving("localhost" if wrong == "authority" else "other.example.org")
    with Gateway(context) as gateway:
        found = failure(sending(gateway.url, tls=authority.trusting() if wrong == "name" else None))

        assert gateway.received == []
    assert found[1:] == UNAVAILABLE


def test_what_stays_on_the_machine_goes_through_no_proxy(
    gateway: Gateway, sending: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    sending(gateway.url)(text_message())

    assert len(gateway.received) == 1


def test_nothing_personal_is_logged(
    gateway: Gateway, sending: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever httpx and asyncio say at their most talkative."""
    caplog.set_level(logging.DEBUG)

    sending(gateway.url)(text_message())

    assert caplog.text
    for private in (PHONE, PHONE[1:], text_message().body, "secret-token"):
        assert private not in caplog.text


# Misuse -----------------------------------------------------------------------------------------


def test_an_e_mail_is_refused_for_good(gateway: Gateway, sending: Make) -> None:
    with pytest.raises(NotifierError) as caught:
        sending(gateway.url)(message())

    assert caught.value.permanent
    assert gateway.received == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://gateway.example.org/"},
        {"url": "http://localhost.example.org/"},
        {"url": "https://user:word@gateway.example.org/"},
        {"url": "https://"},
        {"url": "gateway.example.org"},
        {"url": "ftp://gateway.example.org/"},
        {"url": ""},
        {"url": "https://a\x00b/"},
        {"url": None},
        {"url": "https://[::1"},
        {"token": ""},
        {"token": "a b"},
        {"token": "a\r\nb"},
        {"token": "é"},
        {"timeout": timedelta()},
        {"timeout": timedelta(seconds=60)},
        {"patience": PATIENCE + timedelta(seconds=1)},
    ],
)
def test_a_gateway_that_cannot_be_one_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue) as caught:
        SmsGateway(**{"url": "https://gateway.example.org/", "token": "secret"} | wrong)

    assert "word" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    "url",
    [
        *("https://gateway.example.org/v1", "http://localhost:8080/", "http://127.0.0.2/"),
        "http://[::1]/",
    ],
)
def test_a_gateway_that_can_be_one_is_taken(url: str) -> None:
    made = settings_for(url)

    assert made.url == url
    assert "secret-token" not in repr(made)


# Awaited ----------------------------------------------------------------------------------------


def test_a_task_that_is_cancelled_drops_the_line(gateway: Gateway) -> None:
    gateway.answer = HANG
    sender = AsyncSmsNotifier(settings_for(gateway.url))

    async def cancelled() -> None:
        waiting = asyncio.create_task(sender.send(text_message()))
        await asyncio.to_thread(gateway.came.wait)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(cancelled())
    gateway.answer = 202
    asyncio.run(sender.send(text_message()))

    assert [each.headers["idempotency-key"] for each in gateway.received] == ["notice-1"] * 2
