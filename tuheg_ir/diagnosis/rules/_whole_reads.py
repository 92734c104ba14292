"""Whose statements read whole tables since its release, as the database's own log tells by name or by address."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, names
from tuheg_ir.diagnosis.rules._sessions import clients
from tuheg_ir.diagnosis.rules.index_dropped import DROPPED, MANY, STILL, TIMES
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.statements import Statement, reads_whole_tables, statements
from tuheg_ir.diagnosis.view.workloads import Workload

FRESH = timedelta(hours=2)
SOON = timedelta(minutes=15)
"""What a release asks in another way it asks soon."""


class WholeReads(NamedTuple):
    """A client whose release reads whole tables: which ones, and what its users feel of it."""

    client: Workload
    told: tuple[Statement, ...]
    felt: tuple[Evidence, ...]


def whole_reads(view: View, server: Workload) -> WholeReads | None:
    """Return the one client whose statements read whole tables since its release, and hardly anybody's did before.

    Where an index was dropped too, it is no release that made them do so.
    """
    every = list(statements(view, server, previous=False))
    dropped = any(DROPPED.search(each.text) for each in every)
    told = [each for each in every if reads_whole_tables(each.text)]
    users = (view.workloads[ref] for ref in clients(view, server.ref) if ref in view.workloads)
    found = [each for user in users if not dropped and (each := _of(view, user, every, told)) is not None]
    return found[0] if len(found) == 1 else None


def _of(view: View, user: Workload, every: list[Statement], told: list[Statement]) -> WholeReads | None:
    at = user.released_at
    if at is None or not user.changes or not releases(view, user, FRESH) or not every or every[0].at > at - SOON:
        return None
    since = [each for each in told if each.at >= at]
    mine = tuple(each for each in since if _names(each.text, user))
    before = [each for each in told if at - (view.now - at) <= each.at < at]
    if len(mine) < max(MANY, TIMES * len(before)) or 2 * len(mine) <= len(since):
        return None
    suffers = tuple(evidence for ref in behind(view, user.ref) for evidence in felt(view, ref))
    if mine[0].at - at > SOON or view.now - mine[-1].at > STILL or not suffers:
        return None
    return WholeReads(user, mine, suffers)


def _names(text: str, user: Workload) -> bool:
    return any(names(text, word) for word in (user.name, *(pod.address for pod in user.newest_pods() if pod.address)))
