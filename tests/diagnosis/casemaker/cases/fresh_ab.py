"""Load and chains: a crowd three calls deep, a client that keeps its connections, a run of the night."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.jobs import job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.pods import P, oom
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.signals import flat, requests, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "push-message-sends-all-phones-to-the-token-service",
    "lunch-app",
    "2026-04-16T11:58:00",
    title="The app times out at lunch: three calls deep two token pods are at their CPU limit since a push message",
    drawn_from="a push campaign opens all apps at once; token checks are the one expensive call behind every other",
    why="The edge gets three times its requests since the minute of the campaign, and all three services on the way "
    "to the tokens are slow while their own processors idle. The token service has its template of two months, is at "
    "its limit and throttled in both pods, has no autoscaler, and the nodes have room. The app's backend was released "
    "half an hour before the message and was well until then.",
    expect=[Fault("Deployment/tokens", "capacity", "scale_workload")],
    acceptable=[("resource_exhaustion", "scale_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
        {"remedy": "scale_workload", "target": "Deployment/app-backend"},
        {"remedy": "scale_workload", "target": "Deployment/loyalty"},
    ],
)
def push_message(w: World) -> None:
    nodes(w, "la-1", "la-2", "la-3", cpu="8", memory="32831360Ki")
    image, rise = "registry.lunch-app.example", minutes(24)
    spec = pod_spec(container("tokens", f"{image}/tokens:4.6.1", cpu=("500m", "1"), memory=("256Mi", "512Mi"),
                              env={"HASH": "argon2id", "HASH_MEMORY_KIB": "19456"}))  # fmt: skip
    tokens = deployment(w, "tokens", [Rev(spec, days(63))], 2)
    service(w, "tokens")
    env = {"TOKENS_URL": "http://tokens", "TOKENS_TIMEOUT": "3s"}
    loyalty = well(w, "loyalty", f"{image}/loyalty:88", pods=3, age=days(16), env=env)
    env = {"LOYALTY_URL": "http://loyalty", "MENU_URL": "http://menu", "CALL_TIMEOUT": "4s"}
    back = well(w, "app-backend", f"{image}/app-backend:7.31.0", pods=4, age=minutes(55), env=env,
                before=f"{image}/app-backend:7.30.2")  # fmt: skip
    menu = well(w, "menu", f"{image}/menu:3.2", pods=2, age=days(44), talk=True)
    push = well(w, "push-sender", f"{image}/push-sender:1.14", pods=1, age=days(70))
    ingress(w, "app", "api.lunch-app.example", [("/", "app-backend", 80)])
    for index in range(2):
        said = [f"POST /introspect 200 {ms}ms queue={q}" for ms, q in ((2711, 38), (3140, 44), (2290, 35), (3318, 47))]
        early = often(55, minutes(56), rise + 20, "info", ["POST /introspect 200 31ms queue=0"])
        log(w, tokens, index, "zap", [*early, *often(19, rise - 60, 1, "info", said)])
    late = 'Post "http://tokens/introspect": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    for index in range(3):
        lines = often(21, rise - 90 - index, 2, "error", [f"token of member {{n}}: {late}"])
        lines += often(30, rise - 80, 2, "info", ["GET /members/{n}/points 200 2904ms tokens=2897ms db=4ms"])
        log(w, loyalty, index, "zap", [*lines, *often(60, minutes(56), rise + 9, "info", ["GET /members/{n}/points 200 "
            "44ms tokens=37ms db=4ms"])])  # fmt: skip
    for index in range(4):
        lines = [L(minutes(54.6) - 9 * index, "info", "app-backend 7.31.0 listening on :8080")]
        lines += often(70, minutes(54), rise + 5, "info", ["GET /home 200 121ms loyalty=52ms menu=18ms"])
        slow = "GET /home 504 4002ms loyalty: deadline of 4s exceeded, menu=19ms"
        fine = "GET /home 200 3390ms loyalty=3311ms menu=21ms"
        log(w, back, index, "zap", [*lines, *often(24, rise - 70, 1, "warn", [slow, fine, fine])])
    sent = [
        L(rise + 75, "info", "campaign 'Lunch 2 for 1' begins, audience 812440, rate 40000/s"),
        L(rise + 50, "info", "campaign 'Lunch 2 for 1' sent: 811902 accepted, 538 gone"),
    ]
    log(w, push, 0, "logfmt", [*sent, *often(400, minutes(58), 20, "info", ["next campaign in queue: none"])])
    requests(w, "app-backend", rate=step(61, 188, rise, over=150), errors=step(0.001, 0.16, rise - 60, over=150),
             p95=step(0.19, 4.0, rise, over=180))  # fmt: skip
    requests(w, "loyalty", rate=step(60, 181, rise, over=150), errors=step(0.001, 0.13, rise - 60, over=150),
             p95=step(0.07, 3.4, rise, over=180))  # fmt: skip
    requests(w, "tokens", rate=step(60, 128, rise, over=150), errors=flat(0.0008), p95=step(0.041, 3.2, rise, over=180))
    requests(w, "menu", rate=step(58, 171, rise, over=150), errors=flat(0.0003), p95=flat(0.024))
    measured(w, tokens, step(0.41, 0.985, rise, over=120), 0.58, step(0.01, 0.71, rise, over=120))
    measured(w, loyalty, step(0.11, 0.24, rise))
    measured(w, back, step(0.14, 0.31, rise))
    measured(w, menu, step(0.09, 0.2, rise))
    calls(w, "app-backend", "loyalty", step(0.06, 3.4, rise, over=180), step(0.001, 0.16, rise - 60, over=150))
    calls(w, "app-backend", "menu", 0.022)
    calls(w, "loyalty", "tokens", step(0.038, 3.2, rise, over=180), step(0.001, 0.13, rise - 60, over=150))
    machines(w, 0.29, 0.38)
    alert(w, "AppLatencyHigh", minutes(18), "p95 of app-backend is above 2 s for 5 minutes", service="app-backend")


@case(
    "carrier-is-well-and-our-client-runs-out-of-connections",
    "homeware",
    "2026-10-06T15:22:00",
    title="Check-outs fail for want of a shipping price: the quote service's new release never gives connections back",
    drawn_from="responses that are not closed on one path: Apache HttpClient's pool leased to the last, then timeouts",
    why="Errors name the carrier's host, but they come from our own pool: forty of forty connections are leased and "
    "none comes back, counted up since the release of 47 minutes ago. The carrier answers another service, and the "
    "few calls that still leave, in a fifth of a second. The check-out was released when it was failing already.",
    expect=[Fault("Deployment/shipping-quotes", "code_defect", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload"), ("configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "no_action",
        "isolate_workload",
        "scale_database",
        "switch_traffic",
        {"remedy": "rollback_workload", "target": "Deployment/checkout"},
        {"remedy": "restart_workload", "target": "Deployment/checkout"},
        {"remedy": "scale_workload", "target": "Deployment/checkout"},
    ],
)
def client_pool(w: World) -> None:
    nodes(w, "hw-1", "hw-2", "hw-3")
    image, out, dry = "registry.homeware.example", minutes(47), minutes(27)
    secret(w, "carrier-key", ["API_KEY"], age=days(260))
    env = {"CARRIER_URL": "https://api.parcelpost.example/v3", "CARRIER_POOL_MAX_PER_ROUTE": "40"}
    specs = [
        pod_spec(container("shipping-quotes", f"{image}/shipping-quotes:{tag}", env=env, env_from=("secret/carrier-key",
                 ), cpu=("250m", "1"), memory=("512Mi", "1Gi"), ready="/actuator/health/readiness"))
        for tag in ("5.11.3", "5.12.0")
    ]  # fmt: skip
    quotes = deployment(w, "shipping-quotes", [Rev(specs[0], days(33)), Rev(specs[1], out)], 3)
    service(w, "shipping-quotes")
    track = well(w, "parcel-tracking", f"{image}/parcel-tracking:2.9.0", pods=2, age=days(52), env=env)
    env = {"QUOTES_URL": "http://shipping-quotes", "BASKET_URL": "http://baskets"}
    check = well(w, "checkout", f"{image}/checkout:640", pods=3, age=minutes(19), before=f"{image}/checkout:639",
                 env=env)  # fmt: skip
    baskets = well(w, "baskets", f"{image}/baskets:71", pods=2, age=days(21), talk=True)
    front = well(w, "storefront", f"{image}/storefront:2026.40", pods=3, age=days(5), port=3000,
                 env={"CHECKOUT_URL": "http://checkout"})  # fmt: skip
    ingress(w, "shop", "www.homeware.example", [("/", "storefront", 80)])
    pool, used = "e.h.shipping.carrier.PoolStats", "e.h.shipping.carrier.CarrierClient"
    error = (
        'I/O error on GET request for "https://api.parcelpost.example/v3/rates": Timeout waiting for connection from '
        "pool; nested exception is org.apache.http.conn.ConnectionPoolTimeoutException: Timeout waiting for connection "
        "from pool"
    )
    for index in range(3):
        born = out - 9 * (index + 1)
        lines = [L(born - 11, "info", "Started ShippingQuotes in 8.42 seconds (process running for 9.1)", "e.h.Main")]
        for age in range(int(born) - 60, 5, -120):
            leased = min(40, int(40 * (born - age) / (born - dry)))
            text = f"carrier: leased={leased} pending={88 if leased == 40 else 0} available={0 if leased == 40 else 2}"
            lines.append(L(age, "info", f"{text} max=40", pool))
        none = ["carrier: 404 for zip {n}, zone table used instead"]
        lines += often(130, born - 30, dry, "info", none, used)
        good = ["rate for zip {n}: 200 in 203 ms", "rate for zip {n}: 200 in 188 ms"]
        lines += often(95, born - 40, dry + 20, "info", good, used)
        log(w, quotes, index, "logback", [*lines, *often(44, dry - 10 * index, 1, "error", [error], used)])
    for index in range(3):
        lines = [L(minutes(18.5) - 9 * index, "info", "checkout 640 listening on :8080")]
        bad = "POST /checkout 502 shipping-quotes answered 500 after 2004ms"
        log(w, check, index, "logfmt", [*lines, *often(14, minutes(18), 1, "error", [bad, bad, "POST /checkout 201 "
            "340ms"])])  # fmt: skip
        told = ["POST /api/checkout 502", "GET /p/{n} 200", "POST /api/checkout 201", "POST /api/checkout 502"]
        log(w, front, index, "pino", often(11, 900, 1, "info", told))
    for index in range(2):
        seen = ["api.parcelpost.example: status of PP{n} 200 in 174 ms", "api.parcelpost.example: PP{n} 200 in 196 ms"]
        log(w, track, index, "logback", often(33, 3000, 2, "info", seen, "e.h.tracking.CarrierClient"))
    wrong = step(0.001, 0.67, dry, over=240)
    requests(w, "storefront", rate=flat(52), errors=step(0.001, 0.11, dry, over=240), p95=step(0.24, 0.9, dry))
    requests(w, "checkout", rate=flat(8.4), errors=step(0.001, 0.61, dry, over=240), p95=step(0.41, 2.5, dry))
    requests(w, "shipping-quotes", rate=flat(8.7), errors=wrong, p95=step(0.26, 2.1, dry, over=240))
    requests(w, "parcel-tracking", rate=flat(5.1), errors=flat(0.0006), p95=flat(0.23))
    for of in (check, baskets, front, track):
        measured(w, of, 0.16)
    measured(w, quotes, 0.08, 0.52, prior=0.11)
    calls(w, "checkout", "shipping-quotes", step(0.24, 2.1, dry, over=240), wrong)
    calls(w, "checkout", "baskets", 0.014)
    calls(w, "shipping-quotes", "api.parcelpost.example", 0.21, 0.001)
    calls(w, "parcel-tracking", "api.parcelpost.example", 0.2, 0.0006)
    machines(w)
    alert(w, "CheckoutErrorRatioHigh", minutes(24), "more than 20% of check-outs end in 5xx", service="checkout")


@case(
    "night-valuation-dies-of-memory-since-a-second-bank-came",
    "custody",
    "2026-03-31T02:31:00",
    title="The valuation of the night is killed for memory at each try; it reads three times the positions since today",
    drawn_from="batch jobs that load a whole table into a data frame and meet the day on which the table has grown",
    why="All four tries end as OOMKilled at the same place, a third of the way through their rows; the program and its "
    "limit are those of January, the rows are three times those of the night before. Another try dies as well and "
    "there is no older version to go back to: a person has to give it more memory or smaller pieces. The services of "
    "the namespace are well; the portal only waits for the figures.",
    expect=[Fault("CronJob/valuation-export", "resource_exhaustion", "page_human")],
    acceptable=[
        ("capacity", "page_human"),
        ("code_defect", "page_human"),
        ("configuration_error", "page_human"),
        *((c, "page_human", "Job/valuation-export-29582020")
          for c in ("resource_exhaustion", "capacity", "code_defect", "configuration_error")),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "restart_connection_pool",
        "isolate_workload",
        "no_action",
    ],
)  # fmt: skip
def valuation(w: World) -> None:
    nodes(w, "cu-1", "cu-2", "cu-3", memory="32831360Ki")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(320))
    base = postgres(w, "positions-db", image="postgres:16.8")
    image, env = "registry.custody.example", {"PGHOST": "positions-db", "PGDATABASE": "positions"}
    api = well(w, "positions-api", f"{image}/positions-api:31.4", pods=3, age=hours(9), env=env,
               before=f"{image}/positions-api:31.3")  # fmt: skip
    portal = well(w, "client-portal", f"{image}/client-portal:912", pods=2, age=days(8), port=3000)
    ingress(w, "portal", "clients.custody.example", [("/", "client-portal", 80)])
    inner = container("valuation", f"{image}/valuation-export:4.2.0", port=0, ready=None, env=env | {"TZ": "UTC"},
                      command=("python", "-m", "valuation.export"), cpu=("1", "2"), memory=("2Gi", "2Gi"))  # fmt: skip
    tries, age = [], minutes(51)
    for number in range(4):
        over = age - 463 - 7 * number
        tries.append(P(age=age, phase="Failed", state=oom(started=age - 3, finished=over), ready=False, unready=over))
        age = over - 10 * 2**number
    run = job(w, "valuation-export-29582020", pod_spec(inner), age=minutes(51), pods=tries, cron="valuation-export",
              failed="BackoffLimitExceeded", schedule="40 1 * * *")  # fmt: skip
    event(w, run.obj, "BackoffLimitExceeded", "Job has reached the specified backoff limit", last=over - 1)
    for number, each in enumerate(tries):
        at, module = float(each.age or 0) - 6, "valuation.export"
        lines = [
            L(at, "info", "valuation-export 4.2.0 (built 2026-01-12), memory limit 2.0 GiB", module),
            L(at - 2, "info", "positions of 2026-03-30: 11,806,220 rows (last run, 2026-03-29: 3,918,402)", module),
            L(at - 2.5, "info", "by book: HOUSE 3,921,077, RHEIN-BANK 7,885,143", module),
        ]
        for part in range(1, 9):
            read = f"read {part * 500_000:,} of 11,806,220 rows, rss={0.31 + 0.203 * part:.2f} GiB"
            lines.append(L(at - 54 * part, "info", read, module))
        log(w, run, number, "python", lines)
    for index in range(3):
        if index == 0:
            loaded = "migration of RHEIN-BANK done: 7885143 positions booked, 0 rejected"
            log(w, api, index, "logfmt", [L(hours(5.2), "info", loaded)])
        log(w, api, index, "logfmt", often(40, 3300, 2, "info", ["GET /positions/{n} 200 9ms"]))
    for index in range(2):
        text = ["GET /overview 200", "GET /valuation/2026-03-30 200 pending", "GET /documents 200"]
        log(w, portal, index, "pino", often(60, 3300, 5, "info", text))
    log(w, base, 0, "postgres", often(300, 3500, 9, "log", ["checkpoint starting: time"]))
    alert(w, "KubeJobFailed", over - 31, "Job custody/valuation-export-29582020 failed to complete.",
          severity="warning", job_name="valuation-export-29582020")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
