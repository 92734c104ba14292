"""A replica's replay was paused and left so: it receives all, is ready, and shows readers what was then.

Some of what is read is of another time than the rest, whoever asks, and nothing fails where it is asked. A pause does
not outlive a start of the server, but who paused may mean to: rows that were deleted by mistake are kept so, or a copy
is made. A person decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import HOURS, ON_CALLERS, behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._replay_told import Paused, paused
from tuheg_ir.diagnosis.view.batch import ended, started
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import labels, ref, selects
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LEAST = timedelta(minutes=10)
"""Who copies a replica pauses it for a moment."""
SOON = timedelta(hours=1)
"""What fails later than this after a pause fails of something else."""
_ACTS = ("restart_workload", "rollback_workload", "scale_workload", "scale_database", "restart_connection_pool")


def when(view: View) -> Iterator[Match]:
    """One replica of a database is told to be paused, some read from it, and they or who needs them suffer since."""
    for workload in of_role(view.workloads, "database"):
        found = list(paused(view, workload))
        if len(found) != 1 or view.recent(found[0].since, LEAST) or _for_a_run(view, workload, found[0].since):
            continue  # who pauses several at once means it
        if any(view.hits_of(workload.ref, "disk_full", "database_range")):
            continue  # a server that cannot write is what is felt
        readers = [each.ref for each in view.serving if _reads(view, each, workload, found[0].pod)]
        above = _beneath_no_release(view, behind(view, *readers, but=workload.ref), found[0].since)
        felt = _felt(view, (workload.ref, *above), found[0].since) if readers else []
        if felt:
            yield _match(workload, found[0], above, felt)


def _for_a_run(view: View, workload: Workload, since: datetime) -> bool:
    """Tell whether a run that asks the database, or whose script pauses it, was there then and goes on."""
    for job in view.snapshot.of("Job"):
        began = started(job)
        if ended(job) is not None or began is None or began > since:
            continue
        if "replay_pause" in str(job.get("spec")) or workload.ref in view.graph.needs(ref(job)):
            return True
    return False


def _reads(view: View, reader: Workload, database: Workload, pod: Pod) -> bool:
    """Tell whether a program's settings name the pod, or a Service that leads to it."""
    if reader.ref == database.ref:
        return False
    asked = {host.partition(".")[0] for key, value in view.graph.settings(reader) for host in hosts_in(key, value)}
    leading = (each for each in view.services.values() if selects(each.selector, labels(pod.obj)))
    return pod.name in asked or any(each.name in asked for each in leading)


def _beneath_no_release(view: View, above: tuple[str, ...], since: datetime) -> tuple[str, ...]:
    """Return those that read, and who calls them, without who suffers of a release that came after the pause."""
    kept = not_their_own(view, above, since)
    theirs = behind(view, *(ref for ref in above if ref not in kept))
    return tuple(ref for ref in kept if ref not in theirs)


def _felt(view: View, refs: Sequence[str], since: datetime) -> list[Evidence]:
    """Return what some workloads suffer since a pause: what began soon after it, or hours later where nothing fails.

    What is paused at night may be felt by day, by who compares what he reads: then only an alert tells it.
    """
    fires = [
        each.fires(about)
        for each in view.alerts
        if (about := view.about_alert(each)) in refs and not _since_its_release(view, about, each.starts_at, since)
    ]
    fails = [each for one in refs for each, _ in troubles(view, one)]
    within = SOON if fails else HOURS
    return [each for each in (*fires, *fails) if each.time is not None and since <= each.time <= since + within]


def _since_its_release(view: View, ref: str, at: datetime | None, since: datetime) -> bool:
    """Tell whether an alert about a workload began with a release of its own that came after the pause."""
    workload = view.workloads.get(ref)
    if workload is None or workload.released_at is None or workload.released_at <= since:
        return False
    return since_release(workload, at)


def _match(workload: Workload, found: Paused, above: tuple[str, ...], felt: Sequence[Evidence]) -> Match:
    alone = len(workload.live) == 1
    return Match(
        component=workload.ref,
        evidence=(found.evidence, *felt[:3]),
        certainty=0.7,
        target=workload.ref if alone else f"Pod/{found.pod.name}",
        since=found.since,
        explains=above,
        excludes=(
            *not_for((workload.ref,), "it is well but for a pause that somebody left", _ACTS),
            *not_for(above, f"what it reads of {found.pod.name} is as old as the pause", ON_CALLERS),
        ),
    )


RULE = Rule(
    name="replay_left_paused",
    title="A replica's replay was paused and left so, and who reads from it gets what was then",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no replica that is read from is told to be paused since before somebody suffers",
)
