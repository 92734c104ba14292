"""The answer stays where the pods of a case tell of all their work, and a live cluster is asked for their logs."""

from __future__ import annotations

import pytest

from tests.diagnosis.corpus import cases, score
from tests.diagnosis.loaded import snapshot
from tests.diagnosis.node_logs import busy
from tests.diagnosis.test_answers import OPEN
from tuheg_ir.diagnosis.decide import decide

pytestmark = pytest.mark.corpus

CASES = tuple(case for case in cases("tuning") if case.name not in OPEN)[::6]
MOST_LOST = 0.05
"""Of so many nobody is silent any more whose silence told something, or what is told in between tells more."""


@pytest.mark.slow
def test_what_a_busy_service_tells_of_its_work_hides_nothing() -> None:
    judged = {case.name: score(case, decide(busy(snapshot(case.folder))).findings) for case in CASES}
    assert not [name for name, each in judged.items() if each.forbidden]
    lost = [name for name, each in judged.items() if not each.right]
    assert len(lost) <= MOST_LOST * len(CASES), lost
