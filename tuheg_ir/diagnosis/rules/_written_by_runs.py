"""What runs of a schedule write for others to read, and that one of them wrote far more or less than those before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.changes import volumes_of
from tuheg_ir.diagnosis.view.felled import felled_together
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.stillborn import without_numbers
from tuheg_ir.diagnosis.view.workloads import Workload

BEFORE = timedelta(minutes=10)
"""What reads a file again now and then has the new one after no longer than this."""
EVEN = 2
"""So many runs told the very same before: it does not differ from run to run by itself."""
FAR = 1.5
"""What grew or shrank so many times is another thing, and not a day's growth."""
_FILE = late(
    r"\b(?:https?|file)://(?:[^\s/@\"']*@)?([^\s\"'?#]+/[^\s\"'?#/]+\.[a-z][a-z0-9.]{1,9})(?![\w/])"
    r"|\b(?:s3|gs|gcs|az|abfss?|wasbs?|oss|cos|r2|minio)://([^\s\"'?#]+/[^\s\"'?#]+)"
)
"""An address of one file: a way of a service has no ending, and a bucket alone is everybody's."""
_NUMBER = late(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")


@dataclass(frozen=True, slots=True)
class Turn:
    """A run that wrote something else than those before it: when it began, and what shows it."""

    began: datetime
    evidence: tuple[Evidence, ...]


def writers(view: View, reader: Workload) -> Iterator[tuple[Workload, str]]:
    """Yield the schedules that name a file, or mount a claim, which a workload names or mounts too: and that one."""
    mine = _shared(view, reader)
    for other in view.workloads.values() if mine else ():
        if other.kind == "CronJob" and (both := mine & _shared(view, other)):
            yield other, min(both)


def _shared(view: View, workload: Workload) -> set[str]:
    values = [value for _, value in view.graph.settings(workload)]
    files = {(found[1] or found[2]).lower() for value in values for found in _FILE.finditer(value[:4000])}
    claims = (f"{kind}/{name}" for kind, name, _ in volumes_of(workload.template) if kind == "PersistentVolumeClaim")
    return {*files, *claims}


def read_anew(view: View, reader: Workload) -> bool:
    """Tell whether all pods of a workload fell at once right after a run that writes what they read, whatever it wrote.

    What such a run tells is often not kept.
    """
    fell = felled_together(view, reader)
    runs = (pod for schedule, _ in writers(view, reader) for pod in schedule.pods) if fell else ()
    return any(fell and pod.created and timedelta() < fell - pod.created <= BEFORE for pod in runs)


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
    return Evidence("logs", f"Pod/{pod.name}", f"{what}: {line[:200]}", pod.created)
