"""Pools times replicas: more replicas want more sessions than there are, and further ones make it worse."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, FATAL, IMAGE, SHOP, URL, autoscaler, errors, logs, rate, shop
from tests.diagnosis.rules.sessions import full
from tests.diagnosis.rules.tiny import database, event, figure, postgres, session, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

POOLS = (session(SHOP, "idle", 70), session(SHOP, "active", 26))
WEB = "Deployment/web"
OUTGROWN = (SHOP, "database_connection", "page_human")


def scaled(told: str) -> Snapshot:
    """Return a shop of six pods, of which an event tells how it came to them."""
    return full(event(SHOP, "ScalingReplicaSet", told, kind="Normal"), of=shop(env=URL, pods=6), sessions=POOLS)


def measured(signal: str, before: float, now: float, pods: int = 6) -> Snapshot:
    figures = [figure(signal, before, now, since=900, component="shop")]
    return full(of=shop(env=URL, pods=pods), sessions=POOLS, figures=figures)


def asked_for(*figures: tuple[str, Series]) -> Snapshot:
    """Return a shop that grew after it got many more requests, as a release of the one who asks it began."""
    web = workload("web", env={"SHOP_URL": "http://shop:8080"}, before=IMAGE, released=960)
    grew = [figure("replicas_wanted", 2, 6, since=800, component="shop"), rate("shop", 60, 480, since=900)]
    return full(web, of=shop(env=URL, pods=6), sessions=POOLS, figures=[*grew, *figures])


HOLDS = [
    Holds("as wanted", measured("replicas_wanted", 2, 6), OUTGROWN, excludes=no("scale_workload", at=SHOP)),
    Holds("by an autoscaler", measured("hpa_replicas", 2, 6), OUTGROWN, excludes=no("scale_workload", at=SHOP)),
    Holds("an event tells it", scaled("Scaled up replica set shop-r1 to 6 from 2"), OUTGROWN),
    Holds("an event of newer clusters tells it", scaled("Scaled up replica set shop-r1 from 2 to 6"), OUTGROWN),
    Holds(
        "more requests of users",
        asked_for(rate("web", 40, 300, since=900)),
        OUTGROWN,
        excludes=no("scale_workload", at=SHOP),
    ),
    Holds(
        "by an autoscaler, and users suffer",
        snapshot(
            postgres(),
            workload("api", pods=10, env=URL),
            autoscaler("api", 10, 10),
            event(
                "HorizontalPodAutoscaler/api",
                "SuccessfulRescale",
                "New size: 10; reason: cpu resource utilization above target",
                kind="Normal",
                age=600,
            ),
            databases=[database(session(API, "idle", 60), session(API, "active", 37))],
            figures=[errors("api", 0.3), figure("replicas_wanted", 4, 10, 620, component="api")],
            logs=logs("api", FATAL),
        ),
        (API, "database_connection", "page_human"),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its replicas never changed",
        measured("replicas_wanted", 2, 2, pods=2),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
    DoesNotHold(
        "its replicas grew for the requests that a caller's release multiplied before",
        asked_for(rate("web")),
        (WEB, "code_defect", "rollback_workload"),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "a roll-out scales as well, and is no growth",
        full(
            event(SHOP, "ScalingReplicaSet", "Scaled up replica set shop-r2 to 2 from 1", kind="Normal"),
            of=shop(env=URL, before=IMAGE),
            sessions=POOLS,
        ),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
]
