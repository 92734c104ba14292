"""Write all cases of the tuning half: python -m tests.diagnosis.casemaker [NAME ...]."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.diagnosis.casemaker.every import CASES
from tests.diagnosis.casemaker.write import write

ROOT = Path(__file__).parents[1] / "cases" / "tuning"


def main(names: list[str]) -> int:
    unknown = sorted(set(names) - set(CASES))
    if unknown:
        sys.stderr.write(f"no such case: {', '.join(unknown)}; there are {', '.join(sorted(CASES))}\n")
        return 2
    for name in names or CASES:
        write(CASES[name], ROOT)
    sys.stdout.write(f"{len(names or CASES)} cases written under {ROOT.relative_to(Path.cwd())}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
