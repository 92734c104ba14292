"""A record that one partition cannot get past, and a backup in the morning."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.jobs import busy
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

LISTENER = "{at}.{ms}Z {level:>5} 1 --- [tariffs] [ntainer#0-0-C-1] {logger:<40} : {text}"


def listened(w: World, line: L, number: int) -> L:
    """Return a line as the listener's thread writes it."""
    made = LISTENER.format(
        at=w.at(line.age)[:-1],
        ms=100 + (number * 37) % 890,
        level=line.level.upper(),
        logger=line.logger,
        text=line.text,
    )
    return L(line.age, "", made)


@case(
    "one-partition-stands-before-a-replayed-record",
    "freight-billing",
    "2026-04-22T15:27:00",
    title="A third of the shipments is not priced: one partition stands before a record that was replayed as JSON",
    drawn_from="RecordDeserializationException in a loop at one offset: a tool wrote JSON to a topic of Avro",
    why="All pods were restarted ten minutes ago and the pod that got the partition stands at the very same offset, "
    "the one that the support tool reported for its replay; the other partitions go on. No start and no older version "
    "gets past it: a person has to move the offset and mend the tool.",
    expect=[Fault("Deployment/tariff-consumer", "code_defect", "page_human")],
    acceptable=[
        ("service_crash", "page_human"),
        ("dependency_failure", "page_human"),
        ("configuration_error", "page_human"),
        ("code_defect", "page_human", "Deployment/depot-tools"),
        ("configuration_error", "page_human", "Deployment/depot-tools"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def replayed(w: World) -> None:
    nodes(w, "fb-1", "fb-2", "fb-3", cpu="8")
    spec = pod_spec(container("kafka", "quay.io/strimzi/kafka:0.45.0-kafka-3.9.0", port=9092, ready=None,
                    memory=("3Gi", "4Gi"), cpu=("1", "2")))  # fmt: skip
    broker = statefulset(w, "kafka", spec, 3, claim="data")
    for index in range(3):
        claim(w, f"data-kafka-{index}", size="100Gi")
    service(w, "kafka", port=9092, target=9092, headless=True)
    image = "ghcr.io/freight-example"
    env = {"SPRING_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "SCHEMA_REGISTRY_URL": "http://schema-registry:8081"}
    spec = pod_spec(container("consumer", f"{image}/tariff-consumer:9.2.1", env=env, memory=("1Gi", "1Gi")))
    again = {"kubectl.kubernetes.io/restartedAt": w.at(minutes(11))}
    readers = deployment(w, "tariff-consumer", [Rev(spec, days(13)), Rev(spec, minutes(11), annotations=again)], 3)
    service(w, "tariff-consumer")
    tools = well(w, "depot-tools", f"{image}/depot-tools:0.31", pods=1, age=days(34), port=8000, env=env)
    ships = well(w, "shipment-service", f"{image}/shipment-service:77.0", pods=3, age=days(8), env=env)
    api = well(w, "invoice-api", f"{image}/invoice-api:4.15.0", age=minutes(38), before=f"{image}/invoice-api:4.14.2")
    spec = pod_spec(container("registry", "confluentinc/cp-schema-registry:7.8.0", port=8081, ready="/subjects"))
    schemas = deployment(w, "schema-registry", [Rev(spec, days(70))], 1)
    service(w, "schema-registry", port=8081, target=8081)
    where = "o.s.k.l.KafkaMessageListenerContainer"
    trace = (
        "Consumer exception\n\njava.lang.IllegalStateException: This error handler cannot process "
        "'SerializationException's directly; please consider configuring an 'ErrorHandlingDeserializer' in the value "
        "and/or key deserializer\n\tat org.springframework.kafka.listener.DefaultErrorHandler.handleOtherException("
        "DefaultErrorHandler.java:198) ~[spring-kafka-3.2.4.jar!/:3.2.4]\nCaused by: org.apache.kafka.common.errors."
        "RecordDeserializationException: Error deserializing VALUE for partition shipment-events-4 at offset 8819204. "
        "If needed, please seek past the record to continue consumption.\nCaused by: org.apache.kafka.common.errors."
        "SerializationException: Unknown magic byte!"
    )
    for index, mine in enumerate(("shipment-events-0, shipment-events-1", "shipment-events-2, shipment-events-3",
                                  "shipment-events-4, shipment-events-5")):  # fmt: skip
        young = minutes(10.8) - 9 * index
        lines = [
            L(
                young,
                "info",
                "Started TariffConsumer in 9.418 seconds (process running for 10.2)",
                "n.f.TariffConsumer",
            ),
            L(minutes(10.1), "info", f"tariffs: partitions assigned: [{mine}]", where),
        ]
        if index < 2:
            lines += often(9, minutes(10), 1, "info", ["shipment {n} priced, 4 lines"], "n.f.tariff.ShipmentListener")
        else:
            lines += often(31, minutes(10), 2, "error", [trace], where)
        log(w, readers, index, "plain", [listened(w, line, n) for n, line in enumerate(lines)])
        told = [
            "shipment {n} booked, event sent shipment-events-4",
            "shipment {n} booked, event sent shipment-events-1",
        ]
        log(w, ships, index, "logback", often(11, 900, 1, "info", told, "n.f.shipment.Booking"))
        text = f"[ProducerStateManager partition=shipment-events-{index}] Wrote producer snapshot at offset"
        lines = [
            L(age, "info", f"{text} {8_822_000 - 6 * age}", "kafka.log") for age in (3480, 2590 - 70 * index, 1511, 640)
        ]
        log(w, broker, index, "kafka", lines)
    log(w, tools, 0, "python", [
        *often(260, 3500, minutes(43), "info", ["GET /events/SH-{n} 200"], "depot.tools"),
        L(minutes(42.4), "info", "replay of SH-771920 asked for by m.okafor (ticket DEP-5130)", "depot.replay"),
        L(minutes(42.3), "info", "sent to shipment-events partition=4 offset=8819204 serializer=json", "depot.replay"),
        *often(300, minutes(41), 9, "info", ["GET /events/SH-{n} 200"], "depot.tools"),
    ])  # fmt: skip
    log(w, api, 0, "zap", [
        *often(19, minutes(37), 2, "info", ["GET /invoices/{n} 200"]),
        *often(70, minutes(36), 2, "warn", ["invoice draft {n}: shipment has no price yet, left out"]),
    ])  # fmt: skip
    log(
        w, schemas, 0, "nginx", often(40, 1500, 9, "info", ['"GET /schemas/ids/118?fetchMaxId=false HTTP/1.1" 200 812'])
    )
    signal(w, "queue_depth", {"component": "tariff-consumer"}, ramp(60, 31_400, minutes(42)), noise=0.01)
    requests(w, "shipment-service", rate=flat(37), errors=flat(0.0005), p95=flat(0.08))
    requests(w, "invoice-api", rate=flat(9), errors=flat(0.0006), p95=flat(0.14))
    measured(w, readers, 0.22, 0.55)
    measured(w, ships, 0.3)
    measured(w, api, 0.12)
    measured(w, tools, 0.04)
    measured(w, broker, 0.28, 0.6)
    measured(w, schemas, 0.05, 0.5)
    machines(w, 0.27)
    alert(w, "KafkaConsumerGroupLag", minutes(29), "group tariffs lags by more than 10000 records on shipment-events",
          consumergroup="tariffs", topic="shipment-events", severity="warning")  # fmt: skip


@case(
    "backup-catches-up-in-the-morning-lecture",
    "campus-lms",
    "2026-03-16T09:33:00",
    title="The learning platform crawls on Monday morning: the backup of the weekend runs now, beside the lectures",
    drawn_from="a CronJob that is resumed starts its missed run at once; a physical backup takes the disk's throughput",
    why="Waits for the database began with the backup's Job, which came in the minute in which somebody resumed the "
    "CronJob; at half past two it always was done by four. The database computes little and flushes slowly; as many "
    "users come as on any Monday, and the quiz was released when all was slow already.",
    expect=[Fault("CronJob/mysql-backup", "resource_exhaustion", "page_human")],
    acceptable=[
        ("capacity", "page_human"),
        ("configuration_error", "page_human"),
        ("database_connection", "page_human"),
        ("resource_exhaustion", "page_human", "StatefulSet/lms-mysql"),
        ("capacity", "page_human", "StatefulSet/lms-mysql"),
        ("configuration_error", "page_human", "StatefulSet/lms-mysql"),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "restart_connection_pool",
        "isolate_workload",
        "no_action",
    ],
)
def morning_backup(w: World) -> None:
    nodes(w, "lms-db-1", "lms-app-1", "lms-app-2", cpu="8")
    secret(w, "mysql-auth", ["MYSQL_ROOT_PASSWORD", "MYSQL_PASSWORD", "BACKUP_PASSWORD"], age=days(500))
    at, data = minutes(44), "/var/lib/mysql"
    spec = pod_spec(container("mysql", "mysql:8.0.41", port=3306, env_from=("secret/mysql-auth",), cpu=("2", "4"),
                    memory=("12Gi", "12Gi"), mounts={"data": data}, ready={"exec": {"command": ["mysqladmin", "ping"]},
                    "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3}))  # fmt: skip
    base = statefulset(w, "lms-mysql", spec, claim="data")
    claim(w, "data-lms-mysql-0", size="600Gi")
    service(w, "lms-mysql", port=3306, target=3306, headless=True)
    spec = pod_spec(
        container("xtrabackup", "percona/percona-xtrabackup:8.0.35", port=0, ready=None, cpu=("500m", "2"),
                  command=("/bin/sh", "-c"), mounts={"data": data}, env_from=("secret/mysql-auth",),
                  memory=("1Gi", "2Gi"),
                  args=("xtrabackup --backup --stream=xbstream --parallel=4 --datadir=/var/lib/mysql"
                        " | zstd -T2 | aws s3 cp - s3://lms-backup/full-$(date +%F).xbs.zst",)),
        volumes={"data": "pvc/data-lms-mysql-0"}, nodeName="lms-db-1",
    )  # fmt: skip
    cron = busy(w, "mysql-backup", spec, ages=[at], schedule="30 2 * * *")
    cron.obj["spec"]["concurrencyPolicy"] = "Forbid"
    cron.obj["status"] |= {"lastScheduleTime": w.at(hours(7.05)), "lastSuccessfulTime": w.at(days(3) + hours(5.6))}
    w.changed(cron.obj, at + 2, "kubectl-patch", {"f:spec": {"f:suspend": {}}})
    image, env = "harbor.campus.example/lms", {"DB_HOST": "lms-mysql", "DB_POOL": "30"}
    web = well(w, "lms-web", f"{image}/web:4.5.2", pods=4, age=days(19), env=env)
    quiz = well(w, "quiz", f"{image}/quiz:2.8.0", pods=2, age=minutes(32), before=f"{image}/quiz:2.7.6", env=env)
    files = well(w, "file-store", f"{image}/file-store:1.9", pods=2, age=days(40))
    ingress(w, "lms", "lms.campus.example", [("/", "lms-web", 80), ("/quiz", "quiz", 80)])
    tables = (
        "mdl_logstore_standard_log#p#p2026",
        "mdl_question_attempt_step_data",
        "mdl_files",
        "mdl_grade_grades_history",
    )
    lines = [L(at - 4, "", f"{w.at(at - 4)[:-1]}.104417-00:00 0 [Note] [MY-011825] [Xtrabackup] recognized server "
               "arguments: --datadir=/var/lib/mysql --parallel=4")]  # fmt: skip
    for number, age in enumerate(range(int(at) - 6, 3, -39)):
        stamp, table = w.at(age)[:-1], tables[min(number // 14, 3)]
        text = (
            f"[{1 + number % 4:02}] Streaming ./lms/{table}.ibd"
            if number % 14 == 0
            else f">> log scanned up to ({918_204_400_112 + 7_310_448 * number})"
        )
        code = 1 if number % 14 else 2
        lines.append(L(age, "", f"{stamp}.4{number:02}118-00:00 {code} [Note] [MY-011825] [Xtrabackup] {text}"))
    log(w, cron, 0, "plain", lines)
    said = []
    for number, age in enumerate(range(int(at) - 70, 4, -48)):
        took = 4100 + (number * 977) % 6200
        said.append(L(age, "", f"{w.at(age)[:-1]}.{100 + number}214Z 0 [Note] [MY-011953] [InnoDB] Page cleaner took "
                      f"{took}ms to flush {40 + number % 90} and evict 0 pages"))  # fmt: skip
    log(w, base, 0, "plain", said)
    for index in range(4):
        shown = ["GET /course/view.php?id={n} 200 7.9s db=7.6s", "GET /my/ 200 5.1s db=4.9s", "POST /mod/forum 200 9s "
                "db=8.9s", "GET /login 200 0.1s db=0.0s"]  # fmt: skip
        fine = often(110, 3500, at, "info", ["GET /course/view.php?id={n} 200 0.2s db=0.1s"])
        late = [
            L(age, "warn", "slow commit: 4.2s (INSERT INTO mdl_logstore_standard_log ...)") for age in (700, 312, 95)
        ]
        log(w, web, index, "logfmt", [*fine, *often(26, at - 60 - 5 * index, 2, "info", shown), *late])
    for index in range(2):
        shown = ["attempt {n} saved in 6112ms", "attempt {n} started in 3980ms"]
        log(w, quiz, index, "pino", often(21, minutes(31) - 5 * index, 2, "info", shown))
        log(w, files, index, "zap", often(30, 1500, 3, "info", ["GET /f/{n} 200 18ms"]))
    requests(w, "lms-web", rate=flat(96), errors=step(0.001, 0.03, at), p95=step(0.34, 8.3, at, over=240))
    requests(w, "quiz", rate=flat(14), errors=step(0.001, 0.02, at), p95=step(0.2, 6.2, at, over=240))
    requests(w, "file-store", rate=flat(31), errors=flat(0.0003), p95=flat(0.06))
    calls(w, "lms-web", "lms-mysql", step(0.02, 4.6, at, over=240))
    calls(w, "quiz", "lms-mysql", step(0.015, 4.1, at, over=240))
    calls(w, "lms-web", "file-store", 0.05)
    signal(w, "db_connections", {"component": "lms-mysql"}, step(38, 131, at, over=400))
    exact(w, "db_max_connections", {"component": "lms-mysql"}, flat(400))
    signal(w, "volume_used_share", {"persistentvolumeclaim": "data-lms-mysql-0"}, flat(0.63), noise=0)
    measured(w, base, step(0.27, 0.16, at), 0.81)
    measured(w, cron, 0.41, 0.3)
    measured(w, web, 0.25)
    measured(w, quiz, 0.19)
    machines(w, 0.25)
    alert(w, "LmsSlow", minutes(36), "p95 of lms.campus.example is above 5 s", service="lms-web", severity="page")
