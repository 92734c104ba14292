"""A program in Java that takes its heap as it starts, and a page about its memory."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import at, log, pod, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

TAKEN = "-Xms6g -Xmx6g -XX:+AlwaysPreTouch"
COLLECTED = "[2137.331s][info][gc] GC(22) Pause Young (Normal) (G1 Evacuation Pause) 4648M->%dM(6144M) 16.110ms"

KILLED = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "startedAt": at(90_000), "finishedAt": at(80_000)}}


def evenly(was: float, now: float) -> list[tuple[float, float]]:
    """Return a share of memory that grows evenly for an hour."""
    return [(3600 - 60 * n, was + (now - was) * n / 60) for n in range(61)]


def held(
    options: str = TAKEN,
    *share: tuple[float, float],
    used: int | None = 1264,
    line: str = "",
    file: str = "",
    name: str = "ContainerMemoryNearLimit",
    limit: str | None = "8Gi",
    **more: Any,
) -> Snapshot:
    """Return a planner with these options (or this file of them), its memory, what its heap holds, and a page."""
    mounted = {"volumes": [{"name": "jvm", "configMap": {"name": "jvm"}}]} if file else {}
    limits = {} if limit is None else {"limits": {"memory": limit}}
    told_to_java = {"JAVA_TOOL_OPTIONS": options}
    planner = workload("planner", env=told_to_java, pods=1, spec=mounted, resources=limits, **more)
    settings = [thing("ConfigMap", "jvm", data={"jvm.options": file})] if file else []
    lines = ([] if used is None else [COLLECTED % used] * 5) + ([line] if line else [])
    memory = series({"pod": pod("planner"), "container": "planner"}, *(share or [(3600, 0.87)]))
    page = alert(name, deployment="planner", severity="critical")
    told = [log(pod("planner"), *lines)] if lines else []
    return snapshot(planner, settings, logs=told, figures=[("memory_share", memory)], alerts=[page])
