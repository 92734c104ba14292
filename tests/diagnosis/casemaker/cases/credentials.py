"""Secrets, ConfigMaps and certificates that changed or went missing outside of any release."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ip, service
from tests.diagnosis.casemaker.platform import config_map, nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated, waiting
from tests.diagnosis.casemaker.scene import postgres, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, step
from tests.diagnosis.casemaker.templates import container, from_map, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "secret-rotated-stale-credentials",
    "hr",
    "2026-04-09T05:33:00",
    title="The database password was rotated; pods that read the Secret before it still use the old one",
    drawn_from="rotation jobs that change role and Secret but do not restart who reads it by environment",
    why="A pod that started after the rotation works, older ones fail: they only need to read the Secret again.",
    expect=[Fault("Deployment/payroll", "database_connection", "restart_workload")],
    acceptable=[("configuration_error", "restart_workload"), ("database_connection", "restart_connection_pool")],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "scale_database", "no_action", "isolate_workload"],
)
def rotated(w: World) -> None:
    nodes(w, "hr-a", "hr-b")
    spec = pod_spec(container("payroll", "registry.hr.example/payroll:4.4.4", env_from=("secret/payroll-db",)))
    top = deployment(w, "payroll", [Rev(spec, days(47))], [P(age=days(47)), P(age=days(46)), P(age=minutes(12))])
    service(w, "payroll")
    base = postgres(w)
    secret(w, "payroll-db", ["DATABASE_URL", "DATABASE_PASSWORD"], age=days(200), changed=minutes(34))
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(200), changed=days(200))
    text = (
        f'connection to server at "postgres" ({ip(w, "postgres")}), port 5432 failed: FATAL:  password authentication '
        'failed for user "payroll"'
    )
    for index in (0, 1):
        log(
            w,
            top,
            index,
            "python",
            often(5, 1900, 1, "error", [text, "OperationalError on /payslips/{n}"], "payroll.db"),
        )
    log(
        w,
        top,
        2,
        "python",
        [
            L(715, "info", "connected to postgres as payroll", "payroll.db"),
            *often(10, 700, 1, "info", ["GET /payslips/{n} 200"], "payroll.web"),
        ],
    )
    log(
        w,
        base,
        0,
        "postgres",
        often(5, 900, 1, "fatal", ['password authentication failed for user "payroll"'], "payroll@hr"),
    )
    well(w, "org-chart", "registry.hr.example/org-chart:2")


@case(
    "wrong-password-in-secret",
    "fleet",
    "2026-05-12T12:12:12",
    title="A Secret was changed to a password that the database does not accept; fresh pods fail too",
    drawn_from="a typing error while rotating credentials: authentication fails before and after every restart",
    why="Pods that started after the change fail as well, so a restart would take down the ones that still "
    "hold good sessions.",
    expect=[Fault("Secret/tracker-db", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Deployment/tracker"),
        ("database_connection", "page_human", "Deployment/tracker"),
        ("database_connection", "page_human"),
    ],
    tolerated=[],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "restart_connection_pool",
        "scale_workload",
        "scale_database",
        "no_action",
    ],
)
def wrong_password(w: World) -> None:
    nodes(w, "f1", "f2", "f3")
    spec = pod_spec(container("tracker", "registry.fleet.example/tracker:0.51.3", env_from=("secret/tracker-db",)))
    died = terminated(1, "Error", started=180, finished=176)
    pods = [
        P(age=days(9)),
        P(age=days(9)),
        P(age=minutes(18), restarts=8, backoff="5m0s", last=died, unready=minutes(18)),
    ]
    top = deployment(w, "tracker", [Rev(spec, days(9))], pods)
    restarting(w, top.pods[2], first=minutes(17), last=12, count=80)
    service(w, "tracker")
    base = postgres(w)
    secret(w, "tracker-db", ["PGUSER", "PGPASSWORD", "PGHOST"], age=days(160), changed=minutes(41), by="kubectl-edit")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(160))
    fail = (
        f"failed to connect to `user=tracker database=fleet`: {ip(w, 'postgres')}:5432 (postgres): failed SASL auth: "
        'FATAL: password authentication failed for user "tracker" (SQLSTATE 28P01)'
    )
    log(
        w,
        top,
        2,
        "zap",
        [L(179, "info", "starting tracker 0.51.3", "main.go:31"), L(176, "fatal", fail, "main.go:58")],
        previous=True,
    )
    for index in (0, 1):
        log(w, top, index, "zap", often(8, 900, 2, "info", ["position stored vehicle={n}"], "store/pg.go:90"))
    log(
        w,
        base,
        0,
        "postgres",
        often(60, 1000, 170, "fatal", ['password authentication failed for user "tracker"'], "tracker@fleet"),
    )


@case(
    "configmap-changed-crash-loop",
    "iot",
    "2026-01-14T23:50:00",
    title="A ConfigMap was edited into something that does not parse; every pod that restarts stays down",
    drawn_from="crash loops without a release after kubectl edit configmap, found only when pods moved",
    why="The template is the same as for weeks, so a rollback changes nothing; pods that still run hold the "
    "old file and must not be restarted.",
    expect=[Fault("ConfigMap/ingest-config", "configuration_error", "page_human")],
    acceptable=[("configuration_error", "page_human", "Deployment/ingest")],
    tolerated=[],
    forbidden=["restart_workload", "rollback_workload", "restart_connection_pool", "scale_workload", "no_action"],
)
def edited_map(w: World) -> None:
    nodes(w, "edge-1", "edge-2", "edge-3")
    inner = container(
        "ingest",
        "registry.iot.example/ingest:1.22.0",
        args=("--config=/etc/ingest/ingest.yaml",),
        mounts={"config": "/etc/ingest"},
    )
    died = terminated(2, "Error", started=70, finished=69)
    pods = [
        P(age=days(25)),
        P(age=days(25)),
        P(
            age=minutes(22),
            restarts=9,
            state=died,
            ready=False,
            last=terminated(2, "Error", started=372, finished=371),
            unready=minutes(22),
        ),
        P(
            age=days(25),
            restarts=8,
            backoff="5m0s",
            last=terminated(2, "Error", started=200, finished=199),
            unready=minutes(20),
        ),
    ]
    top = deployment(
        w,
        "ingest",
        [Rev(pod_spec(inner, volumes={"config": "configmap/ingest-config"}), days(25))],
        pods,
        labels={"app.kubernetes.io/name": "ingest", "app.kubernetes.io/part-of": "iot"},
    )
    for index in (2, 3):
        restarting(w, top.pods[index], first=minutes(20), last=18, count=90)
    service(w, "ingest", {"app.kubernetes.io/name": "ingest"})
    config_map(
        w,
        "ingest-config",
        {"ingest.yaml": "brokers:\n  - mqtt-0:1883\n  - mqtt-1:1883\n batch: 500\nflush: 2s\n"},
        age=days(150),
        changed=minutes(47),
    )
    fatal = "load config /etc/ingest/ingest.yaml: yaml: line 4: did not find expected key"
    log(w, top, 2, "golang", [L(70, "info", "ingest 1.22.0 starting"), L(69, "error", fatal)])
    log(w, top, 3, "golang", [L(200, "info", "ingest 1.22.0 starting"), L(199, "error", fatal)], previous=True)
    log(w, top, 0, "golang", often(20, 900, 3, "info", ["flushed {n} points"]))
    well(w, "rules", "registry.iot.example/rules:7.0")


@case(
    "secret-deleted-pod-cannot-return",
    "claims",
    "2026-07-02T14:05:00",
    title="A Secret that the running template needs was deleted; the pod that was moved cannot start",
    drawn_from="clean-ups that removed a Secret still in use: nothing breaks until the next restart",
    why="Nothing was released and every revision needs it; the two pods that run would not come back from a restart.",
    expect=[Fault("Secret/claims-keys", "configuration_error", "page_human")],
    acceptable=[("configuration_error", "page_human", "Deployment/claims-api")],
    tolerated=[],
    forbidden=["restart_workload", "rollback_workload", "restart_connection_pool", "scale_workload", "no_action"],
)
def deleted_secret(w: World) -> None:
    nodes(w, "cl-1", "cl-2")
    specs = [
        pod_spec(
            container(
                "api",
                f"registry.claims.example/api:{v}",
                env={"SIGNING_KEY": from_secret("claims-keys", "signing"), "MODE": from_map("claims-config", "mode")},
            )
        )
        for v in ("5.5.0", "5.6.0")
    ]
    stuck = waiting("CreateContainerConfigError", 'secret "claims-keys" not found')
    top = deployment(
        w,
        "claims-api",
        [Rev(specs[0], days(80)), Rev(specs[1], days(37))],
        [P(1), P(1), P(1, age=minutes(16), state=stuck, unready=minutes(16))],
    )
    event(
        w,
        top.pods[2],
        "Failed",
        'Error: secret "claims-keys" not found',
        first=minutes(16),
        last=7,
        count=75,
        container="api",
    )
    service(w, "claims-api")
    config_map(w, "claims-config", {"mode": "strict"})
    secret(w, "claims-db", ["url"])
    requests(w, "claims-api", rate=flat(9), errors=flat(0.001), p95=flat(0.2))
    exact(w, "replicas_available", {"component": "claims-api"}, step(3, 2, minutes(16), over=1))
