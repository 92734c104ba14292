"""A pool whose connections are all taken for long, while the database does nothing for any of them.

Whoever gave up while it waited for one may have been given it all the same: nobody uses that one, nor gives it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._database_users import secrets_of_its_address
from tuheg_ir.diagnosis.rules._holders import databases_of
from tuheg_ir.diagnosis.rules._left_lying import LEAST
from tuheg_ir.diagnosis.rules._poolers import leads_away
from tuheg_ir.diagnosis.rules._pools import KEPT_S, READINGS, SAME, kept_waiting
from tuheg_ir.diagnosis.rules._sessions import label_of
from tuheg_ir.diagnosis.view.changes import volumes_of
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.figures import RECENT_S, summed
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_STATES = "db_connections_by_state"
_IDLE = "idle"
_AT_WORK = 0.1
"""A database that works at so small a share of what pools have taken, as often as one looks, works at none of it."""
_ITSELF = 2
"""Who measures a database has a session at work, and so has an autovacuum."""


_LEADS = late(r"ur[il]|host|endpoint|addr|dsn|webhook|api|token|key", re.IGNORECASE)
_TO_DATABASE = late(r"database|(?:^|_)(?:db|pg)|postgres|sql|mongo|maria|jdbc|r2dbc|datasource", re.IGNORECASE)
_LEADS_NOWHERE = late(r"\.(?:crt|cer|pem|key|p12|jks)$|(?:^|[_.-])(?:pass(?:word|wd)?|user(?:_?name)?)$", re.IGNORECASE)
"""Files of a mounted Secret that keep nobody's address: certificates, and as whom one comes. Any other may keep it."""


class BookedOut(NamedTuple):
    """Pools that are all taken and unused: since when, and what shows it."""

    began: datetime
    evidence: tuple[Evidence, ...]


def booked_out(view: View, workload: Workload) -> BookedOut | None:
    """Return that the pool of each pod is full all the time, and its database idle; None if something else holds it.

    A program that asks others keeps connections while those are slow, and more to do takes all there are; neither
    a lock nor an open transaction is idle.
    """
    counts = _full(view, workload)
    database = only_database(view, workload)
    if not counts or database is None or kept_waiting(view, workload) or complaints(view, "lock_wait"):
        return None
    taken = int(sum(points[-1][1] for points in counts))
    idle = _idle(view, database, taken)
    if taken < LEAST or idle is None:
        return None
    began = datetime.fromtimestamp(max(map(_since, counts)), UTC)
    fact = f"all {taken} connections of its pools have been taken for {(view.now - began).total_seconds() / 60:.0f} min"
    return BookedOut(began, (Evidence("metrics", workload.ref, fact, began), idle))


def _full(view: View, workload: Workload) -> list[Sequence[tuple[float, float]]]:
    """Return what the pool of each pod counts, if all have stood at their most for long; [] if one has not.

    Pods of one template have pools of one size: what stands at another count than the others may have some to spare.
    Of each it has to be seen that it had fewer: one that was always full may be meant so, or lost all it has long ago.
    """
    pods = {pod.name for pod in workload.live}
    found: dict[str, Sequence[tuple[float, float]]] = {
        s.labels.get("pod", ""): s.points for s in view.figures.series("pool_in_use") if s.points
    }
    counts = [points for pod, points in found.items() if pod in pods]
    alike = len({points[-1][1] for points in counts}) == 1
    had_fewer = all(_since(points) > points[0][0] for points in counts)
    return counts if alike and had_fewer and len(counts) == len(pods) and all(_stands(view, c) for c in counts) else []


def _stands(view: View, points: Sequence[tuple[float, float]]) -> bool:
    now, lately = view.now.timestamp(), _lately(view, points)
    told = len(lately) >= READINGS and now - points[-1][0] <= RECENT_S
    return told and now - _since(points) >= KEPT_S and points[-1][1] > 1


def _since(points: Sequence[tuple[float, float]]) -> float:
    """Return since when a count stands at its most."""
    most = max(value for _, value in points)
    below = [n for n, (_, value) in enumerate(points) if value < most]
    return points[min(below[-1] + 1, len(points) - 1)][0] if below else points[0][0]


