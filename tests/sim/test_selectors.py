"""Selectors choose what the real ones choose, and complain in the real words."""

from __future__ import annotations

import pytest

from tuheg_ir.sim.selectors import field_selector, label_selector, matches, render
from tuheg_ir.sim.status import ApiError

POD = {
    "metadata": {"name": "web-1", "namespace": "prod", "labels": {"app": "web", "tier": "front"}},
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier=front", True),
        ("app=web,tier=back", False),
        ("app!=web", False),
        ("nosuch!=x", True),
        ("app in (web,api)", True),
        ("app in (api), tier=front", False),
        ("app notin (api,db)", True),
        ("nosuch notin (x)", True),
        ("tier", True),
        ("!tier", False),
        ("!nosuch", True),
    ],
)
def test_label_selectors(text: str, chosen: bool) -> None:
    assert label_selector(text)(POD) is chosen


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a===b", "unable to parse requirement: found '=', expected: identifier"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
    ],
)
def test_label_selectors_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        label_selector(text)
    assert (refused.value.code, refused.value.message) == (400, message)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("", True), ("status.phase=Running", True), ("status.phase!=Running", False), ("metadata.name==web-1", True)],
)
def test_field_selectors(text: str, chosen: bool) -> None:
    assert field_selector(text, ("metadata.name", "status.phase"), own_words=True)(POD) is chosen


@pytest.mark.parametrize(
    ("text", "own_words", "message"),
    [
        ("spec.bad=1", True, "field label not supported: spec.bad"),
        ("spec.bad=1", False, '"spec.bad" is not a known field selector: only "metadata.name", "metadata.namespace"'),
        ("bad", True, "invalid selector: 'bad'; can't understand 'bad'"),
    ],
)
def test_fields_that_are_not_offered(text: str, own_words: bool, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        field_selector(text, ("metadata.name",), own_words=own_words)
    assert (refused.value.code, refused.value.message) == (400, message)


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_selector_objects(selector: dict[str, object] | None, chosen: bool) -> None:
    assert matches(selector, {"app": "web"}) is chosen
    if selector is not None:
        assert label_selector(render(selector))({"metadata": {"labels": {"app": "web"}}}) is chosen
