"""A ConfigMap or Secret was written, and what reads it fails since: there is nothing to roll back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.cutting import DONE, ENDED, LONG_UNUSED, USED, proxied
from tests.diagnosis.rules.pods import HOUR, again, looping, old_anew, pods_of, put, rollout, younger
from tests.diagnosis.rules.scenes import (
    API,
    CART,
    IMAGE,
    OLD,
    SHOP,
    URL,
    alert,
    down,
    errors,
    failing,
    logs,
    rate,
    shop,
)
from tests.diagnosis.rules.tiny import DAY, Obj, at, log, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot


def reads(name: str) -> dict[str, Any]:
    return {"volumes": [{"name": "c", "configMap": {"name": name}}]}


def crashing(**more: Any) -> list[Obj]:
    objects = shop(pods=3, before=IMAGE, released=7 * DAY, spec=reads("shop-config"), **more)
    return down(objects, looping(lived=90, restarts=4), unready=100)


def anew(status: Obj, *, started: float = 2400, **more: Any) -> list[Obj]:
    """Return a shop of ten days whose pods were all made anew of late and are each in a state."""
    objects = shop(pods=3, started=started, **more)
    for each in pods_of(objects):
        put(each, status)
    return objects


def one_anew(**more: Any) -> list[Obj]:
    """Return a shop of which one container was started again of late."""
    objects = shop(**more)
    put(pods_of(objects)[0], again("OOMKilled", 137, age=680))
    return objects


def written(age: float) -> Obj:
    return thing("ConfigMap", "shop-config", written=age, data={"a": "b"})


UNPARSED = [log(pod("shop"), "could not parse config: line 3", previous=True)]
KILLED = again("OOMKilled", 137, age=200, restarts=5, lived=480)
HEAP: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "shop-config"}}]}
KEY: dict[str, Any] = {"env": {"MODE": {"secretKeyRef": {"name": "mode", "key": "m"}}}}

NO_PORT = '"@l": "Error", "@x": "System.Net.Http.HttpRequestException: Connection refused (cart:8081)"'
CUT = "ERROR:  canceling statement due to statement timeout"


def timed_out(*, edit: float = 800, released: float = 1500, alike: str = CUT, **more: Any) -> Snapshot:
    """Return a database whose settings were edited, a shop released before, and an api as ever."""
    return snapshot(
        postgres(spec=reads("postgres-conf")),
        shop(env=URL, before=IMAGE, released=released),
        workload("api", env=URL, **more),
        thing("ConfigMap", "postgres-conf", written=edit, data={"a": "b"}),
        logs=[
            log("postgres-0", "LOG:  checkpoint complete", *[f"shop@shop {CUT}"] * 30, since=760),
            log(
                pod("shop"), "INFO ok", *[f"ERROR PG::QueryCanceled: {alike}): app/models/course.rb:87"] * 30, since=760
            ),
            log(pod("api"), "INFO ok", *[f"ERROR OperationalError: {alike}"] * 30, since=760),
        ],
        figures=[errors("shop", since=740)],
    )


def of_two_ages(*, edit: float = 2000, age: float = 1500, young: float = 0.001) -> Snapshot:
    """Return a shop of four that fails since soon after an edit, the last of whose pods started later."""
    return snapshot(
        younger(shop(pods=4, spec=reads("shop-config")), 1, age=age),
        written(edit),
        figures=[*failing(0.9, 0.9, 0.9, young, since=edit - 100), errors("shop", 0.7, edit - 100)],
    )


WRONG_PORT = "ERROR upload InvalidArgument: S3 API Requests must be made to API port"


def drained(
    *,
    edit: float | None = 6 * DAY,
    versions: tuple[int, int, int] | None = None,
    young: int = 2,
    age: float = HOUR,
    ill: tuple[int, ...] = (2, 3),
    says: str = WRONG_PORT,
    nodes: tuple[str, ...] = ("n1", "n2"),
    measured: bool = False,
    onset: float = HOUR,
    turned: float | None = None,
    more: Iterable[Obj] = (),
    **of: Any,
) -> Snapshot:
    """Return a shop of four, the last of which were made anew by a drain, and an edit that they were first to read.

    ``versions``: those of the older pods, of what was edited, and of the younger pods. ``ill``: whose logs tell of it.
    ``onset``: since when, if not since they started; ``turned``: since when the last one is ready again.
    """
    made = younger(shop(**{"pods": 4, "nodes": nodes, **HEAP} | of), young, age=age)
    if turned is not None:
        again_ready = {"type": "Ready", "status": "True", "lastTransitionTime": at(turned)}
        pods_of(made)[-1]["status"]["conditions"] = [again_ready]
    conf = thing("ConfigMap", "shop-config", written=edit, data={"S3_ENDPOINT": "http://minio:9001"})
    if versions:
        old, of_it, new = versions
        conf["metadata"]["resourceVersion"] = str(of_it)
        for number, each in enumerate(pods_of(made)):
            each["metadata"]["resourceVersion"] = str(new if number >= 4 - young else old)
    told = [log(pod("shop", n), *[says if n in ill else "INFO stored"] * 30, since=min(age, onset)) for n in range(4)]
    ratios = failing(*(0.6 if n in ill else 0.0 for n in range(4)), since=min(age, onset))
    return snapshot(made, conf, *more, logs=told, figures=ratios if measured else ())


UNIT = "batch.flush_interval: time: missing unit in duration"


def shared(*, released: float = 400, says: str = UNIT, spec: dict[str, Any] | None = None) -> Snapshot:
    """Return an api that fails since an edit of what it reads, and a shop whose release ends at each start."""
    return snapshot(
        workload("api", spec=reads("shop-config")),
        rollout("shop", looping(), before=IMAGE, released=released, spec=spec or reads("shop-config")),
        thing("ConfigMap", "shop-config", written=640, data={"conf.yaml": "batch:\n  flush_interval: 500\n"}),
        logs=[
            log(pod("api"), *["INFO fine"] * 20, *[f"ERROR not reloaded: {UNIT}"] * 20, since=1200),
            log(pod("shop", 2), *[f"FATAL {says}"] * 6, since=60, previous=True),
        ],
    )


def asking(*, host: str = "payment.town.svc.cluster.locall", released: float = 400) -> Snapshot:
    """Return an api of which one pod was started again since an edit, and a shop that was released later."""
    conf: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "conf"}}]}
    api = workload("api", **conf)
    put(pods_of(api)[0], again("OOMKilled", 137, age=700))
    unknown = "ERROR dial tcp: lookup payment.town.svc.cluster.locall on 10.96.0.10:53: no such host"
    return snapshot(
        api,
        shop(before=IMAGE, released=released, **conf),
        workload("payment"),
        thing("ConfigMap", "conf", written=800, data={"PAYMENT_URL": "http://payment.town.svc.cluster.locall"}),
        logs=[
            log(pod("api"), *["INFO fine"] * 5, *[unknown] * 30, since=690),
            *(log(pod("shop", n), "INFO up", *[f"ERROR {host}: Name or service not known"] * 9) for n in range(2)),
        ],
        figures=[errors("shop", since=380)],
    )


FATAL = "FATAL cache.ttl: missing unit in duration 15"
OLD_POD, NEW_POD = "shop-xpfxs-pxvbt", "shop-fgxdz-krbhh"
PINO = '{{"level":60,"time":1772625480123,"pid":1,"hostname":"{}","run":"{}","msg":"{}"}}'
RUNS = ("0f3cbbd1-7aae-4c1f-9d20-5be0a1c7d2ef", "c41e7d02-b9fa-4e8d-8a11-90fcd1b6aa3e")
PYTHON = "Traceback (most recent call last):\n  File 'run.py', line {}, in load\n{}"
NPM = "{}\nnpm ERR! code ELIFECYCLE\nnpm ERR! errno 1\nnpm ERR! A complete log of this run can be found in: /root/x.log"


def released_after(
    *, edit: float = 2 * HOUR, anew: float = HOUR, status: Obj | None = None, old: str = FATAL, new: str = FATAL
) -> Snapshot:
    """Return a roll-out whose pods end at each start, with a pod of the template before that was made anew."""
    made = rollout("shop", looping(), before=IMAGE, old=3, spec=reads("shop-config"))
    for number, name in ((1, OLD_POD), (3, NEW_POD)):
        pods_of(made)[number]["metadata"]["name"] = name
    told = ((OLD_POD, old, 90), (NEW_POD, new, 70))
    return snapshot(
        old_anew(made, status or looping(), age=anew),
        written(edit),
        logs=[
            log(name, "INFO starting", *lines.splitlines(), since=since, previous=True, of="shop")
            for name, lines, since in told
            if lines
        ],
    )


PROXY, ITS_CONFIG = "Deployment/proxy", "ConfigMap/proxy-config"


HOLDS = [
    *(
        Holds(
            f"a proxy was started with another limit of time, and cuts sessions of its clients since: {what}",
            world,
            (ITS_CONFIG, "configuration_error", "page_human"),
            excludes=[*no("rollback_workload", "restart_workload", at=PROXY), *no("restart_workload", at=API)],
            alone=True,
            harmful=("restart_workload", "rollback_workload", "restart_connection_pool"),
        )
        for what, world in (
            ("two programs lose them long after it was ready", proxied("api", "web", says=ENDED[0])),
            *((f"it tells so itself: {line}", proxied("api", says=line)) for line in ENDED),
            ("the one client loses sessions that it used a moment ago", proxied("api", told=USED)),
        )
    ),
    *(
        Holds(
            f"pods that a drain made anew are the first to start with an edit, and they alone fail: {what}",
            world,
            ("ConfigMap/shop-config", "configuration_error", "page_human"),
            excludes=no("rollback_workload", "restart_workload", at=SHOP),
            alone=True,
            harmful=("rollback_workload", "restart_workload"),
            began=HOUR,
        )
        for what, world in (
            ("it was written days before", drained()),
            ("their figures tell", drained(measured=True)),
            ("one of four, by its figures", drained(young=1, ill=(3,), measured=True, nodes=("n1", "n2", "n3"))),
            ("nobody knows when, but versions tell the order", drained(edit=None, versions=(100, 130, 150))),
        )
    ),
    Holds(
        "others that read the same are not to be started anew",
        drained(more=workload("api", **HEAP)),
        ("ConfigMap/shop-config", "configuration_error", "page_human"),
        excludes=no("restart_workload", at=API),
        spares=no("rollback_workload", at=API),
    ),
    *(
        Holds(
            f"pods of two ages fail since an edit, and what it says may be wrong: {what}",
            world,
            ("ConfigMap/shop-config", "configuration_error", "page_human"),
            harmful=("restart_workload",),
        )
        for what, world in (
            ("who started with it fails too", of_two_ages(young=0.9)),
            ("who started with it has hardly served", of_two_ages(edit=500, age=240)),
        )
    ),
    *(
        Holds(
            f"pods of the template before that started since the edit end as those of the release do: {what}",
            world,
            ("ConfigMap/shop-config", "configuration_error", "page_human"),
            excludes=no("rollback_workload", "restart_workload", at=SHOP),
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("by the same words", released_after()),
            (
                "by the same words, beside the names of their pods",
                released_after(
                    old=PINO.format(OLD_POD, RUNS[0], "cache.ttl: missing unit"),
                    new=PINO.format(NEW_POD, RUNS[1], "cache.ttl: missing unit"),
                ),
            ),
            ("after the release too", released_after(anew=300)),
            ("nobody logs why", released_after(old="", new="")),
        )
    ),
    Holds(
        "another reader was released when one failed already, and ends by the same setting: its release is innocent",
        shared(),
        ("ConfigMap/shop-config", "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "pods that started since ask for a host that the edit misspelt, those of a later release too",
        asking(),
        ("ConfigMap/conf", "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        alone=True,
    ),
    *(
        Holds(
            f"{what}: its release is suspected",
            world,
            ("ConfigMap/shop-config", "configuration_error", "page_human"),
            spares=no("rollback_workload", at=SHOP),
        )
        for what, world in (
            ("another reader was released before one failed", shared(released=630)),
            ("another reader ends by something else", shared(says="index out of range [3] with length 3")),
            ("another one ends by the same words, and does not read it", shared(spec=reads("its-own"))),
        )
    ),
    Holds(
        "another reader was released later, and asks for another host",
        asking(host="stock.town.svc.cluster.local"),
        ("ConfigMap/conf", "configuration_error", "page_human"),
        spares=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "a database cuts statements since, also of one who was not released: the release of the other is innocent",
        timed_out(),
        ("ConfigMap/postgres-conf", "configuration_error", "page_human"),
        alone=True,
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "nobody else tells what the database tells: the release is suspected too",
        timed_out(alike="something of its own", released=900, edit=880),
        ("ConfigMap/postgres-conf", "configuration_error", "page_human"),
        believed="errors_since_release",
    ),
    Holds(
        "a release came between the edit and the onset",
        timed_out(edit=900, released=820),
        ("ConfigMap/postgres-conf", "configuration_error", "page_human"),
    ),
    Holds(
        "a restart made an edit of last week true: they are killed for memory soon after each start",
        snapshot(anew(KILLED, **HEAP), written(7 * DAY)),
        ("ConfigMap/shop-config", "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        harmful=("restart_workload",),
    ),
    Holds(
        "a drain made an edit true, a younger one of a mounted file is not meant",
        snapshot(
            anew(looping(lived=40), **KEY, spec=reads("shop-config")),
            written(3 * HOUR),
            thing("Secret", "mode", written=2 * DAY, data={"m": ""}),
        ),
        ("Secret/mode", "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
    ),
    Holds(
        "containers end since, and cannot read it",
        snapshot(crashing(), written(700), logs=UNPARSED),
        ("ConfigMap/shop-config", "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
    ),
    Holds(
        "it was made anew",
        snapshot(
            down(workload("api", spec=reads("api-config")), looping(lived=4), unready=300),
            thing("ConfigMap", "api-config", age=400, data={"a": "b"}),
            logs=[
                log(pod("api"), "failed to parse config: yaml: line 3: mapping values are not allowed", previous=True)
            ],
        ),
        ("ConfigMap/api-config", "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "it names a host that does not exist",
        snapshot(
            workload("pay"),
            workload("api", started=480, spec=reads("conf")),
            thing("ConfigMap", "conf", written=600, data={"PAY_URL": "http://payment:8080"}),
            figures=[errors("api", 0.9, 480)],
            logs=logs("api", "java.net.UnknownHostException: payment", since=470),
        ),
        ("ConfigMap/conf", "configuration_error", "page_human"),
        excludes=no("rollback_workload", at=API),
        harmful=("rollback_workload",),
    ),
    Holds(
        "nobody measures it: a log repeats an error since, and none before",
        snapshot(
            shop(spec=reads("shop-config")),
            written(640),
            logs=[log(pod("shop"), *["INFO fine"] * 20, *["ERROR rule 7: limits exceeded"] * 20, since=1200)],
        ),
        ("ConfigMap/shop-config", "configuration_error", "page_human"),
    ),
    *(
        Holds(
            f"requests fail since, and containers can have got it: {what}",
            snapshot(world, figures=[errors("shop", since=640)]),
            (ref, "configuration_error", "page_human"),
        )
        for what, ref, world in (
            ("a file changes under them", "ConfigMap/shop-config", [*shop(spec=reads("shop-config")), written(700)]),
            ("one of them has started since", "ConfigMap/shop-config", [*one_anew(**HEAP), written(700)]),
            (
                "a password fails by its change as well",
                "Secret/mode",
                [*shop(**KEY), thing("Secret", "mode", written=700, data={"m": ""})],
            ),
        )
    ),
    Holds(
        "nobody measures it: its reader asks another one for a port since that its Service never had",
        snapshot(
            workload("cart"),
            shop(spec=reads("shop-config"), before=IMAGE, released=2 * HOUR),
            thing("ConfigMap", "shop-config", written=640, data={"shop.json": '{"Cart": "http://cart:8081"}'}),
            logs=[log(pod("shop"), *['{"@m": "sold"}'] * 20, *[f'{{"@m": "lost", {NO_PORT}}}'] * 20, since=1200)],
            alerts=[alert(deployment="shop")],
        ),
        ("ConfigMap/shop-config", "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        alone=True,
        harmful=("rollback_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"a proxy was started again, and a client keeps the sessions that it had: {what}",
            world,
            (API, "database_connection", "restart_workload"),
        )
        for what, world in (
            ("nobody else loses any, and the proxy ends none", proxied("api")),
            ("two programs do so, and nothing shows that new ones are cut", proxied("api", "web")),
            ("one line tells of a session used since", proxied("api", last=USED)),
            ("what it loses it did not use since", proxied("api", told=LONG_UNUSED)),
            ("its settings are as ever", proxied("api", edit=None, says=ENDED[0])),
            ("what was edited says nothing of time", proxied("api", settings="log stdout", says=ENDED[0])),
            ("its template is younger than the edit", proxied("api", edit=11 * DAY, says=ENDED[0])),
        )
    ),
    DoesNotHold(
        "a proxy was started with another limit of time, and no user feels anything",
        proxied("api", "web", ratio=0.001, says=DONE),
        ("no_fault", "no_action"),
    ),
    DoesNotHold(
        "younger pods fail, which served well for days with what was edited before: one more start may help",
        drained(young=1, ill=(3,), age=5 * DAY, onset=1800, measured=True),
        (SHOP, "service_crash", "restart_workload"),
    ),
    *(
        DoesNotHold(f"younger pods fail and older ones are well: {what}", world, harmful=("rollback_workload",))
        for what, world in (
            ("the edit is older than all of them", drained(edit=15 * DAY)),
            ("it came after all of them had started", drained(edit=1800)),
            ("by the versions, it is older than all", drained(edit=None, versions=(130, 100, 150))),
            ("by the versions, it is younger than all", drained(edit=None, versions=(100, 150, 130))),
            ("nobody knows when, and no versions tell", drained(edit=None)),
            ("one of the younger ones is well", drained(ill=(3,))),
            ("an older one fails too", drained(ill=(1, 2, 3))),
            ("they started just now", drained(age=200)),
            ("they served well for days with it", drained(age=5 * DAY, onset=1800)),
            (
                "versions tell of it, but they were written again long after they had started",
                drained(edit=None, versions=(100, 130, 150), turned=HOUR - 900),
            ),
            ("they are alone on their node", drained(young=1, ill=(3,), nodes=("n1", "n1", "n1", "n2"))),
            ("they get no session", drained(says="FATAL: sorry, too many clients already")),
            ("they are refused", drained(says='FATAL: password authentication failed for user "shop"')),
            (
                "two that they read were edited",
                drained(
                    env={"MODE": {"secretKeyRef": {"name": "mode", "key": "m"}}},
                    more=[thing("Secret", "mode", written=2 * DAY, data={"m": ""})],
                ),
            ),
        )
    ),
    DoesNotHold(
        "who started with what was written is well, and only those fail that never read it",
        of_two_ages(),
        (SHOP, "configuration_error", "restart_workload"),
        harmful=("page_human", "rollback_workload"),
    ),
    *(
        DoesNotHold(f"a release came since: {what}", world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in (
            ("pods of the template before start well", released_after(status={"ready": True}, old="")),
            ("a pod of the template before was started again once only", released_after(status=looping(restarts=1))),
        )
    ),
    *(
        DoesNotHold(
            f"a release came since, and its pods end by something else; those before end too: {what}",
            released_after(old=old, new=new),
            (SHOP, "code_defect", "page_human"),
            harmful=("rollback_workload", "restart_workload", "scale_workload"),
        )
        for what, old, new in (
            ("one panics", FATAL, "panic: runtime error: index out of range [3]"),
            (
                "both are told as JSON",
                PINO.format(OLD_POD, RUNS[0], "cache.ttl: missing unit"),
                PINO.format(NEW_POD, RUNS[1], "no such module: left-pad"),
            ),
            ("both end in a trace", PYTHON.format(8, "ValueError: no unit"), PYTHON.format(9, "ImportError: no tax")),
            (
                "uvicorn runs both",
                f"{FATAL}\nERROR:    Application startup failed. Exiting.",
                "ImportError: no tax\nERROR:    Application startup failed. Exiting.",
            ),
            ("npm runs both", NPM.format("FATAL no unit"), NPM.format("TypeError: tax is no function")),
        )
    ),
    DoesNotHold(
        "pods of the template before end since a start that was before the edit, and those of a release too",
        released_after(edit=1800),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "it was written last week", snapshot(crashing(), written(7 * DAY)), (SHOP, "service_crash", "page_human")
    ),
    DoesNotHold(
        "it is read into the environment, and no container has started since",
        snapshot(shop(**HEAP), written(700), figures=[errors("shop", since=640)]),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "the same, and another one that they call fails since its release in the same minute",
        snapshot(
            shop(**HEAP, env={"CART_URL": "http://cart:8080"}),
            workload("cart", before=OLD, released=660),
            written(700),
            figures=[errors("shop", since=640), errors("cart", since=640)],
        ),
        (CART, "code_defect", "rollback_workload"),
    ),
    DoesNotHold("nothing fails", snapshot(shop(spec=reads("shop-config")), written(700))),
    DoesNotHold(
        "the trouble is older",
        snapshot(shop(spec=reads("shop-config")), written(300), figures=[errors("shop", 0.3, 2400)]),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "pods that started before the edit end as well",
        snapshot(anew(KILLED, started=8 * DAY, **HEAP), written(7 * DAY)),
        (SHOP, "resource_exhaustion", "page_human"),
    ),
    DoesNotHold(
        "the edit is older than the template",
        snapshot(anew(looping(lived=40), **HEAP), written(20 * DAY)),
        (SHOP, "service_crash", "page_human"),
    ),
    DoesNotHold(
        "all started with it, and traffic has grown since",
        snapshot(anew(KILLED, **HEAP), written(7 * DAY), figures=[rate("shop", 20, 60, 1500)]),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "all started with it, and end because another one is away",
        snapshot(
            anew(looping(lived=20), **HEAP),
            written(7 * DAY),
            logs=logs("shop", "dial tcp 10.9.9.9:5432: connect: connection refused"),
        ),
        (SHOP, "service_crash", "page_human"),
    ),
]
