"""What `make test` runs beside what: nothing is left out, and what goes by the clock is not starved."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from check import (
    ANSWERED_IN_CHECK,
    ANSWERED_IN_TEST,
    CLUSTERS,
    CORES,
    ELSEWHERE,
    LARGEST,
    PURE,
    Gate,
    Result,
    beside,
    ended,
    gates,
    jobs,
    of_the_corpus,
    whole_gates,
)
from everything import CONTRACT, CORPUS, FULL_NODE, KILLS, OUTSIDE, OWN_NAMESPACE, lab_gate, parted, slow_gates, whole
from machine import ROOT
from shares import IDLE, keeping_to

ALL = whole()


def names(chosen: list[Gate]) -> set[str]:
    return {gate.name for gate in chosen}


def test_each_slow_test_is_in_one_run() -> None:
    ways = [
        gate.command[gate.command.index("-k") + 1]
        for gate in slow_gates()
        if ELSEWHERE in gate.command and "-k" in gate.command
    ]
    assert ways == [f"not ({KILLS} or {CONTRACT})", KILLS, CONTRACT]


def test_every_gate_runs_once() -> None:
    computing, others = parted(ALL)
    assert names(computing) | names(others) == names(ALL)
    assert len(computing) + len(others) == len(names(ALL))


def test_whatever_make_check_asks_make_test_asks_as_well() -> None:
    assert names(gates()) <= names(ALL)
    asked = {gate.name: gate for gate in ALL}
    for gate in gates():
        more, most = asked[gate.name], set(gate.command)
        added, fewer = set(more.command) - most, most - set(more.command)
        assert added <= {*(f"--ignore={path}" for path in PURE), f"--alone={ANSWERED_IN_TEST}"}, gate.name
        if gate != more:
            assert f"--ignore={LARGEST}" in most or f"--alone={ANSWERED_IN_CHECK}" in fewer, gate.name


def test_the_long_runs_judge_the_whole_corpus() -> None:
    long = [gate for gate in slow_gates() if gate.name in {"pytest-main-mutated", "pytest-main-outside"}]
    assert {gate.command[gate.command.index("-m", 3) + 1] for gate in long} == {CORPUS}
    ways = [gate.command[gate.command.index("-k") + 1] for gate in long]
    assert ways == [f"not ({OUTSIDE})", OUTSIDE]


def test_what_starts_programs_and_waits_for_them_is_not_left_to_the_cores_that_nobody_wants() -> None:
    _, others = parted(ALL)
    assert names(others) >= {
        "pytest-main",
        "pytest-main-ansible",
        "pytest-main-slow",
        "pytest-main-molecule",
        "pytest-main-contract",
    }


def test_what_runs_beside_the_lab_is_of_the_diagnosis_or_starts_no_cluster_and_tests_no_lab() -> None:
    company = [gate for gate in ALL if gate.company]
    assert "pytest-main-diagnosis" in names(company)
    for gate in company:
        assert not gate.computes
        ignored = {f"--ignore={path}" for path in (*CLUSTERS, "tests/lab")}
        assert LARGEST in gate.command or ignored <= set(gate.command), gate.name


def test_the_runs_on_the_lab_leave_reports_of_their_own() -> None:
    first, full = lab_gate(".venv", f"not {FULL_NODE}"), lab_gate(".venv", FULL_NODE, part="lab-full")
    assert (first.name, full.name) == ("pytest-main-lab", "pytest-main-lab-full")


def test_what_makes_the_one_scratch_platform_runs_in_one_process() -> None:
    using = [file for file in (ROOT / "tests" / "lab").glob("test_*.py") if "scratch_platform" in file.read_text()]
    assert using
    assert {file.stem for file in using} <= set(OWN_NAMESPACE.split(" or "))


def test_jobs_run_beside_the_body_and_tell_how_their_gates_ended() -> None:
    good, bad = Gate("good", ("true",)), Gate("bad", ("false",))
    with keeping_to(replace(IDLE, name="test")) as words, beside(jobs([good, bad], words)) as work:
        assert [(each.gate.name, each.code) for each in ended(work)] == [("good", 0), ("bad", 1)]


def test_when_the_body_is_interrupted_what_runs_is_ended_and_the_rest_not_begun() -> None:
    work: list[Future[list[Result]]] = []
    began = time.monotonic()
    with (
        suppress(KeyboardInterrupt),
        beside(jobs([Gate(f"long-{n}", ("sleep", "60")) for n in range(CORES + 3)])) as run,
    ):
        work = run
        time.sleep(0.5)
        raise KeyboardInterrupt
    wait(work[:CORES])
    assert time.monotonic() - began < 30
    assert [each.cancelled() for each in work] == [False] * CORES + [True] * 3
    assert [result.code for each in work[:CORES] for result in each.result()] == [-signal.SIGINT] * CORES


def test_what_takes_down_what_runs_is_let_finish_when_all_else_is_ended(tmp_path: Path) -> None:
    done = tmp_path / "done"
    down = Gate("down", ("sh", "-c", f"sleep 1; touch {done}"), cleans=True)
    work_to_do = jobs([down, Gate("long", ("sleep", "60"))])
    with suppress(KeyboardInterrupt), beside(work_to_do, lanes=2) as work:
        time.sleep(0.5)
        raise KeyboardInterrupt
    assert [(each.gate.name, each.code) for each in ended(work)] == [("down", 0), ("long", -signal.SIGINT)]
    assert done.exists()


@pytest.mark.parametrize(
    "how",
    ["run(Gate('long', ('sleep', '61.5'), live=True))", "run_all([Gate('long', ('sleep', '61.5'))] * 3, lanes=1)"],
    ids=["one", "some-at-a-time"],
)
def test_a_run_that_is_terminated_ends_its_gate_too(how: str) -> None:
    code = (
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)); "
        "from check import Gate, run, run_all; print('begun', flush=True); "
        f"{how}"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT / ".ci") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(0.5)
        process.terminate()
        assert process.wait(30) == 143
    assert subprocess.run(["pgrep", "-f", "sleep 61[.]5"], check=False, stdout=subprocess.PIPE).stdout == b""


def test_the_files_that_judge_cases_are_collected_by_their_own_runs_and_by_no_other() -> None:
    files = set(of_the_corpus())
    assert "tests/diagnosis/test_answers.py" in files
    pytest_runs = [gate for gate in [*ALL, lab_gate(".venv", FULL_NODE)] if "pytest" in gate.command]
    own = {gate.name for gate in pytest_runs if files <= set(gate.command)}
    others = {gate.name for gate in pytest_runs if {f"--ignore={each}" for each in files} <= set(gate.command)}
    assert own == {"pytest-main-mutated", "pytest-main-outside"}
    assert own | others == names(pytest_runs)
    assert not own & others


def test_only_runs_of_tests_without_a_mark_collect_those_of_the_diagnosis() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/diagnosis").rglob("*.py"))
    assert not re.search(r"mark\.(ansible|lab|plane|molecule)\b", text)
    collecting = {gate.name for gate in [*ALL, lab_gate(".venv", FULL_NODE)] if ELSEWHERE not in gate.command}
    assert not {name for name in collecting if re.search("ansible$|lab|plane|slow|kill|molecule", name)}
    assert "pytest-main-diagnosis" in collecting


def test_pure_tests_are_run_by_one_gate_on_the_oldest_python_and_the_newest_and_that_only_computes() -> None:
    runs = [gate for gate in whole_gates() if "pytest" in gate.command and "ansible" not in gate.name]
    pure = [gate for gate in runs if gate.name.endswith("-rules")]
    pythons = sorted({gate.venv for gate in runs})
    assert [gate.venv for gate in pure] == sorted({pythons[0], pythons[-1]}, reverse=True)
    assert all(gate.computes and set(PURE) <= set(gate.command) for gate in pure)
    on_oldest = next(gate for gate in pure if gate.venv == pythons[0])
    assert f"--alone={ANSWERED_IN_TEST}" in on_oldest.command
    assert ANSWERED_IN_TEST < ANSWERED_IN_CHECK
    ignored = [{option for option in gate.command if option.startswith("--ignore")} for gate in pure]
    every = [path for folder in PURE for path in (ROOT / folder).glob("test_*.py")]
    assert 0.7 < len(ignored[0] - ignored[-1]) / len(every) < 0.9 or len(pure) == 1
    without = {f"--ignore={path}" for path in PURE}
    for gate in runs:
        if not gate.computes:
            assert without <= set(gate.command) or ELSEWHERE in gate.command, gate.name
