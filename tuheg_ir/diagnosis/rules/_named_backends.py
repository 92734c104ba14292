"""Whom a caller asked when it failed: lines of failures bear the address of the pod that was asked, or its name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import product

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.marked import LATELY, OFTEN, is_marked
from tuheg_ir.diagnosis.view.odd import template_mark
from tuheg_ir.diagnosis.view.once import once, once_a_view
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.reading import items, whole
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

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
_FIELD = late(
    r"\b(?:x-)?((?:(?:served|answered|handled|processed|responded)[_-]?by|(?:backend|upstream|instance|replica|server)"
    r"(?:[_-](?:name|id|pod|host|instance))?))[\"']?(?: ?[:=] ?| )[\"']?$",
    re.IGNORECASE,
)
"""What stands before the name of who answered."""
_ELSEWHERE = late(
    r"\b(?:leaders?|primary|master|owners?|owned|held|holder|lock\w*|read-?only|scrap\w+|not found|no such)\b"
    r"|\b(?:answered|status|code)[\"':= ]{1,3}4\d\d\b|\b404\b",
    re.IGNORECASE,
)
"""Who says so answers as it should: another one is meant, or what is asked for is nowhere."""
_KEY = late(
    r"\b(?:key|id|uuid|user|customer|tenant|account|session|order|cart|basket|sku|item|product|article|shard|bucket"
    r"|partition|device|invoice|document|object|record|row)(?:[_-]?(?:id|no|nr|key|number))?[\"']?[ =:#]{1,3}[\"'#]?"
    r"([a-z_-]{0,20}\d[\w-]*)|/[\w-]+/(?!v\d+\b)([a-z_-]{0,20}\d[\w-]*)",
    re.IGNORECASE,
)
"""For which one of many something was asked."""
MOST = 0.9
"""Share of the failures that has to name the one who is ill."""


class Named(NamedTuple):
    """How many failures of a caller name which pod of another workload, when the first came, and the last line.

    "" counts those that name one by its name, and not as who is ill.

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
    told: dict[str, list[str]] = {}
    nets = tuple({ip.rpartition(".")[0] + "." for ip in pods if ip})
    names = _serving_by_name(view, caller)
    begin = (*nets, *{pod for pod, _ in names})
    for log in view.logs_of(caller.live, previous=False):
        for line in log.lines:
            if not any(each in line for each in begin):
                continue
            at = stamp(line)
            if (at is not None and not view.recent(at, LATELY)) or not _failed(line):
                continue
            addresses = _addresses(line)
            known = _of_others(pods, caller, addresses, line)
            asked = known | _by_name(names, line, known)
            if "" in asked:
                bad[""] += 1
            elif len(asked) == 1:
                bad.update(asked)
                told.setdefault(min(asked), []).append(line)
                whose.add(_called(view, caller, line))
                times += [at] if at else []
                last = line.strip()
            elif not asked:
                gone = {int(port) for ip, port in addresses if port and ip not in pods and ip.startswith(nets)}
                nobodys.update((port, _called(view, caller, line) if gone else "") for port in gone)
    for pod in {pod for pod, _ in names if _of_one_key(pod, told.get(pod, ()))}:
        bad[""] += bad.pop(pod)
    return Named(bad, min(times, default=None), last, nobodys, frozenset(whose))


def _serving_by_name(view: View, caller: Workload) -> frozenset[tuple[str, str]]:
    """Return the pods of Deployments that a caller calls, where it tells by their names that others serve it well.

    Each with the field that bears the name. The others have its template: what came with a release is of no one pod.
    Nobody asks them by such a name: it comes with the answer. Who names pods only where something fails, as a
    controller does, need not have asked them; and who names one alone, well or not, may ask no other.
    """
    found: set[tuple[str, str]] = set()
    for owner in view.called(caller.ref):
        if owner is caller or owner.kind != "Deployment" or len(owner.live) < 2:
            continue
        begin = {pod.name.rpartition("-")[0] + "-" for pod in owner.live}
        logs = [log for log in view.logs_of(caller.live, previous=False) if speaks_of(log, begin)]
        told = [line for log in logs for line in log.lines if any(each in line for each in begin)]
        lately = [line for line in told if (at := stamp(line)) is not None and view.recent(at, LATELY)]
        lines = [line for line in lately if not _failed(line)]
        well = Counter(
            (pod.name, _answered(line, pod.name)) for line in lines for pod in owner.live if pod.name in line
        )
        for pod, field in product(owner.live, {field for _, field in well if field}):
            like = [each.name for each in owner.live if each is not pod and template_mark(each) == template_mark(pod)]
            if sum(well[each, field] for each in like) >= OFTEN:
                found.add((pod.name, field))
    return frozenset(found)


def _by_name(names: Collection[tuple[str, str]], line: str, known: Collection[str]) -> set[str]:
    """Return the pods that a failure names as who answered, beside those known of it; "" for one it names otherwise."""
    told = {each for each, _ in names if each in line and each not in known}
    return {each if (each, _answered(line, each)) in names else "" for each in told}


def _answered(line: str, pod: str) -> str:
    """Return the field by which a line names a pod as who answered; "" where it need not have, or did so rightly."""
    begin = line.find(pod)
    found = _FIELD.search(line[max(0, begin - 60) : begin])
    return "" if found is None or _ELSEWHERE.search(line) else found[1].lower().replace("-", "_")


def _of_one_key(pod: str, lines: Sequence[str]) -> bool:
    """Tell whether nearly all failures are of one key: which pod answers may follow from it, and the key be ill."""
    bare = [without_time(line).replace(pod, "") for line in lines]
    keys = Counter(key for line in bare for key in {found[0].lower() for found in _KEY.finditer(line)})
    return len(lines) >= OFTEN and max(keys.values(), default=0) >= MOST * len(lines)


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
