"""Whose release writes in far smaller pieces into a store that makes a piece of data of each write.

Such a store joins the pieces behind the writes, and refuses everybody's once it is outrun. Its log tells how many rows
each write has, or the settings of the release tell how many are gathered. Who writes as much in large pieces, or wrote
as small before, has not brought that about.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._sessions import clients
from tuheg_ir.diagnosis.rules._smaller_batches import batches_cut
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SUSPECT = timedelta(hours=48)
"""What is joined more slowly than it comes may take that long to reach the limit."""
SMALL = 100
"""A write of more rows is no small one."""
ROWS, TIMES = 2, 10
"""One row or two are written where each thing that comes is written at once. Where less comes there is less in each
write too, by and by; one that has shrunk by less than so many times is none that a release made."""
FEW_BEFORE, FEW_SINCE = 3, 5
MOSTLY = 0.8
_PIECES = late(
    r"\bTOO_MANY_PARTS\b|\bToo many parts \(|\bToo many versions\. tablet_id|\berr=-235\b|\[E-235\]", re.IGNORECASE
)
_BEGUN = late(r"\{([\w-]{8,64})\} <\w+> executeQuery: \(from \[?([\w.:]+?)\]?:\d+(?:, user: ([\w.@-]+))?[,)]")
_WRITES = late(r"\bINSERT INTO (?:TABLE )?(?:FUNCTION )?[`\"]?([\w.`\"]{1,200})", re.IGNORECASE)
_TABLE = late(r"\bToo many parts \(.{0,160}\bin table '?[`\"]?([\w.`\"]{1,200})")
_TOOK = late(r"\{([\w-]{8,64})\} <\w+> executeQuery: Read (\d{1,15}) rows\b")
"""How ClickHouse tells of a statement: who sends it (nobody is named where that is the default user), what it had."""


class Write(NamedTuple):
    """One write, as the store's log tells it."""

    at: datetime
    host: str
    user: str
    table: str
    rows: int


class SmallWrites(NamedTuple):
    """The client whose release writes so little at a time, and what shows it; ``set_so``: its settings do."""

    by: Workload
    shown: Evidence
    set_so: bool = False


def of_pieces(line: str) -> bool:
    """Tell whether a store refuses a write as it has too many pieces to join."""
    return _PIECES.search(line) is not None


def small_writes(
    view: View, store: Workload, refused: datetime | None, lines: Iterable[str], tellers: Container[str] = ()
) -> SmallWrites | None:
    """Return the one client whose release writes far less at a time into what ``lines`` refuse since then.

    ``tellers``: who tells of it; where clients are among them, it is one of these if its settings alone show it.
    """
    writes = writes_into(view, store, lines)
    asking = [view.workloads[ref] for ref in clients(view, store.ref) if ref in view.workloads]
    released = [each for each in asking if _released_since(view, each, refused)]
    found = [each for client in released if (each := _of(view, store, client, writes)) is not None]
    if not found:
        telling = {each.ref for each in asking if each.ref in tellers}
        able = [each for each in released if not telling or each.ref in telling]
        found = [each for client in able if (each := _set_smaller(client, writes)) is not None]
    return found[0] if len(found) == 1 else None


def writes_into(view: View, store: Workload, lines: Iterable[str]) -> list[Write]:
    """Return the writes into the tables that some refusals name, as the store's log tells them."""
    tables = {_name(named[1]) for line in lines if (named := _TABLE.search(line))}
    return sorted(each for each in _writes(view, store) if each.table in tables)


def _released_since(view: View, client: Workload, refused: datetime | None) -> bool:
    at = client.released_at
    if at is None or refused is None or refused < at or client.returned:
        return False
    return releases(view, client, SUSPECT)


def _set_smaller(client: Workload, writes: list[Write]) -> SmallWrites | None:
    """Return that a release lets a client gather many times less, unless the writes that are told speak against it."""
    at, cut = client.released_at, batches_cut(client)
    if at is None or not cut or not may_write_smaller(client, at, writes):
        return None
    told = ", ".join(f"{each.name} is {each.after}, and was {each.before}" for each in cut[:2])
    return SmallWrites(client, Evidence("objects", client.ref, f"since its release {told}", at), set_so=True)


def may_write_smaller(client: Workload, at: datetime, writes: list[Write]) -> bool:
    """Tell whether a client may write smaller pieces since a change, for all that is told of writes.

    Not where others write as small, or it writes as much at a time as the same user did before.
    """
    own = {pod.address for pod in client.newest_pods() if pod.address}
    since = [each for each in writes if each.at >= at and each.host in own]
    before = [each.rows for each in writes if each.at < at and each.user in {one.user for one in since}]
    small = [each for each in writes if each.at >= at and each.rows <= SMALL]
    if sum(each.host in own for each in small) < MOSTLY * len(small):
        return False
    return not since or len(before) < FEW_BEFORE or median(before) >= TIMES * median(each.rows for each in since)


def _of(view: View, store: Workload, client: Workload, writes: list[Write]) -> SmallWrites | None:
    at = client.released_at
    if at is None:
        return None
    own = {pod.address for pod in client.newest_pods() if pod.address}
    since = [each for each in writes if each.at >= at and each.host in own]
    users = {each.user for each in since}
    # The default user, who is not named, is anybody.
    if len(users) != 1 or "" in users or _shared(view, client, users, writes):
        return None
    before = [each for each in writes if each.at < at and each.user in users]
    if len(since) < FEW_SINCE or len(before) < FEW_BEFORE:
        return None
    small = [each for each in writes if each.at >= at and each.rows <= SMALL]
    now, was = median(each.rows for each in since), median(each.rows for each in before)
    mine = sum(each.host in own for each in small)
    if now > ROWS or was < TIMES * max(now, 1) or mine < MOSTLY * len(small):
        return None
    fact = f"{client.name} writes {now:.0f} rows at a time since its release, {was:.0f} before it"
    return SmallWrites(client, Evidence("logs", store.ref, fact, since[0].at))


def _shared(view: View, client: Workload, users: set[str], writes: Iterable[Write]) -> bool:
    """Tell whether others write as the same user: what was written before may be theirs, whose pods are gone."""
    others = {
        pod.address for each in view.workloads.values() if each.ref != client.ref for pod in each.pods if pod.address
    }
    return any(each.user in users and each.host in others for each in writes)


def _name(table: str) -> str:
    """Return a table's own name: some name its database as well."""
    return re.sub(r"[`\"]", "", table).rpartition(".")[2]


def _writes(view: View, store: Workload) -> Iterator[Write]:
    """Yield the writes that a store's log tells the beginning and the end of."""
    for log in view.logs_of(store.live, previous=False):
        begun: dict[str, tuple[datetime, str, str, str]] = {}
        for line in log.lines:
            if (found := _BEGUN.search(line)) and (into := _WRITES.search(line, found.end())):
                if (at := stamp(line)) is not None:
                    begun[found[1]] = (at, found[2].removeprefix("::ffff:"), found[3] or "", _name(into[1]))
            elif (took := _TOOK.search(line)) and took[1] in begun:
                yield Write(*begun.pop(took[1]), int(took[2]))
