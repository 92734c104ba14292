"""Changes outside of images: a reloaded ConfigMap, a quota, a limit, mere demand."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import config_map, nodes, quota
from tests.diagnosis.casemaker.pods import P, oom, running
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "configmap-reloaded-in-place",
    "pricing-eu",
    "2026-06-17T16:26:00",
    title="A ConfigMap was edited and read again by running pods; every answer is wrong since that minute",
    drawn_from="feature flags and limits that are reloaded without a roll-out",
    why="No pod restarted and no template changed; the errors begin when the pods reload the edited file; "
    "somebody must put the value back.",
    expect=[Fault("ConfigMap/discount-rules", "configuration_error", "page_human")],
    acceptable=[("configuration_error", "page_human", "Deployment/discounts")],
    tolerated=[],
    forbidden=["rollback_workload", "restart_workload", "scale_workload", "no_action", "scale_database"],
)
def reloaded(w: World) -> None:
    nodes(w, "pe-1", "pe-2")
    inner = container("discounts", "registry.pricing.example/discounts:9.9", mounts={"rules": "/etc/rules"})
    specs = [
        pod_spec(
            inner | {"image": f"registry.pricing.example/discounts:{v}"}, volumes={"rules": "configmap/discount-rules"}
        )
        for v in ("9.8", "9.9")
    ]
    top = deployment(w, "discounts", [Rev(specs[0], days(50)), Rev(specs[1], days(17))], 3)
    service(w, "discounts")
    config_map(
        w,
        "discount-rules",
        {"rules.json": '{"max_percent": "thirty", "currencies": ["EUR"]}'},
        age=days(200),
        changed=minutes(23),
    )
    config_map(w, "discount-texts", {"de.json": "{}"}, age=days(200), changed=days(120))
    for index in range(3):
        log(
            w,
            top,
            index,
            "logback",
            [
                L(minutes(22), "info", "file /etc/rules/rules.json changed, reloading", "c.p.rules.Watcher"),
                *often(
                    14,
                    minutes(22) - 5,
                    1,
                    "error",
                    ['java.lang.NumberFormatException: For input string: "thirty"', "POST /discount 500"],
                    "c.p.rules.Engine",
                ),
            ],
        )
    requests(w, "discounts", rate=flat(75), errors=step(0.0005, 0.99, minutes(22)))
    well(w, "vat", "registry.pricing.example/vat:3")
    alert(w, "DiscountErrors", minutes(19), "99% of requests to discounts fail", service="discounts")


@case(
    "surge-of-a-release-over-quota",
    "lab-portal",
    "2026-04-01T11:30:00",
    title="A roll-out waits because its extra pod would exceed the quota; the old pods serve",
    drawn_from="deployments stuck at one surge pod in namespaces whose quota fits the replicas exactly",
    why="Nothing is wrong with either template; the namespace has no room for one more pod; a person must "
    "raise the quota or change the surge.",
    expect=[Fault("ResourceQuota/lab", "resource_exhaustion", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human", "Deployment/samples"),
        ("capacity", "page_human", "*"),
        ("configuration_error", "page_human", "*"),
    ],
    tolerated=["rollback_workload"],
    forbidden=["restart_workload", "scale_workload", "no_action", "isolate_workload"],
)
def surge(w: World) -> None:
    nodes(w, "lb-1", "lb-2")
    specs = [
        pod_spec(container("samples", f"registry.lab.example/samples:{v}", cpu=("1", "1"))) for v in ("2.1", "2.2")
    ]
    denied = (
        'pods "{set}-7mxk2" is forbidden: exceeded quota: lab, requested: requests.cpu=1, used: '
        "requests.cpu=4, limited: requests.cpu=4"
    )
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    top = deployment(
        w,
        "samples",
        [Rev(specs[0], days(70)), Rev(specs[1], minutes(18))],
        [P(0), P(0), P(0), P(0)],
        replicas=4,
        desired={0: 4, 1: 1},
        failure=denied,
        strategy=strategy,
    )
    text = denied.replace("{set}", top.sets[1]["metadata"]["name"])
    event(w, top.sets[1], "FailedCreate", f"Error creating: {text}", first=minutes(18), last=minutes(2), count=16)
    service(w, "samples")
    quota(w, "lab", {"requests.cpu": "4"}, {"requests.cpu": "4"})
    log(w, top, 0, "python", often(20, 900, 2, "info", ["GET /samples/{n} 200"], "samples.web"))


@case(
    "limit-cut-objects-only",
    "mail",
    "2026-02-22T04:12:00",
    title="The memory limit of the same image was cut; only the objects tell, there are no metrics and no logs",
    drawn_from="clusters without monitoring where the container's last state is all there is",
    why="Last state OOMKilled in every pod of the new template, whose only change is the limit; the older "
    "template ran for months.",
    expect=[Fault("Deployment/spam-filter", "configuration_error", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "no_action", "scale_database"],
)
def objects_only(w: World) -> None:
    nodes(w, "ml-1", "ml-2")
    image = "registry.mail.example/spam-filter:8.3"
    specs = [
        pod_spec(container("filter", image, port=7357, memory=memory))
        for memory in (("1Gi", "1536Mi"), ("512Mi", "640Mi"))
    ]
    pods = [
        P(1, age=minutes(44), restarts=6, backoff="2m40s", last=oom(started=250, finished=100), unready=100),
        P(1, age=minutes(43), restarts=6, state=running(40), last=oom(started=400, finished=210), unready=30),
    ]
    top = deployment(
        w,
        "spam-filter",
        [Rev(specs[0], days(130)), Rev(specs[1], minutes(44))],
        pods,
        age=days(400),
        labels={"k8s-app": "spam-filter"},
    )
    for pod in top.pods:
        restarting(w, pod, first=minutes(40), last=30, count=41)
    service(w, "spam-filter", {"k8s-app": "spam-filter"}, port=7357, target=7357)
    well(w, "smtp-in", "registry.mail.example/smtp-in:5", labels={"k8s-app": "smtp-in"}, port=2525)


@case(
    "memory-follows-the-load",
    "stream-chat",
    "2026-12-31T23:12:00",
    title="Memory rises with the number of connections on New Year's Eve; it is no leak",
    drawn_from="stateful connections whose memory per client is constant: it grows and shrinks with demand",
    why="Nothing was released; memory tracks the request rate; more replicas share the connections, and a "
    "restart only sheds and gets them back.",
    expect=[Fault("Deployment/relay", "capacity", "scale_workload")],
    acceptable=[("resource_exhaustion", "scale_workload")],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "restart_workload", "no_action", "scale_database"],
)
def by_load(w: World) -> None:
    nodes(w, "sc-1", "sc-2", "sc-3")
    specs = [
        pod_spec(container("relay", f"registry.chat.example/relay:{v}", memory=("512Mi", "1Gi"))) for v in ("18", "19")
    ]
    pods = [
        P(
            1,
            age=days(19),
            restarts=1,
            last=oom(started=days(19), finished=minutes(6)),
            state=running(minutes(6) - 2),
            unready=minutes(6) - 10,
        ),
        P(1),
        P(1),
    ]
    top = deployment(w, "relay", [Rev(specs[0], days(60)), Rev(specs[1], days(19))], pods)
    service(w, "relay")
    well(w, "history", "registry.chat.example/history:6")
    for index in range(3):
        labels = {"pod": top.pod(index), "container": "relay"}
        signal(w, "memory_share", labels, ramp(0.38, 0.985, minutes(50), minutes(7)))
        signal(w, "cpu_share", labels, ramp(0.25, 0.66, minutes(50), minutes(7)))
    requests(
        w,
        "relay",
        rate=ramp(300, 790, minutes(50), minutes(7)),
        errors=step(0.001, 0.03, minutes(6)),
        p95=ramp(0.05, 0.4, minutes(50)),
    )
