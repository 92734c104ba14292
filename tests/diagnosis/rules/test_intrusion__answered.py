"""What a program answered shows that it ran a command of a request, though the log does not keep what was sent."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, WELL
from tests.diagnosis.rules.test_intrusion__obeyed import RESTARTS, THIEF, may_be_a_test
from tests.diagnosis.rules.tiny import pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

ID = "uid=0(root) gid=0(root) groups=0(root)"
PINO = (
    '{"level":30,"pid":1,"req":{"method":"POST","url":"/card","remoteAddress":"%s"},"res":{"statusCode":200},'
    '"body":"%s","msg":"request completed"}'
)
FIELDS = 'INFO method=POST path=/card client=%s status=200 response_body="%s" ms=12'
ACCESS = '%s - - "POST /render HTTP/1.1" 200 54 resp=%s'
NESTED = '{"method":"POST","path":"/t","ip":"%s","response":{"body":"%s","status":200},"ms":4}'
SENT = '{"method":"POST","path":"/t","ip":"%s","body":"%s","status":200}'
NAMED_SENT = '{"method":"POST","path":"/t","ip":"%s","status":200,"request":{"body":"%s"}}'
AGENT = '%s - - "GET /t HTTP/1.1" 200 54 resp=ok ua="%s"'
TRIED = '{"method":"GET","path":"/card?t=%%7B%%7B7*7%%7D%%7D","ip":"%s","status":200,"body":"%s"}'
BUSYBOX = f"Connecting to {THIEF}:8080 ({THIEF}:8080)"
KEPT = "saving to '/tmp/.x/k'"
GNU = f"Connecting to {THIEF}:80... connected."
GNU_KEPT = "Saving to: \u2018/dev/shm/k\u2019"
MISSES = "sh: 1: crontab: not found"
START = (3000, "INFO ready")
INGRESS = "10.1.9.9"
PAGE = "<h1>Linux basics</h1> <pre>$ id uid=0(root) gid=0(root) groups=0(root)</pre>"
BIND = "INFO bind ok system_id=orders peer={orders}:4711"
STOLEN = "INFO bind ok system_id=orders peer={shop}:4712"
BIND_TOO = BIND.replace("{orders}", "{jobs}")
AUDIT = "INFO audit user=alice client=%s GET /files"
COMES = "INFO user=alice logged in client=%s"
READER = "INFO bind ok system_id=reader peer=%s:4711"
PSQL = "[77] user=orders,db=app,client={orders} LOG:  statement: SELECT 1"
PSQL_STOLEN = "[78] user=orders,db=app,client={shop} LOG:  statement: SELECT 1"
MQ = "[info] connection ({orders}:5011 -> 10.0.9.9:5672): user 'orders' authenticated and granted access"
MQ_STOLEN = "[info] connection ({shop}:5012 -> 10.0.9.9:5672): user 'orders' authenticated and granted access"


def site(
    *told: tuple[float, str], server: tuple[tuple[float, str], ...] = (), name: str = "shop", **more: Any
) -> Snapshot:
    """Return a site, what its first pod tells, and what a server tells of who came to it from whose pod."""
    objects, orders, jobs = workload(name, **more), workload("orders"), workload("jobs")
    homes = {
        each: next(o["status"]["podIP"] for o in made if o["kind"] == "Pod")
        for each, made in (("shop", objects), ("orders", orders), ("jobs", jobs))
    }
    said = [(age, line.format(**homes)) for age, line in server]
    logs = [timed(pod(name), *sorted(told, reverse=True))]
    logs += [timed(pod("gateway"), *said)] if said else []
    return snapshot(objects, orders, jobs, workload("gateway"), figures=[WELL], logs=logs)


def at_home() -> str:
    """Return the address of a pod of another program here."""
    return next(str(each["status"]["podIP"]) for each in workload("orders") if each["kind"] == "Pod")


HOLDS = [
    *(
        Holds(
            f"an answer shows what a command printed, and {what}",
            world,
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=RESTARTS,
        )
        for what, world in (
            (
                "a file is fetched from who asked: a log of JSON",
                site(START, (900, PINO % (THIEF, ID)), (890, BUSYBOX), (889, KEPT)),
            ),
            (
                "the same by another tool, in a log of fields",
                site(START, (900, FIELDS % (THIEF, ID)), (890, GNU), (889, GNU_KEPT)),
            ),
            (
                "tools of a shell complain since: an access log",
                site(START, (900, ACCESS % (THIEF, ID)), (880, MISSES)),
            ),
            (
                "who got it tried first whether sums are worked out",
                site(START, (950, TRIED % (THIEF, "49")), (900, NESTED % (THIEF, "root:x:0:0:root:/root:/bin/sh"))),
            ),
            *(
                (
                    f"another's login is used from there since: {kind}",
                    site(START, (900, PINO % (THIEF, ID)), server=((2000, mine), (700, stolen))),
                )
                for kind, mine, stolen in (
                    ("at a gateway", BIND, STOLEN),
                    ("at a database", PSQL, PSQL_STOLEN),
                    ("at a broker", MQ, MQ_STOLEN),
                )
            ),
            (
                "another's login is used from there since, by which it came often",
                site(
                    START,
                    (900, PINO % (THIEF, ID)),
                    server=(*((2000 - n, READER % "{orders}") for n in range(3)), (700, READER % "{shop}")),
                ),
            ),
        )
    ),
    *(
        may_be_a_test(f"an answer shows what a command printed: {what}", world)
        for what, world in (
            (
                "who sends it says so",
                site(START, (900, (FIELDS % (THIEF, ID)) + ' ua="acme-pentest/2"'), (880, MISSES)),
            ),
            ("a pod of the house sends it", site(START, (900, FIELDS % (at_home(), ID)), (880, MISSES))),
            (
                "an ingress hides who sends it",
                site(START, (900, FIELDS % (INGRESS, ID)), server=((2000, BIND), (700, STOLEN))),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world)
    for what, world in (
        ("an answer looks like what a command prints, and nothing follows", site(START, (900, PINO % (THIEF, ID)))),
        (
            "that was sent, and not answered: it stands before the status",
            site(START, (900, SENT % (THIEF, ID)), (880, MISSES)),
        ),
        ("that was sent, as the field says", site(START, (900, NAMED_SENT % (THIEF, ID)), (880, MISSES))),
        ("that stands in the name of a browser", site(START, (900, AGENT % (THIEF, ID)), (880, MISSES))),
        (
            "a request with it was turned away",
            site(START, (900, (FIELDS % (THIEF, ID)).replace("=200", "=422")), (880, MISSES)),
        ),
        (
            "a page shows it to all who come",
            site(START, *((900 + n, FIELDS % (f"198.51.100.{n}", ID)) for n in range(1, 9)), (880, MISSES)),
        ),
        *(
            (f"a page shows it to all who come, {what}", site(START, *pages, (299, MISSES)))
            for what, pages in (
                ("through an ingress", [(900 - 10 * n, FIELDS % (INGRESS, f"{n} {PAGE}")) for n in range(61)]),
                ("and one comes often", [(900 - 10 * n, FIELDS % (THIEF, PAGE)) for n in range(61)]),
            )
        ),
        ("a tool complains long after", site(START, (900, FIELDS % (THIEF, ID)), (300, MISSES))),
        (
            "what fails to fetch is the program's own",
            site(START, (900, FIELDS % (THIEF, ID)), (890, "curl: (28) Operation timed out")),
        ),
        (
            "all who come through an ingress are one, and some try sums",
            site(START, (950, TRIED % (INGRESS, "49")), (900, PINO % (INGRESS, ID))),
        ),
        (
            "an editor of templates works out a sum for a partner, whom it calls back",
            site(START, (900, TRIED % (THIEF, "49")), (880, BUSYBOX), (879, KEPT)),
        ),
        (
            "an import fetches a file from the partner who asks for it",
            site(START, (900, PINO % (THIEF, "accepted")), (890, BUSYBOX), (889, KEPT)),
        ),
        (
            "it has called that client before, and the program's own script misses a tool since it runs",
            site(START, (2000, BUSYBOX), (1990, MISSES), (900, PINO % (THIEF, ID)), (890, BUSYBOX), (880, MISSES)),
        ),
        (
            "it is made to run what its users send",
            site(START, (900, PINO % (THIEF, ID)), (890, BUSYBOX), (889, KEPT), name="ci-runner"),
        ),
        (
            "a sum is repeated as it was written",
            site(START, (950, TRIED % (THIEF, "{{7*7}} is not 49")), (900, PINO % (THIEF, ID))),
        ),
        *(
            (
                f"a login is used from there, but {what}",
                site(START, (900, PINO % (THIEF, ID)), server=server, before=before),
            )
            for what, server, before in (
                ("it was so before", ((2000, BIND), (1900, STOLEN), (700, STOLEN)), None),
                ("nobody else has used it", ((700, STOLEN),), None),
                ("it is a user's, in an audit", ((2000, AUDIT % "{orders}"), (700, AUDIT % "{shop}")), None),
                ("it is a user's, who logs in", ((2000, COMES % "{orders}"), (700, COMES % "{shop}")), None),
                (
                    "it is one of many users', who log in",
                    (
                        *((2000 - n, COMES % "{orders}") for n in range(5)),
                        (1900, (COMES % "{orders}").replace("alice", "bob")),
                        (700, COMES % "{shop}"),
                    ),
                    None,
                ),
                ("two others share it", ((2000, BIND), (1990, BIND_TOO), (700, STOLEN)), None),
                ("it was refused", ((2000, BIND), (700, STOLEN.replace("ok", "failed"))), None),
                ("a release gave it that one", ((2000, BIND), (700, STOLEN)), {"image": "shop:0"}),
            )
        ),
        ("a login of another is used, and nobody was answered so", site(START, server=((2000, BIND), (700, STOLEN)))),
    )
]
