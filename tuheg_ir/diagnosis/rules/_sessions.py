"""Which databases have no session left, who uses them and who suffers by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Database, Evidence
from tuheg_ir.diagnosis.rules._figures import is_well
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, told
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

FULL = 0.92
"""Share of the sessions from which on the next peak finds none."""
FEW = 3
"""So few refusals are a moment's, while users feel nothing."""
_SERVERS = ("database", "pooler", "cache")
LEAK_AFTER = timedelta(hours=6)
"""A leak of sessions shows within this time after the release that brought it."""
EARLIER = timedelta(minutes=5)
"""Who failed so long before a database was full has another reason for it."""


class Full(NamedTuple):
    """A database without room: its workload, how many sessions of how many, and what shows it."""

    ref: str
    used: int
    usable: int
    since: datetime | None
    database: Database | None
    refused: tuple[Complaint, ...]
    evidence: tuple[Evidence, ...]


def full(view: View) -> tuple[Full, ...]:
    """Return the databases that have no room for another session."""
    refused: dict[str, list[Complaint]] = {}
    for each in refusals(view):
        about = each.about or (each.caller if role_of(view, each.caller) == "database" else "")
        refused.setdefault(about, []).append(each)
    found = {ref: one for ref in _refs(view) if (one := _full(view, ref, refused.get(ref, ()))) is not None}
    return tuple(found.values())


def refusals(view: View) -> Iterator[Complaint]:
    """Yield who is refused a session by whom; a server that names clients tells of itself whom it refuses."""
    for each in complaints(view, "database_full"):
        ours = each.about in view.workloads and not role_of(view, each.about)
        if ours and role_of(view, each.caller) in _SERVERS:
            yield each._replace(caller=each.about, about=each.caller)
        else:
            yield each


def role_of(view: View, ref: str) -> str:
    """Return the role of a workload; "" for one that is not known."""
    workload = view.workloads.get(ref)
    return role(workload) if workload else ""


def _refs(view: View) -> Iterator[str]:
    yield from dict.fromkeys(
        [
            *(d.ref for d in view.databases),
            *(ref for ref, w in view.workloads.items() if role(w) in ("database", "pooler", "cache")),
            *(ref for label in view.figures.latest("db_connections", "component") if (ref := view.component(label))),
        ]
    )


def _full(view: View, ref: str, refused: Sequence[Complaint]) -> Full | None:
    database = next((d for d in view.databases if d.ref == ref), None)
    evidence: list[Evidence] = []
    used = usable = 0
    if database is not None and database.usable and database.used >= FULL * database.usable:
        used, usable = database.used, database.usable
        evidence.append(Evidence("database", ref, f"{used} sessions of {usable} for ordinary users are taken"))
    taken, most = figure(view, "db_connections", ref), figure(view, "db_max_connections", ref)
    since = None
    if taken is not None and most and taken >= FULL * most - 3:
        used, usable = used or int(taken), usable or int(most)
        label = label_of(view, "db_connections", ref)
        since = view.figures.crossed("db_connections", FULL * most - 3, component=label)
        evidence.append(Evidence("metrics", ref, f"{taken:.0f} of {most:.0f} connections are taken", since))
    if (
        not evidence
        and sum(hit.count for hit in {c.hit for c in refused}) < FEW
        and is_well(view, behind(view, ref, *(c.caller for c in refused)))
    ):
        return None
    evidence += told(view, {c.hit: c for c in refused}.values(), 2)
    if not evidence or (database is not None and not used):  # refused for another reason than this
        return None
    since = since or oldest(c.hit.first for c in refused)
    return Full(ref, used, usable, since, database, tuple(refused), tuple(evidence))


def label_of(view: View, signal: str, ref: str) -> str:
    """Return the `component` label under which a signal speaks of a workload; "" for none."""
    labels = (s.labels.get("component", "") for s in view.figures.series(signal))
    return next((label for label in labels if label and (view.component(label) or label) == ref), "")


def figure(view: View, signal: str, ref: str, **labels: str) -> float | None:
    """Return how a signal of a workload stands now."""
    label = label_of(view, signal, ref)
    return view.figures.now(signal, component=label, **labels) if label else None


def serves(view: View, ref: str) -> bool:
    """Tell whether a workload is a service of this system: declared as one, else called by name or routed to.

    A reporting job or somebody's console is a client as well, but nobody is served by it.
    """
    workload = view.workloads.get(ref)
    if workload is None or workload.kind in ("Job", "CronJob", "Pod"):
        return False
    if view.snapshot.services:
        return workload.name in view.snapshot.services
    return bool(view.leading_to(ref))


def released_before(view: View, workload: Workload, moment: datetime | None) -> bool:
    """Tell whether a release of a workload may be the reason of sessions that are missing since a time."""
    if not workload.changes or workload.released_at is None:
        return False
    return timedelta(minutes=-2) <= (moment or view.now) - workload.released_at <= LEAK_AFTER


def clients(view: View, ref: str) -> tuple[str, ...]:
    """Return the workloads that use a database, as settings, logs, sessions and refusals tell.

    Who is refused a session is its client, also where a Secret keeps the address.
    """
    known = {s.owner for d in view.databases if d.ref == ref for s in d.sessions if s.owner}
    known |= {c.caller for c in refusals(view) if c.about == ref and c.caller in view.workloads}
    return tuple(sorted(known.union(view.graph.asked_by(ref)) - {ref}))


def sufferers(view: View, each: Full, *, but: str = "") -> tuple[str, ...]:
    """Return who suffers where a database is full: it, its clients and those that call them, ``but`` for one.

    Not who failed long before that: it has a reason of its own.
    """
    found = behind(view, each.ref, *clients(view, each.ref), but=but)
    return tuple(ref for ref in found if not _ill_before(view, ref, each))


def _ill_before(view: View, ref: str, each: Full) -> bool:
    # A log may be cut off long after the first refusal.
    since = each.since if any(shown.source == "metrics" for shown in each.evidence) else None
    began = oldest(at for _, at in troubles(view, ref))
    return began is not None and since is not None and since - began > EARLIER
