"""Rendering the handbook's own example facts gives the handbook's own texts, byte for byte."""

import re
from pathlib import Path

import pytest

from tuheg_ir.messages import STAGES, load_facts, render

ROOT = Path(__file__).resolve().parents[2]
HANDBOOK = (ROOT / "docs" / "handbook.zh-CN.md").read_bytes().decode("utf-8")
FACTS = ROOT / "tests" / "data" / "handbook_facts.yml"


def blocks() -> list[str]:
    """Return the fenced blocks of the handbook's section about messages."""
    section = re.search(r"^## [^\n]*通信模板$(.*?)^## ", HANDBOOK, re.MULTILINE | re.DOTALL)
    assert section is not None
    return re.findall(r"^```\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)


def test_the_handbook_has_one_block_for_each_message() -> None:
    assert len(blocks()) == len(STAGES)


@pytest.mark.parametrize(("stage", "block"), list(zip(STAGES, blocks(), strict=True)), ids=STAGES)
def test_the_handbooks_facts_give_the_handbooks_text(stage: str, block: str) -> None:
    assert render(stage, load_facts(FACTS), "zh").encode() == block.encode()


ENGLISH = {
    "internal_update": """\
🚨 Production incident: status update

Incident: INC-20251105-001
State: 🔴 In progress
Impact: 核心API服务部分不可用
Users affected: ~10%
Started: 2025-11-05 14:30 UTC
Expected recovery: 2025-11-05 15:30 UTC

Progress:
- ✅ 已确认问题: 数据库连接池耗尽
- 🔄 正在扩容数据库实例
- ⏳ 预计10分钟内恢复

The next update follows in 15 minutes.
""",
    "user_notice": """\
🔧 Service notice

Dear user,

We have detected 短暂的性能问题 and are working urgently on a fix.

Impact:
- 游戏创建功能暂时不可用
- 其他功能正常

Expected time to recovery: 15 minutes

We apologise sincerely and thank you for your understanding.

创世星环团队
""",
    "summary": """\
📊 Production incident: summary

Overview:
- Time: 2025-11-05 14:30-15:00 UTC
- Impact: 核心API服务10分钟不可用
- Users affected: ~1000人

Root cause:
数据库连接池配置不当，在高负载时快速耗尽

Fixes:
1. 增加数据库连接池大小 (50→100)
2. 添加连接池监控告警
3. 实施自动扩容机制

Prevention:
1. 改进容量规划流程
2. 增加压力测试频率
3. 完善监控覆盖率

Owner: @db-admin
""",
}


@pytest.mark.parametrize("stage", STAGES)
def test_the_same_facts_in_english_words(stage: str) -> None:
    assert render(stage, load_facts(FACTS), "en") == ENGLISH[stage]
