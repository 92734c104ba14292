"""What lies behind and outside: no statistics after an upgrade, no mail, a certificate that is ours to renew."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_b import LARAVEL, stamped
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.cases.fresh_q import NO_METRICS, written
from tests.diagnosis.casemaker.jobs import job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.rolled import rolled
from tests.diagnosis.casemaker.scene import alert, redis, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

PLAN = """duration: {ms}.418 ms  plan:
\tQuery Text: SELECT s.id, s.target FROM segments s JOIN segment_terms t ON t.segment_id = s.id WHERE t.hash = ANY($1)
\tHash Join  (cost=98211.07..331904.52 rows=273047 width=204) (actual time=2114.106..{ms}.380 rows=14 loops=1)
\t  Hash Cond: (t.segment_id = s.id)
\t  ->  Seq Scan on segment_terms t  (cost=0.00..201877.12 rows=273047 width=8) (actual rows=14 loops=1)
\t        Filter: (hash = ANY ($1))
\t        Rows Removed by Filter: 10921871
\t  ->  Hash  (cost=70906.36..70906.36 rows=2184377 width=204) (actual rows=2184377 loops=1)"""


@case(
    "nobody-analyzed-after-the-major-upgrade",
    "translations",
    "2026-05-04T08:52:00",
    title="Translators wait seconds for each match; the database was upgraded in the night and knows no statistics",
    drawn_from="pg_upgrade does not carry optimizer statistics over; the first working day runs on default guesses",
    why="The plans expect 273047 rows where 14 are and read whole tables; the upgrade says itself that statistics "
    "are to be made. Users come as on any Monday; the portal was released when it was slow already. To go back would "
    "set an older server before newer files.",
    expect=[Fault("StatefulSet/tm-db", "dependency_failure", "page_human")],
    acceptable=[
        *((cause, "page_human") for cause in ("configuration_error", "resource_exhaustion", "database_connection")),
        ("configuration_error", "page_human", "Job/tm-db-upgrade-17"),
        ("dependency_failure", "page_human", "Job/tm-db-upgrade-17"),
    ],
    forbidden=[
        "rollback_workload",
        "restart_workload",
        "scale_workload",
        "restart_connection_pool",
        "isolate_workload",
        "no_action",
    ],
)
def no_statistics(w: World) -> None:
    nodes(w, "tr-1", "tr-2", "tr-3", cpu="8", memory="32780512Ki")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(700))
    image = "registry.translations.example"
    specs = [
        pod_spec(container("postgres", f"postgres:{tag}", port=5432, env_from=("secret/postgres-auth",),
                 cpu=("2", "4"), memory=("8Gi", "8Gi"), mounts={"data": "/var/lib/postgresql/data"},
                 ready={"exec": {"command": ["pg_isready", "-U", "postgres"]}, "periodSeconds": 10}))
        for tag in ("13.18", "17.4")
    ]  # fmt: skip
    back = hours(6.1)
    base = rolled(w, "StatefulSet", "tm-db", [Rev(specs[0], days(160)), Rev(specs[1], back)], [P(age=back)],
                  age=days(700), claim="data")  # fmt: skip
    claim(w, "data-tm-db-0", size="100Gi", age=days(700))
    service(w, "tm-db", port=5432, target=5432, headless=True)
    spec = pod_spec(container("pg-upgrade", f"{image}/pg-upgrade:13-to-17", port=0, ready=None,
                    args=("--link", "--jobs=4")))  # fmt: skip
    done = terminated(0, "Completed", started=hours(6.4), finished=hours(6.28))
    run = job(w, "tm-db-upgrade-17", spec, age=hours(6.41),
              pods=[P(age=hours(6.41), phase="Succeeded", state=done, ready=False, unready=hours(6.28))])  # fmt: skip
    said = """Linking user relation files                                   ok
Setting next OID for new cluster                              ok
Sync data directory to disk                                   ok
Creating script to delete old cluster                         ok
Checking for extension updates                                ok

Upgrade Complete
----------------
Optimizer statistics are not transferred by pg_upgrade.
Once you start the new server, consider running:
    /usr/lib/postgresql/17/bin/vacuumdb --all --analyze-in-stages
