"""A certificate is out of date, at the way in or between services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._ahead import told_ahead
from tuheg_ir.diagnosis.rules._ended_outside import by_host, ended_outside, ended_since
from tuheg_ir.diagnosis.rules._helping import behind, names, not_for
from tuheg_ir.diagnosis.rules._mounted_roots import lacking_roots
from tuheg_ir.diagnosis.rules._own_certificate import OF_AN_END, keep_the_old, own
from tuheg_ir.diagnosis.rules._renewal import covers, ended_by_its_controller, hosts_of, stuck_at
from tuheg_ir.diagnosis.rules._replaced_certificate import replaced
from tuheg_ir.diagnosis.rules._signing import of_signing, signing
from tuheg_ir.diagnosis.rules._trust import distrust, other_side
from tuheg_ir.diagnosis.view.complaints import Complaint, asked_by_tool, complaints, told
from tuheg_ir.diagnosis.view.graph import foreign
from tuheg_ir.diagnosis.view.reading import items, name, oldest, text
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View

_ALERT = late(
    r"remote error: tls|alert (?:bad |unknown |certificate)|fatal alert: |tlsv1 alert|sslv3 alert", re.IGNORECASE
)
"""Words in which a client tells that the other side refused what it showed."""
_REFUSES = "it refuses a bad certificate, as it should: only another certificate helps"
DAY = timedelta(days=1)
"""An end that nobody tells of is no news after that."""
SOON = timedelta(minutes=30)
"""So soon after a renewal a server that reads it again shows the new certificate."""


def when(view: View) -> Iterator[Match]:
    """A certificate's end is past, or clients refuse one."""
    said = complaints(view, "certificate")
    of_ends = {c.hit.pod for c in said if _of_an_end(c)}
    every = [c for c in said if not (_of_an_end(c) and told_ahead(view, c, of_ends))]
    seen: set[str] = set()
    heard: list[Complaint] = []
    for component, end, measured in _ended(view, every):
        found = _refusing(view, component, every)
        serving = tuple(served(view, component))
        heard += found
        seen.update((component, *serving))
        yield _past(view, component, end, measured, serving, found)
    groups: dict[str, list[Complaint]] = {}
    abroad: list[Complaint] = []
    signer = signing(view, every, _holders(view, every))
    if signer is not None:
        yield of_signing(view, signer, own(view, view.workloads[signer.ref])[0])
    signed = signer.complaints if signer is not None else ()
    of_trust = [c for c in every if _of_trust(c) and c not in heard and c not in signed]
    alerts = [c for c in every if _ALERT.search(c.hit.line) and not OF_AN_END.search(c.hit.line)]
    distrusting = tuple(distrust(view, of_trust, alerts))
    heard += [c for each in distrusting for c in other_side(view, each, alerts)]
    explained = {c.hit for each in distrusting for c in each.complaints}
    of_roots = (each for each in lacking_roots(view, of_trust) if not explained & {c.hit for c in each.complaints})
    by_clients = [
        *((each.match, each.complaints) for each in distrusting),
        *((e.match, e.complaints) for e in of_roots),
    ]
    yield from (match for match, _ in by_clients)
    of_clients = [c for _, complaints in by_clients for c in complaints]
    heard += of_clients
    innocent = {c.about for c in of_clients}
    heard += [c for c in every if c.caller in innocent and _ALERT.search(c.hit.line)]
    refused = {each.about for each in every if not _ALERT.search(each.hit.line)}
    for each in (_at_home(view, c) for c in every if c not in heard and c not in signed):
        if each.about in seen or each.caller not in view.workloads:
            continue
        if _of_another(view, each, every):
            abroad.append(each)
        elif each.caller in refused and _ALERT.search(each.hit.line):
            groups.setdefault(each.caller, []).append(each)  # it tells of the same from the other side
        else:
            meant = _reissued(view, each)
            groups.setdefault(_at_the_edge(view, meant) or meant.about or meant.caller, []).append(meant)
    for ref, found in groups.items():
        yield _refused(view, ref, found)
    for found in by_host(abroad):
        yield ended_outside(view, found)


