"""Settings by which a release lets a program gather much less before it writes, or change much more at once.

As much is written, in many times as many pieces. What a program reads or sends elsewhere at a time is another setting.
In a file of settings a name stands below others that say of what it is: `batch:` and below it `max_events: 200`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.changes import words_given
from tuheg_ir.diagnosis.view.name_words import parts_of, words_in_name
from tuheg_ir.diagnosis.view.reading import items
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

TIMES = 10
"""A setting that is cut by less is tuned; by so much it makes another load of the same rows."""
_GATHERS = frozenset(("batch", "batching", "bulk", "flush", "buffer", "chunk", "linger", "insert", "accumulate"))
_MEASURES = frozenset((
    *("size", "rows", "row", "count", "records", "events", "items", "messages", "docs", "actions", "bytes", "length"),
    *("max", "min", "limit", "interval", "period", "time", "timeout", "delay", "wait", "every", "ms", "seconds"),
))  # fmt: skip
"""Words of settings for how much, or how long, is gathered until it is written."""
_AMOUNTS = frozenset(("size", "rows", "row", "count", "records", "items", "docs", "max", "limit", "length"))
_CHANGING = frozenset(("delete", "update", "commit", "processor"))
"""Words for how many at a time, and for what is done with them in place."""
_ELSEWHERE = frozenset((
    *("fetch", "read", "reader", "poll", "consumer", "consume", "prefetch", "select", "query", "page", "cursor"),
    *("producer", "publish", "publisher", "kafka", "amqp", "rabbitmq", "session", "log", "logs", "logger", "commit"),
    *("metric", "metrics", "trace", "traces", "tracing", "span", "spans", "telemetry", "otel", "otlp", "statsd"),
    *("report", "mail", "http", "grpc", "socket", "retry", "backoff", "cache", "processor", "bsp", "delete", "update"),
))  # fmt: skip
"""Words of settings for what is read, or is sent to somebody else."""
_OF_FILES = frozenset(("upload", "uploads", "download", "downloads", "multipart", "file", "files", "stream", "blob"))
"""Words of settings for the pieces in which a file is moved: these are bytes, and no rows."""
_SETTING = late(
    r"(?<![\w./:-])-{0,2}([A-Za-z][\w.-]{2,80})(?:[=:]\s?|\s+)['\"]?"
    r"(\d[\d_]*(?:\.\d+)?)(?: ?([A-Za-z]{1,4}))?(?![\w.:-])"
)
"""A variable, a flag or a parameter with a number."""
_HEADER = late(r"\s*\[{1,2}([\w.\-\" ]{1,120})\]{1,2}\s*$")
_NAMED = late(r"(\s*(?:- )?)[\"']?([A-Za-z][\w.-]{0,80})[\"']?\s*[:=]\s*(.*)")
_INLINE = late(r"[\"']?([A-Za-z][\w.-]{0,80})[\"']?\s*[:=]\s*([^,{}]+)")
_NUMBER = late(r"[\"']?(\d[\d_]*(?:\.\d+)?(?: ?[A-Za-z]{1,4})?)[\"']?,?\s*")
"""How YAML, JSON, TOML and lines of NAME=value tell a section, a name in it, names on one line, and an amount."""
_UNITS = {
    "": 1.0, "k": 1e3, "M": 1e6, "b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2.0**10, "mib": 2.0**20,
    "ms": 0.001, "s": 1.0, "sec": 1.0, "secs": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0,
}  # fmt: skip


class Cut(NamedTuple):
    """A setting that was cut, or raised: its name, and what it was and is, as they stand there."""

    name: str
    before: str
    after: str


def batches_cut(workload: Workload) -> tuple[Cut, ...]:
    """Return the settings by which a release lets a workload gather many times less.

    Where it gathers more by another measure, nobody knows which of the two it comes to first.
    """
    before, now = (dict(_settings(each, _of_gathering)) for each in (template_before(workload), workload.template))
    both = [key for key in before if key in now]
    if any(now[key][1] > before[key][1] for key in both):
        return ()
    return tuple(Cut(key, before[key][0], now[key][0]) for key in both if 0 < TIMES * now[key][1] <= before[key][1])


def chunks_raised(workload: Workload) -> tuple[Cut, ...]:
    """Return the settings by which a release lets a workload change many times as much at once: how many, not when.

    Where it may do less by another such setting, nobody knows which of the two it comes to first.
    """
    before, now = (dict(_settings(each, _of_chunks)) for each in (template_before(workload), workload.template))
    both = [key for key in before if key in now]
    if any(now[key][1] < before[key][1] for key in both):
        return ()
    return tuple(Cut(key, before[key][0], now[key][0]) for key in both if 0 < TIMES * before[key][1] <= now[key][1])


def without_settings(text: str, cuts: Sequence[Cut]) -> str:
    """Return what a program tells without the settings that it repeats: how much it may do, and not what it did."""
    for each in cuts:
        name = r"[\W_]?".join(map(re.escape, parts_of(each.name)[-2:]))
        text = re.sub(rf"{name}[\"']?\s?[=:]\s?[\"']?\d[\d_]*", "", text, flags=re.IGNORECASE)
    return text


def gathering(text_of: str) -> tuple[tuple[str, str], ...]:
    """Return the settings of a file for what a program gathers until it writes: full name, and value as it stands."""
    return tuple((name, value) for name, value in _amounts(text_of) if _of_gathering(name))


def _amounts(text_of: str) -> Iterator[tuple[str, str]]:
    """Yield the amounts of a file with the names of all that they stand below."""
    section, above = "", list[tuple[int, str]]()
    for line in text_of.splitlines():
        told = line.split(" #")[0]
        if header := _HEADER.match(told):
            section, above = header[1], []
        elif (found := _NAMED.match(told)) and not told.lstrip().startswith("#"):
            depth, name, value = len(found[1]), found[2], found[3].strip()
            above = [each for each in above if each[0] < depth]
            path = ".".join(filter(None, (section, *(each for _, each in above), name)))
            if amount := _NUMBER.fullmatch(value):
                yield path, amount[1]
            elif value in ("", "{"):
                above.append((depth, name))
            elif value.startswith("{"):
                inner = ((each[1], _NUMBER.fullmatch(each[2].strip())) for each in _INLINE.finditer(value))
                yield from ((f"{path}.{key}", amount[1]) for key, amount in inner if amount)


def _of_gathering(name: str) -> bool:
    """Tell whether a setting is of how much, or how long, is gathered until it is written."""
    words = set(words_in_name(name))
    return bool(words & _GATHERS and words & _MEASURES and not words & _ELSEWHERE)


def _of_chunks(name: str) -> bool:
    """Tell whether a setting is of how much is changed at once, by whichever statement."""
    words = set(words_in_name(name))
    return bool(words & _GATHERS and words & _AMOUNTS and not words & (_OF_FILES | _ELSEWHERE - _CHANGING))


def _settings(template: Mapping[str, Any], wanted: Callable[[str], bool]) -> Iterator[tuple[str, tuple[str, float]]]:
    """Yield the settings of a template of a kind that is wanted: name, value as it stands, and as a number."""
    for container in items(template, "spec", "containers"):
        for name, amount, unit in _SETTING.findall("\n".join(words_given(container))):
            factor = _UNITS.get(unit if unit == "M" else unit.lower())
            if factor is not None and wanted(name):
                yield name, (f"{amount}{unit}", float(amount.replace("_", "")) * factor)
