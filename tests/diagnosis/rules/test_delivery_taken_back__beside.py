"""What comes beside a release may be why its readers keep messages for longer; what came at another time is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import OLD, rate
from tests.diagnosis.rules.test_delivery_taken_back import IN_VAIN, LINES, OF_WORKER, WORKER
from tests.diagnosis.rules.test_delivery_taken_back__released import QUARTER, keeps
from tests.diagnosis.rules.tiny import Obj, at, figure, pod, postgres, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

LATE: dict[str, Any] = {**QUARTER, "rounds": (2300, 1400, 500), "released": 3500}
"""Workers released within the hour of which there are figures."""
SINCE = 3300
QUEUE = figure("queue_depth", 5, 9000, SINCE, component="rabbit", queue="orders")
CHOSEN = ("SETTLE_CONFIG", "/etc/worker/day.yml", "/etc/worker/night.yml")


def _late(*more: Any, **of_it: Any) -> Snapshot:
    line, rest = LATE["line"], {key: each for key, each in LATE.items() if key != "line"}
    return keeps(line, *more, **(rest | of_it))


def _run(name: str, began: float) -> list[Obj]:
    return workload(name, kind="Job", pods=1, started=began, age=began, service=False)


def _publishes(began: float) -> Log:
    lines = (f"{at(began - 50 - 60 * n)} INFO published {500 * (n + 1)} exports to queue orders" for n in range(30))
    return Log("month-end-0", "month-end", tuple(lines))


def _waits(times: int, first: float = 8600) -> Log:
    told = "LOG:  process 77 still waiting for ShareLock on transaction 99 after 1000.1 ms"
    return Log("postgres-0", "postgres", tuple(f"{at(first - 200 * n)} {told}" for n in range(times)))


def _key_of(name: str) -> Obj:
    return {"configMapKeyRef": {"name": name, "key": "feed"}}


def _mounts(now: str, *maps: Obj) -> Snapshot:
    """Return workers that mounted worker-conf-1 before their release, and mount another ConfigMap, or that, since."""

    def mounted(obj: Any, name: str) -> Any:
        spec = obj["spec"]["template"]["spec"]
        found = [
            {**each, "volumeMounts": [{"name": "conf", "mountPath": "/etc/worker"}]} for each in spec["containers"]
        ]
        volumes = [{"name": "conf", "configMap": {"name": name}}]
        template = {**obj["spec"]["template"], "spec": {**spec, "containers": found, "volumes": volumes}}
        return {**obj, "spec": {**obj["spec"], "template": template}}

    world = keeps(LINES[1])
    names = {"worker-r1": "worker-conf-1", "worker-r2": now, "worker": now}
    objects = {
        kind: tuple(
            mounted(each, names[each["metadata"]["name"]])
            if kind in ("ReplicaSet", "Deployment") and each["metadata"]["name"] in names
            else each
            for each in found
        )
        for kind, found in world.objects.items()
    }
    return replace(world, objects={**objects, "ConfigMap": maps})


def _of_workers(signal: str, now: float) -> list[Any]:
    return [figure(signal, 0.01, now, SINCE, pod=pod("worker", n), container="worker") for n in range(2)]


CONF = thing("ConfigMap", "worker-conf-1", data={"worker.yml": "queues: [orders]"})
OTHER = thing("ConfigMap", "worker-conf-2", age=9000, data={"worker.yml": "queues: [orders, exports]"})
OFTEN = tuple(range(8000, 1000, -35))
"""Ages at which a message is taken back every half minute."""

HOLDS = [
    *(
        Holds(
            f"its release keeps messages for longer than its broker waits: {what}",
            world,
            (WORKER, "code_defect", "rollback_workload"),
            excludes=IN_VAIN,
        )
        for what, world in (
            ("two of four tell it, on each node one", keeps(pods=4)),
            ("a run began hours before", keeps(LINES[1], _run("month-end", 20000), says=(_publishes(20000),))),
            ("a run began after that", keeps(LINES[1], _run("month-end", 6600), says=(_publishes(6600),))),
            ("another was made after that", keeps(LINES[1], workload("exports", age=6600))),
            ("a database told of three waits for a lock", keeps(LINES[1], postgres(), says=(_waits(3),))),
            ("a database told of waits for locks before", keeps(LINES[1], postgres(), says=(_waits(20, 16000),))),
            ("its queue grows, and nobody is asked for more", _late(figures=[QUEUE, rate("api", since=SINCE)])),
            ("users came an hour after it", _late(figures=[rate("api", 10, 90, since=600)])),
            ("fewer users came", _late(figures=[rate("api", 90, 10, since=SINCE)])),
            ("it has processor time left", _late(figures=_of_workers("throttled_share", 0.1))),
            (
                "its database has processor time left",
                _late(postgres(), figures=[figure("cpu_share", 0.3, 0.5, SINCE, pod="postgres-0", container="x")]),
            ),
            ("it mounts the same file", _mounts("worker-conf-1", CONF)),
        )
    ),
    *(
        Holds(f"nobody knows that its release brought it: {what}", world, OF_WORKER, harmful=("rollback_workload",))
        for what, world in (
            ("two of four tell it, both on one node", keeps(pods=4, nodes=("n1", "n1", "n2", "n2"))),
            (
                "a run publishes since just after the release",
                keeps(LINES[1], _run("month-end", 8950), says=(_publishes(8950),)),
            ),
            ("a run began a while before the release", keeps(LINES[1], _run("month-end", 10500))),
            (
                "a run of a schedule began with the release",
                keeps(LINES[1], workload("nightly", kind="CronJob", pods=1, started=8950, service=False)),
            ),
            ("another was made with it", keeps(LINES[1], workload("exports", age=8950))),
            (
                "another was released a while before it",
                keeps(LINES[1], workload("api", before=OLD, released=10500)),
            ),
            (
                "a run locks what a database tells of",
                keeps(LINES[1], _run("reindex", 8950), postgres(), says=(_waits(40),)),
            ),
            ("a database tells of waits for locks", keeps(LINES[1], postgres(), says=(_waits(40),))),
            (
                "users of another came with it, and its queue grew",
                _late(figures=[QUEUE, figure("request_rate", 10, 90, SINCE, component="api")]),
            ),
            ("its queue grew, and nobody counts requests", _late(figures=[QUEUE])),
            ("it is held back by its limit", _late(figures=_of_workers("throttled_share", 0.9))),
            ("it uses all of its limit", _late(figures=_of_workers("cpu_share", 0.99))),
            ("its nodes are used up", _late(figures=[figure("node_cpu_share", 0.3, 0.99, SINCE, node="n1")])),
            (
                "its database has no processor time left",
                _late(postgres(), figures=[figure("cpu_share", 0.3, 0.99, SINCE, pod="postgres-0", container="x")]),
            ),
            ("it mounts another file, which names a further queue", _mounts("worker-conf-2", CONF, OTHER)),
            ("it is told another file", keeps(set_to=CHOSEN)),
            (
                "it takes a setting from another place",
                keeps(set_to=("FEED", _key_of("day"), _key_of("night"))),
            ),
            (
                "nobody tells for how long it was kept, and many tell it often",
                keeps(
                    "ERROR delivery acknowledgement timed out",
                    ours="[warning] timed out waiting for delivery acknowledgement",
                    pods=30,
                    tell=30,
                    rounds=OFTEN,
                    apart=1,
                ),
            ),
        )
    ),
]

DOES_NOT_HOLD: list[DoesNotHold] = []
