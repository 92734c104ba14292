"""Processes that write at once never collide: real processes, one store."""

import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from tests.journal.conftest import OPENING
from tuheg_ir.journal import open_journal


def run_at_once(place: Path, body: str, names: Sequence[str]) -> list[str]:
    """Run ``body`` in one process a name, all begun together; return what each printed."""
    code = (
        "import sys, pathlib\n"
        "from tuheg_ir.journal.journal import Journal\n"
        "place, name = pathlib.Path(sys.argv[1]), sys.argv[2]\n"
        f"OPENING = {OPENING!r}\n"
        "print('ready', flush=True); sys.stdin.readline()\n" + textwrap.dedent(body)
    )
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(place), name], stdin=pipe, stdout=pipe, text=True)
        for name in names
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(names)
    return printed


def test_two_processes_appending_500_events_each_keep_one_valid_chain(place: Path) -> None:
    with open_journal(place) as journal:
        journal.open_incident(number="INC-20251105-001", **OPENING)  # type: ignore[arg-type]
    body = """
        with Journal(place, wait_s=60) as journal:
            for n in range(500):
                look = {"service": name, "verdict": "unknown", "n": n}
                journal.append("INC-20251105-001", "look", look, run=name, actor=name)
    """
    run_at_once(place, body, ["one", "two"])
    with open_journal(place) as journal:
        events = journal.events()[1:]
        assert journal.verify() == []
    assert len(events) == 1000
    for name in ("one", "two"):
        assert [event.data["n"] for event in events if event.run == name] == list(range(500))


def test_processes_that_make_the_store_and_open_incidents_at_once_get_numbers_of_their_own(place: Path) -> None:
    body = """
        with Journal(place, wait_s=60) as journal:
            for _ in range(10):
                print(journal.open_incident(**OPENING).number)
    """
    printed = run_at_once(place, body, ["one", "two", "three", "four"])
    numbers = [line for text in printed for line in text.split()]
    assert len(set(numbers)) == 40
    with open_journal(place) as journal:
        assert journal.verify() == []
        assert [incident.number for incident in journal.incidents()] == sorted(numbers)


def test_processes_that_take_over_the_spool_at_once_take_every_event_once(place: Path) -> None:
    body = """
        from tuheg_ir.journal import Opening, spool
        opening = Opening("INC-20251105-001", "production", "s", "f", "P0", uid="u")
        for n in range(20):
            look = {"service": "s", "verdict": "unknown", "n": n}
            at = "2025-11-05T14:30:00.000000Z"
            spool.spool(place, spool.Spooled(spool.new_id(), opening, "r", at, "a", "look", look))
    """
    run_at_once(place, body, ["writer"])
    run_at_once(place, "with Journal(place, wait_s=60) as journal: journal.take_over_spool()", ["one", "two", "three"])
    with open_journal(place) as journal:
        assert [event.data["n"] for event in journal.events()[1:]] == list(range(20))
        assert journal.verify() == []


def test_a_process_killed_while_it_writes_leaves_a_valid_chain(place: Path) -> None:
    with open_journal(place) as journal:
        journal.open_incident(number="INC-20251105-001", **OPENING)  # type: ignore[arg-type]
    code = (
        "import sys, pathlib\nfrom tuheg_ir.journal.journal import Journal\n"
        "journal = Journal(pathlib.Path(sys.argv[1]))\n"
        "while True:\n"
        "    event = journal.append('INC-20251105-001', 'look', {'service': 's', 'verdict': 'unknown'}, actor='a')\n"
        "    print(event.seq, flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(30)]
        process.kill()
        told += [int(line) for line in process.stdout if line.endswith("\n")]
    with open_journal(place) as journal:
        assert journal.verify() == []
        assert {event.seq for event in journal.events()} >= set(told)
