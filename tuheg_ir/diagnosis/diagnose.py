"""Diagnose a service: collect, slim, decide. One function behind the command and the action."""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis import slim
from tuheg_ir.diagnosis.collect import Collection, collect, note_of, sentence
from tuheg_ir.diagnosis.facts import Facts, Source
from tuheg_ir.diagnosis.service_decide import decide
from tuheg_ir.diagnosis.signs import can_roll_back
from tuheg_ir.diagnosis.sources import Context, NotConfigured, ask, asked_at
from tuheg_ir.errors import ClusterError, UsageError
from tuheg_ir.project import find_project

UTILS = (
    "kube",
    "podfaults",
    "probe_promql",
    "probes",
    "revisions",
    "rollout_judge",
    "sessions",
    "templates",
    "times",
)
"""The collection's module_utils that a diagnosis uses."""
_PACKAGE = "ansible_collections.tuheg.ir.plugins.module_utils"
_BEFORE_S = 5.0
READ_S = 5.0
"""An API server that says nothing for so long is called silent."""


def diagnose(  # noqa: PLR0913 - the words of an inventory, by name only
    *,
    auth: Mapping[str, Any],
    cluster: str,
    namespace: str,
    service: str,
    services: Mapping[str, Any],
    prometheus_url: str = "",
    ingress_url: str = "",
    window: str = "",
    incident: str = "",
    deadline_s: float = 15.0,
    tail_lines: int = 0,
    utils: Any = None,
) -> dict[str, Any]:
    """Look at a service and what it depends on, and say what is probably wrong.

    ``auth`` is kubernetes.core's (kubeconfig, context, host, api_key ...); {} takes K8S_AUTH_*
    and KUBECONFIG. ``services`` is ir_services, ``service`` one of its keys. ``incident`` keeps a
    rollback from proposing what that incident left. ``deadline_s`` limits everything together.
    ``tail_lines`` > 0 adds the last lines of the pods' logs, unscrubbed.

    Returns JSON types: schema, cluster, namespace, service, at, took_s, verdict (healthy,
    unhealthy, unknown), findings[] {component, root_cause, remedy, target, confidence,
    evidence[]}, most probable first and never empty, excluded[] {remedy, target, reason},
    facts{}, sources[] {source, ok, ms, note}, logs[]. Targets are Kind/name.

    Reads only, in check mode too: its one exec is the declared read-only query. Raises
    UsageError for an unknown service and ClusterError when the API cannot be reached at all;
    whatever else fails is a note in sources.
    """
    if service not in services:
        raise UsageError(f"There is no service {service!r}", cluster, f"There are: {', '.join(services)}.")
    began = time.monotonic()
    modules = utils or _module_utils()
    try:
        client = modules.kube.connect(auth, limits=modules.kube.Limits(read_s=READ_S))
    except modules.kube.KubeError as error:
        raise ClusterError(sentence(error.message), "", f"{sentence(error.next)}.") from error
    context = Context(
        client=client,
        utils=modules,
        namespace=namespace,
        service=service,
        services=services,
        prometheus_url=prometheus_url,
        ingress_url=ingress_url,
        window=window,
        end=began + deadline_s,
    )
    try:
        found = collect(context)
    finally:
        client.close()
    now = datetime.now(UTC) + timedelta(seconds=client.skew_s)
    facts = slim.facts(context, found.answers, found.sources, now=now, incident=incident)
    facts = _with_history(context, facts, now)
    decision = decide(facts)
    return {
        "schema": 1,
        "cluster": cluster,
        "namespace": namespace,
        "service": service,
        "at": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "took_s": round(time.monotonic() - began, 3),
        **decision.as_dict(),
        "facts": figures(facts),
        "sources": [asdict(source) for source in facts.sources],
        "logs": _tails(found, tail_lines),
    }


def _module_utils() -> Any:
    """Return the collection's modules: Ansible's loader knows them, else the project does."""
    try:
        package = importlib.import_module(_PACKAGE)
        for name in UTILS:
            importlib.import_module(f"{_PACKAGE}.{name}")
    except ImportError:
        return find_project().module_utils(*UTILS)
    return package


def _with_history(context: Context, facts: Facts, now: datetime) -> Facts:
    """Look how many requests failed just before the revision in force came.

    Asked only when errors are the symptom and a release may be the cause.
    """
    errors, age = facts.errors, facts.workload.revision_age_s
    described = slim.errors_probe(context)
    if errors is None or not errors.failing or not can_roll_back(facts):
        return facts
    if age is None or described is None:
        return facts
    query = context.utils.probes.filled(
        described["promql"],
        {
            "namespace": context.namespace,
            "window": context.window or described.get("window", "1m"),
            "service": context.service,
            "ingress": context.ingress_url,
        },
    )
    began = time.monotonic()
    ok, note = True, ""
    try:
        before = ask(context, asked_at(query, now.timestamp() - age - _BEFORE_S))
        facts = replace(facts, errors=replace(errors, before_revision=before))
    except (NotConfigured, RuntimeError) as error:
        ok, note = False, note_of(error)
    took = round((time.monotonic() - began) * 1000)
    source = Source("errors before the revision", ok=ok, ms=took, note=note)
    return replace(facts, sources=(*facts.sources, source))


def figures(facts: Facts) -> dict[str, Any]:
    """Return the figures of a result; what is not known is left out."""
    own = facts.workload
    found: dict[str, Any] = {
        "pods": {
            "desired": own.desired,
            "ready": own.ready,
            "restarts": own.crashes.restarts if own.crashes else 0,
            "oom_killed": len(own.oom_killed),
            "not_ready": list(own.not_ready),
        },
        "rollout": {"verdict": own.verdict, "reason": own.reason},
        "revisions": {
            "current": own.revision,
            "age_s": None if own.revision_age_s is None else round(own.revision_age_s),
            "older_serving": own.older_serving,
            "rollback_target": own.rollback.target if own.rollback else None,
        },
        "resources": {
            name: None if share is None else round(share, 3) for name, share in asdict(facts.resources).items()
        },
        "probes": [asdict(probe) for probe in facts.probes],
    }
    if facts.database:
        found["database"] = asdict(facts.database)
    if facts.errors:
        found["errors"] = asdict(facts.errors)
    return {name: _known(value) for name, value in found.items()}


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: item for name, item in value.items() if item is not None}
    return value


def _tails(found: Collection, tail_lines: int) -> list[dict[str, Any]]:
    if tail_lines <= 0:
        return []
    return [{**log, "lines": log["lines"][-tail_lines:]} for log in found.logs]
