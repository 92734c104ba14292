"""A database blocks an address from which too many connections were broken off before they logged in.

Whatever broke them comes from there as well: often what only looks whether a port is open, in the pod of the client.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, cause_of_release, release_evidence, releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SUSPECT = timedelta(hours=48)
"""Where a session is opened now and then, which forgives what was broken off before, a block may take that long."""
OFTEN = 3
"""Fewer connections than this are broken off by anybody who is ended."""
_BLOCKED = late(r"\bHost '([^']+)' is blocked")
_BROKEN = late(r"Aborted connection \d+ to db: 'unconnected' user: 'unauthenticated' host: '([^']+)'")
"""How MySQL and MariaDB tell of who came and went without a login."""


def when(view: View) -> Iterator[Match]:
    """Pods of a workload are told that their own address is blocked."""
    for workload in view.serving:
        hits = [hit for hit in view.hits_of(workload.ref, "host_blocked") if fresh(view, hit)]
        mine = {pod.address for pod in workload.live if pod.address}
        if hits:
            told = {found[1] for hit in hits if (found := _BLOCKED.search(hit.line))}
            yield _match(view, workload, hits, _brought(view, workload, hits) if told and told <= mine else ())


def _brought(view: View, workload: Workload, hits: Collection[Hit]) -> tuple[Evidence, ...]:
    """Return that a workload's own release brought what breaks connections off; () if it is not shown.

    It came before the block, and since then a database tells of broken connections from its pods. It tells of none
    from anybody else, and of none before, though its log reaches back: by then the pods of the template before, whose
    addresses nobody knows any more, would have been blocked as well.
    """
    at, first = workload.released_at, oldest(hit.first for hit in hits)
    if at is None or first is None or first < at or not releases(view, workload, SUSPECT):
        return ()
    logs = list(_broken(view))
    mine = {pod.address for pod in workload.live if pod.address}
    broken = [each for _, lines in logs for each in lines]
    since = [(when, host) for when, host in broken if when is not None and when >= at + BEFORE]
    others = {host for _, host in since} - mine
    if len(since) < len(broken) or any(view.component(host) for host in others):
        return ()  # somebody else does it, or did it before
    before = at - (first - at)
    for begins, lines in logs:
        own = [when for when, host in lines if when is not None and host in mine]
        if len(own) >= OFTEN and begins is not None and begins <= before:
            told = f"{len(own)} connections from its pods were broken off before a login, the first after its release"
            return (Evidence("logs", workload.ref, told, min(own)),)
    return ()


def _broken(view: View) -> Iterator[tuple[datetime | None, list[tuple[datetime | None, str]]]]:
    """Yield when each log of a database begins, with (time, address) of what was broken off before a login there."""
    for database in of_role(view.workloads, "database"):
        for log in view.logs_of(database.pods):
            found = [(stamp(line), address[1]) for line in log.lines if (address := _BROKEN.search(line))]
            yield oldest(map(stamp, log.lines)), found


def _match(view: View, workload: Workload, hits: Collection[Hit], brought: tuple[Evidence, ...]) -> Match:
    databases = [each.ref for each in of_role(view.workloads, "database")]
    stays = "its address stays blocked, and what breaks connections off goes on in each new pod"
    return Match(
        component=workload.ref,
        evidence=(
            *(view.hit_evidence(hit) for hit in list(hits)[:2]),
            *brought,
            *(release_evidence(workload)[:1] if brought else ()),
        ),
        certainty=0.7 if brought else 0.5,
        root_cause=cause_of_release(workload) if brought else "",
        remedy="rollback_workload" if brought else "",
        since=oldest(hit.first for hit in hits),
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=(
            *not_for((workload.ref,), stays, (*RESTARTS, "scale_workload")),
            *not_for(databases, "it does what it is set to, and serves all others", (*ON_CALLERS, "scale_database")),
        ),
    )


RULE = Rule(
    name="address_blocked_by_database",
    title="A database blocks an address from which too many connections are broken off",
    root_cause="database_connection",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no database tells a client that its address is blocked",
)
