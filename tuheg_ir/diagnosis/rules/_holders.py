"""Who holds the sessions of a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Database, Session
from tuheg_ir.diagnosis.rules._counted_alike import owners_by_pools
from tuheg_ir.diagnosis.rules._database_log import owners_by_log
from tuheg_ir.diagnosis.rules._database_users import client_of_user, is_led_elsewhere, takes_its_address_from_a_secret
from tuheg_ir.diagnosis.rules._sessions import Full, clients, label_of, released_before, serves
from tuheg_ir.diagnosis.view.once import once_by_name
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FORGOTTEN_S = 10.0
"""A transaction that does nothing for longer than this is forgotten, not busy: programs pause for milliseconds."""
UNUSED = timedelta(hours=1)
"""A session that is idle for longer than this is in nobody's use: pools take idle ones before they open others."""
_STATES = {"sleep": "idle", "inactive": "idle", "active": "active"}
"""What MySQL and Oracle call a state that has another name at PostgreSQL."""


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
    whose = [labels for labels, _ in told]
    owners = owners_by_log(view, ref, told, owners_told(view, ref, whose))
    owners = owners_by_pools(view, label, able(view, ref), whose, owners)
    aged = label_of(view, "db_transaction_age_by_client", ref)
    ages = tuple(view.figures.standing("db_transaction_age_by_client", component=aged)) if aged else ()
    found = []
    for (labels, count), owner in zip(told, owners, strict=True):
        if int(count):
            state = state_of(labels)
            name, user = labels.get("client", ""), labels.get("user", "")
            found.append(Session("", owner, user, name, state, int(count), _age(ages, labels)))
    return _grouped(found)


def state_of(labels: Mapping[str, str]) -> str:
    """Return the state of some sessions as PostgreSQL calls it; another's own word where it has none."""
    return _STATES.get(labels.get("state", "").lower(), labels.get("state", ""))


def owners_told(view: View, ref: str, told: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the workload of each series that tells the client or the user of a database; "" for one not known."""
    known = [view.workloads[each] for each in able(view, ref) if each in view.workloads]
    users = {labels.get("user", "") for labels in told}
    found = []
    for labels in told:
        named = view.component(labels["client"]) if labels.get("client") else ""
        user = labels.get("user", "")
        found.append(named if named in view.workloads else client_of_user(view, ref, known, user, users))
    return found


def _age(ages: Iterable[tuple[Mapping[str, str], float]], of: Mapping[str, str]) -> float:
    """Return how old the oldest transaction of some sessions is, as figures tell; 0 if they do not."""
    alike = (age for labels, age in ages if all(of.get(k) == v for k, v in labels.items() if k != "component"))
    return max(alike, default=0.0)


@once_by_name
def able(view: View, ref: str) -> tuple[str, ...]:
    """Return the clients of a database, and who may be one though nothing names it."""
    return tuple(sorted({*clients(view, ref), *_unseen(view, ref)}))


def databases_of(view: View, workload: Workload) -> list[Workload]:
    """Return the databases that a workload calls; where a Secret keeps whom it calls, the one that it can only mean."""
    called = [each for each in view.called(workload.ref) if role(each) == "database"]
    return called or [each for each in of_role(view.workloads, "database") if workload.ref in able(view, each.ref)]


def _unseen(view: View, ref: str) -> set[str]:
    """Return who can lead to this database alone, as there is no other.

    Their pools are measured, or a Secret keeps the address of their database, and no setting tells of another one.
    """
    if {w.ref for w in of_role(view.workloads, "database", "pooler")} != {ref}:
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


def is_ours(view: View, holder: Holder, since: datetime | None) -> bool:
    """Tell whether a client is one of our services, or a program of ours whose release may have brought its leak."""
    workload = view.workloads.get(holder.ref)
    released = workload is not None and released_before(view, workload, since) and 2 * holder.forgotten >= holder.count
    return serves(view, holder.ref) or released
