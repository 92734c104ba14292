"""A node's disk is full of what a program on every node keeps there since it cannot send it; it evicts others."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import evicted, node, pods_of
from tests.diagnosis.rules.scenes import SHOP, shop
from tests.diagnosis.rules.tiny import DAY, Obj, figure, log, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

AGENT, CONF = "DaemonSet/agent", "ConfigMap/agent-conf"
FLUENT_BIT = (
    "[error] [upstream] connection #628 to tcp://siem.example:24224 timed out after 10 seconds (connection timeout)",
    "[ warn] [engine] failed to flush chunk '1-17.flb', retry in 11 seconds: task_id=0, input=tail.0 > output=siem",
)
FLUENTD = (
    '[warn]: #0 failed to flush the buffer. retry_times=9 error_class=Errno::ECONNREFUSED error="Connection refused"',
)
EXPIRED = (
    "[warn]: #0 failed to flush the buffer. retry_times=9 error_class=OpenSSL::SSL::SSLError "
    'error="SSL_connect state=error: certificate verify failed (certificate has expired)"',
)
VECTOR = (
    "WARN sink{component_id=loki}: vector::sinks::util::retries: Retrying after error. error=Failed to make HTTP(S) "
    "request: error trying to connect: tcp connect error: Connection refused (os error 111)",
)
OTEL = (
    'error exporterhelper/queue.go:99 Exporting failed. error="dial tcp 203.0.113.9:4317: connect: connection refused"',
    "info exporterhelper/retry.go:77 Exporting failed. Will retry the request after interval.",
)
REFUSED = (
    "[error] [output:es:es.0] HTTP status=400 URI=/_bulk, response:",
    "[ warn] [engine] failed to flush chunk '1-17.flb', retry in 1883 seconds: task_id=14, input=tail.0 > output=es.0",
)
WENT_OUT = "[ info] [engine] flush chunk '1-17.flb' succeeded at retry 2: task_id=14, input=tail.0 > output=es.0"
TOO_LARGE = (
    "[warn]: #0 failed to flush the buffer. retry_times=31 next_retry_time=2026-03-04 12:09:00 "
    'error_class=RuntimeError error="413 Payload Too Large"',
)
UNKNOWN = ("info exporterhelper/retry.go:77 Exporting failed. Will retry the request after interval. (unknown field)",)
STORAGE = "[SERVICE]\n    storage.path  /var/log/flb-storage/\n[OUTPUT]\n    Name forward\n    Host siem.example\n"
BUFFER = "<match **>\n  <buffer>\n    @type file\n    path /var/log/fluentd-buffers/out\n  </buffer>\n</match>\n"
GONE = "The node was low on resource: ephemeral-storage. Container shop was using {}, request is 0. "


def full(name: str, age: float = 300) -> Obj:
    """Return a node that is short of its disk of 100 GB."""
    made = node(name, DiskPressure="True", since=age)
    made["status"]["capacity"] = {"ephemeral-storage": "100000000Ki"}
    return made


def agent(path: str = "/var/log", *, settings: str = "", only: bool = False, **more: Any) -> list[Obj]:
    """Return a program on every node that sees a directory of it; ``only``: it may but read that."""
    volumes = [{"name": "kept", "hostPath": {"path": path}}]
    volumes += [{"name": "conf", "configMap": {"name": "agent-conf"}}] if settings else []
    mounts = [{"name": "kept", "mountPath": path, "readOnly": only}]
    made = {"kind": "DaemonSet", "service": False, "spec": {"volumes": volumes}, "volumeMounts": mounts, **more}
    return workload("agent", **made)


def grows(*shares: tuple[float, float]) -> list[tuple[str, Series]]:
    return [figure("node_disk_share", *each, 900, node=f"n{n + 1}") for n, each in enumerate(shares)]


FILLS = grows((0.6, 0.66), (0.84, 0.9))


def world(
    lines: tuple[str, ...],
    objects: list[Obj],
    *,
    settings: str = "",
    written: float | None = None,
    since: float = 3000,
    used: str = "180000Ki",
    figures: Any = (),
    short: tuple[str, ...] = ("n2",),
    more: Any = (),
) -> Snapshot:
    """Return a shop evicted from n2, and an agent whose pods repeat lines since some time and until now.

    ``written``: when the agent's ConfigMap was edited. ``used``: what the evicted pod held; ``short``: which nodes are.
    """
    objects_of_shop = shop()
    conf = thing("ConfigMap", "agent-conf", written=written, data={"agent.conf": settings})
    gone = [evicted("shop-gone0", pods_of(objects_of_shop)[0], "n2", GONE.format(used), 280)] if short else []
    nodes = [full(name) if name in short else node(name) for name in ("n1", "n2")]
    said = [log(each["metadata"]["name"], *lines * 12, since=since) for each in pods_of(objects)]
    return snapshot(objects_of_shop, objects, [conf] if settings else [], gone, nodes, more, figures=figures, logs=said)


def fluent_bit(**more: Any) -> Snapshot:
    """Return Fluent Bit, which is told to keep what waits in a directory of its node."""
    made = {"lines": FLUENT_BIT, "objects": agent(settings=STORAGE), "settings": STORAGE, **more}
    return world(**made)


OTHER = workload(
    "shipper",
    kind="DaemonSet",
    service=False,
    spec={"volumes": [{"name": "kept", "hostPath": {"path": "/var/lib/shipper"}}]},
    volumeMounts=[{"name": "kept", "mountPath": "/var/lib/shipper"}],
)
NOT_OF_IT = [*no("rollback_workload", "restart_workload", at=AGENT), *no("rollback_workload", at=SHOP)]
HOLDS = [
    Holds(
        f"its settings were edited before it could send no more, {what}",
        world,
        (CONF, "configuration_error", "page_human"),
        excludes=NOT_OF_IT,
        alone=True,
    )
    for what, world in (
        ("and disks become fuller", fluent_bit(written=3120, figures=FILLS)),
        ("and nobody measures disks", fluent_bit(written=3120)),
        (
            "and both nodes are short",
            world(FLUENTD, agent(settings=BUFFER), settings=BUFFER, written=3120, short=("n1", "n2"), figures=FILLS),
        ),
    )
]
HOLDS += [
    Holds(
        f"its log tells of nothing else since it begins, and its pods were the first to start with an edit, {what}",
        world,
        (CONF, "configuration_error", "page_human"),
        excludes=NOT_OF_IT,
        alone=True,
    )
    for what, world in (
        (
            "days ago: what it sends is refused",
            world(
                REFUSED,
                agent(settings=STORAGE, started=3 * DAY),
                settings=STORAGE,
                written=3 * DAY + 200,
                figures=FILLS,
            ),
        ),
        (
            "and nobody measures disks: what it sends is too large",
            world(TOO_LARGE, agent("/var/log", settings=BUFFER, started=DAY), settings=BUFFER, written=2 * DAY),
        ),
    )
]
HOLDS += [
    Holds(
        f"nothing was edited: {what}",
        world,
        (AGENT, "resource_exhaustion", "page_human"),
        excludes=NOT_OF_IT,
        alone=True,
    )
    for what, world in (
        ("its settings were written long ago", fluent_bit(written=5 * DAY, figures=FILLS)),
        (
            "a variable tells where it keeps what waits",
            world(VECTOR, agent("/var/lib/vector", env={"VECTOR_DATA_DIR": "/var/lib/vector"}), figures=FILLS),
        ),
        ("whom it sends to shows a certificate that is over", world(EXPIRED, agent("/var/lib/fluentd"), figures=FILLS)),
        ("only its log tells that it tries again", world(OTEL, agent("/var/lib/otelcol"))),
        ("what it sends is refused, nobody knows why", fluent_bit(lines=REFUSED[1:], figures=FILLS)),
        (
            "its pods started long before the edit",
            fluent_bit(lines=REFUSED, written=3 * DAY, objects=agent(settings=STORAGE, started=9 * DAY)),
        ),
        (
            "its pods started with an edit, weeks ago",
            fluent_bit(
                lines=REFUSED, written=29 * DAY, objects=agent(settings=STORAGE, age=29.5 * DAY, started=28 * DAY)
            ),
        ),
    )
]
HOLDS += [
    Holds(
        f"it is not known who fills the disk: {what}",
        world,
        ("Node/n2", "resource_exhaustion", "page_human"),
        spares=no("restart_workload", at=AGENT),
        harmful=("restart_workload", "rollback_workload"),
    )
    for what, world in (
        ("the agent may but read there", fluent_bit(objects=agent(settings=STORAGE, only=True))),
        ("the agent sees what is no disk", world(OTEL, agent("/sys/fs/cgroup"))),
        ("the agent cannot send since the node is short", fluent_bit(since=280, written=400)),
        ("the agent cannot send since moments before", fluent_bit(since=500, written=600)),
        ("the agent drops what it cannot send", world(FLUENT_BIT[:1], agent())),
        ("what the agent tries again goes out", fluent_bit(lines=(*REFUSED, WENT_OUT))),
        ("the agent tries again since moments before", fluent_bit(lines=REFUSED, since=500, written=600)),
        ("nothing tells that it keeps on the disk what it tries again", world(REFUSED, agent())),
        ("the one that was evicted held most of it", fluent_bit(used="60000000Ki")),
        ("no disk becomes fuller", fluent_bit(figures=grows((0.6, 0.6), (0.9, 0.9)))),
        ("another one cannot send what it keeps either", world(OTEL, [*agent("/var/lib/otelcol"), *OTHER])),
        ("the agent does not run there", fluent_bit(objects=agent(settings=STORAGE, nodes=("n1", "n3")))),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it cannot send what it keeps, and no node is short yet",
        fluent_bit(short=()),
        (AGENT, "dependency_failure", "page_human"),
    ),
]
