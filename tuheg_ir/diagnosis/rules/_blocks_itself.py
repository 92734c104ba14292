"""Whether a release blocks its own threads: it says so since, and nobody whom it waits for is late.

A client whose threads are all taken tells of timeouts too. Where it counts that the answers lie there unread, and that
more threads are busy than it has for good, the one who is asked has answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, complaints
from tuheg_ir.diagnosis.view.graph import foreign, hosts_in
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.workloads import Workload

WARM = timedelta(minutes=10)
"""New pods may lack threads for so long, until there are as many as they need."""
_THREADS = late(r"\bevent ?loop (?:is |was )?blocked\b|\bthread ?pool starvation\b")
_UNREAD = late(r"\bin: [1-9]\d{0,11},.{0,600}\bWORKER: \(Busy=(\d{1,9}),Free=\d{1,9},Min=(\d{1,9})\b")
"""How StackExchange.Redis counts bytes that it has not read, and the threads of its process."""


def unread(line: str) -> bool:
    """Tell whether a client counts beside its timeout that the answers lie there and its own threads are all taken."""
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
    if began is None or view.now - began < WARM or any(_others(view, workload)):
        return ()
    asked = sorted(each.name for each in view.called(workload.ref))
    fact = f"all that it asks is well: {', '.join(asked)}"
    return (Evidence("metrics", workload.ref, fact),) if asked else ()


def _others(view: View, workload: Workload) -> Iterator[str]:
    """Yield who may keep a workload waiting: asked and ill, complained of, or outside where nobody sees how it is."""
    yield from (each.ref for each in view.called(workload.ref) if any(troubles(view, each.ref)))
    mine = [c for c in complaints(view, *UNANSWERED, "cache_busy", "pool_exhausted") if c.caller == workload.ref]
    yield from (
        c.about or c.hit.trouble for c in mine if c.hit.trouble == "pool_exhausted" or not _of_itself(c.hit, c.about)
    )
    for key, value in view.graph.settings(workload):
        yield from (host for host in hosts_in(key, value) if foreign(host) and not view.graph.resolve(host))


def _of_itself(hit: Hit, about: str) -> bool:
    """Tell whether a complaint names nobody, or tells beside that the one named has answered."""
    return unread(hit.line) or not (about or hit.hosts)
