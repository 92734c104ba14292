"""Healthy but loud, over already, nobody knows, and demand that only other logs tell of."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.jobs import failed_tries, job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import node, nodes
from tests.diagnosis.casemaker.pods import P, running, terminated
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.signals import flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "message-provider-refuses-too-many",
    "dentist",
    "2026-03-30T08:45:00",
    title="A provider of text messages answers 429 to everything; a release of yesterday and a failed Job are innocent",
    drawn_from="quotas of messaging providers used up by a campaign of somebody else with the same account",
    why="Every error names the provider; it began hours after the release and days after the Job; nothing here helps.",
    expect=[Fault("Deployment/reminders", "dependency_failure", "page_human")],
    acceptable=[
        ("dependency_failure", "page_human", "*"),
        ("capacity", "page_human"),
        ("configuration_error", "page_human"),
    ],
    tolerated=[],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
    ],
)
def provider(w: World) -> None:
    nodes(w, "de-1", "de-2")
    reminders = well(
        w,
        "reminders",
        "registry.dentist.example/reminders:4.1",
        pods=2,
        age=hours(19),
        before="registry.dentist.example/reminders:4.0",
    )
    well(w, "calendar", "registry.dentist.example/calendar:30", talk=True)
    night = hours(30)
    spec = pod_spec(container("export", "registry.dentist.example/export:2", port=0, ready=None))
    job(
        w,
        "export-29580000",
        spec,
        age=night,
        pods=failed_tries(night, count=3, lasts=20),
        failed="BackoffLimitExceeded",
        cron="export",
        schedule="0 2 * * *",
    )
    for index in range(2):
        lines = [
            '{"status": 429, "code": 20429, "message": "Too Many Requests", "host": "api.texts.example"}',
            "twilio.base.exceptions.TwilioRestException: HTTP 429 error: Unable to create record: Too Many Requests "
            "POST https://api.texts.example/2010-04-01/Messages.json",
        ]
        log(w, reminders, index, "python", often(8, 2800, 1, "error", lines, "reminders.send"))
    requests(w, "reminders", rate=flat(3), errors=step(0.002, 0.96, minutes(46)))
    alert(w, "RemindersFail", minutes(40), "most reminders are not sent", service="reminders")


@case(
    "throttling-alert-on-a-service-that-is-well",
    "observatory",
    "2026-09-22T15:00:00",
    title=(
        "CPUThrottlingHigh fires for a batch worker, a probe failed at a start last week, a Job failed "
        "in the night; all is well"
    ),
    drawn_from="CPUThrottlingHigh of kube-prometheus, severity info, which fires for every batch worker",
    why=(
        "Users get what they always get; the throttled worker has done so for as long as there are "
        "figures; nothing changed."
    ),
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def throttled(w: World) -> None:
    nodes(w, "ob-1", "ob-2")
    gallery = well(w, "gallery", "registry.observatory.example/gallery:8", pods=3, age=days(26), talk=True)
    spec = pod_spec(container("stack", "registry.observatory.example/stack:2", ready=None, cpu=("250m", "500m")))
    work = deployment(w, "stacker", [Rev(spec, days(80))], 2)
    event(
        w,
        gallery.pods[1],
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        last=minutes(47),
        container="gallery",
    )
    night = hours(9)
    spec = pod_spec(container("sync", "registry.observatory.example/sync:1", port=0, ready=None))
    failed = job(
        w,
        "sync-29650000",
        spec,
        age=night,
        pods=failed_tries(night, count=2, lasts=31),
        failed="BackoffLimitExceeded",
        cron="sync",
        schedule="0 6 * * *",
    )
    log(
        w,
        failed,
        0,
        "python",
        [L(night - 20, "error", "ConnectionResetError: [Errno 104] Connection reset by peer", "sync")],
    )
    for index in range(2):
        log(w, work, index, "golang", often(25, 2400, 2, "info", ["stacked frame {n}"]))
        labels = {"pod": work.pod(index), "container": "stack"}
        signal(w, "throttled_share", labels, flat(0.41))
        signal(w, "cpu_share", labels, flat(0.93))
    requests(w, "gallery", rate=flat(55), errors=flat(0.0011), p95=flat(0.21))
    alert(
        w, "CPUThrottlingHigh", hours(7), "41% throttling of CPU for container stack", pod=work.pod(0), severity="info"
    )


@case(
    "node-rebooted-and-all-came-back",
    "orchard",
    "2026-11-19T04:40:00",
    title="A node rebooted 35 minutes ago; its pods started again and have served since, nobody measured anything",
    drawn_from="unattended kernel upgrades: NodeNotReady for two minutes, exit code 255, then nothing",
    why=(
        "Every pod is ready for half an hour, the node too, the alert is resolved; what is left are "
        "restarts and old events."
    ),
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def rebooted(w: World) -> None:
    nodes(w, "or-1", "or-3")
    back = node(
        w, "or-2", conditions={"Ready": ("True", "KubeletReady", "kubelet is posting ready status")}, since=minutes(33)
    )
    event(w, back, "Rebooted", "Node or-2 has been rebooted, boot id: 5d1c7e0a", last=minutes(34), writer="kubelet")
    event(w, back, "NodeNotReady", "Node or-2 status is now: NodeNotReady", kind="Normal", last=minutes(37))
    spec = pod_spec(container("press", "registry.orchard.example/press:6"))
    last = terminated(255, "Unknown", started=days(14) - 40, finished=minutes(33.5))
    again = P(node="or-2", restarts=1, last=last, state=running(minutes(33)), unready=minutes(32.5))
    top = deployment(w, "press", [Rev(spec, days(14))], [P(node="or-1"), again, P(node="or-3")])
    service(w, "press")
    log(
        w,
        top,
        1,
        "golang",
        [L(minutes(33), "info", "listening on :8080"), *often(20, 1900, 3, "info", ["GET /lot/{n} 200"])],
    )
    log(w, top, 0, "golang", often(20, 1900, 3, "info", ["GET /lot/{n} 200"]))
    alert(w, "KubeNodeNotReady", minutes(36), "node or-2 has been unready", ended=minutes(29), node="or-2")


@case(
    "slow-and-nobody-knows-why",
    "lottery",
    "2026-01-31T21:04:00",
    title="Answers of one service take four times as long as before; nothing that can be seen explains it",
    drawn_from="pages on latency whose cause was only found with a profiler days later",
    why="No release, no more traffic, no pressure, no complaint of anything behind; any remedy would be a guess.",
    expect=[Fault("Deployment/stubs", "unknown", "page_human")],
    acceptable=[("unknown", "page_human", "*")],
    tolerated=[],
    forbidden=[*HARM, "no_action"],
)
def slow(w: World) -> None:
    nodes(w, "lo-1", "lo-2")
    stubs = well(
        w,
        "stubs",
        "registry.lottery.example/stubs:14",
        pods=3,
        age=days(21),
        before="registry.lottery.example/stubs:13",
        talk=True,
    )
    well(w, "rules", "registry.lottery.example/rules:2", talk=True)
    for index in range(3):
        labels = {"pod": stubs.pod(index), "container": "stubs"}
        signal(w, "cpu_share", labels, flat(0.31))
        signal(w, "memory_share", labels, flat(0.5))
        signal(w, "latency_p95_by_pod", {"pod": stubs.pod(index)}, step(0.3, 1.3, minutes(26)))
    requests(w, "stubs", rate=flat(61), errors=flat(0.0006), p95=step(0.3, 1.3, minutes(26)))
    alert(w, "StubsLatency", minutes(18), "stubs p95 above 1 s", service="stubs")


@case(
    "all-workers-of-the-interpreter-busy",
    "theatre",
    "2026-10-02T10:03:00",
    title="Ticket sales open; PHP-FPM reaches pm.max_children in all pods and nginx answers 502 and 504",
    drawn_from="server reached pm.max_children setting, consider raising it: PHP sites at the opening of a sale",
    why="Requests trebled within minutes and each pod serves as many at once as it may, with its "
    "processor half idle; more "
    "pods serve more, and there is room for them.",
    expect=[Fault("Deployment/box-office", "capacity", "scale_workload")],
    acceptable=[
        ("resource_exhaustion", "scale_workload"),
        ("capacity", "page_human"),
        ("configuration_error", "page_human"),
    ],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def children(w: World) -> None:
    nodes(w, "th-1", "th-2", "th-3", cpu="16")
    top = well(w, "box-office", "registry.theatre.example/box-office:2026.9", pods=3, age=days(12))
    for index in range(3):
        lines = [
            "WARNING: [pool www] server reached pm.max_children setting (20), consider raising it",
            "*{n} upstream timed out (110: Operation timed out) while reading response header from upstream, "
            'client: 10.0.0.9, server: _, request: "GET /sale HTTP/1.1", upstream: "fastcgi://127.0.0.1:9000"',
        ]
        log(w, top, index, "nginx_error", often(7, 1020, 1, "error", lines))
        signal(w, "cpu_share", {"pod": top.pod(index), "container": "box-office"}, step(0.2, 0.52, minutes(18)))
    requests(
        w,
        "box-office",
        rate=step(40, 130, minutes(19), over=240),
        errors=step(0.001, 0.22, minutes(17)),
        p95=step(0.3, 9, minutes(17)),
    )
    alert(w, "BoxOfficeErrors", minutes(12), "22% of requests to box-office fail", service="box-office")
