"""A roll-out is healthy only if it is; what is wrong is named; what cannot be told is unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.rollout_judge import judge
from hypothesis import given
from hypothesis import strategies as st

from tests.collection.objects import NOW, at, deployment, ended, pod, replicaset, template, waiting

NEW, OLD = "web-new", "web-old"
MINUTE_AGO = NOW - timedelta(seconds=60)


def world(
    *pods: dict[str, Any], workload: dict[str, Any] | None = None, new: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """A Deployment with a current and an earlier ReplicaSet."""
    sets = [replicaset(NEW, number=2, **(new or {})), replicaset(OLD, template("app:0"), number=1)]
    return workload or deployment(), sets, list(pods) or [pod("a", NEW), pod("b", NEW)]


def verdict_of(*args: Any, **options: Any) -> tuple[str, str]:
    look = judge(*world(*args, **options), now=NOW, since=MINUTE_AGO)
    return look.verdict, look.cause


def test_all_pods_of_the_current_template_ready_and_no_other_is_healthy() -> None:
    look = judge(*world(), now=NOW, generation=3)
    assert (look.verdict, look.revision) == ("healthy", NEW)
    assert look.reason == "2 of 2 pods of web-new are ready"
    assert [each["name"] for each in look.pods] == ["a", "b"]


def test_pods_that_are_leaving_do_not_count() -> None:
    assert verdict_of(pod("a", NEW), pod("b", NEW), pod("c", OLD, deleted=True)) == ("healthy", "")


@pytest.mark.parametrize(
    ("workload", "cause"),
    [
        (deployment(paused=True), "paused"),
        (deployment(observed=2), "stale"),
        (deployment(template("app:9")), "stale"),
        (deployment(updatedReplicas=1), "progressing"),
        (deployment(replicas=3), "progressing"),
        (deployment(unavailableReplicas=1), "progressing"),
        (
            deployment(conditions=[{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}]),
            "progressing",
        ),
        (deployment(conditions=[{"type": "Available", "status": "True", "reason": "x"}]), "progressing"),
    ],
)
def test_what_kubectl_or_wait_might_call_ok_is_unknown(workload: dict[str, Any], cause: str) -> None:
    assert verdict_of(workload=workload) == ("unknown", cause)


def test_a_deployment_without_a_progress_deadline_has_no_condition_and_may_be_healthy() -> None:
    endless = deployment(conditions=[])
    endless["spec"]["progressDeadlineSeconds"] = 2**31 - 1
    assert verdict_of(workload=endless) == ("healthy", "")


def test_a_live_pod_of_another_template_is_not_healthy() -> None:
    assert verdict_of(pod("a", NEW), pod("b", NEW), pod("c", OLD)) == ("unknown", "progressing")


def test_a_surplus_pod_of_the_current_template_is_not_healthy() -> None:
    assert verdict_of(pod("a", NEW), pod("b", NEW), pod("c", NEW)) == ("unknown", "progressing")


def test_a_spec_changed_by_someone_else_is_unknown_even_if_it_is_complete() -> None:
    look = judge(*world(), now=NOW, generation=2)
    assert (look.verdict, look.cause) == ("unknown", "spec_changed")
    assert look.reason == "someone changed the spec (generation 3, ours was 2)"


def test_our_generation_not_to_be_seen_yet_is_waited_for() -> None:
    assert judge(*world(), now=NOW, generation=4).cause == "stale"


def test_scaled_to_zero_is_unhealthy_though_every_number_agrees() -> None:
    look = judge(deployment(replicas=0), [replicaset(NEW)], [], now=NOW)
    assert (look.verdict, look.cause) == ("unhealthy", "scaled_to_zero")


def test_a_neighbour_with_the_same_labels_is_not_looked_at() -> None:
    workload, sets, pods = world()
    neighbour = replicaset("other-x", template("app:7"), owner="d-2")
    crashing = pod("n", "other-x", ready=False, state=ended(3), restartCount=4)
    assert judge(workload, [*sets, neighbour], [*pods, crashing], now=NOW, since=MINUTE_AGO).verdict == "healthy"


@pytest.mark.parametrize(
    ("container", "cause", "says"),
    [
        ({"state": waiting("CreateContainerConfigError", "no nosuch")}, "CreateContainerConfigError", "no nosuch"),
        ({"state": waiting("ErrImageNeverPull", "not present")}, "ErrImageNeverPull", "not present"),
        ({"state": waiting("ImagePullBackOff", "back-off")}, "ImagePullBackOff", "ImagePullBackOff"),
        ({"state": waiting("InvalidImageName", "bad")}, "InvalidImageName", "bad"),
        ({"state": waiting("RunContainerError", "no such file")}, "RunContainerError", "no such file"),
        ({"state": ended(128, "StartError")}, "StartError", "exit 128 StartError"),
        ({"state": ended(3), "restartCount": 0}, "Error", "container app ended, exit 3 Error"),
        ({"lastState": ended(3), "restartCount": 1}, "Error", "container app was restarted, exit 3 Error"),
        ({"lastState": ended(137, "OOMKilled"), "restartCount": 2}, "OOMKilled", "exit 137 OOMKilled (2 restarts)"),
        ({"state": waiting("CrashLoopBackOff"), "lastState": ended(3), "restartCount": 5}, "Error", "exit 3 Error"),
    ],
)  # fmt: skip
def test_a_fault_of_a_current_pod_is_named_with_pod_and_cause(container: dict[str, Any], cause: str, says: str) -> None:
    bad = pod("b", NEW, ready="lastState" in container, **container)
    look = judge(*world(pod("a", NEW), bad), now=NOW, since=MINUTE_AGO)
    assert (look.verdict, look.cause) == ("unhealthy", cause)
    assert look.reason.startswith("pod b: ")
    assert says in look.reason


@pytest.mark.parametrize("kind", ["configmap", "secret"])
def test_a_kubelet_that_has_not_got_the_object_in_time_is_no_fault_of_the_release(kind: str) -> None:
    slow = waiting("CreateContainerConfigError", f"failed to sync {kind} cache: timed out waiting for the condition")
    look = judge(*world(pod("a", NEW), pod("b", NEW, ready=False, state=slow)), now=NOW, since=MINUTE_AGO)
    assert (look.verdict, look.cause) == ("unknown", "progressing")


def test_exit_137_alone_is_not_called_out_of_memory() -> None:
    killed = pod("b", NEW, lastState=ended(137, "Error"), restartCount=1)
    look = judge(*world(pod("a", NEW), killed), now=NOW, since=MINUTE_AGO)
    assert look.cause == "Error"
    assert "OOM" not in look.reason


@pytest.mark.parametrize(
    ("finished", "verdict"),
    [(-30, "unhealthy"), (-59, "unhealthy"), (-60, "healthy"), (-3600, "healthy")],
)
def test_restarts_count_only_after_since(finished: float, verdict: str) -> None:
    crashed = pod("b", NEW, lastState=ended(1, seconds=finished), restartCount=1)
    assert verdict_of(pod("a", NEW), crashed)[0] == verdict


def test_without_since_a_restart_that_left_the_pod_ready_is_no_fault() -> None:
    crashed = pod("b", NEW, lastState=ended(1), restartCount=9)
    assert judge(*world(pod("a", NEW), crashed), now=NOW).verdict == "healthy"


def test_the_faults_of_an_earlier_template_are_what_we_are_rolling_out_of() -> None:
    old = pod("c", OLD, ready=False, state=waiting("CrashLoopBackOff"), lastState=ended(3), restartCount=3)
    assert verdict_of(pod("a", NEW), old) == ("unknown", "progressing")


def test_a_quota_is_named_while_pods_are_missing() -> None:
    told = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "exceeded quota: q, requested: pods=1",
    }
    look = judge(*world(pod("a", NEW), new={"conditions": [told]}), now=NOW)
    assert (look.verdict, look.cause) == ("unhealthy", "FailedCreate")
    assert "exceeded quota: q" in look.reason
    assert judge(*world(new={"conditions": [told]}), now=NOW).verdict == "healthy"


@pytest.mark.parametrize(("seen_s", "verdict"), [(None, "unknown"), (1.9, "unknown"), (2.0, "unhealthy")])
def test_a_first_pull_error_counts_after_two_seconds(seen_s: float | None, verdict: str) -> None:
    bad = pod("b", NEW, ready=False, age_s=3, state=waiting("ErrImagePull", "not found"))
    key = ("uid-b", "app", "ErrImagePull")
    seen = {} if seen_s is None else {key: NOW - timedelta(seconds=seen_s)}
    look = judge(*world(pod("a", NEW), bad), now=NOW, since=MINUTE_AGO, seen=seen)
    assert look.verdict == verdict
    assert [fault.key for fault in look.faults] == [key]


def test_unschedulable_counts_after_ten_seconds() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "1 Insufficient cpu"}
    bad = pod("b", NEW, ready=False, phase="Pending", status={"conditions": [condition], "containerStatuses": []})
    key = ("uid-b", "", "Unschedulable")
    early = judge(*world(pod("a", NEW), bad), now=NOW, seen={key: NOW - timedelta(seconds=9)})
    late = judge(*world(pod("a", NEW), bad), now=NOW, seen={key: NOW - timedelta(seconds=10)})
    assert (early.verdict, late.verdict, late.cause) == ("unknown", "unhealthy", "Unschedulable")


def test_an_init_container_may_fail_once_but_not_twice() -> None:
    def with_init(restarts: int) -> tuple[str, str]:
        init = {"name": "wait", "restartCount": restarts, "state": ended(1)}
        bad = pod("b", NEW, ready=False, status={"initContainerStatuses": [init], "containerStatuses": []})
        return verdict_of(pod("a", NEW), bad)

    assert with_init(0) == ("unknown", "progressing")
    assert with_init(1) == ("unhealthy", "Error")


def test_an_evicted_pod_is_a_fault_if_it_began_after_since() -> None:
    def evicted(age_s: float) -> str:
        gone = pod("c", NEW, phase="Failed", age_s=age_s, status={"reason": "Evicted", "message": "low on memory"})
        return verdict_of(pod("a", NEW), pod("b", NEW), gone)[0]

    assert (evicted(10), evicted(600)) == ("unhealthy", "healthy")


def test_the_mark_of_an_earlier_deadline_is_not_held_against_a_new_roll_out() -> None:
    def with_mark(updated: float) -> tuple[str, str]:
        mark = {
            "type": "Progressing",
            "status": "False",
            "reason": "ProgressDeadlineExceeded",
            "lastUpdateTime": at(updated),
        }
        return verdict_of(pod("a", NEW), workload=deployment(conditions=[mark]))

    assert with_mark(-10) == ("unhealthy", "deadline")
    assert with_mark(-120) == ("unknown", "progressing")


def test_one_look_calls_a_pod_that_is_not_ready_for_long_unhealthy_and_a_young_one_unknown() -> None:
    def look(age_s: float) -> str:
        slow = pod("b", NEW, ready=False, age_s=age_s)
        return judge(*world(pod("a", NEW), slow), now=NOW, unready_after_s=60).verdict

    assert (look(61), look(5)) == ("unhealthy", "unknown")


# StatefulSets


def stateful(
    image: str = "app:1", *, strategy: Mapping[str, Any] | None = None, **status: Any
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    workload = deployment(template(image), replicas=1)
    workload["kind"] = "StatefulSet"
    workload["spec"]["updateStrategy"] = dict(strategy or {"type": "RollingUpdate"})
    workload["status"] |= {"currentRevision": "web-2", "updateRevision": "web-2", **status}
    revisions = [
        {
            "metadata": {
                "name": f"web-{number}",
                "uid": f"uid-web-{number}",
                "ownerReferences": [{"uid": "d-1", "controller": True}],
            },
            "revision": number,
            "data": {"spec": {"template": {**template(f"app:{number - 1}"), "$patch": "replace"}}},
        }
        for number in (1, 2)
    ]
    return workload, revisions


def member(revision: str, **options: Any) -> dict[str, Any]:
    made = pod("web-0", "x", owner_kind="StatefulSet", labels={"controller-revision-hash": revision}, **options)
    made["metadata"]["ownerReferences"][0]["uid"] = "d-1"
    return made


def test_a_statefulset_is_healthy_when_its_pods_have_the_revision_of_its_template() -> None:
    assert judge(*stateful(), [member("web-2")], now=NOW).verdict == "healthy"
    look = judge(*stateful(), [member("web-1")], now=NOW)
    assert (look.verdict, look.cause, look.revision) == ("unknown", "progressing", "web-2")


def test_a_statefulset_whose_status_still_tells_of_the_earlier_revision_is_not_healthy() -> None:
    assert judge(*stateful(currentRevision="web-1"), [member("web-2")], now=NOW).verdict == "unknown"


def test_a_statefulset_does_not_replace_a_broken_pod_of_an_earlier_revision() -> None:
    broken = member("web-1", ready=False, state=waiting("CrashLoopBackOff"), lastState=ended(3), restartCount=3)
    look = judge(*stateful(), [broken], now=NOW)
    assert (look.verdict, look.cause) == ("unhealthy", "stuck")
    assert "delete the pod" in look.reason


@pytest.mark.parametrize(
    ("strategy", "cause"),
    [({"type": "OnDelete"}, "on_delete"), ({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}, "partition")],
)
def test_a_statefulset_that_leaves_pods_as_they_are_is_unknown(strategy: dict[str, Any], cause: str) -> None:
    look = judge(*stateful(strategy=strategy), [member("web-1")], now=NOW)
    assert (look.verdict, look.cause) == ("unknown", cause)


# Whatever the cluster shows


COUNTS = st.fixed_dictionaries(
    {}, optional={"updatedReplicas": st.integers(0, 3), "unavailableReplicas": st.integers(0, 3)}
)
STATES: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"state": ended(1)}, {"lastState": ended(1), "restartCount": 1}, {"state": waiting("ErrImagePull")}]
)


@st.composite
def moments(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """A moment out of the middle of anything."""
    generation, observed = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    workload = deployment(
        replicas=draw(st.integers(0, 3)), generation=generation, observed=observed, paused=draw(st.booleans())
    )
    workload["status"] |= draw(COUNTS)
    pods = [
        pod(
            f"p{number}",
            draw(st.sampled_from([NEW, OLD])),
            ready=draw(st.booleans()),
            deleted=draw(st.booleans()),
            **draw(STATES),
        )
        for number in range(draw(st.integers(0, 5)))
    ]
    return workload, [replicaset(NEW, number=2), replicaset(OLD, template("app:0"))], pods


@given(moment=moments(), ours=st.integers(1, 4))
def test_healthy_is_never_said_while_anything_speaks_against_it(
    moment: tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]], ours: int
) -> None:
    workload, sets, pods = moment
    look = judge(workload, sets, pods, now=NOW, since=MINUTE_AGO, generation=ours)
    live = [each for each in pods if "deletionTimestamp" not in each["metadata"]]
    of_new = [each for each in live if each["metadata"]["labels"]["pod-template-hash"] == "new"]
    against = (
        len(live) != len(of_new)
        or len(of_new) != workload["spec"]["replicas"]
        or any(each["status"]["conditions"][0]["status"] != "True" for each in of_new)
        or workload["status"]["observedGeneration"] < workload["metadata"]["generation"]
        or workload["metadata"]["generation"] != ours
        or bool(workload["spec"].get("paused"))
        or not of_new
    )
    assert look.verdict != "healthy" or not against
    assert look.verdict in ("healthy", "unhealthy", "unknown")
    assert look.reason


SPOILERS: tuple[Callable[[dict[str, Any], list[dict[str, Any]]], object], ...] = (
    lambda workload, _: workload["spec"].update(paused=True),
    lambda workload, _: workload["status"].update(observedGeneration=2),
    lambda workload, _: workload["metadata"].update(generation=4),
    lambda workload, _: workload["status"].update(updatedReplicas=1),
    lambda workload, _: workload["spec"].update(replicas=1),
    lambda workload, _: workload["spec"].update(template=template("app:2")),
    lambda _, pods: pods.append(pod("old", OLD)),
    lambda _, pods: pods.pop(0),
    lambda _, pods: pods[0]["metadata"].update(deletionTimestamp=at(0)),
    lambda _, pods: pods[0]["status"]["conditions"][0].update(status="False"),
    lambda _, pods: pods[0]["status"]["containerStatuses"][0].update(lastState=ended(1), restartCount=1),
)


@given(spoilers=st.sets(st.sampled_from(SPOILERS), min_size=1))
def test_anything_that_spoils_a_healthy_roll_out_is_noticed(
    spoilers: set[Callable[[dict[str, Any], list[dict[str, Any]]], object]],
) -> None:
    workload, sets, pods = world()
    for spoil in spoilers:
        if pods:
            spoil(workload, pods)
    assert judge(workload, sets, pods, now=NOW, since=MINUTE_AGO, generation=3).verdict != "healthy"
