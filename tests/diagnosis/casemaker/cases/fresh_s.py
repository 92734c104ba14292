"""Outside dependencies told by logs: a directory that locks an account, a pooler, a provider's list of addresses."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import digest
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import hpa, node, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.templates import container, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

LOCKED = "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 775, v4563"
WRONG = LOCKED.replace("data 775", "data 52e")


def rounds() -> list[L]:
    """Return what a sync says whose password was changed meanwhile: each round locks the account anew."""
    lines = [L(3418, "info", "round done: 6 units, 41207 entries, 3 changed", "sync.main")]
    for age in range(2700, 5, -720):
        for at, unit in enumerate(("staff", "students", "guests", "alumni", "services", "rooms")):
            text = "LDAPInvalidCredentialsResult - 49 - invalidCredentials - None - "
            text = f"bind for ou={unit} failed: {text}{WRONG if at < 5 else LOCKED} - bindResponse - None"
            lines.append(L(age - at * 1.0, "error", text, "sync.ldap"))
        lines.append(L(age - 7, "warning", "round failed, next in 720 s", "sync.main"))
    return lines


@case(
    "old-password-in-one-pod-locks-the-account-of-all",
    "campus-it",
    "2026-09-14T08:37:00",
    title="Nobody can sign in most of the time; a sync with the old password locks the directory account of all",
    drawn_from="AcceptSecurityContext error, data 775: a service account rotated, one forgotten client locks it again",
    why="Only the sync is told 52e, wrong password, five times a round, after which all others are told 775, locked; "
    "they bind well in the minutes between the end of a lock and its next round. It alone was not restarted since "
    "the Secret was written, 50 minutes ago.",
    expect=[Fault("Deployment/directory-sync", "configuration_error", "restart_workload")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("dependency_failure", "restart_workload"),
        ("dependency_failure", "page_human"),
        ("service_crash", "restart_workload"),
    ],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "no_action",
        {"remedy": "isolate_workload", "target": "Deployment/sso"},
        {"remedy": "restart_workload", "target": "Deployment/sso"},
        {"remedy": "restart_workload", "target": "Deployment/course-portal"},
    ],
)
def locked_account(w: World) -> None:
    nodes(w, "uni-k1", "uni-k2", "uni-k3")
    secret(w, "ldap-bind", ["username", "password"], age=days(410), changed=minutes(50))
    image = "harbor.campus.example/it"
    env: dict[str, Any] = {
        "LDAP_URL": "ldaps://dc01.ad.campus.example:636",
        "LDAP_BIND_DN": from_secret("ldap-bind", "username"),
        "LDAP_BIND_PASSWORD": from_secret("ldap-bind", "password"),
    }
    made: dict[str, Workload] = {}
    for number, (name, tag, pods) in enumerate((("sso", "26.1.4", 2), ("course-portal", "9.3.0", 3), ("print-release",
                                                                     "1.17.2", 1))):  # fmt: skip
        spec = pod_spec(container(name, f"{image}/{name}:{tag}", env=env, memory=("512Mi", "1Gi")))
        again = {"kubectl.kubernetes.io/restartedAt": w.at(minutes(48) - 20 * number)}
        revs = [Rev(spec, days(40)), Rev(spec, minutes(48) - 20 * number, annotations=again)]
        made[name] = deployment(w, name, revs, pods)
        service(w, name)
    spec = pod_spec(container("sync", f"{image}/directory-sync:2.8.1", port=0, ready=None,
                              env=env | {"SYNC_INTERVAL": "720"}))  # fmt: skip
    sync = deployment(w, "directory-sync", [Rev(spec, days(61))], 1)
    cafe = well(w, "canteen-menu", f"{image}/canteen-menu:77", before=f"{image}/canteen-menu:76", age=minutes(44))
    ingress(w, "sso", "login.campus.example", [("/", "sso", 80)])
    spans = [(2690.0, 2100), (1975.0, 1380), (1255.0, 660), (535.0, 2)]
    free = [(minutes(46), 2705), (2095, 1985), (1375, 1265), (655, 545)]
    java = f"javax.naming.AuthenticationException: [LDAP: error code 49 - {LOCKED}\\00]"
    for index in range(2):
        begun = minutes(47.7) - 15.0 * index
        head = "Keycloak 26.1.4 on JVM (powered by Quarkus 3.15.2) started in 11.8s. Listening on: http://0.0.0.0:8080"
        lines = [L(begun, "info", head, "io.quarkus")]
        for first, last in spans:
            text = f"Could not query server using DN [ou=people,dc=ad,dc=campus,dc=example]: {java}"
            lines += often(41, first - 9 * index, last, "error", [text], "org.keycloak.storage.ldap")
        for first, last in free:
            lines += often(14, first, last, "info", ["type=LOGIN realm=campus userId={n}"], "org.keycloak.events")
        log(w, made["sso"], index, "python", lines)
    for index in range(3):
        text = f"org.springframework.ldap.AuthenticationException: [LDAP: error code 49 - {LOCKED}]"
        text = f"login failed for u{{n}}: {text}"
        lines = [L(minutes(46.8) - 20 * index, "info", "Started PortalApplication in 14.2 seconds", "e.c.portal.App")]
        for first, last in spans:
            lines += often(47, first - 13 * index, last, "error", [text], "e.c.portal.auth.LdapLogin")
        lines += [x for first, last in free for x in often(21, first - 3 * index, last, "info", ["login of u{n} ok"],
                                                           "e.c.portal.auth.LdapLogin")]  # fmt: skip
        log(w, made["course-portal"], index, "logback", lines)
    told = [L(minutes(46.9), "", "print-release 1.17.2: printers 61, listening on :8080")]
    card = f'card {{n}}: lookup owner: LDAP Result Code 49 "Invalid Credentials": {LOCKED}'
    for first, last in spans:
        told += often(120, first - 40, last, "", [card])
    told += [L(age, "", f"card {41_000 + age}: owner found, 2 jobs") for age in (2744, 2051, 1990, 1302, 611)]
    log(w, made["print-release"], 0, "golang", told)
    log(w, sync, 0, "python", rounds())
    log(w, cafe, 0, "pino", often(31, 1500, 2, "info", ["GET /today 200 in 6ms", "GET /week 200 in 9ms"]))
    alert(w, "LoginSuccessRateLow", minutes(41), "share of logins at login.campus.example that succeed: 4%",
          service="sso", severity="page")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "pooler-shares-its-sessions-since-a-release",
    "freight",
    "2026-04-21T13:18:00",
    title="Two of four services fail on prepared statements; the pooler gives its sessions out by transaction now",
    drawn_from='prepared statement "S_3" does not exist, after pool_mode went from session to transaction',
    why="Errors begin with the pooler's new template, whose pool mode is another, in those two services that name "
    "their statements; two that send plain text are well. One was released after it began and one two hours before.",
    expect=[Fault("Deployment/pgbouncer", "configuration_error", "rollback_workload")],
    acceptable=[("database_connection", "rollback_workload"), ("dependency_failure", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "scale_database",
        "no_action",
        {"remedy": "rollback_workload", "target": "Deployment/shipments"},
        {"remedy": "rollback_workload", "target": "Deployment/dispatch"},
    ],
)
def pool_mode(w: World) -> None:
    nodes(w, "fr-1", "fr-2", "fr-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    base = postgres(w, "freight-pg", image="postgres:15.8")
    specs = []
    for mode, size in (("session", "60"), ("transaction", "25")):
        env = {"POSTGRESQL_HOST": "freight-pg", "PGBOUNCER_DATABASE": "*", "PGBOUNCER_POOL_MODE": mode,
               "PGBOUNCER_DEFAULT_POOL_SIZE": size, "PGBOUNCER_MAX_CLIENT_CONN": "800"}  # fmt: skip
        specs.append(pod_spec(container("pgbouncer", "bitnami/pgbouncer:1.18.0", port=6432, env=env,
                                        ready={"tcpSocket": {"port": 6432}})))  # fmt: skip
    note = "helm upgrade pgbouncer 2.3.1 (fewer server connections, OPS-1187)"
    pool = deployment(w, "pgbouncer", [Rev(specs[0], days(190)), Rev(specs[1], minutes(36), cause=note)], 2)
    service(w, "pgbouncer", port=6432, target=6432)
    image, env = "registry.freight.example", {"DB_HOST": "pgbouncer", "DB_PORT": "6432"}
    ships = well(w, "shipments", f"{image}/shipments:8.41.1", pods=3, age=minutes(19), env=env,
                 before=f"{image}/shipments:8.41.0")  # fmt: skip
    drive = well(w, "dispatch", f"{image}/dispatch:3.6.0", pods=2, age=hours(2), env=env,
                 before=f"{image}/dispatch:3.5.4")  # fmt: skip
    rates = well(w, "rates", f"{image}/rates:221", pods=2, age=days(26), env=env)
    books = well(w, "customs-docs", f"{image}/customs-docs:1.30.2", pods=1, age=days(48), env=env)
    for index in range(3):
        lines = [L(minutes(18.6) - 20 * index, "info", "Started ShipmentsApplication in 9.41 seconds", "e.f.App")]
        failed = [
            f'could not execute query [ERROR: prepared statement "S_{number}" {what}] [select s1_0.id,s1_0.status from '
            "shipment s1_0 where s1_0.id=?]; SQL [select s1_0.id,s1_0.status from shipment s1_0 where s1_0.id=?]"
            for number, what in ((3, "does not exist"), (7, "already exists"), (12, "does not exist"))
        ]
        lines += often(13, minutes(18) - 20 * index, 1, "error", failed, "o.h.e.jdbc.spi.SqlExceptionHelper")
        fine = ["GET /shipments/{n} 200 31ms"]
        log(w, ships, index, "logback", [*lines, *often(22, minutes(18) - 20 * index, 1, "info", fine)])
    for index in range(2):
        lines = often(70, 3500, minutes(36), "info", ["leg {n} assigned"], "legs/assign.go:61")
        text = 'assign leg {n}: ERROR: prepared statement "stmtcache_%s" already exists (SQLSTATE 42P05)'
        texts = [text % number for number in (11, 4, 19)]
        lines += often(37, minutes(35.6) - 7 * index, 1, "error", texts, "legs/assign.go:67")
        log(
            w,
            drive,
            index,
            "zap",
            [*lines, *often(97, minutes(35), 1, "info", ["leg {n} assigned"], "legs/assign.go:61")],
        )
        begun = minutes(35.8) - 9 * index
        texts = [f"LOG stats: {n} xacts/s, {n + 9} queries/s, in 61{n} B/s, out 18{n}0 B/s, xact 3{n} us, "
                 f"query 2{n} us, wait 14 us" for n in (211, 240, 198)]  # fmt: skip
        up = (
            "LOG process up: PgBouncer 1.18.0, libevent 2.1.12-stable (epoll), adns: c-ares 1.17.1, tls: OpenSSL 1.1.1w"
        )
        head = [L(begun, "", up), *(L(a, "", texts[a // 60 % 3]) for a in range(int(begun) - 60, 2, -60))]
        told = [L(x.age, "", f"{w.time(x.age):%Y-%m-%d %H:%M:%S}.412 UTC [1] {x.text}") for x in head]
        log(w, pool, index, "plain", told)
        log(w, rates, index, "pino", often(19, 1800 - 6 * index, 1, "info", ["quote {n} in 21ms", "tariff {n} in 4ms"]))
    log(w, books, 0, "python", often(63, 3400, 1, "info", ["T1 document {n} stored"], "customs.store"))
    texts = [f'prepared statement "{name}" {what}' for name, what in (("S_3", "does not exist"), ("stmtcache_4",
             "already exists"), ("S_12", "does not exist"))]  # fmt: skip
    said = often(51, minutes(35.7), 1, "error", texts, "app@freight")
    log(w, base, 0, "postgres", [L(3100, "log", "checkpoint starting: time"), *said])
    rows = [session(pod["status"]["podIP"], "Deployment/pgbouncer", state, count, age=age)
            for pod in pool.pods for state, count, age in (("idle", 21, 3), ("active", 2, 0))]  # fmt: skip
    sessions(w, "StatefulSet/freight-pg", 200, rows)
    alert(w, "ShipmentsHttp5xx", minutes(14), "more than 20% of answers of shipments are 500", service="shipments")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("database", True, ""), NO_METRICS)


@case(
    "map-provider-knows-only-the-address-of-the-old-nodes",
    "ridehail",
    "2026-11-05T21:06:00",
    title="Half of the addresses are not found; the map provider refuses calls that leave by way of the new node pool",
    drawn_from="This IP, site or mobile application is not authorized to use this API key, behind a second NAT gateway",
    why="The provider names an address that it does not know, and does so only to pods on the nodes of the new zone; "
    "pods of the same template on the old nodes are served with the same key, and other hosts outside answer both.",
    expect=[Fault("Deployment/geo-proxy", "dependency_failure", "page_human")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("network_fault", "page_human"),
        *((cause, "page_human", f"Node/rh-b{n}") for cause in ("configuration_error", "network_fault") for n in "12"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def allow_list(w: World) -> None:
    nodes(w, "rh-a1", "rh-a2", "rh-a3", cpu="8")
    for name in ("rh-b1", "rh-b2"):
        made = node(w, name, cpu="8", age=hours(5))
        made["metadata"]["labels"] |= {"topology.kubernetes.io/zone": "zone-b", "pool": "general-b"}
    secret(w, "maps-api", ["key"], age=days(500))
    image = "europe-docker.example/ridehail"
    env: dict[str, Any] = {
        "MAPS_BASE_URL": "https://maps.googleapis.example",
        "MAPS_KEY": from_secret("maps-api", "key"),
    }
    specs = [pod_spec(container("geo", f"{image}/geo-proxy:{v}", env=env)) for v in ("2.14.0", "2.15.0")]
    spots = [("rh-a1", days(8)), ("rh-a3", days(8)), ("rh-b1", minutes(43)), ("rh-b2", minutes(43)),
             ("rh-b1", minutes(43))]  # fmt: skip
    pods = [P(age=age, node=on) for on, age in spots]
    geo = deployment(w, "geo-proxy", [Rev(specs[0], days(31)), Rev(specs[1], days(8))], pods, scaled=minutes(43))
    service(w, "geo-proxy")
    hpa(w, geo, low=2, high=8, now=5, used=51, scaled=minutes(43))
    spec = pod_spec(container("sms", f"{image}/sms:4.4.1", env={"SMS_API": "https://api.sms.example"}))
    text = deployment(w, "sms", [Rev(spec, days(17))], [P(node="rh-a2"), P(age=hours(4), node="rh-b2")])
    service(w, "sms")
    rides = well(
        w,
        "ride-api",
        f"{image}/ride-api:612",
        pods=3,
        age=minutes(55),
        before=f"{image}/ride-api:611",
        env={"GEO_URL": "http://geo-proxy"},
    )
    well(w, "driver-feed", f"{image}/driver-feed:90", pods=3, age=days(3), talk=True)
    ingress(w, "api", "api.ridehail.example", [("/", "ride-api", 80)])
    for index, (on, age) in enumerate(spots):
        since = min(age - 9, 3000.0) - 7 * index
        fine = ["geocode ok lat=52.4{n} lng=13.3{n} upstream_ms=44", "reverse ok upstream_ms=38"]
        lines = often(33, since, 1, "info", fine)
        if on.startswith("rh-b"):
            bad = [
                "geocode failed: status=REQUEST_DENIED error_message='This IP, site or mobile application is not "
                "authorized to use this API key. Request received from IP address 203.0.113.88, with empty referer' "
                "upstream_ms=29"
            ]
            lines = [L(age - 5, "info", "geo-proxy 2.15.0 listening addr=:8080"), *often(27, since, 1, "error", bad)]
        log(w, geo, index, "logfmt", lines)
    for index in range(3):
        lines = [L(minutes(54) - 15 * index, "info", "ride-api 612 up", "rides.main")]
        failed = ["POST /rides 502: geo-proxy answered 502 for pickup {n}", "POST /rides 502: geo-proxy answered 502"]
        lines += often(29, minutes(42.4) - 5 * index, 1, "error", failed, "rides.create")
        good = ["POST /rides 201 ride {n} in 180ms", "GET /rides/{n} 200 in 8ms"]
        log(w, rides, index, "python", [*lines, *often(23, minutes(53) - 7 * index, 1, "info", good, "rides.create")])
    for index in range(2):
        sent = [f"message {{n}} accepted by api.sms.example id=SM{digest('sms', index)[:6]}{{n}}"]
        log(w, text, index, "pino", often(35, 2600 - 9 * index, 2, "info", sent))
    alert(w, "RideCreationFailures", minutes(34), "38% of ride requests are answered with 5xx", service="ride-api")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
