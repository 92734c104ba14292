"""All pods of a program fall at once, as a scheduled run wrote what they read; some fall at once for another reason."""

from __future__ import annotations

from time import process_time
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, pods_of, put
from tests.diagnosis.rules.runs import ran
from tests.diagnosis.rules.scenes import IMAGE, SHOP, down, shop
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot
from tuheg_ir.diagnosis.model import Log, Snapshot
from tuheg_ir.diagnosis.rules._written_by_runs import writers
from tuheg_ir.diagnosis.view.view import View

FILE = "http://store:8080/lanes/current.json"
RUNS = (1560.0, 1260.0, 960.0, 660.0, 360.0, 60.0)
WRITER = "CronJob/report"
BY_RUN = (WRITER, "configuration_error", "page_human")
FELL = (SHOP, "service_crash", "page_human")
GREW = (41877, 41877, 41877, 83410, 83410, 83410)
CLAIM = {"name": "rules", "persistentVolumeClaim": {"claimName": "rules"}}
VOLUME = {"volumes": [CLAIM]}
CLAIMED_TO_READ = {"volumes": [{**CLAIM, "persistentVolumeClaim": {"claimName": "rules", "readOnly": True}}]}
MOUNT = {"name": "rules", "mountPath": "/rules"}
PANIC = "thread 'main' panicked at src/lanes.rs:88:14: index out of bounds: the len is 200 but the index is 312"


def readers(fell: float, *, lived: float = 1, restarts: int = 6, **more: Any) -> list[Obj]:
    """Return a shop that was released an hour ago, fell a while ago, and ends at each start since."""
    made = shop(pods=3, before=IMAGE, released=more.pop("released", 2400), **{"env": {"RULES_URL": FILE}, **more})
    return down(made, looping("Error", 101, lived=lived, restarts=restarts), unready=fell)


def writer(
    env: dict[str, str], spec: dict[str, Any] | None = None, mount: dict[str, Any] | None = None, **more: Any
) -> list[Obj]:
    """Return a schedule with its runs, that writes to an address, or mounts what it has."""
    made = ran(*RUNS)
    template = made[0]["spec"]["jobTemplate"]["spec"]["template"]
    one = {**template["spec"]["containers"][0], "env": [{"name": k, "value": v} for k, v in env.items()], **more}
    one |= {"volumeMounts": [mount]} if mount else {}
    made[0]["spec"]["jobTemplate"] = {"spec": {"template": {"spec": {"containers": [one], **(spec or {})}}}}
    return made


def told(sizes: tuple[int, ...], line: str = "INFO PUT /lanes/current.json 204 bytes={} took={}ms") -> list[Log]:
    return [
        log(f"report-{n}-pod0", "INFO starting 0.12.4", line.format(size, 17 * n + 3), of="report", since=50)
        for n, size in enumerate(sizes)
    ]


SIZE = "INFO PUT /lanes/current.json 204 bytes={}"
FETCHED = "INFO GET /lanes/current.json 200 bytes={}"


def world(
    fell: float = 650,
    *more: Any,
    sizes: tuple[int, ...] = GREW,
    line: str = SIZE,
    to: dict[str, str] | None = None,
    **of: Any,
) -> Snapshot:
    """Return readers that fell, and the runs of a schedule that say how much they have written."""
    env = {"PUT_URL": FILE} if to is None else to
    return snapshot(readers(fell, **of), writer(env), *more, logs=told(sizes, line))


def falling() -> list[Log]:
    """Return that each reader tells of a fault of its own."""
    return [log(pod("shop", n), PANIC, since=60, previous=True) for n in range(3)]


def beside(volumes: dict[str, Any], mount: dict[str, Any]) -> Snapshot:
    """Return readers that fell, with a volume, and the runs of a schedule that have it too."""
    return snapshot(readers(650, env={}, spec=VOLUME), writer({}, volumes, mount), logs=told(GREW, "INFO files={}"))


def one_by_one() -> list[Obj]:
    """Return readers that fell minutes after one another."""
    made = readers(650)
    for n, each in enumerate(pods_of(made)):
        put(each, looping("Error", 101, lived=1, restarts=6), unready=650 - 120 * n)
    return made


def in_a_store(read: str, put_to: str) -> Snapshot:
    """Return readers of one address that fell, and a schedule that writes to one."""
    return snapshot(readers(650, env={"MODEL": read}), writer({"OUT": put_to}), logs=told(GREW, SIZE))


