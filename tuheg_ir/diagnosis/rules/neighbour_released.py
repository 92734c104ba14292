"""A caller that nobody touched fails since what it calls was released: the release took away what it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._blames_another import blames_another
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._met_alike import met_alike
from tuheg_ir.diagnosis.rules._onset import way_changed
from tuheg_ir.diagnosis.rules._refused_by import refused_by
from tuheg_ir.diagnosis.rules._served_twins import serves_twins
from tuheg_ir.diagnosis.rules._unreachable import no_way_to
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.crashes import crashes, looping_since
from tuheg_ir.diagnosis.view.logs import lines_told
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.odd import newest_differ, told_apart
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, SOON, release_cause, release_evidence, since_release
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AT_ONCE = timedelta(minutes=3)
"""What a release takes away is missed so soon; later than that it may be anything."""
UNLIKELY = 0.25
"""So sure is that it is the release where others of its pods, or of its caller, are well, or others meet the same."""
BAD = late(
    r"error|exception|fail|fatal|unavailable|refused|reject|unimplemented|unsupported|unknown|not found|invalid|denied|"
    r"(?:status|code|http|returned|answered|responded with|->|[=:])\W{0,3}[45]\d\d\b",
    re.IGNORECASE,
)
"""Words of lines that tell of something that went wrong."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a caller's logs tell of a neighbour: a line, how many, when the first and the last, which pods.

    seen: what shows that it is that one, where they tell of refusals and name nobody.
    """

    pod: str
    line: str
    count: int
    first: datetime
    last: datetime
    pods: frozenset[str]
    seen: Evidence | None = None


def when(view: View) -> Iterator[Match]:
    """What users of a caller feel began with the release of one healthy neighbour, which its logs complain of since.

    A refusal that names nobody is of who tells of it too, whose client the trace names, or who alone is asked.
    """
    for caller in view.serving:
        felt = list(troubles(view, caller.ref))
        began = oldest(since for _, since in felt)
        if not felt:
            yield from _told(view, caller)
        if began is None or since_release(caller, began, SOON):
            continue
        released = [w for w in view.serving if w is not caller and since_release(w, began, AT_ONCE)]
        said = [(called, found) for called in released if (found := _said(view, caller, called))]
        needed = [w for w in released if w.ref in view.graph.needs(caller.ref)]
        if len(said) != 1 or any(w is not said[0][0] for w in needed):
            continue  # which of several it was nobody can tell
        called, told = said[0]
        if _only_since(told, called) and not _way_changed(view, caller, called, told, began):
            yield _match(view, caller, called, told, (felt[0][0], began))


def _told(view: View, caller: Workload) -> Iterator[Match]:
    """Yield that a caller whose requests nobody measures complains since the release of the one that it calls."""
    called = [w for w in view.called(caller.ref) if w.changes]
    said = [(w, s) for w in called if (s := _said(view, caller, w)) and since_release(w, s.first, AT_ONCE)]
    if len(said) != 1 or since_release(caller, said[0][1].first, SOON):
        return
    released, told = said[0]
    suffer = {"", released.ref, *view.graph.callers(released.ref)}
    fires = [alert for alert in view.alerts if view.about_alert(alert) in suffer]
    if fires and _only_since(told, released) and not _way_changed(view, caller, released, told, told.first):
        alert = fires[0].fires(view.about_alert(fires[0]))
        yield _match(view, caller, released, told, (alert, told.first))


def _said(view: View, caller: Workload, called: Workload) -> Said | None:
    """Return what a caller's logs complain of a neighbour that is well by itself and keeps no data; None: nothing."""
    whole = called.ready >= called.wanted and not crashes(view, called) and not called.returned
    if (
        not whole
        or is_store(called)
        or keeps_data(view, called)
        or blames_another(view, called, called)
        or no_way_to(view, called)
    ):
        return None
    names = {called.name, *(s.name for s in view.leading_to(called.ref))}
    named = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, sorted(names)))})(?![\w-])", re.IGNORECASE)
    lines = [
        (at, log.pod, line)
        for log in view.logs_of(caller.live, previous=False)
        for line in log.lines
        if named.search(line) and BAD.search(line) and (at := stamp(line))
    ]
    seen = None
    if len(lines) < OFTEN:
        refused = refused_by(view, caller, called)
        if refused is None:
            return None
        lines, seen = refused
    last, pod, line = max(lines)
    pods = frozenset(pod for _, pod, _ in lines)
    said = Said(pod, line.strip()[:300], len(lines), min(lines)[0], last, pods, seen)
    return said if view.recent(last, STILL) else None


