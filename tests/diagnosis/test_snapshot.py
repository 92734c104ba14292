"""A snapshot's folder: ours comes back as it was, others' are read with patience."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.diagnosis.strategies import FINITE, JSON, NAMES, TIMES, odd_objects
from tuheg_ir.diagnosis import snapshot as module
from tuheg_ir.diagnosis.folder.alerts import alert_of
from tuheg_ir.diagnosis.folder.databases import database_of
from tuheg_ir.diagnosis.folder.logs import in_order, kept_lines
from tuheg_ir.diagnosis.model import Alert, Database, Log, Series, Session, Snapshot, Source
from tuheg_ir.diagnosis.objects import slim
from tuheg_ir.diagnosis.snapshot import load, save
from tuheg_ir.errors import StoreError, UsageError

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web-1", "namespace": "shop", "creationTimestamp": "2025-11-05T14:00:00Z"},
    "spec": {"containers": [{"name": "web", "image": "web:1"}, {"name": "proxy", "image": "proxy:1"}]},
}
AT = datetime(2025, 11, 5, 15, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A hand-made snapshot with one pod and nothing else."""
    made = tmp_path / "snapshot"
    made.mkdir()
    (made / "objects.yaml").write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [POD]}))
    return made


def write(folder: Path, **files: Any) -> None:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else str(content).encode())


def notes(found: Snapshot) -> list[str]:
    return [f"{source.source}: {source.note}" for source in found.sources if source.kind == "invalid"]


# --- what is accepted ---


@pytest.mark.parametrize(
    "text",
    [
        yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [POD]}),
        yaml.safe_dump({"kind": "PodList", "items": [{k: v for k, v in POD.items() if k != "kind"}]}),
        yaml.safe_dump([POD]),
        yaml.safe_dump(POD),
        yaml.safe_dump_all([POD, {"kind": "List", "items": []}]),
        yaml.safe_dump({"kind": "List", "items": [{"kind": "List", "items": [POD]}]}),
        json.dumps({"kind": "List", "items": [POD]}),
        "\ufeff" + json.dumps({"kind": "List", "items": [POD]}, indent=1),
    ],
    ids=["list", "typed-list", "bare-list", "one-object", "documents", "list-of-lists", "json", "marked-json"],
)
def test_objects_are_read_in_every_form_that_kubectl_gives(folder: Path, text: str) -> None:
    (folder / "objects.yaml").write_text(text, encoding="utf-8")
    found = load(folder)
    assert [pod["metadata"]["name"] for pod in found.of("Pod")] == ["web-1"]
    assert notes(found) == []


def test_an_api_version_that_is_missing_is_filled_in(folder: Path) -> None:
    (folder / "objects.yaml").write_text(
        "[{kind: Deployment, metadata: {name: web}}, {kind: Pod, metadata: {name: p}}]"
    )
    found = load(folder)
    assert [obj["apiVersion"] for obj in found.of("Deployment", "Pod")] == ["apps/v1", "v1"]


def test_unquoted_times_and_words_stay_what_they_are(folder: Path) -> None:
    write(
        folder,
        objects_dot_yaml="""\
kind: List
items:
- kind: Pod
  metadata: {name: web, creationTimestamp: 2025-11-05T14:00:00Z, labels: {on: yes, clock: 12:30}}
""",
    )
    (pod,) = load(folder).of("Pod")
    assert pod["metadata"]["creationTimestamp"] == "2025-11-05T14:00:00Z"
    assert pod["metadata"]["labels"] == {"on": "yes", "clock": "12:30"}


def test_logs_are_read_in_both_forms(folder: Path) -> None:
    write(
        folder,
        **{
            "logs__web-1__web_dot_log": "now\n",
            "logs__web-1__web_dot_previous_dot_log": "before\n",
            "logs__web-2_dot_log": "no such pod\n",
            "logs__web-2_dot_previous_dot_log": "no such pod before\n",
        },
    )
    assert load(folder).logs == (
        Log("web-1", "web", ("now",)),
        Log("web-1", "web", ("before",), previous=True),
        Log("web-2", "", ("no such pod",)),
        Log("web-2", "", ("no such pod before",), previous=True),
    )


def test_a_log_without_a_container_is_of_the_pods_first(folder: Path) -> None:
    write(folder, **{"logs__web-1_dot_log": "hello\n"})
    assert load(folder).logs == (Log("web-1", "web", ("hello",)),)


