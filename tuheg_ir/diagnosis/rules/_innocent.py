"""What an alert can tell of that is meant to be so, or hurts nobody, and how one sees that it does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from statistics import fmean

from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.logs import patterns
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import items, text, whole
from tuheg_ir.diagnosis.view.scaling import scaled_by
from tuheg_ir.diagnosis.view.workloads import Workload

ROOMY = 0.7
"""Share of a database's sessions up to which nobody waits for one."""
EMPTIED = 0.67
"""A queue that lost a third within the hour is empty in two more."""
OPEN = timedelta(minutes=1)
"""A transaction that is open and idle for longer is a leak."""
_DELAY = re.compile(r"(?:recovery_min_apply_delay|(?:SOURCE|MASTER)_DELAY|secondaryDelaySecs|slaveDelay)\W{1,3}[1-9]")
_WORD = re.compile(r"[A-Za-z0-9](?:[\w.:/-]*[A-Za-z0-9])?")
_TURNED_AWAY = re.compile(r"(?:\" |status[\"':= ]+|\s)4\d\d\b")

Shown = Callable[[View, Alert, str], Evidence | None]


def innocent(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return what shows that all is well with the matter that an alert about a workload speaks of; None: nothing."""
    tests = (shown for words, shown in _TESTS if words.search(alert.said))
    return next((found for shown in tests if (found := shown(view, alert, ref))), None)


def _roomy(view: View, alert: Alert, ref: str) -> Evidence | None:
    """The database of the alert has sessions left, and nobody keeps a transaction open."""
    for database in view.snapshot.databases:
        if database.ref != ref or not database.usable or database.used > ROOMY * database.usable:
            continue
        open_ones = [s for s in database.sessions if "in transaction" in s.state and s.age_s > OPEN.total_seconds()]
        waiting = [s for s in database.sessions if s.wait == "Lock"]
        if not open_ones and not waiting:
            return Evidence(
                "database", ref, f"{alert.name} fires; {database.used} of {database.usable} sessions are taken"
            )
    return None


def _late_on_purpose(view: View, alert: Alert, ref: str) -> Evidence | None:
    """The replica of the alert is set to stay behind."""
    for workload in of_role(view.workloads, "database"):
        words = [
            str(word)
            for container in items(workload.template, "spec", "containers")
            for word in (
                *(container.get("args") or ()),
                *(container.get("command") or ()),
                *(f"{text(env, 'name')}={text(env, 'value')}" for env in items(container, "env")),
            )
        ]
        if workload.ref == ref and (found := next((word for word in words if _DELAY.search(word)), "")):
            return Evidence("objects", ref, f"{alert.name} fires; it is set to be late: {found[:80]}")
    return None


def _turned_away(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Every request of the attack was answered with 4xx, and nothing tells that one came through."""
    knocks = list(_knocks(view, ref))
    if not knocks or view.hits_of(ref, "intrusion") or not all(_TURNED_AWAY.search(line) for line in knocks):
        return None
    return Evidence(
        "logs", ref, f"{alert.name} fires; all {len(knocks)} such requests in its logs were answered with 4xx"
    )


def _knocks(view: View, ref: str) -> Iterator[str]:
    pods = {pod.name for pod in view.workloads[ref].pods} if ref in view.workloads else set()
    pattern = patterns()["attack_attempt"]
    for log in view.snapshot.logs:
        if log.pod in pods:
            yield from (line for line in log.lines if pattern.search(line))


def _at_rest(view: View, alert: Alert, ref: str) -> Evidence | None:
    """The workload of the alert has no pods because nothing waits for it: KEDA took it to zero, as it may."""
    for scaled in view.snapshot.of("ScaledObject"):
        target = view.workloads.get(scaled_by(scaled))
        active = {text(c, "type"): text(c, "status") for c in items(scaled, "status", "conditions")}
        rests = (active.get("Active"), active.get("Ready")) == ("False", "True")
        if target is None or target.wanted or not rests or whole(scaled, "spec", "minReplicaCount"):
            continue
        if target.ref == ref or _runs(target, alert):
            return Evidence("objects", target.ref, "it has no pods: its ScaledObject says that nothing waits for it")
    return None


def _runs(workload: Workload, alert: Alert) -> bool:
    """Tell whether a label of an alert names a container of a workload."""
    return any(text(c, "name") == alert.labels.get("container") for c in items(workload.template, "spec", "containers"))


def _shrinks(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Every queue that the alert can mean shrinks evenly, and will be empty soon if it goes on so."""
    said = {*map(str, alert.labels.values()), *_WORD.findall(" ".join(map(str, alert.annotations.values())))}
    known = [series for series in view.figures.series("queue_depth") if series.points]
    named = [series for series in known if said & {v for k, v in series.labels.items() if k != "component"}]
    meant = named or [
        s for s in known if view.component(s.labels.get("component", "")) == ref or said & {*s.labels.values()}
    ]
    if not meant or not all(_falls([value for _, value in series.points]) for series in meant):
        return None
    if any(hit.trouble == "message_rejected" for hit in view.hits):
        return None  # what is thrown away is not worked off
    first, last = meant[0].points[0][1], meant[0].points[-1][1]
    reader = view.component(meant[0].labels.get("component", ""))
    return Evidence(
        "metrics", ref or reader, f"{alert.name} fires; {first:.0f} waited there an hour ago, {last:.0f} do now"
    )


def _falls(values: list[float]) -> bool:
    """Tell whether values fall all the time, by so much that as long again, or twice so, brings them to nothing."""
    part = len(values) // 4
    if part < 2:
        return False
    means = [fmean(values[n * part : (n + 1) * part]) for n in range(4)]
    least = (means[0] - means[3]) / 9
    return values[-1] <= EMPTIED * values[0] and all(a - b >= least > 0 for a, b in pairwise(means))


_TESTS: tuple[tuple[re.Pattern[str], Shown], ...] = (
    (re.compile(r"connection|session", re.IGNORECASE), _roomy),
    (re.compile(r"lag|behind|replica", re.IGNORECASE), _late_on_purpose),
    (re.compile(r"absent|missing|no (?:running )?(?:container|pod|replica)", re.IGNORECASE), _at_rest),
    (re.compile(r"queue|backlog|lag\b|pending|messages", re.IGNORECASE), _shrinks),
    (re.compile(r"suspicious|exploit|scanner|attack|waf", re.IGNORECASE), _turned_away),
)
