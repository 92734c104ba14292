"""A program that may open fewer files since its release has none left once as many ask; a shared proxy is one."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert, errors, logs
from tests.diagnosis.rules.tiny import DAY, Obj, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

WAY, PUSHER = "Deployment/way", "Deployment/pusher"
SQUID = "2026/03/04 11:59:00| WARNING! Your cache is running out of filedescriptors"
NGINX = "[alert] 22#22: accept4() failed (24: No file descriptors available)"
GO = "http: Accept error: accept tcp [::]:3128: accept4: too many open files; retrying in 5ms"
HAPROXY = "Proxy out reached process FD limit (maxsock=1024). Please check 'ulimit-n' and restart."
LATE = "WARN Net::OpenTimeout: Failed to open TCP connection to way.egress.svc:3128 (execution expired)"
DIALLED = 'ERROR Get "https://api.bank.example/v1": proxyconnect tcp: dial tcp: lookup way.egress: i/o timeout'
THREADS = "java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory"
HIGH = {"args": ["ulimit -n 65535; exec squid -N"], "command": ["/bin/sh", "-ec"]}
ACTS = ("restart_workload", "scale_workload")
MONTHS = 90 * DAY


def elsewhere(objects: list[Obj]) -> list[Obj]:
    """Return objects of another namespace."""
    for each in objects:
        each["metadata"]["namespace"] = "egress"
    return objects


def world(line: str = SQUID, said: str = LATE, *more: Any, image: str = "ubuntu/squid:6", **made: Any) -> Snapshot:
    """Return a proxy of another namespace that tells a line, and who goes out by it."""
    return snapshot(
        elsewhere(workload("way", image, port=3128, age=MONTHS, **made)),
        workload("pusher", before={"image": "pusher:0"}, released=1800),
        *more,
        figures=[errors("pusher", 0.4, 600)],
        logs=[*logs("way", line, 0, 1, times=12, since=640), *logs("pusher", said, 0, 1, times=20, since=590)],
        alerts=[alert(service="pusher")],
    )


HOLDS = [
    *(
        Holds(
            f"its release of {days} days ago starts it without the limit it had; it tells: {line[:40]}",
            world(line, said, image=image, command=["/usr/sbin/squid"], before=HIGH, released=days * DAY),
            (WAY, "configuration_error", "rollback_workload"),
            excludes=no("restart_workload", at=WAY),
            harmful=ACTS,
            alone=True,
        )
        for days, line, said, image in (
            (0.4, SQUID, LATE, "ubuntu/squid:6"),
            (5, SQUID, DIALLED, "ubuntu/squid:6"),
            (5, NGINX, LATE, "nginx:1.27-alpine"),
            (12, GO, LATE, "registry.example/way:1"),
        )
    ),
    Holds(
        "its release sets a lower one",
        world(
            HAPROXY,
            image="haproxy:3.0",
            env={"MAX_OPEN_FILES": "1024"},
            before={"env": {"MAX_OPEN_FILES": "65536"}},
            released=5 * DAY,
        ),
        (WAY, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", at=WAY),
    ),
    Holds(
        "its release of days ago changed nothing of that: it leaks, or more ask",
        world(command=["squid", "-N"], before={"command": ["squid"]}, released=5 * DAY),
        (WAY, "resource_exhaustion", "restart_workload"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "its release sets a higher one",
        world(env={"MAX_OPEN_FILES": "65536"}, before={"env": {"MAX_OPEN_FILES": "1024"}}, released=5 * DAY),
        (WAY, "resource_exhaustion", "restart_workload"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "threads are what it lacks, not files",
        world(THREADS, command=["/usr/sbin/squid"], before=HIGH, released=5 * DAY),
        (WAY, "resource_exhaustion", "restart_workload"),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it tells at its start how many files it may open",
        world("2026/03/04 11:59:00| With 1024 file descriptors available", before=HIGH, released=5 * DAY),
        (PUSHER, "code_defect", "page_human"),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    ),
]
