"""A webhook that the cluster cannot ask: no pod can be made, and nothing done to a workload helps."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import QUOTA, SHOP, shop, without_pods
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

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


SERVER = "Deployment/injector"
MARKED: Obj = {"matchLabels": {"mesh": "on"}}
SHOWS: Obj = {"volumes": [{"name": "serving", "secret": {"secretName": "injector-tls"}}]}
SHAKES = "http: TLS handshake error from 10.0.0.1:33812: remote error: tls: bad certificate"


def elsewhere(*found: Any, space: str = "mesh") -> list[Obj]:
    """Return objects as they stand in another namespace."""
    flat = [each for one in found for each in (one if isinstance(one, list) else [one])]
    for each in flat:
        each["metadata"]["namespace"] = space
    return flat


def hook(selector: Obj | None = MARKED, kind: str = MUTATING, **more: Any) -> Obj:
    service = {"name": "injector", "namespace": "mesh", "port": 443}
    spaces = {} if selector is None else {"namespaceSelector": selector}
    entry = {"name": "inject.mesh.example", "clientConfig": {"service": service}, **spaces, **more}
    return thing(kind, "mesh-injector", webhooks=[entry])


def spaces(mesh: str = "off") -> list[Obj]:
    """Return both namespaces with their labels, in which one of them is chosen."""
    found = [thing("Namespace", label) for label in ("town", "mesh")]
    for each, value in zip(found, ("on", mesh), strict=True):
        each["metadata"]["labels"] = {"mesh": value}
    return found


def renewed(
    *more: Any,
    written: float = 20 * DAY,
    started: float = 80 * DAY,
    said: str = EXPIRED,
    config: Obj | None = None,
    space: str = "mesh",
    **of: Any,
) -> Snapshot:
    """Return a shop that gets no pods, and who answers for its webhook with a certificate renewed after its start."""
    server = workload("injector", spec=SHOWS, age=90 * DAY, started=started)
    secret = thing("Secret", "injector-tls", age=90 * DAY, written=written, type="kubernetes.io/tls")
    objects = (shop(ready=1), elsewhere(server, secret, space=space), config or hook(), told(said))
    return snapshot(*objects, *more, **of)


def lasting(message: str) -> list[Obj]:
    """Return a shop whose controller still says why it makes no pod, without any event."""
    made = shop(ready=1)
    failed = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    made[0]["status"]["conditions"] = [failed | {"lastTransitionTime": at(900)}]
    return made


def issued(ends_in: float) -> Obj:
    """Return what its controller tells of the certificate in the Secret."""
    dates = {"notBefore": at(20 * DAY), "notAfter": at(-ends_in)}
    return thing("Certificate", "serving", spec={"secretName": "injector-tls"}, status=dates)


ANEW = (SERVER, "configuration_error", "restart_workload")
STRANGE = EXPIRED.replace("x509: certificate has expired or is not yet valid", "x509: signed by unknown authority")

HOLDS = [
    *(
        Holds(
            f"who answers for it started before its certificate was renewed, {what}",
            world,
            ANEW,
            excludes=(
                *no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
                *no("rollback_workload", at=SERVER),
            ),
            alone=True,
        )
        for what, world in (
            ("and nobody has its log", renewed()),
            ("as it tells too", renewed(logs=[log(pod("injector", n), *[SHAKES] * 9) for n in range(2)])),
            ("and its own pods are not looked at", renewed(*spaces())),
            ("and it looks at marked pods alone", renewed(config=hook(None, objectSelector=MARKED))),
            ("and its controller tells when", renewed(issued(70 * DAY), written=90 * DAY)),
            ("and the refusal alone tells who it is", renewed(config=thing("ConfigMap", "none"))),
            (
                "and what it guards is checked, not changed",
                renewed(config=hook(kind=VALIDATING), said=EXPIRED.replace("inject?", "validate?")),
            ),
        )
    ),
    Holds(
        "it was renewed long ago, and only the state of the controller tells of it",
        snapshot(
            lasting(EXPIRED.removeprefix("Error creating: ")),
            elsewhere(
                workload("injector", spec=SHOWS, age=90 * DAY),
                thing("Secret", "injector-tls", age=90 * DAY, written=5 * DAY, type="kubernetes.io/tls"),
            ),
            hook(),
        ),
        ANEW,
    ),
    *(
        Holds(
            f"its certificate has ended, and a start anew may not help: {what}",
            world,
            BAD_CERTIFICATE,
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, world in (
            ("it was never renewed", renewed(written=90 * DAY)),
            ("it was renewed minutes ago", renewed(written=300)),
            ("its pods started since", renewed(started=DAY)),
            ("what lies there has ended as well", renewed(issued(-DAY))),
            ("its own pods are looked at too", renewed(config=hook(None))),
            ("its own namespace is chosen too", renewed(*spaces("on"))),
            ("it stands in the namespace that it guards", renewed(space="town")),
            ("it is not trusted", renewed(said=STRANGE)),
        )
    ),
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
