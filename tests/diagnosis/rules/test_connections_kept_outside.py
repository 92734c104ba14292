"""A host outside grants only so many connections at once: what each client's pods hold open tells who keeps them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, figure, pod, series, snapshot, thing, workload
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
    made: Collection[str] = (),
    **release: Any,
) -> Snapshot:
    """Return two clients of a host that refuses one of them; the shop was released three quarters of an hour ago.

    ``made``: pods of the other one that came as the host refused.
    """
    api = workload("api", env=env, **(other or {}))
    for each in api:
        if each["metadata"]["name"] in made:
            each["metadata"]["creationTimestamp"] = at(END + 40)
    return snapshot(
        shop(env=env if asks is None else asks, **{"before": IMAGE, "released": BEGAN + 30, **release}),
        api,
        *also,
        figures=[*mine, *others, errors("api", 0.4, END - 60), *more],
        logs=logs("api", line, 0, 1, times=20, since=END),
        alerts=[alert("ApiErrors", deployment="api")],
    )


def newsletter() -> list[Obj]:
    """Return a run that asks the same host since shortly before it refuses."""
    body = {"containers": [container("newsletter", "news:1", env=MAIL)]}
    status = {"active": 1, "startTime": at(END + 30)}
    job = thing("Job", "newsletter", age=END + 30, spec={"template": {"spec": body}}, status=status)
    runs = {"phase": "Running", "podIP": "10.1.9.9", "conditions": [{"type": "Ready", "status": "True"}]}
    made = thing("Pod", "newsletter-x", age=END + 30, spec=body, status=runs)
    made["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "newsletter", "controller": True}]
    return [job, made]


def of_pod(name: str, count: float, before: float = 0) -> tuple[str, Series]:
    """Return what a pod holds open since shortly before the host refuses, and before that."""
    return "pod_open_files", series({"pod": name}, (3600, before), (END + 30, count))


def late_told(told: tuple[str, Series]) -> tuple[str, Series]:
    """Return a figure of which nothing is told from before there is something."""
    return told[0], told[1]._replace(points=tuple(each for each in told[1].points if each[1]))


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
        "the other one was released as well, and its former pods held as much",
        refused(
            other={"before": {"env": MAIL | {"DAYS": "7"}}, "released": 1900},
            others=[
                *(of_pod(f"api-6d5f4c-x{n}", 0, before=30) for n in (0, 1)),
                *(of_pod(pod("api", n), 30) for n in (0, 1)),
            ],
        ),
        BACK,
    ),
    Holds(
        "the other one was restarted as the host refuses, and nobody counts its former pods any more",
        refused(others=[late_told(of_pod(pod("api", n), 30)) for n in (0, 1)], other={"started": END + 30}),
        BACK,
    ),
    Holds(
        "a run came as well, and holds few",
        refused(of_pod("newsletter-x", 2), also=(newsletter(),)),
        BACK,
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


SCALED = [of_pod(pod("api", n), 8) for n in range(2, 12)]
DOES_NOT_HOLD = [
    not_by("a run opens many at once as the host refuses", refused(of_pod("newsletter-x", 60), also=(newsletter(),))),
    not_by("a run came as the host refuses, and nobody counts what it holds", refused(also=(newsletter(),))),
    not_by("the other one's pods became twelve as the host refuses", refused(*SCALED, other={"pods": 12})),
    not_by(
        "the other one got more pods, of which nothing is told before they came",
        refused(*map(late_told, SCALED), other={"pods": 12}, made={pod("api", n) for n in range(2, 12)}),
    ),
    not_by(
        "the other one was to have more pods, and nobody counts what they hold",
        refused(figure("replicas_wanted", 2, 12, END + 50, component="api"), others=[]),
    ),
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
