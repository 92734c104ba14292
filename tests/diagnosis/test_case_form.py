"""The form of the cases: that each is a cluster which could exist, and asks for answers that can be given.

Nothing here runs the decider. Both halves are held to the same form, so that a rule never works by a slip of one.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.diagnosis.casefolders import Case, all_cases, instant, is_ready, times
from tests.diagnosis.over import over

pytestmark = pytest.mark.corpus

CAUSES = frozenset(
    """
    database_connection service_crash network_fault configuration_error code_defect resource_exhaustion
    dependency_failure capacity security_incident no_fault unknown
    """.split()  # noqa: SIM905 - one word a line would fill a screen
)
REMEDIES = frozenset(
    """
    restart_workload rollback_workload scale_workload restart_connection_pool switch_traffic scale_database
    isolate_workload page_human no_action
    """.split()  # noqa: SIM905 - one word a line would fill a screen
)
SIGNALS = frozenset(
    """
    request_rate error_ratio latency_p95 error_ratio_by_pod latency_p95_by_pod request_rate_by_pod
    rate_limited_ratio cpu_usage cpu_share throttled_share memory_bytes memory_share restarts network_receive
    volume_used_share node_cpu_share node_memory_share node_disk_share db_connections db_max_connections
    db_connections_by_state db_locks_waiting db_replication_lag db_transaction_age db_deadlocks cache_up pool_waiting
    cache_latency_p95 cache_memory_share cache_evictions cache_walks cache_walk_time
    dependency_latency_p95 dependency_error_ratio queue_depth
    up replicas_available replicas_wanted hpa_replicas hpa_max hpa_utilisation dns_error_ratio certificate_expiry
    """.split()  # noqa: SIM905 - one word a line would fill a screen
)
FILES = frozenset(
    {"objects.yaml", "expected.yaml", "alert.yaml", "alerts.yaml", "database.yaml", "snapshot.yaml", "logs", "metrics"}
)
TEMPLATE_FIELDS = """
    image command args env envFrom ports resources readinessProbe livenessProbe startupProbe volumeMounts
