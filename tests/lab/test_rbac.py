"""The account has the rights it needs and no other: each is taken away once, and the refusal is clear."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from lab.paths import Lab
from rbac.generate import manifests
from tests.lab.scratch import NAMESPACE, PLATFORM, Played, Scratch, can, scratch_platform, until

pytestmark = pytest.mark.lab

RULES: list[dict[str, Any]] = manifests(PLATFORM)[1]["rules"]


class Right(NamedTuple):
    """One verb on one resource; `rule` is where it stands among the rules."""

    resource: str
    verb: str
    rule: int

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


def rights() -> list[Right]:
    """Every single right of the account."""
    found = []
    for number, rule in enumerate(RULES):
        group = rule["apiGroups"][0]
        for resource in rule["resources"]:
            name = f"{group}/{resource}" if group == "metrics.k8s.io" else resource
            found += [Right(name, verb, number) for verb in rule["verbs"]]
    return found


def without(right: Right) -> list[dict[str, Any]]:
    """The account's rules but for one right."""
    rules = copy.deepcopy(RULES)
    rule = rules.pop(right.rule)
    resource = right.resource.rpartition("/")[2] if right.resource.startswith("metrics") else right.resource
    left = [verb for verb in rule["verbs"] if verb != right.verb]
    others = [each for each in rule["resources"] if each != resource]
    rules += [{**rule, "resources": others}] if others else []
    return rules + ([{**rule, "resources": [resource], "verbs": left}] if left else [])


# --- what asks for each right


def restart(scratch: Scratch) -> Played:
    return scratch.act("restart_workload")


def restart_in_view(scratch: Scratch) -> Played:
    """A restart that is not over before it is watched, however busy the machine is."""
    scratch.kubectl("patch", "deployment", "web", "-p", '{"spec": {"minReadySeconds": 8}}')
    try:
        return restart(scratch)
    finally:
        scratch.kubectl("patch", "deployment", "web", "-p", '{"spec": {"minReadySeconds": 0}}')


def restart_store(scratch: Scratch) -> Played:
    return scratch.act("restart_workload", ir_service="store")


def verify(scratch: Scratch) -> Played:
    return scratch.play("verify_service")


def verify_store(scratch: Scratch) -> Played:
    return scratch.play("verify_service", ir_service="store")


def record(scratch: Scratch) -> Played:
    scratch.kubectl("delete", "configmap", "--all")
    return scratch.play("verify_service", ir_record_good=True)


def record_again(scratch: Scratch) -> Played:
    data = {"template_hash": "another"}
    meta = {"name": "tuheg-ir-last-good-web", "namespace": NAMESPACE}
    scratch.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data})
    return scratch.play("verify_service", ir_record_good=True)


def scale(scratch: Scratch) -> Played:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 2000}}
    spec = {
        "scaleTargetRef": target,
        "minReplicas": 1,
        "maxReplicas": 4,
        "metrics": [{"type": "Resource", "resource": cpu}],
    }
    meta = {"name": "web", "namespace": NAMESPACE}
    scratch.kubectl("delete", "hpa", "--all")
    scratch.apply({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta, "spec": spec})
    return scratch.act("scale_workload")


def pool(scratch: Scratch) -> Played:
    return scratch.act("restart_connection_pool")


def evidence(scratch: Scratch) -> Played:
    return scratch.play("collect_evidence")


def first_lock(scratch: Scratch) -> Played:
    scratch.kubectl("delete", "lease", "--all")
    return restart(scratch)


def diagnose(scratch: Scratch) -> Played:
    """A ladder that finds the service sick by a probe, and nothing to roll back to."""
    sick = copy.deepcopy(PLATFORM["ir_services"])
    sick["web"]["probes"][0]["promql"] = "vector(0)"
    return scratch.play("respond_high_error_rate", ir_incident=scratch.incident(), ir_services=sick)


def unblock_store(scratch: Scratch) -> Played:
    """A rollback out of a revision whose pod never got ready, which the controller does not replace."""
    scratch.fresh("store")
    assert scratch.play("verify_service", ir_service="store", ir_record_good=True).code == 0
    scratch.release("store", version="2", image="registry.invalid/lab/nosuch:1", imagePullPolicy="Never")
    until(lambda: "ErrImageNeverPull" in scratch.kubectl("get", "pods", "-l", "app=store"))
    return scratch.act("rollback_workload", ir_service="store")


def snapshot(scratch: Scratch) -> Played:
    return scratch.snapshot()


