"""The schema of ``ir_services``: what the inventory may say about a workload."""

from __future__ import annotations

from typing import Any

from tuheg_ir.catalogue.strict import Field

KINDS = ("Deployment", "StatefulSet")
PURPOSES = ("health", "core_function", "user")
_NAME = r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?"
_NAMED = "a Kubernetes name: lower-case letters, digits, dashes"


def check_services(field: Field) -> dict[str, dict[str, Any]]:
    """Check ``ir_services`` and return it as plain data; the field's error otherwise."""
    services = field.entries()
    if not services:
        field.fail("is empty", "Describe at least one service.")
    for name, service in services.items():
        Field(service.document, service.key, name).text(_NAME, _NAMED)
        _service(service, known=list(services))
    return {name: service.value for name, service in services.items()}


def _service(field: Field, known: list[str]) -> None:
    parts = field.mapping(
        ["kind"],
        ["container", "replicas", "ingress", "hpa", "depends_on", "database", "probes"],
    )
    parts["kind"].choice(*KINDS)
    for name in ("container", "ingress", "hpa"):
        if name in parts:
            parts[name].text(_NAME, _NAMED)
    if "replicas" in parts:
        _replicas(parts["replicas"])
    if "depends_on" in parts:
        parts["depends_on"].texts()
        for item in parts["depends_on"].items():
            item.choice(*known)
    if "database" in parts:
        _database(parts["database"])
    if "probes" in parts:
        _probes(parts["probes"])


def _replicas(field: Field) -> None:
    parts = field.mapping(["surge", "floor"])
    floor = parts["floor"].whole(at_least=1)
    parts["surge"].whole(at_least=floor)


def _database(field: Field) -> None:
    parts = field.mapping(["exec_container", "single_primary"], ["exec_pod", "user"])
    parts["single_primary"].flag()
    for name in ("exec_container", "exec_pod", "user"):
        if name in parts:
            parts[name].text()


def _probes(field: Field) -> None:
    names = [_probe(probe) for probe in field.items()]
    for name in names:
        if names.count(name) > 1:
            field.fail(f"has two probes named {name!r}", "Give each a name of its own.")


def _probe(field: Field) -> str:
    parts = field.mapping(
        ["name", "purpose"],
        ["http", "promql", "samples_promql", "window", "max", "min", "min_samples"],
    )
    parts["purpose"].choice(*PURPOSES)
    if ("http" in parts) == ("promql" in parts):
        field.fail("must ask exactly one question", "Give it either http or promql.")
    if "http" in parts:
        extra = sorted(parts.keys() - {"name", "purpose", "http"})
        if extra:
            parts[extra[0]].fail("belongs to a promql probe", "Remove it.")
        _http(parts["http"])
    else:
        _promql(field, parts)
    return parts["name"].text()


def _http(field: Field) -> None:
    parts = field.mapping(["url"], ["host", "expect", "requests", "max_failures", "timeout_s"])
    parts["url"].text(r"(\$ingress|https?://).*", "a URL, or one that begins with $ingress")
    if "host" in parts:
        parts["host"].text()
    for name, least in (("expect", 100), ("requests", 1), ("max_failures", 0)):
        if name in parts:
            parts[name].whole(at_least=least)
    if "timeout_s" in parts:
        parts["timeout_s"].number(at_least=0.1)


def _promql(field: Field, parts: dict[str, Field]) -> None:
    parts["promql"].text()
    if ("max" in parts) == ("min" in parts):
        field.fail("must have exactly one threshold", "Give it either max or min.")
    for name in ("max", "min"):
        if name in parts:
            parts[name].number(at_least=float("-inf"))
    if "samples_promql" in parts:
        parts["samples_promql"].text()
    if "min_samples" in parts:
        parts["min_samples"].whole(at_least=1)
        if "samples_promql" not in parts:
            field.fail("has min_samples but nothing to count", "Add samples_promql.")
    if "window" in parts:
        parts["window"].text(r"\d+(ms|s|m|h)", "a duration such as 20s or 1m")
