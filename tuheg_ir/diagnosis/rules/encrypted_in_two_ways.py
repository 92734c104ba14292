"""Since a release a program can no longer decrypt what is stored, and others cannot decrypt what it writes.

Both kinds lie in one store then: no template reads all of it, and whoever goes back loses what came since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._data_keys import data_keys
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._twins import another_program, programs
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.reading import created, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, cause_of_release, release_evidence, releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY = timedelta(days=14)
"""What is stored may be read by one that runs once a week, or once in two."""
ROWS = 3
"""Fewer rows than this may be broken by themselves."""


def when(view: View) -> Iterator[Match]:
    """A released program and an older one that shares its keys cannot decrypt, the older one not until the release."""
    told = {each.ref: hits for each in view.workloads.values() if (hits := _undecrypted(view, each))}
    came = [view.workloads[ref] for ref in told if releases(view, view.workloads[ref], LATELY)]
    dated = sorted(
        (at, each.ref) for each in came if (at := each.released_at) is not None and _since(told[each.ref], at)
    )
    if not dated:
        return
    first, new = dated[0][0], view.workloads[dated[0][1]]
    olds = [view.workloads[ref] for ref in told if _older(view, view.workloads[ref], new, first, told[ref])]
    concerned = (*(ref for _, ref in dated), *(each.ref for each in olds))
    # Rows that nobody meets any more were made good.
    if olds and any(fresh(view, hit) for ref in concerned for hit in told[ref]):
        yield _match(view, new, olds, told, [ref for _, ref in dated[1:]])


def _undecrypted(view: View, workload: Workload) -> tuple[Hit, ...]:
    """Return what a workload tells, more than once or twice, of data that it cannot decrypt."""
    hits = tuple(hit for hit in view.hits_of(workload.ref, "undecryptable") if not hit.previous)
    return hits if sum(hit.count for hit in hits) >= ROWS else ()


def _since(hits: Collection[Hit], at: datetime) -> bool:
    """Tell whether the first of some hits came after a moment."""
    first = oldest(hit.first for hit in hits)
    return first is not None and first >= at + BEFORE


def _older(view: View, old: Workload, new: Workload, at: datetime, hits: Collection[Hit]) -> bool:
    """Tell whether a workload is older than a release, has the same keys or program, and read all until then."""
    came = old.released_at or created(old.obj)
    if old is new or came is None or came >= at + BEFORE or not _since(hits, at):
        return False
    if not _one_key(view, old, new):
        return False
    lines = [line for log in view.logs_of(old.live, previous=False) for line in log.lines]
    before = [line for line in lines if (said := stamp(line)) is not None and said < at]
    return bool(before) and not any(tells("undecryptable", line) for line in before)


def _one_key(view: View, one: Workload, other: Workload) -> bool:
    """Tell whether two workloads take a key from one Secret, or run one program where it is not told of both."""
    mine, theirs = set(_keys(view, one)), set(_keys(view, other))
    if mine and theirs:
        return bool(mine & theirs)
    return bool(programs(one) and programs(other)) and not another_program(one, other)


def _keys(view: View, workload: Workload) -> Iterator[str]:
    """Yield the Secrets of which a workload takes what its name calls a key, and no login."""
    yield from (secret for secret, _ in data_keys(view, workload.template))


def _match(
    view: View, new: Workload, olds: Collection[Workload], told: Mapping[str, tuple[Hit, ...]], beside: Collection[str]
) -> Match:
    older = [each.ref for each in olds]
    concerned = (new.ref, *beside, *older)
    what = "what was written since would be read by nobody, and what is read now would not be"
    return Match(
        component=new.ref,
        evidence=(
            *release_evidence(new)[:2],
            *(view.hit_evidence(hit) for hit in told[new.ref][:1]),
            *(view.hit_evidence(hit) for ref in older for hit in told[ref][:1]),
            Evidence("objects", older[0], "its own template is older, and it read all until then"),
        ),
        certainty=0.65,
        root_cause=cause_of_release(new),
        since=oldest(hit.first for ref in concerned for hit in told[ref]),
        explains=tuple(ref for ref in behind(view, *concerned) if ref != new.ref),
        excludes=(
            *not_for(concerned, what, ("rollback_workload",)),
            *not_for(concerned, "a new process has the same keys and the same data", (*RESTARTS, "scale_workload")),
        ),
    )


RULE = Rule(
    name="encrypted_in_two_ways",
    title="A release encrypts otherwise than what is stored, and others cannot read what it writes",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no program that was released and an older one both fail to decrypt since then",
)
