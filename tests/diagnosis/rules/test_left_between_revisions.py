"""Pods that a partition, a pause or OnDelete keeps on the former template take a new setting otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, reown
from tests.diagnosis.rules.scenes import alert, latency
from tests.diagnosis.rules.tiny import DAY, Obj, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

ROUTER, BANK = "StatefulSet/router", "Deployment/bank"
HELD: dict[str, Any] = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}}
BY_HAND: dict[str, Any] = {"updateStrategy": {"type": "OnDelete"}}
READS: dict[str, Any] = {"volumes": [{"name": "switches", "configMap": {"name": "switches"}}]}
WORK = "INFO order 81{n} placed and closed"
TWICE = "INFO order 81{n} placed, bulk on: trial, left open"
FLAG = 'INFO feature flag "bulk" has changed: off -> on'
HARM = ("restart_workload", "rollback_workload", "scale_workload")
PERSON = (ROUTER, "configuration_error", "page_human")


def told(name: str, *since: str, work: str = WORK, came: float = 1700, begins: float = 3500) -> Log:
    """Return the log of a pod: its work until a moment, then each of some lines every two minutes, beside its work."""
    lines = [(age, work) for age in range(int(begins), 30, -120)]
    lines += [(age, line) for line in since for age in range(int(came), 30, -120)]
    ordered = sorted(lines, reverse=True)
    return timed(name, *((age, line.replace("{n}", str(n))) for n, (age, line) in enumerate(ordered)))


def router(
    spec: Mapping[str, Any] = HELD, *, kind: str = "StatefulSet", former: int = 1, written: float = 1800, **more: Any
) -> list[Obj]:
    """Return a router of three pods that was left half done hours ago, and the settings that all of them read."""
    objects = workload(
        "router", kind=kind, pods=3, before={"image": "registry.example/router:0"}, released=9000, spec=READS, **more
    )
    objects[0]["spec"] |= spec
    for each in pods_of(objects)[:former]:
        if kind == "Deployment":
            reown(each, "router-r1", 10 * DAY)
        each["metadata"]["labels"]["controller-revision-hash"] = "router-r1"
    return [*objects, thing("ConfigMap", "switches", written=written, data={"bulk": "true"})]


def bank() -> list[Obj]:
    return workload("bank")


def world(
    objects: list[Obj] | None = None,
    *logs: Log,
    of: str = "router-{n}",
    alerts: tuple[Any, ...] = (alert("PaidTwice", service="bank"),),
    figures: tuple[Any, ...] = (),
    asks: bool = True,
) -> Snapshot:
    """Return a router that sends orders to a bank, whose alert fires."""
    env = {"BANK_URL": "http://bank:8080"} if asks else {}
    names = [of.replace("{n}", str(n)) for n in range(3)]
    said = logs or (told(names[0], TWICE), told(names[1]), told(names[2]))
    return snapshot(
        objects if objects is not None else router(env=env), bank(), logs=said, alerts=alerts, figures=figures
    )


def asking(spec: Mapping[str, Any] = HELD, **more: Any) -> list[Obj]:
    return router(spec, env={"BANK_URL": "http://bank:8080"}, **more)


def logs_of(*lines: tuple[str, ...], of: str = "router-{n}", **more: Any) -> tuple[Log, ...]:
    return tuple(told(of.replace("{n}", str(n)), *said, **more) for n, said in enumerate(lines))


DEPLOYED = [pod("router", n) for n in range(3)]
HOLDS = [
    Holds(
        "a partition keeps the first pod on the former image",
        world(),
        PERSON,
        excludes=(*no(*HARM, at=ROUTER), *no("restart_workload", "rollback_workload", at=BANK)),
        harmful=HARM,
    ),
    Holds(
        "pods are made anew only when somebody deletes them, and two of three were not",
        world(asking(BY_HAND, former=2), *logs_of((TWICE,), (TWICE,), ())),
        PERSON,
        harmful=HARM,
    ),
    Holds(
        "a paused Deployment; the new pods have new lines of their own, and it is the router that is slow",
        world(
            asking({"paused": True}, kind="Deployment"),
            told(DEPLOYED[0], "level=info msg=mirroring target=bank id=a{n}"),
            told(DEPLOYED[1], "level=info msg=split id=b{n}"),
            told(DEPLOYED[2]),
            alerts=(),
            figures=(latency("router", since=1500),),
        ),
        ("Deployment/router", "configuration_error", "page_human"),
        harmful=HARM,
    ),
    Holds(
        "the setting is a flag of a service outside, of which pods of both templates tell",
        snapshot(
            asking(written=2 * DAY),
            bank(),
            logs=[told(f"router-{n}", *((TWICE,) if not n else ())) for n in range(3)]
            + [timed(f"router-{n}", (1790, FLAG), of="router") for n in range(3)],
            alerts=[alert("PaidTwice", service="bank")],
        ),
        PERSON,
        harmful=HARM,
    ),
    Holds("the alert names nobody", world(alerts=(alert("PaidTwice"),)), PERSON, harmful=HARM),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, case, ASK, harmful=HARM)
        for what, case in (
            ("nothing holds the roll-out: it goes on", world(asking({}))),
            ("its partition is below the pod that differs", world(asking(former=2), *logs_of((TWICE,), (TWICE,), ()))),
            ("no setting was written", world(asking(written=20 * DAY))),
            ("it was written before the new pods were started", world(asking(written=9500))),
            ("it told the same before the setting", world(asking(), *logs_of((TWICE,), (), (), came=3000))),
            ("the new pods tell it too", world(asking(), *logs_of((TWICE,), (TWICE,), ()))),
            ("it told of it long after the setting", world(asking(), *logs_of((TWICE,), (), (), came=500))),
            ("nobody knows what the new ones tell", world(asking(), told("router-0", TWICE))),
            ("its log begins after the setting", world(asking(), *logs_of((TWICE,), (), (), begins=1600))),
            ("it has told of nothing new", world(asking(), *logs_of((), (), ()))),
            ("all pods are of the new template", world(asking(former=0))),
        )
    ),
    DoesNotHold("nobody suffers", world(alerts=())),
]
