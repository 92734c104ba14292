"""Sessions of pods that were lost with their node: nobody told the database, which keeps them for hours.

A program that ends, or is killed, closes its sessions, its kernel does it. A node that goes from one moment to the next
does not: the sessions that it had do nothing any more, and nobody comes who gives them back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from tuheg_ir.diagnosis.model import Database, Evidence
from tuheg_ir.diagnosis.rules._holders import held_by, owners_told, state_of
from tuheg_ir.diagnosis.rules._idle_ages import CLOCKS, by_now
from tuheg_ir.diagnosis.rules._sessions import Full, figure, full, label_of, released_before
from tuheg_ir.diagnosis.view.nodes import nodes
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

ROOM = 0.85
"""Share of the sessions under which a database has room for its clients' next peak."""
NOTICED = timedelta(minutes=6)
"""A node is called lost by so much after it is at most."""
_SETTLED = timedelta(minutes=10)
"""What does not change for so long after its node was lost is kept by nobody."""
_IN_VAIN = timedelta(minutes=17)
"""Linux gives up what nobody takes after about a quarter of an hour (tcp_retries2, 924 s or more)."""
_FEW = 0.2
"""At most this share of some sessions may be at work where so few of all are."""
_IDLING = "idle"
COUNTS, _IDLE = "db_sessions_by_address", "db_idle_age_by_address"


class Loss(NamedTuple):
    """A node that was lost, since when, and whether it still is; "" for none, where only the way to it was."""

    node: str
    since: datetime
    away: bool


class Dead(NamedTuple):
    """The sessions that a database keeps for pods of one workload which were lost with a node, or gave them up."""

    owner: str
    held: int
    loss: Loss
    shown: Evidence


class _Group(NamedTuple):
    """The sessions from one address as one user, how many they are, and since when none of them does anything.

    ``worked``: when one did so last, as far as anybody looked; ``idle_s``: for how long the oldest is idle, 0 if nobody
    tells; ``course``: how many they were, by time.
    """

    address: str
    user: str
    owner: str
    held: int = 0
    worked: float = 0.0
    idle_s: float = 0.0
    course: Mapping[float, float] = MappingProxyType({})


@once_a_view
def dead_sessions(view: View) -> Mapping[str, Dead]:
    """Return of each full database the sessions of lost pods without which it would have room."""
    known = tuple(losses(view))
    found = {each.ref: _dead(view, each, known) for each in full(view)} if known else {}
    return {ref: dead for ref, dead in found.items() if dead is not None}


def losses(view: View) -> Iterator[Loss]:
    """Yield the nodes that were lost: those that are, and those of which only events still tell."""
    lost = {node.ref: Loss(node.name, node.since, away=True) for node in nodes(view) if node.lost and node.since}
    yield from lost.values()
    there = {node.ref for node in nodes(view)}
    for event in view.events:
        kind, _, name = event.about.partition("/")
        if (kind, event.reason) == ("Node", "NodeNotReady") and event.last and event.about not in lost:
            yield Loss(name, event.last, away=event.about not in there)


def _dead(view: View, each: Full, known: Iterable[Loss]) -> Dead | None:
    """Return the sessions of lost pods without which nobody would be refused; None if some were refused before."""
    refused = oldest(c.hit.first for c in each.refused)
    if refused is None or not each.usable:
        return None
    groups = _listed(view, each.database) if each.database else _counted(view, each.ref)
    for loss in known:
        held: Counter[str] = Counter()
        for group in groups:
            held[_left_by(view, each.ref, group, loss)] += group.held
        held.pop("", None)
        ref, most = max(held.items(), key=lambda item: item[1], default=("", 0))
        if not most or each.used - most > ROOM * each.usable or refused < loss.since - NOTICED:
            continue
        if not _taken_by_release(view, each, ref, most, refused):
            fact = f"{most} of {each.used} sessions do nothing since {loss.node} was lost with pods of {ref}"
            shown = Evidence("database" if each.database else "metrics", each.ref, fact, loss.since)
            return Dead(ref, most, loss, shown)
    return None


def _left_by(view: View, ref: str, group: _Group, loss: Loss) -> str:
    """Return the workload whose pod has left some sessions behind as its node was lost; "" if they may be in use."""
    there = by_address_of(view).get(group.address, ())
    worked = group.worked > (loss.since + CLOCKS).timestamp()
    if not there:
        still = not worked or _answers_nobody(group, loss)
        return group.owner if still and _of_nobody(view, group, loss) else ""
    if worked:
        return ""
    (workload, pod), *others = there
    if others or pod.node != loss.node or not loss.away or role(workload):
        return ""
    given_up = workload.kind in BATCH and pod.deleting
    left = _idle_since(view, group, loss) if group.idle_s else given_up and _unmoved(view, ref, group, loss)
    return workload.ref if left else ""


