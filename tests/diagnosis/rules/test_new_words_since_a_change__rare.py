"""What a release fails at comes so rarely that its first error is late; a neighbour misses what does not come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, alert, shop
from tests.diagnosis.rules.tiny import DAY, NOW, at, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

H = 3600.0
CUT = "ERROR upload of flight {} ended: aborted"
MISSED = "WARN flight {} has no raw object, marked incomplete"


def every(step: float, line: str, since: float, upto: float = 60) -> list[tuple[float, str]]:
    """Return a line at even times from some seconds ago, with its ages."""
    return [(age, line) for age in range(int(since), int(upto), -int(step))]


def kept(name: str, *lines: tuple[float, str]) -> Log:
    return Log(name, name.rpartition("-")[0], tuple(f"{at(age)} {line}" for age, line in sorted(lines, reverse=True)))


def numbered(told: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return lines that each name a flight of their own."""
    return [(age, line.format(55100 + n)) for n, (age, line) in enumerate(told)]


def rarely(
    *beside: Any,
    cut: str = CUT,
    misses: str = MISSED,
    first: float = 15.3 * H,
    missed: float = 15.2 * H,
    known: float = 40 * H,
    neighbour: Mapping[str, Any] | None = None,
    calls: Mapping[str, str] | None = None,
    fires: float = 600,
) -> Snapshot:
    """Return a shop released 16 hours ago, an upload in two hours of which is cut, and who misses what does not come.

    ``first``, ``missed``: ages of the first error and the first warning; ``known``: that of the neighbour's first line.
    """
    called = {"SHOP_URL": "http://shop:8080"} if calls is None else dict(calls)
    told = [
        kept(pod("shop", n), *every(H, "INFO stored", 15.9 * H), *numbered(every(2 * H, cut, first - n * H)))
        for n in range(2)
    ]
    warns = [*every(H, "INFO registered", known), *numbered(every(1.5 * H, misses, missed))]
    return snapshot(
        shop(before=IMAGE, released=16 * H),
        workload("web", **{"env": called, "pods": 1, "age": 60 * DAY, **(neighbour or {})}),
        *beside,
        logs=[*told, kept(pod("web"), *warns)],
        alerts=[alert("UploadsFail", app="shop")._replace(starts_at=NOW - timedelta(seconds=fires))],
    )


HOLDS = [
    Holds(
        "what it fails at comes so rarely that the first error came late; a neighbour's older log misses it since then",
        rarely(),
        (SHOP, "code_defect", "rollback_workload"),
        sure=(0.25, 0.45),
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "the same, and an edge was released the next day",
        rarely(workload("edge", before=OLD, released=H)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    *(
        Holds(
            f"they name one of the same namespace: {url}",
            rarely(cut=f"ERROR POST {url}/upload of flight {{}} aborted"),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for url in (
            "http://shop:8080",
            "http://shop.town:8080",
            "http://shop.town.svc:8080",
            "http://shop.town.svc.cluster.local:8080",
            "ws://user@shop.town.svc:8080",
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"rare errors of new pods: {what}", world, harmful=("rollback_workload", "restart_workload"))
        for what, world in (
            ("no neighbour tells since when they are", rarely(missed=0)),
            (
                "the neighbour warns of its own affairs",
                rarely(misses="WARN tls certificate of webhook receiver ends in 13 days"),
            ),
            ("the neighbour is slow at times", rarely(misses="WARN slow request took 8{} us")),
            (
                "they name a host outside",
                rarely(cut="ERROR upload of flight {} to https://sftp.partner-files.com aborted by remote"),
            ),
            (
                "of any protocol",
                rarely(cut="ERROR upload of flight {} to sftp://in.partner-files.com aborted by remote"),
            ),
            ("with a user", rarely(cut="ERROR upload of flight {} to sftp://u:p@in.partner-files.com:22 aborted")),
            (
                "or in another namespace",
                rarely(cut="ERROR POST http://store.files.svc.cluster.local/u of flight {} aborted"),
            ),
            (
                "or of the network around",
                rarely(cut="ERROR POST http://store.office.local:8080/u of flight {} aborted"),
            ),
            ("by its address", rarely(cut="ERROR POST http://203.0.113.9:8080/u of flight {} aborted")),
            ("in its short form", rarely(cut="ERROR POST ws://store.files:8080/u of flight {} aborted")),
            ("the neighbour missed it before the release as well", rarely(missed=30.2 * H)),
            ("the neighbour's log does not reach back far enough", rarely(known=17 * H)),
            ("the neighbour is new itself", rarely(neighbour={"before": OLD, "released": 16.2 * H})),
            ("who misses something has nothing to do with it", rarely(calls={})),
            ("they came later than they come again", rarely(first=9.3 * H)),
            ("the neighbour misses it only hours later", rarely(missed=12.2 * H)),
            (
                "something else was written in between",
                rarely(thing("ConfigMap", "guard", written=15.5 * H, data={"a": "b"})),
            ),
            ("another one was released just before", rarely(workload("edge", before=OLD, released=16.4 * H))),
            ("they name who is away", rarely(cut="ERROR upload {}: connect ECONNREFUSED payments.example.com:443")),
            (
                "they name which kind of program is away",
                rarely(cut="ERROR upload {}: psycopg: server closed the connection unexpectedly"),
            ),
            ("people were called before the release", rarely(fires=17 * H)),
        )
    ),
]
