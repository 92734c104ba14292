"""Pods that try the doors of others, documents that are obeyed, programs that watchers saw; and what looks alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, WELL
from tests.diagnosis.rules.test_intrusion__obeyed import ID, RESTARTS, THIEF, may_be_a_test
from tests.diagnosis.rules.tiny import event, pod, postgres, redis, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

Told = Mapping[str, Sequence[str]]
HBA = 'root {shop}(58957) [[unknown]] FATAL:  no pg_hba.conf entry for host "{shop}", user "%s", database "template1"'
WRONG = '[77] {shop}(58957) FATAL:  password authentication failed for user "%s"'
MYSQL = "[Note] Access denied for user '%s'@'{shop}' (using password: YES)"
MONGO = '{{"msg":"Authentication failed","attr":{{"remote":"{shop}:51002","principalName": "%s"}}}}'
GUEST = (
    "[error] (%s -> 10.0.9.9:5672, state: starting): PLAIN login refused: user 'guest' can only connect via localhost"
)
ATTACK = "# Possible SECURITY ATTACK detected. Connection from {shop}:51720 aborted."
HEADER = '[error] ({shop}:51002 -> 10.0.9.9:5672): {{bad_header,<<"GET / HT">>}}'
SIZE = "WARN Unexpected error from /{shop} (channelId=a): Invalid receive (size = 1195725856 larger than 104857600)"
SPRING = "WARN PageNotFound: remote={shop} GET %s 404: No static resource"
GO = 'level=WARN msg="request" remote={shop} method=GET path=%s status=401 dur=0ms'
COMBINED = '{shop} - - "GET %s HTTP/1.1" 404 153 "-" "%s"'
PLACES = ("/actuator/heapdump", "/.git/config", "/manager/html", "/.env")
NAMES = ("postgres", "root", "admin")
CILIUM = "{shop}:40%02d (ID:88) -> %s:%d (ID:9) Policy denied DROPPED (TCP Flags: SYN)"
CALICO = "kernel: calico-packet: IN=cali1 OUT=eth0 SRC={shop} DST=%s LEN=60 TTL=63 PROTO=TCP SPT=40%02d DPT=%d"
RECORDS = "2 123456789010 eni-0a1 {shop} %s 40%02d %d 6 1 60 1431280876 1431280934 REJECT OK"
TAG = "tag:yaml.org,2002:python/object/apply:os.popen"
REFUSED = f"WARN file rejected path=/import status=422 exc=ConstructorError(\"no constructor for the tag '{TAG}'\")"
TAKEN = "INFO file imported path=/import rounds=0 status=200 ms=1604"
PICKLE = "WARN POST /jobs/restore 400 UnpicklingError: global 'posix.system' is forbidden"
RUBY = 'WARN method=POST path=/themes status=422 error="Tried to load unspecified class: Gem::Installer"'
GADGET = "ERROR rejected class org.apache.commons.collections.functors.InvokerTransformer in body of POST /sync 500"
QUEUED = (
    r'production.ERROR: job failed {"payload":"O:34:\"Illuminate\Mail\SendQueuedMailable\":15:{s:8}"}',
    r'CRITICAL Error thrown while handling message {"body":"O:36:\"Symfony\Component\Messenger\Envelope\":2:{s:44}"}',
    r'WARN POST /jobs/retry 500 {"payload":"O:34:\"Illuminate\Mail\SendQueuedMailable\":15:{s:8}"}',
)
MONOLOG = r'ERROR POST /import 500 from %s: O:32:"Monolog\Handler\SyslogUdpHandler":1:{'
BROKEN = ((799, "tar: Unexpected EOF in archive"), (798, "find: '/tmp/i/x': No such file or directory"))
CHILD = "WARN child still running parent=uvicorn pid=4187 cmd='%s -n 10.42.0.0/16'"
SHM = "Notice A process was executed from /dev/shm (user=app command=.a64 -n 10.42.0.0/16 container=shop)"


def address(name: str) -> str:
    """Return the address of the first pod of a workload."""
    return str(next(each["status"]["podIP"] for each in workload(name) if each["kind"] == "Pod"))


def shop(*told: str, at: Told | None = None, name: str = "shop", events: Sequence[Any] = (), **more: Any) -> Snapshot:
    """Return a shop with neighbours, what each tells: of the shop where its lines say {shop}; one line a minute."""
    who = {"shop": address(name), "web": address("web")}
    logs = [timed(pod(name), *((2000 - n, line) for n, line in enumerate(told, start=1)), of=name)] if told else []
    for each, lines in (at or {}).items():
        label = "postgres-0" if each == "postgres" else pod(each)
        logs.append(timed(label, *((1900 - 60 * n, line.format(**who)) for n, line in enumerate(lines)), of=each))
    objects = [workload(each) for each in (name, "web", "cart", "jobs", "queue", "agent") if each != name]
    mine = workload(name, **more)
    return snapshot(mine, *objects, postgres(), redis(), events, logs=logs, figures=[WELL])


def names(form: str, *tried: str) -> list[str]:
    """Return the same line for several names."""
    return [form % name for name in (tried or NAMES)]


def places(form: str, *tried: str) -> list[str]:
    """Return the same line for several paths."""
    return [form % place for place in (tried or PLACES)]


def ports(form: str, count: int, hosts: int) -> list[str]:
    """Return that so many ports at so many hosts were refused."""
    whom = [f"10.0.7.{n + 1}" for n in range(hosts)]
    ends = ((whom[n % hosts], n, 6000 + n) for n in range(count))
    return [form % ((n, host, port) if form is CILIUM else (host, n, port)) for host, n, port in ends]


def imports(*told: tuple[float, str]) -> Snapshot:
    """Return a shop that takes documents, and what it tells."""
    lines = timed(pod("shop"), (3000, "INFO ready"), *told, of="shop")
    return snapshot(workload("shop"), postgres(), logs=[lines], figures=[WELL])


SEARCH: Told = {
    "cart": places(SPRING),
    "jobs": places(GO, "/.env", "/admin"),
    "postgres": names(HBA),
    "redis": [ATTACK],
}
ORDERS = f'{THIEF} - - "GET /t?title={{{{cycler.__init__.__globals__.os.popen(1)}}}} HTTP/1.1" 200 22180'


def ordered_later() -> Snapshot:
    """Return a pod that tries doors, and requests that carried commands to it only long after it began to."""
    world = shop(at=SEARCH)
    return replace(world, logs=(*world.logs, timed(pod("shop"), (300, ORDERS), of="shop")))


HOLDS = [
    *(
        may_be_a_test(f"a pod tries the doors of others: {what}", world)
        for what, world in (
            ("paths, names, and words of another protocol", shop(at=SEARCH)),
            (
                "names at a database, and HTTP at two others",
                shop(at={"postgres": names(WRONG), "queue": [HEADER], "jobs": [SIZE]}),
            ),
            (
                "names at MySQL and at MongoDB, and a path",
                shop(at={"cart": names(MYSQL), "jobs": names(MONGO), "web": places(GO, "/.env")}),
            ),
            (
                "paths at two, and names at a third",
                shop(at={"cart": places(SPRING), "web": places(GO), "queue": names(MONGO)}),
            ),
            ("ports of many hosts, as Cilium tells", shop(at={"agent": ports(CILIUM, 40, 10)})),
            ("ports of a few hosts, as Calico tells", shop(at={"agent": ports(CALICO, 20, 4)})),
            ("ports, as a cloud's records tell", shop(at={"agent": ports(RECORDS, 20, 4)})),
        )
    ),
    *(
        Holds(
            f"a document was obeyed: {what}",
            world,
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=RESTARTS,
        )
        for what, world in (
            ("YAML of Python is refused, and taken then", imports((1000, REFUSED), (800, TAKEN), (799, ID))),
            (
                "a pickle is refused, and another is taken",
                imports((1000, PICKLE), (800, "INFO POST /jobs/restore 200"), (798, ID)),
            ),
            ("YAML of Ruby", imports((1000, RUBY), (800, "INFO method=POST path=/themes status=201"), (799, ID))),
            ("Java tells of a class and has run it", imports((1000, GADGET), (999, ID))),
            ("PHP fails over a handler, and tools complain", imports((801, MONOLOG % THIEF), *BROKEN)),
            (
                "it is refused to a client whose next one is taken, and tools complain",
                imports((1000, f"{REFUSED} client={THIEF}"), (800, f"{TAKEN} client={THIEF}"), *BROKEN),
            ),
        )
    ),
    Holds(
        "a pod tries the doors of others after requests carried commands to it and were answered",
        shop(ORDERS, at=SEARCH),
        (SHOP, "security_incident", "isolate_workload"),
        excludes=no(*RESTARTS, at=SHOP),
        harmful=RESTARTS,
    ),
    may_be_a_test("a pod tried the doors of others before requests carried commands to it", ordered_later()),
    Holds(
        "a hidden program runs, and its pod tries the doors of others",
        shop(CHILD % "/dev/shm/.a64", at=SEARCH),
        (SHOP, "security_incident", "isolate_workload"),
        harmful=RESTARTS,
    ),
    Holds(
        "a hidden program runs, and a watcher saw it too",
        shop(
            CHILD % "/dev/shm/.a64",
            events=[{**event(f"Pod/{pod('shop')}", "PolicyViolation", SHM), "source": {"component": "falcosidekick"}}],
        ),
        (SHOP, "security_incident", "isolate_workload"),
        harmful=RESTARTS,
    ),
]


def seen(said: str, teller: str, *told: str) -> Snapshot:
    """Return what a tool tells of a shop's pod, and what this one tells itself."""
    one = {**event(f"Pod/{pod('shop')}", "PolicyViolation", said), "source": {"component": teller}}
    return shop(*told, events=[one])