""".split()  # noqa: SIM905 - one word a line would fill a screen
REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
SECRET = re.compile(r"sha256:[0-9a-f]{16}")
ALONE = frozenset({"no_fault", "unknown"})
"""Causes that blame nothing, so that a case may leave the component to the answer."""
PASSIVE = frozenset({"page_human", "no_action"})
"""Remedies that act on nothing, so that their target may be what is missing."""
OUTSIDE = frozenset({"Service/kube-dns"})
"""What lies outside of every namespace that we diagnose, and can be at fault there."""
GONE = frozenset({"ConfigMap", "Secret", "PersistentVolumeClaim"})
"""Kinds that can be at fault by being missing, if an event names them."""
NEVER_RAN = "1970-01-01T00:00:00Z"
"""Start of a container whose runtime could not start it (StartError)."""
SLACK = timedelta(seconds=90)
HOUR = timedelta(hours=1)

each_case = over(all_cases(), lambda case: case.name)


def title(obj: dict[str, Any]) -> str:
    return f"{obj['kind']}/{obj['metadata']['name']}"


def made(obj: dict[str, Any]) -> datetime:
    return instant(obj["metadata"]["creationTimestamp"])


def essence(template: dict[str, Any]) -> list[dict[str, Any]]:
    """What a template, or a pod made from it, says of its containers; what admission adds is left out."""
    spec = template["spec"]
    containers = [*spec.get("initContainers", ()), *spec["containers"]]
    return [{"name": c["name"], **{k: c[k] for k in TEMPLATE_FIELDS if c.get(k)}} for c in containers]


def labels(template: dict[str, Any]) -> dict[str, str]:
    return {k: v for k, v in template["metadata"].get("labels", {}).items() if k != "pod-template-hash"}


def templates(case: Case, pod: dict[str, Any]) -> list[dict[str, Any]]:
    """The templates that a pod may have been made from: its ReplicaSet's or Job's, else any revision of its owner."""
    (reference,) = pod["metadata"]["ownerReferences"]
    (owner,) = [o for o in case.of(reference["kind"]) if o["metadata"]["uid"] == reference["uid"]]
    history = [r["data"]["spec"]["template"] for r in case.owned(owner, "ControllerRevision")]
    own = [owner["spec"]["template"]] if "template" in owner["spec"] or "." not in owner["apiVersion"] else []
    return [*own, *history]


def begun(run: dict[str, Any]) -> str:
    """Name the earliest real time of a container that ended; one that could not be started has a start of zero."""
    return "finishedAt" if run["reason"] == "StartError" and run["startedAt"] == NEVER_RAN else "startedAt"


def blames_nothing(row: dict[str, str]) -> bool:
    """Tell whether a case expects no component: nothing is wrong, or nothing is known, and nothing is done to it."""
    return row["root_cause"] in ALONE and row["remedy"] in PASSIVE and not row["component"] and not row["target"]


@each_case
def test_a_folder_holds_only_what_the_format_names(case: Case) -> None:
    names = {path.name for path in case.folder.iterdir()}
    assert {"objects.yaml", "expected.yaml"} <= names <= FILES, names
    assert case.listed["kind"] == "List"


@each_case
def test_the_expectation_uses_legal_words_and_contradicts_itself_nowhere(case: Case) -> None:
    e = case.expected
    needed = {"title", "drawn_from", "why", "expect"}
    assert needed <= set(e) <= needed | {"acceptable", "tolerated", "forbidden"}
    for key in ("title", "drawn_from", "why"):
        assert isinstance(e[key], str), key
        assert e[key], key
        assert "://" not in e[key], key
    assert e["expect"]
    for row in e["expect"]:
        assert set(row) == {"component", "root_cause", "remedy", "target"}
        if blames_nothing(row):
            continue
        assert REFERENCE.fullmatch(row["component"]), row
        assert REFERENCE.fullmatch(row["target"]), row
    right = [*e["expect"], *e.get("acceptable", ())]
    assert {row["root_cause"] for row in right} <= CAUSES
    remedies = {row["remedy"] for row in right}
    everywhere = [each for each in e.get("forbidden", ()) if isinstance(each, str)]
    at_one_target = [each for each in e.get("forbidden", ()) if not isinstance(each, str)]
    assert {each["remedy"] for each in at_one_target} <= REMEDIES
    tolerated, forbidden = set(e.get("tolerated", ())), set(everywhere)
    assert remedies | tolerated | forbidden <= REMEDIES
    assert not remedies & forbidden
    assert not tolerated & forbidden
    components = [row["component"] for row in e["expect"]]
    assert len(set(components)) == len(components)


@each_case
def test_what_is_blamed_exists_or_is_missing_for_a_reason(case: Case) -> None:
    present = {title(obj) for obj in case.objects}
    for row in case.expected["expect"]:
        if blames_nothing(row):
            continue
        kind, _, name = row["component"].partition("/")
        told = any(name in str(obj.get("message", obj.get("note"))) for obj in case.of("Event"))
        elsewhere = row["component"] in OUTSIDE or (kind in GONE and told)
        assert row["component"] in present or elsewhere, row
        passive = row["remedy"] in PASSIVE and row["target"] == row["component"]
        assert row["target"] in present or (elsewhere and passive), row


@each_case
def test_names_and_uids_are_unique_and_owners_resolve(case: Case) -> None:
    keys = Counter((obj["apiVersion"], title(obj), obj["metadata"].get("namespace")) for obj in case.objects)
    assert set(keys.values()) <= {1}, keys.most_common(3)
    by_uid = {obj["metadata"]["uid"]: obj for obj in case.objects}
    assert len(by_uid) == len(case.objects)
    for obj in case.objects:
        for reference in obj["metadata"].get("ownerReferences", ()):
            owner = by_uid[reference["uid"]]
            assert title(owner) == f"{reference['kind']}/{reference['name']}"
            assert made(obj) >= made(owner), f"{title(obj)} is older than {title(owner)}"


@each_case
def test_each_pod_is_made_from_its_template(case: Case) -> None:
    for pod in case.of("Pod"):
        if not pod["metadata"].get("ownerReferences"):
            continue
        known = templates(case, pod)
        if not known:  # an operator's own kind, as CloudNativePG's Cluster, may hold no template
            continue
        fits = [t for t in known if essence(t) == essence(pod)]
        assert fits, title(pod)
        assert any(labels(t).items() <= pod["metadata"]["labels"].items() for t in fits), title(pod)


@each_case
def test_a_deployment_has_the_template_of_its_newest_revision(case: Case) -> None:
    for deployment in case.of("Deployment"):
        sets = case.owned(deployment, "ReplicaSet")
        assert sets, title(deployment)
        numbers = {int(s["metadata"]["annotations"]["deployment.kubernetes.io/revision"]): s for s in sets}
        assert len(numbers) == len(sets), title(deployment)
        newest = numbers[max(numbers)]
        template = newest["spec"]["template"]
        assert essence(template) == essence(deployment["spec"]["template"]), title(deployment)
        assert labels(template) == labels(deployment["spec"]["template"]), title(deployment)
        assert str(max(numbers)) == deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"]


@each_case
def test_a_deployments_figures_are_those_of_its_pods(case: Case) -> None:
    for deployment in case.of("Deployment"):
        pods = [pod for s in case.owned(deployment, "ReplicaSet") for pod in case.owned(s, "Pod")]
        ready = sum(is_ready(pod) and not pod["metadata"].get("deletionTimestamp") for pod in pods)
        assert deployment["status"].get("readyReplicas", 0) == ready, title(deployment)


@each_case
def test_a_containers_times_follow_each_other(case: Case) -> None:
    for pod in case.of("Pod"):
        for status in pod["status"].get("containerStatuses", ()):
            state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated")
            ended = state.get("terminated")
            for run in (last, ended):
                if run and run.get("startedAt"):
                    assert instant(run["startedAt"]) <= instant(run["finishedAt"]), title(pod)
                    assert made(pod) <= instant(run[begun(run)]), title(pod)
            if last and "running" in state:
                assert instant(last["finishedAt"]) <= instant(state["running"]["startedAt"]), title(pod)
            if status["restartCount"]:
                assert last or ended, f"{title(pod)} was restarted and does not say how it ended"


@each_case
def test_nothing_lies_in_the_future(case: Case) -> None:
    limit = case.taken_at + SLACK
    for obj in case.objects:
        late = [moment for moment in times(obj.get("status", obj)) if moment > limit]
        assert not late, title(obj)
        assert made(obj) <= limit, title(obj)
    for event in case.of("Event"):
        if event.get("firstTimestamp"):
            assert event["firstTimestamp"] <= event["lastTimestamp"], title(event)
    for alert in case.alerts:
        assert alert["labels"]["alertname"]
        assert instant(alert["startsAt"]) <= limit
        resolved = instant(alert["endsAt"]).year > 1 if alert.get("endsAt") else False
        assert resolved == (alert["status"] == "resolved") or alert["status"] == "firing"


@each_case
def test_events_are_about_the_object_that_is_there(case: Case) -> None:
    present = {title(obj): obj["metadata"]["uid"] for obj in case.objects}
    for event in case.of("Event"):
        about = event.get("involvedObject") or event["regarding"]
        uid = present.get(f"{about['kind']}/{about['name']}")
        assert uid is None or about.get("uid", uid) == uid, event["metadata"]["name"]


@each_case
def test_a_services_endpoints_are_the_pods_that_it_selects(case: Case) -> None:
    for service in case.of("Service"):
        selector, name = service["spec"].get("selector"), service["metadata"]["name"]
        slices = [s for s in case.of("EndpointSlice") if s["metadata"]["labels"]["kubernetes.io/service-name"] == name]
        if not selector or not slices:
            assert not selector or case.of("Endpoints"), f"{title(service)} has neither slice nor Endpoints"
            continue
        chosen = {
            pod["metadata"]["name"]: is_ready(pod) and not pod["metadata"].get("deletionTimestamp")
            for pod in case.of("Pod")
            if selector.items() <= pod["metadata"].get("labels", {}).items()
            and pod["status"].get("podIP")
            and pod["status"]["phase"] not in {"Failed", "Succeeded"}
        }
        shown = {e["targetRef"]["name"]: e["conditions"]["ready"] for s in slices for e in s.get("endpoints") or ()}
        assert shown == chosen, title(service)


@each_case
def test_secrets_show_hashes_only(case: Case) -> None:
    for secret in case.of("Secret"):
        assert "stringData" not in secret
        assert all(SECRET.fullmatch(value) for value in secret.get("data", {}).values()), title(secret)


@each_case
def test_each_log_belongs_to_a_container_that_ran(case: Case) -> None:
    pods = {pod["metadata"]["name"]: pod for pod in case.of("Pod")}
    for name, container, previous, path in case.logs:
        status = pods[name]["status"]
        statuses = {
            s["name"]: s for key in ("containerStatuses", "initContainerStatuses") for s in status.get(key) or ()
        }
        assert path.read_text(encoding="utf-8").strip(), path
        chosen = statuses[container] if container else status["containerStatuses"][0]
        if previous:
            assert chosen["restartCount"] > 0, path


@each_case
def test_metrics_are_in_the_format_and_of_the_last_hour(case: Case) -> None:
    for name, data in case.metrics.items():
        assert name == data["signal"]
        assert name in SIGNALS
        assert data["query"]
        for series in data["result"]:
            stamps = [row[0] for row in series["values"]]
            assert stamps, name
            assert stamps == sorted(set(stamps)), name
            assert all(isinstance(row[1], str) and float(row[1]) >= 0 for row in series["values"]), name
            newest = datetime.fromtimestamp(stamps[-1], UTC)
            oldest = datetime.fromtimestamp(stamps[0], UTC)
            assert case.taken_at - HOUR - SLACK <= oldest <= newest <= case.taken_at + SLACK, name


@each_case
def test_a_database_has_no_more_sessions_than_it_allows(case: Case) -> None:
    present = {title(obj) for obj in case.objects}
    for database in case.yaml("database.yaml") or ():
        assert database["ref"] in present
        assert sum(session["count"] for session in database["sessions"]) <= database["max_connections"]
        for session in database["sessions"]:
            assert not session["owner"] or session["owner"] in present, session


def test_the_validation_half_asks_for_everything() -> None:
    rows = [case.expected for case in all_cases() if case.folder.parent.name == "validation"]
    assert len(rows) >= 32
    first = [row["expect"][0] for row in rows]
    assert {row["root_cause"] for row in first} == CAUSES
    # Who read the cases anew would let no machine scale a database in any of them.
    assert {row["remedy"] for row in first} >= REMEDIES - {"switch_traffic", "scale_database"}
    assert sum(len(row["expect"]) > 1 for row in rows) >= 3
    assert sum(row["root_cause"] == "unknown" for row in first) >= 2
    assert len({row["title"] for row in rows}) == len(rows)
    assert all(row["forbidden"] for row in rows)
