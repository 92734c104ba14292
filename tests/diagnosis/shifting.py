"""All times of a case moved by the same span, in every format that objects, logs and metrics use."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from tests.diagnosis.files import Files, Skipped

SPAN = timedelta(days=203, hours=7, minutes=19, seconds=11)

_RFC3339 = re.compile(r"\b(?!0001|1970)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_DASHED = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_TO_THE_MINUTE = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d(?![:\d])")
"""As people write the end of something that they announce."""
_SLASHED = re.compile(r"\b\d{4}/\d\d/\d\d \d\d:\d\d:\d\d")
_NAMED = re.compile(r"\b\d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d")
_HYPHENED = re.compile(r"\b\d\d-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{4} \d\d:\d\d:\d\d")
_ACCESS = re.compile(r"\b\d\d/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/\d{4}:\d\d:\d\d:\d\d")
_C = re.compile(
    r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\w{3} [ \d]\d \d\d:\d\d:\d\d)((?:\.\d+)? )(\d{4})\b",
)
"""C's own form, which Apache writes with a fraction in the middle."""
_MILLIS = re.compile(r'(?<="time": )\d{13}\b')
_KLOG = re.compile(r"(?m)(?<=^[IWEF])\d{4} \d\d:\d\d:\d\d(?=\.)")
_SAMPLE = re.compile(r"(?m)^(\S+\{.*\} \S+) (\d{10})$")
_CLOCKS = {"certificate_expiry"}
"""Signals whose values are times."""


def shift(files: Files, span: timedelta = SPAN) -> Files | Skipped:
    """Move every time; without any there is nothing to do."""
    made = {path: _series(text, span) if _is_series(path) else _text(text, span) for path, text in files.items()}
    return Skipped("the case names no time") if made == dict(files) else made


def _is_series(path: str) -> bool:
    return path.startswith("metrics/") and path.endswith(".json")


def _text(text: str, span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for pattern, form in (
        (_RFC3339, "%Y-%m-%dT%H:%M:%S"),
        (_DASHED, "%Y-%m-%d %H:%M:%S"),
        (_TO_THE_MINUTE, "%Y-%m-%d %H:%M"),
        (_SLASHED, "%Y/%m/%d %H:%M:%S"),
        (_NAMED, "%d %b %Y %H:%M:%S"),
        (_HYPHENED, "%d-%b-%Y %H:%M:%S"),
        (_ACCESS, "%d/%b/%Y:%H:%M:%S"),
    ):
        text = pattern.sub(_moved(form, span), text)
    text = _C.sub(partial(_of_c, span), text)
    text = _MILLIS.sub(lambda found: str(int(found[0]) + seconds * 1000), text)
    text = _KLOG.sub(partial(_yearless, span), text)
    return _SAMPLE.sub(lambda found: f"{found[1]} {int(found[2]) + seconds}", text)


def _moved(form: str, span: timedelta) -> Callable[[re.Match[str]], str]:
    def move(found: re.Match[str]) -> str:
        try:
            moment = datetime.strptime(found[0], form).replace(tzinfo=UTC)
        except ValueError:
            return found[0]
        return (moment + span).strftime(form)

    return move


def _of_c(span: timedelta, found: re.Match[str]) -> str:
    try:
        moment = datetime.strptime(f"{found[3]} {found[1]}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC) + span
    except ValueError:
        return found[0]
    return f"{moment:%a %b %d %H:%M:%S}{found[2]}{moment:%Y}"


def _yearless(span: timedelta, found: re.Match[str]) -> str:
    moment = datetime.strptime(f"2026{found[0]}", "%Y%m%d %H:%M:%S").replace(tzinfo=UTC)
    return (moment + span).strftime("%m%d %H:%M:%S")


def _series(text: str, span: timedelta) -> str:
    data, seconds = json.loads(text), int(span.total_seconds())
    clock = data.get("signal") in _CLOCKS
    for row in data["result"]:
        row["values"] = [
            [moment + seconds, str(int(float(value)) + seconds) if clock else value] for moment, value in row["values"]
        ]
    return json.dumps(data)
