"""A task in the background ended in few pods, which go on without it: only a new process does that work again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._missed import felt_since, missed_by_others
from tuheg_ir.diagnosis.rules._refused_by_few import Refused, refused_by_them
from tuheg_ir.diagnosis.rules.all_stuck import SUSPECT
from tuheg_ir.diagnosis.rules.threads_deadlocked import LONG
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.state import belongs_to, signs_of_trouble
from tuheg_ir.diagnosis.view.ended_apart import AMID, EndedApart, ended_apart, words_of
from tuheg_ir.diagnosis.view.ended_earlier import ended_earlier, name_of
from tuheg_ir.diagnosis.view.ended_unsaid import ended_unsaid
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.marked import LATELY, OFTEN, Marked, complained, complains
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release
from tuheg_ir.diagnosis.view.stores import keeps_data
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

MOST = 0.9
"""Share of what somebody complains of that has to name those pods."""
_DEEDS = frozenset(
    (
        "refre", "reloa", "load", "loade", "loadi", "read", "fetch", "updat", "sync", "synce", "synch", "poll", "polle",
        "polli", "pull", "pulle", "renew", "check", "recei", "send", "sent", "push", "pushe", "publi", "write", "writt",
        "proce", "done", "compl", "finis", "succe", "start", "runni",
    )
)  # fmt: skip
"""Words, cut, of what any task may do: they do not tell which one it is."""
_OF_KEYS = late(r"keys?(?![a-z])|jwks?|cert|token|secret|signing|issuer", re.IGNORECASE)
"""Names of tasks that bring what tokens and signatures are checked with."""
_NO_KEY = late(r"\b(?:kid|jwks?|jwt|signature|token|(?:signing|public) key|certificate)\b", re.IGNORECASE)
"""What is refused where such a task is lost."""
_EXPIRED = late(r"\bexpired\b", re.IGNORECASE)
"""A token or a key that is too old is its owner's."""


def when(view: View) -> Iterator[Match]:
    """Few pods lost a task that each of their like goes on with, and something is wrong since.

    Not with a release of those pods. Where somebody who suffers was released since, it may be that, unless what he
    complains of names those pods.
    """
    for workload in view.serving:
        if role(workload) or keeps_data(view, workload):
            continue
        lost = ended_apart(view, workload) or ended_unsaid(view, workload)
        earlier = () if lost else ended_earlier(view, workload)
        lost = lost or earlier
        pods = {each.pod for each in lost}
        ended = min((each.at for each in lost), default=None)
        alone = _told_alone(view, workload, lost, ended, earlier)
        # Of those whose end no time is known nothing but what they tell alone does.
        began = alone.since if alone else None if earlier else ended
        if began is None or not view.recent(began, LONG):
            continue
        if any(since_release(workload, at, SUSPECT) for at in (ended, began) if at):
            continue
        own = tuple(felt_since(view, workload, began))
        if not own and ((alone and not earlier) or not missed_by_others(view, workload, began)):
            continue
        doubtful = isinstance(alone, Refused) and not _of_the_task(alone.line, workload, lost)
        naming, others = parted(view, workload, pods, anybody=not own)
        if any(released_since(each, began) for each in others):
            continue
        yield Match(
            component=workload.ref,
            evidence=(
                *(seen for each in lost[:2] for seen in each.evidence()),
                *([Evidence("logs", workload.ref, f"told by it alone: {alone.line}", alone.since)] if alone else ()),
                *own[:1],
            ),
            certainty=0.4 if doubtful else 0.65 if own or naming else 0.5,
            root_cause="unknown" if doubtful else "",
            remedy="page_human" if doubtful else "",
            since=began,
            explains=() if doubtful else behind(view, workload.ref, *naming, but=workload.ref),
            excludes=excluding(workload.ref, "their like have the same template and are well", "rollback_workload"),
        )


