"""Stores at their end: an object store without room and a key store that is killed while it saves."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.jobs import failed_tries, job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import digest
from tests.diagnosis.casemaker.network import ingress, ip, service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.pods import P, oom
from tests.diagnosis.casemaker.scene import alert, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "object-store-below-its-last-free-percent",
    "radiology",
    "2026-08-17T11:27:00",
    title="Studies can be read and none can be stored; the drives of the object store have no room for a write",
    drawn_from="XMinioStorageFull: Storage backend has reached its minimum free drive threshold",
    why="All four drives passed 99 % a quarter of an hour ago, and each writer is refused since, "
    "the daily copy of a database as well; readers are served. The gateway was released an hour before and stored "
    "well until then.",
    expect=[Fault("StatefulSet/minio", "resource_exhaustion", "page_human")],
    acceptable=[
        ("capacity", "page_human"),
        ("dependency_failure", "page_human"),
        *(("resource_exhaustion", "page_human", f"PersistentVolumeClaim/export-minio-{n}") for n in range(4)),
        *(("capacity", "page_human", f"PersistentVolumeClaim/export-minio-{n}") for n in range(4)),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "scale_database"],
)
def store_full(w: World) -> None:
    nodes(w, "rad-1", "rad-2", "rad-3", "rad-4", cpu="8", memory="32776180Ki")
    secret(w, "minio-root", ["rootUser", "rootPassword"], age=days(600))
    spec = pod_spec(
        container(
            "minio",
            "quay.io/minio/minio:RELEASE.2025-04-22T22-12-26Z",
            port=9000,
            args=("server", "http://minio-{0...3}.minio.radiology.svc.cluster.local/export", "--console-address=:9001"),
            env_from=("secret/minio-root",),
            cpu=("500m", "4"),
            memory=("2Gi", "8Gi"),
            ready=http("/minio/health/ready", 9000),
            live=http("/minio/health/live", 9000),
            mounts={"export": "/export"},
        )
    )
    store = statefulset(w, "minio", spec, 4, claim="export", age=days(590))
    for index in range(4):
        claim(w, f"export-minio-{index}", size="2Ti", age=days(590))
    service(w, "minio", port=9000, target=9000, headless=True)
    image, at = "registry.radiology.example", minutes(15)
    env = {"S3_ENDPOINT": "http://minio:9000", "S3_BUCKET": "studies"}
    gate = well(w, "dicom-gateway", f"{image}/dicom-gateway:4.9.0", pods=2, age=minutes(74), env=env,
                before=f"{image}/dicom-gateway:4.8.3")  # fmt: skip
    view = well(w, "viewer-api", f"{image}/viewer-api:12.1.0", pods=3, age=days(20), env=env)
    reports = well(w, "report-pdf", f"{image}/report-pdf:2.3.1", pods=1, age=days(33), env=env)
    lists = well(w, "worklist", f"{image}/worklist:88", pods=2, age=days(14))
    ingress(w, "viewer", "viewer.radiology.example", [("/", "viewer-api", 80)])
    spec = pod_spec(container("dump", f"{image}/pg-to-s3:1.4", port=0, ready=None, env=env | {"S3_BUCKET": "dumps"}))
    tries = failed_tries(minutes(12), count=4, lasts=71)
    dump = job(w, "worklist-dump-29782755", spec, age=minutes(12), failed="BackoffLimitExceeded", pods=tries,
               cron="worklist-dump", schedule="15 11 * * *")  # fmt: skip
    full = "Storage backend has reached its minimum free drive threshold. Please delete a few objects to proceed."
    text = "upload failed: - to s3://dumps/worklist.dump.gz An error occurred (XMinioStorageFull) when calling the "
    for index, each in enumerate(tries):
        assert each.unready
        head = f"{w.time(each.unready + 1):%Y-%m-%d %H:%M:%S} pg-to-s3: "
        log(w, dump, index, "plain", [L(each.unready, "", f"{head}{text}UploadPart operation: {full}")])
    where = f"{int(digest('ks')[:6], 16)}"
    java = (
        f"com.amazonaws.services.s3.model.AmazonS3Exception: {full} (Service: Amazon S3; Status Code: 507; Error Code: "
    )
    for index in range(2):
        done = often(
            39, 3300 - 17 * index, at, "info", ["study 1.2.276.0.{n} stored: 412 objects in 38 s"], "o.d.gw.StoreScp"
        )
        text = (
            f"C-STORE 1.2.276.0.{{n}} from CT2 refused 0xA700: {java}XMinioStorageFull; Request ID: 18{where}{index})"
        )
        log(w, gate, index, "logback", done + often(31, at - 8 * index, 1, "error", [text], "o.d.gw.StoreScp"))
    for index in range(3):
        seen = ["GET /studies/{n}/series 200 41ms", "GET /studies/{n}/frames/1 200 88ms"]
        log(w, view, index, "zap", often(13, 1100 - 4 * index, 1, "info", seen, "viewer/http.go:58"))
    text = f"report {{n}} not stored: S3 operation failed; code: XMinioStorageFull, message: {full}"
    lines = often(160, 3300, at, "info", ["report {n} stored"], "pdf.store")
    log(w, reports, 0, "python", [*lines, *often(97, at - 20, 1, "error", [text], "pdf.store")])
    log(w, lists, 0, "pino", often(22, 1400, 1, "info", ["GET /worklist?modality=CT 200 in 12ms"]))
    for index in range(4):
        used = ramp(0.9888 + 0.0001 * index, 0.9901 + 0.0001 * index, 3600, at)
        signal(w, "volume_used_share", {"persistentvolumeclaim": f"export-minio-{index}"}, used, noise=0)
    requests(w, "viewer-api", rate=flat(33), errors=flat(0.0006), p95=flat(0.14))
    requests(w, "worklist", rate=flat(7), errors=flat(0.0004), p95=flat(0.05))
    calls(w, "dicom-gateway", "minio", step(0.21, 0.02, at), step(0.0005, 0.97, at))
    calls(w, "report-pdf", "minio", step(0.18, 0.02, at), step(0.0004, 0.98, at))
    calls(w, "viewer-api", "minio", 0.06)
    measured(w, store, step(0.3, 0.14, at), 0.62)
    for top, cpu in ((gate, 0.25), (view, 0.2), (reports, 0.12), (lists, 0.1)):
        measured(w, top, cpu)
    machines(w, 0.29)
    alert(w, "DicomStoreRefused", minutes(11), "CT2 and MR1 report refused C-STORE operations", service="dicom-gateway")


ENDS = (1996.0, 1645.0, 1285.0, 915.0, 525.0, 95.0)
"""Ages at which Redis was killed."""
STARTS = (1995.0, 1635.0, 1265.0, 875.0, 445.0)
"""Ages at which it was started again: at once, then after 10, 20, 40 and 80 seconds."""
AWAY = tuple(zip(ENDS, (*(each - 24 for each in STARTS), 0.0), strict=True))
"""From when to when it did not serve; loading takes it 18 seconds."""


def quiz_store(w: World) -> None:
    """Add the key store with its events and the logs of its last two lives."""
    probe = {"exec": {"command": ["redis-cli", "ping"]}, "periodSeconds": 5, "timeoutSeconds": 1, "failureThreshold": 3}
    args = ("--maxmemory", "1750mb", "--maxmemory-policy", "noeviction", "--save", "300 10000", "--dir", "/data")
    spec = pod_spec(container("redis", "redis:7.4.2", port=6379, cpu=("500m", "2"), memory=("2Gi", "2Gi"), args=args,
                              ready=probe, mounts={"data": "/data"}))  # fmt: skip
    last = oom(started=STARTS[-1], finished=ENDS[-1])
    pod = P(age=days(77), restarts=5, backoff="2m40s", last=last, unready=ENDS[-1])
    store = statefulset(w, "quiz-redis", spec, [pod], claim="data", age=days(160))
    claim(w, "data-quiz-redis-0", size="10Gi", age=days(160))
    service(w, "quiz-redis", port=6379, target=6379)
    top = store.pods[0]
    for reason, text in (("Pulled", 'Container image "redis:7.4.2" already present on machine'),
                         ("Started", "Started container redis")):  # fmt: skip
        event(w, top, reason, text, kind="Normal", first=STARTS[0], last=STARTS[-1], count=5, container="redis")
    restarting(w, top, first=ENDS[1], last=11, count=21)
    for number in (-2, -1):
        first, end, age = STARTS[number], ENDS[number], int(ENDS[0] + 331 - STARTS[number])
        rows = [
            L(first, "info", "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo"),
            L(first - 1, "info", "Redis version=7.4.2, bits=64, commit=00000000, modified=0, pid=1, just started"),
            L(first - 2, "info", "Loading RDB produced by version 7.4.2"),
            L(first - 3, "info", f"RDB age {age} seconds"),
            L(first - 4, "info", "RDB memory usage when created 1391.60 Mb"),
            L(first - 20, "info", "Done loading RDB, keys loaded: 4120933, keys expired: 61."),
            L(first - 21, "info", "DB loaded from disk: 18.004 seconds"),
            L(first - 22, "info", "Ready to accept connections tcp"),
            L(end + 31, "info", "10000 changes in 300 seconds. Saving..."),
            L(end + 30, "info", "Background saving started by pid 27"),
        ]
        log(w, store, 0, "redis", rows, previous=number == -2)


def measured_store(w: World) -> None:
    """Add the key store's own figures: it grows in each life and rises at once in the last 30 seconds."""
    labels = {"pod": "quiz-redis-0", "container": "redis"}
    lives = tuple(zip((3600.0, *STARTS), ENDS, strict=True))

    def held(age: float) -> float:
        first, end = next((each for each in lives if each[1] < age <= each[0]), (0.0, 0.0))
        if not first:
            return 0
        grown = ramp(0.62, 0.74, 3600, end)(age) if first == 3600 else 0.7 + 0.07 * min(1.0, (first - age) / 350)
        return grown + max(0.0, 0.22 * (31 - age + end) / 31)

    for name, names, shape in (
        ("memory_share", labels, held),
        ("cpu_share", labels, lambda age: 0.34 if held(age) else 0),
        ("cache_memory_share", {"component": "quiz-redis"}, lambda age: 1.12 * min(0.78, held(age))),
    ):
        signal(w, name, names, shape, noise=0.005)
        rows = w.metrics[name][-1]
        rows["values"] = [each for each in rows["values"] if float(each[1])]
    exact(w, "restarts", labels, lambda age: sum(age < each for each in STARTS))
    exact(w, "cache_up", {"component": "quiz-redis"}, lambda age: not any(b < age <= a for a, b in AWAY))
    exact(w, "cache_evictions", {"component": "quiz-redis"}, flat(0))
    exact(w, "replicas_wanted", {"component": "quiz-redis"}, flat(1))
    exact(w, "replicas_available", {"component": "quiz-redis"}, lambda age: not any(b < age <= a for a, b in AWAY))


