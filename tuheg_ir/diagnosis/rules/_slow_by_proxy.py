"""Hosts outside that answer late by the log of the proxy beside who asks them.

The program itself may tell of nothing: its server ends those of its workers that wait. What takes long to every host
that is asked, or from one pod alone, is of the way and not of the host.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._proxied import answers
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

_TOOK = late(r"[\"A-Z-] \d+ \d+ (\d+) (?:\d+|-) \"|\"duration\": ?\"?(\d+)\b")
"""Milliseconds of a call: the third of the numbers in Envoy's own form, a field in JSON."""
LONG_S, SLOWER = 2.0, 5.0
LEAST = 5
"""So many calls at least are known before and since."""
MOST = 0.8
"""So large a share of the calls since then is slow, and so large a one of those before is not."""


class _Call(NamedTuple):
    """A call of a host: from which pod, when, and how many seconds it took."""

    at: datetime
    pod: str
    seconds: float


class _Turn(NamedTuple):
    """What calls of a host took until they became far slower, and those since."""

    usual: float
    since: Sequence[_Call]


def slow_by_proxy(view: View) -> Iterator[tuple[str, str, Evidence]]:
    """Yield (caller, host, evidence) of hosts that answer far later than they did, asked from all pods of a caller."""
    calls: dict[str, dict[str, list[_Call]]] = defaultdict(lambda: defaultdict(list))
    for each in answers(view):
        _, host = each.called
        found = _TOOK.search(each.line) if host and each.at else None
        if found and each.at:
            took = float(next(filter(None, found.groups()))) / 1000
            calls[view.owner_of(each.pod)][host.lower()].append(_Call(each.at, each.pod, took))
    for caller, hosts in calls.items():
        away = {host: told for host, told in hosts.items() if view.graph.is_away(host)}
        turned = {host: turn for host, told in away.items() if (turn := _turn(sorted(told)))}
        if caller in view.workloads and len(turned) == 1:
            ((host, turn),) = turned.items()
            began = turn.since[0].at
            if _from_all(turn.since) and _others_do_well(away, host, began):
                now = median(each.seconds for each in turn.since)
                fact = f"{host}: its answers take {now:.2g} s by the log of a proxy, {turn.usual:.2g} s before"
                yield caller, host, Evidence("logs", host, fact, began)


def _turn(calls: Sequence[_Call]) -> _Turn | None:
    """Return since when calls take far longer than before, until now; None if they do not.

    Only what is long by itself can be far longer: hosts that answer in time cost no more than a look at the last call.
    """
    if not calls or calls[-1].seconds < LONG_S:
        return None
    for at, usual in _usual(calls):
        far = max(LONG_S, SLOWER * usual)
        if min(calls[at].seconds, calls[-1].seconds) < far:
            continue
        since, before = (sum(each.seconds >= far for each in part) for part in (calls[at:], calls[:at]))
        if since >= MOST * (len(calls) - at):
            return _Turn(usual, calls[at:]) if before <= (1 - MOST) * at else None
    return None


def _usual(calls: Sequence[_Call]) -> Iterator[tuple[int, float]]:
    """Yield the place of each call with enough of them before and since, and what those before it took."""
    before = list[float]()
    for at, call in enumerate(calls[: len(calls) - LEAST + 1]):
        if at >= LEAST:
            yield at, median(before)
        insort(before, call.seconds)


def _others_do_well(hosts: Mapping[str, Sequence[_Call]], slow: str, since: datetime) -> bool:
    """Tell whether another host outside that was asked since then answers: the way out is open."""
    others = (each for host, told in hosts.items() if host != slow for each in told)
    return any(each.at >= since and each.seconds < LONG_S for each in others)


def _from_all(turn: Sequence[_Call]) -> bool:
    """Tell whether calls of each pod that asks are slow: of one alone they are of its node or of its own."""
    pods = {each.pod for each in turn}
    return all(any(each.seconds >= LONG_S for each in turn if each.pod == pod) for pod in pods) and len(pods) > 1
