"""Each request costs several times what it did since a release, which shows only when the demand of a peak comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, alert, errors, latency
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, meta, pod, series, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

BACK, AGAIN, MORE = "rollback_workload", "restart_workload", "scale_workload"
IMAGE = "registry.example/shop:{}"
DEFECT, GREW = (SHOP, "code_defect", BACK), (SHOP, "capacity", MORE)
CAME = 2400.0
Figure = tuple[str, Series]
Steps = Sequence[tuple[float, float]]
SLOW = latency("shop", now=1.8, since=840)
BIND: dict[str, Any] = {"resources": {"limits": {"cpu": "1"}}}


def part(signal: str, name: str, of: str, steps: Steps, *, until: float = -1, since: float = 9999) -> Figure:
    """Return the figures of a pod that was there for a part of the hour."""
    whole = series({"pod": name, "container": of}, *steps)
    now = NOW.timestamp()
    return signal, Series(whole.labels, tuple(p for p in whole.points if until < now - p[0] <= since))


def own(before: float, after: float, peak: float = 0.98, *, came: float = CAME, grown: float = 50) -> list[Figure]:
    """Return what each of two pods used before a release, after it, and since the peak that came 15 minutes ago."""
    found = [("request_rate", series({"component": "shop"}, (3600, 20), (900, grown)))]
    for n in range(2):
        steps = ((3600, after), (900, peak))
        for signal in ("cpu_usage", "cpu_share"):
            found.append(part(signal, f"shop-old{n}", "shop", ((3600, before),), until=came))
            found.append(part(signal, pod("shop", n), "shop", steps, since=came))
    return found


def released(*, came: float = CAME, earlier: Mapping[str, Any] | None = None, **more: Any) -> list[Obj]:
    before = {"image": IMAGE.format(1), **(earlier or {})}
    return workload("shop", IMAGE.format(2), before=before, released=came, **BIND, **more)


def alone(figures: Sequence[Figure], *, slow: Figure = SLOW, **more: Any) -> Snapshot:
    """Return a shop that was released 40 minutes ago, and is slow since a peak came 15 minutes ago."""
    return snapshot(released(**more), figures=[*figures, slow], alerts=[alert(service="shop")])


def cost(name: str, each: float, rate: float, now: float, share: float | None = None) -> list[Figure]:
    """Return the figures of two pods whose requests grew, and cost each so much."""
    found: list[Figure] = []
    for n in range(2):
        labels = {"pod": pod(name, n), "container": name}
        used = ((3600, each * rate / 2), (900, each * now / 2))
        found.append(("cpu_usage", series(labels, *used)))
        found.append(("cpu_share", series(labels, *((age, share or value) for age, value in used))))
    return [*found, ("request_rate", series({"component": name}, (3600, rate), (900, now)))]


AUDIT = '{"level":"INFO","logger":"audit","event":"right_checked","request_id":"%d","took_by":38}'
DUMP = "level=debug msg=rendered tree=%d nodes=812"


def told(name: str, extra: str = "", often: int = 3, path: str = "/start/") -> list[Log]:
    """Return the logs of two pods: a request each half minute, and so many further lines with it."""
    found = []
    for n in range(2):
        lines: list[tuple[float, str]] = []
        for age in range(1800, 10, -30):
            lines += [(age, extra % (age * 10 + k) if "%" in extra else extra) for k in range(often) if extra]
            lines.append((age, f'10.0.0.4 "GET {path} HTTP/1.1" 200 812 "-" "Mozilla/5.0"'))
        found.append(timed(pod(name, n), *lines))
    return found


READS: dict[str, Any] = {**BIND, "envFrom": [{"configMapRef": {"name": "logging"}}]}


def twins(
    mine: Sequence[Figure] = (*cost("shop", 0.1, 7, 20),),
    theirs: Sequence[Figure] = (*cost("desk", 0.02, 6, 6),),
    logs: Sequence[Log] = (*told("shop", AUDIT), *told("desk")),
    *,
    image: str = IMAGE.format(1),
    env: Mapping[str, Any] | None = None,
    came: float = 3 * DAY,
    tried: bool = False,
    objects: Sequence[Obj] = (),
    limit: Mapping[str, Any] = BIND,
    also: Sequence[Figure] = (),
) -> Snapshot:
    """Return a shop that was released on Friday, and a desk that runs the image of before; ``tried``: and again."""
    shop = workload("shop", IMAGE.format(2), before={"image": IMAGE.format(1)}, released=came, **limit)
    if tried:
        shop = _again(shop)
    desk = workload("desk", image, env=env, **limit)
    figures = [*mine, *theirs, *also, latency("shop", now=1.8, since=840)]
    return snapshot(shop, desk, *objects, logs=logs, figures=figures, alerts=[alert(service="shop")])


def _reading(written: float) -> Snapshot:
    """Return twins that both read settings that were written so long ago."""
    return twins(objects=[thing("ConfigMap", "logging", written=written)], limit=READS)


def _again(shop: list[Obj]) -> list[Obj]:
    """Give a shop one more release, of today, of which the pods are."""
    name, image = "shop-r3", IMAGE.format(3)
    last = next(each for each in shop if each["metadata"]["name"] == "shop-r2")
    body = {**last["spec"]["template"], "spec": {"containers": [{**_container(last), "image": image}]}}
    noted = {"annotations": {"deployment.kubernetes.io/revision": "3"}}
    made = {
        **last,
        "metadata": {**meta(name, DAY / 4), **noted, "ownerReferences": last["metadata"]["ownerReferences"]},
        "spec": {**last["spec"], "template": body},
    }
    shop[0]["spec"] = {**shop[0]["spec"], "template": body}
    for each in shop:
        if each["kind"] == "Pod":
            each["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": name, "controller": True}]
    return [*shop, made]


def _container(found: Obj) -> Obj:
    made: Obj = found["spec"]["template"]["spec"]["containers"][0]
    return made


def peaking() -> list[Figure]:
    """Return a shop whose requests cost as much as its twin's until the peak came: something is asked of it then."""
    found = cost("shop", 0.1, 20, 20)
    return [(signal, _early(signal, each)) for signal, each in found]