def _lately(view: View, points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [each for each in points if each[0] >= view.now.timestamp() - KEPT_S]


def only_database(view: View, workload: Workload) -> str | None:
    """Return the database of a program that is known to ask nobody else."""
    asked = view.called(workload.ref) or databases_of(view, workload)
    if len(asked) != 1 or role(asked[0]) != "database" or leads_away(view, workload):
        return None
    return None if asks_unseen(view, workload) else asked[0].ref


def asks_unseen(view: View, workload: Workload) -> bool:
    """Tell whether a program may ask somebody beside its database whom no setting names, or tells of one outside."""
    if _mounts_secret(view, workload) or not _tells_its_database(view, workload):
        return True
    return any(map(_of_others, _kept_secret(view, workload))) or _tells_of_away(view, workload)


def _mounts_secret(view: View, workload: Workload) -> bool:
    """Tell whether a program may have addresses in a file that a Secret keeps; one that nobody read may keep any."""
    secrets = view.objects("Secret")
    mounted = (
        mapping(secrets.get(name), "data") for kind, name, _ in volumes_of(workload.template) if kind == "Secret"
    )
    return any(not files or not all(_LEADS_NOWHERE.search(str(file)) for file in files) for files in mounted)


def _tells_its_database(view: View, workload: Workload) -> bool:
    """Tell whether a setting or a Secret's variable leads to a database: who has that elsewhere has all others there.

    That a program uses a database may be known by figures alone: whom else it asks is then to be seen nowhere.
    """
    hosts = (host for key, value in view.graph.settings(workload) for host in hosts_in(key, value))
    led = (view.workloads.get(view.graph.resolve(host)) for host in hosts)
    return any(each and role(each) == "database" for each in led) or bool(secrets_of_its_address(view, workload))


def _of_others(key: str) -> bool:
    """Tell whether a variable may lead to somebody else than a database: an address, or a key by which one is asked."""
    return _LEADS.search(key) is not None and _TO_DATABASE.search(key) is None


def _kept_secret(view: View, workload: Workload) -> Iterator[str]:
    """Yield the names of a program's variables whose values a Secret keeps; one that nobody read may keep any."""
    secrets = view.objects("Secret")
    for container in items(workload.template, "spec", "containers"):
        of_keys = (each for each in items(container, "env") if text(each, "valueFrom", "secretKeyRef", "name"))
        yield from (text(each, "name") for each in of_keys)
        for name in filter(None, (text(each, "secretRef", "name") for each in items(container, "envFrom"))):
            yield from map(str, mapping(secrets[name], "data")) if name in secrets else ("url",)


def _tells_of_away(view: View, workload: Workload) -> bool:
    """Tell whether a program's logs name an address outside: many a client has that in its code."""
    lines = (line for log in view.logs_of(workload.live, previous=False) for line in log.lines if "://" in line)
    return any(map(view.graph.is_away, hosts_named(lines)))


def _idle(view: View, database: str, taken: int) -> Evidence | None:
    """Return that a database has as many sessions idle as are taken, and works at hardly any whenever one looks."""
    label = label_of(view, _STATES, database)
    series = [s for s in view.figures.series(_STATES, component=label) if s.points] if label else []
    idle = [_lately(view, s.points) for s in series if s.labels.get("state") == _IDLE]
    if len(idle) != 1 or len(idle[0]) < READINGS or min(value for _, value in idle[0]) < SAME * taken:
        return None
    if _most_at_work(view, series) > max(_ITSELF, _AT_WORK * taken):
        return None
    fact = f"it has {idle[0][-1][1]:.0f} sessions idle, and works at hardly any"
    return Evidence("metrics", database, fact, view.now)


def _most_at_work(view: View, series: Sequence[Series]) -> float:
    """Return at how many sessions a database worked at most at one moment, or that were open in a transaction."""
    at_once = summed(_lately(view, each.points) for each in series if each.labels.get("state") != _IDLE)
    return max((count for _, count in at_once), default=0.0)
