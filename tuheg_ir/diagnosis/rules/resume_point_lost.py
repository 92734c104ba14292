"""A reader asks for the place at which it stopped, and the log that it reads does not go back so far any more.

What it missed is gone from there, whichever version asks: somebody has to read all anew, or give up what is between.
A release that asks another server for it, or begins anew no more, may be why: then nothing is said of going back.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.crashes import Crash, ended_by_themselves
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.marked import OFTEN
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AGAIN = 2
"""Who was started so often and asks for the same place again does not begin anew by itself."""


def when(view: View) -> Iterator[Match]:
    """A reader repeats, or ends at each start as, the place where it wants to go on is no more in the log it reads."""
    for workload in view.serving:
        if role(workload):
            continue  # a server passes on what it tells its clients, or is a replica: that is another matter
        hits = [hit for hit in view.hits_of(workload.ref, "resume_point_lost") if fresh(view, hit)]
        ended = [crash for crash in ended_by_themselves(view, workload) if _by_it(crash, hits)]
        if ended or sum(hit.count for hit in hits if not hit.previous) >= OFTEN:
            yield _match(view, workload, hits, ended)


def _by_it(crash: Crash, hits: list[Hit]) -> bool:
    """Tell whether a container that ended again and again, and is not ready, told of it."""
    return not crash.pod.ready and crash.container.restarts >= AGAIN and any(hit.pod == crash.pod.name for hit in hits)


def _match(view: View, workload: Workload, hits: list[Hit], ended: list[Crash]) -> Match:
    servers = tuple(_told_by_servers(view))
    reason = "what was written since the place where it stopped is gone: each start asks for it again in vain"
    spared = ("rollback_workload",) if _may_be_its_release(view, workload) else ()
    return Match(
        component=workload.ref,
        evidence=(
            *(view.hit_evidence(hit) for hit in hits[:2]),
            *(crash.evidence() for crash in ended[:2]),
            *servers[:2],
        ),
        certainty=0.7,
        since=oldest((*(hit.first for hit in hits), *(each.time for each in servers))),
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=not_for((workload.ref,), reason, tuple(each for each in ON_CALLERS if each not in spared)),
    )


def _may_be_its_release(view: View, workload: Workload) -> bool:
    """Tell whether a release changed whom a reader asks, or how it begins, and neither it nor a server told it before.

    What a setting means is its program's matter; another image alone asks the same server for the same place.
    """
    tellers = {workload.ref, *(ref for ref, each in view.workloads.items() if role(each))}
    first = oldest(hit.first for hit in view.hits if hit.trouble == "resume_point_lost" and hit.component in tellers)
    came = workload.released_at
    before = first is not None and came is not None and first < came + BEFORE
    return bool(workload.changed("env", "command", "mounts")) and not before


def _told_by_servers(view: View) -> Iterator[Evidence]:
    """Yield what servers tell of it: they may have refused the version before as well."""
    for hit in view.hits:
        server = view.workloads.get(hit.component)
        if hit.trouble == "resume_point_lost" and server is not None and role(server) and fresh(view, hit):
            yield view.hit_evidence(hit)


RULE = Rule(
    name="resume_point_lost",
    title="A reader cannot go on where it stopped: the log does not go back so far",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no reader asks in vain for the place at which it stopped",
)
