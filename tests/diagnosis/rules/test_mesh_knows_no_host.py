"""A mesh that leads to nobody whom it does not know, and callers who need somebody outside."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, logs
from tests.diagnosis.rules.tiny import Obj, container, log, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

URL = {"PAY_URL": "https://api.pay.example/v1"}
TLS = "ERROR POST https://api.pay.example/v1: Remote host terminated the handshake"
PLAIN = "ERROR POST http://api.pay.example/v1 returned 502 Bad Gateway"
NODE = "Error: Client network socket disconnected before secure TLS connection was established host: 'api.pay.example'"
NOWHERE = '"- - -" 0 UH - - "-" 0 0 1 - "-" "-" "-" "-" "-" BlackHoleCluster - 203.0.113.9:443 10.1.9.9:57241 - -'
HTTP = '"POST /v1 HTTP/1.1" 502 - direct_response - "-" 0 0 0 - "-" "-" "id" "api.pay.example" "-" - - - - block_all'
JSON = '{"upstream_cluster":"BlackHoleCluster","response_flags":"UH","authority":"api.pay.example","duration":0}'
LED = '"- - -" 0 - - - "-" 58 60 29 - "-" "-" "-" "-" "-" PassthroughCluster 10.1.9.9:5 203.0.113.9:443 - - -'
OUTSIDE = "dependency_failure", "page_human"


def proxied(**more: Any) -> list[Obj]:
    """Return a shop of two pods with a proxy that asks a host outside."""
    made = workload("shop", env=URL, **more)
    for each in made:
        if each["kind"] == "Pod":
            each["spec"] = {
                **each["spec"],
                "containers": [*each["spec"]["containers"], container("istio-proxy", "proxyv2")],
            }
    return made


def mesh(written: float = 610, mode: str = "REGISTRY_ONLY") -> Obj:
    said = f"accessLogFile: /dev/stdout\noutboundTrafficPolicy:\n  mode: {mode}\ntrustDomain: cluster.local\n"
    return thing("ConfigMap", "istio", written=written, data={"mesh": said})


def sidecar(mode: str = "REGISTRY_ONLY", written: float = 610, **selector: str) -> Obj:
    chosen = {"workloadSelector": {"labels": selector}} if selector else {}
    return thing("Sidecar", "ways-out", written=written, spec={**chosen, "outboundTrafficPolicy": {"mode": mode}})


def entry(host: str = "api.pay.example") -> Obj:
    return thing("ServiceEntry", "pay", spec={"hosts": [host], "location": "MESH_EXTERNAL"})


def proxy(line: str = NOWHERE, since: float = 600) -> Log:
    return log(pod("shop"), *[line] * 9, since=since, of="istio-proxy")


def told(*objects: Any, own: str = TLS, say: Any = None, since: float = 595, **more: Any) -> Snapshot:
    """Return callers who miss a host outside; ``say``: what a proxy tells."""
    said = [*logs("shop", own, since=since), *([say] if say else [])]
    return snapshot(*(objects or (proxied(),)), logs=said, **(more or {"alerts": [alert(service="shop")]}))


SEALED = thing("ConfigMap", "istio", written=610, data={"mesh": "sha256:0123456789abcdef"})
IT = "ConfigMap/istio"
SET = (IT, "configuration_error", "page_human")
HERE = ("Sidecar/ways-out", "configuration_error", "page_human")
CALLER = (SHOP, "configuration_error", "page_human")
ONCE_LED = timed(pod("shop"), (1500, LED), *((age, NOWHERE) for age in range(600, 0, -60)), of="istio-proxy")

HOLDS = [
    Holds(
        "the mesh was set so just then, and a proxy tells of it",
        told(proxied(), mesh(), entry("api.mail.example"), say=proxy()),
        SET,
        excludes=(*no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),),
        alone=True,
        sure=(0.85, 1.0),
    ),
    Holds("so it was well before", told(proxied(), mesh(), say=ONCE_LED), SET, alone=True, began=600),
    Holds(
        "a bystander was released just before",
        told(proxied(), mesh(), workload("mail", before=IMAGE, released=900), say=proxy()),
        SET,
        harmful=("rollback_workload",),
        alone=True,
    ),
    Holds(
        "a plain request is answered by the proxy", told(proxied(), mesh(), own=PLAIN, say=proxy(HTTP)), SET, alone=True
    ),
    Holds("a proxy tells of it as JSON", told(proxied(), mesh(), own=NODE, say=proxy(JSON)), SET, alone=True),
    Holds("a setting of one namespace says so", told(proxied(), sidecar(), say=proxy()), HERE, alone=True),
    Holds("and is of these pods", told(proxied(), sidecar(app="shop"), mesh(mode="ALLOW_ANY"), say=proxy()), HERE),
    Holds("nobody may read the mesh's settings", told(say=proxy()), CALLER, alone=True, harmful=("rollback_workload",)),
    Holds("they were written just then, and are sealed", told(proxied(), SEALED, say=proxy()), SET, alone=True),
    Holds("nobody read what proxies tell", told(proxied(), mesh()), SET, alone=True),
    Holds(
        "it was set long ago, and a release asks for a new host",
        told(proxied(before={"env": {}}, released=620), mesh(written=9000), say=proxy()),
        SET,
        spares=no("rollback_workload", at=SHOP),
        excludes=no("restart_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, OUTSIDE, harmful=("rollback_workload", "restart_workload"))
        for what, world in (
            ("the host fails, and the mesh leads to anybody", told(proxied(), mesh(mode="ALLOW_ANY"))),
            ("the mesh knows the host", told(proxied(), mesh(), entry())),
            ("it knows all of that domain", told(proxied(), mesh(), entry("*.pay.example"))),
            ("it was set so long before", told(proxied(), mesh(written=9000))),
            ("it was set so afterwards", told(proxied(), mesh(written=300))),
            ("the caller has no proxy", told(workload("shop", env=URL), mesh())),
            ("the setting is of other pods", told(proxied(), sidecar(app="mail"))),
            ("the setting of these pods leads to anybody", told(proxied(), mesh(), sidecar("ALLOW_ANY", app="shop"))),
            ("proxies lead there", told(say=proxy(LED))),
        )
    ),
    DoesNotHold(
        "what is kept away is missed by nobody",
        told(proxied(), mesh(), own="INFO ready", say=proxy(), alerts=[]),
        ASK,
    ),
    DoesNotHold(
        "and an alert is about another",
        told(proxied(), workload("mail"), mesh(), own="INFO ready", say=proxy(), alerts=[alert(service="mail")]),
        ASK,
    ),
]
