"""A zone whose signatures do not hold: who checks them answers for none of its names, and is right to do so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._dns_zones import forwarders
from tuheg_ir.diagnosis.rules._reach import names_host
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, fresh
from tuheg_ir.diagnosis.view.hosts import given_outside
from tuheg_ir.diagnosis.view.logs import Hit, lines_told, tells
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

TOGETHER = timedelta(minutes=10)
"""What is refused so long before a name is a matter of its own; some zones are signed badly for years."""
_OF = late(
    r"validation failure <(?P<unbound>\S{1,255}) |validating (?P<bind>\S{1,255})/[A-Z]|"
    r" resolving '(?P<chain>\S{1,255}?)/[A-Z]|for question (?P<resolved>\S{1,255}) IN |"
    r"validation (?P<dnsmasq>\S{1,255}) is BOGUS",
)
"""How Unbound, BIND, systemd-resolved and dnsmasq name what they refuse."""


class Refusal(NamedTuple):
    """One time that a pod refused a name for its signatures: when, and in which words."""

    pod: str
    at: datetime
    line: str


class BadZone(NamedTuple):
    """A zone whose signatures do not hold: who told it, who misses names of it, since when, and how one can see it."""

    zone: str
    tellers: tuple[Workload, ...]
    said: tuple[Complaint, ...]
    since: datetime
    evidence: tuple[Evidence, ...]


@once_a_view
def badly_signed(view: View) -> BadZone | None:
    """Return the one zone outside that is refused for its signatures since a while, if only its names are missed.

    Where several are refused since then, or by some of its like only, who checks them is ill: by its clock, perhaps.
    Not where it was released or edited right before: it may check more than before.
    """
    hits = [hit for hit in view.hits if hit.trouble == "badly_signed" and not hit.previous and fresh(view, hit)]
    tellers = {hit.component: view.workloads[hit.component] for hit in hits if hit.component in view.workloads}
    said = _missed(view, tellers.values()) if tellers else ()
    refused = _refused(view, hits) if said else {}
    hosts = {host for each in said for host in each.hit.hosts}
    names = {
        name for name, told in refused.items() if len(told) >= OFTEN and any(_within(host, name) for host in hosts)
    }
    if not names:
        return None
    since = min(told.at for name in names for told in refused[name])
    found = tuple(each for each in said if each.hit.first is None or each.hit.first >= since - TOGETHER)
    zones = {_zone(name) for name, told in refused.items() if name in names or told[0].at >= since - TOGETHER}
    if len(zones) > 1 or not _all_within(found, names) or _touched(view, tellers.values(), since):
        return None
    if any(not _all_tell(view, each, refused, names, since) for each in tellers.values()):
        return None
    if any(names_host(view.workloads[each.caller].changes, host) for each in found for host in each.hit.hosts):
        return None  # it did without the host before its release
    told = [each for name in sorted(names) for each in refused[name]]
    seen = (lines_told(told[-1].pod, len(told), told[-1].line, since),)
    return BadZone(zones.pop(), tuple(tellers.values()), found, since, seen)


def _missed(view: View, tellers: Iterable[Workload]) -> tuple[Complaint, ...]:
    """Return who misses names that others keep; not the servers of names themselves, which pass that on."""
    servers = of_role(view.workloads, "dns")
    passing = {each.ref for each in (*tellers, *servers, *forwarders(view, servers))}
    said = (each for each in complaints(view, "dns") if each.caller in view.workloads and each.caller not in passing)
    return tuple(each for each in said if not each.hit.previous)


def _refused(view: View, hits: Iterable[Hit]) -> Mapping[str, list[Refusal]]:
    """Return name -> when it was refused for its signatures, in the order of time."""
    found: dict[str, list[Refusal]] = defaultdict(list)
    for hit in hits:
        for line in (line for log in view.logs_with(hit) for line in log.lines if tells("badly_signed", line)):
            named, at = _OF.search(line), stamp(line)
            if named and at is not None:
                name = next(filter(None, named.groups())).rstrip(".").lower()
                found[name].append(Refusal(hit.pod, at, line.strip()))
    return {name: sorted(told, key=lambda each: each.at) for name, told in found.items()}


def _within(host: str, name: str) -> bool:
    return host == name or host.endswith(f".{name}")


def _zone(name: str) -> str:
    """Return the end of a name by which two of one owner are known."""
    return ".".join(name.split(".")[-2:])


def _all_within(said: Collection[Complaint], names: Collection[str]) -> bool:
    """Tell whether all hosts that are missed are refused for their signatures, and are none of the cluster."""
    hosts = [host for each in said for host in each.hit.hosts or ("",)]
    return bool(hosts) and all(given_outside(host) and any(_within(host, name) for name in names) for host in hosts)


def _touched(view: View, tellers: Iterable[Workload], since: datetime) -> bool:
    """Tell whether a server of names was released, or what it reads was edited, right before."""
    servers = {each.ref: each for each in (*tellers, *of_role(view.workloads, "dns"))}
    return any(
        since_release(each, since) or any(soon_after(since, at) for _, at in outside_changes(view, each))
        for each in servers.values()
    )


def _all_tell(
    view: View, teller: Workload, refused: Mapping[str, list[Refusal]], names: Collection[str], since: datetime
) -> bool:
    """Tell whether each pod of a server that is heard since then refuses the names: another one may find them."""
    telling = {each.pod for name in names for each in refused[name]}
    others = [pod for pod in teller.live if pod.name not in telling]
    lines = (line for log in view.logs_of(others, previous=False) for line in log.lines)
    return not any(at > since + TOGETHER for line in lines if (at := stamp(line)))
