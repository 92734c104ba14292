"""Members of a broker or store do not see one another any more: each half goes on with what it has."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._members import apart
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.trouble import suffering
from tuheg_ir.diagnosis.view.view import View


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
        by_release = since_release(store, since) and not is_store(store)  # it may have parted them
        yield Match(
            component=store.ref,
            evidence=(*(view.hit_evidence(hit) for hit in told[:3]), *suffer[:3]),
            certainty=0.75 if len({hit.pod for hit in told}) > 1 else 0.6,
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
