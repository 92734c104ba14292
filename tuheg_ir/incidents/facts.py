"""The facts of an incident's messages: the journal's, with what the catalogue says about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tuheg_ir.catalogue import Catalogue
from tuheg_ir.journal import Incident, Journal
from tuheg_ir.messages import Policy, facts_from_journal, render

NO_IMPACT_TEXT = {"zh": "部分功能暂时不可用", "en": "Some functions are temporarily unavailable"}
"""What users of a fault that the catalogue does not have are told."""


DRILL_TEXT = {
    "zh": "【演练】以下内容来自一次演练，没有发生真实故障。",
    "en": "[DRILL] This was written in a drill: nothing real is broken.",
}
"""The first line of every message of a drill: nobody may take it for the real thing."""


def message_text(journal: Journal, catalogue: Catalogue, number: str, stage: str, *, lang: str) -> str:
    """Return a message of an incident, as it stands now; one of a drill says so.

    Raises UsageError for an unknown incident or stage.
    """
    text = render(stage, message_facts(journal, catalogue, number, lang=lang, now=datetime.now(UTC)), lang)
    return f"{DRILL_TEXT[lang]}\n\n{text}" if journal.incident(number).drill else text


def message_facts(journal: Journal, catalogue: Catalogue, number: str, *, lang: str, now: datetime) -> dict[str, Any]:
    """Return the facts of all stages, read from the journal only.

    Raises UsageError for an unknown incident.
    """
    incident = journal.incident(number)
    events = journal.events(number)
    return facts_from_journal(incident, events, policy_of(catalogue, incident, lang), lang=lang, now=now)


def policy_of(catalogue: Catalogue, incident: Incident, lang: str) -> Policy:
    """Return what the catalogue says about the incident's severity and fault."""
    severity = catalogue.severity(incident.severity)
    fault = catalogue.faults.get(incident.fault)
    fix = severity.phases.get("fix")
    return Policy(
        update_minutes=severity.update_minutes,
        user_impact=fault.user_impact[lang] if fault else NO_IMPACT_TEXT[lang],
        fix_minutes=fix.minutes if fix else None,
    )
