"""How pages are drawn: Jinja's environment, one for each language, and what templates may call."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache, partial
from importlib.resources import files
from typing import cast
from zoneinfo import ZoneInfo

from babel.dates import format_date as cldr_date
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from omnibook.clinic import Mode
from omnibook.messages import format_day, format_duration, format_start, format_time
from omnibook.web.texts import mark as _
from omnibook.web.texts import translations

MODES = {
    Mode.IN_PERSON: _("In person, at the clinic"),
    Mode.PHONE: _("By phone: we call you"),
    Mode.VIDEO: _("By video"),
}

_ANCHORS = {"birth_date": "birth_day", "service_id": "service", "weekdays": "weekdays-0"}


@cache
def environment(language: str) -> Environment:
    """The environment in which every page of this language is drawn."""
    words = translations(language)
    made = Environment(
        loader=PackageLoader("omnibook.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True
    )
    made.globals["static"] = static_address

    def duration(length: timedelta) -> str:
        return format_duration(length, language)

    def how(mode: Mode) -> str:
        return words.gettext(MODES[mode])

    def moments(form: Callable[[datetime, ZoneInfo, str], str]) -> Callable[..., str]:
        return partial(_in_language, form, language)

    own: dict[str, Callable[..., str]] = {
        "calling": calling,
        "dialled": dialled,
        "duration": duration,
        "mode": how,
        "day": moments(format_day),
        "time": moments(format_time),
        "moment": moments(format_start),
    }
    cast("dict[str, Callable[..., str]]", made.filters).update(own)
    return made


def _in_language(
    form: Callable[[datetime, ZoneInfo, str], str],
    language: str,
    instant: datetime,
    zone: ZoneInfo,
) -> str:
    return form(instant, zone, language)


def dialled(phone: str) -> str:
    """A phone number for the address of a link that calls it (RFC 3966, 2004-12)."""
    return "".join(each for each in phone if each.isascii() and (each.isdigit() or each in "+-"))


def calling(said: str, phone: str) -> Markup:
    """A sentence in which the clinic's phone number can be pressed to call it."""
    shown = escape(phone)
    link = Markup('<a class="phone" href="tel:{}">{}</a>').format(dialled(phone), shown)
    return escape(said).replace(shown, link) if phone else escape(said)


def format_date(day: date, language: str) -> str:
    """A date in words, without its weekday: "19 décembre 2004", "December 19, 2004"."""
    return cldr_date(day, format="long", locale=f"{language}_CA")


@cache
def static_address(name: str) -> str:
    """Where a static file is; the address changes with its content, so that it may be kept."""
    content = files("omnibook.web").joinpath("static", name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


def problem_anchor(field: str) -> str:
    """The id of the element that a problem of this field leads to."""
    return _ANCHORS.get(field, field)
