"""Facts of messages come from the record alone, and what the record does not say is not known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.messages.test_render import HOSTILE
from tuheg_ir.journal import KINDS, Event, fold
from tuheg_ir.messages import LANGUAGES, STAGES, Policy, facts_from_journal, find_internals, render

START = datetime(2025, 11, 5, 14, 30, tzinfo=UTC)
NUMBER = "INC-20251105-001"
POLICY = {
    "zh": Policy(update_minutes=15, user_impact="部分功能暂时不可用", fix_minutes=60),
    "en": Policy(update_minutes=15, user_impact="Some functions are unavailable", fix_minutes=60),
}
OPENED = {
    "uid": "u",
    "cluster": "production",
    "service": "backend-gateway",
    "fault": "database-connection",
    "severity": "P0",
    "drill": False,
}
TARGET = "Deployment/backend-gateway"
ACTION = {"key": f"{NUMBER}/1/restart", "rung": "restart", "remedy": "restart_workload", "target": TARGET}

Step = tuple[str, dict[str, Any]]

STARTED: Step = ("run_started", {"playbook": "respond_database_connection", "service": "backend-gateway"})
DIAGNOSIS: Step = (
    "diagnosis",
    {
        "findings": [
            {
                "component": TARGET,
                "root_cause": "database_connection",
                "remedy": "restart_workload",
                "target": TARGET,
                "confidence": 0.9,
                "evidence": ["25 sessions idle in transaction"],
            }
        ],
        "look": {"verdict": "unhealthy", "reason": "probes fail"},
        "probes": [
            {"service": "backend-gateway", "name": "core", "purpose": "core_function", "verdict": "unhealthy"},
            {"service": "backend-gateway", "name": "errors", "purpose": "user", "verdict": "unhealthy"},
            {"service": "postgres", "name": "connections", "purpose": "health", "verdict": "unhealthy"},
            {"service": "redis", "name": "up", "purpose": "health", "verdict": "healthy"},
        ],
    },
)
INTENT: Step = ("intent", ACTION)
HEALED: Step = ("outcome", {**ACTION, "changed": True, "verdict": "healed"})


def ended(status: str) -> Step:
    return ("run_ended", {"status": status, "result": {"status": status}})


def facts(*steps: Step, lang: str = "zh", now: datetime | None = None, run: str = "r1") -> dict[str, dict[str, Any]]:
    """Make facts from an opening and these steps, one a minute, all of one run."""
    events = [
        Event(n, NUMBER, run, START + timedelta(minutes=n), "lin", kind, data, "", "")
        for n, (kind, data) in enumerate([("incident_opened", OPENED), *steps])
    ]
    return facts_from_journal(fold(events), events, POLICY[lang], lang=lang, now=now or START + timedelta(hours=1))


def progress(*steps: Step) -> list[str]:
    marks = {"done": "✅", "running": "🔄", "next": "⏳"}
    lines = facts(*steps)["internal_update"]["progress"]
    return [f"{marks[line['mark']]} {line['text']}" for line in lines]


def test_a_healed_incident_gives_the_three_messages() -> None:
    told = facts(STARTED, DIAGNOSIS, INTENT, HEALED, ended("healed"))
    assert render("internal_update", told) == (
        "🚨 生产环境事件状态更新\n\n"
        "事件ID: INC-20251105-001\n状态: 🟢 已恢复\n"
        "影响: backend-gateway: 核心功能异常，用户体验受影响，postgres: 健康检查异常\n"
        "影响用户: 尚不清楚\n开始时间: 2025-11-05 14:30 UTC\n恢复时间: 2025-11-05 14:35 UTC\n\n"
        "当前进展:\n- ✅ 已确认问题: 数据库连接问题（Deployment/backend-gateway）\n"
        "- ✅ 已重启: Deployment/backend-gateway，服务已恢复\n\n"
        "服务已恢复；如有变化，将另行更新。\n"
    )
    assert render("user_notice", told) == (
        "🔧 系统维护通知\n\n亲爱的用户：\n\n我们此前检测到系统出现服务异常，现已恢复正常。\n\n"
        "影响:\n- 部分功能暂时不可用\n\n恢复时间: 2025-11-05 14:35 UTC\n\n"
        "我们深表歉意，并感谢您的理解。\n\n创世星环团队\n"
    )
    assert render("summary", told) == (
        "📊 生产事件总结\n\n事件概述:\n- 时间: 2025-11-05 14:30-14:35 UTC\n"
        "- 影响: backend-gateway: 核心功能异常，用户体验受影响，postgres: 健康检查异常\n"
        "- 受影响用户: 尚不清楚\n\n根本原因:\n数据库连接问题（Deployment/backend-gateway）\n\n"
        "修复措施:\n1. 已重启: Deployment/backend-gateway，服务已恢复\n\n"
        "预防措施:\n尚不清楚（待事后回顾确定）\n\n责任人: 尚不清楚\n"
    )


def test_an_incident_just_opened_claims_nothing() -> None:
    told = facts()
    assert told["internal_update"] == {
        "incident": NUMBER,
        "state": "in_progress",
        "impact": None,
        "users": None,
        "started": START,
        "expected_recovery": None,
        "recovered": None,
        "goal": None,
        "progress": [],
        "next_update_minutes": 15,
    }
    assert told["user_notice"]["impact"] is None
    assert told["user_notice"]["expected_minutes"] is None
    summary = told["summary"]
    assert {name: summary[name] for name in ("ended", "root_cause", "fixes", "prevention", "owner")} == dict.fromkeys(
        ("ended", "root_cause", "fixes", "prevention", "owner")
    )


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("healed", "resolved"),
        ("nothing_to_do", "resolved"),
        ("planned", "planned"),
        ("not_healed", "not_healed"),
        ("unknown", "unconfirmed"),
        ("refused", "waiting"),
        ("error", "in_progress"),
    ],
)
def test_the_state_follows_from_how_the_run_ended(status: str, state: str) -> None:
    assert facts(STARTED, ended(status))["internal_update"]["state"] == state


def test_a_closed_incident_is_resolved() -> None:
    closed: Step = ("incident_changed", {"reason": "over", "closed": True})
    assert facts(STARTED, ended("unknown"), closed)["internal_update"]["state"] == "resolved"


def test_a_plan_after_a_real_run_does_not_change_the_state() -> None:
    events = [
        Event(0, NUMBER, None, START, "lin", "incident_opened", OPENED, "", ""),
        Event(1, NUMBER, "r1", START, "lin", *STARTED, "", ""),
        Event(2, NUMBER, "r1", START, "lin", *ended("not_healed"), "", ""),
        Event(3, NUMBER, "r2", START, "lin", "run_started", {**STARTED[1], "check": True}, "", ""),
        Event(4, NUMBER, "r2", START, "lin", *ended("planned"), "", ""),
    ]
    told = facts_from_journal(fold(events), events, POLICY["zh"], now=START)
    assert told["internal_update"]["state"] == "not_healed"


def test_what_was_stated_is_told_as_it_was_stated() -> None:
    stated: Step = (
        "incident_changed",
        {
            "reason": "counted",
            "impact": "核心API服务部分不可用",
            "users": "~10%",
            "owner": "@db-admin",
            "expected_recovery": "2025-11-05T15:30:00Z",
        },
    )
    told = facts(STARTED, stated, now=START + timedelta(minutes=44, seconds=30))
    update = told["internal_update"]
    assert (update["impact"], update["users"]) == ("核心API服务部分不可用", "~10%")
    assert update["expected_recovery"] == datetime(2025, 11, 5, 15, 30, tzinfo=UTC)
    assert told["user_notice"]["expected_minutes"] == 16
    assert told["summary"]["owner"] == "@db-admin"


def test_an_expected_recovery_that_has_passed_is_no_duration() -> None:
    stated: Step = ("incident_changed", {"reason": "x", "expected_recovery": "2025-11-05T15:30:00Z"})
    assert facts(stated, now=START + timedelta(hours=1))["user_notice"]["expected_minutes"] is None


def test_the_goal_counts_from_the_first_change() -> None:
    assert facts(STARTED, DIAGNOSIS)["internal_update"]["goal"] is None
    told = facts(STARTED, DIAGNOSIS, INTENT, HEALED, INTENT)["internal_update"]
    assert told["goal"] == START + timedelta(minutes=3 + 60)


PROGRESS: list[tuple[list[Step], list[str]]] = [
    ([STARTED], ["🔄 正在诊断"]),
    ([STARTED, DIAGNOSIS], ["✅ 已确认问题: 数据库连接问题（Deployment/backend-gateway）"]),
    (
        [STARTED, DIAGNOSIS, INTENT],
        [
            "✅ 已确认问题: 数据库连接问题（Deployment/backend-gateway）",
            "🔄 正在重启: Deployment/backend-gateway",
            "⏳ 随后验证修复效果",
        ],
    ),
    ([STARTED, ("diagnosis", {"findings": [{"root_cause": "unknown"}]})], ["✅ 诊断完成，原因尚不清楚"]),
    ([STARTED, ("diagnosis", {"findings": []})], ["✅ 诊断完成，原因尚不清楚"]),
    ([STARTED, ("diagnosis", {"findings": [{"root_cause": "no_fault"}]})], ["✅ 诊断完成，未发现故障"]),
    (
        [STARTED, INTENT, ("outcome", {**ACTION, "changed": True, "verdict": "not_healed"}), ended("not_healed")],
        ["✅ 已重启: Deployment/backend-gateway，问题仍在", "⏳ 自动修复未成功，需要人工处理"],
    ),
    (
        [STARTED, INTENT, ("outcome", {**ACTION, "changed": True, "verdict": "unknown"}), ended("unknown")],
        ["✅ 已重启: Deployment/backend-gateway，效果尚不清楚", "⏳ 恢复情况尚不清楚，需要人工确认"],
    ),
    (
        [STARTED, ("outcome", {**ACTION, "changed": False, "verdict": "healed"}), ended("healed")],
        ["✅ 此前已重启: Deployment/backend-gateway，服务已恢复"],
    ),
    (
        [
            STARTED,
            ("outcome", {**ACTION, "changed": True, "verdict": "healed", "temporary": True}),
            ("followup", {"task": "检查应用代码"}),
            ended("healed"),
        ],
        ["✅ 已重启: Deployment/backend-gateway，服务已恢复（临时措施）", "⏳ 后续: 检查应用代码"],
    ),
    (
        [STARTED, ("skipped", {**ACTION, "reason": "another client holds the sessions"})],
        [
            "✅ 不执行重启 Deployment/backend-gateway: another client holds the sessions",
            "🔄 正在诊断",
        ],
    ),
    (
        [STARTED, DIAGNOSIS, ("refused", {"reason": "needs approval at P1"}), ended("refused")],
        [
            "✅ 已确认问题: 数据库连接问题（Deployment/backend-gateway）",
            "⏳ 等待处理: needs approval at P1",
        ],
    ),
    (
        [STARTED, INTENT, ended("error")],
        ["⏳ 需确认结果: 重启 Deployment/backend-gateway（已开始，结果没有记录）", "⏳ 运行出错，需要人工处理"],
    ),
    (
        [STARTED, INTENT, ("interrupted", {"reason": "Ctrl-C"})],
        [
            "⏳ 需确认结果: 重启 Deployment/backend-gateway（已开始，结果没有记录）",
            "⏳ 运行被中断，可以继续",
        ],
    ),
    ([STARTED, ended("planned")], ["⏳ 已有修复计划，尚未执行"]),
    ([STARTED, DIAGNOSIS, DIAGNOSIS], ["✅ 已确认问题: 数据库连接问题（Deployment/backend-gateway）"]),
    (
        [STARTED, ("outcome", {**ACTION, "remedy": "sing_a_song", "changed": True, "verdict": "healed"})],
        ["✅ 已sing_a_song: Deployment/backend-gateway，服务已恢复"],
    ),
]


@pytest.mark.parametrize(("steps", "lines"), PROGRESS)
def test_progress_says_what_is_done_what_runs_and_what_comes_next(steps: list[Step], lines: list[str]) -> None:
    assert progress(*steps) == lines


def look(verdict: str, *probes: tuple[str, str]) -> Step:
    asked = [{"service": "s", "name": "n", "purpose": purpose, "verdict": found} for purpose, found in probes]
    return ("look", {"service": "s", "verdict": verdict, "probes": asked})


NOTHING_FOUND = ["目前未发现功能受到影响"]
AFFECTED = ["部分功能暂时不可用"]


@pytest.mark.parametrize(
    ("steps", "impact", "users"),
    [
        ([], None, None),
        ([look("unknown")], None, None),
        ([look("unhealthy")], "s: 部署状态异常", None),
        ([look("healthy", ("user", "healthy"))], "s: 检查未见异常", NOTHING_FOUND),
        ([look("unhealthy", ("health", "unhealthy"), ("user", "healthy"))], "s: 健康检查异常", NOTHING_FOUND),
        ([look("unhealthy", ("user", "unknown"), ("core_function", "healthy"))], "s: 部署状态异常", None),
        ([look("unhealthy", ("user", "unhealthy"))], "s: 用户体验受影响", AFFECTED),
        ([look("unhealthy", ("user", "unhealthy")), look("healthy")], "s: 用户体验受影响", AFFECTED),
        ([STARTED, ("diagnosis", {"look": {"verdict": "unhealthy"}})], "backend-gateway: 部署状态异常", None),
    ],
)
def test_impact_is_what_the_looks_found(steps: list[Step], impact: str | None, users: list[str] | None) -> None:
    told = facts(*steps)
    assert told["internal_update"]["impact"] == told["summary"]["impact"] == impact
    assert told["user_notice"]["impact"] == users


def test_recovery_is_the_first_good_end_of_the_last_good_stretch() -> None:
    told = facts(STARTED, ended("healed"), ended("not_healed"), ended("healed"), ended("nothing_to_do"))
    assert told["summary"]["ended"] == START + timedelta(minutes=4)


@pytest.mark.parametrize("blank", ["", "  "])
def test_blank_text_states_nothing(blank: str) -> None:
    told = facts(("incident_changed", {"reason": "x", "users": blank, "impact": blank, "owner": blank}))
    assert (told["summary"]["users"], told["summary"]["impact"], told["summary"]["owner"]) == (None, None, None)


def test_a_run_that_changed_nothing_says_so() -> None:
    told = facts(STARTED, ended("nothing_to_do"))
    assert "未执行任何变更" in render("summary", told)


def test_long_and_broken_texts_become_one_short_line() -> None:
    (line,) = progress(STARTED, ended("healed"), ("followup", {"task": "a\n" + "b" * 500}))
    assert "\n" not in line
    assert len(line) < 220
    assert line.endswith("…")


HOSTILE_TEXT = st.one_of(HOSTILE, st.text(max_size=30))
DATA = st.dictionaries(
    st.sampled_from(
        ["service", "reason", "task", "target", "remedy", "component", "status", "verdict", "users", "impact", "owner"]
    ),
    HOSTILE_TEXT,
)
PROBE = st.fixed_dictionaries(
    {"service": HOSTILE_TEXT, "purpose": HOSTILE_TEXT, "verdict": st.sampled_from(["healthy", "unhealthy", "x"])}
)
HOSTILE_STEP = st.builds(
    lambda kind, data, probes, findings: (kind, {**data, "probes": probes, "findings": findings, "look": data}),
    st.sampled_from(list(KINDS)[1:]),
    DATA,
    st.lists(PROBE, max_size=2),
    st.lists(DATA, max_size=2),
)


@settings(deadline=None)
@given(st.lists(HOSTILE_STEP, max_size=6), st.sampled_from(LANGUAGES))
def test_no_record_however_hostile_gets_internals_into_a_notice_or_stops_a_message(
    steps: list[Step], lang: str
) -> None:
    told = facts(*steps, lang=lang)
    notice = render("user_notice", told, lang)
    assert find_internals(notice) == []
    for stage in STAGES:
        assert render(stage, told, lang)
