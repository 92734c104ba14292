"""What an alert can tell of that is meant to be so, or hurts nobody, and how one sees that it does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._debugged import debugged
from tuheg_ir.diagnosis.rules._drops_old_keys import OF_ROOM, full_on_purpose
from tuheg_ir.diagnosis.rules._scanned import scanned
from tuheg_ir.diagnosis.rules._search_list import OF_MISSING_NAMES, search_misses
from tuheg_ir.diagnosis.rules._whole_again import whole_again
from tuheg_ir.diagnosis.rules._worked_off import OF_QUEUES, shrinks
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.reading import items, text, whole
from tuheg_ir.diagnosis.view.scaling import scaled_by
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

ROOMY = 0.7
"""Share of a database's sessions up to which nobody waits for one."""
OPEN = timedelta(minutes=1)
"""A transaction that is open and idle for longer is a leak."""
_TURNED_AWAY = late(r"(?:\" |status[\"':= ]+|\s)4\d\d\b")

OF_CLIENTS = late(r"4xx|40[0134]\b|client.?error", re.IGNORECASE)
"""Words of an alert about requests that were turned away."""

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
        waiting = [s for s in database.sessions if s.locked_out]
        if not open_ones and not waiting:
            return Evidence(
                "database", ref, f"{alert.name} fires; {database.used} of {database.usable} sessions are taken"
            )
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
    pods = view.workloads[ref].pods if ref in view.workloads else ()
    for log in view.logs_of(pods):
        yield from (line for line in log.lines if tells("attack_attempt", line))


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
    (late(r"connection|session", re.IGNORECASE), _roomy),
    (late(r"absent|missing|no (?:running )?(?:container|pod|replica)", re.IGNORECASE), _at_rest),
    (OF_ROOM, full_on_purpose),
    (OF_QUEUES, shrinks),
    (
        late(
            r"yellow|\bred\b|cluster.{0,24}(?:health|stat(?:e|us))|degraded|(?:un|not )(?:healthy|assigned|allocated)|"
            r"partition|split.?brain|quorum|under.?replicated",
            re.IGNORECASE,
        ),
        whole_again,
    ),
    (late(r"suspicious|exploit|scanner|attack|waf", re.IGNORECASE), _turned_away),
    (OF_CLIENTS, scanned),
    (OF_MISSING_NAMES, search_misses),
    (late(r"shell|terminal|\bexec", re.IGNORECASE), debugged),
)