def _past(
    view: View,
    component: str,
    end: datetime,
    measured: tuple[Evidence, ...],
    serving: tuple[str, ...],
    found: list[Complaint],
) -> Match:
    """Return that a certificate's end is past, with who refuses it."""
    callers = tuple(dict.fromkeys(each.caller for each in found))
    return Match(
        component=component,
        evidence=(*measured[:1], *(told(view, found, 2) or _refusals(view, serving)), *measured[1:]),
        certainty=0.8,
        since=end,
        explains=tuple(dict.fromkeys((*serving, *behind(view, *callers)))),
        excludes=(
            *not_for(serving, "its pods are well: only a new certificate helps"),
            *not_for([each for each in callers if each not in serving], _REFUSES),
        ),
    )


def _refusing(view: View, component: str, every: Iterable[Complaint]) -> list[Complaint]:
    """Return the complaints of an end that name a host of a certificate."""
    hosts = hosts_of(view, component)
    return [
        each
        for each in every
        if each.caller in view.workloads
        and _of_an_end(each)
        and any(host in hosts or f"*.{host.partition('.')[2]}" in hosts for host in each.hit.hosts)
    ]


def _at_the_edge(view: View, each: Complaint) -> str:
    """Return the certificate of the way in whose host a caller names where it complains of an end; "" for none."""
    if not _of_an_end(each):
        return ""
    ways = {host for obj in view.snapshot.of("Ingress") for host in hosts_of(view, f"Ingress/{name(obj)}")}
    return next((certificate(view, host) for host in each.hit.hosts if host in ways), "")


def _of_an_end(each: Complaint) -> bool:
    """Tell whether a complaint is of an end, and of what another shows."""
    return OF_AN_END.search(each.hit.line) is not None and not _ALERT.search(each.hit.line)


def _of_trust(each: Complaint) -> bool:
    """Tell whether a complaint is of who vouches for what another shows, and not of its end."""
    return not OF_AN_END.search(each.hit.line) and not _ALERT.search(each.hit.line)


def _holders(view: View, found: Iterable[Complaint]) -> set[str]:
    """Return who is complained of and has the Secret of a certificate of its own."""
    return {c.about for c in found if (server := view.workloads.get(c.about)) is not None and own(view, server)[0]}


def _at_home(view: View, each: Complaint) -> Complaint:
    """Return a complaint of an end that names a host of a domain of one's own as one about whom it is called after.

    So only if that one shows a certificate: many a host outside bears the name of a workload.
    """
    if each.about or not _of_an_end(each):
        return each
    called = (view.graph.resolve(host.partition(".")[0]) for host in each.hit.hosts)
    shows = (ref for ref in called if ref in view.workloads and own(view, view.workloads[ref])[0])
    return each._replace(about=next(shows, ""))


def _reissued(view: View, each: Complaint) -> Complaint:
    """Return a complaint that names nobody as one about whom its caller calls and whose certificate is just new.

    Words of an end are older than a new certificate; who was released of late may have lost its own roots.
    """
    first = each.hit.first
    if each.about or each.hosts or first is None or not _of_trust(each):
        return each
    if since_release(view.workloads[each.caller], first):
        return each
    written_at = {server.ref: at for server in view.called(each.caller) if (at := own(view, server)[1]) is not None}
    new = [ref for ref, at in written_at.items() if timedelta(0) <= first - at <= SOON]
    return each._replace(about=new[0]) if len(new) == 1 else each


def _of_another(view: View, each: Complaint, every: Iterable[Complaint]) -> bool:
    """Tell whether a host outside shows what is out of date, and it is no release of who asks that began with it."""
    asked = asked_by_tool(view, each.caller, each.hit.container, each.hit.line)
    named = set(each.hosts) & {*view.graph.outside.get(each.caller, ()), *filter(foreign, asked)}
    if each.about or not named or not _of_an_end(each):
        return False
    of_ends = filter(_of_an_end, every)  # whom the host refuses tells nothing of what the host shows
    return not since_release(view.workloads[each.caller], each.hit.first) or ended_since(view, each, of_ends)


