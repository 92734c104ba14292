"""Those whom a gateway serves and of whom figures tell that many requests are refused: by the gateway, for them."""

from __future__ import annotations

import re
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import answer_of, answers_lately, asker_of, askers, is_new, of_probe
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.refused_shares import BY_CLIENT, REFUSED, many_refused, shares_of_clients
from tuheg_ir.diagnosis.view.trouble import ERRORS, labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_TOO_MANY = 429
_REFUSAL = late(r"\b429\b")
_ALL_WELL = late(r"\b(?:2xx|success\w{0,8})[\"']?\s*[=:]\s*[\"']?100(?:\.0+)?\s?%", re.IGNORECASE)
"""How a server sums up that it has answered everybody well."""
SEVERAL = 2
"""One name alone may be that of a client of both."""
TOGETHER = timedelta(minutes=5)
"""Figures are means of some minutes, and a log of few requests tells of the first refusal late."""
ENOUGH = 3
"""So many answers before tell that a log has not just begun."""


@once
def limited_behind(view: View, workload: Workload) -> tuple[str, ...]:
    """Return whom a workload calls and for whom much is refused, where of itself nobody measures that.

    A gateway's refusals are counted by the name of the service that was asked for. Whom it calls may stand in a file
    that nobody sees: then those count whose figures know by name the clients that its log tells of, or, if it tells of
    programs alone, count refusals of one client since it tells of those of one program.
    """
    if labels_of(view, workload.ref, REFUSED):
        return ()
    called = tuple(each.ref for each in view.called(workload.ref) if _refused(view, each.ref))
    return called or tuple(
        each.ref
        for each in view.serving
        if _refused(view, each.ref) and (_alike(view, workload, each) or _begun_together(view, workload, each))
    )


def may_refuse_behind(view: View, workload: Workload) -> tuple[Workload, ...]:
    """Return of whom a gateway serves those that may be who refuses, for all that their own logs tell."""
    behind = (view.workloads[ref] for ref in limited_behind(view, workload) if ref in view.workloads)
    return tuple(each for each in behind if not _refuses_nobody(view, each))


def _refuses_nobody(view: View, workload: Workload) -> bool:
    """Tell whether each pod tells of late how it answers, and of no refusal: then it is the gateway that refuses."""
    for pod in workload.live:
        new = [line for log in view.logs_of([pod], previous=False) for line in log.lines if is_new(view, line)]
        answers = any(_ALL_WELL.search(line) or (answer_of(line) and not of_probe(line)) for line in new)
        if not answers or any(_REFUSAL.search(line) for line in new):
            return False
    return bool(workload.live)


def _alike(view: View, workload: Workload, behind: Workload) -> bool:
    """Tell whether figures of another one know all clients that a log tells of, and which of these is refused."""
    found, shares = askers(view, workload), shares_of_clients(view, labels_of(view, behind.ref, BY_CLIENT))
    refused = [each.name for each in found if each.answers[_TOO_MANY]]
    if len(found) < SEVERAL or not refused or any(each.answers[_TOO_MANY] for each in askers(view, behind)):
        return False
    return shares.keys() >= {each.name for each in found} and all(shares[name] >= ERRORS for name in refused)


def _begun_together(view: View, workload: Workload, behind: Workload) -> bool:
    """Tell whether a log alone tells of refusals, of one program, since figures of another one count those of a client.

    A log that tells programs alone has no names in common with figures by login.
    """
    refused = [each for each in askers(view, workload) if each.answers[_TOO_MANY]]
    if len(refused) != 1 or refused[0].named or any(_refuses(view, e) for e in view.serving if e.ref != workload.ref):
        return False
    labels = labels_of(view, behind.ref, BY_CLIENT)
    over = [client for client, share in shares_of_clients(view, labels).items() if share >= ERRORS]
    turns = (view.figures.crossed(BY_CLIENT, ERRORS, component=each, client=over[0]) for each in labels if over)
    since = min((turn for turn in turns if turn is not None), default=None)
    if len(over) != 1 or since is None:
        return False
    lines = [line for line in view.lines_of(workload) if answer_of(line)]
    if {asker_of(line)[0] for line in lines if answer_of(line) == _TOO_MANY} != {refused[0].name}:
        return False
    told = [(at, answer_of(line)) for line in lines if (at := stamp(line)) is not None]
    first = min(at for at, status in told if status == _TOO_MANY)
    return abs(first - since) <= TOGETHER and sum(at < first for at, _ in told) >= ENOUGH


def _refuses(view: View, workload: Workload) -> bool:
    return any(status == _TOO_MANY for status, _ in answers_lately(view, workload))


def _refused(view: View, ref: str) -> bool:
    return many_refused(view, labels_of(view, ref, REFUSED))
