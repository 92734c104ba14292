"""Severity and fault follow from what is seen, by the catalogue."""

from __future__ import annotations

import pytest

from tuheg_ir.catalogue import load_catalogue
from tuheg_ir.diagnosis.effects import SIGNS
from tuheg_ir.errors import NotHealedError, UnknownError
from tuheg_ir.incidents.triage import fault_of, severity_of

CATALOGUE = load_catalogue()


@pytest.mark.parametrize(
    ("signs", "verdict", "severity"),
    [
        ({"unavailable", "errors"}, "unhealthy", "P0"),
        ({"database_away"}, "unhealthy", "P0"),
        ({"security"}, "unhealthy", "P0"),
        ({"data", "noncore"}, "unhealthy", "P0"),
        ({"core_broken"}, "unhealthy", "P0"),
        ({"core_partly", "errors"}, "unhealthy", "P1"),
        ({"slow_badly", "noncore"}, "unhealthy", "P1"),
        ({"dependency"}, "unhealthy", "P1"),
        ({"slow_little"}, "unhealthy", "P2"),
        ({"noncore"}, "unhealthy", "P2"),
        ({"alerting"}, "healthy", "P2"),
        (set(), "healthy", "P2"),
        (set(), "unknown", "P0"),
        (set(), "unhealthy", "P0"),
    ],
)
def test_the_worst_criterion_that_shows_gives_the_severity(signs: set[str], verdict: str, severity: str) -> None:
    found = severity_of(CATALOGUE, signs, verdict)
    assert found.severity == severity
    assert found.reason


@pytest.mark.parametrize(
    ("cause", "signs", "fault"),
    [
        ("database_connection", {"connections"}, "database-connection"),
        ("database_connection", set(), "database-connection"),
        ("capacity", {"latency"}, "response-timeout"),
        ("dependency_failure", {"latency"}, "response-timeout"),
        ("dependency_failure", {"errors"}, "high-error-rate"),
        ("code_defect", {"errors"}, "high-error-rate"),
        ("code_defect", {"crashes"}, "service-crash"),
        ("configuration_error", {"crashes"}, "service-crash"),
        ("resource_exhaustion", {"memory", "crashes"}, "memory-leak"),
        ("service_crash", set(), "service-crash"),
    ],
)
def test_the_fault_is_the_one_that_fits_cause_and_signs(cause: str, signs: set[str], fault: str) -> None:
    assert fault_of(CATALOGUE, {"root_cause": cause, "component": "Deployment/a"}, signs) == fault


def test_an_unknown_cause_asks_for_a_person() -> None:
    with pytest.raises(UnknownError, match="does not know what is wrong"):
        fault_of(CATALOGUE, {"root_cause": "unknown", "component": "Deployment/a"}, {"errors"})


def test_an_intrusion_has_no_playbook_yet() -> None:
    finding = {"root_cause": "security_incident", "component": "Deployment/a", "remedy": "isolate_workload"}
    with pytest.raises(NotHealedError, match="No playbook answers security incident"):
        fault_of(CATALOGUE, finding, {"security"})


def test_the_catalogue_uses_only_signs_that_a_diagnosis_can_see() -> None:
    used = {sign for fault in CATALOGUE.faults.values() for sign in fault.signs}
    used |= {c.sign for severity in CATALOGUE.severities.values() for c in severity.criteria if c.sign}
    assert used <= set(SIGNS)
