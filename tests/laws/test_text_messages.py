"""What a text message costs (3GPP TS 23.038, TS 23.040)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibook.text_messages import SmsEncoding, SmsLength, sms_parts

# By code, in the order of the standard's table (TS 23.038, section 6.2.1), without the escape.
BASIC = [
    *(0x40, 0xA3, 0x24, 0xA5, 0xE8, 0xE9, 0xF9, 0xEC, 0xF2, 0xC7, 0x0A, 0xD8, 0xF8, 0x0D),
    *(0xC5, 0xE5, 0x394, 0x5F, 0x3A6, 0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8, 0x3A3, 0x398, 0x39E),
    *(0xC6, 0xE6, 0xDF, 0xC9, 0x20, 0x21, 0x22, 0x23, 0xA4),
    *range(0x25, 0x40),
    0xA1,
    *range(0x41, 0x5B),
    *(0xC4, 0xD6, 0xD1, 0xDC, 0xA7, 0xBF),
    *range(0x61, 0x7B),
    *(0xE4, 0xF6, 0xF1, 0xFC, 0xE0),
]
EXTENSION = [0x0C, 0x5E, 0x7B, 0x7D, 0x5C, 0x5B, 0x7E, 0x5D, 0x7C, 0x20AC]

cheap = st.text(st.sampled_from([chr(code) for code in BASIC + EXTENSION]), max_size=700)
any_text = st.text(st.characters(), max_size=300)
texts = st.one_of(cheap, any_text, st.text(st.sampled_from("a€ê😀"), max_size=700))


def written(text: str) -> list[list[int]]:
    """Each character as the units that stand for it, by way of bytes."""
    if all(ord(character) in BASIC + EXTENSION for character in text):
        return [
            [BASIC.index(ord(each))] if ord(each) in BASIC else [0x1B, EXTENSION.index(ord(each))]
            for each in text
        ]
    encoded = [each.encode("utf-16-be", "surrogatepass") for each in text]
    return [list(each[::2]) for each in encoded]


def divided(text: str) -> list[int]:
    """How long each part is, by filling one after the other."""
    characters = written(text)
    septets = all(ord(character) in BASIC + EXTENSION for character in text)
    whole, part = (160, 153) if septets else (70, 67)
    if sum(map(len, characters)) <= whole:
        return [sum(map(len, characters))]
    lengths: list[int] = []
    waiting = list(characters)
    while waiting:
        taken = 0
        while waiting and taken + len(waiting[0]) <= part:
            taken += len(waiting.pop(0))
        lengths.append(taken)
    return lengths


def test_the_tables_have_as_many_characters_as_the_standard_s() -> None:
    assert len(set(BASIC)) == 127
    assert len(set(EXTENSION)) == 10


@given(texts)
def test_parts_are_filled_one_after_the_other(text: str) -> None:
    found, parts = sms_parts(text), divided(text)

    assert found.units == sum(map(len, written(text)))
    assert found.parts == len(parts)
    room = {
        (SmsEncoding.GSM_7, True): 160,
        (SmsEncoding.GSM_7, False): 153,
        (SmsEncoding.UCS_2, True): 70,
        (SmsEncoding.UCS_2, False): 67,
    }
    assert found.left == room[found.encoding, len(parts) == 1] - parts[-1]


@given(texts)
def test_a_text_is_cheap_when_every_character_is_in_the_alphabet(text: str) -> None:
    cheap_one = {ord(character) for character in text} <= {*BASIC, *EXTENSION}

    assert (sms_parts(text).encoding is SmsEncoding.GSM_7) is cheap_one


@given(texts, texts)
def test_a_longer_text_never_costs_less(text: str, more: str) -> None:
    assert sms_parts(text + more).parts >= sms_parts(text).parts


@given(texts)
def test_what_is_left_is_what_fits(text: str) -> None:
    """Of characters that cost one unit in either alphabet."""
    found = sms_parts(text)

    assert sms_parts(text + "a" * found.left).parts == found.parts
    assert sms_parts(text + "a" * (found.left + 1)).parts > found.parts


def length(encoding: SmsEncoding, units: int, parts: int, left: int) -> SmsLength:
    return SmsLength(encoding=encoding, units=units, parts=parts, left=left)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", length(SmsEncoding.GSM_7, 0, 1, 160)),
        ("a" * 160, length(SmsEncoding.GSM_7, 160, 1, 0)),
        ("a" * 161, length(SmsEncoding.GSM_7, 161, 2, 145)),
        ("€" * 80, length(SmsEncoding.GSM_7, 160, 1, 0)),
        # 76 of them fill 152 of 153 septets: the last septet of the part stays empty.
        ("€" * 81, length(SmsEncoding.GSM_7, 162, 2, 143)),
        ("ê" * 70, length(SmsEncoding.UCS_2, 70, 1, 0)),
        ("ê" * 71, length(SmsEncoding.UCS_2, 71, 2, 63)),
        ("😀" * 35, length(SmsEncoding.UCS_2, 70, 1, 0)),
        # 33 pairs fill 66 of 67 units.
        ("😀" * 36, length(SmsEncoding.UCS_2, 72, 2, 61)),
        ("é", length(SmsEncoding.GSM_7, 1, 1, 159)),
        ("e\u0301", length(SmsEncoding.UCS_2, 2, 1, 68)),
        ("ç", length(SmsEncoding.UCS_2, 1, 1, 69)),
        ("Ç", length(SmsEncoding.GSM_7, 1, 1, 159)),
        ("a" * 10_000, length(SmsEncoding.GSM_7, 10_000, 66, 98)),
    ],
)
def test_examples(text: str, expected: SmsLength) -> None:
    assert sms_parts(text) == expected


def test_the_escape_itself_is_no_character() -> None:
    assert sms_parts("\x1b").encoding is SmsEncoding.UCS_2
