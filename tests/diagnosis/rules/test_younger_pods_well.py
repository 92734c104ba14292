"""Older pods are ill and younger ones of the same template are well: a fresh process would be well too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, pods_of, put, rollout, younger
from tests.diagnosis.rules.scenes import API, OLD, SHOP, URL, errors, failing, latency, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, figure, log, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

STALE = "OSError: [Errno 116] Stale file handle: '/srv/originals/7.jpg'"
LINE = "ERROR no fare for zone 7, answering 500"


def four(*, young: int = 1, age: float = 900, **more: Any) -> list[Obj]:
    return younger(shop(pods=4, **more), young, age=age)


def told(*ill: int, well: int = 3) -> list[Log]:
    """Return the logs of four pods of the shop, of which some repeat an error."""
    fine = [log(pod("shop", n), *["INFO fare for zone 7 told"] * 9) for n in range(well + 1) if n not in ill]
    return [*logs("shop", LINE, *ill), *fine]


def ended_once(objects: list[Obj], reason: str = "Error", code: int = 1, **more: Any) -> list[Obj]:
    """Make the last pod one that ended a quarter of an hour ago and runs again."""
    put(pods_of(objects)[-1], again(reason, code, age=900, **more))
    return objects


def asked(*rates: float) -> Snapshot:
    """Return pods of the shop, all but the first younger and without errors, and how often each is asked."""
    return snapshot(
        four(young=3),
        logs=told(0),
        figures=[
            errors("shop", 0.7),
            *(figure("request_rate_by_pod", each, each, pod=pod("shop", n)) for n, each in enumerate(rates)),
        ],
    )


COUNTS, IDLE = "stats conns=24 streams=800 failed=9", "INFO stats conns=0 streams=0 failed=0"


def counting(*said: str, was: str = COUNTS, read: tuple[int, ...] = (1, 2, 3), beside: Sequence[Log] = ()) -> Snapshot:
    """Return pods of the shop, all but the first younger and without errors, and what those log, and that counts.

    ``read``: whose log was read of the younger ones; ``beside``: logs of other pods or containers.
    """
    ill = log(pod("shop", 0), *[LINE, f"INFO {was}"] * 9)
    return snapshot(four(young=3), logs=[ill, *(log(pod("shop", n), *said) for n in read), *beside])


def proxied(
    *numbers: int, line: str = "info xdsproxy connected to upstream XDS server: istiod.istio-system.svc:15012"
) -> list[Log]:
    """Return the logs of the proxies beside some pods of the shop."""
    return [log(pod("shop", n), *[line] * 4, of="istio-proxy") for n in numbers]


def mounted(mode: str, *ill: int, ok: int = 3, line: str = STALE) -> Snapshot:
    """Return four pods of the shop with one volume, of which some have lost it, and the last came later."""
    volumes = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "originals"}}]}
    claim = thing("PersistentVolumeClaim", "originals", spec={"accessModes": [mode]}, status={"phase": "Bound"})
    fine = log(pod("shop", ok), *["INFO GET /i/1 200"] * 9)
    return snapshot(younger(shop(pods=4, spec=volumes), 1), claim, logs=[*logs("shop", line, *ill), fine])


FULL = "ERROR accept tcp [::]:8080: accept4: too many open files; retrying in 1s"


def out_of_files(*ill: int, **more: Any) -> Snapshot:
    """Return four pods of the shop, the last of which is younger and the only one well; some lack files."""
    return snapshot(
        four(**more), figures=[*failing(0.9, 0.9, 0.9, 0.001), errors("shop", 0.7)], logs=logs("shop", FULL, *ill)
    )


NO_ROOM = "Warning Not enough free shared space to allocate 133120 bytes (44216 bytes free)"


def out_of_room(*ill: int, fails: Any = None, **more: Any) -> Snapshot:
    """Return four pods of the shop, the last of which is younger; some had no room left for compiled code long ago."""
    said = [log(pod("shop", n), *[NO_ROOM] * 9 * (n in ill), *["GET / 200"] * 90, since=3000) for n in range(4)]
    return snapshot(four(**more), figures=[latency("shop", now=3.0, since=2900)] if fails is None else fails, logs=said)


COLLECTED = "[info][gc] GC(812) Pause Full (G1 Compaction Pause) 1020M->%dM(1024M) 2812.339ms"
LATE = "ERROR org.postgresql.util.PSQLException: Read timed out"


def collecting(*ill: int, left: int = 1012) -> Snapshot:
    """Return four pods of the shop, the last of which is younger and well; some collect, and all ill ones are late."""
    said = [(pod("shop", n), [LATE] * 9 + [COLLECTED % left] * 9 * (n in ill)) for n in range(3)]
    return snapshot(
        four(),
        figures=[*failing(0.9, 0.9, 0.9, 0.001), errors("shop", 0.7)],
        logs=[*(log(name, *lines) for name, lines in said), *logs("shop", COLLECTED % left, *ill[3:])],
    )


NO_HEAP = "FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of memory"


def aged(
    reason: str, code: int, last: str = "", *, lived: float = 12 * DAY, ill: str = LATE, busy: float = 0.97
) -> Snapshot:
    """Return three old pods that are slow, fail and are busy, and one that ended once and is well since."""
    return snapshot(
        ended_once(shop(pods=4), reason, code, lived=lived, restarts=1 if lived > DAY else 9),
        figures=[
            *failing(0.2, 0.2, 0.2, 0.001),
            errors("shop", 0.15),
            *(figure("cpu_share", 0.4, share, pod=pod("shop", n)) for n, share in enumerate((busy, busy, busy, 0.2))),
        ],
        logs=[*logs("shop", ill, 0, 1, 2), *([log(pod("shop", 3), last, since=905, previous=True)] if last else [])],
    )


def processor(*shares: float) -> Snapshot:
    """Return four pods of the shop, the last of which is younger and well, and how much of its limit each uses."""
    used = [figure("cpu_share", 0.3, each, pod=pod("shop", n), container="shop") for n, each in enumerate(shares)]
    return snapshot(four(), logs=told(0, 1, 2), figures=[errors("shop", 0.1), *used])


HOLDS = [
    *(
        Holds(
            f"the processes are busy and late after twelve days, and one {what} and is well since",
            world,
            (SHOP, "resource_exhaustion", "restart_workload"),
            excludes=no("rollback_workload", at=SHOP),
            harmful=("scale_workload", "rollback_workload"),
        )
        for what, world in (
            ("had no heap left", aged("Error", 134, NO_HEAP)),
            ("was killed for memory", aged("OOMKilled", 137)),
        )
    ),
    Holds(
        "one ended after twelve days and is well since, and nobody knows of what it ended",
        aged("Error", 1, ill=LINE),
        (SHOP, "service_crash", "restart_workload"),
        harmful=("scale_workload", "rollback_workload"),
    ),
    Holds(
        "the heap of the older ones is full: they stand still to collect, and meet timeouts of all kinds",
        collecting(0, 1, 2),
        (SHOP, "resource_exhaustion", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    *(
        Holds(
            f"a full heap is not what tells them apart: {what}",
            world,
            (SHOP, "database_connection", "restart_workload"),
        )
        for what, world in (
            ("one of the ill ones has room", collecting(0, 1)),
            ("the one that is well collects in vain too", collecting(0, 1, 2, 3)),
            ("they free most of it", collecting(0, 1, 2, left=310)),
        )
    ),
    Holds(
        "the older ones have no files left",
        out_of_files(0, 1, 2),
        (SHOP, "resource_exhaustion", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "the older ones have had no room left for compiled code for long",
        out_of_room(0, 1, 2),
        (SHOP, "resource_exhaustion", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "the older ones have no files left, eight days after the last release",
        out_of_files(0, 1, 2, before=OLD, released=8 * DAY),
        (SHOP, "resource_exhaustion", "restart_workload"),
        harmful=("rollback_workload",),
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
    *(
        Holds(f"nobody measures it, and {what}", counting(*said), (SHOP, "service_crash", "restart_workload"))
        for what, said in (
            ("the younger ones count as much", ["INFO stats conns=23 streams=9 failed=0"] * 9),
            ("the younger ones tell of work too", ["INFO stats conns=0 streams=0 failed=0", "INFO GET /zones"] * 9),
            ("the younger ones count no failures, and that is well", ["INFO stats failed=0 retries=0"] * 9),
            ("the younger ones count nothing of what the older one counts", ["INFO stats jobs=0"] * 9),
            ("the younger ones are asked, and count it more rarely than is kept", ["INFO GET /zones 200"] * 9),
        )
    ),
    *(
        Holds(f"nobody measures it, and {what}", world, (SHOP, "service_crash", "restart_workload"))
        for what, world in (
            (
                "one of the younger ones has work",
                counting(*[IDLE] * 9, read=(1, 2), beside=logs("shop", f"INFO {COUNTS}", 3)),
            ),
        )
    ),
    *(
        Holds(
            f"the younger ones have no work in hand, as who is well: {was}",
            counting(*[f"INFO {now}"] * 9, was=was),
            (SHOP, "service_crash", "restart_workload"),
        )
        for was, now in (
            ("stats inflight=50 queued=120", "stats inflight=0 queued=0"),
            ("pool in_use=50 waiting=12", "pool in_use=0 waiting=0"),
            ("active_requests=50 running=8", "active_requests=0 running=0"),
        )
    ),
    *(
        Holds(what, asked(*rates), (SHOP, "service_crash", "restart_workload"), harmful=("rollback_workload",))
        for what, rates in (
            ("the younger ones are asked for less, and answer it well", (40, 9, 8, 9)),
            ("one of the younger ones is asked for nothing, and the others for as much as ever", (40, 38, 41, 0)),
            ("nobody knows how often one of them is asked", (40, 0, 0)),
            ("nobody asks any of them, as at night or where work comes from a queue", (0, 0, 0, 0)),
        )
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
        "they fail since what they read was written, and the last of them started with it",
        snapshot(
            younger(shop(pods=4, envFrom=[{"secretRef": {"name": "partner"}}]), 1, age=1500),
            thing("Secret", "partner", written=2000, data={"KEY": "x"}),
            figures=[*failing(0.9, 0.9, 0.9, 0.001, since=1900), errors("shop", 0.7, 1900)],
        ),
        (SHOP, "configuration_error", "restart_workload"),
        harmful=("page_human", "rollback_workload"),
        alone=True,
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
        "what the ill ones tell is that a database only reads, for them alone",
        snapshot(
            postgres(),
            younger(workload("api", pods=3, env=URL), 1),
            figures=[*failing(0.9, 0.9, 0.001, of="api"), errors("api", 0.6)],
            logs=[
                *logs("api", "ERROR: cannot execute INSERT in a read-only transaction", 0, 1),
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
HOLDS += [
    Holds(
        "older ones have no processor left, and the younger one has",
        processor(0.98, 0.97, 0.99, 0.3),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds(
        "older ones hang, and the younger one has all their work and no processor left",
        processor(0.02, 0.02, 0.3, 0.98),
        (SHOP, "service_crash", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the younger one has no processor left either: it only has not told of it yet",
        processor(0.98, 0.97, 0.99, 0.98),
        (SHOP, "capacity", "scale_workload"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "a younger one has told the same as often, if not in the last minutes",
        snapshot(
            younger(shop(pods=3), 1, age=5400),
            logs=[
                log(pod("shop", 0), *["INFO fare told"] * 40, since=5400),
                log(pod("shop", 1), *[LINE] * 30, since=5300),
                log(pod("shop", 2), *[LINE] * 30, *["INFO fare told"] * 20, LINE, since=5300),
            ],
        ),
        (),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the younger ones are asked for next to nothing: nobody sees what they would do",
        asked(400, 0, 0.2, 0),
        ("page_human",),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "nobody measures it, and the younger ones count nothing but noughts, where the older one counts",
        counting(*[IDLE] * 9),
        ("unknown", "page_human"),
        harmful=("restart_workload",),
    ),
    *(
        DoesNotHold(
            f"the younger ones count nothing but noughts: {what}",
            world,
            ("unknown", "page_human"),
            harmful=("restart_workload",),
        )
        for what, world in (
            ("the log of one of them was not read", counting(*[IDLE] * 9, read=(1, 2))),
            ("the log of one was empty", counting(*[IDLE] * 9, read=(1, 2), beside=[Log(pod("shop", 3), "shop", ())])),
            (
                "one of them has told too little yet",
                counting(*[IDLE] * 9, read=(1, 2), beside=logs("shop", IDLE, 3, times=2)),
            ),
            ("a proxy beside each is quiet", counting(*[IDLE] * 9, beside=proxied(0, 1, 2, 3))),
            ("the log of the proxy beside one of them was read", counting(*[IDLE] * 9, beside=proxied(2))),
            ("that beside the older one", counting(*[IDLE] * 9, beside=proxied(0))),
            ("one has that of its proxy alone", counting(*[IDLE] * 9, read=(1, 2), beside=proxied(3))),
            (
                "the proxies count what is asked of them alone",
                counting(*[IDLE] * 9, beside=proxied(1, 2, 3, line="requests=4")),
            ),
        )
    ),
    DoesNotHold(
        "the older one is slow, and its log is that of a miner: a restart would take away what shows it",
        snapshot(
            four(young=3),
            figures=[*failing(0.9, 0.001, 0.001, 0.001), errors("shop", 0.3)],
            logs=logs("shop", "[cpu] accepted (20/0) diff 75000 (44 ms)", 0),
        ),
        (SHOP, "security_incident", "isolate_workload"),
        harmful=("restart_workload",),
    ),
    *(
        DoesNotHold(f"pods have no room left for compiled code: {what}", world, (), harmful=("restart_workload",))
        for what, world in (
            ("the younger one too", out_of_room(0, 1, 2, 3)),
            ("nobody feels it", out_of_room(0, 1, 2, fails=[latency("shop", now=0.1)])),
            ("the older ones are of one start with one that has room", out_of_room(0, 2)),
            ("their release was hours ago, and filled it", out_of_room(0, 1, 2, before=OLD, released=8 * 3600)),
        )
    ),
    DoesNotHold(
        "the older ones have no files left some hours after their release: the younger one has not run for as long",
        out_of_files(0, 1, 2, before=OLD, released=8 * 3600),
        (SHOP, "code_defect", "rollback_workload"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "they tell of it since their release, and nobody measures whether the younger one does better",
        snapshot(four(age=600, before=OLD, released=1200), logs=told(0, 1, 2)),
        (SHOP, "code_defect", "rollback_workload"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the one that is well has no heap left after each hour: so it is soon again",
        aged("Error", 134, NO_HEAP, lived=3600, busy=0.5),
        (SHOP, "resource_exhaustion", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
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
