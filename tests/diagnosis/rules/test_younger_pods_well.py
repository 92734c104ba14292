"""Older pods are ill and younger ones of the same template are well: a fresh process would be well too."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, pods_of, put, rollout, younger
from tests.diagnosis.rules.scenes import API, OLD, SHOP, URL, errors, failing, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, figure, log, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

STALE = "OSError: [Errno 116] Stale file handle: '/srv/originals/7.jpg'"
LINE = "ERROR no fare for zone 7, answering 500"


def four(*, young: int = 1, age: float = 900) -> list[Obj]:
    return younger(shop(pods=4), young, age=age)


def told(*ill: int, well: int = 3) -> list[Log]:
    """Return the logs of four pods of the shop, of which some repeat an error."""
    fine = [log(pod("shop", n), *["INFO fare for zone 7 told"] * 9) for n in range(well + 1) if n not in ill]
    return [*logs("shop", LINE, *ill), *fine]


def ended_once(objects: list[Obj]) -> list[Obj]:
    """Make the last pod one that ended a quarter of an hour ago and runs again."""
    put(pods_of(objects)[-1], again("Error", 1, age=900))
    return objects


def mounted(mode: str, *ill: int, ok: int = 3, line: str = STALE) -> Snapshot:
    """Return four pods of the shop with one volume, of which some have lost it, and the last came later."""
    volumes = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "originals"}}]}
    claim = thing("PersistentVolumeClaim", "originals", spec={"accessModes": [mode]}, status={"phase": "Bound"})
    fine = log(pod("shop", ok), *["INFO GET /i/1 200"] * 9)
    return snapshot(younger(shop(pods=4, spec=volumes), 1), claim, logs=[*logs("shop", line, *ill), fine])


FULL = "ERROR accept tcp [::]:8080: accept4: too many open files; retrying in 1s"


def out_of_files(*ill: int) -> Snapshot:
    """Return four pods of the shop, the last of which is younger and the only one well; some lack files."""
    return snapshot(
        four(), figures=[*failing(0.9, 0.9, 0.9, 0.001), errors("shop", 0.7)], logs=logs("shop", FULL, *ill)
    )


HOLDS = [
    Holds(
        "the older ones have no files left",
        out_of_files(0, 1, 2),
        (SHOP, "resource_exhaustion", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    *(
        Holds(f"files are not what tells them apart: {what}", world, (SHOP, "service_crash", "restart_workload"))
        for what, world in (
            ("the one that is well lacks them too", out_of_files(0, 1, 2, 3)),
            ("one of the ill ones alone lacks them", out_of_files(0)),
        )
    ),
    Holds(
        "older pods have lost a volume that all share, and who mounted it later has it",
        mounted("ReadWriteMany", 0, 1, 2),
        (SHOP, "dependency_failure", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "three of four fail, and the one that was started a quarter of an hour ago does not",
        snapshot(four(), figures=[*failing(0.9, 0.9, 0.9, 0.001), errors("shop", 0.7)]),
        (SHOP, "service_crash", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "what they read when they start was corrected before the last of them did",
        snapshot(
            younger(shop(pods=4, envFrom=[{"configMapRef": {"name": "carrier"}}]), 1),
            thing("ConfigMap", "carrier", written=2 * DAY, data={"URL": "x"}),
            logs=told(0, 1, 2),
        ),
        (SHOP, "configuration_error", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "what they read was written since all of them started",
        snapshot(
            younger(shop(pods=4, envFrom=[{"configMapRef": {"name": "carrier"}}]), 1),
            thing("ConfigMap", "carrier", written=400, data={"URL": "x"}),
            logs=told(0, 1, 2),
        ),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds(
        "only their logs tell the ill from the well",
        snapshot(four(), logs=told(0, 1, 2)),
        (SHOP, "service_crash", "restart_workload"),
        harmful=("rollback_workload", "scale_workload"),
    ),
    Holds(
        "what the ill ones tell is of sessions of a database",
        snapshot(
            postgres(),
            younger(workload("api", pods=3, env=URL), 1),
            figures=[*failing(0.9, 0.9, 0.001, of="api"), errors("api", 0.6)],
            logs=[
                *logs("api", "ERROR org.postgresql: This connection has been closed.", 0, 1),
                log(pod("api", 2), *["INFO ok"] * 9),
            ],
        ),
        (API, "database_connection", "restart_workload"),
    ),
    Holds(
        "what they cannot reach are the pods behind a proxy, of which they know only those that are gone",
        snapshot(
            younger(workload("api", "haproxy:2.9", pods=3), 1),
            figures=[*failing(0.9, 0.9, 0.001, of="api"), errors("api", 0.6)],
            logs=[
                *logs("api", "[WARNING] (8) : Server be_web/web1 is DOWN, reason: Layer4 timeout", 0, 1),
                log(pod("api", 2), *["INFO ok"] * 9),
            ],
        ),
        (API, "service_crash", "restart_workload"),
    ),
    Holds(
        "the older they are the slower, and none fails",
        snapshot(
            four(),
            figures=[
                figure("latency_p95_by_pod", s, s, 3600, pod=pod("shop", n)) for n, s in enumerate((2, 2, 2, 0.1))
            ],
        ),
        (SHOP, "resource_exhaustion", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "they are ill, and each may hold the only copy of what it wrote", mounted("ReadWriteOnce", 0, 1, 2), ()
    ),
    DoesNotHold(
        "who mounted the volume later has lost it too: a restart mends nothing",
        mounted("ReadWriteMany", 1, 2, 3, ok=0),
        (),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the one that is well ended a while ago, as all do since the release",
        snapshot(
            ended_once(shop(pods=4, before=OLD, released=2400)),
            figures=[*failing(0.9, 0.9, 0.9, 0.001), errors("shop", 0.7, 2300)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the one that is well has not lived long enough to prove it",
        snapshot(four(age=120), figures=failing(0.9, 0.9, 0.9, 0.001)),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "the younger ones are the ill ones: a fresh process would be ill too",
        snapshot(four(), figures=[*failing(0.001, 0.001, 0.001, 0.9), errors("shop", 0.2)]),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "the well ones are of another template",
        snapshot(
            rollout("shop", None, before=OLD, old=3, new=1, released=1200),
            figures=[*failing(0.9, 0.9, 0.9, 0.001), errors("shop", 0.6)],
        ),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "all meet the same, and each tells of it in a line of its own",
        snapshot(
            four(),
            logs=[
                each
                for n, times in enumerate((9, 9, 9, 4))
                for each in logs("shop", f"{pod('shop', n)}: POST /orders answered 504", n, times=times)
            ],
        ),
        ("unknown", "page_human"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the younger one says nothing, and its requests fail as often as theirs",
        snapshot(four(), figures=[*failing(0.2, 0.2, 0.2, 0.2), errors("shop", 0.2)], logs=told(0, 1, 2)),
        (SHOP, "unknown", "page_human"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "members of a store differ by what they do",
        snapshot(
            younger(postgres(pods=2), 1), logs=[log("postgres-0", *["ERROR:  x"] * 9), log("postgres-1", "LOG:  x")]
        ),
        (),
    ),
]
