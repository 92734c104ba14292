"""An alert about requests fires, and the requests that it speaks of are measured and well."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import ASK, HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.colours import NEW, colours, slot
from tests.diagnosis.rules.heaps import KILLED, TAKEN, evenly, held
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.rehearsed import LESS, SAYS, rehearsed
from tests.diagnosis.rules.scenes import OLD, SHOP, WELL, alert, autoscaler, errors, ingress, latency, logs, shop
from tests.diagnosis.rules.searched import DEAD, HOSTS, answers, asked
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, event, log, pod, series, snapshot, thing, workload
from tests.diagnosis.rules.usual import printing
from tuheg_ir.diagnosis.model import Alert, Snapshot

KNOCK = '203.0.113.9 - - [04/Mar/2026:11:59:00 +0000] "GET /wp-login.php HTTP/1.1" %s 512'

GONE = (DEAD, "www.gone.example", "www.lost.example")

POSTS = "ERROR posting batch failed: lookup {}: no such host"

SCANNER, GUEST = "203.0.113.9", "192.0.2.7"


def scan(
    *more: str, paths: tuple[str, ...] = ("/.env", "/wp-login.php", "/backup.sql"), guests: int = 20, served: int = 200
) -> Snapshot:
    """Return an alert about 4xx of a shop that a scanner asked for weak paths, beside its guests; ``more``: lines."""
    fires = alert("Http4xxRatioHigh", service="shop", severity="warning")
    lines = [f'{SCANNER} - - "GET {path} HTTP/1.1" 404 153' for path in paths * 8]
    lines += [f'{SCANNER} - - "GET /robots.txt HTTP/1.1" 200 12', f'{SCANNER} - - "GET / HTTP/1.1" 200 900']
    lines += [f'{GUEST} - - "GET /cart HTTP/1.1" {served} 700'] * guests
    return snapshot(shop(), logs=[log(pod("shop"), *lines, *more)], figures=[WELL, CALM], alerts=[fires])


CALM = latency("shop", 0.1, 0.11)

FULL = alert("KubeHpaMaxedOut", horizontalpodautoscaler="scaler-of-shop")


def scaled(stands: Obj, aim: Obj, *, least: int = 6, name: str = "cpu", kind: str = "Resource") -> Snapshot:
    """Return a shop at the maximum of its autoscaler, and how the one figure stands that it goes by."""
    made = autoscaler("shop", 6, 6)
    made["metadata"]["name"] = "scaler-of-shop"
    key = kind.lower()
    what: Obj = {"name": name} if kind == "Resource" else {"metric": {"name": name}}
    made["spec"] |= {"minReplicas": least, "metrics": [{"type": kind, key: {**what, "target": aim}}]}
    made["status"]["currentMetrics"] = [{"type": kind, key: {**what, "current": stands}}]
    return snapshot(shop(pods=6), made, figures=[WELL], alerts=[FULL])


def staged(partition: int = 2, released: float = 3600, new: int = 1, **label: str) -> Snapshot:
    """Return a set of three of which the last pods run a new template."""
    objects = workload("ledger", kind="StatefulSet", pods=3, before=OLD, released=released)
    objects[0]["spec"]["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
    for each in pods_of(objects)[: 3 - new]:
        each["metadata"]["labels"]["controller-revision-hash"] = "ledger-r1"
    told = alert("KubeStatefulSetUpdateNotRolledOut", statefulset="ledger", severity="critical")
    return snapshot(objects, alerts=[told], figures=[errors("ledger", 0.001)])


POLLS = {"LONG_POLL_SECONDS": "30"}


def slow_since_ever(
    *, rule: float = 0, env: Any = None, was: float = 28.0, error: float = 0.001, fires: str = "ServiceLatencyHigh"
) -> Snapshot:
    """Return a shop that takes half a minute to answer, and a critical alert; ``rule``: the age of its rule."""
    rules = {"groups": [{"name": "golden", "rules": [{"alert": "ServiceLatencyHigh", "for": "5m"}]}]}
    made = [thing("PrometheusRule", "golden", age=rule, spec=rules)] if rule else []
    figures = [errors("shop", error), latency("shop", was, 29.0, 900)]
    return snapshot(shop(env=env), made, figures=figures, alerts=[alert(fires, service="shop", severity="critical")])


def old_certificate(
    *more: Any, secret: str = "town-tls", ready: str = "True", name: str = "town.example", host: str = "town.example"
) -> Snapshot:
    """Return a way in with a certificate, and a critical alert that the one in an older Secret has ended."""
    way = ingress("shop", host)
    way["spec"]["tls"] = [{"secretName": secret}]
    issued = thing(
        "Certificate",
        "town",
        spec={"secretName": "town-tls"},
        status={"conditions": [{"type": "Ready", "status": ready}]},
    )
    fires = alert("X509CertificateExpired", secret_name="town-2025", subject_CN=name, severity="critical")
    kept = [
        thing("Secret", each, type="kubernetes.io/tls", data={"tls.crt": "x"}) for each in ("town-tls", "town-2025")
    ]
    return snapshot(shop(), way, issued, *kept, *more, figures=[WELL], alerts=[fires])


RETIRED = {"town.example/retired": "2026-02-23: replaced by shop, all traffic moved"}


def at_rest(
    *more: Any,
    note: Obj = RETIRED,
    emptied: float = 9 * DAY,
    began: float = 8 * DAY,
    fires: str = "ShopV1Absent",
    **of: Any,
) -> Snapshot:
    """Return a shop that serves, an older one without pods, and a critical alert that misses the older one."""
    old = workload("shop-v1", **{"pods": 0, "service": False, **of})
    old[0]["metadata"]["annotations"] = {**old[0]["metadata"].get("annotations", {}), **note}
    old[0]["metadata"]["managedFields"] = [{"manager": "kubectl", "time": at(emptied), "subresource": "scale"}]
    labels = {"job": "shop-v1", "severity": "critical"}
    told = Alert(fires, labels, {}, "firing", NOW - timedelta(seconds=began))
    return snapshot(shop(), old, *more, figures=[WELL], logs=logs("shop", "GET / 200"), alerts=[told])


def counted(since: float) -> Snapshot:
    """Return a well shop of which an alert fires; its autoscaler could not count minutes ago, and can since then."""
    scaler = autoscaler("shop", 2, 9)
    scaler["status"]["conditions"][0]["lastTransitionTime"] = at(since)
    blind = event("HorizontalPodAutoscaler/shop", "FailedGetResourceMetric", "did not receive metrics", age=600)
    return snapshot(shop(), scaler, blind, figures=[WELL, CALM], alerts=[alert(service="shop")])


MUCH_LATER = LESS._replace(starts_at=NOW - timedelta(minutes=10))


def of_less(said: str) -> Alert:
    """Return a page about a shop that says so."""
    return Alert("ShopLow", {"service": "shop", "severity": "critical"}, {"summary": said}, "firing", LESS.starts_at)


FALLING = "request_rate", series({"component": "shop"}, (3600, 156), (1140, 39), (700, 30), (500, 20), (300, 10))

HOLDS = [
    *(
        Holds(
            f"critical, of a colour that was taken down after the shop was led to the other: {what}",
            world,
            ("Deployment/shop-blue", "no_fault", "no_action"),
            alone=True,
            harmful=("scale_workload",),
        )
        for what, world in (
            ("its Service has no endpoints", colours()),
            ("nought of its pods are there", colours(fires="ShopDegraded", says="0 available replicas")),
            ("the other one was measured well", colours(figures=[errors("shop-green", 0.0, before=0.0)])),
            ("the day before", colours(written=20 * 3600.0)),
            (
                "each is told which one it is",
                colours(
                    rests={"env": {"SHOP_COLOUR": "blue"}}, serves=slot("green", NEW, env={"SHOP_COLOUR": "green"})
                ),
            ),
            ("their label has a prefix", colours(key="shop.example/deployment-colour")),
        )
    ),
    *(
        Holds(
            f"critical, of a workload that is gone, and it was retired before: {what}",
            world,
            ("Deployment/shop-v1", "no_fault", "no_action"),
            alone=True,
            harmful=("scale_workload",),
        )
        for what, world in (
            ("a note says so", at_rest()),
            ("its key says so", at_rest(note={"town.example/replaced-by": "shop"})),
            ("its value says so", at_rest(note={"note": "decommissioned on Monday"}, fires="TargetDown")),
        )
    ),
    Holds(
        "critical, of a certificate that has ended, and another one is served since",
        old_certificate(),
        ("Secret/town-2025", "no_fault", "no_action"),
    ),
    Holds(
        "of errors, and there are none",
        snapshot(shop(), figures=[WELL, CALM], alerts=[alert(service="shop")]),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "of latency, and answers come as fast as ever",
        snapshot(shop(), figures=[WELL, CALM], alerts=[alert("SlowResponses", service="shop")]),
        (SHOP, "no_fault", "no_action"),
        sure=(0.0, 0.7),
    ),
    Holds(
        "of an autoscaler at its maximum, which is its minimum too, and pods that idle",
        scaled({"averageUtilization": 19, "averageValue": "95m"}, {"averageUtilization": 70}),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "of an autoscaler at its maximum that goes by a queue which is nearly empty",
        scaled({"averageValue": "800m"}, {"averageValue": "30"}, least=1, name="jobs", kind="External"),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "of a set that is not rolled out, and its partition says so",
        staged(),
        ("StatefulSet/ledger", "no_fault", "no_action"),
    ),
    Holds(
        "of a set of which two pods are to be new",
        staged(partition=1, new=2),
        ("StatefulSet/ledger", "no_fault", "no_action"),
    ),
    Holds(
        "critical, of latency, and its rule is of today while the latency is not",
        slow_since_ever(rule=1800),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "critical, of latency, and it is as long as clients are let wait for news",
        slow_since_ever(env=POLLS),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "the same in thousandths",
        slow_since_ever(env={"SSE_POLL_MS": "30000"}),
        (SHOP, "no_fault", "no_action"),
    ),
    *(
        Holds(
            f"of names that do not exist, which are tries in search domains: {what}",
            world,
            ("Deployment/dns", "no_fault", "no_action"),
            alone=True,
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, world in (
            ("nobody complains", asked(*answers(HOSTS), hears="")),
            ("as dnsmasq logs it", asked(*answers(HOSTS, "192.0.2.7", form="dnsmasq[7]: reply {} is {}"), hears="")),
        )
    ),
    *(
        Holds(
            f"a page about the memory of a program that takes its heap as it starts: {what}",
            world,
            ("Deployment/planner", "no_fault", "no_action"),
            alone=True,
            harmful=("restart_workload", "scale_workload", "rollback_workload"),
        )
        for what, world in (
            ("by its options", held()),
            ("since its last release", held(before={"env": {"JAVA_TOOL_OPTIONS": "-Xms2g -Xmx6g"}}, released=6000)),
            (
                "it goes up and down a little",
                held(TAKEN, *((3600 - 60 * n, 0.871 + 0.0007 * (n % 3)) for n in range(61))),
            ),
            ("it fell a little", held(TAKEN, (3600, 0.875), (1800, 0.872))),
            ("in other units", held("-Xms6144m -Xmx6G -XX:+AlwaysPreTouch")),
            (
                "as a share of its limit",
                held("-XX:InitialRAMPercentage=75 -XX:MaxRAMPercentage=75.0 -XX:+AlwaysPreTouch"),
            ),
            ("by a file", held("", file=f"# {TAKEN}\n-Xms6g\n-Xmx6g\n-XX:+AlwaysPreTouch\n")),
            ("locked in memory", held("-Xms6g -Xmx6g", file="bootstrap.memory_lock: true\n")),
        )
    ),
    Holds(
        "of suspicious requests, and each was turned away",
        snapshot(shop(), logs=logs("shop", KNOCK % 404), figures=[WELL], alerts=[alert("Suspicious", service="shop")]),
        (SHOP, "no_fault", "no_action"),
    ),
    *(
        Holds(f"of requests that were turned away: {what}", world, (SHOP, "no_fault", "no_action"), alone=True)
        for what, world in (
            ("all are a scanner's", scan()),
            ("all are a scanner's but for one of a guest", scan(f'{GUEST} - - "GET /crat HTTP/1.1" 404 153')),
            ("the scanner tried to log in as well", scan(f'type="LOGIN_ERROR", ipAddress="{SCANNER}"')),
        )
    ),
    Holds(
        "one request of three failed in the night: a share of so few says nothing",
        snapshot(
            shop(),
            figures=[
                ("request_rate", series({"component": "shop"}, (3600, 0.015))),
                ("error_ratio", series({"component": "shop"}, (3600, 0.0), (300, 0.4), (180, 0.0))),
            ],
            alerts=[alert("ErrorRatioHigh", deployment="shop", severity="critical")],
        ),
        (SHOP, "no_fault", "no_action"),
    ),
    *(
        Holds(f"only what a run asks for is slow, as in each of its runs{what}", world, ("Deployment/api", *HEALTHY))
        for what, world in (
            ("", printing()),
            (", and it is measured", printing(figures=[latency("api", 0.04, 25.0, 2900), errors("api", 0.001)])),
        )
    ),
    *(
        Holds(
            f"of traffic that fell as a load test ended, by what that says it made: {said.strip()[:40]}",
            rehearsed(said),
            (SHOP, *HEALTHY),
            alone=True,
            harmful=("rollback_workload", "restart_workload", "scale_workload"),
        )
        for said in SAYS
    ),
    Holds("an autoscaler counts again since it said that it could not", counted(580), (SHOP, *HEALTHY)),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a colour has no pods: {what}", world, harmful=("no_action", "scale_workload"))
        for what, world in (
            ("nobody led the shop to the other", colours(written=None)),
            ("the other one serves since weeks: this one was its reserve", colours(written=9 * DAY)),
            ("the shop was led to the other only after it was down", colours(written=600)),
            ("it was missed before it was taken down", colours(began=3600)),
            ("nobody tells when it was taken down", colours(rests={"since": 20 * DAY})),
            ("the alert misses nothing", colours(fires="ShopErrors")),
            ("the other one is not complete", colours(serves=slot("green", NEW, ready=1))),
            ("the other one starts", colours(serves=slot("green", NEW, 60, ready=0))),
            ("users of the other one get errors", colours(figures=[errors("shop-green")])),
            ("a way in leads to it", colours(ingress("blue", "b.shop.example", service="shop-blue"))),
            ("another one calls it", colours(workload("till", env={"URL": "http://shop-blue:8080"}))),
        )
    ),
    *(
        DoesNotHold(
            f"a set of no pods is no colour of the shop: {what}",
            world,
            ("Deployment/shop-blue", "configuration_error", "scale_workload"),
        )
        for what, world in (
            ("it is another program", colours(rests={"image": "registry.example/till:7"})),
            ("it is a worker of the same image", colours(rests={"command": ["worker"]})),
            (
                "it is another module of the same program",
                colours(
                    rests={"command": ["python", "-m", "shop.worker"]},
                    serves=slot("green", NEW, command=["python", "-m", "shop.web"]),
                ),
            ),
            ("it is another component", colours(key="component")),
            ("the shop is led to it", colours(to="blue")),
        )
    ),
    *(
        DoesNotHold(f"a workload is gone: {what}", world, harmful=("no_action",))
        for what, world in (
            ("nothing says that it is to be", at_rest(note={})),
            ("it is to be retired one day", at_rest(note={"note": "retired: no, to be decommissioned in May"})),
            ("its note says that it is not", at_rest(note={"town.example/retired": "false"})),
            ("what it replaced was retired", at_rest(note={"note": "the till, which was retired, is served by it"})),
            ("it was missed before somebody took its pods", at_rest(emptied=3600, began=7200)),
            ("another one calls it", at_rest(workload("till", env={"URL": "http://shop-v1:8080"}), service=True)),
            ("it still has a Service", at_rest(service=True)),
            ("it still is to have a pod", at_rest(pods=1)),
            ("the alert misses nothing", at_rest(fires="ShopV1Errors")),
        )
    ),
    *(
        DoesNotHold(f"a certificate has ended, {what}", world, ASK)
        for what, world in (
            ("and the way in names it", old_certificate(secret="town-2025")),
            ("and the way in shows the edge's own", old_certificate(secret="")),
            ("and the one that is served is not ready", old_certificate(ready="False")),
            ("and its name is served elsewhere", old_certificate(name="other.example")),
            (
                "and a file of settings names it",
                old_certificate(thing("ConfigMap", "c", data={"f": "cert: town-2025"})),
            ),
            (
                "and pods have it",
                old_certificate(
                    workload("mail", spec={"volumes": [{"name": "t", "secret": {"secretName": "town-2025"}}]})
                ),
            ),
        )
    ),
    DoesNotHold(
        "the same share of many requests",
        snapshot(
            shop(),
            figures=[
                ("request_rate", series({"component": "shop"}, (3600, 15.0))),
                ("error_ratio", series({"component": "shop"}, (3600, 0.0), (300, 0.4), (180, 0.0))),
            ],
            alerts=[alert("ErrorRatioHigh", deployment="shop", severity="critical")],
        ),
        (),
    ),
    DoesNotHold(
        "a suspicious request was answered",
        snapshot(shop(), logs=logs("shop", KNOCK % 200), figures=[WELL], alerts=[alert("Suspicious", service="shop")]),
        harmful=("no_action",),
    ),
    *(
        DoesNotHold(f"requests are turned away: {what}", world, ASK, harmful=("no_action",))
        for what, world in (
            ("the scanner got one of what it asked for", scan(f'{SCANNER} - - "GET /.git/config HTTP/1.1" 200 92')),
            ("it got something else", scan(f'{SCANNER} - - "GET /admin/export HTTP/1.1" 200 92000')),
            ("it logged in", scan(f'type="LOGIN", ipAddress="{SCANNER}", userId="17"')),
            ("guests find nothing either", scan(*[f'{GUEST} - - "GET /app-9d.css HTTP/1.1" 404 153'] * 9)),
            ("of guests nothing is told", scan(guests=0)),
            ("guests are turned away as well", scan(served=403)),
            ("nobody asked for weak paths", scan(paths=("/cart/17", "/orders/9"))),
            ("all come by way of one proxy", scan(*[f'{SCANNER} - - "GET /cart HTTP/1.1" 200 700'] * 20, guests=0)),
            ("nothing tells of any", snapshot(shop(), figures=[WELL], alerts=[alert("High4xxErrors", service="shop")])),
        )
    ),
    DoesNotHold(
        "an autoscaler is at its maximum, and its pods are as busy as it lets them be",
        scaled({"averageUtilization": 64}, {"averageUtilization": 70}, least=2),
        ASK,
    ),
    DoesNotHold(
        "of the figure that an autoscaler goes by nothing is known", scaled({}, {"averageUtilization": 70}), ASK
    ),
    *(
        DoesNotHold(f"an alert of names that do not exist: {what}", world, harmful=("no_action",))
        for what, world in (
            ("nobody tells which", asked("[INFO] plugin/reload: Running", hears="")),
            (
                "they are names of their own",
                asked(*answers(HOSTS, domains=()), *answers([DEAD], "NXDOMAIN", ()), hears=""),
            ),
            ("many of them are asked for as they are", asked(*answers(HOSTS), *answers(GONE, "NXDOMAIN"), hears="")),
            ("few are known that exist", asked(*answers(HOSTS[:2]), hears="")),
            ("some questions fail", asked(failed=0.03)),
            ("nobody measures whether questions fail", asked(failed=None)),
            ("it is critical", asked(severity="critical")),
            ("the alert is of something else", asked(name="DNSServerSlow")),
            ("somebody complains of a host that is gone, as before the alert", asked()),
            (
                "a worker asks for a Service that was deleted before the alert",
                asked(hears=POSTS.format("ledger.town.svc.cluster.local"), heard=2000),
            ),
            (
                "a worker asks in vain for a host of its business",
                asked(
                    *answers(HOSTS), *answers(["api.bank.example"], "NXDOMAIN"), hears=POSTS.format("api.bank.example")
                ),
            ),
        )
    ),
    *(
        DoesNotHold(f"a page about the memory of a program in Java: {what}", world, harmful=("no_action",))
        for what, world in (
            ("its heap may grow", held("-Xms2g -Xmx6g -XX:+AlwaysPreTouch")),
            ("its heap is not touched at once", held("-Xms6g -Xmx6g")),
            ("it is told not to touch it", held("-Xms6g -Xmx6g -XX:-AlwaysPreTouch")),
            ("it is told so, and then not to", held(f"{TAKEN} -XX:-AlwaysPreTouch")),
            ("it has two largest sizes", held(f"{TAKEN} -Xmx7g")),
            ("it is told so by a line of a script that is taken out", held(f"set -e\n# java {TAKEN}\njava -Xmx6g")),
            ("its memory grows little by little, and evenly", held(TAKEN, *evenly(0.885, 0.904))),
            ("its memory grows by less, and evenly", held(TAKEN, *evenly(0.87, 0.872))),
            ("the heap is the smaller part of it", held(TAKEN.replace("6g", "4g"))),
            ("nobody knows of how much it is a share", held(limit=None)),
            ("its memory grew, and stood for a while", held(TAKEN, (3600, 0.87), (2400, 0.88), (1200, 0.88))),
            ("its settings are taken out", held("", file=f"# {TAKEN}\n")),
            ("its memory grows", held(TAKEN, (3600, 0.80), (1800, 0.84), (600, 0.88))),
            ("its heap is full", held(used=5600)),
            ("nobody tells how full its heap is", held(used=None)),
            ("it tells of too little memory", held(line="java.lang.OutOfMemoryError: Java heap space")),
            ("it was killed for it", held(status={"restartCount": 1, "lastState": KILLED})),
            ("near its limit", held(TAKEN, (3600, 0.97))),
            ("the page is of its latency", held(name="LatencyHigh")),
        )
    ),
    DoesNotHold("a partition was forgotten weeks ago", staged(released=20 * DAY), ASK),
    DoesNotHold("no pod got the new template that its partition leaves free", staged(partition=1), ASK),
    DoesNotHold("nobody measures what it speaks of", snapshot(shop(), alerts=[alert(service="shop")]), ASK),
    DoesNotHold(
        "it is critical",
        snapshot(shop(), figures=[WELL, CALM], alerts=[alert(service="shop", severity="critical")]),
        ASK,
    ),
    DoesNotHold(
        "it is right",
        snapshot(shop(), figures=[errors("shop")], alerts=[alert(service="shop")]),
        ASK,
    ),
    *(
        DoesNotHold(f"answers are slow, {what}", world, harmful=("no_action",))
        for what, world in (
            ("and the rule is an old one", slow_since_ever(rule=20 * DAY)),
            ("and the rule is younger than the alert", slow_since_ever(rule=300)),
            ("and the new rule is of another alert", slow_since_ever(rule=1800, fires="LatencyOfTheShop")),
            ("as long as somebody waits in vain", slow_since_ever(env={"CART_TIMEOUT_SECONDS": "30"})),
            ("and they were not", slow_since_ever(rule=1800, env=POLLS, was=2.0)),
            ("and many fail", slow_since_ever(rule=1800, env=POLLS, error=0.04)),
            ("and it may be another one that it waits for", slow_since_ever(env={"CARRIER_WAIT_SECONDS": "30"})),
            ("and it asks its broker", slow_since_ever(env={"KAFKA_POLL_SECONDS": "30"})),
            ("and slower than clients are let wait", slow_since_ever(env={"LONG_POLL_SECONDS": "5"})),
        )
    ),
    *(
        DoesNotHold(f"what a run asks for is slow: {what}", world, harmful=("no_action",))
        for what, world in (
            ("it takes longer than in earlier runs", printing(piece=60)),
            ("it should be over by now", printing(began=70 * 60)),
            ("nobody knows how long it takes else", printing(former=1)),
            ("others wait as well", printing(quick=4000)),
            ("nobody else has asked meanwhile", printing(meanwhile=False)),
            ("others get errors", printing(others=500)),
            ("it gets errors itself", printing(long=504)),
            ("it was slow before the run began", printing(first=55 * 60)),
            ("the alert fires since before the run", printing(fires=55 * 60)),
            ("it is told to ask for something else", printing(asks="/v2/readers/{id}")),
            ("errors are told too", printing(more=["ERROR cannot render page: out of glyphs"] * 9)),
            ("many fail, as is measured", printing(figures=[errors("api", 0.2)])),
            ("it is critical", printing(severity="critical")),
        )
    ),
    *(
        DoesNotHold(f"of traffic that fell as a load test ended, and {what}", world, instead=answer)
        for what, world, answer in (
            ("it fell by more than the test made", rehearsed(now=4), ASK),
            ("it fell by less", rehearsed(now=100), ASK),
            ("it fell before the test ended", rehearsed(fell=1700), ASK),
            ("it fell long after", rehearsed(fell=500), ASK),
            ("half of the people went as well", rehearsed("Requests/sec: 900", before=1000, now=50), ASK),
            ("the alert came much later", rehearsed(ended=2700, fell=2640, fires=MUCH_LATER), ASK),
            ("the alert is of what banks approve", rehearsed(fires=of_less("approval rate of cards is low")), ASK),
            ("the alert is of a volume", rehearsed(fires=of_less("free space of the volume is low")), ASK),
            ("the alert is of orders", rehearsed(fires=of_less("orders are below normal")), ASK),
            ("nothing is left", rehearsed("Requests/sec: 156.0", now=0), ASK),
            ("what is left falls", rehearsed(traffic=FALLING), ASK),
            ("the test says nothing of what it made", rehearsed("done"), ASK),
            ("it was no test", rehearsed(image="town/worker:1"), ASK),
            ("the test broke off", rehearsed(code=1), ()),
            ("the alert is of more", rehearsed(fires=alert("ReplicasBelowRequestRate", service="shop")), ASK),
            ("the alert is older", rehearsed(fires=LESS._replace(starts_at=NOW - timedelta(hours=1))), ASK),
        )
    ),
    DoesNotHold("an autoscaler said that it could not count, later than that it can", counted(900)),
]
