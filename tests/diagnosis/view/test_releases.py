"""Whether a trouble began with a release."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import IMAGE, logs, shop
from tests.diagnosis.rules.tiny import NOW, at, snapshot, workload
from tuheg_ir.diagnosis.view.releases import release_cause, since_release
from tuheg_ir.diagnosis.view.view import View

HOUR = 3600


@pytest.mark.parametrize(
    ("pods", "began", "its_own"),
    [
        ((HOUR, HOUR, HOUR), HOUR - 60, True),
        ((HOUR, HOUR, HOUR), HOUR + 60, True),  # clocks and samples are that far apart
        ((HOUR, HOUR, HOUR), HOUR + 300, False),
        ((HOUR, HOUR, HOUR), HOUR - 1500, False),
        ((HOUR - 300, HOUR - 600, HOUR - 900), HOUR - 1500, True),  # a pod after the other
        ((HOUR, HOUR, HOUR - 900), HOUR - 1500, False),  # one was made anew, by a drain or an end
        ((HOUR - 1200, HOUR - 1200, HOUR - 1200), HOUR - 1500, False),  # all of them were
        ((HOUR, HOUR, HOUR), None, False),
    ],
)
def test_what_begins_while_a_release_rolls_out_or_soon_after_is_its_own(
    pods: tuple[int, ...], began: int | None, its_own: bool
) -> None:
    objects = workload("shop", before={"image": "shop:0"}, released=HOUR, pods=len(pods))
    for pod, age in zip(pods_of(objects), pods, strict=True):
        pod["metadata"]["creationTimestamp"] = at(age)
    held = View(snapshot(objects)).workloads["Deployment/shop"]
    assert since_release(held, None if began is None else NOW - timedelta(seconds=began)) is its_own


UNTRUSTED = "tls: failed to verify certificate: x509: certificate signed by unknown authority"


@pytest.mark.parametrize(
    ("before", "now", "line", "cause"),
    [
        ({"args": ["--insecure"]}, {"args": []}, UNTRUSTED, "configuration_error"),
        ({"env": {}}, {"env": {"VERIFY_PEER": "1"}}, UNTRUSTED, "configuration_error"),
        ({"env": {"CA_FILE": "/a"}}, {"env": {"CA_FILE": "/b"}}, UNTRUSTED, "configuration_error"),
        ({"args": ["--insecure"]}, {"args": []}, "ERROR it failed", "code_defect"),
        ({"args": ["--insecure"]}, {"args": ["--insecure"]}, UNTRUSTED, "code_defect"),
        ({"env": {}}, {"env": {"CACHE": "1"}}, UNTRUSTED, "code_defect"),
    ],
)
def test_who_trusts_others_by_its_settings_fails_by_them(
    before: Mapping[str, Any], now: Mapping[str, Any], line: str, cause: str
) -> None:
    view = View(snapshot(shop(before={**IMAGE, **before}, **now), logs=logs("shop", line, since=500)))
    assert release_cause(view, view.workloads["Deployment/shop"]) == cause
