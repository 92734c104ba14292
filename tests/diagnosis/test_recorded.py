"""The lab's own faults, recorded by `tuheg-ir snapshot` while they were there: each is named as lab/faults.yml says."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import layout
from tuheg_ir.diagnosis.answer import for_service
from tuheg_ir.diagnosis.diagnose import look_back
from tuheg_ir.diagnosis.look import Looked

RECORDED = Path(__file__).with_name("recorded")
FAULTS: dict[str, Any] = yaml.safe_load((layout.ROOT / "lab" / "faults.yml").read_text(encoding="utf-8"))
REMEDIES = {"memory-leak": {"restart_workload", "rollback_workload"}}
"""What else than the remedy of lab/faults.yml is right: the leak came with a release."""

HEALED_AT = {"foreign-sessions": "StatefulSet/postgres"}
"""What the remedy acts on, where it is not the service."""


@cache
def looked(kind: str) -> Looked:
    return look_back(RECORDED / kind)


def test_every_kind_of_break_was_recorded() -> None:
    assert sorted(path.name for path in RECORDED.iterdir()) == sorted(FAULTS)


@pytest.mark.parametrize("kind", FAULTS)
def test_the_first_finding_names_component_cause_and_remedy(kind: str) -> None:
    first = looked(kind).diagnosis.findings[0]
    fault = FAULTS[kind]
    assert (first.component, first.root_cause) == (fault["component"], fault["cause"]), first
    assert first.remedy in REMEDIES.get(kind, {fault["remedy"]}), first


@pytest.mark.parametrize("kind", FAULTS)
def test_what_heals_it_is_never_excluded(kind: str) -> None:
    fault = FAULTS[kind]
    service = f"Deployment/{fault['service']}"
    found = for_service(looked(kind).diagnosis, looked(kind).snapshot, service)
    heals = (fault["remedy"], HEALED_AT.get(kind, service))
    assert heals not in {(each["remedy"], each["target"]) for each in found["excluded"]}
