"""Every filter is documented as it is, takes what Ansible gives, and says plainly what it cannot use."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.tuheg.ir.plugins.filter import decisions, remedies

FOLDER = Path(__file__).parents[2] / "collection" / "plugins" / "filter"
FILTERS: dict[str, Callable[..., Any]] = {
    **decisions.FilterModule().filters(),
    **remedies.FilterModule().filters(),
}


def test_there_is_a_page_for_every_filter_and_a_filter_for_every_page() -> None:
    assert {path.stem for path in FOLDER.glob("*.yml")} == FILTERS.keys()


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_the_page_names_the_arguments_in_their_order_with_their_defaults(name: str) -> None:
    documented = yaml.safe_load((FOLDER / f"{name}.yml").read_text())["DOCUMENTATION"]
    options = {key: value for key, value in documented["options"].items() if key != "_input"}
    _, *parameters = inspect.signature(FILTERS[name]).parameters.values()
    assert documented["name"] == name
    assert list(options) == [parameter.name for parameter in parameters]
    if parameters:
        assert documented["positional"].split(", ") == list(options)
    for parameter in parameters:
        option = options[parameter.name]
        if parameter.default is inspect.Parameter.empty:
            assert option["required"] is True
        else:
            assert not option.get("required")
            default = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
            assert option.get("default", default) == default


def test_a_bad_argument_is_one_sentence_that_names_the_filter() -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        FILTERS["may_act"]("mild", "P0", "", {})
    assert str(caught.value) == "tuheg.ir.may_act: 'mild' is not a class; classes are safe, reversible, irreversible"
    with pytest.raises(AnsibleFilterError, match=r"tuheg\.ir\.slim_workload: 'metadata' is missing"):
        FILTERS["slim_workload"]({"kind": "Deployment"})


def test_ansibles_times_and_numbers_as_text_are_taken() -> None:
    now = datetime(2025, 11, 5, 14, 30)  # noqa: DTZ001 - Ansible's now(utc=true) gives such a one
    decision = FILTERS["lease_decision"](
        {}, "l", "ns", "INC-20251105-001/r", "INC-20251105-001", now=now, seconds="60", uid=None
    )
    assert decision["definition"]["spec"]["renewTime"] == "2025-11-05T14:30:00.000000Z"
    assert decision["definition"]["spec"]["leaseDurationSeconds"] == 60
    assert FILTERS["hpa_decision"]({}, "3", "5")["action"] == "scale"
