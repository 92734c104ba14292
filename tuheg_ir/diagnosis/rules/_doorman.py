"""One client that a server's own limits turn away with 503, as nginx does: nothing failed, all others are served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.answers import status_of
from tuheg_ir.diagnosis.view.askers import asker_of, of_limiter, of_probe
from tuheg_ir.diagnosis.view.held_back import all_meant, limits_changed
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.network import INSIDE
from tuheg_ir.diagnosis.view.trouble import ERRORS, labels_of
from tuheg_ir.diagnosis.view.workloads import Workload

REFUSED = 503
"""What nginx answers whom it limits, unless told otherwise."""
LEAST = 5
"""Fewer refusals, or answers to others, tell too little."""
OTHERS = 2
SERVED = 0.8
_CLIENT = late(r"\bclient: ([0-9a-fA-F.:]{3,45}),")
_PROGRAM = late(r'"([^"]{3,300})"[^"]{0,20}$')
"""The program that asks, where it stands at the end of a line."""
_BROWSER = "Mozilla/"
_ATTACKS = ("intrusion", "attack_attempt", "lookup_obeyed")


@dataclass(frozen=True, slots=True)
class _Answer:
    """Who asked, by address, with which program ("" unknown), and which status was the answer."""

    who: str
    program: str
    status: int


def turned_away_at_the_door(view: View, workload: Workload) -> Evidence | None:
    """Return that all failures a server logs are refusals of one client by limits of old, who asks from outside.

    Its own words name that client and no other, others are served, and whom it calls is measured and fails nobody.
    """
    limited = {found[1] for line in view.lines_of(workload) if of_limiter(line) and (found := _CLIENT.search(line))}
    if len(limited) != 1 or not all_meant(view, workload) or limits_changed(view, workload):
        return None
    (client,) = limited
    answers = list(_answers(view, workload))
    failed = [each for each in answers if each.status >= 500]
    mine = [each for each in answers if each.who == client]
    others = [each for each in answers if each.who != client]
    if len(failed) < LEAST or any((each.who, each.status) != (client, REFUSED) for each in failed):
        return None
    programs = {each.program for each in mine}
    if len(programs) > 1 or programs & {""} or any(each.startswith(_BROWSER) for each in programs):
        return None  # many programs at one address are many people behind it, as one browser may be
    if not any(each.status < 400 for each in mine):
        return None
    if len({each.who for each in others}) < OTHERS or len(others) < LEAST or not _served(others):
        return None
    if not _from_outside(client) or not _well_behind(view, workload) or any(h.trouble in _ATTACKS for h in view.hits):
        return None
    told = f"all {len(failed)} failures in its logs are refusals of {client} by its own limits ({REFUSED})"
    return Evidence("logs", workload.ref, f"{told}; {len(others)} requests of others were answered")


def _answers(view: View, workload: Workload) -> Iterator[_Answer]:
    """Yield what a server's access log tells of each answer."""
    for line in view.lines_of(workload):
        if of_limiter(line) or of_probe(line) or not (status := status_of(line)):
            continue
        who, program = ADDRESS.search(line), _PROGRAM.search(line)
        yield _Answer(who[0] if who else "", asker_of(line)[0] or (program[1] if program else ""), status)


def _served(others: list[_Answer]) -> bool:
    return sum(each.status < 400 for each in others) >= SERVED * len(others)


def _from_outside(client: str) -> bool:
    """Tell whether an address is of no inner network: a balancer's would stand for all who ask."""
    try:
        found = ip_address(client)
    except ValueError:
        return False
    return not any(found in block for block in INSIDE)


def _well_behind(view: View, workload: Workload) -> bool:
    """Tell whether one of those that a server calls is measured at least, and all of these fail nobody."""
    known = [
        view.figures.now("error_ratio", component=label)
        for each in view.called(workload.ref)
        for label in labels_of(view, each.ref, "error_ratio")
    ]
    return bool(known) and all(ratio is not None and ratio < ERRORS / 2 for ratio in known)
