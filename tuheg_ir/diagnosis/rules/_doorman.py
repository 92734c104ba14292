"""One client that a server's own limits turn away with 503, as nginx does: nothing failed, all others are served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.view.askers import asker_of, is_new, of_limiter, of_probe
from tuheg_ir.diagnosis.view.held_back import limits_changed
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.network import is_inner
from tuheg_ir.diagnosis.view.refusals_meant import all_meant
from tuheg_ir.diagnosis.view.trouble import ERRORS, errors_told, labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

REFUSED = 503
"""What nginx answers whom it limits, unless told otherwise."""
LEAST = 5
"""Fewer refusals, or answers to others, tell too little."""
OTHERS = 2
SERVED = 0.8
_CLIENT = late(r"\bclient: ([0-9a-fA-F.:]{3,45}),")
NEARLY_ALL = 0.9
"""A server tells of each refusal by its limits; of some the word is older than the log."""
_PROGRAM = late(r'\s"(?!https?://)(?=[^"]{0,60}[A-Za-z]{3})([^"]{3,300})"\s{0,4}$')
"""The program that asks, where it stands by itself at the end of a line: no field of another name, page or address."""
_BROWSER = "Mozilla/"
_ATTACKS = ("intrusion", "attack_attempt", "lookup_obeyed")


class _Answer(NamedTuple):
    """Who asked, by address, with which program ("" unknown), and which status was the answer."""

    who: str
    program: str
    status: int


def turned_away_at_the_door(view: View, workload: Workload) -> Evidence | None:
    """Return that all failures a server logs are refusals of one client by limits of old, who asks from outside.

    Its own words name that client and no other, others are served, and whom it calls is measured and fails nobody.
    """
    told = [line for line in view.lines_of(workload) if of_limiter(line)]
    limited = [found[1] for line in told if (found := _CLIENT.search(line))]
    if len(set(limited)) != 1 or not any(is_new(view, line) for line in told) or not _all_tell(view, workload):
        return None
    if not all_meant(view, workload) or limits_changed(view, workload):
        return None
    client = limited[0]
    answers = list(_answers(view, workload))
    failed = [each for each in answers if each.status >= 500]
    others = [each for each in answers if each.who != client]
    if len(failed) < LEAST or any((each.who, each.status) != (client, REFUSED) for each in failed):
        return None
    if len(limited) < NEARLY_ALL * len(failed) or not _is_one([each for each in answers if each.who == client]):
        return None
    asked = Counter(each.who for each in others)
    if len(asked) < OTHERS or len(others) < LEAST or not _served(others):
        return None
    if max(asked.values()) >= len(answers) - len(others):
        return None  # limits that refuse who asks less than others count wrongly
    if not _from_outside(client) or not _well_behind(view, workload) or any(h.trouble in _ATTACKS for h in view.hits):
        return None
    fact = f"all {len(failed)} failures in its logs are refusals of {client} by its own limits ({REFUSED})"
    return Evidence("logs", workload.ref, f"{fact}; {len(others)} requests of others were answered")


def of_the_door(view: View, sign: Evidence) -> bool:
    """Tell whether a sign of trouble is no more than these refusals, as a server's own log tells of them."""
    told = errors_told(view, sign.object) if sign.source == "logs" else None
    return (told is not None and sign == told[0]) or (sign.source == "logs" and of_limiter(sign.fact))


def _all_tell(view: View, workload: Workload) -> bool:
    """Tell whether each pod of a server tells how it answers: one of whose log nothing is known may fail all."""
    logs = {pod.name: view.logs_of([pod], previous=False) for pod in workload.live}
    return all(any(status_of(line) for log in found for line in log.lines) for found in logs.values())


def _is_one(mine: list[_Answer]) -> bool:
    """Tell whether an address is one client that is served as well: a browser, or many programs, may be many people."""
    programs = {each.program for each in mine}
    return len(programs) == 1 and not programs & {"", _BROWSER} and any(each.status < 400 for each in mine)


def _answers(view: View, workload: Workload) -> Iterator[_Answer]:
    """Yield what a server's access log tells of each answer."""
    for line in view.lines_of(workload):
        if of_limiter(line) or of_probe(line) or not (status := status_of(line)):
            continue
        who, program = ADDRESS.search(line), _PROGRAM.search(line)
        asks = asker_of(line)[0] or (program[1] if program else "")
        yield _Answer(who[0] if who else "", _BROWSER if _BROWSER in line else asks, status)


def _served(others: list[_Answer]) -> bool:
    return sum(each.status < 400 for each in others) >= SERVED * len(others)


def _from_outside(client: str) -> bool:
    """Tell whether an address is of no inner network: a balancer's would stand for all who ask."""
    return is_inner(client) is False


def _well_behind(view: View, workload: Workload) -> bool:
    """Tell whether one of those that a server calls is measured at least, and all of these fail nobody."""
    known = [
        view.figures.now("error_ratio", component=label)
        for each in view.called(workload.ref)
        for label in labels_of(view, each.ref, "error_ratio")
    ]
    return bool(known) and all(ratio is not None and ratio < ERRORS / 2 for ratio in known)
