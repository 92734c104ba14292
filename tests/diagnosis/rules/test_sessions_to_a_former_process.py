"""A database was started again; a client that still uses the sessions it had before is restarted."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.cutting import CLOSED, ENDED, LONG_UNUSED, TRACE, USED, proxied
from tests.diagnosis.rules.scenes import API, URL, errors
from tests.diagnosis.rules.tiny import log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

READY = "LOG:  database system is ready to accept connections"


def restarted(ago: float, *, client: float = 10 * 86400, ratio: float = 0.6) -> Snapshot:
    """Return a database started ``ago`` seconds ago, and a client of an age that tells of closed sessions since."""
    return snapshot(
        postgres(started=ago),
        workload("api", env=URL, started=client),
        figures=[errors("api", ratio, ago - 20)],
        logs=[log("postgres-0", READY, of="postgres", since=ago - 20), log(pod("api"), *CLOSED * 6, since=ago - 40)],
    )


HOLDS = [
    Holds(
        "minutes after the database is ready again",
        restarted(900),
        (API, "database_connection", "restart_workload"),
        excludes=no("rollback_workload", at=API),
        harmful=("rollback_workload",),
    ),
    Holds(
        "a proxy before the database is ready again, and what the client loses it has not used since",
        proxied("api", edit=None, told=LONG_UNUSED),
        (API, "database_connection", "restart_workload"),
    ),
    *(
        Holds(
            f"a proxy before the database is ready again, and nothing shows that it cuts new sessions too: {what}",
            world,
            (API, "database_connection", "restart_workload"),
        )
        for what, world in (
            ("one session was lost that was used since", proxied("api", edit=None, told=CLOSED, last=USED)),
            (
                "most that it loses it has not used since",
                proxied("api", edit=None, told=(*LONG_UNUSED, *LONG_UNUSED, *USED)),
            ),
            ("it says no number", proxied("api", edit=None, told=(USED[0], TRACE.format("... seconds")))),
            ("the number is nobody's", proxied("api", edit=None, told=(USED[0], TRACE.format("9" * 30 + " seconds")))),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a moment after it: the pool may make new ones by itself",
        restarted(120),
        ("StatefulSet/postgres", "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "the client was started after the database",
        restarted(900, client=600),
        ("StatefulSet/postgres", "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "the client loses sessions that it has used since: new ones would be lost as well",
        proxied("api", edit=None, told=USED),
        ("Deployment/proxy", "dependency_failure", "page_human"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the proxy was started with another limit of time, and tells that it cuts sessions since",
        proxied("api", "web", says=ENDED[0]),
        ("ConfigMap/proxy-config", "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
    DoesNotHold("no user feels it", restarted(900, ratio=0.001), (API, "no_fault", "no_action")),
]
