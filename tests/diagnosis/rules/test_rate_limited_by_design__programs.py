"""A log tells of programs, and figures of the logins with which they come: one of each is refused, the same one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP, WELL, rate, shop
from tests.diagnosis.rules.tiny import NOW, Obj, figure, pod, series, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

EDGE = "Deployment/edge"
COMBINED = '{ip} - - [27/Nov/2026:17:40:00 +0000] "GET {path} HTTP/1.1" {status} 41 "-" "{ua}" kong_request_id: "3e1c"'
FIELDS = '{{"client_ip":"{ip}","request":"GET {path}","status":{status},"user_agent":"{ua}"}}'
ENVOY = (
    '[2026-11-27T17:40:00.000Z] "GET {path} HTTP/1.1" {status} - 0 41 3 2 "{ip}" "{ua}" "3e1c" "api.shop" "10.1.0.9:80"'
)
METER, METER_AT = "MeterLink/9.2", ("10.44.7.118",)
DESKS = tuple(f"10.44.3.{n}" for n in range(20))
LOGINS = {"meter-hall-7": 0.56, "meter-hall-3": 0.0, "desks": 0.0}
TURN = 1800
"""So long ago the client began to ask too much."""


def asked_by_program(
    form: str = COMBINED,
    *,
    logins: Mapping[str, float] = LOGINS,
    at: Sequence[str] = METER_AT,
    since: float = TURN,
    begins: float = 2700,
    answers: Sequence[int] = (429, 429, 200),
    more: Sequence[tuple[str, str, int]] = (),
    course: Sequence[tuple[float, float]] = ((3600, 0.0), (TURN, 0.56)),
    about: str = "edge",
    of: str = "shop",
    settings: Sequence[Obj] = (),
    env: Mapping[str, str] | None = None,
    own: Sequence[int] = (),
    **release: Any,
) -> Snapshot:
    """Return a gateway whose log knows programs, of which one is refused since then, and a shop counted by logins.

    ``at``: the addresses of that one; ``begins``: how old the log is; ``more``: (program, address, status) that it
    tells of as well; ``of``: whose figures they are; ``own``: how the shop's log says that it answered.
    """
    told = []
    for n, age in enumerate(range(int(begins), 0, -20)):
        status = answers[n % len(answers)] if age <= since else 200
        lines = [
            (METER, at[n % len(at)], status),
            ("DeskTop/4.1", DESKS[n % 20], 200),
            ("DeskTop/4.1", DESKS[-n % 20], 200),
        ]
        lines += [("MeterLink/9.1", "10.44.7.3", 200), *more]
        told += [
            (age - k / 10, form.format(ip=ip, path="/v1/x", status=s, ua=ua)) for k, (ua, ip, s) in enumerate(lines)
        ]
    inner = [(300.0 - n, COMBINED.format(ip="10.1.0.9", path="/v1/x", status=s, ua="x/1")) for n, s in enumerate(own)]
    steps = {who: course if share else ((3600, 0.0),) for who, share in logins.items()}
    return snapshot(
        shop(env=dict(env or {}), **release),
        workload("edge"),
        *settings,
        logs=[timed(pod("edge"), *told), *([timed(pod("shop"), *inner)] if inner else [])],
        figures=[
            WELL,
            figure("rate_limited_ratio", 0.0, 0.45, TURN, component=of),
            rate(of, 26, 69, TURN),
            *(
                ("rate_limited_ratio_by_client", series({"component": of, "client": who}, *each))
                for who, each in steps.items()
            ),
        ],
        alerts=[Alert("EdgeNon2xxHigh", {"service": about, "severity": "critical"}, {}, "firing", NOW)],
    )


IN_FORCE = [thing("KongPlugin", "plans", written=620, config={"minute": 300})]
HARM = ("scale_workload", "restart_workload", "rollback_workload", "isolate_workload")
HOLDS = [
    Holds(what, world, (component, "no_fault", "no_action"), alone=True, harmful=HARM)
    for what, component, world in (
        ("a gateway's log tells of programs, of which one is refused, and figures of logins", EDGE, asked_by_program()),
        ("the same, by lines of fields", EDGE, asked_by_program(FIELDS)),
        ("the same, by Envoy's lines", EDGE, asked_by_program(ENVOY)),
        ("the program that is refused asks from two addresses", EDGE, asked_by_program(at=("10.44.7.8", "10.44.7.9"))),
        ("figures count the gateway itself by logins, and its log by programs", EDGE, asked_by_program(of="edge")),
        ("the alert is of who is behind a gateway that knows programs", SHOP, asked_by_program(about="shop")),
        (
            "of the program little is logged that is served",
            EDGE,
            asked_by_program(answers=(429,) * 14 + (200,), course=((3600, 0.0), (TURN, 0.93))),
        ),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"one program is refused, and {what}", world, harmful=("no_action",))
    for what, world in (
        ("figures tell of two logins that are", asked_by_program(logins=LOGINS | {"desks": 0.2})),
        ("a second program is too", asked_by_program(more=[("MeterLink/8.0", "10.44.7.4", 429)])),
        ("each refusal is of another address", asked_by_program(at=tuple(f"10.44.7.{n}" for n in range(30)))),
        ("each of its eight addresses is seldom", asked_by_program(at=tuple(f"10.44.7.{n}" for n in range(8)))),
        ("the login is that of an app of many", asked_by_program(logins={"mobile-app": 0.56, "a": 0.0, "desks": 0.0})),
        ("the login is called as a workload is", asked_by_program(logins={"shop": 0.56, "a": 0.0, "desks": 0.0})),
        ("a workload of the house logs in so", asked_by_program(env={"ACCOUNT": "meter-hall-7"})),
        ("the login gets nothing any more", asked_by_program(answers=(429,), course=((3600, 0.0), (TURN, 1.0)))),
        ("the login gets less and less", asked_by_program(course=((3600, 0.0), (TURN, 0.3), (600, 0.6), (300, 0.9)))),
        ("who is behind it tells of refusals as well", asked_by_program(own=(429, 429, 200, 429))),
        ("figures count refusals since another time", asked_by_program(since=900)),
        ("its log has just begun", asked_by_program(begins=1200)),
        ("another program fails", asked_by_program(more=[("TillPoint/2", "10.44.7.4", 503)])),
        ("its limits were written minutes ago", asked_by_program(settings=IN_FORCE)),
        ("who is behind it was released", asked_by_program(before={"image": "shop:0"}, released=1750)),
        ("nobody counts by login", asked_by_program(logins={})),
    )
]
