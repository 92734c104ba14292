"""Stores that were emptied for a ransom tell of the note that is left; and names that are alike."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, WELL
from tests.diagnosis.rules.test_intrusion__obeyed import RESTARTS, THIEF
from tests.diagnosis.rules.tiny import pod, postgres, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

IMAGES = {"mongo": "mongo:7", "search": "elasticsearch:7.17.0", "mysql": "mysql:8"}
MADE = '{"s":"I","c":"STORAGE","id":20320,"ctx":"conn48231","msg":"createCollection","attr":{"namespace":"%s"}}'
INDEX = "[2026-03-04T11:50:00,123][INFO ][o.e.c.m.MetadataCreateIndexService] [es-0] [%s] creating index, cause [api]"
SENTENCE = (
    "All your data is a backed up. You must pay 0.02 BTC to 1Kss In 48 hours, your data will be publicly disclosed"
)
GET = f'{THIEF} - - "GET /READ_ME_TO_RECOVER_YOUR_DATA HTTP/1.1" 404 153'


def store(name: str, *told: str) -> Snapshot:
    """Return a shop, and a store of that name and what it tells."""
    log = timed(f"{name}-0", (3000, "INFO ready"), *((600 - n, line) for n, line in enumerate(told)), of=name)
    own = postgres() if name == "postgres" else workload(name, IMAGES[name], kind="StatefulSet")
    return snapshot(workload("shop"), own, logs=[log], figures=[WELL])


HOLDS = [
    Holds(
        f"a store tells of a note: {what}",
        store(name, line),
        (f"StatefulSet/{name}", "security_incident", "isolate_workload"),
        excludes=no(*RESTARTS, at=f"StatefulSet/{name}"),
        harmful=RESTARTS,
    )
    for what, name, line in (
        ("a database of MongoDB", "mongo", MADE % "READ__ME_TO_RECOVER_YOUR_DATA.README"),
        ("an index of Elasticsearch", "search", INDEX % "read_me"),
        ("the attack that is called Meow", "search", INDEX % "k2vx81qa0z-meow"),
        ("a database of PostgreSQL", "postgres", "LOG:  statement: CREATE DATABASE readme_to_recover"),
        ("a table of MySQL", "mysql", "21 Query\tCREATE TABLE `RECOVER_YOUR_DATA` (`note` text)"),
        ("its sentence", "mysql", f"22 Query\tINSERT INTO `WARNING` VALUES ('{SENTENCE}')"),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, store(name, line))
        for what, name, line in (
            ("an index whose name is alike", "search", INDEX % "readme-pages"),
            ("a file that tells how to restore", "postgres", "INFO copied /backup/RESTORE_YOUR_DATA.md"),
            (
                "a sentence that comforts",
                "mysql",
                "23 Query\tINSERT INTO mails VALUES ('All your data is backed up daily')",
            ),
        )
    ),
    DoesNotHold(
        "somebody asks a program for such a name, and it repeats that",
        snapshot(
            workload("shop"),
            logs=[timed(pod("shop"), (600, GET), (599, "WARN no page READ_ME_TO_RECOVER_YOUR_DATA"), of="shop")],
            figures=[WELL],
        ),
        (SHOP, "no_fault", "no_action"),
    ),
]
