"""Services rest on purpose: a run by hand works on their data since, or another was put in their place."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, HEALTHY, Answers, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, URL, alert, autoscaler, errors, ingress, latency
from tests.diagnosis.rules.test_scaled_to_zero import taken
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, event, log, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

JOB = "Job/move"
CART = "Deployment/cart"
ASKED = ("configuration_error", "page_human")
GIVE = ("configuration_error", "scale_workload")
MISSED = alert("NoEndpoints", deployment="shop", severity="critical")
ON_ITS_WAY = [f"INFO copied {done} of 100 parts" for done in range(1, 90)]


def resting(name: str, since: float = 1200, env: dict[str, Any] | None = None, **more: Any) -> list[Obj]:
    """Return a service of no pods that was scaled to nought so long ago, with the event of it."""
    made = workload(name, pods=3, env=URL if env is None else env, **more)
    made[0]["spec"]["replicas"], made[0]["status"] = 0, {"replicas": 0}
    down = f"Scaled down replica set {name}-r1 to 0 from 3"
    told = event(f"Deployment/{name}", "ScalingReplicaSet", down, age=since, kind="Normal", count=1)
    return [*(each for each in made if each["kind"] != "Pod"), told]


def move(
    begun: float = 1100,
    *,
    of: str = "",
    env: dict[str, Any] | None = None,
    done: float = 0,
    failed: bool = False,
    note: Obj | None = None,
) -> list[Obj]:
    """Return a Job with its pod that began so long ago, and is at work unless it is done or failed."""
    spec = {"containers": [container("move", "move:1", env=URL if env is None else env)]}
    job = thing("Job", "move", age=begun, spec={"template": {"spec": spec}}, status={"active": 1})
    job["metadata"]["annotations"] = note or {}
    if of:
        job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": of, "controller": True}]
    if done or failed:
        ended = {"type": "Failed" if failed else "Complete", "status": "True"}
        job["status"] = {"conditions": [ended | {"lastTransitionTime": at(done or 60)}]}
        job["status"] |= {"failed": 1} if failed else {"succeeded": 1, "completionTime": at(done)}
        return [job]
    pod = thing("Pod", "move-1", age=begun, spec=spec)
    pod["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "move", "controller": True}]
    running = {"name": "move", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": at(begun)}}}
    pod["status"] = {"phase": "Running", "containerStatuses": [running]}
    return [job, pod]


def keda(name: str, least: int = 0, notes: Obj | None = None) -> Obj:
    """Return a ScaledObject that may have taken a service to nought, because nothing waits for it."""
    spec = {"scaleTargetRef": {"name": name}, "minReplicaCount": least}
    conditions = [{"type": "Ready", "status": "True"}, {"type": "Active", "status": "False"}]
    made = thing("ScaledObject", name, spec=spec, status={"conditions": conditions})
    made["metadata"]["annotations"] = notes or {}
    return made


def page(written: float = 1260, *, env: dict[str, str] | None = None, started: float = 1290) -> list[Obj]:
    """Return another program to which the shop's users are sent since."""
    way = ingress("shop", "shop.example", service="page", written=written)
    return [way, *workload("page", "nginx:1", started=started, age=started, env=env)]


def docs(started: float = 9 * DAY, notes: Obj | None = None) -> list[Obj]:
    """Return a site that needs nobody, and its own way in, which a sync wrote as the shop was put to rest."""
    way = ingress("docs", "docs.shop.example", written=1260)
    way["metadata"]["annotations"] = notes or {}
    return [way, *workload("docs", "nginx:1", started=started)]


def tells(*lines: str, since: float = 1000) -> list[Log]:
    return [log("move-1", *(lines or ON_ITS_WAY), since=since, of=JOB)]


def world(*more: Any, logs: list[Log] | None = None, figures: list[Any] | None = None, **what: Any) -> Snapshot:
    """Return a shop that rests, an alert of it, and what else there is."""
    alerts, store = what.pop("alerts", [MISSED]), what.pop("store", postgres())
    seen = [errors("web", 0.0, before=0.0)] if figures is None else figures
    said = tells() if logs is None else logs
    return snapshot(resting("shop", **what), store, workload("web"), *more, logs=said, figures=seen, alerts=alerts)


