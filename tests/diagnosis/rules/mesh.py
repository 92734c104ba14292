"""A mesh whose signer cannot sign any more: what it says, what it answers, and what callers see."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.scenes import logs, shop
from tests.diagnosis.rules.tiny import snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

IDENTITY = "Deployment/identity"
SIGNER = (
    'level=error msg="could not process CSR because of CA cert validation failure: x509: certificate has expired or is '
    "not yet valid: current time 2026-03-04T11:59:00Z is after 2026-03-04T11:40:00Z - CSR Identity : cart.town"
)
TOLD_SO = (
    "identity{server.addr=identity-headless.town.svc.cluster.local:8080}: Failed to obtain identity error=status: "
    'FailedPrecondition, message: "could not process CSR: x509: certificate has expired"'
)
EXPIRED_PEER = "ERROR GET http://cart:8080/ -> 502 (endpoint cart:8080: invalid peer certificate: Expired)"


def mesh(*more: Any, signer: str = SIGNER, since: float = 1190, **of_cart: Any) -> Snapshot:
    """Return a mesh whose signer tells of what it signs with, since it ended 20 minutes ago."""
    said = [*logs("identity", signer, since=1190), *logs("shop", EXPIRED_PEER, since=since), *logs("new", TOLD_SO)]
    return snapshot(shop(), workload("cart", **of_cart), workload("identity"), workload("new"), *more, logs=said)


def issuer(ends: str) -> dict[str, Any]:
    """Return a Secret that bears the end of its certificate."""
    made = thing("Secret", "issuer", type="Opaque", data={"crt.pem": "sha256:00"})
    made["metadata"]["annotations"] = {"linkerd.io/identity-issuer-expiry": ends}
    return made