def _ended(view: View, every: Iterable[Complaint]) -> Iterator[tuple[str, datetime, tuple[Evidence, ...]]]:
    """Yield (Kind/name, end, how it is known) of certificates whose end is past, but for those that nobody uses."""
    unused = {found.object for alert in view.alerts if (found := replaced(view, alert)) is not None}
    stuck = {f"Secret/{text(obj, 'spec', 'secretName')}": (obj, end) for obj, end in ended_by_its_controller(view)}
    measured = set()
    for label, value in view.figures.latest("certificate_expiry", "component").items():
        end = datetime.fromtimestamp(value, UTC) if 0 < value < 1e11 else None
        if end is not None and end <= view.now and (component := certificate(view, label)) not in unused:
            measured.add(component)
            why = stuck_at(view, stuck[component][0]) if component in stuck else ()
            yield component, end, (_end_of(label, component, end, "metrics"), *why)
    for component, (obj, end) in stuck.items():
        if component not in measured | unused and _felt(view, component, end, every):
            yield component, end, (_end_of(name(obj), component, end, "objects"), *stuck_at(view, obj))


def _end_of(label: str, component: str, end: datetime, source: str) -> Evidence:
    return Evidence(source, component, f"the certificate of {label} ended at {end:%Y-%m-%d %H:%M} UTC", end)


def _felt(view: View, component: str, end: datetime, every: Iterable[Complaint]) -> bool:
    """Tell whether an end matters of which only objects tell: one that was left behind long ago hurts nobody."""
    if _refusing(view, component, every):
        return True
    labels = {component.partition("/")[2], *hosts_of(view, component)}
    spoken = [
        " ".join((alert.said, *(str(value) for key, value in alert.labels.items() if key != "namespace")))
        for alert in view.alerts
    ]
    if any(names(said, label) for said in spoken for label in labels):
        return True
    return view.recent(end, DAY) and any(served(view, component))


def certificate(view: View, label: str) -> str:
    """Return the Secret that a label means: itself, or the one of the Ingress or host of that name."""
    if label in view.objects("Secret"):
        return f"Secret/{label}"
    for obj in view.snapshot.of("Ingress"):
        hosts = {text(rule, "host") for rule in items(obj, "spec", "rules")}
        if label == name(obj) or label in hosts:
            shown = (tls for tls in items(obj, "spec", "tls") if label not in hosts or covers(tls, label))
            secret = next((text(tls, "secretName") for tls in shown), "")
            return f"Secret/{secret}" if secret else f"Ingress/{name(obj)}"
    return view.component(label) or f"Ingress/{label}"


def served(view: View, component: str) -> Iterator[str]:
    """Yield the workloads behind the Ingresses that use a certificate."""
    secret = component.removeprefix("Secret/")
    for obj in view.snapshot.of("Ingress"):
        if component != f"Ingress/{name(obj)}" and secret not in {
            text(tls, "secretName") for tls in items(obj, "spec", "tls")
        }:
            continue
        for route in view.routes:
            service = view.services.get(route.service) if route.ref == f"Ingress/{name(obj)}" else None
            yield from service.backends if service else ()


def _refusals(view: View, serving: tuple[str, ...]) -> tuple[Evidence, ...]:
    return told(view, [c for c in complaints(view, "certificate") if c.caller in serving or c.about in serving], 2)


def _refused(view: View, ref: str, found: list[Complaint]) -> Match:
    """Return what clients that refuse the certificate of a workload (or of somebody outside) mean."""
    turned = (c for c in found if _ALERT.search(c.hit.line))
    turned_away = next(turned, None)
    # An alert of the other side refuses what the caller itself showed.
    holder = turned_away.caller if turned_away else ref if any(c.about == ref for c in found) else ""
    server = view.workloads.get(holder)
    callers = tuple(dict.fromkeys(c.caller for c in found))
    secret, at = own(view, server) if server else ("", None)
    first = oldest(c.hit.first for c in found)
    # Who is refused from the minute of the renewal on shows the new one already: new processes would show it too.
    ended = any("expir" in c.hit.line.lower() for c in found)
    shown = not ended and at is not None and first is not None and first - at <= SOON
    stale = server is not None and at is not None and not shown and keep_the_old(view, server, secret, at, found)
    ref = holder or ref
    component = ref if stale or not secret else secret
    fact = f"it was renewed, and {ref} started before" if stale else f"{ref} shows it"
    return Match(
        component=component,
        evidence=(*told(view, found), *((Evidence("objects", secret, fact, at),) if secret else ())),
        certainty=0.7,
        remedy="restart_workload" if stale else "page_human",
        since=first,
        explains=behind(view, ref, *callers, but=component),
        excludes=not_for([each for each in callers if not (stale and each == component)], _REFUSES),
    )


RULE = Rule(
    name="certificate_expired",
    title="A certificate is out of date",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no certificate is out of date, and no client refuses one",
)
