"""Sessions that one pod keeps are refused by the others, since nothing leads each to its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, alert, ingress, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot
from tuheg_ir.diagnosis.rules._kept_sessions import keeps_sessions

HOST = "shop.example"
NGINX = "nginx.ingress.kubernetes.io"
BEGAN = 1500.0
ENGINE = '{{"level":40,"code":1,"reason":"Session ID unknown","url":"/io/?transport=polling&sid={}","msg":"refused"}}'
PYTHON = "WARNING Invalid session {} (further occurrences of this error will be logged with level INFO)"
MCP = "WARNING Could not find session for ID: {}"
FACES = "ERROR javax.faces.application.ViewExpiredException: viewId:/claim.xhtml - could not be restored"
OPENED = "INFO socket connected sid={} transport=polling"


def session(of: int, number: int) -> str:
    """Return the session of a number that a pod keeps."""
    return f"b6tf2PxqICMsX{of}A{number:03d}"


def told(of: int, refusal: str, *, since: float = BEGAN, times: int = 12, kept: bool = True, name: str = "shop") -> Log:
    """Return the log of a pod that opens sessions, and refuses those of another one since; ``kept``: it names them."""
    opened = [
        f"{at(2 * BEGAN - n * 100)} {OPENED.format(session(of, n)) if kept else 'INFO served'}" for n in range(28)
    ]
    refused = [f"{at(since - n * since / times - 20)} {refusal.format(session(1 - of, n))}" for n in range(times)]
    return Log(pod(name, of), name, tuple(sorted(opened + refused)))


def both(refusal: str = ENGINE, **more: Any) -> list[Log]:
    """Return the logs of both pods."""
    return [told(of, refusal, **more) for of in (0, 1)]


def way(notes: dict[str, str] | None = None, written: float | None = BEGAN + 20) -> Obj:
    """Return an Ingress that was written as it began, and its annotations."""
    made = ingress("shop", HOST, written=written)
    made["metadata"]["annotations"] = notes or {f"{NGINX}/load-balance": "ewma"}
    return made


def service(affinity: str, written: float | None = BEGAN + 20) -> list[Obj]:
    """Return a shop whose Service says whether it keeps who asks at one pod."""
    objects = shop(age=20 * DAY)
    for each in objects:
        if each["kind"] == "Service":
            each["spec"]["sessionAffinity"] = affinity
            if written is not None:
                each["metadata"]["managedFields"] = [{"manager": "helm", "operation": "Update", "time": at(written)}]
    return objects


def world(logs: list[Log], *objects: Any, fires: bool = True) -> Snapshot:
    """Return a namespace in which an alert is about the shop."""
    return snapshot(*objects, logs=logs, alerts=[alert("ShopRefuses", service="shop")] if fires else [])


def added(*ways: Obj, kept: bool = True, older: float = 20 * DAY) -> Snapshot:
    """Return a shop of one pod that got a second one as it began."""
    objects = shop(age=older)
    young = next(each for each in objects if each["kind"] == "Pod" and each["metadata"]["name"] == pod("shop", 1))
    young["metadata"]["creationTimestamp"] = at(BEGAN + 60)
    young["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = at(BEGAN + 58)
    return world(both(MCP, kept=kept), objects, *ways)


RULE = thing(
    "DestinationRule",
    "shop",
    written=BEGAN + 30,
    spec={"host": "shop", "trafficPolicy": {"loadBalancer": {"simple": "LEAST_REQUEST"}}},
)
ROUTE = thing(
    "HTTPRoute",
    "shop",
    written=BEGAN + 10,
    spec={"hostnames": [HOST], "rules": [{"backendRefs": [{"name": "shop", "port": 8080}]}]},
)
STICKY = {f"{NGINX}/affinity": "cookie"}
IN = ("Ingress/shop", "configuration_error", "page_human")
SAVED = no("restart_workload", "rollback_workload", "scale_workload", at=SHOP)
HARM = ("restart_workload", "rollback_workload", "scale_workload")
OLD = shop(age=20 * DAY)

HOLDS = [
    *(
        Holds(
            f"an Ingress was written that keeps no session at one pod: {what}", seen, IN, excludes=SAVED, harmful=HARM
        )
        for what, seen in (
            ("Engine.IO, and another pod keeps those", world(both(), OLD, way())),
            ("in Python", world(both(PYTHON), OLD, way())),
            ("agents, and nobody was called", world(both(MCP), OLD, way(), fires=False)),
            ("pages, and no session is named", world(both(FACES, kept=False), OLD, way())),
            ("it says that it keeps none", world(both(), OLD, way({f"{NGINX}/affinity": "", "x/sticky": "false"}))),
            (
                "a neighbour was released before",
                world(both(), OLD, way(), workload("desk", before={"image": "desk:0"}, released=BEGAN + 900)),
            ),
        )
    ),
    Holds(
        "a Service keeps users at one pod no more",
        world(both(), service("None")),
        ("Service/shop", "configuration_error", "page_human"),
        excludes=SAVED,
        harmful=HARM,
    ),
    Holds(
        "a rule of the mesh hashes no more",
        world(both(), OLD, RULE),
        ("DestinationRule/shop", "configuration_error", "page_human"),
        harmful=HARM,
    ),
    Holds(
        "a route of a gateway was written",
        world(both(PYTHON), OLD, ROUTE),
        ("HTTPRoute/shop", "configuration_error", "page_human"),
        harmful=HARM,
    ),
    Holds(
        "one pod became two, and nothing leads a session to its own",
        added(way(written=None)),
        (SHOP, "configuration_error", "page_human"),
        excludes=SAVED,
        harmful=HARM,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("the way keeps sessions together", world(both(), OLD, way(STICKY))),
    DoesNotHold("it was written hours before", world(both(), OLD, way(written=4 * 3600.0))),
    DoesNotHold("one pod alone does not know them", world([told(0, ENGINE)], OLD, way())),
    DoesNotHold("a few do not know theirs", world(both(times=3), OLD, way())),
    DoesNotHold("its pods were made anew then", world(both(), shop(age=20 * DAY, started=BEGAN + 40), way())),
    DoesNotHold(
        "the Ingress before the Service that was written keeps them", world(both(), service("None"), way(STICKY))
    ),
    DoesNotHold(
        "a pod was added, and no session that is refused is kept by another", added(way(written=None), kept=False)
    ),
    DoesNotHold("a pod was added behind a way that keeps sessions together", added(way(STICKY, written=None))),
    DoesNotHold("both pods are new", added(way(written=None), older=BEGAN + 70)),
    DoesNotHold("another way was written", world(both(), OLD, ingress("desk", "desk.example", written=BEGAN + 20))),
]


@pytest.mark.parametrize(
    ("notes", "spec", "keeps"),
    [
        ({f"{NGINX}/affinity": "cookie"}, {}, True),
        ({f"{NGINX}/upstream-hash-by": "$remote_addr"}, {}, True),
        ({"haproxy.org/cookie-persistence": "SRV"}, {}, True),
        ({"haproxy-ingress.github.io/balance-algorithm": "source"}, {}, True),
        ({"nginx.org/lb-method": "ip_hash"}, {}, True),
        ({"nginx.com/sticky-cookie-services": "serviceName=shop srv_id"}, {}, True),
        ({"traefik.ingress.kubernetes.io/service.sticky.cookie": "true"}, {}, True),
        ({"alb.ingress.kubernetes.io/target-group-attributes": "stickiness.enabled=true"}, {}, True),
        ({}, {"sessionAffinity": "ClientIP"}, True),
        ({}, {"trafficPolicy": {"loadBalancer": {"consistentHash": {"useSourceIp": True}}}}, True),
        ({}, {"rules": [{"sessionPersistence": {"type": "Cookie"}}]}, True),
        ({}, {"loadBalancer": {"type": "ConsistentHash"}}, True),
        ({f"{NGINX}/session-cookie-name": "route"}, {}, False),
        ({f"{NGINX}/load-balance": "ewma"}, {"sessionAffinity": "None"}, False),
        ({"traefik.ingress.kubernetes.io/service.sticky.cookie": "false"}, {}, False),
        ({"alb.ingress.kubernetes.io/target-group-attributes": "stickiness.enabled=false"}, {}, False),
        ({}, {"trafficPolicy": {"loadBalancer": {"simple": "ROUND_ROBIN"}}}, False),
    ],
)
def test_who_keeps_sessions_together(notes: dict[str, str], spec: Obj, keeps: bool) -> None:
    assert keeps_sessions({"metadata": {"annotations": notes}, "spec": spec}) is keeps
