"""What a whole log is asked for first is in every line that the pattern itself finds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.rules import _hunting, _injected
from tuheg_ir.diagnosis.view.logs import speaks_of

HINTED = {
    "drop boxes": (_hunting._DROPS, _hunting._BOXES),
    "files with logins": (_hunting._FILE, _hunting._PLACES),
    "tools with logins": (_hunting._TOOL, _hunting._PLACES),
    "scanners": (_hunting._SCANNER, _hunting._PLACES),
    "clients of the cluster": (_injected._CLIENT, _injected._SECRETS),
}


@pytest.mark.parametrize(("pattern", "names"), HINTED.values(), ids=HINTED)
@given(data=st.data())
def test_a_line_that_a_pattern_finds_is_in_no_log_that_is_passed_over(
    pattern: re.Pattern[str], names: tuple[str, ...], data: st.DataObject
) -> None:
    line = data.draw(st.from_regex(re.compile(pattern.pattern, pattern.flags)))
    assert speaks_of(Log("pod", "container", ("before", line)), names)


def test_a_log_that_names_none_of_them_is_passed_over() -> None:
    assert not speaks_of(Log("pod", "container", ("GET / 200", "sh is a shell")), _hunting._PLACES)
