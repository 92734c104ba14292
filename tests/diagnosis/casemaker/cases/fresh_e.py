"""Releases and what is like one: a hardened template, a thinner image, a restart, and a neighbour's new name."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ip, service
from tests.diagnosis.casemaker.platform import config_map, hpa, nodes, secret
from tests.diagnosis.casemaker.pods import P, oom, running, terminated
from tests.diagnosis.casemaker.scene import alert, taken, well
from tests.diagnosis.casemaker.signals import Shape, exact, flat, ramp, requests, saw, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


@case(
    "read-only-root-looks-like-a-broken-disk",
    "press-office",
    "2026-10-07T09:38:00",
    title="Letters cannot be rendered for a read-only file system; it is the template that says so, not a disk",
    drawn_from="readOnlyRootFilesystem set by a hardening round for programs that write below /tmp",
    why="Pods on all nodes fail alike and their neighbours write; the release of 24 minutes ago changed only the "
    "security context. The caller that the alert names was released after the errors began.",
    expect=[Fault("Deployment/pdf-render", "configuration_error", "rollback_workload")],
    acceptable=[("code_defect", "rollback_workload"), ("service_crash", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/letters"},
    ],
)
def hardened(w: World) -> None:
    nodes(w, "po-1", "po-2", "po-3")
    base: Obj = {"allowPrivilegeEscalation": False, "runAsNonRoot": True, "runAsUser": 10001}
    strict = base | {"capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
    image, env = "harbor.press-office.example/docs/pdf-render:3.22.1", {"NODE_ENV": "production", "SOFFICE_POOL": "4"}
    inner = container("render", image, port=3000, ready="/readyz", env=env, memory=("512Mi", "1Gi"))
    specs = [pod_spec(inner | {"securityContext": context}) for context in (base, strict)]
    top = deployment(w, "pdf-render", [Rev(specs[0], days(19)), Rev(specs[1], minutes(24))], 3)
    service(w, "pdf-render", target=3000)
    failed = [
        "render {n} failed: EROFS: read-only file system, mkdtemp '/tmp/soffice-XXXXXX'",
        "render {n} failed: EROFS: read-only file system, open '/tmp/letter-{n}.odt'",
    ]
    for index in range(3):
        log(w, top, index, "pino", [L(minutes(23) - 9 * index, "info", "listening on 3000, template cache warm (211)")])
        log(w, top, index, "pino", often(11, minutes(22.5), 1, "error", failed))
        log(w, top, index, "pino", often(40, minutes(22), 5, "info", ["render {n} unchanged, sent from cache"]))
        signal(w, "cpu_share", {"pod": top.pod(index), "container": "render"}, flat(0.09), since=minutes(23))
    image = "harbor.press-office.example/docs/letters"
    letters = well(w, "letters", f"{image}:90", pods=2, age=minutes(11), before=f"{image}:89", style="pino")
    for index in range(2):
        text = "POST http://pdf-render/v2/render 500 in 14ms, letter {n} kept for later"
        log(w, letters, index, "pino", often(9, minutes(10.5), 1, "error", [text]))
    archive = well(w, "archive", "harbor.press-office.example/docs/archive:41", pods=2, age=days(70))
    for index in range(2):
        log(w, archive, index, "logfmt", often(30, 900, 2, "info", ["wrote /var/archive/2026/10/{n}.pdf 88 kB"]))
    requests(w, "pdf-render", rate=flat(7), errors=step(0.001, 0.71, minutes(24)), p95=step(1.9, 0.03, minutes(24)))
    requests(w, "letters", rate=flat(6), errors=step(0.001, 0.7, minutes(24)), p95=step(2.1, 0.06, minutes(24)))
    requests(w, "archive", rate=flat(12), errors=flat(0.0005), p95=flat(0.08))
    alert(w, "LettersErrors", minutes(19), "70% of letters cannot be made", service="letters")


@case(
    "readiness-needs-a-curl-that-is-gone",
    "ferries",
    "2026-03-30T13:12:00",
    title="A release on a distroless base runs and listens, yet is never ready: its probe calls a curl that is gone",
    drawn_from="exec probes with curl or wget after a move to distroless or slim base images",
    why="The program's log is clean and nothing restarts; the kubelet cannot start the probe in the new image. The old "
    "pods serve. Going back and asking by httpGet is the way, not a restart.",
    expect=[Fault("Deployment/timetable", "configuration_error", "rollback_workload")],
    acceptable=[("code_defect", "rollback_workload"), ("service_crash", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "switch_traffic", "isolate_workload"],
)
def distroless(w: World) -> None:
    nodes(w, "fe-1", "fe-2", "fe-3")
    command = ["curl", "-fsS", "-m", "2", "http://127.0.0.1:8080/ready"]
    probe: Obj = {"exec": {"command": command}, "periodSeconds": 10, "timeoutSeconds": 3, "failureThreshold": 3}
    image, env = "ghcr.io/ferries-example/timetable", {"GOMEMLIMIT": "200MiB", "FEED": "/data/gtfs.zip"}
    specs = [pod_spec(container("timetable", f"{image}:{v}", ready=probe, env=env)) for v in ("5.3.2", "5.4.0")]
    young = P(1, age=minutes(19), ready=False, unready=minutes(19))
    revisions = [Rev(specs[0], days(33)), Rev(specs[1], minutes(19))]
    top = deployment(w, "timetable", revisions, [P(0), P(0), P(0), young], replicas=3)
    service(w, "timetable")
    text = (
        "Readiness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in "
        'container: failed to start exec "b1f0c2d7a6e94d8f": OCI runtime exec failed: exec failed: unable to start '
        'container process: exec: "curl": executable file not found in $PATH: unknown'
    )
    event(w, top.pods[3], "Unhealthy", text, first=minutes(18.7), last=6, count=113, container="timetable")
    said = [
        L(minutes(18.8), "info", "timetable starting", "cmd/main.go:31", {"version": "5.4.0"}),
        L(minutes(18.7), "info", "feed loaded", "gtfs/load.go:77", {"stops": 4412, "trips": 90211}),
        L(minutes(18.6), "info", "listening", "cmd/main.go:58", {"addr": ":8080"}),
    ]
    log(w, top, 3, "zap", said)
    for index in range(3):
        log(w, top, index, "zap", often(12, 900, 2, "info", ["GET /departures 200", "GET /ready 200"]))
    image = "ghcr.io/ferries-example/tickets"
    well(w, "tickets", f"{image}:211", pods=2, age=hours(5), before=f"{image}:210", talk=True)
    well(w, "boarding", "ghcr.io/ferries-example/boarding:18", pods=2, age=days(61))
    text = "Rollout of deployment ferries/timetable is not progressing for longer than 15 minutes."
    alert(w, "KubeDeploymentRolloutStuck", minutes(3), text, deployment="timetable", severity="warning")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "restart-picked-up-a-map-edited-days-ago",
    "claims",
    "2026-08-20T15:47:00",
    title="Java pods die at their memory limit since a restart; it took up a heap that was edited in a map days ago",
    drawn_from="ConfigMaps read as environment: an edit sleeps until somebody restarts the pods for another reason",
    why="Both revisions have the same image, limits and map, so a rollback starts the same pods again. The map asks "
    "for a heap of 3 GiB in a container of 1.5 GiB since Monday; the restart made it true.",
    expect=[Fault("Deployment/claims-engine", "configuration_error", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human"),
        ("service_crash", "page_human"),
        ("configuration_error", "page_human", "ConfigMap/claims-jvm"),
        ("resource_exhaustion", "page_human", "ConfigMap/claims-jvm"),
    ],
    forbidden=["rollback_workload", "restart_workload", "scale_workload", "no_action", "scale_database"],
)
def sleeping(w: World) -> None:
    nodes(w, "cl-1", "cl-2", "cl-3")
    options = "-Xms512m -Xmx3g -XX:+UseG1GC -Dfile.encoding=UTF-8"
    config_map(w, "claims-jvm", {"JAVA_TOOL_OPTIONS": options}, age=days(210), changed=days(3.2))
    secret(w, "claims-tls", ["tls.crt", "tls.key"], changed=minutes(58), by="cert-manager", kind="kubernetes.io/tls")
    inner = container(
        "engine",
        "nexus.claims.example:8443/claims-engine:8.0.3",
        env_from=("configmap/claims-jvm",),
        cpu=("500m", "2"),
        memory=("1536Mi", "1536Mi"),
        ready="/actuator/health/readiness",
        mounts={"tls": "/etc/tls"},
    )
    spec = pod_spec(inner, volumes={"tls": "secret/claims-tls"})
    restart = {"kubectl.kubernetes.io/restartedAt": w.at(minutes(41))}
    pods = []
    for index in range(3):
        ended = 70.0 + 105 * index
        last = oom(started=ended + 480, finished=ended)
        pods.append(P(age=minutes(41) - 40 * index, restarts=5 - index % 2, last=last, state=running(ended - 12)))
    revisions = [Rev(spec, days(26)), Rev(spec, minutes(41), restart)]
    top = deployment(w, "claims-engine", revisions, pods)
    service(w, "claims-engine")
    for index, pod in enumerate(top.pods):
        restarting(w, pod, first=minutes(20), last=90 + 100 * index, count=4 + index)
        start = 550.0 + 105 * index
        said = [
            L(start, "", "Picked up JAVA_TOOL_OPTIONS: " + options),
            L(
                start - 1,
                "",
                f"{w.at(start - 1)} INFO 1 --- [main] e.c.ClaimsApplication : Starting v8.0.3 using Java 21",
            ),
            L(start - 16, "", f"{w.at(start - 16)} INFO 1 --- [main] e.c.ClaimsApplication : Started in 14.8 seconds"),
        ]
        log(w, top, index, "plain", said, previous=True)
        log(w, top, index, "plain", [L(start, "", "Picked up JAVA_TOOL_OPTIONS: " + options)])
        log(w, top, index, "logback", often(4, 50, 1, "info", ["claim {n} scored in 41 ms"], "e.c.score.Scorer"))
        labels = {"pod": top.pod(index), "container": "engine"}
        signal(w, "memory_share", labels, _killed(70.0 + 105 * index), since=minutes(40))
        exact(w, "restarts", labels, lambda age: max(0.0, (minutes(41) - age) / 500), since=minutes(40))
    image = "nexus.claims.example:8443/intake"
    well(w, "intake", f"{image}:77.1", pods=2, age=hours(27), before=f"{image}:77.0", style="logback", talk=True)
    requests(w, "claims-engine", rate=flat(24), errors=step(0.001, 0.17, minutes(33)), p95=step(0.2, 1.1, minutes(33)))
    requests(w, "intake", rate=flat(24), errors=step(0.001, 0.02, minutes(33)), p95=step(0.3, 1.4, minutes(33)))
    alert(w, "KubePodCrashLooping", minutes(18), "engine restarts again and again", deployment="claims-engine")


def _killed(ended: float) -> Shape:
    """Grow to the limit and be killed there, last this long ago."""
    return lambda age: saw(0.38, 1.0, 490)(age - ended)


@case(
    "new-service-overwrites-a-port-in-the-environment",
    "tariffs",
    "2026-11-12T17:26:00",
    title="The autoscaler's new pods end at start while old ones run: a Service of today fills RATES_PORT with a URL",
    drawn_from="service links: REDIS_PORT, REGISTRY_PORT or KONG_PORT as a URL after a Service of that name came",
    why="The template is nine days old and its old pods run. New pods read a URL as a port, which the kubelet puts "
    "there since the Service rates exists. A rollback or a restart would take the last good pods.",
    expect=[Fault("Deployment/quote-api", "configuration_error", "page_human")],
    acceptable=[
        ("service_crash", "page_human"),
        ("code_defect", "page_human"),
        ("configuration_error", "page_human", "Service/rates"),
        ("configuration_error", "page_human", "Deployment/rates"),
    ],
    forbidden=["rollback_workload", "restart_workload", "scale_workload", "no_action", "isolate_workload"],
)
def links(w: World) -> None:
    nodes(w, "ta-1", "ta-2", "ta-3")
    image = "registry.tariffs.example/rates:0.1.0"
    spec = pod_spec(container("rates", image, ready="/health"), enableServiceLinks=True)
    rates = deployment(w, "rates", [Rev(spec, minutes(52))], 1, age=minutes(52), number=1)
    service(w, "rates", age=minutes(52))
    log(w, rates, 0, "python", [L(minutes(51), "info", "Uvicorn running on http://0.0.0.0:8080", "uvicorn.error")])
    env = {"RATES_HOST": "feed.ratesource.example", "RATES_TIMEOUT": "2.5", "WORKERS": "2"}
    specs = [
        pod_spec(
            container("api", f"registry.tariffs.example/quote-api:{v}", port=8000, ready="/health", env=env),
            enableServiceLinks=True,
        )
        for v in ("2.9.4", "2.10.0")
    ]
    bad = []
    for index in range(3):
        ended = 70.0 + 60 * index
        last = terminated(1, "Error", started=ended + 3, finished=ended)
        bad.append(
            P(age=minutes(36), restarts=11, last=last, ready=False, unready=minutes(36), backoff="5m0s")
        )  # one of three scaled up at once
    revisions = [Rev(specs[0], days(44)), Rev(specs[1], days(9))]
    top = deployment(w, "quote-api", revisions, [P(), P(), P(), *bad], scaled=minutes(36))
    service(w, "quote-api", target=8000)
    scaler = hpa(w, top, low=3, high=10, now=6, used=93, scaled=minutes(36))
    text = "New size: 6; reason: cpu resource utilization (percentage of request) above target"
    event(w, scaler, "SuccessfulRescale", text, kind="Normal", last=minutes(36))
    trace = [
        "Traceback (most recent call last):",
        '  File "/srv/quote_api/main.py", line 14, in <module>\n    settings = Settings()',
        "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings",
        "rates_port\n  Input should be a valid integer, unable to parse string as an integer [type=int_parsing, "
        f"input_value='tcp://{ip(w, 'rates')}:80', input_type=str]",
        "    For further information visit https://errors.pydantic.dev/2.9/v/int_parsing",
    ]
    for index in range(3, 6):
        restarting(w, top.pods[index], first=minutes(35.8), last=15 + 9 * index, count=158)
        log(w, top, index, "plain", [L(200 - n, "", line) for n, line in enumerate(trace)], previous=True)
    for index in range(3):
        log(w, top, index, "python", often(3, 200, 1, "info", ['"POST /quotes HTTP/1.1" 200 {n}'], "uvicorn.access"))
        labels = {"pod": top.pod(index), "container": "api"}
        signal(w, "cpu_share", labels, ramp(0.55, 0.93, minutes(50), minutes(20)))
    well(w, "policies", "registry.tariffs.example/policies:61", pods=2, age=days(3), talk=True)
    requests(w, "quote-api", rate=ramp(52, 104, minutes(50)), errors=flat(0.003), p95=ramp(0.2, 0.9, minutes(50)))
    exact(w, "hpa_replicas", {"component": "quote-api"}, step(3, 6, minutes(36)))
    exact(w, "replicas_available", {"component": "quote-api"}, flat(3))
    alert(w, "KubePodCrashLooping", minutes(25), "three pods of quote-api restart again and again", container="api")
