"""Facts become words; what is not known is said to be not known."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tuheg_ir.errors import UsageError
from tuheg_ir.messages import LANGUAGES, STAGES, find_internals, render
from tuheg_ir.messages.facts import STATES

START = datetime(2025, 11, 5, 14, 30, tzinfo=UTC)

NOTHING: dict[str, dict[str, Any]] = {
    "internal_update": {
        "incident": "INC-20251105-001",
        "state": "in_progress",
        "impact": None,
        "users": None,
        "started": None,
        "expected_recovery": None,
        "progress": [],
        "next_update_minutes": None,
    },
    "user_notice": {
        "state": "in_progress",
        "problem": None,
        "impact": None,
        "expected_minutes": None,
        "team": None,
    },
    "summary": {
        "started": None,
        "ended": None,
        "impact": None,
        "users": None,
        "root_cause": None,
        "fixes": None,
        "prevention": None,
        "owner": None,
    },
}


def words(stage: str, lang: str = "zh", **fields: Any) -> str:
    return render(stage, {stage: NOTHING[stage] | fields}, lang)


def notice_with(field: str, text: str) -> str:
    """Render a notice to users with this text in one of its fields."""
    value = [text] if field == "impact" else text
    return render("user_notice", {"user_notice": NOTHING["user_notice"] | {field: value}})


UNKNOWN = {
    "internal_update": """\
🚨 生产环境事件状态更新

事件ID: INC-20251105-001
状态: 🔴 进行中
影响: 尚不清楚
影响用户: 尚不清楚
开始时间: 尚不清楚
预计恢复: 尚不清楚

当前进展:
- 尚无记录

下次更新时间尚不清楚。
""",
    "user_notice": """\
🔧 系统维护通知

亲爱的用户：

我们检测到系统出现尚不清楚，目前正在紧急修复中。

影响:
- 正在确认中

预计恢复时间: 尚不清楚

我们深表歉意，并感谢您的理解。

尚不清楚
""",
    "summary": """\
📊 生产事件总结

事件概述:
- 时间: 尚不清楚
- 影响: 尚不清楚
- 受影响用户: 尚不清楚

根本原因:
尚不清楚

修复措施:
尚不清楚

预防措施:
尚不清楚（待事后回顾确定）

