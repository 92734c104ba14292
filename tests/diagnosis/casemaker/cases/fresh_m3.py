"""Published post-mortems, retold for one namespace each: files, caches, brokers and keys."""

from __future__ import annotations

import json

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_b import stamped
from tests.diagnosis.casemaker.cases.fresh_m import merged
from tests.diagnosis.casemaker.logs import L, log, often, raw
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, config_map, nodes, secret
from tests.diagnosis.casemaker.pods import P, running, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, redis, taken, well
from tests.diagnosis.casemaker.sets import daemonset, statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

HARMFUL = ["rollback_workload", "scale_workload", "no_action", "scale_database", "restart_connection_pool"]


@case(
    "table-too-large-for-its-old-file-system",
    "read-later",
    "2026-02-09T20:24:00",
    title="No article can be saved any more: a table's file met the two terabytes that its file system allows a file",
    drawn_from="a reading service's post-mortem of February 2017: table is full at 2 TB, on a volume with room left",
    why="Reads go on and the volume is little more than half full; MySQL itself says error 27, file too large, for one "
    "file at 2 TiB. A larger disk or a restart changes nothing, the release of the afternoon touched no table.",
    expect=[Fault("StatefulSet/mysql", "resource_exhaustion", "page_human")],
    acceptable=[
        ("capacity", "page_human"),
        ("configuration_error", "page_human"),
        ("resource_exhaustion", "page_human", "PersistentVolumeClaim/data-mysql-0"),
        ("capacity", "page_human", "PersistentVolumeClaim/data-mysql-0"),
    ],
    forbidden=[*HARMFUL, "restart_workload", "isolate_workload"],
)
def two_terabytes(w: World) -> None:
    nodes(w, "rl-1", "rl-2", "rl-3", cpu="16")
    secret(w, "mysql-auth", ["MYSQL_ROOT_PASSWORD", "MYSQL_PASSWORD"], age=days(1400))
    inner = container(
        "mysql", "mysql:8.0.36", port=3306, cpu=("4", "8"), memory=("24Gi", "24Gi"), env_from=("secret/mysql-auth",),
        ready={"exec": {"command": ["mysqladmin", "ping"]}, "periodSeconds": 10, "failureThreshold": 3},
        mounts={"data": "/var/lib/mysql"},
    )  # fmt: skip
    base = statefulset(w, "mysql", pod_spec(inner), [P(age=days(71))], claim="data", age=days(1400))
    held = claim(w, "data-mysql-0", size="4Ti", age=days(1400))
    held["spec"]["storageClassName"] = "san-ext3-legacy"
    service(w, "mysql", port=3306, target=3306, headless=True)
    image, env = "registry.read-later.example", {"DB_HOST": "mysql", "DB_NAME": "reader"}
    api = well(w, "api", f"{image}/api:3.77.0", pods=4, age=hours(5.2), before=f"{image}/api:3.76.2", env=env)
    parser = well(w, "parser", f"{image}/parser:118", pods=3, age=days(23), env=env)
    mail = pod_spec(container("digest", f"{image}/digest:40", port=0, ready=None, env=env))
    digest = deployment(w, "digest", [Rev(mail, days(55))], 1)
    ingress(w, "api", "api.read-later.example", [("/", "api", 80)])
    room = (
        "31904 [ERROR] [MY-012639] [InnoDB] Write to file ./reader/bookmarks.ibd failed at offset 2199022206976, "
        "1048576 bytes should have been written, only 0 were written. Operating system error number 27. Check that "
        "your OS and file system support files of this size. "
        "Check also that the disk is not full or a disk quota exceeded."
    )
    lines = often(24, minutes(33), 2, "", ["{n} [ERROR] [MY-010934] [Server] The table 'bookmarks' is full!"])
    lines.append(L(minutes(33.1), "", room))
    lines.append(L(minutes(33.1), "", "31904 [ERROR] [MY-012640] [InnoDB] Error number 27 means 'File too large'"))
    stamped(w, base, 0, "{at}.518832Z {text}", lines)
    failed = "pymysql.err.OperationalError: (1114, \"The table 'bookmarks' is full\")"
    usual = ["GET /bookmarks/list 200", "GET /folders 200", "POST /bookmarks/{n}/archive 200"]
    for i in range(4):
        lines = often(51, minutes(33) - i, 1, "error", [f"POST /bookmarks/add 500 {failed}"])
        log(w, api, i, "python", [*lines, *often(58, 3300 - i, 1, "info", usual)])
    lines = often(19, minutes(33), 2, "error", [f"page {{n}}: parsed, not saved: {failed}"], "parser.save")
    log(w, parser, 1, "python", lines)
    log(w, digest, 0, "python", often(160, 3400, 5, "info", ["weekly digest for {n} rendered"], "digest"))
    requests(w, "api", rate=flat(260), errors=step(0.0007, 0.14, minutes(33), over=30), p95=flat(0.13))
    signal(w, "volume_used_share", {"persistentvolumeclaim": "data-mysql-0"}, flat(0.566), noise=0.0004)
    exact(w, "db_connections", {"component": "mysql"}, flat(88))
    exact(w, "db_max_connections", {"component": "mysql"}, flat(600))
    signal(w, "cpu_share", {"pod": base.pod(0), "container": "mysql"}, step(0.31, 0.24, minutes(33)))
    alert(w, "ApiErrorRate", minutes(27), "14% of requests to api end in 5xx", service="api")


