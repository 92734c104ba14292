"""Names that exist and that several services cannot resolve; one service with a wrong name is not the DNS."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.names import NO_CRAT, UNRESOLVED
from tests.diagnosis.rules.scenes import (
    CALLS_CART,
    MORE,
    ROOM,
    SHOP,
    autoscaler,
    errors,
    killed,
    logs,
    policy,
    rate,
    shop,
)
from tests.diagnosis.rules.tiny import (
    DAY,
    Obj,
    at,
    event,
    figure,
    log,
    pod,
    postgres,
    service_for,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Snapshot

OVERLOADED = ("Deployment/offers", "configuration_error", "rollback_workload")
DNS = ("Service/kube-dns", "network_fault", "page_human")
LATE = "dial tcp: lookup cart on 10.96.0.10:53: read udp 10.1.2.2:4242->10.96.0.10:53: i/o timeout"
CLIENTS = ("one", "two", "three")


def callers() -> list[list[Obj]]:
    return [shop(env=CALLS_CART), workload("web", env=CALLS_CART), workload("cart")]


def no_slices(name: str) -> Obj:
    """Return the slices of a headless Service none of whose pods is ready."""
    made = thing("EndpointSlice", f"{name}-x", endpoints=[])
    made["metadata"]["labels"] = {"kubernetes.io/service-name": name}
    return made


def chatty(name: str, *, before: Obj | None = None, released: float = 600, **spec: Any) -> list[Obj]:
    """Return a workload whose release changed how it asks for names."""
    made = workload(name, before={}, released=released, spec=spec)
    old = next(each for each in made if each["metadata"]["name"] == f"{name}-r1")
    inside = old["spec"]["template"]["spec"]
    for key in spec:
        del inside[key]
    inside |= before or {}
    return made


def ndots(number: int) -> Obj:
    return {"options": [{"name": "ndots", "value": str(number)}, {"name": "timeout", "value": "2"}]}


FOREIGN = "getaddrinfo EAI_AGAIN api.partner.example"
SUDDEN = figure("dns_error_ratio", 0, 0.3, 590)
COREDNS = "registry.k8s.io/coredns/coredns:v1.12"


def released(released: float = 600, *, before: Obj, killed_at: float = 300, count: int = 2, **now: Any) -> Snapshot:
    """Return callers that miss names since ten minutes, and servers that were released and killed for memory."""
    servers = workload("coredns", COREDNS, ready=1, port=53, released=released, before=before, **now)
    lines = [*logs("shop", UNRESOLVED[0], since=480), *logs("web", LATE, since=470)]
    return snapshot(*callers(), killed(servers, count, killed_at), logs=lines)


def overrun(
    *more: Any, of: str = "coredns", figures: Any = (), count: int = 2, lived: float = 480, **of_dns: Any
) -> Snapshot:
    """Return callers that miss names, and name servers that were killed for memory again some minutes after a start."""
    servers = killed(workload(of, f"registry.example/{of}:1", ready=1, port=53, age=90 * DAY, **of_dns), count)
    for each in (each for each in servers if each["kind"] == "Pod"):
        for ended in (c["lastState"]["terminated"] for c in each["status"]["containerStatuses"] if c.get("lastState")):
            ended["startedAt"] = at(300 + lived)
    lines = [*logs("shop", UNRESOLVED[0], since=480), *logs("web", LATE, since=470)]
    return snapshot(*callers(), servers, *more, logs=lines, figures=figures)


BUSIER = [rate(name, 40, 64, 1500) for name in ("shop", "web", "cart")]
ASKED_MORE = figure("dns_request_rate", 900, 1600, 1500)
TOO_FEW = ("Deployment/coredns", "capacity", "scale_workload")
ITS_OWN = ("Deployment/coredns", "configuration_error", "rollback_workload")
ILL = ("Deployment/coredns", "network_fault", "page_human")

HOLDS = [
    Holds(
        "its pods are killed since a release lowered their memory limit",
        released(before=MORE, **ROOM),
        ITS_OWN,
        excludes=(*no("restart_workload", at="Deployment/coredns"), *no("rollback_workload", at=SHOP)),
        alone=True,
    ),
    Holds("all of its pods end since its release", released(before={"args": ["-old"]}, args=["-new"]), ITS_OWN),
    Holds("one of its pods ended since", released(before={"args": ["-old"]}, args=["-new"], count=1), ILL),
    Holds("it was released long before", released(9000, before={"args": ["-old"]}, args=["-new"]), ILL),
    Holds("names failed before its limit was lowered", released(200, before=MORE, killed_at=100, **ROOM), ILL),
    Holds("its release raised the limit, an hour ago", released(3600, before=ROOM, **MORE), ILL),
    Holds(
        "its servers have no processor time left: more of them answer more",
        snapshot(
            *callers(),
            workload("coredns", "registry.k8s.io/coredns/coredns:v1.11.3", nodes=("n1", "n2")),
            figures=[
                SUDDEN,
                *(figure("cpu_share", 0.3, 0.99, pod=pod("coredns", n), container="coredns") for n in range(2)),
                *(figure("throttled_share", 0.0, 0.8, pod=pod("coredns", n), container="coredns") for n in range(2)),
            ],
            logs=[*logs("shop", LATE), *logs("web", LATE)],
        ),
        ("Deployment/coredns", "capacity", "scale_workload"),
    ),
    Holds(
        "its pods run out of memory soon after each start, while all who ask have more to do",
        overrun(figures=BUSIER),
        TOO_FEW,
        excludes={*no("restart_workload", at="Deployment/coredns"), *no("rollback_workload", at=SHOP)},
        alone=True,
        harmful=("restart_workload",),
    ),
    Holds("so does another server", overrun(of="kube-dns", figures=BUSIER), ("Deployment/kube-dns", *TOO_FEW[1:])),
    Holds("its memory runs out, and its own count of questions has grown", overrun(figures=[ASKED_MORE]), TOO_FEW),
    Holds(
        "its memory runs out, nobody measures, and autoscalers have grown those who ask",
        overrun(
            autoscaler("shop", 2, 8),
            event("Deployment/shop", "ScalingReplicaSet", "Scaled up replica set shop-r1 to 2 from 1", age=1500),
        ),
        TOO_FEW,
    ),
    Holds("its memory runs out while all have as much to do as ever", overrun(figures=[rate("shop")]), ILL),
    Holds("more names are asked for, and no more is done", overrun(figures=[ASKED_MORE, rate("shop")]), ILL),
    Holds("one of many does more", overrun(figures=[BUSIER[0], rate("web"), rate("cart")]), ILL),
    Holds("its memory filled over half a day", overrun(figures=BUSIER, lived=40000), ILL),
    Holds("one of its pods ran out of memory", overrun(figures=BUSIER, count=1), ILL),
    Holds("it was released hours ago", overrun(figures=BUSIER, released=9000, before={"args": ["-old"]}), ILL),
    Holds(
        "more names are asked for since a release of who may ask for them",
        overrun(workload("mail", before={"image": "mail:1"}, released=900), figures=[ASKED_MORE]),
        ILL,
    ),
    Holds(
        "a release lost ndots:1, and names fail since then, at a neighbour too",
        snapshot(
            chatty("offers", before={"dnsConfig": ndots(1)}),
            shop(),
            figures=[SUDDEN, errors("offers", 0.4, 590)],
            logs=[*logs("offers", FOREIGN, 0, 1), *logs("shop", FOREIGN)],
        ),
        OVERLOADED,
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        alone=True,
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "a release lost ndots:1, and nobody measures",
        snapshot(
            chatty("offers", dnsConfig=ndots(8), before={"dnsConfig": ndots(2)}),
            shop(),
            logs=[*logs("offers", FOREIGN, since=580), *logs("shop", FOREIGN, since=570)],
        ),
        OVERLOADED,
    ),
    Holds(
        "a release no longer asks the node's own DNS",
        snapshot(
            chatty("offers", before={"dnsPolicy": "Default"}), figures=[SUDDEN], logs=logs("offers", FOREIGN, since=580)
        ),
        OVERLOADED,
    ),
    Holds(
        "a release lost ndots:1 an hour before",
        snapshot(
            chatty("offers", before={"dnsConfig": ndots(1)}, released=3600),
            shop(),
            figures=[SUDDEN],
            logs=[*logs("offers", FOREIGN), *logs("shop", FOREIGN)],
        ),
        DNS,
    ),
    Holds(
        "a release asks fewer names",
        snapshot(
            chatty("offers", dnsConfig=ndots(1)),
            shop(),
            figures=[SUDDEN],
            logs=[*logs("offers", FOREIGN), *logs("shop", FOREIGN)],
        ),
        DNS,
    ),
    *(
        Holds(
            f"services in two languages at once: {line}",
            snapshot(*callers(), logs=[*logs("shop", UNRESOLVED[0], times=2), *logs("web", line, times=2)]),
            DNS,
            excludes=no("restart_workload", at=SHOP),
        )
        for line in UNRESOLVED[1:]
    ),
    Holds(
        "questions that are not answered in time",
        snapshot(*callers(), logs=[*logs("shop", LATE, times=1), *logs("web", LATE, times=1)]),
        DNS,
        alone=True,
    ),
    Holds(
        "its own pods are ill",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart"),
            workload("coredns", "registry.k8s.io/coredns/coredns:v1.12", ready=0, port=53),
            logs=logs("shop", UNRESOLVED[0], times=1),
        ),
        ("Deployment/coredns", "network_fault", "page_human"),
    ),
    Holds(
        "one of its two pods is ill, and nobody misses an answer",
        snapshot(
            shop(env=CALLS_CART),
            workload("coredns", "registry.k8s.io/coredns/coredns:v1.12", pods=2, ready=1, port=53),
        ),
        ("Deployment/coredns", "network_fault", "page_human"),
        sure=(0.25, 0.6),
    ),
    Holds(
        "its own figures: questions fail",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart"),
            figures=[figure("dns_error_ratio", 0, 0.4)],
            logs=logs("shop", UNRESOLVED[0], times=1),
        ),
        DNS,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "names fail for pods of one node only",
        snapshot(
            *callers(), logs=[each for n in ("shop", "web") for each in (*logs(n, LATE), log(pod(n, 1), "INFO ok"))]
        ),
        ("Node/n1", "network_fault", "page_human"),
    ),
    DoesNotHold(
        "one service with one wrong name",
        snapshot(shop(env=CALLS_CART), workload("cart"), logs=logs("shop", NO_CRAT, times=1)),
        (SHOP, "configuration_error", "page_human"),
    ),
    DoesNotHold(
        "a headless Service without ready pods has no address",
        snapshot(
            postgres(ready=0, service=False),
            service_for("postgres", headless=True, port=5432),
            no_slices("postgres"),
            *(workload(name, env={"DB_HOST": "postgres"}) for name in CLIENTS),
            logs=[line for name in CLIENTS for line in logs(name, "java.net.UnknownHostException: postgres", times=1)],
        ),
        ("StatefulSet/postgres", "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "a new policy forgets the DNS",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart"),
            policy(
                "out",
                "shop",
                egress=[{"to": [{"podSelector": {"matchLabels": {"app": "cart"}}}], "ports": [{"port": 8080}]}],
            ),
            logs=logs("shop", UNRESOLVED[0], times=1),
        ),
        ("NetworkPolicy/out", "network_fault", "page_human"),
    ),
]
