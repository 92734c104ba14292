"""A drill on the embedded cluster: in this process, on loopback, gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tuheg_ir.incidents.drill.ground import Ground, only_cluster
from tuheg_ir.incidents.drill.order import DrillOrder
from tuheg_ir.project import Project
from tuheg_ir.sim.simulation import Simulation
from tuheg_ir.sim.site import CLUSTER, prepare

PLATFORM = Path("example", "group_vars", "clusters.yml")


@contextmanager
def embedded(project: Project, order: DrillOrder) -> Iterator[Ground]:
    """Start the cluster, broken as the scenario says; plays act on it with the rights of rbac/.

    Raises UsageError for a scenario that cannot be made.
    """
    account = project.account()
    simulation = Simulation(order.scenario, seed=order.seed)
    place = tempfile.TemporaryDirectory(prefix="tuheg-ir-drill-", ignore_cleanup_errors=True)
    with place as folder, simulation:
        places = simulation.start(order.pace)
        site = prepare(simulation, places, Path(folder), project.inventories / PLATFORM, account=account)
        with only_cluster(site.kubeconfig, scratch=Path(folder)):
            yield Ground(
                site.inventory,
                CLUSTER,
                datetime.now(UTC),
                {name: str(value) for name, value in site.extra_vars.items()},
                simulation.cluster.api.audit.changes,
            )
