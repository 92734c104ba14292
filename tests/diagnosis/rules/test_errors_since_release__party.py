"""Requests fail since one party outside does not serve who was served by it after his release: he passes it on."""

from __future__ import annotations

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.parties import AMISS, GONE, RELEASED, calls, sending
from tests.diagnosis.rules.scenes import errors

SENDER, STILL = "Deployment/sender", 0.0
ACTING = ("rollback_workload", "restart_workload", "scale_workload")
FAILS = [errors("sender", 0.5, GONE)]

HOLDS = [
    Holds(
        "one of several parties fails, as it says itself, and the others serve the same pods",
        sending(calls(back=STILL), figures=FAILS, service=True),
        (SENDER, "dependency_failure", "page_human"),
        believed="not_well",
        harmful=ACTING,
    ),
    *(
        Holds(
            f"calls fail since a release, {what}",
            sending(told, figures=[errors("sender", 0.5, since)], service=True),
            (SENDER, "code_defect", "rollback_workload"),
        )
        for what, since, told in (
            ("of all parties", GONE, calls(alike=True, back=STILL)),
            ("of one, which says that they are bad", GONE, calls((AMISS,), back=STILL)),
            ("of one from the first call on", RELEASED - 30, calls(gone=RELEASED, back=STILL)),
        )
    ),
]
