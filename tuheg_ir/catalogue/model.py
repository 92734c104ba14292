"""The catalogue as types. Durations are whole minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tuheg_ir.errors import UsageError

LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Text:
    """A text in both languages; ``text["zh"]`` and ``text.zh`` are the same."""

    zh: str
    en: str

    def __getitem__(self, lang: str) -> str:
        if lang not in LANGUAGES:
            raise KeyError(lang)
        return str(getattr(self, lang))


@dataclass(frozen=True, slots=True)
class Fault:
    """What a responder sees, and the playbook that answers it.

    ``handbook`` is the heading of its section in the handbook, ``alerts`` are the names of the
    Prometheus alerts that show it, ``user_impact`` is what users notice, in words fit for them.
    ``causes`` are the root causes that it answers, ``signs`` what a diagnosis sees of it.
    """

    name: str
    title: Text
    summary: Text
    handbook: str
    playbook: str
    alerts: tuple[str, ...]
    user_impact: Text
    causes: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of the response and its limit, counted from the start of the phase.

    ``inside`` names the phase that this one is a part of.
    """

    name: str
    title: Text
    minutes: int
    inside: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody who is called: the role in the response, and who takes it."""

    role: Text
    who: Text
    count: int = 1


@dataclass(frozen=True, slots=True)
class Criterion:
    """When a severity applies; ``sign`` is how that shows to a diagnosis ("": only a person can tell)."""

    text: Text
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Severity:
    """A severity of the handbook: when it applies, who is called, what the clock says.

    ``update_minutes`` is the time between two status updates.
    """

    name: str
    title: Text
    scope: Text
    criteria: tuple[Criterion, ...]
    respond_minutes: int
    update_minutes: int
    phases: Mapping[str, Phase]
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All faults and severities, by name, in the order of their files."""

    faults: Mapping[str, Fault]
    severities: Mapping[str, Severity]

    def fault(self, name: str) -> Fault:
        """Return a fault; UsageError listing the others if there is none of that name."""
        if name not in self.faults:
            known = ", ".join(self.faults)
            raise UsageError("There is no such fault in the catalogue", name, f"Faults: {known}.")
        return self.faults[name]

    def severity(self, name: str) -> Severity:
        """Return a severity; UsageError listing the others if there is none of that name."""
        if name not in self.severities:
            known = ", ".join(self.severities)
            raise UsageError("There is no such severity", name, f"Severities: {known}.")
        return self.severities[name]
