"""Every text by its stable code: what it has to say, and whether it may have several lines.

The words stand in the catalogues of :mod:`omnibook.messages`, and a clinic can give its own
(:mod:`omnibook.own_texts`). Both are held against the shapes here: a placeholder that nobody fills,
and one that a text forgot, must never wait for a patient to be found. A text can tell no more than
its placeholders, whoever writes it (R23, R49).
"""

from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen


@frozen(kw_only=True)
class TextShape:
    """What every text of one code has to be, in any language and whoever wrote it."""

    placeholders: frozenset[str] = frozenset()
    """What it must say, each at least once, and all that it can say."""
    counted: str | None = None
    """The placeholder whose number decides between one and several, if any."""
    several_lines: bool = False


_WITHOUT_PLACEHOLDERS = """
appointment.linked.confirmed availabilities hold.released slot.taken slot.taken.search-again
visit.over welcome

acting-for.malformed acting-for.required birth-date.future birth-date.malformed
birth-date.too-old contact.required cursor.invalid email.malformed entry.invalid
gender.malformed health-number.issuer-unknown health-number.malformed
health-number.malformed.ca-ab health-number.malformed.ca-bc health-number.malformed.ca-mb
health-number.malformed.ca-nb health-number.malformed.ca-nl health-number.malformed.ca-ns
health-number.malformed.ca-nt health-number.malformed.ca-nu health-number.malformed.ca-on
health-number.malformed.ca-pe health-number.malformed.ca-qc health-number.malformed.ca-sk
health-number.malformed.ca-yt language.unsupported phone.extension phone.fixed-line
phone.internet phone.letters phone.malformed phone.not-a-cell-phone phone.premium-rate
phone.toll-free preference.dates-reversed preference.practitioner-unknown slot.malformed
terms.not-accepted terms.outdated

field.acting_for field.after field.birth_date field.cell_phone field.details field.email
field.first_date field.first_name field.gender field.health_number field.health_number_issuer
field.language field.last_date field.last_name field.practitioner field.reason field.slot
field.terms field.time_of_day field.weekdays

desk.already-attached desk.attached desk.moved-meanwhile desk.not-found desk.not-set-aside
desk.not-supported desk.queued-again desk.request-reused desk.service-explained
desk.service-explained.not-listed desk.time-explained desk.time-explained.not-offered
desk.time-explained.not-to-patient desk.time-explained.to-patient desk.time-taken desk.withdrawn

custodian.exported

busy.conflict contact.first-position notice.failed notice.late notice.undelivered
notice.unreachable reminder.unreachable

event.exhausted event.refused notice.deceased notice.exhausted notice.outdated notice.past
notice.refused notice.silent notice.status-changed order.exhausted order.refused
receipt.delivered receipt.undelivered

age.in-range age.out-of-range age.unknown combined.all-of combined.any-of combined.at-least
combined.not family-doctor.elsewhere-unknown family-doctor.listed family-doctor.missing
family-doctor.not-listed family-doctor.nowhere family-doctor.present family-doctor.somewhere
family-doctor.unknown file-number.missing file-number.present file-number.unknown file.missing
file.present file.unknown for-dependant.no for-dependant.unknown for-dependant.yes
health-card.expired health-card.good health-card.missing health-card.unknown interval.kept
interval.too-short interval.unknown last-visit.before last-visit.none last-visit.unknown
last-visit.within prior-visit.missing prior-visit.present prior-visit.unknown
registered-sex.differs registered-sex.matches registered-sex.unknown residence.inside
residence.outside residence.unknown tag.missing tag.present tag.unknown upcoming.below-limit
upcoming.limit-reached upcoming.unknown visitor.unidentified

fact-state.known fact-state.none fact-state.unknown fact.birth_date fact.family_doctor
fact.family_doctor_elsewhere fact.file_number fact.for_dependant fact.has_file fact.health_cards
fact.last_visit fact.postal_code fact.prior_visits fact.registered_sex fact.tags fact.upcoming

match.by-details match.by-number miss.contact-unverified miss.deceased miss.inactive
miss.merge-broken miss.no-file miss.number-conflict miss.other-number miss.several-files
number.birth-date-differs number.name-differs number.sex-differs

time.already-started time.beyond-horizon time.booked time.busy time.closed time.held
time.no-opening time.not-online time.not-released time.off-grid time.too-soon time.wrong-length

rule.already-booked.met rule.already-booked.not-met rule.appointment.met rule.busy.met
rule.closure.met rule.eligibility.met rule.eligibility.not-met rule.grid.met
rule.grid.not-met.no-other rule.hold.met rule.notice.met.none rule.online.met
rule.online.not-met rule.opening.not-met.never rule.opening.not-met.none-that-day
rule.release.met.always rule.start.met rule.start.not-met

mode.phone mode.video status.arrived status.booked status.cancelled status.entered-in-error
status.fulfilled status.noshow truth.false truth.true truth.unknown

notice.booking.email notice.booking.title notice.button.change notice.button.confirm
notice.cancellation.by-clinic.email notice.cancellation.by-clinic.title
notice.cancellation.email notice.cancellation.title notice.change.by-clinic.email
notice.change.by-clinic.title notice.change.email notice.change.title notice.email.address
notice.email.change notice.email.confirm notice.email.confirm.only notice.email.confirmed
notice.email.page notice.greeting notice.label notice.reminder.email notice.reminder.title
notice.row.date notice.row.phone notice.row.place notice.row.service notice.row.time

notice.text.again notice.text.change.by-phone notice.text.confirm.by-phone notice.text.confirmed
notice.text.too-late
"""

