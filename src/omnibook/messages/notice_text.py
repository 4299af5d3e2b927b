"""The text of a notice: what an e-mail or a text message says (R42–R44, R46, R49).

A notice holds R49's list and nothing else: date, time, place, the service's discreet label, the
clinic's name and phone, an opaque link. Of an appointment only the slot is read: no reason for the
visit, no details, no name, no health number, no contact, not even the reference number. The subject
shows on locked screens, so it leaves out the label too.

A link opens a page and changes nothing by itself (R44); the e-mail says so. Who cancelled shows in
the words: the clinic says sorry for what it cancelled, and not for what the patient did (R46).
"""

from datetime import timedelta

from omnibook.clinic import Clinic
from omnibook.contacts import ContactSystem
from omnibook.errors import InvalidValue
from omnibook.messages.catalogue import sentence
from omnibook.messages.moments import format_day, format_duration, format_start, format_time
from omnibook.messages.places import label_of, place_of
from omnibook.messages.plain_text import for_text_message, one_line
from omnibook.records import ActorKind, Appointment, Notice, NoticeKind


def render_notice(
    *,
    notice: Notice,
    appointment: Appointment,
    clinic: Clinic,
    language: str,
    link: str | None,
    system: ContactSystem = ContactSystem.EMAIL,
) -> tuple[str, str]:
    """The subject and the body of a notice, of plain text.

    Args:
        notice: tells the kind: booking, cancellation or reminder.
        appointment: the notice's own; times are shown in the clinic's zone.
        clinic: where names, places and labels come from; what a service or a schedule that it no
            longer has would have said is left out or said in general words.
        language: ``"fr"`` or ``"en"``; any other reads as French.
        link: the opaque address to cancel at; None where there is none, or when it is too late to
            cancel online (R47): the text then asks to phone. A cancellation's text has no use for
            one.
        system: an e-mail is written out; a text message is short, and keeps to characters that
            cost least. The subject is the same for both: a text-message gateway has no use for it.

    Raises :class:`InvalidValue` when the notice is another appointment's.
    """
    if notice.appointment_id != appointment.appointment_id:
        raise InvalidValue("the notice is of another appointment; give the notice's own")
    news = _news(notice, appointment)
    subject = sentence(
        f"{news}.subject",
        language,
        clinic=one_line(clinic.name[language]),
        when=format_start(appointment.slot.start, clinic.zone, language),
    )
    form = "text" if system is ContactSystem.PHONE else "email"
    details = _details(appointment, clinic, language)
    if link is not None and notice.kind is not NoticeKind.CANCELLATION:
        details["link"] = one_line(link)
    codes = (
        f"{news}.{form}",
        f"notice.{form}.details" + ("" if details["place"] else ".no-place"),
        *_action_codes(notice.kind, form, clinic, has_link="link" in details),
        f"notice.{form}.closing",
    )
    blocks = (sentence(code, language, **details) for code in codes)
    if form == "text":
        return subject, for_text_message("\n".join(blocks))
    return subject, "\n\n".join(blocks) + "\n"


def _news(notice: Notice, appointment: Appointment) -> str:
    """What the notice tells, as the beginning of its codes."""
    cancelled = appointment.cancellation
    if (
        notice.kind is NoticeKind.CANCELLATION
        and cancelled is not None
        and cancelled.by.kind is ActorKind.STAFF
    ):
        return "notice.cancellation.by-clinic"
    return f"notice.{notice.kind}"


def _details(appointment: Appointment, clinic: Clinic, language: str) -> dict[str, str]:
    start = appointment.slot.start
    return {
        "clinic": one_line(clinic.name[language]),
        "phone": one_line(clinic.phone),
        "label": label_of(appointment.slot, clinic, language),
        "place": place_of(appointment.slot, clinic, language),
        "day": format_day(start, clinic.zone, language),
        "time": format_time(start, clinic.zone, language),
        "when": format_start(start, clinic.zone, language),
        "cutoff": format_duration(clinic.policies.cancel_cutoff, language),
    }


def _action_codes(
    kind: NoticeKind, form: str, clinic: Clinic, *, has_link: bool
) -> tuple[str, ...]:
    """What the patient can do about it."""
    if not has_link:
        return (f"notice.{kind}.{form}.no-link",)
    action = f"notice.{kind}.{form}.link"
    if form == "text" or clinic.policies.cancel_cutoff <= timedelta():
        return (action,)
    return (action, "notice.email.cutoff")
