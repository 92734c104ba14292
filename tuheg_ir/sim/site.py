"""A simulation as plays see it: an inventory with the example platform, a kubeconfig, shorter limits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tuheg_ir.sim.platform.model import NAMESPACE
from tuheg_ir.sim.simulation import Places, Simulation
from tuheg_ir.sim.status import Obj

CLUSTER = "drill"  # what plays are pointed at: -e ir_cluster=drill
_WINDOW_S = 20.0  # what a probe looks back over at the speed of the wall clock
# Variable of the plays -> seconds it waits at the speed of the wall clock, and at least.
_LIMITS = {"common_probe_timeout_s": (90, 5), "common_rollout_timeout_s": (120, 10)}
# Variables of the plays that bound one request, a task's start included. A cluster in this machine is never far away,
# and that the machine is busy is no fault of it: they all get so many seconds.
_REQUESTS = (
    "common_request_timeout_s",
    "common_diagnose_timeout_s",
    "collect_evidence_timeout_s",
    "restart_connection_pool_timeout_s",
    "restart_workload_timeout_s",
    "rollback_workload_timeout_s",
    "scale_database_timeout_s",
    "scale_workload_timeout_s",
    "verify_service_timeout_s",
)
_REQUEST_S = 90
_HOSTS = f"""\
[clusters]
{CLUSTER}

[clusters:vars]
ansible_connection=local
ansible_python_interpreter="{{{{ ansible_playbook_python }}}}"
"""


@dataclass(frozen=True, slots=True)
class Site:
    """What a run needs: ``-i inventory``, KUBECONFIG, and extra variables."""

    inventory: Path
    kubeconfig: Path
    extra_vars: dict[str, float]


def prepare(
    simulation: Simulation, places: Places, folder: Path, platform: Path, *, account: Sequence[Obj] = ()
) -> Site:
    """Write an inventory and a kubeconfig into ``folder`` (there, empty, private) and return them.

    ``platform`` is the variables' file of the platform (``group_vars/clusters.yml`` of the example).
    ``account`` are the objects of the account that plays run as, its ServiceAccount among them;
    without them they run as administrator.
    """
    speed = simulation.cluster.clock.speed or 1.0
    inventory = folder / "inventory"
    for name in ("group_vars", "host_vars"):
        (inventory / name).mkdir(parents=True)
    (inventory / "hosts").write_text(_HOSTS, encoding="utf-8")
    (inventory / "group_vars" / "clusters.yml").write_text(platform.read_text(encoding="utf-8"), encoding="utf-8")
    own = {
        "ir_prometheus_url": places.prometheus,
        "ir_ingress_url": places.ingress,
        "ir_probe_window": f"{max(1, round(_WINDOW_S / speed))}s",
    }
    (inventory / "host_vars" / f"{CLUSTER}.yml").write_text(json.dumps(own), encoding="utf-8")
    limits: dict[str, float] = {name: max(least, round(seconds / speed)) for name, (seconds, least) in _LIMITS.items()}
    limits |= {"common_time_scale": speed, **dict.fromkeys(_REQUESTS, _REQUEST_S)}
    token = _token(simulation, account) if account else ""
    kubeconfig = simulation.cluster.kubeconfig(folder, token=token, namespace=NAMESPACE)
    return Site(inventory, kubeconfig, limits)


def _token(simulation: Simulation, account: Sequence[Obj]) -> str:
    """Make the account and return a token for it."""
    simulation.cluster.apply(*account)
    (meta,) = (obj["metadata"] for obj in account if obj["kind"] == "ServiceAccount")
    return simulation.cluster.authorizer.add_account(meta["namespace"], meta["name"])
