"""A database that logs the plans of its slow statements, and a run whose words are known."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.tiny import Obj, at, container, thing
from tuheg_ir.diagnosis.model import Log

POSTGRES = "StatefulSet/postgres"
ANALYZED = 'LOG:  automatic analyze of table "shop.public.parts" system usage: CPU: user: 0.38 s'


def told(*nodes: str, times: int = 8, last: str = "") -> Log:
    """Return the log of a database with a slow statement and its plan each minute."""
    lines: list[str] = []
    for age in range(60 * times, 0, -60):
        lines += [f"{at(age)} UTC [17] shop@shop LOG:  duration: 6897.4 ms  plan:", "\tQuery Text: SELECT 1"]
        lines += [f"\t{node}" for node in nodes]
    return Log("postgres-0", "postgres", (*lines, *([f"{at(5)} {last}"] if last else [])))


def run(name: str, age: float, *lines: str, **status: Any) -> tuple[list[Obj], Log]:
    """Return a Job NAME-1, with this status, whose one pod is over, and what that told."""
    template = {"spec": {"containers": [container(name, f"{name}:1")]}}
    made = thing("Job", f"{name}-1", age=age, spec={"template": template}, status=status)
    body = thing("Pod", f"{name}-1-x", age=age, spec={"containers": []}, status={"phase": "Succeeded"})
    body["metadata"]["ownerReferences"] = [{"kind": "Job", "name": f"{name}-1", "controller": True}]
    return [made, body], Log(f"{name}-1-x", name, lines)
