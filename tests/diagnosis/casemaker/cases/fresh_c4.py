"""Two faults at once, and pods that are evicted for what a release makes them write."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_c import NO_METRICS
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.logs import L, log, often, raw
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.scene import alert, taken, well
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal
from tests.diagnosis.casemaker.templates import container, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "two-faults-wrong-architecture-and-refused-relay",
    "allotments",
    "2026-05-13T07:21:00",
    title="A release was built for another architecture; a mailer's relay refuses its password since this morning",
    drawn_from="exec format error after a build on a laptop, on the day on which a mail account was changed",
    why="The printer's new pods never ran a line of their program, the old ones serve; the mails fail at a relay "
    "outside that says 535, with pods and Secret as they were.",
    expect=[
        Fault("Deployment/plot-signs", "configuration_error", "rollback_workload"),
        Fault("Deployment/newsletter", "dependency_failure", "page_human"),
    ],
    acceptable=[
        ("code_defect", "rollback_workload", "Deployment/plot-signs"),
        ("service_crash", "rollback_workload", "Deployment/plot-signs"),
        ("configuration_error", "page_human", "Deployment/newsletter"),
        ("configuration_error", "page_human", "Secret/smtp-login", "Deployment/newsletter"),
        ("dependency_failure", "page_human", "*", "Deployment/newsletter"),
    ],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def relay(w: World) -> None:
    nodes(w, "al-1", "al-2")
    image = "registry.allotments.example"
    specs = [pod_spec(container("signs", f"{image}/plot-signs:{v}", port=9000)) for v in ("1.8", "1.9")]
    ended = terminated(255, "Error", started=96, finished=96)
    described = [P(0), P(0), P(1, age=minutes(19), restarts=8, last=ended, backoff="5m0s", unready=minutes(19))]
    revs = [Rev(specs[0], days(47)), Rev(specs[1], minutes(19))]
    top = deployment(w, "plot-signs", revs, described, replicas=2)
    restarting(w, top.pods[2], first=minutes(18), last=20, count=85)
    raw(w, top, 2, "exec /usr/local/bin/plot-signs: exec format error", previous=True)
    service(w, "plot-signs", target=9000)
    secret(w, "smtp-login", ["SMTP_USER", "SMTP_PASSWORD"], age=days(410))
    env = {"SMTP_HOST": "smtp.relay.example", "SMTP_PASSWORD": from_secret("smtp-login", "SMTP_PASSWORD")}
    mails = well(w, "newsletter", f"{image}/newsletter:33", pods=1, age=days(88), env=env)
    text = "Net::SMTPAuthenticationError: 535 5.7.8 Error: authentication failed: (reason unavailable)"
    lines = [f"{text} (smtp.relay.example:587)", "ActionMailer::MailDeliveryJob {n} is retried in 30 s"]
    log(w, mails, 0, "python", often(20, minutes(52), 2, "error", lines, "ActiveJob"))
    alert(w, "KubePodCrashLooping", minutes(12), "a pod of plot-signs crashes again and again", pod=top.pod(2))
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "two-faults-crowd-at-the-gate-and-a-missing-gem",
    "stadium",
    "2026-09-26T17:31:00",
    title="The gates are at their CPU in front of a match while a release of the invoices ends at start",
    drawn_from="a peak of real visitors and an unrelated bad release in the same half hour",
    why="The gates' template is old, their requests have grown fivefold and CPU with them: they need pods. The "
    "invoices' new image lacks a gem; its old pod serves.",
    expect=[
        Fault("Deployment/turnstile", "capacity", "scale_workload"),
        Fault("Deployment/invoices", "code_defect", "rollback_workload"),
    ],
    acceptable=[
        ("resource_exhaustion", "scale_workload", "Deployment/turnstile"),
        ("service_crash", "rollback_workload", "Deployment/invoices"),
        ("configuration_error", "rollback_workload", "Deployment/invoices"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        {"remedy": "rollback_workload", "target": "Deployment/turnstile"},
        "no_action",
        "scale_database",
        "isolate_workload",
    ],
)
def crowd(w: World) -> None:
    nodes(w, "sd-1", "sd-2", "sd-3", cpu="8")
    image = "registry.stadium.example"
    gate = well(w, "turnstile", f"{image}/turnstile:4.4", pods=3, age=days(31), before=f"{image}/turnstile:4.3")
    specs = [pod_spec(container("puma", f"{image}/invoices:{v}", port=3000, ready="/up")) for v in ("210", "211")]
    ended = terminated(1, "Error", started=70, finished=66)
    described = [P(0), P(0), P(1, age=minutes(23), restarts=9, last=ended, backoff="5m0s", unready=minutes(23))]
    revs = [Rev(specs[0], days(8)), Rev(specs[1], minutes(23))]
    top = deployment(w, "invoices", revs, described, replicas=2)
    restarting(w, top.pods[2], first=minutes(22), last=31, count=101)
    lines = [
        "=> Booting Puma",
        "/usr/local/bundle/gems/bootsnap-1.18.4/lib/bootsnap/load_path_cache/core_ext/kernel_require.rb:30:in "
        "`require': cannot load such file -- hexapdf (LoadError)",
        "\tfrom /app/app/services/invoice_pdf.rb:1:in `<main>'",
    ]
    log(w, top, 2, "plain", [L(70 - n, "", text) for n, text in enumerate(lines)], previous=True)
    service(w, "invoices", target=3000)
    for index in range(3):
        texts = ["ticket {n} admitted in 1900ms", "slow: verify took 1.8s, run queue 14"]
        log(w, gate, index, "golang", often(6, 900, 1, "", texts))
        labels = {"pod": gate.pod(index), "container": "turnstile"}
        signal(w, "cpu_share", labels, ramp(0.2, 1.0, minutes(50), minutes(18)))
        signal(w, "throttled_share", labels, ramp(0.001, 0.55, minutes(34), minutes(15)))
        signal(w, "memory_share", labels, flat(0.44))
    rate, slow = ramp(35, 190, minutes(50), minutes(12)), ramp(0.08, 2.1, minutes(34), minutes(12))
    requests(w, "turnstile", rate=rate, errors=ramp(0.001, 0.07, minutes(30), minutes(10)), p95=slow)
    requests(w, "invoices", rate=flat(2), errors=flat(0.001), p95=flat(0.2))
    alert(w, "TurnstileLatency", minutes(19), "p95 of turnstile is over 1 s", service="turnstile")


@case(
    "trace-log-fills-the-pods-own-disk",
    "tide-tables",
    "2026-02-20T03:46:00",
    title="Pods of one service are evicted one after the other for their local disk since a release logs everything",
    drawn_from="trace logging left on in a values file, and evictions for the limit of ephemeral storage",
    why="The nodes have room and evict nobody else: the limit is the container's own. Same image, the older template "
    "logged warnings only; whatever restarts it fills it up again.",
    expect=[Fault("Deployment/predictor", "configuration_error", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload"), ("service_crash", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def trace(w: World) -> None:
    nodes(w, "tt-1", "tt-2")
    image = "registry.tide-tables.example/predictor:3.3"
    specs = []
    for level in ("warn", "tide_core=trace,hyper=trace"):
        inner = container("predictor", image, port=7000, env={"RUST_LOG": level, "LOG_DIR": "/var/log/predictor"})
        inner["resources"]["limits"]["ephemeral-storage"] = "1Gi"
        specs.append(pod_spec(inner))
    text = 'Container predictor exceeded its local ephemeral storage limit "1Gi". '
    gone = {"phase": "Failed", "reason": "Evicted", "message": text}
    ages = (54, 41, 29, 17)
    described = [P(age=minutes(each), ready=False, **gone) for each in ages]  # type: ignore[arg-type]
    described += [P(age=minutes(9)), P(age=minutes(4))]
    revs = [Rev(specs[0], days(61)), Rev(specs[1], minutes(55))]
    top = deployment(w, "predictor", revs, described, replicas=2)
    for index, age in enumerate(ages):
        event(w, top.pods[index], "Evicted", text, last=minutes(age - 12))
        text_ = "Stopping container predictor"
        event(w, top.pods[index], "Killing", text_, kind="Normal", last=minutes(age - 12), container="predictor")
    service(w, "predictor", target=7000)
    for index in (4, 5):
        texts = [
            "TRACE tide_core::harmonic: constituent M2 station={n} phase=1.204",
            "TRACE hyper::proto::h1: flushed {n} bytes",
        ]
        lines = [L(x.age, "", f"{w.at(x.age)[:-1]}.310442Z {x.text}") for x in often(1.5, 140, 1, "", texts)]
        log(w, top, index, "plain", lines)
    ports = well(w, "harbours", "registry.tide-tables.example/harbours:12", pods=2, age=minutes(58),
                 before="registry.tide-tables.example/harbours:11")  # fmt: skip
    for index in range(2):
        lines = often(40, minutes(50), 2, "warn", ["GET http://predictor/tide 503: connection refused"])
        log(w, ports, index, "zap", lines)
    alert(w, "KubePodEvicted", minutes(28), "pods of predictor are evicted", severity="warning", deployment="predictor")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
