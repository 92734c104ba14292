"""A console that the internet reaches: a stranger asks it for a shell, is given one, and it opens elsewhere.

That it opened is told by what was run in it, or by a pod that takes far more of its node's processors from then on.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.rules._starved import TOGETHER, grew
from tuheg_ir.diagnosis.rules.edge_released import is_proxy
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.demand import more_asked
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

AT_ONCE = timedelta(minutes=1)
"""A shell that opens so soon after it was asked for is the one that was asked for."""
HANDED = timedelta(seconds=5)
"""A connection that a console hands over so soon after it gave a shell is that shell's."""
_NEXT = 5
"""So many lines behind, a busy console tells of it."""
_STRANGERS = 3
"""From more addresses than this it is the public that asks: such a path is what the service is for."""
_SHELL = r"(?:exec|attach|shell|terminals?|pty|tty)"
_SCRIPT = r"\bPOST /(?:\S*/)?script(?:Text)?(?![\w./-])"
_RUNS = late(_SCRIPT, re.IGNORECASE)
"""A build server runs it itself, and tells of no shell."""
_FOR_A_SHELL = late(rf"\b(?:GET|POST|PUT) /\S*?(?<![a-z]){_SHELL}(?![a-z])|{_SCRIPT}", re.IGNORECASE)
_OF_A_CONSOLE = late(
    rf"/pods?/\S+/{_SHELL}(?![a-z])|(?<![a-z])(?:host|node|pod|container|docker)_(?:exec|attach|shell)(?![a-z])",
    re.IGNORECASE,
)
"""Paths in which it is a shell by more than its word: others pay at terminals, attach files and execute orders."""
_OPENS = late(rf"(?<![a-z-]){_SHELL}(?![a-z]|-\d)", re.IGNORECASE)
"""What the program in which a shell opens tells of it; threads of a pool are numbered."""
_REQUEST = late(r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD)\b")
"""A line that tells what was asked for tells of nothing that opened."""
_STRANGER = late(rf"(?<![\d.])(?<!\w/){PUBLIC}")
"""An address from outside; what stands behind a program's name is its version: Chrome/120.0.0.0."""
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
    ``doubtful``: it may be a colleague's job in one pod, or work of the public that bears a shell's word.
    """

    seen: Evidence
    opened: tuple[Hit, ...]
    busy: tuple[tuple[str, Evidence], ...]
    doubtful: bool

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
    """Return the stranger to whom a console gave a shell; somebody of the house may ask from outside as well.

    No proxy is a console: it tells what others behind it are asked, and to shut it shuts them all.
    """
    if is_proxy(workload) or not reached_from_outside(view, workload):
        return None
    asked = [(log, *told) for log in view.logs_of(workload.pods) for told in _asked(log.lines)]
    if not asked:
        return None
    log, line, by = asked[0]
    whom = f" ({found[0]})" if by != line and (found := _STRANGER.search(by)) else ""
    fact = f"the internet reaches it, and {len(asked)} times it gave a stranger{whom} a shell: {line}"
    times = sorted((at, each) for _, each, _ in asked if (at := stamp(each)) is not None)
    opened = [h for h in view.hits if h.trouble == "intrusion" and h.component != workload.ref and _with(h, times)]
    busy = tuple(_busy(view, workload, times))
    since = oldest((*(hit.first for hit in opened), *(seen.time for _, seen in busy)))
    addresses = {found[0] for *_, by in asked if (found := _STRANGER.search(by))}
    if len(addresses) > _STRANGERS or more_asked(view, workload.ref, since):
        return None
    logs = [] if opened else [log for log, *_ in asked]  # what was run in a shell at that minute is proof enough
    if not times or _as_ever(times[0][0], logs, since):
        return None
    plain = any(_OF_A_CONSOLE.search(each) for _, each, _ in asked) and {ref for ref, _ in busy} != {workload.ref}
    doubtful = bool(busy) and not opened and (len(busy) == 1 or not plain)
    return LetIn(Evidence("logs", f"Pod/{log.pod}", fact, stamp(line)), tuple(opened), busy, doubtful)


def _as_ever(first: datetime, logs: Collection[Log], since: datetime | None) -> bool:
    """Tell whether such requests came long before anything was odd, or may have: their log hardly goes further back."""
    if since is not None and since - first > TOGETHER:
        return True
    known = (next((at for line in log.lines if (at := stamp(line)) is not None), first) for log in set(logs))
    return any(began > first - TOGETHER for began in known)


def _asked(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the lines by which strangers were given a shell, and those that tell that they are strangers.

    Where a console tells what was asked and not by whom, the connection that it hands over at once tells that.
    """
    for number, line in enumerate(lines):
        if not _FOR_A_SHELL.search(line) or not _answered(line) or _SIGNED_IN.search(line):
            continue
        if _STRANGER.search(line):
            if _upgraded(line) or _OF_A_CONSOLE.search(line) or _RUNS.search(line):
                yield line, line
        elif not _ADDRESS.search(line):
            by = next((each for each in lines[number + 1 : number + 1 + _NEXT] if _handed(line, each)), None)
            if by is not None:
                yield line, by


