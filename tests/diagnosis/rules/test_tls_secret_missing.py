"""A way in whose certificate is not there: the pods are well, and users are shown another certificate."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import ASK, HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, WELL, ingress, shop
from tests.diagnosis.rules.tiny import NOW, Obj, at, event, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

HOST = "town.example"
NGINX = (
    'controller.go:1108] Error getting SSL certificate "town/town-tls": local SSL certificate town/town-tls was not '
    "found. Using default certificate"
)
TRAEFIK = 'level=error msg="Error configuring TLS: secret town/town-tls does not exist" ingress=shop'
ISTIO = "failed to fetch key and certificate for kubernetes://town-tls: secret town/town-tls not found"
SHOWN = Alert(
    "ProbeFailed",
    {"instance": f"https://{HOST}/"},
    {"summary": f"x509: certificate is valid for ingress.local, not {HOST}"},
    "firing",
    NOW - timedelta(minutes=20),
)
REFUSED = "429 urn:ietf:params:acme:error:rateLimited: too many certificates already issued"


def certificate(reason: str = "Failed", message: str = REFUSED, secret: str = "town-tls") -> Obj:
    """Return a certificate that was never given, and what its issuer says."""
    conditions = [
        {"type": "Ready", "status": "False", "message": "Secret does not exist", "lastTransitionTime": at(2400)},
        {"type": "Issuing", "status": str(reason != "Failed"), "reason": reason, "message": message},
    ]
    return thing("Certificate", "town", spec={"secretName": secret}, status={"conditions": conditions})


def town(*objects: Obj, line: str = "", alerts: tuple[Alert, ...] = (), **more: Any) -> Snapshot:
    """Return a shop behind an Ingress that names a TLS Secret, and what its edge says."""
    way = ingress("shop", HOST)
    way["spec"]["tls"] = [{"hosts": [HOST], "secretName": "town-tls"}]
    other = thing("Secret", "other-tls", type="kubernetes.io/tls")
    told = [log(pod("edge"), *[line] * 9)] if line else []
    return snapshot(shop(), workload("edge"), way, other, *objects, logs=told, figures=[WELL], alerts=alerts, **more)


FOUND = ("Secret/town-tls", "configuration_error", "page_human")
HOLDS = [
    *(
        Holds(
            f"the edge misses it, and a probe sees another: {line[:40]}",
            town(line=line, alerts=(SHOWN,)),
            FOUND,
            excludes=no("restart_workload", "rollback_workload", at=SHOP),
            alone=True,
        )
        for line in (NGINX, TRAEFIK, ISTIO)
    ),
    Holds("the edge misses it, and its issuer refuses a new one", town(certificate(), line=NGINX), FOUND, alone=True),
    Holds("only its issuer speaks, and users are shown another", town(certificate(), alerts=(SHOWN,)), FOUND),
    Holds(
        "the controller of the way in misses it",
        town(event("Ingress/shop", "Translate", 'secret "town-tls" does not exist'), alerts=(SHOWN,)),
        FOUND,
    ),
]
HELD = thing("Secret", "town-tls", type="kubernetes.io/tls")
DOES_NOT_HOLD = [
    DoesNotHold("nobody misses it", town(), HEALTHY),
    DoesNotHold("it is there", town(HELD, certificate()), HEALTHY),
    DoesNotHold("it is there again", town(HELD, line=NGINX), ASK),
    DoesNotHold("the edge misses one whose name is longer", town(line=NGINX.replace("town-tls", "town-tls-old"))),
    DoesNotHold("it is asked for since a moment", town(certificate("DoesNotExist", "Issuing")), HEALTHY),
    DoesNotHold("the issuer refuses one that no way in names", town(certificate(secret="mail-tls")), HEALTHY),
]
