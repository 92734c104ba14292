"""Pods of a release that end at start; what the log and the template tell decides between code and configuration."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Answers, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, looping, pods_of, put, rollout
from tests.diagnosis.rules.scenes import API, CACHE, IMAGE, OLD, SHOP, down, errors, logs
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, log, pod, postgres, redis, snapshot, thing, workload
from tests.diagnosis.worlds import NODES
from tuheg_ir.diagnosis.model import Snapshot

MODE_A, MODE_B = {"env": {"MODE": "a"}}, {"MODE": "b"}
DIES = looping()
LEDGER, AGENT = "StatefulSet/ledger", "DaemonSet/agent"


def third_of_a_set() -> list[Obj]:
    """Return a StatefulSet of three in the midst of a roll-out, whose last pod ends."""
    objects = workload("ledger", kind="StatefulSet", pods=3, before=OLD, released=600)
    for each in pods_of(objects)[:2]:
        each["metadata"]["labels"]["controller-revision-hash"] = "ledger-r1"
        each["metadata"]["creationTimestamp"] = at(9 * DAY)
        put(each, {}, ready=True)
    put(pods_of(objects)[2], looping())
    objects[0]["status"]["readyReplicas"] = 2
    return objects


def agents() -> list[Obj]:
    """Return a DaemonSet whose pods all end at start."""
    objects = workload("agent", kind="DaemonSet", pods=2, before=OLD, released=900, service=False)
    objects[0]["status"] = {"desiredNumberScheduled": 2, "numberReady": 0}
    for each in pods_of(objects):
        each["metadata"]["name"] += "x"
        put(each, looping())
    return objects


def earlier_probe(objects: list[Obj]) -> Obj:
    """Return an event of a liveness probe that failed for a while in the one pod of a set that is well."""
    said = 'Liveness probe failed: Get "http://10.1.0.3:8081/healthz": connect: connection refused'
    return event(f"Pod/{pods_of(objects)[0]['metadata']['name']}", "Unhealthy", said, age=700)


FAILED = (
    'Liveness probe failed: Get "http://10.1.0.3:8081/healthz": dial tcp 10.1.0.3:8081: connect: connection refused'
)
WILL_RESTART = "Container shop failed liveness probe, will be restarted"


def edited(age: float, *told: str) -> Snapshot:
    """Return a release that ends at start and reads a ConfigMap which was edited so long ago."""
    volume = {"name": "c", "configMap": {"name": "settings"}}
    return snapshot(
        rollout("shop", looping(), before=IMAGE, spec={"volumes": [volume]}),
        thing("ConfigMap", "settings", written=age, data={"a": "b"}),
        logs=[log(pod("shop", 2), *told, previous=True)] if told else [],
    )


LIMIT = "Unhandled exception. System.IO.IOException: the limit on the number of watches is reached"
NOWHERE = "panic: dial tcp: lookup ledger.partner.example on 10.96.0.10:53: no such host"


def alike(
    ours: str = LIMIT,
    *,
    theirs: str = "",
    of: str = "rates",
    status: Obj | None = DIES,
    since: float = 60,
    **more: Any,
) -> Snapshot:
    """Return a release that ends at start, and another program that tells of something too; nobody released that."""
    other = workload(of, pods=2, ready=1, **more)
    if status is not None:
        put(pods_of(other)[1], status)
    return snapshot(
        rollout("shop", looping(), before=IMAGE),
        other,
        logs=[
            log(pod("shop", 2), ours, previous=True),
            log(pod(of, 1), theirs or ours, previous=status is not None, since=since),
        ],
    )


def some_well() -> list[Obj]:
    """Return a release of which one pod ends and one, on another node, is well."""
    objects = rollout("shop", looping(), before=IMAGE, new=2)
    put(pods_of(objects)[3], {"state": {"running": {"startedAt": at(590)}}}, ready=True)
    pods_of(objects)[3]["status"]["containerStatuses"][0] |= {"restartCount": 0, "lastState": {}}
    return objects


BACK = ("code_defect", "rollback_workload")


def fallen(*, older: bool = True, others: int = 2, **of_other: Any) -> Snapshot:
    """Return a release that ends at start, with older pods that are not ready any more, as some pods of the api."""
    objects, api = rollout("shop", looping(), before=IMAGE, released=1800), workload("api", **of_other)
    for each in (*(pods_of(objects)[:2] if older else ()), *pods_of(api)[:others]):
        put(each, {}, ready=False, unready=900)
    return snapshot(objects, api)


HOLDS = [
    Holds(
        "no older pod is ready any more, nor any of another one that nobody released",
        fallen(),
        (SHOP, "dependency_failure", "page_human"),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(f"pods that were ready do not show that it is not its release: {what}", world, rolled)
        for rolled in ((SHOP, "code_defect", "rollback_workload"),)
        for what, world in (
            ("older ones are well", fallen(older=False)),
            ("the other one is well", fallen(others=0)),
            ("some of the other one are well", fallen(others=1)),
            ("the other one was released as well", fallen(before=OLD, released=1700)),
        )
    ),
    Holds(
        "its log tells, what it reads was edited before",
        edited(HOUR, "ModuleNotFoundError: No module named 'yaml'"),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds("what it reads was edited a day before", edited(DAY), (SHOP, "code_defect", "rollback_workload")),
    Holds(
        "a probe met a program that ended by itself while it started",
        snapshot(rollout("shop", looping(), before=IMAGE), event(f"Pod/{pod('shop', 2)}", "Unhealthy", FAILED, age=20)),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "a probe of another pod failed before",
        snapshot(third_of_a_set(), earlier_probe(third_of_a_set())),
        (LEDGER, "code_defect", "rollback_workload"),
    ),
    Holds(
        "new code",
        snapshot(
            rollout("shop", looping(), before=IMAGE),
            logs=[log(pod("shop", 2), "ModuleNotFoundError: No module named 'yaml'", previous=True)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "the same code with another setting",
        snapshot(rollout("shop", looping(), before=MODE_A, env=MODE_B)),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "code and setting changed, and the log tells which",
        snapshot(
            rollout("shop", looping(), before={**IMAGE, **MODE_A}, env=MODE_B),
            logs=[
                log(
                    pod("shop", 2),
                    "FATAL: invalid value for MODE: missing required environment variable",
                    previous=True,
                )
            ],
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "no older pod is left",
        snapshot(rollout("shop", looping(), before=IMAGE, old=0, new=2)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "an image for other processors",
        snapshot(
            rollout("api", looping("Error", 255, lived=0), before=OLD),
            logs=[log(pod("api", 2), "exec /app/server: exec format error", previous=True)],
        ),
        (API, "code_defect", "rollback_workload"),
    ),
    Holds(
        "a setting that Spring misses",
        snapshot(
            rollout(
                "api",
                looping(lived=8),
                before={"env": {"SPRING_DATASOURCE_URL": "jdbc:postgresql://postgres/a"}},
                env={"SPRING_DATASOURCE_URLX": "jdbc"},
            ),
            postgres(),
            logs=[
                log(
                    pod("api", 2),
                    "APPLICATION FAILED TO START",
                    "Failed to bind properties under 'spring.datasource.url'",
                    previous=True,
                )
            ],
        ),
        (API, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a StatefulSet",
        snapshot(
            third_of_a_set(),
            event("Pod/ledger-2", "BackOff", "Back-off restarting failed container"),
            logs=[log("ledger-2", "Traceback (most recent call last):", "TypeError: x", previous=True, of="ledger")],
        ),
        (LEDGER, "code_defect", "rollback_workload"),
    ),
    Holds(
        "a DaemonSet",
        snapshot(agents(), NODES, event("Pod/agent-0x", "BackOff", "Back-off restarting failed container")),
        (AGENT, "code_defect", "rollback_workload"),
    ),
    Holds(
        "a cache with an argument that it does not know",
        snapshot(
            down(
                redis(before={"args": ["redis-server"]}, args=["redis-server", "--bogus"], released=500),
                looping("Error", 1, lived=0),
            ),
            workload("api", env={"REDIS_HOST": "redis"}),
            figures=[errors("api", 0.9, 480)],
            logs=[
                log(
                    "redis-pod0",
                    "*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***",
                    "Bad directive or wrong number of arguments",
                    of="redis",
                    previous=True,
                ),
                *logs("api", "connect ECONNREFUSED redis:6379"),
            ],
        ),
        (CACHE, "configuration_error", "rollback_workload"),
    ),
]
HOLDS += [
    Holds(
        f"{what}: the release is not why",
        world,
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        believed=believed,
        harmful=("rollback_workload", "restart_workload"),
    )
    for what, world, believed in (
        ("another program that nobody released ends with the same words", alike(), ""),
        (
            "another one that nobody released does not find the same host either",
            alike(NOWHERE, of="api"),
            "wrong_host_name",
        ),
    )
]
HOLDS += [
    Holds(
        "it is well on another node: it does not end by itself",
        snapshot(some_well()),
        (SHOP, "code_defect", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    *(
        Holds(what, world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in (
            ("another program ends with other words", alike(theirs="panic: out of coffee")),
            ("another program told the same words hours ago, and is well since", alike(since=5 * HOUR, status=None)),
        )
    ),
]


def short(since: float, made: list[Obj] | None = None, strategy: str = "RollingUpdate", pods: int = 2) -> Snapshot:
    """Return a release that ends at start, and since when the workload has too few pods."""
    objects = made or down(workload("shop", before=IMAGE, pods=pods), looping(restarts=3), unready=600)
    objects[0]["spec"]["strategy"] = {"type": strategy}
    objects[0]["status"]["conditions"] = [{"type": "Available", "status": "False", "lastTransitionTime": at(since)}]
    return snapshot(objects)


def beside_old_ones() -> list[Obj]:
    """Return a release whose pods end at start beside two old pods that serve, of three that are wanted."""
    made = rollout("shop", looping(restarts=3), before=IMAGE)
    made[0]["spec"]["replicas"] = 3
    return made


ANSWERS = [
    Answers(
        "it had too few pods before the release came: the one before ended as well, and would again",
        short(1000),
        {(SHOP, "code_defect", "page_human")},
        harmful=("rollback_workload", "restart_workload"),
    ),
    Answers(
        "the only pod was not ready before the release came",
        short(1000, strategy="Recreate", pods=1),
        {(SHOP, "code_defect", "page_human")},
        harmful=("rollback_workload", "restart_workload"),
    ),
    Answers(
        "it had a pod too few before the release came, and older pods serve",
        short(6 * HOUR, beside_old_ones()),
        {(SHOP, *BACK)},
    ),
    Answers(
        "it had too few pods, and all were ended for the release: some may have served",
        short(1000, strategy="Recreate"),
        {(SHOP, *BACK)},
    ),
    Answers("it has too few pods since the release, as far as clocks agree", short(640), {(SHOP, *BACK)}),
    Answers("what is told of its pods is of last week", short(7 * DAY), {(SHOP, *BACK)}),
    Answers(
        "two programs were released, and end with the same words: it may be what both brought",
        alike(before=OLD, released=900),
        {(ref, "code_defect", "rollback_workload") for ref in (SHOP, "Deployment/rates")},
        harmful=("restart_workload",),
    ),
]


def meshed(*, before: bool) -> list[Obj]:
    """Return a release whose pods' proxies end, which no template names; ``before``: the older pods have one too."""
    objects = rollout("shop", {}, before=IMAGE)
    for each in pods_of(objects):
        (program,) = each["status"]["containerStatuses"]
        new = not program["ready"]
        if new or before:
            proxy = {"name": "linkerd-proxy", "image": "proxy:2.16", "ready": True, "restartCount": 0}
            proxy |= looping() if new else {"state": {"running": {"startedAt": at(HOUR)}}}
            each["status"]["containerStatuses"] = [{**proxy, "ready": not new}, program]
    return objects


HOLDS += [
    Holds(
        "a release brought a proxy into its pods, which ends",
        snapshot(meshed(before=False)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "what ends is a proxy that somebody puts into all pods",
        snapshot(meshed(before=True)),
        (SHOP, "dependency_failure", "page_human"),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its pods are the first to start with an edit, and no log tells which of both it is",
        edited(HOUR),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "the kubelet killed it because its probe failed",
        snapshot(
            rollout("shop", looping(), before=IMAGE),
            event(f"Pod/{pod('shop', 2)}", "Unhealthy", FAILED, age=40),
            event(f"Pod/{pod('shop', 2)}", "Killing", WILL_RESTART, age=20),
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a restart is no release",
        snapshot(rollout("shop", looping(), before={})),
        (SHOP, "service_crash", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "they served before they ended",
        snapshot(down(workload("shop", before=IMAGE, released=900), looping(lived=90), unready=100)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]
