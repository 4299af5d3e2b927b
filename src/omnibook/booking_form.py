"""The form at *Review*: why the patient comes, and how to reach them (R23, R32, R42).

A :class:`BookingForm` carries whatever was typed; only :meth:`BookingForm.parse` judges it. The
contact details on it never change who was identified (R32).
"""

import unicodedata
from collections.abc import Sequence

from attrs import evolve, field, frozen

from omnibook.contacts import ContactPoint, ContactSystem, parse_cell_phone, parse_email
from omnibook.problems import InvalidEntry, Problem, ProblemCode
from omnibook.typed_text import read_line

REASON_LIMIT = 100
DETAILS_LIMIT = 500


@frozen(kw_only=True)
class BookingEntries:
    """A booking form that was read: ``contacts`` in the order phone, e-mail."""

    reason: str = field(repr=False)
    details: str = field(repr=False)
    contacts: tuple[ContactPoint, ...] = field(repr=False)


@frozen
class BookingForm:
    """What a visitor typed at *Review*, as it came: any value is accepted here.

    A contact detail left out (``None``) defaults to the identity form's; an empty text removes it.
    """

    reason: object = field(repr=False)
    details: object = field(default=None, repr=False, kw_only=True)
    cell_phone: object = field(default=None, repr=False, kw_only=True)
    email: object = field(default=None, repr=False, kw_only=True)

    def parse(
        self, defaults: Sequence[ContactPoint], *, region: str, contact_required: bool = True
    ) -> BookingEntries | InvalidEntry:
        """Read the form, or say everything that is wrong with it (R11, R23).

        ``defaults`` are the identity form's contacts; ``region`` is the clinic's, such as ``"CA"``.
        Without ``contact_required``, which is for the desk, there may be none at all.
        """
        problems: list[Problem] = []
        reason = free_text(self.reason, "reason", REASON_LIMIT, problems)
        if not reason and not problems:
            problems.append(Problem(ProblemCode.MISSING, "reason"))
        details = free_text(self.details, "details", DETAILS_LIMIT, problems)
        read = (
            *_read_contact(self.cell_phone, ContactSystem.PHONE, defaults, region),
            *_read_contact(self.email, ContactSystem.EMAIL, defaults, region),
        )
        problems.extend(each for each in read if isinstance(each, Problem))
        if contact_required and not read:
            problems.append(Problem(ProblemCode.CONTACT_REQUIRED, "cell_phone"))
        if problems:
            return InvalidEntry(tuple(problems))
        contacts = tuple(each for each in read if isinstance(each, ContactPoint))
        ranked = tuple(evolve(point, rank=rank) for rank, point in enumerate(contacts, start=1))
        return BookingEntries(reason=reason, details=details, contacts=ranked)


def _read_contact(
    typed: object, system: ContactSystem, defaults: Sequence[ContactPoint], region: str
) -> tuple[ContactPoint | Problem, ...]:
    if typed is None:
        return tuple(point for point in defaults if point.system is system)
    read = (
        parse_cell_phone(typed, region=region)
        if system is ContactSystem.PHONE
        else parse_email(typed)
    )
    if isinstance(read, Problem) and read.code is ProblemCode.MISSING:
        return ()
    return (read,)


def free_text(value: object, name: str, limit: int, problems: list[Problem]) -> str:
    """Read a free text: NFC, trimmed, empty for ``None`` and blanks; its problem is appended (R23).

    What is longer than ``limit`` code points is refused, never cut. It may have several lines; but
    for that it is judged as every typed text is, see :func:`omnibook.typed_text.read_line`.
    """
    text = value.replace("\r\n", "\n") if isinstance(value, str) else value
    # A blank takes each line end's place while the text is judged: as long, and as easily trimmed.
    line = read_line(
        text.replace("\n", " ") if isinstance(text, str) else text, field=name, limit=limit
    )
    if isinstance(line, Problem):
        if line.code is not ProblemCode.MISSING:
            problems.append(line)
        return ""
    whole = unicodedata.normalize("NFC", str(text))
    begin = whole.replace("\n", " ").index(line)
    return whole[begin : begin + len(line)]
