"""`restart_workload` through the wrapper: what `tuheg-ir respond` does, for a playbook that no fault names.

Run as a program of its own, so that it pays every start that `tuheg-ir` pays.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from tuheg_ir.catalogue import Catalogue, load_catalogue
from tuheg_ir.incidents import Order, Shop, respond
from tuheg_ir.journal import open_journal
from tuheg_ir.project import find_project

_FAULT = "benchmark"


def _catalogue(playbook: str) -> Catalogue:
    """Return the catalogue with one more fault, which the playbook answers."""
    known = load_catalogue()
    any_fault = next(iter(known.faults.values()))
    return replace(known, faults={**known.faults, _FAULT: replace(any_fault, name=_FAULT, playbook=playbook)})


def main(playbook: Path, inventory: Path) -> int:
    """Respond to the made-up fault with a playbook; return the exit code of `respond`."""
    project = find_project()._replace(playbooks=playbook.parent)
    order = Order(fault=_FAULT, severity="P0", inventory=inventory, cluster="lab", actor="benchmark", lang="en")
    with open_journal() as journal:
        shop = Shop(project=project, catalogue=_catalogue(playbook.stem), journal=journal)
        report = respond(shop, order)
    if report.error:
        print(report.error, file=sys.stderr)
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
