"""A caller that asks again and again multiplies its requests; the users' did not grow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pending, pods_of
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, OLD, SHOP, errors, ingress, latency, logs, rate, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, event, figure, pod, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

STORM = (rate("cart", 60, 400), errors("cart", 0.4, before=0.0))
EAGER: dict[str, Any] = {
    "env": {**CALLS_CART, "HTTP_RETRIES": "10"},
    "before": {"env": {**CALLS_CART, "HTTP_RETRIES": "1"}},
    "released": 660,
}

BACK = "rollback_workload"
FED = {**CALLS_CART, "AMQP_URL": "amqp://rabbit:5672"}
UNCACHED = {
    "env": {**CALLS_CART, "TAX_CACHE_TTL": "0s"},
    "before": {"env": {**CALLS_CART, "TAX_CACHE_TTL": "900s"}},
    "released": 660,
}
SPENT = logs("cart", "POST https://api.tax.example.com/v2/create 429 Too Many Requests", times=30)


def counted_from(age: float, first: float, later: float, **labels: str) -> tuple[str, Series]:
    """Return processor time whose first rate is of a count that has just begun."""
    return "cpu_share", series(labels, (age, first), (age - 60, later))


FULL = [figure("cpu_share", 0.5, 0.99, 560, pod=pod("cart", n), container="cart") for n in range(2)]


def uncounted(before: float, now: float, released: float | None = None) -> Snapshot:
    """Return a busy service that gets more requests by a caller whose own nobody counts, new or not."""
    caller = shop(env=CALLS_CART) if released is None else shop(env=CALLS_CART, before=IMAGE, released=released)
    return snapshot(caller, workload("cart"), figures=[rate("cart", before, now), latency("cart", since=540), *FULL])


def grown(users: float, times: float, ahead: float = 0.0, **caller: Any) -> Snapshot:
    """Return a new shop whose users became so many times as many, and a cart that is asked so many times as often.

    ``users``: 0 where nobody counts them; ``ahead``: how many times as much the front gets that asks the shop.
    """
    asked = [rate("shop", 50, 50 * users)] if users else []
    asked += [rate("web", 90, 90 * ahead)] if ahead else []
    return snapshot(
        shop(**{"env": CALLS_CART, "before": IMAGE, "released": 660, **caller}),
        workload("cart"),
        workload("web", env={"SHOP_URL": "http://shop:8080"}),
        figures=[*asked, rate("cart", 60, 60 * times), errors("cart", 0.4, before=0.0)],
    )


def short(since: float) -> list[Obj]:
    """Return a cart of which two pods of three wait for a node since so many seconds."""
    objects = workload("cart", pods=3, ready=1)
    for each in pods_of(objects)[1:]:
        pending(each, "0/3 nodes are available: 3 Insufficient cpu.", since)
    return objects


def echo(since: float, *more: Obj, pods: Callable[[float], list[Obj]] = short, **caller: Any) -> Snapshot:
    """Return a caller whose release came before a storm, and a callee that lost pods some time ago."""
    return snapshot(shop(**caller), pods(since), *more, figures=[rate("shop"), *STORM])


def one_more(since: float) -> list[Obj]:
    """Return a cart that is whole, and a further pod of it that waits for a node since so many seconds."""
    objects = workload("cart", pods=4, ready=3)
    objects[0]["spec"]["replicas"] = 3
    pending(pods_of(objects)[-1], "0/3 nodes are available: 3 Insufficient cpu.", since)
    return objects


GREW = event("Deployment/cart", "ScalingReplicaSet", "Scaled up replica set cart-r1 to 3 from 1", age=645, count=1)
LESS = event("Deployment/cart", "ScalingReplicaSet", "Scaled up replica set cart-r1 to 3 from 2", age=500, count=1)


def sweep(began: float) -> Obj:
    """Return a run of a Job that goes on since so many seconds."""
    return thing("Job", "sweep", status={"startTime": at(began)})


def beside(run: Obj) -> Snapshot:
    """Return a shop with a new image, behind which requests multiply since ten minutes, and a run of a Job."""
    flood = (rate("cart", 60, 400), errors("cart", 0.4, before=0.0))
    return snapshot(
        shop(env=CALLS_CART, before=IMAGE, released=660), workload("cart"), run, figures=[rate("shop"), *flood]
    )


ASKS = {**CALLS_CART, "KAFKA": "kafka:9092", "GROUP_ID": "shop"}
WAITED = {"consumergroup": "shop", "queue": "orders"}
SHORT = ("replicas_wanted", Series({"component": "shop"}, tuple((NOW.timestamp() - a, a < 690) for a in (700, 640))))
NOTHING = ("replicas_wanted", series({"component": "shop"}, (3600, 0), (640, 2)))


def works_off(*figures: tuple[str, Series], **caller: Any) -> Snapshot:
    """Return a reader with a new image which asks another many times as often since ten minutes, though not for users.

    Its lag is counted from that time on, or the number of its pods.
    """
    reader = shop(**{"env": ASKS, "before": IMAGE, "released": 660, "started": 640, **caller})
    kafka = workload("kafka", "apache/kafka:3.9.1", kind="StatefulSet", pods=1, port=9092)
    return snapshot(reader, workload("cart"), kafka, figures=[rate("shop"), *STORM, *figures])


def waits(first: float, now: float, since: float = 620, **labels: str) -> tuple[str, Series]:
    """Return how many messages waited for a reader as they were first counted, and now."""
    points = [(n, first + (now - first) * (since - n) / since) for n in range(int(since), -1, -20)]
    return "queue_depth", Series(labels or WAITED, tuple((NOW.timestamp() - age, value) for age, value in points))


LEAPT = ("request_rate", series({"component": "cart"}, (3600, 60), (2880, 400), (1500, 800)))
MORE_USERS = rate("shop", 50, 110, 1500)
NEW_CODE: dict[str, Any] = {"env": CALLS_CART, "before": IMAGE, "released": 2900}
PAGES: dict[str, Any] = {
    "env": {**CALLS_CART, "CART_BATCH_SIZE": "1"},
    "before": {"env": {**CALLS_CART, "CART_BATCH_SIZE": "50"}},
}


def before_the_rush(
    *figures: tuple[str, Series],
    leapt: tuple[str, Series] = LEAPT,
    users: tuple[str, Series] | None = MORE_USERS,
    called: list[Obj] | None = None,
    beside: list[Obj] | None = None,
    **caller: Any,
) -> Snapshot:
    """Return a caller that asks many times as often since its release, by default, and has twice the users later.

    Who is asked is at its limit since then.
    """
    return snapshot(
        shop(**{**NEW_CODE, **caller}),
        called or workload("cart"),
        beside or [],
        figures=[leapt, *([users] if users else []), latency("cart", since=1400), *FULL, *figures],
    )


HOLDS = [
    *(
        Holds(
            f"a caller has a new image, and found work that it does since: {what}",
            world,
            (SHOP, "code_defect", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("much waited for its group as it came", works_off(waits(90000, 70000))),
            ("it was to have no pods before", works_off(NOTHING)),
        )
    ),
    *(
        Holds(f"a caller has a new image, and {what}", world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in (
            ("little waited for its group", works_off(waits(40, 20))),
            ("as much waits for its group as ever", works_off(waits(160, 155, 3600))),
            (
                "what waited while it was started is worked off, but for what ever waits",
                works_off(("queue_depth", series(WAITED, (3600, 120), (700, 900), (450, 120)))),
            ),
            ("what waited for its group as it started is worked off", works_off(waits(900, 12))),
            (
                "it was to have no pods for two minutes, as it was released",
                works_off(("replicas_wanted", series({"component": "shop"}, (3600, 2), (780, 0), (640, 2)))),
            ),
            (
                "nobody counts it as of no pods for long",
                works_off(SHORT),
            ),
            ("ever more waits for its group since", works_off(waits(200, 9000))),
            ("much waits for another group", works_off(waits(90000, 70000, consumergroup="cart", queue="orders"))),
            ("it had as many pods before", works_off(figure("replicas_wanted", 2, 2, component="shop"))),
            (
                "another was to have no pods before",
                works_off(("replicas_wanted", series({"component": "cart"}, (3600, 0), (640, 2)))),
            ),
        )
    ),
    Holds(
        "a caller has a new image, and a long run began just before as well",
        beside(sweep(630)),
        (SHOP, "code_defect", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "a caller has a new image, and a long run goes on since an hour",
        beside(sweep(3600)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    *(
        Holds(
            f"its pods had found no node before it was asked more: {what}",
            echo(640, **caller),
            (CART, "dependency_failure", "page_human"),
            believed="no_room",
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, caller in (
            ("a caller has a new image", {"env": CALLS_CART, "before": IMAGE, "released": 900}),
            ("a caller was set to ask more often", EAGER),
        )
    ),
    Holds(
        "its pods had found no node before it was asked more, and it was to have more since",
        echo(640, LESS, **EAGER),
        (CART, "dependency_failure", "page_human"),
        believed="no_room",
        harmful=("rollback_workload", "restart_workload"),
    ),
    *(
        Holds(
            f"its pods find no node, and it serves with as many as before: {what}",
            world,
            (SHOP, "configuration_error", "rollback_workload"),
        )
        for what, world in (
            ("since it was asked more", echo(300, **EAGER)),
            ("one waits for days", echo(3 * DAY, **EAGER)),
            ("a further one waits", echo(640, pods=one_more, **EAGER)),
            ("it was to have more as it was asked more", echo(640, GREW, **EAGER)),
        )
    ),
    Holds(
        "a new image asks for twenty times as much all at once, though nobody counts what it is asked",
        uncounted(40, 900, 960),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "a release brought more retries, though anybody outside may ask the other one himself",
        snapshot(shop(**EAGER), workload("cart"), ingress("cart", "cart.shop.example"), figures=[rate("shop"), *STORM]),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a release brought more retries, and nobody counts what it is asked",
        snapshot(shop(**EAGER), workload("cart"), figures=STORM),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a release brought more retries",
        snapshot(shop(**EAGER), workload("cart"), figures=[rate("shop"), *STORM]),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a release brought more retries; who calls beside it works as ever, and only its first rate is low",
        snapshot(
            shop(**EAGER),
            workload("cart"),
            workload("web", env=CALLS_CART),
            figures=[*STORM, *(counted_from(3600, 0.04, 0.09, pod=pod("web", n)) for n in range(2))],
        ),
        (SHOP, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", "rollback_workload", at=CART),
    ),
    *(
        Holds(
            f"a release brought more retries, and {other}, which asks too, was released a while before",
            snapshot(
                shop(**EAGER),
                workload("cart"),
                workload(other, env=CALLS_CART, before=IMAGE, released=1500),
                figures=[*STORM, *more],
            ),
            (SHOP, "configuration_error", "rollback_workload"),
            harmful=("scale_workload",),
        )
        for other, more in (("aaa", FULL), ("zzz", FULL), ("aab", [*FULL, rate("aab")]))
    ),
    Holds(
        "without a release the callee is told",
        snapshot(shop(env=CALLS_CART), workload("cart"), figures=[rate("shop"), *STORM]),
        (CART, "dependency_failure", "page_human"),
    ),
    Holds(
        "a release turned a cache off, and the quota of a vendor behind is spent",
        snapshot(
            shop(**UNCACHED), workload("cart"), logs=SPENT, figures=[rate("shop"), errors("shop", 0.4, 540), *STORM]
        ),
        (SHOP, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", "rollback_workload", at=CART),
        alone=True,
    ),
]
HOLDS += [
    Holds(
        f"other code asks more often, {what}",
        snapshot(
            shop(**{"env": CALLS_CART, "before": IMAGE, "released": 660, **caller}),
            workload("cart"),
            workload("rabbit", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672),
            figures=[*([rate("shop")] if counted else []), rate("cart", 60, 400), errors("cart", 0.4, before=0.0)],
        ),
        (SHOP, cause, remedy),
    )
    for what, counted, caller, cause, remedy in (
        ("half an hour after it came", True, {"released": 2400}, "code_defect", "page_human"),
        ("minutes after it came", True, {"released": 1500}, "code_defect", "rollback_workload"),
        ("half an hour after it was set to", True, {**EAGER, "released": 2400}, "configuration_error", BACK),
        ("and works off what a broker gives it, which nobody counts", False, {"env": FED}, "code_defect", "page_human"),
        ("and reads a broker, and its own requests are counted", True, {"env": FED}, "code_defect", BACK),
        ("and reads no broker, and nobody counts what it is asked", False, {}, "code_defect", BACK),
    )
]
HOLDS += [
    *(
        Holds(f"more users came, and {what}", world, (SHOP, cause, BACK))
        for what, world, cause in (
            ("a new image asks far more often than they do", grown(1.4, 6), "code_defect"),
            ("a caller was set to ask more often than they do", grown(1.8, 3, **EAGER), "configuration_error"),
            ("more at the front that nobody behind it feels", grown(1.0, 2.3, ahead=1.9), "code_defect"),
            (
                "a caller that nobody counts was set to ask more often",
                grown(0, 5, ahead=1.9, **EAGER),
                "configuration_error",
            ),
        )
    ),
    *(
        Holds(
            f"other code asks many times as often, and more users come only later: {what}",
            world,
            (SHOP, cause, "rollback_workload"),
            harmful=("scale_workload",),
        )
        for what, world, cause in (
            ("all its own are counted", before_the_rush(), "code_defect"),
            (
                "so do those of another that asks as well, and was not released",
                before_the_rush(rate("web", 5, 12, 1500), beside=workload("web", env=CALLS_CART)),
                "code_defect",
            ),
            (
                "and another that asks was released as they came",
                before_the_rush(
                    rate("web", 5, 12, 1500), beside=workload("web", env=CALLS_CART, before=IMAGE, released=1520)
                ),
                "code_defect",
            ),
            (
                "it was set to ask for each alone, which is twice as often at first",
                before_the_rush(
                    leapt=("request_rate", series({"component": "cart"}, (3600, 60), (2880, 150), (1500, 330))), **PAGES
                ),
                "configuration_error",
            ),
            (
                "who is asked was released days ago",
                before_the_rush(called=workload("cart", before=OLD, released=9 * DAY)),
                "code_defect",
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "who is asked more often was released after its caller, which asks no more by its settings",
        snapshot(
            shop(env=CALLS_CART, before=IMAGE, released=1500), workload("cart", before=OLD, released=700), figures=STORM
        ),
        (CART, "code_defect", "rollback_workload"),
    ),
    *(
        DoesNotHold(
            f"more users came to a caller that was released, {what}",
            world,
            (CART, "capacity", "scale_workload"),
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("nearly twice as many, and behind it a little more than that", grown(1.95, 2.15)),
            ("half as many again, and behind it twice as many", grown(1.5, 2.1)),
            ("nearly twice as many, and behind it less than half as many again as that", grown(1.9, 2.7)),
            ("and it was set to try more often, which adds nothing yet", grown(1.95, 2.1, **EAGER)),
            ("as the front before it tells, for nobody counts it itself", grown(0, 2.2, ahead=1.95, **EAGER)),
        )
    ),
    *(
        DoesNotHold(
            f"other code came, and more users, and {what}",
            world,
            (CART, "capacity", remedy),
            harmful=("rollback_workload",),
        )
        for what, remedy, world in (
            (
                "they came in the same minutes",
                "page_human",
                before_the_rush(users=rate("shop", 50, 110, 2880)),
            ),
            (
                "it is asked for no more than they ask for",
                "scale_workload",
                before_the_rush(leapt=rate("cart", 60, 140, 1500)),
            ),
            (
                "it asked many times as often for a while only, as it started",
                "scale_workload",
                before_the_rush(
                    leapt=(
                        "request_rate",
                        series({"component": "cart"}, (3600, 60), (2880, 400), (2000, 62), (1500, 140)),
                    )
                ),
            ),
            (
                "it asked many times as often only long after it came",
                "page_human",
                before_the_rush(leapt=("request_rate", series({"component": "cart"}, (3600, 60), (1500, 800)))),
            ),
            (
                "another that asks was released in the same minutes",
                "page_human",
                before_the_rush(
                    rate("web", 5, 12, 1500), beside=workload("web", env=CALLS_CART, before=IMAGE, released=2950)
                ),
            ),
            (
                "of another that asks nobody counts what it is asked",
                "scale_workload",
                before_the_rush(beside=workload("web", env=CALLS_CART)),
            ),
            (
                "who is asked was released just before",
                "page_human",
                before_the_rush(called=workload("cart", before=OLD, released=3000)),
            ),
            (
                "anybody outside may ask the other one himself",
                "scale_workload",
                before_the_rush(beside=[ingress("cart", "cart.shop.example")]),
            ),
            (
                "who is asked failed before it came, so it was asked again",
                "page_human",
                before_the_rush(errors("cart", 0.4, 3100, before=0.0)),
            ),
            (
                "it came so lately that what it fetches as it starts may be all",
                "scale_workload",
                before_the_rush(released=560, users=rate("shop", 50, 110, 60), leapt=rate("cart", 60, 400, 540)),
            ),
        )
    ),
    *(
        DoesNotHold(
            f"nobody counts what the caller is asked, {what}",
            world,
            (CART, "capacity", "scale_workload"),
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("whose image is new: as many users more would do it", uncounted(90, 185, 960)),
            ("whose image had been new for a while", uncounted(40, 900, 1800)),
            ("and it was not released", uncounted(40, 900)),
        )
    ),
    DoesNotHold(
        "a caller has a new image, and anybody outside may ask the other one himself",
        snapshot(
            shop(env=CALLS_CART, before=IMAGE, released=660),
            workload("cart"),
            ingress("cart", "cart.shop.example"),
            figures=[rate("shop"), *STORM],
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "whoever asks the caller works three times as much, though nobody counts what it is asked",
        snapshot(
            shop(env=CALLS_CART, before=IMAGE, released=900),
            workload("cart"),
            workload("web", env={"SHOP_URL": "http://shop:8080"}),
            figures=[rate("cart", 14, 36), *(figure("cpu_share", 0.05, 0.15, pod=pod("web", n)) for n in range(2))],
        ),
    ),
    DoesNotHold(
        "more users",
        snapshot(shop(env=CALLS_CART), workload("cart"), figures=[rate("shop", 50, 350), *STORM]),
        (CART, "capacity", "scale_workload"),
    ),
]


def joining(counted: float, now: float, *ages: float) -> Snapshot:
    """Return a cart whose pods were all made anew at these ages, and whose requests are counted since the first."""
    cart = workload("cart", pods=len(ages))
    for each, age in zip(pods_of(cart), ages, strict=True):
        each["metadata"]["creationTimestamp"] = at(age)
    points = tuple((NOW.timestamp() - age, 60.0 if age > 900 else now) for age in range(int(counted), -1, -30))
    figures = [rate("shop"), ("request_rate", Series({"component": "cart"}, points)), errors("cart", 0.4, before=0.0)]
    return snapshot(shop(env=CALLS_CART, before=IMAGE, released=1400), cart, figures=figures)


HOLDS += [
    Holds(
        f"pods were made anew one after the other, {what}",
        world,
        (SHOP, "code_defect", BACK),
    )
    for what, world in (
        ("and far more is asked than they can account for", joining(1320, 400, 1350, 950)),
        ("and the requests were counted long before", joining(3600, 130, 1350, 950)),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        f"requests are counted since the first pod was made anew, {what}",
        world,
        (),
        harmful=(BACK,),
    )
    for what, world in (
        ("and a second one joined it", joining(1320, 130, 1350, 950)),
        ("and two more joined it", joining(1320, 190, 1350, 960, 930)),
    )
]