def _answered(line: str) -> bool:
    return status_of(line) == 101 or 200 <= status_of(line) < 300


def _upgraded(line: str) -> bool:
    return status_of(line) == 101 or bool(_UPGRADED.search(line))


def _handed(line: str, later: str) -> bool:
    given, at = stamp(line), stamp(later)
    if given is None or at is None or not timedelta() <= at - given <= HANDED or _SIGNED_IN.search(later):
        return False
    return bool(_STRANGER.search(later)) and _upgraded(later)


def _with(hit: Hit, times: Sequence[tuple[datetime, str]]) -> bool:
    asked = [at for at, _ in times]
    return any(_near(asked, at) for at in (hit.first, hit.last) if at is not None)


def _near(times: Sequence[datetime], moment: datetime) -> bool:
    """Tell whether one of some times, in order, is that of a moment."""
    number = bisect_left(times, moment - AT_ONCE)
    return number < len(times) and times[number] <= moment + AT_ONCE


def _busy(view: View, console: Workload, times: Sequence[tuple[datetime, str]]) -> Iterator[tuple[str, Evidence]]:
    """Yield the pods that take far more of a processor just after a shell in them was asked for.

    Not those that are asked for more work.
    """
    for workload in view.workloads.values():
        for pod in workload.live:
            began = grew(view, pod)
            just = [(at, line) for at, line in times if began and -AT_ONCE <= began - at <= TOGETHER]
            if not just or more_asked(view, workload.ref, began):
                continue
            opens = _opens(view, pod)
            own = workload.ref == console.ref
            if any(_in_itself(console, line, at, opens) if own else _in(pod, line, at, opens) for at, line in just):
                now = view.figures.now("cpu_usage", pod=pod.name) or 0.0
                told = f"it takes {now:.1f} processors since a stranger was given a shell, many times what it took"
                yield workload.ref, Evidence("metrics", f"Pod/{pod.name}", told, began)


def _in(pod: Pod, line: str, asked: datetime, opens: Sequence[datetime]) -> bool:
    return _near(opens, asked) or names(line, pod.name)


def _in_itself(console: Workload, line: str, asked: datetime, opens: Sequence[datetime]) -> bool:
    """Tell whether what was asked for opened in the console, whose name may stand in any line of its own.

    A build server is one pod, and tells of no shell.
    """
    return len(console.live) == 1 if _RUNS.search(line) else _near(opens, asked)


def _opens(view: View, pod: Pod) -> list[datetime]:
    """Return the times, in order, at which a pod tells of a shell, and not that somebody asked it for one."""
    told = (line for log in view.logs_of([pod]) for line in log.lines if _OPENS.search(line))
    return sorted(at for line in told if not _REQUEST.search(line) and (at := stamp(line)) is not None)


def reached_from_outside(view: View, workload: Workload) -> bool:
    """Tell whether a way leads from the internet to a workload: a balancer, a port of the nodes or a route."""
    mine = view.leading_to(workload.ref)
    routed = {route.service for route in view.routes}
    return any(text(s.obj, "spec", "type") in ("LoadBalancer", "NodePort") or s.name in routed for s in mine)
