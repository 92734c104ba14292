"""Whether a release blocks its own threads: it says so since, and nobody whom it waits for is late.

A client whose threads are all taken tells of timeouts too. Where it counts that the answers lie there unread, and that
more threads are busy than it has for good, the one who is asked has answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._vouched import lacks_threads, starves, vouched
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.complaints import OFTEN, UNANSWERED, Complaint, complaints, kind_spoken_of
from tuheg_ir.diagnosis.view.graph import foreign, hosts_in
from tuheg_ir.diagnosis.view.logs import Hit, heard_since
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

WARM = timedelta(minutes=10)
"""New pods may lack threads for so long, until there are as many as they need."""
_WAITS = late(
    r"TaskAwaiter(?:`1)?(?:\[[^\]]{0,80}\])?\.GetResult\(\)|\bTasks?\.Task(?:`1)?\.(?:Wait|get_Result|InternalWait)\("
    r"|\bCompletableFuture\.(?:join|get)\(|\bblock(?:First|Last)?\(\) ?/ ?blockFirst|\bBlockingSingleSubscriber\."
)
"""Where a trace shows that a thread stands and waits for what another thread of the same few has to bring."""
_UNREAD = late(
    r"\bin: [1-9]\d{0,11},.{0,600}\bWORKER: \(Busy=(\d{1,9}),Free=\d{1,9},Min=(\d{1,9})\b"
    r"(?!.{0,80}\bQueuedItems=0\b)"
)
"""How StackExchange.Redis counts bytes that it has not read, the threads of its process, and what waits for them."""
_COUNTS = "WORKER: (Busy="
_BLAMING = (*UNANSWERED, "cache_busy", "pool_exhausted")
_OF_STORES = ("database_", "pool_", "lock_", "connection_leak")
"""Beginnings of the troubles of who waits for a database."""


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


def told_by_callers(view: View, workload: Workload) -> Iterator[tuple[Evidence, datetime | None]]:
    """Yield what each caller tells that gets no answer, and since when: if its log goes back to before a release."""
    said: dict[str, list[Hit]] = {}
    for each in complaints(view, *UNANSWERED):
        if each.about == workload.ref and each.caller in view.workloads and each.hit.count >= OFTEN:
            said.setdefault(each.caller, []).append(each.hit)
    for ref, hits in said.items():
        heard = heard_since(view.logs_of(view.workloads[ref].live, previous=False))
        if heard is not None and workload.released_at is not None and heard < workload.released_at:
            yield view.hit_evidence(max(hits, key=lambda hit: hit.count)), oldest(hit.first for hit in hits)


def blocks_itself(
    view: View, workload: Workload, hits: Sequence[Hit], felt: Sequence[tuple[Evidence, datetime | None]]
) -> tuple[Evidence, ...]:
    """Return what shows that a release blocks its own threads; () where somebody else may have brought it."""
    told = [hit for hit in hits if lacks_threads(hit)]
    pods = {hit.pod for hit in told} & {pod.name for pod in workload.newest_pods()}
    known = [since for seen, since in felt if seen.source == "metrics" or _of_another(workload, seen)]
    anew = {pod.name for pod in workload.live if pod.restarts}  # their logs begin anew, too
    first = [hit.first for hit in told if hit.pod not in anew] + known
    if 2 * len(pods) <= len(workload.newest_pods()) or not known:
        return ()
    if not all(at is not None and since_release(workload, at) for at in first):
        return ()
    began = newest(pod.created for pod in workload.newest_pods())
    mine = [c for c in complaints(view, *_BLAMING) if c.caller == workload.ref]
    came = {c.about for c in mine if unread(view, c.hit)}
    if began is None or view.now - began < WARM or any(_others(view, workload, mine)):
        return ()
    asked = view.called(workload.ref)
    spoken = {each.ref: vouched(view, each.ref, workload.ref) for each in asked}
    if not asked or not all(each.ref in came or spoken[each.ref] or _well(view, each) for each in asked):
        return ()
    fact = f"all that it asks is well: {', '.join(sorted(each.name for each in asked))}"
    source = "metrics" if any(_well(view, each) for each in asked) or came else "logs"
    return (Evidence(source, workload.ref, fact), *(each for each in spoken.values() if each))


def _of_another(workload: Workload, seen: Evidence) -> bool:
    """Tell whether another one's log tells of it."""
    return seen.source == "logs" and seen.object not in {f"Pod/{pod.name}" for pod in workload.pods} | {workload.ref}


def _others(view: View, workload: Workload, mine: Sequence[Complaint]) -> Iterator[str]:
    """Yield who may keep a workload waiting: complained of, or outside, or in a Secret, where nobody sees how it is.

    Whom others know to be well is none. Nor who stands in a Secret, where traces show for whom the threads wait.
    """
    yield from accused(view, workload, mine)
    for key, value in view.graph.settings(workload):
        yield from (host for host in hosts_in(key, value) if foreign(host) and not view.graph.resolve(host))
    if not _seen_waiting(view, workload):
        yield from (named for kind, named in reads(workload.template) if kind == "Secret")


def accused(view: View, workload: Workload, mine: Sequence[Complaint]) -> Iterator[str]:
    """Yield whom a workload accuses, but for those who have answered, or are well by the word of others."""
    blamed = (c for c in mine if not unread(view, c.hit) and not (c.about and vouched(view, c.about, workload.ref)))
    yield from (c.about or c.hit.trouble for c in blamed if c.about or c.hit.hosts)
    yield from (c.hit.trouble for c in mine if c.hit.trouble == "pool_exhausted")


def lacks_threads_alone(view: View, workload: Workload) -> bool:
    """Tell whether most pods of a workload repeat that their own threads are taken, and accuse nobody in earnest."""
    mine = [c for c in complaints(view, *_BLAMING) if c.caller == workload.ref]
    return starves(view, workload) and not any(accused(view, workload, mine))


def _seen_waiting(view: View, workload: Workload) -> bool:
    """Tell whether traces show how its threads wait for one another, and no line speaks of a database."""
    hits = view.hits_of(workload.ref)
    if any(hit.trouble.startswith(_OF_STORES) or kind_spoken_of(hit.line) == "database" for hit in hits):
        return False
    logs = view.logs_of(workload.live, previous=False)
    return sum(_WAITS.search(line) is not None for log in logs for line in log.lines) >= OFTEN


def _well(view: View, asked: Workload) -> bool:
    """Tell whether figures show that a program of one's own answers well: a store may be late, and no figure tells."""
    told = any(labels_of(view, asked.ref, signal) for signal in ("error_ratio", "latency_p95"))
    return not role(asked) and told and not any(troubles(view, asked.ref))
