"""A release is configured by its environment, and a wrong one does not start."""

from __future__ import annotations

import pytest

from lab.platform.gateway.settings import load_settings


def test_an_empty_environment_is_a_release_without_defect() -> None:
    settings = load_settings({})
    assert settings.fault.kind == ""
    assert (settings.pool_min, settings.pool_max) == (4, 4)


def test_the_pool_is_as_large_as_its_minimum_unless_told() -> None:
    assert load_settings({"GATEWAY_POOL_MIN": "6"}).pool_max == 6
    assert load_settings({"GATEWAY_POOL_MIN": "6", "GATEWAY_POOL_MAX": "9"}).pool_max == 9


def test_a_defect_is_read_with_its_figures() -> None:
    fault = load_settings(
        {
            "GATEWAY_FAULT": "leak-memory",
            "GATEWAY_FAULT_RATE": "0.5",
            "GATEWAY_FAULT_LEAK_KIB": "160",
            "GATEWAY_FAULT_AFTER_S": "20",
        }
    ).fault
    assert (fault.kind, fault.rate, fault.leak_kib, fault.after_s) == ("leak-memory", 0.5, 160, 20.0)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"GATEWAY_FAULT": "none-such"}, "GATEWAY_FAULT='none-such'"),
        ({"GATEWAY_PORT": "http"}, "GATEWAY_PORT='http' is not a number"),
        ({"GATEWAY_POOL_TIMEOUT_S": "-1"}, "GATEWAY_POOL_TIMEOUT_S='-1' is negative"),
    ],
)
def test_a_wrong_value_names_its_variable(env: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        load_settings(env)
