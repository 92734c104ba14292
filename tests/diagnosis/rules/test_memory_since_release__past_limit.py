"""A release let a heap grow above the limit of its container: told for as long as its pods are killed since."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR, again, pods_of, put
from tests.diagnosis.rules.scenes import SHOP, rate, rising
from tests.diagnosis.rules.tiny import DAY, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

LIMIT: dict[str, Any] = {"resources": {"limits": {"memory": "2Gi"}}}
BACK = (SHOP, "configuration_error", "rollback_workload")
ANEW = (SHOP, "resource_exhaustion", "restart_workload")


def heap(before: Any, now: Any, *, restarts: int = 11, **more: Any) -> Snapshot:
    """Return a shop whose pods were killed for memory every ten hours since a release of five days ago."""
    told = {**LIMIT, **now, "before": before, "released": 5 * DAY, **more}
    objects = workload("shop", **told)
    for each in pods_of(objects):
        put(each, again("OOMKilled", 137, age=300, restarts=restarts, lived=10 * HOUR))
    return snapshot(objects, figures=[rising(pod("shop", 1), 0.6, 0.95), rate("shop", 20, 20)])


def java(told: str) -> dict[str, Any]:
    return {"env": {"JAVA_TOOL_OPTIONS": f"-XX:+UseG1GC {told}"}}


def node(megabytes: int) -> dict[str, Any]:
    return {"args": ["node", f"--max-old-space-size={megabytes}", "main.js"]}


def go(much: str) -> dict[str, Any]:
    return {"env": {"GOMEMLIMIT": much}}


def run(told: str, *words: str, name: str = "JAVA_TOOL_OPTIONS") -> dict[str, Any]:
    """Return a variable of a program that is started by its own command line."""
    return {"args": [*(words or ("java", "-jar", "a.jar"))], "env": {name: told}}


def both(heap_: str, old: int) -> dict[str, Any]:
    return {"env": {"JAVA_TOOL_OPTIONS": heap_, "NODE_OPTIONS": f"--max-old-space-size={old}"}}


HOLDS = [
    Holds("a heap as large as the container", heap(java("-Xmx1400m"), java("-Xmx2g")), BACK),
    Holds(
        "a heap of nearly all of the container",
        heap(java("-XX:MaxRAMPercentage=70.0"), java("-XX:MaxRAMPercentage=95")),
        BACK,
    ),
    *(
        Holds(f"a heap above the limit, {what}", heap(before, now), BACK)
        for what, before, now in (
            ("of a program started by its own command line", run("-Xmx1400m"), run("-Xmx2500m")),
            (
                "in the one variable that wins over the command line",
                run("-Xmx1400m", "java", "-Xmx1g", name="_JAVA_OPTIONS"),
                run("-Xmx2500m", "java", "-Xmx1g", name="_JAVA_OPTIONS"),
            ),
            (
                "in a variable that a script reads",
                run("-Xmx1400m", "./run.sh", name="CATALINA_OPTS"),
                run("-Xmx2500m", "./run.sh", name="CATALINA_OPTS"),
            ),
            (
                "in a variable that its command names",
                run("-Xmx1400m", "sh", "-c", "exec java $JAVA_OPTS -jar a.jar", name="JAVA_OPTS"),
                run("-Xmx2500m", "sh", "-c", "exec java $JAVA_OPTS -jar a.jar", name="JAVA_OPTS"),
            ),
            ("as its command line tells", run("-Xmx1g", "java", "-Xmx1400m"), run("-Xmx1g", "java", "-Xmx2500m")),
        )
    ),
    Holds("Node counts in megabytes", heap(node(1500), node(2600)), BACK),
    Holds("the collector of Go begins above the limit", heap(go("1500MiB"), go("2500MiB")), BACK),
]
DOES_NOT_HOLD = [
    DoesNotHold("a heap that leaves as much room as most do", heap(java("-Xmx1g"), java("-Xmx1500m")), ANEW),
    DoesNotHold("a heap that left little room before", heap(java("-Xmx1900m"), java("-Xmx2g")), ANEW),
    DoesNotHold(
        "the collector of Go begins just below the limit, as it should", heap(go("1500MiB"), go("1900MiB")), ANEW
    ),
    DoesNotHold(
        "the limit was raised as well",
        heap({**java("-Xmx1400m"), **LIMIT}, {**java("-Xmx2g"), "resources": {"limits": {"memory": "3Gi"}}}),
        ANEW,
    ),
    DoesNotHold("of two flags the last holds", heap(java("-Xmx1g"), java("-Xmx3g -Xmx1200m")), ANEW),
    *(
        DoesNotHold(f"a ceiling above the limit that is not in force: {what}", heap(before, now), ANEW)
        for what, before, now in (
            (
                "the command line tells another",
                run("-Xmx1400m", "java", "-Xmx1g", "-jar", "a.jar"),
                run("-Xmx2500m", "java", "-Xmx1g", "-jar", "a.jar"),
            ),
            (
                "so does the launcher's own variable",
                {"env": {"JDK_JAVA_OPTIONS": "-Xmx1g", "JAVA_TOOL_OPTIONS": "-Xmx1400m"}},
                {"env": {"JDK_JAVA_OPTIONS": "-Xmx1g", "JAVA_TOOL_OPTIONS": "-Xmx2500m"}},
            ),
            (
                "a share, where the heap is told",
                run("-XX:MaxRAMPercentage=70", "java", "-Xmx1g"),
                run("-XX:MaxRAMPercentage=95", "java", "-Xmx1g"),
            ),
            (
                "one flag of the heap, after which the other stands",
                java("-Xmx1400m -XX:MaxHeapSize=1g"),
                java("-Xmx2500m -XX:MaxHeapSize=1g"),
            ),
            ("of the tool that built it", run("-Xmx1400m", name="MAVEN_OPTS"), run("-Xmx2500m", name="MAVEN_OPTS")),
            (
                "of a tool, and nobody tells what runs",
                {"env": {"MAVEN_OPTS": "-Xmx1400m"}},
                {"env": {"MAVEN_OPTS": "-Xmx2500m"}},
            ),
            ("in a note", {"env": {"BUILD_NOTE": "-Xmx1g"}}, {"env": {"BUILD_NOTE": "-Xmx4g"}}),
            (
                "of Node, and Java runs",
                run("--max-old-space-size=1400", name="NODE_OPTIONS"),
                run("--max-old-space-size=2500", name="NODE_OPTIONS"),
            ),
            (
                "of a script that does not start it",
                run("-Xmx1400m", name="JAVA_OPTS"),
                run("-Xmx2500m", name="JAVA_OPTS"),
            ),
            ("of Java or Node, and nobody tells which runs", both("-Xmx1400m", 900), both("-Xmx2500m", 900)),
        )
    ),
    DoesNotHold("its pods lived for days with it first", heap(java("-Xmx1400m"), java("-Xmx2g"), restarts=2), ANEW),
]
