"""A program takes its own changes for those of others since its release, and uses up what it shares."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, ROOM, SHOP, errors, ingress, shop
from tests.diagnosis.rules.tiny import DAY, at, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

SYNC = "Deployment/sync"
HOST = {"CRM_URL": "https://api.crm.example/v3"}
NEWS = '{"id":"%s","changed_by":"%s","msg":"contact updated"}'
MINE, USER = "integration:sync", "user:kim"
AUTHORS = (
    'INFO record c-77 modified_by="sync" rev=%d',
    '{"event":"issue.edited","actor":"sync","key":"c-77","rev":%d}',
    "notice c-77 rev=%d updated-by: apps/sync",
    '{"id":"c-77","rev":%d,"last_modified_by":"sync"}',
    '{"id":"c-77","rev":%d,"lastModifiedBy":"sync"}',
)
THING = "c-77"
RELEASED, LIMIT = 3000.0, 1200.0
REFUSED = "ERROR 429 Too Many Requests for url https://api.crm.example/v3/contacts/c-24544"


def heard(
    *,
    before: int = 1,
    after: int = 9,
    thing: str = THING,
    by: str = MINE,
    form: str = "",
    apart: bool = False,
    every: float = 20,
    begins: float = 5400,
    calm: int = 6,
    since: float = RELEASED - 103,
    asked: int = 1,
) -> Log:
    """Return the log of a hook: users change this and that, and each change comes back once, until the release.

    ``calm``: how many of these the log has; ``asked``: how often a user changes the thing that comes back since.
    """
    lines: list[tuple[float, str]] = []
    for n in range(calm):
        age = begins - 300 * n
        lines.append((age, NEWS % (f"c-{n}10", USER)))
        lines += [(age - 2 - k, NEWS % (f"c-{n}10", MINE)) for k in range(before)]
    lines += [(since + 3 - every * n, NEWS % (thing, USER)) for n in range(asked)]
    for n in range(after):
        told = form % n if form else NEWS % (f"c-{n}99" if apart else thing, by)
        lines.append((since - every * n, told))
    return Log(pod("hook"), "hook", tuple(f"{at(age)} {line}" for age, line in sorted(lines, reverse=True)))


def does(times: int = 6, *more: str, refused: bool = True, since: float = 2896) -> Log:
    """Return the log of who answers: it changes the thing again and again, and is refused in the end."""
    lines = [f"{at(since - 20 * n)} INFO job {THING} origin=None -> PATCH /contacts 200" for n in range(times)]
    lines += [f"{at(2800)} {line}" for line in more]
    lines += [f"{at(LIMIT - 60 * n)} WARN PATCH /contacts 429, will retry" for n in range(9) if refused]
    return Log(pod("sync"), "sync", tuple(sorted(lines)))


def asks(line: str = REFUSED) -> Log:
    """Return the log of the shop, which the host refuses since then."""
    calm = [f"{at(age)} INFO quoted" for age in range(5000, int(LIMIT), -100)]
    return Log(pod("shop"), "shop", (*calm, *(f"{at(LIMIT - 60 * n)} {line}" for n in range(19))))


def world(*logs: Log, sync: Any = None, fails: bool = True, of_shop: Any = None, beside: Any = ()) -> Snapshot:
    """Return a shop and a program that ask one host, of which the latter was released, and a hook."""
    of_sync = {"pods": 1, "env": HOST, "before": IMAGE, "released": RELEASED, **(sync or {})}
    return snapshot(
        shop(env=HOST, **(of_shop or {})),
        workload("sync", **of_sync),
        workload("hook", pods=1),
        beside,
        logs=logs or (heard(), does(), asks()),
        figures=[errors("shop", since=LIMIT)] if fails else [],
    )


ROLLED_BACK = (SYNC, "code_defect", "rollback_workload")
HOLDS = [
    Holds(
        "a thing is changed over and over since its release, and a host refuses all",
        world(),
        ROLLED_BACK,
        excludes={*no("restart_workload", "scale_workload", at=SYNC), *no("rollback_workload", at=SHOP)},
        harmful=("restart_workload", "scale_workload"),
        began=2897,
    ),
    *(Holds(f"so it is told: {form}", world(heard(form=form), does(), asks()), ROLLED_BACK) for form in AUTHORS),
    Holds(
        "the other one was released just before it was refused",
        world(of_shop={"before": IMAGE, "released": LIMIT + 300}),
        ROLLED_BACK,
        excludes=no("rollback_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it did so before its release", world(heard(before=3), does(), asks())),
    DoesNotHold("nothing is heard of its echo before", world(heard(before=0), does(), asks())),
    DoesNotHold("it changes one thing after the other", world(heard(apart=True), does(), asks())),
    DoesNotHold("a user changes the thing again and again", world(heard(by=USER), does(), asks())),
    DoesNotHold("somebody of a like name does", world(heard(by="integration:sync-two"), does(), asks())),
    DoesNotHold("it changed it a few times", world(heard(after=3), does(), asks())),
    DoesNotHold("it tells of other work", world(heard(), does(1), asks())),
    DoesNotHold("it is not refused itself", world(heard(), does(refused=False), asks())),
    DoesNotHold("nobody else is refused", world(heard(), does(), asks("INFO quoted"), fails=False)),
    DoesNotHold("it asks another host", world(sync={"env": {"CRM_URL": "https://api.other.example/v3"}})),
    DoesNotHold("who hears of it began just before", world(heard(begins=3070, calm=1, every=30), does(), asks())),
    DoesNotHold("it changes it by a plan", world(heard(every=300), does(), asks())),
    DoesNotHold("a user changes it as often", world(heard(asked=9), does(), asks())),
    DoesNotHold("users come to it by name", world(beside=ingress("sync", "sync.example"))),
    DoesNotHold("another asks it for its changes", world(beside=workload("web", env={"SYNC_URL": "http://sync:8080"}))),
    DoesNotHold("it does so since it is refused", world(heard(since=1150), does(since=1149), asks())),
    DoesNotHold(
        "it does its work again as its database does not answer",
        world(heard(), does(6, "ERROR connection to server at postgres failed: Connection refused"), asks()),
    ),
    DoesNotHold("its release gave it more memory", world(sync={"before": ROOM})),
    DoesNotHold("nobody suffers", world(fails=False)),
    DoesNotHold("it was not released", world(sync={"before": None, "age": 9 * DAY})),
    DoesNotHold("it was released long ago", world(sync={"released": 5 * 3600.0})),
]
