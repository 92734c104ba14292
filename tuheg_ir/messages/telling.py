"""Say what events tell of, in the fixed words of a language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LONGEST = 200


class Teller:
    """Turns data of events into short lines. Missing fields become the word for not known."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self._words = words

    def word(self, name: str) -> str:
        """Return a word of the language."""
        return str(self._words[name])

    def line(self, name: str, **parts: str) -> str:
        """Return a line of the language with its parts filled in."""
        return str(self._words["lines"][name]).format(**parts)

    def text(self, value: object) -> str:
        """Return free text on one line and not too long; the word for not known if it is empty."""
        text = " ".join(str(value if value is not None else "").split())
        if len(text) > _LONGEST:
            text = text[: _LONGEST - 1] + "…"
        return text or self.word("unknown")

    def remedy(self, data: Mapping[str, Any]) -> str:
        """Return the words for a remedy, or its name if there are none."""
        return self._named("remedy", data.get("remedy"))

    def purpose(self, name: object) -> str:
        """Return the words for a failing probe of this purpose."""
        return self._named("purpose", name)

    def outcome(self, data: Mapping[str, Any]) -> str:
        """Return what an action did and what came of it."""
        verdict = data.get("verdict")
        effect = verdict if verdict in {"healed", "not_healed"} else "unknown"
        if not data.get("changed"):
            name = f"found_{effect}"
        elif effect == "healed" and data.get("temporary"):
            name = "acted_temporary"
        else:
            name = f"acted_{effect}"
        return self.ordered(data, self.line(name, remedy=self.remedy(data), target=self.text(data.get("target"))))

    def ordered(self, data: Mapping[str, Any], line: str) -> str:
        """Return a line about an action, with who ordered it against the diagnosis and why, if somebody did."""
        override = data.get("override")
        if not isinstance(override, Mapping) or not override:
            return line
        parts = {name: self.text(override.get(name)) for name in ("by", "reason", "against")}
        return self.line("overridden" if override.get("against") else "ordered", line=line, **parts)

    def cause(self, diagnosis: Mapping[str, Any]) -> str | None:
        """Return the most probable cause that a diagnosis found; None if it found none."""
        finding = top_finding(diagnosis)
        cause = finding.get("root_cause")
        if cause in {None, "", "unknown", "no_fault"}:
            return None
        component = self.text(finding.get("component"))
        return self.line("cause_of", cause=self._named("root_cause", cause), component=component)

    def diagnosis(self, data: Mapping[str, Any]) -> str:
        """Return what a diagnosis came to."""
        finding = top_finding(data)
        if finding.get("root_cause") == "no_fault":
            return self.line("no_fault")
        if self.cause(data) is None:
            return self.line("cause_unknown")
        return self.line(
            "confirmed",
            cause=self._named("root_cause", finding["root_cause"]),
            component=self.text(finding.get("component")),
        )

    def _named(self, kind: str, name: object) -> str:
        known: Mapping[str, str] = self._words[kind]
        return known.get(str(name)) or self.text(name)


def top_finding(diagnosis: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the first finding, which is the most probable one; empty if there is none."""
    findings = diagnosis.get("findings")
    first = findings[0] if isinstance(findings, list) and findings else None
    return first if isinstance(first, Mapping) else {}
