"""A service is closed by its own people for a time that is not over."""

from __future__ import annotations

from datetime import timedelta
from time import process_time
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.scenes import SHOP, alert, errors, shop
from tests.diagnosis.rules.tiny import NOW, Obj, at, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot
from tuheg_ir.diagnosis.rules.closed_for_maintenance import when
from tuheg_ir.diagnosis.view.view import View

MAP = "ConfigMap/switch"
SAYS = "maintenance mode on until 2026-03-04 13:30 UTC (change 17), answering 503"
ASKED = ("configuration_error", "page_human")


def switch(written: float = 660, **data: str) -> Obj:
    """Return the map that closes the shop."""
    window = {"enabled": "true", "from": "2026-03-04 11:50 UTC", "until": "2026-03-04T13:30:00Z", "reason": "change 17"}
    return thing("ConfigMap", "switch", written=written, data=window | data)


def closed(
    *more: Any,
    by: Obj | None = None,
    says: str = SAYS,
    path: str = "/etc/maintenance",
    others: tuple[Any, ...] = (),
    objects: list[Obj] | None = None,
    beside: tuple[str, ...] = (),
) -> Snapshot:
    """Return a shop that fails its requests since ten minutes, the map that it reads, and what it says."""
    spec = {"volumes": [{"name": "m", "configMap": {"name": "switch"}}]}
    mounts = [{"name": "m", "mountPath": path}]
    made = shop(spec=spec, volumeMounts=mounts) if objects is None else objects
    lines = ["INFO GET / 200", f"WARN {says}" if says else "INFO GET / 503", *["INFO GET / 503"] * 9, *beside]
    return snapshot(
        made,
        by or switch(),
        *more,
        logs=[log(pod("shop"), *lines, since=660)],
        figures=[errors("shop", 0.99), *others],
        alerts=[alert("HighErrorRate", service="shop", severity="critical")],
    )


def ill() -> list[Obj]:
    """Return a shop that ends again and again beside its maintenance."""
    made = shop(spec={"volumes": [{"name": "m", "configMap": {"name": "switch"}}]})
    put(pods_of(made)[0], again("Error", 1, age=200, restarts=3), unready=200)
    return made


def failed() -> Obj:
    """Return the run that the shop was closed for, which went wrong."""
    condition = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": at(300)}
    return thing("Job", "move", age=500, spec={"template": {"spec": {}}}, status={"conditions": [condition]})


SUNSET = "brownout window open until 2026-03-04T13:30:00Z, answering 410 Gone for /v1/**"
PLAN = """
legacy-v1:
  brownouts:
    - {from: 2026-02-25T11:50:00Z, to: 2026-02-25T12:20:00Z}
    - {from: 2026-03-04T11:50:00Z, to: 2026-03-04T13:30:00Z}
"""
ENTRY = """
maintenance:
  announced: 2026-02-01T00:00:00Z
  - reason: v1 goes
    from: 2026-03-04T11:50:00Z
    ticket: OPS-17
    to: 2026-03-04T13:30:00Z
"""
APART = "brownout:\n  v1:\n    start: 2026-03-04T11:50:00Z\n  v2:\n    end: 2026-03-04T13:30:00Z\n"
JSON = '{"brownout": {"start": "2026-03-04T11:50:00Z", "end": "2026-03-04T13:30:00Z"}}'
MANY = "- start: 2026-03-04T09:50:00Z\n  duration: 1h\n" * 12000
"""So long a list that looking for an end behind each beginning takes minutes."""
DIALS = "{} dial tcp 192.0.2.4:5432: connect: connection refused"
TRUCK = "maintenance window opened for truck 12 until 2026-03-04T13:30:00Z"
TOLD_OFF = "ERROR rates: Request failed with status code 410"


def refused(
    *others: Any,
    plan: str = PLAN,
    says: str = SUNSET,
    hears: str = TOLD_OFF,
    written: float = 9 * 86400,
    name: str = "HttpErrorRatioHigh",
    began: float = 300,
    more: str = "",
    of: str = "printer",
    then: str = "",
) -> Snapshot:
    """Return a shop that refuses a part of its requests as planned, and a caller who complains of that."""
    made = shop(spec={"volumes": [{"name": "m", "configMap": {"name": "shop"}}]})
    printer = workload("printer", env={"RATES": "http://shop:8080/v1"}, pods=1)
    settings = thing("ConfigMap", "shop", written=written, data={"application.yml": plan})
    page = Alert(name, {"service": "shop", "severity": "critical"}, {}, "firing", NOW - timedelta(seconds=began))
    lines = [f"INFO {says}", *["WARN BrownoutFilter: 410 GET /v1/quotes"] * 9, *([more] * 9 if more else [])]
    told = [log(pod("shop"), *lines, since=590)]
    told += [log(pod(of), *[hears] * 9, *([then] * 9 if then else []), since=580)] if hears else []
    return snapshot(made, printer, settings, *others, logs=told, figures=[errors("shop", 0.0)], alerts=[page])


