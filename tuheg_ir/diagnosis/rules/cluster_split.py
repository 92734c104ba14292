"""Members of a broker or store do not see one another any more: each half goes on with what it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._members import apart
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.trouble import suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

RIGHT_BEFORE = timedelta(minutes=2)
"""A member that can follow no further leaves the others so soon."""


def when(view: View) -> Iterator[Match]:
    """Members tell of a partition, none tells that they joined again, and somebody suffers."""
    for store in view.serving:
        told = tuple(hit for hit in apart(view, store) if hit.last is None or view.recent(hit.last, HOURS))
        if not told:
            continue
        since = oldest(hit.first for hit in told)
        callers = not_their_own(view, behind(view, store.ref, but=store.ref), since)
        suffer = tuple(dict.fromkeys((*suffering(view, store.ref), *_felt(view, (store.ref, *callers)))))
        if not suffer:
            continue
        fell_out = _fell_out(view, store, told)
        by_release = since_release(store, since) and not is_store(store)  # it may have parted them
        yield Match(
            component=store.ref,
            evidence=(*(view.hit_evidence(hit) for hit in (*fell_out[:1], *told[:3])), *suffer[:3]),
            certainty=0.75 if len({hit.pod for hit in told}) > 1 else 0.6,
            root_cause="database_connection" if fell_out else "",
            since=since,
            explains=callers,
            excludes=(
                *not_for(callers, f"the members of {store.ref} are apart: whoever calls them finds one half"),
                *not_for(
                    (store.ref,),
                    "no release and no further member joins the halves; somebody has to choose which one stays",
                    ("scale_workload", "scale_database", *(() if by_release else ("rollback_workload",))),
                ),
            ),
        )


def _fell_out(view: View, store: Workload, told: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return what tells that a few members are apart for what they hold, and not for the network; () if it is not so.

    Each of them stopped following right before, as it could not take over what the others did: those go on without it.
    """
    first = {hit.pod: hit.first for hit in told}
    stopped = [
        hit
        for hit in view.hits_of(store.ref, "replication_stopped")
        if not hit.previous
        and (at := first.get(hit.pod)) is not None
        and hit.first is not None
        and timedelta() <= at - hit.first <= RIGHT_BEFORE
    ]
    few = 2 * len(first) < len(store.live)
    return tuple(stopped) if few and {hit.pod for hit in stopped} == set(first) else ()


def _felt(view: View, refs: tuple[str, ...]) -> Iterator[Evidence]:
    for ref in refs:
        yield from felt(view, ref)


RULE = Rule(
    name="cluster_split",
    title="A cluster of brokers or stores runs in halves that do not see one another",
    root_cause="network_fault",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no member of a broker or store tells of a partition that lasts",
)
