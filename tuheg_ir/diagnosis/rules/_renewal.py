"""What the controller of certificates tells of them: which have ended, for whom they are, why no new one comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.view.reading import at, items, labels, moment, name, text, whole
from tuheg_ir.diagnosis.view.view import View

_SOLVER = "acme.cert-manager.io/http01-solver"
_WAITS = ("pending", "processing", "invalid", "errored", "expired", "")


def ended_by_its_controller(view: View) -> Iterator[tuple[Obj, datetime]]:
    """Yield (Certificate, end) of those whose controller says that their end is past."""
    for obj in view.snapshot.of("Certificate"):
        end = moment(obj, "status", "notAfter")
        if end is not None and end <= view.now and text(obj, "spec", "secretName"):
            yield obj, end


def hosts_of(view: View, component: str) -> set[str]:
    """Return the hosts that a certificate is for: those that its controller asked for, and those of the ways in."""
    secret = component.removeprefix("Secret/")
    found: set[str] = set()
    for obj in view.snapshot.of("Certificate"):
        if text(obj, "spec", "secretName") == secret:
            found |= _texts(at(obj, "spec", "dnsNames"))
    for obj in view.snapshot.of("Ingress"):
        tls = [each for each in items(obj, "spec", "tls") if text(each, "secretName") == secret]
        found |= {host for each in tls for host in _texts(at(each, "hosts"))}
        if component == f"Ingress/{name(obj)}":
            found |= {text(rule, "host").lower() for rule in items(obj, "spec", "rules")}
    return found - {""}


def covers(tls: Mapping[str, Any], host: str) -> bool:
    """Tell whether an entry of an Ingress's `tls` is for a host: one without any is for all."""
    return not tls.get("hosts") or host.lower() in _texts(tls.get("hosts"))


def _texts(value: object) -> set[str]:
    return {str(each).lower() for each in value} if isinstance(value, list | tuple) else set()


def stuck_at(view: View, obj: Obj) -> tuple[Evidence, ...]:
    """Return what a renewal that does not come waits for."""
    return (_overdue(obj), *_why(view, obj), *_closed(view))


def _overdue(obj: Obj) -> Evidence:
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
