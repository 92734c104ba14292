"""A certificate is out of date, at the way in or between services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._replaced_certificate import replaced
from tuheg_ir.diagnosis.rules._signing import of_signing, signing
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.changes import volumes_of
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, told
from tuheg_ir.diagnosis.view.reading import items, moment, name, newest, oldest, text, written
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.workloads import Workload

_ALERT = re.compile(
    r"remote error: tls|alert (?:bad |unknown |certificate)|fatal alert: |tlsv1 alert|sslv3 alert", re.IGNORECASE
)
"""Words in which a client tells that the other side refused what it showed."""
SOON = timedelta(minutes=30)
"""So soon after a renewal a server that reads it again shows the new certificate."""
_ENDED = re.compile(r"expir|notafter|(?:validity|timestamp) check failed", re.IGNORECASE)
"""Words for what is out of date, whoever trusts whom."""


def when(view: View) -> Iterator[Match]:
    """A certificate's end is past, or clients refuse one."""
    seen: set[str] = set()
    for label, component, end in _ended(view):
        fact = f"the certificate of {label} ended at {end:%Y-%m-%d %H:%M} UTC"
        serving = tuple(served(view, component))
        seen.update((component, *serving))
        yield Match(
            component=component,
            evidence=(Evidence("metrics", component, fact, end), *_refusals(view, serving)),
            certainty=0.8,
            since=end,
            explains=serving,
            excludes=not_for(serving, "its pods are well: only a new certificate helps"),
        )
    groups: dict[str, list[Complaint]] = {}
    abroad: list[Complaint] = []
    every = complaints(view, "certificate")
    signer = signing(view, every, _holders(view, every))
    if signer is not None:
        yield of_signing(view, signer, _own(view, view.workloads[signer.ref])[0])
    for each in every:
        if signer is not None and each in signer.complaints:
            continue
        if each.about in seen or each.caller not in view.workloads:
            continue
        if _of_another(view, each):
            abroad.append(each)
        else:
            meant = _reissued(view, each)
            groups.setdefault(meant.about or meant.caller, []).append(meant)
    for ref, found in groups.items():
        yield _refused(view, ref, found)
    for found in _by_host(abroad):
        yield _ended_outside(view, found)


def _holders(view: View, found: Iterable[Complaint]) -> set[str]:
    """Return who is complained of and has the Secret of a certificate of its own."""
    return {c.about for c in found if (server := view.workloads.get(c.about)) is not None and _own(view, server)[0]}


def _reissued(view: View, each: Complaint) -> Complaint:
    """Return a complaint that names nobody as one about whom its caller calls and whose certificate is just new.

    Words of an end are older than a new certificate; who was released of late may have lost its own roots.
    """
    line, first = each.hit.line, each.hit.first
    if each.about or each.hosts or first is None or _ALERT.search(line) or _ENDED.search(line):
        return each
    if since_release(view.workloads[each.caller], first):
        return each
    called = [view.workloads[ref] for ref in view.graph.calls.get(each.caller, ()) if ref in view.workloads]
    written_at = {server.ref: at for server in called if (at := _own(view, server)[1]) is not None}
    new = [ref for ref, at in written_at.items() if timedelta(0) <= first - at <= SOON]
    return replace(each, about=new[0]) if len(new) == 1 else each


def _of_another(view: View, each: Complaint) -> bool:
    """Tell whether a host outside shows what is out of date, and it is no release of who asks that began with it."""
    named = set(each.hosts) & view.graph.outside.get(each.caller, set())
    if each.about or not named or _ALERT.search(each.hit.line) or not _ENDED.search(each.hit.line):
        return False
    return not since_release(view.workloads[each.caller], each.hit.first)


def _by_host(found: list[Complaint]) -> Iterator[list[Complaint]]:
    """Yield the complaints that name a host in common, all of them together."""
    left = list(found)
    while left:
        group = [left.pop(0)]
        hosts = set(group[0].hosts)
        while more := [each for each in left if hosts & set(each.hosts)]:
            group += more
            left = [each for each in left if each not in more]
            hosts.update(host for each in more for host in each.hosts)
        yield group


