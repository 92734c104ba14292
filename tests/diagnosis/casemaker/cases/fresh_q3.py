"""Workers that lost their queue, and an alert that counts three requests at night."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.cases.fresh_q import written
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import safe, uid
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import node, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, well
from tests.diagnosis.casemaker.signals import exact, flat, pulse, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

CELERY = "[{at:%Y-%m-%d %H:%M:%S},{ms:03}: {level}/{logger}] {text}"
LOST = """consumer: Connection to broker lost. Trying to re-establish the connection...
Traceback (most recent call last):
  File "/usr/local/lib/python3.11/site-packages/celery/worker/consumer/consumer.py", line 340, in start
    blueprint.start(self)
  File "/usr/local/lib/python3.11/site-packages/kombu/transport/redis.py", line 1322, in on_readable
    self.cycle.on_readable(fileno)
  File "/usr/local/lib/python3.11/site-packages/redis/_parsers/socket.py", line 68, in _read_from_socket
    raise ConnectionError(SERVER_CLOSED_CONNECTION_ERROR)
redis.exceptions.ConnectionError: Connection closed by server."""


def leave(w: World, of: Workload, ago: float) -> None:
    """Add what is left of a pod that a drained node lost."""
    gone, inner = f"{of.sets[0]['metadata']['name']}-{safe(5, of.name)}", of.obj["spec"]["template"]["spec"]
    meta = {"name": gone, "namespace": w.namespace, "uid": uid(gone)}
    old = {"apiVersion": "v1", "kind": "Pod", "spec": {"nodeName": "go-3"}, "metadata": meta}
    name = inner["containers"][0]["name"]
    event(w, old, "Killing", f"Stopping container {name}", kind="Normal", container=name, last=ago)


@case(
    "workers-take-nothing-since-the-broker-moved",
    "grant-office",
    "2026-11-17T10:33:00",
    title="Applications stay unchecked; workers joined the moved Redis again and have taken no task since",
    drawn_from="celery/celery issues 8030 and 8091: a worker stops consuming after it reconnects to Redis",
    why="All three workers are silent and idle since they said that they are connected; the worker of exports, made "
    "anew in that drain, of the same image, takes its tasks from the same Redis. The portal's release came later.",
    expect=[Fault("Deployment/checks-worker", "service_crash", "restart_workload")],
    acceptable=[
        *((c, "restart_workload") for c in ("code_defect", "dependency_failure", "unknown", "database_connection")),
        ("service_crash", "restart_connection_pool"),
        ("network_fault", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_database",
        "isolate_workload",
        "no_action",
        {"remedy": "restart_workload", "target": "Deployment/redis"},
    ],
)
def silent_workers(w: World) -> None:
    nodes(w, "go-1", "go-2")
    moved = minutes(48)
    third = node(
        w, "go-3", unschedulable=True, since=minutes(49), taints=["node.kubernetes.io/unschedulable:NoSchedule"]
    )
    event(w, third, "NodeNotSchedulable", "Node go-3 status is now: NodeNotSchedulable", kind="Normal",
          last=minutes(49), writer="kubelet")  # fmt: skip
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(500))
    base = postgres(w, "grants-db", image="postgres:16.4")
    image, env = "quay.io/grant-office/backend", {"CELERY_BROKER_URL": "redis://redis:6379/0", "PGHOST": "grants-db"}
    cache_spec = pod_spec(container("redis", "redis:7.4.1", port=6379, memory=("128Mi", "512Mi"),
                          ready={"exec": {"command": ["redis-cli", "ping"]}, "periodSeconds": 5}))  # fmt: skip
    cache = deployment(w, "redis", [Rev(cache_spec, days(90))], [P(age=moved, node="go-1")])
    service(w, "redis", port=6379, target=6379)
    made = {}
    for name, queue, pods in (
        ("checks-worker", "checks", [P(node="go-1"), P(node="go-2"), P(node="go-2")]),
        ("export-worker", "exports", [P(age=moved - 4, node="go-2")]),
        ("beat", "", [P(node="go-1")]),
    ):
        args = ("worker", "-Q", queue, "-c", "4") if queue else ("beat",)
        spec = pod_spec(container("celery", f"{image}:24.2", port=0, ready=None, env=env, memory=("256Mi", "768Mi"),
                        command=("celery", "-A", "grants", *args)))  # fmt: skip
        made[name] = deployment(w, name, [Rev(spec, days(19))], pods)
    leave(w, cache, moved + 2)
    leave(w, made["export-worker"], moved + 2)
    portal = well(w, "portal", f"{image}:24.3", pods=2, age=minutes(29), before=f"{image}:24.2", port=8000, env=env)
    ingress(w, "portal", "grants.office.example", [("/", "portal", 80)])
    main, work = "MainProcess", "ForkPoolWorker-{k}"
    for index in range(3):
        lines: list[L] = []
        for x in often(95, minutes(71) - 13 * index, moved + 20, "INFO", ["{n}"]):
            mark = f"grants.checks.check_application[{x.text}-4c1e-4b7a-9f20-6d1f0c{x.text}]"
            lines.append(L(x.age, "INFO", f"Task {mark} received", main))
            lines.append(L(x.age - 9, "INFO", f"Task {mark} succeeded in 8.71s: None", work.replace("{k}", "2")))
        wait = (
            "consumer: Cannot connect to redis://redis:6379/0: Error 111 connecting to redis:6379. Connection refused.."
        )
        lines += [L(moved - 1, "WARNING", LOST, main)]
        for number, ago in enumerate((2, 4, 8), 1):
            tries = f"{wait}refused..\nTrying again in {2 * number}.00 seconds... ({number}/100)\n"
            lines.append(L(moved - ago, "ERROR", tries, main))
        lines += [L(moved - 16 - index, "INFO", "Connected to redis://redis:6379/0", main),
                  L(moved - 16 - index, "INFO", "mingle: searching for neighbors", main),
                  L(moved - 18 - index, "INFO", "mingle: all alone", main)]  # fmt: skip
        written(w, made["checks-worker"], index, CELERY, lines)
    lines = [L(moved - 12, "INFO", "Connected to redis://redis:6379/0", main),
             L(moved - 13, "INFO", f"celery@{made['export-worker'].pod(0)} ready.", main)]  # fmt: skip
    for x in often(170, moved - 60, 15, "INFO", ["{n}"]):
        mark = f"grants.exports.export_round[{x.text}-77aa-4d0b-8e11-0b9a3e{x.text}]"
        lines.append(L(x.age, "INFO", f"Task {mark} received", main))
        lines.append(L(x.age - 12, "INFO", f"Task {mark} succeeded in 11.90s: None", work.replace("{k}", "1")))
    written(w, made["export-worker"], 0, CELERY, lines)
    due = ["Scheduler: Sending due task export-rounds (grants.exports.export_round)",
           "Scheduler: Sending due task recheck-open (grants.checks.recheck_open)"]  # fmt: skip
    written(w, made["beat"], 0, CELERY, often(120, minutes(46), 9, "INFO", due, main))
    log(w, cache, 0, "redis", [L(moved - 7, "info", "Server initialized"),
                               L(moved - 7.1, "info", "Ready to accept connections tcp")])  # fmt: skip
    for index in range(2):
        fine = ["POST /applications/ 201 0.21s", "GET /applications/{n}/ 200 0.08s state=waiting-for-check"]
        log(w, portal, index, "python", often(21, minutes(27), 2, "info", fine, "gunicorn.access"))
    requests(w, "portal", rate=flat(9.4), errors=flat(0.001), p95=flat(0.3))
    signal(w, "queue_depth", {"component": "checks-worker", "queue": "checks"}, ramp(3, 402, moved))
    signal(w, "queue_depth", {"component": "export-worker", "queue": "exports"}, flat(1.4), noise=0.4)
    measured(w, made["checks-worker"], step(0.31, 0.004, moved), 0.44)
    measured(w, made["export-worker"], 0.22)
    measured(w, portal, 0.17)
    measured(w, cache, 0.03, 0.12)
    measured(w, base, step(0.2, 0.11, moved), 0.5)
    exact(w, "cache_up", {"component": "redis"}, flat(1), since=moved)
    machines(w, 0.22)
    alert(w, "ApplicationsUncheckedTooLong", minutes(17), "the oldest unchecked application is 31 minutes old",
          team="grants", severity="warning")  # fmt: skip


DOTNET = "{at:%Y-%m-%dT%H:%M:%S}.{ms:03}Z {level}: {logger} {text}"
ABORTED = """An unhandled exception has occurred while executing the request.
      Microsoft.AspNetCore.Server.Kestrel.Core.BadHttpRequestException: Unexpected end of request content.
         at Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Http.Http1ContentLengthMessageBody.ReadAsyncInternal()
         at Microsoft.AspNetCore.WebUtilities.FileBufferingReadStream.ReadAsync(Memory`1 buffer, CancellationToken ct)
         at VetClinic.Imaging.UploadController.Put(String caseId) in /src/Imaging/UploadController.cs:line 41"""


@case(
    "one-broken-upload-among-three-requests-of-the-night",
    "vet-clinics",
    "2026-03-03T03:17:00",
    title="A third of all requests fails, says the alert at three in the morning: it is one of three",
    drawn_from="error ratios over five minutes at night traffic: one aborted upload is 33%, and the pager goes off",
    why="A request a minute comes at this hour; the one that failed was a client which hung up amid its upload. All "
    "others are answered, that upload too a minute later; all else is well, and the release is of the evening.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[],
    tolerated=[],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "restart_connection_pool",
        "scale_database",
        "isolate_workload",
        "switch_traffic",
    ],
)
def night(w: World) -> None:
    nodes(w, "vc-n1", "vc-n2", "vc-n3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(260))
    base = postgres(w, "clinic-db", image="postgres:16.6")
    image = "vetclinics.azurecr.io"
    env = {"ASPNETCORE_ENVIRONMENT": "Production", "DOTNET_gcServer": "1"}
    imaging = well(w, "imaging-api", f"{image}/imaging-api:2026.3.2", pods=2, age=hours(8.4), env=env,
                   before=f"{image}/imaging-api:2026.2.9")  # fmt: skip
    cases = well(w, "case-api", f"{image}/case-api:5.40", pods=2, age=days(12), env=env)
    front = well(w, "front", f"{image}/front:318", pods=2, age=days(12), port=80)
    remind = well(w, "reminders", f"{image}/reminders:1.6", pods=1, age=days(47), env=env)
    ingress(w, "front", "app.vetclinics.example", [("/api/images", "imaging-api", 80), ("/", "front", 80)])
    url = "http://app.vetclinics.example/api/images"
    done = "Request finished HTTP/1.1 {what} - {code} - application/json {ms}ms"
    host, handler = (
        "Microsoft.AspNetCore.Hosting.Diagnostics[2]",
        "Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddleware[1]",
    )
    for index in range(2):
        told = [done.replace("{what}", f"{what}{{n}}").replace("{code}", "200").replace("{ms}", took)
                for what, took in ((f"GET {url}/", "21.4402"), (f"PUT {url}/case-", "83.0177"),
                                   (f"GET {url}?case=", "9.6310"), (f"GET {url}/", "33.9051"))]  # fmt: skip
        lines = often(190, hours(2.6) - 70 * index, 15, "info", told, host)
        if index == 1:
            put = done.replace("{what}", f"PUT {url}/case-40117")
            lines += [
                L(minutes(4.1), "fail", ABORTED, handler),
                L(minutes(4.1) - 0.1, "info", put.replace("{code}", "500").replace("{ms}", "4120.7704"), host),
                L(minutes(2.9), "info", put.replace("{code}", "200").replace("{ms}", "97.2238"), host),
            ]
        written(w, imaging, index, DOTNET, lines)
        fine = [done.replace("{what}", "GET http://case-api/cases/{n}").replace("{code}", "200").replace("{ms}", took)
                for took in ("7.0184", "5.5520", "12.3307")]  # fmt: skip
        written(w, cases, index, DOTNET, often(310, hours(3) - 90 * index, 40, "info", fine, host))
        text = ['"GET / HTTP/1.1" 200 4112 "-" "Mozilla/5.0"', '"GET /cases HTTP/1.1" 200 9120 "-" "VetApp/8.1"']
        log(w, front, index, "nginx", often(240, hours(3) - 50 * index, 20, "info", text))
    lines = often(900, hours(3), 60, "info", ["0 reminders due before 07:00"], "Reminders.Worker[0]")
    written(w, remind, 0, DOTNET, lines)
    log(w, base, 0, "postgres", often(300, hours(1), 9, "log", ["checkpoint starting: time"]))
    failed = pulse(0, 0.5, minutes(4.1), minutes(2))
    requests(w, "imaging-api", rate=ramp(0.017, 0.012), errors=failed, p95=flat(0.09))
    requests(w, "case-api", rate=ramp(0.008, 0.006), errors=flat(0), p95=flat(0.03))
    requests(w, "front", rate=ramp(0.02, 0.014), errors=flat(0), p95=flat(0.02))
    for each in (imaging, cases, front, remind):
        measured(w, each, 0.02, 0.41)
    measured(w, base, 0.03, 0.46)
    calls(w, "imaging-api", "clinic-db", 0.004, 0)
    calls(w, "case-api", "clinic-db", 0.004, 0)
    machines(w, 0.09)
    alert(w, "ServiceErrorRatioHigh", minutes(3.2), "imaging-api answers 33% of its requests with 5xx (over 5 minutes)",
          service="imaging-api", severity="critical")  # fmt: skip