def _told_alone(
    view: View,
    workload: Workload,
    lost: Sequence[EndedApart],
    ended: datetime | None,
    earlier: Sequence[EndedApart],
) -> Marked | Refused | None:
    """Return what pods that lost a task tell alone since much later; ``earlier``: those of whose end no time is known.

    Nobody can tell that these were as well as their like before: what they refuse has to show that they are not now.
    """
    if earlier:
        return refused_by_them(view, workload, earlier)
    return None if ended is None or view.recent(ended, LONG) else missed_late(view, workload, lost)


def _of_the_task(line: str, workload: Workload, lost: Sequence[EndedApart]) -> bool:
    """Tell whether what pods refuse is of the task that they lost, by a word of its name or as keys are of tokens.

    One user who always comes to the same pod may be refused for what is his own.
    """
    names = [name_of(each.said) for each in lost]
    of_keys = all(map(_OF_KEYS.search, names))
    if of_keys and _EXPIRED.search(line):
        return False
    theirs = words_of(names) - _DEEDS - words_of([workload.name])
    return bool(words_of([without_time(line)]) & theirs) or (of_keys and _NO_KEY.search(line) is not None)


def missed_late(view: View, workload: Workload, lost: Sequence[EndedApart]) -> Marked | None:
    """Return of what pods complain since lately, and none of their like, in words of the task that they lost long ago.

    What such a task holds is as good as anybody's until it changes at the others. Words of other work say nothing, nor
    do those of its error: "failed" stands in any.
    """
    pods, ended = {each.pod for each in lost}, min(each.at for each in lost)
    later = set[str]()
    for log in view.logs_of([pod for pod in workload.live if pod.name in pods], previous=False):
        told = zip(times_around(log.lines)[0], log.lines, strict=True)
        later |= words_of(without_time(line) for at, line in told if at and at > ended + AMID and not complains(line))
    theirs = words_of(each.stopped for each in lost) - later - _DEEDS
    for each in complained(view, workload):
        if each.since and each.since > ended and {*each.pods} <= pods and words_of([each.line]) & theirs:
            return each
    return None


def parted(
    view: View, workload: Workload, pods: Collection[str], *, anybody: bool = False
) -> tuple[list[str], list[Workload]]:
    """Return who calls a workload, suffers, and names some pods of it in what he complains of; and who suffers else.

    Who does not need it has a trouble of his own; ``anybody``: True where only others tell that something is wrong.
    """
    near = view.workloads.keys() if anybody else view.workloads.keys() & view.graph.callers(workload.ref)
    hurt = {belongs_to(view, sign) for sign in signs_of_trouble(view)} & near - {workload.ref}
    naming = sorted(ref for ref in hurt if names_them(view, view.workloads[ref], workload, pods))
    return naming, [view.workloads[ref] for ref in sorted(hurt.difference(naming))]


def names_them(view: View, caller: Workload, workload: Workload, pods: Collection[str]) -> bool:
    """Tell whether nearly all that a caller complains of lately names some pods, and what it tells else does not."""
    names = {pod.name for pod in workload.live if pod.name in pods}
    names |= {pod.address for pod in workload.live if pod.name in pods and pod.address}
    told: dict[bool, list[bool]] = {True: [], False: []}
    for log in view.logs_of(caller.live, previous=False):
        for line, at in zip(log.lines, times_around(log.lines)[0], strict=True):
            if at is not None and view.recent(at, LATELY):
                told[complains(line)].append(any(name in line for name in names))
    bad, well = told[True], told[False]
    return len(bad) >= OFTEN and sum(bad) >= MOST * len(bad) and (not well or sum(well) < MOST * len(well))


def released_since(workload: Workload, began: datetime) -> bool:
    """Tell whether a workload was changed at a time or later."""
    return bool(workload.changes) and workload.released_at is not None and workload.released_at >= began + BEFORE


RULE = Rule(
    name="task_ended_in_few",
    title="A task in the background ended in few pods, and their like go on with it",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no pod tells that a task of it ended which its like go on with",
    follows=True,
)
