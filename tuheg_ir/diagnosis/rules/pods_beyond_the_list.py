"""A proxy's settings give it fewer servers than a workload has pods: those beyond idle, and requests wait for the rest.

The number was ample when it was written. Since an autoscaler, or somebody, went beyond it, more pods help nothing, and
it looks as if there were too few. A restart of the workload only shuffles which pods are asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._capacity import IDLE
from tuheg_ir.diagnosis.rules._helping import behind, not_for, released_since
from tuheg_ir.diagnosis.rules._listed_servers import Listed, listed
from tuheg_ir.diagnosis.rules.edge_released import is_proxy
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.answers import NOW
from tuheg_ir.diagnosis.view.askers import of_probe
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, complaints, fresh
from tuheg_ir.diagnosis.view.demand import MUCH_MORE, more_asked
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import OFTEN, all_told, slow
from tuheg_ir.diagnosis.view.usage import BUSY
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_YOUNG = timedelta(minutes=3)
"""A proxy may not have heard yet of a pod that is younger."""
_WORK = ("request_rate_by_pod", "cpu_share", "cpu_usage")
_WAITED = late(
    r" -?\d+/(?P<waited>\d+)/-?\d+/-?\d+/\+?\d+ [1-5]\d\d \+?\d+ \S+ \S+ (?P<end>[A-Za-z-]{4}) [\d/+]+ \d+/\d+ "
)
"""How many ms a request waited for a server, and how it ended, as a line of HAProxy tells them."""
_LONG_MS = 100
_BEHIND = (*UNANSWERED, "dns", "database_full", "pool_exhausted", "lock_wait", "slow_statement")
"""Troubles of who waits for others: then it is these that hold the requests up."""


class _Split(NamedTuple):
    """The pods that are asked and those that are not, and what shows it."""

    asked: frozenset[str]
    idle: tuple[Pod, ...]
    seen: Evidence


def when(view: View) -> Iterator[Match]:
    """A workload has more ready pods than a proxy's settings have servers, some get nothing, and requests wait."""
    for proxy in view.serving:
        for each in listed(view, proxy) if is_proxy(proxy) else ():
            ready = [pod for pod in each.workload.live if pod.ready]
            split = _split(view, each, ready) if len(ready) > each.most else None
            if split is None or any(c.caller == each.workload.ref for c in complaints(view, *_BEHIND)):
                continue
            told, waits = all_told(view, proxy.ref), tuple(_waits(view, proxy, each.workload, split))
            if _heavier(view, proxy, each.workload, split, oldest(seen.time for seen in (*waits, *told))):
                continue  # the list was long enough until then
            if waits and (told or all_told(view, each.workload.ref)):
                yield _match(view, proxy, each, len(ready), split, (*waits, *told))


def _split(view: View, each: Listed, ready: list[Pod]) -> _Split | None:
    """Return who is asked and who is not, by figures or else by logs; None if nobody idles, or more are asked."""
    split = _by_figures(view, each, ready) or _by_logs(view, each.workload, ready)
    if split is None or not split.idle or not 0 < len(split.asked) <= each.most:
        return None
    return None if any(pod.started is None or view.recent(pod.started, _YOUNG) for pod in split.idle) else split


def _by_figures(view: View, each: Listed, ready: list[Pod]) -> _Split | None:
    for signal in _WORK:
        known = view.figures.latest(signal, "pod")
        work = {pod.name: known[pod.name] for pod in ready if pod.name in known}
        if len(work) < len(ready):
            continue
        usual = median(sorted(work.values(), reverse=True)[: each.most])
        idle = tuple(pod for pod in ready if work[pod.name] <= IDLE * usual)
        fact = (
            f"{len(idle)} of its {len(ready)} ready pods do next to nothing, {idle[0].name} among them" if idle else ""
        )
        seen = Evidence("metrics", each.workload.ref, fact, oldest(pod.started for pod in idle))
        return _Split(frozenset(work) - {pod.name for pod in idle}, idle, seen)
    return None


