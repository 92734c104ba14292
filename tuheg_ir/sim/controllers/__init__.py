"""Controllers in small: what makes the simulated objects move."""

from __future__ import annotations

from tuheg_ir.sim.behaviour import Behaviours
from tuheg_ir.sim.controllers.common import Writer
from tuheg_ir.sim.controllers.deployment import Deployments
from tuheg_ir.sim.controllers.engine import Engine
from tuheg_ir.sim.controllers.kubelet import Kubelet
from tuheg_ir.sim.controllers.others import Addresses, Autoscalers, Budgets, EndpointSlices, Quotas, Remains
from tuheg_ir.sim.controllers.replicaset import ReplicaSets
from tuheg_ir.sim.controllers.scheduler import Scheduler
from tuheg_ir.sim.controllers.statefulset import StatefulSets


def install(engine: Engine, writer: Writer, behaviours: Behaviours) -> Kubelet:
    """Add all controllers to an engine, and quota to the admission; return the node."""
    kubelet = Kubelet(engine, writer, behaviours)
    quotas = Quotas(writer)
    engine.registry.admission += [quotas.admit, Addresses().admit]
    for controller in (
        Deployments(engine, writer),
        ReplicaSets(engine, writer),
        StatefulSets(engine, writer),
        Scheduler(writer),
        kubelet,
        EndpointSlices(writer),
        Budgets(writer),
        Autoscalers(engine, writer),
        quotas,
        Remains(engine, writer),
    ):
        engine.add(controller)
    return kubelet
