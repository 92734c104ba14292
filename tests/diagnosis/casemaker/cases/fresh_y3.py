"""Releases and settings: one heap size that is too small for one of two programs."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import machines, measured
from tests.diagnosis.casemaker.events import restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import nodes
from tests.diagnosis.casemaker.pods import P, running, terminated
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, minutes

Spans = list[tuple[float, float]]
RUNS, PAUSES = (380, 388, 438, 371), (10, 20, 40, 80, 160, 300)
"""Seconds that each pod's program lives, and that the kubelet waits after each end."""


def lives(number: int, born: float) -> Spans:
    """Return from when to when (ages) a pod's program ran."""
    made, begun = [], born - 14 - 9 * number
    for pause in PAUSES:
        made.append((begun, begun - RUNS[number]))
        begun -= RUNS[number] + pause
    return [*made, (begun, begun - RUNS[number])]


def ran(spans: Spans, ago: float) -> float | None:
    """Return how long a program had run at a moment; none if it did not."""
    return next((begun - ago for begun, ended in spans if begun >= ago > ended), None)


def figures(w: World, page: Workload, number: int, spans: Spans) -> None:
    """Add memory and CPU while the pod's program runs, and its restarts."""
    labels = {"pod": page.pod(number), "container": page.name}
    for name, least, grown in (("memory_share", 0.09, 0.16), ("cpu_share", 0.34, 0.29)):

        def shape(ago: float, least: float = least, grown: float = grown) -> float:
            time = ran(spans, ago)
            return 0 if time is None else least + grown * min(1, time / 360)

        signal(w, name, labels, shape, since=spans[0][0] - 30, noise=0.01)
        made = w.metrics[name][-1]
        made["values"] = [pair for pair in made["values"] if float(pair[1])]
    exact(w, "restarts", labels, lambda ago: sum(begun >= ago for begun, _ in spans[1:]), since=spans[0][0] - 30)