def _ended_outside(view: View, found: list[Complaint]) -> Match:
    """Return that a host outside shows a certificate that is out of date, told of who complains of it most."""
    counts: dict[str, int] = {}
    for each in found:
        counts[each.caller] = counts.get(each.caller, 0) + each.hit.count
    callers = sorted(counts, key=lambda ref: (-counts[ref], ref))
    # Who calls a caller only passes its words on.
    first = next((ref for ref in callers if not view.graph.needs(ref) & set(callers)), callers[0])
    return Match(
        component=first,
        evidence=told(view, found),
        certainty=0.7,
        root_cause="dependency_failure",
        since=oldest(each.hit.first for each in found),
        explains=behind(view, *callers, but=first),
        excludes=not_for(callers, "it refuses a certificate that is out of date, as it should: its owner is outside"),
    )


def _ended(view: View) -> Iterator[tuple[str, str, datetime]]:
    """Yield (label, Kind/name, end) of certificates whose end is past, but for those that nobody uses any more."""
    unused = {found.object for alert in view.alerts if (found := replaced(view, alert)) is not None}
    for label, value in view.figures.latest("certificate_expiry", "component").items():
        end = datetime.fromtimestamp(value, UTC) if 0 < value < 1e11 else None
        if end is not None and end <= view.now and (component := certificate(view, label)) not in unused:
            yield label, component, end


def certificate(view: View, label: str) -> str:
    """Return the Secret that a label means: itself, or the one of the Ingress or host of that name."""
    if label in view.objects("Secret"):
        return f"Secret/{label}"
    for obj in view.snapshot.of("Ingress"):
        hosts = {text(rule, "host") for rule in items(obj, "spec", "rules")}
        if label == name(obj) or label in hosts:
            secret = next((text(tls, "secretName") for tls in items(obj, "spec", "tls")), "")
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
    turned = (c for c in found if _ALERT.search(c.hit.line) and "handshake error from" not in c.hit.line)
    turned_away = next(turned, None)
    # An alert of the other side refuses what the caller itself showed.
    holder = turned_away.caller if turned_away else ref if found[0].about == ref else ""
    server = view.workloads.get(holder)
    callers = tuple(dict.fromkeys(c.caller for c in found))
    secret, at = _own(view, server) if server else ("", None)
    first = oldest(c.hit.first for c in found)
    # Who is refused from the minute of the renewal on shows the new one already: new processes would show it too.
    ended = any("expir" in c.hit.line.lower() for c in found)
    shown = not ended and at is not None and first is not None and first - at <= SOON
    stale = not shown and server is not None and at is not None and _started_before(server, at)
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
        excludes=not_for(
            [each for each in callers if not (stale and each == component)],
            "it refuses a bad certificate, as it should: only another certificate helps",
        ),
    )


def _own(view: View, server: Workload) -> tuple[str, datetime | None]:
    """Return the TLS Secret that a server mounts, and when it was written; ("", None) if it is not one alone."""
    mounted = {named for kind, named, _ in volumes_of(server.template) if kind == "Secret"}
    found = [
        obj
        for label, obj in view.objects("Secret").items()
        if label in mounted and (text(obj, "type") == "kubernetes.io/tls" or "tls" in label or "cert" in label)
    ]
    if len(found) != 1:
        return "", None
    secret = name(found[0])
    made = [c for c in view.snapshot.of("Certificate") if text(c, "spec", "secretName") == secret]
    renewed = newest(moment(c, "status", "notBefore") for c in made)
    return f"Secret/{secret}", newest((written(found[0]), renewed))


def _started_before(server: Workload, at: datetime) -> bool:
    """Tell whether every container started before a Secret was written, and it was not written with them."""
    times = [c.started_at for pod in server.live for c in pod.containers if c.started_at]
    return bool(times) and all(at - started > timedelta(minutes=1) for started in times)


RULE = Rule(
    name="certificate_expired",
    title="A certificate is out of date",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no certificate is out of date, and no client refuses one",
)
