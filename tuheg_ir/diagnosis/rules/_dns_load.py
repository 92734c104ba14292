"""Name servers that have too much to do: held back at their limit, as figures tell, or an alert where nobody measures.

Their load is that of all who ask: a peak of users is a peak of questions, several for each name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._capacity import GROWN
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED, limit_cut, starting, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_LATE = late(r"plugin/health: Local health request .{0,80} took more than")
_HELD_BACK = late(r"cpu.{0,20}throttl|throttl.{0,20}cpu", re.IGNORECASE)


def answers_late(view: View, server: Workload) -> bool:
    """Tell whether a name server is late to answer even itself."""
    return any(_LATE.search(line) for log in view.logs_of(server.live) for line in log.lines)


def at_its_limit(view: View, server: Workload) -> Evidence | None:
    """Return that most pods of a name server have no processor time left; None if they have, or a release cut it.

    Throttled as ever is how it works. What an alert tells is believed of one that is late to answer even itself.
    """
    share, throttled = (usage(view.figures, server, signal) for signal in ("cpu_share", "throttled_share"))
    if share.widely(BUSY):
        return Evidence("metrics", server.ref, f"{share.most:.0%} of its CPU limit is used, in most of its pods")
    if limit_cut(server, "cpu") or starting(view, server):
        return None
    if throttled.widely(THROTTLED) and not _as_ever(view, throttled.beyond(THROTTLED)):
        return Evidence("metrics", server.ref, f"most of its pods are throttled, in {throttled.most:.0%} of periods")
    if share.by_pod or throttled.by_pod or not answers_late(view, server):
        return None
    said = (a for a in view.alerts if view.about_alert(a) == server.ref and _HELD_BACK.search(a.name.lower()))
    return next((Evidence("alerts", server.ref, f"alert {a.name} fires", a.starts_at) for a in said), None)


def _as_ever(view: View, pods: Iterable[str]) -> bool:
    return all(view.figures.beyond_from_the_start("throttled_share", THROTTLED, pod=pod) for pod in pods)


def asked_more_often(view: View, callers: Iterable[str]) -> tuple[Evidence, ...]:
    """Return that who asks a name server has more to do than before, of whom it grew most."""
    grown = sorted((traffic_growth(view, each) or 0.0, each) for each in callers)
    return tuple(Evidence("metrics", e, f"traffic has grown {n:.1f} times") for n, e in grown[-1:] if n >= GROWN)
