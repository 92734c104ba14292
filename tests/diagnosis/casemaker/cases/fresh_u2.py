"""Space: a volume whose growth was ordered and does not come, scratch space cut with a chart."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import machines, measured
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, redis, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "second-growth-of-a-volume-within-six-hours",
    "loyalty",
    "2026-05-07T22:18:00",
    title="MySQL waits for space on a volume that was grown at dusk and cannot grow again before midnight",
    drawn_from="Disk is full writing binlog, and an EBS volume that may be modified once in six hours",
    why="The claim asks for twice of what it has, the expander is refused by the provider for hours to come, and the "
    "server stops at each write. Whoever only reads the claim's request believes that there is room. Space has to be "
    "made by hand; no program or number of pods does it. The points service was released before and fails as all do.",
    expect=[Fault("StatefulSet/loyalty-mysql", "resource_exhaustion", "page_human")],
    acceptable=[
        ("capacity", "page_human"),
        ("resource_exhaustion", "page_human", "PersistentVolumeClaim/data-loyalty-mysql-0"),
        ("capacity", "page_human", "PersistentVolumeClaim/data-loyalty-mysql-0"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "scale_database", "no_action",
               "restart_connection_pool"],
)  # fmt: skip
def second_growth(w: World) -> None:
    nodes(w, "ip-10-20-3-7", "ip-10-20-5-61", "ip-10-20-9-14")
    secret(w, "mysql-root", ["MYSQL_ROOT_PASSWORD"], age=days(500))
    ping = {"exec": {"command": ["mysqladmin", "ping", "-h", "127.0.0.1"]}, "periodSeconds": 10, "failureThreshold": 3}
    spec = pod_spec(container("mysql", "mysql:8.0.40", port=3306, env_from=("secret/mysql-root",), ready=ping,
                    cpu=("1", "4"), memory=("8Gi", "8Gi"), mounts={"data": "/var/lib/mysql"},
                    args=("--binlog-expire-logs-seconds=2592000", "--max-connections=600")))  # fmt: skip
    base = statefulset(w, "loyalty-mysql", spec, claim="data", age=days(410))
    vol = claim(w, "data-loyalty-mysql-0", size="100Gi", age=days(410))
    vol["spec"]["resources"]["requests"]["storage"] = "200Gi"
    vol["spec"]["storageClassName"] = "gp3"
    vol["status"]["allocatedResources"] = {"storage": "200Gi"}
    vol["status"]["allocatedResourceStatuses"] = {"storage": "ControllerResizeInProgress"}
    vol["status"]["conditions"] = [
        {"type": "Resizing", "status": "True", "lastProbeTime": None, "lastTransitionTime": w.at(minutes(41))}
    ]
    w.changed(vol, minutes(41), "kubectl-edit", {"f:spec": {"f:resources": {"f:requests": {"f:storage": {}}}}})
    service(w, "loyalty-mysql", base.labels, port=3306, target=3306, headless=True)
    text = "waiting for an external controller to expand this PVC"
    event(w, vol, "ExternalExpanding", text, kind="Normal", last=minutes(41), writer="volume_expand")
    text = f"External resizer is resizing volume {vol['spec']['volumeName']}"
    event(w, vol, "Resizing", text, kind="Normal", first=minutes(41), last=140, count=14,
          writer="external-resizer ebs.csi.aws.com")  # fmt: skip
    text = (
        f'resize volume "{vol["spec"]["volumeName"]}" by resizer "ebs.csi.aws.com" failed: rpc error: code = Internal '
        'desc = Could not resize volume "vol-0c1f77ad93be20e41": operation error EC2: ModifyVolume, https response '
        "error StatusCode: 400, api error VolumeModificationRateExceeded: You've reached the maximum modification rate "
        "per volume limit. Wait at least 6 hours between modifications per EBS volume."
    )
    event(w, vol, "VolumeResizeFailed", text, first=minutes(40.9), last=139, count=14,
          writer="external-resizer ebs.csi.aws.com")  # fmt: skip
    image, env = "registry.loyalty.example", {"DB_HOST": "loyalty-mysql", "DB_NAME": "loyalty"}
    points = well(w, "points", f"{image}/points:7.4.0", pods=3, age=hours(2.6), before=f"{image}/points:7.3.8", env=env)
    vouchers = well(w, "vouchers", f"{image}/vouchers:3.9", pods=2, age=days(33), env=env)
    tills = well(w, "till-gateway", f"{image}/till-gateway:61", pods=2, age=days(12))
    well(w, "catalogue", f"{image}/catalogue:18.2", age=days(4), talk=True)
    full = (
        "Disk is full writing './binlog.004117' (OS errno 28 - No space left on device). Waiting for someone to free "
    )
    full += "space... Retry in 60 secs. Message reprinted in 600 secs."
    lines = [L(age, "error", full) for age in range(int(minutes(24)), 60, -600)]
    lines.append(L(minutes(11), "error", "/usr/sbin/mysqld: Disk is full, can't write '/var/lib/mysql/#innodb_temp/"
                   "temp_9.ibt' (OS errno 28 - No space left on device)"))  # fmt: skip
    log(w, base, 0, "mysql", lines)
    late = ["POST /points/accruals 503 28014ms: java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is "
            "not available, request timed out after 28000ms (total=10, active=10, idle=0, waiting=19)",
            "GET /points/{n} 200 7ms"]  # fmt: skip
    for index in range(3):
        log(w, points, index, "logback", [
            *often(25, 3500, minutes(24), "info", ["POST /points/accruals 201 12ms"], "c.l.p.Access"),
            *often(17, minutes(23) - 3 * index, 1, "warn", late, "c.l.p.Access")])  # fmt: skip
    for index in range(2):
        log(w, vouchers, index, "pino", often(33, minutes(23), 2, "error", [
            "redeem {n} failed: ER_LOCK_WAIT_TIMEOUT: Lock wait timeout exceeded; try restarting transaction",
            "issue {n} failed: query inactivity timeout"]))  # fmt: skip
        log(w, tills, index, "logfmt", often(15, minutes(23), 1, "warn", ["accrual {n} queued offline: points 503"]))
    at = minutes(24)
    signal(
        w, "volume_used_share", {"persistentvolumeclaim": "data-loyalty-mysql-0"}, ramp(0.958, 1.0, 3600, at), noise=0
    )
    requests(w, "points", rate=step(140, 60, at), errors=step(0.0005, 0.48, at), p95=step(0.03, 28, at))
    requests(w, "vouchers", rate=flat(12), errors=step(0.001, 0.9, at), p95=step(0.04, 20, at))
    measured(w, points, 0.2)
    measured(w, vouchers, 0.1)
    measured(w, tills, 0.2)
    measured(w, base, step(0.4, 0.05, at), 0.81)
    machines(w)
    alert(w, "TillAccrualsQueuedOffline", minutes(18), "more than 2000 accruals wait in tills", service="till-gateway")


@case(
    "scratch-space-cut-with-the-chart",
    "satellite-mosaics",
    "2026-06-30T03:12:00",
    title="Renderers vanish in the middle of large mosaics since a chart cut their scratch space",
    drawn_from='Usage of EmptyDir volume "scratch" exceeds the limit, on nodes whose disks are half empty',
    why="Same image as before; the chart took the sizeLimit of scratch from 40Gi to 4Gi along with a new label and a "
    "log level. Small mosaics pass, so the afternoon was well; the first large ones of the night evict their pods. "
    "Memory and the nodes' disks have room.",
    expect=[Fault("Deployment/mosaic-renderer", "configuration_error", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload"), ("capacity", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "scale_database", "no_action", "isolate_workload"],
)
def scratch_cut(w: World) -> None:
    nodes(w, "sat-w1", "sat-w2", "sat-w3", cpu="16", memory="65806732Ki")
    image = "registry.gitlab.com/satmo"
    queue = redis(w, "tasks-redis")
    specs = []
    for size, level in (("40Gi", "info"), ("4Gi", "warning")):
        one = pod_spec(container("renderer", f"{image}/renderer:2.8.3", port=0, ready=None, cpu=("3", "4"),
                       memory=("6Gi", "8Gi"), mounts={"scratch": "/scratch"},
                       env={"CPL_TMPDIR": "/scratch", "GDAL_CACHEMAX": "2048", "LOG_LEVEL": level}))  # fmt: skip
        one["volumes"] = [{"name": "scratch", "emptyDir": {"sizeLimit": size}}]
        specs.append(one)
    text = 'Usage of EmptyDir volume "scratch" exceeds the limit "4Gi". '
    gone = [(hours(9.5), 47, "sat-w1"), (hours(9.5), 44, "sat-w2"), (minutes(46), 29, "sat-w1"),
            (minutes(43), 23, "sat-w2"), (minutes(28), 9, "sat-w3")]  # fmt: skip
    pods = [P(age=age, node=n, phase="Failed", reason="Evicted", message=text) for age, _, n in gone]
    pods += [P(age=minutes(23), node="sat-w2"), P(age=hours(9.4), node="sat-w3"), P(age=minutes(8.9), node="sat-w1")]
    revs = [Rev(specs[0], days(52), cause="renderer-1.14.0"), Rev(specs[1], hours(9.6), cause="renderer-1.15.0")]
    top = deployment(w, "mosaic-renderer", revs, pods)
    for each, (_, age, _) in zip(top.pods, gone, strict=False):
        event(w, each, "Evicted", text, last=minutes(age))
        event(w, each, "Killing", "Stopping container renderer", kind="Normal", last=minutes(age))
    sched = well(w, "scheduler", f"{image}/scheduler:0.71", pods=1, age=days(19))
    tiles = well(
        w, "tile-server", f"{image}/tile-server:5.5", pods=3, age=minutes(58), before=f"{image}/tile-server:5.4"
    )
    well(w, "stac-api", f"{image}/stac-api:3.0.1", age=days(70), talk=True)
    for index, since in ((5, minutes(23)), (7, minutes(8.9))):
        log(w, top, index, "python", [
            L(since - 6, "warning", "LOG_LEVEL=warning, started renderer 2.8.3", "celery.worker"),
            L(since - 40, "warning", f"mosaic s2-night-{index}: 212 scenes, 31.4 GiB of intermediates expected",
              "satmo.render"),
            *(L(a, "warning", f"mosaic s2-night-{index}: warp of scene took {9 + a % 7}s", "satmo.render")
              for a in range(int(since) - 70, 3, -61))])  # fmt: skip
    quiet = L(5400, "warning", "mosaic s2-city-811: done, 1.9 GiB of intermediates", "satmo.render")
    log(w, top, 6, "python", [quiet])
    log(w, sched, 0, "python", [
        *often(200, 3500, minutes(50), "info", ["mosaic s2-city-{n} done in 311s"], "satmo.sched"),
        *(L(minutes(age - 0.4), "error", "mosaic s2-night lost its worker after 17 min, queued again (attempt 2 of 5): "
            "WorkerLostError('worker disconnected')", "satmo.sched") for _, age, _ in gone)])  # fmt: skip
    log(w, queue, 0, "redis", often(600, 3400, 5, "info", ["Background saving terminated with success"]))
    log(w, tiles, 0, "logfmt", often(30, 900, 3, "info", ["GET /t/{n} 200", "GET /t/{n} 304"]))
    for index, (born, age, _) in enumerate(gone):
        labels = {"pod": top.pod(index), "container": "renderer"}
        signal(w, "memory_share", labels, flat(0.52), since=born - 30, until=minutes(age))
    for index in (5, 6, 7):
        labels = {"pod": top.pod(index), "container": "renderer"}
        signal(w, "memory_share", labels, flat(0.5), since={5: minutes(22.5), 6: 3600, 7: minutes(8.4)}[index])
    signal(w, "queue_depth", {"component": "tasks-redis"}, ramp(6, 37, minutes(47)))
    measured(w, tiles, 0.2, prior=0.2)
    machines(w, 0.5)
    alert(w, "MosaicNotReadyAt0300", minutes(12), "0 of 4 night mosaics are published", product="s2-night",
          severity="critical")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), ("metrics", True, ""))
