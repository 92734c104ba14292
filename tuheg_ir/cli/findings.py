"""A diagnosis for people: five lines a finding, and on request every guess that was dropped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tuheg_ir.cli.output import columns, wrapped

_FACTS = 4
"""So many facts stand behind `why`; --explain and the JSON have all."""
_TARGETS = 3
"""So many targets are named that one reason spares a remedy."""
_COUNT = re.compile(r"\A(?:its log repeats|previous log|log)(?: \(\d+ lines\))?: | \(\d+ times\)")
"""What differs between those who tell the same."""


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
    facts = _facts(finding["evidence"], finding["component"])
    more = [f"and {len(facts) - _FACTS} more: --explain"] if len(facts) > _FACTS else []
    yield from _told("why", *([*facts[:_FACTS], *more] or ["nothing speaks for anything else"]))
    where = place if finding["target"] == finding["component"] else ""
    yield from _told("do", f"{finding['remedy']} {finding['target']}{where}")
    if barred := _barred(finding["excluded"], finding["target"]):
        yield from _told("do not", *barred)


def _facts(evidence: Iterable[Mapping[str, Any]], component: str) -> list[str]:
    """Return each fact once: of those that several objects share, as the logs of all pods, the first with how many."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for fact in evidence:
        found.setdefault(_COUNT.sub("", fact["fact"]), []).append(fact)
    return [_fact(same[0], component, len({each["object"] for each in same}) - 1) for same in found.values()]


def _barred(excluded: Iterable[Mapping[str, Any]], target: str) -> list[str]:
    """Return what not to do: remedies and targets that one reason rules out stand together."""
    of_target: dict[tuple[str, str], list[str]] = {}
    for each in excluded:
        of_target.setdefault((str(each["target"]), str(each["reason"])), []).append(str(each["remedy"]))
    found: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for (at, reason), remedies in sorted(of_target.items(), key=lambda each: each[0][0] != target):
        found.setdefault((tuple(remedies), reason), []).append(at)
    return [
        f"{', '.join(remedies)}{'' if targets == [target] else f' {_some(targets)}'}: {reason}"
        for (remedies, reason), targets in found.items()
    ]


def _some(names: list[str]) -> str:
    return (
        f"{', '.join(names[:_TARGETS])} and {len(names) - _TARGETS} more" if len(names) > _TARGETS else ", ".join(names)
    )


def _told(word: str, *texts: str) -> list[str]:
    """Return a word and what is told beside it; of several texts each is an item of its own."""
    item = "- " if len(texts) > 1 else ""
    shown = [line for text in texts for line in wrapped(item + text, indent=" " * 10, hang=len(item))]
    return [f"  {word:<8}{''.join(shown[:1])[10:]}".rstrip(), *shown[1:]]


def _fact(fact: Mapping[str, Any], component: str = "", others: int = 0) -> str:
    about = fact["object"] if fact["object"] not in ("", component) else ""
    about += f" and {others} more" if about and others else ""
    return f"{about}: {fact['fact']}" if about else str(fact["fact"])


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
    others = [("not judged" if s["kind"] == "bug" else "not read", s) for s in failed if s["kind"] != "forbidden"]
    shown = [f"{undone}: {s['source']}: {s['note']}" for undone, s in others]
    return [*shown, *([f"no right to read: {', '.join(forbidden)}"] if forbidden else [])]


def _clock(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"


def _span(since: str, until: str) -> str:
    seconds = max(0.0, (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds())
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
