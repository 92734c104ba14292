"""Write the tables of documents, and those of the diagnosis as they are read, or check that they are so.

The first come from the catalogue, the roles, the rules, the signals and the cases, the others from YAML.

A table of a document lies between `<!-- table:NAME -->` and `<!-- /table:NAME -->`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import yaml
from machine import ROOT

from tuheg_ir.catalogue import load_catalogue
from tuheg_ir.diagnosis.rules import all_rules
from tuheg_ir.diagnosis.signals import FILES as SIGNALS
from tuheg_ir.diagnosis.signals import load as load_signals
from tuheg_ir.diagnosis.signals import worked_out as signals_worked_out
from tuheg_ir.diagnosis.tables import made, read_table
from tuheg_ir.diagnosis.view.log_table import FILE as LOG_PATTERNS
from tuheg_ir.diagnosis.view.log_table import worked_out

DOCUMENTS = {"README.md": "en", "README.zh-CN.md": "zh", "docs/diagnosis.md": "en", "docs/snapshot.md": "en"}
Row = tuple[str, ...]


def _table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


def faults(language: str) -> str:
    """Return the faults: what a responder sees, and which playbook answers."""
    heads = {"en": ("fault", "what you see", "playbook"), "zh": ("故障", "现象", "剧本")}
    found = load_catalogue().faults.values()
    return _table(
        heads[language],
        ((f"`{fault.name}`", fault.summary[language], _playbook_link(fault.playbook)) for fault in found),
    )


def ladders(language: str) -> str:
    """Return the ladder of each `respond_` playbook, in order."""
    heads = {"en": ("playbook", "rungs, in order"), "zh": ("剧本", "步骤（依次）")}
    rows = []
    for path in sorted((ROOT / "playbooks").glob("respond_*.yml")):
        [play] = yaml.safe_load(path.read_text(encoding="utf-8"))
        steps = " → ".join(f"`{rung['remedy']}` ({rung['class']})" for rung in play["vars"]["ir_rungs"])
        rows.append((_playbook_link(path.stem), steps))
    return _table(heads[language], rows)


def single(language: str) -> str:
    """Return the playbooks that do one thing, with the sentence of their role."""
    heads = {"en": ("playbook", "what its role does"), "zh": ("剧本", "作用（角色说明）")}
    rows = []
    for path in sorted((ROOT / "playbooks").glob("*.yml")):
        if not path.stem.startswith("respond_"):
            specs = ROOT / "collection" / "roles" / path.stem / "meta" / "argument_specs.yml"
            rows.append((_playbook_link(path.stem), _sentence(specs)))
    return _table(heads[language], rows)


def signals(_language: str) -> str:
    """Return the signals that are asked of Prometheus, with the exporters that can answer."""
    rows = []
    for signal in load_signals().signals.values():
        by = list(dict.fromkeys(way.by for way in signal.ways)) or [" / ".join(f"`{name}`" for name in signal.quotient)]
        labels = ", ".join(f"`{label}`" for label in signal.labels)
        rows.append((f"`{signal.name}`", signal.meaning, signal.unit, labels, ", ".join(by)))
    return _table(("signal", "what it is", "unit", "labels", "asked of"), rows)


def _sentence(specs: Any) -> str:
    main = yaml.safe_load(specs.read_text(encoding="utf-8"))["argument_specs"]["main"]
    return str(main["short_description"]).rstrip(".")


def _playbook_link(name: str) -> str:
    return f"[`{name}`](playbooks/{name}.yml)"


def rules(_language: str) -> str:
    """Return the rules of diagnosis: what each means, when it holds, what it stands for; each leads to its cases."""
    rows = []
    for rule in all_rules():
        holds = " ".join((rule.when.__doc__ or "").split())
        name = f"[`{rule.name}`](../tests/diagnosis/rules/test_{rule.name}.py)"
        rows.append((name, rule.title, holds, f"`{rule.root_cause}`", f"`{rule.remedy}`"))
    return _table(("rule", "meaning", "holds when", "cause", "remedy"), rows)


def calibration(_language: str) -> str:
    """Return how often answers of which confidence are right; answers every case for it, which takes a while."""
    sys.path.insert(0, str(ROOT))
    from tests.diagnosis.calibration import answered, report
    from tests.diagnosis.corpus import cases

    return report(list(answered(cases())))


TABLES: dict[str, Callable[[str], str]] = {
    "calibration": calibration,
    "faults": faults,
    "ladders": ladders,
    "playbooks": single,
    "rules": rules,
    "signals": signals,
}


TESTED = ("calibration",)
"""Tables that a test compares, since it has what they are made of at hand: not made again for `--check`."""


def written(text: str, language: str, but: Collection[str] = ()) -> str:
    """Return a document's text with every table in it made anew, but some."""
    for name, table in TABLES.items():
        if f"<!-- table:{name} -->" not in text or name in but:
            continue
        place = re.compile(rf"(<!-- table:{name} -->\n).*?(<!-- /table:{name} -->)", re.DOTALL)
        escaped = table(language).replace("\\", r"\\")
        text = place.sub(rf"\g<1>{escaped}\n\g<2>", text)
    return text


def read_at_run_time() -> dict[Path, str]:
    """Return the tables of the diagnosis as they are read: file -> its text."""
    return {
        SIGNALS[0].with_suffix(".json"): made(
            signals_worked_out({file.stem: read_table(file) for file in SIGNALS}), depth=2
        )
        + "\n",
        LOG_PATTERNS.with_suffix(".json"): made(worked_out(read_table(LOG_PATTERNS))) + "\n",
    }


def main() -> int:
    """Write the tables; with `--check` only tell which files are stale."""
    checks = "--check" in sys.argv
    stale = [path for path, text in read_at_run_time().items() if _differs(path, text, checks=checks)]
    for name, language in DOCUMENTS.items():
        path = ROOT / name
        text = written(path.read_text(encoding="utf-8"), language, TESTED if checks else ())
        if _differs(path, text, checks=checks):
            stale.append(path)
    if stale and checks:
        print(f"stale tables in {', '.join(path.name for path in stale)}: make docs")
        return 1
    return 0


def _differs(path: Path, text: str, *, checks: bool) -> bool:
    """Tell whether a file holds something else, and write it unless it is only to be checked."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    if not checks:
        path.write_text(text, encoding="utf-8")
    return True


if __name__ == "__main__":
    sys.exit(main())
