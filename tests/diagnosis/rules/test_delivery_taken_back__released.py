"""A release keeps messages for longer than their broker waits: going back helps, if nothing else may have begun it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import OLD, alert
from tests.diagnosis.rules.test_delivery_taken_back import AMQP, IN_VAIN, LINES, OF_WORKER, OURS, SLOW, WORKER, told
from tests.diagnosis.rules.tiny import NOW, Obj, at, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

ROUNDS = (7000, 5100, 3200, 1300)
"""Ages at which a broker that waits for half an hour takes back what is kept since a release of 9000 s ago."""
EARLY = alert(app="worker")._replace(starts_at=NOW - timedelta(seconds=9900))
QUEUE, RETRY, RETRIED = "ORDERS_QUEUE", "SETTLE_RETRY_DELAY", ("--retry-after=1m", "--retry-after=1h")


QUARTER: dict[str, Any] = {
    "line": "ERROR Channel closed: 406 PRECONDITION_FAILED - delivery acknowledgement on channel 3 timed out",
    "ours": "[warning] Consumer c has timed out waiting for delivery acknowledgement. Timeout used: 900000 ms",
}


def _api(released: float) -> list[Obj]:
    return workload("api", before=OLD, released=released)


def keeps(
    line: str = LINES[1],
    *more: Any,
    ours: str = OURS,
    rounds: tuple[float, ...] = ROUNDS,
    apart: float = 40,
    tell: int = 2,
    pods: int = 2,
    heard: float = 40000,
    also: float = 0,
    set_to: tuple[str, Any, Any] = ("", "", ""),
    before: Any = OLD,
    says: tuple[Log, ...] = (),
    alerts: Any = (),
    figures: Any = (),
    **of_it: Any,
) -> Snapshot:
    """Return workers that keep messages since a release, of which ``tell`` have them taken back, ``apart`` each.

    ``heard``: how far the broker's log goes back; ``also``: when it took one back besides. ``set_to``: a setting, what
    it was and what it is.
    """
    name, was, now = set_to
    env, old = ({**AMQP, **({name: each} if each else {})} for each in (now, was))
    workers = workload(
        "worker", env=env, before={**before, "env": old}, pods=pods, service=False, **({"released": 9000} | of_it)
    )
    broker = workload("rabbit", "rabbitmq:3.12", kind="StatefulSet", pods=1, port=5672)
    logs = [told(line, n, *(age - apart * n for age in rounds)) for n in range(tell)]
    taken = [*([also] if also else []), *(age - apart * n for n in range(tell) for age in rounds)]
    heard_of = (f"{at(heard)} INFO accepting AMQP connection", *(f"{at(age)} {ours}" for age in sorted(taken)[::-1]))
    heard_at = [*logs, Log("rabbit-0", "rabbit", heard_of), *says]
    return snapshot(workers, broker, *more, logs=heard_at, alerts=alerts, figures=figures)


HOLDS = [
    *(
        Holds(
            f"its release keeps messages for longer than its broker waits: {what}",
            world,
            (WORKER, cause, "rollback_workload"),
            excludes=IN_VAIN,
        )
        for what, cause, world in (
            *((f"it tells {line[:30]}", "code_defect", keeps(line)) for line in LINES[:3]),
            (
                "its broker tells for how long, a quarter of an hour",
                "code_defect",
                keeps(**QUARTER, rounds=(7900, 6900, 5900, 4900, 3900, 2900, 1900, 900)),
            ),
            (
                "a setting of its next try",
                "configuration_error",
                keeps(set_to=(RETRY, "60", "3600"), before={}),
            ),
            (
                "an option of its next try",
                "configuration_error",
                keeps(before={"args": [RETRIED[0]]}, args=[RETRIED[1]]),
            ),
            (
                "another was released hours before",
                "code_defect",
                keeps(LINES[1], _api(20000)),
            ),
            (
                "another was released after that",
                "code_defect",
                keeps(LINES[1], _api(6600)),
            ),
        )
    ),
    *(
        Holds(f"nobody knows that its release brought it: {what}", world, OF_WORKER, harmful=("rollback_workload",))
        for what, world in (
            ("what its broker told before is not known", keeps(heard=9500)),
            ("its broker took one back before", keeps(also=20000)),
            ("it was dealt out before the release", keeps(released=8750)),
            ("hours after the release", keeps(released=20000)),
            ("the template before served for an hour", keeps(age=12600)),
            ("another was released with it", keeps(LINES[1], _api(9100))),
            ("it tells more now", keeps(set_to=("LOG_LEVEL", "info", "debug"), before={})),
            ("it reads another queue since", keeps(set_to=(QUEUE, "orders", "exports"))),
            ("it is given another queue since", keeps(before={**OLD, "args": ["-Q", "a"]}, args=["-Q", "a,exports"])),
            ("one of four has messages taken back", keeps(tell=1, pods=4)),
            ("two of six have messages taken back", keeps(tell=2, pods=6)),
            ("one message goes from one to the other", keeps(**QUARTER, rounds=(7900, 6020, 4140, 2260), apart=940)),
            ("nobody tells for how long it was kept", keeps("ERROR delivery acknowledgement timed out", released=7500)),
            ("a service outside takes it back", keeps(LINES[3])),
            ("people were called before it", keeps(alerts=[EARLY])),
            (
                "its settings were written before it",
                keeps(
                    LINES[1],
                    thing("ConfigMap", "rates", written=12000),
                    envFrom=[{"configMapRef": {"name": "rates"}}],
                ),
            ),
            (
                "another that nobody released has messages taken back too",
                keeps(
                    LINES[1],
                    workload("mailer", service=False),
                    says=(Log(pod("mailer"), "mailer", (f"{at(2000)} {LINES[1]}",)),),
                ),
            ),
            (
                "it gets no answer from somebody outside",
                keeps(
                    says=(
                        Log(
                            pod("worker", 0),
                            "worker",
                            tuple(f"{at(6500 - n)} ERROR dial tcp 9.9.9.9:443: i/o timeout" for n in range(9)),
                        ),
                    )
                ),
            ),
        )
    ),
]

DOES_NOT_HOLD = [
    DoesNotHold("what it asks is slow since its release", keeps(figures=[SLOW]), harmful=("rollback_workload",)),
    DoesNotHold("it happened once to each since the release", keeps(rounds=(7000,)), harmful=("rollback_workload",)),
]