def _by_logs(view: View, workload: Workload, ready: list[Pod]) -> _Split | None:
    asked, heard = set(), set()
    for log in view.logs_of(ready, previous=False):
        lately = [line for line in log.lines if status_of(line) and view.recent(stamp(line), NOW)]
        heard |= {log.pod} if lately else set()
        asked |= {log.pod} if not all(map(of_probe, lately)) else set()
    idle = tuple(pod for pod in ready if pod.name in heard - asked)
    if not idle:
        return None
    fact = f"nobody but probes asks {len(idle)} of its {len(ready)} ready pods, {idle[0].name} among them"
    return _Split(frozenset(asked), idle, Evidence("logs", workload.ref, fact, oldest(pod.started for pod in idle)))


def _waits(view: View, proxy: Workload, workload: Workload, split: _Split) -> Iterator[Evidence]:
    """Yield what shows that requests wait for those who are asked: the proxy's lines, theirs, or their figures."""
    lines = [line for log in view.logs_of(proxy.live, previous=False) for line in log.lines if _waited(line)]
    lately = [line for line in lines if view.recent(stamp(line), NOW)]
    if len(lately) >= OFTEN:
        fact = f"{len(lately)} requests waited for a server of late: {lately[-1].strip()[:200]}"
        yield Evidence("logs", proxy.ref, fact, stamp(lines[0]))
    for hit in view.hits_of(workload.ref, "workers_busy"):
        if hit.pod in split.asked and fresh(view, hit) and not hit.previous:
            yield view.hit_evidence(hit)
            break
    shares = [share for pod in split.asked if (share := view.figures.now("cpu_share", pod=pod)) is not None]
    if shares and median(shares) >= BUSY:
        yield Evidence("metrics", workload.ref, f"those who are asked use {median(shares):.0%} of their processors")
    for ref in (proxy.ref, workload.ref):
        if found := slow(view, ref):
            yield found[0]


def _heavier(view: View, proxy: Workload, workload: Workload, split: _Split, since: datetime | None) -> bool:
    """Tell whether a release came as it began with which each request takes more: nobody is known to ask for more."""
    asked = [growth for pod in split.asked if (growth := view.figures.growth("request_rate_by_pod", pod=pod))]
    more = any(more_asked(view, ref, since) for ref in (proxy.ref, workload.ref))
    if more or (asked and median(asked) >= MUCH_MORE) or not released_since(view, (workload.ref,), since):
        return False
    used = [growth for pod in split.asked if (growth := view.figures.growth("cpu_share", pod=pod))]
    return slow(view, workload.ref) is not None or bool(used and median(used) >= MUCH_MORE)


def _waited(line: str) -> bool:
    """Tell whether a line of a proxy tells that a request waited for a server, or found none in time."""
    found = _WAITED.search(line) if "/" in line else None
    return found is not None and (int(found["waited"]) >= _LONG_MS or found["end"].startswith("sQ"))


def _match(view: View, proxy: Workload, each: Listed, ready: int, split: _Split, told: tuple[Evidence, ...]) -> Match:
    ref, since = each.workload.ref, oldest(seen.time for seen in told)
    both = (proxy.ref, ref)
    unreleased = [one for one in both if one not in released_since(view, both, since)]
    fact = (
        f"{proxy.ref} reads it, and has {each.most} servers of {ref} at most, which has {ready} ready pods: {each.told}"
    )
    return Match(
        component=each.ref,
        evidence=(Evidence("objects", each.ref, fact), split.seen, *told[:3]),
        certainty=0.8,
        since=since,
        explains=behind(view, *both),
        excludes=(
            *not_for((ref,), f"{proxy.ref} asks no more than {each.most} of its pods", ("scale_workload",)),
            *not_for((ref,), "it changes only which of its pods are asked", RESTARTS),
            *not_for((proxy.ref,), f"it reads the same {each.most} again", (*RESTARTS, "scale_workload")),
            *not_for(unreleased, "no release came with it", ("rollback_workload",)),
        ),
    )


RULE = Rule(
    name="pods_beyond_the_list",
    title="A proxy has fewer servers in its settings than there are pods, and those beyond idle",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no proxy's settings list fewer servers than there are ready pods while some of these idle",
)
