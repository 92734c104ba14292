"""The clients whom figures count by their logins: which of them a log tells of, and how much is refused of them."""

from __future__ import annotations

from datetime import timedelta
from statistics import median

from tuheg_ir.diagnosis.model import Series
from tuheg_ir.diagnosis.view.askers import Asker, askers, of_many
from tuheg_ir.diagnosis.view.limited_behind import limited_behind
from tuheg_ir.diagnosis.view.refused_shares import BY_CLIENT, shares_of_clients
from tuheg_ir.diagnosis.view.trouble import ERRORS, labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_TOO_MANY = 429
NAMED = 3
"""So many refusals tell whose they are where figures by client show the same."""
ALL = 0.95
"""Whoever is refused a smaller share of what it asks is let through with the rest, as figures show."""
LONG = timedelta(minutes=15)
"""Figures of less time do not tell that it stays so: they are of some minutes each."""
KEPT = 0.8
"""So much of what a client got it still has to get: it is less for a while if it asks more."""


def labels_counted(view: View, workload: Workload, signal: str) -> tuple[str, ...]:
    """Return the names under which refusals are measured: its own, or those of whom a gateway refuses them for."""
    behind = (label for ref in limited_behind(view, workload) for label in labels_of(view, ref, signal))
    return labels_of(view, workload.ref, signal) or tuple(behind)


def known_as(view: View, workload: Workload, one: Asker) -> str:
    """Return the name under which figures count a client: its own, or a login where the log tells programs alone.

    If figures refuse one login alone, and the log one program alone, the two are the same client. The log has to tell
    several refusals at each of its addresses: of many who share a login it would tell one here and one there.
    """
    shares = _shares(view, workload)
    if one.named or any(each.name in shares for each in askers(view, workload)):
        return one.name
    refused = [client for client, share in shares.items() if share >= ERRORS]
    if len(refused) != 1 or of_many(refused[0]):
        return one.name
    often = one.addresses and one.answers[_TOO_MANY] >= NAMED * len(one.addresses)
    alone = not any(each.answers[_TOO_MANY] for each in askers(view, workload) if each.name != one.name)
    return refused[0] if often and alone else one.name


def let_through_of(view: View, workload: Workload, one: Asker) -> set[str]:
    """Return whom figures know to be refused nothing, where they show that it is one client alone that is refused."""
    shares, login = _shares(view, workload), known_as(view, workload, one)
    others = {client for client in shares if client and client != login}
    if shares.get(login, 0.0) < ERRORS or any(shares[client] >= ERRORS for client in others):
        return set()
    return others


def refused_in_part(view: View, workload: Workload, one: Asker, others: list[Asker]) -> bool:
    """Tell whether figures show that a client is refused a part of what it asks, and none of the others anything.

    A log may tell of each refusal, and of few of those that are served.
    """
    let_through, login = let_through_of(view, workload, one), known_as(view, workload, one)
    if not let_through or (login == one.name and not let_through.issuperset(each.name for each in others)):
        return False
    labels = labels_counted(view, workload, BY_CLIENT)
    series = (each for label in labels for each in view.figures.series(BY_CLIENT, component=label, client=login))
    return all(_stays_in_part(view, each) for each in series)


def gets_nothing(view: View, workload: Workload, one: Asker) -> bool:
    """Tell whether figures show that a client is refused all that it asks, whatever a server says of its limit."""
    return _shares(view, workload).get(known_as(view, workload, one), 0.0) >= ALL


def _shares(view: View, workload: Workload) -> dict[str, float]:
    return shares_of_clients(view, labels_counted(view, workload, BY_CLIENT))


def _stays_in_part(view: View, share: Series) -> bool:
    """Tell whether a share that is refused has long been one that leaves a rest, and the rest does not dwindle.

    The share is one of some minutes: of a client that gets nothing any more it climbs until they are over.
    """
    start = (view.now - LONG).timestamp()
    values = [value for at, value in share.points if at >= start]
    if len(values) < 2 or share.points[0][0] > start or not all(ERRORS <= each < ALL for each in values):
        return False
    before, now = median(values[: len(values) // 2]), median(values[len(values) // 2 :])
    return 1 - now >= KEPT * (1 - before)
