"""One party outside, known by a name alone, fails after a release that it had served: words of it are not of that."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.parties import AMISS, AWAY, BACK, GONE, LATE, RELEASED, STUMBLES, calls, sending
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import log, pod, thing, workload

SENDER, FIRES = "Deployment/sender", alert("LabelsFail", service="sender")
TAKEN_BACK = (SENDER, "code_defect", "rollback_workload")
LOOKED_AT = (SENDER, "code_defect", "page_human")
ASKED = (SENDER, "dependency_failure", "page_human")
ACTING = ("rollback_workload", "restart_workload", "scale_workload")
WAITS = '{"level":40,"waitedSeconds":904,"msg":"label not ready yet"}'
STILL = 0.0


HOLDS = [
    *(
        Holds(f"one party fails since minutes after a release, and still, {what}", world, ASKED, harmful=ACTING)
        for what, world in (
            ("as it says itself", sending(calls(back=STILL), alerts=[FIRES])),
            ("and says so mostly", sending(calls((AWAY, LATE), back=STILL), alerts=[FIRES])),
        )
    ),
    *(
        Holds(f"calls fail since a release, and {what}", world, TAKEN_BACK)
        for what, world in (
            ("of all parties", sending(calls(alike=True, back=STILL), alerts=[FIRES])),
            ("of one from the first call on", sending(calls(gone=RELEASED, back=STILL), alerts=[FIRES])),
            ("of one from the second minute on", sending(calls(gone=RELEASED - 90, back=STILL), alerts=[FIRES])),
            ("one says that they are bad", sending(calls((AMISS,), back=STILL), alerts=[FIRES])),
            ("one stumbles over them", sending(calls((STUMBLES,), back=STILL), alerts=[FIRES])),
            ("one says since that they are bad", sending(calls(since=AMISS), alerts=[FIRES])),
            ("one does not answer them, and says nothing", sending(calls((LATE,), back=STILL), alerts=[FIRES])),
        )
    ),
    *(
        Holds(f"calls failed for a while since a release that is still in force, and {what}", world, LOOKED_AT)
        for what, world in (
            ("of all parties", sending(calls(alike=True), alerts=[FIRES])),
            ("one said now and then that they are bad", sending(calls((AWAY, AWAY, AMISS)), alerts=[FIRES])),
            ("the one is called as one of ours", sending(calls(), workload("northpost-proxy"), alerts=[FIRES])),
            ("the one is asked far less since", sending(calls(pace=200), alerts=[FIRES])),
            (
                "the one serves again as something else was started",
                sending(calls(), workload("proxy", started=BACK + 60), alerts=[FIRES]),
            ),
            (
                "the one serves again as its settings were written",
                sending(
                    calls(),
                    thing("ConfigMap", "carriers", written=BACK + 60, data={"TIMEOUT": "15"}),
                    spec={"volumes": [{"name": "c", "configMap": {"name": "carriers"}}]},
                    alerts=[FIRES],
                ),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"one party failed for a while after a release, {what}", world, harmful=ACTING)
    for what, world in (
        ("as it said itself, and serves as before", sending(calls(), alerts=[FIRES])),
        ("without an answer, and serves as before", sending(calls((LATE,)), alerts=[FIRES])),
        (
            "and another tells still of what waits for it",
            sending(
                calls(),
                workload("desk", service=False),
                logs=[log(pod("desk"), *[WAITS] * 60, since=GONE - 100)],
                alerts=[FIRES],
            ),
        ),
    )
]
