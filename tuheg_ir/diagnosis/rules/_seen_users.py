"""From which addresses a program's users come, around a change: many of their own, or the few of what is before it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules.edge_released import leads_from_outside
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import answer_of, of_limiter, of_probe
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.network import is_inner
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

TURN = timedelta(seconds=30)
"""A balancer takes some seconds to do what a Service says: so near to an edit requests come either way."""
AROUND = timedelta(hours=1)
LEAST = 10
"""Fewer answers before or after an edit tell too little."""
MOST = 0.8
"""Some ask from inside at any time, monitoring above all; some connections outlive an edit."""
EACH = 5
"""Nodes are few: each stands for so many of the requests, and there were so many users for each of them."""
REFUSED = 429
UNAVAILABLE = 503
"""How nginx refuses who asks too often, unless it is told to say so: its log tells beside it that a limit held."""
BESIDE = 1
"""The two lines of a request differ by no more seconds."""
STILL = timedelta(minutes=15)
"""What was refused longer ago than this is over."""
SHARE, TIMES = 0.1, 3.0
"""So many of all answers are refusals since, and so many times as many as before."""
OF_USERS = late(
    r"real[_-]?ip|trust\w{0,40}?[_-]?(?:ips?|prox\w{0,40}|hops?|addr\w{0,40}|downstreams?|cidrs?|x?forwarded\w{0,40})\b|"
    r"forwarded|\bxff|xff[_-]|use[_-]?remote[_-]?address|remote[_-]?ip|client[_-]?ip|ip[_-]?strategy|"
    r"proxy[_-]?(?:protocol|real|count|fix)|num(?:ber)?[_-]?(?:of[_-]?)?prox(?:y|ies)",
    re.IGNORECASE,
)
"""Settings that tell a program whom to believe from whom a request comes."""
PERHAPS_OF_USERS = late(r"(?:^|[_.-])(?:ips?|hops?|depth|proxies|cidrs?|subnets?)(?:$|[_.-])", re.IGNORECASE)
"""Names of settings of which nobody can tell whether they do."""
_CLIENT = late(
    r"\b(?:client|remote|source|src|peer|user|real|caller|forwarded)[_-]?(?:ip|addr(?:ess)?|host|for)?"
    r"[\"']?\s*[:=]\s*[\"'\[]*(?:\d{1,3}\.){3}\d{1,3}(?![\d.])",
    re.IGNORECASE,
)
"""How a line that tells of no answer names who asked."""


class Seen(NamedTuple):
    """From which address was asked, what was answered (0: it is not told), and when."""

    who: str
    status: int
    at: datetime


def seen(view: View, workload: Workload, at: datetime, *, unanswered: bool = False) -> Iterator[Seen]:
    """Yield who asked a program around a time, but for probes: by its access log, where who asked stands first.

    ``unanswered``: also what its other lines tell of a client.
    """
    held = _held_back(view, workload)
    for line in view.lines_of(workload):
        status = answer_of(line)
        told = line if status else (found[0] if unanswered and (found := _CLIENT.search(line)) else "")
        who, when = ADDRESS.search(told) if told else None, stamp(line) if told else None
        if who is not None and when is not None and abs(when - at) <= AROUND and not of_probe(line):
            refused = status == UNAVAILABLE and (who[0], int(when.timestamp())) in held
            yield Seen(who[0], REFUSED if refused else status, when)


def _held_back(view: View, workload: Workload) -> set[tuple[str, int]]:
    """Return whom a server's own limits held back, by its words, and in which seconds."""
    found = set[tuple[str, int]]()
    for line in view.lines_of(workload):
        who, when = (ADDRESS.search(line), stamp(line)) if of_limiter(line) else (None, None)
        if who is not None and when is not None:
            found |= {(who[0], int(when.timestamp()) + more) for more in range(-BESIDE, BESIDE + 1)}
    return found


def led(view: View, workload: Workload) -> list[str]:
    """Return those whom a program asks, and where it leads requests from outside those with a way in."""
    found = {each.ref for each in view.called(workload.ref)}
    if leads_from_outside(view, workload):
        services = (view.services.get(route.service) for route in view.routes)
        found |= {ref for service in services if service is not None for ref in service.backends}
    return sorted(found & view.workloads.keys())


def parted(told: Sequence[Seen], at: datetime, until: datetime) -> tuple[list[Seen], list[Seen]]:
    """Return who asked before a change, and who did when that had come to pass; not since what came later (until)."""
    return [a for a in told if a.at < at], [a for a in told if at + TURN < a.at and not at < until < a.at]


def are_few(told: Sequence[Seen], *, anywhere: bool = False) -> bool:
    """Tell whether few inner addresses stand for many requests; ``anywhere``: a network before the edge is outer."""
    if len(told) < LEAST or len({each.who for each in told}) * EACH > len(told):
        return False
    return anywhere or _inner(told) >= MOST


def became_few(before: Sequence[Seen], after: Sequence[Seen]) -> bool:
    """Tell whether a program's users had addresses of their own, and share few inner ones since."""
    if len(before) < LEAST or _inner(before) > 1 - MOST or not are_few(after):
        return False
    return len({each.who for each in before}) >= EACH * len({each.who for each in after})


def stand_before(before: Sequence[Seen], after: Sequence[Seen]) -> bool:
    """Tell whether users share the few addresses of a network before the edge, such as a CDN, since a change.

    Those lie outside as users do: callers from inside that become fewer were rolled out anew, or scaled in. But nobody
    of before is seen any more, and most of them are refused at times: where somebody asks for many, the others are
    still seen, and are not refused.
    """
    many, few = {a.who for a in before}, {a.who for a in after}
    limited = {a.who for a in after if a.status == REFUSED}
    return (
        len(before) >= LEAST
        and are_few(after, anywhere=True)
        and max(_inner(before), _inner(after)) <= 1 - MOST
        and 1 < len(few) <= len(many) / EACH
        and len(many & few) * EACH <= len(few)
        and 2 * len(limited) > len(few)
    )


def refused(told: Sequence[Seen]) -> float:
    """Return which part of the answers were refusals for too many requests."""
    answered = [each for each in told if each.status]
    return sum(each.status == REFUSED for each in answered) / len(answered) if answered else 0.0


def refused_more(before: Sequence[Seen], after: Sequence[Seen]) -> bool:
    """Tell whether many are refused since a change, and many more than before."""
    return refused(after) >= max(SHARE, TIMES * refused(before))


def refused_yet(view: View, told: Sequence[Seen]) -> bool:
    """Tell whether somebody was refused of late."""
    return view.recent(newest(each.at for each in told if each.status == REFUSED), STILL)


def shown(ref: str, before: Sequence[Seen], after: Sequence[Seen], began: datetime) -> Evidence:
    """Return how many addresses a program's users had before and have since, and how many of them are refused."""
    many, few = {a.who for a in before}, {a.who for a in after}
    fact = f"{len(after)} requests came from {len(few)} addresses since"
    if before:
        fact += f", {len(before)} from {len(many)} before"
    if any(each.status == REFUSED for each in (*before, *after)):
        fact += f"; {refused(after):.0%} of them are refused for too many"
        fact += f", {refused(before):.0%} were" if before else ""
    return Evidence("logs", ref, fact, began)


def _inner(told: Sequence[Seen]) -> float:
    return sum(bool(is_inner(each.who)) for each in told) / len(told)
