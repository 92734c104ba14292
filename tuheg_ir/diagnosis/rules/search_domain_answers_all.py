"""A search domain answers for every name, so that who asks for hosts outside is led to somebody else.

Names are found, and each program tells it in its own way: a certificate of another name, a page that is not there, a
refused connection. What they have in common only the name servers' answers show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._node_search_list import of_nodes
from tuheg_ir.diagnosis.rules._search_answers import AMISS, SearchDomain, search_domains
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import lines_told, speaks_of, tells, times_near
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

_OF_NAMES = ("dnsConfig", "dnsPolicy")
"""Fields of a template that tell which search domains its pods try, and when."""


class _Led(NamedTuple):
    """What a workload complains of hosts of which another answers: how often, of which, since when, and one line."""

    workload: Workload
    number: int
    hosts: frozenset[str]
    since: datetime
    pod: str
    line: str
    shown: bool
    """Whether lines name the domain beside a host: the certificate of whoever answered."""


def when(view: View) -> Iterator[Match]:
    """Hosts outside are found in a search domain since a while, and programs fail at these hosts since then.

    Two hosts that were not found there before are more than one record. Where servers' logs do not reach back, or only
    one turned, whoever answered has to have shown the domain's name. Or pods of one node alone find them there.
    """
    yield from of_nodes(view)
    servers = of_role(view.workloads, "dns")
    for domain in search_domains(view) if servers else ():
        led = [each for workload in view.workloads.values() if (each := _led(view, workload, domain, servers))]
        hosts = {host for each in led for host in each.hosts}
        shown = any(each.shown for each in led)
        if sum(each.number for each in led) < OFTEN or len(domain.hosts) < 2 or not hosts:
            continue
        if len(domain.turned) < 2 and not (shown and len(hosts) >= 2):
            continue
        if not any(since_release(server, domain.since) for server in servers):
            yield _match(view, servers, domain, led)


def _led(view: View, workload: Workload, domain: SearchDomain, servers: tuple[Workload, ...]) -> _Led | None:
    """Return what a workload complains of hosts since they are found in a domain; None if it did so before as well."""
    if workload in servers:
        return None
    # Who is led there knows the host alone: a name that goes on with the domain was asked for as it is.
    hosts = "|".join(map(re.escape, sorted(domain.hosts)))
    named = re.compile(rf"(?<![\w.-])({hosts})(?![\w-]|\.\w)", re.IGNORECASE)
    its_own = re.compile(rf"(?<![\w.-])(?:[\w-]+|\*)\.{re.escape(domain.name)}(?![\w-]|\.\w)", re.IGNORECASE)
    told = sorted(_told(view, workload, named, domain), key=lambda each: each[1])
    # Of what servers were asked before their logs begin nobody knows since when it is answered.
    since = [each for each in told if not domain.turned or each[1] >= domain.since + BEFORE]
    before = len(told) - len(since)
    if not since or before * OFTEN > len(since) or not any(view.recent(at, STILL) for _, at, _, _ in since):
        return None
    if _searches_since(workload, since[0][1]):
        return None
    pod, at, _, line = since[0]
    shown = any(its_own.search(named.sub("", text)) for *_, text in since)
    return _Led(workload, len(since), frozenset(each[2] for each in since), at, pod, line, shown)


def _told(
    view: View, workload: Workload, named: re.Pattern[str], domain: SearchDomain
) -> Iterator[tuple[str, datetime, str, str]]:
    """Yield (pod, when, host, line) of what a workload complains of hosts, one log after the other."""
    for log in view.logs_of(workload.live, previous=False):
        if not speaks_of(log, domain.hosts):
            continue
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            found = named.search(line)
            if found and at is not None and (complains(line) or any(tells(each, line) for each in AMISS)):
                yield log.pod, at, found[1].lower(), line.strip()


def _searches_since(workload: Workload, at: datetime) -> bool:
    """Tell whether a workload's own release had it try other domains right before: that is taken back with it."""
    return since_release(workload, at) and any(each.field in _OF_NAMES for each in workload.changes)


def _edited(view: View, servers: tuple[Workload, ...], since: datetime) -> Evidence | None:
    """Return the one ConfigMap that servers read and that was written right before, as evidence: it may answer."""
    found = {each for server in servers for each in outside_changes(view, server) if soon_after(since, each[1])}
    maps = [each for each in found if each[0].startswith("ConfigMap/")]
    if len(maps) != 1:
        return None
    ((ref, at),) = maps
    return Evidence("objects", ref, "name servers read it, and it was edited", at)


def _match(view: View, servers: tuple[Workload, ...], domain: SearchDomain, led: list[_Led]) -> Match:
    edited = _edited(view, servers, domain.since) if domain.turned else None
    component = edited.object if edited else servers[0].ref
    since = f"since {domain.since:%H:%M} and not before" if domain.turned else "as far back as its log goes"
    hosts = ", ".join(sorted(domain.hosts)[:4])
    fact = f"{domain.name} answers for {hosts}, hosts outside that are tried in it first, {since}"
    callers = sorted(each.workload.ref for each in led)
    why = f"new pods would be led astray by {domain.name} as well, until it answers for no names of others"
    return Match(
        component=component,
        evidence=(
            *([edited] if edited else []),
            Evidence("logs", servers[0].ref, fact, domain.since),
            *(lines_told(each.pod, each.number, each.line, each.since) for each in led),
        ),
        certainty=0.85 if domain.turned else 0.75,
        root_cause="configuration_error" if edited else "",
        since=min(domain.since, *(each.since for each in led)),
        explains=behind(view, *callers, *(server.ref for server in servers), but=component),
        excludes=(*not_for(callers, why), *not_for((server.ref for server in servers), why)),
    )


RULE = Rule(
    name="search_domain_answers_all",
    title="A search domain answers for hosts outside",
    root_cause="network_fault",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no hosts outside are found in a search domain while programs fail at them",
)
