"""What a release that was taken back leaves behind is no trouble of the one that came back."""

from __future__ import annotations

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds
from tests.diagnosis.rules.scenes import API, alert, errors, taken_back
from tests.diagnosis.rules.tiny import Obj, figure, pod, series, snapshot, workload
from tuheg_ir.diagnosis.model import Series


def returned(ago: float, pods: int = 3) -> list[Obj]:
    """Return a service that went back to its template of weeks ago."""
    return taken_back(workload("api", image="a:1", before={"image": "a:2"}, released=ago, pods=pods))


def failed(until: float) -> tuple[str, Series]:
    """Return a share of errors that was high for a while."""
    return "error_ratio", series({"component": "api"}, (3600, 0.0), (700, 0.4), (until, 0.0))


FIRES = [alert(service="api")]
HOLDS = [
    Holds(
        "its alert has not resolved yet",
        snapshot(returned(120), figures=[failed(110)], alerts=FIRES),
        (API, "no_fault", "no_action"),
        began=120,
    ),
    Holds(
        "the average of the last minute still holds its errors",
        snapshot(returned(40), figures=[errors("api", 0.23, since=100)], alerts=FIRES),
        (API, "no_fault", "no_action"),
        harmful=("rollback_workload",),
    ),
]
HOLDS += [
    Holds(
        f"the average comes to show its errors {what}",
        snapshot(returned(ago), figures=[errors("api", 0.07, since=since)]),
        (API, "no_fault", "no_action"),
        harmful=("rollback_workload",),
    )
    for what, ago, since in (("only as it is taken back", 40, 39), ("a sample later", 80, 60))
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "requests fail since a minute after it",
        snapshot(returned(88), figures=[errors("api", 0.4, since=30)], alerts=FIRES),
        ASK,
        harmful=("rollback_workload", "no_action"),
    ),
    DoesNotHold(
        "requests fail two minutes later as well",
        snapshot(returned(150), figures=[errors("api", 0.4, since=600)], alerts=FIRES),
        ASK,
        harmful=("rollback_workload", "no_action"),
    ),
    DoesNotHold(
        "the pods that came back fail by their own count",
        snapshot(
            returned(60),
            figures=[
                errors("api", 0.4),
                *(figure("error_ratio_by_pod", 0.4, 0.4, pod=pod("api", n)) for n in range(3)),
            ],
            alerts=FIRES,
        ),
        ASK,
        harmful=("no_action",),
    ),
    DoesNotHold(
        "another service suffers too",
        snapshot(returned(60), workload("web"), figures=[errors("api", 0.4), errors("web", 0.4)], alerts=FIRES),
        (),
        harmful=("no_action",),
    ),
    DoesNotHold(
        "an alert about a service that does not call it",
        snapshot(returned(590), workload("web"), alerts=[alert(service="web")], figures=[failed(580)]),
        (),
        harmful=("rollback_workload",),
    ),
]