责任人: 尚不清楚
""",
}


@pytest.mark.parametrize("stage", STAGES)
def test_nothing_known_is_said_to_be_not_known(stage: str) -> None:
    assert words(stage) == UNKNOWN[stage]
    assert "not known yet" in words(stage, "en")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("state", STATES)
def test_every_message_renders_in_every_state_and_language(stage: str, lang: str, state: str) -> None:
    fields = {"state": state} if "state" in NOTHING[stage] else {}
    text = words(stage, lang, **fields)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "None" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize(
    ("stage", "fields", "line"),
    [
        ("internal_update", {"state": "resolved", "recovered": START}, "状态: 🟢 已恢复"),
        ("internal_update", {"state": "resolved", "recovered": START}, "恢复时间: 2025-11-05 14:30 UTC"),
        ("internal_update", {"state": "resolved"}, "服务已恢复；如有变化，将另行更新。"),
        ("internal_update", {"goal": START}, "预计恢复: 尚不清楚（目标: 2025-11-05 14:30 UTC 前修复）"),
        ("internal_update", {"goal": START, "expected_recovery": START}, "预计恢复: 2025-11-05 14:30 UTC"),
        ("internal_update", {"next_update_minutes": 30}, "后续更新将在30分钟后发出。"),
        ("internal_update", {"next_update_minutes": 240}, "后续更新将在4小时后发出。"),
        ("internal_update", {"progress": [{"mark": "running", "text": "x"}]}, "- 🔄 x"),
        ("user_notice", {"state": "resolved", "problem": "异常"}, "我们此前检测到系统出现异常，现已恢复正常。"),
        ("user_notice", {"state": "resolved", "recovered": START}, "恢复时间: 2025-11-05 14:30 UTC"),
        ("user_notice", {"state": "planned", "problem": "异常"}, "我们检测到系统出现异常，已安排修复。"),
        ("summary", {"started": START}, "- 时间: 2025-11-05 14:30 UTC 起，尚未结束"),
        (
            "summary",
            {"started": START, "ended": datetime(2025, 11, 6, 0, 5, tzinfo=UTC)},
            "- 时间: 2025-11-05 14:30 - 2025-11-06 00:05 UTC",
        ),
        ("summary", {"fixes": []}, "未执行任何变更"),
        ("summary", {"fixes": ["a", "b"]}, "2. b"),
    ],
)
def test_each_fact_has_its_line(stage: str, fields: dict[str, Any], line: str) -> None:
    assert line in words(stage, **fields).splitlines()


@pytest.mark.parametrize(
    ("minutes", "text"), [(1, "1 minute"), (15, "15 minutes"), (90, "90 minutes"), (240, "4 hours")]
)
def test_durations_in_english(minutes: int, text: str) -> None:
    assert f"The next update follows in {text}." in words("internal_update", "en", next_update_minutes=minutes)


def test_what_looks_like_a_template_stays_text() -> None:
    assert "影响: {{ 7 * 7 }}" in words("internal_update", impact="{{ 7 * 7 }}")


def test_unknown_stages_languages_and_sections_list_what_there_is() -> None:
    with pytest.raises(UsageError, match="Messages: internal_update, user_notice, summary"):
        render("party", NOTHING)
    with pytest.raises(UsageError, match=r"Languages: zh, en\."):
        render("summary", NOTHING, "fr")
    with pytest.raises(UsageError, match="Add a section summary"):
        render("summary", {})
    with pytest.raises(UsageError, match=r"summary\.owner"):
        render("summary", {"summary": {key: None for key in NOTHING["summary"] if key != "owner"}})


INTERNALS = [
    ("10.0.0.1", "an IP address"),
    ("连接 10.244.1.17:5432 失败", "an IP address"),
    ("fe80::1ff:fe23:4567:890a", "an IP address"),
    ("2001:0:0:0:0:0:0:1", "an IP address"),
    ("backend-gateway-7d9f8c6b5d-x2k4q", "a pod name"),
    ("在backend-gateway-7d9f8c6b5d中", "a pod name"),
    ("postgres-0", "a pod name"),
    ("db.internal", "a host name"),
    ("node1.cluster.example.com 宕机", "a host name"),
    ("localhost", "a host name"),
    ("版本v1.2.3有缺陷", "a version"),
    ("升级到 2.4.1", "a version"),
    ("v2", "a version"),
    ("image@sha256:0123456789ab", "an image"),
    ("pod 重启中", "a name of a component"),
    ("Kubernetes", "a name of a component"),
]


@pytest.mark.parametrize(("text", "kind"), INTERNALS)
def test_internals_are_recognised(text: str, kind: str) -> None:
    assert [found.split(":")[0] for found in find_internals(text)].count(kind) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "游戏创建功能暂时不可用",
        "其他功能正常",
        "预计 15:30 恢复，约 1.5 小时",
        "2025-11-05 14:30:05",
        "约 10% 的用户受到影响 (50→100)",
        "Users may have to sign in again, e.g. on phones.",
        "Long-term fix under way",
    ],
)
def test_words_for_users_are_no_internals(text: str) -> None:
    assert find_internals(text) == []


@pytest.mark.parametrize("field", ["problem", "impact", "team"])
@pytest.mark.parametrize(("text", "kind"), INTERNALS)
def test_a_notice_with_internals_is_refused_and_the_field_named(field: str, text: str, kind: str) -> None:
    with pytest.raises(UsageError, match="must not tell internals") as caught:
        notice_with(field, text)
    assert caught.value.which.startswith(f"user_notice.{field}: ")
    assert kind in caught.value.which


_RANDOM = st.text("bcdfghjklmnpqrstvwxz2456789", min_size=5, max_size=5)
_OCTET = st.integers(0, 255)
HOSTILE = st.one_of(
    st.builds("{}.{}.{}.{}".format, _OCTET, _OCTET, _OCTET, _OCTET),
    st.builds("backend-gateway-{}{}-{}".format, _RANDOM, _RANDOM, _RANDOM),
    st.builds("postgres-{}".format, st.integers(0, 99)),
    st.builds("{}.svc.cluster.local".format, st.text("abcxyz", min_size=1, max_size=8)),
    st.builds("v{}.{}.{}".format, st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)),
    st.builds("{}.{}.{}".format, st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)),
)
AROUND = st.text(st.characters(exclude_categories=["L", "N", "Cs"], exclude_characters="-._:@"), max_size=8)


@settings(deadline=None)
@given(secret=HOSTILE, before=AROUND, after=AROUND, field=st.sampled_from(["problem", "impact", "team"]))
def test_no_hostile_fact_gets_into_a_notice(secret: str, before: str, after: str, field: str) -> None:
    text = before + secret + after
    assume(text.strip())
    try:
        notice = notice_with(field, text)
    except UsageError:
        return
    assert secret not in notice
