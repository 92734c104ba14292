"""What a person reads of a line of a log: its words, not its time, process and request numbers."""

from __future__ import annotations

import json
import re
from itertools import chain

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.objects import clean_text
from tuheg_ir.diagnosis.stamps import after_time

MOST = 240
"""So much of a fact is shown; who wants the whole line looks into the log."""
_QUOTING = late(r"\A(?:.{0,90}?(?:\blines?\b[^:{]{0,40}|\blog|\btell it|\btells \w+|->|=>): )?")
"""What a rule says of a line before it quotes it: how many there are, where it stands."""
_FIELD = late(r'"(@?[A-Za-z][\w.@-]*)" ?: ?(?:"((?:[^"\\]|\\.)*)|(\d+)\b)')
"""A field of a line of JSON, also of one that was cut off."""
_PAIR = late(r'(?<![\w.])([A-Za-z][\w.]*)=(?:"((?:[^"\\]|\\.)*)|([^\s"]+))')
"""A field of a line of key=value."""
_LOGFMT = late(r"\s*\w+=\S")
"""How such a line begins."""
_MESSAGE = ("msg", "message", "@m", "@mt", "event", "log", "text", "short_message")
_ERROR = (
    *("error", "err", "exception", "@x", "error.message", "exception.message", "exception_message", "errmsg"),
    *("error_message", "exc", "exc_info", "reason", "cause", "detail", "details"),
    *("stack_trace", "stacktrace", "error.stack_trace", "traceback"),
)
_ASKED = (
    ("method", "http_method", "requestmethod", "verb"),
    ("path", "url", "uri", "http_path", "requestpath"),
    ("status", "statuscode", "status_code"),
)
_READ = frozenset((*_MESSAGE, *_ERROR, *chain(*_ASKED)))
_JSON = json.JSONDecoder(strict=False)
_LEAST_FIELDS = 3
"""A line with fewer fields is a sentence with some in it, unless it is one object."""


def spoken(evidence: Evidence) -> Evidence:
    """Return what a log tells as a person reads it; other evidence as it is, unless it is far too long."""
    found = _QUOTING.match(evidence.fact)
    quoting = found[0] if found else ""
    if evidence.source != "logs" and not quoting:
        return evidence._replace(fact=_short(evidence.fact, 2 * MOST))
    return evidence._replace(fact=quoting + _short(words_of(evidence.fact[len(quoting) :])))


def words_of(line: str) -> str:
    """Return the words of a line: the message and the error of its fields, else all but its time."""
    start = line.find('{"')
    if start >= 0 and not _goes_on(line, start):
        before, fields = line[:start].strip(), _fields(_FIELD, line[start:])
        if (not before or len(fields) >= _LEAST_FIELDS) and (told := _told(fields)):
            return f"{after_time(before)} {told}".strip()
    if _LOGFMT.match(line) and " " not in _PAIR.sub("", line).strip():
        fields = _fields(_PAIR, line)
        if len(fields) >= _LEAST_FIELDS and (told := _told(fields)):
            return told
    return after_time(line)


def _goes_on(line: str, start: int) -> bool:
    """Tell whether a sentence goes on behind an object in it; what was cut off within one has no end."""
    try:
        _, end = _JSON.raw_decode(line, start)
    except ValueError:
        return False
    return bool(line[end:].strip(" \t)]}\"'"))


def _fields(form: re.Pattern[str], line: str) -> dict[str, list[str]]:
    """Return what each field that is read holds, by its name in small letters; a nested one is one of the line."""
    found: dict[str, list[str]] = {}
    for name, quoted, bare in form.findall(line):
        key = name.lower()
        found.setdefault(key, []).extend([_plain(quoted) or bare] if key in _READ else ())
    return found


def _told(fields: dict[str, list[str]]) -> str:
    """Return message and errors of fields, each once, and what was asked for and how that was answered."""
    parts = list[str]()
    for value in (value for key in (*_MESSAGE, *_ERROR) for value in fields.get(key, ())):
        if value and not any(value in part for part in parts):
            parts = [part for part in parts if part not in value] + [value]
    method, path, status = (next((fields[key][0] for key in keys if key in fields), "") for keys in _ASKED)
    asked = f"{method} {path} {status}".strip() if path and status else ""
    return ": ".join([*parts, *([asked] if asked else [])])


def _plain(quoted: str) -> str:
    """Return the first line of a string as JSON holds it, of a trace with what it ends in, fit to be shown.

    What JSON writes in other signs is cleaned once more: control signs, halves of a pair, and secrets.
    """
    try:
        text = str(json.loads(f'"{quoted}"', strict=False))
    except ValueError:
        text = quoted
    first, *more = [line.strip() for line in clean_text(text).strip().split("\n")]
    if first.startswith("Traceback ") and more:
        return more[-1]
    caused = [line for line in more if line.startswith("Caused by: ")]
    return f"{first}: {caused[-1]}" if caused else first


def _short(text: str, most: int = MOST) -> str:
    return text if len(text) <= most else text[: most - 3].rstrip() + "..."
