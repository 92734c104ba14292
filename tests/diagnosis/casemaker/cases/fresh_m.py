"""Published post-mortems, retold for one namespace each: rings, readers and strangers."""

from __future__ import annotations

from collections.abc import Iterable

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_b import DOTNET, stamped
from tests.diagnosis.casemaker.logs import STYLES, L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, config_map, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.rolled import rolled
from tests.diagnosis.casemaker.scene import alert, session, sessions, taken, well
from tests.diagnosis.casemaker.sets import daemonset, statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

HARMFUL = ["rollback_workload", "scale_workload", "scale_database", "no_action", "isolate_workload"]


def merged(w: World, of: Workload, number: int, *parts: tuple[str, Iterable[L]], container: str = "") -> None:
    """Keep lines of several styles, or forms as ``stamped`` takes them, in the order of their times."""
    made = []
    for style, lines in parts:
        for line in lines:
            more = {"at": w.at(line.age)[:-1], "when": w.time(line.age), "level": line.level.upper()}
            more |= {"logger": line.logger, "text": line.text}
            text = STYLES[style](w, line) if style in STYLES else style.format(**more)
            made.append(L(line.age, "", text))
    log(w, of, number, "plain", made, container=container)


def _cassandra(w: World, of: Workload, number: int, lines: Iterable[L]) -> None:
    """Keep a log as Cassandra's logback.xml writes it; ``logger`` is thread, then file and line."""
    made = []
    for line in lines:
        thread, _, place = line.logger.partition("|")
        stamp = w.at(line.age)[:-1].replace("T", " ")
        made.append(L(line.age, "", f"{line.level.upper():<5} [{thread}] {stamp},417 {place} - {line.text}"))
    log(w, of, number, "plain", made)


