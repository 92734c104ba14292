"""A page that was altered by a stranger, and two bells that nobody has to answer."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import custom
from tests.diagnosis.casemaker.cases.fresh_p import machines, measured
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.events import born
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import config_map, nodes, secret
from tests.diagnosis.casemaker.pods import P, pod
from tests.diagnosis.casemaker.scene import alert, postgres, redis, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment, reference
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "checkout-page-carries-the-script-of-a-stranger",
    "toy-shop",
    "2026-12-03T22:17:00",
    title="The check-out page loads a script that nobody here wrote, put in through the admin page from outside",
    drawn_from="card skimmers in web shops: a CMS block edited with a stolen admin login, a script from a new domain",
    why="The shop works and nothing fails. Its own log has a login of an administrator from a strange address and the "
    "edit of the footer of the check-out two minutes later; since that minute browsers report a script of an unknown "
    "host, and the page watch finds it too. The block is in the database, so neither the release of the afternoon nor "
    "an older one carries or removes it. Take the shop off, each buyer loses a card, and keep what the pods hold.",
    expect=[Fault("Deployment/shop", "security_incident", "isolate_workload")],
    acceptable=[
        ("security_incident", "switch_traffic"),
        ("security_incident", "switch_traffic", "Ingress/shop"),
    ],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "scale_database"],
)
def altered_page(w: World) -> None:
    nodes(w, "ts-1", "ts-2", "ts-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(500))
    secret(w, "shop-crypt", ["APP_KEY", "ADMIN_PATH"], age=days(500))
    image, done = "registry.toy-shop.example", minutes(34)
    base = postgres(w, "shop-db")
    specs = [
        pod_spec(container("shop", f"{image}/shop:{tag}", env={"DB_HOST": "shop-db", "CACHE_HOST": "page-cache"},
                           env_from=("secret/shop-crypt",), memory=("512Mi", "1Gi")))
        for tag in ("2026.48.1", "2026.49.0")
    ]  # fmt: skip
    shop = deployment(w, "shop", [Rev(specs[0], days(9)), Rev(specs[1], hours(6.4))], 3)
    service(w, "shop")
    cache = redis(w, "page-cache")
    reports = well(w, "csp-reports", f"{image}/csp-reports:1.2.0", pods=1, age=days(120))
    watch = well(w, "page-watch", f"{image}/page-watch:0.9.4", pods=1, age=days(77))
    ingress(w, "shop", "www.toy-shop.example", [("/csp", "csp-reports", 80), ("/", "shop", 80)])
    bad = "https://cdn-jquery-stats.example/j.min.js"
    for index in range(3):
        paths = ["GET /checkout 200", "GET /p/{n} 200", "POST /checkout/pay 302", "GET / 200"]
        lines = often(31, 2500 - 70 * index, 1, "info", paths, "shop.access")
        if index == 1:
            lines += [
                L(done + 138, "warn", "login user=admin.ines ip=203.0.113.84 result=ok second_factor=none "
                  "agent='python-requests/2.32' (last login: 2 days ago, ip=10.20.4.17)", "shop.admin.audit"),
                L(done + 90, "info", "GET /admin_x81/cms/block 200 user=admin.ines ip=203.0.113.84", "shop.admin"),
                L(done, "info", "cms block 'checkout_footer' saved, revision 31 -> 32, user=admin.ines "
                  f'ip=203.0.113.84, added: <script src="{bad}" async></script>', "shop.admin.audit"),
                L(done - 21, "info", "page cache flushed by user=admin.ines ip=203.0.113.84", "shop.admin.audit"),
            ]  # fmt: skip
        log(w, shop, index, "python", lines)
    told = f"csp report document=/checkout directive=script-src-elem blocked={bad} disposition=report"
    log(w, reports, 0, "logfmt", [*often(19, done - 30, 1, "warn", [told]),
                                  L(done + 1300, "info", "csp report document=/p/4411 directive=img-src "
                                    "blocked=chrome-extension disposition=report")])  # fmt: skip
    seen = f"/checkout: script sources changed, new: {bad}; form posts of the test card also go to "
    seen += "https://cdn-jquery-stats.example/c"
    log(w, watch, 0, "python", [*often(300, 3500, done + 30, "info", ["/checkout: 7 scripts, all known"], "watch"),
                                *often(300, done - 140, 2, "error", [seen], "watch")])  # fmt: skip
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint starting: time"]))
    log(w, cache, 0, "redis", often(500, 3400, 9, "info", ["100 changes in 300 seconds. Saving..."]))
    requests(w, "shop", rate=flat(74), errors=flat(0.0005), p95=flat(0.26))
    requests(w, "csp-reports", rate=step(0.001, 0.055, done), errors=flat(0.0), p95=flat(0.004))
    for of in (shop, cache, reports, watch):
        measured(w, of, 0.24)
    machines(w)
    alert(w, "UnknownScriptOnCheckout", minutes(29), f"page-watch: /checkout loads {bad}", page="/checkout")


@case(
    "ended-certificate-lies-in-a-secret-nobody-uses",
    "library-portal",
    "2026-10-06T08:31:00",
    title="An alert says that a certificate has ended; it lies in last year's Secret, the portal serves another",
    drawn_from="x509 exporters that read every TLS Secret, and Secrets that stay behind when the issuer is changed",
    why="The Secret of the alert is named by no Ingress, no pod and no Certificate since the portal moved to "
    "cert-manager in spring. What is served ends in 61 days by the probe and is Ready; users come as on any morning "
    "and get their pages. There is nothing to do to the service; the old Secret may be tidied away.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=[each for each in HARM if each not in {"page_human", "no_action"}],
)
def old_certificate(w: World) -> None:
    nodes(w, "lp-1", "lp-2")
    kind, keys = "kubernetes.io/tls", ["tls.crt", "tls.key"]
    secret(w, "portal-tls-2025", keys, age=days(365.1), changed=days(365.1), by="kubectl-create", kind=kind)
    names = {"cert-manager.io/certificate-name": "portal-tls", "cert-manager.io/issuer-name": "letsencrypt"}
    secret(w, "portal-tls", keys, age=days(178), changed=days(29), by="cert-manager-certificates-issuing",
           annotations=names, kind=kind)  # fmt: skip
    ready = {"type": "Ready", "status": "True", "reason": "Ready", "message": "Certificate is up to date and has not "
             "expired", "lastTransitionTime": w.at(days(178))}  # fmt: skip
    custom(
        w,
        "cert-manager.io/v1",
        "Certificate",
        "portal-tls",
        {
            "secretName": "portal-tls",
            "duration": "2160h0m0s",
            "dnsNames": ["portal.library.example"],
            "issuerRef": {"kind": "ClusterIssuer", "name": "letsencrypt"},
        },
        {"conditions": [ready], "notBefore": w.at(days(29)), "revision": 4},
        age=days(178),
    )
    image = "registry.library-portal.example"
    cache = redis(w, "loans-cache")
    portal = well(w, "portal", f"{image}/portal:3.18", pods=3, age=hours(15), before=f"{image}/portal:3.17", port=3000,
                  env={"LOANS_URL": "http://loans"})  # fmt: skip
    loans = well(w, "loans", f"{image}/loans:7.2.2", age=days(52))
    search = well(w, "search", f"{image}/search:1.30", age=days(52))
    ingress(w, "portal", "portal.library.example", [("/", "portal", 80)], tls="portal-tls")
    for index in range(3):
        said = ["GET / 200 12ms", "GET /loans/{n} 200 48ms", "GET /search?page={n} 200 81ms"]
        log(w, portal, index, "pino", often(12, 1100, 1, "info", said))
    for of in (loans, search):
        for index in range(2):
            log(w, of, index, "logback", often(18, 1100, 1, "info", ["GET /v1/items/{n} 200 9ms"], "l.p.web.Access"))
    log(w, search, 1, "logback", [L(minutes(14), "warn", "query took 1204 ms: title:*der*", "l.p.search.SlowLog")])
    log(w, cache, 0, "redis", often(500, 3400, 9, "info", ["100 changes in 300 seconds. Saving..."]))
    exact(w, "certificate_expiry", {"component": "portal"}, flat(w.time(-days(61)).timestamp()))
    requests(w, "portal", rate=step(17, 24, minutes(55), over=3000), errors=flat(0.0006), p95=flat(0.17))
    requests(w, "loans", rate=flat(15), errors=flat(0.0004), p95=flat(0.05))
    for of in (cache, portal, loans, search):
        measured(w, of, 0.21)
    machines(w)
    text = "Certificate in Secret library-portal/portal-tls-2025 (CN=portal.library.example) has expired"
    alert(w, "X509CertificateExpired", minutes(144), text, secret_name="portal-tls-2025", secret_key="tls.crt",
          subject_CN="portal.library.example", job="x509-certificate-exporter")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", True, ""))


@case(
    "booking-is-closed-for-the-announced-night",
    "island-ferries",
    "2026-11-08T01:44:00",
    title="Nearly all requests get 503: booking is in its announced maintenance until half past three",
    drawn_from="maintenance modes that answer 503 with Retry-After on purpose, and alerts that nobody had silenced",
    why="The pods say that they answer 503 because maintenance is switched on, with the number of the change and its "
    "end; the map that switches it was written for it a minute before and names the same window, and we are in it. The "
    "move of the fares for which it is done runs and is past its half. Everything is ready, nothing crashes. Whoever "
    "restarts, rolls back or opens the shop again breaks into the move.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "restart_connection_pool",
        "switch_traffic",
        "scale_database",
        "isolate_workload",
    ],
)
def closed_night(w: World) -> None:
    nodes(w, "if-1", "if-2", "if-3")
    closed, image = minutes(44), "registry.island-ferries.example"
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(330))
    config_map(
        w,
        "booking-maintenance",
        {
            "enabled": "true",
            "from": "2026-11-08 01:00 UTC",
            "until": "2026-11-08 03:30 UTC",
            "reason": "CHG-2281 move of the fares to the tables of 2027, announced on the site on 1 November",
        },
        age=days(330),
        changed=closed + 60,
        by="kubectl-client-side-apply",
    )
    base = postgres(w)
    env = {"DB_HOST": "postgres", "MAINTENANCE_FILE": "/etc/maintenance/enabled"}
    spec = [
        pod_spec(
            container("booking", f"{image}/booking:{tag}", env=env,
                      memory=("256Mi", "512Mi"), mounts={"maintenance": "/etc/maintenance"}),
            volumes={"maintenance": "configmap/booking-maintenance"},
        )
        for tag in ("12.3", "12.4")
    ]  # fmt: skip
    shop = deployment(w, "booking", [Rev(spec[0], days(36)), Rev(spec[1], days(4))], 4)
    service(w, "booking")
    times = well(w, "timetable", f"{image}/timetable:5.0.1", age=days(80))
    site = well(w, "site", f"{image}/site:230", age=days(5), port=3000)
    ingress(w, "ferries", "www.island-ferries.example", [("/book", "booking", 80), ("/times", "timetable", 80),
                                                        ("/", "site", 80)])  # fmt: skip
    inner = container("move-fares", f"{image}/booking:12.4", port=0, ready=None, env={"DB_HOST": "postgres"},
                      command=("booking", "move-fares", "--to", "2027"))  # fmt: skip
    move = running_job(w, "chg-2281-move-fares", pod_spec(inner), closed - 180)
    for index in range(4):
        fine = often(30, closed + 700, closed + 25, "info", ["GET /book/{n} 200 88ms", "POST /book 201 211ms"])
        text = "maintenance mode on until 2026-11-08 03:30 UTC (CHG-2281), answering 503"
        turn = L(closed - 12 - index, "warn", text)
        told = ["GET /book/{n} 503 maintenance, Retry-After: 6600", "POST /book 503 maintenance, Retry-After: 6600"]
        log(w, shop, index, "zap", [*fine, turn, *often(41, closed - 20, 1, "info", told)])
    begun = closed - 190
    steps = [L(begun, "info", "precheck: maintenance mode is on, 0 open bookings", "booking.move")]
    steps += [L(begun - 60 - 205 * n, "info", f"moved {(n + 1) * 61_000} of 1105000 fares", "booking.move")
              for n in range(11)]  # fmt: skip
    log(w, move, 0, "python", steps)
    log(w, base, 0, "postgres", often(120, 2500, 9, "log", ["checkpoint starting: wal"]))
    for index in range(2):
        log(w, times, index, "logfmt", often(60, 2800, 4, "info", ["GET /times/{n} 200 6ms"]))
        log(w, site, index, "pino", often(60, 2800, 4, "info", ["GET / 200", "GET /news/maintenance 200"]))
    lost = step(0.001, 0.985, closed)
    requests(w, "booking", rate=step(6.1, 2.4, closed, over=600), errors=lost, p95=flat(0.09))
    requests(w, "timetable", rate=flat(3.1), errors=flat(0.0004), p95=flat(0.02))
    requests(w, "site", rate=flat(4.4), errors=flat(0.0005), p95=flat(0.05))
    measured(w, base, step(0.12, 0.58, begun))
    for of in (shop, times, site):
        measured(w, of, 0.1)
    signal(w, "db_connections", {"component": "postgres"}, flat(31))
    signal(w, "db_max_connections", {"component": "postgres"}, flat(100), noise=0)
    machines(w, 0.2)
    alert(w, "HighErrorRate", minutes(38), "98% of the requests to booking are answered with 5xx", service="booking")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", True, ""))


def running_job(w: World, name: str, spec: dict[str, Any], age: float) -> Workload:
    """Return a Job that still runs, with its pod."""
    spec = spec | {"restartPolicy": "Never"}
    meta = w.meta("Job", name, age)
    labels = {"batch.kubernetes.io/controller-uid": meta["uid"], "batch.kubernetes.io/job-name": name, "job-name": name}
    meta["labels"] = labels
    inner: dict[str, Any] = {
        "backoffLimit": 0,
        "completions": 1,
        "parallelism": 1,
        "template": {"metadata": {"labels": labels}},
    }
    inner["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": meta["uid"]}}
    inner["template"]["spec"] = spec
    top = w.add({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": inner})
    top["status"] = {"startTime": w.at(age), "active": 1, "ready": 1, "terminating": 0}
    one = pod(w, f"{name}-k7wq2", spec, labels, reference(top), P(), age, 0)
    born(w, one, top, age)
    return Workload("Job", name, labels, top, [one])
