"""What an e-mail and a text message say of an appointment, in both languages."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from omnibook.clinic import Clinic, Mode, Text
from omnibook.contacts import ContactSystem
from omnibook.errors import InvalidValue
from omnibook.messages import render_notice
from omnibook.messages.plain_text import for_text_message
from omnibook.records import (
    SYSTEM,
    VISITOR,
    Actor,
    Appointment,
    AppointmentStatus,
    Cancellation,
    NoticeKind,
)
from omnibook.text_messages import SmsEncoding, sms_parts
from support.samples_messages import (
    LINK,
    PHONE,
    a_clinic,
    a_move,
    a_notice,
    a_service,
    a_slot,
    an_appointment,
    spaced,
    the_presence,
)

APPOINTMENT = an_appointment()
CANCELLATION = Cancellation(at=datetime(2026, 2, 21, tzinfo=UTC), by=VISITOR, reason="voyage")
CANCELLED = attrs.evolve(APPOINTMENT, status=AppointmentStatus.CANCELLED, cancellation=CANCELLATION)
CANCELLED_BY_CLINIC = attrs.evolve(
    CANCELLED, cancellation=attrs.evolve(CANCELLATION, by=Actor.staff("s-12"))
)


def a_message(
    kind: NoticeKind,
    language: str,
    *,
    link: str | None = LINK,
    changeable: bool = True,
    system: ContactSystem = ContactSystem.EMAIL,
    clinic: Clinic | None = None,
    appointment: Appointment = APPOINTMENT,
) -> tuple[str, str]:
    text = render_notice(
        notice=a_notice(kind),
        appointment=appointment,
        clinic=clinic or a_clinic(),
        language=language,
        link=link,
        changeable=changeable,
        system=system,
    )
    return spaced(text.subject), spaced(text.plain)


def test_a_booking_notice_by_e_mail() -> None:
    """R42, R49."""
    subject, body = a_message(NoticeKind.BOOKING, "fr")

    assert subject == "Clinique des Érables : rendez-vous confirmé, mardi 3 mars 2026 à 13 h 30"
    assert body == (
        "Bonjour,\n\n"
        "Votre rendez-vous est confirmé.\n\n"
        "Service : Suivi\n"
        "Date : mardi 3 mars 2026\n"
        "Heure : 13 h 30\n"
        "Lieu : 12, rue des Érables, bureau 3\n\n"
        "Si ce rendez-vous ne vous convient plus, vous pouvez le déplacer ou l’annuler, "
        "et laisser ainsi la place à une autre personne :\n"
        f"{LINK}\n\n"
        "Ouvrir la page ne change rien : vous pourrez d’abord vérifier le rendez-vous.\n\n"
        "Déplacer ou annuler en ligne est possible jusqu’à 2 heures avant le rendez-vous. "
        "Ensuite, téléphonez-nous.\n\n"
        "Clinique des Érables\n"
        "Téléphone : 514 555-0100\n"
    )


def test_a_reminder_by_text_message_is_short_and_asks_to_confirm() -> None:
    """R43, R44."""
    text = render_notice(
        notice=a_notice(NoticeKind.REMINDER),
        appointment=APPOINTMENT,
        clinic=a_clinic(name=Text("Clinique de l’Érable", "Maple Clinic")),
        language="fr",
        link=LINK,
        system=ContactSystem.PHONE,
    )

    assert text.html == ""
    assert text.plain == (
        "Clinique de l'Érable : rappel de rendez-vous.\n"
        "mardi 3 mars 2026 à 13 h 30\n"
        "Suivi\n"
        "12, rue des Érables, bureau 3\n"
        f"Confirmer, déplacer ou annuler : {LINK}\n"
        "Tél. : 514 555-0100"
    )


@pytest.mark.parametrize("system", ContactSystem)
@pytest.mark.parametrize("kind", [NoticeKind.BOOKING, NoticeKind.CHANGE, NoticeKind.REMINDER])
def test_without_a_link_a_notice_asks_to_phone(kind: NoticeKind, system: ContactSystem) -> None:
    """R44."""
    _, body = a_message(kind, "en", link=None, system=system)

    assert "phone us" in body
    assert PHONE in body
    assert "page" not in body


def test_without_a_cutoff_an_e_mail_says_nothing_of_one() -> None:
    """R47."""
    _, body = a_message(NoticeKind.BOOKING, "en", clinic=a_clinic(cancel_cutoff=timedelta()))

    assert "until" not in body


# Moving -----------------------------------------------------------------------------------------


MOVED = attrs.evolve(APPOINTMENT, revision=1, last_move=a_move())
MOVED_BY_CLINIC = attrs.evolve(MOVED, last_move=a_move(Actor.staff("s-12")))
MOVED_BY_A_JOB = attrs.evolve(MOVED, last_move=a_move(SYSTEM))


@pytest.mark.parametrize("system", ContactSystem)
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("appointment", [MOVED, MOVED_BY_CLINIC, APPOINTMENT])
def test_a_change_tells_the_new_time_and_never_the_old_one(
    appointment: Appointment, language: str, system: ContactSystem
) -> None:
    """R46, R49."""
    subject, body = a_message(NoticeKind.CHANGE, language, system=system, appointment=appointment)

    for old in ("lundi", "Monday", "23", "9 h 45", "9:45", "old-room", "s-12"):
        assert old not in subject + body
    for new in ("13 h 30", "3 mars") if language == "fr" else ("1:30 p.m.", "March 3"):
        assert new in subject
        assert new in body
    assert ("déplacé" if language == "fr" else "moved") in subject + body
    assert LINK in body


def test_a_change_by_e_mail() -> None:
    """R46: who moved it shows in the words."""
    subject, body = a_message(NoticeKind.CHANGE, "fr", appointment=MOVED)
    by_clinic, told = a_message(NoticeKind.CHANGE, "fr", appointment=MOVED_BY_CLINIC)

    assert subject == "Clinique des Érables : rendez-vous déplacé, mardi 3 mars 2026 à 13 h 30"
    assert "Votre rendez-vous est déplacé. Voici ce qui est maintenant prévu.\n\nService" in body
    assert "déplacé par la clinique" in by_clinic
    assert "La clinique a déplacé votre rendez-vous. Voici" in told
    assert a_message(NoticeKind.CHANGE, "fr", appointment=APPOINTMENT) == (subject, body)


def test_what_the_clinic_s_own_software_changed_the_clinic_changed() -> None:
    """R46: a job that runs by night is no patient."""
    assert a_message(NoticeKind.CHANGE, "en", appointment=MOVED_BY_A_JOB) == a_message(
        NoticeKind.CHANGE, "en", appointment=MOVED_BY_CLINIC
    )
    by_a_job = attrs.evolve(CANCELLED, cancellation=attrs.evolve(CANCELLATION, by=SYSTEM))
    assert a_message(NoticeKind.CANCELLATION, "en", appointment=by_a_job) == a_message(
        NoticeKind.CANCELLATION, "en", appointment=CANCELLED_BY_CLINIC
    )


def test_who_moved_it_shows_in_the_change_only() -> None:
    for kind in (NoticeKind.BOOKING, NoticeKind.REMINDER):
        assert a_message(kind, "fr", appointment=MOVED_BY_CLINIC) == a_message(kind, "fr")
    moved_then_cancelled = attrs.evolve(CANCELLED, last_move=a_move(Actor.staff("s-12")))
    assert a_message(NoticeKind.CANCELLATION, "fr", appointment=moved_then_cancelled) == a_message(
        NoticeKind.CANCELLATION, "fr", appointment=CANCELLED
    )


# Presence ---------------------------------------------------------------------------------------

CONFIRMED = attrs.evolve(APPOINTMENT, presence=the_presence())


@pytest.mark.parametrize("system", ContactSystem)
def test_a_reminder_asks_to_confirm_by_the_link(system: ContactSystem) -> None:
    """R43, R44."""
    _, body = a_message(NoticeKind.REMINDER, "en", system=system)

    assert "onfirm" in body
    assert "cancel" in body
    assert LINK in body
    assert "already" not in body


@pytest.mark.parametrize("system", ContactSystem)
def test_once_presence_is_confirmed_a_reminder_only_reminds(system: ContactSystem) -> None:
    """R43: nobody is asked twice; the link still moves and cancels."""
    _, body = a_message(NoticeKind.REMINDER, "fr", system=system, appointment=CONFIRMED)

    assert "confirmée. Merci!" in body
    assert "Pouvez-vous" not in body
    assert "Confirmer" not in body
    assert "éplacer ou" in body
    assert LINK in body


@pytest.mark.parametrize("system", ContactSystem)
def test_past_the_cutoff_presence_can_still_be_confirmed(system: ContactSystem) -> None:
    """R44, R47: the link is for what is still possible, and for the rest the clinic is phoned."""
    _, body = a_message(NoticeKind.REMINDER, "en", system=system, changeable=False)

    assert "onfirm" in body
    assert LINK in body
    assert "ancel" in body
    assert "phone us" in body
    assert "ove or cancel: " not in body
    assert "until" not in body


@pytest.mark.parametrize("system", ContactSystem)
@pytest.mark.parametrize(
    ("kind", "appointment"),
    [
        (NoticeKind.BOOKING, APPOINTMENT),
        (NoticeKind.CHANGE, MOVED),
        (NoticeKind.REMINDER, CONFIRMED),
    ],
)
def test_where_nothing_is_left_to_do_with_a_link_none_is_given(
    kind: NoticeKind, appointment: Appointment, system: ContactSystem
) -> None:
    """R44, R47."""
    late = a_message(kind, "fr", system=system, appointment=appointment, changeable=False)
    without = a_message(kind, "fr", system=system, appointment=appointment, link=None)

    assert LINK not in late[1]
    assert "téléphonez-nous" in late[1]
    assert late == without


@pytest.mark.parametrize("kind", [NoticeKind.BOOKING, NoticeKind.CHANGE, NoticeKind.CANCELLATION])
@pytest.mark.parametrize("system", ContactSystem)
def test_only_a_reminder_speaks_of_presence(kind: NoticeKind, system: ContactSystem) -> None:
    """R43."""
    confirmed = attrs.evolve(CANCELLED, presence=the_presence())

    assert a_message(kind, "fr", system=system, appointment=confirmed) == a_message(
        kind, "fr", system=system, appointment=CANCELLED
    )


def test_an_empty_link_is_none() -> None:
    assert a_message(NoticeKind.REMINDER, "fr", link=" \n") == a_message(
        NoticeKind.REMINDER, "fr", link=None
    )


# Cancelling -------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", ContactSystem)
@pytest.mark.parametrize("appointment", [CANCELLED, APPOINTMENT])
def test_a_cancellation_says_so_and_has_no_link(
    appointment: Appointment, system: ContactSystem
) -> None:
    """R46; the patient's own, and what is no longer known to be anybody's."""
    subject, body = a_message(NoticeKind.CANCELLATION, "en", system=system, appointment=appointment)

    assert subject == "Maples Clinic: appointment cancelled, Tuesday, March 3, 2026 at 1:30 p.m."
    assert "cancelled" in body
    assert "sorry" not in body
    assert LINK not in body


def test_the_clinic_says_sorry_for_what_it_cancelled() -> None:
    """R46, R47: who cancelled shows, why does not."""
    subject, body = a_message(NoticeKind.CANCELLATION, "fr", appointment=CANCELLED_BY_CLINIC)

    assert subject == (
        "Clinique des Érables : rendez-vous annulé par la clinique, mardi 3 mars 2026 à 13 h 30"
    )
    assert body == (
        "Bonjour,\n\n"
        "La clinique a dû annuler votre rendez-vous. Veuillez nous en excuser.\n\n"
        "Service : Suivi\n"
        "Date : mardi 3 mars 2026\n"
        "Heure : 13 h 30\n"
        "Lieu : 12, rue des Érables, bureau 3\n\n"
        "Pour prendre un autre rendez-vous, téléphonez-nous au 514 555-0100 "
        "ou retournez à la réservation en ligne.\n\n"
        "Clinique des Érables\n"
        "Téléphone : 514 555-0100\n"
    )


def test_the_clinic_says_sorry_by_text_message_too() -> None:
    """R46."""
    _, body = a_message(
        NoticeKind.CANCELLATION,
        "en",
        system=ContactSystem.PHONE,
        appointment=CANCELLED_BY_CLINIC,
    )

    assert body.startswith("Maples Clinic: we had to cancel your appointment. We are sorry.\n")
    assert "To book another one, phone us." in body


def test_what_the_clinic_cancelled_is_booked_and_reminded_of_as_ever() -> None:
    """Only the cancellation's own notice has other words."""
    for kind in (NoticeKind.BOOKING, NoticeKind.REMINDER):
        assert a_message(kind, "fr", appointment=CANCELLED_BY_CLINIC) == a_message(kind, "fr")


