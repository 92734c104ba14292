"""Who measures for an autoscaler is ready, and asks in vain at an address that came with its release."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.measuring import HOURS, blind, peak, registered, source, well
from tests.diagnosis.rules.scenes import alert, shop
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot, thing
from tuheg_ir.diagnosis.model import Log, Snapshot

SCALER = "HorizontalPodAutoscaler/shop"
ADAPTER = "registry.k8s.io/prometheus-adapter/prometheus-adapter"
FIRES = [alert("ShopSlow", service="shop")]
OLD, NEW = "http://prometheus.monitoring.svc:9090", "http://querier.monitoring.svc:9090"
ASKS = (
    f'unable to update list of all metrics: Get "{NEW}/api/v1/series?match=x": dial tcp 10.96.44.18:9090: i/o timeout'
)


def adapter(new: str = NEW, old: str = OLD, name: str = "adapter", image: str = ADAPTER, **more: Any) -> list[Obj]:
    """Return who measures, ready, and asks at another address since its release."""
    told = {"image": f"{image}:v2", "args": [f"--prometheus-url={old}"]} | more.pop("was", {})
    return well(source(name, f"{image}:v2", before=told, args=[f"--prometheus-url={new}"], **more))


def says(line: str = ASKS, since: float = HOURS - 30, name: str = "adapter", times: int = 60) -> list[Log]:
    return [log(pod(name), *[line] * times, since=since)]


def service(name: str, port: int, address: str = "10.96.44.18") -> Obj:
    spec = {"clusterIP": address, "selector": {"app": name}, "ports": [{"port": port, "targetPort": port}]}
    return thing("Service", name, spec=spec)


def unserved(reason: str = "FailedGetPodsMetric") -> Obj:
    return blind(reason, HOURS - 90)


def world(by: list[Obj], *beside: Any, logs: list[Log] | None = None) -> Snapshot:
    return snapshot(shop(), by, unserved(), *beside, alerts=FIRES, logs=says() if logs is None else logs)


FOUND = ("Deployment/adapter", "configuration_error", "rollback_workload")
ITSELF = (SCALER, "configuration_error", "page_human")
AGENT = "gcr.io/datadoghq/cluster-agent"
HELD = no("restart_workload", "scale_workload", at="Deployment/adapter")

HOLDS = [
    Holds("nobody answers there", world(adapter()), FOUND, excludes=HELD),
    Holds("another image came with it", world(adapter(was={"image": f"{ADAPTER}:v1"})), FOUND, excludes=HELD),
    Holds("only the port is another one", world(adapter(old=NEW.replace("9090", "10902"))), FOUND),
    Holds(
        "its name is none, as a variable tells it to another program",
        snapshot(
            shop(),
            well(
                source(
                    "agent",
                    f"{AGENT}:7",
                    before={"image": f"{AGENT}:7", "env": {"DD_URL": "https://agent.datadog.example"}},
                    env={"DD_URL": "https://agent.datadgo.example"},
                )
            ),
            unserved("FailedGetExternalMetric"),
            registered("external.metrics.k8s.io", "agent"),
            service("agent", 8443),
            alerts=FIRES,
            logs=says(
                "Post https://agent.datadgo.example/v1: lookup agent.datadgo.example: no such host", name="agent"
            ),
        ),
        ("Deployment/agent", "configuration_error", "rollback_workload"),
    ),
    Holds(
        "nobody read its log, and the Service there offers no such port",
        world(adapter(NEW.replace(".monitoring.svc", "")), service("querier", 10902), logs=[]),
        FOUND,
    ),
    Holds(
        "the load is there, and who suffers could do with more replicas now",
        peak(by=adapter(), scaler=unserved(), logs=says(), alerts=FIRES),
        FOUND,
        believed="cpu_saturated",
        harmful=("scale_workload", "restart_workload"),
    ),
    *(
        Holds(f"its release only stood near: {what}", world(by, *more, logs=lines), ITSELF, believed=believed)
        for what, by, lines, more, believed in (
            ("it asks where it always did", adapter(NEW, NEW, was={"image": f"{ADAPTER}:v1"}), says(), (), ""),
            ("its log names another host", adapter(), says(ASKS.replace("querier", "tempo")), (), ""),
            ("it told so long before", adapter(), says(since=2 * HOURS), (), ""),
            ("it told so once", adapter(), says(times=1), (), ""),
            ("nobody knows what it asks", adapter(), [], (), ""),
            ("its Service has no address of its own", adapter(), [], (service("querier", 1, "None"),), ""),
            ("where it asked before is nothing any more", adapter(), says(), (service("querier", 9090),), ""),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody suffers, and it asks in vain", snapshot(shop(), adapter(), unserved(), logs=says())),
]
