"""A clinic's own words: what is taken, what is refused, and where they are said."""

import pickle
import tomllib
from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibook import outcomes
from omnibook.clinic import Clinic
from omnibook.clinic_file import parse_clinic, read_clinic
from omnibook.contacts import ContactSystem
from omnibook.errors import ConfigurationError, InvalidValue
from omnibook.messages import (
    describe_flag,
    describe_outcome,
    describe_problem,
    describe_reason,
    describe_rules,
    format_start,
    render_notice,
    sentence,
)
from omnibook.own_texts import LONGEST_TEXT, OwnTexts, read_own_texts
from omnibook.problems import Problem, ProblemCode
from omnibook.records import FlagCode, NoticeKind
from omnibook.table_reader import TableReader
from omnibook.text_codes import TEXTS
from omnibook.time_rules import NoticeRule
from support.samples_messages import (
    MONTREAL,
    START,
    a_clinic,
    a_notice,
    an_appointment,
    spaced,
)
from support.samples_outcomes import a_linked_appointment, an_explained_time

SMALL = """
id = "small"
name = { fr = "Petite", en = "Small" }
phone = "514 555-0100"
zone = "America/Toronto"
activities = ["visit"]
terms = { document = "terms", version = "1" }

[[services]]
id = "visit"
activities = ["visit"]
name = { fr = "Visite", en = "Visit" }
description = { fr = "Une visite", en = "A visit" }
label = { fr = "Rendez-vous", en = "Appointment" }
minutes = 20

[[schedules]]
id = "room"
name = { fr = "Salle", en = "Room" }
place = { fr = "Ici", en = "Here" }
"""
LENGTH = "give a text of at most 1000 characters"
UNSEEN = "holds a control character, or one that is not seen"
RETYPE = "type it again instead of pasting it"
PLAIN = "a placeholder is a plain word in braces"
NO_BRACE = "write it as {phone}, and no other brace"
NUMBER = "has the wrong number of texts"
GREETING, TEXT = ".notice.greeting", ".notice.booking.text"


def clinic_of(texts: str) -> Clinic:
    return parse_clinic(f"{SMALL}\n{texts}")


def mistakes_of(texts: str) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        clinic_of(texts)
    return list(raised.value.mistakes)


def saying(**words: str) -> Clinic:
    """A clinic with words of its own in both languages; "__" stands for a dot, "_" for a dash."""
    own = {code.replace("__", ".").replace("_", "-"): text for code, text in words.items()}
    return attrs.evolve(a_clinic(), texts=OwnTexts(fr=own, en=own))


# What a file says -------------------------------------------------------------------------------


def test_a_clinic_s_file_gives_words_of_its_own() -> None:
    clinic = clinic_of(
        """
        [texts.fr]
        "notice.greeting" = "Bonjour à vous,"
        "notice.booking.email" = '''
        C’est noté.

        À bientôt.'''
        "desk.closed" = { one = "{start} {end} {count} resté", several = "{start} {end} {count}" }
        """.replace("        ", "")
    )

    assert clinic.texts.forms("notice.greeting", "fr") == ("Bonjour à vous,",)
    assert clinic.texts.forms("notice.greeting", "en") is None
    assert clinic.texts.forms("notice.booking.email", "fr") == ("C’est noté.\n\nÀ bientôt.",)
    assert len(clinic.texts.forms("desk.closed", "fr") or ()) == 2
    assert clinic.texts.forms("notice.greeting", "de") == ("Bonjour à vous,",)


def test_a_clinic_says_nothing_of_its_own_unless_asked_to() -> None:
    assert parse_clinic(SMALL).texts == OwnTexts()
    assert clinic_of("[texts]").texts == OwnTexts()


