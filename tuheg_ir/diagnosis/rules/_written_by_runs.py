"""What runs of a schedule write for others to read, and that one of them wrote far more or less than those before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.view.crashes import OWN_FAULTS
from tuheg_ir.diagnosis.view.felled import felled_together
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import at, items, mapping, text
from tuheg_ir.diagnosis.view.stillborn import without_numbers
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

BEFORE = timedelta(minutes=10)
"""What reads a file again now and then has the new one after no longer than this."""
EVEN = 2
"""So many runs told the very same before: it does not differ from run to run by itself."""
FAR = 1.5
"""What grew or shrank so many times is another thing, and not a day's growth."""
_FILE = late(
    r"\b(?:https?|file)://(?:[^\s/@\"']{0,200}@)?([^\s\"'?#]{1,400}/[^\s\"'?#/]{1,200}\.[a-z][a-z0-9.]{1,9})"
    r"(?![\w/]|[.-]\w)"
    r"|\b(?:s3|gs|gcs|az|abfss?|wasbs?|oss|cos|r2|minio)://([^\s\"'?#/]{1,200}/[^\s\"'?#]{1,600})(?![^\s\"'?#])"
)
"""An address of one file: a way of a service has no ending, and a bucket alone is everybody's.

One that is longer is no address, and a part of it would be that of others too.
"""
_TO = late(
    r"(?:^|[_.-])(?:put|out|output|dest|destination|upload|publish|push|write|sink|save)(?:[_.-]|$)", re.IGNORECASE
)
"""Names of settings for where something is written."""
_PUT = late(r"\bPUT\s+[\"']?(?:https?://)?([^\s\"'?#,;]+)")
"""What a run tells that it has put somewhere."""
_NUMBER = late(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")


class Turn(NamedTuple):
    """A run that wrote something else than those before it: when it began, and what shows it."""

    began: datetime
    evidence: tuple[Evidence, ...]


def writers(view: View, reader: Workload) -> Iterator[tuple[Workload, str]]:
    """Yield the schedules that write a file, or into a claim, which a workload names or mounts too: and that one.

    Who only reads it as well, as one that saves a copy, does nothing to the others.
    """
    mine = {*_files(view, reader), *_claims(reader)}
    for other in view.workloads.values() if mine else ():
        if other.kind == "CronJob" and (both := mine & {*_written(view, other), *_claims(other, to_write=True)}):
            yield other, min(both)


@once
def _files(view: View, workload: Workload) -> Mapping[str, str]:
    """Return the files that settings of a workload name, and the name of one of these."""
    named: dict[str, str] = {}
    for name, value in view.graph.settings(workload):
        for found in _FILE.finditer(value[:4000]):
            file = (found[1] or found[2]).lower()
            named[file] = name if file not in named or _TO.search(name) else named[file]
    return named


@once
def _written(view: View, schedule: Workload) -> tuple[str, ...]:
    """Return the files that a setting names as what a schedule writes, or of which its runs tell that they put it."""
    lines = [line for log in view.logs_of(schedule.pods, previous=False) for line in log.lines]
    told = {found[1].lower().lstrip("/") for line in lines for found in _PUT.finditer(line)}
    return tuple(
        file
        for file, name in _files(view, schedule).items()
        if _TO.search(name) or any(f"/{file}".endswith(f"/{each}") for each in told)
    )


def _claims(workload: Workload, *, to_write: bool = False) -> Iterator[str]:
    """Yield the claims of a workload; ``to_write``: only those into which one of its containers may write."""
    spec = mapping(workload.template, "spec")
    mounts = [m for c in (*items(spec, "initContainers"), *items(spec, "containers")) for m in items(c, "volumeMounts")]
    writable = {text(mount, "name") for mount in mounts if at(mount, "readOnly") is not True}
    for volume in items(spec, "volumes"):
        claim = mapping(volume, "persistentVolumeClaim")
        may = text(volume, "name") in writable and at(claim, "readOnly") is not True
        if text(claim, "claimName") and (may or not to_write):
            yield f"PersistentVolumeClaim/{text(claim, 'claimName')}"


def read_anew(view: View, reader: Workload) -> bool:
    """Tell whether all pods of a workload fell at once right after a run that writes what they read.

    What such a run tells is often not kept. Where they tell of a fault of their own it must be seen that this run wrote
    something else than those before it: one that runs every few minutes was right before anything.
    """
    fell = felled_together(view, reader)
    at_fault = bool(view.hits_of(reader.ref, *OWN_FAULTS))
    return fell is not None and any(
        turn(view, schedule, fell) is not None or (not at_fault and _ran_before(schedule, fell))
        for schedule, _ in writers(view, reader)
    )


def _ran_before(schedule: Workload, moment: datetime) -> bool:
    return any(pod.created and timedelta() < moment - pod.created <= BEFORE for pod in schedule.pods)


def turn(view: View, schedule: Workload, moment: datetime) -> Turn | None:
    """Return the run right before a moment since which all tell far larger or smaller figures than all before it."""
    runs = sorted(((pod.created, pod) for pod in schedule.pods if pod.created), key=lambda run: run[0])
    at = sum(began < moment for began, _ in runs) - 1
    if at < EVEN or moment - runs[at][0] > BEFORE:
        return None
    told = [_told(view, pod) for _, pod in runs]
    for shape, (numbers, line) in told[at].items():
        was = [each[shape] for each in told[:at] if shape in each]
        now = [each[shape] for each in told[at:] if shape in each]
        if len(was) < EVEN or len({each for each, _ in was}) > 1 or len({each for each, _ in now}) > 1:
            continue
        if _far(was[-1][0], numbers):
            seen = ("its run tells", runs[at][1], line), ("the one before told", runs[at - 1][1], was[-1][1])
            return Turn(runs[at][0], tuple(_evidence(*each) for each in seen))
    return None


def _told(view: View, pod: Pod) -> Mapping[str, tuple[tuple[float, ...], str]]:
    """Return the lines of a run with their numbers, by what they are without them; none that it tells twice."""
    found: dict[str, tuple[tuple[float, ...], str]] = {}
    twice: set[str] = set()
    for log in view.logs_of([pod], previous=False):
        for line in log.lines:
            shape, bare = without_numbers(line), without_time(line)
            twice |= {shape} & found.keys()
            found[shape] = tuple(float(each) for each in _NUMBER.findall(bare)), line.strip()
    return {shape: each for shape, each in found.items() if shape not in twice and each[0]}


def _far(was: Sequence[float], now: Sequence[float]) -> bool:
    """Tell whether a number of a line grew or shrank by much."""
    pairs = zip(was, now, strict=False)
    return any(min(a, b) >= 0 and max(a, b) > 1 and max(a, b) >= FAR * min(a, b) for a, b in pairs if a != b)


def _evidence(what: str, pod: Pod, line: str) -> Evidence:
    return Evidence("logs", f"Pod/{pod.name}", f"{what}: {line}", pod.created)