@pytest.mark.parametrize(
    ("state", "init", "whose"),
    [
        ({"waiting": {"reason": "PodInitializing"}}, {"waiting": {"reason": "CrashLoopBackOff"}}, "migrate"),
        ({"waiting": {"reason": "PodInitializing"}}, {"terminated": {"exitCode": 0}}, "web"),
        ({"running": {}}, {"waiting": {}}, "web"),
    ],
)
def test_a_log_of_a_pod_that_never_began_is_of_its_init_container(
    folder: Path, state: dict[str, Any], init: dict[str, Any], whose: str
) -> None:
    status = {
        "containerStatuses": [{"name": "web", "state": state, "restartCount": 0}],
        "initContainerStatuses": [{"name": "migrate", "state": init}],
    }
    items = [{**POD, "status": status}]
    (folder / "objects.yaml").write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items}))
    write(folder, **{"logs__web-1_dot_log": "hello\n"})
    assert load(folder).logs == (Log("web-1", whose, ("hello",)),)


@pytest.mark.parametrize(("started", "whose"), [(True, "migrate"), (False, "mesh")])
def test_a_sidecar_that_has_started_lets_the_next_init_container_speak(folder: Path, started: bool, whose: str) -> None:
    inits = [{"name": "mesh", "restartPolicy": "Always"}, {"name": "migrate"}]
    beside = {"name": "mesh", "state": {"running": {}}, "ready": False, "started": started}
    again = {"name": "migrate", "state": {"running": {}}, "ready": False, "started": True}
    status = {
        "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "PodInitializing"}}, "restartCount": 0}],
        "initContainerStatuses": [beside, again],
    }
    items = [{**POD, "spec": {**POD["spec"], "initContainers": inits}, "status": status}]
    (folder / "objects.yaml").write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items}))
    write(folder, **{"logs__web-1_dot_log": "hello\n"})
    assert load(folder).logs == (Log("web-1", whose, ("hello",)),)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("alert.yaml", {"status": "firing", "labels": {"alertname": "Slow"}, "startsAt": "2025-11-05T14:00:00Z"}),
        ("alerts.yaml", [{"labels": {"alertname": "Slow"}, "startsAt": "2025-11-05T14:00:00Z"}]),
        ("alert.yaml", {"alerts": [{"labels": {"alertname": "Slow"}, "startsAt": "2025-11-05T14:00:00Z"}]}),
        ("alert.json", {"labels": {"alertname": "Slow"}, "activeAt": "2025-11-05T14:00:00Z", "state": "firing"}),
    ],
    ids=["entry", "list", "webhook", "of-the-api"],
)
def test_an_alert_is_read_in_every_form(folder: Path, name: str, content: Any) -> None:
    (folder / name).write_text(json.dumps(content))
    expected = Alert("Slow", {"alertname": "Slow"}, {}, "firing", datetime(2025, 11, 5, 14, tzinfo=UTC))
    assert load(folder).alerts == (expected,)


def test_an_alert_that_fires_has_no_end() -> None:
    entry = {"labels": {"alertname": "A"}, "startsAt": "2025-11-05T14:00:00Z", "endsAt": "2025-11-05T15:00:00Z"}
    assert (alert_of({**entry, "status": "firing"}) or Alert("", {}, {})).ends_at is None
    assert (alert_of({**entry, "status": "resolved"}) or Alert("", {}, {})).ends_at == AT


VALUES = [[2, "0.5"], [1, "0.25"]]
RUBBISH = [[1, "0.25"], [1.5, "NaN"], [1.7, "+Inf"], [2, 0.5], 7, ["x", "1"]]


@pytest.mark.parametrize(
    "content",
    [
        {"signal": "error_ratio", "query": "q", "result": [{"metric": {"a": "b"}, "values": VALUES}]},
        {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {"a": "b"}, "values": VALUES}]}},
        {"result": [{"metric": {"a": "b"}, "values": RUBBISH}, 5, {"metric": {}}]},
    ],
    ids=["ours", "prometheus", "with-rubbish"],
)
def test_metrics_are_read_as_prometheus_gives_them(folder: Path, content: Any) -> None:
    (folder / "metrics").mkdir()
    (folder / "metrics" / "error_ratio.json").write_text(json.dumps(content))
    assert load(folder).metrics == {"error_ratio": (Series({"a": "b"}, ((1.0, 0.25), (2.0, 0.5))),)}


def test_a_vector_is_a_series_of_one_point(folder: Path) -> None:
    (folder / "metrics").mkdir()
    (folder / "metrics" / "up.json").write_text(json.dumps({"result": [{"metric": {}, "value": [5, "1"]}]}))
    assert load(folder).metrics["up"][0].points == ((5.0, 1.0),)


