"""Where the way back leads: to another color, to an older template, to the caller's, or there is only too much work."""

from __future__ import annotations

import json

from tests.diagnosis.casemaker.case import CASES, Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_b import stamped
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import digest
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import nodes, quota
from tests.diagnosis.casemaker.scene import alert, postgres, redis, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

SPAN = "{at}.118Z {text}"


def slot(w: World, name: str, color: str, revisions: list[Rev], pods: int) -> Workload:
    """Return one color of a service that stands twice."""
    made = deployment(w, f"{name}-{color}", revisions, pods, labels={"app": name, "color": color}, age=days(300))
    service(w, f"{name}-{color}", made.labels)
    return made


@case(
    "green-fails-and-blue-still-stands-beside-it",
    "invoicing",
    "2026-06-03T13:41:00",
    title="Since the Service points to green a third of the tax calculations fails; blue stands idle and whole",
    drawn_from="blue/green releases whose old color is kept for an hour after the switch, for exactly this",
    why="Green was rolled to 3.9.0 while nobody used it and fails since it is used. Its own older template, 3.7.5, "
    "refuses the schema of today; blue, 3.8.2, answered everything until the switch and is still ready.",
    expect=[Fault("Deployment/tax-green", "code_defect", "switch_traffic", "Service/tax")],
    acceptable=[
        ("code_defect", "switch_traffic", "Service/tax"),
        ("configuration_error", "switch_traffic", "Service/tax"),
        ("service_crash", "switch_traffic"),
    ],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "restart_workload", "scale_workload", "no_action", "isolate_workload"],
)
def stands(w: World) -> None:
    nodes(w, "inv-1", "inv-2", "inv-3")
    image, base = "registry.invoicing.example/tax", {"ASPNETCORE_URLS": "http://+:8080"}
    specs = {v: pod_spec(container("tax", f"{image}:{v}", env=base)) for v in ("3.7.5", "3.8.1", "3.8.2", "3.9.0")}
    blue = slot(w, "tax", "blue", [Rev(specs["3.8.1"], days(34)), Rev(specs["3.8.2"], days(21))], 3)
    green = slot(w, "tax", "green", [Rev(specs["3.7.5"], days(49)), Rev(specs["3.9.0"], minutes(96))], 3)
    live = service(w, "tax", {"app": "tax", "color": "green"})
    w.changed(live, minutes(24), "kubectl-patch", {"f:spec": {"f:selector": {"f:color": {}}}})
    store = postgres(w, "ledger-db", image="postgres:15.8")
    invoices = well(w, "invoices", "registry.invoicing.example/invoices:11.4.0", pods=3, age=days(9))
    ingress(w, "invoices", "invoices.example", [("/", "invoices", 80)])
    start = [
        "info: Tax.Schema.Guard[0] schema of ledger is 58, oldest program allowed is 3.8.0",
        "info: Microsoft.Hosting.Lifetime[14] Now listening on: http://[::]:8080",
        "info: Microsoft.Hosting.Lifetime[0] Application started. Press Ctrl+C to shut down.",
    ]
    bad = (
        "fail: Tax.Api.Errors[1] POST /v1/calculate 500\n"
        "      System.NullReferenceException: Object reference not set to an instance of an object.\n"
        "         at Tax.Engine.ReverseCharge.Apply(Line line, Party buyer) in /src/Engine/ReverseCharge.cs:line 88\n"
        "         at Tax.Engine.Calculator.Run(Invoice invoice) in /src/Engine/Calculator.cs:line 141"
    )
    fine = ["info: Tax.Api.Calls[0] POST /v1/calculate 200 lines={n}"]
    for index in range(3):
        at = minutes(95) - 9 * index
        lines = [L(at - 2 * n, "info", text) for n, text in enumerate(start)]
        lines += often(50, minutes(23.8) - index, 2, "info", fine) + often(100, minutes(23.5) - index, 4, "", [bad])
        stamped(w, green, index, SPAN, lines)
        idle = often(70, minutes(23.6) - index, 4, "info", ["info: Tax.Api.Calls[0] GET /healthz 200"])
        stamped(w, blue, index, SPAN, [*often(35, minutes(60) - index, minutes(24.1), "info", fine), *idle])
        text = ["POST /invoices 201 tax_ms=31", "POST /invoices 502 tax answered 500"]
        log(w, invoices, index, "pino", often(18, minutes(23) - index, 2, "info", text))
    log(w, store, 0, "postgres", often(300, 3000, 5, "log", ["checkpoint complete: wrote {n} buffers (0.4%)"]))
    requests(w, "tax", rate=flat(22), errors=step(0.0004, 0.34, minutes(24)), p95=flat(0.09))
    requests(w, "invoices", rate=flat(31), errors=step(0.0007, 0.24, minutes(24)), p95=flat(0.2))
    alert(w, "InvoiceCreationErrors", minutes(20), "24% of the requests to invoices fail", service="invoices")