@case(
    "key-store-is-killed-while-it-saves",
    "live-quiz",
    "2026-07-30T19:47:00",
    title="The quiz loses its scores again and again; Redis is killed for memory each time it forks to save",
    drawn_from="copy-on-write while BGSAVE runs: maxmemory close to the container's limit, OOMKilled at each snapshot",
    why="Each life of Redis ends seconds after 'Background saving started', at a limit that leaves a seventh over "
    "maxmemory, while answers are written at an evening's rate. It comes back with the older file; no one's template "
    "changed but the lobby's, which does not ask it. Limit, maxmemory or save points are for a person to set.",
    expect=[Fault("StatefulSet/quiz-redis", "resource_exhaustion", "page_human")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("capacity", "page_human"),
        ("dependency_failure", "page_human"),
        ("service_crash", "page_human"),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "restart_connection_pool",
        "no_action",
        "isolate_workload",
    ],
)
def killed_at_save(w: World) -> None:
    nodes(w, "lq-1", "lq-2", "lq-3")
    quiz_store(w)
    image, env, address = "ghcr.io/live-quiz-example", {"REDIS_URL": "redis://quiz-redis:6379/0"}, ip(w, "quiz-redis")
    answers = well(w, "answers", f"{image}/answers:3.3.0", pods=3, age=days(16), env=env)
    board = well(w, "scoreboard", f"{image}/scoreboard:1.90.2", pods=2, age=days(9), env=env)
    lobby = well(w, "lobby", f"{image}/lobby:57", pods=2, age=minutes(49), before=f"{image}/lobby:56")
    well(w, "question-bank", f"{image}/question-bank:6.0.1", age=days(90), talk=True)
    ingress(w, "quiz", "play.quiz.example", [("/", "lobby", 80), ("/answers", "answers", 80)])
    for index in range(3):
        lines = often(33, 3400, 2, "info", ["round {n}: 2400 answers taken"], "answers/round.go:77")
        refused = [f"take answer {{n}}: dial tcp {address}:6379: connect: connection refused"]
        for first, last in AWAY:
            lines += often(8, first - index, last, "error", refused, "answers/round.go:81")
            texts = ["take answer {n}: LOADING Redis is loading the dataset in memory"] if last else refused
            lines += often(4, last + 17 - index, last, "error", texts, "answers/round.go:81")
        log(w, answers, index, "zap", lines)
    for index in range(2):
        told = often(70, 3400, 2, "info", ["board of game {n} sent to 310 players"])
        for first, last in AWAY:
            told += often(9, first - 2 - index, last, "error", [f"connect ECONNREFUSED {address}:6379"])
            if last:
                text = f"scores of game 8112 went backwards: {51_210 - int(last)} -> 31900, resending"
                told.append(L(last - 9, "warn", text))
        log(w, board, index, "pino", told)
        start = L(minutes(48.7) - 15 * index, "info", "lobby 57 listening on 8080")
        log(w, lobby, index, "logfmt", [start, *often(15, 1500, 1, "info", ["GET /games/{n} 200 9ms"])])
    measured_store(w)

    def bad(age: float) -> float:
        return 0.41 if any(last - 60 < age <= first for first, last in AWAY) else 0.002

    requests(w, "answers", rate=ramp(190, 840, 3600, minutes(37)), errors=bad, p95=flat(0.05))
    requests(w, "scoreboard", rate=ramp(20, 66, 3600, minutes(37)), errors=bad, p95=flat(0.08))
    requests(w, "lobby", rate=ramp(60, 110, 3600, minutes(37)), errors=flat(0.0005), p95=flat(0.03))
    for made, cpu in ((answers, 0.42), (board, 0.3), (lobby, 0.2)):
        measured(w, made, cpu)
    machines(w, 0.36)
    alert(w, "AnswersErrorRate", minutes(26), "answers: 5xx over 5% in the last 10 minutes", service="answers")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", True, ""))
