"""A proxy that looked up the names of pods as it started, and asks those that are gone since they had to move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import errors
from tests.diagnosis.rules.test_asks_pods_that_are_gone import EDGE, FIXED, GONE, TIMED_OUT, asks
from tests.diagnosis.rules.tiny import DAY, SPACE, Obj, at, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

GROUP = (
    "upstream search {{\n  server app-0.app.{0}.svc.cluster.local:8080{1};\n  server app-1.app.{0}.svc:8080{1};\n}}\n"
)
LOCATION = "server { listen 8080; location / { proxy_pass http://search/; } }"
FILE = GROUP.format(SPACE, " max_fails=2") + LOCATION
DIRECT = f"server {{ location / {{ proxy_pass http://app.{SPACE}:8080/; }} }}"
BOTH = thing("ConfigMap", "edge", data={"default.conf": FILE + DIRECT.replace("app", "cart")})
ALL = [asks(*GONE), asks(*GONE, number=1)]
LATELY = [asks(*GONE, since=1700), asks(*GONE, number=1, since=1700)]
"""They began while the first pod had moved and the second had not."""


def moved(*ages: float, headless: bool = True, name: str = "app", **more: Any) -> list[Obj]:
    """Return a workload whose pods were made anew at these ages, as their nodes were drained one after the other."""
    made = workload(name, **{"kind": "StatefulSet", "pods": len(ages), **more})
    for each, age in zip(pods_of(made), ages, strict=True):
        each["metadata"]["creationTimestamp"] = at(age)
        each["status"]["startTime"] = at(age)
    for obj in made:
        if obj["kind"] == "Service" and headless:
            obj["spec"]["clusterIP"] = "None"
    return made


def config(text: str = FILE, written: float | None = None) -> Obj:
    return thing("ConfigMap", "edge", age=200 * DAY, written=written, data={"default.conf": text})


def edge(**more: Any) -> list[Obj]:
    spec = {"volumes": [{"name": "conf", "configMap": {"name": "edge"}}]}
    return workload("edge", **{"spec": spec, **more})


def world(
    *more: Any, file: Obj | None = None, app: list[Obj] | None = None, logs: Sequence[Log] = LATELY, **of: Any
) -> Snapshot:
    app = moved(1800, 900) if app is None else app
    return snapshot(edge(**of), file or config(), app, *more, logs=logs, figures=[errors("edge")])


RESTART = (EDGE, "network_fault", "restart_workload")
ASK = (EDGE, "network_fault", "page_human")
YOUNG = log(pod("cart"), *[f'{TIMED_OUT}"http://10.1.7.1:8080/"'] * 2, since=600)

AT_WORK = log(pod("edge", 1), *["INFO GET /orders 200"] * 20, since=600)
NAMED = (
    "ERROR io.netty.channel.AbstractChannel$AnnotatedConnectException: Connection refused: app/10.1.7.1:8080",
    "ERROR connection timed out after 10000 ms: app.town.svc.cluster.local/10.1.7.1:8080",
    "ERROR HttpHostConnectException: Connect to app:8080 [app/10.1.7.1] failed: Connection refused",
)


def java(line: str, *others: Log, headless: bool = True, env: dict[str, str] | None = None, **more: Any) -> Snapshot:
    """Return a program that keeps the address it once found for a name, and its like that does not."""
    asks_it = log(pod("edge"), *[line] * 20, since=600)
    caller = workload("edge", env=env or {"APP_URL": "http://app:8080"}, **more)
    app = moved(660, 650, headless=headless)
    return snapshot(caller, app, logs=[asks_it, *(others or [AT_WORK])], figures=[errors("edge")])


THERE = str(pods_of(moved(660, 650))[0]["status"]["podIP"])
ALIAS = {"hostAliases": [{"ip": "10.1.7.1", "hostnames": ["app"]}]}
HOLDS = [
    *(Holds(f"one of two keeps the address of a name: {line}", java(line), RESTART) for line in NAMED),
    Holds(
        "all pods of the caller do: what they are told may be wrong",
        java(NAMED[0], log(pod("edge", 1), *[NAMED[0]] * 20, since=600)),
        ASK,
        harmful=("restart_workload",),
    ),
    Holds("its own hosts file has it", java(NAMED[0], spec=ALIAS), ASK, harmful=("restart_workload",)),
    Holds(
        "each of its pods has the former addresses: its file names pods that moved one after the other",
        world(),
        RESTART,
        excludes=no("restart_workload", "rollback_workload", at="StatefulSet/app"),
        harmful=("rollback_workload", "scale_workload"),
    ),
    Holds("all moved at once", world(app=moved(660, 650), logs=ALL), RESTART),
    Holds("it leads to the name of all of them", world(file=config(DIRECT)), RESTART),
    *(
        Holds(f"nobody knows whether new pods would have others: {what}", found, ASK, harmful=("restart_workload",))
        for what, found in (
            ("its file bids it to look again", world(file=config(GROUP.format(SPACE, " resolve") + LOCATION))),
            ("its file has a variable", world(file=config('set $app "app"; proxy_pass http://$app:8080;'))),
            ("the line is a comment", world(file=config(f"# {DIRECT}\nserver {{ listen 8080; }}"))),
            ("its file names somebody else", world(file=config(DIRECT.replace("app", "cart")))),
            ("its file has the addresses", world(file=config(FILE + f"# server {GONE[0]}:8080;"))),
            ("its file was edited since it started", world(file=config(written=7200))),
            ("its file is not there", snapshot(edge(), moved(1800, 900), logs=LATELY, figures=[errors("edge")])),
            ("the name is that of a Service with an address", world(app=moved(1800, 900, headless=False))),
            ("its settings have the address", world(env=FIXED)),
            ("it started after they had moved", world(started=800)),
            ("who is younger is led to them too", world(workload("cart", started=500), logs=[*LATELY, YOUNG])),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, found, harmful=("restart_workload", "rollback_workload"))
    for what, found in (
        ("a pod moved, and another one never did", world(app=moved(1800, 20 * DAY))),
        ("pods moved hours later", world(app=moved(1800 + 8 * 3600, 900))),
        ("one that moved is not ready", world(app=moved(1800, 900, ready=1))),
        ("they have been asked in vain since before they moved", world(app=moved(1000, 900))),
        ("the name leads to a Service with an address", java(NAMED[0], headless=False)),
        ("another one moved as well, which it asks at the same port", world(moved(1790, 890, name="cart"), file=BOTH)),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        "a pod has the address that it found",
        java(NAMED[0].replace("10.1.7.1", THERE)),
        ("StatefulSet/app", "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "a release of its own came with it",
        world(before={"env": FIXED}, released=1750, env={"UPSTREAM": "app"}),
        (EDGE, "configuration_error", "rollback_workload"),
    ),
]
