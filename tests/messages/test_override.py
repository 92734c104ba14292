"""What a person ordered against the diagnosis is told to the house, and never to users."""

from __future__ import annotations

import pytest

from tests.messages.test_narrate import ACTION, DIAGNOSIS, HEALED, INTENT, STARTED, TARGET, ended, facts, progress

ORDER = {"by": "kim", "reason": "the lead wants it", "against": "Secret app is missing"}


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (ORDER, "（kim 决定执行，虽然诊断指出: Secret app is missing；理由: the lead wants it）"),
        ({**ORDER, "against": ""}, "（kim 决定执行；理由: the lead wants it）"),
    ],
)
def test_an_override_is_told_to_the_house_and_never_to_users(order: dict[str, str], told: str) -> None:
    intent, outcome = (INTENT[0], {**ACTION, "override": order}), (HEALED[0], {**HEALED[1], "override": order})
    assert progress(STARTED, DIAGNOSIS, intent)[1] == f"🔄 正在重启: {TARGET}{told}"
    done = facts(STARTED, DIAGNOSIS, intent, outcome, ended("healed"))
    fixed = f"已重启: {TARGET}，服务已恢复{told}"
    assert {"mark": "done", "text": fixed} in done["internal_update"]["progress"]
    assert done["summary"]["fixes"] == [fixed]
    assert "kim" not in str(done["user_notice"])
    assert "lead" not in str(done["user_notice"])
    english = facts(STARTED, DIAGNOSIS, outcome, ended("healed"), lang="en")["summary"]["fixes"]
    assert english[0].startswith(f"Done: restart of {TARGET}; the service recovered (ordered by kim")