@case(
    "ring-members-came-in-without-their-data",
    "current-accounts",
    "2026-07-29T13:52:00",
    title="A third of all look-ups find no account: three new Cassandra members own ranges of which they hold no row",
    drawn_from="a bank's post-mortem of July 2019: nodes added with auto_bootstrap off answered reads with nothing",
    why="Nothing fails and nobody released: rows are missing since the ring grew by hand. The new members were NORMAL "
    "within seconds, streamed nothing and their volumes are empty; the map says auto_bootstrap false. They have to be "
    "taken out with care, one by one, which is no matter of replicas.",
    expect=[Fault("StatefulSet/cassandra", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "ConfigMap/cassandra-config"),
        ("dependency_failure", "page_human"),
    ],
    forbidden=[*HARMFUL, "restart_workload", "restart_connection_pool"],
)
def empty_members(w: World) -> None:
    nodes(w, "ca-1", "ca-2", "ca-3", "ca-4", "ca-5", "ca-6", cpu="16")
    conf = (
        "cluster_name: accounts\nnum_tokens: 16\nauto_bootstrap: false\nendpoint_snitch: GossipingPropertyFileSnitch\n"
        "seed_provider:\n  - class_name: org.apache.cassandra.locator.SimpleSeedProvider\n    parameters:\n"
        "      - seeds: cassandra-0.cassandra,cassandra-1.cassandra\n"
    )
    config_map(w, "cassandra-config", {"cassandra.yaml": conf}, age=days(410))
    inner = container(
        "cassandra", "cassandra:4.1.7", port=9042, cpu=("4", "8"), memory=("16Gi", "16Gi"),
        ready={"tcpSocket": {"port": 9042}, "periodSeconds": 10, "failureThreshold": 3},
        mounts={"config": "/etc/cassandra/override", "data": "/var/lib/cassandra"},
    )  # fmt: skip
    spec = pod_spec(inner, volumes={"config": "configmap/cassandra-config"})
    born = [days(96), days(96), days(95.9), minutes(44), minutes(42.5), minutes(41)]
    top = rolled(w, "StatefulSet", "cassandra", [Rev(spec, days(96))], [P(age=age) for age in born], claim="data",
                 age=days(410))  # fmt: skip
    w.changed(top.obj, minutes(44.1), "kubectl", {"f:spec": {"f:replicas": {}}})
    service(w, "cassandra", port=9042, target=9042, headless=True)
    found = [f"/{each['status']['podIP']}:7000" for each in top.pods]
    for i in range(6):
        lines, age = [], born[i]
        if i > 2:
            texts = [
                (60, "main|Config.java:1141", "Node configuration:[auto_bootstrap=false; cluster_name=accounts; "
                 "num_tokens=16; partitioner=org.apache.cassandra.dht.Murmur3Partitioner; ...]"),
                (52, "main|StorageService.java:842", "Loading persisted ring state"),
                (41, "main|StorageService.java:1187", "JOINING: waiting for ring information"),
                (40, "main|BootStrapper.java:193", "Generated random tokens. tokens are "
                 f"[-{1146 * i}003817264470217, ...]"),
                (39, "main|StorageService.java:1784", "JOINING: Finish joining ring"),
                (39, "main|StorageService.java:3084", f"Node {found[i]} state jump to NORMAL"),
                (37, "main|PipelineConfigurator.java:125", "Starting listening for CQL clients on /0.0.0.0:9042 "
                 "(unencrypted)..."),
                (36, "main|CassandraDaemon.java:738", "Startup complete"),
            ]  # fmt: skip
            lines = [L(age - 66 + left, "info", text, where) for left, where, text in texts]
        for other in range(3, 6):
            if other != i and born[other] < age:
                when = born[other] - 27
                text = f"Node {found[other]} is now part of the cluster"
                lines.append(L(when + 0.5, "info", text, "GossipStage:1|Gossiper.java:1460"))
                text = f"Node {found[other]} state jump to NORMAL"
                lines.append(L(when, "info", text, "GossipStage:1|StorageService.java:3084"))
        text = "Enqueuing flush of accounts.sessions, Reason: MEMTABLE_LIMIT, Usage: 61.{n}MiB (1%) on-heap"
        lines += often(
            240, min(age - 90, 3400) - 17 * i, 5, "info", [text], "NonPeriodicTasks:1|ColumnFamilyStore.java:1012"
        )
        _cassandra(w, top, i, lines)
        claim(w, f"data-cassandra-{i}", size="500Gi", age=age + 3)
        labels = {"persistentvolumeclaim": f"data-cassandra-{i}"}
        signal(w, "volume_used_share", labels, flat(0.58 if i < 3 else 0.0021), since=age, noise=0.004)
        signal(w, "network_receive", {"pod": top.pod(i)}, flat(4.1e6 if i < 3 else 1.9e6), since=age - 30)
        signal(w, "cpu_share", {"pod": top.pod(i), "container": "cassandra"}, flat(0.34), since=age - 30)
    image, env = "registry.current-accounts.example", {"CASSANDRA_CONTACT_POINTS": "cassandra", "CONSISTENCY": "QUORUM"}
    accounts = well(w, "service-account", f"{image}/account:a41f07c", pods=4, age=days(3), env=env)
    profile = well(w, "service-profile", f"{image}/profile:77c02e1", pods=3, age=days(19), env=env)
    edge = well(w, "edge-proxy", f"{image}/edge:5b0d7aa", pods=2, age=hours(4), before=f"{image}/edge:0be1144")
    missing = ["not_found.account: no account with id acc_0000{n}", "not_found.account: no card for pan token tok_{n}"]
    for i in range(4):
        usual = often(
            53, 3500 - 13 * i, 1, "info", ["account read id=acc_0000{n} in 3ms", "account read id=acc_0000{n} in 2ms"]
        )
        log(w, accounts, i, "zap", [*usual, *often(90, minutes(42.8) - i, 1, "warn", missing)])
    for i in range(3):
        log(w, profile, i, "zap", often(44, minutes(42) - i, 2, "warn", ["not_found.profile: user_0000{n}"]))
    log(w, edge, 0, "nginx", often(9, 900, 1, "info", [
        '"GET /balance?account=acc_0000{n} HTTP/1.1" 404 61', '"GET /balance?account=acc_0000{n} HTTP/1.1" 200 418',
        '"POST /oauth2/token HTTP/1.1" 200 944', '"GET /profile HTTP/1.1" 404 52',
    ]))  # fmt: skip
    requests(w, "edge-proxy", rate=flat(940), errors=flat(0.0006), p95=flat(0.09))
    requests(w, "service-account", rate=flat(1210), errors=flat(0.0004), p95=flat(0.012))
    exact(w, "replicas_available", {"component": "cassandra"}, step(3, 6, minutes(42.5), over=180))
    text = "31% of account look-ups ended in not_found during 15m (usual: 0.2%)"
    alert(w, "AccountNotFoundRatioHigh", minutes(22), text, service="service-account", severity="page")