_PLACEHOLDERS = {
    "appointment.booked": "place reference when",
    "appointment.booked.no-more": "phone reference when",
    "appointment.cancelled": "when",
    "appointment.linked": "label place when",
    "appointment.linked.by-phone": "label phone place when",
    "appointment.linked.cancelled": "when",
    "appointment.moved": "place reference when",
    "appointment.too-late": "cutoff phone",
    "attempts.too-many": "wait",
    "availabilities.none-left": "phone",
    "availability.none": "phone",
    "holds.too-many": "phone",
    "link.dead": "phone",
    "not-online": "phone",
    "presence.confirmed": "when",
    "service.already-booked": "phone",
    "service.not-offered": "phone",
    "slot.held": "remaining when",
    "acting-for.required.limit": "limit",
    "entry.control-characters": "field",
    "entry.missing": "field",
    "entry.too-long": "field",
    "entry.too-long.limit": "field limit",
    "entry.wrong-type": "field",
    "name.malformed": "field",
    "preference.malformed": "field",
    "preference.malformed.date": "field",
    "desk.appointments": "count flags",
    "desk.busy-imported": "conflicts count end start",
    "desk.closed": "count end start",
    "desk.contacts-edited": "count",
    "desk.day-list": "count flags",
    "desk.marked": "status",
    "desk.not-cancellable": "status",
    "desk.not-confirmable": "status",
    "desk.not-markable": "status",
    "desk.not-markable.too-early": "when",
    "desk.not-movable": "status",
    "desk.opened": "end start",
    "desk.set-aside": "events notices orders",
    "reason.fact": "fact state",
    "reason.line": "path reason truth",
    "reason.line.facts": "facts line",
    "custodian.erased": "count",
    "custodian.purged": "count",
    "custodian.still-needed": "appointments holds",
    "rule.appointment.not-met": "taken",
    "rule.appointment.not-met.too-close": "taken",
    "rule.busy.not-met": "taken",
    "rule.busy.not-met.too-close": "taken",
    "rule.closure.by-clinic": "span",
    "rule.closure.by-desk": "span",
    "rule.closure.by-schedule": "span",
    "rule.closure.labelled": "closure label",
    "rule.closure.not-met": "closures",
    "rule.grid.not-met": "starts",
    "rule.hold.not-met": "taken",
    "rule.hold.not-met.too-close": "taken",
    "rule.hold.own": "until",
    "rule.hold.until": "span until",
    "rule.horizon.met": "latest",
    "rule.horizon.not-met": "latest",
    "rule.length.met": "length",
    "rule.length.not-met": "length needed",
    "rule.needs-free.after": "length",
    "rule.needs-free.before": "length",
    "rule.notice.met": "earliest notice",
    "rule.notice.not-met": "earliest notice",
    "rule.notice.not-met.none": "earliest",
    "rule.opening.met": "openings",
    "rule.opening.not-met": "openings",
    "rule.opening.others": "openings",
    "rule.release.met": "released",
    "rule.release.not-met": "released",
    "moment": "day time",
    "moment.after-change": "time",
    "moment.before-change": "time",
    "span.day": "day times",
    "span.days": "end start",
    "span.times": "end start",
    "notice.booking.subject": "clinic when",
    "notice.cancellation.by-clinic.subject": "clinic when",
    "notice.cancellation.subject": "clinic when",
    "notice.change.by-clinic.subject": "clinic when",
    "notice.change.subject": "clinic when",
    "notice.email.again": "phone",
    "notice.email.change.by-phone": "phone",
    "notice.email.confirm.by-phone": "phone",
    "notice.email.cutoff": "cutoff",
    "notice.email.too-late": "phone",
    "notice.reminder.subject": "clinic when",
    "notice.row": "name value",
    "notice.booking.text": "clinic",
    "notice.cancellation.by-clinic.text": "clinic",
    "notice.cancellation.text": "clinic",
    "notice.change.by-clinic.text": "clinic",
    "notice.change.text": "clinic",
    "notice.reminder.text": "clinic",
    "notice.text.change": "link",
    "notice.text.closing": "phone",
    "notice.text.confirm": "link",
    "notice.text.confirm.only": "link",
    "notice.text.details": "label place when",
    "notice.text.details.no-place": "label when",
}

_COUNTED = {
    "acting-for.required.limit": "limit",
    "custodian.erased": "count",
    "custodian.purged": "count",
    "desk.closed": "count",
    "entry.too-long.limit": "limit",
}

_SEVERAL_LINES = """
appointment.booked appointment.linked appointment.linked.by-phone appointment.moved
notice.booking.email notice.booking.text notice.cancellation.by-clinic.email
notice.cancellation.by-clinic.text notice.cancellation.email notice.cancellation.text
notice.change.by-clinic.email notice.change.by-clinic.text notice.change.email
notice.change.text notice.email.address notice.email.again notice.email.change
notice.email.change.by-phone notice.email.confirm notice.email.confirm.by-phone
notice.email.confirm.only notice.email.confirmed notice.email.cutoff notice.email.page
notice.email.too-late notice.reminder.email notice.reminder.text notice.text.again
notice.text.change notice.text.change.by-phone notice.text.closing notice.text.confirm
notice.text.confirm.by-phone notice.text.confirm.only notice.text.confirmed
notice.text.details notice.text.details.no-place notice.text.too-late
"""


TEXTS: Mapping[str, TextShape] = MappingProxyType(
    {
        code: TextShape(
            placeholders=frozenset(_PLACEHOLDERS.get(code, "").split()),
            counted=_COUNTED.get(code),
            several_lines=code in _SEVERAL_LINES.split(),
        )
        for code in (*_WITHOUT_PLACEHOLDERS.split(), *_PLACEHOLDERS)
    }
)
"""The shape of every text, by code."""
