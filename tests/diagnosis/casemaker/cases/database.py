"""Databases: who holds the sessions, locks, failover, pools times replicas."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "lock-held-by-a-console",
    "subscriptions",
    "2026-03-10T11:57:00",
    title="A person's console left a transaction open over an ALTER TABLE; everyone waits for its lock",
    drawn_from="lock queues behind one idle-in-transaction session of psql or a migration",
    why="Nearly all sessions wait for a lock that one foreign idle session holds; restarts only queue up "
    "again; ending that session is a person's decision.",
    expect=[Fault("StatefulSet/postgres", "database_connection", "page_human")],
    acceptable=[("database_connection", "scale_database")],
    tolerated=[],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "restart_connection_pool",
        "no_action",
        "isolate_workload",
    ],
)
def console_lock(w: World) -> None:
    nodes(w, "sub-1", "sub-2")
    base = postgres(w)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    api = well(
        w,
        "plans-api",
        "registry.sub.example/plans-api:3.8.0",
        pods=3,
        age=days(10),
        before="registry.sub.example/plans-api:3.7.5",
    )
    rows = [
        session(
            "10.20.3.41",
            "",
            "idle in transaction",
            1,
            age=1510,
            user="m.keller",
            application="psql",
            wait="Client",
            query="ALTER TABLE plans ADD COLUMN trial_days integer",
        )
    ]
    rows += [
        session(
            p["status"]["podIP"],
            "Deployment/plans-api",
            "active",
            9,
            age=1400,
            user="plans",
            wait="Lock",
            query="SELECT * FROM plans WHERE id = $1",
        )
        for p in api.pods
    ]
    sessions(w, "StatefulSet/postgres", 100, rows)
    waiting = "process 3121 still waiting for AccessShareLock on relation 16423 of database 16384 after 1000.112 ms"
    log(
        w,
        base,
        0,
        "postgres",
        often(15, 1480, 3, "log", [waiting, "canceling statement due to statement timeout"], "plans@sub"),
    )
    for index in range(3):
        log(
            w,
            api,
            index,
            "python",
            often(
                6,
                1400,
                1,
                "error",
                ["GET /plans/{n} 504: psycopg.errors.QueryCanceled: canceling statement due to statement timeout"],
                "plans.views",
            ),
        )
    requests(w, "plans-api", rate=flat(40), errors=step(0, 0.94, minutes(24)), p95=step(0.05, 30, minutes(24)))
    exact(w, "db_locks_waiting", {"component": "postgres"}, step(0, 27, minutes(24), over=240))
    signal(w, "db_transaction_age", {"component": "postgres"}, ramp(1, 1510, minutes(25)))
    signal(w, "db_connections", {"component": "postgres"}, flat(29))


@case(
    "stale-primary-after-failover",
    "ledger-eu",
    "2026-08-06T01:22:30",
    title="After a failover the service still talks to the old primary, which is read-only now",
    drawn_from="cannot execute INSERT in a read-only transaction until pools were rebuilt by a restart",
    why="The new primary is well and the Service points to it; only connections from before the failover fail; "
    "new ones go right.",
    expect=[Fault("Deployment/payments-core", "database_connection", "restart_workload")],
    acceptable=[("database_connection", "restart_connection_pool"), ("dependency_failure", "restart_workload")],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "scale_database", "scale_workload", "no_action", "isolate_workload"],
)
def failover(w: World) -> None:
    nodes(w, "eu-1", "eu-2", "eu-3")
    spec = pod_spec(
        container(
            "postgres",
            "ghcr.io/cloudnative-pg/postgresql:16.4",
            port=5432,
            ready={"httpGet": {"path": "/readyz", "port": 8000}, "periodSeconds": 10},
        )
    )
    base = statefulset(w, "ledger-pg", spec, 2, claim="pgdata", labels={"cnpg.io/cluster": "ledger-pg"})
    for pod, role in zip(base.pods, ("replica", "primary"), strict=True):
        pod["metadata"]["labels"]["cnpg.io/instanceRole"] = role
    service(
        w, "ledger-pg-rw", {"cnpg.io/cluster": "ledger-pg", "cnpg.io/instanceRole": "primary"}, port=5432, target=5432
    )
    event(
        w,
        base.pods[1],
        "Promoted",
        "Promoting instance ledger-pg-1 to primary; previous primary ledger-pg-0 was demoted",
        kind="Normal",
        last=minutes(19),
        writer="cloudnative-pg",
    )
    app = pod_spec(container("core", "registry.pay.example/core:88.0.1", env={"DB_HOST": "ledger-pg-rw"}))
    top = deployment(w, "payments-core", [Rev(app, days(31))], 3)
    service(w, "payments-core")
    late = deployment(
        w,
        "statement-export",
        [Rev(pod_spec(container("export", "registry.pay.example/export:9")), days(12))],
        [P(age=minutes(8))],
    )
    for index in range(3):
        log(
            w,
            top,
            index,
            "zap",
            often(
                3,
                1130,
                1,
                "error",
                [
                    "insert entry: ERROR: cannot execute INSERT in a read-only transaction (SQLSTATE 25006)",
                    "transfer {n} failed: ERROR: cannot execute UPDATE in a read-only transaction (SQLSTATE 25006)",
                ],
                "ledger/store.go:203",
            ),
        )
    log(w, late, 0, "zap", often(30, 460, 5, "info", ["wrote export marker id={n}"], "export/run.go:40"))
    log(
        w,
        base,
        0,
        "postgres",
        [
            L(1150, "log", "entering standby mode"),
            L(1140, "log", "started streaming WAL from primary at 5/A1000000 on timeline 7"),
        ],
    )
    log(
        w,
        base,
        1,
        "postgres",
        [
            L(1155, "log", "received promote request"),
            L(1152, "log", "selected new timeline ID: 7"),
            L(1150, "log", "database system is ready to accept connections"),
        ],
    )
    requests(w, "payments-core", rate=flat(55), errors=step(0, 0.58, minutes(19)))
    alert(w, "PaymentsErrorRate", minutes(15), "58% of payments fail", service="payments-core")
