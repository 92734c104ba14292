"""Pods fail since something that they use was made anew: those that are younger than that, or others, are well."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.credentials import ENV, secret
from tests.diagnosis.rules.pods import HOUR, again, pods_of, put, younger
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, log, pod, postgres, redis, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

ODD = "ERROR the other side wobbles (77), order not stored"
"""Words that no table knows."""
EMPTY = "HikariPool-1 - Connection is not available, request timed out after 30000ms"
WORK = "INFO order stored in 8 ms"
MOVED = event("StatefulSet/postgres", "Switchover", "switched over: promoted postgres-1", age=1500)
KIND_OF_LOGIN = "ERROR SCRAM authentication requires libpq version 10 or above"
FILE: dict[str, Any] = {"volumes": [{"name": "db", "secret": {"secretName": "shop-db"}}]}


def said(
    ill: Iterable[int], well: Iterable[int] = (), *, line: str = ODD, since: float = 1200, until: float = 0
) -> list[Log]:
    """Return the logs of pods of the shop: some fail since then, and say so until now, others tell of work."""
    often = int(30 * (since - until) / since)
    bad = [log(pod("shop", n), WORK, *[line] * often, *[WORK] * (30 - often), since=since) for n in ill]
    return [*bad, *(log(pod("shop", n), *[WORK] * 30, since=since) for n in well)]


def aged(
    *ill: int,
    well: Iterable[int] = (2,),
    written: float = 1800,
    young: float = 900,
    more: Iterable[Obj] = (),
    **of: Any,
) -> Snapshot:
    """Return a shop of three pods, the last of which is younger, whose Secret was written."""
    beside = of.pop("more_logs", ())
    told = {"line": of.pop("line", ODD), "since": of.pop("since", 1200)}
    objects = younger(shop(pods=3, **{"env": ENV, **of}), 1, age=young)
    return snapshot(objects, secret(written), more, logs=[*said(ill, well, **told), *beside], figures=[errors("shop")])


BARELY = [log(pod("shop", 2), *[WORK, ODD, WORK] * 5, since=380)]


def old(*objects: Any, beside: Iterable[Log] = (), line: str = ODD, **of: Any) -> Snapshot:
    """Return a shop all of whose pods are old and fail."""
    told = said((0, 1), line=line, until=of.pop("until", 0))
    return snapshot(shop(**{"env": ENV, **of}), *objects, logs=[*told, *beside], figures=[errors("shop")])


def asks(name: str, host: str, line: str = WORK, **more: Any) -> tuple[list[Obj], list[Log]]:
    """Return another one that asks a host, and what its pods say."""
    objects = workload(name, env={"STORE_HOST": host}, **more)
    return objects, [log(pod(name, n), *[line] * 30, since=1100) for n in range(2)]


WELL, WELL_TOLD = asks("api", "postgres")
ILL, ILL_TOLD = asks("api", "postgres", ODD, started=600)
CACHE, CACHE_TOLD = asks("api", "redis")
CART, CART_TOLD = asks("api", "cart")


def made(objects: list[Obj], age: float) -> list[Obj]:
    """Return a workload whose Service was made so many seconds ago."""
    objects[-1]["metadata"]["creationTimestamp"] = at(age)
    return objects


DIAL = "ERROR order not stored: dial tcp {}:6379: i/o timeout"


def dialling(address: str, line: str = DIAL) -> Snapshot:
    """Return a shop that dials an address in vain since the cache at 10.100.18.55 was started anew."""
    cache = redis(started=1300)
    cache[-1]["spec"]["clusterIP"] = "10.100.18.55"
    return old(cache, CACHE, beside=CACHE_TOLD, line=line.format(address), env={"STORE_HOST": "redis"})


def killed_again(age: float) -> list[Obj]:
    """Return a database whose process has ended six times, the last one so many seconds ago."""
    objects = postgres()
    put(pods_of(objects)[0], again("OOMKilled", 137, age=age, restarts=6))
    return objects


HOLDS = [
    Holds(
        "another server of the database leads, and it ended again and again, but not for days",
        old(killed_again(9 * DAY), MOVED, WELL, beside=WELL_TOLD, env={"STORE_HOST": "postgres"}),
        (SHOP, "database_connection", "restart_workload"),
    ),
    *(
        Holds(
            f"the cache was started anew, and what they kept of it is {what}",
            dialling("10.100.18.55", line=line),
            (SHOP, "database_connection", "restart_workload"),
        )
        for what, line in (
            ("closed", "ERROR order not stored: connection to {}:6379 closed by peer"),
            ("at its end", "ERROR order not stored: connection to /{}:6379 is closed: EOF"),
        )
    ),
    Holds(
        "a pod that is younger than the Secret is well",
        aged(0, 1),
        (SHOP, "configuration_error", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "what was before was let in for a day more",
        aged(0, 1, written=1.5 * DAY, young=DAY),
        (SHOP, "configuration_error", "restart_workload"),
    ),
    Holds(
        "a file that only those have read that are younger",
        aged(0, 1, env={}, spec=FILE),
        (SHOP, "configuration_error", "restart_workload"),
    ),
    Holds(
        "words of a login keep other rules away, and it is the same",
        aged(0, 1, line='ERROR FATAL: password authentication failed for user "shop"'),
        (SHOP, "database_connection", "restart_workload"),
        believed="credentials_rotated",
    ),
    Holds(
        "another server of the database leads, and who else asks it is well",
        old(postgres(), MOVED, WELL, beside=WELL_TOLD, env={"STORE_HOST": "postgres"}),
        (SHOP, "database_connection", "restart_workload"),
        excludes=no("restart_workload", at="StatefulSet/postgres"),
    ),
    Holds(
        "the cache was started anew, and who else asks it is well",
        old(redis(started=1300), CACHE, beside=CACHE_TOLD, env={"STORE_HOST": "redis"}),
        (SHOP, "database_connection", "restart_workload"),
        excludes=no("restart_workload", at="Deployment/redis"),
    ),
    Holds(
        "the cache was started anew, and they still dial the address that it had",
        dialling("10.42.7.19"),
        (SHOP, "database_connection", "restart_workload"),
    ),
    Holds(
        "a Service was made anew, and who else asks it is well",
        old(made(workload("cart"), 1300), CART, beside=CART_TOLD, env={"STORE_HOST": "cart"}),
        (SHOP, "network_fault", "restart_workload"),
        excludes=no("restart_workload", at="Deployment/cart"),
    ),
    Holds(
        "a server was released, and the younger one is well: whether the release is good is another question",
        aged(0, 1, env={"STORE_HOST": "cart"}, more=workload("cart", before={"image": "cart:0"}, released=1300)),
        (SHOP, "network_fault", "restart_workload"),
        excludes=no("restart_workload", at="Deployment/cart"),
        spares=no("rollback_workload", at="Deployment/cart"),
    ),
    Holds(
        "another server of the database leads, and knows no statement of a session before",
        old(
            postgres(),
            MOVED,
            WELL,
            beside=WELL_TOLD,
            line='ERROR prepared statement "S_1" does not exist',
            env={"STORE_HOST": "postgres"},
        ),
        (SHOP, "database_connection", "restart_workload"),
    ),
    Holds(
        "their pool is empty since they are refused",
        aged(0, 1, line=f'ERROR {EMPTY}: FATAL: password authentication failed for user "shop"'),
        (SHOP, "database_connection", "restart_workload"),
        believed="credentials_rotated",
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("the younger one fails as well", aged(0, 1, 2, well=()), ()),
    DoesNotHold("the younger one says it as often, for its age", aged(0, 1, well=(), young=400, more_logs=BARELY), ()),
    DoesNotHold("the younger one does nothing", aged(0, 1, well=()), ()),
    DoesNotHold("the younger one is too young to know", aged(0, 1, young=200), ()),
    DoesNotHold("an old one is well, and the younger one fails", aged(0, 2, well=(1,)), ()),
    DoesNotHold("they failed before it was written", aged(0, 1, written=300, young=250), ()),
    DoesNotHold("the pods keep data", aged(0, 1, kind="StatefulSet"), ()),
    DoesNotHold("nobody is younger than what was written: it may be what is wrong", old(secret(1500)), ()),
    DoesNotHold(
        "each new login is refused for its kind, and others log in in another way",
        old(postgres(), MOVED, WELL, beside=WELL_TOLD, line=KIND_OF_LOGIN, env={"STORE_HOST": "postgres"}),
        ("configuration_error", "page_human"),
        harmful=("restart_workload", "restart_connection_pool"),
    ),
    DoesNotHold(
        "they fail since their own release",
        old(
            redis(started=1300),
            CACHE,
            beside=CACHE_TOLD,
            env={"STORE_HOST": "redis"},
            before={"image": "shop:0"},
            released=1320,
        ),
        (),
    ),
    DoesNotHold(
        "it is over since minutes",
        old(redis(started=1300), CACHE, beside=CACHE_TOLD, env={"STORE_HOST": "redis"}, until=700),
        (),
    ),
    DoesNotHold(
        "they only tell that nothing new was written",
        old(
            redis(started=1300),
            CACHE,
            beside=CACHE_TOLD,
            env={"STORE_HOST": "redis"},
            line="WARN newest document in index products is 3380 s old",
        ),
        (),
    ),
    DoesNotHold("nobody else asks the database", old(postgres(), MOVED, env={"STORE_HOST": "postgres"}), ()),
    DoesNotHold(
        "who else asks it was started since, and fails as well",
        old(postgres(), MOVED, ILL, beside=ILL_TOLD, env={"STORE_HOST": "postgres"}),
        (),
    ),
    DoesNotHold(
        "the database lacks a pod",
        old(redis(started=1300, ready=0), CACHE, beside=CACHE_TOLD, env={"STORE_HOST": "redis"}),
        (),
    ),
    *(
        DoesNotHold(
            f"they dial the address that the cache has, as {who} tells: a new process would dial the same",
            dialling("10.100.18.55", line=line),
            harmful=("restart_workload",),
        )
        for who, line in (
            ("Go", DIAL),
            ("Node", "ERROR order not stored: connect ETIMEDOUT {}:6379"),
            ("Lettuce", "ERROR order not stored: Unable to connect to cache/{}:6379"),
        )
    ),
    DoesNotHold(
        "the database ends again and again: whoever leads may end as well",
        old(
            killed_again(300),
            MOVED,
            WELL,
            beside=WELL_TOLD,
            env={"STORE_HOST": "postgres"},
        ),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the one server of the cache refuses writes since its start: whoever asks it anew is refused too",
        old(
            redis(started=1300),
            CACHE,
            beside=CACHE_TOLD,
            env={"STORE_HOST": "redis"},
            line="ERROR READONLY You can't write against a read only replica. (redis:6379)",
        ),
        (SHOP, "database_connection", "page_human"),
    ),
    DoesNotHold(
        "one of several members of the cache is new: it may lack what the others have",
        old(younger(redis(pods=3), 1, age=1300), CACHE, beside=CACHE_TOLD, env={"STORE_HOST": "redis"}),
        (),
    ),
    DoesNotHold(
        "a server was released: it may answer otherwise",
        old(
            workload("cart", before={"image": "cart:0"}, released=1300),
            CART,
            beside=CART_TOLD,
            env={"STORE_HOST": "cart"},
        ),
        (),
    ),
    DoesNotHold(
        "they name another one whom they ask",
        old(
            redis(started=1300),
            postgres(),
            CACHE,
            beside=CACHE_TOLD,
            line="ERROR postgres: wobbles (77)",
            env={"STORE_HOST": "redis", "DB_HOST": "postgres"},
        ),
        (),
    ),
    DoesNotHold(
        "another server of the database leads, and lacks what they ask for: a new process asks for the same",
        old(
            postgres(),
            MOVED,
            WELL,
            beside=WELL_TOLD,
            line="ERROR order 77 not stored: entry of customer not found",
            env={"STORE_HOST": "postgres"},
        ),
        (),
    ),
    DoesNotHold(
        "they fail since their own release, with which the Secret was written",
        aged(0, 1, before=IMAGE, released=1330, written=1300),
        (),
    ),
    DoesNotHold(
        "what they use up since their release, the younger one has not used up yet",
        aged(0, 1, line="ERROR accept tcp: too many open files", before=IMAGE, released=4 * HOUR),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "whom they ask got one more pod: nothing was made anew",
        aged(0, 1, env={"STORE_HOST": "cart"}, more=younger(workload("cart", pods=3), 1, age=1300)),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "their pool is empty, and nobody is refused: they give nothing back, and the younger one has some left",
        aged(0, 1, line=f"ERROR {EMPTY}"),
        (SHOP, "configuration_error", "restart_workload"),
    ),
    DoesNotHold(
        "what they have filled since their release, the younger one has not filled yet",
        aged(0, 1, line="ERROR order not stored, the outbox is full", before=IMAGE, released=4 * HOUR),
        (SHOP, "configuration_error", "restart_workload"),
    ),
]
