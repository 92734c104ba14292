"""One replica runs and is ready no more, while its twins are."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import built, node, pods_of, put
from tests.diagnosis.rules.scenes import SHOP, logs, policy
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, snapshot, workload

LATE = "HikariPool-1 - Failed to create connection: SocketTimeoutException: Connect timed out"


def hung(pods: int = 3, since: float = 900, **more: object) -> list[Obj]:
    """Return a shop whose last pod is ready no more."""
    objects = workload("shop", pods=pods, ready=pods - 1, nodes=("n1", "n2", "n3"))
    put(pods_of(objects)[-1], {**more}, ready=False, unready=since)
    return objects


HOLDS = [
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
