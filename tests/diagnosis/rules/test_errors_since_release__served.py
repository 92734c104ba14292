"""A release that served well for minutes before it fails is seldom the reason; nor is one behind which others fail."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.meant import polled
from tests.diagnosis.rules.pods import looping
from tests.diagnosis.rules.scenes import CALLS_CART, FATAL, IMAGE, SHOP, URL, alert, down, errors, shop
from tests.diagnosis.rules.tiny import Obj, at, figure, log, pod, postgres, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

CODE, SETTING = "code_defect", "configuration_error"
NO_ROOM = f'connection to server at "postgres", port 5432 failed: {FATAL}'
OF_CART = 'ERROR Post "http://cart:8080/v1": dial tcp 10.96.0.9:8080: connect: connection refused'
LOCKED = "ERROR canceling statement due to lock timeout"
STORE_FULL = "ERROR elastic: [parent] Data too large, data for [<http_request>] would be [4089737659/3.8gb]"
HEAP_FULL = "ERROR java.lang.OutOfMemoryError: Java heap space"
POOL_DRY = "HikariPool-1 - Connection is not available, request timed out after 30000ms (total=4, active=4, idle=0)"
WAITS = 'level=ERROR msg="query failed" err="timeout: context deadline exceeded"'
TOO_OFTEN = 'ERROR Get "https://api.parcels.example/v1": 429 Too Many Requests'


def served(line: str, *, after: float = 900, before: Mapping[str, Any] = IMAGE, **more: Any) -> Snapshot:
    """Return a shop that fails since some seconds after its release, and what its pods repeat since then."""
    since = 1500 - after
    return snapshot(
        shop(before=before, released=1500, **more),
        figures=[errors("shop", since=since)],
        logs=[log(pod("shop", n), *["INFO GET / 200"] * 20, *[line] * 20, since=2 * since) for n in (0, 1)],
    )


def beside(since: float) -> Snapshot:
    """Return a shop whose pool runs dry long after its release, and who waits for the same database since then."""
    waits = log(pod("search", 0), *[WAITS] * 20, since=since)
    world = served(POOL_DRY, env=URL)
    stands = snapshot(workload("search", env=URL, pods=1), postgres())
    both = {
        kind: (*world.objects.get(kind, ()), *stands.objects.get(kind, ()))
        for kind in (*world.objects, *stands.objects)
    }
    return replace(world, objects=both, logs=(*world.logs, waits))


def dry_and_locked(*lines: str) -> Snapshot:
    """Return a shop that fails since it had served for minutes, by two troubles of which one came first."""
    world = served("INFO GET / 200")
    told = [*["INFO GET / 200"] * 20, *[lines[0]] * 10, *lines * 5]
    return replace(world, logs=tuple(log(pod("shop", n), *told, since=1200) for n in (0, 1)))


def late_of_its_own(*lines: str, since: float = 590) -> Snapshot:
    """Return a shop that fails since it had served for minutes, and says so."""
    return snapshot(
        shop(before={"env": {"A": "1"}}, released=1500),
        figures=[errors("shop", since=600)],
        logs=[log(pod("shop", n), *lines, since=since) for n in (0, 1)],
    )


def not_ready_before(age: float) -> Snapshot:
    """Return a shop whose new pods took long to become ready, and fail with what they do first."""
    world = served(TOO_OFTEN)
    objects = [copy.deepcopy(dict(each)) for each in world.objects["Pod"]]
    for each in objects:
        for condition in each["status"]["conditions"]:
            condition["lastTransitionTime"] = at(age)
    return replace(world, objects={**world.objects, "Pod": tuple(objects)})


HOLDS = [
    Holds(
        f"a new image served well for minutes, stumbles over nothing of its own, and asks {whom}",
        snapshot(shop(env=env, before=IMAGE, released=1400), more, figures=[errors("shop", since=690)]),
        (SHOP, CODE, "page_human"),
        sure=(0.25, 0.5),
        harmful=("rollback_workload",),
    )
    for whom, env, more in (
        ("nobody that is known", {}, []),
        ("a store", URL, postgres()),
        ("a host outside", {"PARCELS_URL": "https://api.parcels.example/v1"}, []),
        ("another program", CALLS_CART, workload("cart")),
    )
]
HOLDS += [
    Holds(
        "it lasts as long as its settings let clients wait, nothing fails, and no log tells how it ends",
        polled(None),
        (SHOP, CODE, "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds("the same, for longer than that", polled(None, now=60.0), (SHOP, CODE, "rollback_workload")),
    Holds("the same, and some fail", polled(None, error=0.2), (SHOP, CODE, "rollback_workload")),
]
HOLDS += [
    *(
        Holds(
            f"{what} repeats since it had served well for minutes: {line}",
            served(line, before=before),
            (SHOP, "dependency_failure", "page_human"),
            believed=believed,
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, before, line, believed in (
            ("a new image", IMAGE, LOCKED, "store_outside"),
            ("a new image", IMAGE, TOO_OFTEN, "outside_dependency_fails"),
            ("a release of settings", {"env": {"A": "1"}}, NO_ROOM, "store_outside"),
            ("a new image", IMAGE, STORE_FULL, "not_well"),
            ("a release of settings", {"env": {"A": "1"}}, STORE_FULL, "not_well"),
        )
    ),
    *(
        Holds(
            f"{what} repeats from its first minute on: {line}",
            served(line, after=60, before=before),
            (SHOP, CODE, "rollback_workload"),
        )
        for what, before, line in (
            ("a new image", IMAGE, LOCKED),
            ("a new image", IMAGE, TOO_OFTEN),
            ("a new image", IMAGE, STORE_FULL),
        )
    ),
    *(
        Holds(
            f"it meets others in vain since it had served well, but {what}", world, (SHOP, cause, "rollback_workload")
        )
        for what, cause, world in (
            (
                "it set how many connections it may have",
                SETTING,
                served(NO_ROOM, before={"env": {}}, env={"DB_POOL_MAX": "50"}),
            ),
            (
                "it was sent there by its release",
                SETTING,
                served(OF_CART, before={"env": {}}, env={"CART_URL": "http://cart:8080"}),
            ),
            (
                "most of its errors tell of something else",
                SETTING,
                late_of_its_own(*[OF_CART] * 5, *["ERROR order: total is none"] * 40),
            ),
            (
                "it did so from its start on",
                SETTING,
                late_of_its_own(*["INFO GET / 200"] * 5, *[OF_CART] * 40, since=1450),
            ),
            ("it had become ready just before", CODE, not_ready_before(700)),
            ("it is its own memory that is short", SETTING, late_of_its_own(*[HEAP_FULL] * 40)),
        )
    ),
    Holds(
        "a release of settings waits in vain since it had served well: a limit of time may be short only under load",
        served(
            "ERROR read timed out after 2000 ms", before={"env": {"TIMEOUT_MS": "9000"}}, env={"TIMEOUT_MS": "2000"}
        ),
        (SHOP, SETTING, "rollback_workload"),
    ),
]


def with_the_cart(line: str = "", *, cart: float = 640, before: Mapping[str, Any] = IMAGE, **of_cart: Any) -> Snapshot:
    """Return a shop that fails since a minute after its release, and what it calls, which fails as well."""
    return snapshot(
        shop(before=before, released=700, env=CALLS_CART),
        workload("cart", **of_cart),
        figures=[errors("shop", since=640), errors("cart", since=cart)],
        logs=[log(pod("shop", n), *[line] * 20, since=630) for n in (0, 1)] if line else [],
    )


HOLDS += [
    Holds(
        "its pool runs dry since a database refuses sessions, and it had served well",
        served(f"{NO_ROOM}\n{POOL_DRY}"),
        (SHOP, "dependency_failure", "page_human"),
        believed="store_outside",
        harmful=("rollback_workload",),
    ),
    *(
        Holds(
            f"its pool runs dry since it had served well, and another on the same database waits {what}",
            beside(since),
            (SHOP, CODE, remedy),
        )
        for what, since, remedy in (
            ("no later", 605, "page_human"),
            ("only minutes later", 300, "rollback_workload"),
            ("half a minute later, as behind a release that takes all of it", 565, "rollback_workload"),
            ("since long before, for a reason of its own", 2400, "rollback_workload"),
        )
    ),
    Holds(
        "its pool runs dry as it waits for locks, and it had served well",
        dry_and_locked(LOCKED, POOL_DRY),
        (SHOP, "dependency_failure", "page_human"),
        believed="store_outside",
        harmful=("rollback_workload",),
    ),
    Holds(
        "its pool ran dry before it waited for any lock: what it holds may be what it waits for",
        dry_and_locked(POOL_DRY, LOCKED),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "its pool runs dry since it had served well, and no database refuses anything",
        served(POOL_DRY),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "what it calls, and was not released, fails no later",
        with_the_cart(),
        (SHOP, "dependency_failure", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "figures have it fail more than a minute before its release",
        snapshot(shop(before=IMAGE, released=620), figures=[errors("shop", since=690)]),
        (SHOP, CODE, "page_human"),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(f"what it calls fails as well, but {what}", world, (SHOP, cause, "rollback_workload"))
        for what, cause, world in (
            ("later", CODE, with_the_cart(cart=500)),
            ("its settings changed", SETTING, with_the_cart(before={"env": {**CALLS_CART, "MODE": "a"}})),
            ("it stumbles itself", CODE, with_the_cart("TypeError: Cannot read properties of undefined")),
        )
    ),
]
UPSTREAM = (
    "2026/03/04 11:50:00 [error] 29#29: *8 upstream timed out (110: Operation timed out) while reading response header "
    'from upstream, client: 10.0.0.7, server: _, request: "GET / HTTP/1.1", upstream: "http://10.96.0.9:8080/"'
)
SAYS_IT = '10.0.0.7 - - "GET /a HTTP/1.1" 502 160'
REFUSED_IT = "2026-03-04 11:50:00 ERROR stock: java.net.ConnectException: Connection refused"


def fresh(
    *others: Obj, figures: Sequence[tuple[str, Series]] = (), said: str = "", before: Mapping[str, Any] = IMAGE
) -> Snapshot:
    """Return a shop that fails since a minute after its release, and others beside it; it asks the cart."""
    return snapshot(
        shop(before=before, released=700, env=CALLS_CART),
        workload("cart"),
        list(others),
        figures=[errors("shop", since=640), errors("cart", 0.001), *figures],
        logs=[log(pod("shop", n), *[said] * 20, since=630) for n in (0, 1)] if said else [],
    )


def with_no_cart() -> Snapshot:
    """Return a shop that fails since a minute after its release, while no pod of the cart runs, which it asks."""
    cart = down(workload("cart"), looping(), unready=640)
    return snapshot(shop(before=IMAGE, released=700, env=CALLS_CART), cart, figures=[errors("shop", since=640)])


def told_by_logs(*others: Log, of_web: Mapping[str, Any] | None = None) -> Snapshot:
    """Return a shop of which only the access log tells that it fails since its release, and the logs of others."""
    return snapshot(
        shop(before=IMAGE, released=700),
        workload("web", env=of_web or {}),
        logs=[*(log(pod("shop", n), *[SAYS_IT] * 40, since=630) for n in (0, 1)), *others],
        alerts=[alert(service="shop")],
    )


def run(age: float, took: float | None) -> Obj:
    """Return a run of a Job that began so long ago; ``took`` None: it goes on."""
    ended = {} if took is None else {"completionTime": at(age - took)}
    return thing("Job", "sweep", status={"startTime": at(age), **ended})


def failed_run(age: float) -> Obj:
    """Return a run of a Job that began so long ago and gave up after half a minute."""
    gave_up = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": at(age - 30)}
    return thing("Job", "sweep", status={"startTime": at(age), "conditions": [gave_up]})


WEB_TOO = errors("web", since=640)
WEB_ASKS = {"SHOP_URL": "http://shop:8080"}
OF_WEB = [log(pod("web", n), *[REFUSED_IT] * 20, since=600) for n in (0, 1)]
HOLDS += [
    *(
        Holds(
            f"a new image fails from its first minute on, but {what}",
            world,
            (SHOP, "dependency_failure", "page_human"),
            believed=believed,
            harmful=("rollback_workload",),
        )
        for what, believed, world in (
            ("another fails as early, who does not ask it", "", fresh(*workload("web"), figures=[WEB_TOO])),
            ("all its errors are of whom nginx asks", "not_well", fresh(said=UPSTREAM)),
            ("a long run began just before", "", fresh(run(800, None))),
            ("whom it calls has lost its pods", "", with_no_cart()),
        )
    ),
    *(
        Holds(f"a new image fails from its first minute on, and {what}", world, (SHOP, CODE, "rollback_workload"))
        for what, world in (
            ("who asks it fails as early", fresh(*workload("web", env=WEB_ASKS), figures=[errors("web", since=640)])),
            (
                "another fails since before it came",
                fresh(*workload("web"), figures=[errors("web", since=900)]),
            ),
            ("another fails minutes later", fresh(*workload("web"), figures=[errors("web", since=400)])),
            ("a run began long before", fresh(run(3000, None))),
            ("a short run began just before", fresh(run(700, 40))),
            ("a run failed soon after it began just before", fresh(failed_run(700))),
            ("a switch came with it", fresh(before={**IMAGE, "env": {**CALLS_CART, "BANNER": "on"}})),
        )
    ),
    Holds(
        "a switch came with a new image, and another fails as early, who does not ask it",
        fresh(
            *workload("web"),
            figures=[errors("web", since=640)],
            before={**IMAGE, "env": {**CALLS_CART, "BANNER": "on", "APP_VERSION": "7.1"}},
        ),
        (SHOP, "dependency_failure", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "an amount came with a new image, and another fails as early, who does not ask it",
        fresh(*workload("web"), figures=[errors("web", since=640)], before={**IMAGE, "env": {**CALLS_CART, "N": "7"}}),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "its access log alone tells of failures, and another tells of errors who does not ask it",
        told_by_logs(*OF_WEB),
        (SHOP, "dependency_failure", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "its access log alone tells of failures, and who asks it tells of errors",
        told_by_logs(*OF_WEB, of_web=WEB_ASKS),
        (SHOP, CODE, "rollback_workload"),
    ),
]


PAY = {"component": "shop", "dependency": "api.pay.example"}
NOT_BACK = (
    "WARN HikariPool-1 - Connection leak detection triggered for org.postgresql.jdbc.PgConnection@4f on thread exec-1"
)
ALCHEMY_DRY = "sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out"
CLIMBS = ("dependency_latency_p95", series(PAY, (3600, 0.4), (660, 3.5), (420, 22.0)))


def late_answers(before: float = 0.3, now: float = 8.0, since: float = 660, of: str = "") -> tuple[str, Series]:
    """Return how long somebody takes to answer the shop, by default a host outside who became slow."""
    return figure("dependency_latency_p95", before, now, since, **(PAY | ({"dependency": of} if of else {})))


def awaits(measured: tuple[str, Series], line: str = POOL_DRY, **made: Any) -> Snapshot:
    """Return a shop whose pool runs dry since it had served well, and how long somebody takes to answer it."""
    world = served(line, **{"env": URL, **made})
    both = {kind: (*world.objects.get(kind, ()), *held) for kind, held in snapshot(postgres()).objects.items()}
    return replace(
        world,
        objects={**world.objects, **both},
        metrics={**world.metrics, measured[0]: (*world.metrics.get(measured[0], ()), measured[1])},
    )


HOLDS += [
    *(
        Holds(
            f"it keeps connections amid its calls of a host outside that is slow since just before, {what}",
            world,
            (SHOP, CODE, "page_human"),
            believed="outside_dependency_fails",
            harmful=("rollback_workload", "restart_workload", "restart_connection_pool"),
        )
        for what, world in (
            ("and its pool runs dry", awaits(late_answers())),
            ("and its pool tells of those that come back late", awaits(late_answers(), f"{NOT_BACK}\n{POOL_DRY}")),
            ("and ever slower since", awaits(CLIMBS, ALCHEMY_DRY)),
        )
    ),
    *(
        Holds(f"its pool runs dry since it had served well, {what}", world, (SHOP, CODE, "rollback_workload"))
        for what, world in (
            ("and a host outside is slow only later", awaits(late_answers(since=300))),
            ("and a host outside takes a second", awaits(late_answers(now=1.0))),
            ("and a host outside always took as long", awaits(late_answers(before=7.5))),
            ("and only its own database is slow", awaits(late_answers(of="postgres"))),
        )
    ),
    Holds(
        "its pool runs dry from its first minute on, and a host outside is slow since then",
        awaits(late_answers(since=1450), after=60),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "its pool runs dry since its release cut it, and a host outside is slow since then",
        awaits(late_answers(), before={"env": {**URL, "DB_POOL": "20"}}, env={**URL, "DB_POOL": "4"}),
        (SHOP, SETTING, "rollback_workload"),
        believed="pool_too_small",
    ),
]
