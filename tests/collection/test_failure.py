# ruff: noqa: E501, Q003 - the texts stand as they were said
"""Any failed task becomes one readable problem; the texts below are what kubernetes.core really says."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.failure import failure
from hypothesis import given
from hypothesis import strategies as st

FORBIDDEN = """Failed to patch object: b'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"deployments.apps \\\\"web\\\\" is forbidden: User \\\\"u\\\\" cannot patch resource \\\\"deployments\\\\" in API group \\\\"apps\\\\" in the namespace \\\\"ns\\\\"","reason":"Forbidden","code":403}\\n'"""
API_EXCEPTION = """Failed to retrieve requested object: (401)
Reason: Unauthorized
HTTP response headers: HTTPHeaderDict({'Audit-Id': 'x'})
HTTP response body: {"kind":"Status","message":"Unauthorized","reason":"Unauthorized","code":401}
Original traceback:
  File "client.py", line 55, in inner"""


@pytest.mark.parametrize(
    ("message", "status", "what"),
    [
        (FORBIDDEN, "error", "our account may not patch deployments"),
        (API_EXCEPTION, "error", "the API server does not accept the credentials"),
        ("HTTPSConnectionPool(host='127.0.0.1', port=1): Max retries exceeded with url: /version (Caused by NewConnectionError(\"... [Errno 111] Connection refused\"))", "error", "the API server cannot be reached"),
        ("... SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate')", "error", "the API server's certificate is not trusted"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: CA cert does not include key usage extension (_ssl.c:1020)", "error", "Python refuses the CA certificate because it has no key usage extension"),
        ("NameResolutionError(\"... Failed to resolve 'api' ([Errno -2] Name or service not known)\")", "error", "the API server's name cannot be resolved"),
        ("Timed out after 30 second(s).", "error", "the API server did not answer in time (30 s)"),
        ("Read timed out. (read timeout=10)", "error", "the API server did not answer in time"),
        ("Operation cannot be fulfilled on deployments.apps \"w\": the object has been modified; please apply your changes to the latest version and try again", "error", "someone else changed it at the same moment"),
        ("(404)\nReason: Not Found", "error", "it does not exist in the cluster"),
        ("pods \"x\" is forbidden: exceeded quota: q, requested: pods=1", "refused", "the quota q forbids it"),
        ("The deployments \"w\" is invalid: : ValidatingAdmissionPolicy 'only-scale' with binding 'b' denied request: no", "refused", "the admission policy only-scale forbids it"),
        ("admission webhook \"check.example\" denied the request: no", "refused", "the admission webhook check.example forbids it"),
        ("Deployment.apps \"web\" is invalid: spec.template.metadata.labels: does not match", "error", "the API server refuses the change as invalid"),
        ("Invalid kube-config file. No configuration found.", "error", "no access to a cluster is configured"),
        ("'ir_nothing' is undefined", "error", "a variable of the play is not set"),
    ],
)  # fmt: skip
def test_a_failure_of_kubernetes_core_is_one_sentence_and_a_next_step(message: str, status: str, what: str) -> None:
    problem = failure({"failed": True, "msg": message})
    assert (problem["status"], problem["what"]) == (status, what)
    assert problem["next"]
    assert "\n" not in problem["which"]
    assert "Traceback" not in str(problem)


def test_the_message_of_the_status_is_shown_not_its_headers() -> None:
    problem = failure({"msg": API_EXCEPTION})
    assert problem["which"] == "Unauthorized"
    assert failure({"msg": FORBIDDEN})["which"].startswith('deployments.apps "web" is forbidden: User "u" cannot patch')


def test_an_action_of_ours_says_it_itself() -> None:
    error = {"kind": "silent", "what": "the API server is silent", "which": "Deployment web", "next": "look at it"}
    assert failure({"msg": "...", "error": error}) == {
        "status": "error",
        "what": "the API server is silent",
        "which": "Deployment web",
        "next": "look at it",
    }


def test_a_problem_made_by_a_role_is_used_as_it_is() -> None:
    problem = {"status": "refused", "what": "a", "which": "b", "next": "c"}
    assert failure({"msg": "x", "problem": problem}) == problem


def test_what_nobody_knows_is_its_first_line_with_the_task() -> None:
    problem = failure({"msg": "it broke\nTraceback (most recent call last):"}, "Ensure it")
    assert problem == {"status": "error", "what": "it broke", "which": "task: Ensure it", "next": ""}


def test_a_sentence_with_a_next_step_is_taken_apart() -> None:
    problem = failure({"msg": "the workload is paused. Next: resume it"})
    assert (problem["what"], problem["next"]) == ("the workload is paused.", "resume it")


def test_a_failed_loop_is_told_by_its_failed_item() -> None:
    items = [{"failed": False, "msg": "fine"}, {"failed": True, "msg": "exceeded quota: q, requested"}]
    assert failure({"msg": "One or more items failed", "results": items})["what"] == "the quota q forbids it"


@given(
    st.dictionaries(
        st.sampled_from(["msg", "error", "problem", "results", "reason", "x"]),
        st.none() | st.text() | st.lists(st.text()) | st.integers(),
    )
)
def test_whatever_failed_there_is_a_short_problem(failed: dict[str, Any]) -> None:
    problem = failure(failed)
    assert set(problem) == {"status", "what", "which", "next"}
    assert problem["what"]
    assert all(len(part) <= 300 for part in problem.values())
