"""What an e-mail and a text message say of an appointment, in both languages."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from omnibook.clinic import Clinic, Mode, Text
from omnibook.contacts import ContactSystem
from omnibook.errors import InvalidValue
from omnibook.messages import render_notice
from omnibook.records import (
    VISITOR,
    Actor,
    Appointment,
    AppointmentStatus,
    Cancellation,
    NoticeKind,
)
from support.samples_messages import (
    LINK,
    PHONE,
    a_clinic,
    a_notice,
    a_service,
    an_appointment,
    spaced,
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
    system: ContactSystem = ContactSystem.EMAIL,
    clinic: Clinic | None = None,
    appointment: Appointment = APPOINTMENT,
) -> tuple[str, str]:
    subject, body = render_notice(
        notice=a_notice(kind),
        appointment=appointment,
        clinic=clinic or a_clinic(),
        language=language,
        link=link,
        system=system,
    )
    return spaced(subject), spaced(body)


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
        "Si ce rendez-vous ne vous convient plus, "
        "annulez-le ici pour laisser la place à une autre personne :\n"
        f"{LINK}\n"
        "Ouvrir la page n’annule rien : vous pourrez d’abord vérifier le rendez-vous.\n\n"
        "L’annulation en ligne est possible jusqu’à 2 heures avant le rendez-vous. "
        "Ensuite, téléphonez-nous.\n\n"
        "Clinique des Érables\n"
        "Téléphone : 514 555-0100\n"
    )


def test_a_reminder_by_text_message_is_short_and_asks_to_confirm() -> None:
    """R43, R44."""
    _, body = render_notice(
        notice=a_notice(NoticeKind.REMINDER),
        appointment=APPOINTMENT,
        clinic=a_clinic(name=Text("Clinique de l’Érable", "Maple Clinic")),
        language="fr",
        link=LINK,
        system=ContactSystem.PHONE,
    )

    assert body == (
        "Clinique de l'Érable : rappel de rendez-vous.\n"
        "mardi 3 mars 2026 à 13 h 30\n"
        "Suivi\n"
        "12, rue des Érables, bureau 3\n"
        f"Pour confirmer, téléphonez-nous. Pour annuler : {LINK}\n"
        "Tél. : 514 555-0100"
    )


@pytest.mark.parametrize("system", ContactSystem)
@pytest.mark.parametrize("kind", [NoticeKind.BOOKING, NoticeKind.REMINDER])
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
        "La clinique a dû annuler votre rendez-vous. Nous en sommes désolés.\n\n"
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
