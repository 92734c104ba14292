"""What is read of namespaces beside the target's: what may stand beside its own objects, and what is told of it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.diagnosis.rules.tiny import NOW, Obj, snapshot, thing, workload
from tests.diagnosis.test_collector import KUBE, Client, failures
from tuheg_ir.diagnosis.answer import public
from tuheg_ir.diagnosis.collector import Target, collect
from tuheg_ir.diagnosis.collector.also import as_one
from tuheg_ir.diagnosis.collector.logs import ALSO
from tuheg_ir.diagnosis.collector.reads import READS
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Snapshot, Source
from tuheg_ir.diagnosis.namesakes import Beside, beside, told_apart
from tuheg_ir.diagnosis.view.view import View

HERE = {"Deployment": [thing("Deployment", "web")], "Service": [thing("Service", "web")], "ConfigMap": []}


def named(kind: str, name: str, **more: Any) -> Obj:
    made = thing(kind, name, **more)
    made["metadata"]["namespace"] = "edge"
    return made


def owned(kind: str, name: str, owner: str) -> Obj:
    made = named(kind, name)
    made["metadata"]["ownerReferences"] = [dict(zip(("kind", "name"), owner.split("/"), strict=True))]
    return made


def about(kind: str, name: str) -> Obj:
    return {**named("Event", f"{name}.1"), "involvedObject": {"kind": kind, "name": name}}


def names(found: Beside) -> set[str]:
    return {f"{kind}/{obj['metadata']['name']}" for kind, held in found.objects.items() for obj in held}


# --- names tell who is who ---


def test_what_is_called_otherwise_stands_beside() -> None:
    found = beside(HERE, {"Deployment": [named("Deployment", "edge")], "Event": [about("Deployment", "edge")]})
    assert names(found) == {"Deployment/edge", "Event/edge.1"}
    assert found.left_out == ()


def test_what_is_called_like_something_here_is_left_out_with_all_that_it_made_and_all_that_is_told_of_it() -> None:
    slices = named("EndpointSlice", "web-x1")
    slices["metadata"]["labels"] = {"kubernetes.io/service-name": "web"}
    there = {
        "Event": [about("Pod", "web-1-a"), about("Pod", "other-a")],
        "Pod": [owned("Pod", "web-1-a", "ReplicaSet/web-1"), owned("Pod", "other-a", "ReplicaSet/other-1")],
        "ReplicaSet": [
            owned("ReplicaSet", "web-1", "Deployment/web"),
            owned("ReplicaSet", "other-1", "Deployment/other"),
        ],
        "Deployment": [named("Deployment", "web"), named("Deployment", "other")],
        "Service": [named("Service", "web")],
        "EndpointSlice": [slices],
    }
    found = beside(HERE, there)
    assert names(found) == {"Event/other-a.1", "Pod/other-a", "ReplicaSet/other-1", "Deployment/other"}
    assert found.left_out == ("Deployment/web", "Service/web")


def test_what_is_told_of_a_name_of_ours_is_left_out_though_its_namesake_was_not_read() -> None:
    scaler, node = thing("HorizontalPodAutoscaler", "web"), thing("Node", "n1")
    scaler["metadata"]["namespace"], node["metadata"]["namespace"] = "shop", ""
    told = [about("HorizontalPodAutoscaler", "web"), about("HorizontalPodAutoscaler", "edge"), about("Node", "n1")]
    found = beside({"HorizontalPodAutoscaler": [scaler], "Node": [node]}, {"Event": told})
    assert names(found) == {"Event/edge.1", "Event/n1.1"}


def test_what_each_namespace_is_given_is_left_out_without_a_word() -> None:
    here = {"ConfigMap": [thing("ConfigMap", "kube-root-ca.crt")]}
    found = beside(here, {"ConfigMap": [named("ConfigMap", "kube-root-ca.crt")]})
    assert names(found) == set()
    assert found.left_out == ()


# --- what is told of it ---

READ = Source("pods in edge", ok=True, ms=30, note="2", at=NOW)
REFUSED = Source(
    "pods in edge", ok=False, ms=3, note="our account lacks the right to list pods", kind="forbidden", at=NOW
)
GONE = Source("keda.sh/scaledobjects in edge", ok=True, note="0; the cluster has no such API", at=NOW)
LATE = Source("events in edge", ok=False, ms=9, note="no answer in time", kind="late", at=NOW)
TWO = Beside({"Pod": [named("Pod", "a"), named("Pod", "b")]}, ())


@pytest.mark.parametrize(
    ("lists", "found", "told"),
    [
        pytest.param([READ, READ._replace(ms=70)], TWO, [("namespace edge", True, "2", 70)], id="all were read"),
        pytest.param(
            [REFUSED, REFUSED], Beside({}, ()), [("namespace edge", False, REFUSED.note, 3)], id="none may be"
        ),
        pytest.param(
            [READ, REFUSED],
            TWO,
            [("namespace edge", True, "2", 30), ("pods in edge", False, REFUSED.note, 3)],
            id="some may",
        ),
        pytest.param(
            [LATE, REFUSED],
            Beside({}, ()),
            [("events in edge", False, LATE.note, 9), ("pods in edge", False, REFUSED.note, 3)],
            id="none was read, for two reasons",
        ),
        pytest.param(
            [READ],
            TWO._replace(left_out=("Service/web",)),
            [("namespace edge", True, "2; left out, for others are called so: Service/web", 30)],
            id="a name that is here too",
        ),
        pytest.param(
            [READ],
            Beside({"Pod": []}, ()),
            [("namespace edge", False, "there is nothing in it: is that the right namespace?", 30)],
            id="a name that was mistyped",
        ),
    ],
)
def test_the_lists_of_a_namespace_are_told_as_one(
    lists: list[Source], found: Beside, told: list[tuple[str, bool, str, int]]
) -> None:
    assert [(each.source, each.ok, each.note, each.ms) for each in as_one("edge", lists, found)] == told


# --- a whole pass ---


class Two(Client):
    """Two namespaces: lists of the second are those that are given as `edge`."""

    def get(self, path: str, query: Any = None, *, timeout_s: float) -> dict[str, Any]:
        if "/namespaces/edge/" not in path:
            return super().get(path, query, timeout_s=timeout_s)
        self.asked.append((path, dict(query or {})))
        edge = self.lists.get("edge", {})
        if isinstance(edge, Exception):
            raise edge
        return {"items": edge.get(path.rsplit("/", 1)[1], [])}


def crashing(name: str, space: str) -> Obj:
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    states = [{"name": "main", "ready": False, "restartCount": 9, "state": waiting}]
    return {"metadata": {"name": name, "namespace": space}, "status": {"containerStatuses": states}}


def pass_over(**lists: Any) -> tuple[Snapshot, Two]:
    client = Two(**lists)
    return collect({}, Target("shop", also=("edge",)), client=client).snapshot, client


def test_what_runs_in_another_namespace_is_read_with_its_logs() -> None:
    pods = [crashing(f"edge-{n}", "edge") for n in range(ALSO + 5)]
    found, client = pass_over(pods=[crashing("web-1", "shop")], edge={"pods": pods})
    assert {pod["metadata"]["namespace"] for pod in found.of("Pod")} == {"shop", "edge"}
    assert sum(log.pod.startswith("edge-") for log in found.logs) == ALSO
    assert {path for path, _ in client.asked if path.endswith("/edge-1/log")} == {
        "/api/v1/namespaces/edge/pods/edge-1/log"
    }
    assert {path for path, _ in client.asked if path.endswith("/web-1/log")} == {
        "/api/v1/namespaces/shop/pods/web-1/log"
    }
    told = {source.source: source.note for source in found.sources}
    assert told["namespace edge"] == str(len(pods))


def test_neither_secrets_nor_what_only_rules_a_namespace_is_read_of_another() -> None:
    _, client = pass_over()
    kinds = {path.rsplit("/", 1)[1] for path, _ in client.asked if "/namespaces/edge/" in path}
    assert {"pods", "events", "deployments", "daemonsets", "services", "configmaps"} <= kinds
    assert not kinds & {"secrets", "networkpolicies", "resourcequotas", "poddisruptionbudgets", "jobs"}
    assert kinds == {each.plural for each in READS if each.also}


def test_a_namespace_is_read_once_however_often_it_is_named() -> None:
    client = Two()
    collect({}, Target("shop", also=("edge", "shop", "edge")), client=client)
    asked = [path for path, _ in client.asked if path.endswith("/pods") and "metrics" not in path]
    assert sorted(asked) == ["/api/v1/namespaces/edge/pods", "/api/v1/namespaces/shop/pods"]


def test_a_namespace_that_may_not_be_read_is_told_once_and_costs_nothing_else() -> None:
    refused = KUBE.KubeError("forbidden", "our account lacks the right to list pods")
    found, _ = pass_over(pods=[crashing("web-1", "shop")], edge=refused)
    assert failures(found)["namespace edge"] == "forbidden"
    assert not [source for source in found.sources if source.source.endswith(" in edge")]
    assert [pod["metadata"]["name"] for pod in found.of("Pod")] == ["web-1"]


def test_a_pass_that_is_slow_there_keeps_what_is_here() -> None:
    class Slow(Two):
        def get(self, path: str, query: Any = None, *, timeout_s: float) -> dict[str, Any]:
            if "/namespaces/edge/" in path:
                time.sleep(min(30.0, timeout_s))
                raise KUBE.KubeError("silent", "it stayed silent")
            return super().get(path, query, timeout_s=timeout_s)

    client = Slow(pods=[crashing("web-1", "shop")])
    found = collect({}, Target("shop", also=("edge",)), deadline_s=1.0, client=client).snapshot
    assert [pod["metadata"]["name"] for pod in found.of("Pod")] == ["web-1"]
    assert {kind for name, kind in failures(found).items() if name.endswith(" in edge")} <= {"silent", "late"}


def test_of_several_namespaces_ones_own_comes_first_and_then_the_one_that_was_read_first() -> None:
    def of(space: str, *found: Obj) -> list[Obj]:
        return [{**each, "metadata": {**each["metadata"], "namespace": space}} for each in found]

    secrets = [
        *of("staging", thing("Secret", "keys"), thing("Secret", "mail")),
        *of("shop", thing("Secret", "keys")),
        *of("test", thing("Secret", "mail"), thing("Secret", "own")),
    ]
    told = of("staging", about("Secret", "keys"), about("Secret", "mail"))
    found = told_apart("shop", {"Secret": secrets, "Event": told})
    kept = [(each["metadata"]["namespace"], each["metadata"]["name"]) for each in found.objects["Secret"]]
    assert kept == [("staging", "mail"), ("shop", "keys"), ("test", "own")]
    assert [each["metadata"]["name"] for each in found.objects["Event"]] == ["mail.1"]
    assert found.left_out == ("Secret/keys", "Secret/mail")


# --- what a diagnosis makes of it ---


def elsewhere(*objects: Obj) -> list[Obj]:
    for each in objects:
        each["metadata"]["namespace"] = "edge"
    return list(objects)


def test_a_selector_chooses_nothing_beyond_its_namespace() -> None:
    closed = thing("NetworkPolicy", "closed", spec={"podSelector": {}, "policyTypes": ["Ingress"]})
    front = thing("Service", "front", spec={"selector": {"app": "web"}})
    view = View(snapshot(workload("web"), elsewhere(closed, front)))
    assert view.services["web"].backends == ("Deployment/web",)
    assert view.services["front"].backends == ()
    assert [policy.binds for policy in view.policies] == [()]


def test_a_finding_says_in_which_namespace_its_component_is() -> None:
    held = snapshot(elsewhere(*workload("proxy", image="nowhere.example/proxy:2", ready=0)))
    for each in held.of("Pod"):
        each["status"]["containerStatuses"] = [
            {"name": "proxy", "ready": False, "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff"}}}
        ]
    told = public(decide(held), held)
    assert told["namespace"] == held.namespace
    assert [(each["component"], each["namespace"]) for each in told["findings"]] == [("Deployment/proxy", "edge")]
