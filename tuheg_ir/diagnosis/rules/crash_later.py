"""Containers of a new template start well and end after a while, again and again; those before it did not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._filled_by_silence import filled_by_silence
from tuheg_ir.diagnosis.rules._follows_load import follows_load
from tuheg_ir.diagnosis.rules._memory import asks_for_more, killed_beside
from tuheg_ir.diagnosis.rules._races import SIGNALS, races_under_load
from tuheg_ir.diagnosis.rules._written_by_runs import read_anew
from tuheg_ir.diagnosis.view.crashes import OWN_FAULTS, PROVED, Crash, crashes, only_of_newest, probe_kills
from tuheg_ir.diagnosis.view.given import given_limit
from tuheg_ir.diagnosis.view.outlasted import of_its_own
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, moment, newest, text
from tuheg_ir.diagnosis.view.releases import never_ready, release_cause, release_evidence, releases
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.usage import limits_cut
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

SUSPECT = timedelta(hours=6)
"""A template that served longer than this without a crash is not what crashes."""
MOMENTS_S, PAUSE_S, SERVED_S = 120.0, 300.0, 1800.0
"""Seconds: a life that is short; the longest pause before a restart (Kubernetes: five minutes); a life that proves."""
SHORT_ONES = 5
"""Restarts from which on most lives were short: a few that were long would fill the time as well."""
OF_MEMORY = 0.58
"""So sure is it where memory was short: who looks at what was used and may be used knows better."""
_NO_IMAGE = late(
    r"back-?off pulling image|failed to pull image|successfully pulled image .{1,300} in \d+m\d", re.IGNORECASE
)
"""What a kubelet tells of a container that waited for its image for long."""


def when(view: View) -> Iterator[Match]:
    """Containers of a recent release end after they have served, by themselves or for the memory that they take."""
    for workload in view.serving:
        ended = [c for c in of_its_own(view, workload, crashes(view, workload)) if _may_be_its_own(view, workload, c)]
        if not ended or probe_kills(view, workload, [c.pod for c in ended]):
            continue
        raced = races_under_load(view, workload, ended)  # what it met while little was asked of it proves nothing
        if not raced and not releases(view, workload, SUSPECT):
            continue
        if workload.returned or (not raced and all(_served_before(view, workload, crash) for crash in ended)):
            continue  # what ends it now was not there when it came, or what ended it is not there any more
        if read_anew(view, workload):
            continue  # a run wrote a file that all of them read anew, and the template before would read it as well
        if only_of_newest(workload, ended) and not all(never_ready(c.pod) for c in ended):
            yield _match(view, workload, ended)


def _may_be_its_own(view: View, workload: Workload, crash: Crash) -> bool:
    """Tell whether it may be for a release that a container ended; for want of memory, if it asks for more or has less.

    More requests fill it as well, whatever was released; and a store holds what others bring to it. What others lack on
    the same node is the node's, and a limit that is in no template comes back with any.
    """
    if not crash.container.killed_for_memory:
        return True
    if killed_beside(view, workload) or filled_by_silence(view, workload) or follows_load(view, workload):
        return False
    if given_limit(workload, crash.pod, "memory"):
        return False
    if crash.container.name in limits_cut(workload, "memory"):
        return True
    return asks_for_more(view, workload) and not is_store(workload)


def _served_before(view: View, workload: Workload, crash: Crash) -> bool:
    """Tell whether a container that ends within moments now must have lived for long at first.

    Its restarts with the longest pauses that a kubelet makes between them do not fill the time since it could run. The
    last life is as long as those before only where they are many.
    """
    lived, began = crash.ended.lived_s, newest((_could_run(view, crash.pod), workload.released_at))
    if lived is None or began is None or lived > MOMENTS_S or crash.container.restarts < SHORT_ONES:
        return False
    if _only_starts_fail(view, workload, crash, began) or _serves_again(view, workload, crash):
        return True
    spent = crash.container.restarts * (lived + PAUSE_S)
    return (view.now - began).total_seconds() - spent >= SERVED_S


def _serves_again(view: View, workload: Workload, crash: Crash) -> bool:
    """Tell whether a container that ended within moments of its starts serves for long since the last one.

    Its template can start and can serve: what it lacked then is there now. Not where a log tells of a fault of its own.
    """
    started = crash.container.started_at
    if started is None or crash.container.state != "running" or not crash.pod.ready:
        return False
    return view.now - started >= PROVED and not view.hits_of(workload.ref, *OWN_FAULTS)


def _only_starts_fail(view: View, workload: Workload, crash: Crash, began: datetime) -> bool:
    """Tell whether a pod was ready for long and at none of its starts since, while one of its like serves on.

    So the template can start and can serve: what a start lacks now was there when the release came. Not where a log
    tells of a fault of its own, which one pod may meet and another not.
    """
    unready, at = crash.pod.unready_since, crash.ended.at
    if unready is None or at is None or view.hits_of(workload.ref, *OWN_FAULTS):
        return False
    if min(unready - began, at - unready) < PROVED:
        return False
    return any(
        pod.ready_since is not None and pod.ready_since < unready and not pod.restarts for pod in workload.newest_pods()
    )


def _could_run(view: View, pod: Pod) -> datetime | None:
    """Return since when a pod had its node, its init containers were over, and its image was there."""
    conditions = (each for each in items(pod.obj, "status", "conditions") if text(each, "status") == "True")
    came = [moment(c, "lastTransitionTime") for c in conditions if text(c, "type") in ("PodScheduled", "Initialized")]
    over = [c.ended.at for c in pod.containers if c.init and c.ended and not c.ended.exit_code]
    told = view.events_of(f"Pod/{pod.name}", "Failed", "BackOff", "Pulled", within=SUSPECT)
    image = [each.last for each in told if _NO_IMAGE.search(each.message)]
    return newest((pod.created, *came, *over, *image))


def _match(view: View, workload: Workload, ended: Sequence[Crash]) -> Match:
    again = sum(c.container.restarts for c in ended) >= 2
    later = [
        time for _, time in outside_changes(view, workload) if workload.released_at and time > workload.released_at
    ]
    hits = view.hits_of(workload.ref, *OWN_FAULTS)
    of_memory = all(c.container.killed_for_memory for c in ended)
    certainty = 0.5 if not again else OF_MEMORY if of_memory else 0.7
    return Match(
        component=workload.ref,
        evidence=(
            *(crash.evidence() for crash in ended[:3]),
            *release_evidence(workload),
            *(view.hit_evidence(hit) for hit in hits[:2]),
        ),
        certainty=certainty - (0.15 if later else 0.0) - (0.4 if _killed(workload, ended) else 0.0),
        root_cause=release_cause(view, workload, ended[0].container.name),
        remedy="rollback_workload" if again or hits or not _run_again(ended) else "page_human",
        since=workload.released_at,
        # What fills up serves for as long again after a restart: that buys time.
        excludes=excluding(workload.ref, "they were started again and ended again, with this template", *RESTARTS)
        if again and not of_memory
        else (),
    )


def _run_again(ended: Sequence[Crash]) -> bool:
    """Tell whether all that ended runs and serves again: a single end, of which nobody knows the reason, proves little.

    What a program lost that it depends on ends it as well as its own fault does.
    """
    return all(crash.container.state == "running" and crash.pod.ready for crash in ended)


def _killed(workload: Workload, ended: Sequence[Crash]) -> bool:
    """Tell whether containers with a liveness probe were ended by a signal from outside: a kubelet does that.

    What was killed for memory was not.
    """
    probed = {text(c, "name") for c in items(workload.template, "spec", "containers") if "livenessProbe" in c}
    signalled = (c for c in ended if c.ended.exit_code in SIGNALS and not c.container.killed_for_memory)
    return len(ended) == sum(crash.container.name in probed for crash in signalled)


RULE = Rule(
    name="crash_later",
    title="A release starts well and ends after a while",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no container of a recent release ended after it had served",
    follows=True,
)
