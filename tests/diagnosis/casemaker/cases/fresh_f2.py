"""Who holds a role, a partition or a half of the broker too long: clients whose store is well."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_c import NO_METRICS
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.logs import postgres as pg_line
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import GOOD, claim, config_map, node, nodes
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "borrowed-database-role-came-to-its-end",
    "claims-desk",
    "2026-09-08T09:26:00",
    title="Two of three pods cannot log in: the role that Vault lent them ended after 32 days; the youngest is well",
    drawn_from="dynamic database credentials whose lease reached max_ttl in programs that read them at start only",
    why="The agent wrote a new role into the file when the old lease was over; the program took its own at its start, "
    "a month ago. The younger pod has a role of its own. Starting the old pods anew is all that it takes.",
    expect=[Fault("Deployment/claims", "database_connection", "restart_workload")],
    acceptable=[
        ("configuration_error", "restart_workload"),
        ("code_defect", "restart_workload"),
        ("dependency_failure", "restart_workload"),
        ("database_connection", "restart_connection_pool"),
        ("configuration_error", "restart_connection_pool"),
    ],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "scale_database", "no_action", "isolate_workload"],
)
def borrowed(w: World) -> None:
    nodes(w, "cd-1", "cd-2", "cd-3")
    spec = pod_spec(container("postgres", "postgres:15.10", port=5432, ready=None))
    base = statefulset(w, "claims-pg", spec, 1, claim="data")
    claim(w, "data-claims-pg-0", size="60Gi")
    service(w, "claims-pg", port=5432, target=5432, headless=True)
    image, mounts = "registry.claims-desk.example", {"creds": "/vault/secrets"}
    env = {"SPRING_CONFIG_IMPORT": "file:/vault/secrets/db.properties"}
    main = container("claims", f"{image}/claims:3.44.0", mounts=mounts, env=env)
    args = ("agent", "-config=/etc/vault/agent.hcl")
    agent = container("vault-agent", "hashicorp/vault:1.18.3", port=0, ready=None, args=args, mounts=mounts)
    config_map(w, "claims-agent", {"agent.hcl": 'vault { address = "https://vault.platform.svc:8200" }'}, age=days(380))
    spec = pod_spec(main, agent, volumes={"creds": "empty/", "agent": "configmap/claims-agent"})
    old = days(32) + minutes(31)
    top = deployment(w, "claims", [Rev(spec, days(57))], [P(age=old), P(age=old - 40), P(age=days(5))], age=days(400))
    service(w, "claims")
    env = {"CLAIMS_URL": "http://claims"}
    front = well(w, "portal", f"{image}/portal:120", pods=2, age=hours(15), before=f"{image}/portal:119", env=env)
    ingress(w, "portal", "portal.claims-desk.example", [("/", "portal", 80)])
    full = "HikariPool-1 - Connection is not available, request timed out after 30000ms "
    full += "(total=0, active=0, idle=0, waiting=12)"
    refused: list[L] = [L(300, "log", "checkpoint complete: wrote 318 buffers (1.9%); 0 WAL file(s) added")]
    for index in range(2):
        role, done = f"v-k8s-claims-{'fYq7wRt2' if index else 'Zk1bPm9x'}-1786", minutes(31) - 40 * index
        text = f'password authentication failed for user "{role}"'
        lines = often(
            11, done - 200, 1, "error", [f"org.postgresql.util.PSQLException: FATAL: {text}", full], "c.c.Store"
        )
        log(w, top, index, "logback", lines)
        told = [
            "[WARN]  agent: (view) vault.read(database/creds/claims): renewer done (maybe the lease expired)",
            '[INFO]  agent: (runner) rendered "(dynamic)" => "/vault/secrets/db.properties"',
        ]
        log(w, top, index, "plain", [L(0, "", f"{w.at(done)} {x}") for x in told], container="vault-agent")
        for line in often(12, 280, 1, "fatal", [text], f"{role}@claims"):
            refused += [line, L(line.age - 0.1, "detail", f'Role "{role}" does not exist.', line.logger)]
    log(w, base, 0, "plain", [L(x.age, "", pg_line(w, x)) for x in refused])
    log(w, top, 2, "logback", often(16, 900, 2, "info", ["claim {n} saved in 18 ms"], "c.c.web.ClaimController"))
    text = "[INFO]  agent.auth.handler: renewed auth token"
    log(w, top, 2, "plain", [L(0, "", f"{w.at(hours(3))} {text}")], container="vault-agent")
    texts = ["POST http://claims/claims 500", "claim {n} of the form was not taken"]
    for index in range(2):
        log(w, front, index, "pino", often(9, minutes(27) - 17 * index, 1, "error", texts))
    alert(w, "PortalErrors", minutes(21), "claims of the portal fail, about two of three", service="portal")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "batch-too-big-to-finish-before-the-next-poll",
    "land-registry",
    "2026-03-10T14:12:00",
    title="Maps are stale: a consumer group rebalances without end since its batches grew from 50 records to 2000",
    drawn_from="consumer poll timeout has expired: a batch that takes longer than max.poll.interval.ms",
    why="Each record takes a fifth of a second as it always did; two thousand of them take longer than the five "
    "minutes after which the group throws a member out, so nothing is ever committed. Only the new template set it.",
    expect=[Fault("Deployment/parcel-locator", "configuration_error", "rollback_workload")],
    acceptable=[
        ("code_defect", "rollback_workload"),
        ("resource_exhaustion", "rollback_workload"),
        ("capacity", "rollback_workload"),
        ("dependency_failure", "rollback_workload"),
        ("service_crash", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/map-tiles"},
    ],
)
def too_big(w: World) -> None:
    nodes(w, "lr-1", "lr-2", "lr-3")
    spec = pod_spec(container("kafka", "quay.io/strimzi/kafka:0.45.0-kafka-3.9.0", port=9092, ready=None))
    broker = statefulset(w, "kafka", spec, 3, claim="data")
    for index in range(3):
        claim(w, f"data-kafka-{index}", size="100Gi")
    service(w, "kafka", port=9092, target=9092, headless=True)
    image = "registry.land-registry.example"
    coder = well(w, "geocoder", f"{image}/geocoder:2.14", pods=4, age=days(71))
    log(w, coder, 0, "golang", often(20, 900, 2, "", ["GET /v1/locate?parcel={n} 200 197ms", "GET /healthz 200 1ms"]))
    env = {"KAFKA_BROKERS": "kafka:9092", "GEOCODER_URL": "http://geocoder/v1/locate"}
    most = ({"SPRING_KAFKA_CONSUMER_MAX_POLL_RECORDS": number} for number in ("50", "2000"))
    specs = [pod_spec(container("locator", f"{image}/parcel-locator:6.2.0", env=env | each)) for each in most]
    top = deployment(w, "parcel-locator", [Rev(specs[0], days(23)), Rev(specs[1], minutes(44))], 3)
    service(w, "parcel-locator")
    old = f"{image}/map-tiles:88"
    tiles = well(w, "map-tiles", f"{image}/map-tiles:89", pods=3, age=hours(3.4), before=old, style="pino")
    late = (
        "[Consumer clientId=consumer-parcels-1, groupId=parcels] consumer poll timeout has expired. This means the "
        "time between subsequent calls to poll() was longer than the configured max.poll.interval.ms, which typically "
        "implies that the poll loop is spending too much time processing messages. You can address this either by "
        "increasing max.poll.interval.ms or by reducing the maximum size of batches returned in poll() with "
        "max.poll.records."
    )
    failed = (
        "org.apache.kafka.clients.consumer.CommitFailedException: Offset commit cannot be completed since the consumer "
        "is not part of an active group for auto partition assignment; it is likely that the consumer was kicked out "
        "of the group."
    )
    for index in range(3):
        lines: list[L] = []
        for age in range(2480 - 37 * index, 60, -411):
            lines += [L(age, "info", "polled 2000 records of land.parcels", "e.l.locator.Loop")]
            lines += [L(age - 300, "warn", late, "o.a.k.c.c.internals.ConsumerCoordinator")]
            lines += [L(age - 402, "error", failed, "o.s.k.l.KafkaMessageListenerContainer")]
        lines += often(60, 2400, 5, "info", ["located 290 parcels within the minute, 201 ms each"], "e.l.locator.Loop")
        log(w, top, index, "logback", [x for x in lines if x.age > 0])
    text = "[GroupCoordinator 0]: Preparing to rebalance group parcels in state PreparingRebalance with old generation "
    text += (
        "4{n} (__consumer_offsets-17) (reason: Removing member consumer-parcels-1-5d2c on LeaveGroup; client reason: "
    )
    text += "consumer poll timeout has expired.)"
    log(w, broker, 0, "kafka", often(110, 2200, 20, "info", [text], "kafka.coordinator.group.GroupCoordinator"))
    told = ["newest parcel change shown is {n} s old", "tile 14/{n}/5511 rendered in 41ms"]
    log(w, tiles, 0, "pino", often(30, 1500, 3, "warn", told))
    signal(w, "queue_depth", {"component": "parcel-locator", "queue": "land.parcels"}, ramp(240, 41_500, minutes(43)))
    labels = {"component": "parcel-locator", "dependency": "geocoder"}
    signal(w, "dependency_latency_p95", labels, flat(0.2))
    signal(w, "dependency_error_ratio", labels, flat(0.0004))
    for index in range(3):
        signal(w, "cpu_share", {"pod": top.pod(index), "container": "locator"}, flat(0.31))
    requests(w, "geocoder", rate=flat(15), errors=flat(0.0004), p95=flat(0.2))
    requests(w, "map-tiles", rate=flat(140), errors=flat(0.001), p95=flat(0.08))
    alert(w, "MapShowsOldParcels", minutes(27), "map-tiles shows parcels as of half an hour ago", service="map-tiles")


@case(
    "broker-in-two-halves-after-a-node-fell-silent",
    "car-parks",
    "2026-10-17T18:38:00",
    title="Barriers stay closed: RabbitMQ runs in two halves since a node was cut off for three minutes",
    drawn_from="Mnesia running_partitioned_network with cluster_partition_handling = ignore after a short network cut",
    why="The node is back for three quarters of an hour, yet the members do not join by themselves. Which half keeps "
    "its messages is for a person to choose; callers and their releases have no part in it.",
    expect=[Fault("StatefulSet/rabbitmq", "network_fault", "page_human")],
    acceptable=[
        *((cause, "page_human") for cause in ("service_crash", "dependency_failure", "configuration_error", "unknown")),
        *(
            (cause, "page_human", "Pod/rabbitmq-2")
            for cause in ("network_fault", "service_crash", "dependency_failure")
        ),
        *((cause, "restart_workload") for cause in ("network_fault", "service_crash", "dependency_failure")),
        *((cause, "restart_workload", "Pod/rabbitmq-2") for cause in ("network_fault", "service_crash")),
        ("configuration_error", "restart_workload"),
    ],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "restart_workload", "target": "Deployment/barriers"},
    ],
)
def halves(w: World) -> None:
    nodes(w, "pk-1", "pk-2")
    back = node(w, "pk-3", conditions={"Ready": GOOD["Ready"]}, since=minutes(46))
    event(w, back, "NodeNotReady", "Node pk-3 status is now: NodeNotReady", kind="Normal", last=minutes(49))
    event(w, back, "NodeReady", "Node pk-3 status is now: NodeReady", kind="Normal", last=minutes(46), writer="kubelet")
    conf = "cluster_partition_handling = ignore\nqueue_master_locator = min-masters\n"
    config_map(w, "rabbitmq-config", {"rabbitmq.conf": conf}, age=days(330))
    spec = pod_spec(
        container("rabbitmq", "rabbitmq:3.12.14-management", port=5672, ready={"tcpSocket": {"port": 5672}}),
        volumes={"config": "configmap/rabbitmq-config"},
    )
    base = statefulset(w, "rabbitmq", spec, [P(), P(), P(unready=minutes(46))], claim="data", age=days(330))
    for index in range(3):
        claim(w, f"data-rabbitmq-{index}", size="16Gi")
    event(w, base.pods[2], "NodeNotReady", "Node is not ready", last=minutes(49), writer="node-controller")
    service(w, "rabbitmq", port=5672, target=5672)
    image, env = "registry.car-parks.example", {"AMQP_URL": "amqp://rabbitmq:5672/"}
    gates = well(w, "barriers", f"{image}/barriers:54", pods=3, age=days(20), env=env)
    paid = well(w, "payments", f"{image}/payments:203", pods=2, age=hours(2.8), before=f"{image}/payments:202", env=env)
    well(w, "occupancy", f"{image}/occupancy:12", pods=2, talk=True, style="golang")
    member = "rabbit@rabbitmq-{}.rabbitmq.car-parks"
    for index in range(3):
        lines = []
        for other in (0, 1) if index == 2 else (2,):
            name = member.format(other)
            lost = f"** Node '{name}' not responding **\n** Removing (timedout) connection **"
            which = "starting_partitioned_network" if index == 2 else "running_partitioned_network"
            lines += [
                L(minutes(48.2), "error", lost),
                L(minutes(48.1), "info", f"rabbit on node '{name}' down"),
                L(minutes(48.1), "info", f"node '{name}' down: net_tick_timeout"),
                L(minutes(46), "info", f"node '{name}' up"),
                L(minutes(45.9), "error", f"Mnesia('{member.format(index)}'): ** ERROR ** mnesia_event got "
                                          f"{{inconsistent_database, {which}, '{name}'}}"),
            ]  # fmt: skip
        texts = ["accepting AMQP connection <0.{n}.0> (10.244.1.24:41872 -> 10.244.1.13:5672)"]
        log(w, base, index, "rabbitmq", lines + often(190, 2600 - 17 * index, 9, "info", texts))
    gone = "reply-code=404, reply-text=NOT_FOUND - home node 'rabbit@rabbitmq-2.rabbitmq.car-parks' of durable queue "
    gone += "'exit.paid' in vhost '/' is down or inaccessible, class-id=50, method-id=10"
    for index in range(2):
        texts = [f"Queue declaration failed; retries left=3: channel error; {gone}", "no order to open for 60 s"]
        log(
            w,
            gates,
            index,
            "logback",
            often(20, minutes(45) - 17 * index, 2, "warn", texts, "o.s.a.r.l.BlockingQueueConsumer"),
        )
        texts = ["basic.return 312 NO_ROUTE exchange=exits key=exit.paid", "exit {n} paid, barrier was not told"]
        log(w, paid, index, "zap", often(9, minutes(45) - 17 * index, 1, "error", texts, "exits/publish.go:74"))
    text = "consumer on rabbitmq-2 is up, 0 deliveries in 60 s"
    log(w, gates, 2, "logback", often(60, minutes(45), 2, "info", [text], "e.p.barriers.Opener"))
    alert(w, "BarrierStaysClosed", minutes(40), "barriers do not open after payment", service="barriers")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
