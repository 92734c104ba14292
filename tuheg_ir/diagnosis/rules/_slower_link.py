"""A node's link that came back slower than it was, and is full: whatever is large and goes over it crawls."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.nodes import on_node
from tuheg_ir.diagnosis.view.once import once_by_name
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import suffers_since
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

SPEED, CARRIED = "node_link_speed", ("node_link_sent", "node_link_received")
FELL = 0.5
"""Switches and cards agree on steps of more than this."""
FULL = 0.7
"""Rates are means of minutes: who waits for a link that carries so much of what it can finds it full."""
NO_SERVERS = 12.5e6
"""Bytes a second of 100 Mbit/s: no server is wired so on purpose."""
LASTS = timedelta(hours=3)
"""How a link came up stands until it goes down again."""
ALIKE = 0.8
"""What is said of a speed and what is measured of it are the same, as far as they are rounded."""
_UP_WITH = late(
    r"link (?:is |status )?(?:now )?(?:definitely )?up\b\D{0,40}?(\d{1,6}) ?([MG])(?:b(?:it)?(?:/s|ps)?)\b",
    re.IGNORECASE,
)
_MEGABITS = {"M": 125e3, "G": 125e6}


class SlowerLink(NamedTuple):
    """What tells that a link is slower than it was, since when, and whether it is known to be full."""

    seen: tuple[Evidence, ...]
    since: datetime | None
    full: bool


class _CameUp(NamedTuple):
    """When a kernel said that a link came up, how fast, and how fast it came up before, as far as events go back."""

    event: Event
    speed: float
    before: float


@once_by_name
def slower_link(view: View, node: str) -> SlowerLink | None:
    """Return that a link of a node is slower than it was; None: it is not, or what it carries leaves much of it free.

    What carries little is as well off with a slower link.
    """
    speeds = view.figures.latest(SPEED, "device", node=node)
    if speeds:
        found = (_measured(view, node, device, now) for device, now in sorted(speeds.items()))
        return next((each for each in found if each), None)
    for each in _came_up(view, node):
        if each.speed <= max(NO_SERVERS, FELL * each.before):
            return SlowerLink((view.event_evidence(each.event),), each.event.last, full=False)
    return None


def held_up(view: View, node: str) -> tuple[str, ...]:
    """Return who suffers since a link of a node is slower and full: whose pods are there, and who may call these.

    Who calls nobody that is known may call these. Not who suffers since before, nor since its own release or settings.
    """
    link = slower_link(view, node)
    if link is None or not link.full or link.since is None:
        return ()
    there = {workload.ref for workload, pod in on_node(view, node) if pod in workload.live}
    if not there:
        return ()
    known = {caller for ref in there for caller in view.graph.callers(ref)}
    unknown = {each.ref for each in view.serving if not view.graph.calls.get(each.ref)}
    return tuple(ref for ref in sorted(there | known | unknown) if _suffers(view, ref, link.since))


def _suffers(view: View, ref: str, since: datetime) -> bool:
    began, workload = suffers_since(view, ref), view.workloads.get(ref)
    if workload is not None and (since_release(workload, began) or _set_anew(view, workload, began)):
        return False
    return soon_after(began, since)


def _set_anew(view: View, workload: Workload, began: datetime | None) -> bool:
    return any(soon_after(began, at) for _, at in outside_changes(view, workload))


def _measured(view: View, node: str, device: str, now: float) -> SlowerLink | None:
    """Return that a link is slower than where the figures begin, or, since it came up, than those of all others."""
    was = view.figures.first(SPEED, node=node, device=device) or 0.0
    since = view.figures.crossed(SPEED, (was + now) / 2, below=True, node=node, device=device)
    if now > FELL * was:
        up = next(
            (each for each in _came_up(view, node) if device in each.event.message.replace(":", " ").split()), None
        )
        if up is None or not ALIKE * now <= up.speed <= now / ALIKE:
            return None
        others = view.figures.latest(SPEED, "node")
        was = max(up.before, min((speed for each, speed in others.items() if each != node), default=0.0))
        since = up.event.last
    if now > max(NO_SERVERS, FELL * was):
        return None
    told = f"its link {device} carries {_bits(now)}" + (f" in place of {_bits(was)}" if was > now else "")
    seen = Evidence("metrics", f"Node/{node}", told, since)
    carried = [v for s in CARRIED if (v := view.figures.now(s, node=node, device=device)) is not None]
    if not carried:
        return SlowerLink((seen,), since, full=False)
    if max(carried) < FULL * now:
        return None
    full = Evidence("metrics", f"Node/{node}", f"it is full: {_bits(max(carried))} go over {device}")
    return SlowerLink((seen, full), since, full=True)


def _came_up(view: View, node: str) -> tuple[_CameUp, ...]:
    """Return how each link of a node came up last, by the words of its kernel."""
    told: dict[str, list[tuple[Event, float]]] = {}
    for event in view.events_of(f"Node/{node}", within=LASTS):
        if found := _UP_WITH.search(event.message):
            speed = float(found[1]) * _MEGABITS[found[2].upper()]
            told.setdefault(event.message[: found.start()], []).append((event, speed))
    return tuple(_CameUp(*each[0], max((speed for _, speed in each[1:]), default=0.0)) for each in told.values())


def _bits(speed: float) -> str:
    megabits = speed * 8 / 1e6
    return f"{megabits / 1000:.3g} Gbit/s" if megabits >= 1000 else f"{megabits:.3g} Mbit/s"
