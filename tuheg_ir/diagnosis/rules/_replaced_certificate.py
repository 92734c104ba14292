"""A certificate that lies in a Secret which nobody uses, since another one is served for the same name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.model import Alert, Evidence, Obj
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.rules._renewal import covers
from tuheg_ir.diagnosis.view.reading import items, moment, name, text
from tuheg_ir.diagnosis.view.view import View

_SECRET = ("secret_name", "secret", "exported_secret", "secretName")
"""Labels by which exporters that read every TLS Secret tell which one they mean."""
_FOR = ("subject_CN", "subject_cn", "common_name", "cn", "CN")
_PASSED = frozenset({"Event", "ReplicaSet", "ControllerRevision"})
"""What names a Secret without using it: what was, and what is told."""


def replaced(view: View, alert: Alert) -> Evidence | None:
    """Return that nobody uses the Secret of an alert about a certificate, and that its name is served by another one.

    Who serves a name that no way in here has cannot be seen from here: an edge in another namespace may use it.
    """
    secret = next((str(alert.labels[key]) for key in _SECRET if alert.labels.get(key)), "")
    host = next((str(alert.labels[key]).lower() for key in _FOR if alert.labels.get(key)), "")
    obj = view.objects("Secret").get(secret)
    if not host or text(obj, "type") != "kubernetes.io/tls" or _used(view, secret):
        return None
    other = next(_serving(view, host), "")
    if not other or other == secret:
        return None
    fact = f"{alert.name} fires; nothing uses it, {host} is served with Secret/{other}, which is valid"
    return Evidence("objects", f"Secret/{secret}", fact)


def _used(view: View, secret: str) -> bool:
    """Tell whether any object names a Secret, wherever it does."""
    return any(
        _says(obj, secret)
        for kind, found in view.snapshot.objects.items()
        if kind not in _PASSED
        for obj in found
        if (kind, name(obj)) != ("Secret", secret)
    )


def _says(thing: Any, label: str) -> bool:
    if isinstance(thing, Mapping):
        return any(_says(each, label) for each in thing.values())
    if isinstance(thing, list | tuple):
        return any(_says(each, label) for each in thing)
    return isinstance(thing, str) and label in thing and names(thing, label)


def _serving(view: View, host: str) -> Iterator[str]:
    """Yield the Secret that serves a host, where every way in of that host has one and all are known to be valid."""
    found = []
    for obj in view.snapshot.of("Ingress"):
        hosts = {text(rule, "host").lower() for rule in items(obj, "spec", "rules")}
        if host in hosts:
            secrets = [text(tls, "secretName") for tls in items(obj, "spec", "tls") if covers(tls, host)]
            valid = bool(secrets) and all(secret and _valid(view, secret, obj, host) for secret in secrets)
            found.append(secrets[0] if valid else "")
    if found and all(found):
        yield found[0]


def _valid(view: View, secret: str, ingress: Obj, host: str) -> bool:
    """Tell whether a certificate is known not to have ended: measured, or by what its controller says."""
    ends = view.figures.latest("certificate_expiry", "component")
    measured = [ends[label] for label in (secret, name(ingress), host) if label in ends]
    if any(end <= view.now.timestamp() for end in measured):
        return False
    ready = any(
        text(cert, "spec", "secretName") == secret
        and any((text(c, "type"), text(c, "status")) == ("Ready", "True") for c in items(cert, "status", "conditions"))
        and ((end := moment(cert, "status", "notAfter")) is None or end > view.now)
        for cert in view.snapshot.of("Certificate")
    )
    return bool(measured) or ready
