"""CronJobs and Jobs that matter, and a pod that nobody makes again."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.jobs import failed_tries, job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, node, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.rolled import bare
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.world import World, days, hours, minutes

HARM = ["rollback_workload", "restart_workload", "scale_workload", "scale_database", "isolate_workload"]


@case(
    "backup-was-suspended-and-forgotten",
    "archive",
    "2026-10-29T06:10:00",
    title="The nightly backup was suspended for a maintenance five days ago and never resumed",
    drawn_from="a CronJob that had not run for 24 days before anybody noticed",
    why="Nothing failed: the CronJob is suspended, its last success is five days old, and the alert asks for backups. "
    "Whether it may run now a person has to say.",
    expect=[Fault("CronJob/nightly-backup", "configuration_error", "page_human")],
    acceptable=[],
    forbidden=[*HARM, "no_action"],
)
def suspended(w: World) -> None:
    nodes(w, "ar-1", "ar-2")
    well(w, "catalogue", "registry.archive.example/catalogue:33", talk=True)
    spec = pod_spec(container("dump", "registry.archive.example/dump:4", port=0, ready=None), restartPolicy="OnFailure")
    made = w.add(
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": w.meta("CronJob", "nightly-backup", days(310)),
            "spec": {
                "schedule": "0 2 * * *",
                "suspend": True,
                "concurrencyPolicy": "Forbid",
                "jobTemplate": {"spec": {"template": {"spec": spec}}},
            },
            "status": {"lastScheduleTime": w.at(days(5) + hours(4)), "lastSuccessfulTime": w.at(days(5) + hours(3.8))},
        }
    )
    w.changed(made, days(4) + hours(20), "kubectl-patch", {"f:spec": {"f:suspend": {}}})
    alert(
        w,
        "BackupTooOld",
        hours(6),
        "no successful backup of archive for more than four days",
        cronjob="nightly-backup",
        severity="warning",
    )


@case(
    "job-refused-since-the-secret-was-written",
    "billing",
    "2026-02-28T02:24:00",
    title="The invoice run cannot log in to MySQL since its Secret was written with another password",
    drawn_from="rotations that write the Secret before the database knows the new password: Access denied for user",
    why="Each try is a new pod that reads the Secret as it is now, so that neither a restart nor an "
    "older template helps; "
    "the Secret and the database have to agree.",
    expect=[Fault("Secret/invoice-db", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "CronJob/invoice-run"),
        ("configuration_error", "page_human", "Job/invoice-run-29536920"),
        ("database_connection", "page_human", "*"),
    ],
    forbidden=[*HARM, "no_action", "restart_connection_pool"],
)
def refused(w: World) -> None:
    nodes(w, "bi-1", "bi-2")
    spec = pod_spec(container("mysql", "mariadb:11.4", port=3306, ready={"tcpSocket": {"port": 3306}}))
    base = statefulset(w, "mariadb", spec, claim="data")
    claim(w, "data-mariadb-0")
    service(w, "mariadb", port=3306, target=3306)
    secret(w, "invoice-db", ["username", "password"], changed=hours(3), by="external-secrets")
    spec = pod_spec(
        container(
            "run",
            "registry.billing.example/invoice-run:12",
            port=0,
            ready=None,
            env_from=("secret/invoice-db",),
            env={"DB_HOST": "mariadb"},
        )
    )
    made = job(
        w,
        "invoice-run-29536920",
        spec,
        age=minutes(23),
        pods=failed_tries(minutes(23), count=4, lasts=6),
        failed="BackoffLimitExceeded",
        cron="invoice-run",
        schedule="0 2 28 * *",
    )
    event(w, made.obj, "BackoffLimitExceeded", "Job has reached the specified backoff limit", last=minutes(21))
    text = (
        "django.db.utils.OperationalError: (1045, \"Access denied for user 'invoices'@'10.244.1.19' "
        '(using password: YES)")'
    )
    for index in range(4):
        log(
            w,
            made,
            index,
            "python",
            [L(minutes(22), "info", "invoice run begins", "run"), L(minutes(21.9), "error", text, "run")],
        )
    log(
        w,
        base,
        0,
        "mysql",
        [
            L(minutes(22 - n), "warning", "Access denied for user 'invoices'@'10.244.1.19' (using password: YES)")
            for n in range(4)
        ],
    )
    well(w, "portal", "registry.billing.example/portal:5", talk=True, env={"DB_HOST": "mariadb"})
    alert(
        w,
        "KubeJobFailed",
        minutes(6),
        "Job billing/invoice-run-29536920 failed to complete",
        job_name="invoice-run-29536920",
    )


@case(
    "evicted-pod-without-an-owner",
    "harbour",
    "2026-09-15T23:37:00",
    title=(
        "A pod that somebody once started by hand was evicted; nothing makes it again and its Service has no endpoint"
    ),
    drawn_from="naked pods in production: evicted with their node's memory pressure and never replaced",
    why=(
        "The pressure is over, and there is no controller that would bring the pod back; a person has "
        "to, as a Deployment."
    ),
    expect=[Fault("Pod/edi-gateway", "resource_exhaustion", "page_human")],
    acceptable=[
        ("service_crash", "page_human"),
        ("configuration_error", "page_human"),
        ("dependency_failure", "page_human"),
        ("resource_exhaustion", "page_human", "Node/hb-1"),
        ("configuration_error", "page_human", "Service/edi-gateway"),
    ],
    forbidden=[*HARM, "no_action"],
)
def naked(w: World) -> None:
    node(w, "hb-1")
    nodes(w, "hb-2")
    spec = pod_spec(container("edi", "registry.harbour.example/edi-gateway:1.0", port=5000, memory=("64Mi", "")))
    text = (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 71Mi. Container edi "
        "was using 410Mi, request is 64Mi, has larger consumption of memory."
    )
    made = bare(w, "edi-gateway", spec, P(phase="Failed", reason="Evicted", message=text, node="hb-1"), age=days(190))
    event(w, made.obj, "Evicted", text, last=minutes(34), container="")
    service(w, "edi-gateway", {"run": "edi-gateway"}, target=5000)
    berths = well(
        w, "berths", "registry.harbour.example/berths:20", pods=2, age=days(51), env={"EDI_URL": "http://edi-gateway/"}
    )
    for index in range(2):
        text = "java.net.ConnectException: Connection refused: edi-gateway/10.96.77.12:80"
        log(
            w,
            berths,
            index,
            "logback",
            often(9, minutes(33), 1, "error", [text, "berth plan not sent"], "c.h.edi.Client"),
        )
    alert(w, "EdiNotSent", minutes(25), "no EDI message left for ten minutes", service="berths")
