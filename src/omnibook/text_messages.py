"""What a text message costs: its alphabet, its length and its parts (3GPP TS 23.038, TS 23.040).

A text message holds 140 octets. A text whose every character stands in the default alphabet, or in
its extension, is written in septets: 160 in one message. Any other character, such as "ê", makes
the whole text UCS-2, in units of 16 bits: 70 in one message. A longer text is sent in parts, each
with a header of 6 octets that puts them together again: 153 septets or 67 units in each. What is
written with two septets (a character of the extension, behind its escape) or with two units (one
beyond U+FFFF) is never divided between two parts.

Tables: 3GPP TS 23.038 version 18.0.0 (2024-05), section 6.2.1, the default alphabet and its
extension; lengths: TS 23.040, sections 9.2.3.16 and 9.2.3.24.1. Networks that shift to a national
table are not counted on. The packages that count the same have one author and no releases for
years, or guess at where a part ends; hence code of our own.
"""

from collections.abc import Iterator
from enum import StrEnum, unique

from attrs import frozen

# Without the escape (0x1B), which stands for no character of its own.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")


@unique
class SmsEncoding(StrEnum):
    """How a text message is written."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@frozen(kw_only=True)
class SmsLength:
    """The length of a text, sent as a text message."""

    encoding: SmsEncoding
    units: int
    """Septets of GSM-7, or units of 16 bits of UCS-2, without the parts' headers."""
    parts: int
    """How many messages it takes; a network bills each. An empty text takes one."""
    left: int
    """Units that the last of its parts has room for; one more opens a new part."""


_WHOLE = {SmsEncoding.GSM_7: 160, SmsEncoding.UCS_2: 70}
_PART = {SmsEncoding.GSM_7: 153, SmsEncoding.UCS_2: 67}


def sms_parts(text: str) -> SmsLength:
    """Count what a text costs as a text message.

    Characters are counted as they stand: "é" is one septet, and "e" with a combining accent is two
    units of UCS-2. Any text is counted, however long; networks put together 255 parts at most.
    """
    encoding = SmsEncoding.GSM_7
    if not _BASIC.union(_EXTENSION).issuperset(text):
        encoding = SmsEncoding.UCS_2
    units = sum(_costs(text, encoding))
    if units <= _WHOLE[encoding]:
        return SmsLength(encoding=encoding, units=units, parts=1, left=_WHOLE[encoding] - units)
    parts, left = 0, 0
    for cost in _costs(text, encoding):
        if cost > left:
            parts, left = parts + 1, _PART[encoding]
        left -= cost
    return SmsLength(encoding=encoding, units=units, parts=parts, left=left)


def _costs(text: str, encoding: SmsEncoding) -> Iterator[int]:
    """What each character costs, in units."""
    if encoding is SmsEncoding.GSM_7:
        return (2 if character in _EXTENSION else 1 for character in text)
    return (2 if character > "\uffff" else 1 for character in text)
