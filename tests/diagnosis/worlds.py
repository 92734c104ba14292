"""Namespaces put together from ingredients: what is well, and what may be wrong with it, one or several."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.pods import again, evicted, looping, node, pending, pods_of, put, rollout, waiting
from tests.diagnosis.rules.tiny import (
    DAY,
    Obj,
    database,
    event,
    figure,
    log,
    pod,
    postgres,
    redis,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Snapshot, Source

Ingredient = Callable[[], Snapshot]
OLD: dict[str, Any] = {"image": "registry.example/app:0"}
NODES = [node("n1"), node("n2")]


def _image() -> Snapshot:
    return snapshot(rollout("pay", waiting("ImagePullBackOff", "manifest unknown: not found"), before=OLD))


def _crash() -> Snapshot:
    objects = rollout("cart", looping(), before=OLD)
    logs = [log(pod("cart", 2), "Traceback (most recent call last):", "KeyError: 'X'", previous=True)]
    return snapshot(
        objects, event(f"Pod/{pod('cart', 2)}", "BackOff", "Back-off restarting failed container"), logs=logs
    )


def _errors() -> Snapshot:
    figures = [figure("error_ratio", 0.001, 0.3, 840, component="web")]
    return snapshot(workload("web", before=OLD, released=900), figures=figures)


def _memory() -> Snapshot:
    objects = workload("feed", before=OLD, released=20 * DAY)
    put(pods_of(objects)[0], again("OOMKilled", 137, age=200, restarts=3))
    return snapshot(objects, figures=[figure("memory_share", 0.5, 0.97, pod=pod("feed", 1), container="feed")])


def _room() -> Snapshot:
    objects = workload("scan", pods=3, ready=2)
    pending(pods_of(objects)[2], "0/2 nodes are available: 2 Insufficient memory.")
    return snapshot(objects)


def _evictions() -> Snapshot:
    objects = workload("mail")
    gone = evicted("mail-gone", pods_of(objects)[0], "n2", "The node was low on resource: memory.")
    return snapshot(objects, gone)


def _configuration() -> Snapshot:
    spec = {"volumes": [{"name": "c", "configMap": {"name": "rules"}}]}
    objects = workload("risk", spec=spec)
    for each in pods_of(objects):
        put(each, looping(lived=40), ready=False, unready=200)
    return snapshot(objects, thing("ConfigMap", "rules", written=600, data={"a": "b"}))


def _sessions() -> Snapshot:
    url = {"DATABASE_URL": "postgres://a@postgres:5432/a"}
    held = database(session("Deployment/report", "idle", 90), session("Deployment/books", "active", 7))
    logs = [log(pod("books"), "FATAL: sorry, too many clients already", "FATAL: sorry, too many clients already")]
    return snapshot(workload("books", env=url), workload("report", env=url), postgres(), databases=[held], logs=logs)


def _odd() -> Snapshot:
    figures = [figure("error_ratio_by_pod", 0.0, 0.9 if n else 0.001, pod=pod("chat", n)) for n in (0, 0, 1)]
    return snapshot(workload("chat", pods=3), figures=figures)


def _cache() -> Snapshot:
    figures = [
        figure("cache_latency_p95", 0.001, 2.0, component="redis"),
        figure("latency_p95", 0.1, 2.2, component="bids"),
    ]
    return snapshot(redis(), workload("bids", env={"REDIS_URL": "redis://redis:6379"}), figures=figures)


def _busy() -> Snapshot:
    figures = [figure("cpu_share", 0.4, 0.98, pod=pod("tax", n), container="tax") for n in range(2)]
    figures += [figure("latency_p95", 0.1, 2.0, component="tax"), figure("request_rate", 10, 40, component="tax")]
    return snapshot(workload("tax"), figures=figures)


FAULTS: dict[str, Ingredient] = {
    each.__name__.strip("_"): each
    for each in (
        _image, _crash, _errors, _memory, _room, _evictions, _configuration, _sessions, _odd, _cache, _busy,
    )
}  # fmt: skip


def well() -> Snapshot:
    """Return a namespace in which nothing is wrong."""
    return snapshot(workload("shop"), NODES, figures=[figure("error_ratio", 0.001, 0.001, component="shop")])


def joined(parts: Sequence[Snapshot]) -> Snapshot:
    """Return several namespaces as one."""
    objects: dict[str, tuple[Obj, ...]] = {}
    metrics: dict[str, Any] = {}
    for part in parts:
        for kind, found in part.objects.items():
            held = objects.get(kind, ())
            objects[kind] = (*held, *(dict(obj) for obj in found if obj not in held))
        for signal, series in part.metrics.items():
            metrics[signal] = (*metrics.get(signal, ()), *series)
    return replace(
        parts[0],
        objects=objects,
        metrics=metrics,
        logs=tuple(each for part in parts for each in part.logs),
        databases=tuple(each for part in parts for each in part.databases),
        alerts=tuple(each for part in parts for each in part.alerts),
    )


def shuffled(snap: Snapshot, dice: random.Random) -> Snapshot:
    """Return the same snapshot with everything in another order."""

    def mixed(things: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(dice.sample(list(things), len(things)))

    return replace(
        snap,
        objects={kind: mixed(snap.objects[kind]) for kind in mixed(sorted(snap.objects))},
        metrics={signal: mixed(snap.metrics[signal]) for signal in mixed(sorted(snap.metrics))},
        logs=mixed(snap.logs),
        alerts=mixed(snap.alerts),
        databases=tuple(each._replace(sessions=mixed(each.sessions)) for each in mixed(snap.databases)),
    )


def without(snap: Snapshot, *sources: str) -> Snapshot:
    """Return a snapshot in which some kinds of sources were never read."""
    if "metrics" in sources:
        snap = replace(snap, metrics={})
    if "logs" in sources:
        snap = replace(snap, logs=())
    if "events" in sources:
        snap = replace(snap, objects={kind: objs for kind, objs in snap.objects.items() if kind != "Event"})
    missing = (Source(each, ok=False, note="the snapshot has none", kind="missing") for each in sources)
    others = (each for each in snap.sources if each.source not in sources)
    return replace(snap, sources=(*others, *missing))


JUNK: tuple[Any, ...] = (
    None,
    0,
    -1,
    10**30,
    1.5,
    float("nan"),
    True,
    "",
    "x",
    "\x00\ud800",
    [],
    [None],
    ["a"],
    {},
    {"a": 1},
    {1: 2},
)


def broken(thing: Any, dice: random.Random, odds: float = 0.03) -> Any:
    """Return the same structure with some values replaced by what nobody expects there."""
    if dice.random() < odds:
        return dice.choice(JUNK)
    if isinstance(thing, dict):
        return {key: broken(value, dice, odds) for key, value in thing.items() if dice.random() > odds}
    if isinstance(thing, list):
        return [broken(value, dice, odds) for value in thing]
    return thing