DEEP = "deep/" * 200
HOLDS = [
    Holds(
        "its file is twice as large since a run, and all end at each start",
        world(),
        BY_RUN,
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        alone=True,
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds("they read it again minutes later", world(400), BY_RUN),
    Holds("it is nearly empty since", world(sizes=(41877, 41877, 41877, 12, 12, 12)), BY_RUN),
    Holds("nobody released them of late", world(released=9e5), BY_RUN),
    Holds(
        "a bucket, with credentials of no interest",
        in_a_store("s3://models/rank/latest", "s3://models/rank/latest"),
        BY_RUN,
    ),
    Holds(
        "a volume that both mount",
        snapshot(readers(650, env={}, spec=VOLUME), writer({}, VOLUME, MOUNT), logs=told(GREW, SIZE)),
        BY_RUN,
    ),
    Holds("its runs tell that they write it", world(to={"LANES_URL": FILE}), BY_RUN),
    Holds("its command names what it writes", snapshot(readers(650), writer({}, args=[FILE]), logs=told(GREW)), BY_RUN),
    Holds(
        "all tell of a fault of their own, and it is twice as large since a run",
        snapshot(readers(650), writer({"PUT_URL": FILE}), logs=[*told(GREW, SIZE), *falling()]),
        BY_RUN,
        harmful=("rollback_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"all fell at once, and {what}", each, FELL, harmful=("rollback_workload",))
        for what, each in (
            ("the runs write as much as ever", world(sizes=(41877,) * 6)),
            ("a little more is written, as every day", world(sizes=(41877, 41877, 41877, 43000, 43000, 43000))),
            ("the runs never write as much as the time before", world(sizes=(10, 20, 40, 80, 160, 320))),
            ("it was so for two runs before", world(sizes=(41877, 41877, 83410, 83410, 83410, 83410))),
            ("only how long it took differs", world(sizes=(7,) * 6, line="INFO PUT /x.json 204 bytes={} took={}ms")),
            ("what the runs tell is not kept", snapshot(readers(650), writer({"PUT_URL": FILE}))),
            ("it was long after the run that wrote more", world(330)),
        )
    ),
    *(
        DoesNotHold(f"all fell at once, and {what}", each, (SHOP, "code_defect", "rollback_workload"))
        for what, each in (
            ("the run writes another file", world(to={"PUT_URL": "http://store:8080/lanes/other.json"})),
            ("both only call the same way of a service", world(to={"API": "http://store:8080/lanes"})),
            ("the runs read it as well", world(to={"RULES_URL": FILE}, line=FETCHED)),
            (
                "the runs put a copy elsewhere",
                world(to={"RULES_URL": FILE}, line="INFO PUT http://store:8080/kept/current.json 204 bytes={}"),
            ),
            ("what runs do with it is not known", snapshot(readers(650), writer({"RULES_URL": FILE}))),
            ("the runs write another one of the bucket", in_a_store("s3://models/rank/a", "s3://models/rank/b")),
            ("the runs write another one, far down in the bucket", in_a_store(f"s3://m/{DEEP}a", f"s3://m/{DEEP}b")),
            (
                "the runs write another one, far down in a folder with a dot",
                in_a_store(f"http://store/rank.v1.2/{DEEP}a.json", f"http://store/rank.v1.2/{DEEP}b.json"),
            ),
            ("the runs have no right to write it", beside(CLAIMED_TO_READ, MOUNT)),
            ("the runs mount it to read it", beside(VOLUME, {**MOUNT, "readOnly": True})),
            ("the runs do not mount it", beside(VOLUME, {**MOUNT, "name": "scratch"})),
            (
                "the runs write as much as ever, and all tell of a fault of their own",
                snapshot(readers(650), writer({"PUT_URL": FILE}), logs=[*told((41877,) * 6, SIZE), *falling()]),
            ),
        )
    ),
    DoesNotHold(
        "they fell one after the other: it is what their release brought",
        snapshot(one_by_one(), writer({"PUT_URL": FILE}), logs=told(GREW, SIZE)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "they had served for minutes only",
        world(released=1000, fell=650),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "each serves for a while again before it ends",
        world(lived=200, restarts=3),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]


def test_addresses_without_an_end_are_read_once_and_in_no_time() -> None:
    endless = {f"PUT_{n}": "http://" * 6000 for n in range(20)}
    view = View.of(snapshot(readers(650, env=endless), writer(endless)))
    began = process_time()
    for _ in range(10):
        assert not list(writers(view, view.workloads[SHOP]))
    assert process_time() - began < 10
