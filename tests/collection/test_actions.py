"""The actions inside ansible-playbook: arguments, environment, check mode, errors, results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.collection.objects import deployment, pod, replicaset, template
from tests.collection.servers import Answer, Request, answering, closed_port

pytestmark = pytest.mark.ansible

ROOT = Path(__file__).parents[2]
APPS, CORE = "/apis/apps/v1/namespaces/ns", "/api/v1/namespaces/ns"
WELL = {
    f"{APPS}/deployments/web": deployment(template("app:2")),
    f"{APPS}/replicasets": {"items": [replicaset("web-new", template("app:2"))]},
    f"{CORE}/pods": {"items": [pod("a", "web-new"), pod("b", "web-new")]},
    "/api/v1/query": {"status": "success", "data": {"resultType": "scalar", "result": [1, "0"]}},
}


def answer(request: Request) -> Answer:
    if request.headers.get("Authorization") == "Bearer expired":
        return 401, {"message": "Unauthorized"}
    if request.path.endswith("/secret-app"):
        text = 'deployments.apps "secret-app" is forbidden: User "u" cannot get resource "deployments"'
        return 403, {"message": text}
    found = WELL.get(request.path)
    return (200, found) if found else (404, {"message": "not found"})


def play(folder: Path, tasks: dict[str, dict[str, Any]], *words: str, **env: str) -> dict[str, dict[str, Any]]:
    """Run tasks, name -> task, in one play; the result of each, failed ones too."""
    steps: list[dict[str, Any]] = [
        {
            "block": [task | {"register": f"result_{name}"}],
            "rescue": [{"ansible.builtin.debug": {"msg": "kept"}}],
        }
        for name, task in tasks.items()
    ]
    told = ", ".join(f"'{name}': result_{name}" for name in tasks)
    out = folder / "told.json"
    copy = {"content": f"{{{{ {{{told}}} | to_json }}}}", "dest": str(out)}
    steps.append({"ansible.builtin.copy": copy, "check_mode": False})
    playbook = folder / "play.yml"
    variables = {"ansible_python_interpreter": sys.executable}
    playbook.write_text(
        json.dumps(
            [{"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": steps}]
        )
    )
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    ran = subprocess.run(
        ["ansible-playbook", *words, str(playbook)],
        env=environment | env,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    results: dict[str, dict[str, Any]] = json.loads(out.read_text())
    return results


WATCH = {"name": "web", "namespace": "ns", "timeout_s": 0}
PROBES = {"web": {"probes": [{"name": "p", "purpose": "user", "promql": "x", "max": 1}]}}


def test_reads_are_done_with_k8s_auth_alone_also_in_check_mode_and_change_nothing(tmp_path: Path) -> None:
    tasks: dict[str, Any] = {
        "look": {"tuheg.ir.rollout_status": WATCH},
        "read": {"tuheg.ir.read": {"service": "web", "namespace": "ns", "want": ["workload", "pods", "lease"]}},
        "probe": {"tuheg.ir.probe": {"services": PROBES, "namespace": "ns", "prometheus_url": "{{ url }}"}},
    }
    with answering(answer) as server:
        auth = {"K8S_AUTH_HOST": server.url, "K8S_AUTH_API_KEY": "a-token", "K8S_AUTH_VERIFY_SSL": "false"}
        results = play(tmp_path, tasks, "--check", "-e", f"url={server.url}", **auth)
    look, read, probe = results["look"], results["read"], results["probe"]
    assert [each["changed"] for each in results.values()] == [False, False, False]
    assert (look["verdict"], look["revision"], look["cause"]) == ("healthy", "web-new", "")
    assert look["replicas"] == {"wanted": 2, "updated": 2, "ready": 2, "available": 2}
    assert (read["workload"]["metadata"]["name"], len(read["pods"]), read["lease"]) == ("web", 2, {})
    assert (probe["verdict"], probe["results"][0]["threshold"]) == ("healthy", "max 1")


def test_probes_are_asked_after_the_time_that_harm_needs_to_show(tmp_path: Path) -> None:
    with answering(answer) as server:
        asked = {"services": PROBES, "namespace": "ns", "prometheus_url": server.url}
        tasks: dict[str, Any] = {
            "at_once": {"tuheg.ir.probe": asked},
            "later": {"tuheg.ir.probe": asked | {"delay_s": 1.5}},
        }
        results = play(tmp_path, tasks)
    at_once, later = (datetime.fromisoformat(each["results"][0]["at"]) for each in results.values())
    assert later - at_once >= timedelta(seconds=1.5)


def test_the_environment_of_the_task_and_arguments_are_honoured(tmp_path: Path) -> None:
    with answering(answer) as server:
        tasks: dict[str, Any] = {
            "env": {
                "tuheg.ir.rollout_status": WATCH,
                "environment": {"K8S_AUTH_HOST": server.url, "K8S_AUTH_API_KEY": "expired"},
            },
            "argument": {"tuheg.ir.rollout_status": WATCH | {"host": server.url, "api_key": "fresh"}},
        }
        results = play(tmp_path, tasks, K8S_AUTH_HOST=f"http://127.0.0.1:{closed_port()}", K8S_AUTH_API_KEY="x")
    assert results["env"]["error"]["kind"] == "unauthorized"
    assert results["argument"]["verdict"] == "healthy"


def test_trouble_is_a_failed_task_with_one_sentence_in_its_parts(tmp_path: Path) -> None:
    with answering(answer) as server:
        down = f"http://127.0.0.1:{closed_port()}"
        tasks: dict[str, Any] = {
            "missing": {"tuheg.ir.rollout_status": WATCH | {"name": "nosuch"}},
            "forbidden": {"tuheg.ir.read": {"service": "secret-app", "namespace": "ns"}},
            "down": {"tuheg.ir.read": {"service": "web", "namespace": "ns", "host": down}},
            "when": {"tuheg.ir.rollout_status": WATCH | {"since": "yesterday"}},
            "probe": {"tuheg.ir.probe": {"services": {"web": {"probes": [{"name": "p"}]}}, "namespace": "ns"}},
            "nameless": {"tuheg.ir.rollout_status": {"namespace": "ns"}},
        }
        results = play(tmp_path, tasks, K8S_AUTH_HOST=server.url, K8S_AUTH_API_KEY="a-token")
    assert all(each["failed"] for each in results.values())
    assert results["missing"]["error"] == {
        "kind": "not_found",
        "what": "there is no Deployment nosuch in namespace ns",
        "which": "Deployment nosuch",
        "next": "check ir_service and ir_namespace",
    }
    assert results["missing"]["msg"] == (
        "there is no Deployment nosuch in namespace ns [Deployment nosuch]. Next: check ir_service and ir_namespace."
    )
    assert results["forbidden"]["what"].startswith("our account lacks the right to get deployments")
    assert results["down"]["error"]["kind"] == "unreachable"
    assert results["when"]["what"] == "since is not an ISO 8601 time: 'yesterday'"
    assert "needs a name and a purpose" in results["probe"]["what"]
    assert "missing required arguments: name" in results["nameless"]["msg"]
    assert "a-token" not in json.dumps(results)


def test_an_event_is_recorded_for_the_process_of_the_playbook(tmp_path: Path) -> None:
    data = {"playbook": "p", "service": "web"}
    incident = {"incident": "INC-20251105-001", "cluster": "lab", "service": "web", "fault": "", "severity": "P1"}
    tasks: dict[str, Any] = {
        "started": {"tuheg.ir.record": incident | {"kind": "run_started", "run": "r", "data": data, "process": True}},
        "again": {"tuheg.ir.record": incident | {"kind": "process", "run": "r", "process": True}},
    }
    results = play(tmp_path, tasks, TUHEG_IR_HOME=str(tmp_path / "journal"))
    started, again = results["started"], results["again"]
    assert (started["where"], started["changed"]) == ("store", False)
    assert started["data"]["pid"] == again["data"]["pid"]
    assert started["data"]["start_time"] == again["data"]["start_time"]
    assert started["uid"] == again["uid"]


def test_nothing_is_written_in_check_mode(tmp_path: Path) -> None:
    tasks = {"note": {"tuheg.ir.record": {"kind": "followup", "incident": "INC-20251105-001", "data": {"task": "x"}}}}
    results = play(tmp_path, tasks, "--check", TUHEG_IR_HOME=str(tmp_path / "journal"))
    assert (results["note"]["recorded"], results["note"]["where"]) == (False, "none")
    assert not (tmp_path / "journal").exists()
