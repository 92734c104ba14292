"""JVMs that stand still for seconds, again and again, while one thread collects all of their heap.

With fewer than two processors, or less than 1792 MB of memory, a JVM that is told nothing takes the Serial collector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.crashes import LATELY
from tuheg_ir.diagnosis.view.logs import begun, times_near
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

LONG_S = 1.0
"""Who asks gives up on some requests, and probes on the pod, where all stands still for so long."""
OFTEN = 3
ROOM = 0.9
"""What is left of a heap above this share of it is what fills it: then the heap is too small, with any collector."""
LEAKS = 1.15
"""Where so many times as much is left as after the first collections, something is kept for good."""
_READ = 600
_SERIAL = late(
    r"\bUsing Serial\b|\[(?:DefNew|Tenured): |\bMarkSweepCompact\b"
    r"|\bPause Young \(Allocation Failure\)"
)
"""Words of the Serial collector, if no other names itself; any collects a full heap when an allocation fails."""
_OTHER = late(
    r"\[gc\b[^\]]{0,20}\]\s{0,20}Using (?!Serial)|\bG1 (?:Evacuation|Humongous|Compaction|Preventive)"
    r"|\bFull(?: GC)? \(Ergonomics\)|\[(?:PSYoungGen|ParOldGen|ParNew|CMS|Eden): |\bConcurrent Mark Cycle\b"
)
_FULL = late(r"\b(?:Pause Full|Full GC)\b(?! \((?:System|Heap|Diagnostic|Jvmti|GCLocker))|\bMarkSweepCompact\b")
"""All of a heap is collected, and nobody asked for it: who asks for that stops any collector."""
_TOOK = late(r"(?<![\d.])(\d{1,9}(?:[.,]\d{1,9})?) ?(ms|secs)\b|\btime=(\d{1,9})ms\b")
_HEAP = late(r"(?<!: )\b(\d{1,12})([KMG])->(\d{1,12})([KMG])\((\d{1,12})([KMG])\)")
_UPTIME = late(r"\[?(\d{1,9}[.,]\d{3})(?:s\]|: \[)")
_UNITS = {"K": 1.0, "M": 1024.0, "G": 1024.0**2}


class Stop(NamedTuple):
    """One collection of all of a heap, which stopped its program: when, how long, and which share of it was left."""

    at: datetime | None
    took_s: float
    left: float | None
    line: str


class Stopped(NamedTuple):
    """What the logs of some pods tell of their long stops: the first, and evidence."""

    since: datetime | None
    evidence: tuple[Evidence, ...]


def stopped(view: View, pods: Sequence[Pod], container: str) -> Stopped | None:
    """Return that most of the pods whose logs tell of it stand still while one thread collects; None: not so.

    Each collection frees room, and as much is left as before: neither is the heap too small, nor does it leak.
    """
    heard = [(pod, log) for pod in pods for log in view.logs_of([pod], previous=False) if log.container == container]
    told = [(log, found) for pod, log in heard if (found := _long_stops(view, pod, log))]
    if not told or 2 * len(told) <= len(heard) or any(_full_or_leaking(found) for _, found in told):
        return None
    log, most = max(told, key=lambda each: len(each[1]))
    longest = max(most, key=lambda stop: stop.took_s)
    since = begun(stop.at for _, found in told for stop in found if stop.at is not None)
    fact = f"{len(most)} times it stands still up to {longest.took_s:.1f} s while one thread collects: {longest.line}"
    return Stopped(since, (Evidence("logs", f"Pod/{log.pod}", fact, oldest(stop.at for stop in most)),))


def _long_stops(view: View, pod: Pod, log: Log) -> list[Stop]:
    """Return the long stops of a log that is of this collector, if they are many of late."""
    if any(_OTHER.search(line[:_READ]) for line in log.lines) or not any(_SERIAL.search(x[:_READ]) for x in log.lines):
        return []
    found = [stop for stop in _stops(pod, log) if stop.took_s >= LONG_S]
    lately = [stop for stop in found if stop.at is None or view.recent(stop.at, LATELY)]
    return found if len(lately) >= OFTEN else []


def _stops(pod: Pod, log: Log) -> Iterator[Stop]:
    """Yield the collections of all of the heap; who counts from its start on began as its container did."""
    started = next((each.started_at for each in pod.containers if each.name == log.container), None)
    near = times_near(log.lines)
    for number, line in enumerate(log.lines):
        told = line[:_READ]
        if _FULL.search(told) is None:
            continue
        at = stamp(line)
        if at is None and started is not None and (up := _UPTIME.match(told)):
            at = started + timedelta(seconds=_figure(up[1]))
        took = [_figure(one[3] or one[1]) / (1.0 if one[2] == "secs" else 1000.0) for one in _TOOK.finditer(told)]
        yield Stop(at or near[number], max(took, default=0.0), _left(told), line.strip()[:200])


def _left(line: str) -> float | None:
    found = _HEAP.search(line)
    if found is None:
        return None
    after, most = (float(found[n]) * _UNITS[found[n + 1]] for n in (3, 5))
    return after / most if most else None


def _figure(text: str) -> float:
    return float(text.replace(",", "."))


def _full_or_leaking(stops: Sequence[Stop]) -> bool:
    """Tell whether the last collections left the heap full, or far more in it than the first ones."""
    left = [stop.left for stop in stops if stop.left is not None]
    if not left:
        return False
    first, last = min(left[:OFTEN]), min(left[-OFTEN:])
    return last >= ROOM or last >= LEAKS * first
