"""The clinic's keys: digests, signatures, rotation (R10, R12, R36, R44, R50)."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibook.adapters.keys import Keyring
from omnibook.errors import ConfigurationError, InvalidValue

OLD, NEW = b"o" * 32, b"n" * 40
KEYS = Keyring((NEW, OLD))
anything = st.text(st.characters())


@given(purpose=anything, value=anything)
def test_a_digest_is_the_same_for_the_same_purpose_and_value(purpose: str, value: str) -> None:
    """R12, R36, R50: 128 bits, in hexadecimal digits."""
    digest = KEYS.digest(purpose, value)

    assert digest == Keyring((NEW,)).digest(purpose, value)
    assert re.fullmatch("[0-9a-f]{32}", digest)


@given(one=st.tuples(anything, anything), other=st.tuples(anything, anything))
def test_nothing_else_has_the_same_digest_or_signature(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    """R44: not what is joined otherwise either, and no digest is a signature."""
    assert (KEYS.digest(*one) == KEYS.digest(*other)) is (one == other)
    assert KEYS.verify(*other, KEYS.sign(*one)) is (one == other)


@given(purpose=anything, payload=anything)
def test_a_signature_verifies_while_its_secret_is_kept(purpose: str, payload: str) -> None:
    """R44: the newest signs, all of them verify."""
    before = Keyring((OLD,)).sign(purpose, payload)
    now = KEYS.sign(purpose, payload)

    assert KEYS.verify(purpose, payload, before)
    assert KEYS.verify(purpose, payload, now)
    assert now != before
    assert Keyring((NEW,)).verify(purpose, payload, now)
    assert not Keyring((NEW,)).verify(purpose, payload, before)
    assert re.fullmatch("[A-Za-z0-9_-]{22}", now)


@given(signature=anything)
def test_no_other_text_is_a_signature(signature: str) -> None:
    """R44: whatever is sent, lone surrogates too."""
    assert KEYS.verify("p", "x", signature) is (signature == KEYS.sign("p", "x"))
    assert not KEYS.verify("p", "x", KEYS.sign("p", "x") + signature + "=")
    assert not KEYS.verify("p", "x", KEYS.digest("p", "x"))


def test_parts_cannot_be_shifted_from_one_to_the_other() -> None:
    assert KEYS.digest("ab", "c") != KEYS.digest("a", "bc")
    assert KEYS.sign("ab", "c") != KEYS.sign("a", "bc")


def test_a_rotation_changes_digests() -> None:
    """R36, R50: documented with the class."""
    assert KEYS.digest("p", "x") != Keyring((OLD,)).digest("p", "x")


def test_a_generated_keyring_is_new_each_time() -> None:
    assert Keyring.generate().digest("p", "x") != Keyring.generate().digest("p", "x")


@pytest.mark.parametrize("secrets", [(), (b"short",), (NEW, b"o" * 31)])
def test_short_or_missing_secrets_are_refused(secrets: tuple[bytes, ...]) -> None:
    with pytest.raises(InvalidValue, match="secret"):
        Keyring(secrets)


def test_secrets_do_not_show() -> None:
    """R50."""
    assert "nnn" not in repr(KEYS)
    assert Keyring([NEW]) == Keyring((NEW,))


def test_secrets_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = " , ".join(base64.b64encode(each).decode() for each in (NEW, OLD))
    monkeypatch.setenv("OMNIBOOK_KEYS", f" {encoded} ")
    monkeypatch.setenv("OTHER", base64.b64encode(OLD).decode())

    assert Keyring.from_env() == KEYS
    assert Keyring.from_env("OTHER") == Keyring((OLD,))


@pytest.mark.parametrize(
    "text", [None, "", "  ", "secret!", "c2hvcnQ=", "é", base64.b64encode(NEW).decode() + ","]
)
def test_a_bad_environment_is_named_and_its_value_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    monkeypatch.delenv("OMNIBOOK_KEYS", raising=False)
    if text is not None:
        monkeypatch.setenv("OMNIBOOK_KEYS", text)

    with pytest.raises(ConfigurationError) as raised:
        Keyring.from_env()

    assert "OMNIBOOK_KEYS" in str(raised.value)
    assert "base64" in str(raised.value)
    assert not text or not text.strip() or text not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
