"""All new pods give up what they take, and who reads what they write has old data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.new_words import AWAY
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, URL, alert, shop
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, postgres, secret_key, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

GIVES_UP = "fail: Lab.Parser[0] value 13,8 could not be processed, rejecting without requeue"
ASKS = {"API_URL": "http://api:8080"}
OF_A_BROKER = {"AMQP_USER": secret_key("rabbitmq-users", "user")}
READS_DB = {"DSN": secret_key("lab-db", "url")}


def unfed(
    says: str = GIVES_UP,
    *,
    well: int = 1,
    writes: Mapping[str, Any] = READS_DB,
    reads: Mapping[str, Any] = READS_DB,
    about: str = "api",
    fires: str = "ResultsStale",
    reader: str = "INFO newest of 08:36",
    released: float = 1500,
    more: Iterable[Obj] = (),
) -> Snapshot:
    """Return a shop that gives up what it takes since its release, and an api that reads what it writes; it is stale.

    ``well``: how many lines of each of its pods tell of no error, before eight that do.
    """
    lines = [*["INFO started"] * well, *[says] * 8]
    return snapshot(
        shop(env=writes, before=IMAGE, released=released),
        workload("api", env=reads),
        workload("web", env=ASKS),
        more,
        logs=[*(log(pod("shop", n), *lines, since=1480) for n in (0, 1)), log(pod("api"), *[reader] * 9)],
        alerts=[alert(fires, service=about)],
    )


HOLDS = [
    *(
        Holds(
            f"all its new pods give up what they take, and who reads what it writes has old data: {what}",
            world,
            (SHOP, "code_defect", "rollback_workload"),
            sure=(0.25, 0.45),
            alone=True,
        )
        for what, world in (
            ("they take the way into a database from one Secret", unfed()),
            ("they call one database", unfed(writes=URL, reads=URL, more=postgres())),
            ("the reader was released the day before", unfed(more=workload("cart", before=OLD, released=DAY))),
        )
    ),
    Holds(
        "the same, and it blames a host outside for all of it: a person looks",
        unfed(AWAY),
        (SHOP, "code_defect", "page_human"),
        believed="outside_dependency_fails",
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"its new pods repeat an error, and an alert is about another one: {what}",
            world,
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, world in (
            ("most of what they do succeeds", unfed(well=12)),
            ("it has nothing in common with it", unfed(reads={})),
            ("it is about a caller of who reads that", unfed(about="web")),
            ("it does not say that data are old", unfed(fires="PageCertificateUsage")),
            ("it came a day after the release", unfed(released=DAY)),
            ("they have a broker's Secret in common", unfed(writes=OF_A_BROKER, reads=OF_A_BROKER)),
            ("that one tells of errors itself", unfed(reader="ERROR no such ward")),
            ("it fired before the release", unfed(released=500)),
            ("another one was released as well", unfed(more=workload("cart", before=OLD, released=1700))),
        )
    ),
]
