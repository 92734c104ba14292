"""What is loud and means nothing, and what is silent and means nothing known."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.jobs import failed_tries, job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import hpa, nodes
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, pulse, requests
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

HARM = [
    "restart_workload",
    "rollback_workload",
    "scale_workload",
    "restart_connection_pool",
    "scale_database",
    "isolate_workload",
    "switch_traffic",
]


@case(
    "failed-job-is-only-noise",
    "pharmacy",
    "2026-07-21T09:36:00",
    title="A nightly clean-up job failed as it often does; what users feel is a release with wrong settings",
    drawn_from="incidents where the loudest red thing in the namespace had nothing to do with the fault",
    why="The job failed hours before and nobody waits for it; errors begin with the roll-out, in the pods of "
    "its template.",
    expect=[Fault("Deployment/prescriptions", "configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "no_action", "scale_workload", "scale_database", "isolate_workload"],
)
def noise(w: World) -> None:
    nodes(w, "ph-1", "ph-2")
    night = hours(6) + minutes(36)
    sweep = pod_spec(container("sweep", "registry.pharmacy.example/sweep:1", port=0, ready=None))
    failed = job(
        w,
        "sweep-29743380",
        sweep,
        age=night,
        pods=failed_tries(night, count=4, lasts=40),
        failed="BackoffLimitExceeded",
        cron="sweep",
        schedule="0 3 * * *",
    )
    log(
        w,
        failed,
        0,
        "python",
        [L(night - 33, "error", "FileNotFoundError: /mnt/inbox is empty, nothing to sweep", "sweep")],
    )
    image = "registry.pharmacy.example/prescriptions:10.4"
    specs = [
        pod_spec(container("app", image, env={"INSURER_URL": url, "TZ": "UTC"}))
        for url in ("https://gw.insurer.example/api", "https://gw-test.insurer.example/api")
    ]
    top = deployment(w, "prescriptions", [Rev(specs[0], days(13)), Rev(specs[1], minutes(20))], 3)
    service(w, "prescriptions")
    for index in range(3):
        log(
            w,
            top,
            index,
            "logback",
            often(
                6,
                1150,
                1,
                "error",
                [
                    "insurer answered 401 for https://gw-test.insurer.example/api/cover/{n}",
                    "cover check failed, answering 500",
                ],
                "c.p.cover.CoverClient",
            ),
        )
    requests(w, "prescriptions", rate=flat(14), errors=lambda age: 0.52 if age < 1170 else 0.001)
    alert(
        w,
        "KubeJobFailed",
        night - minutes(20),
        "Job pharmacy/sweep-29743380 failed to complete",
        job_name="sweep-29743380",
        severity="warning",
    )


@case(
    "no-evidence-but-an-alert",
    "unknown-land",
    "2026-11-30T22:22:00",
    title="An alert fires and nothing could be read: no objects, no logs, no metrics",
    drawn_from="outages that take the API and the monitoring with them",
    why="Without evidence every cause is a guess; the one right thing is to say so and to call a person.",
    expect=[Fault("", "unknown", "page_human")],
    tolerated=[],
    forbidden=[*HARM, "no_action"],
)
def no_evidence(w: World) -> None:
    alert(w, "FrontendDown", minutes(6), "frontend does not answer from outside", service="frontend")
    taken(
        w,
        ("pods", False, "timed out after 5 s"),
        ("events", False, "timed out after 5 s"),
        ("prometheus", False, "connection refused"),
    )


@case(
    "healthy-at-scale-after-hpa",
    "deals",
    "2026-10-15T12:01:00",
    title="The autoscaler has just added replicas for a wave of traffic and all is well",
    drawn_from="busy but healthy systems that look like trouble: young pods, high CPU, many events",
    why="Young pods and a high rate are the autoscaler at work; errors and latency never moved.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=[],
    forbidden=HARM,
)
def busy(w: World) -> None:
    nodes(w, "de-1", "de-2", "de-3", cpu="16")
    spec = pod_spec(container("web", "registry.deals.example/web:202", cpu=("500m", "2")))
    top = deployment(
        w,
        "web",
        [Rev(spec, days(7))],
        [P(age=days(7)) for _ in range(3)] + [P(age=minutes(18) - 5 * i) for i in range(3)],
        scaled=minutes(18),
    )
    service(w, "web")
    scaler = hpa(w, top, low=3, high=20, now=6, used=64, scaled=minutes(18))
    event(
        w,
        scaler,
        "SuccessfulRescale",
        "New size: 6; reason: cpu resource utilization (percentage of request) above target",
        kind="Normal",
        last=minutes(18),
    )
    event(
        w, top.pods[4], "Unhealthy", "Readiness probe failed: connection refused", last=minutes(17.8), container="web"
    )
    well(w, "carts", "registry.deals.example/carts:91", talk=True)
    requests(w, "web", rate=pulse(140, 330, minutes(22), 0), errors=flat(0.0008), p95=flat(0.14))
    exact(w, "hpa_replicas", {"component": "web"}, pulse(3, 6, minutes(18), 0))
    exact(w, "hpa_max", {"component": "web"}, flat(20))
    taken(w, ("objects", True, ""), ("prometheus", True, ""))
