"""What a database's slow log tells: each entry at its own time, whatever times stand in its statements."""

from __future__ import annotations

from tests.diagnosis.rules.tiny import snapshot, workload
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.view.statements import statements
from tuheg_ir.diagnosis.view.view import View

TOOK = "# Query_time: 6.5  Lock_time: 0.0  Rows_sent: 0"
HEAD = (TOOK, "SET timestamp=1772625482;")  # 11:58:02
DELETES = "DELETE FROM scans WHERE scanned_at < '2025-10-26 00:00:00' LIMIT 500;"


def told(*lines: str) -> list[tuple[str, str]]:
    """Return the time of each entry, and the last word of it."""
    view = View(snapshot(workload("db", "mariadb:11", kind="StatefulSet", pods=1), logs=[Log("db-0", "db", lines)]))
    server = view.workloads["StatefulSet/db"]
    return [(f"{each.at:%Y-%m-%d %H:%M:%S}", each.text.split()[-1]) for each in statements(view, server)]


def test_the_time_of_mariadb_is_read_and_one_within_a_statement_is_not() -> None:
    entry = ("# User@Host: a[a] @  [10.0.0.1]", TOOK)
    assert told(
        "# Time: 260304 11:58:02", *entry, DELETES, "# Time: 260304  9:59:40", *entry, "'2025-01-01 00:00:00';"
    ) == [
        ("2026-03-04 11:58:02", "500;"),
        ("2026-03-04 09:59:40", "00:00:00';"),
    ]


def test_a_server_of_another_zone_tells_the_time_of_all_zones_beside_its_own() -> None:
    first, second = (f"# User@Host: {name}[{name}] @  [10.0.0.1]" for name in "ab")
    for clock in ("12:58:02", " 6:58:02"):
        assert told(f"# Time: 260304 {clock}", first, *HEAD, DELETES, second, *HEAD, "COMMIT;") == [
            ("2026-03-04 11:58:02", "500;"),
            ("2026-03-04 11:58:02", "COMMIT;"),
        ]
    ids = (TOOK, "SET last_insert_id=7,insert_id=8,timestamp=1772625482;")
    assert told("# Time: 260304 12:58:02", first, *ids, DELETES) == [("2026-03-04 11:58:02", "500;")]


def test_a_time_far_from_that_of_the_head_is_not_that_of_the_entry() -> None:
    first = "# User@Host: a[a] @  [10.0.0.1]"
    lines = ("# Time: 260304 11:58:02", first, TOOK, "SET timestamp=1700000000;", DELETES)
    assert told(*lines) == [("2026-03-04 11:58:02", "500;")]


def test_two_statements_of_one_second_are_two() -> None:
    first, second = (f"# User@Host: {name}[{name}] @  [10.0.0.1]" for name in "ab")
    assert told("# Time: 260304 11:58:02", first, *HEAD, DELETES, second, *HEAD, "COMMIT;") == [
        ("2026-03-04 11:58:02", "500;"),
        ("2026-03-04 11:58:02", "COMMIT;"),
    ]


def test_what_follows_a_statement_with_a_time_of_its_own_is_another_entry() -> None:
    entry = ("# User@Host: a[a] @  [10.0.0.1]", *HEAD)
    notes = ("2026-03-04T11:59:00Z 7 [Note] ready", '{"time": "2026-03-04T11:59:30Z", "msg": "dumped"}')
    assert [at for at, _ in told("# Time: 2026-03-04T11:58:02.1Z", *entry, DELETES, *notes)] == [
        "2026-03-04 11:58:02",
        "2026-03-04 11:59:00",
        "2026-03-04 11:59:30",
    ]


def test_a_time_that_is_none_begins_nothing() -> None:
    assert told("# Time: 269904 11:58:02", "# User@Host: a[a] @  [10.0.0.1]", *HEAD) == []