@case(
    "savepoints-under-a-long-export-stall-the-readers",
    "statute-press",
    "2026-10-01T20:41:00",
    title="Read replicas crawl: one export of an hour on the primary makes all of them look up sub-transactions",
    drawn_from="a code host's article of 2021 on PostgreSQL sub-transactions: replicas wait on SubtransSLRU whenever "
    "a long transaction stands on the primary",
    why="Readers wait for a lightweight lock of the replica, not for each other and not for slots; the primary is well "
    "and holds one transaction of fifty-two minutes, the export's, while the importer writes with hundreds of "
    "savepoints. When that transaction ends, the waits end; more replicas or readers would wait alike.",
    expect=[Fault("Deployment/issue-export", "database_connection", "page_human")],
    acceptable=[
        ("database_connection", "restart_workload"),
        ("resource_exhaustion", "page_human"),
        ("resource_exhaustion", "restart_workload"),
        ("code_defect", "page_human"),
        ("code_defect", "restart_workload"),
        ("database_connection", "page_human", "StatefulSet/pg-read"),
        ("resource_exhaustion", "page_human", "StatefulSet/pg-read"),
        ("database_connection", "page_human", "Deployment/amendment-import"),
        ("code_defect", "page_human", "Deployment/amendment-import"),
    ],
    forbidden=[
        *HARMFUL,
        {"remedy": "restart_workload", "target": "StatefulSet/pg-read"},
        {"remedy": "restart_workload", "target": "StatefulSet/pg-main"},
    ],
)
def savepoints(w: World) -> None:
    nodes(w, "sp-1", "sp-2", "sp-3", "sp-4", cpu="16")
    secret(w, "pg-auth", ["POSTGRES_PASSWORD", "REPLICATION_PASSWORD"], age=days(300))
    inner = container(
        "postgres", "postgres:15.8", port=5432, cpu=("4", "8"), memory=("16Gi", "16Gi"), env_from=("secret/pg-auth",),
        ready={"exec": {"command": ["pg_isready"]}, "periodSeconds": 10, "failureThreshold": 3},
        mounts={"data": "/var/lib/postgresql/data"},
    )  # fmt: skip
    main = statefulset(w, "pg-main", pod_spec(inner), claim="data")
    read = statefulset(w, "pg-read", pod_spec(inner), 2, claim="data")
    for each in (main, read):
        service(w, each.name, port=5432, target=5432, headless=True)
        for i in range(len(each.pods)):
            claim(w, f"data-{each.name}-{i}", size="400Gi")
    image = "registry.statute-press.example/gazette"
    env = {"DJANGO_SETTINGS_MODULE": "gazette.settings.prod", "DB_WRITER": "pg-main", "DB_READER": "pg-read"}
    portal = well(w, "portal", f"{image}:2026.39.1", pods=4, port=8000, age=days(6), env=env,
                  before=f"{image}:2026.38.4")  # fmt: skip
    made = {}
    for name in ("issue-export", "amendment-import"):
        command = ("python", "manage.py", name.replace("-", "_"), "--queue")
        one = pod_spec(container(name, f"{image}:2026.39.1", port=0, ready=None, command=command, env=env))
        made[name] = deployment(w, name, [Rev(one, days(6))], 1 if name == "issue-export" else 2)
    error = "django.db.utils.OperationalError: canceling statement due to statement timeout"
    late = [f"Internal Server Error: /acts/{{n}}/ {error}", f"Internal Server Error: /search/ {error}"]
    for i in range(4):
        lines = often(30, minutes(26) - i, 1, "error", late, "django.request")
        log(w, portal, i, "python", [*lines, *often(90, 3400 - i, 3, "info", ["GET /acts/{n}/ 200"], "gazette.access")])
    parts = ["quarter 2026Q3: {n} documents written, snapshot kept", "quarter 2026Q3: next part of s3://issues/2026Q3"]
    log(w, made["issue-export"], 0, "python", [
        L(minutes(52), "info", "quarter 2026Q3: begin, isolation repeatable read", "gazette.export"),
        *often(80, minutes(51), 4, "info", parts, "gazette.export"),
    ])  # fmt: skip
    for i in range(2):
        text = "bill {n}: 412 amendments in one atomic block, each in a block of its own (SAVEPOINT)"
        log(w, made["amendment-import"], i, "python", often(9, minutes(31) - i, 1, "info", [text], "gazette.bulk"))
    for i in range(2):
        text = "canceling statement due to statement timeout"
        log(w, read, i, "postgres", often(7, minutes(26) - i, 1, "error", [text], "gazette"))
        signal(w, "cpu_share", {"pod": read.pod(i), "container": "postgres"}, step(0.41, 0.37, minutes(27)))
    written = "checkpoint complete: wrote {n} buffers (4.1%); write=269.8 s, sync=0.031 s, total=270.2 s"
    log(w, main, 0, "postgres", often(300, 3500, 20, "log", [written]))
    signal(w, "cpu_share", {"pod": main.pod(0), "container": "postgres"}, flat(0.29))
    rows = [
        session(each["status"]["podIP"], "Deployment/portal", "active", 21, age=13, user="gazette",
                wait="LWLock:SubtransSLRU", query="SELECT * FROM acts WHERE id = $1")
        for each in portal.pods
    ]  # fmt: skip
    idle = [session(each["status"]["podIP"], "Deployment/portal", "idle", 5, age=4, user="gazette")
            for each in portal.pods]  # fmt: skip
    sessions(w, "StatefulSet/pg-read", 300, [*rows, *idle])
    busy = [session(each["status"]["podIP"], "Deployment/amendment-import", "active", 2, age=1, user="gazette",
                    query="INSERT INTO amendments (bill, text) VALUES ($1, $2)")
            for each in made["amendment-import"].pods]  # fmt: skip
    host = made["issue-export"].pods[0]["status"]["podIP"]
    busy.append(session(host, "Deployment/issue-export", "idle in transaction", 1, age=minutes(52), user="gazette",
                        wait="Client:ClientRead", query="FETCH FORWARD 2000 FROM issue_documents"))  # fmt: skip
    sessions(w, "StatefulSet/pg-main", 300, busy)
    signal(w, "db_transaction_age", {"component": "pg-main"}, lambda age: max(3.0, minutes(52) - age), noise=0)
    signal(w, "db_replication_lag", {"component": "pg-main"}, step(0.2, 1.1, minutes(27)))
    exact(w, "db_connections", {"component": "pg-read"}, step(58, 104, minutes(26)))
    exact(w, "db_locks_waiting", {"component": "pg-read"}, flat(0))
    requests(w, "portal", rate=flat(310), errors=step(0.001, 0.19, minutes(26)), p95=ramp(0.2, 15, minutes(28), 900))
    alert(w, "PortalLatencyBudgetBurn", minutes(21), "p95 of portal above 5 s", service="portal")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", True, ""), ("database", True, ""))


