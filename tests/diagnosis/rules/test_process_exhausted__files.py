"""A program that may open fewer files since its release has none left once as many ask; a shared proxy is one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert, errors, logs
from tests.diagnosis.rules.tiny import DAY, Obj, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

WAY, PUSHER = "Deployment/way", "Deployment/pusher"
SQUID = "2026/03/04 11:59:00| WARNING! Your cache is running out of filedescriptors"
NGINX = "[alert] 22#22: accept4() failed (24: No file descriptors available)"
GO = "http: Accept error: accept tcp [::]:3128: accept4: too many open files; retrying in 5ms"
HAPROXY = "Proxy out reached process FD limit (maxsock=1024). Please check 'ulimit-n' and restart."
LATE = "WARN Net::OpenTimeout: Failed to open TCP connection to way.egress.svc:3128 (execution expired)"
DIALLED = 'ERROR Get "https://api.bank.example/v1": proxyconnect tcp: dial tcp: lookup way.egress: i/o timeout'
MYSQL = "[ERROR] Failed to mysql_real_connect() on 10:mysql-0.mysql:3306 , 2004: Can't create TCP/IP socket (24)."
THREADS = "java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory"
HIGH = {"args": ["ulimit -n 65535; exec squid -N"], "command": ["/bin/sh", "-ec"]}
ACTS = ("restart_workload", "scale_workload")
MONTHS = 90 * DAY


def elsewhere(objects: list[Obj]) -> list[Obj]:
    """Return objects of another namespace."""
    for each in objects:
        each["metadata"]["namespace"] = "egress"
    return objects


def world(
    line: str = SQUID,
    said: str = LATE,
    *more: Any,
    image: str = "ubuntu/squid:6",
    start: str = "",
    may: float = 0,
    **made: Any,
) -> Snapshot:
    """Return a proxy of another namespace that tells a line, and who goes out by it.

    ``start``: what it told at its start; ``may``: how many files it may open, as is measured.
    """
    told = [log(pod("way"), start, since=made.get("released", DAY))] if start else []
    measured = [figure("pod_files_limit", may, may, pod=pod("way", n)) for n in (0, 1)] if may else []
    return snapshot(
        elsewhere(workload("way", image, port=3128, age=MONTHS, **made)),
        workload("pusher", before={"image": "pusher:0"}, released=1800),
        *more,
        figures=[errors("pusher", 0.4, 600), *measured],
        logs=[*told, *logs("way", line, 0, 1, times=12, since=640), *logs("pusher", said, 0, 1, times=20, since=590)],
        alerts=[alert(service="pusher")],
    )


def asking(many: str) -> dict[str, Any]:
    """Return a program that a shell starts with so many files."""
    return {"command": ["/bin/sh", "-c"], "args": [f"ulimit -n {many}; exec way --config /etc/way.conf"]}


def asks(many: str, line: str = GO, *, before: str = "65535", image: str = "way:1", **more: Any) -> Snapshot:
    """Return a proxy whose release of some days ago asks for so many files, and that has none left."""
    return world(line, image=image, **asking(many), before=asking(before), released=3 * DAY, **more)


def mounted(path: str = "/var/way", **more: str) -> list[Obj]:
    """Return where a volume is."""
    return [{"name": "kept", "mountPath": path, **more}]


def keeping(*, before: dict[str, Any] | None = None, services: dict[str, Any] | None = None, **more: Any) -> Snapshot:
    """Return a proxy that keeps what it has on a volume, and whose release starts it without the limit it had."""
    made = world(
        GO,
        image="way:1",
        volumeMounts=mounted(),
        spec={"volumes": [{"name": "kept", "persistentVolumeClaim": {"claimName": "way"}}]},
        command=["way"],
        before={"command": ["/bin/sh", "-c", "ulimit -n 65535; exec way"], **{k: {} for k in more}, **(before or {})},
        released=5 * DAY,
        **more,
    )
    return replace(made, services=services or {})


HOLDS = [
    *(
        Holds(
            f"its release asks for more than it may, and gets the few of the node: {what}",
            seen,
            (WAY, "configuration_error", "rollback_workload"),
            excludes=no("restart_workload", at=WAY),
            harmful=ACTS,
            alone=True,
        )
        for what, seen in (
            ("more than any kernel gives", asks("1073741824", MYSQL, image="proxysql/proxysql:2.7.3")),
            ("no limit at all", asks("unlimited", NGINX, image="nginx:1.27-alpine")),
            ("a shell tells so", asks("200000", start="sh: ulimit: error setting limit (Operation not permitted)")),
            ("the program does", asks("200000", start="WARN failed to raise RLIMIT_NOFILE, keep 4096: EPERM")),
            ("it is measured", asks("200000", HAPROXY, image="haproxy:3.0", may=4096)),
        )
    ),
    *(
        Holds(
            f"it asks for more, and a lack of files is not of that: {what}",
            seen,
            (WAY, "resource_exhaustion", "restart_workload"),
            harmful=("rollback_workload",),
        )
        for what, seen in (
            ("it got them", asks("200000")),
            ("as is measured", asks("1073741824", may=1073741816)),
            ("it had asked for no more than a node gives", asks("1073741824", before="1024")),
        )
    ),
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
    *(
        Holds(
            f"it keeps data on a volume, and its release lets it open fewer files: {what}",
            keeping(**made),
            (WAY, "configuration_error", remedy),
            harmful=ACTS if remedy == "rollback_workload" else (*ACTS, "rollback_workload"),
        )
        for what, made, remedy in (
            ("that alone", {}, "rollback_workload"),
            ("its image is another one, too", {"before": {"image": "way:0"}}, "page_human"),
            ("its volume was elsewhere", {"before": {"volumeMounts": mounted("/old")}}, "page_human"),
            ("it had another part of it", {"before": {"volumeMounts": mounted(subPath="a")}}, "page_human"),
            ("it is led to another folder", {"before": {"env": {"FOLDER": "/var/old"}}}, "page_human"),
            ("it writes in another form", {"env": {"WAL_LEVEL": "minimal"}}, "page_human"),
            ("it is declared a database", {"services": {"way": {"database": {"kind": "own"}}}}, "page_human"),
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