def _way_changed(view: View, caller: Workload, called: Workload, said: Said, began: datetime) -> bool:
    """Tell whether the way or the caller's settings changed too; not earlier, where its log tells that all was well."""
    return way_changed(view, caller, called, began, in_its_minutes=said.seen is not None)


def _only_since(said: Said, called: Workload) -> bool:
    """Tell whether nothing was said against a neighbour before its release."""
    return called.released_at is not None and said.first - called.released_at >= BEFORE


def _ended_before(view: View, ref: str, called: Workload) -> bool:
    """Tell whether containers of a caller end again and again since before a neighbour's release."""
    since = looping_since(view, view.workloads[ref]) if ref in view.workloads else None
    return since is not None and called.released_at is not None and since - called.released_at < BEFORE


def _some_fail(view: View, called: Workload, began: datetime) -> bool:
    """Tell whether some of the newest pods alone repeat an error since callers fail: it is not the code that all run.

    A warning, or an error that came long after, is not what the callers fail by.
    """
    if not newest_differ(view, called):
        return False
    ill = told_apart(view, called).keys() & {pod.name for pod in called.newest_pods()}
    told = [(pod, each.since) for each in marked(view, called) for pod in each.pods]
    told += [(hit.pod, hit.first) for hit in view.hits_of(called.ref) if not hit.previous]
    return any(pod in ill and (since is None or since <= began + AT_ONCE) for pod, since in told)


def _match(view: View, caller: Workload, called: Workload, said: Said, felt: tuple[Evidence, datetime]) -> Match:
    suffer = behind(view, called.ref, caller.ref, but=called.ref)
    callers = tuple(ref for ref in suffer if not _ended_before(view, ref, called))
    seen, began = felt
    match = Match(
        component=called.ref,
        evidence=(
            *release_evidence(called)[:2],
            seen,
            lines_told(said.pod, said.count, said.line, said.first),
            *((said.seen,) if said.seen else ()),
            Evidence("objects", caller.ref, "its own template is older", caller.released_at),
        ),
        certainty=0.65 if called.ref in view.graph.calls.get(caller.ref, ()) else 0.55,
        root_cause=release_cause(view, called),
        since=began,
        explains=callers,
        excludes=(
            *excluding(called.ref, "a restart runs the same release", *RESTARTS),
            *not_for(callers, f"it fails since {called.ref} was released: nothing done to it mends that"),
        ),
    )
    passed_on = _passed_on(view, called, began) or serves_twins(view, caller, called, said.pods)
    if passed_on is None:
        return match
    return match._replace(
        evidence=(*match.evidence, passed_on), certainty=UNLIKELY, root_cause="dependency_failure", remedy="page_human"
    )


def _passed_on(view: View, called: Workload, began: datetime) -> Evidence | None:
    """Return what shows that a release only passes on what others bring; None: nothing does."""
    if _some_fail(view, called, began):
        told = "some of its newest pods repeat an error of which others like them tell nothing"
        return Evidence("logs", called.ref, told)
    return met_alike(view, called)


RULE = Rule(
    name="neighbour_released",
    title="Callers fail since a release of what they call, which is well by itself",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="nobody fails since the release of a neighbour that its logs complain of",
    follows=True,
)