@case(
    "pages-of-one-patient-served-to-another",
    "patient-portal",
    "2026-03-07T18:49:00",
    title="Patients see pages of others: the cache in front keeps answers with Set-Cookie since its file was changed",
    drawn_from="a video service's post-mortem of March 2023: a content network cached answers with session cookies",
    why="Nothing is slow and nothing fails. Since the cache's file was changed it ignores Set-Cookie and Cache-Control "
    "and answers HIT for pages of persons; from then on one session comes from many addresses. The program of the "
    "portal is as before. Somebody has to take the rule out, empty the cache and end the sessions.",
    expect=[Fault("ConfigMap/front-cache", "configuration_error", "page_human")],
    acceptable=[
        ("security_incident", "page_human"),
        ("configuration_error", "page_human", "Deployment/front-cache"),
        ("security_incident", "page_human", "Deployment/front-cache"),
        ("security_incident", "isolate_workload", "Deployment/front-cache"),
        ("configuration_error", "isolate_workload", "Deployment/front-cache"),
    ],
    forbidden=[*HARMFUL, "restart_workload"],
)
def shared(w: World) -> None:
    nodes(w, "pp-1", "pp-2", "pp-3")
    conf = (
        "proxy_cache_path /cache keys_zone=front:64m max_size=4g inactive=30m;\nserver {\n  listen 8080;\n"
        "  location / {\n    proxy_pass http://portal;\n    proxy_cache front;\n"
        "    proxy_cache_key $host$request_uri;\n    proxy_cache_valid 200 302 5m;\n"
        "    proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;\n  }\n}\n"
    )
    config_map(w, "front-cache", {"portal.conf": conf}, age=days(320), changed=minutes(33))
    spec = pod_spec(
        container("nginx", "nginx:1.27.3", ready="/-/alive", mounts={"conf": "/etc/nginx/conf.d"}),
        container("reloader", "conf-reloader:3", port=0, ready=None, mounts={"conf": "/etc/nginx/conf.d"}),
        volumes={"conf": "configmap/front-cache"},
        shareProcessNamespace=True,
    )
    front = deployment(w, "front-cache", [Rev(spec, days(41))], 2)
    service(w, "front-cache")
    ingress(w, "portal", "my.patient-portal.example", [("/", "front-cache", 80)], tls="portal-tls")
    image = "registry.patient-portal.example"
    portal = well(w, "portal", f"{image}/portal:8.14.1", pods=3, age=hours(9), before=f"{image}/portal:8.14.0")
    well(w, "appointments", f"{image}/appointments:7.0.2", pods=2, age=days(15))
    redis(w, "sessions")
    postgres(w, "portal-db")
    before = ['"GET /me HTTP/1.1" 200 18211 cache=BYPASS', '"GET /assets/app.js HTTP/1.1" 200 91022 cache=HIT']
    after = [
        '"GET /me HTTP/1.1" 200 18187 cache=HIT', '"GET /assets/app.js HTTP/1.1" 200 91022 cache=HIT',
        '"GET /me/results HTTP/1.1" 200 22040 cache=HIT', '"GET /me HTTP/1.1" 200 18187 cache=HIT',
        '"GET /me/letters HTTP/1.1" 200 9917 cache=MISS', '"POST /me/messages HTTP/1.1" 403 311 cache=-',
    ]  # fmt: skip
    for i in range(2):
        loaded = minutes(32) - i
        log(w, front, i, "golang", [L(loaded + 1, "", "portal.conf changed, SIGHUP sent")], container="reloader")
        hup = [L(loaded, "notice", "signal 1 (SIGHUP) received from 29, reconfiguring")]
        kept = [*often(30, minutes(50) - i, loaded + 2, "info", before), *often(36, loaded - 60, 1, "info", after)]
        merged(w, front, i, ("nginx_error", hup), ("nginx", kept))
    odd = ["session ...c41e (patient 20{n}) used from 34 addresses within 5 min", "foreign csrf token, POST refused"]
    for i in range(3):
        lines = often(75, minutes(29) - i, 3, "warn", odd, "o.p.security.SessionGuard")
        lines += often(60, 3500 - i, 3, "info", ["GET /me 200 44 ms", "GET /me/results 200 71 ms"], "o.p.web.Access")
        log(w, portal, i, "logback", lines)
    requests(w, "front-cache", rate=flat(180), errors=flat(0.0004), p95=step(0.09, 0.02, minutes(32)))
    requests(w, "portal", rate=step(121, 19, minutes(32)), errors=flat(0.0005), p95=flat(0.09))
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", True, ""))


