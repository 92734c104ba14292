"""Releases that hurt somebody else, or themselves: a bind address, a slow start, a smaller page."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import probe_failure, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, ip, policy, service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

NO_METRICS = ("metrics", False, "no Prometheus is configured")


@case(
    "released-program-listens-only-to-itself",
    "podcasts",
    "2026-04-14T15:09:00",
    title="Two callers are refused by a service whose pods are all ready; since its release it binds to 127.0.0.1",
    drawn_from="uvicorn without --host listens on loopback; a readiness command inside of the container finds it well",
    why="The new command lost 0.0.0.0 and the program says that it runs on 127.0.0.1; since then its log has only its "
    "own probe. A refusal is no policy's doing, and the web that complains was released half an hour before.",
    expect=[Fault("Deployment/episode-search", "configuration_error", "rollback_workload")],
    acceptable=[("code_defect", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/web"},
        {"remedy": "rollback_workload", "target": "Deployment/mobile-api"},
    ],
)
def loopback(w: World) -> None:
    nodes(w, "pc-1", "pc-2", "pc-3")
    image = "ghcr.io/podcasts-example"
    ready = {"exec": {"command": ["curl", "-fsS", "localhost:8000/healthz"]}, "periodSeconds": 15,
             "timeoutSeconds": 2, "successThreshold": 1, "failureThreshold": 3}  # fmt: skip
    env = {"INDEX_PATH": "/index", "SENTRY_ENVIRONMENT": "prod"}
    old = ("gunicorn", "app.main:app", "-k", "uvicorn.workers.UvicornWorker", "-w", "2", "-b", "0.0.0.0:8000")
    new = ("uvicorn", "app.main:app", "--workers", "2", "--port", "8000")
    specs = [
        pod_spec(container("app", f"{image}/episode-search:{tag}", port=8000, env=env, ready=ready, command=command))
        for tag, command in (("0.38.2", old), ("0.39.0", new))
    ]
    revisions = [Rev(specs[0], days(21)), Rev(specs[1], minutes(22), cause="0.39.0: drop gunicorn (#512)")]
    search = deployment(w, "episode-search", revisions, 3)
    service(w, "episode-search", target=8000)
    web = well(w, "web", f"{image}/web:2026.15.1", age=minutes(51), before=f"{image}/web:2026.15.0", port=3000)
    mobile = well(w, "mobile-api", f"{image}/mobile-api:4.22.0", pods=3, age=days(16))
    feeds = well(w, "feed-fetcher", f"{image}/feed-fetcher:1.9.4", age=days(44))
    ingress(w, "site", "podcasts.example", [("/", "web", 80), ("/api", "mobile-api", 80)])
    allowed = [{"from": [{"podSelector": {"matchLabels": {"app": each}}} for each in ("web", "mobile-api")],
                "ports": [{"protocol": "TCP", "port": 8000}]}]  # fmt: skip
    policy(w, "episode-search-callers", search.labels, age=days(2), ingress_from=allowed)
    where = f"{ip(w, 'episode-search')}:80"
    for index in range(3):
        began = minutes(21.6) - 9 * index
        lines = [
            L(began, "", "INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)"),
            L(began - 0.2, "", "INFO:     Started parent process [1]"),
        ]
        for pid in (8, 9):
            lines += [
                L(began - 1, "", f"INFO:     Started server process [{pid}]"),
                L(began - 1, "", "INFO:     Waiting for application startup."),
                L(began - 3, "", f"{w.at(began - 3)} index opened: 2418113 episodes, 31 shards"),
                L(began - 3, "", "INFO:     Application startup complete."),
            ]
        for age in range(int(began) - 12, 3, -15):
            port = 33000 + age * 7 % 24000
            lines.append(L(age, "", f'INFO:     127.0.0.1:{port} - "GET /healthz HTTP/1.1" 200 OK'))
        log(w, search, index, "plain", lines)
    for index in range(2):
        text = [f"GET /search 502: FetchError: request to http://episode-search/v1/search failed, reason: connect "
                f"ECONNREFUSED {where}"]  # fmt: skip
        fine = ["GET /show/{n} 200 31ms", "GET / 200 18ms", "GET /episode/{n} 200 22ms"]
        lines = [
            *often(21, minutes(20.9) - 7 * index, 1, "error", text),
            *often(35, minutes(49) - 7 * index, 2, "info", fine),
        ]
        log(w, web, index, "pino", [*lines, *often(110, minutes(49), minutes(22), "info", ["GET /search 200 64ms"])])
    for index in range(3):
        text = [f'search: Get "http://episode-search/v1/suggest?q=new": dial tcp {where}: connect: connection refused']
        lines = often(33, minutes(20.8) - 5 * index, 3, "error", text, "mobile/search.go:71")
        fine = ["GET /api/v4/home 200 12ms", "GET /api/v4/queue 200 5ms"]
        log(
            w,
            mobile,
            index,
            "zap",
            [*lines, *often(40, minutes(40) - 5 * index, 1, "info", fine, "mobile/access.go:33")],
        )
    log(w, feeds, 0, "logfmt", often(23, minutes(20), 2, "info", ["feed {n}: 304 not modified", "feed {n}: 1 new"]))
    alert(w, "WebSearchErrors", minutes(16), "more than 90% of /search answers of web are 5xx", service="web")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "release-starts-longer-than-its-liveness-probe-waits",
    "claims-intake",
    "2026-02-25T11:41:00",
    title="A roll-out is stuck at its first pod: its program still loads when the liveness probe has it killed",
    drawn_from="liveness probes without a startup probe, and a model that loads for minutes instead of seconds",
    why="The probe is the same as before and the old pods were ready after 43 seconds. Each run of the new image ends "
    "the same 115 seconds after its start, by the kubelet's hand, with memory still rising. No log may be read.",
    expect=[Fault("Deployment/ocr-api", "configuration_error", "rollback_workload")],
    acceptable=[("code_defect", "rollback_workload"), ("service_crash", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/claims-web"},
    ],
)
def slow_start(w: World) -> None:
    nodes(w, "ci-1", "ci-2", "ci-3", cpu="16", memory="65856132Ki")
    image, name = "registry.claims.example/intake", "ocr-api"
    specs = [
        pod_spec(
            container(
                name,
                f"{image}/ocr-api:{tag}",
                cpu=("1", "2"),
                memory=("4Gi", "6Gi"),
                ready=http("/readyz", 8080, period=5),
                live=http("/livez", 8080, delay=60),
                env={"MODEL_DIR": "/models", "OMP_NUM_THREADS": "2"},
            )
        )
        for tag in ("2.14.3", "2.15.0")
    ]
    age = minutes(26)
    last = terminated(137, "Error", started=260, finished=145)
    old = [P(rev=0, age=days(13) - 90 * each, unready=days(13) - 90 * each - 43) for each in range(3)]
    new = P(age=age, restarts=6, backoff="5m0s", last=last, unready=age, node="ci-2")
    top = deployment(w, name, [Rev(specs[0], days(13)), Rev(specs[1], age)], [*old, new], replicas=3,
                     desired={0: 3, 1: 1})  # fmt: skip
    service(w, name)
    fresh = top.pods[3]
    at = fresh["status"]["podIP"]
    probes = (("Liveness", "livez", 1490, 176, 21), ("Readiness", "readyz", 1552, 149, 158))
    for which, path, first, until, count in probes:
        cause = f'Get "http://{at}:8080/{path}": dial tcp {at}:8080: connect: connection refused'
        killed = 7 if which == "Liveness" else 0
        probe_failure(w, fresh, which, cause, first=first, last=until, count=count, killed=killed)
    restarting(w, fresh, first=1440, last=6, count=41)
    web = well(w, "claims-web", f"{image}/claims-web:118", before=f"{image}/claims-web:117", age=hours(2.3), pods=3)
    rules = well(w, "coverage-rules", f"{image}/coverage-rules:7.0.2", age=days(31))
    files = well(w, "document-store", f"{image}/document-store:1.12.0", age=days(77))
    ingress(w, "claims", "claims.example", [("/", "claims-web", 80)])
    # Each try grows as far as two minutes let it; nothing is held between the tries.
    tries = [(age, age - 115), (1435, 1320), (1300, 1185), (1145, 1030), (950, 835), (675, 560), (260, 145)]

    def loaded(when: float) -> float:
        return next((0.05 + 0.0061 * (begin - when) for begin, end in tries if end <= when <= begin), 0.0)

    def busy(when: float) -> float:
        return next((0.52 for begin, end in tries if end <= when <= begin), 0.0)

    measured(w, top, 0.34, 0.41, pods={3: {"memory_share": loaded, "cpu_share": busy}})
    label = {"pod": fresh["metadata"]["name"], "container": name}
    exact(w, "restarts", label, lambda when: float(sum(begin >= when for begin, _ in tries[1:])), since=age - 30)
    measured(w, web)
    measured(w, rules, 0.13)
    measured(w, files, 0.09)
    requests(w, "claims-web", rate=flat(31), errors=flat(0.0008), p95=flat(0.4))
    requests(w, name, rate=flat(4.2), errors=flat(0.0005), p95=flat(1.6))
    requests(w, "coverage-rules", rate=flat(18), errors=flat(0.0002), p95=flat(0.03))
    machines(w, 0.29)
    alert(w, "KubePodCrashLooping", minutes(11), f"Pod claims-intake/{label['pod']} ({name}) is in waiting "
          "state (reason: CrashLoopBackOff).", pod=label["pod"], severity="warning")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", False, "pods/log is forbidden"), ("metrics", True, ""))


@case(
    "page-size-capped-by-a-release-of-the-supplier",
    "loyalty",
    "2026-06-09T13:17:00",
    title="A synchronisation falls behind: the members' service takes no more than a hundred a page since its release",
    drawn_from="a validation added to a query parameter: 422 for callers that ask for 500, no 5xx anywhere",
    why="Two callers are refused since the minute of the supplier's release, one of them unchanged for weeks; the "
    "synchronisation that alerts was released eight minutes later and asks what it always asked.",
    expect=[Fault("Deployment/members-api", "code_defect", "rollback_workload")],
    acceptable=[("configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/crm-sync"},
        {"remedy": "rollback_workload", "target": "Deployment/statement-builder"},
    ],
)
def page_size(w: World) -> None:
    nodes(w, "lo-a", "lo-b", "lo-c")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    base = postgres(w, "members-db")
    image, at = "registry.loyalty.example", minutes(41)
    members = well(w, "members-api", f"{image}/members-api:5.12.0", pods=3, age=at, port=8000,
                   before=f"{image}/members-api:5.11.4", env={"DB_HOST": "members-db"})  # fmt: skip
    env = {"MEMBERS_URL": "http://members-api", "PAGE_SIZE": "500"}
    sync = well(w, "crm-sync", f"{image}/crm-sync:3.4.1", age=minutes(33), before=f"{image}/crm-sync:3.4.0", env=env)
    bills = well(w, "statement-builder", f"{image}/statement-builder:1.27.0", age=days(34), env=env)
    portal = well(w, "portal", f"{image}/portal:640", pods=3, age=days(5), port=3000)
    points = well(w, "points-ledger", f"{image}/points-ledger:9.1.0", age=days(50), talk=True)
    ingress(w, "portal", "my.loyalty.example", [("/", "portal", 80)])
    detail = ('{"detail":[{"type":"less_than_equal","loc":["query","limit"],"msg":"Input should be less than or equal '
              'to 100","input":"500","ctx":{"le":100}}]}')  # fmt: skip
    for index in range(3):
        lines = [L(at - 8 - 9 * index, "", "INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)")]
        for number, age in enumerate(range(int(at) - 30, 2, -11 - index)):
            asks, query, answer = portal, "q=mail&limit=20", "200 OK"
            if number % 4 == 1:
                asks, query = sync, "changed_since=2026-06-09T12%3A35%3A00Z&limit=500"
            elif number % 12 == 2:
                asks, query = bills, "tier=gold&limit=500"
            if asks is not portal:
                answer = "422 Unprocessable Entity"
            peer = asks.pods[number // 4 % len(asks.pods)]["status"]["podIP"]
            line = f'{peer}:{35000 + age * 11 % 20000} - "GET /v1/members?{query} HTTP/1.1" {answer}'
            lines.append(L(age, "", f"INFO:     {line}"))
        log(w, members, index, "plain", lines)
    for index in range(2):
        text = ["page of changed members failed (attempt {n}): Response code 422 (Unprocessable Entity) " + detail]
        start = L(minutes(32.7) - 9 * index, "info", "crm-sync 3.4.1 (logs: redact mail addresses), page size 500")
        lines = [start, *often(31, minutes(32.5) - 9 * index, 2, "error", text)]
        log(w, sync, index, "pino", [*lines, *often(190, minutes(32), 2, "info", ["cursor not moved, retry in 30s"])])
        good = often(150, hours(3), at + 20, "info", ["batch {n}: 500 members read in 1.1s, statements rendered"])
        text = [f"batch {{n}} skipped: 422 Client Error: Unprocessable Entity for url: http://members-api/v1/members"
                f"?tier=gold&limit=500 body={detail}"]  # fmt: skip
        lines = [*good, *often(140, at - 40 - 30 * index, 2, "error", text)]
        log(w, bills, index, "python", [L(x.age, x.level, x.text, "statements.batch") for x in lines])
    log(w, portal, 0, "pino", often(14, minutes(12), 2, "info", ["GET /me 200 44ms", "GET /members?q 200 61ms"]))
    requests(w, "members-api", rate=flat(37), errors=flat(0.0004), p95=step(0.21, 0.05, at))
    requests(w, "portal", rate=flat(29), errors=flat(0.0006), p95=flat(0.24))
    requests(w, "points-ledger", rate=flat(12), errors=flat(0.0003), p95=flat(0.02))
    signal(w, "queue_depth", {"component": "crm-sync"}, ramp(40, 61_200, at))
    for by, share in (("crm-sync", 1.0), ("statement-builder", 0.98)):
        calls(w, by, "members-api", step(1.1, 0.02, at), step(0.0004, share, at))
    calls(w, "portal", "members-api", 0.04)
    measured(w, members, step(0.3, 0.16, at))
    measured(w, sync, 0.06)
    measured(w, bills, step(0.28, 0.04, at))
    measured(w, portal)
    measured(w, points, 0.1)
    measured(w, base, step(0.3, 0.19, at))
    machines(w)
    alert(w, "CrmSyncBehind", minutes(24), "61,000 changes of members are not in the CRM, oldest 41 minutes",
          service="crm-sync", severity="warning")  # fmt: skip
