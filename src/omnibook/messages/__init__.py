"""French and English: a sentence for every code, and the text of every notice.

Rules answer in codes and values; only here do they become words. The sentences stand in ``fr.toml``
and ``en.toml`` beside this module, one for each stable code. Three promises hold for all of them:

* Nothing that a patient reads says why a visitor was not recognised (R10): the sentence follows
  from the outcome's class, and outcomes carry no cause.
* A notice is made of R49's list only: date, time, place, the service's discreet label, the
  clinic's name and phone, an opaque link. What is known of the person never gets here.
* What a clinic configured is text and nothing else: control characters and line breaks in it
  cannot add a line to a message, let alone a mail header.

This package needs the extra ``omnibook[messages]`` (Babel, for dates and units), and nothing below
imports it.
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
from omnibook.messages.notice_text import render_notice
from omnibook.messages.rule_words import describe_rules

__all__ = [
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
    "render_notice",
    "sentence",
]
