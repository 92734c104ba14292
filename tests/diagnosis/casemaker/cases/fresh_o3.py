"""Everyday trouble told by logs: a poisoned lock, an API that ended, no inode left, a bot that runs twice."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_b import RUST, stamped
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import digest
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, config_map, nodes, secret
from tests.diagnosis.casemaker.scene import alert, redis, taken, well
from tests.diagnosis.casemaker.signals import flat, signal
from tests.diagnosis.casemaker.templates import container, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "panic-poisons-the-lock-of-one-replica",
    "fx-desk",
    "2026-01-22T13:07:00",
    title="A third of the quotes fails: one replica panics at a poisoned mutex at each call since its first panic",
    drawn_from="called Result::unwrap() on an Err value: PoisonError, where one std Mutex serves all requests",
    why="One of three pods of the same template panicked once, over an empty book, and at the lock ever since; its "
    "health path does not touch the lock. The two others serve; a fresh process has a clean lock.",
    expect=[Fault("Deployment/quote-engine", "code_defect", "restart_workload")],
    acceptable=[("service_crash", "restart_workload"), ("resource_exhaustion", "restart_workload")],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "restart_workload", "target": "Deployment/desk-gateway"},
    ],
)
def poisoned(w: World) -> None:
    nodes(w, "fx-1", "fx-2", "fx-3")
    image = "europe-docker.pkg.dev/fx-desk-prod/apps"
    config_map(
        w, "currency-pairs", {"pairs.toml": "majors = true\nexotics = false\n"}, changed=minutes(51), by="argocd"
    )
    engine = well(w, "quote-engine", f"{image}/quote-engine:0.31.2", pods=3, age=days(19),
                  before=f"{image}/quote-engine:0.31.1", env={"RUST_LOG": "info", "RUST_BACKTRACE": "0"})  # fmt: skip
    gate = well(w, "desk-gateway", f"{image}/desk-gateway:1.9.0", pods=2, age=hours(20),
                before=f"{image}/desk-gateway:1.8.8")  # fmt: skip
    feed = well(w, "tick-feed", f"{image}/tick-feed:4.4", pods=1, age=days(19))
    said = ["quote EURUSD sz=250000 bid=1.0{n} us=41", "quote USDJPY sz=100000 us=38", "quote GBPCHF sz=50000 us=44"]
    since = minutes(34)
    for index in range(3):
        until = since if index == 1 else 1
        every = 60 if index == 1 else 24
        lines = often(every, minutes(57), until + 3, "info", said, "quote_engine::http")
        stamped(w, engine, index, RUST, lines)
    told = "thread 'tokio-runtime-worker' panicked at src/book.rs:{where}:\n{what}"
    first = told.format(where="212:47", what="index out of bounds: the len is 0 but the index is 0")
    note = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"
    again = told.format(where="88:35", what="called `Result::unwrap()` on an `Err` value: PoisonError { .. }")
    warned = f"{w.at(since + 2)[:-1]}.771902Z  WARN quote_engine::book: USDTRY: side is empty after snapshot 88201734"
    panics = [L(since + 2, "", warned), L(since, "", f"{first}\n{note}")]
    panics += [L(x.age, "", x.text) for x in often(60, since - 4, 1, "", [again])]
    log(w, engine, 1, "plain", panics)
    ailing = engine.pods[1]["status"]["podIP"]
    for index in range(2):
        lines = []
        for x in often(19, minutes(55), 2, "", ["x"]):
            number = int(digest(x.age, index)[:4], 16) % 3
            address = engine.pods[number]["status"]["podIP"]
            bad = address == ailing and x.age < since
            flags = (
                "503 UC upstream_reset_before_response_started{connection_termination}" if bad else "200 - via_upstream"
            )
            size = 95 if bad else 204
            text = f'"POST /quote HTTP/2" {flags} - "-" 118 {size} 2 "{address}:8080" outbound|80||quote-engine'
            lines.append(L(x.age, "info", text))
        log(w, gate, index, "envoy", lines)
    stamped(w, feed, 0, RUST, often(20, 900, 2, "info", ["snapshot {n} published, 61 pairs"], "tick_feed::publish"))
    alert(w, "QuoteErrorBudgetBurn", minutes(22), "fast burn of the error budget of POST /quote", slo="quotes")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "marketing-api-of-the-old-version-has-ended",
    "ad-reports",
    "2026-09-09T09:41:00",
    title="No figures of one ad network since 07:00: it switched the version off that our worker asks for",
    drawn_from="(#2635) You are calling a deprecated version of the Ads API, on the day on which a version ends",
    why="The network says so in its answers, from 07:00 sharp, and for each account alike; the token is renewed and "
    "good, other networks answer the same worker, and nothing of ours was released. The code has to move on.",
    expect=[Fault("Deployment/pull-worker", "dependency_failure", "page_human")],
    acceptable=[("code_defect", "page_human"), ("configuration_error", "page_human")],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "restart_connection_pool",
        "isolate_workload",
        "no_action",
    ],
)
def ended(w: World) -> None:
    nodes(w, "ar-1", "ar-2")
    redis(w)
    secret(w, "ad-networks", ["META_TOKEN", "TIKTOK_TOKEN", "GOOGLE_REFRESH_TOKEN"], age=days(400), changed=days(2))
    env = {"META_API_VERSION": "v21.0", "CELERY_BROKER_URL": "redis://redis:6379/0"}
    env_from, image = ("secret/ad-networks",), "registry.ad-reports.example/reports"
    commands = {"pull-worker": ("celery", "-A", "reports", "worker", "-Q", "pull", "-c", "4"),
                "pull-beat": ("celery", "-A", "reports", "beat")}  # fmt: skip
    made = {}
    for name, command in commands.items():
        inner = [container("celery", f"{image}:{v}", port=0, ready=None, command=command, env=env, env_from=env_from)
                 for v in ("2026.6.4", "2026.7.1")]  # fmt: skip
        revs = [Rev(pod_spec(inner[0]), days(90)), Rev(pod_spec(inner[1]), days(57))]
        made[name] = deployment(w, name, revs, 2 if name == "pull-worker" else 1)
    web = well(w, "report-web", f"{image}-web:2026.9.2", pods=2, age=hours(2.9), before=f"{image}-web:2026.9.1")
    ingress(w, "reports", "reports.example", [("/", "report-web", 80)])
    path = "https://graph.facebook.com/v21.0/act_{account}/insights"
    answer = (
        "\n\n  Message: Call was not successful\n  Method:  GET\n  Path:    {path}\n  Status:  400\n  Response:\n    "
        '{{"error": {{"message": "(#2635) You are calling a deprecated version of the Ads API. Please update to the '
        'latest version: v24.0.", "type": "OAuthException", "code": 2635, "fbtrace_id": "A{trace}"}}}}'
    )
    for index in range(2):
        lines = []
        for age in range(int(hours(3.4)), 10, -1200):
            task, account = digest("task", age, index)[:8], 101_538_227 + age * 7 + index
            for offset, name in ((0, "tiktok"), (21, "google"), (44, "meta")):
                at = age - offset - 9 * index
                stamp = w.time(at).strftime("%Y-%m-%d %H:%M:%S")
                full, child = f"reports.tasks.pull_{name}[{task}-{name}]", 1 + offset % 4
                if name != "meta" or at > hours(2.6833):
                    text = f"[{stamp},118: INFO/ForkPoolWorker-{child}] Task {full} succeeded in 3.{age % 97}s: 412"
                else:
                    said = answer.format(path=path.format(account=account), trace=digest(at)[:20])
                    text = f"[{stamp},604: ERROR/ForkPoolWorker-{child}] Task {full} raised unexpected: "
                    text += f"FacebookRequestError({said})"
                lines.append(L(at, "", text))
        log(w, made["pull-worker"], index, "plain", lines)
    due = "Scheduler: Sending due task pull-{name} (reports.tasks.pull_{name})"
    beats = [L(age, "", f"[{w.at(age).replace('T', ' ')[:-1]},001: INFO/MainProcess] {due.format(name=name)}")
             for age in range(3240, 10, -1200) for name in ("tiktok", "google", "meta")]  # fmt: skip
    log(w, made["pull-beat"], 0, "plain", beats)
    seen = ["GET /campaigns 200", "GET /networks/meta 200 (newest figures: 06:57)", "GET /export.csv 200"]
    log(w, web, 0, "python", often(20, 900, 2, "info", seen, "reports.web"))
    alert(w, "FiguresOfNetworkStale", minutes(72), "figures are older than 90 minutes", network="meta", team="data",
          severity="warning")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "sessions-of-a-month-and-no-inode-left",
    "museum-tickets",
    "2026-05-30T09:34:00",
    title="No visitor can log in: session files of weeks have taken every inode of a volume that is two thirds empty",
    drawn_from="No space left on device with df showing room: PHP's session files, and their cleaner switched off",
    why="Only new files are refused, and the volume is used to 31%, so that it has no inode left. "
    "The run that removes old sessions has been suspended by hand for 24 days.",
    expect=[Fault("PersistentVolumeClaim/php-sessions", "resource_exhaustion", "page_human")],
    acceptable=[
        ("capacity", "page_human"),
        *(
            (cause, "page_human", what)
            for what in ("CronJob/session-gc", "Deployment/tickets-web")
            for cause in ("resource_exhaustion", "configuration_error")
        ),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "scale_database", "no_action"],
)
def inodes(w: World) -> None:
    nodes(w, "mt-1", "mt-2")
    secret(w, "tickets-db", ["DB_PASSWORD"], age=days(200))
    claim(w, "php-sessions", size="10Gi")
    claim(w, "posters", size="50Gi")
    image, env = "registry.museum.example/tickets", {"DB_PASSWORD": from_secret("tickets-db", "DB_PASSWORD")}
    mounts = {"sessions": "/var/lib/php/sessions", "posters": "/app/public/posters"}
    ready = {"tcpSocket": {"port": 9000}, "periodSeconds": 10, "failureThreshold": 3}
    inner = [
        container("php-fpm", f"{image}:{v}", port=9000, ready=ready, env=env, mounts=mounts) for v in ("8.4", "8.5")
    ]
    volumes = {"sessions": "pvc/php-sessions", "posters": "pvc/posters"}
    revs = [Rev(pod_spec(each, volumes=volumes), age) for each, age in zip(inner, (days(60), days(2)), strict=True)]
    web = deployment(w, "tickets-web", revs, 2)
    service(w, "tickets-web", target=9000)
    well(w, "prices", "registry.museum.example/prices:31", pods=1, age=minutes(51), talk=True,
                  before="registry.museum.example/prices:30")  # fmt: skip
    find = ("find", "/s", "-type", "f", "-mmin", "+1440", "-delete")
    inner = [container("gc", "alpine:3.20", port=0, ready=None, mounts={"sessions": "/s"}, command=find)]
    spec = pod_spec(inner[0], volumes={"sessions": "pvc/php-sessions"})
    cron = w.add({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": w.meta("CronJob", "session-gc", days(200)),
        "spec": {
            "schedule": "20 3 * * *",
            "concurrencyPolicy": "Forbid",
            "suspend": True,
            "jobTemplate": {"spec": {"template": {"spec": spec | {"restartPolicy": "Never"}}}},
        },
        "status": {"lastScheduleTime": w.at(days(24.26)), "lastSuccessfulTime": w.at(days(24.25))},
    })  # fmt: skip
    w.changed(cron, days(24), "kubectl-patch", {"f:spec": {"f:suspend": {}}})
    for index in range(2):
        lines = []
        for age in range(3500, 2700, -160):
            moment = w.time(age).strftime("%d/%b/%Y:%H:%M:%S +0000")
            lines.append(L(age, "", f'10.244.0.9 -  {moment} "POST /index.php" 302'))
        for age in range(2580 - 20 * index, 2, -77):
            mark, pid = digest("sess", age, index)[:26], 17 + age % 9
            head = f"[{w.time(age).strftime('%d-%b-%Y %H:%M:%S')}] WARNING: [pool www] child {pid} said into stderr:"
            path = f"/var/lib/php/sessions/sess_{mark}"
            lines += [
                L(age, "", f'{head} "NOTICE: PHP message: PHP Warning:  session_start(): open({path}, O_RDWR) failed: '
                  'No space left on device (28) in /app/src/Http/Session.php on line 41"'),
                L(age, "", f'10.244.0.9 -  {w.time(age).strftime("%d/%b/%Y:%H:%M:%S +0000")} "POST /index.php" 500'),
            ]  # fmt: skip
            if age % 3 == 0:
                told = f'10.244.0.9 -  {w.time(age).strftime("%d/%b/%Y:%H:%M:%S +0000")} "GET /index.php" 200'
                lines.append(L(age - 9, "", told))
        log(w, web, index, "plain", lines)
    for name, share in (("php-sessions", 0.31), ("posters", 0.62)):
        signal(w, "volume_used_share", {"persistentvolumeclaim": name}, flat(share), noise=0.001)
    alert(w, "TicketLoginErrors", minutes(37), "POST /login answers 500 for more than half of the visitors", app="web")


@case(
    "bot-that-was-tried-out-beside-itself",
    "bike-sharing",
    "2026-07-02T18:09:00",
    title="The support bot loses questions: a copy for a trial runs beside it and empties the same inbox",
    drawn_from="Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    why="Both bots use one token and one Secret, and each throws the other out every few seconds since the copy was "
    "made 47 minutes ago. The old one did not change; whoever made the copy has to take it away.",
    expect=[Fault("Deployment/support-bot-trial", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Deployment/support-bot"),
        ("dependency_failure", "page_human", "Deployment/support-bot"),
    ],
    tolerated=["isolate_workload"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action"],
)
def two_bots(w: World) -> None:
    nodes(w, "bs-1", "bs-2")
    secret(w, "support-bot", ["TELEGRAM_TOKEN"], age=days(310), changed=days(64))
    config_map(w, "bot-texts", {"greeting": "Hello! How can we help?"}, changed=hours(5))
    env: dict[str, Any] = {
        "TELEGRAM_TOKEN": from_secret("support-bot", "TELEGRAM_TOKEN"),
        "REDIS_URL": "redis://redis:6379/3",
    }
    redis(w)
    image = "registry.bike-sharing.example/support-bot"
    inner = [container("bot", f"{image}:{v}", port=0, ready=None, env=env) for v in ("3.8.1", "3.9.0", "4.0.0-rc1")]
    bot = deployment(w, "support-bot", [Rev(pod_spec(inner[0]), days(64)), Rev(pod_spec(inner[1]), days(20))], 1)
    trial = deployment(w, "support-bot-trial", [Rev(pod_spec(inner[2]), minutes(47))], 1, age=minutes(47), number=1)
    w.changed(trial.obj, minutes(47), "kubectl-create")
    well(w, "dock-status", "registry.bike-sharing.example/dock-status:81", age=hours(7), talk=True,
         before="registry.bike-sharing.example/dock-status:80")  # fmt: skip
    answered = 'HTTP Request: POST https://api.telegram.org/bot***/getUpdates "HTTP/1.1 200 OK"'
    bad = answered.replace("200 OK", "409 Conflict")
    text = "terminated by other getUpdates request; make sure that only one bot instance is running"
    for of, phase, since in ((bot, 0, minutes(46.7)), (trial, 5, minutes(46.6))):
        lines = often(10, minutes(58), minutes(47), "info", [answered], "httpx")[-14:] if of is bot else [
            L(minutes(46.8), "info", "Application started", "telegram.ext.Application")]  # fmt: skip
        age = since - phase
        while age > 1:
            lines += [
                L(age, "info", bad, "httpx"),
                L(age - 1, "error", f"Error while getting Updates: Conflict: {text}", "telegram.ext.Updater"),
                L(age - 4, "info", answered, "httpx"),
            ]
            if int(age) % 4 == 0:
                lines.append(L(age - 4, "info", f"question {digest(age)[:6]} answered in 1 step", "bot.dialog"))
            age -= 171 if age > 300 else 25
        log(w, of, 0, "python", lines)
    alert(w, "ErrorLinesHigh", minutes(36), "support-bot wrote more than 5 errors in 10 minutes", severity="warning",
          deployment="support-bot")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
