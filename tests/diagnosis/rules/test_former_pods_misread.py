"""Former pods that cannot read what is in a cache: new pods beside them wrote it, or something else came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, reown, younger
from tests.diagnosis.rules.scenes import CACHE, IMAGE, SHOP, WEB, errors
from tests.diagnosis.rules.tiny import DAY, Obj, at, pod, redis, secret_key, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

USES = {"REDIS_URL": "redis://redis:6379"}
CAME = 2400.0
JAVA = (
    "ERROR 1 --- [nio-8080-exec-2] o.a.c.c.C.[dispatcherServlet] : threw exception [Request processing failed]",
    "java.io.InvalidClassException: shop.Basket; local class incompatible: stream classdesc serialVersionUID = 64",
    "\tat java.base/java.io.ObjectStreamClass.initNonProxy(ObjectStreamClass.java:597)",
    "\tat org.springframework.data.redis.cache.RedisCache.lookup(RedisCache.java:164)",
    "\tat jakarta.servlet.http.HttpServlet.service(HttpServlet.java:564)",
)
PYTHON = (
    "ERROR Internal Server Error: /basket",
    "Traceback (most recent call last):",
    '  File "/venv/site-packages/django/core/cache/backends/redis.py", line 28, in loads',
    "    return pickle.loads(data)",
    "AttributeError: Can't get attribute 'BasketV2' on <module 'shop.models' from '/srv/shop/models.py'>",
)
RUBY = ('{"level":"error","msg":"ArgumentError: undefined class/module Basket::Line","at":"active_support/cache"}',)
PHP = ("ERROR unserialize(): Error at offset 41 of 812 bytes in /srv/vendor/predis/Store.php on line 88",)
DOTNET = (
    "fail: Microsoft.AspNetCore.Server.Kestrel[13]",
    "MessagePack.MessagePackSerializationException: Failed to deserialize Shop.Basket value.",
    "   at Shop.Baskets.Get(String id) in /src/Baskets.cs:line 31",
    "   at Microsoft.Extensions.Caching.StackExchangeRedis.RedisCache.Get(String key)",
)
ANSWER = (
    *JAVA[:3],
    "\tat org.springframework.web.client.RestTemplate.execute(RestTemplate.java:780)",
    "\tat org.springframework.cache.interceptor.CacheInterceptor.invoke(CacheInterceptor.java:64)",
)
OF_NOBODY = JAVA[:3]
WORK = ("INFO GET /baskets/4 200",)
PASSED_OVER = ("WARN cache entry 'b812' was not used, loading it",)
ROLLBACK = (SHOP, "code_defect", "rollback_workload")
HARM = ("restart_workload", "scale_workload")


def said(number: int, *trace: str, since: float = 2200, begins: float = 5000, name: str = "shop") -> Log:
    """Return the log of a pod: its work all the while, and from a moment on what it cannot read, every two minutes."""
    told: list[tuple[float, tuple[str, ...]]] = [(float(age), WORK) for age in range(int(begins), 30, -300)]
    told += [(float(age), trace) for age in range(int(since), 30, -120) if trace]
    lines = [
        f"{at(age)} {line}" if not n else line
        for age, each in sorted(told, key=lambda t: -t[0])
        for n, line in enumerate(each)
    ]
    return Log(pod(name, number), name, tuple(lines))


def shop(former: int = 2, *, paused: bool = True, **more: Any) -> list[Obj]:
    """Return a shop of three pods whose roll-out stands: the first ones are of the template before."""
    more = {"pods": 3, "env": USES, "before": IMAGE, "released": CAME, **more}
    objects = workload("shop", **more)
    objects[0]["spec"]["paused"] = paused
    for each in pods_of(objects)[:former]:
        reown(each, "shop-r1", 9 * DAY)
    return objects


def by_pod(number: int, ratio: float) -> tuple[str, Series]:
    return ("error_ratio_by_pod", series({"pod": pod("shop", number)}, (4000, 0.001), (2100, ratio)))


FELT = (errors("shop", 0.2, 2100), by_pod(0, 0.3), by_pod(1, 0.3), by_pod(2, 0.0))


def world(
    *more: list[Obj] | Obj,
    trace: tuple[str, ...] = JAVA,
    new: tuple[str, ...] = PASSED_OVER,
    of: list[Obj] | None = None,
    store: list[Obj] | None = None,
    logs: tuple[Log, ...] = (),
    told: Sequence[tuple[str, Series]] = FELT,
    **log: Any,
) -> Snapshot:
    """Return a shop whose first two pods, the former ones, tell of a trace, and whose third is the new one."""
    spoken = logs or (said(0, *trace, **log), said(1, *trace, **log))
    newest = said(2, *new, begins=CAME - 20)
    there = (of or shop(), redis() if store is None else store)
    return snapshot(*there, *more, logs=[*spoken, newest], figures=told)


INDEXER: dict[str, Any] = {"before": {"image": "registry.example/indexer:0"}, "released": 2500, "pods": 1}
READS: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "codec"}}]}
CODEC = thing("ConfigMap", "codec", written=2350, data={"format": "msgpack"})
HIDDEN = {"REDIS_URL": secret_key("cache", "url")}
HOLDS = [
    *(
        Holds(f"a trace of {what}", world(trace=trace), ROLLBACK, harmful=HARM)
        for what, trace in (("Python", PYTHON), ("Ruby", RUBY), ("PHP", PHP), (".NET", DOTNET))
    ),
    Holds(
        "Java, and who asks the shop fails by it",
        world(workload("web", env={"SHOP_URL": "http://shop:8080"}), told=(*FELT, errors("web"))),
        ROLLBACK,
        excludes=(*no(*HARM, at=SHOP), *no("restart_workload", at=WEB), *no("restart_workload", at=CACHE)),
        harmful=HARM,
    ),
    Holds(
        "it is not paused, and no more pods come",
        world(of=shop(paused=False), told=FELT[:1]),
        ROLLBACK,
        harmful=HARM,
    ),
    Holds(
        "another program that does not use the cache was released then",
        world(workload("indexer", **INDEXER)),
        ROLLBACK,
        harmful=HARM,
    ),
    Holds(
        "another program that takes only a password from a Secret was released then",
        world(workload("indexer", env={"DB_PASSWORD": secret_key("db", "password")}, **INDEXER)),
        ROLLBACK,
        harmful=HARM,
    ),
    Holds(
        "the pods of another program that does not use the cache were started then",
        world(workload("indexer", pods=1, started=2300)),
        ROLLBACK,
        harmful=HARM,
    ),
    Holds(
        "the release changed how entries are written, by a setting",
        world(of=shop(before={"env": {**USES, "CACHE_CODEC": "jdk"}})),
        (SHOP, "configuration_error", "rollback_workload"),
        harmful=HARM,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("former pods told of it before the new one came", world(since=3600)),
    DoesNotHold("they tell of it long after the new one came", world(since=900)),
    DoesNotHold("nobody knows what they told before", world(begins=2000, since=1900)),
    DoesNotHold("the new pod cannot read either", world(new=JAVA)),
    DoesNotHold("the new pod repeats errors of another kind", world(new=("ERROR basket is broken: nil total",))),
    DoesNotHold("requests to the new pod fail too", world(told=(*FELT[:3], by_pod(2, 0.3)))),
    DoesNotHold(
        "another program that fills the cache was released then", world(workload("indexer", env=USES, **INDEXER))
    ),
    DoesNotHold("another one that fills the cache was made then", world(workload("warmer", env=USES, age=2500))),
    DoesNotHold(
        "settings of another one that fills the cache were written then",
        world(workload("indexer", env=USES, pods=1, **READS), CODEC),
    ),
    DoesNotHold(
        "another one that fills the cache was started anew then", world(workload("indexer", env=USES, started=2300))
    ),
    DoesNotHold(
        "another one was released then, and a Secret keeps whom it calls",
        world(workload("indexer", env=HIDDEN, **INDEXER)),
    ),
    DoesNotHold(
        "another one was released then that takes all that a Secret has",
        world(workload("indexer", envFrom=[{"secretRef": {"name": "cache"}}], **INDEXER)),
    ),
    DoesNotHold(
        "a Job was made then, and a Secret keeps whom it calls",
        world(workload("warmer", kind="Job", env=HIDDEN, age=2300)),
    ),
    DoesNotHold("the cache was released then", world(store=redis(before={"image": "redis:6"}, released=2500))),
    DoesNotHold("the cache was started anew then", world(store=redis(started=2450))),
    DoesNotHold(
        "settings that all its pods read were written then",
        world(thing("ConfigMap", "codec", written=2350, data={"codec": "json"}), of=shop(**READS)),
    ),
    DoesNotHold(
        "its cache is not here, and somebody else was released then",
        world(workload("indexer", **INDEXER), of=shop(env={}), store=[]),
    ),
    DoesNotHold("it is the answer of another service, kept by a cache", world(trace=ANSWER)),
    DoesNotHold("nothing tells that it comes out of a cache", world(trace=OF_NOBODY)),
    DoesNotHold("the roll-out goes on", world(of=younger(shop(pods=4, paused=False), 1, age=200))),
    DoesNotHold("all pods are of the release", world(of=shop(former=0)), ROLLBACK),
    DoesNotHold(
        "most of the former pods read it well",
        world(
            of=shop(4, pods=5),
            logs=(said(0, *JAVA), said(1), said(3)),
            told=(*FELT[:2], *(by_pod(n, 0.0) for n in (1, 2, 3, 4))),
        ),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold("nobody suffers", world(told=())),
]
