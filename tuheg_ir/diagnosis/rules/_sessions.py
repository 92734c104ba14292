"""Who holds the sessions of a database that has none left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Database, Evidence, Session
from tuheg_ir.diagnosis.rules._database_log import owners_by_log
from tuheg_ir.diagnosis.rules._database_users import client_of_user, is_led_elsewhere, takes_its_address_from_a_secret
from tuheg_ir.diagnosis.rules._figures import is_well
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, told
from tuheg_ir.diagnosis.view.once import once_by_name
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.workloads import Workload

FULL = 0.92
"""Share of the sessions from which on the next peak finds none."""
FEW = 3
"""So few refusals are a moment's, while users feel nothing."""
FORGOTTEN_S = 10.0
"""A transaction that does nothing for longer than this is forgotten, not busy: programs pause for milliseconds."""
UNUSED = timedelta(hours=1)
"""A session that is idle for longer than this is in nobody's use: pools take idle ones before they open others."""
_SERVERS = ("database", "pooler", "cache")
_STATES = {"sleep": "idle"}
"""What MySQL calls a state that has another name at PostgreSQL."""
LEAK_AFTER = timedelta(hours=6)
"""A leak of sessions shows within this time after the release that brought it."""
EARLIER = timedelta(minutes=5)
"""Who failed so long before a database was full has another reason for it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The sessions of one client. ``ref`` is its workload ("" unknown), ``forgotten`` are idle in a transaction."""

    ref: str
    name: str
    sessions: tuple[Session, ...]

    @property
    def count(self) -> int:
        """Return how many sessions it has."""
        return sum(s.count for s in self.sessions)

    def of_state(self, *beginnings: str) -> int:
        """Return how many sessions are in states that begin so."""
        return sum(s.count for s in self.sessions if s.state.startswith(beginnings))

    @property
    def forgotten(self) -> int:
        """Return how many sessions are idle in a transaction that is not fresh (an age of 0 is not known)."""
        return sum(s.count for s in self.sessions if forgotten(s))

    @property
    def unused(self) -> int:
        """Return how many sessions are idle in groups in which one is for so long that nobody uses it.

        A group tells the age of its oldest only; a pool that has one to spare for hours has one for whoever asks.
        """
        return sum(s.count for s in self.sessions if _unused(s))

    @property
    def oldest_s(self) -> float:
        """Return the age of its oldest forgotten transaction."""
        return max((s.age_s for s in self.sessions if forgotten(s)), default=0.0)

    @property
    def unused_s(self) -> float:
        """Return for how long its oldest idle session is in nobody's use."""
        return max((s.age_s for s in self.sessions if _unused(s)), default=0.0)


@dataclass(frozen=True, slots=True)
class Full:
    """A database without room: its workload, how many sessions of how many, and what shows it."""

    ref: str
    used: int
    usable: int
    since: datetime | None
    database: Database | None
    refused: tuple[Complaint, ...]
    evidence: tuple[Evidence, ...]


def forgotten(session: Session) -> bool:
    """Tell whether sessions sit idle in a transaction for long."""
    return session.state.startswith("idle in transaction") and (session.age_s == 0 or session.age_s >= FORGOTTEN_S)


def _unused(session: Session) -> bool:
    return session.state == "idle" and session.age_s >= UNUSED.total_seconds()


def holders(database: Database) -> tuple[Holder, ...]:
    """Return the clients of a database, the greediest first."""
    return _grouped(database.sessions)


def held_by(view: View, each: Full) -> tuple[Holder, ...]:
    """Return the clients of a full database as it tells them itself, else as figures do, the greediest first."""
    return holders(each.database) if each.database else measured_holders(view, each.ref)


@once_by_name
def measured_holders(view: View, ref: str) -> tuple[Holder, ...]:
    """Return the clients of a database that figures tell of by name, address or user, the greediest first.

    A name that is no workload's stays one client, though several programs may bear it: a driver's own, perhaps.
    """
    label = label_of(view, "db_connections_by_client", ref)
    told = tuple(view.figures.standing("db_connections_by_client", component=label)) if label else ()
    owners = owners_by_log(view, ref, told, owners_told(view, ref, [labels for labels, _ in told]))
    aged = label_of(view, "db_transaction_age_by_client", ref)
    ages = tuple(view.figures.standing("db_transaction_age_by_client", component=aged)) if aged else ()
    found = []
    for (labels, count), owner in zip(told, owners, strict=True):
        if int(count):
            state = _STATES.get(labels.get("state", "").lower(), labels.get("state", ""))
            name, user = labels.get("client", ""), labels.get("user", "")
            found.append(Session("", owner, user, name, state, int(count), _age(ages, labels)))
    return _grouped(found)