HOLDS = [
    *(
        Holds(
            f"a part is refused as it was announced: {what}",
            world,
            (SHOP, "no_fault", "no_action"),
            excludes=no("restart_workload", "rollback_workload", at=SHOP),
            alone=True,
        )
        for what, world in (
            ("by a list of windows", refused()),
            ("by an interval", refused(plan="brownouts: 2026-03-04T11:50Z/2026-03-04T13:30Z")),
            (
                "in two lines",
                refused(plan="brownout:\n  start: 2026-03-04T12:50:00+01:00\n  end: 2026-03-04T14:30:00+01:00\n"),
            ),
            ("by an entry with more than its times", refused(plan=ENTRY)),
            ("by JSON", refused(plan=JSON)),
            ("nobody complains of it", refused(hears="")),
            *(
                (f"a caller hears it: {hears}", refused(hears=f"ERROR rates: {hears}"))
                for hears in (
                    "410 Client Error: Gone for url: http://shop:8080/v1/quotes",
                    '{"url":"http://shop:8080/v1","statusCode":410}',
                    "GET http://shop:8080/v1: 410 Gone",
                    "curl: (22) The requested URL returned error: 410",
                )
            ),
            ("it turns them away with an error of its own", refused(says=SUNSET.replace("410 Gone", "503"), hears="")),
        )
    ),
    Holds(
        "the program tells until when, and the map that was written for it says the same",
        closed(),
        (MAP, "no_fault", "no_action"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        alone=True,
    ),
    Holds("the map alone tells it", closed(says=""), (MAP, "no_fault", "no_action"), alone=True),
    Holds(
        "the program alone tells it",
        closed(by=switch(9 * 86400), objects=shop()),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a part is refused: {what}", world, harmful=("no_action", "rollback_workload"))
        for what, world in (
            ("nobody announced it", refused(plan="legacy-v1:\n  sunset: 2027-01-15T00:00:00Z\n")),
            ("the program says nothing of it", refused(says="started")),
            ("the window is over", refused(plan=PLAN.replace("T13:30", "T11:58"))),
            ("the program's end is past", refused(says=SUNSET.replace("T13:30", "T11:58"))),
            ("the window is tomorrow's", refused(plan=PLAN.replace("03-04", "03-05"))),
            ("the times are of something else", refused(plan=PLAN.replace("brownout", "sale"))),
            ("it was written down afterwards", refused(written=200)),
            ("the alert began before", refused(began=1200)),
            ("the alert is of something else", refused(name="VolumeNearlyFull")),
            ("a caller complains of something else", refused(hears="ERROR rates: Request failed with status code 500")),
            ("a caller tells of as many milliseconds", refused(hears="ERROR bank: payment lost, gave up after 410 ms")),
            ("a caller hears it of another", refused(hears=f"{TOLD_OFF} of https://api.bank.example/v1")),
            ("a caller tells of something else before", refused(hears=DIALS.format("ERROR"), then=TOLD_OFF)),
            ("its times are of two entries", refused(plan=APART)),
            ("nothing but its announcement and an end is near", refused(plan=ENTRY.replace("from:", "about:"))),
            ("one who does not call it complains", refused(workload("cart"), of="cart")),
            ("it has errors of its own", refused(more="ERROR could not read quotes: connection refused")),
        )
    ),
    DoesNotHold(
        "its window is behind more entries than anybody plans",
        refused(plan=f"brownouts:\n{MANY}- start: 2026-03-04T11:50:00Z\n  end: 2026-03-04T13:30:00Z\n"),
        harmful=("no_action", "rollback_workload"),
    ),
    DoesNotHold("its end is past", closed(by=switch(until="2026-03-04 11:55 UTC")), ASKED),
    DoesNotHold("nobody says when it ends", closed(by=switch(until=""), says="maintenance mode on"), ASKED),
    DoesNotHold("its end is of an unknown place", closed(by=switch(until="2026-03-04 13:30"), says=""), ASKED),
    DoesNotHold("it is switched off", closed(by=switch(enabled="false"), says=""), ASKED),
    DoesNotHold("the map is of something else", closed(path="/etc/sale", says=""), ASKED),
    *(
        DoesNotHold(f"it is closed, and has troubles of its own: {what}", closed(beside=beside), harmful=("no_action",))
        for what, beside in (
            (
                "the last line of them speaks of the maintenance",
                (*[DIALS.format("WARN payment:")] * 30, "WARN maintenance: old db says connection refused"),
            ),
            ("told by a program part of that name", (DIALS.format("ERROR c.acme.maintenance.PlanStore -"),) * 9),
            ("errors of its own mark", ("ERROR c.acme.maintenance.PlanStore - NullPointerException",) * 9),
        )
    ),
    DoesNotHold(
        "a service that plans maintenances tells of one",
        closed(by=switch(9 * 86400), objects=shop(), says=TRUCK),
        harmful=("no_action",),
    ),
    DoesNotHold("it ends by itself beside it", closed(objects=ill())),
    DoesNotHold("what it was closed for has failed", closed(failed())),
    DoesNotHold("somebody else fails as well", closed(workload("cart"), others=(errors("cart", 0.4),))),
    DoesNotHold(
        "nothing fails",
        snapshot(shop(), switch(), figures=[errors("shop", 0.001)]),
        ("no_fault", "no_action"),
    ),
]


def test_a_long_list_of_windows_is_read_in_no_time() -> None:
    view, began = View.of(refused(plan=f"brownouts:\n{MANY}")), process_time()
    assert not list(when(view))
    assert process_time() - began < 10
