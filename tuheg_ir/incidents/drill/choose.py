"""Which scenarios are drilled: by name, by fault, by file, or all."""

from __future__ import annotations

import difflib
from pathlib import Path

from tuheg_ir.catalogue import Catalogue
from tuheg_ir.errors import UsageError
from tuheg_ir.incidents.drill.lab import Lab
from tuheg_ir.project import Project
from tuheg_ir.sim.scenario import Scenario, for_fault, read, scenarios

_SUFFIXES = (".yml", ".yaml")


def choose(catalogue: Catalogue, project: Project, word: str, on: str) -> Scenario:
    """Return the scenario of that name, else the one that stands for the fault, else the file's.

    UsageError lists what there is; on the lab only what it can break.
    """
    if _is_file(word):
        found: Scenario | None = read(Path(word))
    else:
        found = scenarios().get(word) or (for_fault(word) if word in catalogue.faults else None)
    if found is None:
        raise _unknown(catalogue, word)
    if found.fault not in catalogue.faults:
        known = ", ".join(catalogue.faults)
        raise UsageError(f"fault {found.fault!r} is not in the catalogue", found.file, f"The faults are: {known}.")
    if on == "lab" and (_is_file(word) or found.name not in (there := Lab(project).kinds())):
        raise UsageError(
            f"The lab has no break {found.name!r}",
            "a file describes the embedded cluster only" if _is_file(word) else "",
            f"It has: {', '.join(Lab(project).kinds() if _is_file(word) else there)}.",
        )
    return found


def choose_all(project: Project, on: str) -> list[Scenario]:
    """Return all scenarios, by name; on the lab those that it can break."""
    there = Lab(project).kinds() if on == "lab" else list(scenarios())
    return [scenario for name, scenario in scenarios().items() if name in there]


def _is_file(word: str) -> bool:
    return word.endswith(_SUFFIXES) or "/" in word


def _unknown(catalogue: Catalogue, word: str) -> UsageError:
    names = [*scenarios(), *catalogue.faults]
    near = difflib.get_close_matches(word, names, n=2, cutoff=0.6)
    meant = f"Did you mean {' or '.join(dict.fromkeys(near))}? " if near else ""
    return UsageError(
        f"There is no scenario and no fault {word!r}",
        "",
        f"{meant}The scenarios are: {', '.join(scenarios())}. Or name a file of your own, ending in .yml.",
    )
