"""Ordinary trouble with keys, tokens and runs: a signing key turned, a token not mounted, a run that hangs."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.jobs import busy
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, ip, service
from tests.diagnosis.casemaker.platform import claim, config_map, nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, redis, taken, well
from tests.diagnosis.casemaker.signals import flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


def _asked(w: World, at: float, courses: Workload, *others: Workload) -> None:
    """Add the figures: nothing fails with 5xx, and there are more logins since this age."""
    requests(w, "courses", rate=step(58, 83, at), errors=flat(0.0006), p95=step(0.2, 0.09, at))
    requests(w, "identity", rate=step(4, 19, at), errors=flat(0.0005), p95=flat(0.16))
    requests(w, "grades", rate=flat(7), errors=flat(0.0004), p95=flat(0.1))
    requests(w, "pupil-web", rate=flat(66), errors=flat(0.0008), p95=flat(0.11))
    for of in (courses, *others):
        measured(w, of)
    for index, pod in enumerate(courses.pods):
        since = minutes(28.5) if index == 3 else 3600
        labels = {"pod": pod["metadata"]["name"]}
        signal(w, "error_ratio_by_pod", labels, flat(0.0006), since=since, noise=0.2)
        signal(w, "request_rate_by_pod", labels, step(17, 21, at), since=since)
    calls(w, "courses", "school-db", 0.005)
    machines(w)


@case(
    "verifiers-that-know-yesterdays-signing-key",
    "learnhub",
    "2026-09-07T09:43:00",
    title="Pupils are sent back to the login page: three pods of four still check tokens with the key of before",
    drawn_from="rotated signing keys that the issuer picked up by a reloader and a verifier reads at start only",
    why="The Secret was written 41 minutes ago and the issuer rolled for it; courses reads the public key from its "
    "environment. Pods that are older refuse the new tokens (kid 2026-09); the one born after the rotation takes them "
    "and refused some of before, and grades, released since, takes them too. An older template of the issuer reads "
    "the same Secret.",
    expect=[Fault("Deployment/courses", "configuration_error", "restart_workload")],
    acceptable=[
        ("service_crash", "restart_workload"),
        ("dependency_failure", "restart_workload"),
        ("unknown", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "no_action", "isolate_workload", "scale_database"],
)
def old_key(w: World) -> None:
    nodes(w, "lh-1", "lh-2", "lh-3")
    turned, image = minutes(41), "registry.learnhub.example"
    secret(w, "token-signing", ["private.pem", "public.pem", "kid"], age=days(365), changed=turned)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    base = postgres(w, "school-db", image="postgres:15.10")
    key = {"JWT_PUBLIC_KEY": from_secret("token-signing", "public.pem")}
    env: Obj = {
        "SIGNING_KEY": from_secret("token-signing", "private.pem"),
        "KEY_ID": from_secret("token-signing", "kid"),
    }
    note = "reloader.stakater.com/last-reloaded-from"
    spec = pod_spec(container("identity", f"{image}/identity:4.2.0", port=9000, env=env))
    told = {note: '{"type":"SECRET","name":"token-signing","namespace":"learnhub"}'}
    identity = deployment(w, "identity", [Rev(spec, days(62)), Rev(spec, turned - 20, told)], 2,
                          annotations={"secret.reloader.stakater.com/reload": "token-signing"})  # fmt: skip
    service(w, "identity", target=9000)
    spec = pod_spec(container("courses", f"{image}/courses:23.8.1", port=8000, env=key | {"DB_HOST": "school-db"}))
    ages = [days(6), days(6) - 40, days(6) - 75, minutes(29)]
    courses = deployment(w, "courses", [Rev(spec, days(6))], [P(age=age) for age in ages])
    service(w, "courses", target=8000)
    before = f"{image}/grades:12.1.0"
    grades = well(w, "grades", f"{image}/grades:12.1.1", port=8000, age=minutes(24), before=before, env=key)
    web = well(w, "pupil-web", f"{image}/pupil-web:401", pods=3, port=3000, age=days(4))
    ingress(w, "pupil", "learn.example", [("/api/courses", "courses", 80), ("/", "pupil-web", 80)])
    for index in range(2):
        start = turned - 50 - 11 * index
        lines = [L(start, "info", "identity 4.2.0 up, signing with kid=2026-09")]
        lines += often(27, start - 9, 1, "info", ["token issued user={n} kid=2026-09 ttl=8h", "login ok user={n}"])
        log(w, identity, index, "logfmt", lines)
    refused = "401 GET /api/courses/mine: token kid={kid}: InvalidSignatureError: Signature verification failed"
    fine = ["200 GET /api/courses/{n}", "200 GET /api/courses/mine"]
    for index in range(4):
        if index == 3:
            lines = [L(ages[3] - 4, "info", "courses 23.8.1 ready, token keys from environment", "courses.boot")]
            lines += often(23, ages[3] - 12, 1, "info", fine, "courses.api")
            said = [refused.replace("{kid}", "2026-03")]
            lines += often(140, ages[3] - 30, minutes(12), "warning", said, "courses.auth")
        else:
            said = [refused.replace("{kid}", "2026-09")]
            lines = often(75, minutes(58) - 9 * index, 1, "info", fine, "courses.api")
            lines += often(53, turned - 70 - 7 * index, 1, "warning", said, "courses.auth")
        log(w, courses, index, "python", lines)
    for index in range(2):
        log(w, grades, index, "python", often(20, minutes(23), 2, "info", ["200 GET /api/grades/{n}"], "grades.api"))
    for index in range(3):
        text = ["GET /login 200", "session of {n} dropped after 401 of courses, back to /login", "GET /home 200"]
        log(w, web, index, "pino", often(14, turned - 80, 2, "info", text))
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint starting: time"]))
    _asked(w, turned - 60, courses, identity, grades, web, base)
    summary = "logins per minute are four times what they are on a Monday morning"
    alert(w, "LoginRateUnusual", minutes(30), summary, severity="warning", service="identity")


@case(
    "release-that-mounts-no-token-for-its-hub",
    "notebooks",
    "2026-03-25T07:12:00",
    title="No notebook can be started: a hardened release of the hub mounts no service account token and crashes",
    drawn_from="automountServiceAccountToken: false from a checklist, on a program that talks to the API server",
    why="The new template differs from the last one by automountServiceAccountToken alone; each start ends for want "
    "of the token file. The same line in the proxy's release does no harm, as it asks the API server nothing.",
    expect=[Fault("Deployment/hub", "configuration_error", "rollback_workload")],
    acceptable=[("service_crash", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "isolate_workload", "scale_database",
               {"remedy": "rollback_workload", "target": "Deployment/proxy"}],
)  # fmt: skip
def no_token(w: World) -> None:
    nodes(w, "nb-1", "nb-2", cpu="16")
    age, note = minutes(18.5), "CIS 5.1.6: no token where none is needed"
    image = "quay.io/jupyterhub/k8s-hub:4.1.0"
    body = container("hub", image, port=8081, ready="/hub/health", memory=("512Mi", "1Gi"),
                     args=("jupyterhub", "--config", "/usr/local/etc/jupyterhub/jupyterhub_config.py"),
                     mounts={"config": "/usr/local/etc/jupyterhub/config", "pvc": "/srv/jupyterhub"})  # fmt: skip
    more: Obj = {"volumes": {"config": "configmap/hub", "pvc": "pvc/hub-db"}, "serviceAccountName": "hub"}
    old = pod_spec(body, **more)
    new = pod_spec(body, **more, automountServiceAccountToken=False)
    died = terminated(1, "Error", started=109, finished=104)
    pods = [P(age=age - 40, restarts=8, backoff="5m0s", last=died, unready=age - 40)]
    hub = deployment(w, "hub", [Rev(old, days(29)), Rev(new, age, cause=note)], pods, replicas=1,
                     strategy={"type": "Recreate"})  # fmt: skip
    restarting(w, hub.pods[0], first=age - 62, last=8, count=70)
    for each in w.objects:
        if each["kind"] == "Event" and each["message"].startswith("Scaled up replica set hub-"):
            each |= {"firstTimestamp": w.at(age - 40), "lastTimestamp": w.at(age - 40)}
    service(w, "hub", port=8081, target=8081)
    config_map(w, "hub", {"values.yaml": "sha256:77f0c2e3a91b04dd"}, age=days(300), changed=days(29), by="helm")
    claim(w, "hub-db", size="1Gi")
    shell = container("chp", "quay.io/jupyterhub/configurable-http-proxy:4.6.3", port=8000, ready="/_chp_healthz")
    revisions = [Rev(pod_spec(shell), days(29))]
    revisions.append(Rev(pod_spec(shell, automountServiceAccountToken=False), age - 15, cause=note))
    proxy = deployment(w, "proxy", revisions, 1)
    service(w, "proxy-public", {"app": "proxy"}, target=8000)
    placeholder = container("pause", "registry.k8s.io/pause:3.10", port=0, ready=None)
    deployment(w, "user-placeholder", [Rev(pod_spec(placeholder), days(29))], 2)
    ingress(w, "jupyter", "notebooks.uni.example", [("/", "proxy-public", 80)])
    for older, start in ((True, 108.0), (False, 108.0)):
        shift = 312.0 if older else 0.0
        stamp, later = (w.at(each + shift)[:-1].replace("T", " ") for each in (start, start - 2))
        packages = "/usr/local/lib/python3.12/site-packages"
        text = [
            f"[I {stamp}.214 JupyterHub app:3346] Running JupyterHub version 5.2.1",
            f"[I {stamp}.216 JupyterHub app:3376] Using Spawner: kubespawner.spawner.KubeSpawner",
            f"[E {later}.871 JupyterHub app:3852]",
            "    Traceback (most recent call last):",
            f'      File "{packages}/jupyterhub/app.py", line 3849, in launch_instance_async',
            "        await self.initialize(argv)",
            f'      File "{packages}/kubespawner/clients.py", line 107, in load_config',
            "        kubernetes_asyncio.config.load_incluster_config()",
            f'      File "{packages}/kubernetes_asyncio/config/incluster_config.py", line 62, in _load_config',
            '        raise ConfigException("Service token file does not exists.")',
            "    kubernetes_asyncio.config.config_exception.ConfigException: Service token file does not exists.",
        ]
        log(w, hub, 0, "plain", [L(0, "", each) for each in text], previous=older)
    form = "%H:%M:%S.118 [ConfigProxy] "
    lines = [L(age - 22, "", f"{w.time(age - 22):{form}}info: Proxying http://*:8000 to http://hub:8081")]
    refused = f"connect ECONNREFUSED {ip(w, 'hub')}:8081"
    lines += [
        L(each.age, "", f"{w.time(each.age):{form}}error: 503 GET {each.text} {refused}")
        for each in often(19, age - 60, 2, "", ["/hub/spawn", "/hub/home", "/hub/api"])
    ]
    log(w, proxy, 0, "plain", lines)
    said = "https://notebooks.uni.example/hub/login answers 503"
    alert(w, "BlackboxProbeHttpFailure", minutes(14), said, instance="https://notebooks.uni.example/hub/login")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "import-of-the-night-hangs-and-bars-the-next",
    "wholesale",
    "2026-12-01T06:36:00",
    title="Prices are seven hours old: one run of the import hangs in a download and no other is let in beside it",
    drawn_from="CronJobs with Forbid, no deadline and an SFTP client without a timeout, after a cut connection",
    why="The run that began before midnight has said nothing since its download; each later one is skipped for it. "
    "The stock import asks the same host every ten minutes: it failed once at that hour and works since. Users are "
    "served, with old prices; a release of the shop an hour ago is no part of it.",
    expect=[Fault("CronJob/price-import", "service_crash", "restart_workload")],
    acceptable=[
        *((cause, "restart_workload") for cause in ("code_defect", "dependency_failure", "network_fault")),
        ("service_crash", "restart_workload", "Job/price-import-29754705"),
        *((cause, "page_human") for cause in ("service_crash", "code_defect", "dependency_failure", "network_fault")),
        ("configuration_error", "page_human"),
    ],
    forbidden=["rollback_workload", "scale_workload", "no_action", "isolate_workload", "scale_database"],
)
def hung_import(w: World) -> None:
    nodes(w, "wh-1", "wh-2", "wh-3")
    image, age = "registry.wholesale.example", hours(6.85)
    secret(w, "supplier-sftp", ["id_ed25519", "known_hosts"], age=days(500))
    env = {"SFTP_HOST": "sftp.supplier.example", "CATALOGUE_URL": "http://catalogue"}
    mounts, volumes = {"key": "/keys"}, {"key": "secret/supplier-sftp"}
    body = container("import", f"{image}/price-import:5.5.0", port=0, ready=None, env=env, mounts=mounts)
    run = busy(w, "price-import", pod_spec(body, volumes=volumes), ages=[age], schedule="*/15 * * * *")
    run.obj["spec"]["concurrencyPolicy"] = "Forbid"
    run.obj["status"] |= {"lastSuccessfulTime": w.at(age + 900 - 212)}
    run.obj["status"]["active"] = [{"kind": "Job", "name": run.pod(0).rsplit("-", 1)[0], "namespace": w.namespace}]
    text = "Not starting job because prior execution is running and concurrency policy is Forbid"
    event(w, run.obj, "JobAlreadyActive", text, kind="Normal", first=age - 900, last=minutes(6), count=27)
    lines = [
        L(age - 6, "info", "price-import 5.5.0 run started"),
        L(age - 7, "info", "connected to sftp.supplier.example:22 as wholesale"),
        L(age - 8, "info", "3 new files in /out, newest prices_full_20261130.csv.gz (41 MB)"),
        L(age - 9, "info", "downloading prices_delta_2330.csv.gz"),
        L(age - 11, "info", "downloading prices_full_20261130.csv.gz"),
    ]
    log(w, run, 0, "logfmt", lines)
    env = {"SFTP_HOST": "sftp.supplier.example", "STOCK_EVERY": "10m", "SFTP_TIMEOUT": "60s"}
    stock = well(w, "stock-sync", f"{image}/stock-sync:2.0.3", pods=1, age=days(17), env=env)
    lines = [L(age - minutes(2), "warn", "sftp: read tcp 10.244.1.31:50122->203.0.113.70:22: i/o timeout, next try in "
               "10m0s")]  # fmt: skip
    lines += [L(a * 600.0 + 140, "info", f"stock list {4100 + 3 * (40 - a)} loaded from sftp.supplier.example in 4.1s")
              for a in range(40) if abs(a * 600 + 140 - age) > 500]  # fmt: skip
    log(w, stock, 0, "logfmt", lines)
    catalogue = well(w, "catalogue", f"{image}/catalogue:88.1", pods=3, age=days(11))
    before = f"{image}/shop:1420"
    shop = well(w, "shop", f"{image}/shop:1421", pods=3, age=minutes(63), before=before, port=3000)
    quotes = well(w, "quotes", f"{image}/quotes:9.3", age=days(40), talk=True)
    cache = redis(w, "price-cache")
    ingress(w, "shop", "b2b.wholesale.example", [("/", "shop", 80), ("/quotes", "quotes", 80)])
    for index in range(3):
        old = "serving price list of 2026-11-30T23:33:08Z"
        lines = often(300, 3500, 9, "warn", [old]) + often(35, 3000, 4, "info", ["GET /items/{n} 200", "GET /tree 200"])
        log(w, catalogue, index, "logfmt", lines)
        log(w, shop, index, "pino", often(22, 1500, 2, "info", ["GET /item/{n} 200", "GET /basket 200", "GET / 200"]))
    for name, rate, p95 in (("shop", 21.0, 0.19), ("catalogue", 34.0, 0.04), ("quotes", 1.2, 0.3)):
        requests(w, name, rate=flat(rate), errors=flat(0.0005), p95=flat(p95))
    for of in (stock, catalogue, shop, quotes, cache):
        measured(w, of)
    labels = {"pod": run.pod(0), "container": "import"}
    signal(w, "cpu_share", labels, flat(0.0004))
    signal(w, "memory_share", labels, flat(0.31), noise=0)
    machines(w, 0.18)