@case(
    "a-new-kafka-producer-for-every-request",
    "cinema-tickets",
    "2026-08-28T16:44:00",
    title="Brokers run out of heap one after the other: the API makes a new producer for each request since a release",
    drawn_from="an alerting company's post-mortem of August 2025: millions of Kafka producers an hour after a release "
    "that logs the use of API keys",
    why="Brokers, their heap and the number of messages are as before; what grew from the minute of the API's release "
    "is the number of producers, each with an id the brokers remember. Its log makes one for each request. Its "
    "neighbours only time out; restarted brokers fill again.",
    expect=[Fault("Deployment/public-api", "code_defect", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "scale_database", "no_action", "isolate_workload"],
)
def producers(w: World) -> None:
    nodes(w, "ct-1", "ct-2", "ct-3", "ct-4", cpu="16")
    env = {"KAFKA_HEAP_OPTS": "-Xmx4g -Xms4g", "KAFKA_OPTS": "-XX:+ExitOnOutOfMemoryError"}
    inner = container("kafka", "apache/kafka:3.8.1", port=9092, cpu=("2", "4"), memory=("6Gi", "8Gi"), env=env,
                      ready={"tcpSocket": {"port": 9092}, "periodSeconds": 10, "failureThreshold": 3})  # fmt: skip
    ends = [(minutes(9), 1), (minutes(17), 2), (minutes(4), 1)]
    pods = [
        P(age=days(88), restarts=count, state=running(end - 4), unready=end - 70,
          last=terminated(3, "Error", started=days(88) if count == 1 else minutes(31), finished=end))
        for end, count in ends
    ]  # fmt: skip
    broker = statefulset(w, "kafka", pod_spec(inner), pods, claim="data", age=days(500))
    service(w, "kafka", port=9092, target=9092, headless=True)
    image, env = "registry.cinema-tickets.example", {"KAFKA_BOOTSTRAP": "kafka:9092"}
    specs = [
        pod_spec(container("api", f"{image}/public-api:{tag}", cpu=("500m", "2"), memory=("1Gi", "2Gi"), env=env))
        for tag in ("20260826-1", "20260828-2")
    ]
    begun = minutes(58)
    top = deployment(w, "public-api", [Rev(specs[0], days(2)), Rev(specs[1], begun)], 6)
    service(w, "public-api")
    ingress(w, "public-api", "api.cinema-tickets.example", [("/", "public-api", 80)])
    seats = well(w, "seat-holds", f"{image}/seat-holds:311", pods=3, age=days(11), env=env)
    mails = well(w, "ticket-mailer", f"{image}/ticket-mailer:87", pods=2, age=hours(6), env=env,
                 before=f"{image}/ticket-mailer:86")  # fmt: skip
    postgres(w, "seats-db")
    stuck = "[GroupCoordinator 1]: Member consumer-holds-2-{n} in group holds has failed, removing it from the group"
    for i, (end, count) in enumerate(ends):
        claim(w, f"data-kafka-{i}", size="300Gi", age=days(500))
        lines = often(30, end + 500, end + 20, "info", [stuck], "kafka.coordinator.group.GroupCoordinator")
        for age in range(3500 if count == 1 else 1790, int(end), -150):
            known = 14 + max(0, int(begun) - age) * 71
            text = f"[ProducerStateManager partition=usage-{age % 12}] Wrote producer snapshot at offset "
            text += f"{81_400_000 - age * 300} with {known} producer ids in {known // 90} ms."
            lines.append(L(age, "info", text, "org.apache.kafka.storage.internals.log.ProducerStateManager"))
        log(w, broker, i, "kafka", lines, previous=True)
        raw(w, broker, i, "Terminating due to java.lang.OutOfMemoryError: Java heap space", previous=True)
        text = f"[LogLoader partition=usage-3, dir=/var/lib/kafka/data] Producer state recovery took {7 + i}914ms for "
        text += "snapshot load and 0ms for segment recovery from offset 81{n}"
        log(w, broker, i, "kafka", often(9, end - 12, max(end - 200, 5), "info", [text], "kafka.log.LogLoader"))
        labels = {"pod": broker.pod(i), "container": "kafka"}
        exact(w, "restarts", labels, step(pods[i].restarts - 1, pods[i].restarts, end, over=1))
        signal(w, "cpu_share", labels, ramp(0.3, 0.93, begun, minutes(30)))
        signal(w, "memory_share", labels, flat(0.71), noise=0.004)
    made = [
        "[Producer clientId=api-usage-{n}] Instantiated an idempotent producer.",
        "[Producer clientId=api-usage-{n}] Closing the Kafka producer with timeoutMillis = 9223372036854775807 ms.",
    ]
    late = "GET /v2/showings 500: org.apache.kafka.common.errors.TimeoutException: Topic usage not present in metadata "
    for i in range(6):
        lines = often(70, minutes(11) - i, 1, "error", [f"{late}after 60000 ms."], "c.t.api.UsageFilter")
        lines += often(8, minutes(12) - i, 1, "info", made, "o.a.k.c.producer.KafkaProducer")
        log(w, top, i, "logback", lines)
    for of, topic in ((seats, "holds"), (mails, "tickets")):
        for i in range(2):
            late = f"TimeoutException: Expiring 14 record(s) for {topic}-3:120001 ms has passed since batch creation"
            lines = often(40, minutes(18) - i, 2, "error", [f"org.apache.kafka.common.errors.{late}"], "c.t.Outbox")
            log(w, of, i, "logback", [*often(200, 3500, 3, "info", ["12 records sent"], "c.t.Outbox"), *lines])
    requests(w, "public-api", rate=flat(640), errors=ramp(0.001, 0.38, minutes(18), 300), p95=ramp(0.1, 9, minutes(25)))
    requests(w, "seat-holds", rate=flat(120), errors=step(0.001, 0.22, minutes(17)), p95=step(0.06, 4, minutes(17)))
    alert(w, "KafkaUnderReplicatedPartitions", minutes(19), "partitions without all replicas", service="kafka")


@case(
    "keys-for-fifteen-minutes-are-asked-for-each-call",
    "recipe-magazine",
    "2026-10-22T08:33:00",
    title="Search and pictures are ten times slower, without errors: keys of fifteen minutes are always about to end",
    drawn_from="a marketplace's article of 2019, Kubernetes made my latency 10x higher: KIAM's keys of 15 minutes",
    why="DynamoDB and S3 answer as fast as ever; before each call the SDK asks for credentials anew. That began with "
    "the roll-out of kiam-server which shortened the session to 15 minutes; no caller was released. Its older template "
    "gave an hour.",
    expect=[Fault("Deployment/kiam-server", "configuration_error", "rollback_workload")],
    acceptable=[("dependency_failure", "rollback_workload"), ("code_defect", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "isolate_workload", "scale_database"],
)
def short_keys(w: World) -> None:
    nodes(w, "rm-1", "rm-2", "rm-3", cpu="8")
    args = ["--json-log", "--level=info", "--bind=0.0.0.0:443", "--role-base-arn-autodetect", "--sync=1m"]
    ways = (["--session-duration=60m", "--session-refresh=10m"], ["--session-duration=15m", "--session-refresh=5m"])
    specs = [
        pod_spec(container("kiam-server", "quay.io/uswitch/kiam:v3.6", port=443, ready={"tcpSocket": {"port": 443}},
                           command=("/kiam", "server"), args=(*args, *way)))
        for way in ways
    ]  # fmt: skip
    begun = minutes(47)
    server = deployment(w, "kiam-server", [Rev(specs[0], days(70)), Rev(specs[1], begun)], 2)
    service(w, "kiam-server", port=443, target=443)
    agent = daemonset(w, "kiam-agent", pod_spec(
        container("kiam-agent", "quay.io/uswitch/kiam:v3.6", port=8181, ready="/ping", command=("/kiam", "agent"),
                  args=("--iptables", "--host-interface=!eth0", "--json-log", "--server-address=kiam-server:443")),
        hostNetwork=True,
    ))  # fmt: skip
    image = "registry.recipe-magazine.example"
    search = well(w, "recipe-search", f"{image}/recipe-search:5.40.2", pods=3, age=days(13))
    photos = well(w, "photo-resizer", f"{image}/photo-resizer:2.8", pods=2, age=days(34))
    well(w, "newsletter", f"{image}/newsletter:190", pods=1, age=days(5), talk=True)
    web = well(w, "magazine-web", f"{image}/web:7719", pods=3, age=hours(3), before=f"{image}/web:7712", port=3000)
    for i in range(3):
        address = search.pods[i]["status"]["podIP"]
        path = "/latest/meta-data/iam/security-credentials/recipe-search"
        asked = {"addr": f"{address}:4{i}118", "method": "GET", "path": path, "status": 200, "level": "info"}
        asked |= {"msg": "processed request", "headers": {"Content-Type": ["application/json"]}}
        lines = []
        for line in [*often(900, 3500, begun, "", ["."]), *often(3, 290, 1, "", ["."])]:
            taking = 71_000_000 + int(line.age * 7919) % 60_000_000
            lines.append(L(line.age, "", json.dumps(asked | {"duration": taking, "time": w.at(line.age)})))
        log(w, agent, i, "plain", lines)
    for of, name in ((search, "AmazonDynamoDBv2"), (photos, "Amazon S3")):
        text, logger = f"ServiceName=[{name}], StatusCode=[200], ClientExecuteTime=", "com.amazonaws.latency"
        old = f"{text}[8.1{{n}}], HttpRequestTime=[6.4{{n}}], CredentialsRequestTime=[0.01{{n}}]"
        new = f"{text}[138.2{{n}}], HttpRequestTime=[6.3{{n}}], CredentialsRequestTime=[130.9{{n}}]"
        for i in range(len(of.pods)):
            lines = often(100, 3500 - i, begun, "debug", [old], logger)
            log(w, of, i, "logback", [*lines, *often(55, begun - 90 - i, 1, "debug", [new], logger)])
    fetched = '{"generation.metadata":0,"level":"info","msg":"requested credentials","pod.iam.role":"recipe-search"}'
    for i in range(2):
        log(w, server, i, "plain", often(290, begun - 20, 2, "", [fetched]))
        signal(w, "cpu_share", {"pod": server.pod(i), "container": "kiam-server"}, flat(0.36), since=begun - 20)
    calls = [("recipe-search", "dynamodb.eu-west-1.amazonaws.com", flat(0.0066)),
             ("recipe-search", "169.254.169.254", step(0.002, 0.134, begun)),
             ("photo-resizer", "169.254.169.254", step(0.002, 0.127, begun))]  # fmt: skip
    for name, to, shape in calls:
        signal(w, "dependency_latency_p95", {"component": name, "dependency": to}, shape)
        signal(w, "dependency_error_ratio", {"component": name, "dependency": to}, flat(0))
    log(w, web, 0, "pino", often(20, 900, 1, "info", ["GET /recipes/{n} 200 312ms", "GET /search 200 402ms"]))
    requests(w, "recipe-search", rate=flat(88), errors=flat(0.0003), p95=step(0.021, 0.29, begun))
    requests(w, "photo-resizer", rate=flat(31), errors=flat(0.0005), p95=step(0.05, 0.21, begun))
    requests(w, "magazine-web", rate=flat(140), errors=flat(0.0004), p95=step(0.12, 0.48, begun))
    alert(w, "SearchLatencySLO", minutes(29), "p95 of recipe-search above 250 ms for 15 min", service="recipe-search")
