"""Work that waits or runs elsewhere, with all figures: pinned streams, few processes, a feed, an hour that is over."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.cases.fresh_p2 import split
from tests.diagnosis.casemaker.events import event, probe_failure
from tests.diagnosis.casemaker.jobs import busy
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import uid
from tests.diagnosis.casemaker.network import ingress, ip, service
from tests.diagnosis.casemaker.platform import hpa, nodes, secret
from tests.diagnosis.casemaker.pods import P, running, terminated
from tests.diagnosis.casemaker.scene import alert, redis, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, pulse, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes

HELD = ("configuration_error", "network_fault", "capacity", "resource_exhaustion")


@case(
    "grown-quote-service-whose-callers-keep-to-the-old-pods",
    "fx-desk",
    "2026-01-21T08:43:00",
    title="Orders miss their quotes since London opened; seven new quote pods idle beside four full ones",
    drawn_from="gRPC over a ClusterIP: long-lived HTTP/2 connections stay where they are when the autoscaler adds pods",
    why="The autoscaler did its part and is content with the average; what it added has no connection and no call, for "
    "the callers opened theirs days ago. New connections spread over all; more pods would idle too.",
    expect=[Fault("Deployment/order-router", "configuration_error", "restart_workload")],
    acceptable=[
        *((cause, "restart_workload", of) for cause in HELD for of in ("Deployment/order-router", "Deployment/quotes")),
        *((cause, "restart_connection_pool", "Deployment/order-router") for cause in HELD),
    ],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def pinned(w: World) -> None:
    nodes(w, "fx-1", "fx-2", "fx-3", "fx-4", cpu="8")
    image = "registry.fx-desk.example"
    spec = pod_spec(container("quotes", f"{image}/quotes:4.9.0", port=9090, cpu=("500m", "1"), ready={
        "grpc": {"port": 9090, "service": ""}, "periodSeconds": 10, "timeoutSeconds": 1}))  # fmt: skip
    pods = [P(age=days(13) - 60 * n) for n in range(4)] + [P(age=minutes(34) - 45 * (n // 4)) for n in range(7)]
    quotes = deployment(w, "quotes", [Rev(spec, days(13))], pods)
    for few, many, when in ((4, 8, 34), (8, 11, 33.25)):
        text = f"Scaled up replica set {quotes.sets[0]['metadata']['name']} from {few} to {many}"
        event(w, quotes.obj, "ScalingReplicaSet", text, kind="Normal", last=minutes(when))
    service(w, "quotes", port=9090, target=9090)
    hpa(w, quotes, low=4, high=16, now=11, used=74, scaled=minutes(33))
    env = {"QUOTES_TARGET": "dns:///quotes:9090", "QUOTES_CHANNELS": "8", "QUOTES_DEADLINE_MS": "800"}
    router = well(w, "order-router", f"{image}/order-router:22.3", pods=6, age=days(9), env=env)
    before = f"{image}/order-entry:6.0.6"
    entry = well(w, "order-entry", f"{image}/order-entry:6.0.7", pods=3, age=minutes(54), before=before)
    feed = well(w, "rates-feed", f"{image}/rates-feed:3.1", pods=2, age=days(31), talk=True)
    risk = well(w, "risk-limits", f"{image}/risk-limits:18.4", pods=3, age=days(4), talk=True)
    late = (
        "order {n}: io.grpc.StatusRuntimeException: DEADLINE_EXCEEDED: CallOptions deadline exceeded after "
        "0.799918522s. Name resolution delay 0.000000000 seconds. [closed=[], open=[[remote_addr="
        f"quotes/{ip(w, 'quotes')}:9090]]]"
    )
    for index in range(6):
        lines = often(11, minutes(13) - 4.1 * index, 1, "warn", [late], "f.r.QuoteClient")
        lines += often(12, minutes(13) - 2.3 * index, 1, "info", ["order {n} routed in 96ms"], "f.r.Router")
        log(w, router, index, "logback", lines)
    at, idle = minutes(40), range(4, 11)
    for index in range(11):
        if index in idle:
            start = L(minutes(33.2), "info", "serving fx.quotes.v1.Quotes on [::]:9090, book of 61 pairs loaded")
            lines = [start, *often(60, minutes(32), 1, "info", ["stats conns=0 inflight=0 calls_1m=0 health_1m=6"])]
            signal(w, "request_rate_by_pod", {"pod": quotes.pod(index)}, flat(0), since=minutes(33), noise=0)
        else:
            said = f"stats conns=12 inflight={240 + index} calls_1m=24{index}18 health_1m=6"
            lines = often(60, minutes(38), 1, "info", [said], "srv/stats.go:40")
            split(w, quotes, index, step(205, 408, at, over=240), step(0.012, 1.4, at - 120))
        log(w, quotes, index, "zap", lines)
    heard = ["order {n} rejected: no firm quote", "order {n} accepted"]
    log(w, entry, 0, "pino", often(21, minutes(25), 1, "info", heard))
    failing = step(0.001, 0.12, at - 90)
    requests(w, "order-entry", rate=step(410, 815, at), errors=failing, p95=step(0.1, 0.93, at - 90))
    requests(w, "order-router", rate=step(408, 812, at), errors=failing, p95=step(0.09, 0.9, at - 90))
    requests(w, "quotes", rate=step(820, 1632, at), errors=flat(0.0004), p95=step(0.012, 1.4, at - 120))
    requests(w, "rates-feed", rate=flat(120), errors=flat(0.0001), p95=flat(0.01))
    measured(w, quotes, step(0.49, 0.985, at), 0.5, step(0.01, 0.64, at), {n: {"cpu_share": flat(0.02)} for n in idle})
    for each in (router, entry, feed, risk):
        measured(w, each, step(0.16, 0.27, at))
    calls(w, "order-router", "quotes", step(0.013, 0.8, at - 90), failing)
    calls(w, "order-router", "risk-limits", 0.006)
    calls(w, "order-entry", "order-router", step(0.09, 0.9, at - 90), failing)
    exact(w, "hpa_replicas", {"component": "quotes"}, step(4, 11, minutes(34)))
    exact(w, "hpa_max", {"component": "quotes"}, flat(16))
    signal(w, "hpa_utilisation", {"component": "quotes"}, pulse(74, 196, minutes(38), minutes(33)))
    machines(w, step(0.22, 0.37, at))
    text = "12% of orders are rejected without a firm quote"
    alert(w, "OrdersWithoutFirmQuote", minutes(31), text, service="order-entry")


@case(
    "labels-wait-for-eight-processes-where-there-were-forty-eight",
    "parcel-labels",
    "2026-05-19T10:58:00",
    title="Orders stay without a label; the label workers lost their --concurrency with a release and stand half idle",
    drawn_from="Celery falls back to the number of CPUs when a flag is lost with a rewritten command; the queue grows",
    why="As many messages come as ever and each label takes as long as ever; what changed is the workers' command, and "
    "their banner counts 4 processes for 24. The shop was released nineteen minutes later.",
    expect=[Fault("Deployment/label-worker", "configuration_error", "rollback_workload")],
    acceptable=[(cause, "rollback_workload") for cause in ("capacity", "resource_exhaustion", "code_defect")],
    tolerated=["scale_workload", "page_human"],
    forbidden=["restart_workload", "no_action", "scale_database", "isolate_workload",
               {"remedy": "rollback_workload", "target": "Deployment/shop-api"},
               {"remedy": "scale_workload", "target": "Deployment/carrier-proxy"}],
)  # fmt: skip
def eight(w: World) -> None:
    nodes(w, "pl-1", "pl-2", "pl-3")
    image, base, at = "ghcr.io/parcel-labels-example", ("celery", "-A", "labels", "worker", "-l", "INFO"), minutes(46)
    spec = pod_spec(container("rabbitmq", "rabbitmq:3.13.7-management", port=5672, memory=("1Gi", "2Gi"), ready=None))
    broker = statefulset(w, "rabbitmq", spec)
    service(w, "rabbitmq", port=5672, target=5672)
    secret(w, "broker-url", ["CELERY_BROKER_URL"])
    specs = [
        pod_spec(container("label-worker", f"{image}/label-worker:{tag}", port=0, ready=None, cpu=("500m", "2"),
                           command=(*base, *more), env_from=("secret/broker-url",)))
        for tag, *more in (("3.6.1", "--concurrency=24", "--prefetch-multiplier=1"), ("3.7.0", "--without-mingle"))
    ]  # fmt: skip
    worker = deployment(w, "label-worker", [Rev(specs[0], days(19)), Rev(specs[1], at)], 2)
    carrier = well(w, "carrier-proxy", f"{image}/carrier-proxy:1.14", pods=2, age=days(77))
    shop = well(w, "shop-api", f"{image}/shop-api:60.2", pods=3, age=minutes(27), before=f"{image}/shop-api:60.1")
    status = well(w, "order-status", f"{image}/order-status:8.8", pods=2, age=days(12))
    store = redis(w, "label-cache")
    for index in range(2):
        banner = [
            f" -------------- celery@{worker.pod(index)} v5.4.0 (opalescent)",
            "- ** ---------- .> transport:   amqp://labels:**@rabbitmq:5672//",
            "- *** --- * --- .> concurrency: 4 (prefork)",
            " -------------- [queues]\n                .> labels           exchange=labels(direct) key=labels",
        ]
        lines = [L(at - 20, "", text) for text in banner]
        for x in often(33, at - 25 - 6 * index, 2, "", ["{n}"]):
            number, when = int(x.text), w.at(x.age)[:-1].replace("T", " ")
            task = f"labels.tasks.print_label[{uid(number)}] succeeded in {2.05 + number % 31 / 100:.3f}s: 'ok'"
            lines.append(L(x.age, "", f"[{when},118: INFO/ForkPoolWorker-{1 + number % 4}] Task {task}"))
        log(w, worker, index, "plain", lines)
        text = ["POST /shipments 201 2.1s carrier=PST", "POST /shipments 201 1.9s carrier=DLV"]
        log(w, carrier, index, "logfmt", often(15, minutes(20) - 5 * index, 2, "info", text))
        text = ["order {n}: state=waiting_for_label, no tracking number yet"]
        log(w, status, index, "python", often(14, minutes(19) - 3 * index, 2, "warning", text, "status.poll"))
    for index in range(3):
        start = L(minutes(26.6), "info", "shop-api 60.2: new address form", "cmd/main.go:31")
        text = ["POST /orders 201 77ms, label job published"]
        log(w, shop, index, "zap", [start, *often(14, minutes(19), 2, "info", text, "orders/create.go:90")])
    joined = "connection <0.1{n}.0> (10.244.1.12:40122 -> 10.244.1.11:5672): user 'labels' authenticated"
    log(w, broker, 0, "rabbitmq", often(9, at - 21, at - 40, "info", [joined]))
    requests(w, "shop-api", rate=flat(31), errors=flat(0.0007), p95=flat(0.14))
    requests(w, "carrier-proxy", rate=step(12, 3.6, at), errors=flat(0.002), p95=flat(2.2))
    requests(w, "order-status", rate=ramp(21, 58, at), errors=flat(0.0005), p95=flat(0.05))
    signal(w, "queue_depth", {"component": "rabbitmq", "queue": "labels"}, ramp(4, 23_100, at))
    signal(w, "queue_depth", {"component": "rabbitmq", "queue": "invoices"}, flat(3), noise=0.3)
    measured(w, worker, flat(0.06), 0.31, prior=0.19)
    for each in (carrier, shop, status, store, broker):
        measured(w, each, 0.21)
    calls(w, "label-worker", "carrier-proxy", 2.2, 0.002)
    calls(w, "shop-api", "rabbitmq", 0.004)
    calls(w, "order-status", "label-cache", 0.001)
    machines(w, 0.27)
    said = "oldest order without a label: 15 minutes"
    alert(w, "OrdersWaitTooLongForLabel", minutes(24), said, service="order-status")


@case(
    "first-market-place-feed-asks-the-catalogue-at-the-evening-peak",
    "bookstall",
    "2026-11-05T19:39:00",
    title="Search and shop are slow; a new feed reads the whole catalogue with 512 readers while customers are there",
    drawn_from="exports without a brake against the service that serves users: their load is invisible at the edge",
    why="Users come as on any evening; the catalogue answers five times as much since the minute in which the feed's "
    "first run began, and names it. The shop was released four minutes after. The feed has to wait for the night.",
    expect=[Fault("CronJob/marketplace-feed", "resource_exhaustion", "page_human")],
    acceptable=[
        ("capacity", "page_human"),
        ("configuration_error", "page_human"),
        *((cause, "page_human", "Deployment/catalogue") for cause in ("resource_exhaustion", "capacity")),
    ],
    tolerated=["scale_workload"],
    forbidden=["rollback_workload", "restart_workload", "no_action", "isolate_workload"],
)
def feed(w: World) -> None:
    nodes(w, "bs-1", "bs-2", "bs-3", cpu="8")
    image, at = "registry.bookstall.example", minutes(38)
    spec = pod_spec(container("feed", f"{image}/marketplace-feed:0.3.0", port=0, ready=None, cpu=("1", "2"), env={
        "CATALOGUE_URL": "http://catalogue", "READERS": "512", "FORMAT": "bookline-xml"}))  # fmt: skip
    run = busy(w, "marketplace-feed", spec, ages=[minutes(39)], schedule="0 19 * * 4")
    run.obj["metadata"]["creationTimestamp"] = w.at(days(3))
    del run.obj["status"]["lastSuccessfulTime"]
    spec = pod_spec(container("catalogue", f"{image}/catalogue:15.2.4", cpu=("500m", "1"), memory=("512Mi", "1Gi")))
    books = deployment(w, "catalogue", [Rev(spec, days(29))], 4)
    service(w, "catalogue")
    hpa(w, books, low=4, high=4, now=4, used=194, limited="TooManyReplicas", scaled=days(20))
    env = {"CATALOGUE_URL": "http://catalogue", "CATALOGUE_TIMEOUT": "3s"}
    shop = well(w, "shop", f"{image}/shop:341", pods=3, age=minutes(35), before=f"{image}/shop:340", env=env)
    find = well(w, "search-page", f"{image}/search-page:77", pods=2, age=days(11), env=env)
    also = well(w, "readers-also-bought", f"{image}/also:9.1", pods=2, age=days(52), env=env)
    pay = well(w, "till", f"{image}/till:12.4", pods=2, age=days(6), talk=True)
    ingress(w, "bookstall", "www.bookstall.example", [("/", "shop", 80), ("/search", "search-page", 80)])
    start = L(minutes(38.9), "info", "feed of 2,914,306 titles, 512 readers, no pause", "feed.main")
    done = [
        L(60 * m, "info", f"written {29_200 * (38 - m) + 7_100} of 2914306 titles", "feed.main")
        for m in range(37, 0, -1)
    ]
    log(w, run, 0, "python", [start, *done])
    for index in range(4):
        fed = [
            f'"GET /titles/9783016{{n}}4 HTTP/1.1" 200 8110 "marketplace-feed/0.3.0" {part}' for part in (1.011, 0.942)
        ]
        user = '"GET /titles/9783016{n}4 HTTP/1.1" 200 8110 "shop/341" 1.904'
        log(w, books, index, "nginx", often(3, 280 - 3 * index, 1, "info", [*fed, user, fed[0]]))
    late = "(Client.Timeout exceeded while awaiting headers)"
    for each in (shop, find, also):
        for index, _ in enumerate(each.pods):
            text = f'Get "http://catalogue/titles/9783016{{n}}4": context deadline exceeded {late}'
            lines = often(17, minutes(18) - 2 * index, 1, "error", [text], "catalogue/client.go:58")
            log(w, each, index, "zap", [*lines, *often(20, minutes(18), 2, "info", [f"{each.name} answered in 2.1s"])])
    for name, rate in (("shop", 64), ("search-page", 29), ("readers-also-bought", 33)):
        requests(w, name, rate=ramp(0.94 * rate, rate), errors=step(0.001, 0.07, at), p95=step(0.35, 3.2, at, over=90))
        calls(w, name, "catalogue", step(0.05, 2.9, at, over=90), step(0.0005, 0.09, at))
    requests(w, "catalogue", rate=step(122, 610, at), errors=flat(0.0006), p95=step(0.04, 2.8, at, over=90))
    requests(w, "till", rate=flat(5), errors=flat(0.001), p95=flat(0.4))
    measured(w, books, step(0.21, 0.985, at), 0.47, step(0.003, 0.69, at))
    measured(w, run, 0.44, 0.5)
    for each in (shop, find, also, pay):
        measured(w, each, 0.2)
    exact(w, "hpa_replicas", {"component": "catalogue"}, flat(4))
    exact(w, "hpa_max", {"component": "catalogue"}, flat(4))
    machines(w, step(0.28, 0.49, at))
    alert(w, "SearchPageSlow", minutes(30), "search pages take more than 3 s at p95", service="search-page")


@case(
    "budget-alert-looks-back-on-an-hour-that-is-over",
    "checkout-uk",
    "2026-02-03T15:22:00",
    title="An alert on the error budget of an hour still fires; its cause, a slow acquirer, is gone",
    drawn_from="burn-rate alerts with one long window: they fire for most of an hour after the trouble has gone",
    why="Errors, latency and the acquirer's own answers are at their level for 37 minutes; the restarted pod serves, "
    "what was held back is sent, and the release of nine minutes ago changed nothing. Any act only adds risk.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("dependency_failure", "no_action", "*")],
    tolerated=["page_human"],
    forbidden=[
        *("restart_workload", "rollback_workload", "scale_workload", "restart_connection_pool"),
        *("scale_database", "isolate_workload", "switch_traffic"),
    ],
)
def over(w: World) -> None:
    nodes(w, "uk-1", "uk-2", "uk-3")
    image, first, last = "registry.checkout-uk.example", minutes(52), minutes(38)
    spec = pod_spec(container("payments", f"{image}/payments:19.3.0", live="/livez", env={
        "ACQUIRER_URL": "https://api.northgate-acquiring.example", "ACQUIRER_TIMEOUT": "8s"}))  # fmt: skip
    ended = terminated(143, "Error", started=days(6) - 3, finished=minutes(44))
    back = P(age=days(6), state=running(minutes(44) - 2), last=ended, restarts=1, unready=minutes(43.6))
    pay = deployment(w, "payments", [Rev(spec, days(6))], [P(age=days(6)), back, P(age=days(6))])
    service(w, "payments")
    cause = f'Get "http://{pay.pods[1]["status"]["podIP"]}:8080/livez": context deadline exceeded'
    probe_failure(w, pay.pods[1], "Liveness", cause, first=minutes(44.8), last=minutes(44.3), count=3, killed=1)
    till = well(w, "checkout", f"{image}/checkout:7.20", pods=3, age=days(3), env={"PAYMENTS_URL": "http://payments"})
    web = well(w, "web", f"{image}/web:501", pods=3, age=minutes(9), before=f"{image}/web:500")
    mail = well(w, "receipts", f"{image}/receipts:4.4", pods=1, age=days(40))
    book = well(w, "ledger", f"{image}/ledger:2.9.1", pods=2, age=days(18), talk=True)
    ingress(w, "pay", "pay.checkout-uk.example", [("/", "web", 80)])
    late = 'Post "https://api.northgate-acquiring.example/v3/authorise": context deadline exceeded'
    for index in range(3):
        start = minutes(43.5) if index == 1 else first
        bad = often(31, start - 4 * index, last, "error", [f"authorise {{n}}: {late}"], "acq/client.go:77")
        good = often(48, last - 9 - 3 * index, 2, "info", ["authorise {n}: approved in 310ms"], "acq/client.go:90")
        log(w, pay, index, "zap", [*bad, *good])
        bad = often(35, first - 9 - 3 * index, last, "error", ["POST /pay 502 payments: authorise timed out"])
        log(w, till, index, "logfmt", [*bad, *often(44, last - 5, 2, "info", ["POST /pay 201 in 402ms"])])
        lines = often(15, minutes(8), 1, "info", ["POST /pay 201"])
        log(w, web, index, "pino", [L(minutes(8.7), "info", "web 501 up"), *lines])
    retry = [L(minutes(36), "info", "retrying 412 receipts held back"), L(minutes(33), "info", "no receipts held back")]
    log(w, mail, 0, "python", [*retry, *often(41, minutes(32), 2, "info", ["receipt {n} sent"])])
    wrong, slow = pulse(0.0009, 0.63, first, last), pulse(0.32, 8.1, first, last)
    requests(w, "web", rate=flat(52), errors=pulse(0.001, 0.21, first, last), p95=slow)
    for name in ("checkout", "payments"):
        requests(w, name, rate=flat(17), errors=wrong, p95=slow)
    calls(w, "payments", "api.northgate-acquiring.example", slow, wrong)
    calls(w, "checkout", "payments", slow, wrong)
    calls(w, "checkout", "ledger", 0.01)
    signal(w, "queue_depth", {"component": "receipts", "queue": "held"}, pulse(0, 380, minutes(50), minutes(33.5)))
    for each in (pay, till, web, mail, book):
        measured(w, each, 0.18)
    exact(w, "restarts", {"pod": pay.pod(1), "container": "payments"}, step(0, 1, minutes(44), over=1))
    machines(w, 0.25)
    text = "checkout used 4.1% of its 30-day error budget within 1 h (limit 2%)"
    alert(w, "CheckoutErrorBudgetBurnRate1h", minutes(47), text, service="checkout", window="1h", severity="page")