CASES["green-fails-and-blue-still-stands-beside-it"].expected["acceptable"] += [
    {"root_cause": cause, "remedy": "switch_traffic", "component": "Deployment/tax-green", "target": target}
    for cause in ("code_defect", "configuration_error")
    for target in ("Deployment/tax-green", "Deployment/tax-blue", "Service/tax")
]


@case(
    "other-color-sleeps-and-green-was-rolled-in-place",
    "freight-desk",
    "2026-10-20T09:26:00",
    title="Quotes panic since a release went straight into the live color; the other color has had no pod for a week",
    drawn_from="blue/green set-ups that people stopped to use: the idle one is scaled away, releases go in place",
    why="The Service has pointed to green for nine days; green's template changed 19 minutes ago and its pods panic "
    "since. Blue is asleep, on purpose and an older program still; green's own last template was well this morning.",
    expect=[Fault("Deployment/quotes-green", "code_defect", "rollback_workload")],
    acceptable=[("service_crash", "rollback_workload"), ("configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["switch_traffic", "restart_workload", "scale_workload", "no_action", "isolate_workload"],
)
def sleeps(w: World) -> None:
    nodes(w, "fd-1", "fd-2", cpu="8")
    image, other = (f"ghcr.io/freight-desk-example/{name}" for name in ("quotes", "desk"))
    env = {"TARIFFS": "/tariffs", "GOMAXPROCS": "2"}
    specs = {v: pod_spec(container("quotes", f"{image}:v{v}", env=env)) for v in ("5.1.4", "5.2.0", "5.3.0")}
    slot(w, "quotes", "blue", [Rev(specs["5.1.4"], days(40))], 0)
    green = slot(w, "quotes", "green", [Rev(specs["5.2.0"], days(10)), Rev(specs["5.3.0"], minutes(19))], 4)
    live = service(w, "quotes", {"app": "quotes", "color": "green"})
    w.changed(live, days(9), "kubectl-patch", {"f:spec": {"f:selector": {"f:color": {}}}})
    desk = well(w, "desk", f"{other}:v2.31.0", age=days(2), before=f"{other}:v2.30.6", port=3000)
    ingress(w, "desk", "desk.freight.example", [("/", "desk", 80)])
    redis(w, "tariff-cache")
    panic = (
        "http: panic serving 10.244.1.17:{n}: runtime error: index out of range [2] with length 2\n"
        "goroutine 8841 [running]:\nnet/http.(*conn).serve.func1()\n\t/usr/local/go/src/net/http/server.go:1947 +0xbe\n"
        "panic({0x9b2c60?, 0xc0004d8018?})\n\t/usr/local/go/src/runtime/panic.go:785 +0x132\n"
        "freight/quotes/surcharge.(*Table).Band(...)\n\t/src/surcharge/table.go:73"
    )
    for index in range(4):
        lines = [L(minutes(18.7) - 12 * index, "", "quotes v5.3.0 listening on :8080, 312 lanes loaded")]
        lines += often(60, minutes(17.5) - index, 2, "", ["POST /quote 200 lane={n} 18ms"])
        log(w, green, index, "golang", [*lines, *often(140, minutes(17.4) - index, 3, "", [panic])])
    failed = "quote failed: upstream prematurely closed connection"
    for index in range(2):
        lines = often(50, minutes(17.6) - index, 1, "warn", [failed])
        log(w, desk, index, "pino", [*lines, *often(54, 3500 - index, 1, "info", ["quote 200 lane={n}"])])
    alert(w, "QuoteFailures", minutes(13), "one of three quotes ends in an error", team="desk")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


def converted(w: World, of: Workload, index: int, lines: list[L]) -> None:
    """Write the log of Gotenberg; a line's text is its message, its logger the seconds that a request took."""
    made = []
    for line in lines:
        row: dict[str, object] = {"level": line.level, "ts": w.time(line.age).timestamp() + 0.25, "logger": "api"}
        row |= {"msg": line.text, "trace": digest(line.age, line.text)[:32], "uri": "/forms/chromium/convert/html"}
        bad = line.level == "error"
        status = (429 if line.text == FULL else 503) if bad else 200
        row |= {"method": "POST", "status": status, "latency_human": line.logger or "1.2ms"}
        made.append(L(line.age, "", json.dumps(row)))
    log(w, of, index, "plain", made)


FULL = "convert HTML to PDF: run task: maximum queue size exceeded"
LATE = "convert HTML to PDF: context deadline exceeded"
PRINTER = "docker.io/gotenberg/gotenberg"


@case(
    "bills-of-the-month-fill-the-queue-of-the-printers",
    "utility-bills",
    "2026-09-01T06:52:00",
    title="On the first of the month three times as many bills are to be printed as two Chromiums can print",
    drawn_from="Gotenberg behind a monthly run: 429 maximum queue size exceeded at a CPU limit",
    why="Nothing was released but the portal three days ago; the pages are as heavy as ever, only three times as "
    "many since 06:20, and both printers are at their limit. Quota and nodes have room for more of them.",
    expect=[Fault("Deployment/pdf", "capacity", "scale_workload")],
    acceptable=[("resource_exhaustion", "scale_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "isolate_workload", "switch_traffic"],
)
def bills(w: World) -> None:
    nodes(w, "ub-1", "ub-2", "ub-3", cpu="8")
    args = ("gotenberg", "--api-timeout=60s", "--chromium-max-queue-size=48")
    spec = pod_spec(
        container(
            "gotenberg", f"{PRINTER}:8.20.1", port=3000, ready="/health", args=args, cpu=("750m", "1"),
            memory=("512Mi", "1Gi"),
        )
    )  # fmt: skip
    pdf = deployment(w, "pdf", [Rev(spec, days(63))], 2)
    service(w, "pdf", target=3000)
    image = "registry.utility-bills.example"
    env = {"PDF_URL": "http://pdf"}
    bills = well(w, "bill-worker", f"{image}/bills:4.8.0", pods=4, age=days(26), before=f"{image}/bills:4.7.2", env=env)
    portal = well(w, "portal", f"{image}/portal:9.1.3", age=days(3), before=f"{image}/portal:9.1.2", talk=True)
    ingress(w, "portal", "my.utility.example", [("/", "portal", 80)])
    well(w, "meter-import", f"{image}/meters:2.2", pods=1, age=days(80), talk=True)
    hard, used = {"requests.cpu": "12", "requests.memory": "24Gi"}, {"requests.cpu": "2400m", "requests.memory": "2Gi"}
    quota(w, "team", hard, used)
    for index in range(2):
        lines = [L(x.age, x.level, x.text, f"{2 + x.age % 9 / 10:.1f}s") for x in often(
            55, minutes(60) - index, minutes(32), "info", ["request handled"])]  # fmt: skip
        lines += [L(x.age, x.level, x.text, f"{26 + x.age % 13:.1f}s") for x in often(
            28, minutes(31) - index, 1, "info", ["request handled"])]  # fmt: skip
        converted(w, pdf, index, [*lines, *often(45, minutes(28) - index, 2, "error", [FULL])])
        labels = {"pod": pdf.pod(index), "container": "gotenberg"}
        signal(w, "cpu_share", labels, step(0.33, 0.985, minutes(32), over=240))
        signal(w, "throttled_share", labels, step(0.02, 0.61, minutes(32), over=240))
        signal(w, "memory_share", labels, step(0.41, 0.57, minutes(32), over=240))
    said = ["bill {n} printed", "bill {n} printed", "bill {n}: pdf answered 429 Too Many Requests, retry in 60s"]
    for index in range(4):
        log(w, bills, index, "python", often(22, minutes(30) - index, 2, "info", said, "bills.print"))
        signal(w, "cpu_share", {"pod": bills.pod(index), "container": "bill-worker"}, step(0.05, 0.14, minutes(32)))
    log(w, portal, 1, "logfmt", often(30, 900, 3, "info", ["GET /bills 200", "GET /bills/{n}.pdf 404 not printed yet"]))
    requests(w, "pdf", rate=step(0.9, 2.9, minutes(32), over=240), errors=flat(0), p95=ramp(3, 37, minutes(31)))
    signal(w, "rate_limited_ratio", {"component": "pdf"}, step(0, 0.31, minutes(28), over=180))
    exact(w, "queue_depth", {"component": "bill-worker"}, ramp(40, 8700, minutes(30)))
    for number in (1, 2, 3):
        signal(w, "node_cpu_share", {"node": f"ub-{number}"}, flat(0.22 + number / 20))
    alert(w, "BillsPrintedLate", minutes(9), "oldest bill in the queue waits 21 minutes", severity="warning")


@case(
    "printers-only-wait-since-the-letters-were-released",
    "tuition-office",
    "2026-03-05T15:12:00",
    title="The queue of the printers is full while they idle: each letter asks them to wait twenty seconds",
    drawn_from="waitDelay set for a web font in one environment and shipped to all: Gotenberg full at no load",
    why="As many letters as ever; a page takes twenty seconds more since the release of letters half an hour ago, "
    "which asks for that wait, and the printers' processors idle. Their own upgrade of noon was well for hours.",
    expect=[Fault("Deployment/letters", "configuration_error", "rollback_workload")],
    acceptable=[("code_defect", "rollback_workload"), ("capacity", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/printer"},
        "scale_workload",
    ],
)
def waits(w: World) -> None:
    nodes(w, "to-1", "to-2")
    args = ("gotenberg", "--api-timeout=90s", "--chromium-max-queue-size=16")
    specs = [
        pod_spec(container("gotenberg", f"{PRINTER}:{v}", port=3000, ready="/health", args=args, cpu=("500m", "1")))
        for v in ("8.16.0", "8.17.3")
    ]
    printer = deployment(w, "printer", [Rev(specs[0], days(45)), Rev(specs[1], hours(3.2))], 2)
    service(w, "printer", target=3000)
    image = "registry.tuition.example/letters:2026.9"
    envs: list[dict[str, str]] = [{"GOTENBERG_URL": "http://printer"}]
    envs.append(envs[0] | {"GOTENBERG_WAIT_DELAY": "20s", "LETTER_FONT": "Campus Serif Web"})
    revs = [
        Rev(pod_spec(container("letters", image, port=9000, env=env, ready=None)), age, cause=cause)
        for env, age, cause in ((envs[0], days(12), "2026.9"), (envs[1], minutes(31), "letters: new house font"))
    ]
    letters = deployment(w, "letters", revs, 3)
    service(w, "letters", target=9000)
    well(w, "enrolment", "registry.tuition.example/enrolment:31", age=days(18), talk=True)
    for index in range(2):
        lines = [L(x.age, x.level, x.text, f"{1 + x.age % 8 / 10:.1f}s") for x in often(
            50, minutes(60) - index, minutes(31), "info", ["request handled"])]  # fmt: skip
        lines += [L(x.age, x.level, x.text, f"{62 + x.age % 26:.1f}s") for x in often(
            60, minutes(29) - index, 1, "info", ["request handled"])]  # fmt: skip
        lines += [L(x.age, x.level, x.text, "1m30.0s") for x in often(40, minutes(27) - index, 2, "error", [LATE])]
        converted(w, printer, index, [*lines, *often(90, minutes(26) - index, 4, "error", [FULL])])
        labels = {"pod": printer.pod(index), "container": "gotenberg"}
        signal(w, "cpu_share", labels, step(0.34, 0.05, minutes(30)))
        signal(w, "memory_share", labels, flat(0.5))
    said = [
        'production.INFO: letter {n} rendered {{"waitDelay":"20s","seconds":61.4}}',
        *(
            rf"production.ERROR: Gotenberg\Exceptions\GotenbergApiErrored: {what} in "
            r"/app/vendor/gotenberg/gotenberg-php/src/Gotenberg.php:89"
            for what in ("Service Unavailable", "Too Many Requests", "Service Unavailable")
        ),
    ]
    for index in range(3):
        texts = [text.replace("{{", "{").replace("}}", "}") for text in said]
        stamped(w, letters, index, "[{at}+00:00] {text}", often(26, minutes(28) - index, 3, "info", texts))
    bad = step(0, 0.6, minutes(27), over=200)
    requests(w, "printer", rate=step(0.55, 0.57, minutes(31)), errors=bad, p95=step(1.8, 88, minutes(29), over=300))
    signal(w, "rate_limited_ratio", {"component": "printer"}, step(0, 0.22, minutes(26), over=200))
    requests(w, "letters", rate=flat(0.6), errors=step(0.002, 0.82, minutes(26), over=200))
    alert(w, "LettersFailing", minutes(19), "82% of the letters of the last five minutes were not made")