REFUSED = [
    (
        '"notice.bookin.text" = "x"',
        "",
        "no text has the code 'notice.bookin.text'",
        "did you mean 'notice.booking.text'?",
    ),
    ('"zzzz" = "x"', "", "no text has the code 'zzzz'", "use a code of omnibook.text_codes"),
    (
        'notice.greeting = "x"',
        "",
        "no text has the code 'notice'",
        'write the whole code in quotes: "notice.booking.text" = "…"',
    ),
    (
        '"notice.booking.text" = "Booked."',
        TEXT,
        "the placeholder clinic is missing",
        "say {clinic} somewhere",
    ),
    (
        '"notice.booking.text" = "{clinic} {reason}"',
        TEXT,
        "unknown placeholder 'reason'",
        "use only these: clinic",
    ),
    (
        '"notice.greeting" = "Hello {clinic}"',
        GREETING,
        "unknown placeholder 'clinic'",
        "use only these: none",
    ),
    ('"notice.booking.text" = "{clinic.__class__}"', TEXT, PLAIN, NO_BRACE),
    ('"notice.greeting" = "Hello {{you}}"', GREETING, PLAIN, NO_BRACE),
    (
        '"notice.greeting" = "Hello {"',
        GREETING,
        "a brace is not closed",
        "write placeholders such as {phone}",
    ),
    ('"notice.greeting" = " "', GREETING, "is blank", LENGTH),
    (f'"notice.greeting" = "{"x" * 1001}"', GREETING, "is too long", LENGTH),
    ('"notice.greeting" = 5', GREETING, "must be a text, not 5", LENGTH),
    ('"notice.greeting" = "Hello\\nyou"', GREETING, "has a line end", "write it on one line"),
    (
        '"notice.booking.subject" = "{clinic} {when}\\r\\nBcc: x@example.org"',
        ".notice.booking.subject",
        "has a line end",
        "write it on one line",
    ),
    ('"notice.greeting" = "Hello\\u0007"', GREETING, UNSEEN, RETYPE),
    ('"notice.greeting" = "Hel\\u202Elo"', GREETING, UNSEEN, RETYPE),
    ('"notice.greeting" = { one = "x", several = "y" }', GREETING, NUMBER, "give one text"),
    (
        '"custodian.purged" = { one = "{count}" }',
        ".custodian.purged",
        NUMBER,
        "give one text, or two: for one and for several",
    ),
    (
        '"custodian.purged" = { one = "{count}", several = "" }',
        ".custodian.purged",
        "is blank",
        LENGTH,
    ),
]


@pytest.mark.parametrize(("line", "where", "message", "remedy"), REFUSED)
def test_what_a_clinic_says_is_refused_when_it_is_read(
    line: str, where: str, message: str, remedy: str
) -> None:
    """A missing or unknown placeholder among others; R23, R49: no text says more than it may."""
    assert mistakes_of(f"[texts.en]\n{line}") == [f"texts.en{where}: {message}; {remedy}"]


def test_every_mistake_is_told_at_once() -> None:
    found = mistakes_of(
        """
        [texts.fr]
        "notice.booking.text" = "{when}"
        "no.such" = "x"
        [texts.en]
        "notice.greeting" = ""
        [texts.de]
        """
    )

    assert len(found) == 5
    assert "texts: unknown key 'de'" in "\n".join(found)


@pytest.mark.parametrize("given_texts", [5, [], "x", {"fr": 5}, {"en": {1: "x"}}])
def test_texts_that_are_no_tables_are_a_mistake(given_texts: object) -> None:
    clinic, mistakes = read_clinic({**tomllib.loads(SMALL), "texts": given_texts})

    assert clinic is None
    assert len(mistakes) == 1
    assert mistakes[0].path.startswith("texts")


@given(
    st.dictionaries(
        st.sampled_from(sorted(TEXTS)) | st.text(max_size=12),
        st.text(max_size=30) | st.integers() | st.none() | st.lists(st.text(max_size=3)),
        max_size=4,
    )
)
def test_no_table_of_texts_ends_in_a_traceback(table: dict[str, object]) -> None:
    mistakes: list[object] = []
    read = read_own_texts(TableReader({"fr": table}, "texts", mistakes))  # type: ignore[arg-type]

    assert (read is None) == bool(mistakes)


# Values -----------------------------------------------------------------------------------------


def test_the_same_is_refused_of_values() -> None:
    for code, text in (("no.such", "x"), ("notice.booking.text", "x"), ("notice.greeting", "")):
        with pytest.raises(InvalidValue):
            OwnTexts(fr={code: text})
    with pytest.raises(InvalidValue, match="must be a text"):
        OwnTexts(en={"notice.greeting": 5})  # type: ignore[dict-item]


@given(st.text(max_size=20))
def test_an_unknown_code_is_repeated_in_a_way_that_can_be_shown(code: str) -> None:
    with pytest.raises(InvalidValue) as raised:
        OwnTexts(fr={f"no.such.{code}": "x"})

    assert str(raised.value).isprintable() or "…" in str(raised.value)


def test_blanks_around_a_text_are_left_out() -> None:
    own = OwnTexts(fr={"notice.booking.subject": "\r\n {clinic} {when}\n"})

    assert own.forms("notice.booking.subject", "fr") == ("{clinic} {when}",)


def test_own_words_are_values() -> None:
    one, same = (OwnTexts(fr={"notice.greeting": "Allô,"}) for _ in range(2))

    assert one == same
    assert hash(one) == hash(same)
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 - written in this line
    assert hash(attrs.evolve(a_clinic(), texts=one)) is not None


