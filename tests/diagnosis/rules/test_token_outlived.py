"""The cluster's API refuses a program from the end of its first token's time on: a fresh process reads a fresh one."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import DAY, at, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

MAKER = "Deployment/maker"
ANSWER = (
    'HTTP response body: {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",'
    '"message":"Unauthorized","reason":"Unauthorized","code":401}'
)
TOLD = (
    "kubernetes.client.exceptions.ApiException: (401)",
    "kubernetes.client.rest.ApiException: (401)",
    ANSWER,
    'Error: HTTP-Code: 401 Body: "{\\"kind\\":\\"Status\\",\\"reason\\":\\"Unauthorized\\",\\"code\\":401}"',
    "io.kubernetes.client.openapi.ApiException: Unauthorized",
    "Received status: Status(apiVersion=v1, code=401, details=null, kind=Status, message=Unauthorized)",
    "E0304 reflector.go:138] Failed to watch *v1.Job: failed to list *v1.Job: Unauthorized",
    "error retrieving resource lock town/maker: Unauthorized",
    "error: You must be logged in to the server (Unauthorized)",
    "the server has asked for the client to provide credentials (get jobs.batch)",
    'ApiError: Unauthorized: Unauthorized (ErrorResponse { status: "Failure", code: 401 })',
    "Kubeclient::HttpError: HTTP status code 401, Unauthorized for GET https://10.96.0.1/apis",
)
NOT_TOLD = (
    "kubernetes.client.exceptions.ApiException: (403)",
    "openapi_client.exceptions.ApiException: (401)",
    "GET https://partner.example/v1/orders: 401 Unauthorized",
    '{"kind":"Status","status":"Failure","reason":"Forbidden","code":403}',
    "failed to list *v1.Job: jobs.batch is forbidden",
)
ROOT_CA = {"volumes": [{"name": "api", "projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}}]}


def refused(
    *lines: str,
    since: float = 3600,
    days: float = 90,
    pods: int = 1,
    times: int = 12,
    then: tuple[str, ...] = (),
    beside: Any = (),
    said: Any = (),
    alarm: bool = True,
    **more: Any,
) -> Snapshot:
    """Return a program whose process was so many days old as the API first refused it, an hour ago."""
    made: dict[str, Any] = {"pods": pods, "age": days * DAY + since + 9, "started": days * DAY + since + 5} | more
    line = lines or (ANSWER,)
    return snapshot(
        workload("maker", **made),
        beside,
        logs=[*(log(pod("maker", n), *line * times, *then, since=since) for n in range(pods)), *said],
        alerts=[alert("TenantsWait", team="shop")] if alarm else [],
    )


def started_again() -> Snapshot:
    """Return a program whose pod is older than its process, which read a token that was forty minutes old."""
    objects = workload("maker", pods=1, started=90 * DAY + 3600 - 2400)
    pods_of(objects)[0]["metadata"]["creationTimestamp"] = at(100 * DAY)
    return snapshot(objects, logs=[log(pod("maker"), *[ANSWER] * 12, since=3600)], alerts=[alert("TenantsWait")])


def account(name: str = "ops") -> dict[str, Any]:
    return {"spec": {"serviceAccountName": name, **ROOT_CA}}


FELLOW = workload("sweeper", age=12 * DAY, **account())
RESTART = (MAKER, "code_defect", "restart_workload")

HOLDS = [
    *(
        Holds(
            f"from ninety days after its start on: {line[:50]}",
            refused(line),
            RESTART,
            excludes=no("rollback_workload", at=MAKER),
            harmful=("rollback_workload", "scale_workload"),
        )
        for line in TOLD
    ),
    Holds("a year after it", refused(days=365), RESTART),
    Holds("two pods, each at its time", refused(pods=2), RESTART),
    Holds(
        "another with the same account is well, and the cluster's own ConfigMap was not read",
        refused(
            beside=[*FELLOW, thing("ConfigMap", "other", data={})],
            said=[log(pod("sweeper"), *["INFO swept"] * 30, since=3600)],
            **account(),
        ),
        RESTART,
    ),
    Holds(
        "its container was started again, and found a token in the file that was forty minutes old",
        started_again(),
        RESTART,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"it is refused otherwise, or by another: {line[:50]}", refused(line), (), harmful=("restart_workload",)
        )
        for line in NOT_TOLD
    ),
    *(
        DoesNotHold(what, world, (), harmful=("restart_workload",))
        for what, world in (
            ("its process was eighty-nine days old", refused(days=89)),
            ("its process was young", refused(days=0.5)),
            ("its time was over half an hour before", refused(days=90.03)),
            ("it was refused half an hour before its time was over", refused(days=89.98)),
            ("it was refused twice", refused(times=2)),
            ("it is refused no more", refused(times=4, then=("INFO jobs listed",) * 40)),
            ("nobody misses anything", refused(alarm=False)),
            (
                "another is refused whose process is young: the API refuses tokens for another reason",
                refused(
                    beside=workload("sweeper", age=12 * DAY),
                    said=[log(pod("sweeper"), *[ANSWER] * 30, since=3600)],
                ),
            ),
        )
    ),
]
