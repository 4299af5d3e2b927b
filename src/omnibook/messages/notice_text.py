"""The text of a notice: what an e-mail or a text message says (R42–R44, R46, R47, R49).

A notice holds R49's list and nothing else: date, time, place, the service's discreet label, the
clinic's name and phone, an opaque link. Of an appointment only the slot is read, whether presence
is confirmed, and whether the clinic or the patient changed it last: no reason for the visit, no
details, no name, no health number, no contact, no former time, not even the reference number. The
subject shows on locked screens, so it leaves out the label too.

A link opens a page and changes nothing by itself (R44); the e-mail says so. It is given as long as
there is something left to do with it: past the cut-off it confirms presence, and for the rest the
text asks to phone. Who cancelled or moved shows in the words: the clinic says sorry for what it
cancelled, and not for what the patient did (R46).
"""

from collections.abc import Iterator
from datetime import timedelta

from attrs import field, frozen

from omnibook.clinic import Clinic
from omnibook.contacts import ContactSystem
from omnibook.errors import InvalidValue
from omnibook.messages.blocks import Block, Letter, LinkTo, Paragraph, Rows, as_plain
from omnibook.messages.catalogue import sentence
from omnibook.messages.html_mail import as_html
from omnibook.messages.moments import format_day, format_duration, format_start, format_time
from omnibook.messages.places import label_of, place_of
from omnibook.messages.plain_text import for_text_message, one_line
from omnibook.records import Actor, ActorKind, Appointment, Notice, NoticeKind


@frozen(kw_only=True)
class NoticeText:
    """What a message says; ``html`` says the same as ``plain``, and a text message has none."""

    subject: str = field(repr=False)
    plain: str = field(repr=False)
    html: str = field(default="", repr=False)


def render_notice(
    *,
    notice: Notice,
    appointment: Appointment,
    clinic: Clinic,
    language: str,
    link: str | None,
    changeable: bool = True,
    system: ContactSystem = ContactSystem.EMAIL,
) -> NoticeText:
    """The subject and the text of a notice, in the clinic's own words where it has any.

    Args:
        notice: tells the kind: booking, change, cancellation or reminder.
        appointment: the notice's own, as it now stands; times are shown in the clinic's zone.
        clinic: where names, places and labels come from; what a service or a schedule that it no
            longer has would have said is left out or said in general words.
        language: ``"fr"`` or ``"en"``; any other reads as French.
        link: the address of the page that shows the appointment, confirms presence, moves and
            cancels; None where there is none. Where nothing is left to do with it, the text leaves
            it out and asks to phone.
        changeable: whether the patient can still cancel or move online: false past the clinic's
            cut-off, when only presence can be confirmed (R44, R47).
        system: an e-mail is written out, as plain text and as HTML; a text message is short, and
            keeps to characters that cost least. The subject is the same for both: a text-message
            gateway has no use for it.

    Raises :class:`InvalidValue` when the notice is another appointment's.
    """
    if notice.appointment_id != appointment.appointment_id:
        raise InvalidValue("the notice is of another appointment; give the notice's own")
    writer = _Writer(
        notice=notice,
        appointment=appointment,
        clinic=clinic,
        language="en" if language == "en" else "fr",
        link=one_line(link or "") or None,
        changeable=changeable,
    )
    if system is ContactSystem.PHONE:
        return NoticeText(subject=writer.subject(), plain=writer.text_message())
    letter = writer.letter()
    html = as_html(letter, writer.say("notice.email.address"))
    return NoticeText(subject=letter.subject, plain=as_plain(letter), html=html)


