"""The same lines as other loggers write them: what a program tells is put into the form of another library.

Only lines of a program's own logger are rewritten, with a time, a level and a message of their own; servers and
access logs have one form everywhere. The lines of a trace go with the message before, into its field if it has one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from tests.diagnosis.files import Files, Skipped
from tuheg_ir.diagnosis.stamps import told_once

LEVELS: Mapping[str, str] = {
    word: level
    for level, those in {
        "trace": "trace trc verbose 10",
        "debug": "debug dbg 20",
        "info": "info information inf log notice 30",
        "warn": "warn warning wrn 40",
        "error": "error err eror severe 50",
        "fatal": "fatal ftl critical crit 60",
    }.items()
    for word in those.split()
}
_PLAIN = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)?)\s+\[?([A-Za-z]+)\]?:?\s+(?:\d+ --- )?(.*)"
)
_LOGFMT = re.compile(r'(?:time|ts)="?([^" ]+)"? level=(\w+) (.*)')
_PAIR = re.compile(r'([\w.]+)=("(?:[^"\\]|\\.)*"|[^ "]*)(?: |\Z)')
_KEYS = (
    ("level", "lvl", "severity", "LogLevel", "log.level", "@l"),
    ("msg", "message", "@m", "Message"),
    ("ts", "time", "timestamp", "t", "@timestamp", "@t", "Timestamp"),
)
_GOES_ON = re.compile(r"\s|Caused by|Traceback|(?:\w+\.)*\w+(?:Error|Exception)\b|During handling|goroutine |\.\.\. ")
_FEWEST = 0.5
"""A log of which fewer lines are of a logger's form is that of a server, or of several writers."""


@dataclass(slots=True)
class Entry:
    """What a program told once; ``trace``: the lines that go with it."""

    at: datetime
    level: str
    message: str
    fields: Mapping[str, Any]
    trace: list[str] = field(default_factory=list)


def other(files: Files) -> Files | Skipped:
    """Write each program's log as another logger would: which one is drawn by the container's name."""
    made = {path: told_by_another(path, text) for path, text in files.items() if path.startswith("logs/")}
    if all(files[path] == text for path, text in made.items()):
        return Skipped("no log of the case is of a logger's form")
    return dict(files) | made


def told_by_another(path: str, text: str) -> str:
    """Return the log of a file as another logger writes it."""
    names = sorted(LOGGERS)
    of = path.rpartition("/")[2].split(".")[0]
    return rewritten(text, LOGGERS[names[crc32(of.encode()) % len(names)]])


def rewritten(text: str, logger: Logger) -> str:
    """Return a log as a logger writes it, with the kubelet's times where its own tell no day."""
    lines = text.splitlines()
    if not lines or sum(entry(line) is not None for line in lines) < _FEWEST * len(lines):
        return text
    told, made = list[str](), list[str]()
    for each in _entries(lines):
        new = [each] if isinstance(each, str) else logger(each)
        made += new
        told += ["" if isinstance(each, str) else f"{_iso(each.at)[:-1]}000000Z"] * len(new)
    return "\n".join((*told_once(told, made), ""))


def _entries(lines: Sequence[str]) -> Iterator[Entry | str]:
    """Yield what the lines tell; a line that is nobody's entry stays as it is."""
    open_: Entry | None = None
    for line in lines:
        found = entry(line)
        if found is None and open_ and _GOES_ON.match(line):
            open_.trace.append(line)
            continue
        if open_:
            yield open_
        open_ = found
        if found is None:
            yield line
    if open_:
        yield open_


def entry(line: str) -> Entry | None:
    """Return what a line of a logger tells; None if it is of no form that is known here."""
    if line.startswith("{"):
        return _of_json(line)
    if found := _LOGFMT.fullmatch(line):
        return _of_logfmt(*found.groups())
    found = _PLAIN.fullmatch(line)
    return _made(found[1], found[2], found[3], {}) if found else None


def _of_json(line: str) -> Entry | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    level, message, time = (next((key for key in keys if key in told), "") for keys in _KEYS)
    if not message or not time or not (level or message == "@m"):
        return None
    fields = {key: value for key, value in told.items() if key not in (level, message, time)}
    return _made(told[time], told.get(level, "info"), told[message], fields)


def _of_logfmt(time: str, level: str, rest: str) -> Entry | None:
    pairs = list(_PAIR.finditer(rest))
    if "".join(pair[0] for pair in pairs) != rest:
        return None
    try:
        fields = {pair[1]: json.loads(pair[2]) if pair[2].startswith('"') else pair[2] for pair in pairs}
    except ValueError:  # escaped as Go does and JSON does not
        return None
    return _made(time, level, fields.pop("msg", None), fields)


def _made(time: Any, level: Any, message: Any, fields: Mapping[str, Any]) -> Entry | None:
    known, at = LEVELS.get(str(level).lower()), _moment(time)
    return Entry(at, known, message, fields) if known and at and isinstance(message, str) else None


def _moment(told: Any) -> datetime | None:
    if isinstance(told, (int, float)):
        return datetime.fromtimestamp(told / 1000 if told > 1e11 else told, UTC)
    try:
        at = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", str(told).replace(",", ".")))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Logger = Callable[[Entry], list[str]]
