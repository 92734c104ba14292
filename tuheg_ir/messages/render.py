"""Put facts into words. The only place that knows Jinja."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuheg_ir.errors import UsageError
from tuheg_ir.messages.facts import check_language, read_section
from tuheg_ir.messages.internals import find_internals
from tuheg_ir.messages.words import words

if TYPE_CHECKING:
    import jinja2

_TEMPLATES = Path(__file__).resolve().parent / "templates"


def render(stage: str, facts: Mapping[str, Any], lang: str = "zh") -> str:
    """Return the message of ``stage``, ending in a line break.

    ``facts`` is a mapping as ``facts`` describes it; only the section of the stage is read.
    Raises UsageError for facts that do not fit, and for a user notice that would tell internals.
    """
    check_language(lang)
    section = read_section(stage, facts)
    template = _environment(lang).get_template(f"{stage}.md.j2")
    text = template.render(section | {"words": words(lang)})
    if stage == "user_notice":
        _refuse_internals(section)
    return text


def _refuse_internals(section: Mapping[str, Any]) -> None:
    for name in ("problem", "impact", "team"):
        value = section[name]
        for text in value if isinstance(value, list) else [value or ""]:
            found = find_internals(text)
            if found:
                raise UsageError(
                    "A notice to users must not tell internals",
                    f"user_notice.{name}: {', '.join(found)}",
                    "Say it in words that users know.",
                )


@functools.cache
def _environment(lang: str) -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES / lang),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - plain text, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    own = words(lang)
    environment.filters |= {
        "known": lambda value: own["unknown"] if value is None else value,
        "time": lambda value: own["unknown"] if value is None else _time(value),
        "span": lambda value: _span(*value, lang=lang, unknown=own["unknown"]),
        "duration": lambda value: own["unknown"] if value is None else _duration(value, lang),
    }
    return environment


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _span(start: datetime | None, end: datetime | None, *, lang: str, unknown: str) -> str:
    if start is None:
        return unknown
    if end is None:
        begun = _time(start)
        return f"{begun} 起，尚未结束" if lang == "zh" else f"since {begun}, not over yet"
    if start.date() == end.date():
        return f"{start:%Y-%m-%d %H:%M}-{end:%H:%M} UTC"
    return f"{start:%Y-%m-%d %H:%M} - {_time(end)}"


def _duration(minutes: int, lang: str) -> str:
    whole_hours = minutes >= 120 and minutes % 60 == 0
    number = minutes // 60 if whole_hours else minutes
    if lang == "zh":
        return f"{number}{'小时' if whole_hours else '分钟'}"
    unit = "hour" if whole_hours else "minute"
    return f"{number} {unit}{'' if number == 1 else 's'}"