def test_a_database_is_read(folder: Path) -> None:
    entry = {
        "ref": "StatefulSet/postgres",
        "max_connections": 40,
        "reserved": 3,
        "sessions": [{"client": "a", "count": 2}],
    }
    (folder / "database.yaml").write_text(json.dumps([entry]))
    (found,) = load(folder).databases
    assert (found.ref, found.used, found.usable) == ("StatefulSet/postgres", 2, 37)


def test_namespace_and_time_are_found_in_a_folder_that_does_not_tell(folder: Path) -> None:
    found = load(folder)
    assert (found.namespace, found.taken_at) == ("shop", datetime(2025, 11, 5, 14, tzinfo=UTC))
    assert load(folder, at=AT).taken_at == AT


def test_what_the_folder_tells_of_its_time_is_believed(folder: Path) -> None:
    (folder / "snapshot.yaml").write_text("{taken_at: 2025-11-05T16:00:00Z, namespace: other}")
    found = load(folder, at=AT)
    assert (found.namespace, found.taken_at) == ("other", AT + timedelta(hours=1))


def test_what_another_namespace_has_of_the_same_names_is_left_out_and_told(folder: Path) -> None:
    staging = {**POD, "metadata": {**POD["metadata"], "namespace": "staging", "labels": {"of": "staging"}}}
    other = {**POD, "metadata": {**POD["metadata"], "namespace": "staging", "name": "edge-1"}}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "web-1"}}
    (folder / "objects.yaml").write_text(yaml.safe_dump([other, POD, staging, node]))
    (folder / "snapshot.yaml").write_text("namespace: shop")
    found = load(folder)
    assert [(pod["metadata"]["name"], pod["metadata"].get("labels")) for pod in found.of("Pod")] == [
        ("edge-1", None),
        ("web-1", None),
    ]
    assert len(found.of("Node")) == 1
    assert [each.note for each in found.sources if each.ok and each.source == "namesakes"] == [
        "left out, for others are called so: Pod/web-1"
    ]


def test_a_clock_that_is_wrong_by_years_does_not_set_the_time(folder: Path) -> None:
    late = {**POD, "metadata": {"name": "late", "creationTimestamp": "2099-01-01T00:00:00Z"}}
    second = {**POD, "metadata": {"name": "second", "creationTimestamp": "2025-11-05T14:05:00Z"}}
    (folder / "objects.yaml").write_text(yaml.safe_dump([POD, second, late]))
    assert load(folder).taken_at == datetime(2025, 11, 5, 14, 5, tzinfo=UTC)


def test_what_a_folder_lacks_is_said(folder: Path) -> None:
    found = load(folder)
    told = {source.source: (source.ok, source.kind) for source in found.sources}
    assert told["objects"] == (True, "")
    assert told["metrics"] == (False, "missing")
    assert not found.known("Event")


# --- what is refused ---


@pytest.mark.parametrize(
    ("content", "which"),
    [
        (None, "objects.yaml"),
        ("kind: List\nitems:\n- a: [1\n- b: 2\n", "line 4, column 4"),
        ("kind: List\nitems: [5, text]\n", "2 items, none with kind and metadata.name"),
        (b"\x00\x01\xff" * 50, "objects.yaml"),
        ("!!python/object/apply:os.system [id]", "line 1, column 1"),
        ("[" * 5000 + "]" * 5000, "objects.yaml"),
        ("a: &a [*a]", "1 items, none with kind"),
        ("- " * 3000 + "x", "objects.yaml"),
        ("a: " + "9" * 5000, "1 items"),
    ],
    ids=["missing", "broken", "no-objects", "binary", "a-tag", "deep", "a-loop", "deep-block", "long-number"],
)
def test_a_folder_without_usable_objects_is_refused(folder: Path, content: Any, which: str) -> None:
    path = folder / "objects.yaml"
    path.unlink()
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError) as error:
        load(folder)
    assert which in error.value.which
    assert error.value.next


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path / "file"):
        if path.name == "file":
            path.write_text("x")
        with pytest.raises(UsageError, match="There is no such snapshot"):
            load(path)


def test_a_newer_schema_is_refused(folder: Path) -> None:
    (folder / "snapshot.yaml").write_text("schema: 2")
    with pytest.raises(UsageError, match="newer than this tuheg-ir"):
        load(folder)


