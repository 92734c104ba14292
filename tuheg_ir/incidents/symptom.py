"""Whether a service is ill now: the first look of a play, without the play."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tuheg_ir.catalogue import Platform
from tuheg_ir.project import Project

_RESTARTS_WITHIN = timedelta(seconds=300)
_PROBES_S = 10.0


def is_ill(project: Project, platform: Platform, service: str, *, since: datetime | None) -> bool:
    """Tell whether the roll-out of a service or one of its probes says that something is wrong.

    No data is no symptom. A restart counts if it came after ``since``, and lately. What goes wrong
    with the cluster is no symptom either: the play that comes next says it.
    """
    recent = max(filter(None, (since, datetime.now(UTC) - _RESTARTS_WITHIN)))
    utils = project.module_utils("kube", "ladder", "probes", "rollout")
    try:
        kind = str(platform.service(service).get("kind") or "Deployment")
        with utils.kube.connect() as client:
            rollout = utils.rollout.look_once(client, kind, platform.namespace, service, since=recent)
        answers = utils.probes.run_probes(
            utils.ladder.probed(platform.services, service),
            prometheus_url=str(platform.vars.get("ir_prometheus_url") or ""),
            ingress_url=str(platform.vars.get("ir_ingress_url") or ""),
            namespace=platform.namespace,
            window=str(platform.vars.get("ir_probe_window") or ""),
            timeout_s=_PROBES_S,
        )
    except (utils.kube.KubeError, ValueError):
        return False
    return "unhealthy" in (rollout.verdict, utils.probes.overall(answers).verdict)
