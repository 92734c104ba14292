"""Who runs for long keeps a plan, the number of a type or a key that was replaced: a fresh process gets it anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._replaced import KEY, KINDS, Kept, Told, fresh_and_well, present, replaced, told
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.odd import same_template
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple


class Teller(NamedTuple):
    """A program that tells of something that is no longer good, and which of its pods do."""

    workload: Workload
    said: Told
    pods: Sequence[Pod]

    def older(self, began: datetime) -> bool:
        """Tell whether all pods that tell of it are known to have started before a time."""
        return all(pod.started is not None and pod.started < began for pod in self.pods)


def when(view: View) -> Iterator[Match]:
    """All that tell of it are older than the change; or their pooler is, and fresh ones are told the same."""
    for kept in KINDS:
        heard = [(each, said) for each in view.serving if (said := told(view, each, kept)) is not None]
        # A database has one form for all; keys are of many issuers, and some token or other is refused all day.
        began = present(said for _, said in heard) if heard else view.now
        now = [(each, said.since(present([said]) if kept is KEY else began)) for each, said in heard]
        tellers = [
            Teller(each, said, [pod for pod in each.live if pod.name in said.pods])
            for each, said in now
            if role(each) not in (*DATA, "pooler") and len(said.heard) >= OFTEN
        ]
        if tellers:
            yield from _kept(view, kept, tellers, began)


def _kept(view: View, kept: Kept, tellers: Sequence[Teller], began: datetime) -> Iterator[Match]:
    """Yield who keeps it: the one pooler through which all of them go, or each of them for itself."""
    poolers = {each.ref: each for t in tellers for each in view.called(t.workload.ref) if role(each) == "pooler"}
    if kept.in_session and poolers:
        if len(poolers) == 1:
            yield from _of_pooler(view, kept, tellers, next(iter(poolers.values())), began)
        return
    for each in tellers:
        since = min(each.said.times) if kept is KEY else began
        if each.older(since):
            yield from _of_teller(view, kept, each, since)


def _of_teller(view: View, kept: Kept, teller: Teller, began: datetime) -> Iterator[Match]:
    """Yield that all that tell of it are older, where it is known that it was replaced or that fresh ones are well.

    That a key was replaced is not enough: tokens that were signed with the one before may be refused by everybody.
    """
    workload, released = teller.workload, since_release(teller.workload, began)
    well = fresh_and_well(view, workload, teller.said, began) if not released else []
    fresh = well if same_template((*teller.pods, *well)) else []
    change = replaced(view, kept, workload, began)
    if change is not None and change.time is not None and not teller.older(change.time):
        change = None  # they were started with what is new
    if not fresh and (change is None or kept is KEY):
        return
    why = f"they keep {kept.what} from before: a process that is started anew gets it anew, an older version does not"
    yield _match(
        view,
        kept,
        workload,
        (
            _said(teller, began),
            *((change,) if change else ()),
            *(Evidence("objects", f"Pod/{p.name}", "it was started after that, and is well", p.started) for p in fresh),
            *_all_older(teller, began),
        ),
        began,
        (workload.ref, *_released(view, kept, workload, began)),
        why,
    )


def _of_pooler(view: View, kept: Kept, tellers: Sequence[Teller], pooler: Workload, began: datetime) -> Iterator[Match]:
    """Yield that a pooler's sessions are older, where fresh clients are told the same or it is known what was changed.

    Whoever comes to it gets one of its sessions, whenever he was started himself.
    """
    fresh = [t for t in tellers if not t.older(began)]
    change = replaced(view, kept, pooler, began)
    starts = [c.started_at for pod in pooler.live for c in pod.containers]
    through = all(pooler in view.called(t.workload.ref) for t in tellers)
    older = bool(starts) and all(at is not None and at < began for at in starts)
    if not through or not older or not (fresh or change):
        return
    said = sorted(tellers, key=lambda t: -t.said.pods.total())
    yield _match(
        view,
        kept,
        pooler,
        (
            *(_said(each, began) for each in said[:2]),
            *((change,) if change else ()),
            Evidence("objects", pooler.ref, "it has its sessions from before that", oldest(starts)),
            *(Evidence("objects", t.workload.ref, "pods started since are told the same") for t in fresh[:1]),
        ),
        began,
        _released(view, kept, pooler, began),
        f"the sessions of {pooler.ref} keep {kept.what} from before, whoever uses them",
        *(t.workload.ref for t in tellers),
    )


def _match(
    view: View,
    kept: Kept,
    component: Workload,
    evidence: tuple[Evidence, ...],
    began: datetime,
    innocent: Iterable[str],
    why: str,
    *clients: str,
) -> Match:
    return Match(
        component=component.ref,
        evidence=evidence,
        certainty=0.7,
        root_cause="configuration_error" if kept is KEY else "",
        since=began,
        explains=behind(view, component.ref, *clients, but=component.ref),
        excludes=(
            *not_for(sorted({*innocent, *clients}), why, ("rollback_workload",)),
            *not_for(clients, why, (*RESTARTS, "scale_workload")),
        ),
    )


def _said(teller: Teller, began: datetime) -> Evidence:
    told_often = f"{teller.said.pods.total()} lines of {len(teller.pods)} pods: {teller.said.line}"
    return Evidence("logs", teller.workload.ref, told_often, max(began, *teller.said.times[:1]))


def _all_older(teller: Teller, began: datetime) -> Iterator[Evidence]:
    newest_of_them = max(pod.started for pod in teller.pods if pod.started)
    yield Evidence(
        "objects",
        teller.workload.ref,
        f"all that tell of it were started before, the last of them {newest_of_them:%d %b %H:%M}",
        began,
    )


def _released(view: View, kept: Kept, keeper: Workload, began: datetime) -> Iterator[str]:
    """Yield who uses the same database, was released about then, and tells of no other error.

    His older code would meet the new form of it. An error of his own is another story.
    """
    stores = _databases(view, keeper)
    for each in view.serving if kept is not KEY else ():
        of_it = since_release(each, began) and stores & _databases(view, each)
        if of_it and all(kept.told.search(error.line) for error in marked(view, each)):
            yield each.ref


def _databases(view: View, workload: Workload) -> set[str]:
    """Return the databases that a workload uses, by itself or through a pooler."""
    called = view.called(workload.ref)
    called += [each for pooler in called if role(pooler) == "pooler" for each in view.called(pooler.ref)]
    return {each.ref for each in called if role(each) == "database"}


RULE = Rule(
    name="keeps_what_was_replaced",
    title="Long-running processes or sessions keep a plan, a type or a key that was replaced",
    root_cause="database_connection",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="nobody tells of a plan, a type or a key that was replaced since he was started",
)
