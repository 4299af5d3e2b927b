"""Health numbers of the provinces and territories besides Québec (R4, R11).

Ontario and British Columbia have a check digit that is public; for the others none was found, so
that their numbers are judged by their form only. Groups are set for reading; where a card is known
to have some, as on it.

Ontario's card carries a version code of up to two letters, which changes with every card and is
no part of the identity: it is kept apart, and two numbers that differ in it are equal.

Sources, read in 2026: Ontario, Luhn's check over ten digits, as several open validators agree;
British Columbia, bcgov/healthgateway and INSPQ; Northwest Territories, Ontario Health Insurance
INFOBulletin 220902 (numbers begin with H since 2022, so that the letter is left open); Nunavut,
Ontario Health Insurance Bulletin 4334; the others, INSPQ (Institut national de santé publique du
Québec). FHIR systems: HL7 Canada baseline.
"""

import re
from collections.abc import Callable, Sequence

from omnibook.health_issuers import CheckLevel, Issuer

_SYSTEM = "https://fhir.infoway-inforoute.ca/NamingSystem/ca-{}-patient-healthcare-id"


def _shaped(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)  # always [0-9]: \d also takes the digits of other scripts
    return lambda number: compiled.fullmatch(number) is not None


def _grouped(*sizes: int, by: str = " ") -> Callable[[str], str]:
    """Groups of these sizes; what a longer number has more stays with the last one."""
    edges = [sum(sizes[:count]) for count in range(len(sizes))]

    def group(number: str) -> str:
        ends: Sequence[int | None] = [*edges[1:], None]
        parts = (number[start:end] for start, end in zip(edges, ends, strict=True))
        return by.join(part for part in parts if part)

    return group


# ----------------------------------------------------------------------------------------------
# Ontario: ten digits under Luhn's check, then a version code of up to two letters.

_ONTARIO = re.compile(r"[1-9][0-9]{9}")
_ONTARIO_WITH_VERSION = re.compile(r"([0-9]{10})([A-Z]{1,2})")


def _ontario_split(text: str) -> tuple[str, str | None]:
    match = _ONTARIO_WITH_VERSION.fullmatch(text)
    return (text, None) if match is None else (match[1], match[2])


def _ontario_validate(number: str) -> bool:
    return _ONTARIO.fullmatch(number) is not None and _luhn_holds(number)


def _luhn_holds(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


ONTARIO = Issuer(
    code="CA-ON",
    name="Ontario Health Insurance Plan (OHIP)",
    system="https://fhir.infoway-inforoute.ca/NamingSystem/ca-on-patient-hcn",
    level=CheckLevel.CHECK_DIGIT,
    validate=_ontario_validate,
    format=_grouped(4, 3, 3),
    split=_ontario_split,
)
"""Ontario: ten digits, shown ``1234 567 020``, and a version code of up to two letters beside."""


# ----------------------------------------------------------------------------------------------
# British Columbia: ten digits, the first a 9; the last is the check digit.

_BRITISH_COLUMBIA = re.compile(r"9[0-9]{9}")
_BRITISH_COLUMBIA_WEIGHTS = (2, 4, 8, 5, 10, 9, 7, 3)


def _british_columbia_validate(number: str) -> bool:
    if _BRITISH_COLUMBIA.fullmatch(number) is None:
        return False
    weighted = zip(_BRITISH_COLUMBIA_WEIGHTS, number[1:9], strict=True)
    # 10 and 11 are never issued, and equal no digit.
    return 11 - sum(weight * int(digit) for weight, digit in weighted) % 11 == int(number[9])


BRITISH_COLUMBIA = Issuer(
    code="CA-BC",
    name="British Columbia Personal Health Number (PHN)",
    system=_SYSTEM.format("bc"),
    level=CheckLevel.CHECK_DIGIT,
    validate=_british_columbia_validate,
    format=_grouped(4, 3, 3),
)
"""British Columbia: ten digits, shown ``9735 353 315``."""


# ----------------------------------------------------------------------------------------------
# No check digit is published for these.


def _formal(code: str, name: str, pattern: str, groups: Callable[[str], str]) -> Issuer:
    return Issuer(
        code=f"CA-{code}",
        name=name,
        system=_SYSTEM.format(code.lower()),
        level=CheckLevel.FORMAT,
        validate=_shaped(pattern),
        format=groups,
    )


ALBERTA = _formal("AB", "Alberta Health", r"[1-9][0-9]{8}", _grouped(5, 4, by="-"))
"""Alberta: nine digits, the first not 0, shown ``12345-6789``."""
SASKATCHEWAN = _formal("SK", "Saskatchewan Health", r"[0-9]{9}", _grouped(3, 3, 3))
"""Saskatchewan: nine digits."""
MANITOBA = _formal("MB", "Manitoba Health", r"[0-9]{9}", _grouped(3, 3, 3))
"""Manitoba: nine digits, the personal one (PHIN)."""
NEW_BRUNSWICK = _formal("NB", "New Brunswick Medicare", r"[0-9]{9}", _grouped(3, 3, 3))
"""New Brunswick: nine digits."""
NOVA_SCOTIA = _formal(
    "NS", "Nova Scotia Medical Services Insurance (MSI)", r"[0-9]{10}", _grouped(4, 3, 3)
)
"""Nova Scotia: ten digits."""
PRINCE_EDWARD_ISLAND = _formal("PE", "Health PEI", r"[0-9]{8,9}", _grouped(4, 4))
"""Prince Edward Island: eight digits; nine are accepted."""
NEWFOUNDLAND_AND_LABRADOR = _formal(
    "NL", "Newfoundland and Labrador Medical Care Plan (MCP)", r"[0-9]{12}", _grouped(3, 3, 3, 3)
)
"""Newfoundland and Labrador: twelve digits."""
YUKON = _formal("YT", "Yukon Health Care Insurance Plan", r"[0-9]{9}", _grouped(3, 3, 3))
"""Yukon: nine digits."""
NORTHWEST_TERRITORIES = _formal(
    "NT", "Northwest Territories Health Care Plan", r"[A-Z][0-9]{7}", _grouped(1, 7)
)
"""Northwest Territories: a letter and seven digits."""
NUNAVUT = _formal("NU", "Nunavut Health Care Plan", r"1[0-9]{8}", _grouped(3, 3, 3))
"""Nunavut: nine digits, the first a 1."""

BESIDES_QUEBEC = (
    ONTARIO,
    BRITISH_COLUMBIA,
    ALBERTA,
    SASKATCHEWAN,
    MANITOBA,
    NEW_BRUNSWICK,
    NOVA_SCOTIA,
    PRINCE_EDWARD_ISLAND,
    NEWFOUNDLAND_AND_LABRADOR,
    YUKON,
    NORTHWEST_TERRITORIES,
    NUNAVUT,
)
"""The issuers of this module."""
