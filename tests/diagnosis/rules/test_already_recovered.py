"""A trouble that is over needs nothing: to act would only risk a new one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.back_again import AWAY as REFUSED
from tests.diagnosis.rules.back_again import NEW_WEB, SENT, TIMED_OUT, emptied, late_web, pending, worked_off
from tests.diagnosis.rules.cases import ASK, HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.outlasting import OWN, outlasted
from tests.diagnosis.rules.overrunning import rush
from tests.diagnosis.rules.pods import HOUR, again, node, pods_of, put
from tests.diagnosis.rules.runs import cron_job, run
from tests.diagnosis.rules.scenes import API, CALLS_CART, SHOP, WELL, alert, errors, rate, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, log, pod, postgres, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot


def burst(ended: float) -> Snapshot:
    """Return a shop that failed for a while until ``ended`` seconds ago, and whose alert still fires."""
    steps = series({"component": "shop"}, (3600, 0.0), (2400, 0.4), (ended, 0.0))
    return snapshot(shop(), figures=[("error_ratio", steps)], alerts=[alert("ShopErrors", service="shop")])


def complained(*ages: float, now: float = 30) -> Snapshot:
    """Return the shop whose burst ended, and whose log was full of errors at some ages, and is well since."""
    told = [f"{at(age - n)} ERROR cannot log in" for age in ages for n in range(30)]
    traces = [each for line in told for each in (line, "io.lettuce.core.RedisConnectionException: Unable to connect")]
    lines = (*traces, f"{at(ages[-1] - 60)} INFO logged in", f"{at(now)} INFO logged in")
    return replace(burst(1500), logs=(Log(pod("shop"), "shop", lines),))


CONFIGURED = {"RULES": {"configMapKeyRef": {"name": "rules", "key": "rules"}}}
PRICED = {"PRICES": {"configMapKeyRef": {"name": "prices", "key": "prices"}}}
LATE = "WARN late reading accepted"
FALLS_BACK = "WARN cart knows no such basket, an empty one is shown"


def warns(
    line: str = LATE,
    *beside: Obj,
    quiet: float = 60,
    works: int = 4,
    restarted: bool = True,
    began: float = 2700,
    measured: bool = True,
    released: float = 0,
) -> Snapshot:
    """Return the shop whose burst ended as its pods started again, of which each warns every two minutes since.

    ``quiet``: how long they did not at first; ``works``: how many lines of work there are beside each warning.
    ``restarted``: False where new pods came instead; ``began``: when they did, of which the log may tell no more.
    """
    before = {"image": "shop:0"} if released else None
    objects = workload("shop", before=before, released=released, started=2700, env={**CONFIGURED, **CALLS_CART})
    for each in pods_of(objects) if restarted else ():
        put(each, again("Error", 1, age=began))
    told = [f"{at(2690)} INFO starting"]
    for age in range(int(2690 - quiet), 20, -110):
        told += [f"{at(age)} {line}", *(f"{at(age - 5 * n)} INFO batch stored" for n in range(1, works + 1))]
    logs = [Log(pod("shop", n), "shop", (*told, f"{at(10)} INFO batch stored")) for n in range(2)]
    failed = series({"component": "shop"}, (3600, 0.0), (3200, 0.4), (2650, 0.0))
    figures = [("error_ratio", failed)] if measured else []
    return snapshot(objects, beside, logs=logs, figures=figures, alerts=[alert("ShopErrors", service="shop")])


def cart(*, released: float = 0, **more: Any) -> list[Obj]:
    """Return what the shop calls, which was released so long ago, if at all."""
    return workload("cart", before={"image": "cart:0"} if released else None, released=released, **more)


def did_without(world: Snapshot, *, since: float = HOUR, until: float = 2710, said: str = "") -> Snapshot:
    """Return the same with the logs of the processes before, which worked without a warning."""
    lines = [f"{at(age)} INFO batch stored" for age in range(int(since), int(until), -10)]
    lines = [f"{at(since)} {said}", *lines] if said else lines
    return replace(world, logs=(*world.logs, *(Log(pod("shop", n), "shop", tuple(lines), True) for n in range(2))))


def beside_a_proxy(age: float) -> Snapshot:
    """Return the shop whose pods came 45 minutes ago and warn since, and whose proxies started again."""
    world = warns(restarted=False)
    for each in world.objects["Pod"]:
        proxy = {"name": "proxy", **again("Error", 1, age=age)}
        each["status"]["containerStatuses"].append(proxy)
    return world


def moment(*ages: float, about: float = 600) -> Snapshot:
    """Return a shop of which a sample or two were bad at some ages, and an alert of something else since then."""
    steps = [(3600.0, 0.0), *(step for age in ages for step in ((age, 0.2), (age - 30, 0.0)))]
    told = alert("PrimaryChanged")._replace(starts_at=NOW - timedelta(seconds=about))
    return snapshot(shop(), figures=[("error_ratio", series({"component": "shop"}, *steps))], alerts=[told])


def slowed(*steps: tuple[float, float], asked: float = 50) -> Snapshot:
    """Return a shop whose latency went so, which is asked so often now, and whose alert still fires."""
    took = series({"component": "shop"}, (3600, 0.2), *steps)
    told = [alert("ShopSlow", service="shop")]
    return snapshot(shop(), figures=[("latency_p95", took), WELL, rate("shop", now=asked)], alerts=told)


AWAY = ("dependency_failure", "page_human")


def rolled_back() -> list[Obj]:
    """Return a service that went back to a template of weeks ago."""
    objects = workload("api", image="a:1", before={"image": "a:2"}, released=1800)
    back = [each for each in objects if each["kind"] == "ReplicaSet"][1]
    back["metadata"]["creationTimestamp"] = at(40 * DAY)
    back["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] = "1"
    return objects


def controllers(
    *names: str,
    lived: float = 12 * DAY,
    age: float = 2200,
    said: str = "leader election lost",
    now: str = "became leader",
    told: str = "ControllerRestarted",
    lost: bool = False,
    young: dict[str, Any] | None = None,
) -> Snapshot:
    """Return controllers that ended so long ago, what their last and their new processes say, and an alert.

    ``young``: how the last one of them ended, if otherwise than the others.
    """
    made = [workload(each, pods=1) for each in names]
    for n, each in enumerate(made, 1):
        own = young if young and n == len(made) else {}
        put(pods_of(each)[0], again("Error", 1, **{"age": age, "lived": lived, **own}))
    before = [log(pod(each), f"E0304 {said}", previous=True) for each in names]
    since = [log(pod(each), "attempting to acquire leader lease town/x...", now, "reconciled") for each in names]
    fires = alert(told)._replace(starts_at=NOW - timedelta(seconds=2000))
    figures = [errors(each, 0.001) for each in names[:1]]
    return snapshot(
        *made, node("n1", ready="False" if lost else "True"), logs=[*before, *since], alerts=[fires], figures=figures
    )


CACHE_AWAY = "WARN cannot write: dial tcp redis:6379: connect: connection refused"
WORKS = "INFO order stored"
PROBED = '10.1.0.1 - - "GET / HTTP/1.1" 200 2 "-" "kube-probe/1.30"'
WITHOUT = "WARN circuit open, serving stale"


def unreached(
    *spans: tuple[float, float],
    before: float = 1200,
    until: float = 30,
    works: str = WORKS,
    then: str = "",
    now: float = 0.001,
    measured: bool = True,
    young: bool = False,
) -> Snapshot:
    """Return a shop and a cart that could not reach their cache from one age to another, and work on since.

    ``before``: how long their logs reach back before that; ``works``: what they tell since. ``until``: how long ago
    they told the last line; ``then``: which one. ``now``: what share of requests fails now. ``young``: another pod of
    the shop came in the midst of it.
    """
    began, ended = spans[0][0], spans[-1][1]
    well = [f"{at(age)} {WORKS}" for age in range(int(began + before), int(began), -60)]
    told = [f"{at(age)} {CACHE_AWAY}" for first, last in spans for age in range(int(first), int(last) - 1, -20)]
    since = [f"{at(age)} {works}" for age in range(int(ended) - 10, int(until), -30)]
    lines = (*well, *told, *since, *([f"{at(until)} {then or works}"] if until < ended else []))
    younger = [Log(pod("shop", 1), "shop", (*told[1:], *since))] if young else []
    failed = series({"component": "shop"}, (3600, 0.001), (began, 0.3), (ended, now))
    return snapshot(
        shop(),
        workload("cart"),
        workload("redis", "redis:7", port=6379),
        logs=[Log(pod(each), each, lines) for each in ("shop", "cart")] + younger,
        figures=[("error_ratio", failed)] if measured else [],
        alerts=[alert("ShopErrors", service="shop")],
    )


STALE = "WARN the newest reading is old, answering with the last advice"
OVER_AN_HOUR = "Average age of readings over the last 60m is above 5 minutes"


def grumbled(
    began: float = 2700,
    ended: float = 1500,
    *beside: Any,
    said: str = OVER_AN_HOUR,
    fires: float = 2400,
    until: float = 30,
    before: float = 700,
    works: str = WORKS,
    then: str = "",
    meanwhile: str = "",
    usual: str = "",
    other: str = WORKS,
    other_until: int = 0,
    **labels: str,
) -> Snapshot:
    """Return a shop that did little but complain from one age to another, and an alert that says how it looks back.

    ``fires``: since when. ``before``: how long its log reaches back before that. ``works``: what it tells from then
    until some seconds ago, and ``then`` at the end; ``meanwhile``: what it told twice beside each complaint;
    ``usual``: of what it warns before and since. ``other``: what another pod tells until ``other_until``.
    """
    well = [f"{at(age)} {WORKS}" for age in range(int(began + before), int(began), -60)]
    each = (STALE, meanwhile, meanwhile) if meanwhile else (STALE,)
    told = [f"{at(age)} {line}" for age in range(int(began), int(ended) - 1, -60) for line in each]
    since = [f"{at(age)} {works}" for age in range(int(ended) - 10, int(until), -60)]
    warned = [f"{at(age)} {usual}" for age in ((began + 100), until + 50) if usual]
    lines = [*well, *warned[:1], *told, *since, *warned[1:]]
    lines += [f"{at(until)} {then or works}"]
    others = [f"{at(age)} {other}" for age in range(3400, other_until, -60)]
    logs = [Log(pod("shop"), "shop", tuple(lines)), Log(pod("shop", 1), "shop", tuple(others))]
    told_of = alert("StaleReadings", service="shop", **labels)
    told_of = told_of._replace(annotations={"description": said}, starts_at=NOW - timedelta(seconds=fires))
    return snapshot(shop(), workload("cart"), logs=logs, alerts=[told_of, *beside])


UNREACHED = 'FATAL: could not connect to the primary server: could not translate host name "postgres" to address'
LAGGED = ((2400, 400.0), (900, 0.0))


def late(
    *steps: tuple[float, float],
    told: str = "ReplicationLag",
    log_says: str = "",
    until: float = 0.0,
    since: float = 240,
) -> Snapshot:
    """Return a database whose two replicas were late so, and an alert that began when they were.

    ``until``: how long ago one of them was measured for the last time. ``since``: how long ago its log said something.
    """
    other = series({"component": "postgres", "replica": "other"}, (3600, 0.0), *steps)
    lag = series({"component": "postgres", "replica": "one"}, (3600, 0.0), *steps)
    lag = lag._replace(points=tuple(point for point in lag.points if point[0] <= NOW.timestamp() - until))
    fires = alert(told, severity="critical")._replace(starts_at=NOW - timedelta(seconds=2000))
    logs = [log("standby-0", log_says, since=since)] if log_says else []
    figures = [("db_replication_lag", lag), ("db_replication_lag", other), WELL]
    return snapshot(shop(), postgres(), postgres("standby"), figures=figures, alerts=[fires], logs=logs)


HOLDS = [
    Holds(
        "its pod ended again and again as its database was away, and both serve since",
        outlasted(),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
    *(
        Holds(
            f"it did little but complain for a while, and works since; its alert looks back over an hour{what}",
            world,
            (SHOP, *HEALTHY),
            harmful=("restart_workload", "rollback_workload"),
            began=2700,
        )
        for what, world in (
            ("", grumbled()),
            (", as its label says", grumbled(said="Readings are old", window="1h")),
            (", as its expression says", grumbled(said="avg_over_time(reading_age_seconds[1h]) > 300")),
            ("; it warns of something now and then, as ever", grumbled(usual="WARN lookup took 2 s")),
        )
    ),
    *(
        Holds(f"its pods, which started again then, warn now and then while they work{what}", world, (SHOP, *HEALTHY))
        for what, world in (
            ("", warns()),
            (", as did those before", did_without(warns(), said=LATE)),
            ("; those before hardly worked", did_without(warns(), since=2800)),
            ("; what they call is as it was", warns(LATE, *cart(released=3 * HOUR))),
        )
    ),
    Holds(
        "controllers lost their leases in the same minute, and lead again",
        controllers("api", "cart"),
        (API, "no_fault", "no_action"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "one of the controllers that lost their leases together had been released some minutes before",
        controllers("api", "cart", "fresh", young={"lived": 1300, "restarts": 1}),
        (API, "no_fault", "no_action"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds("a burst that ended", burst(1500), (SHOP, "no_fault", "no_action")),
    Holds(
        "those who call a store that was away for minutes work on without a word of it, whoever is measured",
        unreached((1150, 640)),
        (SHOP, "no_fault", "no_action"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "a store was away for minutes, in the midst of which a pod of a caller came",
        unreached((1150, 640), young=True),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds("its log was full of it, and tells of success since", complained(1560), (SHOP, "no_fault", "no_action")),
    Holds(
        "somebody rolled it back, and it is well since",
        snapshot(
            rolled_back(),
            figures=[("error_ratio", series({"component": "api"}, (3600, 0.0), (2700, 0.5), (1700, 0.0)))],
            alerts=[alert(state="resolved", service="api")],
        ),
        (API, "no_fault", "no_action"),
    ),
    Holds("a primary was elected, and writes failed for seconds", moment(720), (SHOP, "no_fault", "no_action")),
    Holds(
        "caches are warm again after a release",
        slowed((1800, 2.2), (1500, 1.1), (1200, 0.4), (600, 0.25)),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "a replica was late for a while, and follows as before",
        late((2400, 400.0), (900, 0.0)),
        ("StatefulSet/postgres", "no_fault", "no_action"),
        harmful=("restart_workload", "scale_database"),
    ),
    Holds(
        "a replica could not reach its primary, was late for that, and follows as before",
        late(*LAGGED, log_says=UNREACHED, since=1200),
        ("StatefulSet/postgres", "no_fault", "no_action"),
    ),
    Holds("a burst of slowness", slowed((2000, 3.0), (1300, 0.2)), (SHOP, "no_fault", "no_action")),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"it did little but complain for a while, {what}", world, ASK, harmful=("no_action",))
        for what, world in (
            ("and its alert does not look back", grumbled(said="Readings are old")),
            ("and its alert looks back over less time", grumbled(said="Average age over the last 15 minutes")),
            ("and its alert looks back over less time as well", grumbled(short_window="5m")),
            ("for longer than it works since", grumbled(ended=1100)),
            ("and works since a few minutes", grumbled(1000, 500, fires=800)),
            ("and tells of nothing since", grumbled(until=1400)),
            ("and complains of something else since", grumbled(then="WARN no prices, answering without them")),
            ("and tells of an error since", grumbled(then="ERROR cannot store an order")),
            ("and does something else since", grumbled(works="INFO answered from the last advice")),
            ("and answers probes alone", grumbled(works=PROBED)),
            ("beside much work that went on", grumbled(meanwhile=WORKS)),
            ("as it did since its log begins", grumbled(before=0)),
            ("long after its alert began", grumbled(fires=3300)),
            ("long before its alert began", grumbled(fires=300)),
            ("and another pod of it complains still", grumbled(other=STALE)),
            ("and another pod of it tells of nothing since it complained", grumbled(other=STALE, other_until=1400)),
            ("and another pod of it tells of nothing any more", grumbled(other_until=1400)),
            ("and another alert fires of somebody else", grumbled(2700, 1500, alert("CartSlow", service="cart"))),
        )
    ),
    *(
        DoesNotHold(f"a store was away for minutes, {what}", world, AWAY, harmful=("no_action",))
        for what, world in (
            ("and its callers are silent about it for less time than that", unreached((1750, 810))),
            ("a short while ago", unreached((700, 480))),
            ("and it is so again and again", unreached((3000, 2900), (1900, 1800), (800, 700))),
            ("and the logs of its callers tell of nothing since", unreached((1150, 640), until=640)),
            ("and its callers tell of another error now", unreached((1150, 640), then="ERROR cannot price the order")),
            ("and its callers are only asked whether they are there", unreached((1150, 640), works="GET /healthz 200")),
            ("and its callers answer probes alone", unreached((1150, 640), works=PROBED)),
            ("and its callers warn that they go without it", unreached((1150, 640), works=WITHOUT)),
            ("and no log reaches back before it: it may come at times", unreached((1150, 640), before=300)),
        )
    ),
    DoesNotHold(
        "a store was away for minutes, and requests fail still",
        unreached((1150, 640), now=0.3),
        ("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "a store was away for minutes, and nobody measures what users felt",
        unreached((1150, 640), measured=False),
        ("unknown", "page_human"),
    ),
    *(
        DoesNotHold(f"its pods warn since they started, {what}", world, ASK)
        for what, world in (
            ("as an error", warns(LATE.replace("WARN", "ERROR"))),
            ("but only after a while without it", warns(quiet=170)),
            ("with each second line", warns(works=1)),
            ("which those before did not in an hour", did_without(warns())),
            ("and their logs do not go back to it", warns(began=3400)),
            ("and only what runs beside them started again", beside_a_proxy(2700)),
            ("and other pods before them are not known", warns(restarted=False)),
        )
    ),
    DoesNotHold(
        "its pods warn since they started, first with a release, and requests failed before it as well",
        warns(released=2800),
        (SHOP, "code_defect", "page_human"),
    ),
    DoesNotHold(
        "its pods warn since they started with settings that were written",
        warns(LATE, thing("ConfigMap", "rules", written=2800)),
        ("ConfigMap/rules", "configuration_error", "page_human"),
    ),
    DoesNotHold(
        "its pods warn since they started, minutes after a release of what they call, and requests failed before it",
        warns(FALLS_BACK, *cart(released=2900)),
        ("Deployment/cart", "code_defect", "page_human"),
    ),
    DoesNotHold(
        "its pods warn since they started, which was minutes after settings of what they call were written",
        warns(FALLS_BACK, *cart(env=PRICED), thing("ConfigMap", "prices", written=2900)),
    ),
    DoesNotHold("its pods warn since they started, and nobody measures requests", warns(measured=False), ASK),
    DoesNotHold(
        "its log has told of nothing since",
        complained(1560, now=1500),
        ("unknown", "page_human"),
        harmful=("no_action",),
    ),
    DoesNotHold("its log tells of it still", complained(1560, 300), ("unknown", "page_human"), harmful=("no_action",)),
    *(
        DoesNotHold(
            f"one of those that lost their leases is young: {what}",
            controllers(*names, young=young),
            ("unknown", "page_human"),
            harmful=("no_action",),
        )
        for what, names, young in (
            ("it ended more than once", ("api", "cart", "fresh"), {"lived": 1300, "restarts": 2}),
            ("it runs for less long than before", ("api", "cart", "fresh"), {"lived": 3000, "restarts": 1}),
            ("one alone had run for long", ("api", "fresh"), {"lived": 1300, "restarts": 1}),
        )
    ),
    DoesNotHold("one controller alone lost its lease", controllers("api"), ("unknown", "page_human")),
    DoesNotHold(
        "they lost their leases an hour before too", controllers("api", "cart", lived=3600), ("unknown", "page_human")
    ),
    DoesNotHold(
        "they still wait for their leases", controllers("api", "cart", now="not yet"), ("unknown", "page_human")
    ),
    DoesNotHold(
        "they ended for something else", controllers("api", "cart", said="cannot read x"), ("unknown", "page_human")
    ),
    DoesNotHold(
        "the alert tells of something else", controllers("api", "cart", told="BackupMissing"), ("unknown", "page_human")
    ),
    DoesNotHold("a node is lost", controllers("api", "cart", lost=True), (), harmful=("no_action",)),
    DoesNotHold(
        "a burst that ended a minute ago may come back", burst(90), ("unknown", "page_human"), harmful=("no_action",)
    ),
    DoesNotHold("writes fail for seconds again and again", moment(2400, 1500, 720), ("unknown", "page_human")),
    DoesNotHold("what the alert tells began long after it", moment(3000), ("unknown", "page_human")),
    DoesNotHold(
        "it is slow every quarter of an hour",
        slowed((3000, 2.0), (2800, 0.2), (2100, 2.0), (1900, 0.2), (1200, 2.0), (1000, 0.2)),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "an alert began long after it was fast again", slowed((3000, 3.0), (2600, 0.2)), ("unknown", "page_human")
    ),
    DoesNotHold(
        "a replica is late again and again",
        late((3000, 400.0), (2500, 0.0), (1800, 400.0), (1300, 0.0)),
        ("unknown", "page_human"),
    ),
    DoesNotHold("a replica follows since a minute", late((2400, 400.0), (60, 0.0)), (), harmful=("no_action",)),
    DoesNotHold("a replica is late still", late((2400, 400.0), (900, 200.0)), (), harmful=("no_action",)),
    DoesNotHold(
        "a replica was late, and the alert is of something else",
        late((2400, 400.0), (900, 0.0), told="BackupMissing"),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "a replica is not late because it has stopped to follow",
        late(
            (2400, 400.0),
            (900, 0.0),
            log_says="FATAL: could not receive data from WAL stream: requested WAL segment "
            "000000010000000000000042 has already been removed",
        ),
        (),
        harmful=("no_action",),
    ),
    DoesNotHold(
        "a replica shows that it is not late, and says that it cannot reach its primary",
        late(*LAGGED, log_says=UNREACHED),
        (),
        harmful=("no_action",),
    ),
    DoesNotHold(
        "a replica is not measured any more",
        late(*LAGGED, until=300),
        (),
        harmful=("no_action",),
    ),
    *(
        DoesNotHold(f"its pod ended again and again, {what}", world, (), harmful=("no_action",))
        for what, world in (
            ("as its database was away, which is back for minutes", outlasted(back=400, serves=390)),
            ("as its database was away, and it serves for minutes", outlasted(serves=400)),
        )
    ),
    DoesNotHold(
        "its pod ended again and again, by a fault of its own",
        outlasted(OWN),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold("it is fast since nobody asks", slowed((2000, 3.0), (1300, 0.2), asked=2), ("unknown", "page_human")),
    DoesNotHold(
        "it is fast since nobody at all asks", slowed((2000, 3.0), (1300, 0.2), asked=0), ("unknown", "page_human")
    ),
    DoesNotHold(
        "it is better, and twice as slow as before", slowed((1800, 2.2), (1200, 0.45)), ("unknown", "page_human")
    ),
    *(
        DoesNotHold(f"one was killed, and {what}", world, (SHOP, "service_crash", "restart_workload"))
        for what, world in (
            ("no more was asked than ever", rush(asked=(50.0, 60.0, 50.0))),
            ("only who failed was asked more, by who asks again", rush(rose=1300)),
            ("more was asked for a moment long before", rush(rose=3210, fell=3180)),
            ("more was asked for a while long before", rush(rose=3400, fell=2600)),
            ("more was asked for a moment then", rush(rose=1710, fell=1680, died=1690)),
            ("more was asked only until minutes before", rush(rose=1750, fell=1600, died=1300)),
            ("it was killed before more was asked", rush(rose=1700, died=1760)),
            ("more is asked still", rush(asked=(50.0, 900.0, 300.0))),
            ("nobody asks any more", rush(asked=(50.0, 900.0, 5.0))),
            ("requests fail still", rush(fails=0.3)),
            ("it is over for minutes only", rush(over=200)),
            ("that was long after the rush", rush(died=500)),
            ("it ended by itself", rush(code=1)),
            ("nobody tells by whom", rush(probed=False)),
            ("its like tells of a fault of its own", rush(*[OWN] * 3)),
        )
    ),
    DoesNotHold("one was killed again and again", rush(restarts=3), (SHOP, "service_crash", "page_human")),
]
HOLDS += [
    Holds("one was killed for its probe amid a rush that is over", rush(), (SHOP, *HEALTHY), alone=True),
    Holds("told to end, it ended in time", rush(code=143), (SHOP, *HEALTHY), alone=True),
]


def beside(
    since: float, *more: Obj, calls: str = "relay", asks: str = "", works: str = "INFO 3 mails sent"
) -> Snapshot:
    """Return the shop whose burst ended, and a mailer whose log complains of whom it calls since a time."""
    line = f"ERROR dial tcp: connect to {calls}:25: connection refused"
    steps = series({"component": "shop"}, (3600, 0.0), (2400, 0.4), (1500, 0.0))
    return snapshot(
        shop(env={"MAILER": asks} if asks else {}),
        workload("mailer", env={"RELAY": f"smtp://{calls}:25"}),
        *more,
        logs=[log(pod("mailer"), *[line, works or line] * 20, since=since)],
        figures=[("error_ratio", steps)],
        alerts=[alert("ShopErrors", service="shop")],
    )


HOLDS.append(Holds("somebody else complains since long before, of another", beside(3500), (SHOP, *HEALTHY)))
DOES_NOT_HOLD += [
    DoesNotHold("somebody else complains since about then", beside(2000), (), harmful=("no_action",)),
    DoesNotHold(
        "whom it asks complains since long before", beside(3500, asks="http://mailer:8080"), (), harmful=("no_action",)
    ),
    DoesNotHold("who asks it complains since long before", beside(3500, calls="shop"), (), harmful=("no_action",)),
    DoesNotHold(
        "somebody else does nothing but complain since long before", beside(3500, works=""), (), harmful=("no_action",)
    ),
    *(
        DoesNotHold(f"somebody else is only probed{what}, and complains", beside(3500, works=line), (), ("no_action",))
        for what, line in (
            ("", "GET /healthz 200"),
            (
                ", by a path that a proxy rewrites",
                '"GET /_hc HTTP/1.1" 200 - 0 2 1 1 "-" "Go/1.1" rewritten to /healthz',
            ),
            (", by a path of a handler", "INFO access method=GET path=/internal/probe status=200 handler=/healthz"),
            (", from a balancer's page", '10.0.0.9 - - "GET /check HTTP/1.1" 200 2 "http://lb/healthz" "-"'),
        )
    ),
]


def runs(*, again: bool = True, failed: float = 1800) -> list[Obj]:
    """Return a run that failed that many seconds ago, and one of the same schedule later, which was well or not."""
    first, then = run(failed=failed), run(failed=None if again else 400)
    then["metadata"] = {**then["metadata"], "name": "report-2", "creationTimestamp": at(660)}
    then["status"] = {**then["status"], "succeeded": int(again)}
    return [cron_job(well=600), first, then]


def of_run(severity: str = "warning") -> Alert:
    """Return an alert that counts a failed run, half an hour old."""
    fires = alert("KubeJobFailed", job_name="report-1", severity=severity)
    return fires._replace(starts_at=NOW - timedelta(minutes=29))


SENDER = "Deployment/sender"
HOLDS += [
    Holds(
        f"a host outside was away and is back, and what waited for it is worked off{what}",
        world,
        (SENDER, *HEALTHY),
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
        alone=True,
    )
    for what, world in (
        ("", worked_off()),
        ("; it did not answer at all", worked_off(fails=TIMED_OUT)),
        ("; the alert is of another that waits for it", worked_off(fires="MailsLate")),
        ("; another told of that since after its release", worked_off(pending(), beside=NEW_WEB, alerts=[late_web()])),
        (
            "; another told of errors",
            worked_off(pending(words="ERROR mail 17 is overdue"), beside=NEW_WEB, alerts=[late_web()]),
        ),
        ("; a run failed meanwhile, and the next was well", worked_off(beside=runs(), alerts=[of_run()])),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        f"a host outside was away and is back, and {what}", world, instead, harmful=("no_action", "rollback_workload")
    )
    for what, world, instead in (
        ("what waited is worked off for two minutes", worked_off(waits=emptied(120), fires="MailsLate"), ()),
        ("some of what waited is left", worked_off(waits=emptied(left=3000)), ()),
        ("what waited came long before", worked_off(waits=emptied(gone_s=3500, back_s=2900)), ()),
        ("one pod is not there yet", worked_off(ready=1), ()),
        ("the sender complains still", worked_off(since=(SENT, REFUSED) * 12), ()),
        ("another misses it still", worked_off(pending(2900, 20, TIMED_OUT), beside=NEW_WEB), ()),
        ("another complains still, of something else", worked_off(pending(2900, 20), beside=NEW_WEB), ()),
        (
            "an alert of another looks back over some minutes only",
            worked_off(pending(), beside=NEW_WEB, alerts=[late_web("5m")]),
            (),
        ),
        ("nobody knows over which time the alert looks back", worked_off(window=""), ()),
        ("the alert looks back over some minutes only", worked_off(window="5m"), ()),
        ("the next run failed as well", worked_off(beside=runs(again=False), alerts=[of_run()]), ()),
        ("a run failed long before", worked_off(beside=runs(failed=3500), alerts=[of_run()]), ()),
        ("people are called for the run", worked_off(beside=runs(), alerts=[of_run("critical")]), ()),
    )
]