Running this script will delete the old cluster's data files:
    ./delete_old_cluster.sh"""
    log(w, run, 0, "plain", [L(hours(6.3), "", said)])
    env = {"DATABASE_HOST": "tm-db", "POOL_SIZE": "10", "STATEMENT_TIMEOUT": "15s"}
    api = well(w, "memory-api", f"{image}/memory-api:4.6.0", pods=3, age=days(18), port=8000, env=env)
    web = well(w, "portal", f"{image}/portal:2210", pods=2, age=minutes(24), before=f"{image}/portal:2209",
               env={"MEMORY_API": "http://memory-api"})  # fmt: skip
    terms = well(w, "glossary", f"{image}/glossary:1.17", age=days(51), talk=True)
    mt = well(w, "machine-draft", f"{image}/machine-draft:0.8", age=days(33), talk=True)
    ingress(w, "portal", "desk.translations.example", [("/", "portal", 80)])
    lines = []
    for count, age in enumerate(range(1270, 4, -61)):
        took = 4200 + (count * 733) % 3900
        text = PLAN.replace("{ms}", str(took))
        lines.append(L(age, "log", text, "tm@tm"))
    log(w, base, 0, "postgres", lines)
    for index in range(3):
        slow = ['POST /lookup HTTP/1.1" 200 took=5.2s hits=14', 'POST /lookup HTTP/1.1" 200 took=7.6s hits=3',
                'PUT /segments/{n} HTTP/1.1" 200 took=0.01s']  # fmt: skip
        text = "lookup {n}: QueuePool limit of size 10 overflow 0 reached, connection timed out, timeout 5.00"
        lines = often(7, minutes(10) - 5 * index, 1, "info", slow, "uvicorn.access")
        log(w, api, index, "python", [*lines, *often(67, minutes(10) - 9 * index, 2, "error", [text], "memory.db")])
    for index in range(2):
        seen = ["match {n} shown after 5.4s", "segment {n} saved", "match {n} given up after 10s"]
        lines = [
            L(minutes(23.4), "info", "portal 2210 listening"),
            *often(16, minutes(21) - 7 * index, 1, "info", seen),
        ]
        log(w, web, index, "pino", lines)
    rise = minutes(49)
    requests(w, "memory-api", rate=ramp(4, 31, rise, minutes(9)), errors=ramp(0.001, 0.07, minutes(38)),
             p95=ramp(0.6, 7.4, rise, minutes(12)))  # fmt: skip
    requests(w, "portal", rate=ramp(7, 52, rise, minutes(9)), errors=ramp(0.001, 0.03, minutes(38)),
             p95=ramp(0.8, 7.9, rise, minutes(12)))  # fmt: skip
    requests(w, "glossary", rate=ramp(2, 9, rise, minutes(9)), errors=flat(0.0003), p95=flat(0.03))
    measured(w, base, ramp(0.21, 0.995, rise, minutes(30)), 0.48, ramp(0.01, 0.4, rise, minutes(28)))
    measured(w, api, 0.08)
    measured(w, web, 0.13)
    measured(w, terms)
    measured(w, mt)
    calls(w, "memory-api", "tm-db", ramp(0.5, 7.2, rise, minutes(12)), ramp(0.0005, 0.06, minutes(38)))
    calls(w, "portal", "glossary", 0.03)
    signal(w, "db_connections", {"component": "tm-db"}, ramp(14, 36, rise, minutes(20)))
    exact(w, "db_max_connections", {"component": "tm-db"}, flat(200))
    exact(w, "db_locks_waiting", {"component": "tm-db"}, flat(0))
    machines(w, ramp(0.18, 0.37, rise, minutes(20)))
    alert(w, "MatchLookupSlow", minutes(31), "p95 of match lookups is 7 s (objective 1.5 s)", service="memory-api")


@case(
    "mail-provider-is-down-and-mails-wait",
    "evening-school",
    "2026-09-01T18:07:00",
    title="Enrolment mails do not go out and their queue grows; the provider's relay sends all senders away",
    drawn_from="an hour's outage of a mail provider on the first evening of a term, twenty minutes after a release",
    why="Two programs in two languages get the same 421 from the same outside host since the same minute; one of them "
    "was not released for months, the other ran well for twenty minutes. Other jobs and the text messages go on.",
    expect=[Fault("Deployment/horizon", "dependency_failure", "page_human")],
    acceptable=[("dependency_failure", "page_human", "*")],
    tolerated=[],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "restart_connection_pool",
        "isolate_workload",
        "no_action",
    ],
)
def mail_outage(w: World) -> None:
    nodes(w, "es-1", "es-2")
    image, since = "registry.gitlab.com/evening-school", minutes(31)
    secret(w, "mail", ["MAIL_USERNAME", "MAIL_PASSWORD"], age=days(380))
    env = {"APP_ENV": "production", "QUEUE_CONNECTION": "redis", "MAIL_HOST": "smtp.postmill.example"}
    web = well(w, "web", f"{image}/campus:2026.35", pods=3, age=minutes(52), before=f"{image}/campus:2026.34", env=env)
    specs = [
        pod_spec(container("horizon", f"{image}/campus:2026.{n}", port=0, ready=None, env=env, memory=("256Mi", "1Gi"),
                 env_from=("secret/mail",), command=("php", "artisan", "horizon")))
        for n in (34, 35)
    ]  # fmt: skip
    horizon = deployment(w, "horizon", [Rev(specs[0], days(8)), Rev(specs[1], minutes(51))], 2)
    bulletin = well(w, "bulletin", f"{image}/bulletin:3.1", pods=1, age=days(130), port=8000,
                    env={"SMTP_URL": "smtp://smtp.postmill.example:587"})  # fmt: skip
    cache = redis(w, "redis")
    text = well(w, "timetable", f"{image}/timetable:77", age=days(19), talk=True)
    ingress(w, "campus", "campus.school.example", [("/", "web", 80)])
    refused = (
        'Expected response code "220" but got code "421", with message "421 4.3.2 smtp.postmill.example Service '
        'unavailable, closing transmission channel". {"exception":"[object] (Symfony\\\\Component\\\\Mailer\\\\'
        "Exception\\\\TransportException(code: 421): at /var/www/vendor/symfony/mailer/Transport/Smtp/Smtp"
        'Transport.php:352)"}'
    )
    for index in range(2):
        form = "  {at:%Y-%m-%d %H:%M:%S} App\\{text}"
        good = ["Mail\\EnrolmentConfirmed ..... 412.31ms DONE", "Jobs\\SyncWaitingList ..... 61.20ms DONE",
                "Notifications\\RoomChanged (sms) ..... 188.02ms DONE"]  # fmt: skip
        bad = ["Mail\\EnrolmentConfirmed ..... 96.44ms FAIL", *good[1:], "Mail\\EnrolmentConfirmed ..... 91.70ms FAIL"]
        written(w, horizon, index, form, often(150, minutes(49) - 9 * index, since, "", good))
        lines = often(60, since - 11 * index, 20, "ERROR", [refused])
        stamped(w, horizon, index, LARAVEL, lines)
        written(w, horizon, index, form, often(70, minutes(14) - 8 * index, 1, "", bad))
    lines = often(340, hours(3), since, "info", ["bulletin {n} delivered to 60 readers"], "bulletin.send")
    text421 = "smtplib.SMTPConnectError: (421, b'4.3.2 smtp.postmill.example Service unavailable, closing transmission"
    lines += often(180, since - 20, 3, "error", [f"bulletin {{n}} deferred: {text421} channel')"], "bulletin.send")
    log(w, bulletin, 0, "python", lines)
    for index in range(3):
        fine = ["POST /courses/{n}/enrol 302 0.141", "GET /courses 200 0.038", "GET /my/timetable 200 0.052"]
        log(w, web, index, "nginx", often(13, minutes(16) - 5 * index, 1, "info", fine))
    requests(w, "web", rate=ramp(14, 39), errors=flat(0.0011), p95=flat(0.21))
    requests(w, "timetable", rate=ramp(8, 17), errors=flat(0.0002), p95=flat(0.05))
    signal(w, "queue_depth", {"component": "horizon", "queue": "mails"}, ramp(6, 236, since))
    signal(w, "queue_depth", {"component": "horizon", "queue": "default"}, flat(9), noise=0.3)
    measured(w, web, 0.24)
    measured(w, horizon, 0.16)
    measured(w, bulletin, 0.04)
    measured(w, cache, 0.05)
    measured(w, text)
    machines(w, 0.26)
    alert(w, "HorizonLongWait", minutes(22), "jobs in redis:mails wait for more than 300 s", queue="mails",
          severity="warning")  # fmt: skip


@case(
    "our-own-certificate-for-the-insurer-ran-out",
    "removals",
    "2026-06-08T12:34:00",
    title="No move can be insured since noon; the insurer's gateway refuses the client certificate we show it",
    drawn_from="remote error: tls: expired certificate - of mutual TLS with a partner, renewed by hand once a year",
    why="The alert comes from the far side and speaks of the certificate that we send; it starts at twelve to the "
    "second, when this morning's check says that ours ends. The release of 11:46 insured moves for a quarter hour.",
    expect=[Fault("Secret/insurer-client-tls", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Deployment/cover-bridge"),
        ("network_fault", "page_human", "Secret/insurer-client-tls"),
        ("dependency_failure", "page_human", "Secret/insurer-client-tls"),
        ("dependency_failure", "page_human", "Deployment/cover-bridge"),
        ("network_fault", "page_human", "Deployment/cover-bridge"),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "restart_connection_pool",
        "switch_traffic",
        "isolate_workload",
        "no_action",
    ],
)
def client_certificate(w: World) -> None:
    nodes(w, "rm-1", "rm-2", "rm-3")
    image, end = "registry.removals.example", minutes(34)
    secret(w, "insurer-client-tls", ["tls.crt", "tls.key", "ca.crt"], age=days(397), kind="kubernetes.io/tls",
           changed=days(365.2), by="kubectl-create")  # fmt: skip
    secret(w, "web-tls", ["tls.crt", "tls.key"], age=days(300), kind="kubernetes.io/tls", changed=days(24),
           by="cert-manager-certificates-issuing")  # fmt: skip
    env = {"INSURER_URL": "https://mtls.nordhelm.example/v3", "CLIENT_CERT": "/tls/tls.crt"}
    specs = [
        pod_spec(container("cover-bridge", f"{image}/cover-bridge:1.{n}.0", env=env, mounts={"tls": "/tls"}),
                 volumes={"tls": "secret/insurer-client-tls"})
        for n in (22, 23)
    ]  # fmt: skip
    bridge = deployment(w, "cover-bridge", [Rev(specs[0], days(41)), Rev(specs[1], minutes(48))], 2)
    service(w, "cover-bridge")
    offers = well(w, "offers", f"{image}/offers:6.14", pods=3, age=days(9), env={"COVER_URL": "http://cover-bridge"})
    web = well(w, "site", f"{image}/site:1044", pods=2, age=days(3), port=3000, env={"OFFERS_URL": "http://offers"})
    well(w, "crews", f"{image}/crews:2.9", age=days(66), talk=True)
    ingress(w, "site", "www.removals.example", [("/", "site", 80)], tls="web-tls")
    spec = pod_spec(container("certs", f"{image}/ops-tools:11", port=0, ready=None, command=("/checks/certs.sh",),
                    mounts={"partner": "/partner", "web": "/web"}),
                    volumes={"partner": "secret/insurer-client-tls", "web": "secret/web-tls"})  # fmt: skip
    ran = hours(7) + minutes(34)
    done = terminated(0, "Completed", started=ran - 3, finished=ran - 5)
    check = job(w, "cert-report-29681580", spec, age=ran, cron="cert-report", schedule="0 5 * * *",
                pods=[P(age=ran, phase="Succeeded", state=done, ready=False, unready=ran - 5)])  # fmt: skip
    log(w, check, 0, "plain", [
        L(ran - 3, "", "/web/tls.crt      subject=CN = www.removals.example   notAfter=Aug 13 04:11:52 2026 GMT"),
        L(ran - 4, "", "/partner/ca.crt   subject=CN = Nordhelm Partner CA 2  notAfter=Mar  1 00:00:00 2034 GMT"),
        L(ran - 4, "", "/partner/tls.crt  subject=CN = removals-prod          notAfter=Jun  8 12:00:00 2026 GMT"),
        L(ran - 5, "", "report mailed to ops-list@removals.example"),
    ])  # fmt: skip
    failed = (
        'bind cover for move {n}: Post "https://mtls.nordhelm.example/v3/covers": remote error: tls: expired '
        "certificate"
    )
    for index in range(2):
        lines = [L(minutes(47.6) - 20 * index, "info", "cover-bridge 1.23.0 (cover for pianos) listening on :8080")]
        lines += often(58, minutes(47) - 20 * index, end + 4, "info", ["cover bound for move {n} in 640ms"])
        lines += often(36, end - 3 - 8 * index, 2, "error", [failed])
        log(w, bridge, index, "logfmt", lines)
    for index in range(3):
        lines = often(
            61,
            end - 15 - 11 * index,
            2,
            "error",
            ["offer {n} without cover: cover-bridge answered 502"],
            "offers.cover",
        )
        lines += often(30, minutes(33) - 6 * index, 2, "info", ["offer {n} priced", "offer {n} stored"], "offers.flow")
        log(w, offers, index, "python", lines)
    for index in range(2):
        text = ["POST /offer 200 1.1s", "GET / 200 12ms", "POST /offer/{n}/book 409 cover missing"]
        log(w, web, index, "pino", often(19, minutes(22) - 6 * index, 1, "info", text))
    alert(w, "BookingsBelowForecast", minutes(14), "no booking was completed in the last 20 minutes (forecast: 11)",
          severity="page", team="sales-tech")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
