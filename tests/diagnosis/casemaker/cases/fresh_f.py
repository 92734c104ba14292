"""Stores that fill up, poolers and caches in the middle: the last caller alerts, the cause lies two steps behind."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_c import NO_METRICS
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.logs import postgres as pg_line
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.scene import alert, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "archive-of-the-log-is-denied-and-the-volume-fills",
    "paymaster",
    "2026-11-03T06:18:00",
    title="A PostgreSQL keeps all WAL since its archive bucket denies uploads; its volume is nearly full",
    drawn_from="archive_command that fails for days until pg_wal fills the volume and the server panics",
    why="WAL is kept because the bucket answers AccessDenied to each upload; users feel nothing yet. Somebody has to "
    "mend the bucket's policy or give room. A restart needs room for recovery; the batch released tonight is as ever.",
    expect=[Fault("StatefulSet/ledger-db", "resource_exhaustion", "page_human")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("dependency_failure", "page_human"),
        ("capacity", "page_human"),
        ("resource_exhaustion", "page_human", "PersistentVolumeClaim/data-ledger-db-0"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def denied(w: World) -> None:
    nodes(w, "pm-1", "pm-2", "pm-3")
    args = ("-c", "archive_mode=on", "-c", "archive_command=wal-g wal-push %p", "-c", "archive_timeout=60")
    probe = {"exec": {"command": ["pg_isready", "-U", "postgres"]}, "periodSeconds": 10, "failureThreshold": 3}
    inner = container(
        "postgres", "registry.paymaster.example/postgres-walg:16.4-3", port=5432, memory=("4Gi", "8Gi"), ready=probe,
        args=args, env={"WALG_S3_PREFIX": "s3://paymaster-wal/ledger"}, env_from=("secret/walg-s3",),
    )  # fmt: skip
    base = statefulset(w, "ledger-db", pod_spec(inner), 1, age=days(310), claim="data")
    claim(w, "data-ledger-db-0", size="200Gi", age=days(310))
    secret(w, "walg-s3", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], age=days(310))
    service(w, "ledger-db", port=5432, target=5432, headless=True)
    image, env = "registry.paymaster.example", {"PGHOST": "ledger-db"}
    batch = well(
        w, "payrun", f"{image}/payrun:90", pods=2, age=hours(6.2), before=f"{image}/payrun:89", env=env, style="logback"
    )
    well(w, "payslips", f"{image}/payslips:31", pods=3, age=days(48), env=env, talk=True)
    upload = (
        "failed to upload 'wal_005/0000000400000AF3000000C4.br' to bucket 'paymaster-wal': operation error S3: "
        "PutObject, https response error StatusCode: 403, RequestID: 7Q0BW{n}, api error AccessDenied: User: "
        "arn:aws:iam::111122223333:user/ledger-wal is not authorized to perform: s3:PutObject with an explicit deny "
        "in a resource-based policy"
    )
    segment = "0000000400000AF3000000C4"
    late = f'archiving write-ahead log file "{segment}" failed too many times, will try again later'
    lines = []
    for age in range(1390, 20, -63):
        text = upload.replace("{n}", str(70000 + age))
        lines.append(L(age, "", f"ERROR: {w.time(age):%Y/%m/%d %H:%M:%S}.418803 {text}"))
        told = [L(age - 0.1, "log", "archive command failed with exit code 1")]
        told.append(L(age - 0.2, "detail", f"The failed archive command was: wal-g wal-push pg_wal/{segment}"))
        told.append(L(age - 0.3, "warning", late))
        lines += [L(x.age, "", pg_line(w, x)) for x in told]
    done = "checkpoint complete: wrote {n} buffers (4.1%); 0 WAL file(s) added, 0 removed, 41 recycled"
    lines += [L(x.age, "", pg_line(w, x)) for x in often(280, 1300, 5, "log", [done])]
    log(w, base, 0, "plain", lines)
    for index in range(2):
        texts = ["pay run 2026-11 group {n} booked 500 entries in 812 ms"]
        log(w, batch, index, "logback", often(14, minutes(20) - 17 * index, 2, "info", texts, "e.p.run.GroupBooker"))
    signal(w, "volume_used_share", {"persistentvolumeclaim": "data-ledger-db-0"}, ramp(0.908, 0.947), noise=0)
    signal(w, "db_connections", {"component": "ledger-db"}, flat(34))
    exact(w, "db_max_connections", {"component": "ledger-db"}, flat(200))
    requests(w, "payslips", rate=flat(12), errors=flat(0.0007), p95=flat(0.11))
    requests(w, "payrun", rate=flat(3), errors=flat(0.0), p95=flat(0.8))
    alert(
        w, "KubePersistentVolumeFillingUp", minutes(13), "data-ledger-db-0 is expected to fill up within 4 hours",
        persistentvolumeclaim="data-ledger-db-0",
    )  # fmt: skip


@case(
    "pooler-kept-its-way-to-the-old-primary",
    "drivers",
    "2026-05-12T23:09:00",
    title="After a failover every write through PgBouncer is refused as read-only; restarting the callers did not help",
    drawn_from="poolers that reconnected before Patroni had moved the Service and kept their sessions on the replica",
    why="The Service leads to the new primary, who writes without the pooler is well; the replica's log names the "
    "pooler's addresses. Its callers were restarted nine minutes ago and fail as before.",
    expect=[Fault("Deployment/pgbouncer", "database_connection", "restart_workload")],
    acceptable=[
        ("database_connection", "restart_connection_pool"),
        ("dependency_failure", "restart_workload"),
        ("configuration_error", "restart_workload"),
        ("network_fault", "restart_workload"),
        ("dependency_failure", "restart_connection_pool"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_database",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "restart_workload", "target": "StatefulSet/drivers-db"},
    ],
)
def pooler(w: World) -> None:
    nodes(w, "dr-1", "dr-2", "dr-3")
    inner = container(
        "postgres", "ghcr.io/zalando/spilo-16:3.3-p2", port=5432, memory=("2Gi", "4Gi"), ready="/readiness"
    )
    inner["readinessProbe"]["httpGet"]["port"] = 8008
    chosen = {"application": "spilo", "cluster-name": "drivers-db"}
    base = statefulset(w, "drivers-db", pod_spec(inner), 2, labels=chosen, claim="pgdata", age=days(150))
    for pod, role in zip(base.pods, ("replica", "master"), strict=True):
        pod["metadata"]["labels"]["spilo-role"] = role
        claim(w, f"pgdata-{pod['metadata']['name']}", size="80Gi", age=days(150))
    service(w, "drivers-db", chosen | {"spilo-role": "master"}, port=5432, target=5432, age=days(150))
    service(w, "drivers-db-repl", chosen | {"spilo-role": "replica"}, port=5432, target=5432, age=days(150))
    spec = pod_spec(container("pgbouncer", "bitnami/pgbouncer:1.23.1", port=6432, ready=None,
                              env={"POSTGRESQL_HOST": "drivers-db", "PGBOUNCER_POOL_MODE": "transaction"}))  # fmt: skip
    pool = deployment(w, "pgbouncer", [Rev(spec, days(61))], 2)
    service(w, "pgbouncer", port=6432, target=6432)
    spec = pod_spec(container("rides", "registry.drivers.example/rides:412", env={"PGHOST": "pgbouncer"}))
    again = {"kubectl.kubernetes.io/restartedAt": w.at(minutes(9))}
    rides = deployment(w, "rides", [Rev(spec, hours(31)), Rev(spec, minutes(9), again)], 3)
    service(w, "rides")
    env = {"RIDES_URL": "http://rides"}
    front = well(w, "cab-app-bff", "registry.drivers.example/bff:88", pods=2, age=days(6), env=env)
    meter = well(
        w, "meter-sync", "registry.drivers.example/meter:17", pods=1, age=days(33), env={"PGHOST": "drivers-db"}
    )
    ingress(w, "cab-app", "app.drivers.example", [("/", "cab-app-bff", 80)])
    lines = _patroni(w, 1592, "Demoting self (immediate)")
    lines += _patroni(w, 1580, "following a different leader because i am not the healthiest node")
    refused = ["cannot execute INSERT in a read-only transaction", "cannot execute UPDATE in a read-only transaction"]
    for pod in pool.pods:
        client = f"rides@drivers {pod['status']['podIP']}"
        lines += [L(x.age, "", pg_line(w, x)) for x in often(7, 280, 1, "error", refused, client)]
    log(w, base, 0, "plain", lines)
    lines = _patroni(w, 1586, "promoted self to leader by acquiring session lock")
    for age in range(500, 4, -10):
        lines += _patroni(w, age, "no action. I am (drivers-db-1), the leader with the lock")
    log(w, base, 1, "plain", lines)
    for index in range(2):
        server = "S-0x55d2c1a0: drivers/rides@drivers-db:5432"
        told = [
            L(1590, "", f"{server} closing because: server conn crashed? (age=2917s)"),
            L(1584 - index, "", f"{server} new connection to server"),
            *often(60, 1500, 5, "", ["stats: 118 xacts/s, 131 queries/s, in {n} B/s, wait 0 us"]),
        ]
        lines = [L(x.age, "", f"{w.time(x.age):%Y-%m-%d %H:%M:%S}.204 UTC [1] LOG {x.text}") for x in told]
        log(w, pool, index, "plain", lines)
    texts = [
        "PG::ReadOnlySqlTransaction: ERROR:  cannot execute INSERT in a read-only transaction",
        "POST /rides 500 in 14ms",
    ]
    for index in range(3):
        log(w, rides, index, "logfmt", often(6, 510 - 30 * index, 1, "error", texts))
    for index in range(2):
        log(
            w,
            front,
            index,
            "pino",
            often(8, 1560 - 17 * index, 1, "error", ["POST http://rides/rides 500", "booking {n} not made"]),
        )
    log(w, meter, 0, "golang", often(20, 1400, 3, "", ["stored 40 meter readings (tx {n})"]))
    requests(w, "cab-app-bff", rate=flat(28), errors=step(0.002, 0.44, 1580), p95=flat(0.2))
    requests(w, "rides", rate=flat(31), errors=step(0.001, 0.46, 1584), p95=flat(0.06))


def _patroni(w: World, age: float, text: str) -> list[L]:
    """Return a line as Patroni writes it."""
    return [L(age, "", f"{w.time(age):%Y-%m-%d %H:%M:%S},411 INFO: {text}")]


@case(
    "basket-store-cannot-save-and-takes-no-writes",
    "grocer-online",
    "2026-04-02T16:57:00",
    title="Check-outs fail; two steps behind, a Redis cannot save for lack of disk and so refuses all writes",
    drawn_from="MISCONF Redis is configured to save RDB snapshots, but is currently unable to persist to disk",
    why="Redis runs, is ready and answers reads; its last save found no room, so it takes no write. All since the last "
    "good save, seven hours ago, is in memory only: a restart loses it. The releases in front are older than this.",
    expect=[Fault("StatefulSet/redis-baskets", "resource_exhaustion", "page_human")],
    acceptable=[
        ("dependency_failure", "page_human"),
        ("capacity", "page_human"),
        ("configuration_error", "page_human"),
        ("resource_exhaustion", "page_human", "PersistentVolumeClaim/data-redis-baskets-0"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def no_save(w: World) -> None:
    nodes(w, "gr-1", "gr-2")
    args = ("--dir", "/data", "--save", "21600 1", "--appendonly", "no", "--maxmemory", "6gb")
    probe = {"exec": {"command": ["redis-cli", "ping"]}, "periodSeconds": 5, "failureThreshold": 3}
    inner = container("redis", "redis:7.2.5-bookworm", port=6379, memory=("6Gi", "10Gi"), ready=probe, args=args)
    store = statefulset(w, "redis-baskets", pod_spec(inner), 1, age=days(260), claim="data")
    claim(w, "data-redis-baskets-0", size="8Gi", age=days(260))
    service(w, "redis-baskets", port=6379, target=6379)
    image = "registry.grocer-online.example"
    env = {"REDIS_URL": "redis://redis-baskets:6379/0"}
    baskets = well(
        w, "baskets", f"{image}/baskets:7.30.1", pods=3, age=hours(26), before=f"{image}/baskets:7.30.0", env=env
    )
    env = {"BASKETS_URL": "http://baskets"}
    front = well(
        w, "checkout", f"{image}/checkout:501", pods=3, age=minutes(108), before=f"{image}/checkout:500", env=env
    )
    well(w, "assortment", f"{image}/assortment:66", pods=2, talk=True, style="logback")
    ingress(w, "shop", "shop.grocer-online.example", [("/checkout", "checkout", 80), ("/", "assortment", 80)])
    begun = hours(6.7)
    told = [(begun + 61, "1:M", "* 1 changes in 21600 seconds. Saving...")]
    told += [(begun + 2, "4410:C", "* DB saved on disk")]
    told += [(begun, "1:M", "* Background saving terminated with success")]
    told += [(minutes(41) + 30, "1:M", "* 1 changes in 21600 seconds. Saving...")]
    for age in range(1190, 5, -38):
        child = 9000 - age
        told.append((age, "1:M", f"* Background saving started by pid {child}"))
        full = "# Write error while saving DB to the disk(rdbSaveRio): No space left on device"
        told.append((age - 31, f"{child}:C", full))
        told.append((age - 32, "1:M", "# Background saving error"))
    log(w, store, 0, "plain", [L(a, "", f"{who} {w.time(a):%d %b %Y %H:%M:%S}.118 {text}") for a, who, text in told])
    text = (
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands "
        "that may modify the data set are disabled, because this instance is configured to report errors during writes "
        "if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about "
        "the RDB error."
    )
    for index in range(3):
        lines = often(
            7,
            minutes(40),
            1,
            "error",
            [f"redis.exceptions.ResponseError: {text}", "PUT /baskets/{n} 500"],
            "baskets.api",
        )
        log(w, baskets, index, "python", lines)
        texts = [
            "PUT http://baskets/baskets/{n} answered 500, gave up after 3 tries",
            "checkout {n} stopped at step basket",
        ]
        log(w, front, index, "pino", often(9, minutes(40) - 17 * index, 1, "error", texts))
    alert(w, "CheckoutErrors", minutes(35), "61% of check-outs fail", service="checkout")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
