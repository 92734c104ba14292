"""Which client of a MySQL keeps most of the prepared statements that the server allows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import LATELY
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

_FULL = late(r"max_prepared_stmt_count statements \(current value: (\d{1,12})\)")
"""How MySQL tells how many statements it allows, and that they are all there."""
_COUNTS = late(
    r"\b(?:cached[ _]?(?:prepared[ _]?)?|(?:open|held)[ _]?prepared[ _]?)statements\\?[\"']?\s{0,3}[:=]\s{0,3}\\?[\"']?"
    r"(\d{1,9})\b",
    re.IGNORECASE,
)
"""How a program tells in its log how many statements it keeps; a bank's are open as well, and prepared for nobody."""
MOST = 0.5
"""Whoever keeps so large a part of them is the one to let go."""
AS_TOLD = 1.25
"""So many times what a server allows a client may count, whose figures are of another minute. More are of others."""


class Kept(NamedTuple):
    """The client that keeps most statements, which share of them, and how one sees it."""

    by: Workload
    share: float
    shown: Evidence


def kept_open(view: View, store: Workload, lines: Sequence[str]) -> Kept | None:
    """Return the one client that counts at least half of a full server's statements as its own; None: nobody does.

    Not a run: it would begin anew.
    """
    limits = [int(found[1]) for line in lines if (found := _FULL.search(line))]
    limit = max(limits, default=0)
    keepers: list[Kept] = []
    clients = (view.workloads.get(ref) for ref in sorted(view.graph.callers(store.ref)))
    for client in clients:
        if client is None or client.kind in BATCH:
            continue
        if role(client) in DATA or keeps_data(view, client) or is_store(client):
            continue
        if any(each is not store and role(each) == "database" for each in view.called(client.ref)):
            continue  # it may keep them there
        count, source = _counted(view, client)
        if limit and MOST * limit <= count <= AS_TOLD * limit:
            told = f"its pods keep {count:.0f} of {limit} prepared statements of {store.ref} open"
            keepers.append(Kept(client, count / limit, Evidence(source, client.ref, told)))
    return keepers[0] if len(keepers) == 1 else None


def _counted(view: View, client: Workload) -> tuple[float, str]:
    """Return how many statements a client's pods keep, by figures or else by the last that each log tells of it."""
    figures = view.figures.latest("statements_kept", "pod")
    told = {pod.name: figures[pod.name] for pod in client.live if pod.name in figures}
    if told:
        return sum(told.values()), "metrics"
    for log in view.logs_of(client.live, previous=False):
        found = next(((line, said) for line in reversed(log.lines) if (said := _COUNTS.search(line))), None)
        at = stamp(found[0]) if found else None
        if found and (at is None or view.recent(at, LATELY)):
            told[log.pod] = float(found[1][1])
    return sum(told.values()), "logs"