def owners_told(view: View, ref: str, told: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the workload of each series that tells the client or the user of a database; "" for one not known."""
    known = [view.workloads[each] for each in able(view, ref) if each in view.workloads]
    users = {labels.get("user", "") for labels in told}
    found = []
    for labels in told:
        named = view.component(labels["client"]) if labels.get("client") else ""
        user = labels.get("user", "")
        found.append(named if named in view.workloads else client_of_user(view, known, user, users))
    return found


def _age(ages: Iterable[tuple[Mapping[str, str], float]], of: Mapping[str, str]) -> float:
    """Return how old the oldest transaction of some sessions is, as figures tell; 0 if they do not."""
    alike = (age for labels, age in ages if all(of.get(k) == v for k, v in labels.items() if k != "component"))
    return max(alike, default=0.0)


@once_by_name
def able(view: View, ref: str) -> tuple[str, ...]:
    """Return the clients of a database, and who may be one though nothing names it."""
    return tuple(sorted({*clients(view, ref), *_unseen(view, ref)}))


def _unseen(view: View, ref: str) -> set[str]:
    """Return who can lead to this database alone, as there is no other.

    Their pools are measured, or a Secret keeps the address of their database, and no setting tells of another one.
    """
    if {each for each, w in view.workloads.items() if role(w) in ("database", "pooler")} != {ref}:
        return set()
    pods = {series.labels.get("pod", "") for series in view.figures.series("pool_in_use")}
    pooled = [w for w in view.serving if pods & {pod.name for pod in w.live}]
    hidden = [w for w in view.workloads.values() if not role(w) and takes_its_address_from_a_secret(w)]
    return {w.ref for w in (*pooled, *hidden) if not is_led_elsewhere(view, w, ref)} - {ref}


def _grouped(sessions: Iterable[Session]) -> tuple[Holder, ...]:
    groups: dict[str, list[Session]] = {}
    for session in sessions:
        groups.setdefault(session.owner or session.application or session.user or session.client, []).append(session)
    found = [
        Holder(owned(group), name.partition("/")[2] or name or "a client", tuple(group))
        for name, group in groups.items()
    ]
    return tuple(sorted(found, key=lambda h: (-h.count, h.name)))


def owned(sessions: Iterable[Session]) -> str:
    """Return the workload of some sessions; "" if it is not known."""
    return next((s.owner for s in sessions if s.owner), "")


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
            yield replace(each, caller=each.about, about=each.caller)
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
    return any(ref in service.backends for service in view.services.values())


def released_before(view: View, workload: Workload, moment: datetime | None) -> bool:
    """Tell whether a release of a workload may be the reason of sessions that are missing since a time."""
    if not workload.changes or workload.released_at is None:
        return False
    return timedelta(minutes=-2) <= (moment or view.now) - workload.released_at <= LEAK_AFTER


def is_ours(view: View, holder: Holder, since: datetime | None) -> bool:
    """Tell whether a client is one of our services, or a program of ours whose release may have brought its leak."""
    workload = view.workloads.get(holder.ref)
    released = workload is not None and released_before(view, workload, since) and 2 * holder.forgotten >= holder.count
    return serves(view, holder.ref) or released


def clients(view: View, ref: str) -> tuple[str, ...]:
    """Return the workloads that use a database, as settings, logs, sessions and refusals tell.

    Who is refused a session is its client, also where a Secret keeps the address.
    """
    known = {s.owner for d in view.databases if d.ref == ref for s in d.sessions if s.owner}
    known |= {c.caller for c in refusals(view) if c.about == ref and c.caller in view.workloads}
    return tuple(sorted((known | {r for r, calls in view.graph.calls.items() if ref in calls}) - {ref}))


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
