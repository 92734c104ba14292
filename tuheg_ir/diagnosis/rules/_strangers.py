"""A console that the internet reaches: a stranger asks it for a shell, is given one, and it opens elsewhere.

That it opened is told by what was run in it, or by a pod that takes far more of its node's processors from then on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.rules._starved import TOGETHER, grew
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AT_ONCE = timedelta(minutes=1)
"""A shell that opens so soon after it was asked for is the one that was asked for."""
HANDED = timedelta(seconds=5)
"""A connection that a console hands over so soon after it gave a shell is that shell's."""
_NEXT = 5
"""So many lines behind, a busy console tells of it."""
_SHELL = r"(?:exec|attach|shell|terminals?|pty|tty)"
_FOR_A_SHELL = late(
    rf"\b(?:GET|POST|PUT) /\S*?(?<![a-z]){_SHELL}(?![a-z])|\bPOST /(?:\S*/)?script(?:Text)?(?![\w./-])", re.IGNORECASE
)
_OPENS = late(rf"(?<![a-z-]){_SHELL}(?![a-z]|-\d)", re.IGNORECASE)
"""What the program in which a shell opens tells of it; threads of a pool are numbered."""
_STRANGER = late(rf"(?<![\d.]){PUBLIC}")
_ADDRESS = late(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_UPGRADED = late(r"\bupgraded\b|\bswitching protocols\b", re.IGNORECASE)
_NOBODY = r"(?:system:)?(?:anonymous(?:user)?|unauthenticated)|null|none|nil|undefined|unknown|guest|0+"
_SIGNED_IN = late(
    r"(?<![a-z])(?:user(?:[._-]?(?:name|id))?|login|email)[\"']?[=:] ?[\"']?"
    rf"(?!(?:{_NOBODY}|root)(?![\w.@-]))[a-z\d]"
    rf"|\d - (?!(?:-|{_NOBODY})(?![\w.@-]))[\w.@-]+ \[",
    re.IGNORECASE,
)
"""Who signed in is known to the house; the second is the third field of an access log. Shells are run as root."""


class LetIn(NamedTuple):
    """A stranger who asked a console for a shell and was answered; what tells that one opened elsewhere then.

    ``opened``: what was run in it. ``busy``: pods, with their workload, that take far more processor time from then on.
    """

    seen: Evidence
    opened: tuple[Hit, ...]
    busy: tuple[tuple[str, Evidence], ...]

    @property
    def through(self) -> set[str]:
        """Return the workloads in which a shell opened."""
        return {hit.component for hit in self.opened} | {ref for ref, _ in self.busy}

    def taken(self, view: View) -> str:
        """Return the one workload of which all pods, several, are busy with it; "" if none is.

        To shut the console does not end what runs there; cut off, they take no more orders from it either.
        """
        refs = {ref for ref, _ in self.busy}
        ref = min(refs) if len(refs) == 1 else ""
        return ref if len(self.busy) > 1 and len(view.workloads[ref].live) == len(self.busy) else ""


@once
def let_in(view: View, workload: Workload) -> LetIn | None:
    """Return the stranger to whom a console gave a shell; somebody of the house may ask from outside as well."""
    if not reached_from_outside(view, workload):
        return None
    asked = [(log.pod, *told) for log in view.logs_of(workload.pods) for told in _asked(log.lines)]
    if not asked:
        return None
    pod, line, by = asked[0]
    whom = f" ({found[0]})" if by != line and (found := _STRANGER.search(by)) else ""
    fact = f"the internet reaches it, and {len(asked)} times it gave a stranger{whom} a shell: {line}"
    times = [(at, each) for _, each, _ in asked if (at := stamp(each)) is not None]
    opened = [h for h in view.hits if h.trouble == "intrusion" and h.component != workload.ref and _with(h, times)]
    return LetIn(Evidence("logs", f"Pod/{pod}", fact, stamp(line)), tuple(opened), tuple(_busy(view, workload, times)))


def _asked(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the lines by which strangers were given a shell, and those that tell that they are strangers.

    Where a console tells what was asked and not by whom, the connection that it hands over at once tells that.
    """
    for number, line in enumerate(lines):
        if not _FOR_A_SHELL.search(line) or not _answered(line) or _SIGNED_IN.search(line):
            continue
        if _STRANGER.search(line):
            yield line, line
        elif not _ADDRESS.search(line):
            by = next((each for each in lines[number + 1 : number + 1 + _NEXT] if _handed(line, each)), None)
            if by is not None:
                yield line, by


def _answered(line: str) -> bool:
    return status_of(line) == 101 or 200 <= status_of(line) < 300


def _handed(line: str, later: str) -> bool:
    given, at = stamp(line), stamp(later)
    if given is None or at is None or not timedelta() <= at - given <= HANDED or _SIGNED_IN.search(later):
        return False
    return bool(_STRANGER.search(later)) and (status_of(later) == 101 or bool(_UPGRADED.search(later)))


def _with(hit: Hit, times: Sequence[tuple[datetime, str]]) -> bool:
    seen = [at for at in (hit.first, hit.last) if at is not None]
    return any(abs(at - asked) <= AT_ONCE for at in seen for asked, _ in times)


def _busy(view: View, console: Workload, times: Sequence[tuple[datetime, str]]) -> Iterator[tuple[str, Evidence]]:
    """Yield the pods that take far more of a processor just after a shell in them was asked for."""
    for workload in view.workloads.values():
        for pod in workload.live:
            began = grew(view, pod)
            just = [(at, line) for at, line in times if began and -AT_ONCE <= began - at <= TOGETHER]
            if any(workload.ref == console.ref or names(line, pod.name) or _opens(view, pod, at) for at, line in just):
                now = view.figures.now("cpu_usage", pod=pod.name) or 0.0
                told = f"it takes {now:.1f} processors since a stranger was given a shell, many times what it took"
                yield workload.ref, Evidence("metrics", f"Pod/{pod.name}", told, began)


def _opens(view: View, pod: Pod, asked: datetime) -> bool:
    """Tell whether a pod tells of a shell at the time at which one was asked for."""
    told = (line for log in view.logs_of([pod]) for line in log.lines if _OPENS.search(line))
    return any((at := stamp(line)) is not None and abs(at - asked) <= AT_ONCE for line in told)


def reached_from_outside(view: View, workload: Workload) -> bool:
    """Tell whether a way leads from the internet to a workload: a balancer, a port of the nodes or a route."""
    mine = view.leading_to(workload.ref)
    routed = {route.service for route in view.routes}
    return any(text(s.obj, "spec", "type") in ("LoadBalancer", "NodePort") or s.name in routed for s in mine)
