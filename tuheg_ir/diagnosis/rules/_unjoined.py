"""Members that cannot join one another: they were started after policies had closed the port where members meet.

What members had joined before lives on, so that nobody misses anything until pods are added or made anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._members import (
    Parted,
    closed_before,
    declared_ports,
    names_member,
    names_of,
    ports_among,
)
from tuheg_ir.diagnosis.rules._reach import binding, lets_through, newest_of
from tuheg_ir.diagnosis.view.logs import lines_told, times_near
from tuheg_ir.diagnosis.view.marked import OFTEN, STILL
from tuheg_ir.diagnosis.view.network import Policy, opens, target_of
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.releases import of_code_alone, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.named import NamedTuple

JOINS = timedelta(minutes=3)
"""A member that was started less long ago may only be about to join."""
SHOWN = 3
_TELLS_NAMES = frozenset({"4369", "epmd"})
"""At this port a node of Erlang only tells where it is: they meet at another one, always."""
_MISSED = late(
    r"\b(?:unable|fail(?:ed|ing|ure)?|cannot|can'?t|could ?n[o']t|could not|not able|error)\b.{0,60}?"
    r"\b(?:connect|join|reach|dial|associat|handshak|establish)"
    r"|\b(?:connect|join|dial|associat|reach|push/pull|route|handshak)\w{0,10}\b.{0,120}?"
    r"(?:\bfail|\brefused|timed? ?out|timeout|unreachable|no route|not possible)",
    re.IGNORECASE,
)
"""How clusters of any kind tell that one member does not come through to another."""


class _Missed(NamedTuple):
    """What one member tells of others to which it does not come through, and the ports that its lines name."""

    pod: Pod
    fellows: frozenset[str]
    ports: frozenset[str]
    often: int
    line: str
    first: datetime


def unjoined(view: View) -> Iterator[Parted]:
    """Yield the workloads whose younger members, all of them, join nobody at a port that policies closed before."""
    for workload in view.serving:
        bound = [*binding(view, workload.ref, ingress=True), *binding(view, workload.ref, ingress=False)]
        told = list(_missed(view, workload)) if len(workload.live) > 1 and bound else []
        for port in _ports(view, workload, told) if told else ():
            closing = lets_through(view, workload, workload, port)
            if closing and not closed_before(closing, workload, port) and _since(view, workload, closing, told):
                shown = sorted(told, key=lambda each: each.first, reverse=True)[:SHOWN]
                facts = tuple(lines_told(each.pod.name, each.often, each.line, each.first) for each in shown)
                yield Parted(workload, closing, port[0], facts)
                break


def _missed(view: View, workload: Workload) -> Iterator[_Missed]:
    """Yield what each member tells often, and still, of fellows that run: who is gone cannot be reached."""
    members = {label: each.name for each in workload.live for label in names_of(each)}
    for pod in workload.live:
        said: list[tuple[str, datetime]] = []
        fellows, ports = set[str](), set[str]()
        for log in view.logs_of((pod,), previous=False):
            missed = [at for at, line in enumerate(log.lines) if _MISSED.search(line)]
            times = times_near(log.lines) if missed else ()
            for line, at in ((log.lines[n], times[n]) for n in missed):
                named = [each for each in members if each in line and names_member(line, each)]
                others = [each for each in named if members[each] != pod.name]
                if at is not None and others:
                    said.append((line.strip(), at))
                    fellows |= {members[each] for each in others}
                    ports |= {found[1] for each in others if (found := _port_after(line, each))}
        if len(said) >= OFTEN and view.recent(said[-1][1], STILL):
            yield _Missed(pod, frozenset(fellows), frozenset(ports), len(said), said[-1][0], said[0][1])


def _port_after(line: str, label: str) -> re.Match[str] | None:
    """Return the port that stands behind a member's address or name in a line, whatever domain the name is of."""
    return re.search(rf"{re.escape(label)}(?:\.[\w.-]+)?\]?:(\d{{2,5}})\b", line)


def _since(view: View, workload: Workload, closing: Sequence[Policy], told: Sequence[_Missed]) -> bool:
    """Tell whether it came with members that were started after policies closed the way, and all of those tell of it.

    One that joined since then came through; and where both were there before, they lost one another otherwise.
    """
    _, at = newest_of(closing)
    if at is None or any(each.first < at for each in told):
        return False
    if _may_be_its_release(workload, at, oldest(each.first for each in told)):
        return False
    young = {pod.name for pod in workload.live if pod.started is None or pod.started > at}
    heard = {log.pod for log in view.logs_of(workload.live, previous=False) if log.lines}
    new = {pod.name for pod in workload.live if view.recent(pod.started, JOINS)}
    alone = (young & heard) - new - {each.pod.name for each in told}
    return bool(young) and not alone and all(each.pod.name in young or each.fellows <= young for each in told)


def _may_be_its_release(workload: Workload, at: datetime, first: datetime | None) -> bool:
    """Tell whether members may miss each other by a release: it changed settings, or an earlier one met the policies.

    Other code alone, the first since policies were written, only made the pods anew.
    """
    met = any(each.created is not None and each.created > at for each in workload.revisions[1:])
    return since_release(workload, first) and (met or not of_code_alone(workload))


def _ports(view: View, workload: Workload, told: Sequence[_Missed]) -> list[tuple[str, ...]]:
    """Return the ports at which members may miss one another: the one that lines name, else those of their own.

    Their own are those to which headless Services alone lead, and those to which nobody at all is let in any more
    though the program declares them: where it serves, or is measured, others come in, and members have no need to.
    Where one is open among them they may as well meet there, and one that is closed is nothing to them.
    """
    declared = declared_ports(workload)
    named = {port for each in told for port in each.ports}
    if named:  # of several, some are those from which a member asks
        found = [next((each for each in declared if port in each), (port,)) for port in named]
        return found if len(found) == 1 else []
    if _come_in(view, workload, declared):
        return []
    leading = view.leading_to(workload.ref)
    among = [each for each in leading if each.headless]
    served = {str(target_of(port)) for each in leading if each not in among for port in each.ports}
    closed = [port for port in declared if port and not served & {*port} and _for_nobody(view, workload, port)]
    return list(dict.fromkeys((*(ports_among(view, workload) if among else ()), *closed)))


def _come_in(view: View, workload: Workload, declared: Sequence[tuple[str, ...]]) -> bool:
    """Tell whether a port is open among members, declared or only named by policies, that does more than tell names."""
    rules = [rule for each in binding(view, workload.ref, ingress=True) for rule in items(each.obj, "spec", "ingress")]
    opened = [(found,) for rule in rules for each in items(rule, "ports") if (found := text(each, "port"))]
    ports = {port for port in (*declared, *opened) if port and not _TELLS_NAMES & {*port}}
    return any(not lets_through(view, workload, workload, port) for port in ports)


def _for_nobody(view: View, workload: Workload, port: tuple[str, ...]) -> bool:
    """Tell whether policies close the way in, and none of them has a rule for a port."""
    closing = binding(view, workload.ref, ingress=True)
    return bool(closing) and not any(
        opens(rule, port) for each in closing for rule in items(each.obj, "spec", "ingress")
    )
