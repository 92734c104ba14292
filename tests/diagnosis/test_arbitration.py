"""Cause before symptom, one fault one finding, and how sure evidence makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.diagnosis.rules.pods import looping, rollout
from tests.diagnosis.rules.scenes import IMAGE, errors
from tests.diagnosis.rules.tiny import NOW, log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.decide import AS_SURE, CERTAIN, SYMPTOM_MOST, confidence, decide
from tuheg_ir.diagnosis.model import Alert, Evidence, Excluded, Snapshot
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.view.view import View

SHOP, DB = "Deployment/shop", "StatefulSet/postgres"
WORLD = snapshot(workload("shop", env={"DB_HOST": "postgres"}), postgres(), logs=[log(pod("shop"), "hello")])


def facts(*sources: str) -> tuple[Evidence, ...]:
    return tuple(Evidence(source, SHOP, f"{source} {n}") for n, source in enumerate(sources))


def rule(name: str, component: str, tier: Tier, certainty: float, **more: Any) -> Rule:
    """Return a rule that always holds at one place."""
    of_match = {key: more.pop(key) for key in ("since", "explains", "excludes", "target", "evidence") if key in more}

    def when(_view: View) -> Iterator[Match]:
        yield Match(component, of_match.pop("evidence", None) or facts("objects"), certainty, **of_match)

    made: dict[str, Any] = {"root_cause": "code_defect", "remedy": "rollback_workload", **more}
    return Rule(name=name, title=name, tier=tier, when=when, why_not="", **made)


def best(*rules: Rule, of: Snapshot = WORLD) -> list[tuple[str, str]]:
    return [(each.rule, each.component) for each in decide(of, rules).findings]


Make = Callable[..., Rule]


def test_the_nearer_rule_is_believed_though_less_sure() -> None:
    near = rule("near", SHOP, Tier.STATED, 0.65, remedy="page_human")
    far = rule("far", SHOP, Tier.PATTERN, 0.84)
    assert best(near, far) == [("near", SHOP)]
    assert [c.rule for c in decide(WORLD, (near, far)).considered] == ["far"]


def test_what_is_hardly_likely_is_no_nearer_for_its_tier() -> None:
    assert best(rule("near", SHOP, Tier.STATED, 0.4, remedy="page_human"), rule("far", SHOP, Tier.PATTERN, 0.8)) == [
        ("far", SHOP)
    ]


def test_a_trouble_that_follows_is_explained_by_what_it_needs() -> None:
    assert best(rule("a", SHOP, Tier.PATTERN, 0.8, follows=True), rule("b", DB, Tier.PATTERN, 0.7)) == [("b", DB)]


def test_that_strangers_work_somewhere_is_no_symptom_of_what_is_behind_it() -> None:
    strangers = rule(
        "a", SHOP, Tier.PATTERN, 0.8, follows=True, root_cause="security_incident", remedy="isolate_workload"
    )
    assert ("a", SHOP) in best(strangers, rule("b", DB, Tier.STATED, 0.9, explains=(SHOP,)))


def test_a_trouble_that_stands_for_itself_is_a_second_finding() -> None:
    assert best(rule("a", SHOP, Tier.STATED, 0.8), rule("b", DB, Tier.PATTERN, 0.7)) == [("a", SHOP), ("b", DB)]


@pytest.mark.parametrize(
    ("severity", "sure", "first"),
    [
        ("critical", 0.62, "b"),
        ("critical", 0.55, "a"),  # what is far likelier stands first all the same
        ("warning", 0.62, "a"),
    ],
)
def test_of_two_that_are_as_likely_what_people_were_paged_for_comes_first(
    severity: str, sure: float, first: str
) -> None:
    page = Alert("ErrorsHigh", {"deployment": "shop", "severity": severity}, {})
    world = replace(WORLD, alerts=(page,))
    assert best(rule("a", DB, Tier.STATED, 0.65), rule("b", SHOP, Tier.STATED, sure), of=world)[0][0] == first


def test_of_two_guesses_a_page_makes_none_the_likelier() -> None:
    world = replace(WORLD, alerts=(Alert("ErrorsHigh", {"deployment": "shop", "severity": "critical"}, {}),))
    assert best(rule("a", DB, Tier.PATTERN, 0.42), rule("b", SHOP, Tier.PATTERN, 0.4), of=world)[0][0] == "a"


def test_a_symptom_that_began_long_before_is_not_explained() -> None:
    early = rule("a", SHOP, Tier.PATTERN, 0.8, follows=True, since=NOW - timedelta(hours=1))
    late = rule("b", DB, Tier.PATTERN, 0.7, since=NOW)
    assert ("a", SHOP) in best(early, late)


def test_a_guess_behind_it_explains_no_pattern() -> None:
    assert best(rule("a", SHOP, Tier.PATTERN, 0.8, follows=True), rule("b", DB, Tier.SYMPTOM, 0.4))[0] == ("a", SHOP)


def test_what_an_object_rules_is_behind_its_callers_if_it_suffers_and_no_release_of_theirs_is_stillborn() -> None:
    asks = {"API_URL": "http://api:8080"}
    down, up = workload("api", ready=0), workload("api", ready=1)
    shop = workload("shop", env=asks, before={"image": "shop:0"}, released=600)
    unborn = rollout("shop", looping(), before={"image": "shop:0"}, released=600, env=asks)
    cause = rule("a", "ConfigMap/x", Tier.STATED, 0.8, explains=("Deployment/api",), since=NOW - timedelta(hours=1))
    felt = rule("b", SHOP, Tier.PATTERN, 0.8, follows=True)
    for world, kept in (((down, shop), False), ((up, shop), True), ((down, unborn), True)):
        assert (("b", SHOP) in best(cause, felt, of=snapshot(*world))) == kept


def test_a_cause_may_name_what_it_explains() -> None:
    node = rule("node", "Node/n1", Tier.STATED, 0.8, explains=(SHOP, DB), remedy="page_human")
    assert best(node, rule("a", SHOP, Tier.STATED, 0.8), rule("b", DB, Tier.PATTERN, 0.8)) == [("node", "Node/n1")]


def test_of_two_that_name_each_other_the_nearer_one_is_the_cause() -> None:
    waits = rule("waits", DB, Tier.STATED, 0.6, explains=(SHOP,), remedy="page_human")
    asks, seems = (rule("asks", SHOP, tier, 0.8, explains=(DB,)) for tier in (Tier.STATED, Tier.PATTERN))
    assert best(waits, asks) == [("asks", SHOP)]
    assert best(waits, seems) == [("waits", DB)]


def test_of_two_guesses_that_name_each_other_none_is_nearer_than_what_is_needed() -> None:
    new = rule("new", SHOP, Tier.SYMPTOM, 0.45, explains=(DB,))
    fails = rule("fails", DB, Tier.SYMPTOM, 0.4, explains=(SHOP,), remedy="page_human")
    assert best(new, fails) == [("fails", DB)]


def test_rules_that_mean_the_same_lend_each_other_evidence() -> None:
    one = rule("one", SHOP, Tier.PATTERN, 0.7, evidence=facts("objects"))
    two = rule("two", SHOP, Tier.PATTERN, 0.6, evidence=facts("logs", "metrics"))
    found = decide(WORLD, (one, two)).findings[0]
    assert {each.source for each in found.evidence} == {"objects", "logs", "metrics"}
    assert found.confidence > decide(WORLD, (one,)).findings[0].confidence


def test_a_guess_lends_no_words_of_what_it_explains_to_what_is_surer() -> None:
    sure = rule("sure", SHOP, Tier.PATTERN, 0.8)
    other = rule("other", DB, Tier.PATTERN, 0.7, follows=True, remedy="page_human")
    guess, second = (rule("named", SHOP, Tier.PATTERN, how, explains=(DB,)) for how in (0.3, 0.6))
    assert ("other", DB) in best(sure, guess, other)
    assert best(sure, second, other) == [("sure", SHOP)]


RELEASED = snapshot(
    workload("web", before={"image": "web:1"}, released=1200), workload("shop"), logs=[log(pod("shop"), "hello")]
)
"""A page that was released twenty minutes ago, and whose calls nobody knows."""


@pytest.mark.parametrize(
    ("ago", "certainty", "believed"),
    [
        (610, 0.8, [("elsewhere", SHOP)]),
        (590, 0.8, [("elsewhere", SHOP), ("released", "Deployment/web")]),
        (800, 0.8, [("elsewhere", SHOP), ("released", "Deployment/web")]),
        (610, 0.6, [("released", "Deployment/web"), ("elsewhere", SHOP)]),
    ],
    ids=["surer and just before", "just after", "long before", "less sure"],
)
def test_a_release_that_served_well_gives_way_to_what_is_surer_and_began_first(
    ago: float, certainty: float, believed: list[tuple[str, str]]
) -> None:
    began, page = NOW - timedelta(seconds=600), "Deployment/web"
    released = rule("released", page, Tier.PATTERN, 0.7, since=began, follows=True, evidence=facts("logs"))
    since = NOW - timedelta(seconds=ago)
    elsewhere = rule("elsewhere", SHOP, Tier.PATTERN, certainty, since=since, remedy="restart_workload")
    assert best(released, elsewhere, of=RELEASED) == believed


def newly(before: Mapping[str, Any], said: str = "hello", **of_page: Any) -> Snapshot:
    """Return a page that was released twelve minutes ago, whose calls nobody knows, and a shop that users feel fail."""
    return snapshot(
        workload("web", before=before, released=720, **of_page),
        workload("shop"),
        figures=[errors("shop", since=600)],
        logs=[log(pod("shop"), "hello"), log(pod("web"), *[said] * 9, since=600)],
    )


@pytest.mark.parametrize(
    ("world", "tier", "after", "gives_way"),
    [
        (newly(IMAGE), Tier.STATED, -60, True),
        (newly(IMAGE), Tier.STATED, 60, True),
        (newly(IMAGE), Tier.STATED, None, True),
        (newly(IMAGE), Tier.STATED, 120, False),
        (newly(IMAGE), Tier.PATTERN, 0, False),
        (newly({"env": {"TTL": "9"}}), Tier.STATED, 0, False),
        (newly(IMAGE, "TypeError: Cannot read properties of undefined"), Tier.STATED, 0, False),
        (newly(IMAGE, ready=1), Tier.STATED, 0, False),
    ],
    ids=[
        "just before", "just after", "nobody knows when", "minutes later", "what is not stated",
        "it brought a time", "it stumbles itself", "one of its pods is not ready",
    ],
)  # fmt: skip
def test_a_new_image_gives_way_to_what_is_stated_elsewhere_in_the_same_minute(
    world: Snapshot, tier: Tier, after: float | None, gives_way: bool
) -> None:
    began, page = NOW - timedelta(seconds=600), "Deployment/web"
    released = rule("released", page, Tier.PATTERN, 0.7, since=began, follows=True, evidence=facts("logs"))
    since = None if after is None else began + timedelta(seconds=after)
    stated = rule("elsewhere", SHOP, tier, 0.8, since=since, remedy="restart_workload")
    assert (("released", page) not in best(released, stated, of=world)) == gives_way


CRASH, WAITS = (
    "TypeError: Cannot read properties of undefined (reading 'year')",
    "ERROR http://shop:8080: 503 unavailable",
)


@pytest.mark.parametrize(
    ("said", "came", "crashes", "beside"),
    [
        ((CRASH,), 1500, 700, True),
        ((CRASH,), 620, 700, False),
        ((CRASH, WAITS), 1500, 700, False),
        ((WAITS,), 1500, 700, False),
        ((CRASH,), 1500, 1300, False),
    ],
    ids=[
        "of its own code alone", "both began in one minute", "as often of others", "of others alone",
        "before it was released",
    ],
)  # fmt: skip
def test_a_release_that_stumbles_in_its_own_code_is_a_fault_beside_another_that_began_apart(
    said: tuple[str, ...], came: float, crashes: float, beside: bool
) -> None:
    world = snapshot(
        workload("web", env={"SHOP_URL": "http://shop:8080"}, before=IMAGE, released=720),
        workload("shop"),
        logs=[log(pod("shop"), "hello"), log(pod("web"), *said * 20, since=crashes)],
    )
    began, page = NOW - timedelta(seconds=600), "Deployment/web"
    released = rule("released", page, Tier.PATTERN, 0.7, since=began, follows=True, evidence=facts("logs"))
    since = NOW - timedelta(seconds=came)
    cause = rule("cause", SHOP, Tier.STATED, 0.8, since=since, explains=(page,), remedy="restart_connection_pool")
    assert (("released", page) in best(released, cause, of=world)) == beside


def test_of_two_symptoms_as_likely_the_one_that_tells_more_than_who_is_ill_is_believed() -> None:
    ill = {"remedy": "page_human", "root_cause": "dependency_failure"}
    knows = {"remedy": "page_human", "root_cause": "configuration_error"}
    assert best(rule("a", SHOP, Tier.SYMPTOM, 0.5, **knows), rule("b", SHOP, Tier.SYMPTOM, 0.5)) == [("a", SHOP)]
    changed = rule("changed", SHOP, Tier.SYMPTOM, 0.5)
    assert best(rule("answers", SHOP, Tier.SYMPTOM, 0.5, **ill), changed) == [("changed", SHOP)]
    assert best(rule("answers", SHOP, Tier.SYMPTOM, 0.45, **ill), rule("changed", SHOP, Tier.SYMPTOM, 0.3)) == [
        ("answers", SHOP)
    ]


def test_a_guess_of_who_never_knows_a_cause_makes_none_surer() -> None:
    same = {"remedy": "page_human", "root_cause": "database_connection"}
    likely = rule("likely", DB, Tier.STATED, 0.5, evidence=facts("objects"), **same)
    guess = rule("guess", DB, Tier.SYMPTOM, 0.4, evidence=facts("logs", "metrics"), **same)
    kind = rule("kind", DB, Tier.SYMPTOM, 0.4, evidence=facts("logs", "metrics"), remedy="page_human")
    unknowing = kind._replace(
        root_cause="unknown",
        when=lambda view: [each._replace(root_cause="database_connection") for each in kind.when(view)],
    )
    ((found,), (alone,)) = (decide(WORLD, rules).findings for rules in ((likely, unknowing), (likely,)))
    assert found.confidence == alone.confidence
    assert {each.source for each in found.evidence} == {"objects", "logs", "metrics"}
    assert decide(WORLD, (likely, guess)).findings[0].confidence > alone.confidence


def test_where_something_is_wrong_nothing_else_is_called_well() -> None:
    well = rule("well", DB, Tier.PATTERN, 0.9, root_cause="no_fault", remedy="no_action")
    assert best(well, rule("bad", SHOP, Tier.PATTERN, 0.6)) == [("bad", SHOP)]


def test_a_remedy_that_would_harm_becomes_a_person() -> None:
    barred = Excluded("rollback_workload", SHOP, "it was worse before")
    found = decide(WORLD, (rule("a", SHOP, Tier.STATED, 0.8, excludes=(barred,)),)).findings[0]
    assert found.remedy == "page_human"
    assert any("it was worse before" in each.fact for each in found.evidence)


@pytest.mark.parametrize("tier", list(Tier))
def test_independent_sources_make_surer_and_more_of_one_do_not(tier: Tier) -> None:
    def of(*sources: str) -> float:
        return confidence(Match(SHOP, facts(*sources), 0.4), tier)

    assert of("logs") == of("logs", "logs", "logs")
    assert of("logs") < of("logs", "events") or tier == Tier.SYMPTOM
    assert of("logs", "events") <= of("logs", "events", "metrics")
    assert confidence(Match(SHOP, facts("logs"), 1.0), tier) <= CERTAIN[1]


def test_two_sources_of_one_observer_prove_less_than_two_observers() -> None:
    def of(*sources: str) -> float:
        return confidence(Match(SHOP, facts(*sources), 0.6), Tier.STATED)

    assert of("objects") < of("objects", "events") < of("objects", "logs")
    assert of("metrics") < of("metrics", "alerts") < of("metrics", "logs")


@pytest.mark.parametrize("certainty", [0.1, 0.2, 0.3, 0.4])
def test_what_speaks_for_a_cause_faintly_stays_faint_however_many_see_it(certainty: float) -> None:
    everything = facts("objects", "logs", "events", "metrics", "alerts", "database", "probes")
    assert confidence(Match(SHOP, everything, certainty), Tier.STATED) == pytest.approx(AS_SURE * certainty)


def test_a_symptom_is_never_sure() -> None:
    everything = facts("objects", "logs", "events", "metrics", "alerts")
    assert confidence(Match(SHOP, everything, 0.9), Tier.SYMPTOM) <= SYMPTOM_MOST


@pytest.mark.parametrize("tier", list(Tier))
def test_what_the_snapshot_lacks_makes_less_sure(tier: Tier) -> None:
    held = Match(SHOP, facts("objects", "logs"), 0.4)
    assert confidence(held, tier, 2) < confidence(held, tier, 1) < confidence(held, tier, 0)


def test_who_says_expressly_that_it_is_the_reason_is_not_explained_by_what_it_needs() -> None:
    storm = rule("storm", SHOP, Tier.PATTERN, 0.8, explains=(DB,), follows=True)
    full = rule("full", DB, Tier.PATTERN, 0.7)
    assert best(storm, full) == [("storm", SHOP)]


def test_a_healthy_system_answers_once() -> None:
    well = {"root_cause": "no_fault", "remedy": "no_action"}
    found = decide(WORLD, (rule("a", SHOP, Tier.PATTERN, 0.8, **well), rule("b", DB, Tier.PATTERN, 0.7, **well)))
    assert [each.rule for each in found.findings] == ["a"]
    assert [each.reason for each in found.considered] == [f"all is well there too, as at {SHOP}"]


def test_a_snapshot_without_anything_is_unknown() -> None:
    found = decide(replace(WORLD, objects={}, logs=()), ()).findings
    assert [(each.root_cause, each.remedy) for each in found] == [("unknown", "page_human")]
