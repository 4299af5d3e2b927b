"""Requests of which a part never comes."""

import asyncio
from typing import Any

import pytest

from support.browser import HOST, Place, place_of
from support.worlds import world


def speak(place: Place, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """A POST whose body comes in these parts, and then no more; what was answered to it."""
    answered: list[dict[str, Any]] = []

    async def run() -> None:
        parts = iter(messages)

        async def receive() -> dict[str, Any]:
            for part in parts:
                return part
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Any) -> None:
            answered.append(message)

        kind = (b"content-type", b"application/x-www-form-urlencoded")
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": [(b"host", HOST.encode()), kind, (b"content-length", b"99")],
            "client": ("203.0.113.7", 1),
            "scheme": "https",
            "server": (HOST, 443),
        }
        async with asyncio.timeout(10):
            await place.app(scope, receive, send)

    place.runner.run(run())
    return answered


def test_a_form_that_does_not_arrive_is_not_waited_for(runner: asyncio.Runner) -> None:
    place = place_of(world(), runner, body_seconds=0.01)
    half = {"type": "http.request", "body": b"first_name=", "more_body": True}
    answered = speak(place, half)
    headers = dict(answered[0]["headers"])
    assert answered[0]["status"] == 408
    assert headers[b"connection"] == b"close"
    assert b"514 555-0100" in answered[1]["body"]


def test_who_goes_away_is_no_fault_of_ours(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    half = {"type": "http.request", "body": b"first_name=", "more_body": True}
    answered = speak(place, half, {"type": "http.disconnect"})
    assert answered[0]["status"] == 400
    assert not caplog.records
