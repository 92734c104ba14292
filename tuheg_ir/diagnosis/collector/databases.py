"""Who holds the connections of the databases that the inventory declares: one read-only query each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tuheg_ir.diagnosis.collector.context import Context, SourceFailed
from tuheg_ir.diagnosis.model import Database, Obj, Session
from tuheg_ir.diagnosis.objects import clean_text
from tuheg_ir.project import module_utils


def declared(services: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the services that are databases which may be asked."""
    return {name: spec for name, spec in services.items() if spec.get("database")}


def read(context: Context, name: str, spec: Mapping[str, Any]) -> str:
    """Return the answer of the query over pg_stat_activity. Raises KubeError and SourceFailed."""
    sessions, database = module_utils("sessions").sessions, spec["database"]
    answer = context.client.exec(
        context.target.namespace,
        database.get("exec_pod", f"{name}-0"),
        database.get("exec_container", name),
        sessions.psql_words(sessions.SESSIONS_SQL, user=database.get("user", "postgres")),
        timeout_s=context.left_s,
    )
    if answer.rc != 0:
        raise SourceFailed("invalid", f"psql ended with {answer.rc}: {answer.stderr.strip()[:200]}")
    sessions.parse(answer.stdout)  # one that cannot be read is a failed source
    return str(answer.stdout)


def database(ref: str, answer: str, pods: Iterable[Obj]) -> Database:
    """Return the sessions by client, user, state and what they wait for, the largest group first."""
    report = module_utils("sessions").sessions.parse(answer)
    owners = addresses(pods)
    groups: dict[tuple[str, ...], list[float]] = {}
    for each in report.sessions:
        key = (each.client, owners.get(each.client, ""), each.user, each.application, each.state, each.wait)
        groups.setdefault(key, []).append(each.age_s)
    found = [
        Session(
            client=client,
            owner=owner,
            user=clean_text(user, 256),
            application=clean_text(application, 256),
            state=state,
            count=len(ages),
            age_s=max(ages),
            wait=wait,
        )
        for (client, owner, user, application, state, wait), ages in groups.items()
    ]
    found.sort(key=lambda session: (-session.count, session.client, session.state, session.wait))
    return Database(ref=ref, max_connections=report.max, reserved=report.reserved, sessions=tuple(found))


def addresses(pods: Iterable[Obj]) -> dict[str, str]:
    """Return pod address -> Kind/name of the workload that owns the pod."""
    owner_of = module_utils("sessions").sessions.pod_owner
    found = {}
    for pod in pods:
        status = pod.get("status") or {}
        address = str(status.get("podIP") or "")
        if status.get("phase") in ("Succeeded", "Failed") or (pod.get("spec") or {}).get("hostNetwork"):
            continue  # its address is another's by now, or its node's
        kinds = [str(o.get("kind")) for o in pod["metadata"].get("ownerReferences") or () if o.get("controller")]
        kind = kinds[0] if kinds else "Pod"
        if address:
            found[address] = f"{'Deployment' if kind == 'ReplicaSet' else kind}/{owner_of(pod)}"
    return found
