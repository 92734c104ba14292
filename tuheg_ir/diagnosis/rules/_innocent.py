"""What an alert can tell of that is meant to be so, or hurts nobody, and how one sees that it does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.logs import patterns
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import items, text, whole
from tuheg_ir.diagnosis.view.scaling import scaled_by
from tuheg_ir.diagnosis.view.workloads import Workload

ROOMY = 0.7
"""Share of a database's sessions up to which nobody waits for one."""
OPEN = timedelta(minutes=1)
"""A transaction that is open and idle for longer is a leak."""
_DELAY = re.compile(r"(?:recovery_min_apply_delay|(?:SOURCE|MASTER)_DELAY|secondaryDelaySecs|slaveDelay)\W{1,3}[1-9]")
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


_TESTS: tuple[tuple[re.Pattern[str], Shown], ...] = (
    (re.compile(r"connection|session", re.IGNORECASE), _roomy),
    (re.compile(r"lag|behind|replica", re.IGNORECASE), _late_on_purpose),
    (re.compile(r"absent|missing|no (?:running )?(?:container|pod|replica)", re.IGNORECASE), _at_rest),
    (re.compile(r"suspicious|exploit|scanner|attack|waf", re.IGNORECASE), _turned_away),
)
