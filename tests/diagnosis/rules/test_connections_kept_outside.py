"""A host outside grants only so many connections at once: what each client's pods hold open tells who keeps them."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import DAY, Obj, figure, pod, series, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

HOST = "smtp.post.example"
MAIL = {"SMTP_HOST": HOST}
FULL = f"ERROR 421 4.7.0 {HOST} Error: too many connections"
API = "Deployment/api"
OUTSIDE = (API, "dependency_failure", "page_human")
BEGAN, END = 2670, 1500
"""How many seconds ago the shop's pods came, and the host refused the first ones."""


def climbing(low: float, high: float, since: float = BEGAN, until: float = END) -> list[tuple[float, float]]:
    """Return the steps of a straight line that ends."""
    steps = int((since - until) // 30)
    return [(3600, 0.0)] + [(since - n * 30, low + (high - low) * n / steps) for n in range(steps + 1)]


def held(name: str, *steps: tuple[float, float]) -> list[tuple[str, Series]]:
    return [("pod_open_files", series({"pod": pod(name, n)}, *steps)) for n in (0, 1)]


LEAKS = held("shop", *climbing(15, 39))
STEADY = held("api", (3600, 8))


def refused(
    *more: tuple[str, Series],
    mine: list[tuple[str, Series]] = LEAKS,
    others: list[tuple[str, Series]] = STEADY,
    also: tuple[list[Obj], ...] = (),
    line: str = FULL,
    env: dict[str, str] = MAIL,
    asks: dict[str, str] | None = None,
    other: dict[str, Any] | None = None,
    **release: Any,
) -> Snapshot:
    """Return two clients of a host that refuses one of them; the shop was released three quarters of an hour ago."""
    return snapshot(
        shop(env=env if asks is None else asks, **{"before": IMAGE, "released": BEGAN + 30, **release}),
        workload("api", env=env, **(other or {})),
        *also,
        figures=[*mine, *others, errors("api", 0.4, END - 60), *more],
        logs=logs("api", line, 0, 1, times=20, since=END),
        alerts=[alert("ApiErrors", deployment="api")],
    )


BACK = (SHOP, "code_defect", "rollback_workload")
FTP = {"UPLOAD_URL": "ftp://files.partner.example/in"}
HOLDS = [
    Holds(
        "another program, which nobody touched, is refused by a provider of mail",
        refused(),
        BACK,
        excludes=(*no("scale_workload", at=SHOP), *no("restart_workload", "rollback_workload", at=API)),
        alone=True,
    ),
    Holds("nobody counts what the other one holds", refused(others=[]), BACK),
    Holds(
        "a provider of mail in other words",
        refused(line="smtplib.SMTPConnectError: (421, b'Too many concurrent SMTP connections; please try later')"),
        BACK,
    ),
    Holds(
        "mailboxes",
        refused(
            env={"IMAP_HOST": "imap.post.example"},
            line="ERROR imap: NO [ALERT] Too many simultaneous connections. (Failure)",
        ),
        BACK,
    ),
    Holds(
        "files of a partner",
        refused(env=FTP, line="ERROR upload: 421 Too many connections (10) from this account"),
        BACK,
    ),
    Holds(
        "all its files are counted, of which the connections are a part",
        refused(mine=held("shop", *climbing(60, 84))),
        BACK,
    ),
    Holds(
        "a setting came with it, and no other image",
        refused(before={"env": MAIL | {"MODE": "bulk"}}),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "the other one was released as well, and holds no more than before",
        refused(other={"before": {"env": MAIL | {"DAYS": "7"}}, "released": 1900}, others=held("api", (3600, 8))),
        BACK,
    ),
]
NOTHING = ("rollback_workload",)


def not_by(what: str, world: Snapshot, *instead: str) -> DoesNotHold:
    return DoesNotHold(what, world, instead or OUTSIDE, harmful=NOTHING)


DOES_NOT_HOLD = [
    not_by("neither holds more: the provider grants less", refused(mine=held("shop", (3600, 22)))),
    not_by(
        "it had all of them at once: a pool that is larger",
        refused(mine=held("shop", (3600, 0), (BEGAN, 15), (BEGAN - 60, 39))),
    ),
    not_by("only one of its pods holds more", refused(mine=[LEAKS[0], held("shop", (3600, 15))[1]])),
    not_by("it goes on as the host refuses", refused(mine=held("shop", *climbing(15, 69, until=30)))),
    not_by("the other one's grow as much", refused(others=held("api", *climbing(8, 32, since=3600)))),
    not_by(
        "the other one was released too, and nobody counts what it holds",
        refused(others=[], other={"before": {"env": MAIL | {"DAYS": "7"}}, "released": 3300}),
    ),
    not_by("it does not ask that host", refused(asks={"SMTP_HOST": "smtp.elsewhere.example"})),
    not_by("it has twice as much to send", refused(rate("shop", 50, 100, BEGAN))),
    not_by("it has more replicas than before", refused(figure("replicas_wanted", 1, 2, BEGAN, component="shop"))),
    not_by("it was released last week", refused(released=7 * DAY)),
    not_by(
        "all that its release changed is how much of a processor it asks for",
        refused(before={"resources": {"requests": {"cpu": "1"}}}),
    ),
    not_by("the host fails in other words", refused(line=f"ERROR 451 4.3.0 {HOST} Error: queue file write error")),
    not_by("a few come and go", refused(mine=held("shop", *climbing(15, 18)))),
]
