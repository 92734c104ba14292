"""A diagnosis for people: five lines a finding, and on request every guess that was dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tuheg_ir.cli.output import columns, wrapped

_FACTS = 4
"""So many facts stand behind `why`; --explain and the JSON have all."""


def lines(found: Mapping[str, Any]) -> list[str]:
    """Return what is wrong, since when, why we think so, what to do and what not to do, of each finding."""
    shown = [_head(found)]
    for number, finding in enumerate(found["findings"], 1):
        place = f" in {space}" if (space := finding.get("namespace")) not in (None, found["namespace"]) else ""
        shown += _finding(finding, found["taken_at"], number if len(found["findings"]) > 1 else 0, place)
    return shown + _unread(found["sources"])


def _head(found: Mapping[str, Any]) -> str:
    where = "/".join(str(found[key]) for key in ("cluster", "namespace", "service") if found.get(key))
    took = f" ({found['took_s']:.1f} s)" if found.get("took_s") is not None else ""
    return f"{where}: {found['verdict']}{took}"


def _finding(finding: Mapping[str, Any], taken_at: str, number: int, place: str) -> Iterator[str]:
    mark = f"{number}. " if number else ""
    cause = str(finding["root_cause"]).replace("_", " ")
    yield f"{mark}{finding['component']}{place}: {cause} ({finding['confidence']:.0%})"
    if finding.get("since"):
        yield from _told("since", f"{_clock(finding['since'])} UTC, {_span(finding['since'], taken_at)} before")
    facts = [_fact(fact, finding["component"]) for fact in finding["evidence"]]
    more = f"; and {len(facts) - _FACTS} more" if len(facts) > _FACTS else ""
    yield from _told("why", "; ".join(facts[:_FACTS]) + more if facts else "nothing speaks for anything else")
    where = place if finding["target"] == finding["component"] else ""
    yield from _told("do", f"{finding['remedy']} {finding['target']}{where}")
    for (target, reason), remedies in _grouped(finding["excluded"]).items():
        where = f" {target}" if target != finding["target"] else ""
        yield from _told("do not", f"{', '.join(remedies)}{where}: {reason}")


def _grouped(excluded: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[str]]:
    """Return (target, reason) -> remedies."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in excluded:
        found.setdefault((str(each["target"]), str(each["reason"])), []).append(str(each["remedy"]))
    return found


def _told(word: str, text: str) -> list[str]:
    first, *rest = wrapped(text, indent=" " * 10) or [" " * 10]
    return [f"  {word:<8}{first[10:]}", *rest]


def _fact(fact: Mapping[str, Any], component: str = "") -> str:
    about = f"{fact['object']}: " if fact["object"] not in ("", component) else ""
    return f"{about}{fact['fact']}"


def explained(found: Mapping[str, Any]) -> list[str]:
    """Return all facts, every guess that lost and every rule that did not fire, each with its reason."""
    shown = ["", "All facts:"]
    for finding in found["findings"]:
        shown += [f"  {finding['component']} by {str(finding.get('rule', '')).replace('_', ' ')}"]
        for fact in finding["evidence"]:
            at = f", {_clock(fact['time'])}" if fact["time"] else ""
            shown += wrapped(f"- {_fact(fact)} ({fact['source']}{at})", indent="    ")
    if found["considered"]:
        shown += ["", "Guesses that were dropped:"]
        for guess in found["considered"]:
            rule, cause = (str(guess[key]).replace("_", " ") for key in ("rule", "root_cause"))
            shown += wrapped(
                f"- {guess['component']}: {cause} by {rule} ({guess['confidence']:.0%}): {guess['reason']}", indent="  "
            )
    shown += ["", "Rules that did not fire:"]
    shown += columns([[each["rule"].replace("_", " "), each["why_not"]] for each in found["silent"]], indent="  ")
    return shown


def _unread(sources: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what was asked and gave nothing; what a cluster or a snapshot has not is no news."""
    failed = [s for s in sources if not s["ok"] and s["kind"] != "missing"]
    forbidden = [s["source"] for s in failed if s["kind"] == "forbidden"]
    shown = [f"not read: {s['source']}: {s['note']}" for s in failed if s["kind"] != "forbidden"]
    return [*shown, *([f"no right to read: {', '.join(forbidden)}"] if forbidden else [])]


def _clock(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"


def _span(since: str, until: str) -> str:
    seconds = max(0.0, (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds())
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
