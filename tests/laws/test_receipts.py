"""A gateway's word counts when it is proven to be its own, and of now."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibook.errors import InvalidValue
from omnibook.receipts import (
    BODY_LIMIT,
    TOLERANCE,
    Receipt,
    ReceiptFault,
    ReceiptRefused,
    ReceiptStatus,
    read_receipt,
    sign_receipt,
)

SECRET = b"0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
SECONDS = str(int(NOW.timestamp()))
BODY = b'{"id": "notice-1", "status": "delivered"}'

junk: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.integers(),
    st.text(st.characters()),
    st.binary(),
    st.lists(st.text()),
    st.just("\ud800"),
    st.just("a" * 10_000),
    st.just(b"[" * 9_000),
)


def read(body: object = BODY, timestamp: object = SECONDS, **other: Any) -> Any:
    signature = other.pop("signature", None)
    if signature is None and isinstance(body, bytes) and isinstance(timestamp, str):
        signature = sign_receipt(body, timestamp=timestamp, secret=SECRET)
    arguments: dict[str, Any] = {"secret": SECRET, "now": NOW, **other}
    return read_receipt(body, timestamp=timestamp, signature=signature, **arguments)


def refused(fault: ReceiptFault) -> ReceiptRefused:
    return ReceiptRefused(fault)


@given(st.text(min_size=1, max_size=200), st.sampled_from(ReceiptStatus))
def test_a_signed_receipt_is_read(notice_id: str, status: ReceiptStatus) -> None:
    body = json.dumps({"id": notice_id, "status": status, "more": [1]}).encode()

    assert read(body) == Receipt(notice_id=notice_id, status=status)  # type: ignore[arg-type]


@given(junk, junk, junk)
def test_reading_answers_on_any_input(body: object, timestamp: object, signature: object) -> None:
    found = read_receipt(body, timestamp=timestamp, signature=signature, secret=SECRET, now=NOW)

    assert found == refused(ReceiptFault.SIGNATURE)


@given(junk, junk)
def test_reading_answers_on_any_input_that_is_signed(body: Any, timestamp: Any) -> None:
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    timestamp = timestamp if isinstance(timestamp, str) else SECONDS

    assert read(body, timestamp).fault in set(ReceiptFault)


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_a_body_that_was_changed_is_refused(position: int, change: int) -> None:
    other = bytearray(BODY)
    other[position] ^= change
    signature = sign_receipt(BODY, timestamp=SECONDS, secret=SECRET)

    assert read(bytes(other), signature=signature) == refused(ReceiptFault.SIGNATURE)


@given(st.integers(0, 63), st.sampled_from("0123456789abcdefA-"))
def test_a_signature_that_was_changed_is_refused(position: int, other: str) -> None:
    right = sign_receipt(BODY, timestamp=SECONDS, secret=SECRET)
    wrong = right[:position] + other + right[position + 1 :]

    assert (read(signature=wrong) == refused(ReceiptFault.SIGNATURE)) is (wrong != right)


@given(st.integers(-10_000, 10_000))
def test_a_receipt_is_taken_for_five_minutes(seconds: int) -> None:
    found = read(now=NOW + timedelta(seconds=seconds))

    assert isinstance(found, Receipt) is (abs(seconds) <= TOLERANCE)
    assert isinstance(found, Receipt) or found == refused(ReceiptFault.TIME)


def test_the_signature_is_over_time_full_stop_and_body() -> None:
    """As a gateway's own programmers would write it."""
    expected = hmac.new(SECRET, f"{SECONDS}.".encode() + BODY, hashlib.sha256).hexdigest()

    assert read(signature=expected) == Receipt(
        notice_id="notice-1",  # type: ignore[arg-type]
        status=ReceiptStatus.DELIVERED,
    )


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=" + sign_receipt(BODY, timestamp=SECONDS, secret=SECRET),
        sign_receipt(BODY, timestamp=SECONDS, secret=SECRET).upper(),
        sign_receipt(BODY, timestamp=SECONDS, secret=SECRET) + "\n",
        sign_receipt(BODY, timestamp=SECONDS, secret=SECRET)[:-1],
        sign_receipt(BODY, timestamp=SECONDS, secret=b"x" * 32),
        sign_receipt(SECONDS.encode() + b"." + BODY, timestamp="", secret=SECRET),
        "é" * 64,
    ],
)
def test_any_other_signature_is_refused(signature: str) -> None:
    assert read(signature=signature) == refused(ReceiptFault.SIGNATURE)


@pytest.mark.parametrize(
    "timestamp", ["", "now", "-1", f" {SECONDS}", f"{SECONDS}.0", "9" * 12, "١٢٣", f"{SECONDS}\n"]
)
def test_a_time_that_is_no_time_is_refused(timestamp: str) -> None:
    assert read(timestamp=timestamp) == refused(ReceiptFault.TIME)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b'"delivered"',
        b"{}",
        b'{"id": "notice-1"}',
        b'{"status": "delivered"}',
        b'{"id": "", "status": "delivered"}',
        b'{"id": 1, "status": "delivered"}',
        b'{"id": "notice-1", "status": "sent"}',
        b'{"id": "notice-1", "status": ["delivered"]}',
        b'{"id": "' + b"n" * 201 + b'", "status": "delivered"}',
        b"[" * BODY_LIMIT,
        b'{"id": ' + b"9" * 5_000 + b"}",
    ],
)
def test_a_body_that_says_nothing_is_refused(body: bytes) -> None:
    assert read(body) == refused(ReceiptFault.BODY)


def test_the_time_is_judged_before_the_body() -> None:
    assert read(b"", now=NOW + timedelta(hours=1)) == refused(ReceiptFault.TIME)


def test_a_body_that_is_too_long_is_not_looked_at() -> None:
    padded = BODY[:-1] + b" " * (BODY_LIMIT - len(BODY)) + b"}"

    assert isinstance(read(padded), Receipt)
    assert read(padded[:-1] + b" }") == refused(ReceiptFault.SIGNATURE)


@pytest.mark.parametrize("secret", [b"", b"x" * 15, "x" * 32])
def test_a_weak_secret_is_misuse(secret: Any) -> None:
    """Before anything is looked at: also with a receipt that is refused anyway."""
    with pytest.raises(InvalidValue) as caught:
        read_receipt(None, timestamp=SECONDS, signature="", secret=secret, now=NOW)

    assert "xxx" not in str(caught.value)


def test_a_naive_now_is_misuse() -> None:
    with pytest.raises(InvalidValue):
        read(now=NOW.replace(tzinfo=None))


def test_what_is_refused_has_a_code() -> None:
    assert ReceiptRefused.code == "receipt.refused"
