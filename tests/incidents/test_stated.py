"""What an order leaves open is stated from the facts, and what contradicts them needs a reason."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tuheg_ir.catalogue import load_catalogue
from tuheg_ir.errors import NotHealedError, UnknownError, UsageError
from tuheg_ir.incidents import stated
from tuheg_ir.incidents.order import Order

SERVICES = {
    "web": {"kind": "Deployment", "depends_on": ["db"]},
    "db": {"kind": "StatefulSet", "database": {}},
    "mail": {"kind": "Deployment"},
}
ORDER = Order(fault="", severity="", inventory=Path("inventory"), cluster="lab", actor="kim", lang="en")


@dataclass
class Platform:
    cluster: str = "lab"
    namespace: str = "shop"
    services: dict[str, Any] = field(default_factory=lambda: SERVICES)
    vars: dict[str, Any] = field(default_factory=dict)


class Shop:
    def __init__(self) -> None:
        self.catalogue = load_catalogue()
        self.told: list[str] = []

    def tell(self, text: str) -> None:
        self.told.append(text)


def found(cause: str, component: str = "Deployment/web", verdict: str = "unhealthy", *signs: str) -> dict[str, Any]:
    finding = {"component": component, "root_cause": cause, "remedy": "page_human", "evidence": ["seen"]}
    return {"verdict": verdict, "findings": [finding], "facts": {"signs": list(signs)}}


def state(monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], **order: Any) -> tuple[stated.Stated, Shop]:
    monkeypatch.setattr(stated, "diagnose_service", lambda *_, **__: answer)
    shop: Any = Shop()
    platform: Any = Platform()
    return stated.state(shop, replace(ORDER, **order), platform, "web"), shop


def test_fault_and_severity_follow_from_what_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = found("code_defect", "Deployment/web", "unhealthy", "core_partly", "errors")
    filled, shop = state(monkeypatch, answer)
    assert (filled.order.fault, filled.order.severity, filled.order.service) == ("high-error-rate", "P1", "web")
    assert filled.reason == "severity P1: A core function is partly unavailable"
    assert shop.told == ["fault high-error-rate", "severity P1: A core function is partly unavailable"]


def test_a_fault_that_was_named_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = found("unknown", "Deployment/web", "unknown")
    filled, _ = state(monkeypatch, answer, fault="service-crash")
    assert (filled.order.fault, filled.order.severity) == ("service-crash", "P0")


def test_a_finding_about_another_service_is_answered_there(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = found("service_crash", "Deployment/mail", "unhealthy", "crashes", "noncore")
    assert state(monkeypatch, answer)[0].order.service == "mail"


def test_what_the_service_needs_is_answered_by_its_own_ladder(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = found("database_connection", "StatefulSet/db", "unhealthy", "connections", "core_partly")
    assert state(monkeypatch, answer)[0].order.service == "web"


def test_a_service_that_was_named_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = found("service_crash", "Deployment/mail", "unhealthy", "crashes", "noncore")
    assert state(monkeypatch, answer, service="web")[0].order.service == "web"


def test_a_milder_severity_than_the_facts_give_needs_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = found("code_defect", "Deployment/web", "unhealthy", "unavailable", "errors")
    with pytest.raises(UsageError, match=r"The facts say P0 \(Production is completely unavailable\), and you say P2"):
        state(monkeypatch, answer, severity="P2")
    filled, _ = state(monkeypatch, answer, severity="P2", reason="a test platform")
    assert filled.order.severity == "P2"
    assert filled.reason == "severity P2: a test platform (by the facts P0: Production is completely unavailable)"


def test_a_worse_severity_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = found("code_defect", "Deployment/web", "unhealthy", "core_partly", "errors")
    assert state(monkeypatch, answer, severity="P0")[0].order.severity == "P0"


def test_nothing_wrong_is_nothing_to_respond_to(monkeypatch: pytest.MonkeyPatch) -> None:
    assert state(monkeypatch, found("no_fault", verdict="healthy"))[0].well


@pytest.mark.parametrize(("cause", "error"), [("unknown", UnknownError), ("security_incident", NotHealedError)])
def test_what_no_playbook_answers_needs_a_person(
    monkeypatch: pytest.MonkeyPatch, cause: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        state(monkeypatch, found(cause))
