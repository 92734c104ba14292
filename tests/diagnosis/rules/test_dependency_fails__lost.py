"""A caller that lost a service long ago and stands still since tells nothing of how that is now."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import alert, logs
from tests.diagnosis.rules.tiny import Obj, at, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

BROKER = "StatefulSet/rabbitmq"
CALLS = {"AMQP_URL": "amqp://rabbitmq:5672"}
TRACE = "amqp.exceptions.ConnectionError: rabbitmq:5672: Connection refused"
JAVA = "Caused by: java.net.ConnectException: rabbitmq/10.96.0.9:5672 Connection refused"


def lost(
    line: str = TRACE,
    *,
    age: float = 1500,
    used: float = 0.002,
    times: int = 1,
    sends: list[Obj] | None = None,
    ready: int = 1,
    others: list[Log] | None = None,
) -> Snapshot:
    """Return a worker whose pods told that long ago, in a trace, that they lost the broker, and nothing since.

    ``used``: what they use of a processor now. ``sends``: who else asks the broker, of which ``ready`` pods are.
    """
    objects = [
        workload("mailer", env=CALLS, service=False),
        workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, ready=ready, port=5672),
        workload("shop", env=CALLS) if sends is None else sends,
    ]
    told = [Log(pod("mailer", n), "mailer", (f"{at(age)} WARN broker lost", *[line] * times)) for n in (0, 1)]
    figures = [figure("cpu_share", 0.2, used, age, pod=pod("mailer", n), container="mailer") for n in (0, 1)]
    return snapshot(*objects, figures=figures, logs=[*told, *(others or [])], alerts=[alert(service="mailer")])


REFUSED = logs("shop", "dial tcp rabbitmq:5672: connection refused")
FOUND = (BROKER, "dependency_failure", "page_human")
HOLDS = [
    Holds("nobody else asks it", lost(sends=[]), FOUND),
    Holds("another caller complains too", lost(others=REFUSED), FOUND),
    Holds("it was lost just now", lost(age=200), FOUND),
    Holds("they try it again and again", lost(times=6), FOUND),
    Holds("they work on", lost(used=0.2), FOUND),
    Holds("it is not there", lost(ready=0), FOUND, believed="database_down"),
]
DOES_NOT_HOLD = [
    DoesNotHold("they told of it once, and stand still; others use it", lost()),
    DoesNotHold("a trace of Java was the last word, an hour ago", lost(JAVA, age=3000)),
]
