"""Storage: handles that went stale, and no slot left for one more volume."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import machines, measured
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, hpa, node, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "handles-went-stale-when-the-filer-moved",
    "print-media",
    "2026-06-11T14:07:00",
    title="Three of four image servers answer 500; their mounts are stale since the filer stalled",
    drawn_from="ESTALE after the failover of an NFS server: old mounts never heal, new pods mount afresh",
    why="Three pods log a stale file handle for each file since the filer did not answer for 41 seconds; the fourth, "
    "made by the autoscaler minutes later from the same template, reads all. The layout service was rolled after that "
    "and reads the same claim without an error. The claim is well; new pods get new mounts.",
    expect=[Fault("Deployment/image-server", "dependency_failure", "restart_workload")],
    acceptable=[
        ("network_fault", "restart_workload"),
        ("service_crash", "restart_workload"),
        ("resource_exhaustion", "restart_workload"),
        ("configuration_error", "restart_workload"),
        ("code_defect", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "scale_database",
        {"remedy": "restart_workload", "target": "Deployment/layout"},
    ],
)
def stale_handles(w: World) -> None:
    nodes(w, "pm-1", "pm-2", "pm-3", "pm-4")
    moved, image = minutes(41), "registry.print-media.example"
    held = claim(w, "originals", size="4Ti", age=days(700))
    held["spec"]["accessModes"] = held["status"]["accessModes"] = ["ReadWriteMany"]
    held["spec"]["storageClassName"] = "nfs-filer"
    volumes, mounts = {"originals": "pvc/originals"}, {"originals": "/srv/originals"}
    spec = pod_spec(
        container("image-server", f"{image}/image-server:3.19.0", port=8000, mounts=mounts, ready="/ping",
                  cpu=("250m", "1"), memory=("512Mi", "1Gi")), volumes=volumes
    )  # fmt: skip
    pods = [P(age=days(16) - 30 * n) for n in range(3)] + [P(age=minutes(34))]
    images = deployment(w, "image-server", [Rev(spec, days(16.1))], pods, scaled=minutes(34))
    service(w, "image-server", target=8000)
    scaler = hpa(w, images, low=3, high=8, now=4, used=48, scaled=minutes(34))
    text = "New size: 4; reason: cpu resource utilization (percentage of request) above target"
    event(w, scaler, "SuccessfulRescale", text, kind="Normal", last=minutes(34))
    inner = [container("layout", f"{image}/layout:{tag}", port=8000, mounts=mounts) for tag in ("61", "62")]
    layout = deployment(
        w, "layout", [Rev(pod_spec(inner[0], volumes=volumes), days(20)),
                      Rev(pod_spec(inner[1], volumes=volumes), minutes(29))], 2
    )  # fmt: skip
    service(w, "layout", target=8000)
    shop = well(w, "photo-shop", f"{image}/photo-shop:2210", pods=3, age=minutes(38), port=3000,
                before=f"{image}/photo-shop:2209", env={"IMAGES_URL": "http://image-server"})  # fmt: skip
    ingress(w, "shop", "fotos.print-media.example", [("/", "photo-shop", 80), ("/i", "image-server", 80)])
    trace = (
        "GET /i/{n}/w640 500\nTraceback (most recent call last):\n"
        '  File "/app/images/views.py", line 58, in resized\n    with open(path, "rb") as original:\n'
        "OSError: [Errno 116] Stale file handle: '/srv/originals/{n}.jpg'"
    )
    fine = ["GET /i/{n}/w640 200 44ms", "GET /i/{n}/w1280 200 81ms"]
    for index in range(4):
        lines = often(21, 800 - 7 * index, 1, "info", fine, "images.access")
        if index < 3:
            lines = often(150, moved - 60 - 9 * index, 1, "error", [trace], "images.access")
            lines += often(40, moved + 400, moved + 4, "info", fine, "images.access")
            slow = "read of /srv/originals/88213.jpg took 41.7 s"
            ended = "watch of /srv/originals ended: OSError: [Errno 116] Stale file handle: '/srv/originals'"
            lines += [L(moved - 42, "warn", slow, "images.io"), L(moved - 44, "error", ended, "images.watch")]
        log(w, images, index, "python", lines)
    for index in range(2):
        start = L(minutes(28.5), "info", "layout 62 ready, /srv/originals mounted, 4 workers", "layout.boot")
        said = ["page {n}: 6 originals read, pdf in 1.9s", "page {n}: 2 originals read, pdf in 0.8s"]
        log(w, layout, index, "python", [start, *often(35, minutes(27), 3, "info", said, "layout.jobs")])
    for index in range(3):
        said = ["thumb {n}: 500 from image-server", "GET /album/{n} 200 51ms", "thumb {n}: 500 from image-server"]
        start = L(minutes(37.6), "info", "photo-shop 2210 up")
        log(w, shop, index, "pino", [start, *often(12, 800 - 4 * index, 1, "info", said)])
    for index, pod in enumerate(images.pods):
        labels, age = {"pod": pod["metadata"]["name"]}, {"since": minutes(33)} if index == 3 else {}
        signal(w, "request_rate_by_pod", labels, flat(16), **age)
        bad = flat(0.0005) if index == 3 else step(0.0005, 0.94, moved, over=60)
        signal(w, "error_ratio_by_pod", labels, bad, **age)
        signal(w, "latency_p95_by_pod", labels, flat(0.12) if index == 3 else step(0.12, 0.02, moved), **age)
    requests(w, "image-server", rate=flat(63), errors=step(0.0005, 0.7, moved), p95=step(0.12, 0.1, moved))
    requests(w, "photo-shop", rate=flat(29), errors=flat(0.002), p95=flat(0.2))
    requests(w, "layout", rate=flat(0.8), errors=flat(0.0006), p95=flat(2.1))
    for of in (images, layout, shop):
        measured(w, of, 0.24)
    machines(w, 0.28)
    alert(w, "ImageErrorsHigh", minutes(36), "70% of requests to image-server are answered with 5xx",
          service="image-server")  # fmt: skip


@case(
    "no-slot-left-for-one-more-volume",
    "forum-hosting",
    "2026-02-03T11:46:00",
    title="The thirteenth community waits: both workers have as many volumes attached as their machines allow",
    drawn_from="node(s) exceed max volume count, on small cloud machines that take seven volumes each",
    why="The scheduler says that both workers exceed their count of volumes; each takes seven and fourteen claims are "
    "bound. CPU and memory are not the point, the twelve others run, and the release of the sign-up pages made no "
    "pod. It takes another worker or larger machines, which a person orders.",
    expect=[Fault("StatefulSet/community", "capacity", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human"),
        ("configuration_error", "page_human"),
        *(
            (cause, "page_human", "PersistentVolumeClaim/data-community-12")
            for cause in ("capacity", "resource_exhaustion")
        ),
        ("capacity", "page_human", "Node/fh-worker-1"),
        ("resource_exhaustion", "page_human", "Node/fh-worker-1"),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "scale_database",
    ],
)
def no_slot(w: World) -> None:
    workers = ("fh-worker-1", "fh-worker-2")
    nodes(w, *workers, memory="16266460Ki", age=days(420))
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(400))
    base = postgres(w, "forum-pg", image="postgres:15.10")
    index_of = container("search", "getmeili/meilisearch:v1.11.3", port=7700, ready="/health",
                         mounts={"index": "/meili_data"})  # fmt: skip
    statefulset(w, "search", pod_spec(index_of), [P(node=workers[1])], claim="index", age=days(300))
    claim(w, "index-search-0", age=days(300))
    why = (
        "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 node(s) "
        "exceed max volume count. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, "
        "2 No preemption victims found for incoming pod."
    )
    asked = minutes(44)
    spec = pod_spec(
        container("forum", "registry.forum-hosting.example/forum:2026.1", port=3000, ready="/srv/status",
                  env={"DATABASE_HOST": "forum-pg"}, memory=("512Mi", "1Gi"), mounts={"data": "/shared"})
    )  # fmt: skip
    pods = [P(age=days(200 - 12 * number), node=workers[number % 2]) for number in range(12)]
    top = statefulset(w, "community", spec, [*pods, P(age=asked, unschedulable=why)], claim="data", age=days(210))
    w.changed(top.obj, asked + 1, "signup-controller", {"f:spec": {"f:replicas": {}}})
    for number in range(12):
        claim(w, f"data-community-{number}", size="10Gi", age=days(200 - 12 * number))
    waits = claim(w, "data-community-12", size="10Gi", phase="Pending", age=asked)
    last = top.pods[12]
    event(w, last, "FailedScheduling", why, first=asked - 1, last=80, count=10)
    text = "waiting for pod community-12 to be scheduled"
    event(w, waits, "WaitForPodScheduled", text, kind="Normal", first=asked - 2, last=11, count=173,
          writer="persistentvolume-controller")  # fmt: skip
    service(w, "community", top.labels, port=3000, target=3000, headless=True)
    signup = well(w, "signup", "registry.forum-hosting.example/signup:41", age=minutes(57),
                  before="registry.forum-hosting.example/signup:40")  # fmt: skip
    manager = well(w, "signup-controller", "registry.forum-hosting.example/signup-controller:1.8", pods=1, age=days(90))
    for number, name in enumerate(workers):
        drivers = [{"name": "linodebs.csi.linode.com", "nodeID": f"6418822{number}", "allocatable": {"count": 7}}]
        meta = w.meta("CSINode", name, days(420), namespace="")
        w.add({"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": meta, "spec": {"drivers": drivers}})
    node(
        w, "fh-control-1", age=days(420), since=days(419), taints=("node-role.kubernetes.io/control-plane:NoSchedule",)
    )
    lines = [L(asked + 2, "info", "new community requested: knitting-circle"),
             L(asked + 1, "info", "StatefulSet community scaled from 12 to 13")]  # fmt: skip
    text = "community-12 (knitting-circle): pod is Pending, PodScheduled=False Unschedulable, checking again in 60s"
    log(w, manager, 0, "logfmt", [*lines, *often(60, asked - 20, 4, "warn", [text])])
    for number in range(2):
        lines = [L(minutes(56.6), "info", "signup 41 listening on :8080")]
        lines += often(70, asked - 30, 5, "info", ["GET /status/knitting-circle 202 still being prepared"])
        log(w, signup, number, "logfmt", [*lines, *often(90, minutes(55), 8, "info", ["GET / 200 9ms"])])
    for number in (0, 5, 11):
        seen = ['Started GET "/latest.json" for 10.244.1.9', "Completed 200 OK in {n}us (Views: 4.1ms)"]
        log(w, top, number, "golang", often(30, 1500, 4, "info", seen))
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint starting: time"]))
    alert(w, "KubeStatefulSetReplicasMismatch", minutes(29), "StatefulSet forum-hosting/community has not matched the "
          "expected number of replicas for 15 minutes", severity="warning", statefulset="community")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