def _early(signal: str, each: Series) -> Series:
    if signal == "request_rate":
        return each
    late = NOW.timestamp() - 900
    return Series(each.labels, tuple((at, value if at >= late else value / 5) for at, value in each.points))


def rare() -> list[Log]:
    """Return logs of which one line in three requests is of a kind that the twin has not."""
    return [
        *(timed(pod("shop", n), *_some()) for n in range(2)),
        *told("desk"),
    ]


def _some() -> list[tuple[float, str]]:
    asked = [(float(age), '10.0.0.4 "GET /start/ HTTP/1.1" 200 812 "-" "Mozilla/5.0"') for age in range(1800, 10, -30)]
    return sorted([*asked, *((float(age), AUDIT % age) for age in range(1790, 10, -90))], reverse=True)


HOLDS = [
    Holds("its own figures tell it, a peak after", alone(own(0.1, 0.4)), DEFECT, excludes=no(AGAIN, at=SHOP)),
    Holds(
        "requests fail, and are not slow",
        alone(own(0.05, 0.2), slow=errors("shop", since=840)),
        DEFECT,
        harmful=(MORE, AGAIN),
    ),
    Holds(
        "a release of days ago, and a twin of the former image needs a fifth",
        twins(),
        DEFECT,
        excludes=no(AGAIN, at=SHOP),
        harmful=(MORE, AGAIN),
    ),
    Holds("both read what was written before it", _reading(5 * DAY), DEFECT, harmful=(MORE, AGAIN)),
    Holds("two releases came since", twins(tried=True), DEFECT, harmful=(MORE, AGAIN)),
    Holds(
        "another logger, one line for each request",
        twins(logs=[*told("shop", DUMP, 1), *told("desk")]),
        DEFECT,
        harmful=(MORE, AGAIN),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, case, GREW, harmful=(BACK,))
        for what, case in (
            ("a request costs what it did", alone(own(0.39, 0.4))),
            ("it costs half as much again", alone(own(0.27, 0.4))),
            ("it cost more only as the peak came", alone(own(0.1, 0.1))),
            ("the release has other settings too", alone(own(0.1, 0.4), args=["--verbose"], earlier={"args": []})),
            ("a twin needs nearly as much", twins(theirs=cost("desk", 0.06, 6, 6))),
            ("the twin is asked for next to nothing", twins(theirs=cost("desk", 0.02, 0.2, 0.2))),
            ("it cost as little before the peak", twins(mine=peaking())),
            ("the twin serves other ways", twins(logs=[*told("shop", AUDIT), *told("desk", path="/admin/")])),
            ("the twin tells the same", twins(logs=[*told("shop", AUDIT), *told("desk", AUDIT)])),
            ("it tells nothing that the twin does not", twins(logs=[*told("shop"), *told("desk")])),
            ("its lines are rare beside its requests", twins(logs=rare())),
            ("nobody knows what either tells", twins(logs=())),
            ("the twin runs what the shop never had", twins(image=IMAGE.format(0))),
            ("the twin runs the same", twins(image=IMAGE.format(2))),
            ("the twin is set up otherwise", twins(env={"PAGES": "short"})),
            ("the release is of weeks ago", twins(came=9 * DAY)),
            (
                "what both read was written since, and the twin was not started with it",
                _reading(2 * DAY),
            ),
            ("the twin is slow as well", twins(also=[latency("desk", now=1.8, since=840)])),
        )
    ),
    DoesNotHold("users felt it with the release", alone(own(0.1, 0.98, came=960), came=960), DEFECT),
]
