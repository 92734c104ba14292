"""Nobody reaches new pods, as what leads Services to them is not told; a release is not taken back for that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import OLD, errors
from tests.diagnosis.rules.tiny import Obj, pod, service_for, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

PROXY, CARD, SHOP = "DaemonSet/kube-proxy", "Deployment/card", "Deployment/shop"
LIST = "E0304 11:00:00.1 1 reflector.go:138] factory.go:134: Failed to watch *{0}: failed to list *{0}: {1}"
GONE = LIST.format("v1beta1.EndpointSlice", "the server could not find the requested resource")
BARRED = LIST.format(
    "v1.Endpoints", 'endpoints is forbidden: User "system:serviceaccount:kube-system:cilium" cannot list'
)
AWAY = LIST.format(
    "v1.EndpointSlice", 'Get "https://10.0.0.1:6443/apis": dial tcp 10.0.0.1:6443: connect: connection refused'
)
ROUTE = "ERROR pay: dial tcp card:8080: connect: no route to host"
NODEJS = "Error: connect EHOSTUNREACH http://card:8080"
SHUT = "ERROR pay: dial tcp card:8080: connect: connection refused"
WELL = "INFO order paid"
CALLS = {"CARD_URL": "http://card:8080"}
HARM = ("rollback_workload", "restart_workload", "scale_workload")


def card(**more: Any) -> list[Obj]:
    """Return whom they call: it was released ten minutes ago, and its pods are on two nodes."""
    return workload("card", **{"before": OLD, "released": 620, "nodes": ("n2", "n3"), **more})


def agent(name: str = "kube-proxy", **more: Any) -> list[Obj]:
    return workload(name, kind="DaemonSet", service=False, **more)


def told(of: str, line: str, since: float, *, until: float = 0, number: int = 0, name: str = "") -> Log:
    """Return the log of a pod that works all the hour, and repeats a line each half minute from an age on."""
    lines = [(float(age), WELL) for age in range(3500, 0, -60)]
    lines += [(float(age), line) for age in range(int(since), int(until), -30)]
    return timed(name or pod(of, number), *sorted(lines, key=lambda each: -each[0]), of=of)


def asks(objects: Sequence[Obj], line: str = GONE, since: float = 3000, until: float = 0) -> list[Log]:
    """Return the logs of an agent's pods that ask in vain."""
    name = objects[0]["metadata"]["name"]
    return [told(name, line, since, until=until, name=each["metadata"]["name"]) for each in pods_of(list(objects))]


def world(
    *more: list[Obj] | Obj,
    said: Sequence[Log] = (),
    line: str = ROUTE,
    since: float = 600,
    ill: Sequence[int] = (0, 1),
    called: list[Obj] | None = None,
    **of_shop: Any,
) -> Snapshot:
    """Return a shop of two pods that does not reach whom it calls."""
    callers = [told("shop", line, since, number=n) for n in ill] + [
        told("shop", WELL, 1, number=n) for n in {0, 1} - {*ill}
    ]
    shop = workload("shop", **{"env": CALLS, **of_shop})
    felt = [errors("shop", 0.9, since=since), errors("card", 0.0)]
    return snapshot(shop, called or card(), *more, logs=[*callers, *said], figures=felt)


KUBE, CILIUM, BESIDE = agent(), agent("cilium"), agent("log-shipper")
POLICY = thing(
    "NetworkPolicy", "card", spec={"podSelector": {"matchLabels": {"app": "card"}}, "policyTypes": ["Ingress"]}
)
UPGRADED = agent(before={"image": "registry.example/kube-proxy:0"}, released=1500)
BARS = (*no(*HARM, at=CARD), *no("rollback_workload", "restart_workload", at=SHOP))
HOLDS = [
    Holds(
        "it asks in a version that is gone since before the new pods came",
        world(KUBE, said=asks(KUBE)),
        (PROXY, "configuration_error", "page_human"),
        excludes=(*BARS, *no("restart_workload", at=PROXY)),
        harmful=HARM,
        sure=(0.75, 0.95),
        began=620,
    ),
    Holds(
        "another one may not list them, and callers only time out",
        world(CILIUM, said=asks(CILIUM, BARRED), line="ERROR pay: dial tcp card:8080: i/o timeout"),
        ("DaemonSet/cilium", "configuration_error", "page_human"),
        excludes=BARS,
        harmful=HARM,
    ),
    Holds(
        "pods were made anew by a drain, and callers tell of it in other words",
        world(KUBE, said=asks(KUBE), called=card(before=None, age=620), line=NODEJS),
        (PROXY, "configuration_error", "page_human"),
        harmful=HARM,
    ),
    Holds(
        "it asks so since its own release: that is taken back",
        world(UPGRADED, said=asks(UPGRADED, since=1490)),
        (PROXY, "configuration_error", "rollback_workload"),
        excludes=BARS,
        harmful=("restart_workload",),
    ),
    Holds(
        "nobody has its log, and no pod of the callers finds a way to anybody since all that they call are new",
        world(KUBE),
        (PROXY, "network_fault", "page_human"),
        excludes=BARS,
        harmful=HARM,
    ),
    Holds(
        "nobody sees who leads Services to pods",
        world(line=NODEJS),
        ("Service/card", "network_fault", "page_human"),
        excludes=BARS,
        harmful=HARM,
    ),
]
RELEASE = (CARD, "code_defect", "rollback_workload")
DOES_NOT_HOLD = [
    DoesNotHold("nobody is at the new pods' port", world(KUBE, line=SHUT), RELEASE),
    DoesNotHold(
        "it asked in vain while the control plane was away, and no longer",
        world(KUBE, said=asks(KUBE, GONE, since=3000, until=2700), line=SHUT),
        RELEASE,
    ),
    DoesNotHold("the control plane does not answer it", world(KUBE, said=asks(KUBE, AWAY), line=SHUT), RELEASE),
    DoesNotHold(
        "it began to ask in vain just now",
        world(KUBE, said=asks(KUBE, since=200), line=SHUT),
        RELEASE,
    ),
    DoesNotHold("a policy chooses the new pods, and may turn callers back", world(KUBE, POLICY)),
    DoesNotHold("they told of it before the new pods came", world(KUBE, since=2500), harmful=("rollback_workload",)),
    DoesNotHold(
        "who collects from pods may not list them", world(BESIDE, said=asks(BESIDE, BARRED), line=SHUT), RELEASE
    ),
    DoesNotHold("all new pods are on one node", world(KUBE, called=card(nodes=("n2",))), RELEASE),
    DoesNotHold(
        "they look its pods up by themselves",
        world(KUBE, called=[*card(service=False), service_for("card", headless=True)]),
        RELEASE,
    ),
]
