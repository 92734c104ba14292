"""A reader stands at one record: who wrote it is to blame if a log tells so, and nobody gets past it by a start."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, alert
from tests.diagnosis.rules.tiny import Obj, at, log, pod, postgres, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

READER, FEED, WEB = "Deployment/ledger", "Deployment/feed", "Deployment/web"
JOB = "Job/replay-7"
KAFKA = workload("kafka", "bitnami/kafka:3", kind="StatefulSet", pods=3, port=9092)
TO_KAFKA = {"KAFKA_BROKERS": "kafka:9092"}
KEEPS = {**TO_KAFKA, "DB_URL": "postgres://postgres:5432/ledger"}

JAVA = (
    "ERROR Consumer exception: RecordDeserializationException: Error deserializing key/value for partition"
    " postings.v1-7 at offset {}. If needed, please seek past the record to continue consumption."
)
GO = 'level=error msg="cannot decode message: unexpected end of input" topic=postings.v1 partition=7 offset={}'
NODE = '{{"level":"ERROR","msg":"Invalid JSON in message","topic":"postings.v1","partition":7,"offset":"{}"}}'
PYTHON = "ERROR worker: json.decoder.JSONDecodeError at postings.v1 [7] at offset {}: Expecting value"
DLT = "WARN Record published to postings.v1.DLT-7: topic=postings.v1 partition=7 offset={}; failed to deserialize"
SENT = "INFO sent refund FR-1 -> postings.v1-7@{} (405 bytes)"
DELIVERED = "INFO Message delivered to postings.v1 [7] @ {}"
NUMBER = 48211907


def replay(age: float = 1500, name: str = "replay-7") -> list[Obj]:
    """Return a run by hand that is done."""
    work = {"name": "replay", "image": "tools:3", "env": [{"name": "KAFKA_BROKERS", "value": "kafka:9092"}]}
    spec = {"template": {"spec": {"containers": [work]}}}
    done = {"succeeded": 1, "completionTime": at(age - 20)}
    job = thing("Job", name, age=age, spec=spec, status=done)
    ran = thing("Pod", f"{name}-zfcng", age=age, spec={"containers": [work]}, status={"phase": "Succeeded"})
    ran["metadata"]["ownerReferences"] = [{"kind": "Job", "name": name, "controller": True}]
    return [job, ran]


def ran(line: str = SENT, *, name: str = "replay-7", number: int = NUMBER) -> Log:
    return timed(f"{name}-zfcng", (1490, line.format(number)), (1485, line.format(number + 1)), of="replay")


def stands(
    line: str = JAVA, *more: Any, said: Any = (), times: int = 9, since: float = 1400, **reader: Any
) -> Snapshot:
    """Return a reader of which one pod repeats that it cannot read one record, while another one works."""
    return snapshot(
        KAFKA,
        postgres(),
        workload("ledger", **{"env": KEEPS, "service": False, **reader}),
        workload("web", env={"DB_URL": KEEPS["DB_URL"]}),
        *more,
        logs=[
            log(pod("ledger"), *[line.format(NUMBER)] * times, since=since),
            log(pod("ledger", 1), *["INFO projected partition=5 offset=51"] * 9, since=since),
            *said,
        ],
        alerts=[alert("BalancesOld", service="web")],
    )


def in_turn(line: str = JAVA, *, times: int = 3) -> Snapshot:
    """Return a reader that tells a few times of each record that it cannot read, and goes on behind it."""
    told = [(1400 - 60 * n, line.format(NUMBER + n // times)) for n in range(21)]
    return snapshot(KAFKA, workload("ledger", env=TO_KAFKA), logs=[timed(pod("ledger"), *told)], alerts=[alert()])


def over() -> Snapshot:
    """Return a reader that stood at a record for long, and works since."""
    told = [(3500 - 60 * n, JAVA.format(NUMBER)) for n in range(20)]
    works = [(1800 - 60 * n, "INFO projected partition=7") for n in range(30)]
    return snapshot(
        KAFKA, workload("ledger", env=TO_KAFKA), logs=[timed(pod("ledger"), *told, *works)], alerts=[alert()]
    )


def anew() -> Snapshot:
    """Return a reader that ends at a record, and does again as it is started."""
    line = JAVA.format(NUMBER)
    before = timed(pod("ledger"), (700, "INFO started"), (690, line))
    last = Log(before.pod, before.container, before.lines, previous=True)
    now = timed(pod("ledger"), (300, "INFO started"), (290, line))
    return snapshot(KAFKA, workload("ledger", env=TO_KAFKA), logs=[last, now], alerts=[alert()])


FEEDS = workload("feed", env=TO_KAFKA)
ALSO = log(pod("feed"), DLT.format(NUMBER), since=1480)
NEVER = ("restart_workload", "rollback_workload", "scale_workload")

HOLDS = [
    *(
        Holds(
            f"a run tells that it wrote the record, {what}",
            world,
            (JOB, "configuration_error", "page_human"),
            excludes=no(*NEVER, at=READER),
            alone=True,
            harmful=NEVER,
            began=1490,
        )
        for what, world in (
            ("as a tool does", stands(JAVA, replay(), said=[ran()])),
            ("as a client of C does", stands(PYTHON, replay(), said=[ran(DELIVERED)])),
            ("and another reader went on behind it", stands(JAVA, replay(), FEEDS, said=[ran(), ALSO])),
            (
                "and another reader, which tells of it too, was released before",
                stands(JAVA, replay(), workload("feed", env=TO_KAFKA, before=IMAGE, released=2200), said=[ran(), ALSO]),
            ),
            (
                "and a run before it wrote another one",
                stands(NODE, replay(), replay(90000, "replay-6"), said=[ran(), ran(name="replay-6", number=47118787)]),
            ),
        )
    ),
    *(
        Holds(
            f"nobody tells who wrote the record: {line[:40]}",
            stands(line),
            (READER, "code_defect", "page_human"),
            excludes=no(*NEVER, at=READER),
            alone=True,
            harmful=NEVER,
        )
        for line in (JAVA, GO, NODE, PYTHON)
    ),
    Holds(
        "another program tells that it wrote the record, as it does for long",
        stands(JAVA, FEEDS, said=[log(pod("feed"), SENT.format(NUMBER), since=1480)]),
        (READER, "code_defect", "page_human"),
        harmful=NEVER,
    ),
    Holds(
        "another program tells that it wrote the record, since its release: what is written stays",
        stands(
            JAVA,
            workload("feed", env=TO_KAFKA, before=IMAGE, released=1600),
            said=[log(pod("feed"), SENT.format(NUMBER), since=1480)],
        ),
        (FEED, "code_defect", "page_human"),
        excludes=no(*NEVER, at=READER),
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "two runs tell that they wrote such a record",
        stands(GO, replay(), replay(1600, "fill-2"), said=[ran(), ran(name="fill-2")]),
        (READER, "code_defect", "page_human"),
        harmful=NEVER,
    ),
    Holds("it ends at the record each time", anew(), (READER, "code_defect", "page_human"), harmful=NEVER),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a reader tells of records that it cannot read, {what}", world)
        for what, world in (
            ("and goes on behind each", in_turn()),
            ("and of each one once", in_turn(DLT, times=1)),
            ("and is through with the last one for long", over()),
            ("seldom", stands(times=2)),
            ("within a minute", stands(since=60)),
        )
    ),
    DoesNotHold(
        "a reader repeats the same record since its release, and nobody else fails at it: it may read it no more",
        stands(JAVA, before=IMAGE, released=1500),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "a reader repeats the same record as it gets no answer from whom it asks how to read it",
        stands(
            JAVA,
            workload("registry"),
            said=[
                log(pod("ledger"), *["ERROR http://registry:8080/schemas: connect: connection refused"] * 9, since=1400)
            ],
            env={**KEEPS, "REGISTRY": "http://registry:8080"},
        ),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "a reader repeats the same record, and speaks of nothing that it cannot read",
        stands("ERROR lock timeout while working on topic=postings.v1 partition=7 offset={}"),
    ),
]
