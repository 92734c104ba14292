"""A database whose disk gives less than it did, as its checkpoints, the disk's figures or a cloud's credits tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, IMAGE, SHOP, URL, alert, errors, latency, logs, shop
from tests.diagnosis.rules.tiny import Obj, figure, log, postgres, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

FOUND = (DB, "resource_exhaustion", "page_human")
HARMFUL = ("rollback_workload", "restart_workload", "scale_workload", "restart_connection_pool")
Figures = Sequence[tuple[str, Series]]
FAILS = [errors("shop", 0.3, since=900), latency("shop", now=9.0, since=900)]
STATEMENT = "LOG:  duration: 9166.856 ms  execute <unnamed>: select id, name from guest where id=$1"


def checkpoint(sync: float, wrote: int = 6000) -> str:
    """Return what PostgreSQL tells of a checkpoint."""
    return (
        f"LOG:  checkpoint complete: wrote {wrote} buffers (1.5%); 0 WAL file(s) added, 0 removed, 9 recycled; "
        f"write=269.3 s, sync={sync:.3f} s, total=270.1 s; sync files=186, longest={sync / 3:.3f} s, average=0.001 s"
    )


def told(*checkpoints: str, statements: int = 6) -> list[Log]:
    """Return an hour of the database's log: checkpoints, the last of them lately, and after them slow statements."""
    slow = log("postgres-0", *[STATEMENT] * statements, since=200, of="postgres").lines if statements else ()
    first = log("postgres-0", *checkpoints, since=3600, of="postgres")
    return [first._replace(lines=(*first.lines, *slow))]


HUGE = [
    each._replace(lines=tuple(line.replace("6000", "6" * 5000) for line in each.lines)) for each in told(checkpoint(1))
]
SLOWER = told(*[checkpoint(0.02)] * 9, *[checkpoint(31.0)] * 3)
"""The disk is slow since a quarter of an hour."""


def disk(before: float = 0.001, now: float = 0.09, *, was: float = 760, does: float = 450, node: str = "n1") -> Figures:
    """Return how long operations of the disk of a node take, and how many there are a second."""
    labels = {"node": node, "device": "nvme1n1"}
    waits = figure("node_disk_wait", before, now, since=930, **labels)
    return [waits, figure("node_disk_operations", was, does, since=930, **labels)]


def volume(label: str = "data-postgres-0", space: str = "town") -> Obj:
    """Return the volume of a claim at a cloud."""
    claim, csi = {"name": label, "namespace": space}, {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-0b6d41e9"}
    return thing("PersistentVolume", "pvc-1", spec={"claimRef": claim, "csi": csi})


def left(before: float = 0.2, now: float = 0.0, *, of: str = "vol-0b6d41e9") -> Figures:
    """Return the credits of a volume that went from one share to another a quarter of an hour ago."""
    return [figure("volume_burst_credits", before, now, since=700, volume=of)]


def fading() -> Figures:
    """Return the credits of a volume that went evenly, and were used up a quarter of an hour ago."""
    steps = [(3600 - 60.0 * n, max(0.0, 0.3 - 0.3 * n / 48)) for n in range(61)]
    return [("volume_burst_credits", series({"volume": "vol-0b6d41e9"}, *steps))]


CLAIMS = [{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "150Gi"}}}}]


def store(**more: Any) -> list[Obj]:
    """Return a database with a volume of its own."""
    made = postgres(**more)
    made[0]["spec"]["volumeClaimTemplates"] = CLAIMS
    return made


def world(
    *more: Any, said: Sequence[Log] = (), seen: Figures = (), of: Any = None, felt: Any = None, on: Any = None
) -> Snapshot:
    """Return a shop that fails, and its database."""
    figures = [*(FAILS if felt is None else felt), *seen]
    return snapshot(
        of or shop(env=URL), on or store(), *more, logs=said, figures=figures, alerts=[alert(service="shop")]
    )


