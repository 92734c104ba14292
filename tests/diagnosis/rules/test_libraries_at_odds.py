"""A release tells that its own parts do not fit each other, since it came and as often as somebody asks for it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, pods_of
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors, shop, taken_back
from tests.diagnosis.rules.tiny import DAY, Obj, at, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

NPGSQL = (
    "ERROR System.ArgumentException: Cannot write DateTime with Kind=Unspecified to PostgreSQL type 'timestamp with "
    "time zone', only UTC is supported."
)
JAVA = "ERROR java.lang.NoSuchMethodError: 'void example.Codec.write(example.Order)'"
LACKS = "ERROR java.lang.NoClassDefFoundError: example/codec/Order"
DOTNET = "fail: System.MissingMethodException: Method not found: 'Void Example.Codec.Write(Example.Order)'."
LOADS = "fail: Could not load file or assembly 'Example.Codec, Version=4.0.0.0, Culture=neutral'."
PYTHON = "ImportError: cannot import name 'encode' from 'codec' (/usr/lib/codec/__init__.py)"
RENAMED = "AttributeError: module 'codec' has no attribute 'encode'"
NODE = "Error [ERR_REQUIRE_ESM]: require() of ES Module /app/node_modules/codec/index.js not supported."
LOADER = "node: symbol lookup error: /app/codec.node: undefined symbol: codec_encode"
INITIAL = "ERROR java.lang.NoClassDefFoundError: Could not initialize class example.Codec"
OF_VALUES = "ERROR java.lang.IllegalArgumentException: amount must be positive"
CAME = 10 * HOUR
ENV: Obj = {"SHOP": "http://shop:8080"}


def told(line: str, number: int = 0, *, since: float = 9 * HOUR, until: float = 60, times: int = 12) -> Log:
    """Return a log of a pod that tells so from one age to another, beside its work."""
    step = (since - until) / max(1, times - 1)
    lines = [(since - n * step, line) for n in range(times)]
    lines += [(age, "INFO order stored") for age in range(int(CAME) - 60, 20, -300)]
    ordered = sorted(lines, key=lambda each: -each[0])
    return Log(pod("shop", number), "shop", tuple(f"{at(age)} {text}" for age, text in ordered))


def released(
    line: str = NPGSQL,
    *,
    came: float = CAME,
    age: float = 20 * DAY,
    before: Any = IMAGE,
    by: Collection[int] = (0, 1),
    figures: Any = None,
    alerts: Any = (),
    objects: list[Obj] | None = None,
    others: Collection[Log] = (),
    caller: Any = None,
    **more: Any,
) -> Snapshot:
    """Return a shop that was released ten hours ago, of which more and more requests fail this morning."""
    made = objects or shop(before=before, released=came, age=age)
    felt = [errors("shop", since=900)] if figures is None else figures
    logs = [told(line, number, **more) for number in by]
    return snapshot(made, workload("web", env=ENV, **caller or {}), logs=[*logs, *others], figures=felt, alerts=alerts)


def half() -> list[Obj]:
    """Return a shop whose roll-out has reached one of its pods."""
    objects = shop(before=IMAGE, released=CAME, age=20 * DAY)
    pods_of(objects)[1]["metadata"]["ownerReferences"][0]["name"] = "shop-r1"
    return objects


BACK = (SHOP, "code_defect", "rollback_workload")
OF_WEB = Log(pod("web"), "web", (f"{at(300)} {NPGSQL}",))
HOLDS = [
    *(
        Holds(
            f"since a release of the evening before it tells, and fails as the day begins: {line[:60]}",
            released(line),
            BACK,
            excludes=no("restart_workload", at=SHOP),
        )
        for line in (NPGSQL, JAVA, LACKS, DOTNET, LOADS, PYTHON, RENAMED, NODE, LOADER)
    ),
    Holds("a caller fails, and an alert is about it", released(figures=[errors("web", since=900)]), BACK),
    Holds(
        "one who asks it was released since it tells so",
        released(caller={"before": {"image": "web:0"}, "released": 2 * HOUR}),
        BACK,
    ),
    Holds("an alert fires since", released(figures=(), alerts=(alert(service="shop"),)), BACK),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, harmful=("rollback_workload",))
        for what, world in (
            ("what it refuses is a value of somebody", released(OF_VALUES)),
            ("a class of it could not begin: it may want for anything", released(INITIAL)),
            ("one of its pods tells nothing of it", released(by=(0,))),
            ("it told of it a few times", released(times=2)),
            ("it tells of it no more", released(until=1800)),
            ("it told of it before", released(since=CAME + 600)),
            ("it was released days ago", released(came=30 * HOUR)),
            ("the one before was in force for a day", released(age=CAME + DAY)),
            ("only its settings are new", released(before={"env": {"A": "1"}})),
            ("it went back to what it was", released(objects=taken_back(shop(before=IMAGE, released=CAME)))),
            ("its release is not through", released(objects=half())),
            ("nobody suffers", released(figures=[errors("shop", 0.001)])),
            (
                "one who asks it was released in between, and may ask what nobody had asked",
                released(caller={"before": {"image": "web:0"}, "released": 9.2 * HOUR}),
            ),
            ("another one tells the like", released(others=(OF_WEB,))),
            (
                "a caller failed before it came",
                released(figures=[errors("web", since=3000)], came=2000, since=1900),
            ),
        )
    ),
]