@frozen(kw_only=True)
class _Writer:
    """One notice, and what it may say."""

    notice: Notice
    appointment: Appointment
    clinic: Clinic
    language: str
    link: str | None = field(repr=False)
    changeable: bool

    def say(self, code: str, **details: str) -> str:
        """A sentence in the clinic's words, with the clinic's phone at hand."""
        return sentence(
            code,
            self.language,
            overrides=self.clinic.texts,
            phone=one_line(self.clinic.phone),
            clinic=one_line(self.clinic.name[self.language]),
            **details,
        )

    @property
    def news(self) -> str:
        """What the notice tells, as the beginning of its codes."""
        kind, by = self.notice.kind, self._changed_by()
        told = f"notice.{kind}"
        return told if by is None or by.kind is ActorKind.VISITOR else f"{told}.by-clinic"

    def _changed_by(self) -> Actor | None:
        cancelled, moved = self.appointment.cancellation, self.appointment.last_move
        if self.notice.kind is NoticeKind.CANCELLATION and cancelled is not None:
            return cancelled.by
        if self.notice.kind is NoticeKind.CHANGE and moved is not None:
            return moved.by
        return None

    @property
    def asks(self) -> bool:
        """Whether it asks to confirm presence: a reminder does, until it is confirmed (R43)."""
        return self.notice.kind is NoticeKind.REMINDER and self.appointment.presence is None

    @property
    def is_confirmed(self) -> bool:
        """Whether it says that presence is confirmed: only what would have asked for it does."""
        return self.notice.kind is NoticeKind.REMINDER and self.appointment.presence is not None

    def subject(self) -> str:
        """On one line, whatever the clinic configured: it becomes a mail header."""
        return one_line(self.say(f"{self.news}.subject", when=self._when()))

    # E-mail ---------------------------------------------------------------------------------

    def letter(self) -> Letter:
        """The e-mail, before its form."""
        return Letter(
            language=self.language,
            subject=self.subject(),
            title=one_line(self.say(f"{self.news}.title")),
            blocks=(
                Paragraph(self.say("notice.greeting")),
                Paragraph(self.say(f"{self.news}.email")),
                Rows(tuple(self._rows())),
                *self._actions(),
                Paragraph(self._closing()),
            ),
        )

    def _closing(self) -> str:
        return (
            f"{one_line(self.clinic.name[self.language])}\n{self._row('phone', self.clinic.phone)}"
        )

    def _rows(self) -> Iterator[str]:
        slot, zone = self.appointment.slot, self.clinic.zone
        yield self._row("service", label_of(slot, self.clinic, self.language))
        yield self._row("date", format_day(slot.start, zone, self.language))
        yield self._row(
            "time", format_time(slot.start, zone, self.language, overrides=self.clinic.texts)
        )
        place = place_of(slot, self.clinic, self.language)
        if place:
            yield self._row("place", place)

    def _row(self, name: str, value: str) -> str:
        named = self.say(f"notice.row.{name}")
        return one_line(self.say("notice.row", name=named, value=one_line(value)))

    def _actions(self) -> Iterator[Block]:
        """What the patient can do about it."""
        if self.notice.kind is NoticeKind.CANCELLATION:
            yield Paragraph(self.say("notice.email.again"))
            return
        if self.is_confirmed:
            yield Paragraph(self.say("notice.email.confirmed"))
        what = "confirm" if self.asks else "change"
        if self.link is None or not (self.changeable or self.asks):
            yield Paragraph(self.say(f"notice.email.{what}.by-phone"))
            return
        intro = f"notice.email.{what}" if self.changeable else "notice.email.confirm.only"
        yield LinkTo(
            intro=self.say(intro), button=self.say(f"notice.button.{what}"), address=self.link
        )
        yield Paragraph(self.say("notice.email.page"))
        cutoff = self.clinic.policies.cancel_cutoff
        if not self.changeable:
            yield Paragraph(self.say("notice.email.too-late"))
        elif cutoff > timedelta():
            said = format_duration(cutoff, self.language)
            yield Paragraph(self.say("notice.email.cutoff", cutoff=said))

    # Text message ---------------------------------------------------------------------------

    def text_message(self) -> str:
        """The text message: what is planned, and one line for what to do."""
        slot = self.appointment.slot
        place = place_of(slot, self.clinic, self.language)
        details = "notice.text.details" + ("" if place else ".no-place")
        label = label_of(slot, self.clinic, self.language)
        lines = (
            self.say(f"{self.news}.text"),
            self.say(details, when=self._when(), label=label, place=place),
            *self._short_actions(),
            self.say("notice.text.closing"),
        )
        # An address is never rewritten: it would open another page.
        kept = self.link or "\n"
        return "\n".join(kept.join(map(for_text_message, line.split(kept))) for line in lines)

    def _short_actions(self) -> Iterator[str]:
        if self.notice.kind is NoticeKind.CANCELLATION:
            yield self.say("notice.text.again")
            return
        if self.is_confirmed:
            yield self.say("notice.text.confirmed")
        what = "confirm" if self.asks else "change"
        if self.link is None or not (self.changeable or self.asks):
            yield self.say(f"notice.text.{what}.by-phone")
        elif self.changeable:
            yield self.say(f"notice.text.{what}", link=self.link)
        else:
            yield self.say("notice.text.confirm.only", link=self.link)
            yield self.say("notice.text.too-late")

    def _when(self) -> str:
        return format_start(
            self.appointment.slot.start,
            self.clinic.zone,
            self.language,
            overrides=self.clinic.texts,
        )
