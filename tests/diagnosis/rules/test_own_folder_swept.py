"""Servers whose own folder for uploads is gone: as Tomcat and nginx tell it, and what only sounds like it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import CART, SHOP, URL, logs, shop
from tests.diagnosis.rules.tiny import DAY, at, log, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

FOLDER = "/tmp/tomcat.8080.7215563418129957742/work/Tomcat/localhost/ROOT"
TOMCAT = f"java.io.IOException: The temporary upload location [{FOLDER}] is not valid"
SPRING = (
    "ERROR 1 --- [nio-8080-exec-7] o.a.c.c.C.[.[.[/].[dispatcherServlet]    : Servlet.service() threw exception "
    f"[Request processing failed: org.springframework.web.multipart.MultipartException: Failed to parse; {TOMCAT}]"
)
NGINX = (
    '[crit] 31#31: *9117 open() "/var/cache/nginx/client_temp/0000004471" failed (2: No such file or directory), '
    'client: 10.1.0.9, server: _, request: "POST /pictures HTTP/1.1"'
)
DEBIAN = NGINX.replace("/var/cache/nginx/client_temp/", "/var/lib/nginx/body/")
LEVELS = NGINX.replace('open() "/var/cache/nginx/client_temp/0000004471"', 'mkdir() "/var/cache/nginx/proxy_temp/7"')
PAGE = NGINX.replace("/var/cache/nginx/client_temp/0000004471", "/usr/share/nginx/html/favicon.ico")
NOT_ALLOWED = NGINX.replace("(2: No such file or directory)", "(13: Permission denied)")
READ_LATE = f"java.nio.file.NoSuchFileException: {FOLDER}/upload_5d1c3b74_00000131.tmp"
SCRATCH: dict[str, Any] = {"volumeMounts": [{"name": "scratch", "mountPath": "/tmp"}]}
CLAIM = {"volumes": [{"name": "kept", "persistentVolumeClaim": {"claimName": "kept"}}]}


def world(*told: Log, line: str = TOMCAT, started: float = 9 * DAY, beside: Any = (), **more: Any) -> Snapshot:
    """Return a server whose first pod repeats a line since 500 s."""
    return snapshot(
        shop(started=started, **more), beside, logs=told or [log(pod("shop"), "serving", *[line] * 4, since=500)]
    )


def swept(line: str) -> Snapshot:
    """Return a server whose caller was released when its uploads failed already, and tells of nothing but that."""
    front = workload("cart", env={"SHOP_URL": "http://shop:8080"}, before={"image": "registry.example/cart:0"})
    told = [log(pod("shop"), *[line] * 9, since=3000), *logs("cart", "ERROR POST http://shop:8080/pictures: 500")]
    return snapshot(shop(started=9 * DAY), front, logs=told)


def beside_a_sweeper() -> Snapshot:
    """Return a server with a container beside it that mounts the same scratch volume."""
    sweeper = {"name": "sweeper", "image": "busybox:1", **SCRATCH}
    made = shop(started=9 * DAY, **SCRATCH)
    made[0]["spec"]["template"]["spec"]["containers"].append(sweeper)
    return snapshot(made, logs=[log(pod("shop"), *[TOMCAT] * 4, since=500)])


def one_of_them_young() -> Snapshot:
    """Return a server of which two pods miss it, one of them from its start on."""
    made = shop(started=9 * DAY)
    pods_of(made)[1]["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = at(900)
    return snapshot(made, logs=logs("shop", TOMCAT, 0, 1))


ACTS: tuple[str, str, str] = (SHOP, "configuration_error", "restart_workload")
HOLDS = [
    *(
        Holds(what, world(line=line), ACTS, excludes=no("rollback_workload", at=SHOP))
        for what, line in (
            ("Tomcat tells it", TOMCAT),
            ("what runs in Tomcat passes it on", SPRING),
            ("Tomcat with several programs in it", TOMCAT.replace(FOLDER, "/opt/tomcat/work/Catalina/localhost/files")),
            ("nginx keeps what it is sent in no folder", NGINX),
            ("nginx as it is built for Debian", DEBIAN),
            ("nginx with folders within its folder", LEVELS),
        )
    ),
    Holds(
        "who sends it what is uploaded was released since, and is not to blame",
        swept(SPRING),
        ACTS,
        excludes=no("rollback_workload", "restart_workload", at=CART),
        harmful=["rollback_workload"],
        alone=True,
        sure=(0.6, 0.9),
    ),
    Holds("a container beside it has that folder too", beside_a_sweeper(), ACTS),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, found, harmful=["restart_workload"])
    for what, found in (
        ("it misses it since soon after its start: it never had it", world(started=3600)),
        ("one of the pods that miss it is young", one_of_them_young()),
        ("once or twice", world(log(pod("shop"), "serving", TOMCAT, TOMCAT, since=500))),
        ("it takes uploads again", world(log(pod("shop"), *[TOMCAT] * 9, *["stored 3 pictures"] * 60, since=20000))),
        ("it read an upload whose request was over", world(line=READ_LATE)),
        ("somebody told it of a folder that nobody made", world(line=TOMCAT.replace(FOLDER, "/data/uploads"))),
        ("it has no such page", world(line=PAGE)),
        ("it may not write there", world(line=NOT_ALLOWED)),
        ("it keeps data on a volume of its own", world(spec=CLAIM, beside=[thing("PersistentVolumeClaim", "kept")])),
        (
            "a store tells it",
            snapshot(postgres(started=9 * DAY), shop(env=URL), logs=[log("postgres-0", *[NGINX] * 4, since=500)]),
        ),
    )
]