@case(
    "one-heap-size-for-all-node-programs",
    "news-front",
    "2026-03-19T18:23:00",
    title="The page renderer aborts every few minutes at a heap of 384 MB, in containers that are three quarters empty",
    drawn_from="FATAL ERROR: Reached heap limit Allocation failed: max-old-space-size below what a Node program needs",
    why="The image is two weeks old; the newest template differs in NODE_OPTIONS alone. The containers end with 134, "
    "not by the kernel, at a quarter of their memory limit, and V8 says that it reached the heap it was given. The "
    "comments service got the same setting in the same minute and has room in it.",
    expect=[Fault("Deployment/page-renderer", "configuration_error", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload"), ("service_crash", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/comments"},
    ],
)
def small_heap(w: World) -> None:
    nodes(w, "nf-1", "nf-2", "nf-3", "nf-4")
    image, age, note = "registry.news.example", minutes(51), "PLAT-902 one heap size for all Node services"
    tops = {}
    for name, tag, size, memory, count in (
        ("page-renderer", "61.4.0", "1536", ("1Gi", "2Gi"), 4),
        ("comments", "8.8.2", "512", ("256Mi", "768Mi"), 2),
    ):
        specs = [
            pod_spec(container(name, f"{image}/{name}:{tag}", port=3000, cpu=("500m", "2"), memory=memory,
                               env={"NODE_ENV": "production", "NODE_OPTIONS": f"--max-old-space-size={heap}"}))
            for heap in (size, "384")
        ]  # fmt: skip
        pods = [P() for _ in range(count)]
        if name == "page-renderer":
            pods = []
            for number in range(count):
                (begun, ended), (again, _) = lives(number, age)[5:]
                last = terminated(134, "Error", started=begun, finished=ended)
                if again > 0:
                    pods.append(P(restarts=6, state=running(again), last=last, unready=again - 8))
                else:
                    pods.append(P(restarts=5, backoff="5m0s", last=last, unready=ended))
        tops[name] = deployment(w, name, [Rev(specs[0], days(14)), Rev(specs[1], age, cause=note)], pods)
        service(w, name, target=3000)
    page, talk = tops["page-renderer"], tops["comments"]
    edge = well(w, "edge-cache", "varnish:7.6.1", pods=2, age=days(70), port=80)
    stories = well(w, "story-api", f"{image}/story-api:212", pods=3, age=minutes(58), before=f"{image}/story-api:211")
    ingress(w, "news", "www.news.example", [("/", "edge-cache", 80), ("/comments", "comments", 80)])
    for index, pod in enumerate(page.pods):
        (_, ended), (begun, _) = lives(index, age)[5:]
        restarting(w, pod, first=lives(index, age)[0][1] - 1, last=max(begun + 12, 9), count=61)
        texts = ["GET /front 200 88ms", "GET /story/{n} 200 141ms", "GET /section/{n} 200 203ms"]
        waits = begun <= 0
        if not waits:
            start = L(begun - 3, "info", "page-renderer 61.4.0 on :3000, 812 components")
            log(w, page, index, "pino", [start, *often(4, begun - 4, 1, "info", texts)])
        before = often(16, ended + 360, ended + 2, "info", texts)
        log(w, page, index, "pino", before, previous=not waits)
        place, gcs = f"[1:0x7f61c4{index}b2000]   36{index}", "\n<--- Last few GCs --->\n\n"
        gcs += (
            f"{place}118 ms: Mark-Compact 381.9 (394.7) -> 380.6 (395.2) MB, pooled: 0 MB, 611.42 / 0.00 ms  "
            "(average mu = 0.138, current mu = 0.021) allocation failure; scavenge might not succeed\n"
            f"{place}784 ms: Mark-Compact 382.1 (395.2) -> 381.4 (395.7) MB, pooled: 0 MB, 659.70 / 0.00 ms  "
            "(average mu = 0.077, current mu = 0.010) allocation failure; scavenge might not succeed\n"
            "\n<--- JS stacktrace --->\n\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of "
            "memory\n----- Native stack trace -----\n\n 1: 0xe13c12 node::OOMErrorHandler(char const*, "
            "v8::OOMDetails const&) [node]\n 2: 0x11d4fd0 v8::Utils::ReportOOMFailure(v8::internal::Isolate*, "
            "char const*, v8::OOMDetails const&) [node]"
        )
        log(w, page, index, "plain", [L(ended, "", gcs)], previous=not waits)
        figures(w, page, index, lives(index, age))
    for index in range(2):
        log(w, talk, index, "pino", often(30, age - 90, 2, "info", ["GET /comments/{n} 200", "POST /comments 201"]))
        pages = [f"10.244.0.{n} GET http://www.news.example/{path} {code}" for n, path, code in (
            (18, "front", 200), (22, "story/{n}", 503), (31, "section/{n}", 200), (18, "story/{n}", 200))]  # fmt: skip
        log(w, edge, index, "plain", often(9, 800 - 4 * index, 1, "", pages))
    log(w, stories, 0, "logfmt", [L(minutes(57), "info", "story-api 212 up"),
                                  *often(40, minutes(56), 2, "info", ["GET /stories/{n} 200 9ms"])])  # fmt: skip
    requests(w, "page-renderer", rate=flat(96), errors=step(0.0008, 0.24, age - 420, over=1500), p95=flat(0.29))
    requests(w, "comments", rate=flat(21), errors=flat(0.0004), p95=flat(0.06))
    requests(w, "story-api", rate=flat(140), errors=flat(0.0003), p95=flat(0.02))
    exact(w, "replicas_wanted", {"component": "page-renderer"}, flat(4))
    spans = [lives(number, age) for number in range(4)]
    up = step(4, 0, age, over=1)
    exact(w, "replicas_available", {"component": "page-renderer"}, lambda ago: max(
        up(ago), sum(ran(each, ago) is not None for each in spans)))  # fmt: skip
    measured(w, talk, 0.2, 0.38)
    measured(w, stories, 0.25)
    machines(w, 0.4)
    alert(w, "KubePodCrashLooping", minutes(27), "pods of page-renderer restart again and again",
          container="page-renderer")  # fmt: skip
