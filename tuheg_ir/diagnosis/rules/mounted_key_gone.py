"""A program no longer finds a file in the directory of a ConfigMap or Secret: an edit took or renamed its key.

Files of a volume change under running pods: it fails when the program reads it next, hours later perhaps.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._twins import another_program
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import lines_told, times_around
from tuheg_ir.diagnosis.view.marked import is_marked
from tuheg_ir.diagnosis.view.mounted import Mounted, mounted
from tuheg_ir.diagnosis.view.reading import mapping, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

WEEK = timedelta(days=7)
SILENT = 2
"""Who asks for a file that never was there does it at even times: not to ask for so many of them is news."""
ABSENT = late(
    r"no such file|\bENOENT\b|FileNotFound|NoSuchFile|could not find (?:file|a part of the path)|"
    r"cannot find the (?:file|path)",
    re.IGNORECASE,
)
"""How programs of many languages tell that a file is not there."""
_TRACE = late(r"Caused by: |\bENOENT\b")
"""What of a trace has no mark of an error itself."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A log repeats that there is no file ``key``: the last line, how many, and the times of the first and the last.

    ``new``: the log goes back to when it did not.
    """

    key: str
    pod: str
    line: str
    count: int
    first: datetime
    last: datetime
    new: bool


def when(view: View) -> Iterator[Match]:
    """Logs repeat that there is no file of a mounted ConfigMap or Secret, which lost that key since the release."""
    for workload in view.serving:
        edits = dict(outside_changes(view, workload))
        for place in dict.fromkeys(mounted(workload.template)):
            at = edits.get(place.ref)
            if at is None or not view.recent(at, WEEK) or _younger(workload, at):
                continue
            asked = _asked(view, workload, place)
            shown = list(_shown(view, workload, place, asked)) if asked else []
            if shown and all(each.first >= at + BEFORE for each in asked):
                yield _match(view, workload, place, at, asked, shown)
                break


def _younger(workload: Workload, at: datetime) -> bool:
    """Tell whether a release came after an edit: it may ask for a file that never was there."""
    return bool(workload.changes) and (workload.released_at is None or workload.released_at >= at)


def _asked(view: View, workload: Workload, place: Mounted) -> list[Asked]:
    """Return what each log tells of the one file that is asked for most and is no key of what is mounted there."""
    keys = _keys(view, place)
    pattern = re.compile(rf"(?<![\w.-]){re.escape(place.path)}/(?P<key>[\w.-]*\w)(?![\w/-]|\.\w)")
    if not keys:
        return []
    logs = view.logs_of(workload.live)
    found = [each for log in logs for each in _in_log(log, place, pattern) if each.key not in keys]
    counts: Counter[str] = Counter()
    for each in found:
        counts[each.key] += each.count
    most = [each for each in found if each.key == max(counts, key=lambda key: (counts[key], key))]
    often = sum(each.count for each in most) >= OFTEN
    return most if often and any(view.recent(each.last, STILL) for each in most) else []


def _keys(view: View, place: Mounted) -> list[str]:
    """Return the keys of what is mounted; none where its content is not known."""
    obj = view.objects(place.kind).get(place.name)
    return [str(key) for field in ("data", "binaryData") for key in mapping(obj, field)]


def _in_log(log: Log, place: Mounted, pattern: re.Pattern[str]) -> Iterator[Asked]:
    """Yield what a log tells of each file in a directory that is not there."""
    told: dict[str, list[int]] = {}
    for number, line in enumerate(log.lines):
        found = pattern.search(line) if place.path in line and ABSENT.search(line) and _bad(line) else None
        if found:
            told.setdefault(found["key"], []).append(number)
    upto, until = times_around(log.lines) if told else ([], [])
    start = oldest(until)
    for key, numbers in told.items():
        times = [at for number in numbers if (at := upto[number] or until[number])]
        if not times or start is None:
            continue
        pause = max((b - a for a, b in pairwise(times)), default=MINUTE)
        new = times[0] - start > SILENT * max(pause, MINUTE)
        yield Asked(key, log.pod, log.lines[numbers[-1]].strip()[:300], len(numbers), times[0], times[-1], new)


def _bad(line: str) -> bool:
    return is_marked(line) or _TRACE.search(line) is not None


def _shown(view: View, workload: Workload, place: Mounted, asked: list[Asked]) -> Iterator[Evidence]:
    """Yield what shows that the file was there, and is not one that a program only looks for."""
    key = asked[0].key
    alike = [each for each in _keys(view, place) if _plain(each) == _plain(key)]
    if alike:
        yield Evidence("objects", place.ref, f"its key is {alike[0]}, and {workload.ref} asks for {key}")
    yield from list(_found_elsewhere(view, workload, place, key))[:1]
    new = [each for each in asked if each.new]
    if new:
        yield Evidence("logs", f"Pod/{new[0].pod}", f"it worked before without a word of {key}", new[0].first)


def _found_elsewhere(view: View, workload: Workload, place: Mounted, key: str) -> Iterator[Evidence]:
    """Yield the objects in which others of the same program, that are well, find a key at the same place."""
    for twin in view.serving:
        if twin is workload or another_program(workload, twin) or twin.ready < twin.wanted:
            continue
        for theirs in mounted(twin.template):
            if theirs.path == place.path and theirs.ref != place.ref and key in _keys(view, theirs):
                yield Evidence("objects", theirs.ref, f"{twin.ref}, the same program, finds {key} here")


def _plain(key: str) -> str:
    return re.sub(r"[\W_]", "", key).lower()


def _match(
    view: View, workload: Workload, place: Mounted, at: datetime, asked: list[Asked], shown: list[Evidence]
) -> Match:
    ref, key, last = place.ref, asked[0].key, max(asked, key=lambda each: each.last)
    fact = f"written since, it has no key {key}; {workload.ref} mounts it at {place.path}"
    return Match(
        component=ref,
        evidence=(
            Evidence("objects", ref, fact, at),
            lines_told(last.pod, last.count, last.line, last.first),
            *shown,
        ),
        certainty=0.75 if len(shown) > 1 else 0.65,
        since=oldest(each.first for each in asked),
        explains=behind(view, workload.ref, but=ref),
        excludes=not_for((workload.ref,), f"{ref} lacks {key} for each pod and template: it has to be written anew"),
    )


RULE = Rule(
    name="mounted_key_gone",
    title="A program no longer finds a file of a mounted ConfigMap or Secret",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no program asks for a file that an edit took from a mounted ConfigMap or Secret",
)