DOES_NOT_HOLD = [
    DoesNotHold(what, world)
    for what, world in (
        ("a scanner of the house looks everywhere", shop(at=SEARCH, name="trivy-job")),
        ("a scanner's image bears its name", shop(at=SEARCH, image="registry.test/tools/nmap:7")),
        (
            "who tries says that it is the house's test",
            shop(
                at={
                    "cart": [COMBINED % (each, "acme-pentest/1") for each in PLACES],
                    "redis": ["zap " + ATTACK],
                    "postgres": ["nessus " + each for each in names(HBA)],
                }
            ),
        ),
        (
            "a lost password is refused at three servers",
            shop(at={"postgres": names(WRONG, "shop"), "cart": names(MYSQL, "shop"), "queue": [GUEST % "{shop}:5011"]}),
        ),
        (
            "people try names by a console, at databases alone",
            shop(at={"postgres": names(WRONG), "cart": names(MYSQL), "jobs": names(MONGO)}),
        ),
        ("a gateway passes on what scanners ask", shop(at=SEARCH, name="edge-gateway")),
        (
            "a program passes on what scanners ask, and lost its passwords",
            shop(
                *(f'{THIEF} - - "GET {each} HTTP/1.1" 404 0' for each in PLACES),
                at={"cart": places(SPRING), "jobs": places(SPRING), "queue": [GUEST % "{shop}:5011"]},
            ),
        ),
        (
            "the address of who asked stands beside",
            shop(
                at={
                    "cart": [COMBINED % (each, "203.0.113.9") for each in PLACES],
                    "jobs": [COMBINED % (each, "203.0.113.9") for each in PLACES],
                    "redis": [ATTACK],
                }
            ),
        ),
        (
            "a dashboard asks all for their environment",
            shop(
                at={
                    each: places(GO, "/actuator/env", "/actuator/heapdump", "/actuator/jolokia")
                    for each in ("cart", "jobs", "web")
                }
            ),
        ),
        ("a client tries all ports of one host", shop(at={"agent": ports(CILIUM, 40, 1)})),
        (
            "a policy keeps a program from its servers",
            shop(at={"agent": [CILIUM % (n, f"10.0.7.{n}", 5432 + n % 3) for n in range(40)]}),
        ),
        (
            "a collector asks one port of all hosts",
            shop(at={"agent": [CALICO % (f"10.0.7.{n}", n, 9100) for n in range(40)]}),
        ),
        (
            "a gateway's log names the pod as who answers",
            shop(
                at={
                    "web": [f'{THIEF} "GET {each} HTTP/1.1" 404 ups={{shop}}:8080' for each in PLACES],
                    "cart": [f'{THIEF} "GET {each} HTTP/1.1" 404 ups={{shop}}:8080' for each in PLACES],
                    "redis": [ATTACK],
                }
            ),
        ),
        (
            "a check of health speaks HTTP with two",
            shop(at={"redis": [ATTACK] * 5, "queue": [HEADER] * 5, "jobs": [SIZE] * 5}),
        ),
        ("documents only fail", imports(*((1000 - n, REFUSED) for n in range(5)))),
        (
            "a program uses such a type itself",
            imports((1000, "WARN POST /rules 500 at javax.script.ScriptEngineManager.get(X.java:1)"), (999, ID)),
        ),
        *(
            (f"a job of a queue fails, then an export of its own: {job[:30]}", imports((801, job), *BROKEN))
            for job in QUEUED
        ),
        (
            "an engine for scripts starts, and a banner is printed",
            imports(
                (1000, "INFO using javax.script.ScriptEngineManager nashorn"),
                (999, "Linux shop-1 5.15.0-1 #1 SMP x86_64 GNU/Linux"),
            ),
        ),
        ("a document is refused, and an archive is broken then", imports((801, REFUSED), *BROKEN)),
        ("a document is refused, and somebody's archive is broken", imports((1000, REFUSED), (800, TAKEN), *BROKEN)),
        (
            "a document is refused to one, and another's archive is broken",
            imports((1000, f"{REFUSED} client={THIEF}"), (800, f"{TAKEN} client=198.51.100.20"), *BROKEN),
        ),
        ("documents fail, and others are taken as ever", imports((1000, REFUSED), (800, TAKEN))),
        (
            "a program's own types fail, and it prints who it is",
            imports((1000, REFUSED.replace("os.popen", "shop.Config")), (999, ID)),
        ),
        ("it prints who it is at its start and after a document", imports((2990, ID), (1000, REFUSED), (999, ID))),
        ("it prints who it is long after a document", imports((1000, REFUSED), (500, ID))),
        (
            "a site of documentation names a function of its theme",
            imports((1000, "WARN POST /build 422 !!python/name:material.emoji.twemoji"), (999, ID)),
        ),
        (
            "an engine of workflows unpacks what its users send",
            snapshot(
                workload("airflow"),
                logs=[timed(pod("airflow"), (3000, "INFO ready"), (1000, PICKLE), (999, ID))],
                figures=[WELL],
            ),
        ),
        ("a watcher alone saw a program in a scratch folder", seen(SHM, "falcosidekick")),
        (
            "a watcher stopped a hidden program",
            seen(SHM.replace("was executed", "was blocked, executed"), "kubearmor", "INFO ready"),
        ),
        (
            "a policy of templates bears the same reason",
            seen("validation error: image is executed from /dev/shm", "kyverno-scan", CHILD % "/dev/shm/.a64"),
        ),
    )
]
