"""A program that keeps a DNS zone took the record of a name out of it, and who looks that name up misses it since.

Such programs delete what nothing that they look at asks for any more: after a release that looks at less, after an
edit of the object that asked for it, or with a run that knows another list. Who is connected stays so, and each that
comes anew finds nobody: it looks like a slow loss of clients, and nothing of those that serve is ill.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._asks_for_names import KINDS, asking, looks_otherwise
from tuheg_ir.diagnosis.rules._deleted_records import Deleted, deleted, named_by
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for
from tuheg_ir.diagnosis.rules._other_resolver import NO_ANSWER, answered
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.reading import ref, text
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.named import NamedTuple

_CLOCKS = timedelta(seconds=5)
_FIRST_ROUND = timedelta(hours=1)
"""Within this who keeps a zone goes through it for the first time after a release; most do every minute."""
_OUTER = ("LoadBalancer", "NodePort")


class _Missed(NamedTuple):
    """Who does not find a name, since when, and by which lines one can see it."""

    callers: tuple[str, ...]
    began: datetime
    evidence: tuple[Evidence, ...]


def when(view: View) -> Iterator[Match]:
    """A log tells that the record of a name was deleted, and others miss that very name since, not before."""
    hits = [hit for hit in view.hits if hit.trouble == "dns" and not hit.previous and fresh(view, hit)]
    hosts = sorted({host for hit in hits for host in hit.hosts if "." in host})
    for gone in deleted(view, hosts) if hosts else ():
        missed = _missed(view, gone, hits)
        if missed and -_CLOCKS <= missed.began - gone.at <= HOURS and not _found(view, gone):
            yield _match(view, gone, missed)


def _missed(view: View, gone: Deleted, hits: list[Hit]) -> _Missed | None:
    """Return who does not find a deleted name; None where nobody was told that there is none."""
    named, told = named_by(gone.host), list[tuple[datetime, Hit]]()
    for hit in hits:
        lines = (line for log in view.logs_with(hit) for line in log.lines if named.search(line))
        missing = (line for line in lines if tells("dns", line) and not NO_ANSWER.search(line))
        if gone.host in hit.hosts and (times := [at for line in missing if (at := stamp(line))]):
            told.append((min(times), hit))
    told.sort(key=lambda each: each[0])
    if not told:
        return None
    first = {hit.component: hit for _, hit in reversed(told)}
    return _Missed(tuple(sorted(first)), told[0][0], tuple(map(view.hit_evidence, first.values())))


def _found(view: View, gone: Deleted) -> bool:
    """Tell whether a program that started since is answered at the name: it was deleted in another zone of the name.

    One that is older may only go on with the connection that it has.
    """
    named = named_by(gone.host)
    for other in view.serving:
        young = [pod for pod in other.live if pod.started is not None and pod.started > gone.at]
        lines = (line for log in view.logs_of(young, previous=False) for line in log.lines)
        if sum(answered(named, line) for line in lines) >= OFTEN:
            return True
    return False


def _match(view: View, gone: Deleted, missed: _Missed) -> Match:
    keeper, asks, edits = gone.by, asking(view, gone), _edits(view, gone)
    release = keeper.kind not in BATCH and since_release(keeper, gone.at, _FIRST_ROUND) and not keeper.returned
    release = release and looks_otherwise(keeper)
    component = ref(edits[0]) if len(edits) == 1 and not release and not asks else keeper.ref
    serving = {each for obj in asks for each in _backends(view, obj, gone.host)}
    suffer = behind(view, *(each for each in missed.callers if each in view.workloads), *serving, but=component)
    told = [Evidence("objects", ref(obj), f"it still asks for {gone.host}") for obj in asks[:1]]
    lost = f"it was written then, and {gone.host} is not in it"
    told += [Evidence("objects", ref(obj), lost, edited(obj)) for obj in edits if obj not in asks]
    changed = [Evidence("objects", keeper.ref, each.told(), keeper.released_at) for each in keeper.changes if release]
    return Match(
        component=component,
        evidence=(
            Evidence("logs", f"Pod/{gone.pod}", f"it deleted the record of {gone.host}: {gone.line}"[:300], gone.at),
            *missed.evidence[:2],
            *told[:2],
            *changed[:3],
        ),
        certainty=0.85,
        # Only what an object asks for is put in again by who looked at that object before; an edit may be the reason.
        remedy="rollback_workload" if release and asks and not edits else "page_human",
        since=gone.at,
        explains=suffer,
        excludes=not_for(suffer, f"{gone.host} has no record, whoever is started anew"),
    )


def _edits(view: View, gone: Deleted) -> list[Obj]:
    """Return the objects that were written right before a record was deleted, and that may have asked for it."""
    found = (obj for kind in KINDS for obj in view.snapshot.of(kind) if soon_after(gone.at, edited(obj)))
    return [obj for obj in found if text(obj, "kind") != "Service" or text(obj, "spec", "type") in _OUTER]


def _backends(view: View, obj: Obj, host: str) -> Iterator[str]:
    """Yield the workloads to which an object leads that asks for a name."""
    routed = {route.service for route in view.routes if route.host == host}
    names = {text(obj, "metadata", "name")} if text(obj, "kind") == "Service" else routed
    for each in sorted(names & set(view.services)):
        yield from view.services[each].backends


RULE = Rule(
    name="record_taken_away",
    title="The record of a name was deleted, and it is missed since",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no log tells that the record of a name was deleted which others do not find since",
)
