"""Logs of a busy service on a real node: read an hour back, thinned, with what was told once among them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from lab.paths import Lab
from lab.settings import REGISTRY
from tests.lab.scratch import NAMESPACE, Scratch, scratch_platform, until, workload
from tuheg_ir.diagnosis.collector import Target, collect
from tuheg_ir.diagnosis.collector.logs import LINES

pytestmark = pytest.mark.lab

FAR_BACK = 5000
SHOUT = "ERROR cannot reach store: no route to host"
BUSY = f"""
import time
for number in range({FAR_BACK + 1000}):
    print(f"INFO request {{number}} done in {{number % 40}} ms", flush=True)
    if number == 1000:
        print("{SHOUT}", flush=True)
print("ready", flush=True)
time.sleep(3600)
"""
PAGES = 700
"""Of twelve kilobytes each: more than an answer holds, less than the kubelet turns a log over at (10 MiB)."""
LONG = f"""
import time
for number in range({PAGES}):
    print(f"INFO page {{number}} " + "x" * 12000, flush=True)
print("ready", flush=True)
time.sleep(3600)
"""


@pytest.fixture(scope="module")
def platform(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    yield from scratch_platform(lab, tmp_path_factory.mktemp("home"))


def log_of(scratch: Scratch, program: str) -> tuple[str, ...]:
    """Run a program in a pod, and return its log as a diagnosis reads it once it has told everything."""
    container: dict[str, Any] = {"image": f"{REGISTRY}/backend-gateway:1.0.0", "command": ["python3", "-c", program]}
    user = {"runAsUser": 1000, "runAsGroup": 1000}
    made = workload("web", 1, **container, readinessProbe=None, securityContext=user)
    made["spec"]["strategy"] = {"type": "Recreate", "rollingUpdate": None}
    scratch.apply(made)
    scratch.settled("web")
    until(lambda: len(scratch.kubectl("get", "pods", "-l", "app=web", "-o", "name").split()) == 1)
    until(lambda: "ready" in scratch.kubectl("logs", "deployment/web", "--tail=1"), limit_s=60)
    found = collect({"kubeconfig": str(scratch.account)}, Target(NAMESPACE)).snapshot
    (log,) = (log for log in found.logs if log.pod.startswith("web-"))
    return log.lines


def test_what_a_busy_service_told_once_among_thousands_of_lines_is_read(platform: Scratch) -> None:
    lines = log_of(platform, BUSY)
    numbers = [int(line.split("request ")[1].split()[0]) for line in lines if "request " in line]
    steps = [after - before for before, after in pairwise(numbers)]
    assert any(SHOUT in line for line in lines)
    assert len(lines) <= LINES
    assert numbers[0] == 0
    assert numbers[-1] == FAR_BACK + 999
    assert max(steps) < 2 * numbers[-1] / LINES, "they are not spread evenly"


def test_of_lines_that_are_longer_than_an_answer_the_newest_are_read(platform: Scratch) -> None:
    """The kubelet gives the oldest bytes of what is asked for, and leaves the newest out."""
    lines = log_of(platform, LONG)
    assert "ready" in lines[-1]
    assert f" page {PAGES - 1} " in lines[-2]
