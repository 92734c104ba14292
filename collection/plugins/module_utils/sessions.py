# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who holds the database's connections, and the SQL that ends a chosen set of them.

The query reads no query texts: they may hold secrets. A session is ended by pid AND
backend_start, so a pid that PostgreSQL gave to someone else meanwhile is never hit.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

# The declared read-only query. One JSON object on stdout (psql -qAtX).
SESSIONS_SQL = (
    "SELECT json_build_object("
    "'max', current_setting('max_connections')::int, "
    "'reserved', current_setting('superuser_reserved_connections')::int"
    " + coalesce(nullif(current_setting('reserved_connections', true), ''), '0')::int, "
    "'sessions', coalesce((SELECT json_agg(json_build_object("
    "'pid', pid, "
    "'backend_start', to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), "
    "'client', host(client_addr), 'user', usename, 'database', datname, "
    "'application', application_name, 'state', coalesce(state, 'unknown'), "
    "'wait', coalesce(wait_event_type, ''), "
    "'age_s', round(extract(epoch FROM clock_timestamp() - state_change)::numeric, 1)) "
    "ORDER BY backend_start, pid) FROM pg_stat_activity "
    "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()), '[]'::json))"
)
LOCAL = "local"  # the client of a session from inside the database's own pod
_IDLE = "idle"
_IDLE_IN_TRANSACTION = "idle in transaction"  # also "idle in transaction (aborted)"
_FULL = 0.9  # of the usable connections: newcomers will be refused any moment
_RELIEF = 0.5  # ending other clients' sessions stops when no more than this is used
_START = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@dataclass(frozen=True)
class Session:
    """One client session. client is the owner of the pod it comes from, else its address.

    wait: the kind of what it waits for, such as Lock or Client; '' for nothing. lost: its pod is
    gone with its node, and nobody is there to give it back.
    """

    pid: int
    backend_start: str
    client: str
    user: str
    state: str
    age_s: float
    application: str = ""
    database: str = ""
    wait: str = ""
    lost: bool = False

    @property
    def leaking(self) -> bool:
        """Whether it sits in an open transaction and does nothing."""
        return self.state.startswith(_IDLE_IN_TRANSACTION)

    @property
    def idle(self) -> bool:
        """Whether it does nothing, in a transaction or not."""
        return self.state.startswith(_IDLE)


class Report(NamedTuple):
    """What the database said: its limits and its client sessions (without our own)."""

    max: int
    reserved: int
    sessions: tuple[Session, ...]

    @property
    def usable(self) -> int:
        """Connections that ordinary users can have."""
        return max(1, self.max - self.reserved)

    def full(self, used: int) -> bool:
        """Whether newcomers will be refused any moment with so many in use."""
        return used >= self.usable * _FULL


@dataclass(frozen=True)
class Decision:
    """Who holds the slots and which sessions may be ended.

    holder: own (the service's own sessions that leak), lost (those of its pods that are gone with
    their node), other (another client), load (the service's working sessions fill the slots),
    nobody, unknown. class: safe or irreversible, that of
    ending `end`. sql ends exactly `end`; '' if there is nothing to end. clients: whose.
    """

    holder: str
    exhausted: bool
    used: int
    usable: int
    max: int
    own: int
    own_leaking: int
    own_lost: int
    other: int
    reason: str
    groups: tuple[Mapping[str, Any], ...]
    end: tuple[Session, ...] = ()
    clients: tuple[str, ...] = ()
    sql: str = ""
    action_class: str = "safe"

    def as_dict(self) -> dict[str, Any]:
        """The decision as results carry it."""
        shown = asdict(self) | {"count": len(self.end), "clients": list(self.clients)}
        shown["end"] = [{"pid": s.pid, "backend_start": s.backend_start} for s in self.end]
        shown["groups"] = [dict(group) for group in self.groups]
        shown["class"] = shown.pop("action_class")
        return shown


def parse(text: str, owners: Mapping[str, str] | None = None, lost: Container[str] = ()) -> Report:
    """Read the query's output. owners: pod address -> owner name; lost: as lost_addresses() gives.

    Raises ValueError.
    """
    try:
        data = json.loads(text)
        rows = [_session(row, owners or {}, lost) for row in data["sessions"]]
        return Report(int(data["max"]), int(data["reserved"]), tuple(rows))
    except (ValueError, KeyError, TypeError) as error:
        shown = " ".join(text.split())[:120]
        raise ValueError(f"the database's answer cannot be read ({error}): {shown!r}") from error