HOLDS = [
    Holds(
        "checkpoints of as many pages are confirmed after half a minute, and statements are slow",
        world(said=SLOWER),
        FOUND,
        excludes=(*no("rollback_workload", "scale_workload", at=SHOP), *no("restart_workload", at=DB)),
        alone=True,
        harmful=HARMFUL,
    ),
    Holds(
        "each operation of its node's disk takes many times as long, and there are fewer",
        world(said=told(), seen=disk()),
        FOUND,
        harmful=HARMFUL,
    ),
    Holds(
        "its volume has no credits left",
        world(volume(), said=told(), seen=left()),
        FOUND,
        harmful=HARMFUL,
    ),
    Holds(
        "its disk is slow, as figures and checkpoints tell, and it logs no statement",
        world(said=told(*[checkpoint(0.02)] * 9, *[checkpoint(31.0)] * 3, statements=0), seen=disk()),
        FOUND,
        harmful=HARMFUL,
    ),
    Holds(
        "a caller was released, and had served well for a while before the disk was slow",
        world(
            workload("search", env=URL),
            said=[*SLOWER, *logs("shop", "ERROR HikariPool-1 - Connection is not available", 0, 1, since=880)],
            seen=disk(),
            of=shop(env=URL, before=IMAGE, released=1900),
        ),
        FOUND,
        harmful=HARMFUL,
    ),
]
BROKEN = 'level=ERROR msg="request failed" err="java.lang.NullPointerException: basket is null"'
HOLDS += [
    Holds(
        "few credits were left, and ever fewer, long before a caller was released",
        world(volume(), said=told(), seen=fading(), of=shop(env=URL, before=IMAGE, released=1100)),
        FOUND,
        harmful=HARMFUL,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it wrote a number of thousands of digits", world(said=HUGE)),
    DoesNotHold(
        "it is the volume of a claim of the same name elsewhere",
        world(volume(space="village"), said=told(), seen=left()),
    ),
    DoesNotHold(
        "its volume has had no credits for as long as anybody knows",
        world(
            volume(),
            said=told(),
            seen=left(0.0, 0.0),
            of=shop(env=URL, before=IMAGE, released=3200),
            felt=[errors("shop", 0.3, since=3100), latency("shop", now=9.0, since=3100)],
        ),
        ("code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a disk on which hardly anything is done, that of the system, takes longer",
        world(said=told(), seen=disk(0.001, 0.05, was=2, does=1)),
    ),
    DoesNotHold(
        "the disk does as much as it can, and more waits for it since a caller was released just before",
        world(said=told(), seen=disk(was=450, does=450), of=shop(env=URL, before=IMAGE, released=1100)),
        ("code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a caller was released between the last quick checkpoint and the first slow one, long before that ended",
        world(
            said=told(checkpoint(0.02), checkpoint(0.02), checkpoint(31), checkpoint(31)),
            of=shop(env=URL, before=IMAGE, released=2650),
            felt=[errors("shop", 0.3, since=2600), latency("shop", now=9.0, since=2600)],
        ),
        ("code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a release that breaks by itself came after the disk had become slow, which nobody felt",
        world(
            said=[*SLOWER, *logs("shop", BROKEN, 0, 1, since=290)],
            seen=disk(),
            of=shop(env=URL, before=IMAGE, released=300),
            felt=[errors("shop", 0.3, since=290)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a release came after the disk had become slow, which nobody felt before it",
        world(
            said=[*SLOWER, *logs("shop", 'level=ERROR msg="basket not saved" err="no such shard"', 0, 1, since=290)],
            seen=disk(),
            of=shop(env=URL, before=IMAGE, released=300),
            felt=[errors("shop", 0.3, since=290)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "few credits were left, and stayed until a caller was released just before they were gone",
        world(volume(), said=told(), seen=left(0.3), of=shop(env=URL, before=IMAGE, released=1100)),
        ("code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "the database itself was released just before",
        world(
            said=told(),
            seen=disk(),
            on=store(before={"args": ["-c", "shared_buffers=4GB"]}, released=1000, args=["-c", "shared_buffers=4MB"]),
        ),
        harmful=("no_action",),
    ),
    DoesNotHold("nobody suffers", world(said=SLOWER, felt=[errors("shop", 0.0)])),
    DoesNotHold(
        "its caller failed long before",
        world(said=SLOWER, felt=[errors("shop", 0.3, since=2700), latency("shop", now=9.0, since=2700)]),
    ),
    DoesNotHold("checkpoints were never quick", world(said=told(*[checkpoint(31.0)] * 12))),
    DoesNotHold(
        "it was one checkpoint, and the next was quick",
        world(said=told(*[checkpoint(0.02)] * 9, checkpoint(31), checkpoint(0.02))),
    ),
    DoesNotHold(
        "it writes ten times as many pages", world(said=told(*[checkpoint(0.02)] * 9, *[checkpoint(31, 60000)] * 3))
    ),
    DoesNotHold(
        "a checkpoint spreads its writes over minutes, as it should", world(said=told(*[checkpoint(0.4)] * 12))
    ),
    DoesNotHold(
        "a caller was released just before, which may ask for so much",
        world(said=SLOWER, of=shop(env=URL, before=IMAGE, released=1100)),
        ("code_defect", "rollback_workload"),
    ),
    DoesNotHold("many more operations are asked of the disk", world(said=told(), seen=disk(was=100, does=450))),
    DoesNotHold("it is the disk of another node", world(said=told(), seen=disk(node="n7"))),
    DoesNotHold("operations take longer, and yet no time", world(said=told(), seen=disk(0.0002, 0.004))),
    DoesNotHold("it is the volume of another claim", world(volume("data-mysql-0"), said=told(), seen=left())),
    DoesNotHold("its volume has credits left", world(volume(), said=told(), seen=left(0.9, 0.4))),
    DoesNotHold("it has no credits left, and no statement is slow", world(volume(), seen=left())),
    DoesNotHold(
        "a caller that was released just before has used up the credits",
        world(volume(), said=told(), seen=left(0.95, 0.0), of=shop(env=URL, before=IMAGE, released=1100)),
        ("code_defect", "rollback_workload"),
    ),
]