_NUMBERS = dict(zip(("trace", "debug", "info", "warn", "error", "fatal"), range(10, 70, 10), strict=True))


def _json(of: Mapping[str, Any]) -> list[str]:
    return [json.dumps(of, ensure_ascii=False, separators=(",", ":"))]


def _with(trace: list[str], key: str) -> dict[str, str]:
    return {key: "\n".join(trace)} if trace else {}


def _pairs(fields: Mapping[str, Any], quote: Callable[[Any], str] = str) -> str:
    return "".join(f" {key}={quote(value)}" for key, value in fields.items())


def _quoted(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text, ensure_ascii=False) if not text or re.search(r'[ "=\\]', text) else text


def _zap(e: Entry) -> list[str]:
    head = {"level": e.level, "ts": e.at.timestamp(), "caller": "app/run.go:41", "msg": e.message}
    return _json(head | dict(e.fields) | _with(e.trace, "stacktrace"))


def _pino(e: Entry) -> list[str]:
    head = {"level": _NUMBERS[e.level], "time": int(e.at.timestamp() * 1000), "pid": 1, "hostname": "h"}
    return _json(head | dict(e.fields) | _with(e.trace, "stack") | {"msg": e.message})


def _ecs(e: Entry) -> list[str]:
    head = {"@timestamp": _iso(e.at), "log.level": e.level.upper(), "message": e.message, "ecs.version": "1.6.0"}
    return _json(head | dict(e.fields) | _with(e.trace, "error.stack_trace"))


def _clef(e: Entry) -> list[str]:
    """Serilog's compact form: of no level where it is information."""
    words = {"trace": "Verbose", "debug": "Debug", "warn": "Warning", "error": "Error", "fatal": "Fatal"}
    level = {"@l": words[e.level]} if e.level in words else {}
    return _json({"@t": _iso(e.at), "@m": e.message} | level | dict(e.fields) | _with(e.trace, "@x"))


def _cloud(e: Entry) -> list[str]:
    severity = {"trace": "DEBUG", "warn": "WARNING", "fatal": "CRITICAL"}.get(e.level, e.level.upper())
    message = "\n".join((e.message, *e.trace))
    return _json({"severity": severity, "timestamp": _iso(e.at), "message": message} | dict(e.fields))


def _otel(e: Entry) -> list[str]:
    inner = dict(e.fields) | _with(e.trace, "exception.stacktrace")
    number = 4 * _NUMBERS[e.level] // 10 - 3
    head = {"Timestamp": _iso(e.at), "SeverityText": e.level.upper(), "SeverityNumber": number}
    return _json(head | {"Body": e.message, "Attributes": inner})


def _logfmt(e: Entry) -> list[str]:
    return [f"ts={_iso(e.at)} level={e.level} msg={_quoted(e.message)}{_pairs(e.fields, _quoted)}", *e.trace]


def _logback(e: Entry) -> list[str]:
    at = e.at.astimezone(UTC)
    return [
        f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03d} {e.level.upper():5} [main] com.example.App - {e.message}"
        f"{_pairs(e.fields)}",
        *e.trace,
    ]


def _winston(e: Entry) -> list[str]:
    rest = f" {_json(e.fields)[0]}" if e.fields else ""
    return [f"{_iso(e.at)} {e.level}: {e.message}{rest}", *e.trace]


def _ruby(e: Entry) -> list[str]:
    level = e.level.upper()
    at = e.at.astimezone(UTC)
    return [f"{level[0]}, [{at:%Y-%m-%dT%H:%M:%S.%f} #1] {level:>5} -- : {e.message}{_pairs(e.fields)}", *e.trace]


def _go(e: Entry) -> list[str]:
    return [f"{e.at.astimezone(UTC):%Y/%m/%d %H:%M:%S} {e.level.upper()} {e.message}{_pairs(e.fields)}", *e.trace]


def _klog(e: Entry) -> list[str]:
    letter = {"warn": "W", "error": "E", "fatal": "F"}.get(e.level, "I")
    message = json.dumps(e.message) if e.fields else e.message
    at = e.at.astimezone(UTC)
    return [f"{letter}{at:%m%d %H:%M:%S.%f}       1 app.go:41] {message}{_pairs(e.fields, json.dumps)}", *e.trace]


def _serilog(e: Entry) -> list[str]:
    words = {"trace": "VRB", "debug": "DBG", "info": "INF", "warn": "WRN", "error": "ERR", "fatal": "FTL"}
    return [f"[{e.at.astimezone(UTC):%H:%M:%S} {words[e.level]}] {e.message}{_pairs(e.fields)}", *e.trace]


LOGGERS: Mapping[str, Logger] = {
    "zap": _zap, "pino": _pino, "ecs": _ecs, "clef": _clef, "cloud": _cloud, "otel": _otel, "logfmt": _logfmt,
    "logback": _logback, "winston": _winston, "ruby": _ruby, "go": _go, "klog": _klog, "serilog": _serilog,
}  # fmt: skip
