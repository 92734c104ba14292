"""A killed process that left the lock of its run behind, and locks that somebody holds who is alive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.scenes import OLD, SHOP, URL, alert, shop
from tests.diagnosis.rules.tiny import Obj, at, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

RUN = "pid=1 tid=4rhf class=SweepJob jid=2d09871d46ca381e7b00e5d7"
AWAY = (
    "pid=1 tid=6gii class=SweepJob jid=4a47eba1 uniquejobs=client until_executed=uniquejobs:67932631 INFO: Skipping "
    "job with id (4a47eba1) because lock_digest: (uniquejobs:67932631) already exists"
)
ENTERPRISE = "INFO: Skipping enqueue for SweepJob, not unique (lock held by JID 2d09871d46ca381e7b00e5d7)"
KILLED = 9000
WEB = workload("web", env=URL, before=OLD, released=2000)
FIRES = alert("ListIsOld", deployment="web")


def worker(reason: str = "OOMKilled", code: int = 137, **more: Any) -> list[Obj]:
    """Return a shop whose only process was started anew some hours ago."""
    objects = shop(env=URL, pods=1, **more)
    put(pods_of(objects)[0], again(reason, code, age=KILLED, restarts=1))
    return objects


def left(
    line: str = AWAY,
    *,
    last: str = f"{RUN} INFO: start",
    since: Sequence[tuple[float, str]] = (),
    former: bool = True,
    runs: int = 14,
    every: float = 600,
    until: float = 300,
    of: list[Obj] | None = None,
    alerts: Any = (FIRES,),
) -> Snapshot:
    """Return a shop whose process was killed amid a run, and turns each later one away."""
    ended = [f"{at(KILLED + 900)} {RUN} INFO: done", f"{at(KILLED + 160)} {last}"]
    ended += [f"{at(KILLED + 60)} pid=1 tid=4pkf class=ExportJob jid=506204cc INFO: 364000 rows written"]
    away = [f"{at(until + every * n)} {line}" for n in range(runs - 1, -1, -1)]
    others = [f"{at(age)} {said}" for age, said in since]
    now = Log(pod("shop"), "shop", (*away, *others), False)
    before = [Log(pod("shop"), "shop", tuple(ended), True)] if former else []
    return snapshot(of or worker(), WEB, postgres(), logs=[now, *before], alerts=alerts)


ASKED = (SHOP, "service_crash", "page_human")
HARM = ("restart_workload", "rollback_workload", "scale_workload", "scale_database")
HOLDS = [
    Holds(
        "each run since is turned away by one lock",
        left(),
        ASKED,
        excludes=(*no("restart_workload", at=SHOP), *no("rollback_workload", at="Deployment/web")),
        harmful=HARM,
        alone=True,
        began=KILLED,
    ),
    Holds("Sidekiq Enterprise tells it", left(ENTERPRISE), ASKED, harmful=HARM),
    Holds("the node killed it", left(of=worker("Error")), ASKED, harmful=HARM),
    Holds(
        "other runs go on in the same process",
        left(since=[(400, "pid=1 tid=7f4t class=PollJob jid=b8e6 INFO: start"), (390, "class=PollJob INFO: done")]),
        ASKED,
        harmful=HARM,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, ("unknown", "page_human"), harmful=HARM)
        for what, world in (
            ("such a run works since", left(since=[(5000, f"{RUN} INFO: start")])),
            ("the run was over as it was killed", left(last=f"{RUN} INFO: done")),
            ("nobody knows what the process before did", left(former=False)),
            ("it ended by itself", left(of=worker("Error", 1))),
            ("it was turned away twice", left(runs=2)),
            ("runs are turned away no more", left(until=2400, runs=9)),
            ("it began before it was killed", left(runs=18)),
            ("some runs in a row, minutes after it was killed", left(every=30, until=KILLED - 500)),
            ("another program's words", left("INFO: Skipping job with id (7) because it already exists")),
        )
    ),
    DoesNotHold("nobody misses it", left(alerts=()), (), harmful=HARM),
]
