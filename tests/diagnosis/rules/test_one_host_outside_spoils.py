"""All that is bad came over one host of a party outside; of a tenant, a kind of message or our own change it is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert, errors, ingress
from tests.diagnosis.rules.tiny import DAY, Obj, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

BANK, POST = "Deployment/bank", "Deployment/post"
HOSTS = ("gw1.clearing.example", "gw2.clearing.example", "gw3.clearing.example")
JSON = (
    '{{"level":"info","msg":"booked","via":"{0}","no":"B{1}"}}',
    '{{"level":"error","msg":"cannot read","via":"{0}"}}',
)
LOGFMT = ("level=info msg=settled peer={2}:8443 no=B{1}", 'level=warn msg="signature does not match" peer={2}:8443')
PLAIN = ("INFO stored document {1} (source: {2})", "ERROR document is damaged: bad checksum (source: {2})")
"""How a program tells what it took, and what it could not take; of {0} by the first part of a name, of {2} by all."""
METHODS = ("cards.psp.example", "sepa.psp.example", "paypal.psp.example")
BY_METHOD = (
    '{{"level":"info","msg":"paid","method":"{0}","no":"B{1}"}}',
    '{{"level":"error","msg":"cannot book: unknown account","method":"{0}"}}',
)
BY_NODE = (BY_METHOD[0].replace("method", "gateway_node"), BY_METHOD[1].replace("method", "gateway_node"))
BUILD = {"image": "registry.example/bank:0"}
Told = tuple[str, str]


def map_of(*hosts: str, age: float = 40 * DAY, written: float | None = None) -> Obj:
    addresses = ", ".join(f"{host}:8443" for host in hosts)
    return thing("ConfigMap", "way-out", age=age, written=written, data={"hosts.yaml": f"endpoints: [{addresses}]"})


def lines_of(
    told: Told, hosts: Sequence[str], bad: Sequence[str], since: float, until: float
) -> Iterator[tuple[float, str]]:
    """Yield what came over hosts within an hour, one after the other, and of which some is bad since a time."""
    for n in range(90):
        age, host = 3600 - n * 40, hosts[n % len(hosts)]
        form = told[1] if host in bad and until <= age <= since else told[0]
        yield age, form.format(host.partition(".")[0], n, host)


def world(
    *beside: Any,
    told: Told = JSON,
    other: Told | None = LOGFMT,
    hosts: Sequence[str] = HOSTS,
    bad: Sequence[str] = HOSTS[1:2],
    since: float = 1500,
    until: float = 0,
    named: Obj | None = None,
    calls: bool = True,
    post: dict[str, Any] | None = None,
    **bank: Any,
) -> Snapshot:
    """Return two programs that take what comes over hosts outside, the one by JSON, the other by other words."""
    logs = [timed(pod("bank", n), *lines_of(told, hosts, bad, since, until)) for n in range(2)]
    if other:
        logs += [timed(pod("post", n), *lines_of(other, hosts, bad, since, until)) for n in range(2)]
    return snapshot(
        workload("bank", **bank),
        workload("post", **(post or {})),
        named or map_of(*HOSTS),
        *beside,
        logs=logs,
        alerts=[alert(service="bank")] if calls else [],
    )


RELEASED: dict[str, Any] = {"before": BUILD, "released": 2300}
QUEUE: dict[str, Any] = {"env": {"KAFKA": "kafka:9092"}}
KAFKA = workload("kafka", "apache/kafka:3.9", kind="StatefulSet", pods=1, port=9092)
THIRD = workload("third")
"""A program that takes what comes over hosts outside as others do, and has nothing to do with them."""


def failing(world: Snapshot) -> Snapshot:
    """Return a world in which users of the bank see errors since then."""
    return replace(world, metrics={"error_ratio": (errors("bank", 0.3, 1500)[1],)})


def sending(**intake: Any) -> Snapshot:
    """Return both on a broker to which a third program sends."""
    return world(KAFKA, workload("intake", **QUEUE, **intake), post=QUEUE, **QUEUE)


def with_third(world: Snapshot) -> Snapshot:
    told = (timed(pod("third", n), *lines_of(LOGFMT, HOSTS, HOSTS[1:2], 1500, 0)) for n in range(2))
    return replace(world, logs=(*world.logs, *told))


SAID = (BANK, "dependency_failure", "page_human")
HARMFUL = ("restart_workload", "rollback_workload", "scale_workload")
HOLDS = [
    Holds(
        "two programs, one of which was released before, cannot take what comes over one host",
        world(**RELEASED),
        SAID,
        excludes=(*no(*HARMFUL, at=BANK), *no(*HARMFUL, at=POST)),
        harmful=HARMFUL,
    ),
    Holds("one program that nobody touched cannot take it", world(other=None), SAID, harmful=HARMFUL),
    Holds("documents from one source are damaged, in plain words", world(told=PLAIN, other=None), SAID),
    Holds("of two hosts one is bad", world(hosts=HOSTS[:2]), SAID),
    Holds(
        "a field says that the first part of a host is a gateway's",
        world(told=BY_NODE, hosts=METHODS, bad=METHODS[1:2], other=None, named=map_of(*METHODS)),
        SAID,
    ),
    Holds("both read of a broker, to which nobody sends who was released", sending(), SAID, harmful=HARMFUL),
    Holds(
        "one that was released calls another, and a third one that has nothing to do with them tells of it too",
        with_third(world(THIRD, env={"POST_URL": "http://post:8080"}, **RELEASED)),
        SAID,
        harmful=HARMFUL,
    ),
    Holds(
        "settings of a program name the hosts",
        world(
            named=thing("ConfigMap", "none", data={}),
            env={f"GATEWAY_{n}": f"https://{host}:8443/in" for n, host in enumerate(HOSTS)},
        ),
        SAID,
    ),
]
EDGE = workload("edge", env={"UPSTREAM": f"https://{HOSTS[1]}:8443"}, before={"image": "edge:0"}, released=1600)
OURS = [ingress(f"way-in-{n}", host, service="bank") for n, host in enumerate(HOSTS)]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a proxy of ours to these hosts was released then",
        world(EDGE),
        ("Deployment/edge", "code_defect", "rollback_workload"),
    ),
    *(
        DoesNotHold(
            f"one that was released may have handed on what the other cannot take: {what}",
            failing(made),
            (BANK, "code_defect", "rollback_workload"),
        )
        for what, made in (
            ("it calls that one", world(env={"POST_URL": "http://post:8080"}, before=BUILD, released=1600)),
            (
                "that one calls it",
                world(post={"env": {"BANK_URL": "http://bank:8080"}}, before=BUILD, released=1600),
            ),
            ("both have a broker", world(KAFKA, post=QUEUE, **QUEUE, before=BUILD, released=1600)),
        )
    ),
    DoesNotHold(
        "who sends both over a broker was released then",
        sending(before={"image": "intake:0"}, released=1600),
        ("Deployment/intake", "code_defect", "rollback_workload"),
    ),
    *(
        DoesNotHold(what, made)
        for what, made in (
            ("what comes over all hosts is bad", world(bad=HOSTS, **RELEASED)),
            ("what comes over two of three is bad", world(bad=HOSTS[:2])),
            ("it was so as far as logs reach back", world(since=3600)),
            ("it is over for long", world(until=1000)),
            ("the only one that tells was released then", world(other=None, **RELEASED)),
            (
                "both that tell were released then",
                world(post={"before": {"image": "post:0"}, "released": 2300}, **RELEASED),
            ),
            ("what is bad is of one customer", world(hosts=("acme", "globex", "initech"), bad=("globex",))),
            ("names of hosts are nowhere in settings", world(named=thing("ConfigMap", "none", data={}))),
            (
                "the first part of a host is a word of our own",
                world(told=BY_METHOD, other=None, hosts=METHODS, bad=METHODS[1:2], named=map_of(*METHODS)),
            ),
            ("hosts are where our own users come in", world(*OURS)),
            ("the list of hosts was written then", world(named=map_of(*HOSTS, written=1600))),
            ("nobody suffers", world(calls=False)),
            (
                "what was taken does not tell over which host it came",
                world(told=("INFO booked {1}", JSON[1]), other=None),
            ),
        )
    ),
]
