"""The packets of the pods' network grew: pods made since lose large answers of whom is on another node."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.scenes import API, SHOP, URL, errors
from tests.diagnosis.rules.tiny import DAY, Obj, at, figure, log, pod, postgres, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log

HOUR = 3600.0
CONFIG, AGENT = "ConfigMap/net-config", "DaemonSet/net"
GREW = (
    'felix/vxlan_mgr.go 735: VXLAN device MTU needs to be updated device="vxlan.calico" ipVersion=0x4 new=1450 old=1350'
)
SHRANK = GREW.replace("new=1450 old=1350", "new=1350 old=1450")
CHANGED = 'level=info msg="MTU of cilium_host changed from 1400 to 1500" subsys=mtu'
LATE = "asyncpg query timed out after 15.0s: TimeoutError"
DIAL = "dial tcp 10.96.0.7:5432: i/o timeout"
THREE = ("n1", "n2", "n3")


def config(age: float = 6 * HOUR, field: str = "veth_mtu", manager: str = "kubectl-edit") -> Obj:
    """Return what the agent reads, of which one field was written long after it was made."""
    made = thing("ConfigMap", "net-config", age=300 * DAY, data={field: "1450", "backend": "vxlan"})
    fields: dict[str, Any] = {"f:data": {f"f:{field}": {}}}
    made["metadata"]["managedFields"] = [
        {"manager": manager, "operation": "Update", "time": at(age), "fieldsType": "FieldsV1", "fieldsV1": fields}
    ]
    return made


def agent(age: float = 5.9 * HOUR, **more: Any) -> list[Obj]:
    """Return the network's agent on three nodes, which takes the size from its ConfigMap."""
    size = {"MTU": {"configMapKeyRef": {"name": "net-config", "key": "veth_mtu"}}}
    return workload("net", kind="DaemonSet", pods=3, nodes=THREE, started=age, service=False, **{"env": size, **more})


def told(line: str = GREW, age: float = 5.9 * HOUR) -> Log:
    return timed("net-0", (age, line), of="net")


def served(name: str = "shop", pods: int = 3, nodes: tuple[str, ...] = THREE, **more: Any) -> list[Obj]:
    """Return who was released a while ago, whereby its pods were made anew."""
    return workload(
        name, pods=pods, nodes=nodes, **{"env": URL, "before": {"image": "shop:0"}, "released": 2400, **more}
    )


def waits(*numbers: int, line: str = LATE, since: float = 2380, name: str = "shop") -> list[Log]:
    return [log(pod(name, n), *[line] * 9, since=since) for n in numbers]


STORE = postgres(pods=1, nodes=("n2",), started=5 * HOUR)
SUFFERS = errors("shop", 0.3, since=2370)
HARMFUL = ("rollback_workload", "restart_workload", "scale_workload", "scale_database")
FOUND = (CONFIG, "configuration_error", "page_human")
HOLDS = [
    Holds(
        "an edit that the agents logged; the pod on the node of the store is well, the release is innocent",
        snapshot(config(), agent(), STORE, served(), logs=[told(), *waits(0, 2)], figures=[SUFFERS]),
        FOUND,
        excludes=(*no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),),
        harmful=HARMFUL,
    ),
    Holds(
        "the agent was released with a larger size, nothing is read but that; the pods that are older are well",
        snapshot(
            agent(
                image="flannel:1",
                env={"FLANNEL_MTU": "1500"},
                before={"env": {"FLANNEL_MTU": "1400"}},
                released=5 * HOUR,
            ),
            workload("redis", pods=1, nodes=("n2",), started=4 * HOUR),
            younger(workload("api", pods=4, nodes=("n1", "n3"), env={"REDIS_URL": "redis://redis:6379"}), 2, age=1800),
            logs=[
                *waits(
                    2, 3, line="redis.exceptions.TimeoutError: Timeout reading from redis:6379", since=1750, name="api"
                )
            ],
            figures=[errors("api", 0.4, since=1740)],
        ),
        (AGENT, "configuration_error", "page_human"),
        excludes=no("restart_workload", at=API),
        harmful=HARMFUL,
    ),
    Holds(
        "an agent of another kind logged it; its pods are slow by figures, and nobody knows who wrote it",
        snapshot(
            agent(env={}),
            STORE,
            served(),
            logs=[told(CHANGED)],
            figures=[
                SUFFERS,
                *(
                    figure("latency_p95_by_pod", 0.05, now, 2370, pod=pod("shop", n))
                    for n, now in enumerate((15.0, 0.05, 15.0))
                ),
            ],
        ),
        (AGENT, "configuration_error", "page_human"),
        harmful=HARMFUL,
    ),
    Holds(
        "only the edit is known; who waits names whom it asks, and its like there are well",
        snapshot(config(), agent(), STORE, served(), logs=waits(0, 2), figures=[SUFFERS]),
        FOUND,
        harmful=HARMFUL,
    ),
    Holds(
        "there is but one pod, which a drain made anew: it is known that they grew, and whom it asks",
        snapshot(
            config(field="mtu"),
            agent(env={"FELIX_VXLANMTU": {"configMapKeyRef": {"name": "net-config", "key": "mtu"}}}),
            STORE,
            workload("shop", pods=1, nodes=("n3",), started=2400, env=URL),
            logs=[told(), *waits(0)],
            figures=[SUFFERS],
        ),
        FOUND,
        harmful=HARMFUL,
    ),
]
BACK = (SHOP, "code_defect", "rollback_workload")
DOES_NOT_HOLD = [
    DoesNotHold(
        "the packets shrank",
        snapshot(config(), agent(), STORE, served(), logs=[told(SHRANK), *waits(0, 2)], figures=[SUFFERS]),
        BACK,
    ),
    DoesNotHold(
        "the pod on the node of the store waits too",
        snapshot(config(), agent(), STORE, served(), logs=[told(), *waits(0, 1, 2)], figures=[SUFFERS]),
        BACK,
    ),
    DoesNotHold(
        "who waits is older than the change",
        snapshot(config(1200), agent(1100), STORE, served(), logs=[told(age=1100), *waits(0, 2)], figures=[SUFFERS]),
        BACK,
    ),
    DoesNotHold(
        "one on another node that was made with those is well",
        snapshot(config(), agent(), STORE, served(), logs=[told(), *waits(0)], figures=[SUFFERS]),
        BACK,
    ),
    DoesNotHold(
        "no connection is taken",
        snapshot(config(), agent(), STORE, served(), logs=[told(), *waits(0, 2, line=DIAL)], figures=[SUFFERS]),
        BACK,
    ),
    DoesNotHold(
        "it went well for half an hour",
        snapshot(
            config(),
            agent(),
            STORE,
            served(),
            logs=[
                told(),
                *(timed(pod("shop", n), (2390, "started"), *((90 - 9 * k, LATE) for k in range(9))) for n in (0, 2)),
            ],
            figures=[errors("shop", 0.3, since=90)],
        ),
    ),
    DoesNotHold(
        "another setting of the network was written",
        snapshot(config(field="log_level"), agent(), STORE, served(), logs=waits(0, 2), figures=[SUFFERS]),
        BACK,
    ),
    DoesNotHold(
        "only the edit is known, and there is but one pod",
        snapshot(
            config(),
            agent(),
            STORE,
            workload("shop", pods=1, nodes=("n3",), started=2400, env=URL),
            logs=waits(0),
            figures=[SUFFERS],
        ),
        ("page_human",),
        harmful=("rollback_workload",),
    ),
]
