"""A certificate is near its end and its renewal is stuck: nobody is hurt yet, and only a person can help it on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules.certificate_expired import certificate, served
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.reading import at, items, labels, moment, name, text, whole

NEAR = timedelta(days=7)
"""So near to its end a certificate that should be new by now is everybody's business."""
LAST = timedelta(days=3)
"""So near to it nobody needs to know how it is renewed."""
LATE = timedelta(hours=1)
"""A renewal that was due so long ago is stuck."""
_SPOKEN = re.compile(r"\b(?:cert|tls|ssl|x509)|certificate", re.IGNORECASE)
_OF_ITS_END = re.compile(r"expir|renew|not.?after|\bends?\b|days? left|valid for", re.IGNORECASE)
_SOLVER = "acme.cert-manager.io/http01-solver"
_WAITS = ("pending", "processing", "invalid", "errored", "expired", "")


def when(view: View) -> Iterator[Match]:
    """A certificate ends within days, and its renewal is overdue and stuck, or an alert says that it ends."""
    alerts = [
        Evidence("alerts", "", f"alert {alert.name} fires", alert.starts_at)
        for alert in view.alerts
        if _SPOKEN.search(alert.said) and _OF_ITS_END.search(alert.said)
    ]
    ends = dict(_ends(view))
    stuck = [obj for obj in view.snapshot.of("Certificate") if _overdue(view, obj)]
    for obj in stuck:
        secret = f"Secret/{text(obj, 'spec', 'secretName')}"
        end = moment(obj, "status", "notAfter") or ends.get(secret)
        if (end is None and alerts) or (end is not None and view.now < end <= view.now + NEAR):
            told = (_told(obj), *_why(view, obj), *_closed(view))
            yield _match(view, f"Certificate/{name(obj)}", secret, end, (*told, *alerts[:1]), 0.75)
    for component, end in ends.items() if alerts and not stuck else ():
        if view.now < end <= view.now + LAST:
            yield _match(view, component, component, end, tuple(alerts[:1]), 0.5)


def _match(
    view: View, component: str, secret: str, end: datetime | None, evidence: Iterable[Evidence], certainty: float
) -> Match:
    source = "metrics" if secret in dict(_ends(view)) else "objects"
    measured = (Evidence(source, component, f"the certificate ends at {end:%Y-%m-%d %H:%M} UTC"),) if end else ()
    serving = tuple(served(view, secret))
    return Match(
        component=component,
        evidence=(*measured, *evidence),
        certainty=certainty,
        excludes=not_for(serving, "its pods are well: only a new certificate helps"),
    )


def _ends(view: View) -> Iterator[tuple[str, datetime]]:
    """Yield (Kind/name, end) of the certificates whose end is measured."""
    for label, value in view.figures.latest("certificate_expiry", "component").items():
        if 0 < value < 1e11:
            yield certificate(view, label), datetime.fromtimestamp(value, UTC)


def _overdue(view: View, obj: Obj) -> bool:
    """Tell whether a certificate should have been renewed, and its controller is at it without success."""
    due, began = moment(obj, "status", "renewalTime"), moment(obj, "status", "notBefore")
    conditions = {text(c, "type"): text(c, "status") for c in items(obj, "status", "conditions")}
    trying = conditions.get("Issuing") == "True" or whole(obj, "status", "failedIssuanceAttempts") > 0
    renewed = due is not None and began is not None and began >= due
    return trying and due is not None and not renewed and view.now - due >= LATE


def _told(obj: Obj) -> Evidence:
    due, tries = moment(obj, "status", "renewalTime"), whole(obj, "status", "failedIssuanceAttempts")
    failed = f", {tries} attempts failed" if tries else ""
    return Evidence("objects", f"Certificate/{name(obj)}", f"its renewal is overdue{failed}", due)


def _why(view: View, obj: Obj) -> Iterator[Evidence]:
    """Yield what its requests, orders and challenges wait for, the nearest to the cause first."""
    hosts = at(obj, "spec", "dnsNames")
    for each in view.snapshot.of("Challenge"):
        named = isinstance(hosts, list | tuple) and text(each, "spec", "dnsName") in hosts
        if named and text(each, "status", "state") in _WAITS and (reason := text(each, "status", "reason")):
            yield Evidence("objects", f"Challenge/{name(each)}", reason[:240])
    for each in view.snapshot.of("CertificateRequest"):
        ready = next((c for c in items(each, "status", "conditions") if text(c, "type") == "Ready"), {})
        if name(each).startswith(f"{name(obj)}-") and text(ready, "status") == "False":
            since = moment(ready, "lastTransitionTime")
            yield Evidence("objects", f"CertificateRequest/{name(each)}", text(ready, "message")[:240], since)


def _closed(view: View) -> Iterator[Evidence]:
    """Yield the policy that lets nobody ask the solver of a challenge, where no other one does."""
    for workload in view.workloads.values():
        if not any(_SOLVER in labels(pod.obj) for pod in workload.live):
            continue
        binding = [p for p in view.policies if p.ingress and workload.ref in p.binds]
        if binding and not any(items(p.obj, "spec", "ingress") for p in binding):
            yield Evidence("objects", binding[0].ref, f"it lets nothing in to {workload.live[0].name}")


RULE = Rule(
    name="certificate_not_renewed",
    title="A certificate is near its end and is not renewed",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no certificate is near its end with its renewal overdue or an alert that says so",
)
