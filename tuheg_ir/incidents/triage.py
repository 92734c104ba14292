"""Which fault a diagnosis is an answer to, and how severe it is, by the catalogue's signs: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tuheg_ir.catalogue import Catalogue
from tuheg_ir.errors import NotHealedError, UnknownError

_WORST = "P0"


@dataclass(frozen=True, slots=True)
class Triage:
    """The severity that the facts give, and the criterion or reason for it."""

    severity: str
    reason: str


def severity_of(catalogue: Catalogue, signs: Collection[str], verdict: str, *, lang: str = "zh") -> Triage:
    """Return the worst severity of which a criterion shows.

    Where nothing is known the worst is assumed. Where everything is known and well, the mildest.
    """
    for name, severity in sorted(catalogue.severities.items()):
        for criterion in severity.criteria:
            if criterion.sign and criterion.sign in signs:
                return Triage(name, criterion.text[lang])
    if verdict == "healthy":
        return Triage(max(catalogue.severities), "nothing is wrong as far as can be seen")
    return Triage(_WORST, "it cannot be told how bad it is: the worst is assumed")


def fault_of(catalogue: Catalogue, finding: Mapping[str, Any], signs: Collection[str]) -> str:
    """Return the fault whose causes and signs fit a finding best.

    Raises UnknownError when the diagnosis knows no cause, NotHealedError when no fault of the
    catalogue fits the cause: then a person is needed and no playbook.
    """
    cause = str(finding["root_cause"])
    if cause == "unknown":
        raise UnknownError(
            "The diagnosis does not know what is wrong",
            str(finding["component"]),
            "Look yourself, then name the fault: tuheg-ir respond FAULT (tuheg-ir faults lists them).",
        )
    fits = {
        name: 2 * (cause in fault.causes) + bool(set(fault.signs) & set(signs))
        for name, fault in catalogue.faults.items()
    }
    best = max(fits, key=lambda name: fits[name])
    if fits[best] < 2:
        raise NotHealedError(
            f"No playbook answers {cause.replace('_', ' ')}",
            f"{finding['component']}: {finding['remedy']}",
            "A person has to act; tuheg-ir diagnose --explain shows why.",
        )
    return best
