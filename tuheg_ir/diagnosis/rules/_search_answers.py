"""A search domain that answers for names of others: who asks for a host outside is led to somebody else there.

A resolver tries the domains of its search list before a name as it is, unless that has many dots. As long as a domain
knows no such name all goes on to the host that was meant. Since a record answers for whatever stands before the domain
nobody comes as far as that, and no name fails.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._server_tells import FOUND, MISSING, Answer, Said, answers, sayings
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.hosts import given_outside
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

SEVERAL = 2
"""One host may have a record of its own in a domain: of more, something answers for all."""
GOES_ON = timedelta(seconds=5)
"""So soon a resolver asks for the next name of its list where one has no address."""


AMISS = ("certificate", *UNANSWERED)
"""Troubles with whoever answers, or does not, where another one was meant."""
_NAME = late(r"(?<![\w.-])[a-z0-9][\w-]*(?:\.[\w-]+)+")
"""A name of several parts, wherever it stands: many clients say `Host: api.pay.example`, in words of their own."""
_URL = late(r"://(?:[^@/\s]{0,200}@)?([a-z0-9][\w-]*(?:\.[\w-]+)+)")


class SearchDomain(NamedTuple):
    """A domain in which hosts outside are found: which, since when, and those that were not found there before."""

    name: str
    hosts: frozenset[str]
    turned: frozenset[str]
    since: datetime


class NodeDomain(NamedTuple):
    """A domain in which pods of one node alone find hosts outside: where, which, and the addresses of these pods."""

    node: str
    name: str
    hosts: frozenset[str]
    clients: frozenset[str]


def search_domains(view: View) -> Iterator[SearchDomain]:
    """Yield the domains, none of the cluster's own, in which all hosts outside that are tried there are found.

    What is tried there in vain still is answered by no wildcard; who goes on to the name as it is was not led away.
    """
    told = sorted(answers(view), key=lambda each: each.at)
    if not told:
        return
    ours = {each.asked.rpartition(".svc.")[2] for each in told if ".svc." in each.asked}
    outside = {host for host in _outside(view, told) if given_outside(host)}
    bare: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    tried: dict[str, dict[str, list[Answer]]] = defaultdict(lambda: defaultdict(list))
    for each in told:
        if host := _host(each.asked, outside):
            tried[each.asked[len(host) + 1 :]][host].append(each)
        else:
            bare[each.client, each.asked].append(each.at)
    # A domain of one part is how public names end: `pay.example.com.cn` is no try of `pay.example.com`.
    may = {domain: tried[domain] for domain in tried if "." in domain and not _of_the_cluster(domain, ours)}
    found = any(each.code == FOUND for by_host in may.values() for told in by_host.values() for each in told)
    meant = _meant(view) if found else set()
    for domain, by_host in may.items():
        led = {host: told for host, told in by_host.items() if f"{host}.{domain}" not in meant}
        yield from _answering(domain, led, bare)


def node_domains(view: View) -> Iterator[NodeDomain]:
    """Yield the domains in which pods of one node alone try hosts outside, and find all of them there.

    Pods elsewhere ask for these hosts as they are, find them, and try that domain for none: it is not in their list.
    """
    told = sayings(view)
    where = {pod.address: pod.node for _, pod in view.pods() if pod.address and pod.node}
    ours = {each.asked.rpartition(".svc.")[2] for each in told if ".svc." in each.asked}
    outside = {host for host in _outside(view, told) if given_outside(host)} if told else set()
    bare: dict[str, set[str]] = defaultdict(set)
    tried: dict[str, list[tuple[str, Said]]] = defaultdict(list)
    for each in told:
        if host := _host(each.asked, outside):
            tried[each.asked[len(host) + 1 :]].append((host, each))
        elif each.code == FOUND:
            bare[each.asked].add(each.client)
    may = {domain: tried[domain] for domain in tried if "." in domain and not _of_the_cluster(domain, ours)}
    for domain, found in may.items():
        nodes = {where.get(each.client, "") for _, each in found}
        if "" in nodes or len(nodes) > 1 or any(each.code != FOUND for _, each in found):
            continue
        (node,) = nodes
        led = {host for host, _ in found if bare[host] and all(where.get(each, "") != node for each in bare[host])}
        if len(led) < SEVERAL:
            continue
        apart = frozenset(host for host in led if f"{host}.{domain}" not in _meant(view))
        if len(apart) >= SEVERAL:
            yield NodeDomain(node, domain, apart, frozenset(each.client for host, each in found if host in apart))


def _outside(view: View, told: Iterable[Answer | Said]) -> set[str]:
    """Return the names that may be hosts outside: those found as they are, and those that troubles name."""
    named = {host for hosts in view.graph.outside.values() for host in hosts}
    lines = (hit.line.lower() for hit in view.hits if hit.trouble in AMISS)
    named.update(name for line in lines for name in _NAME.findall(line))
    return {each.asked for each in told if each.code == FOUND} | named


def _host(asked: str, outside: set[str]) -> str:
    """Return the host outside with which a name begins that goes on with a domain; "" if none."""
    parts = asked.split(".")
    bases = (".".join(parts[:length]) for length in range(len(parts) - 1, 1, -1))
    return next((base for base in bases if base in outside), "")


def _of_the_cluster(domain: str, ours: Collection[str]) -> bool:
    """Tell whether a domain is one of the cluster's own, whatever that is called: Services are asked for in it."""
    return ".svc." in f".{domain}." or domain in ours


@once_a_view
def _meant(view: View) -> set[str]:
    """Return the hosts that programs ask for as they are, by their settings or by the URLs in their lines.

    No search list led them there, though such a name may begin like another one: `pay.example.com.edgekey.net`.
    """
    settings = (each for workload in view.workloads.values() for each in view.graph.settings(workload))
    lines = (line.lower() for log in view.snapshot.logs for line in log.lines if "://" in line)
    given = {host for key, value in settings for host in hosts_in(key, value)}
    return given.union(host for line in lines for host in _URL.findall(line))


def _answering(
    domain: str, by_host: Mapping[str, Sequence[Answer]], bare: Mapping[tuple[str, str], Sequence[datetime]]
) -> Iterator[SearchDomain]:
    found = {host: [each for each in told if each.code == FOUND] for host, told in by_host.items()}
    led = {host: told for host, told in found.items() if told and not any(_went_on(each, host, bare) for each in told)}
    if not led:
        return
    since = min(told[0].at for told in led.values())
    missed = {host: [each.at for each in told if each.code == MISSING] for host, told in by_host.items()}
    if any(at > since + MINUTE for times in missed.values() for at in times):
        return
    turned = frozenset(host for host in led if missed[host])
    yield SearchDomain(domain, frozenset(led), turned, since)


def _went_on(each: Answer, host: str, bare: Mapping[tuple[str, str], Sequence[datetime]]) -> bool:
    """Tell whether a client asked for a host as it is right after it was answered for it in a domain: no address."""
    times = bare.get((each.client, host), ())
    at = bisect_left(times, each.at)
    return at < len(times) and times[at] - each.at <= GOES_ON
