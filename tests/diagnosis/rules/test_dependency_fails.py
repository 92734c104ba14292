"""The cause is the first component that fails by itself; what calls it only shows it."""

from __future__ import annotations

from tests.diagnosis.rules.cases import ASK, HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, ended, pods_of, put
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, URL, WEB, alert, errors, latency, logs, shop
from tests.diagnosis.rules.tiny import DAY, at, container, figure, pod, postgres, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

SHOP_IS_LATE = logs("web", 'Get "http://shop:8080/": context deadline exceeded', times=1)
CART_IS_LATE = logs("shop", 'Get "http://cart:8080/": context deadline exceeded', times=1)


def calls_of_cart(since: float) -> tuple[str, Series]:
    """Return how long the shop waits for the cart: ever more since so many seconds."""
    return figure("dependency_latency_p95", 0.01, 1.5, since, component="shop", dependency="cart")


def run_lost(*, made_good: bool, timed: bool = True) -> Snapshot:
    """Return a run of no schedule whose first try failed by the cart that long ago, and whose next one was well.

    ``timed``: False where its last word, as that of a trace, has no time.
    """
    job = thing("Job", "dunning", age=3600, status={"completionTime": at(2400), "succeeded": 1} if made_good else {})
    pod = thing("Pod", "dunning-x", age=3600, spec={"containers": [container("dunning", "dunning:1")]})
    pod["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "dunning", "controller": True}]
    pod["status"] = {"phase": "Failed"}
    if not timed:
        pod["status"]["containerStatuses"] = [{"name": "dunning", "state": ended("Error", 1, age=2990)}]
    word = "dial tcp cart:8080: connect: connection refused"
    lines = (f"{at(3000)} {word}",) if timed else (f"{at(3000)} INFO starting", word)
    return snapshot(workload("cart"), shop(), job, pod, logs=[Log("dunning-x", "dunning", lines)])


def refused_once(*, ended: float) -> Snapshot:
    """Return a shop whose containers ended that long ago, as their last logs tell, which have no dates, by the cart."""
    objects = shop(env=CALLS_CART)
    for each in pods_of(objects):
        put(each, again("Error", 1, age=ended, restarts=3, lived=60))
    word = "11:08:35.542 [error] tcp connect (cart:8080): connection refused - :econnrefused"
    told = [Log(each["metadata"]["name"], "shop", (word,) * 9, previous=True) for each in pods_of(objects)]
    failed = series({"component": "shop"}, (3600, 0.0), (ended + 300, 0.5), (ended, 0.001))
    fires = alert("ErrorBudgetBurn", service="shop", window="1h")
    return snapshot(objects, workload("cart"), logs=told, figures=[("error_ratio", failed)], alerts=[fires])


def late_for_a_while(*, ended: float, now: float = 0.001) -> Snapshot:
    """Return a shop that told of its late cart for three minutes until then, and of its work since."""
    late = [f"{at(ended + age)} GET http://cart:8080/: context deadline exceeded" for age in range(180, 0, -20)]
    works = [f"{at(age)} INFO order stored" for age in range(int(ended), 0, -60)]
    lines = (f"{at(ended + 900)} INFO order stored", *late, *works)
    logs = [Log(pod("shop"), "shop", lines)]
    failed = series({"component": "shop"}, (3600, 0.0), (ended + 180, 0.5), (ended, now))
    fires = alert("ErrorBudgetBurn", service="shop", window="1h")
    return snapshot(
        shop(env=CALLS_CART), workload("cart"), logs=logs, figures=[("error_ratio", failed)], alerts=[fires]
    )


def waited_for(line: str = "", env: dict[str, str] | None = None, ready: int = 2) -> Snapshot:
    """Return a shop of whose cart some requests get no answer in time, and a database that the cart may need."""
    line = line or 'Get "http://cart:8080/": context deadline exceeded'
    cart = workload("cart", env=URL if env is None else env, ready=ready)
    return snapshot(shop(env=CALLS_CART), cart, postgres(), logs=logs("shop", line))


def begun_beside(*, told: float, turned: float = 295, ready: bool = True) -> Snapshot:
    """Return a shop that started beside its cart and was refused until so long ago, and is slow since two minutes."""
    cart = workload("cart", started=310)
    for each in pods_of(cart):
        put(each, {"state": {"running": {"startedAt": at(310)}}}, ready=ready, unready=turned)
    refused = [f'{at(age)} Get "http://cart:8080/": dial tcp: connect: connection refused' for age in (told + 12, told)]
    works = [f"{at(age)} WARN slow answer path=/basket status=200" for age in (100, 60, 20)]
    lines = tuple(sorted([*refused, *works]))
    slow = latency("shop", since=120)
    return snapshot(shop(env=CALLS_CART, started=310), cart, logs=[Log(pod("shop"), "shop", lines)], figures=[slow])


def ailing(*lines: str, since: float = 240, mark: str = "ERROR", of: str = "cart") -> Snapshot:
    """Return a shop that its cart refuses, and what one of them logs, fifty times each in four minutes."""
    refused = 'Get "http://cart:8080/": dial tcp: connect: connection refused'
    told = [f"{at(since - 4 * n)} {mark} {line}" for n in range(50) for line in lines]
    return snapshot(
        shop(env=CALLS_CART),
        workload("cart"),
        workload("web"),
        logs=[*logs("shop", refused), Log(pod(of), of, (f"{at(since + 600)} INFO ready", *told))],
    )


FULL = "no further stream: limit exceeded"
OVERFLOW = "GET http://cart:8080/ 503 upstream connect error, reset reason: overflow"

HOLDS = [
    Holds(
        "callers wait for it in vain, and it may itself wait for one of those whom it calls",
        waited_for(),
        (CART, "unknown", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    *(
        Holds(f"callers wait for it in vain, {what}", world, (CART, "dependency_failure", "page_human"))
        for what, world in (
            ("and it calls nobody", waited_for(env={})),
            ("or are refused", waited_for('Get "http://cart:8080/": dial tcp: connect: connection refused')),
            ("and it answers others with errors", waited_for("GET http://cart:8080/ 503 Service Unavailable")),
            ("and a pod of it is not ready", waited_for(ready=1)),
        )
    ),
    *(
        Holds(f"a caller told of it for minutes, {what}", world, (CART, "dependency_failure", "page_human"))
        for what, world in (
            ("which ended only just now", late_for_a_while(ended=400)),
            ("and its users suffer still, of whom it does not tell", late_for_a_while(ended=700, now=0.4)),
        )
    ),
    *(
        Holds(f"a caller that started beside it {what}", world, (CART, "dependency_failure", "page_human"))
        for what, world in (
            ("complained after it was ready", begun_beside(told=230)),
            ("complains as it is ready since a moment", begun_beside(told=42, turned=45)),
            ("complained until now, and it is not ready", begun_beside(told=25, turned=300, ready=False)),
        )
    ),
    Holds(
        "the last words of containers that ended minutes ago are of it",
        refused_once(ended=400),
        (CART, "dependency_failure", "page_human"),
    ),
    *(
        Holds(f"the word of the cause: {what}", world, (CART, word, "page_human"))
        for what, world, word in (
            ("its callers say that a limit of it is used up", waited_for(OVERFLOW), "resource_exhaustion"),
            ("it says so itself", ailing(FULL), "resource_exhaustion"),
            ("it says that a setting is wrong", ailing("open /etc/cart.yml: permission denied"), "configuration_error"),
            ("its own code stumbles", ailing("TypeError: x is undefined"), "code_defect"),
            ("its words are of two kinds", ailing(FULL, "y: permission denied"), "dependency_failure"),
            ("it tells far more of what is of no kind", ailing(FULL, "a", "b", "c"), "dependency_failure"),
            ("it has told so for a day", ailing(FULL, since=DAY), "dependency_failure"),
            ("it tells so no more", ailing(FULL, since=3000), "dependency_failure"),
            ("it only warns of it", ailing(FULL, mark="WARN"), "dependency_failure"),
            ("another one says so", ailing(FULL, of="web"), "dependency_failure"),
        )
    ),
    Holds(
        "the last of a chain is blamed",
        snapshot(
            workload("web", env={"SHOP": "http://shop:8080"}),
            shop(env=CALLS_CART),
            workload("cart"),
            logs=[*SHOP_IS_LATE, *CART_IS_LATE],
        ),
        (CART, "dependency_failure", "page_human"),
        excludes=(*no("restart_workload", at=WEB), *no("restart_workload", at=SHOP)),
    ),
    Holds(
        "a caller has measured for minutes that it is slow",
        snapshot(shop(env=CALLS_CART), workload("cart"), figures=[latency("shop"), calls_of_cart(since=300)]),
        (CART, "dependency_failure", "page_human"),
    ),
    *(
        Holds(
            f"the last word of a run is of it{what}, and no later try made that good",
            run_lost(made_good=False, timed=timed),
            (CART, "dependency_failure", "page_human"),
        )
        for what, timed in (("", True), (", without a time", False))
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a caller that started beside it {what}, and is slow since later", world, ASK)
        for what, world in (
            ("complained only until it was ready", begun_beside(told=298)),
            ("complained once more at its next attempt", begun_beside(told=270)),
        )
    ),
    DoesNotHold(
        "a caller told of it for minutes, and has worked on for long since; its alert looks back over an hour",
        late_for_a_while(ended=700),
        (SHOP, *HEALTHY),
    ),
    DoesNotHold(
        "the last words of containers that ended long ago are of it, and all has been well since",
        refused_once(ended=2400),
        (SHOP, *HEALTHY),
    ),
    DoesNotHold("a run failed by it once, and the next try was well", run_lost(made_good=True), ASK),
    DoesNotHold(
        "a run failed by it once, as its last word says without a time, and the next try was well",
        run_lost(made_good=True, timed=False),
        ASK,
    ),
    DoesNotHold(
        "one caller has measured for half a minute that it is slow: it may be slow itself",
        snapshot(shop(env=CALLS_CART), workload("cart"), figures=[latency("shop", since=45), calls_of_cart(since=45)]),
        ("unknown", "page_human"),
    ),
    DoesNotHold("nobody complains", snapshot(shop(env=CALLS_CART), workload("cart"))),
    DoesNotHold(
        "a line while nobody suffers",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart"),
            logs=CART_IS_LATE,
            figures=[errors("shop", 0.001), errors("cart", 0.001)],
        ),
        (SHOP, "no_fault", "no_action"),
    ),
]
