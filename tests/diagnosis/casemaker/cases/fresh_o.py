"""Everyday trouble told by logs: what a migration leaves behind, and fields without end."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.jobs import job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import digest, safe, uid
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.pods import P, running, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

BOOT = "{at}.602Z {level:>5} 1 --- [           main] {logger:<40} : {text}"


@case(
    "changelog-lock-of-a-pod-that-is-gone",
    "invoicing",
    "2026-03-19T10:52:00",
    title="Two of three pods wait for Liquibase's lock; its holder went with a spot node in the middle of its start",
    drawn_from="Could not acquire change log lock. Currently locked by a pod that was killed while it started",
    why="The lock is a row that names a pod which no longer exists, since the minute in which its node was taken away. "
    "Each start of any version waits for it; the third pod serves only because it never restarted.",
    expect=[Fault("Deployment/billing-core", "database_connection", "page_human")],
    acceptable=[
        *((cause, "page_human") for cause in ("service_crash", "configuration_error", "dependency_failure")),
        ("code_defect", "page_human"),
        ("database_connection", "page_human", "StatefulSet/billing-pg"),
        ("dependency_failure", "page_human", "StatefulSet/billing-pg"),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "restart_connection_pool",
        "no_action",
    ],
)
def changelog_lock(w: World) -> None:
    nodes(w, "inv-a", "inv-b")
    nodes(w, "inv-spot-7", "inv-spot-9", age=hours(9))
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    base = postgres(w, "billing-pg", image="postgres:16.6")
    image, name = "registry.invoicing.example/billing-core", "billing-core"
    env = {"SPRING_DATASOURCE_URL": "jdbc:postgresql://billing-pg:5432/billing", "SPRING_PROFILES_ACTIVE": "prod"}
    specs = [
        pod_spec(container(name, f"{image}:{v}", memory=("1Gi", "1Gi"), ready="/actuator/health/readiness", env=env))
        for v in ("4.7.2", "4.7.3")
    ]
    died = terminated(1, "Error", started=412, finished=87)
    gone = terminated(1, "Error", started=577, finished=252)
    pods = [
        P(age=days(12), node="inv-a"),
        P(age=minutes(31), restarts=4, backoff="2m40s", last=died, unready=minutes(31), node="inv-b"),
        P(age=minutes(27), restarts=4, state=running(171), last=gone, ready=False, unready=minutes(27),
          node="inv-spot-7"),
    ]  # fmt: skip
    top = deployment(w, name, [Rev(specs[0], days(40)), Rev(specs[1], days(12))], pods, replicas=3)
    service(w, name)
    web = well(w, "invoice-web", "registry.invoicing.example/invoice-web:611", before="registry.invoicing.example"
               "/invoice-web:610", age=minutes(56), port=3000)  # fmt: skip
    well(w, "pdf", "registry.invoicing.example/pdf:3.2", age=days(70), talk=True)
    lost = f"{top.sets[1]['metadata']['name']}-{safe(5, 'lost')}"
    holder = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": lost, "namespace": "invoicing", "uid": uid("lost")},
        "spec": {"nodeName": "inv-spot-4"},
    }
    place = f"Successfully assigned invoicing/{lost} to inv-spot-4"
    event(w, holder, "Scheduled", place, kind="Normal", last=minutes(34.2))
    event(w, holder, "Started", f"Started container {name}", kind="Normal", container=name, last=minutes(34.1))
    spot = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "inv-spot-4", "uid": "inv-spot-4"}, "spec": {}}
    event(w, spot, "NodeNotReady", "Node inv-spot-4 status is now: NodeNotReady", kind="Normal", last=minutes(32.8))
    text = "Deleting node inv-spot-4 because it does not exist in the cloud provider"
    event(w, spot, "DeletingNode", text, kind="Normal", last=minutes(32.1), writer="cloud-node-lifecycle-controller")
    text = f"Marking for deletion Pod invoicing/{lost}"
    event(
        w, holder, "TaintManagerEviction", text, kind="Normal", last=minutes(31.2), writer="taint-eviction-controller"
    )
    for index, last in ((1, 20.0), (2, 180.0)):
        restarting(w, top.pods[index], first=minutes(24), last=last, count=14)
    text = (
        "Error creating bean with name 'liquibase' defined in class path resource [org/springframework/boot/"
        "autoconfigure/liquibase/LiquibaseAutoConfiguration$LiquibaseConfiguration.class]: "
        "liquibase.exception.LockException: Could not acquire change log lock.  Currently locked by "
        f"{lost} (10.244.4.61) since 3/19/26, 10:18 AM"
    )
    for index, start, ended, older in ((1, 410, True, False), (1, 895, True, True), (2, 169, False, False),
                                       (2, 575, True, True)):  # fmt: skip
        end = max(start - 318, 4)
        lines = [
            L(start, "info", "Starting BillingApplication v4.7.3 using Java 21.0.4 with PID 1", "c.e.b.App"),
            L(start - 4, "info", "HikariPool-1 - Start completed.", "com.zaxxer.hikari.HikariDataSource"),
            *(L(a, "info", "Waiting for changelog lock....", "liquibase.lockservice")
              for a in range(start - 12, end, -10)),
        ]  # fmt: skip
        if ended:
            lines.append(L(end, "error", "Application run failed\n\norg.springframework.beans.factory."
                           f"BeanCreationException: {text}", "o.s.boot.SpringApplication"))  # fmt: skip
        made = [
            L(x.age, "", BOOT.format(at=w.at(x.age)[:-1], level=x.level.upper(), logger=x.logger, text=x.text))
            for x in lines
        ]
        log(w, top, index, "plain", made, previous=older)
    log(w, top, 0, "logback", often(6, 600, 1, "info", ["POST /invoices 201 in 88ms", "GET /invoices/{n} 200"]))
    log(w, web, 0, "pino", often(9, 700, 1, "info", ["GET /invoices 200 {n}us", "GET /dashboard 200"]))
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint starting: time"]))
    alert(w, "KubeDeploymentReplicasMismatch", minutes(15), "Deployment invoicing/billing-core has not matched the "
          "expected number of replicas for longer than 15 minutes.", deployment=name, severity="warning")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "old-statements-since-a-column-grew",
    "haulage",
    "2026-10-06T13:48:00",
    title="Vehicles cannot be read by pods older than a migration; the pod that came after it reads them well",
    drawn_from="pq: cached plan must not change result type, from statements prepared once for the life of a process",
    why="Errors begin with the end of the migration and in the three pods that had prepared statements by then; the "
    "pod born later, of the same template, has none. Sessions opened anew prepare anew.",
    expect=[Fault("Deployment/vehicle-api", "database_connection", "restart_connection_pool")],
    acceptable=[
        (cause, remedy)
        for cause in ("database_connection", "code_defect", "dependency_failure", "service_crash")
        for remedy in ("restart_workload", "restart_connection_pool")
    ],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_database",
        "scale_workload",
        "no_action",
        {"remedy": "restart_workload", "target": "StatefulSet/fleet-db"},
    ],
)
def cached_plan(w: World) -> None:
    nodes(w, "ha-1", "ha-2", "ha-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    base = postgres(w, "fleet-db", image="postgres:15.10")
    image, env = "ghcr.io/haulage-example", {"PGHOST": "fleet-db", "PGDATABASE": "fleet", "PGSSLMODE": "disable"}
    specs = [pod_spec(container("api", f"{image}/vehicle-api:{v}", env=env)) for v in ("1.61.0", "1.62.0")]
    pods = [P(), P(), P(), P(age=minutes(21), node="ha-2")]
    api = deployment(w, "vehicle-api", [Rev(specs[0], days(30)), Rev(specs[1], days(9))], pods)
    service(w, "vehicle-api")
    gate = well(w, "driver-app-gateway", f"{image}/gateway:88", pods=2, age=hours(1.6), before=f"{image}/gateway:87")
    trips = well(w, "trip-worker", f"{image}/trip-worker:0.44", age=days(25), env=env)
    spec = pod_spec(container("migrate", "migrate/migrate:v4.18.1", port=0, ready=None,
                    args=("-path=/migrations", "-database=$(DATABASE_URL)", "up")))  # fmt: skip
    done = terminated(0, "Completed", started=minutes(34.9), finished=minutes(34.4))
    run = job(w, "fleet-migrate-118", spec, age=minutes(35),
              pods=[P(age=minutes(35), phase="Succeeded", state=done, ready=False, unready=minutes(34.4))])  # fmt: skip
    log(w, run, 0, "golang", [L(minutes(34.4), "", "118/u vehicles_odometer_bigint (21.408113s)")])
    gone = f"{api.sets[1]['metadata']['name']}-{safe(5, 'drained')}"
    old = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": gone, "namespace": "haulage", "uid": uid(gone)},
           "spec": {"nodeName": "ha-3"}}  # fmt: skip
    event(w, old, "Evicted", "The node was low on resource: ephemeral-storage. Threshold quantity: 6442450944, "
          "available: 6201884Ki. ", last=minutes(21.3))  # fmt: skip
    failed = ["GET /v2/vehicles/{n} 500: load vehicle: pq: cached plan must not change result type",
              "nearest depot of {n}: load vehicle: pq: cached plan must not change result type"]  # fmt: skip
    for index in range(3):
        good = often(95, minutes(58), minutes(34.6), "", ["GET /v2/vehicles/{n} 200 6ms", "GET /v2/depots 200 3ms"])
        other = often(140, minutes(34), 2, "", ["GET /v2/depots 200 3ms"])
        log(w, api, index, "golang", [*good, *other, *often(52, minutes(34.3) - 2 * index, 1, "", failed)])
    fresh = [L(minutes(20.9), "", "vehicle-api 1.62.0: 14 statements prepared, listening on :8080")]
    log(w, api, 3, "golang", fresh + often(17, minutes(20.8), 1, "", ["GET /v2/vehicles/{n} 200 6ms"]))
    calls = often(45, minutes(34), 2, "error", ["GET /me/vehicle: upstream vehicle-api answered 500"])
    log(
        w, gate, 0, "pino", [*calls, *often(70, minutes(57), 2, "info", ["GET /me/vehicle 200 in 14ms", "GET /me 200"])]
    )
    log(w, trips, 0, "golang", often(14, 900, 3, "", ["trip {n} closed, 41 positions"]))
    said: list[L] = [L(3100, "log", "checkpoint starting: time")]
    for x in often(61, minutes(34.3), 2, "error", ["cached plan must not change result type"], "fleet@fleet"):
        said += [x, L(x.age, "statement", "SELECT * FROM vehicles WHERE id = $1", x.logger)]
    log(w, base, 0, "postgres", said)
    rows = [session(each["status"]["podIP"], "Deployment/vehicle-api", "idle", 8, age=900 if n < 3 else 40,
            user="fleet", query="SELECT * FROM vehicles WHERE id = $1") for n, each in enumerate(api.pods)]  # fmt: skip
    sessions(w, "StatefulSet/fleet-db", 200, rows)
    alert(w, "GatewayUpstream5xx", minutes(26), "more than 30% of calls from driver-app-gateway fail",
          service="driver-app-gateway", severity="page")  # fmt: skip


@case(
    "each-experiment-is-a-field-of-its-own",
    "activity",
    "2026-05-20T16:33:00",
    title="Documents are refused at a thousand fields; a released collector makes a field of each experiment",
    drawn_from="Limit of total fields [1000] has been exceeded, after ids became keys of the events",
    why="The search store takes a new mapping every few seconds since the collector's release, which writes experiment "
    "ids as keys, and refuses at its limit. The shipper only passes events on and worked well for hours before.",
    expect=[Fault("Deployment/collector", "code_defect", "rollback_workload")],
    acceptable=[("configuration_error", "rollback_workload"), ("resource_exhaustion", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "scale_database",
        "no_action",
        {"remedy": "rollback_workload", "target": "Deployment/shipper"},
    ],
)
def fields(w: World) -> None:
    nodes(w, "ac-1", "ac-2", "ac-3", cpu="8")
    spec = pod_spec(container("elasticsearch", "docker.elastic.co/elasticsearch/elasticsearch:8.15.3", port=9200,
                    memory=("4Gi", "4Gi"), ready=http("/_cluster/health?local=true", 9200)))  # fmt: skip
    store = statefulset(w, "es", spec, 3, claim="data")
    for index in range(3):
        claim(w, f"data-es-{index}", size="200Gi")
    service(w, "es", port=9200, target=9200, headless=True)
    image = "registry.activity.example"
    front = well(w, "collector", f"{image}/collector:2.31.0", pods=2, age=minutes(52), port=3000,
                 before=f"{image}/collector:2.30.4", env={"KAFKA_BROKERS": "kafka.streams:9092"})  # fmt: skip
    inner = [container("logstash", f"{image}/logstash:8.15.{v}", port=9600, memory=("1Gi", "2Gi"), ready="/")
             for v in (2, 3)]  # fmt: skip
    ship = deployment(w, "shipper", [Rev(pod_spec(inner[0]), days(33)), Rev(pod_spec(inner[1]), hours(4))], 2)
    well(w, "insights-ui", f"{image}/insights-ui:190", age=days(5), talk=True)
    ingress(w, "collect", "collect.activity.example", [("/", "collector", 80)])
    today = "activity-2026.05.20"
    for number in range(2):
        told = [L(minutes(51.6), "info", "collector 2.31.0: experiments.flatten=true (was: list)")]
        for age in range(3080, 2, -37):
            one, two = (int(digest("exp", age, number, k)[:4], 16) + 10_000 for k in (1, 2))
            told.append(L(age, "info", "event page_viewed accepted", fields={
                "user": digest(age)[:6], f"exp_{one}_variant": "b", f"exp_{two}_variant": "control"}))  # fmt: skip
        log(w, front, number, "pino", told)
        lines = [L(hours(4) - 40, "", f"[{w.at(hours(4) - 40)[:-1]},118][INFO ][logstash.agent           ] Pipelines "
                 "running {:count=>1, :running_pipelines=>[:main], :non_running_pipelines=>[]}")]  # fmt: skip
        for age in range(2440 - 7 * number, 2, -41):
            reason = f"Limit of total fields [1000] has been exceeded while adding new fields [{1 + age % 3}]"
            text = (
                f'Could not index event to Elasticsearch. {{:status=>400, :action=>["index", {{:_id=>nil, :_index=>'
                f'"{today}", :routing=>nil}}, {{"event"=>"page_viewed"}}], :response=>{{"index"=>{{"status"=>400, '
                f'"error"=>{{"type"=>"illegal_argument_exception", "reason"=>"{reason}"}}}}}}}}'
            )
            head = f"[{w.at(age)[:-1]},{age % 900:03}][WARN ][logstash.outputs.elasticsearch][main]"
            lines.append(L(age, "", f"{head} {text}"))
        log(w, ship, number, "plain", lines)
    kept = []
    for age in range(3100, 2430, -9):
        head = f"[{w.at(age)[:-1]},{age % 997:03}][INFO ][o.e.c.m.MetadataMappingService] [es-1]"
        kept.append(L(age, "", f"{head} [{today}/{digest('index')[:22]}] update_mapping [_doc]"))
    log(w, store, 1, "plain", kept)
    alert(w, "ActivityEventsDropped", minutes(31), "4 of 10 events of the last 10 minutes are not searchable",
          severity="warning")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
