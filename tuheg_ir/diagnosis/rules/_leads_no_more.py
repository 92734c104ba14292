"""Who lost the lease that lets one of several act, as what keeps it was away, and never asked for it again.

The loops of Kubernetes' clients return once a lease could not be renewed in time: a program is meant to end then, or to
call them again. One that does neither goes on without its work, and its probe is green. A new process asks anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log, Obj
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.reading import name, parse_moment, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SETTLED = timedelta(minutes=10)
"""Who asks again at all does so within seconds, or after a pause of few minutes."""
FRESH = timedelta(minutes=2)
"""A lease is renewed every few seconds."""
GOES_ON = 3
"""So many lines since then show that the process lives, and would tell if it asked."""
_WORDS = ("lead", "lease")
_LOST = late(
    r"\b(?:lost|losing) (?:the |its |my )?(?:leadership|leader ?election|leader lease)"
    r"|\bleader(?:ship| ?election| lease)(?: was| has been)? lost\b|\bstopped leading\b"
    r"|\bfailed to renew (?:the |its |leader |leadership )?lease\b|\brenew deadline reached\b.{0,80}\b(?:lock|lease)",
    re.IGNORECASE,
)
"""How client-go, the clients of Java and Python, and programs of their own tell that one leads no more."""
_ASKS = late(
    r"\b(?:acquir|obtain|campaign|contend|attempt|retriev|retry|rejoin|follow|grant|elected|re-?elect|regain|gained)\w*"
    r"|\b(?:took|takes?|taken|taking|became|becom\w+|start\w*|wait\w*|try\w*) (?:over |for |to )?(?:the |a |be )?"
    r"(?:new )?lea(?:d|se)|\bnew leader\b|\bleader is\b|\belection\b.{0,40}\b(?:start|beg[ia]n|join|again)",
    re.IGNORECASE,
)
"""How they tell that they ask for it again, have it, or know who has."""


class LedNoMore(NamedTuple):
    """Since when nobody of a workload leads, and what shows it."""

    at: datetime
    evidence: tuple[Evidence, ...]


class _Lost(NamedTuple):
    """The pod that lost it: when first and last it told so, and how."""

    pod: str
    first: datetime
    last: datetime
    line: str


def leads_no_more(view: View, workload: Workload, passed: Callable[[Log, datetime, datetime], bool]) -> list[LedNoMore]:
    """Return that each pod of a workload lost its lease of what ``passed``, and that none asked since; [] if not.

    Where one pod did not lose it, or holds a lease still, that one leads.
    """
    logs = [log for log in view.logs_of(workload.live, previous=False) if log.lines and speaks_of(log, _WORDS)]
    if not logs or workload.ready < workload.wanted:
        return []
    lost = [each for log in logs if (each := _lost(view, log)) and passed(log, each.first, each.last)]
    at = min((each.first for each in lost), default=None)
    if at is None or {each.pod for each in lost} != {pod.name for pod in workload.live}:
        return []
    held = list(_leases(view, lost))
    if any(view.recent(renewed, FRESH) for _, renewed in held):
        return []
    said = (Evidence("logs", f"Pod/{each.pod}", f"it never asked again: {each.line}", each.last) for each in lost[:2])
    return [LedNoMore(at, (*said, *_shown(held)))]


def _lost(view: View, log: Log) -> _Lost | None:
    """Return that a pod lost its lease for long, and lives; None where it told since that it asks, or who leads."""
    told = [(n, at) for n, line in enumerate(log.lines) if _LOST.search(line) and (at := stamp(line)) is not None]
    if not told or view.recent(told[-1][1], SETTLED):
        return None
    number, last = told[-1]
    since = log.lines[number + 1 :]
    if sum(stamp(line) is not None for line in since) < GOES_ON or any(map(_asks, since)):
        return None
    # It may have lost it before, and taken it up again.
    first = next(at for _, at in told if last - at < SETTLED)
    return _Lost(log.pod, first, last, log.lines[number].strip())


def _asks(line: str) -> bool:
    return any(word in line.lower() for word in _WORDS) and _ASKS.search(line) is not None


def _leases(view: View, lost: Iterable[_Lost]) -> Iterator[tuple[Obj, datetime | None]]:
    """Yield the leases that pods hold, or that their words name, and when each was renewed last."""
    pods = {each.pod for each in lost}
    said = " ".join(each.line for each in lost)
    for lease in view.snapshot.of("Lease"):
        holder = text(lease, "spec", "holderIdentity").partition("_")[0]  # behind it stands an id of the process
        named = re.search(rf"(?<![\w.-]){re.escape(name(lease))}(?![\w-]|\.\w)", said)
        if holder in pods or named:
            yield lease, parse_moment(text(lease, "spec", "renewTime"))


def _shown(held: Iterable[tuple[Obj, datetime | None]]) -> Iterator[Evidence]:
    for lease, renewed in held:
        yield Evidence("objects", f"Lease/{name(lease)}", "nobody has renewed it since", renewed)
