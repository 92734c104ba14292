"""A scanner that hangs, a login provider that is out, and hooks that wait for a free hand."""

from __future__ import annotations

from datetime import timedelta

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import digest, fraction
from tests.diagnosis.casemaker.network import ingress, ip, service
from tests.diagnosis.casemaker.platform import claim, config_map, nodes, secret
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "virus-scanner-hangs-in-the-reload-of-its-signatures",
    "claims-intake",
    "2026-02-24T14:07:00",
    title="No document can be handed in: the one ClamAV began to reload its signatures 41 minutes ago and hangs",
    drawn_from="clamd with ConcurrentDatabaseReload off that waits for a scan before it reloads, for ever",
    why="Two programs in two languages wait thirty seconds for the scanner and give up, since the second in which it "
    "began its reload; yesterday's took seventeen seconds. It takes connections, so its TCP probe is content, but it "
    "uses no processor and writes no line. Both callers are unchanged for weeks and well in all else; the portal was "
    "released forty minutes before. A fresh start of the scanner loads the signatures and ends the hang.",
    expect=[Fault("Deployment/clamav", "dependency_failure", "restart_workload")],
    acceptable=[("service_crash", "restart_workload"), ("code_defect", "restart_workload")],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "no_action",
        "isolate_workload",
        "scale_database",
        "restart_connection_pool",
        {"remedy": "restart_workload", "target": "Deployment/upload-api"},
        {"remedy": "scale_workload", "target": "Deployment/upload-api"},
        {"remedy": "restart_workload", "target": "Deployment/portal"},
    ],
)
def scanner(w: World) -> None:
    nodes(w, "ci-1", "ci-2", "ci-3")
    image, hung = "registry.claims-intake.example", minutes(41)
    conf = "TCPSocket 3310\nMaxThreads 12\nStreamMaxLength 60M\nLogClean yes\nConcurrentDatabaseReload no\n"
    config_map(w, "clamd", {"clamd.conf": conf}, age=days(240))
    probe = {"tcpSocket": {"port": 3310}, "periodSeconds": 10, "failureThreshold": 3}
    spec = pod_spec(container("clamav", "clamav/clamav:1.4.2", port=3310, cpu=("500m", "2"), memory=("2Gi", "4Gi"),
                              ready=probe, mounts={"conf": "/etc/clamav/conf.d"}),
                    volumes={"conf": "configmap/clamd"})  # fmt: skip
    clam = deployment(w, "clamav", [Rev(spec, days(62))], 1)
    service(w, "clamav", port=3310, target=3310)
    env = {"CLAMD_ADDR": "clamav:3310", "CLAMD_TIMEOUT": "30s"}
    api = well(w, "upload-api", f"{image}/upload-api:6.3.1", pods=3, age=days(27), env=env)
    post = well(w, "mail-intake", f"{image}/mail-intake:2.1.0", pods=1, age=days(55), env=env)
    portal = well(w, "portal", f"{image}/portal:1207", pods=3, age=minutes(81), before=f"{image}/portal:1206",
                  port=3000)  # fmt: skip
    files = well(w, "documents", f"{image}/documents:11.0", pods=2, age=days(13), talk=True)
    ingress(w, "claims", "claims.insurer.example", [("/api/uploads", "upload-api", 80), ("/", "portal", 80)])
    told: list[tuple[float, str]] = []
    for age, version in ((hung + hours(24), 27919), (hung, 27920)):
        told += [
            (age + 14, "ClamAV update process started at {now}"),
            (age + 3, f"daily.cld updated (version: {version}, sigs: 2077{version % 1000}, f-level: 90, "
                      "builder: raynman)"),
            (age + 2.9, "main.cvd database is up-to-date (version: 62, sigs: 6647427, f-level: 90, builder: sigmgr)"),
            (age + 1, "Clamd successfully notified about the update."),
            (age, "Reading databases from /var/lib/clamav"),
        ]  # fmt: skip
    told.append((hung + hours(24) - 17, "Database correctly reloaded (8724466 signatures)"))
    told += [(age, "SelfCheck: Database status OK.") for age in range(int(hung) + 240, int(hung + hours(6)), 600)]
    peers = [pod["status"]["podIP"] for pod in (*api.pods, *post.pods)]
    for n, line in enumerate(often(31, hung + 1500, hung + 2, "", ["{n}"])):
        told.append((line.age, f"instream({peers[n % 4]}@{41022 + 37 * n}): OK"))
    lines = []
    for age, text in told:
        now = w.time(age).strftime("%a %b %d %H:%M:%S %Y")
        lines.append(L(age, "", f"{now} -> {text.replace('{now}', now)}"))
    log(w, clam, 0, "plain", lines)
    place = ip(w, "clamav")
    for index, pod in enumerate(api.pods):
        lines = often(24, minutes(58), hung + 9, "info", ["scan of claim-{n}.pdf: clean in 412ms", "POST /uploads 201 "
                      "622ms"])  # fmt: skip
        for n, line in enumerate(often(95, hung - 31 - 5 * index, 2, "error", ["claim-{n}.pdf"])):
            end = f"{pod['status']['podIP']}:{50212 + 18 * n}->{place}:3310"
            lines.append(L(line.age, "error", f"scan of {line.text}: read tcp {end}: i/o timeout"))
            lines.append(L(line.age - 1, "error", "POST /uploads 503 30004ms"))
        lines += often(150, hung, 3, "info", ["GET /uploads/{n} 200 12ms"])
        log(w, api, index, "zap", lines)
    bad = "message {n}: 2 attachments kept back: clamd.ConnectionError: Error while reading from socket: ('timed out',)"
    log(w, post, 0, "python", [
        *often(80, minutes(58), hung + 12, "info", ["message {n}: 2 attachments clean, filed"], "intake.scan"),
        *often(75, hung - 33, 4, "warning", [bad], "intake.scan"),
    ])  # fmt: skip
    for index in range(3):
        said = ["GET /claims/new 200", "POST /api/uploads 503 30009ms", "GET /claims/{n} 200", "GET / 200"]
        start = [L(minutes(80.5) - 9 * index, "info", "portal build 1207 ready on :3000")]
        log(w, portal, index, "pino", [*start, *often(19, 1500, 1, "info", said)])
    slow, wrong = step(0.7, 30, hung, over=90), step(0.001, 0.97, hung - 30, over=90)
    requests(w, "upload-api", rate=flat(4.2), errors=step(0.001, 0.61, hung - 30, over=120), p95=slow)
    requests(w, "portal", rate=flat(22), errors=step(0.0008, 0.09, hung - 30, over=120), p95=step(0.2, 2.8, hung))
    requests(w, "documents", rate=step(6.1, 4.4, hung), errors=flat(0.0004), p95=flat(0.07))
    calls(w, "upload-api", "clamav", slow, wrong)
    calls(w, "upload-api", "documents", 0.06)
    calls(w, "mail-intake", "clamav", slow, wrong)
    measured(w, clam, step(0.34, 0.002, hung, over=40), 0.37)
    for of in (api, post, portal, files):
        measured(w, of, 0.15)
    machines(w, 0.22)
    alert(w, "UploadsFailing", minutes(34), "more than half of POST /uploads answer 503", service="upload-api")