def pod_owners(pods: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Pod address -> name of the Deployment or StatefulSet, from Pod objects or slim ones.

    Slim: {ip, service}. A ReplicaSet's name is its Deployment's plus the pod's template hash.
    """
    owners: dict[str, str] = {}
    for pod in pods:
        if "metadata" not in pod:
            owners[str(pod.get("ip") or "")] = str(pod.get("service") or pod.get("name") or "")
            continue
        address = str((pod.get("status") or {}).get("podIP") or "")
        owners[address] = pod_owner(pod)
    owners.pop("", None)
    return owners


def lost_addresses(pods: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Addresses of slim pods that are lost with their node, and of no pod that is not."""
    told = [(str(pod.get("ip") or ""), bool(pod.get("lost"))) for pod in pods]
    return frozenset({ip for ip, lost in told if lost} - {ip for ip, lost in told if not lost} - {""})


def pod_owner(pod: Mapping[str, Any]) -> str:
    """The name of the workload that made a pod; the pod's own name if none did."""
    meta = pod["metadata"]
    for owner in meta.get("ownerReferences") or []:
        if owner.get("controller"):
            tail = "-" + str((meta.get("labels") or {}).get("pod-template-hash", ""))
            name = str(owner["name"])
            return name.removesuffix(tail) if owner.get("kind") == "ReplicaSet" and tail != "-" else name
    return str(meta["name"])


def decide_sessions(
    stdout: str,
    *,
    pods: Iterable[Mapping[str, Any]],
    service: str,
    min_age_s: float = 30.0,
    whose: str = "own",
    error: str = "",
) -> dict[str, Any]:
    """parse() and decide() on the query's output; an unreadable one is holder "unknown".

    pods: Pod objects or slim ones, see pod_owners(). error: why there is no output.
    """
    try:
        if error:
            raise ValueError(f"the database does not answer ({error})")
        told = list(pods)
        report = parse(stdout or "", pod_owners(told), lost_addresses(told))
    except ValueError as why:
        nothing = Decision("unknown", False, 0, 0, 0, 0, 0, 0, 0, str(why), ())
        return nothing.as_dict()
    return decide(report, service, min_age_s=min_age_s, whose=whose).as_dict()


def decide(report: Report, service: str, *, min_age_s: float = 30.0, whose: str = "own") -> Decision:
    """Tell who holds the slots, and choose what to end.

    whose "own": the service's sessions that are idle in transaction for min_age_s or longer, and
    those of its lost pods that have been idle for so long, in a transaction or not.
    whose "other": the idle sessions of the clients that fill the slots, the largest first, until
    half of the slots are free; never one at work, never the service's own, never local ones.
    """
    if whose not in ("own", "other"):
        raise ValueError(f"whose is {whose!r}; it must be own or other")
    own = [s for s in report.sessions if s.client == service]
    leaking = [s for s in own if s.leaking and s.age_s >= min_age_s and not s.lost]
    lost = [s for s in own if s.lost and s.idle and s.age_s >= min_age_s]
    other = [s for s in report.sessions if s.client not in (service, LOCAL)]
    used = len(report.sessions)
    exhausted = report.full(used)
    holder, reason = _holder(report, service, own, leaking, lost, other)
    end = [*leaking, *lost] if whose == "own" else _to_relieve(report, [s for s in other if s.idle], exhausted)
    return Decision(
        holder=holder,
        exhausted=exhausted,
        used=used,
        usable=report.usable,
        max=report.max,
        own=len(own),
        own_leaking=len(leaking),
        own_lost=len(lost),
        other=len(other),
        reason=reason,
        groups=tuple(group_sessions(report.sessions)),
        end=tuple(end),
        clients=tuple(sorted({s.client for s in end})),
        sql=end_sql(end, only_leaking=whose == "own"),
        action_class="safe" if whose == "own" else "irreversible",
    )


def group_sessions(sessions: Iterable[Session]) -> list[dict[str, Any]]:
    """[{client, user, state, application, count, oldest_s}], the largest group first."""
    groups: dict[tuple[str, str, str, str], list[float]] = {}
    for each in sessions:
        groups.setdefault((each.client, each.user, each.state, each.application), []).append(each.age_s)
    rows = [
        dict(zip(("client", "user", "state", "application"), key, strict=True))
        | {"count": len(ages), "oldest_s": max(ages)}
        for key, ages in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row["count"], row["client"], row["state"]))