def _idle_since(view: View, group: _Group, loss: Loss) -> bool:
    """Tell whether the oldest of some sessions does nothing since its node was lost, or for longer."""
    return bool(group.idle_s) and view.now - timedelta(seconds=group.idle_s) <= loss.since + CLOCKS


def _of_nobody(view: View, group: _Group, loss: Loss) -> bool:
    """Tell whether some sessions are of an address that no pod has any more since a node was lost.

    They are idle since that very time, and what was lost runs elsewhere since then.
    """
    owner = view.workloads.get(group.owner)
    if owner is None or role(owner) or not _idle_since(view, group, loss):
        return False
    before = view.now - timedelta(seconds=group.idle_s) < loss.since - NOTICED
    return not before and any(pod.created and pod.created > loss.since for pod in owner.live)


def _answers_nobody(group: _Group, loss: Loss) -> bool:
    """Tell whether sessions that were at work as their node was lost have but not noticed it for as long as they may.

    They never became more since: those that had an answer to send count as at work until it was sent in vain for long.
    """
    since = (loss.since + CLOCKS).timestamp()
    counts = [count for time, count in sorted(group.course.items()) if time > since]
    return group.worked <= (loss.since + _IN_VAIN).timestamp() and counts == sorted(counts, reverse=True)


def _unmoved(view: View, ref: str, group: _Group, loss: Loss) -> bool:
    """Tell whether a run that was given up has as many sessions as when its node was lost, and hardly any works.

    Its node may but have fallen silent, and the run may go on there.
    """
    since = loss.since.timestamp()
    counts = {count for time, count in group.course.items() if time >= since}
    if view.now - loss.since < _SETTLED or counts != {group.held}:
        return False
    at_work = figure(view, "db_sessions_at_work", ref)
    return at_work is not None and at_work <= _FEW * group.held


def _taken_by_release(view: View, each: Full, owner: str, most: int, refused: datetime) -> bool:
    """Tell whether a client that was released before others were refused has as many sessions itself.

    Then nobody knows whether they would be too few without the dead ones.
    """
    for holder in held_by(view, each):
        workload = view.workloads.get(holder.ref)
        own = holder.count - (most if holder.ref == owner else 0)
        if workload is not None and own >= most and released_before(view, workload, refused):
            return True
    return False


@once_a_view
def by_address_of(view: View) -> Mapping[str, tuple[tuple[Workload, Pod], ...]]:
    """Return the pods of each address and name, which some stores tell; those on their way out too."""
    found: dict[str, tuple[tuple[Workload, Pod], ...]] = {}
    for workload in view.workloads.values():
        for pod in workload.pods:
            for address in filter(None, (pod.address, pod.name)):
                found[address] = (*found.get(address, ()), (workload, pod))
    return found


def _listed(view: View, database: Database) -> list[_Group]:
    """Return the sessions that a database lists, by address."""
    found: dict[tuple[str, str], _Group] = {}
    for session in database.sessions:
        key, idle = (session.client, session.user), session.state.startswith(_IDLING)
        group = found.get(key, _Group(*key, session.owner))
        found[key] = group._replace(
            held=group.held + session.count,
            worked=group.worked if idle else view.now.timestamp(),
            idle_s=max(group.idle_s, session.age_s if idle else 0.0),
        )
    return list(found.values())


def _counted(view: View, ref: str) -> list[_Group]:
    """Return the sessions that figures count, by address."""
    label = label_of(view, COUNTS, ref)
    told = view.figures.series(COUNTS, component=label) if label else ()
    owners = owners_told(view, ref, [{"user": series.labels.get("user", "")} for series in told])
    ages = _ages(view, label_of(view, _IDLE, ref))
    found: dict[tuple[str, str], _Group] = {}
    for series, owner in zip(told, owners, strict=True):
        key = (series.labels.get("address", ""), series.labels.get("user", ""))
        group = found.get(key, _Group(*key, owner, idle_s=ages.get(key, 0.0)))
        works = not (state_of(series.labels) or _IDLING).startswith(_IDLING)
        found[key] = group._replace(
            held=group.held + int(view.figures.alone(COUNTS, series).now(COUNTS) or 0),
            worked=max([group.worked, *(time for time, count in series.points if works and count)]),
            course={**group.course, **{time: count + group.course.get(time, 0.0) for time, count in series.points}},
        )
    return [group for group in found.values() if group.address and group.held]


def _ages(view: View, label: str) -> dict[tuple[str, str], float]:
    """Return for how long sessions have been idle, by address and user."""
    told = view.figures.series(_IDLE, component=label) if label else ()
    return {
        (series.labels.get("address", ""), series.labels.get("user", "")): by_now(view, _IDLE, series)
        for series in told
    }
