"""An autoscaler is blind since a release of last week put a container beside a program, and today is the first load."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, alert, autoscaler, busy, rate, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, snapshot, thing
from tuheg_ir.diagnosis.model import Snapshot

SCALER = "HorizontalPodAutoscaler/shop"
FRIDAY = 2.7 * DAY
LOADED = busy(rate("shop", 20, 50))
FIRES = [alert("ShopSlow", service="shop")]
BACK = (SHOP, "configuration_error", "rollback_workload")
ASK = (SCALER, "configuration_error", "page_human")
TELLS = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317", "OTEL_SERVICE_NAME": "shop"}


def blinded(beside: str, since: float, resource: str = "cpu", named: bool = True) -> Obj:
    """Return an autoscaler that cannot count a container, and since when; ``named``: it says which one."""
    made = autoscaler("shop", 2, 9, blind=True)
    (active,) = made["status"]["conditions"]
    where = f" in container {beside} of Pod shop-r2-a" if named else ""
    message = f"failed to get {resource} utilization: missing request for {resource}{where}"
    active.update({"message": message, "lastTransitionTime": at(since)})
    return made


def beside(
    name: str,
    put_image: str,
    /,
    *,
    env: dict[str, str] | None = None,
    volumes: tuple[list[Obj], list[Obj]] = ([], []),
    released: float = FRIDAY,
    **former: Any,
) -> list[Obj]:
    """Return a shop that got a container beside its program with a release, and what else came with it.

    ``env``: what the program is told since. ``volumes``: those of the pod before and since.
    """
    asks = {"resources": {"requests": {"cpu": "500m"}}}
    objects = shop(**asks, before={"env": {}, **former}, env=env or {}, released=released)
    put = container(name, put_image, port=4317)
    revisions = [each for each in objects if each["kind"] == "ReplicaSet"]
    old, new = sorted(revisions, key=lambda each: each["metadata"]["creationTimestamp"])
    pods = [each for each in objects if each["kind"] == "Pod"]
    old["spec"]["template"]["spec"]["volumes"] = volumes[0]
    for each in (objects[0], new):
        each["spec"]["template"]["spec"]["volumes"] = volumes[1]
        each["spec"]["template"]["spec"]["containers"].append(put)
    for each in pods:
        each["spec"]["containers"] = [*objects[0]["spec"]["template"]["spec"]["containers"]]
    return objects


def put_in(note: str, value: str, released: float = FRIDAY) -> list[Obj]:
    """Return a shop into whose pods a webhook puts a proxy, since a release set a note that asks for it."""
    objects = shop(resources={"requests": {"cpu": "500m"}}, before={"workingDir": ""}, released=released)
    old = next(each for each in objects if each["kind"] == "ReplicaSet")
    new = next(each for each in objects if each["kind"] == "ReplicaSet" and each is not old)
    for each in (objects[0], new):
        each["spec"]["template"]["metadata"] = {
            **each["spec"]["template"]["metadata"],
            "annotations": {note: value},
        }
    for each in objects:
        if each["kind"] == "Pod":
            each["spec"] = {**each["spec"], "containers": [*each["spec"]["containers"], container("mesh", "mesh:2")]}
    return objects


def world(objects: list[Obj], scaler: Obj, load: bool = True) -> Snapshot:
    """Return a shop on the first day of load since; ``load``: it is measured."""
    return snapshot(objects, scaler, figures=LOADED if load else [], alerts=FIRES)


OTEL = ("otel-agent", "otel/opentelemetry-collector-contrib:0.139.0")
CLOUD = ("cloud-sql-proxy", "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14")
SHIPPER = ("fluent-bit", "fluent/fluent-bit:3.1")
CONFIG = {"name": "otel-conf", "configMap": {"name": "shop-otel-agent"}}
RULES = {"name": "rules", "configMap": {"name": "rules-1"}}

HOLDS = [
    *(
        Holds(
            f"last week a release put a container beside its program: {what}",
            world(objects, scaler, load),
            BACK,
            believed="cpu_saturated" if load else "",
            excludes=no("restart_workload", at=SHOP) if not load else (),
            harmful=("restart_workload", "scale_workload"),
        )
        for what, objects, scaler, load in (
            (
                "which the program is told to send to, and its volume",
                beside(*OTEL, env=TELLS, volumes=([RULES], [RULES, CONFIG])),
                blinded(OTEL[0], FRIDAY - 18),
                True,
            ),
            ("and nothing else", beside(*SHIPPER), blinded(SHIPPER[0], FRIDAY - 30, "memory"), True),
            ("and nobody measures", beside(*SHIPPER), blinded(SHIPPER[0], FRIDAY - 30), False),
            ("an older autoscaler names none", beside(*CLOUD), blinded(CLOUD[0], FRIDAY - 30, named=False), False),
        )
    ),
    *(
        Holds(
            f"since a release of last week a webhook puts a proxy into its pods: {note}",
            world(put_in(note, value), blinded("mesh", FRIDAY - 40), False),
            BACK,
            excludes=no("restart_workload", at=SHOP),
        )
        for note, value in (
            ("linkerd.io/inject", "enabled"),
            ("dapr.io/enabled", "true"),
            ("sidecar.istio.io/inject", "true"),
        )
    ),
    *(
        Holds(
            f"a release of last week brought the container, and {what}",
            world(objects, blinded(OTEL[0], since), False),
            ASK,
            harmful=("rollback_workload",),
        )
        for what, objects, since in (
            ("another image", beside(*OTEL, image="registry.example/shop:0"), FRIDAY - 18),
            ("a setting of the program's own", beside(*OTEL, env={**TELLS, "MAX_PRICE": "9"}), FRIDAY - 18),
            ("another command", beside(*OTEL, command=["old"]), FRIDAY - 18),
            ("another way to its database", beside(*OTEL, env={**TELLS, "DB_URL": "tcp://db:5432"}), FRIDAY - 18),
            ("other content for a volume", beside(*OTEL, volumes=([RULES], [CONFIG])), FRIDAY - 18),
            ("the autoscaler was blind before", beside(*OTEL, env=TELLS), 5 * DAY),
        )
    ),
    Holds(
        "the container came last month",
        world(beside(*OTEL, env=TELLS, released=30 * DAY), blinded(OTEL[0], 30 * DAY - 18), False),
        ASK,
        harmful=("rollback_workload",),
    ),
    Holds(
        "a webhook puts a proxy into its pods since last week, and policies of the mesh were made for it",
        snapshot(
            put_in("sidecar.istio.io/inject", "true"),
            thing("PeerAuthentication", "strict", spec={"mtls": {"mode": "STRICT"}}),
            blinded("mesh", FRIDAY - 40),
            alerts=FIRES,
        ),
        ASK,
        harmful=("rollback_workload",),
    ),
    Holds(
        "a note that puts nothing in came with a release of last week",
        world(put_in("prometheus.io/scrape", "true"), blinded("mesh", FRIDAY - 40), False),
        ASK,
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it counts all the same",
        snapshot(beside(*OTEL, env=TELLS), autoscaler("shop", 2, 9), alerts=FIRES),
        ("unknown", "page_human"),
    ),
]