HELD = {"autoscaling.keda.sh/paused-replicas": "0"}
AT_TWO = {"autoscaling.keda.sh/paused-replicas": "2"}
AS_IT_WAS = {"autoscaling.keda.sh/paused": "true"}
SPARED = no("scale_workload", "restart_workload", "rollback_workload", at=SHOP)
HOLDS = [
    Holds(
        "two rest, and a run by hand gets on with their database",
        world(resting("cart"), move()),
        (SHOP, "no_fault", "no_action"),
        excludes=(*SPARED, *no("scale_workload", at=CART)),
        alone=True,
        began=1200,
    ),
    Holds(
        "one rests, its users are sent to a page, and a run gets on with its database",
        world(page(), move()),
        (SHOP, "no_fault", "no_action"),
        excludes=SPARED,
        alone=True,
    ),
    Holds(
        "the page says that it is closed by an error",
        world(page(), move(), figures=[errors("page", 0.99)]),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "their database is a host outside, as both say",
        world(
            resting("cart", env={"DB_HOST": "db7.cloud.example"}),
            move(env={"DB_HOST": "db7.cloud.example"}),
            env={"DB_HOST": "db7.cloud.example"},
        ),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "they come by their database by the same Secret",
        world(
            resting("cart", env={"DATABASE_URL": {"secretKeyRef": {"name": "db", "key": "url"}}}),
            move(env={"DATABASE_URL": {"secretKeyRef": {"name": "db", "key": "url"}}}),
        ),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
    Holds("one alone rests: it may be by chance", world(move()), (SHOP, *ASKED), excludes=SPARED),
    Holds("the run says nothing", world(resting("cart"), move(), logs=[]), (SHOP, *ASKED), excludes=SPARED),
    Holds(
        "the run has been silent for long",
        world(resting("cart"), move(), logs=[Log("move-1", JOB, tuple(tells()[0].lines[:9]))]),
        (SHOP, *ASKED),
        excludes=SPARED,
    ),
    Holds(
        "the run complains",
        world(resting("cart"), move(), logs=tells(*ON_ITS_WAY, *["ERROR could not copy a part, trying again"] * 9)),
        (SHOP, *ASKED),
        excludes=SPARED,
    ),
    Holds(
        "the run waits for a lock",
        world(resting("cart"), move(), logs=tells(*["canceling statement due to lock timeout"] * 9)),
        (SHOP, *ASKED),
        excludes=SPARED,
    ),
    Holds("the run has failed", world(resting("cart"), move(failed=True)), (SHOP, *ASKED), excludes=SPARED),
    Holds(
        "its autoscaler may not go to nought, so somebody did",
        world(resting("cart"), move(), autoscaler("shop", 0, 9), keda("cart", 2)),
        (SHOP, "no_fault", "no_action"),
        excludes=SPARED,
    ),
    Holds(
        "KEDA was told to keep it at nought",
        world(move(), page(), keda("shop", notes=HELD)),
        (SHOP, "no_fault", "no_action"),
        excludes=SPARED,
    ),
    Holds(
        "one alone rests, and KEDA was told to keep it so while a run gets on with its database",
        world(move(), keda("shop", 2, notes=HELD)),
        (SHOP, "no_fault", "no_action"),
        excludes=SPARED,
        alone=True,
    ),
    *(
        Holds(f"one alone rests: {what}", world(move(), *more, **how), (SHOP, *ASKED), excludes=SPARED)
        for what, more, how in (
            ("KEDA was told to keep it at another number", [keda("shop", 2, notes=AT_TWO)], {}),
            ("KEDA was told to keep it as it was", [keda("shop", 2, notes=AS_IT_WAS)], {}),
            ("KEDA was told to keep another at nought", [keda("shop", 2), keda("web", 2, notes=HELD)], {}),
            ("KEDA keeps it at nought, and the run says nothing", [keda("shop", 2, notes=HELD)], {"logs": []}),
            (
                "KEDA keeps it at nought, and its callers get errors",
                [keda("shop", 2, notes=HELD)],
                {"figures": [errors("web")]},
            ),
        )
    ),
    Holds(
        "the run is done since a moment: another may follow",
        world(resting("cart"), move(done=120)),
        (SHOP, *ASKED),
        excludes=SPARED,
    ),
    Holds(
        "two rest, and their users are sent to a page: nobody says what for",
        world(resting("cart"), page()),
        (SHOP, *ASKED),
        excludes=SPARED,
    ),
    *(
        Holds(
            f"two rest, and their users are sent to a site that was there: {what}",
            world(resting("cart"), *site),
            (SHOP, *ASKED),
            excludes=SPARED,
        )
        for what, site in (
            ("the way in is of the name of one", (page(started=9 * DAY),)),
            ("the way in is of the host of one", (docs(), ingress("w", "shop.x", service="docs", written=1260))),
            ("the way in says so", (docs(notes={"closed.example/instead-of": "shop"}),)),
        )
    ),
    Holds(
        "two rest, and a site came with that",
        world(resting("cart"), docs(started=1290)),
        (SHOP, *ASKED),
        excludes=SPARED,
    ),
    *(
        Holds(
            f"their database is not well while a run gets on with it: {what}",
            world(resting("cart"), move(), **how),
            (SHOP, *ASKED),
            excludes=SPARED,
            harmful=("no_action",),
        )
        for what, how in (
            ("pods of it are not ready", {"store": postgres(pods=3, ready=1)}),
            (
                "an alert tells so",
                {"alerts": [MISSED, alert("PostgresReplicationLag", statefulset="postgres", severity="critical")]},
            ),
        )
    ),
    Holds(
        "their database is slow while a run gets on with it",
        world(resting("cart"), move(), figures=[errors("web", 0.0, before=0.0), latency("postgres")]),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "a caller that nobody took down fails",
        world(
            resting("cart"),
            move(),
            workload("app", env={"SHOP_URL": "http://shop:8080"}),
            figures=[errors("app", 0.5)],
        ),
        (SHOP, *ASKED),
        excludes=SPARED,
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody works on anything", world(taken("shop")), (SHOP, *GIVE)),
    DoesNotHold("two rest, and nothing tells what for", world(resting("cart")), GIVE),
    DoesNotHold("a run of a schedule is no reason", world(move(of="nightly")), (SHOP, *GIVE)),
    DoesNotHold("the run was begun long before", world(move(9000)), (SHOP, *GIVE)),
    DoesNotHold("the run works on something else", world(move(env={"DB_HOST": "other.example"})), (SHOP, *GIVE)),
    DoesNotHold(
        "the run has been done for long", world(resting("cart", 3000), move(2900, done=1500), since=3000), GIVE
    ),
    *(
        DoesNotHold(f"the run is a hook of a release: {note}", world(move(note={note: "x"}), logs=[]), (SHOP, *GIVE))
        for note in ("helm.sh/hook", "argocd.argoproj.io/hook")
    ),
    DoesNotHold(
        "the run failed long ago", world(resting("cart", 3000), move(2900, failed=True, done=1500), since=3000), GIVE
    ),
    DoesNotHold(
        "the run came with a release of what rests",
        world(move(), before={"image": "registry.example/shop:0"}, released=1210),
        (SHOP, *GIVE),
        harmful=("no_action",),
    ),
    DoesNotHold(
        "KEDA took it to nought, as it may",
        world(move(), keda("shop"), alerts=[alert("ShopPodsAbsent", deployment="shop", severity="critical")]),
        (SHOP, *ASK),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "a release wrote the way in, which leads to a caller of them",
        world(
            resting("cart"),
            page(env={"SHOP_URL": "http://shop:8080", "CART_URL": "http://cart:8080"}),
        ),
        GIVE,
    ),
    *(
        DoesNotHold(
            f"a sync wrote the way in of a site that leads to none of them: {what}", world(resting("cart"), site), GIVE
        )
        for what, site in (
            ("it was never theirs", docs()),
            ("its release has the name of one", docs(notes={"meta.helm.sh/release-name": "shop"})),
        )
    ),
    DoesNotHold("the way in leads to another since days", world(resting("cart"), page(9 * DAY, started=9 * DAY)), GIVE),
    DoesNotHold(
        "nobody misses what rests while a run works",
        world(move(), alerts=[]),
        HEALTHY,
    ),
]
ANSWERS = [
    Answers(
        "why the run failed is told besides",
        world(
            resting("cart"),
            move(failed=True),
            alerts=[MISSED, alert("KubeJobFailed", job_name="move", severity="warning")],
        ),
        [(SHOP, *ASKED)],
        also=(JOB,),
        harmful=("no_action", "scale_workload"),
    ),
]
