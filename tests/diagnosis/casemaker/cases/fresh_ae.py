"""What is used up on plain days: a heap of weeks, the disk of a registry."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, nodes
from tests.diagnosis.casemaker.pods import P, running, terminated
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "chats-of-three-weeks-fill-the-heaps-of-their-pods",
    "help-centre",
    "2026-05-19T13:52:00",
    title="Chats hang and break off: Node pods that ran for 23 days reach the end of their heap, one after the other",
    drawn_from="FATAL ERROR: Ineffective mark-compacts near heap limit, exit code 134, in a service that leaks slowly",
    why="Nothing of the chat service was released for 23 days. Two of its four pods aborted within the hour at the "
    "default heap of V8 and are light and quick since; the other two collect all the time at the same figure and are "
    "next. A fresh start gives weeks, as the two show; the release of the web page beside it has nothing to do with "
    "it, and who reads the leak out of a heap dump can do so afterwards.",
    expect=[Fault("Deployment/live-chat", "resource_exhaustion", "restart_workload")],
    acceptable=[("code_defect", "restart_workload"), ("service_crash", "restart_workload")],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "no_action", "isolate_workload", "scale_database", "restart_connection_pool"],
)
def old_heaps(w: World) -> None:
    nodes(w, "hc-1", "hc-2", "hc-3")
    image, old = "registry.help-centre.example", days(23)
    specs = [
        pod_spec(
            container(
                "live-chat",
                f"{image}/live-chat:{tag}",
                port=3000,
                env={"NODE_ENV": "production", "INTENTS_URL": "http://intents"},
                cpu=("500m", "2"),
                memory=("1Gi", "3Gi"),
                live="/livez",
            )
        )
        for tag in ("6.2.3", "6.2.4")
    ]
    fell = {0: minutes(38), 2: minutes(11)}
    pods = [
        P(
            age=old - 30 * n,
            restarts=1,
            state=running(fell[n] - 2),
            last=terminated(134, "Error", started=old - 30 * n - 3, finished=fell[n]),
            unready=fell[n] - 9,
        )
        if n in fell
        else P(age=old - 30 * n)
        for n in range(4)
    ]
    chat = deployment(w, "live-chat", [Rev(specs[0], days(70)), Rev(specs[1], old + 20)], pods)
    service(w, "live-chat", target=3000)
    web = well(w, "help-web", f"{image}/help-web:512", pods=3, age=minutes(53), before=f"{image}/help-web:511",
               port=8080, env={"CHAT_URL": "http://live-chat"})  # fmt: skip
    intents = well(w, "intents", f"{image}/intents:3.0.8", age=days(48), talk=True)
    ingress(w, "help", "help.help-centre.example", [("/chat", "live-chat", 80), ("/", "help-web", 80)])
    for index in range(4):
        said = ["message delivered room={n}", "room {n} opened", "agent joined room {n}"]
        if index not in fell:
            heavy = [
                "health: heapUsed=2031MB heapTotal=2086MB rss=2318MB rooms=1184",
                "event loop blocked for 2412ms",
                "message delivered room={n} after 3106ms",
                "ping timeout, closing socket room={n}",
            ]
            log(w, chat, index, "pino", [*often(16, 900, 1, "warn", heavy), *often(40, 880, 4, "info", said)])
            continue
        begun = fell[index] - 3
        light = ["health: heapUsed=171MB heapTotal=204MB rss=318MB rooms=207"]
        start = [L(begun, "info", "live-chat 6.2.4 listening on 3000")]
        log(
            w,
            chat,
            index,
            "pino",
            [*start, *often(13, begun - 20, 1, "info", said), *often(60, begun - 60, 3, "info", light)],
        )
        before = [
            *often(21, fell[index] + 700, fell[index] + 4, "warn", ["event loop blocked for 3377ms"]),
            *often(60, fell[index] + 690, fell[index] + 9, "info",
                   ["health: heapUsed=2040MB heapTotal=2089MB rss=2325MB rooms=1184"]),
        ]  # fmt: skip
        log(w, chat, index, "pino", before, previous=True)
        ran = int((old - fell[index]) * 1000)
        last = (
            "\n<--- Last few GCs --->\n\n"
            f"[1:0x7f2c0c3d5000] {ran} ms: Mark-Compact (reduce) 2046.1 (2087.2) -> 2044.9 (2087.4) MB, 1188.34 / 0.00 "
            "ms  (average mu = 0.081, current mu = 0.006) allocation failure; scavenge might not succeed\n"
            f"[1:0x7f2c0c3d5000] {ran + 1207} ms: Mark-Compact (reduce) 2046.3 (2087.4) -> 2045.2 (2087.4) MB, 1203.71 "
            "/ 0.00 ms  (average mu = 0.044, current mu = 0.003) allocation failure; scavenge might not succeed\n\n\n"
            "<--- JS stacktrace --->\n\n"
            "FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of memory\n"
            "----- Native stack trace -----\n\n"
            " 1: 0xb8ced1 node::OOMErrorHandler(char const*, v8::OOMDetails const&) [node]\n"
            " 2: 0xf06250 v8::Utils::ReportOOMFailure(v8::internal::Isolate*, char const*, v8::OOMDetails const&) "
            "[node]"
        )
        log(w, chat, index, "plain", [L(0, "", last)], previous=True)
    for index in range(3):
        lines = [L(minutes(52.5) - 20 * index, "info", "help-web 512 up")]
        log(
            w, web, index, "pino", [*lines, *often(17, 880, 1, "info", ["GET /articles/{n} 200 21ms", "GET / 200 9ms"])]
        )
    shapes = {
        n: {
            "memory_share": step(0.752, 0.104, fell[n], over=30) if n in fell else ramp(0.744, 0.757),
            "cpu_share": step(0.55, 0.09, fell[n], over=30) if n in fell else ramp(0.36, 0.57),
        }
        for n in range(4)
    }
    measured(w, chat, pods=shapes)
    for index in range(4):
        labels = {"pod": chat.pod(index)}
        slow = step(4.1, 0.05, fell[index], over=60) if index in fell else ramp(2.2, 4.6)
        lost = step(0.12, 0.002, fell[index], over=60) if index in fell else ramp(0.04, 0.14)
        signal(w, "latency_p95_by_pod", labels, slow, noise=0.06)
        signal(w, "error_ratio_by_pod", labels, lost, noise=0.06)
        signal(w, "request_rate_by_pod", labels, flat(9.5))
        if index in fell:
            signal(w, "restarts", labels | {"container": "live-chat"}, step(0, 1, fell[index], over=1), noise=0)
    requests(w, "live-chat", rate=flat(38), errors=ramp(0.05, 0.07), p95=ramp(3.3, 4.1))
    requests(w, "help-web", rate=flat(61), errors=flat(0.0006), p95=flat(0.12))
    requests(w, "intents", rate=flat(20), errors=flat(0.0004), p95=flat(0.05))
    measured(w, web, 0.22)
    measured(w, intents, 0.3)
    calls(w, "live-chat", "intents", 0.05)
    machines(w)
    alert(w, "ChatLatencyHigh", minutes(47), "p95 of live-chat has been above 3 s for 10 minutes", service="live-chat")


@case(
    "images-of-two-years-fill-the-registry",
    "build-farm",
    "2026-03-24T10:26:00",
    title="No build can push its image any more; the volume of the team's registry is full, pulls work",
    drawn_from="a private registry on a volume of its own, no space left on device in blob uploads, 500 to docker push",
    why="Every upload ends in the registry's own message that its device has no space, since the minute in which the "
    "volume's figure reached one. It runs unchanged for months and answers reads. The build agents were renewed this "
    "morning and pushed for half an hour. Someone has to delete old tags and collect, or to grow the volume; a start "
    "or an older template frees nothing.",
    expect=[Fault("Deployment/registry", "resource_exhaustion", "page_human")],
    acceptable=[("resource_exhaustion", "page_human", "PersistentVolumeClaim/registry-data")],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "scale_database",
    ],
)
def full_registry(w: World) -> None:
    nodes(w, "bf-1", "bf-2", "bf-3", memory="32831360Ki")
    image, full = "registry.build-farm.example", minutes(29)
    spec = pod_spec(
        container(
            "registry",
            "docker.io/library/registry:2.8.3",
            port=5000,
            env={"REGISTRY_STORAGE_DELETE_ENABLED": "true"},
            memory=("256Mi", "1Gi"),
            ready="/",
            mounts={"data": "/var/lib/registry"},
        ),
        volumes={"data": "pvc/registry-data"},
    )
    store = deployment(w, "registry", [Rev(spec, days(118))], 1, strategy={"type": "Recreate"}, age=days(730))
    claim(w, "registry-data", size="500Gi", age=days(730))
    service(w, "registry", port=5000, target=5000)
    agent = well(w, "build-agent", "docker.io/moby/buildkit:v0.18.2", pods=3, age=minutes(58), port=1234,
                 before="docker.io/moby/buildkit:v0.18.1", env={"PUSH_TO": "registry:5000"})  # fmt: skip
    forge = well(w, "forge", f"{image}/forge:9.0.3", pods=1, age=days(33), port=3000, talk=True)
    queue = well(w, "build-queue", f"{image}/build-queue:1.14", pods=1, age=days(33))
    names = ("web", "billing", "search", "mailer")
    lines = []
    for turn, age in enumerate(range(int(full), 8, -44)):
        name, mark = names[turn % 4], f"{7 * turn + 11:04x}c1d-5a7e-4e0b-9f{turn:02x}-2b77a9d0e4{turn:02x}"
        where = f"/var/lib/registry/docker/registry/v2/repositories/{name}/_uploads/{mark}/data"
        lines.append(
            L(
                age,
                "",
                f'time="{w.at(age)[:-1]}.{311 + turn}Z" level=error msg="response completed with error" '
                f'err.code=unknown err.detail="filesystem: write {where}: no space left on device" '
                'err.message="unknown error" go.version=go1.20.8 http.request.host="registry:5000" '
                f"http.request.method=PATCH http.request.uri=/v2/{name}/blobs/uploads/{mark} "
                'http.request.useragent="buildkit/v0.18" http.response.contenttype="application/json; charset=utf-8" '
                f"http.response.duration={180 + 7 * turn}.4ms http.response.status=500 vars.name={name}",
            )
        )
    for turn, age in enumerate(range(1700, 5, -61)):
        name = names[turn % 3]
        stamp = f"{w.time(age):%d/%b/%Y:%H:%M:%S +0000}"
        text = f'10.244.1.{20 + turn % 9} - - [{stamp}] "GET /v2/{name}/manifests/{1180 + turn % 5} HTTP/1.1" 200 1577'
        lines.append(L(age, "", f'{text} "" "containerd/v2.0.5"'))
    log(w, store, 0, "plain", lines)
    for index in range(3):
        start = L(minutes(57.5) - 21 * index, "info", "running server on [::]:1234")
        fine = often(150, minutes(55), full + 20, "info", ["pushing manifest for registry:5000/web:{n} done"])
        bad = [
            f"failed to push registry:5000/{name}:{{n}}: unexpected status from PATCH request to "
            f"http://registry:5000/v2/{name}/blobs/uploads/: 500 Internal Server Error"
            for name in names
        ]
        log(w, agent, index, "logfmt", [start, *fine, *often(120, full - 7, 9, "error", bad)])
    told = often(44, full - 15, 6, "warn", ["job {n} failed in step push (exit 1)", "job {n}: retry 2 of 3"])
    good = often(50, minutes(58), full + 10, "info", ["job {n} done in 212s"])
    log(w, queue, 0, "zap", [*good, *told])
    used = ramp(0.9925, 1.0, 3600, full)
    signal(w, "volume_used_share", {"persistentvolumeclaim": "registry-data"}, used, noise=0)
    requests(w, "registry", rate=flat(6.4), errors=step(0.0, 0.31, full, over=120), p95=flat(0.4))
    requests(w, "forge", rate=flat(11), errors=flat(0.0005), p95=flat(0.2))
    signal(w, "queue_depth", {"component": "build-queue", "queue": "jobs"}, step(4, 37, full, over=1700))
    for of, cpu in ((store, 0.1), (agent, 0.44), (forge, 0.25), (queue, 0.08)):
        measured(w, of, cpu)
    machines(w)
    alert(w, "BuildFailureRatioHigh", minutes(19), "82% of the builds of the last 10 minutes failed", team="platform")
