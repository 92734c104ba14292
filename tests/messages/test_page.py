"""A diagnosis as a page: whole in itself, with plots, and safe whatever a cluster says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tuheg_ir.messages.page import render_page

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>"


@dataclass
class Plot:
    signal: str = "error_ratio"
    component: str = "Deployment/web"
    lines: Any = ()
    marks: Any = ()


@dataclass
class Page:
    plots: Any = ()
    differences: Any = ()
    timeline: Any = ()


@dataclass
class Difference:
    component: str
    released_at: datetime
    rows: Any


@dataclass
class Moment:
    time: datetime = NOW
    about: str = "Deployment/web"
    what: str = "released"
    kind: str = "release"


@dataclass
class Answer:
    findings: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "namespace": "shop",
            "cluster": "",
            "verdict": "unhealthy",
            "taken_at": NOW.isoformat(),
            "findings": self.findings,
            "considered": [],
            "sources": [{"source": "logs", "ok": False, "ms": 3, "note": "forbidden"}],
        }


def finding(**more: Any) -> dict[str, Any]:
    return {
        "component": "Deployment/web",
        "namespace": "shop",
        "root_cause": "code_defect",
        "remedy": "rollback_workload",
        "target": "Deployment/web",
        "confidence": 0.85,
        "since": (NOW - timedelta(minutes=9)).isoformat(),
        "evidence": [{"source": "metrics", "object": "Deployment/web", "fact": "30 % fail", "time": None}],
        "excluded": [{"remedy": "restart_workload", "target": "Deployment/web", "reason": "same template"}],
        **more,
    }


def ramp(*values: float) -> tuple[tuple[float, float], ...]:
    return tuple((NOW.timestamp() - 60 * (len(values) - n), value) for n, value in enumerate(values))


def test_a_page_says_what_is_wrong_what_to_do_and_what_not() -> None:
    text = render_page(Answer([finding()]).as_dict(), Page())
    told = (
        "code defect",
        "85 %",
        "2026-03-01 11:51:00",
        "rollback_workload",
        "30 % fail",
        "same template",
        "forbidden",
    )
    assert [words for words in told if words not in text] == []


def test_a_page_says_in_which_other_namespace_a_component_is() -> None:
    assert "<h3>Deployment/web: " in render_page(Answer([finding()]).as_dict(), Page())
    assert "<h3>Deployment/web in edge: " in render_page(Answer([finding(namespace="edge")]).as_dict(), Page())


def test_a_page_needs_nothing_from_elsewhere() -> None:
    page = Page(plots=[Plot(lines=(("web", ramp(0, 0, 0.3, 0.3)),), marks=((NOW - timedelta(minutes=2), "release"),))])
    text = render_page(Answer([finding()]).as_dict(), page)
    assert "<svg" in text
    assert "<script" not in text
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", text)


def test_what_a_cluster_says_never_becomes_markup() -> None:
    page = Page(
        plots=[Plot(signal=HOSTILE, lines=((HOSTILE, ramp(1, 2)),))],
        differences=[Difference("Deployment/web", NOW, ((HOSTILE, HOSTILE, ""),))],
        timeline=[Moment(what=HOSTILE)],
    )
    hostile = finding(evidence=[{"source": "logs", "object": "", "fact": HOSTILE, "time": None}])
    text = render_page(Answer([hostile]).as_dict(), page)
    assert "alert(" in text
    assert "<script" not in text


def test_a_plot_of_zeros_is_drawn() -> None:
    text = render_page(Answer([finding()]).as_dict(), Page(plots=[Plot(lines=(("web", ramp(0, 0)),))]))
    assert "<svg" in text
