"""Security and quiet: a poisoned dependency, a rehearsal that looks like an attack."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.jobs import busy
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import digest
from tests.diagnosis.casemaker.network import ingress, policy, service
from tests.diagnosis.casemaker.platform import config_map, hpa, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal
from tests.diagnosis.casemaker.templates import container, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "poisoned-dependency-looks-for-credentials",
    "giftcards",
    "2026-09-17T11:06:00",
    title="A web service works well, and since its release runs command-line tools of clouds and posts to a stranger",
    drawn_from="worms in npm packages that search a process's surroundings for tokens and upload them",
    why="Pods of this morning's release alone, which brought nothing but dependencies, try gh, aws and trufflehog from "
    "a Node process and push kilobytes to a drop box through the proxy. Exports and mails use hosts they always used.",
    expect=[Fault("Deployment/card-web", "security_incident", "isolate_workload")],
    acceptable=[("security_incident", "page_human"), ("security_incident", "rollback_workload")],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        {"remedy": "isolate_workload", "target": "Deployment/egress-proxy"},
        {"remedy": "isolate_workload", "target": "Deployment/report-export"},
    ],
)
def poisoned(w: World) -> None:
    nodes(w, "gc-1", "gc-2", "gc-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    secret(w, "card-web", ["SESSION_KEY", "PSP_API_KEY", "NPM_TOKEN"], age=days(190))
    base = postgres(w, "cards-db")
    image, proxy = "ghcr.io/giftcards-example", "http://egress-proxy:3128"
    env: dict[str, Any] = {"NODE_ENV": "production", "HTTPS_PROXY": proxy, "NODE_USE_ENV_PROXY": "1",
           "PSP_API_KEY": from_secret("card-web", "PSP_API_KEY")}  # fmt: skip
    specs = [
        pod_spec(container("web", f"{image}/card-web:{tag}", port=3000, env=env), serviceAccountName="card-web")
        for tag in ("8.31.0", "8.31.1")
    ]
    age = hours(1.4)
    revisions = [Rev(specs[0], days(7)), Rev(specs[1], age, cause="8.31.1: chore(deps): weekly npm updates (#2207)")]
    web = deployment(w, "card-web", revisions, 3)
    service(w, "card-web", target=3000)
    squid = well(w, "egress-proxy", "ubuntu/squid:6.6-24.04_edge", pods=1, age=days(40), port=3128)
    export = well(w, "report-export", f"{image}/report-export:2.2.0", age=hours(3.1), before=f"{image}/report-export:"
                  "2.1.9", env={"HTTPS_PROXY": proxy})  # fmt: skip
    mails = well(w, "mail-out", f"{image}/mail-out:1.14.0", age=days(60), env={"HTTPS_PROXY": proxy})
    ingress(w, "shop", "cards.giftcards.example", [("/", "card-web", 80)])
    inner: list[dict[str, Any]] = [{"to": [{"podSelector": {}}]}, {"to": [{"namespaceSelector": {"matchLabels": {
        "kubernetes.io/metadata.name": "kube-system"}}}], "ports": [{"protocol": "UDP", "port": 53}]}]  # fmt: skip
    policy(w, "only-through-the-proxy", {}, age=days(150), egress_to=inner)
    for index in range(3):
        began = age - 30 - 9 * index
        now = int(w.time(began).timestamp() * 1000)
        lines = [L(began, "", f'{{"level":30,"time":{now},"pid":1,"msg":"card-web 8.31.1 listening on 3000"}}')]
        for text in (
            "/bin/sh: 1: gh: not found",
            "/bin/sh: 1: aws: not found",
            "/bin/sh: 1: gcloud: not found",
            "cat: /app/.npmrc: No such file or directory",
            "cat: /app/.aws/credentials: No such file or directory",
            "cat: /home/node/.git-credentials: No such file or directory",
            "\U0001f437\U0001f511\U0001f437  TruffleHog. Unearth your secrets. \U0001f437\U0001f511\U0001f437",
        ):
            lines.append(L(began - 14 - len(lines), "", text))
        for x in often(46, minutes(58), 2, "", ["GET /cards 200 in 31ms", "POST /checkout 303 in 240ms", "GET / 200"]):
            now = int(w.time(x.age).timestamp() * 1000)
            lines.append(L(x.age, "", f'{{"level":30,"time":{now},"pid":1,"msg":"{x.text}"}}'))
        log(w, web, index, "plain", lines)

    def seen(at: float, pod: int, took: int, size: int, host: str, code: str = "TCP_TUNNEL/200") -> L:
        peers = [each["status"]["podIP"] for top in (web, export, mails) for each in top.pods]
        when = f"{w.time(at).timestamp():.0f}.{at % 900:03.0f}"
        way = "HIER_NONE/-" if code.endswith("403") else f"HIER_DIRECT/203.0.113.{int(digest(host)[:2], 16)}"
        return L(at, "", f"{when} {took:6} {peers[pod]} {code} {size} CONNECT {host}:443 - {way} -")

    told = []
    for at in range(int(hours(2.1)), 5, -190):
        told.append(seen(at, at % 3, 210 + at % 90, 5100 + at % 700, "api.psp-pay.example"))
        told.append(seen(at - 70, 5 + at // 190 % 2, 90, 3900 + at % 300, "smtp-api.mailrelay.example"))
    bucket = "exports.s3.eu-central-1.amazonaws.com"
    told += [seen(at, 3 + at // 1500 % 2, 8100, 2_410_336 + at, bucket) for at in range(int(hours(2)), 5, -1500)]
    for index in range(3):
        began = age - 46 - 9 * index
        told += [
            seen(began, index, 1804, 31_602_118, "release-assets.githubusercontent.com"),
            seen(began - 3, index, 12, 3988, "169.254.169.254", "TCP_DENIED/403"),
            seen(began - 41, index, 411, 9120, "api.github.com"),
            *(seen(at - 130 * index, index, 590 + at % 87, 18_233 + 7 * (at % 53), "webhook.site")
              for at in range(int(began) - 60, 400, -870)),
        ]  # fmt: skip
    log(w, squid, 0, "plain", told)
    start = L(hours(3.1) - 20, "info", "report-export 2.2.0 (parquet instead of csv), bucket exports")
    log(w, export, 0, "python", [start, *often(750, hours(2), 20, "info", ["export {n} uploaded, 2.3 MiB"])])
    log(w, mails, 0, "logfmt", often(95, hours(1), 4, "info", ["mail {n} accepted by relay"]))
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint starting: time"]))
    alert(w, "EgressToUnlistedHost", minutes(74), "the egress proxy passed a host on to which nothing connected in the "
          "last 30 days", deployment="egress-proxy", severity="warning")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), ("metrics", False, "no Prometheus is configured"))


def _k6(began: float) -> list[L]:
    """Return what k6 says of a run of half an hour."""
    scenarios = "     scenarios: (100.00%) 1 scenario"
    lines = [
        L(began - 6, "", "     execution: local"),
        L(began - 6, "", "        script: /scripts/sale.js"),
        L(
            began - 6,
            "",
            scenarios + ", 400 max VUs, 30m30s max duration (incl. graceful stop):",
        ),
        L(began - 6, "", "              * sale: Up to 400 looping VUs for 30m0s over 3 stages (gracefulRampDown: 30s)"),
    ]
    for spent in range(30, int(began) - 8, 20):
        many, clock = min(400, spent * 400 // 480), f"{spent // 60:02}m{spent % 60:02}.0s"
        share, at = spent * 100 // 1800, began - 8 - spent
        done = int(many * spent * 0.46)
        lines += [
            L(
                at,
                "",
                f"running ({clock}), {many:03}/400 VUs, {done} complete and 0 interrupted iterations",
            ),
            L(at, "", f"sale   [ {share:3}% ] {many:03}/400 VUs  {clock}/30m00.0s"),
        ]
    return lines


@case(
    "rehearsal-of-a-ticket-sale-rings-the-attack-bell",
    "ticketing-stage",
    "2026-05-28T10:24:00",
    title="An alert suspects a flood; the load comes from the namespace's own weekly load test and is served",
    drawn_from="k6 and Locust runs in staging that trip rules on traffic and latency",
    why="All of the new requests name k6 and come from the pods of a CronJob that runs each Thursday at ten for half "
    "an hour; it counts almost no failures, and the autoscaler has followed and stands below its maximum.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[
        ("no_fault", "no_action", "CronJob/k6-rehearsal"),
        ("no_fault", "no_action", "Deployment/seat-api"),
        ("capacity", "no_action", "Deployment/seat-api"),
    ],
    tolerated=["page_human"],
    forbidden=["isolate_workload", "rollback_workload", "restart_workload", "scale_database", "switch_traffic"],
)
def rehearsal(w: World) -> None:
    nodes(w, "ts-1", "ts-2", "ts-3", "ts-4", cpu="8")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    base = postgres(w, "seats-db")
    image, began = "registry.tickets.example/stage", minutes(24)
    specs = [
        pod_spec(container("seat-api", f"{image}/seat-api:{tag}", cpu=("250m", "1"), memory=("256Mi", "512Mi"),
                 env={"DB_HOST": "seats-db", "HOLD_SECONDS": "420"}))
        for tag in ("main-7f31c2e", "main-b20d94a")
    ]  # fmt: skip
    pods = [P(), P(), *(P(age=each) for each in (minutes(21.5), minutes(21.5), minutes(19), minutes(16)))]
    api = deployment(w, "seat-api", [Rev(specs[0], days(3)), Rev(specs[1], hours(4.2))], pods, scaled=minutes(16))
    service(w, "seat-api")
    hpa(w, api, low=2, high=12, now=6, used=66, scaled=minutes(16))
    gate = well(w, "gateway", f"{image}/gateway:main-11c08aa", pods=2, age=days(2))
    line = well(w, "waiting-room", f"{image}/waiting-room:main-93be01d", pods=2, age=days(9))
    pay = well(w, "fake-psp", f"{image}/fake-psp:1.0.4", pods=1, age=days(120))
    ingress(w, "stage", "stage.tickets.example", [("/", "gateway", 80)])
    spec = pod_spec(container("k6", "grafana/k6:0.54.0", port=0, ready=None, cpu=("1", "2"), memory=("512Mi", "1Gi"),
                    args=("run", "--tag", "testid=rehearsal", "/scripts/sale.js"), mounts={"scripts": "/scripts"}),
                    volumes={"scripts": "configmap/k6-sale"})  # fmt: skip
    config_map(w, "k6-sale", {"sale.js": "sha256:5c09e1a7b21f44d0"}, age=days(70), changed=days(9))
    run = busy(w, "k6-rehearsal", spec, ages=[began], schedule="0 10 * * 4")
    run.obj["status"]["lastSuccessfulTime"] = w.at(days(7) + began - minutes(31))
    log(w, run, 0, "plain", _k6(began))
    for index in range(2):
        asked = (("GET /events/42/seats", 200), ("POST /holds", 201), ("POST /holds", 409), ("GET /queue", 200))
        text = [f'"{ask} HTTP/1.1" {code} 611 "-" "k6/0.54.0 (https://k6.io/)"' for ask, code in asked]
        log(w, gate, index, "nginx", often(4, minutes(6) - 2 * index, 1, "info", text))
    for index in range(6):
        old = pods[index].age
        start = [L(old - 8, "info", "seat-api main-b20d94a ready")] if old else []
        text = ["GET /events/42/seats 200 118ms", "POST /holds 201 203ms", "POST /holds 409 44ms seat taken"]
        log(w, api, index, "logfmt", start + often(7, minutes(9) - 2 * index, 1, "info", text))
    log(w, line, 0, "pino", often(15, minutes(15), 2, "info", ["admitted 40 of queue", "queue length {n}"]))
    log(w, pay, 0, "golang", often(9, minutes(10), 2, "", ["authorize tok_test_{n} approved"]))
    crowd = ramp(1, 46, began - 10, minutes(16))
    for name, rate, slow in (("gateway", 9.0, 0.5), ("seat-api", 6.5, 0.31), ("waiting-room", 2.0, 0.05)):
        requests(w, name, rate=lambda at, rate=rate: rate * crowd(at), errors=flat(0.0009),  # type: ignore[misc]
                 p95=ramp(slow * 0.3, slow, began, minutes(15)))  # fmt: skip
    measured(w, api, ramp(0.04, 0.17, began, minutes(14)), 0.4)
    grown = (minutes(21.5), minutes(21.5), minutes(19), minutes(16))
    for name in ("replicas_wanted", "replicas_available", "hpa_replicas"):
        w.metrics[name] = []
        exact(w, name, {"component": "seat-api"}, lambda at: 2.0 + sum(at <= each for each in grown))
    measured(w, gate, ramp(0.03, 0.51, began, minutes(16)))
    measured(w, line, ramp(0.02, 0.24, began, minutes(16)))
    measured(w, pay, ramp(0.01, 0.2, began, minutes(16)))
    measured(w, base, ramp(0.03, 0.34, began, minutes(15)), 0.5)
    signal(w, "cpu_share", {"pod": run.pod(0), "container": "k6"}, ramp(0.1, 0.72, began, minutes(16)), since=began)
    exact(w, "hpa_max", {"component": "seat-api"}, flat(12))
    signal(w, "hpa_utilisation", {"component": "seat-api"}, ramp(16, 66, began, minutes(14)))
    calls(w, "seat-api", "seats-db", ramp(0.004, 0.019, began, minutes(15)))
    signal(w, "db_connections", {"component": "seats-db"}, ramp(12, 61, began, minutes(15)))
    exact(w, "db_max_connections", {"component": "seats-db"}, flat(200))
    machines(w, ramp(0.14, 0.4, began, minutes(15)))
    alert(w, "RequestRateAnomaly", minutes(15), "requests to the gateway are 40 times the usual for this hour "
          "(possible flood or scraping)", service="gateway", severity="critical")  # fmt: skip
