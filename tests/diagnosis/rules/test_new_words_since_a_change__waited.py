"""What had waited before a release when an alert fired did not wait for that: a person looks at the words since it."""

from __future__ import annotations

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, shop
from tests.diagnosis.rules.tiny import log, pod, snapshot
from tuheg_ir.diagnosis.model import Snapshot


def told(summary: str, released: float = 660) -> Snapshot:
    """Return a shop that warns since its release a minute before, and an alert of ten minutes ago."""
    fires = alert()._replace(annotations={"summary": summary})
    lines = log(pod("shop"), *["INFO request"] * 40, *["WARN session used from 34 addresses"] * 40, since=1200)
    return snapshot(shop(before=IMAGE, released=released), logs=[lines], alerts=[fires])


HOLDS = [
    *(
        Holds(f"it warns since its release, and an alert tells: {said}", told(said), (SHOP, "code_defect", remedy))
        for said, remedy in (
            ("orders fail", "rollback_workload"),
            ("Oldest order is older than 1 min", "rollback_workload"),
            ("Oldest order is older than 10 min", "page_human"),
            ("customers wait longer than 10 minutes", "page_human"),
            ("p95 over 10 s", "rollback_workload"),
        )
    )
]