def test_aliases_that_multiply_end_soon(folder: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    bomb = "kind: Widget\nmetadata: {name: bomb}\n" + "\n".join(lines)
    (folder / "objects.yaml").write_text(f"{bomb}\n---\n{yaml.safe_dump(POD)}")
    found = load(folder)
    assert list(found.objects) == ["Pod"]
    assert notes(found) == ["objects: objects.yaml: 1 of 2 items are no objects (item 1)"]


# --- what is noted ---


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"metrics__up_dot_json": "{"}, "metrics: metrics/up.json: line 1"),
        ({"metrics__up_dot_json": "5"}, "metrics: metrics/up.json: it has no list `result`"),
        ({"metrics__up_dot_json": b"\xff\xfe\x00"}, "metrics: metrics/up.json"),
        ({"alert_dot_yaml": "a: [1"}, "alerts: alert.yaml: line"),
        ({"alert_dot_yaml": "[1, {labels: 5}]"}, "alerts: alert.yaml: 2 of 2 entries have no labels"),
        ({"database_dot_yaml": "- {max_connections: 5}"}, "database: database.yaml: 1 of 1 entries have no ref"),
        ({"snapshot_dot_yaml": "- 1"}, "snapshot: snapshot.yaml is not a mapping"),
        ({"snapshot_dot_yaml": "a: [1"}, "snapshot: snapshot.yaml: line"),
        ({"logs__web-1__core": "x"}, "logs: web-1/core is not read: its name does not end in .log"),
        ({"logs__web-1__web_dot_log": b"\x00\xff\xfe" * 100}, "logs: logs/web-1/web.log is not text"),
    ],
)
def test_a_part_that_cannot_be_read_is_noted_and_the_rest_counts(folder: Path, files: Any, told: str) -> None:
    write(folder, **files)
    found = load(folder)
    assert [pod["metadata"]["name"] for pod in found.of("Pod")] == ["web-1"]
    (note,) = notes(found)
    assert note.startswith(told)


def test_a_huge_log_is_read_from_its_end(folder: Path) -> None:
    write(folder, **{"logs__web-1__web_dot_log": "0123456789" * 100 * 6000 + "\n" + "x" * 9000 + "\nlast\n"})
    (log,) = load(folder).logs
    assert log.lines[-1] == "last"
    assert all(len(line) <= 2000 for line in log.lines)


def test_a_pipe_among_the_logs_is_not_waited_for(folder: Path) -> None:
    (folder / "logs").mkdir()
    os.mkfifo(folder / "logs" / "web-1.log")
    assert notes(load(folder)) == ["logs: logs/web-1.log: it is not a file"]


def test_secrets_of_a_hand_made_folder_do_not_enter(folder: Path) -> None:
    secret = {"kind": "Secret", "metadata": {"name": "db"}, "data": {"password": "aHVudGVyMg=="}}
    (folder / "objects.yaml").write_text(yaml.safe_dump([POD, secret]))
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----"
    write(folder, **{"logs__web-1__web_dot_log": f"to postgres://app:hunter2@db/x\n{key}\ntoken=hunter2\n"})
    (folder / "alert.yaml").write_text("{labels: {alertname: A}, annotations: {url: 'https://a:hunter2@x/'}}")
    found = repr(load(folder))
    assert "hunter2" not in found
    assert "aHVudGVyMg" not in found
    assert "MIIEow" not in found


# --- saving ---

