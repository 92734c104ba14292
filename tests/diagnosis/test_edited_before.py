"""Where nothing is known, the one thing that was written by hand minutes before an alert is the first place to look."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from tests.diagnosis.rules.scenes import errors, rate
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, log, pod, service_for, snapshot, thing, workload
from tests.diagnosis.worlds import without
from tuheg_ir.diagnosis.decide import BLIND, EDITED, decide
from tuheg_ir.diagnosis.model import Alert, Finding, Series, Snapshot
from tuheg_ir.diagnosis.rule import Tier

CONF = "ConfigMap/rates"
MOUNTED: dict[str, Any] = {"volumes": [{"name": "c", "configMap": {"name": "rates"}}]}
READ_AT_THE_START: dict[str, Any] = {"spec": {}, "env": {"RATES": {"configMapKeyRef": {"name": "rates", "key": "a"}}}}
FELL = Alert(
    "OrdersBelowUsual", {"service": "shop"}, {"summary": "too few orders"}, "firing", NOW - timedelta(minutes=10)
)


def conf(written: float | None = 1200, name: str = "rates", by: str = "kubectl-edit") -> Obj:
    """Return settings that somebody wrote so many seconds ago, ten minutes before the alert."""
    found = thing("ConfigMap", name, written=written, data={"a": "1"})
    for each in found["metadata"].get("managedFields", ()):
        each["manager"] = by
    return found


def shop(
    *more: Any,
    alerts: tuple[Alert, ...] = (FELL,),
    figures: Iterable[tuple[str, Series]] = (rate("shop"), errors("shop", 0.0)),
    **own: Any,
) -> Snapshot:
    """Return a shop that reads settings and fails by nothing that is measured or told; its orders fell."""
    made = workload("shop", **{"spec": MOUNTED, **own})
    told = [log(pod("shop", n), *["INFO served"] * 9, since=3000) for n in (0, 1)]
    return snapshot(made, *more, logs=told, figures=figures, alerts=alerts)


def first(found: Snapshot) -> Finding:
    return decide(found).findings[0]


@pytest.mark.parametrize(
    ("found", "ref"),
    [
        (shop(conf()), CONF),
        (shop(conf(by="kubectl-patch")), CONF),
        (shop(conf(), alerts=(FELL._replace(labels={}),)), CONF),
        (shop(conf(), conf(3600, "old")), CONF),
        (shop(conf(), conf(1250, "others", by="argocd-controller")), CONF),
        (shop(conf(), started=600, **READ_AT_THE_START), CONF),
        (shop(service_for("shop", written=1200), service=False), "Service/shop"),
    ],
    ids=["edited", "patched", "of nobody", "another long before", "a controller too", "read since", "a Service"],
)
def test_the_one_thing_that_was_edited_before_the_alert_is_named(found: Snapshot, ref: str) -> None:
    said = first(found)
    assert (said.component, said.root_cause, said.remedy) == (ref, "configuration_error", "page_human")
    assert (said.rule, said.confidence) == ("edited_before", round(EDITED * BLIND[Tier.SYMPTOM], 2))  # no events
    assert {each.source for each in said.evidence} >= {"objects", "alerts"}


def test_with_less_evidence_it_is_told_as_less_sure() -> None:
    seen = shop(conf())
    less = first(without(seen, "logs"))
    assert (less.rule, less.component) == ("edited_before", CONF)
    assert 0 < less.confidence < first(seen).confidence < EDITED


@pytest.mark.parametrize(
    "found",
    [
        shop(conf(None)),
        shop(conf(), conf(1100, "others")),
        shop(conf(by="argocd-controller")),
        shop(conf(3600)),
        shop(conf(300)),
        shop(conf(), spec={}),
        shop(conf(), started=DAY, **READ_AT_THE_START),
        shop(conf(), workload("web", before={"image": "registry.example/web:0"}, released=900)),
    ],
    ids=[
        "not edited",
        "two were",
        "by a controller",
        "long before",
        "after it",
        "nobody reads it",
        "not read",
        "released",
    ],
)
def test_nothing_is_named_where_more_or_nothing_was_edited_then(found: Snapshot) -> None:
    assert first(found).rule != "edited_before"


def test_what_a_rule_knows_goes_before_it() -> None:
    found = shop(conf(), figures=[rate("shop"), errors("shop", 0.4, since=1100)])
    assert {each.rule for each in decide(found).findings} == {"configuration_changed_outside"}


def test_a_namespace_that_is_well_is_said_to_be_well() -> None:
    assert first(shop(conf(), alerts=())).root_cause == "no_fault"
