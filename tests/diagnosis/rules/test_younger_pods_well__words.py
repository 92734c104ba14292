"""What kind of thing the older pods have kept is told by their words; and at which route alone they fail."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, put, younger
from tests.diagnosis.rules.scenes import SHOP, logs, shop
from tests.diagnosis.rules.tiny import DAY, at, log, pod, snapshot
from tuheg_ir.diagnosis.model import Snapshot


def told(line: str, *ill: int) -> Snapshot:
    """Return four pods of the shop, the last of which is younger and well; some repeat a line."""
    fine = [n for n in range(4) if n not in ill]
    return snapshot(younger(shop(pods=4), 1), logs=[*logs("shop", line, *ill), *logs("shop", "INFO ok", *fine)])


def told_by_all(line: str, ill: str, seldom: int = 0) -> Snapshot:
    """Return four pods of the shop, all of which tell a line, and all but the youngest often another one beside."""
    told = [log(pod("shop", n), *[line] * 4, *[ill] * (9 if n < 3 else seldom)) for n in range(4)]
    return snapshot(younger(shop(pods=4), 1), logs=told)


ACCESS = '10.0.0.9 "GET %s HTTP/1.1" %s 31'
PINO = '{"level":30,"req":{"id":4,"method":"GET","url":"%s"},"res":{"statusCode":%s},"responseTime":31}'


def asked(
    *ill: int, of: int = 4, route: str = "/tariff", young: int = 1, never: int = -1, form: str = ACCESS
) -> Snapshot:
    """Return pods of the shop that all answer two routes, and some of them one of these with 503.

    ``never``: which of them is not asked for that one; the first is older than all then.
    """
    good = form % ("/trips/7", 200)
    objects = younger(shop(pods=of), young)
    if never >= 0:
        put(pods_of(objects)[0], {"state": {"running": {"startedAt": at(50 * DAY)}}})
    told = {n: form % (f"{route}/7", 503 if n in ill else 200) for n in range(of) if n != never}
    return snapshot(objects, logs=[log(pod("shop", n), *[good, good, told.get(n, good)] * 9) for n in range(of)])


NO_ACK = '{"level": "WARN", "msg": "no ack for batch, will send again", "remote": "10.96.77.12:5540", "timeout": "2s"}'
STARVES = "WARN HikariPool-1 - Thread starvation or clock leap detected (housekeeper delta=58s457ms)."
NO_FILES = "ERROR accept4: too many open files"
AWAITED = 'ERROR Post "https://charge.partner.example/v1": context deadline exceeded while awaiting headers'
HOLDS = [
    *(
        Holds(
            what,
            told(line, 0, 1, 2),
            (SHOP, cause, "restart_workload"),
            excludes=no("rollback_workload", at=SHOP),
            harmful=("rollback_workload", "scale_workload"),
        )
        for what, line, cause in (
            ("an address that they have kept acknowledges nothing", NO_ACK, "network_fault"),
            ("a partner outside does not answer on their connections", AWAITED, "network_fault"),
            (
                "they may not read what they have opened",
                "ERROR open /etc/a.yml: permission denied",
                "configuration_error",
            ),
            ("they say nothing that names a kind", "ERROR no fare for zone 7", "service_crash"),
            ("their own state is broken", "ERROR NullPointerException in FareTable.get", "service_crash"),
        )
    ),
    *(
        Holds(
            f"they fail at one route of three, which the younger one answers, in {what}",
            asked(0, 1, 2, form=form),
            (SHOP, "service_crash", "restart_workload"),
            harmful=("rollback_workload", "scale_workload"),
        )
        for what, form in (("an access log", ACCESS), ("a log of fields", PINO))
    ),
]
HOLDS += [
    Holds(
        "all of them starve for threads at times, and only the older ones have no files left",
        told_by_all(STARVES, NO_FILES),
        (SHOP, "resource_exhaustion", "restart_workload"),
    ),
    Holds(
        "all of them starve for threads at times, and only the older ones find no fare, in words of no known kind",
        told_by_all(STARVES, "ERROR no fare for zone 7"),
        (SHOP, "service_crash", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the younger one starves for threads as often, and only tells more seldom of late answers",
        told_by_all(STARVES, "WARN Resolved [AsyncRequestTimeoutException]", 1),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the clock of their nodes is off: a fresh process there reads the same",
        told("ERROR put object: RequestTimeTooSkewed: the request's time is too far off", 0, 1, 2),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "an older one answers at that route, and nobody asked the younger one",
        asked(1, 2, never=3),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "they fail where only those ask who measure them",
        asked(0, 1, 2, route="/metrics"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the younger one fails at that route, too",
        asked(0, 1, 2, 3),
        ("page_human",),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the younger one fails at it, and an older one does not",
        asked(1, 2, 3),
        ("page_human",),
        harmful=("restart_workload",),
    ),
]
