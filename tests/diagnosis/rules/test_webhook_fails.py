"""A webhook that the cluster cannot ask: no pod can be made, and nothing done to a workload helps."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import QUOTA, SHOP, shop, without_pods
from tests.diagnosis.rules.tiny import Obj, event, snapshot, thing, workload

CALLING = "Error creating: Internal error occurred: failed calling webhook"
EXPIRED = (
    f'{CALLING} "inject.mesh.example": failed: '
    'Post "https://injector.mesh.svc:443/inject?timeout=10s": tls: failed to verify certificate: '
    "x509: certificate has expired or is not yet valid"
)
GUARD = (
    f'{CALLING} "guard.example.io": '
    'failed to call webhook: Post "https://guard.sys.svc:443/validate?timeout=10s": no '
    'endpoints available for service "guard"'
)
VALIDATING, MUTATING = "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"
POLICY = "https://policy.sys.svc:443"
SILENT = {
    f'Post "{POLICY}/validate?timeout=10s": context deadline exceeded': f"{VALIDATING}/policy",
    f'Post "{POLICY}/mutate": dial tcp 10.96.9.9:443: connect: connection refused': f"{MUTATING}/policy",
    'no endpoints available for service "policy"': f"{MUTATING}/check",
}
BAD_CERTIFICATE = (f"{MUTATING}/mesh-injector", "configuration_error", "page_human")


def told(message: str, name: str = "shop") -> Obj:
    return event(f"ReplicaSet/{name}-r1", "FailedCreate", message)


HOLDS = [
    Holds(
        "its certificate is out of date",
        snapshot(
            shop(ready=1), thing(MUTATING, "mesh-injector", webhooks=[{"name": "inject.mesh.example"}]), told(EXPIRED)
        ),
        BAD_CERTIFICATE,
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    *(
        Holds(
            f"it does not answer: {reason}",
            snapshot(shop(ready=1), told(f'{CALLING} "check.policy.example": {reason}')),
            (where, "dependency_failure", "page_human"),
        )
        for reason, where in SILENT.items()
    ),
    Holds(
        "two workloads that wait for it are one fault",
        snapshot(
            shop(ready=1),
            workload("cart", ready=1),
            thing(MUTATING, "mesh-injector", webhooks=[{"name": "inject.mesh.example"}]),
            told(EXPIRED),
            told(EXPIRED, "cart"),
        ),
        BAD_CERTIFICATE,
        alone=True,
    ),
    Holds(
        "no pod is behind it",
        snapshot(without_pods(workload("api", pods=3, ready=2), 2), told(GUARD, "api")),
        (f"{VALIDATING}/guard", "dependency_failure", "page_human"),
        harmful=("restart_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a quota refuses the pods",
        snapshot(without_pods(shop(pods=3, ready=2), 2), told(QUOTA)),
        ("ResourceQuota/team", "resource_exhaustion", "page_human"),
    ),
]