def end_sql(sessions: Iterable[Session], *, only_leaking: bool) -> str:
    """The statement that ends these sessions and no other; '' for none.

    One that went back to work meanwhile is spared; with only_leaking also one that is merely idle,
    unless its pod is lost.
    """
    rows = []
    for each in sessions:
        if not _START.fullmatch(each.backend_start):
            raise ValueError(f"{each.backend_start!r} is not the start of a session")
        state = _IDLE_IN_TRANSACTION if only_leaking and not each.lost else _IDLE
        rows.append(f"({int(each.pid)}, timestamptz '{each.backend_start}', '{state}%')")
    if not rows:
        return ""
    head = f"SELECT json_build_object('asked', {len(rows)}, 'ended', count(*) FILTER (WHERE done)) FROM ("  # noqa: S608 - numbers and checked times
    ends = "SELECT pg_terminate_backend(a.pid) AS done FROM pg_stat_activity a "
    these = f"JOIN (VALUES {', '.join(rows)}) AS v(pid, start, state) ON a.pid = v.pid AND a.backend_start = v.start"
    return f"{head}{ends}{these} AND a.state LIKE v.state) AS ends"


def parse_ended(text: str) -> dict[str, int]:
    """{asked, ended, gone} from the output of end_sql. Raises ValueError."""
    try:
        data = json.loads(text)
        asked, ended = int(data["asked"]), int(data["ended"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"the database's answer cannot be read: {text[:120]!r}") from error
    return {"asked": asked, "ended": ended, "gone": asked - ended}


def psql_words(sql: str, user: str = "postgres", database: str = "postgres") -> list[str]:
    """The command that runs one statement and prints its bare result."""
    return ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", database, "-c", sql]


def psql_command(sql: str, user: str = "postgres", database: str = "postgres") -> str:
    """The same as one text, for kubernetes.core.k8s_exec, which splits it again."""
    return shlex.join(psql_words(sql, user, database))


def _session(row: Mapping[str, Any], owners: Mapping[str, str], lost: Container[str]) -> Session:
    address = str(row.get("client") or "")
    local = address in ("", "127.0.0.1", "::1")
    return Session(
        pid=int(row["pid"]),
        backend_start=str(row["backend_start"]),
        client=LOCAL if local else owners.get(address, address),
        user=str(row.get("user") or ""),
        state=str(row.get("state") or "unknown"),
        age_s=float(row.get("age_s") or 0.0),
        application=str(row.get("application") or ""),
        database=str(row.get("database") or ""),
        wait=str(row.get("wait") or ""),
        lost=not local and address in lost,
    )


def _holder(
    report: Report,
    service: str,
    own: list[Session],
    leaking: list[Session],
    lost: list[Session],
    other: list[Session],
) -> tuple[str, str]:
    used = len(report.sessions)
    total = f"{used} of {report.usable} usable connections are taken"
    biggest = _by_size(other)[0] if other else ("", [])
    exhausted = report.full(used)
    if lost and not leaking and (not exhausted or not report.full(used - len(lost))):
        oldest = max(s.age_s for s in lost)
        told = f"{len(lost)} of {len(own)} sessions of {service} are of pods that are lost"
        return "lost", f"{told}, idle for up to {oldest:.0f} s; {total}"
    if leaking and len(leaking) >= len(biggest[1]):
        oldest = max(s.age_s for s in leaking)
        told = f"{len(leaking)} of {len(own)} sessions of {service} are idle in transaction, for up to {oldest:.0f} s"
        return "own", f"{told}; {total}"
    if exhausted and len(biggest[1]) > len(own):
        return "other", f"{biggest[0]} holds {len(biggest[1])} sessions, {service} {len(own)}; {total}"
    if leaking:
        return "own", f"{len(leaking)} of {len(own)} sessions of {service} are idle in transaction; {total}"
    if exhausted:
        return "load", f"{service} holds {len(own)} sessions and none is leaking; {total}"
    return "nobody", total


def _to_relieve(report: Report, other: list[Session], exhausted: bool) -> list[Session]:
    chosen: list[Session] = []
    if not exhausted:
        return chosen
    for _client, sessions in _by_size(other):
        if len(report.sessions) - len(chosen) <= report.usable * _RELIEF:
            break
        chosen += sessions
    return chosen


def _by_size(sessions: list[Session]) -> list[tuple[str, list[Session]]]:
    clients: dict[str, list[Session]] = {}
    for each in sessions:
        clients.setdefault(each.client, []).append(each)
    return sorted(clients.items(), key=lambda item: (-len(item[1]), item[0]))