@pytest.mark.parametrize(
    ("mode", "place"), [(Mode.PHONE, "Place: by phone"), (Mode.VIDEO, "Place: by video")]
)
def test_nobody_is_sent_to_an_address_for_a_call(mode: Mode, place: str) -> None:
    """R17."""
    _, body = a_message(NoticeKind.REMINDER, "en", clinic=a_clinic(service=a_service(mode=mode)))

    assert place in body
    assert "Street" not in body


@pytest.mark.parametrize("system", ContactSystem)
def test_a_service_that_is_gone_is_called_an_appointment(system: ContactSystem) -> None:
    _, body = a_message(NoticeKind.REMINDER, "en", system=system, clinic=a_clinic(emptied=True))

    assert "Appointment" in body
    assert "Place" not in body


def test_a_notice_of_another_appointment_is_refused() -> None:
    with pytest.raises(InvalidValue, match="another appointment"):
        render_notice(
            notice=a_notice(NoticeKind.BOOKING, "appointment-2"),
            appointment=APPOINTMENT,
            clinic=a_clinic(),
            language="fr",
            link=None,
        )


# Text messages ----------------------------------------------------------------------------------

LONG_LINK = "https://rendezvous.clinique.example.org/a/k7xq3v9x7m2p5t8w1y"
APPOINTMENTS = {
    NoticeKind.BOOKING: (APPOINTMENT,),
    NoticeKind.CHANGE: (MOVED, MOVED_BY_CLINIC),
    NoticeKind.CANCELLATION: (CANCELLED, CANCELLED_BY_CLINIC),
    NoticeKind.REMINDER: (APPOINTMENT, CONFIRMED),
}


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("link", [LONG_LINK, None])
@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("changeable", [True, False])
@pytest.mark.parametrize("month", range(1, 13))
def test_a_text_message_fits_in_two_parts(
    kind: NoticeKind, link: str | None, language: str, changeable: bool, month: int
) -> None:
    """Also with a link of 60 characters, in August, with accents that the alphabet lacks."""
    clinic = a_clinic(
        name=Text("Clinique familiale de l’Île-aux-Œufs", "Île-aux-Œufs Family Clinic"),
        place=Text("2e étage, bureau 204 (côté forêt)", "2nd floor, office 204 (forest side)"),
    )
    slot = a_slot(datetime(2026, month, 28, 4, 35, tzinfo=UTC))
    assert link is None or len(link) == 60
    for appointment in APPOINTMENTS[kind]:
        text = render_notice(
            notice=a_notice(kind),
            appointment=attrs.evolve(appointment, slot=slot),
            clinic=clinic,
            language=language,
            link=link,
            changeable=changeable,
            system=ContactSystem.PHONE,
        )
        length = sms_parts(text.plain)

        assert length.encoding is SmsEncoding.GSM_7
        assert length.parts <= 2


def test_an_address_is_never_rewritten_to_be_cheap() -> None:
    """It would open another page."""
    link = "https://clinic.example.org/a/été–œuf"
    _, body = a_message(NoticeKind.REMINDER, "fr", link=link, system=ContactSystem.PHONE)

    assert f"annuler : {link}\n" in body


def test_a_letter_without_a_cheap_neighbour_stays() -> None:
    assert for_text_message("Étage : août, çà et là, ñ, ł, Ж, 日, 😀") == (
        "Étage : aout, cà et là, ñ, ł, Ж, 日, 😀"
    )


def test_what_a_notice_says_is_not_in_its_repr() -> None:
    """R50's spirit: a log line of it tells nothing."""
    text = render_notice(
        notice=a_notice(NoticeKind.BOOKING),
        appointment=APPOINTMENT,
        clinic=a_clinic(),
        language="fr",
        link=LINK,
    )

    assert repr(text) == "NoticeText()"
