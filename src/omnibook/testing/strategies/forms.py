"""What is typed into an identity form: good forms, and what nobody should send."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from hypothesis import strategies as st

from omnibook.identity import EntryRules, IdentityForm

TODAY = date(2026, 11, 23)
RULES = EntryRules(region="CA", issuer="CA-QC", self_minimum_age=14)

BASE = IdentityForm(
    first_name="Marie",
    last_name="Tremblay",
    birth_date="2004-12-19",
    gender="female",
    cell_phone="514 555-0123",
    email="marie@example.org",
    health_number="TREM 0462 1918",
)
"""A form without a problem; its patient is of age."""

LOOK_ALIKES = (
    "ＴＲＥＭ０４６２１９１８",  # width only: NFKC makes it plain
    "ТRЕМ04621918",  # Cyrillic
    "２００４-１２-１９",
    "٢٠٠٤-١٢-١٩",
    "2004\u201112\u201119",
    "fеmale",
    "ſelf",
    "marie@exаmple.org",
    "514\u202e 555-0123",
    "\u200b",
    "\ufeff \u00ad",
)


def _repeated(character: str) -> str:
    return character * 10_000


@cache
def texts() -> st.SearchStrategy[str]:
    """Texts that nobody should send: any character, lone surrogates too, up to 10,000 of them."""
    characters = st.characters(exclude_categories=())
    return st.one_of(
        st.text(characters, max_size=30),
        st.sampled_from(LOOK_ALIKES),
        st.builds(_repeated, characters),
        st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True),
        st.text("0123456789+-(). \t\n\x00\x7f\ud800", max_size=40),
    )


@cache
def anything() -> st.SearchStrategy[object]:
    """A value of any type."""
    leaves: st.SearchStrategy[object] = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.complex_numbers(),
        st.binary(max_size=20),
        st.dates(),
        st.datetimes(timezones=st.none() | st.just(UTC)),
        st.times(),
        st.uuids(),
        st.sampled_from((object(), Decimal("NaN"), ..., NotImplemented, str, ValueError("x"))),
        texts(),
    )
    return leaves | st.lists(leaves, max_size=3) | st.dictionaries(st.just("value"), leaves)


BAD: Mapping[str, tuple[object, ...]] = MappingProxyType(
    {
        "first_name": (None, " ", "a\x00b", "x" * 101, "?!", 7, "\ud800"),
        "last_name": ("", "Trem\nblay", "x" * 10_000, "-", [], "\u200b"),
        "birth_date": (
            *(None, "", "19/12/2004", "20041219", "2004-W09-4", "2023-02-29", "0000-01-01"),
            *("2026-11-24", "1896-11-22", "２００４-12-19", "2004-12-19\x00", 20041219),
            *(datetime(2004, 12, 19, tzinfo=UTC), date(2026, 11, 24), "1" * 10_000),
        ),
        "gender": (None, "", "Female", "f", "ſemale", "male\x00", 1, "x" * 10_000),
        "cell_phone": ("12", "514 555-0123 poste 45", "1 800 555-0199", 5145550123, "x" * 10_000),
        "email": ("marie", "marie@", "a@b\x00.org", b"marie@example.org", "x" * 10_000),
        "health_number": ("TREM 0462 1919", "\u0422REM04621918", 4, "TREM\x000462 1918", "1" * 99),
        "acting_for": ("me", "Self", 3, "self\x00", "x" * 10_000),
    }
)
"""For each field, what alone makes a problem."""
