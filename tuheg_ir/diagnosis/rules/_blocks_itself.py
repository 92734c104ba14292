"""Whether a release blocks its own threads: it says so since, and nobody whom it waits for is late.

A client whose threads are all taken tells of timeouts too. Where it counts that the answers lie there unread, and that
more threads are busy than it has for good, the one who is asked has answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, Complaint, complaints
from tuheg_ir.diagnosis.view.graph import foreign, hosts_in
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

WARM = timedelta(minutes=10)
"""New pods may lack threads for so long, until there are as many as they need."""
_THREADS = late(r"\bevent ?loop (?:is |was )?blocked\b|\bthread ?pool starvation\b")
_UNREAD = late(
    r"\bin: [1-9]\d{0,11},.{0,600}\bWORKER: \(Busy=(\d{1,9}),Free=\d{1,9},Min=(\d{1,9})\b"
    r"(?!.{0,80}\bQueuedItems=0\b)"
)
"""How StackExchange.Redis counts bytes that it has not read, the threads of its process, and what waits for them."""
_COUNTS = "WORKER: (Busy="


def unread(view: View, hit: Hit) -> bool:
    """Tell whether a client counts beside each timeout that the answers lie there and its own threads are all taken.

    A large answer that is still on its way lies there in part as well: where any other one has not come, none counts.
    """
    logs = [log for log in view.snapshot.logs if (log.pod, log.container) == (hit.pod, hit.container)]
    counted = [line for log in logs for line in log.lines if _COUNTS in line]
    return _unread(hit.line) and all(map(_unread, counted))


def _unread(line: str) -> bool:
    found = _UNREAD.search(line)
    return found is not None and int(found[1]) > int(found[2])


def blocks_itself(
    view: View, workload: Workload, hits: Sequence[Hit], felt: Sequence[tuple[Evidence, datetime | None]]
) -> tuple[Evidence, ...]:
    """Return what shows that a release blocks its own threads; () where somebody else may have brought it."""
    told = [hit for hit in hits if _THREADS.search(hit.line)]
    pods = {hit.pod for hit in told} & {pod.name for pod in workload.newest_pods()}
    first = [hit.first for hit in told] + [since for seen, since in felt if seen.source == "metrics"]
    if 2 * len(pods) <= len(workload.newest_pods()) or not any(seen.source == "metrics" for seen, _ in felt):
        return ()
    if not all(at is not None and since_release(workload, at) for at in first):
        return ()
    began = newest(pod.created for pod in workload.newest_pods())
    mine = [c for c in complaints(view, *UNANSWERED, "cache_busy", "pool_exhausted") if c.caller == workload.ref]
    came = {c.about for c in mine if unread(view, c.hit)}
    if began is None or view.now - began < WARM or any(_others(view, workload, mine)):
        return ()
    asked = view.called(workload.ref)
    if not asked or not all(each.ref in came or _well(view, each) for each in asked):
        return ()
    fact = f"all that it asks is well: {', '.join(sorted(each.name for each in asked))}"
    return (Evidence("metrics", workload.ref, fact),)


def _others(view: View, workload: Workload, mine: Sequence[Complaint]) -> Iterator[str]:
    """Yield who may keep a workload waiting: complained of, or outside, or in a Secret, where nobody sees how it is."""
    yield from (c.about or c.hit.trouble for c in mine if (c.about or c.hit.hosts) and not unread(view, c.hit))
    yield from (c.hit.trouble for c in mine if c.hit.trouble == "pool_exhausted")
    for key, value in view.graph.settings(workload):
        yield from (host for host in hosts_in(key, value) if foreign(host) and not view.graph.resolve(host))
    yield from (named for kind, named in reads(workload.template) if kind == "Secret")


def _well(view: View, asked: Workload) -> bool:
    """Tell whether figures show that a program of one's own answers well: a store may be late, and no figure tells."""
    told = any(labels_of(view, asked.ref, signal) for signal in ("error_ratio", "latency_p95"))
    return not role(asked) and told and not any(troubles(view, asked.ref))