LABELS = st.dictionaries(NAMES, st.text(max_size=5).filter(str.isprintable), max_size=3)
SERIES = st.builds(
    Series,
    labels=LABELS,
    points=st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=4).map(lambda points: tuple(sorted(points))),
)
LINES = st.lists(st.text(max_size=30), max_size=4).map("\n".join).map(kept_lines)
LOGS = st.builds(Log, pod=NAMES, container=NAMES, lines=LINES, previous=st.booleans())
ENTRIES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "labels": LABELS,
        "annotations": LABELS,
        "startsAt": TIMES,
        "endsAt": TIMES,
        "status": st.sampled_from(["firing", "resolved"]),
    }
)
SESSIONS = st.fixed_dictionaries({"client": NAMES, "count": st.integers(0, 9), "age_s": FINITE})
DATABASES = st.fixed_dictionaries(
    {"ref": NAMES, "max_connections": st.integers(0, 500), "sessions": st.lists(SESSIONS, max_size=3)}
)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Return any snapshot as a collector or a loader may have made it."""
    objects: dict[str, tuple[Any, ...]] = dict.fromkeys(draw(st.lists(st.sampled_from(["Pod", "Job"]), max_size=2)), ())
    for obj in filter(None, map(slim, draw(st.lists(odd_objects(), max_size=4)))):
        objects[obj["kind"]] = (*objects.get(obj["kind"], ()), obj)
    logs = {(log.pod, log.container, log.previous): log for log in draw(st.lists(LOGS, max_size=3))}
    alerts = {str(sorted(entry["labels"].items())): alert_of(entry) for entry in draw(st.lists(ENTRIES, max_size=3))}
    return Snapshot(
        taken_at=draw(TIMES),
        namespace=draw(NAMES),
        objects=objects,
        logs=in_order(logs.values()),
        alerts=tuple(filter(None, alerts.values())),
        metrics=draw(st.dictionaries(st.sampled_from(["up", "restarts"]), st.lists(SERIES, max_size=2).map(tuple))),
        databases=tuple(filter(None, map(database_of, draw(st.lists(DATABASES, max_size=2))))),
        probes=({"name": "core", "value": 1.5, "reason": None},),
        sources=(Source("pods", ok=False, ms=3, note="no right", kind="forbidden", at=draw(TIMES)),),
        services={"web": {"kind": "Deployment", "depends_on": ["db"]}},
    )


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(snapshots())
def test_what_is_saved_comes_back_as_it_was(given_: Snapshot) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "made", "here")
        save(given_, folder)
        assert load(folder) == given_
        # and for every other reader it is YAML
        items = yaml.safe_load((folder / "objects.yaml").read_text(encoding="utf-8"))["items"]
        assert [item["metadata"]["name"] for item in items] == [
            obj["metadata"]["name"] for objs in given_.objects.values() for obj in objs
        ]


def test_a_snapshot_is_for_its_owner_alone(folder: Path, tmp_path: Path) -> None:
    write(folder, **{"logs__web-1__web_dot_log": "hello\n", "metrics__up_dot_json": '{"result": []}'})
    before = os.umask(0)
    try:
        save(load(folder), tmp_path / "saved")
    finally:
        os.umask(before)
    for path in ((tmp_path / "saved"), *(tmp_path / "saved").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_an_empty_folder_is_filled_and_closed_to_others(folder: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    save(load(folder), there)
    assert load(there).of("Pod") == load(folder).of("Pod")
    assert stat.S_IMODE(there.stat().st_mode) == 0o700


def test_a_folder_that_holds_something_is_left_alone(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    with pytest.raises(UsageError, match="not empty"):
        save(load(folder), folder)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("there", [False, True])
def test_a_save_that_fails_leaves_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    target = place / "saved"
    if there:
        target.mkdir()

    def full(path: Path, _text: str) -> int:
        if path.name == "objects.yaml":
            raise OSError(28, "No space left on device")
        path.touch()
        return 0

    monkeypatch.setattr(module, "_write", full)
    with pytest.raises(StoreError, match="No space left on device"):
        save(load(folder), target)
    assert sorted(place.rglob("*")) == ([target] if there else [])


def test_a_name_that_leads_out_of_the_folder_does_not(tmp_path: Path) -> None:
    escaping = Snapshot(AT, "shop", logs=(Log("../../etc", "..", ("x",)),))
    save(escaping, tmp_path / "a" / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["b"]


# --- fuzz ---

FILES = st.sampled_from(
    [
        "objects.yaml",
        "snapshot.yaml",
        "alert.yaml",
        "alerts.yaml",
        "database.yaml",
        "metrics/up.json",
        "logs/web-1.log",
        "logs/web-1/web.log",
    ]
)
CONTENT = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
    JSON.map(lambda data: json.dumps(data).encode()),
    st.lists(odd_objects(), max_size=3).map(lambda items: json.dumps({"kind": "List", "items": items}).encode()),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(FILES, CONTENT, max_size=5))
def test_no_folder_crashes_it(files: dict[str, bytes]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / "objects.yaml").write_text(json.dumps([POD]))
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        try:
            found = load(folder)
        except UsageError:
            return
        assert found.taken_at.tzinfo is not None
        save(found, folder / "again")
        assert load(folder / "again").objects == found.objects
    finally:
        shutil.rmtree(folder)


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_no_session_crashes_it(entry: Any) -> None:
    found = database_of({"ref": "x", "sessions": [entry, {"count": entry, "age_s": entry, "client": entry}]})
    assert isinstance(found, Database)
    assert all(isinstance(session, Session) for session in found.sessions)
