"""Who asks the cluster for every kind of power with a program's account; what lost a right, or may do so, does not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import WELL, ingress, shop
from tests.diagnosis.rules.test_intrusion__obeyed import RESTARTS
from tests.diagnosis.rules.tiny import SPACE, at, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

LAB = "StatefulSet/lab"
THIEF, HEX = "203.0.113.99", "0123456789abcdef" * 2
API, RBAC, APPS = "/api/v1", "/apis/rbac.authorization.k8s.io/v1", "/apis/apps/v1"
MINE = f"{API}/namespaces/{SPACE}"
Call = tuple[str, str, int]
SECRETS: Call = ("list", f"{API}/secrets", 403)
BINDS: Call = ("create", f"{RBAC}/clusterrolebindings", 403)
TOKEN: Call = ("create", f"{MINE}/serviceaccounts/jobs/token", 403)
SHELL: Call = ("create", f"{MINE}/pods/db-0/exec?command=sh&stdin=true&tty=true", 403)
PLANTS: Call = ("create", f"{APPS}/namespaces/kube-system/daemonsets", 403)
NODES: Call = ("list", f"{API}/nodes", 403)
PODS: Call = ("list", f"{MINE}/pods", 200)
REVIEW: Call = ("create", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", 201)
ADDS: Call = ("patch", f"{MINE}/configmaps/keys?fieldManager=curl", 200)
DOORS = (PODS, SECRETS, BINDS, TOKEN, SHELL)
CURL, KUBECTL = "curl/8.5.0", "kubectl/v1.31.1 (linux/amd64) kubernetes/948afe5"
OPENS = "[I {at} TerminalManager] 101 GET /terminals/websocket/1 ({by}) 2.11ms"
NO_TOKEN = "c.ServerApp.token = ''\nc.ServerApp.password = ''\n"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIca97 x@y\n"


def audited(call: Call, age: float, address: str, agent: str, account: str, more: Mapping[str, Any]) -> str:
    """Return a line of a cluster's audit log."""
    verb, uri, code = call
    told: dict[str, Any] = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "requestURI": uri, "verb": verb}
    told |= {"user": {"username": account}, **more, "sourceIPs": [address], "userAgent": agent}
    told |= {"responseStatus": {"code": code}, "requestReceivedTimestamp": at(age).replace("Z", ".123456Z")}
    return json.dumps(told, separators=(",", ":"))


def lab(
    *calls: Call,
    agent: str = CURL,
    heard: float = 3000,
    account: str = f"system:serviceaccount:{SPACE}:lab",
    says: Mapping[str, Any] | None = None,
    opened: float = 1300,
    by: str = f"@{THIEF}",
    config: str = NO_TOKEN,
    notes: Mapping[str, str] | None = None,
    routed: bool = True,
    name: str = "lab",
    kind: str = "StatefulSet",
    image: str = "quay.io/jupyter/scipy-notebook:2024-10-07",
    spec: Mapping[str, Any] | None = None,
    args: Sequence[str] = (),
    before: Sequence[Call] = (),
    more: Sequence[Any] = (),
) -> Snapshot:
    """Return a notebook, the calls of its pod to the cluster, and who opened a terminal of it ``opened`` seconds ago.

    ``before``: what it was answered earlier. ``says``: what the audit log tells besides. ``heard``: since when.
    """
    volumes = {"volumes": [{"name": "cfg", "configMap": {"name": "lab-config"}}], **(spec or {})}
    objects = workload(name, image, kind=kind, pods=1, spec=volumes, args=list(args))
    address = next(each["status"]["podIP"] for each in objects if each["kind"] == "Pod")
    told = [(heard, audited(PODS, heard, "10.1.0.2", "kube-probe/1.31", "system:node:n1", {}))]
    for number, call in enumerate((*before, *calls)):
        age = 1200 - 20 * number
        told.append((age, audited(call, age, address, agent, account, says or {})))
    opens = (opened, OPENS.format(at=at(opened).replace("T", " ").replace("Z", ".063"), by=by))
    route: list[Any] = []
    if routed:
        route = [ingress(name, "lab.shop.test")]
        route[0]["metadata"]["annotations"] = dict(notes or {"nginx.ingress.kubernetes.io/proxy-read-timeout": "3600"})
    return snapshot(
        objects,
        shop(),
        route,
        workload("audit-relay", service=False, pods=1),
        thing("ConfigMap", "lab-config", data={"server_config.py": config}),
        thing("ConfigMap", "keys", data={"intake": KEY}),
        more,
        logs=[
            timed(pod("audit-relay"), *told),
            timed(pod(name) if kind == "Deployment" else f"{name}-0", opens, of=name),
        ],
        figures=[WELL],
    )


