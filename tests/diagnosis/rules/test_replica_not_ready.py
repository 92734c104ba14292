"""One replica runs and is ready no more, while its twins are."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import built, node, pods_of, put
from tests.diagnosis.rules.scenes import SHOP, logs, policy
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, snapshot, workload

LATE = "HikariPool-1 - Failed to create connection: SocketTimeoutException: Connect timed out"


NO_SESSION = "FATAL: sorry, too many clients already"
LEAK = "WARN HikariPool-1 - Connection leak detection triggered for conn7"


def hung(
    pods: int = 3, since: float = 900, name: str = "shop", nodes: tuple[str, ...] = ("n1", "n2", "n3"), **more: Any
) -> list[Obj]:
    """Return a workload whose last pod is ready no more."""
    objects = workload(name, pods=pods, ready=pods - 1, nodes=nodes, **more)
    put(pods_of(objects)[-1], {}, ready=False, unready=since)
    return objects


HOLDS = [
    Holds(
        "one that calls it fell out with it",
        snapshot(hung(), hung(2, 890, "web", env={"SHOP_URL": "http://shop:8080"})),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds(
        "it repeats that its database has no session left, and that it has lost some itself",
        snapshot(hung(), logs=[log(pod("shop", 2), *[NO_SESSION] * 9, *[LEAK] * 5)]),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds(
        "another one fell out right then, whose node is lost",
        snapshot(
            hung(),
            hung(3, 890, "web", ("n1", "n2", "n4")),
            *(node(name) for name in ("n1", "n2", "n3")),
            node("n4", ready="Unknown", since=900),
        ),
        (SHOP, "service_crash", "restart_workload"),
        believed="node_lost",
    ),
    Holds(
        "another one fell out long after it",
        snapshot(hung(since=3000), hung(2, name="web")),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds(
        "a policy came a day before",
        snapshot(hung(), policy("flags", "flags", age=DAY, ingress=[])),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds(
        "for a quarter of an hour",
        snapshot(hung()),
        (SHOP, "service_crash", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
        began=900,
    ),
    Holds(
        "and it alone tells that the database does not answer it",
        snapshot(hung(), logs=logs("shop", LATE, 2)),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds(
        "and its log tells of nothing but its last request",
        snapshot(hung(4), logs=[log(pod("shop", 3), "GET /items 200", since=1000)]),
        (SHOP, "service_crash", "restart_workload"),
        harmful=("rollback_workload", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a policy came minutes before, and no log tells what it waits for",
        snapshot(hung(), policy("flags", "flags", age=1500, ingress=[])),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "all of them tell that they are not answered: it is only the first that its probe takes out",
        snapshot(hung(), logs=logs("shop", LATE, 0, 1, 2)),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "all of them tell that no name is found: a fresh one finds none either",
        snapshot(hung(), logs=logs("shop", "lookup flags on 10.96.0.10:53: read udp: i/o timeout", 0, 1, 2)),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "one of another workload, which does not know it, fell out right then: whatever it is, both have it",
        snapshot(hung(), hung(name="web", since=890)),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "it repeats that its database has no session left, and the others opened theirs before",
        snapshot(hung(), logs=logs("shop", NO_SESSION, 2)),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "it repeats that its database has no session left, and told once that it may have lost one",
        snapshot(hung(), logs=[log(pod("shop", 2), *[NO_SESSION] * 9, LEAK)]),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold("for a minute", snapshot(hung(since=60))),
    DoesNotHold("its only twin is no majority", snapshot(hung(2)), (SHOP, "unknown", "page_human")),
    DoesNotHold(
        "its node is lost",
        snapshot(hung(), node("n1"), node("n2"), node("n3", ready="Unknown", since=900)),
        ("Node/n3", "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "it runs another build of the same image than its twins",
        snapshot(built(hung(), "aa", "aa", "bb")),
        (SHOP, "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
]
