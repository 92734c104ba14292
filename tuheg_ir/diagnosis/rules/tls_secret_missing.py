"""The Secret with the certificate of a way in is not there: the edge shows a certificate of its own instead."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import names, not_for
from tuheg_ir.diagnosis.rules.certificate_expired import served
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.reading import at, items, moment, name, newest, oldest, text
from tuheg_ir.diagnosis.view.view import View

_SPOKEN = late(r"\b(?:certificate|x509|tls|ssl)\b", re.IGNORECASE)
_LACKS = late(r"secret .{0,80}(?:does not exist|not found|missing)", re.IGNORECASE)


def when(view: View) -> Iterator[Match]:
    """A way in names a TLS Secret that is not there, and the edge or its issuer says so."""
    for secret, (way, hosts) in _named(view).items():
        if secret in view.objects("Secret"):
            continue
        told = [*_told_by_edge(view, secret), *_told_by_events(view, way, secret)]
        issuer = [*_not_issued(view, secret)]
        if not told and not issuer:
            continue
        felt = [*_felt(view, secret, hosts)]
        lacks = Evidence("objects", f"Secret/{secret}", f"{way} names it, and it is not there")
        serving = tuple(served(view, f"Secret/{secret}"))
        yield Match(
            component=f"Secret/{secret}",
            evidence=(*told[:2], *issuer, *((lacks,) if view.snapshot.known("Secret") else ()), *felt),
            certainty=0.75 if len([each for each in (told, issuer, felt) if each]) > 1 else 0.45,
            since=oldest(each.time for each in (*told, *issuer)),
            explains=serving,
            excludes=not_for(serving, "its pods are well: what lacks is a certificate at the edge"),
        )


def _named(view: View) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the TLS Secrets that ways in name, with the way and the hosts that they are for."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for obj in view.snapshot.of("Ingress"):
        for tls in items(obj, "spec", "tls"):
            hosts = at(tls, "hosts")
            hosts = hosts if isinstance(hosts, list | tuple) else [text(r, "host") for r in items(obj, "spec", "rules")]
            found.setdefault(text(tls, "secretName"), (f"Ingress/{name(obj)}", tuple(map(str, hosts))))
    for obj in view.snapshot.of("Gateway"):
        for listener in items(obj, "spec", "listeners"):
            for each in items(listener, "tls", "certificateRefs"):
                if text(each, "namespace") in ("", view.snapshot.namespace):
                    found.setdefault(text(each, "name"), (f"Gateway/{name(obj)}", (text(listener, "hostname"),)))
    found.pop("", None)
    return found


def _told_by_edge(view: View, secret: str) -> Iterator[Evidence]:
    for hit in view.hits:
        if hit.trouble == "tls_secret_missing" and names(hit.line, secret) and fresh(view, hit):
            yield view.hit_evidence(hit)


def _told_by_events(view: View, way: str, secret: str) -> Iterator[Evidence]:
    for event in view.events_of(way):
        if event.type == "Warning" and _LACKS.search(event.message) and names(event.message, secret):
            yield view.event_evidence(event)


def _not_issued(view: View, secret: str) -> Iterator[Evidence]:
    """Yield what keeps a certificate from being issued for a Secret: one that only takes its time has not failed."""
    for obj in view.snapshot.of("Certificate"):
        if text(obj, "spec", "secretName") == secret and (why := _failed(obj)):
            conditions = items(obj, "status", "conditions")
            since = newest(moment(c, "lastTransitionTime") for c in conditions if text(c, "type") == "Ready")
            yield Evidence("objects", f"Certificate/{name(obj)}", why[:240], since)


def _failed(obj: Obj) -> str:
    conditions = {text(c, "type"): c for c in items(obj, "status", "conditions")}
    ready, issuing = conditions.get("Ready"), conditions.get("Issuing")
    if text(ready, "status") != "False" or text(issuing, "reason") != "Failed":
        return ""
    return f"{text(ready, 'message')}; {text(issuing, 'message')}"


def _felt(view: View, secret: str, hosts: tuple[str, ...]) -> Iterator[Evidence]:
    """Yield the alerts that speak of a certificate and of the Secret or its hosts."""
    for alert in view.alerts:
        said = f"{alert.said} {' '.join(map(str, alert.labels.values()))}"
        if _SPOKEN.search(said) and any(names(said, each) for each in (secret, *hosts) if each):
            yield alert.fires(f"Secret/{secret}")


RULE = Rule(
    name="tls_secret_missing",
    title="The certificate of a way in is not there",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no edge or issuer misses the Secret with the certificate of a way in",
)
