"""French and English: a sentence for every code, and the text of every notice.

Rules answer in codes and values; only here do they become words. The sentences stand in gettext
catalogues under ``locale``, one for each stable code of :mod:`omnibook.text_codes`; a clinic's own
words (:mod:`omnibook.own_texts`) come before them. Three promises hold for all of them:

* Nothing that a patient reads says why a visitor was not recognised (R10): the sentence follows
  from the outcome's class, and outcomes carry no cause.
* A notice is made of R49's list only: date, time, place, the service's discreet label, the
  clinic's name and phone, an opaque link. What is known of the person never gets here.
* What a clinic configured is text and nothing else: control characters and line breaks in it
  cannot add a line to a message, let alone a mail header, and no markup to a page.

This package needs the extra ``omnibook[messages]`` (Babel, for catalogues, dates and units), and
nothing below imports it.
"""

from omnibook.messages.catalogue import sentence
from omnibook.messages.descriptions import (
    Outcome,
    describe_flag,
    describe_outcome,
    describe_problem,
    describe_reason,
)
from omnibook.messages.moments import format_day, format_duration, format_start, format_time
from omnibook.messages.notice_text import NoticeText, render_notice
from omnibook.messages.places import label_of, place_of
from omnibook.messages.rule_words import describe_rules

__all__ = [
    "NoticeText",
    "Outcome",
    "describe_flag",
    "describe_outcome",
    "describe_problem",
    "describe_reason",
    "describe_rules",
    "format_day",
    "format_duration",
    "format_start",
    "format_time",
    "label_of",
    "place_of",
    "render_notice",
    "sentence",
]