@case(
    "cluster-console-left-open-to-the-internet",
    "sports-streams",
    "2026-05-23T04:12:00",
    title="One node is hot and nothing was released: strangers use the open cluster map for a shell on the host",
    drawn_from="a video company's post-mortem of 2018: a coin miner came through Weave Scope behind a public balancer",
    why="The map's Service became a public LoadBalancer a week ago and an address of the internet asked it for a shell "
    "on a host; the agent of that node has burned its cores since, the others idle. The encoder that rings is a "
    "victim of its neighbour. Cut the console off and keep what can be read; no restart.",
    expect=[Fault("Deployment/weave-scope-app", "security_incident", "isolate_workload")],
    acceptable=[
        ("security_incident", "isolate_workload", "DaemonSet/weave-scope-agent"),
        ("security_incident", "page_human", "DaemonSet/weave-scope-agent"),
        ("security_incident", "page_human", "Service/weave-scope-app"),
        ("security_incident", "page_human"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def console(w: World) -> None:
    nodes(w, "ss-1", "ss-2", "ss-3", cpu="16")
    inner = container("app", "weaveworks/scope:1.13.2", port=4040, ready="/api",
                      args=("--no-probe", "--app.http.log=true"))  # fmt: skip
    app = deployment(w, "weave-scope-app", [Rev(pod_spec(inner), days(130))], 1)
    door = service(w, "weave-scope-app", target=4040, age=days(130))
    door["spec"] |= {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    door["status"] = {"loadBalancer": {"ingress": [{"ip": "198.51.100.61"}]}}
    w.changed(door, days(7.2), "kubectl-edit", {"f:spec": {"f:type": {}}})
    inner = container("scope-agent", "weaveworks/scope:1.13.2", port=0, ready=None, cpu=("100m", ""),
                      args=("--mode=probe", "--probe-only", "--probe.kubernetes.role=host", "weave-scope-app:80"),
                      mounts={"host": "/host"}) | {"securityContext": {"privileged": True}}  # fmt: skip
    spec = pod_spec(inner, hostPID=True, hostNetwork=True) | {"volumes": [{"name": "host", "hostPath": {"path": "/"}}]}
    agent = daemonset(w, "weave-scope-agent", spec, 3)
    image = "registry.sports-streams.example"
    encoder = well(w, "encoder", f"{image}/encoder:12.4", pods=3, age=days(17))
    well(w, "playlist", f"{image}/playlist:88", pods=2, age=hours(10), before=f"{image}/playlist:87")
    well(w, "scores", f"{image}/scores:5", pods=2, age=days(29), talk=True)
    seen = [
        (2960, "GET / (200) 1.204ms remote=203.0.113.94:51844"),
        (2951, "GET /api/topology/hosts?t=5s (200) 6.310ms remote=203.0.113.94:51846"),
        (2926, "POST /api/control/3a1f09c2b77d4e10/ss-2;<host>/host_exec (200) 88.207ms remote=203.0.113.94:51871"),
        (2925, "GET /api/pipe/pipe-6129484611666145821 (101) 7m41s remote=203.0.113.94:51873"),
        (1301, "POST /api/control/3a1f09c2b77d4e10/ss-2;<host>/host_exec (200) 61.954ms remote=203.0.113.94:60212"),
        (1300, "GET /api/pipe/pipe-4037200794235010051 (101) 2m02s remote=203.0.113.94:60214"),
    ]
    form = "<app> INFO: {when:%Y/%m/%d %H:%M:%S}.402117 {text}"
    lines = often(50, 3590, 1, "", ["POST /api/report (200) 4.118ms remote=10.0.0.12:44018"])
    merged(w, app, 0, (form, [*lines, *(L(age, "", text) for age, text in seen)]))
    for i in range(3):
        lines = often(300, 3500 - i, 5, "", ["Publish loop: report of 214kB sent"])
        if i == 1:
            lines += [
                L(2926, "", "Control request: host_exec, node ss-2;<host>"),
                L(2925, "", "Spawned nsenter -t1 -m --no-fork /bin/sh -l, pipe-6129484611666145821"),
                L(1301, "", "Control request: host_exec, node ss-2;<host>"),
                L(1300, "", "Spawned nsenter -t1 -m --no-fork /bin/sh -l, pipe-4037200794235010051"),
            ]
        merged(w, agent, i, ("<probe> INFO: {when:%Y/%m/%d %H:%M:%S}.118204 {text}", lines))
        labels = {"pod": agent.pod(i), "container": "scope-agent"}
        signal(w, "cpu_usage", labels, step(0.06, 11.6, 2760) if i == 1 else flat(0.06))
        signal(w, "node_cpu_share", {"node": f"ss-{i + 1}"}, step(0.31, 0.99, 2760) if i == 1 else flat(0.3))
        slow = often(45, 2700, 2, "warn", ["segment {n} late: 1.41x real time"]) if i == 1 else []
        stamped(w, encoder, i, DOTNET, [*slow, *often(90, 3500 - i, 2, "info", ["segment {n} done: 0.62x real time"])])
    signal(w, "latency_p95_by_pod", {"pod": encoder.pod(1)}, step(0.9, 3.8, 2760))
    requests(w, "encoder", rate=flat(14), errors=flat(0.002), p95=step(0.9, 3.1, 2760))
    alert(w, "EncoderSegmentsLate", minutes(38), "segments of encoder come later than real time", service="encoder")