@case(
    "login-provider-answers-503-to-each-sign-in",
    "tutoring",
    "2026-05-11T18:24:00",
    title="Nobody can sign in since 17:51; the login provider answers 503 to both programs, who is in goes on working",
    drawn_from="evening outages of hosted identity providers: token endpoints that answer 503 while all else is well",
    why="Two programs in two languages get 503 from the same outside host since the same minute; the one is unchanged "
    "for days, the other had signed people in for eleven minutes after its release. Pupils with a session go on with "
    "their lessons, and the payment house outside answers as ever, so it is neither our network nor our code. Only "
    "the provider can mend it; someone has to call them and to tell the users.",
    expect=[Fault("Deployment/session-gateway", "dependency_failure", "page_human")],
    acceptable=[("dependency_failure", "page_human", "*")],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "restart_connection_pool",
        "isolate_workload",
        "no_action",
    ],
)
def no_login(w: World) -> None:
    nodes(w, "tu-1", "tu-2", "tu-3")
    secret(w, "oidc-client", ["CLIENT_ID", "CLIENT_SECRET"], age=days(210))
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(210))
    base = postgres(w, "lessons-db", image="postgres:17.4")
    image, out = "registry.tutoring.example", minutes(33)
    env = {"OIDC_ISSUER": "https://login.identia.example/tutoring", "SESSION_HOURS": "8"}
    gate = well(w, "session-gateway", f"{image}/session-gateway:3.11.2", pods=3, age=days(3), env=env,
                before=f"{image}/session-gateway:3.11.1")  # fmt: skip
    desk = well(w, "tutor-desk", f"{image}/tutor-desk:266", pods=2, age=minutes(44), before=f"{image}/tutor-desk:265",
                port=3000, env=env)  # fmt: skip
    room = well(w, "lesson-room", f"{image}/lesson-room:8.4", pods=4, age=days(11), env={"DATABASE_HOST": "lessons-db"})
    pays = well(w, "payments", f"{image}/payments:2.0.7", pods=2, age=days(33),
                env={"PAYLANE_URL": "https://api.paylane.example"})  # fmt: skip
    ingress(w, "tutoring", "app.tutoring.example", [("/", "session-gateway", 80), ("/rooms", "lesson-room", 80)])
    ingress(w, "tutors", "tutors.tutoring.example", [("/", "tutor-desk", 80)])
    body = "upstream connect error or disconnect/reset before headers. reset reason: overflow"
    java = (
        "sign-in failed: [invalid_token_response] An error occurred while attempting to retrieve the OAuth 2.0 Access "
        'Token Response: 503 Service Unavailable on POST request for "https://login.identia.example/tutoring/oauth/'
        f'token": "{body}"'
    )
    for index in range(3):
        where = "e.t.gateway.SignIn"
        lines = often(58, minutes(59), out + 6, "info", ["signed in user {n} with identia in 188 ms"], where)
        lines += often(46, out - 3 * index, 2, "error", [java], where)
        known = ["session of user {n} valid, GET /rooms 200 14 ms", "session of user {n} valid, GET /lessons 200 21 ms"]
        log(w, gate, index, "logback", [*lines, *often(45, minutes(30), 1, "info", known, "e.t.gateway.Access")])
    error = {"err": {"type": "OPError", "message": "expected 200 OK, got: 503 Service Unavailable"}}
    for index in range(2):
        begun = minutes(43.5) - 12 * index
        lines = [L(begun, "info", "tutor-desk build 266 ready on :3000")]
        lines += often(70, begun - 20, out + 5, "info", ["tutor {n} signed in by login.identia.example in 203ms"])
        for line in often(88, out - 7 * index, 2, "error", ["callback of login.identia.example failed"]):
            lines.append(L(line.age, "error", line.text, fields=error))
        log(w, desk, index, "pino", [*lines, *often(60, minutes(30), 1, "info", ["GET /calendar 200 18ms"])])
    for index in range(4):
        said = ["POST /rooms/{n}/strokes 204 3ms", "GET /rooms/{n} 200 9ms", "WS /rooms/{n} open, 2 members"]
        log(w, room, index, "logfmt", often(11, 900, 1, "info", said))
    for index in range(2):
        said = ["charge {n}: api.paylane.example 201 in 311ms", "charge {n}: api.paylane.example 201 in 287ms"]
        log(w, pays, index, "logfmt", often(90, 3400, 5, "info", said))
    log(w, base, 0, "postgres", often(300, 3500, 9, "log", ["checkpoint starting: time"]))
    alert(w, "SignInsFailing", minutes(28), "no sign-in succeeded for 5 minutes (usual at this hour: 40 a minute)",
          service="session-gateway")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "order-hooks-wait-for-one-of-twelve-hands",
    "order-hub",
    "2026-11-27T10:40:00",
    title="Merchants hear of their orders twenty minutes late; twelve Celery children have four times as much to send",
    drawn_from="outgoing webhooks on a Black Friday: workers that wait for the network, all busy at idle processors",
    why="Each call to a merchant takes 1.2 s as on any day and succeeds; twelve children make ten calls a second, and "
    "since the sale opened twenty-four orders a second come in. The queue grows by just the difference. Processor, "
    "memory and broker are at rest, no autoscaler looks after the senders, and the nodes have room, so more of them "
    "is what helps. The orders' release of this morning is innocent: it takes all orders without an error.",
    expect=[Fault("Deployment/hook-sender", "capacity", "scale_workload")],
    acceptable=[("resource_exhaustion", "scale_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "no_action",
        "isolate_workload",
        "scale_database",
        "restart_connection_pool",
        {"remedy": "scale_workload", "target": "Deployment/orders-api"},
        {"remedy": "scale_workload", "target": "StatefulSet/rabbitmq"},
    ],
)
def hooks(w: World) -> None:
    nodes(w, "oh-1", "oh-2", "oh-3", cpu="8", memory="32831360Ki")
    image, rise = "registry.order-hub.example", minutes(34)
    secret(w, "amqp", ["AMQP_URL"], age=days(300))
    spec = pod_spec(container("rabbitmq", "rabbitmq:4.1.0-management", port=5672, ready={"tcpSocket": {"port": 5672}},
                              cpu=("500m", "2"), memory=("1Gi", "2Gi")))  # fmt: skip
    broker = statefulset(w, "rabbitmq", spec, claim="data")
    claim(w, "data-rabbitmq-0")
    service(w, "rabbitmq", port=5672, target=5672)
    run = ("celery", "-A", "hub", "worker", "-Q", "hooks", "--concurrency=4", "--prefetch-multiplier=1", "-l", "INFO")
    spec = pod_spec(container("hook-sender", f"{image}/hub:26.11.2", port=0, ready=None, env_from=("secret/amqp",),
                              cpu=("500m", "1"), memory=("512Mi", "1Gi"), command=run))  # fmt: skip
    sender = deployment(w, "hook-sender", [Rev(spec, days(17))], 3)
    orders = well(w, "orders-api", f"{image}/orders-api:26.11.4", pods=4, age=hours(2.6),
                  before=f"{image}/orders-api:26.11.3", env={"AMQP_HOST": "rabbitmq"})  # fmt: skip
    stock = well(w, "stock", f"{image}/stock:14.2", pods=2, age=days(28), talk=True)
    ingress(w, "orders", "api.order-hub.example", [("/", "orders-api", 80)])
    for index in range(3):
        lines = []
        for child in range(1, 5):
            age = 34.0 - 0.29 * child - 0.1 * index
            while age > 1:
                took = 1.11 + 0.16 * fraction("hook", index, child, age)
                task = f"hub.hooks.deliver[{digest('task', index, child, age)[:8]}-4c1e]"
                behind = (rise - age) * 14 / 24
                for at, told in (
                    (age, f"{task}: order.created to merchant {int(fraction(task) * 4000)}, {behind:.0f} s in queue"),
                    (age - took, f"Task {task} succeeded in {took:.3f}s: 200"),
                ):
                    stamp = (w.now - timedelta(seconds=at)).strftime("%Y-%m-%d %H:%M:%S,%f")[:-3]
                    lines.append(L(at, "", f"[{stamp}: INFO/ForkPoolWorker-{child}] {told}"))
                age -= took + 0.02
        log(w, sender, index, "plain", [line for line in lines if line.age > 0])
    for index in range(4):
        said = ["POST /orders 201 41ms hook=queued", "POST /orders 201 38ms hook=queued", "GET /orders/{n} 200 9ms"]
        log(w, orders, index, "zap", often(3, 260, 1, "info", said))
    met = []
    for n, pod in enumerate(orders.pods):
        way = f"{pod['status']['podIP']}:{41180 + 612 * n} -> {broker.pods[0]['status']['podIP']}:5672"
        text = f"connection <0.{1502 + 91 * n}.0> ({way}): user 'hub' authenticated and granted access to vhost '/'"
        met.append(L(hours(2.6) - 12 - 9 * n, "info", text))
    log(w, broker, 0, "rabbitmq", met)
    requests(w, "orders-api", rate=step(6, 24, rise, over=120), errors=flat(0.0006), p95=flat(0.06))
    requests(w, "stock", rate=step(7, 27, rise, over=120), errors=flat(0.0003), p95=flat(0.02))
    signal(w, "queue_depth", {"component": "rabbitmq", "queue": "hooks"}, ramp(4, 28_500, rise), noise=0.003)
    signal(w, "queue_depth", {"component": "rabbitmq", "queue": "mails"}, flat(3))
    measured(w, sender, step(0.08, 0.13, rise), 0.51)
    measured(w, broker, 0.11, 0.3)
    measured(w, orders, step(0.12, 0.38, rise))
    measured(w, stock, step(0.08, 0.2, rise))
    machines(w, step(0.14, 0.26, rise), 0.4)
    text = "the oldest message of queue hooks is older than 10 minutes"
    alert(w, "HookDeliveryLate", minutes(16), text, queue="hooks")
