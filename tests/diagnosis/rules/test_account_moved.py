"""A release gave a program another account, and it is refused since then what only the former one may do."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, logs, shop
from tests.diagnosis.rules.tiny import Obj, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

S3 = "ERROR ClientError: An error occurred (AccessDenied) when calling the PutObject operation: Access Denied"
IAM = "ERROR User: arn:aws:sts::1:assumed-role/shop/s is not authorized to perform: sqs:SendMessage on resource: q"
GCS = "ERROR googleapi: Error 403: shop@p.iam.example does not have storage.objects.create access to the bucket"
VAULT = "ERROR Error making API request. Code: 403. Errors: * permission denied"
FILE = "ERROR open /data/shop.lock: permission denied"


def moved(name: str = "shop", *, now: str = "common", old: str | None = "shop", **more: Any) -> list[Obj]:
    """Return a workload whose release, ten minutes ago, gave it another account."""
    made = workload(name, **{"before": {}, "spec": {"serviceAccountName": now}, **more})
    for obj in made:
        if obj["kind"] == "ReplicaSet" and obj["metadata"]["name"].endswith("-r1") and old is not None:
            obj["spec"]["template"]["spec"]["serviceAccountName"] = old
    return made


def refused(*objects: Any, line: str = S3, since: float = 570, times: int = 9, who: int = 2, **more: Any) -> Snapshot:
    """Return a shop that is refused something since that many seconds."""
    told = [each for n in range(who) for each in logs("shop", line, n, times=times, since=since)]
    return snapshot(*(objects or (moved(),)), logs=told, **{"alerts": [alert(app="shop")], **more})


HOLDS = [
    *(
        Holds(
            f"it is refused since then: {what}", refused(line=line), (SHOP, "configuration_error", "rollback_workload")
        )
        for what, line in (("S3", S3), ("SQS", IAM), ("a bucket of Google's", GCS), ("Vault", VAULT))
    ),
    Holds(
        "another image came with the account",
        refused(moved(before=IMAGE)),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its account is as before",
        refused(shop(before=IMAGE, spec={"serviceAccountName": "shop"})),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "it was refused minutes before it came, as a trouble of all, and nothing tells of that",
        refused(since=660, alerts=[]),
        ("unknown", "page_human"),
    ),
    DoesNotHold("it is a file", refused(line=FILE), (SHOP, "configuration_error", "rollback_workload")),
    DoesNotHold("it was refused once", refused(times=1, who=1), ("unknown", "page_human")),
    DoesNotHold("nobody suffers, and no alert fires", refused(alerts=[]), ("unknown", "page_human")),
    DoesNotHold(
        "who was not released is refused as well: a right was taken away",
        snapshot(
            moved(),
            workload("cart"),
            logs=[*logs("shop", S3, 0, 1, times=9, since=570), *logs("cart", S3, times=9, since=570)],
            alerts=[alert(app="shop")],
        ),
        # by a rule that guesses from times alone, and is not as sure
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold("it came long ago", refused(moved(released=20_000)), ("unknown", "page_human")),
]