ASKS: dict[tuple[str, str], Any] = {
    ("pods", "list"): restart,
    ("pods", "watch"): restart_in_view,
    ("pods", "get"): unblock_store,
    ("pods", "delete"): unblock_store,
    ("pods/log", "get"): evidence,
    ("pods/exec", "get"): pool,
    ("pods/exec", "create"): pool,
    ("events", "list"): evidence,
    ("resourcequotas", "list"): scale,
    ("deployments", "get"): verify,
    ("deployments", "list"): restart,
    ("deployments", "watch"): restart_in_view,
    ("deployments", "patch"): restart,
    ("statefulsets", "get"): verify_store,
    ("statefulsets", "list"): restart_store,
    ("statefulsets", "watch"): restart_store,
    ("statefulsets", "patch"): restart_store,
    ("replicasets", "list"): verify,
    ("replicasets", "watch"): restart_in_view,
    ("controllerrevisions", "list"): verify_store,
    ("controllerrevisions", "watch"): restart_store,
    ("horizontalpodautoscalers", "list"): scale,
    ("horizontalpodautoscalers", "get"): scale,
    ("horizontalpodautoscalers", "patch"): scale,
    ("metrics.k8s.io/pods", "list"): diagnose,
    ("leases", "create"): first_lock,
    ("leases", "get"): restart,
    ("leases", "update"): restart,
    ("configmaps", "create"): record,
    ("configmaps", "get"): record,
    ("configmaps", "update"): record_again,
    **{
        (resource, "list"): snapshot
        for resource in (
            "applications",
            "applicationsets",
            "authorizationpolicies",
            "backendtrafficpolicies",
            "bgpadvertisements",
            "certificaterequests",
            "certificates",
            "challenges",
            "configmaps",
            "cronjobs",
            "daemonsets",
            "destinationrules",
            "endpointslices",
            "externalsecrets",
            "grants",
            "httproutes",
            "ingresses",
            "jobs",
            "kafkas",
            "kafkatopics",
            "kafkausers",
            "l2advertisements",
            "limitranges",
            "networkpolicies",
            "peerauthentications",
            "permissions",
            "persistentvolumeclaims",
            "poddisruptionbudgets",
            "scaledobjects",
            "serviceentries",
            "services",
            "sidecars",
            "topicpermissions",
            "virtualservices",
        )
    },
}


@pytest.fixture(scope="module")
def platform(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    yield from scratch_platform(lab, tmp_path_factory.mktemp("home"))


@pytest.fixture
def scratch(platform: Scratch) -> Iterator[Scratch]:
    yield platform
    platform.grant()
    # The workload's own rights come last in the authorizer's cache as well.
    until(lambda: can(platform.lab, "update", "configmaps/tuheg-ir-last-good-web", NAMESPACE) == "yes")


def test_every_right_is_asked_for_by_something() -> None:
    assert {(right.resource, right.verb) for right in rights()} == set(ASKS)


@pytest.mark.parametrize("right", rights(), ids=str)
def test_without_a_right_the_refusal_names_it_and_where_rights_come_from(scratch: Scratch, right: Right) -> None:
    scratch.grant(without(right))
    until(lambda: can(scratch.lab, right.verb, asked(right), NAMESPACE) == "no")
    played = ASKS[right.resource, right.verb](scratch)
    told = [played.error] if played.error else []
    told += [{"what": note, "next": "rbac/"} for note in notes(played)]
    resource = right.resource.removeprefix("metrics.k8s.io/")
    named = [each for each in told if right.verb in each["what"] and resource in each["what"]]
    assert named, played.out[-3000:]
    assert "rbac/" in named[0]["next"]
    assert "Traceback" not in played.out


def asked(right: Right) -> str:
    """The right's resource as `kubectl auth can-i` takes it; a named one with its name."""
    rule = RULES[right.rule]
    resource = f"pods.{rule['apiGroups'][0]}" if right.resource.startswith("metrics") else right.resource
    return f"{resource}/{rule['resourceNames'][0]}" if "resourceNames" in rule and "/" not in resource else resource


def notes(played: Played) -> list[str]:
    """What a run did without: it goes on, and tells."""
    facts = played.result["facts"]
    return [*facts["notes"], *facts["evidence"].get("note", "").split("; ")]


REFUSED = [
    ("delete", "pods"),
    ("get", "secrets"),
    ("list", "secrets"),
    ("create", "pods"),
    ("create", "pods/exec"),
    ("create", "pods/portforward"),
    ("patch", "deployments/another"),
    ("delete", "deployments"),
    ("get", "configmaps/another"),
    ("patch", "roles"),
    ("create", "serviceaccounts/token"),
    ("get", "nodes"),
]


@pytest.mark.parametrize(("verb", "resource"), REFUSED, ids=lambda word: word)
def test_what_no_play_needs_is_not_granted(platform: Scratch, verb: str, resource: str) -> None:
    assert can(platform.lab, verb, resource, NAMESPACE) == "no"


def test_no_right_reaches_another_namespace(platform: Scratch) -> None:
    assert can(platform.lab, "get", "deployments", "kube-system") == "no"
    assert can(platform.lab, "list", "pods", "tuheg-production") == "no"
