"""An object store outside fails: its client libraries tell of it without its name, which stands in settings."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, ingress, logs, shop
from tests.diagnosis.rules.tiny import Obj, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

STORE = "https://s3.nordic.example"
FAILS = (SHOP, "dependency_failure", "page_human")
CODE = ("code_defect", "rollback_workload")
HARMFUL = ("rollback_workload", "restart_workload", "scale_workload")
GO = (
    "ERROR load: operation error S3: GetObject, exceeded maximum number of attempts, 5, https response error"
    " StatusCode: {}, RequestID: 4Y7Q, HostID: b1, api error {}"
)
DOWN = GO.format(503, "ServiceUnavailable: Service is unable to handle request.")
BOTO = "ERROR An error occurred ({}) when calling the {} operation (reached max retries: 4): {}"
LATE = "ERROR operation error S3: PutObject, https response error StatusCode: 0, canceled, context deadline exceeded"


def keeps(line: str, url: str = STORE, *beside: Any, key: str = "S3_ENDPOINT", **more: Any) -> Snapshot:
    """Return a shop that nobody released, whose users suffer, which tells of an object store and has an address."""
    return told(line, shop(env={key: url}, **more), *beside)


def told(line: str, *objects: Any) -> Snapshot:
    return snapshot(*objects, figures=[errors("shop", 0.4, 300)], logs=logs("shop", line, 0, 1))


def by_file(text: str) -> list[Obj]:
    """Return a shop that reads a file of settings."""
    reads = [{"configMapRef": {"name": "shop"}}]
    return [
        *shop(spec={"containers": [{"name": "shop", "envFrom": reads}]}),
        thing("ConfigMap", "shop", data={"f": text}),
    ]


def with_key(name: str, key: str = "id", **env: str) -> list[Obj]:
    """Return a workload that shows a key from the Secret `store`."""
    objects = workload(name, env=env)
    given = {"name": "AWS_ACCESS_KEY_ID", "valueFrom": {"secretKeyRef": {"name": "store", "key": key}}}
    for each in objects:
        spec = each.get("spec", {}).get("template", {}).get("spec") or {}
        for container in spec.get("containers", ()):
            container["env"] = [*container.get("env", ()), given]
    return objects


INDENTED = f"db:\n  url: postgres://pg.db.example/shop\nphotos:\n  kind: s3\n  endpoint: {STORE}\n  bucket: pics\n"
LONG = "shops:\n" + "".join(f"  endpoint{n}: shop-{n}.example\n" for n in range(1600))
SECTIONS = f"[mail]\nserver = smtp.post.example\n\n[s3]\nregion = eu-1\nendpoint = {STORE}\n"
FLAT = f"pay.url={STORE.replace('s3', 'pay')}\nphotos.s3.endpoint={STORE}\n"

HOLDS = [
    *(
        Holds(
            f"a client says so: {line}",
            keeps(line),
            FAILS,
            excludes=no("rollback_workload", "restart_workload", at=SHOP),
            harmful=HARMFUL,
        )
        for line in (
            DOWN,
            GO.format(500, "InternalError: We encountered an internal error. Please try again."),
            LATE,
            BOTO.format("ServiceUnavailable", "PutObject", "Service is unable to handle request."),
            BOTO.format("InternalError", "UploadPart", "We encountered an internal error. Please try again."),
            BOTO.format("503", "HeadBucket", "Service Unavailable"),
            "ERROR services.s3.model.S3Exception: null (Service: S3, Status Code: 503, Request ID: 1)",
            "ERROR AmazonS3Exception: busy (Service: Amazon S3; Status Code: 503; Error Code: InternalError)",
            'error: GetObjectCommand {"name":"ServiceUnavailable","$metadata":{"httpStatusCode":503}}',
            "E, ERROR -- : Aws::S3::Errors::ServiceUnavailable (Service is unable to handle request.)",
            'error: upload {"name":"S3ServiceException","httpStatusCode":503,"attempts":3}',
        )
    ),
    *(
        Holds(f"the address stands in {where}", world, FAILS, harmful=HARMFUL)
        for where, world in (
            ("a variable of another name", keeps(DOWN, key="AWS_ENDPOINT_URL")),
            ("a variable of the store's maker", keeps(DOWN, "objects.example.com", key="MINIO_HOST")),
            ("a variable that is a URL, and is called after the store alone", keeps(DOWN, key="OBJECT_STORE")),
            ("a variable that says more behind it", keeps(DOWN, key="S3_URL_INTERNAL")),
            ("the indented part of a file", told(DOWN, by_file(INDENTED))),
            ("the last part of a long file", told(DOWN, by_file(LONG + INDENTED))),
            ("a part of a file under its name in brackets", told(DOWN, by_file(SECTIONS))),
            ("a line of a file that says so itself", told(DOWN, by_file(FLAT))),
            (
                "the settings of another one with the same key",
                told(DOWN, with_key("shop"), with_key("cart", S3_URL=STORE)),
            ),
        )
    ),
]
OWN = '{{"level":"error","message":"failed","httpStatusCode":500,"{}"}}'
CQRS = OWN.format('command":"CreateOrderCommand","store":"s3')
BESIDE = "mail:\n  url: https://mail.example\ns3:\n  bucket: pics\n"
ACCOUNTS = "ERROR operation error DynamoDB: GetItem, https response error StatusCode: 503, api error InternalError: x"
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"what a client says is no failure of the store: {line}", keeps(line))
        for line in (
            GO.format(403, "AccessDenied: Access Denied"),
            GO.format(404, "NoSuchKey: The specified key does not exist."),
            BOTO.format("NoSuchBucket", "ListObjectsV2", "The specified bucket does not exist"),
            "ERROR operation error S3: PutObject, get identity: get credentials: failed to refresh cached credentials,"
            " operation error ec2imds: GetMetadata, canceled, context deadline exceeded",
        )
    ),
    *(
        DoesNotHold(f"nobody knows which host is meant: {why}", world)
        for why, world in (
            ("the only one outside is of something else", keeps(DOWN, "https://api.pay.example", key="PAY_URL")),
            (
                "there are two stores",
                told(DOWN, shop(env={"S3_URL": STORE, "S3_COPY_URL": "https://s3.b.example"})),
            ),
            (
                "the address is that of another service",
                keeps(DOWN, "https://db.example", key="AWS_ENDPOINT_URL_DYNAMODB"),
            ),
            ("queues have an address", keeps(DOWN, "https://sqs.eu-1.example/1/jobs", key="AWS_SQS_QUEUE_URL")),
            ("it speaks of another service than the one that is set", keeps(ACCOUNTS)),
            (
                "another part of a file is that of the store",
                told(DOWN, by_file(BESIDE)),
            ),
            ("another key of the same Secret", told(DOWN, with_key("shop"), with_key("cart", "other", S3_URL=STORE))),
        )
    ),
    *(
        DoesNotHold(f"it tells the status of its own answer, {how}", keeps(line))
        for how, line in (
            ("at a path that is called after the store", OWN.format('path":"/s3/upload')),
            ("and a command of its own", CQRS),
        )
    ),
    DoesNotHold(
        "it tells the status of its own answers since its release, at an address of its own",
        snapshot(
            shop(env={"S3_ENDPOINT": STORE}, before=OLD, released=330),
            ingress("shop", "*.acme-shop.example"),
            figures=[errors("shop", 0.4, 300)],
            logs=logs("shop", OWN.format('url":"https://www.acme-shop.example/cart'), 0, 1),
        ),
        CODE,
        harmful=("restart_workload", "scale_workload"),
    ),
    DoesNotHold(
        "it speaks of a path that is called after the store, and not of whom it asks",
        keeps("ERROR GET /s3/pics: connection refused"),
    ),
    DoesNotHold("its way out is called after the store", keeps(DOWN, "https://out.example:3128", key="S3_PROXY")),
    DoesNotHold("a variable after the store names a bucket", keeps(DOWN, "s3://pics", key="OBJECT_STORE")),
    DoesNotHold(
        "the store stands beside it",
        keeps(DOWN, "http://minio:9000", workload("minio", "minio/minio:1", kind="StatefulSet", port=9000)),
    ),
    DoesNotHold(
        "its address came with a release",
        told(
            DOWN,
            shop(
                env={"S3_ENDPOINT": STORE},
                before={**OLD, "env": {"S3_ENDPOINT": "https://s3.old.example"}},
                released=400,
            ),
        ),
        CODE,
    ),
]
