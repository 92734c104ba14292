"""Memory, processor, disk and room without a release."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.exposition import expose
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ip, service
from tests.diagnosis.casemaker.platform import node, nodes, quota, secret
from tests.diagnosis.casemaker.pods import P, crash_wait, oom, running, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "memory-leak-without-release",
    "loyalty",
    "2026-02-02T04:20:00",
    title="The same revision has grown for six weeks and is now killed for memory, one pod after another",
    drawn_from="slow leaks in long-lived processes: working set creeps up for weeks, OOMKilled at night",
    why="Nothing was released; new processes are small again, so a restart buys weeks; an older template is "
    "not better.",
    expect=[Fault("Deployment/points-api", "resource_exhaustion", "restart_workload")],
    acceptable=[("code_defect", "restart_workload")],
    tolerated=["page_human", "scale_workload"],
    forbidden=["rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def leak_without_release(w: World) -> None:
    nodes(w, "n1", "n2", "n3")
    specs = [
        pod_spec(container("points", f"registry.loyalty.example/points-api:{v}", memory=("512Mi", "1Gi")))
        for v in ("2.0.8", "2.0.9")
    ]
    pods = [
        P(
            1,
            age=days(41),
            restarts=1,
            last=oom(started=days(41), finished=hours(5)),
            state=running(hours(5) - 2),
            unready=hours(5) - 15,
        ),
        P(
            1,
            age=days(41),
            restarts=1,
            last=oom(started=days(41), finished=minutes(21)),
            state=running(minutes(21) - 2),
            unready=minutes(21) - 14,
        ),
        P(1, age=days(41)),
        P(1, age=days(41)),
    ]
    top = deployment(w, "points-api", [Rev(specs[0], days(77)), Rev(specs[1], days(41))], pods)
    service(w, "points-api")
    well(w, "vouchers", "registry.loyalty.example/vouchers:1.14.0")
    levels = ((0.22, 0.235), (0.985, 0.99), (0.93, 0.944), (0.945, 0.958))
    for index, (low, high) in enumerate(levels):
        labels = {"pod": top.pod(index), "container": "points"}
        shape = (
            ramp(low, high)
            if index != 1
            else (lambda age: 0.99 - (3600 - age) * 1e-6 if age > 1260 else 0.2 + (1260 - age) * 4e-6)
        )
        signal(w, "memory_share", labels, shape, noise=0.004)
        exact(w, "restarts", labels, step(0, 1, minutes(21), over=1) if index == 1 else flat(1 if index == 0 else 0))
    requests(w, "points-api", rate=flat(44), errors=lambda age: 0.06 if 1230 < age < 1290 else 0.001, p95=flat(0.12))
    alert(
        w,
        "ContainerMemoryNearLimit",
        hours(9),
        "points is above 90% of its memory limit",
        container="points",
        severity="warning",
    )
    expose(w, limits={"memory": {"points": 1073741824}})


@case(
    "quota-stops-pods",
    "warehouse",
    "2026-04-22T15:18:00",
    title="After a node drain two of five pods cannot be made again: the quota is used up",
    drawn_from="FailedCreate ... exceeded quota in namespaces that grew beside each other",
    why="The template is unchanged and starts nowhere while the quota is full; a restart would lose the pods that run.",
    expect=[Fault("ResourceQuota/compute", "resource_exhaustion", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human", "Deployment/stock-api"),
        ("capacity", "page_human", "Deployment/stock-api"),
        ("configuration_error", "page_human", "Deployment/stock-api"),
        ("capacity", "page_human"),
        ("configuration_error", "page_human"),
    ],
    tolerated=[],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def quota_full(w: World) -> None:
    nodes(w, "wh-1", "wh-2")
    node(w, "wh-3", unschedulable=True, taints=("node.kubernetes.io/unschedulable:NoSchedule",), since=minutes(29))
    spec = pod_spec(container("api", "registry.wh.example/stock-api:5.12.0", memory=("1Gi", "1Gi")))
    denied = (
        'pods "{set}-q8w2z" is forbidden: exceeded quota: compute, requested: limits.memory=1Gi, used: '
        "limits.memory=16Gi, limited: limits.memory=16Gi"
    )
    top = deployment(w, "stock-api", [Rev(spec, days(8))], 3, replicas=5, desired={0: 5}, failure=denied)
    event(
        w,
        top.sets[0],
        "FailedCreate",
        f"Error creating: {denied}".replace("{set}", top.sets[0]["metadata"]["name"]),
        first=minutes(27),
        last=minutes(2),
        count=18,
    )
    service(w, "stock-api")
    quota(w, "compute", {"limits.memory": "16Gi", "pods": "40"}, {"limits.memory": "16Gi", "pods": "14"})
    importer = pod_spec(container("import", "registry.wh.example/bulk-import:1.0.0", memory=("6Gi", "6Gi")))
    deployment(w, "bulk-import", [Rev(importer, minutes(52))], 2, age=minutes(52), number=1)
    exact(w, "replicas_available", {"component": "stock-api"}, step(5, 3, minutes(28), over=1))
    exact(w, "replicas_wanted", {"component": "stock-api"}, flat(5))


@case(
    "volume-full",
    "audit",
    "2026-07-29T02:10:00",
    title="The database's volume is full; it cannot write and does not start again",
    drawn_from="PANIC: could not write to file ... No space left on device, in a loop, on a volume that nobody grew",
    why="More room on the volume is what helps; each restart fails the same way, and nothing was released.",
    expect=[Fault("StatefulSet/postgres", "resource_exhaustion", "page_human")],
    acceptable=[("resource_exhaustion", "page_human", "PersistentVolumeClaim/data-postgres-0")],
    tolerated=[],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "restart_connection_pool",
        "no_action",
    ],
)
def volume_full(w: World) -> None:
    nodes(w, "au-1", "au-2")
    died = terminated(1, "Error", started=330, finished=325)
    base = postgres(w, pods=[P(restarts=8, state=crash_wait("postgres-0", "postgres"), last=died, unready=minutes(22))])
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    lines = [
        L(340, "log", "database system was interrupted while in recovery at 2026-07-29 01:58:12 UTC"),
        L(335, "log", "redo starts at 1B/7C0A2D30"),
        L(327, "fatal", 'could not write to file "pg_wal/xlogtemp.31": No space left on device'),
        L(326, "log", "startup process (PID 31) exited with exit code 1"),
        L(325, "log", "aborting startup due to startup process failure"),
    ]
    log(w, base, 0, "postgres", lines, previous=True)
    event(
        w,
        base.pods[0],
        "BackOff",
        "Back-off restarting failed container postgres in pod postgres-0",
        first=minutes(20),
        last=20,
        count=88,
        container="postgres",
    )
    spec = pod_spec(container("api", "registry.audit.example/audit-api:1.30.0"))
    top = deployment(
        w,
        "audit-api",
        [Rev(spec, days(44))],
        [P(ready=False, unready=minutes(21)), P(ready=False, unready=minutes(21))],
    )
    service(w, "audit-api")
    for index in range(2):
        log(
            w,
            top,
            index,
            "zap",
            often(
                5,
                1200,
                1,
                "error",
                [
                    f"write audit record: failed to connect to `user=audit database=audit`: {ip(w, 'postgres')}:5432 "
                    f"(postgres): dial error: dial tcp {ip(w, 'postgres')}:5432: connect: connection refused"
                ],
                "store/pg.go:44",
            ),
        )
    signal(
        w,
        "volume_used_share",
        {"persistentvolumeclaim": "data-postgres-0"},
        lambda age: min(1.0, 0.97 + (3600 - age) * 1.5e-5),
        noise=0,
    )
    requests(w, "audit-api", rate=flat(25), errors=step(0, 1, minutes(22)))
    alert(
        w,
        "KubePersistentVolumeFillingUp",
        minutes(50),
        "The volume data-postgres-0 is only 2% free",
        persistentvolumeclaim="data-postgres-0",
    )
