"""Whom a caller asked when it failed: lines of failures bear the address of the pod that was asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import LATELY, OFTEN, is_marked
from tuheg_ir.diagnosis.view.once import once, once_a_view
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.reading import items, whole
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_ADDRESS = late(r"(?<![\d.])(?<!serving )(?<!client: )(?<!client=)((?:\d{1,3}\.){3}\d{1,3})(?::(\d{1,5}))?(?![\d.])")
"""Whom a line speaks of; whom a server serves is a client of it."""
_CLIENT = late(
    r"\b(?:client|remote[_-](?:ip|addr(?:ess)?|host)|real[_-]ip|(?:x[_-])?forwarded[_-]for)(?:[_-]?(?:ip|addr(?:ess)?))?"
    r"[\"']?\s*[:=]\s*[\"'\[]*(?:(?:\d{1,3}\.){3}\d{1,3}(?![\d.:])(?:, ?)?)+",
    re.IGNORECASE,
)
"""How a line of fields names who asks, and those who passed it on; who is asked has a port."""
_WORD = late(r"(?<![\w.-])[a-z](?:[a-z0-9.-]*[a-z0-9])?")
"""What may be the name of a host; an address is none."""
MOST = 0.9
"""Share of the failures that has to name the one who is ill."""


class Named(NamedTuple):
    """How many failures of a caller name which pod of another workload, when the first came, and the last line.

    ``nobodys``: how many name at which port an address among those of pods that no live pod has, and which one of
    those that it calls, or "". ``whose``: whom of those the failures at live pods name so.
    """

    pods: Counter[str]
    first: datetime | None
    line: str
    nobodys: Counter[tuple[int, str]]
    whose: frozenset[str]


@once_a_view
def by_address(view: View) -> dict[str, tuple[Pod, Workload]]:
    """Return address -> the live pod that has it, with its workload."""
    return {pod.address: (pod, w) for w in view.workloads.values() for pod in w.live}


@once
def named(view: View, caller: Workload) -> Named:
    """Return which pods of others the failures of a caller name."""
    pods, bad, nobodys = by_address(view), Counter[str](), Counter[tuple[int, str]]()
    times: list[datetime] = []
    whose: set[str] = set()
    last = ""
    begin = tuple({ip.rpartition(".")[0] + "." for ip in pods if ip})
    for log in view.logs_of(caller.live, previous=False):
        for line in log.lines:
            if not any(each in line for each in begin):
                continue
            at = stamp(line)
            if (at is not None and not view.recent(at, LATELY)) or not _failed(line):
                continue
            addresses = _addresses(line)
            asked = _of_others(pods, caller, addresses, line)
            if len(asked) == 1:
                bad.update(asked)
                whose.add(_called(view, caller, line))
                times += [at] if at else []
                last = line.strip()
            elif not asked:
                gone = {int(port) for ip, port in addresses if port and ip not in pods and ip.startswith(begin)}
                nobodys.update((port, _called(view, caller, line) if gone else "") for port in gone)
    return Named(bad, min(times, default=None), last, nobodys, frozenset(whose))


def failed_at(view: View, caller: Workload, line: str) -> set[str]:
    """Return the pods of others that a line of a caller's names as those who were asked, if it tells of a failure."""
    return _of_others(by_address(view), caller, _addresses(line), line) if _failed(line) else set()


def asked_in(pod: Pod, line: str) -> str:
    """Return the container of a pod that a line names as who was asked, by its port; "" where it names none."""
    ports = {int(port) for ip, port in _addresses(line) if ip == pod.address and port}
    return next((c.name for c in pod.containers if not ports.isdisjoint(_ports_of(c))), "")


def _failed(line: str) -> bool:
    return is_marked(line) or status_of(line) >= 500


def _addresses(line: str) -> list[tuple[str, str]]:
    """Return the addresses that a line speaks of, but those of clients, each with its port or ""."""
    return _ADDRESS.findall(_CLIENT.sub(" ", line))


def _of_others(
    pods: Mapping[str, tuple[Pod, Workload]], caller: Workload, addresses: Iterable[tuple[str, str]], line: str
) -> set[str]:
    return {
        pods[ip][0].name
        for ip, port in addresses
        if ip in pods and pods[ip][1] is not caller and _asked(pods[ip][0], port, line)
    }


def the_one_named(view: View, caller: Workload) -> tuple[str, int]:
    """Return the one pod that nearly all failures of a caller name, and in how many; ("", 0) where there is none.

    Those that name pods which are gone, or which nobody listed, count against it where they were asked at its port,
    unless their lines alone say that they were pods of another workload.
    """
    told = named(view, caller)
    one, _ = _nearly_all(told.pods, told.pods.total())
    found = next(((_ports(pod), owner.ref) for pod, owner in by_address(view).values() if pod.name == one), None)
    if found is None:
        return "", 0
    ports, mine = found
    ours = {"", mine, *told.whose}
    others = sum(count for (port, ref), count in told.nobodys.items() if port in ports and ref in ours)
    return _nearly_all(told.pods, told.pods.total() + others)


def _called(view: View, caller: Workload, line: str) -> str:
    """Return whom of those that it calls a line of a caller names; "" for none, and for several."""
    called = set(view.graph.calls.get(caller.ref, ()))
    told = called & {view.graph.resolve(each) for each in _WORD.findall(line.lower())}
    return told.pop() if len(told) == 1 else ""


@once
def always_names(view: View, caller: Workload) -> str:
    """Return the workload whose pods nearly all failures of a caller name; "" where there is no such one."""
    bad = named(view, caller).pods
    of: Counter[str] = Counter()
    for pod, owner in by_address(view).values():
        of[owner.ref] += bad[pod.name]
    return _nearly_all(of, bad.total())[0]


def _nearly_all(counts: Counter[str], total: int) -> tuple[str, int]:
    """Return what has nearly all of so many failures, and how many; ("", 0) where nothing has, or they are few."""
    if total < OFTEN:
        return "", 0
    one, count = counts.most_common(1)[0]
    return (one, count) if count >= MOST * total else ("", 0)


def _asked(pod: Pod, port: str, line: str) -> bool:
    """Tell whether a line names a pod as who was asked; one of an access log names who asks by the address alone."""
    return int(port) in _ports(pod) if port else is_marked(line)


def _ports(pod: Pod) -> set[int]:
    """Return the ports at which a pod listens; a client's own port is none of them."""
    return {port for c in pod.containers for port in _ports_of(c)}


def _ports_of(container: Container) -> set[int]:
    return {whole(port, "containerPort") for port in items(container.spec, "ports")}