def test_the_longest_text_is_taken() -> None:
    own = OwnTexts(en={"notice.greeting": "x" * LONGEST_TEXT})

    assert own.forms("notice.greeting", "en") == ("x" * LONGEST_TEXT,)


# Where they are said ----------------------------------------------------------------------------


def test_an_outcome_is_told_in_the_clinic_s_words() -> None:
    """R14."""
    clinic = saying(not_online="Veuillez appeler au {phone}, svp.")

    assert describe_outcome(outcomes.NotOnline(), "fr", clinic) == (
        "Veuillez appeler au 514 555-0100, svp."
    )


def test_french_spaces_are_set_in_the_clinic_s_words_too() -> None:
    own = OwnTexts(fr={"notice.greeting": "« Bonjour » :"}, en={"notice.greeting": "Hi :"})

    assert sentence("notice.greeting", "fr", overrides=own) == ("«\u00a0Bonjour\u00a0»\u00a0:")
    assert sentence("notice.greeting", "en", overrides=own) == "Hi :"


def test_a_number_decides_between_the_clinic_s_words() -> None:
    own = OwnTexts(
        fr={"custodian.purged": ("{count} seul", "{count} en tout")},
        en={"custodian.purged": "{count} gone"},
    )

    assert sentence("custodian.purged", "fr", overrides=own, count=1) == "1 seul"
    assert sentence("custodian.purged", "fr", overrides=own, count=2) == "2 en tout"
    assert sentence("custodian.purged", "en", overrides=own, count=1) == "1 gone"


def test_problems_flags_and_reasons_are_told_in_the_clinic_s_words() -> None:
    clinic = saying(
        field__email="Courriel",
        entry__missing="Il manque {field}.",
        reminder__unreachable="Appelez.",
        time__closed="Fermé.",
    )

    problem = Problem(ProblemCode.MISSING, "email")
    assert describe_problem(problem, "fr", clinic) == "Il manque Courriel."
    assert spaced(describe_problem(problem, "fr")) == (
        "Le champ « Adresse courriel » est à remplir."
    )
    entry = outcomes.InvalidEntry((problem,))
    assert describe_outcome(entry, "fr", clinic).endswith("• Il manque Courriel.")
    assert describe_flag(FlagCode.REMINDER_UNREACHABLE, "fr", clinic) == "Appelez."
    assert describe_reason("time.closed", "fr", clinic) == "Fermé."
    assert describe_reason("own.reason", "fr", clinic) == "own.reason"


def test_rules_of_a_time_are_told_in_the_clinic_s_words() -> None:
    """R27."""
    clinic = saying(
        rule__notice__met__none="Venez quand vous voulez.",
        moment="{time}, {day}",
    )
    rule = NoticeRule(met=True, notice=timedelta(), earliest=START)
    explained = an_explained_time(rule)

    ((_, told),) = describe_rules(explained, "fr", clinic)
    assert told == "Venez quand vous voulez."
    assert spaced(format_start(START, MONTREAL, "fr", overrides=clinic.texts)) == (
        "13 h 30, mardi 3 mars 2026"
    )


def test_words_that_stand_in_other_sentences_are_the_clinic_s_too() -> None:
    clinic = saying(moment="{time}, {day}")

    assert "Date and time: 1:30 p.m., Tuesday, March 3, 2026" in spaced(
        describe_outcome(a_linked_appointment(), "en", clinic)
    )


@pytest.mark.parametrize("system", ContactSystem)
def test_a_notice_is_written_in_the_clinic_s_words(system: ContactSystem) -> None:
    """R49: whatever they are, they say what a notice says."""
    clinic = saying(
        notice__booking__subject="{clinic}, {when}",
        notice__booking__title="Noté <b>",
        notice__booking__email="Première ligne\nDeuxième\n\nAutre <paragraphe>",
        notice__booking__text="C’est noté: {clinic}",
        notice__row="{value} ({name})",
        notice__row__place="Où",
    )
    text = render_notice(
        notice=a_notice(NoticeKind.BOOKING),
        appointment=an_appointment(),
        clinic=clinic,
        language="fr",
        link=None,
        system=system,
    )

    assert spaced(text.subject) == "Clinique des Érables, mardi 3 mars 2026 à 13 h 30"
    if system is ContactSystem.PHONE:
        assert text.plain.startswith("C'est noté: Clinique des Érables\n")
        return
    assert "Première ligne\nDeuxième\n\nAutre <paragraphe>\n\nSuivi (Service)" in text.plain
    assert "12, rue des Érables, bureau 3 (Où)" in text.plain
    assert "Noté &lt;b&gt;</h1>" in text.html
    assert "Première ligne<br>\nDeuxième</p>" in text.html
    assert "Autre &lt;paragraphe&gt;</p>" in text.html
