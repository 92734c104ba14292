"""A console that the internet reaches: a stranger asks it for a shell, is given one, and it opens elsewhere."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AT_ONCE = timedelta(minutes=1)
"""A shell that opens so soon after it was asked for is the one that was asked for."""
_FOR_A_SHELL = late(r"\b(?:GET|POST|PUT) /\S*?(?<![a-z])(?:exec|attach|shell|terminal|pty|tty)(?![a-z])", re.IGNORECASE)
_STRANGER = late(rf"(?<![\d.]){PUBLIC}")


class LetIn(NamedTuple):
    """A stranger who asked a console for a shell and was answered; the workloads in which one opened then."""

    seen: Evidence
    opened: tuple[Hit, ...]


@once
def let_in(view: View, workload: Workload) -> LetIn | None:
    """Return the stranger to whom a console gave a shell; somebody of the house may ask from outside as well."""
    if not reached_from_outside(view, workload):
        return None
    asked = [(log, line) for log in view.logs_of(workload.pods) for line in log.lines if _given(line)]
    if not asked:
        return None
    log, line = asked[0]
    fact = f"the internet reaches it, and {len(asked)} times it gave a stranger a shell: {line}"
    times = [at for _, each in asked if (at := stamp(each)) is not None]
    opened = [h for h in view.hits if h.trouble == "intrusion" and h.component != workload.ref and _with(h, times)]
    return LetIn(Evidence("logs", f"Pod/{log.pod}", fact, stamp(line)), tuple(opened))


def _given(line: str) -> bool:
    asks = _FOR_A_SHELL.search(line) and _STRANGER.search(line)
    return bool(asks) and (status_of(line) == 101 or 200 <= status_of(line) < 300)


def _with(hit: Hit, times: list[datetime]) -> bool:
    seen = [at for at in (hit.first, hit.last) if at is not None]
    return any(abs(at - asked) <= AT_ONCE for at in seen for asked in times)


def reached_from_outside(view: View, workload: Workload) -> bool:
    """Tell whether a way leads from the internet to a workload: a balancer, a port of the nodes or a route."""
    mine = view.leading_to(workload.ref)
    routed = {route.service for route in view.routes}
    return any(text(s.obj, "spec", "type") in ("LoadBalancer", "NodePort") or s.name in routed for s in mine)