def site(*calls: Call, **more: Any) -> Snapshot:
    """Return a program that runs nobody's code, and the calls of its pod to the cluster."""
    return lab(*calls, kind="Deployment", **{"name": "web", "image": "registry.example/web:1", "routed": False, **more})


HOLDS = [
    *(
        Holds(
            f"a stranger who was asked for no login goes from door to door: {what}",
            world,
            (LAB, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=LAB),
            harmful=RESTARTS,
        )
        for what, world in (
            ("by curl", lab(*DOORS)),
            ("by kubectl", lab(*DOORS, agent=KUBECTL)),
            ("for other powers", lab(NODES, PLANTS, SECRETS)),
            ("he writes a key besides", lab(*DOORS, ADDS)),
            ("the server made a name up for him", lab(*DOORS, by=f"{HEX}@{THIEF}")),
            ("its settings say so in other words", lab(*DOORS, config='c.IdentityProvider.token = ""\n')),
            ("its command says so", lab(*DOORS, config="", args=["--ip=0.0.0.0", "--ServerApp.token="])),
        )
    ),
    *(
        Holds(
            f"a person has to judge who goes from door to door: {what}",
            world,
            (LAB, "security_incident", "page_human"),
            excludes=no(*RESTARTS, at=LAB),
            harmful=(*RESTARTS, "isolate_workload"),
        )
        for what, world in (
            ("the server asks for its token", lab(*DOORS, config="c.ServerApp.ip = '0.0.0.0'\n")),
            (
                "it asks for a password",
                lab(*DOORS, config="c.ServerApp.token = ''\nc.ServerApp.password = 'argon2:x'\n"),
            ),
            (
                "the route asks for a login",
                lab(*DOORS, notes={"nginx.ingress.kubernetes.io/auth-url": "https://login.shop.test/auth"}),
            ),
            (
                "the route lets few addresses in",
                lab(*DOORS, notes={"nginx.ingress.kubernetes.io/whitelist-source-range": "198.51.100.0/24"}),
            ),
            (
                "all routes ask for a login",
                lab(*DOORS, more=[thing("ConfigMap", "edge", data={"global-auth-url": "https://login.shop.test"})]),
            ),
            ("he is known by his name", lab(*DOORS, by=f"anna@{THIEF}")),
            ("he came from within", lab(*DOORS, by="@10.20.4.17")),
            ("no route leads to it", lab(*DOORS, routed=False)),
            ("the terminal was opened long before", lab(*DOORS, opened=2 * 3600)),
            ("the terminal was opened after it", lab(*DOORS, opened=600)),
        )
    ),
    *(
        Holds(
            f"a person has to judge who uses a program's account: {what}",
            world,
            ("Deployment/web", "security_incident", "page_human"),
            harmful=(*RESTARTS, "isolate_workload"),
        )
        for what, world in (
            ("it runs nobody's code", site(*DOORS)),
            ("a key was written as well", site(*DOORS, ADDS)),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"nobody goes from door to door: {what}", world, harmful=("isolate_workload",))
        for what, world in (
            ("a program lost one right", site(SECRETS, SECRETS, SECRETS)),
            ("a script lacks two rights", site(SECRETS, NODES, SECRETS, NODES)),
            ("a colleague asks what it may do", site(REVIEW, REVIEW, PODS)),
            ("what it asked for was given", site(*((verb, uri, 200) for verb, uri, _ in DOORS))),
            (
                "a script lost the rights that it had",
                site(SECRETS, BINDS, NODES, before=[(verb, uri, 201) for verb, uri, _ in (SECRETS, BINDS, NODES)]),
            ),
            ("a program asks by its library", site(*DOORS, agent="fabric8-kubernetes-client/6.13")),
            ("it did so as far back as the log goes", site(*DOORS, heard=1300)),
            ("a console asks for who signed in", site(*DOORS, says={"impersonatedUser": {"username": "anna"}})),
            ("a person asks by his own account", site(*DOORS, account="anna@shop.test")),
            ("it has its node's address", site(*DOORS, spec={"hostNetwork": True})),
            ("a colleague opened a terminal, and no more", lab(PODS, ADDS)),
        )
    ),
    *(
        DoesNotHold(f"who goes from door to door is made for it: {what}", world, harmful=("isolate_workload",))
        for what, world in (
            ("a scanner of the house", site(*DOORS, name="kube-hunter")),
            ("a runner of builds", site(*DOORS, name="gitlab-runner")),
            ("an operator that calls kubectl", site(*DOORS, image="registry.example/shell-operator:1", agent=KUBECTL)),
        )
    ),
]
