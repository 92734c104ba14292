"""Connections from one zone to another time out, as proxies tell, or pods are ill in one zone alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node, pods_of
from tests.diagnosis.rules.scenes import errors, failing, policy
from tests.diagnosis.rules.tiny import SPACE, Obj, figure, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

SINCE = 1200
HERE, THERE = "Deployment/shop-a", "Deployment/shop-b"
ACT = ("restart_workload", "rollback_workload", "restart_connection_pool", "scale_workload")
SWITCHED, TOLD = (HERE, "network_fault", "switch_traffic"), (HERE, "network_fault", "page_human")
LATE = "503 URX,UF upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_110}"
TIMEOUT = "503 UF upstream_reset_before_response_started{connection_timeout}"
REFUSED = LATE.replace("110", "111")
SLOW = "504 UT upstream_response_timeout"
WELL = "200 - via_upstream"
NAMES = ("shop-a", "shop-b", "cart", "stock", "prices")
ON = {"shop-a": ("n1", "n2"), "shop-b": ("n3", "n4"), "cart": ("n1", "n3")}
"""Where pods run; those of others are on n3 and n4, in the second zone."""
Way = tuple[str, int, str, int]
"""Who asks by which pod whom at which pod."""
BROKEN = tuple(
    (caller, by, asked, number)
    for caller, by in (("shop-a", 0), ("shop-a", 1), ("cart", 0))
    for asked in ("stock", "prices")
    for number in (0, 1)
)
WITHIN = tuple(("shop-a", n, "cart", 0) for n in (0, 1))
THEIRS = tuple(
    (caller, by, asked, n)
    for caller, by in (("shop-b", 0), ("shop-b", 1), ("cart", 1))
    for asked in ("stock", "prices")
    for n in (0, 1)
)
OPEN = (*WITHIN, *THEIRS)
BACK = (("shop-b", 0, "cart", 0),)


def made(on: Mapping[str, Sequence[str]], more: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Obj]]:
    """Return all workloads, each of two pods."""
    return {name: workload(name, nodes=on.get(name, ("n3", "n4")), **more.get(name, {})) for name in NAMES}


def line(address: str, name: str, ends: str) -> str:
    """Return what a proxy of Istio tells of a call."""
    return (
        f'"GET /v1/x HTTP/1.1" {ends} - "-" 0 159 6006 - "-" "axios/1.7.9" "fcd42f30" "{name}:8080" "{address}:8080" '
        f"outbound|8080||{name}.{SPACE}.svc.cluster.local - 10.1.0.9:48906 10.1.0.8:59007 - default"
    )


def json(address: str, name: str, ends: str) -> str:
    """Return such a line as a record of JSON."""
    status, flags, *why = ends.split()
    return (
        f'{{"response_code":{status},"response_flags":"{flags}","response_code_details":"{"".join(why)}",'
        f'"upstream_host":"{address}:8080","upstream_cluster":"outbound|8080||{name}.{SPACE}.svc.cluster.local"}}'
    )


def tcp(address: str, name: str, ends: str) -> str:
    """Return a line about a connection that is no HTTP."""
    told = '0 - - - "-" 5428 57251' if ends == WELL else '0 UF,URX - - "delayed_connect_error:_110" 0 0'
    return f'"- - -" {told} 3001 - "-" "-" "-" "-" "{address}:8080" outbound|8080||{name}.{SPACE}.svc - 10.1.0.9:5432 -'


def proxies(objects: dict[str, list[Obj]], missed: Iterable[Way], form: Any, ends: str, last: float) -> list[Log]:
    """Return what the proxies beside pods tell: all is reached until then, and since then some is not."""
    told: dict[tuple[str, int], list[tuple[float, str]]] = {}
    broken = set(missed)
    for way in dict.fromkeys((*broken, *BROKEN, *OPEN, *BACK)):
        caller, by, asked, number = way
        address = pods_of(objects[asked])[number]["status"]["podIP"]
        for age in range(3500, 20, -100):
            fails = way in broken and last <= age < SINCE
            told.setdefault((caller, by), []).append((age, form(address, asked, ends if fails else WELL)))
    logs = [(name, timed(pod(*name), *sorted(lines, reverse=True))) for name, lines in told.items()]
    return [Log(each.pod, "istio-proxy", each.lines) for _, each in logs]


def route(*weights: int, age: float | None = None) -> Obj:
    """Return a VirtualService that deals users out to both shops."""
    ways = [{"destination": {"host": f"shop-{of}"}, "weight": n} for of, n in zip("ab", weights, strict=True)]
    return thing("VirtualService", "shop", written=age, spec={"hosts": ["shop.example"], "http": [{"route": ways}]})


def anybody(age: float) -> Obj:
    """Return a policy that lets everybody ask the stock."""
    return policy("stock", "stock", age=age, ingress=[{}])


def used(share: float) -> list[tuple[str, Series]]:
    """Return how much of their processor limit the pods of the other shop use, and that they serve well."""
    each = [figure("cpu_share", share, share, pod=pod("shop-b", n), container="shop-b") for n in (0, 1)]
    return [*each, errors("shop-b", 0.001)]


def world(
    missed: Iterable[Way] = BROKEN,
    *more: Any,
    form: Any = line,
    ends: str = LATE,
    last: float = 0,
    zones: Sequence[str] = ("a", "a", "b", "b"),
    figures: Iterable[tuple[str, Series]] = (),
    on: Mapping[str, Sequence[str]] = ON,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
) -> Snapshot:
    """Return two shops, each in a zone of its own, a cart in both, and two that are asked and are in the second."""
    objects = made(on, settings or {})
    places = [node(f"n{number}") for number in range(1, 5)]
    for each, zone in zip(places, zones, strict=True):
        each["metadata"]["labels"] = {"topology.kubernetes.io/zone": zone} if zone else {}
    told = proxies(objects, missed, form, ends, last)
    felt = [errors("shop-a", since=SINCE), errors("cart", since=SINCE), *figures]
    return snapshot(*objects.values(), *places, *more, figures=felt, logs=told)


def ill(*numbers: int, **more: Any) -> Snapshot:
    """Return a cart and a bank of two pods, of which one of each fails; no proxy tells anything."""
    places = [node(f"n{number}") for number in range(1, 5)]
    for each, zone in zip(places, more.get("zones", ("a", "a", "b", "b")), strict=True):
        each["metadata"]["labels"] = {"topology.kubernetes.io/zone": zone}
    names = {"cart": ("n1", "n3"), "bank": ("n2", "n4")}
    shares = [[0.4 if n == number else 0.0 for n in (0, 1)] for number in numbers]
    felt = [each for name, own in zip(names, shares, strict=False) for each in failing(*own, of=name, since=SINCE)]
    objects = [workload(name, nodes=on) for name, on in names.items()]
    return snapshot(*objects, *places, figures=[*felt, errors("cart", 0.2, SINCE)])


def only(caller: str = "", by: int | None = None, asked: str = "", number: int | None = None) -> tuple[Way, ...]:
    """Return those of the broken ways that are of one caller, pod or one who is asked."""
    want = (caller or None, by, asked or None, number)
    return tuple(way for way in BROKEN if all(each in (None, part) for each, part in zip(want, way, strict=True)))


BOTH = (*BROKEN, *((asked, number, caller, by) for caller, by, asked, number in BROKEN))
ROOM = used(0.2)
HOLDS = [
    *(
        Holds(
            f"users are dealt out to both zones, and the other has room: {what}",
            found,
            SWITCHED,
            excludes=no(*ACT, at=HERE),
            harmful=ACT,
            alone=True,
        )
        for what, found in (
            ("proxies of Istio tell it", world(BROKEN, route(50, 50), figures=ROOM)),
            ("by the name of a time-out", world(BROKEN, route(50, 50), figures=ROOM, ends=TIMEOUT)),
            ("in records of JSON", world(BROKEN, route(50, 50), figures=ROOM, form=json)),
            ("of connections that are no HTTP", world(BROKEN, route(50, 50), figures=ROOM, form=tcp)),
            (
                "a release came with it, to both zones",
                world(
                    BROKEN,
                    route(50, 50),
                    figures=ROOM,
                    settings={"cart": {"before": {"image": "cart:0"}, "released": 1500}},
                ),
            ),
            ("a policy is older", world(BROKEN, route(50, 50), anybody(90_000), figures=ROOM)),
        )
    ),
    *(
        Holds(f"a person leads users elsewhere: {what}", found, TOLD, excludes=no(*ACT, at=HERE), harmful=ACT)
        for what, found in (
            ("no route deals them out", world()),
            ("all are led to the one", world(BROKEN, route(100, 0), figures=ROOM)),
            ("the other would have too much to do", world(BROKEN, route(50, 50), figures=used(0.4))),
            ("the other gets a few only", world(BROKEN, route(95, 5), figures=ROOM)),
            ("nobody measures how much it has to do", world(BROKEN, route(50, 50), figures=[errors("shop-b", 0.001)])),
            ("nobody measures how it serves", world(BROKEN, route(50, 50), figures=ROOM[:2])),
            ("the other fails as well", world(BROKEN, route(50, 50), figures=[*ROOM[:2], errors("shop-b", 0.2)])),
            (
                "one pod of the other is not ready",
                world(BROKEN, route(50, 50), figures=ROOM, settings={"shop-b": {"ready": 1}}),
            ),
            (
                "the other has a pod there too",
                world(BROKEN, route(50, 50), figures=ROOM, on={**ON, "shop-b": ("n3", "n1")}),
            ),
        )
    ),
    Holds("both zones miss the other", world(BOTH, route(50, 50), figures=ROOM), TOLD, harmful=ACT),
    Holds(
        "no proxy tells of it, and pods of two workloads are ill in one zone alone",
        ill(0, 0),
        ("Deployment/bank", "network_fault", "page_human"),
        harmful=ACT,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, found, harmful=("switch_traffic", "no_action"))
        for what, found in (
            ("what is asked refuses", world(ends=REFUSED)),
            ("it answers late", world(ends=SLOW)),
            ("it ended ten minutes ago", world(last=600)),
            ("one workload alone misses others", world(only("shop-a"))),
            ("they miss one alone", world(only(asked="stock"))),
            ("those of one node miss others", world((*only("shop-a", 0), *only("cart")))),
            ("those of one node are missed", world(only(number=0))),
            ("they are missed in their own zone too", world((*BROKEN, *THEIRS[:4]))),
            ("nobody in their zone reaches them", world((*BROKEN, *THEIRS))),
            ("who misses them is missed in his zone", world((*BROKEN, *WITHIN))),
            ("nodes tell no zone", world(zones=("", "", "", ""))),
            ("all nodes are of one zone", world(zones=("a", "a", "a", "a"))),
            ("a third zone misses them as well", world((*BROKEN, *THEIRS[4:8]), zones=("a", "a", "b", "c"))),
            ("a policy was written as it began", world(BROKEN, anybody(SINCE + 60))),
        )
    ),
    *(
        DoesNotHold(what, found, ("service_crash", "restart_workload"))
        for what, found in (
            ("no proxy tells of it, and pods of one workload alone are ill", ill(0)),
            ("pods of two workloads are ill, each in a zone of its own", ill(0, 1)),
            ("pods of two workloads are ill, and all are in one zone", ill(0, 0, zones=("a", "a", "a", "a"))),
        )
    ),
]
