"""Hosts outside the namespace that do not answer or fail: who complains of each, and who measures it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._asked_hosts import WATCHES
from tuheg_ir.diagnosis.rules._figures import SLOW_S, SLOWER, rise
from tuheg_ir.diagnosis.rules._led_outside import led_outside
from tuheg_ir.diagnosis.rules._paged_by_host import paged
from tuheg_ir.diagnosis.rules._probed_hosts import unnamed
from tuheg_ir.diagnosis.rules._slow_by_proxy import slow_by_proxy
from tuheg_ir.diagnosis.state import ERRORS
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, Complaint, complaints
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import items, name, text
from tuheg_ir.diagnosis.view.view import View

TROUBLES = (*UNANSWERED, "rate_limited")
_MACHINE = late(r"ip(?:-\d{1,3}){4}\.[\w.-]+|[\w.-]+\.(?:ec2|compute|c\.[\w-]+)\.internal")
"""How clouds call the machines that one rents: by an address, or in a zone where nothing else is."""


@dataclass(slots=True)
class Host:
    """What is known against one host outside: who complains of it, who measures it."""

    said: list[Complaint] = field(default_factory=list)
    measured: list[tuple[str, Evidence]] = field(default_factory=list)

    @property
    def callers(self) -> list[str]:
        """Return who calls it, who complains most first."""
        counts: dict[str, int] = {}
        for each in self.said:
            counts[each.caller] = counts.get(each.caller, 0) + each.hit.count
        for caller, _ in self.measured:
            counts.setdefault(caller, 0)
        return sorted(counts, key=lambda ref: (-counts[ref], ref))

    @property
    def limited(self) -> bool:
        """Tell whether all that is said of it is that it refuses more than it grants."""
        return bool(self.said) and all(c.hit.trouble == "rate_limited" for c in self.said)


@once_a_view
def hosts_outside(view: View) -> dict[str, Host]:
    """Return host outside -> what is known against it, by the troubles that name it and by figures.

    Figures are those of who calls it, or of who probes it where callers meet no answer and name nobody.
    """
    found: dict[str, Host] = {}
    for each in complaints(view, *TROUBLES):
        for host in each.hosts:
            if not each.about and is_outside(view, host):
                found.setdefault(host, Host()).said.append(each)
    for host, each in chain(((each.hosts[0], each) for each in led_outside(view)), paged(view)):
        found.setdefault(host, Host()).said.append(each)
    for caller, host, seen in chain(_measured(view), slow_by_proxy(view)):
        entry = found.setdefault(_same(found, host), Host())
        if seen.source == "metrics" or caller not in entry.callers:
            entry.measured.append((caller, seen))
    for host, seen, each in unnamed(view):
        entry = found.setdefault(host, Host())
        entry.said.append(each)
        if (each.caller, seen) not in entry.measured:
            entry.measured.append((each.caller, seen))
    return found


def _measured(view: View) -> Iterator[tuple[str, str, Evidence]]:
    """Yield (caller, host, evidence) of hosts that fail or are late by the figures of who calls them."""
    for signal in ("dependency_error_ratio", "dependency_latency_p95"):
        for series in view.figures.series(signal):
            host = series.labels.get("dependency", "").lower()
            caller = view.component(series.labels.get("component", ""))
            least, factor = (ERRORS, 2.0) if "error" in signal else (SLOW_S, SLOWER)
            inside = view.component(host) or view.graph.meant(caller, host) or _is_scraped(view, host)
            turn = rise(view, series, signal, factor, least) if host and not inside else None
            if turn is not None and caller:
                unit = (
                    f"{turn.now:.0%} of its calls fail" if "error" in signal else f"its answers take {turn.now:.2g} s"
                )
                yield caller, host, Evidence("metrics", host, f"{host}: {unit}", turn.since)


def is_outside(view: View, host: str) -> bool:
    """Tell whether a host is outside the cluster, or of another namespace, which others look after.

    What was read of another namespace speaks for itself.
    """
    service = view.services.get(host)
    inside = "." not in host or host.endswith((".local", ".svc", ".cluster"))
    neighbour = bool(view.graph.other_space(host)) and not view.graph.resolve(host) and not WATCHES.search(host)
    return bool(service and service.external) or not inside or neighbour


def _is_scraped(view: View, host: str) -> bool:
    """Tell whether a host is of the cluster: a scraper may put where it found a program into its figures.

    That is a machine, or a pod by its whole name. A Service may be whom a program calls: one of another namespace, or
    one that leads outside.
    """
    bare = host.partition(":")[0]
    if ".svc." in f"{bare}." and not view.graph.other_space(bare) and bare.partition(".")[0] not in view.services:
        return True
    machine = any(bare == each or bare.startswith(f"{each}.") for each in _machines(view))
    return machine or _MACHINE.fullmatch(bare) is not None


@once_a_view
def _machines(view: View) -> frozenset[str]:
    """Return the names of the cluster's machines: a Node may be called otherwise than its machine is."""
    nodes = view.snapshot.of("Node")
    told = (each for obj in nodes for each in items(obj, "status", "addresses"))
    also = {text(each, "address").lower() for each in told if text(each, "type") in ("Hostname", "InternalDNS")}
    return frozenset({name(each).lower() for each in nodes} | also - {""})


def _same(found: dict[str, Host], short: str) -> str:
    """Return the host that a short name of a dependency means, if exactly one is like it."""
    alike = [host for host in found if short in host.split(".") or short.replace("_", "-") in host]
    return alike[0] if len(alike) == 1 else short
