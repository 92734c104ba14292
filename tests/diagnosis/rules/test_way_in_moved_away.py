"""Pods of a way in stand on other nodes than those at which users arrive, since a change of either's places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, alert, errors, ingress, rate, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, pod, service_for, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

EDGE, SERVICE, ADS = "Deployment/edge", "Service/edge", "L2Advertisement/dmz"
IP = "192.0.2.80"
PUBLIC: dict[str, Any] = {"role": "edge"}
TAINT = {"key": "role", "value": "edge", "effect": "NoSchedule"}
ON_EDGE: Obj = {"nodeSelector": PUBLIC, "tolerations": [{"operator": "Equal", **TAINT}]}
AFFINE: Obj = {
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "role", "operator": "In", "values": ["edge"]}]}]
            }
        }
    }
}
RELEASED = 900.0


def node(name: str, *, taints: Sequence[Obj] = (), **labels: str) -> Obj:
    made = thing("Node", name, spec={"taints": list(taints)}, status={"conditions": []})
    made["metadata"]["labels"] = labels
    return made


NODES = [*(node(f"e{n}", taints=[TAINT], **PUBLIC) for n in (1, 2)), *(node(f"n{n}") for n in (1, 2))]
PLAIN = [*(node(f"e{n}", **PUBLIC) for n in (1, 2)), *(node(f"n{n}") for n in (1, 2))]


def edge(
    was: Mapping[str, Any] = ON_EDGE,
    now: Mapping[str, Any] | None = None,
    *,
    name: str = "edge",
    image: str = "traefik:v3.5",
    nodes: Sequence[str] = ("n1", "n2"),
    local: bool = True,
    kind: str = "LoadBalancer",
    moved: bool = True,
    written: float | None = None,
    **more: Any,
) -> list[Obj]:
    """Return an ingress whose release said otherwise where its pods may run, and its Service with an outer address."""
    made = workload(name, image, before={} if moved else None, released=RELEASED, nodes=nodes, service=False, **more)
    sets = [each["spec"]["template"]["spec"] for each in made if each["kind"] == "ReplicaSet"]
    for spec, places in ((sets[0], was), (sets[-1], now or {}), (made[0]["spec"]["template"]["spec"], now or {})):
        spec |= dict(places if moved else now or was)
    outer = service_for(name, written=written)
    outer["spec"] |= {"type": kind, "externalTrafficPolicy": "Local" if local else "Cluster"}
    outer["status"] = {"loadBalancer": {"ingress": [{"ip": IP}]}}
    return [*made, outer]


def ads(kind: str = "L2Advertisement", *, written: float | None = None, **labels: str) -> Obj:
    selectors = [{"matchLabels": labels}] if labels else []
    return thing(kind, "dmz", written=written, spec={"ipAddressPools": ["dmz"], "nodeSelectors": selectors})


def fires(age: float = 600, summary: str = "shop.example cannot be reached", **labels: str) -> Alert:
    made = alert("WebsiteDown", **(labels or {"service": "shop"}))
    return made._replace(starts_at=NOW - timedelta(seconds=age), annotations={"summary": summary})


def asked(*, until: float = 880, every: float = 10) -> list[Log]:
    """Return what the shop tells of requests until a while ago, and of probes up to now."""
    asks = [(age, '"GET /basket HTTP/1.1" 200 512') for age in _ages(3000, until, every)]
    probes = [(age, '"GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.33"') for age in _ages(2995, 5, every)]
    told = sorted([*asks, *probes], reverse=True)
    return [timed(pod("shop", n), *told) for n in range(2)]


def _ages(since: float, until: float, every: float) -> list[float]:
    return [since - n * every for n in range(int((since - until) / every) + 1)]


def speakers(*last: str, age: float = 880, of: int = 2) -> tuple[list[Obj], list[Log]]:
    """Return the announcers of an address, and the last word of some of them."""
    told = [timed(f"speaker-{n}", (9 * DAY, UP), (age, line), of="speaker") for n, line in enumerate(last)]
    return workload("speaker", kind="DaemonSet", pods=of, service=False), told


UP = f'{{"event":"serviceAnnounced","ips":["{IP}"],"msg":"service has IP, announcing","protocol":"layer2"}}'
GONE = f'{{"event":"serviceWithdrawn","ips":["{IP}"],"msg":"withdrawing service announcement","reason":"notOwner"}}'
OTHER = GONE.replace(IP, "192.0.2.81")


def world(*objects: Iterable[Obj] | Obj, nodes: Iterable[Obj] = NODES, led: bool = True, **more: Any) -> Snapshot:
    """Return a shop that is reached through an edge, these objects beside it, and an alert if nothing else is told."""
    status = {"loadBalancer": {"ingress": [{"ip": IP}]}}
    way = [ingress("shop", "shop.example", status=status)] if led else []
    return snapshot(*objects, list(nodes), shop(), way, **{"alerts": [fires()], **more})


def announced(*last: str, of: int = 2, places: Iterable[Obj] = (), **more: Any) -> Snapshot:
    """Return a world of which nothing is known of nodes, and announcers tell of the address."""
    speaker, logs = speakers(*last, of=of)
    return world(list(places) or edge(), speaker, nodes=(), **{"logs": logs, **more})


def steady(now: float) -> list[Any]:
    return [rate("shop", now=now, since=880), errors("shop", 0.0)]


SLOW = fires(summary="answers of the shop are slow")._replace(name="SlowAnswers")
HOST_PORT = [{"containerPort": 443, "hostPort": 443}]
FOUND = (EDGE, "configuration_error", "rollback_workload")
KEPT = (
    *no("restart_workload", "scale_workload", at=EDGE),
    *no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
)
OWN: dict[str, Any] = {"service": "api"}
BY_ITSELF = ingress("shop", "shop.example", status={"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}})
LABEL: dict[str, Any] = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}

HOLDS = [
    Holds(
        "by an advertisement the edge nodes tell of its address, its pods left them with their selector and toleration",
        world(edge(), ads(**PUBLIC), logs=asked()),
        FOUND,
        excludes=KEPT,
        harmful=("restart_workload", "scale_workload"),
        sure=(0.9, 1.0),
    ),
    Holds("an alert alone tells that users are missed", world(edge(), ads("BGPAdvertisement", **PUBLIC)), FOUND),
    Holds(
        "a policy of Cilium chooses the nodes, and figures tell that nobody comes to HAProxy's backend",
        world(
            edge(image="haproxytech/kubernetes-ingress:3.1"),
            thing("CiliumL2AnnouncementPolicy", "lan", spec={"nodeSelector": {"matchLabels": PUBLIC}}),
            figures=steady(0.5),
            alerts=[],
        ),
        FOUND,
        began=870,
    ),
    Holds(
        "nodes are not known, and all announcers took the address back",
        announced(GONE, GONE),
        FOUND,
        excludes=KEPT,
    ),
    Holds(
        "who announces is not known: nginx was held on the edge nodes by an affinity, and users fell silent",
        world(edge(AFFINE, image="ingress-nginx/controller:v1.13"), nodes=PLAIN, logs=asked(), alerts=[]),
        FOUND,
    ),
    Holds("and an alert that it is not reached is all that tells", world(edge(AFFINE), nodes=PLAIN), FOUND),
    Holds(
        "no Ingress leads on: an API with an address of its own was moved to nodes that no balancer leads to",
        world(
            edge({}, {"nodeSelector": {"plane": "control"}}, name="api", image="api:4", nodes=("c1",)),
            nodes=[node("c1", plane="control", **LABEL), *PLAIN],
            led=False,
            alerts=[fires(**OWN)],
        ),
        ("Deployment/api", "configuration_error", "rollback_workload"),
    ),
    Holds(
        "an edge at the ports of its nodes was moved to others, to which no name leads",
        world(
            edge(ports=HOST_PORT)[:-1],
            logs=asked(),
        ),
        FOUND,
    ),
    Holds("nothing is known of nodes, and users fell silent", world(edge(), nodes=(), logs=asked()), FOUND),
    Holds(
        "it is the advertisement that was written, and leaves out the nodes of the pods: their template is old",
        world(edge(moved=False, now={}), ads(written=900, **PUBLIC), logs=asked()),
        (ADS, "configuration_error", "page_human"),
        excludes=(*KEPT, *no("rollback_workload", at=EDGE)),
        harmful=("rollback_workload",),
    ),
    Holds(
        "it is the Service that was told to lead to pods of the same node alone",
        world(edge(moved=False, now={}, written=900), ads(**PUBLIC)),
        (SERVICE, "configuration_error", "page_human"),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("the Service leads to pods of any node", world(edge(local=False), ads(**PUBLIC)), ASK),
    DoesNotHold("so it does, whatever ports of nodes are its own", world(edge(local=False, ports=HOST_PORT)), ASK),
    DoesNotHold("one of its pods is on an edge node yet", world(edge(nodes=("e1", "n1")), ads(**PUBLIC)), ASK),
    DoesNotHold("all nodes may tell of its address", world(edge(AFFINE, nodes=("n1", "e1")), ads()), ASK),
    DoesNotHold(
        "where its pods were before nobody arrives either",
        world(edge({"nodeSelector": {"disk": "fast"}}), ads(**PUBLIC), nodes=[*NODES, node("d1", disk="fast")]),
        ASK,
    ),
    DoesNotHold("all users come", world(edge(), ads(**PUBLIC), figures=steady(50)), ASK),
    DoesNotHold("its logs tell of as many requests as before", world(edge(), ads(**PUBLIC), logs=asked(until=5)), ASK),
    DoesNotHold("nobody is missed", world(edge(), ads(**PUBLIC), alerts=[]), ()),
    DoesNotHold("people were called long before its release", world(edge(), ads(**PUBLIC), alerts=[fires(3000)]), ASK),
    DoesNotHold(
        "the alert is about somebody who stands behind another address",
        snapshot(edge(), ads(**PUBLIC), NODES, shop(), BY_ITSELF, alerts=[fires()]),
        ASK,
    ),
    DoesNotHold("its release changed nothing of its places", world(edge({}, {}), ads(**PUBLIC), alerts=[fires()]), ASK),
    DoesNotHold(
        "who announces is not known, and the alert is about who is reached, and slow",
        world(
            edge(AFFINE),
            nodes=PLAIN,
            alerts=[SLOW],
        ),
        ASK,
    ),
    DoesNotHold("nodes are not known, and only an alert tells", world(edge(), nodes=()), ASK),
    DoesNotHold("one announcer took it back as another one tells of it", announced(GONE, UP), ASK),
    DoesNotHold("the log of one announcer is not known", announced(GONE, of=2), ASK),
    DoesNotHold("they took another address back", announced(OTHER, OTHER), ASK),
    DoesNotHold(
        "its pods were let run on more nodes, and stay where they were",
        world(edge(AFFINE, nodes=("e1", "e2")), nodes=PLAIN, logs=asked()),
        ASK,
    ),
]
