"""The lab keeps everything in one folder outside the tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.paths import Lab


@pytest.mark.parametrize(
    ("environ", "home"),
    [
        ({"TUHEG_LAB_HOME": "/srv/lab", "XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/srv/lab"),
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/tuheg-lab"),
        ({"HOME": "/h"}, "/h/.cache/tuheg-lab"),
        ({"TUHEG_LAB_HOME": "", "XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/tuheg-lab"),
    ],
)
def test_home_comes_from_the_environment(environ: dict[str, str], home: str) -> None:
    assert Lab.from_environment(environ).home == Path(home)


@pytest.mark.parametrize("home", ["/run/lab", "/var/lib/kubelet", "/proc/x"])
def test_a_home_that_the_lab_would_cover_is_refused(home: str) -> None:
    with pytest.raises(LabError, match="covers with its own"):
        Lab.from_environment({"TUHEG_LAB_HOME": home})
