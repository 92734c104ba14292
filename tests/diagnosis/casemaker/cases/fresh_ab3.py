"""Over or outside: retries that have ebbed, and a stranger at the test grid."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_ab2 import EVERY_ACT
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import event, probe_failure
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import uid
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import nodes
from tests.diagnosis.casemaker.pods import P, suffix
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.signals import flat, pulse, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "retries-after-a-moved-pod-have-ebbed",
    "rail-info",
    "2026-08-11T10:37:00",
    title="A drained node took one of two departure pods away; retries trebled the calls for six minutes and are gone",
    drawn_from="retry storms of minutes after a pod was moved: callers ask three times until the second pod is ready",
    why="Calls, errors and latency are back at their level since more than half an hour, the moved pod is ready and "
    "serves half of the calls, the node takes pods again, and the alert is resolved. The release of the station signs "
    "came after it all and is well. Nothing is left to do; any act would move pods once more.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=list(EVERY_ACT),
)
def ebbed(w: World) -> None:
    nodes(w, "ri-1", "ri-2", "ri-3")
    w.nodes.remove("ri-2")
    image, moved, over = "registry.rail-info.example", minutes(42), minutes(35.5)
    spec = pod_spec(container("departures", f"{image}/departures:12.9.0", cpu=("500m", "1")))
    pods = [P(age=days(20), node="ri-1"), P(age=moved, node="ri-3", unready=over + 30)]
    top = deployment(w, "departures", [Rev(spec, days(20.1))], pods)
    service(w, "departures")
    env = {"DEPARTURES_URL": "http://departures", "RETRIES": "3"}
    web = well(w, "journey-web", f"{image}/journey-web:551", pods=3, age=days(6), env=env, port=3000)
    fares = well(w, "fares", f"{image}/fares:19.1", pods=2, age=days(33), talk=True)
    w.nodes.insert(1, "ri-2")
    signs = well(w, "station-signs", f"{image}/station-signs:84", pods=2, age=minutes(21), env=env,
                 before=f"{image}/station-signs:83")  # fmt: skip
    ingress(w, "journeys", "www.rail-info.example", [("/", "journey-web", 80)])
    second = next(obj for obj in w.objects if obj["metadata"]["name"] == "ri-2")
    meta = top.pods[0]["metadata"] | {"name": top.pod(0)[:-5] + suffix("ri-2", 1), "uid": uid("ri-2", "gone")}
    gone = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"nodeName": "ri-2"}}
    event(w, gone, "Killing", "Stopping container departures", kind="Normal", last=moved + 3, container="departures")
    place = f"http://{top.pods[1]['status']['podIP']}:8080/healthz"
    probe_failure(w, top.pods[1], "Readiness", f'Get "{place}": dial tcp {place[7:-8]}: connect: connection refused',
                  first=moved - 9, last=over + 40, count=34)  # fmt: skip
    for reason, age in (("NodeNotSchedulable", moved + 25), ("NodeSchedulable", minutes(31))):
        event(w, second, reason, f"Node ri-2 status is now: {reason}", kind="Normal", last=age, writer="kubelet")
    for index in range(3):
        fine = ["GET /board/{n} 200 departures=31ms", "GET /journey 200 fares=12ms", "GET /board/{n} 200"]
        lines = often(70, minutes(58), moved, "info", fine)
        bad = ["attempt 2 of 4: departures answered 503", "attempt 3 of 4: timeout of 2000ms exceeded"]
        lines += often(17, moved - 5, over, "warn", bad)
        log(w, web, index, "pino", [*lines, *often(60, over - 10, 2, "info", fine)])
    start = L(over + 34, "info", "departures 12.9.0: timetable of 2026-08-11 loaded (41228 trips), listening on :8080")
    for index in range(2):
        calm = ["GET /v2/departures/{n} 200 24ms", "GET /v2/departures/{n} 200 29ms"]
        lines = often(48, over, 1, "info", calm)
        if index:
            first = L(moved - 4, "info", "departures 12.9.0: loading timetable of 2026-08-11")
            lines = [first, start, *lines]
        else:
            lines += often(60, minutes(58), moved, "info", calm)
            lines += often(23, moved - 9, over + 20, "warn", ["worker queue full (256), GET /v2/departures/{n} 503"])
        log(w, top, index, "zap", lines)
        lines = [L(minutes(20.6) - 8 * index, "info", "station-signs 84 up, 412 signs")]
        log(w, signs, index, "zap", [*lines, *often(31, minutes(20), 3, "info", ["sign {n} refreshed in 41ms"])])
    log(w, fares, 1, "logfmt", often(60, 3000, 5, "info", ["GET /fares/{n} 200 8ms"]))
    retried = pulse(0.0007, 0.31, moved, over)
    requests(
        w, "journey-web", rate=flat(58), errors=pulse(0.0009, 0.12, moved, over), p95=pulse(0.21, 5.8, moved, over)
    )
    requests(w, "departures", rate=pulse(49, 151, moved, over), errors=retried, p95=pulse(0.041, 2.0, moved, over))
    requests(w, "fares", rate=flat(22), errors=flat(0.0003), p95=flat(0.02))
    requests(w, "station-signs", rate=flat(2.2), errors=flat(0.0004), p95=flat(0.05))
    calls(w, "journey-web", "departures", pulse(0.04, 2.0, moved, over), retried)
    calls(w, "journey-web", "fares", 0.018)
    measured(w, top, 0.3, pods={0: {"cpu_share": pulse(0.31, 0.93, moved, over)}})
    for of in (web, signs, fares):
        measured(w, of, 0.16)
    machines(w)
    text = "more than 5% of requests to journey-web failed over the last 5 minutes"
    alert(w, "JourneyErrorRatioHigh", minutes(40), text, ended=minutes(30.5), service="journey-web")


@case(
    "stranger-starts-python-in-the-browsers-of-the-test-grid",
    "qa-grid",
    "2026-05-30T04:22:00",
    title="Two browser pods of a test grid run at full CPU: a stranger has them start Python instead of Chrome",
    drawn_from="SeleniumGreed: open Selenium grids whose session options name another binary, then a miner from /tmp",
    why="The hub's Service was opened to the internet yesterday; since 03:41 it takes sessions whose browser is "
    "/usr/bin/python3 with code in base64, and a sensor saw a program run from /tmp that no image has. Two pods use "
    "all their CPU while no test runs. The night's tests are done and the templates are months old. Cut the browser "
    "pods off and keep them: a new pod would be taken again and lose what there is to see.",
    expect=[Fault("Deployment/selenium-chrome", "security_incident", "isolate_workload")],
    acceptable=[
        ("security_incident", "page_human"),
        ("security_incident", "isolate_workload", "Deployment/selenium-hub"),
        ("security_incident", "page_human", "Deployment/selenium-hub"),
        ("security_incident", "page_human", "Service/selenium-hub"),
    ],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def grid(w: World) -> None:
    nodes(w, "qa-1", "qa-2", "qa-3", cpu="8")
    began = minutes(41)
    hub_spec = pod_spec(container("hub", "selenium/hub:4.21.0-20240517", port=4444, memory=("512Mi", "1Gi"),
                                  ready="/readyz"))  # fmt: skip
    hub = deployment(w, "selenium-hub", [Rev(hub_spec, days(160))], 1, age=days(300))
    env = {"SE_EVENT_BUS_HOST": "selenium-hub", "SE_NODE_MAX_SESSIONS": "1"}
    spec = pod_spec(container("chrome", "selenium/node-chrome:4.21.0-20240517", port=5555, env=env, cpu=("500m", "2"),
                              memory=("1Gi", "2Gi"), ready=None))  # fmt: skip
    top = deployment(w, "selenium-chrome", [Rev(spec, days(160))], 4, age=days(300))
    door = service(w, "selenium-hub", port=4444, target=4444)
    door["spec"] |= {"type": "LoadBalancer", "externalTrafficPolicy": "Cluster"}
    door["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.77"}]}}
    w.changed(door, days(1) - minutes(70), "kubectl-edit", {"f:spec": {"f:type": {}}})
    image = "registry.qa.example"
    tests = well(w, "visual-tests", f"{image}/visual-tests:77", pods=1, age=days(12), env={"GRID": "http://selenium-hub:"
                 "4444"})  # fmt: skip
    report = well(w, "report-web", f"{image}/report-web:31", pods=2, age=days(9), port=3000)
    ingress(w, "reports", "reports.qa.example", [("/", "report-web", 80)])

    def line(age: float, level: str, where: str, text: str) -> L:
        milli = int(age * 7) % 1000
        return L(age, "", f"{w.time(age).strftime('%H:%M:%S')}.{milli:03} {level} [{where}] - {text}")

    asked = "Session request received by the Distributor: \n [Capabilities {browserName: chrome, goog:chromeOptions: "
    usual = asked + "{args: [--headless=new, --window-size=1440,900], extensions: []}}]"
    odd = asked + "{args: [-cimport base64;exec(base64.b6...], binary: /usr/bin/python3, extensions: []}}]"
    failed = (
        "Unable to create session: Could not start a new session. Response code 500. Message: session not created: "
        "Chrome failed to start: exited normally.\n  (session not created: DevToolsActivePort file doesn't exist)\n  "
        "(The process started from chrome location /usr/bin/python3 is no longer running, so ChromeDriver is assuming "
        "that Chrome has crashed.)"
    )
    lines = []
    for age in range(int(minutes(66)), int(minutes(47)), -95):
        lines.append(line(age, "INFO", "LocalDistributor.newSession", usual))
        lines.append(
            line(
                age - 2,
                "INFO",
                "LocalDistributor.newSession",
                f"Session created by the Distributor. Id: "
                f"{age:08x}c41f, Caps: Capabilities {{browserName: chrome, browserVersion: 125.0.6422.60}}",
            )
        )
    for ago in (began, began - 31, began - 64, began - 400):
        lines.append(line(ago, "INFO", "LocalDistributor.newSession", odd))
        lines.append(line(ago - 8, "WARN", "SeleniumSpanExporter$1.lambda$export$1", failed))
    log(w, hub, 0, "plain", lines)
    for index in range(4):
        lines = []
        for age in range(int(minutes(65)) - 90 * index, int(minutes(47)), -380):
            lines.append(
                line(
                    age,
                    "INFO",
                    "LocalNode.newSession",
                    f"Session created by the Node. Id: {age:08x}c41f, "
                    "Caps: Capabilities {browserName: chrome, browserVersion: 125.0.6422.60}",
                )
            )
            lines.append(line(age - 70, "INFO", "SessionSlot.stop", f"Stopping session {age:08x}c41f"))
        for ago in {1: (began, began - 64), 2: (began - 31, began - 400)}.get(index, ()):
            text = f"Error while creating session with the driver service. Stopping driver service: {failed[26:]}"
            lines.append(line(ago - 7, "WARN", "DriverServiceSessionFactory.apply", text))
        log(w, top, index, "plain", lines)
    done = [L(minutes(46.5), "info", "run 2026-05-30 done: 812 pages, 0 differences, next run at 03:15 tomorrow")]
    log(w, tests, 0, "logfmt", [*often(90, minutes(66), minutes(47), "info", ["page {n} compared, equal"]), *done])
    for index in range(2):
        log(w, report, index, "pino", often(200, 3400, 9, "info", ["GET /runs/latest 200", "GET / 200"]))
    bad = {"cpu_share": step(0.05, 0.99, began - 60), "throttled_share": step(0.0, 0.58, began - 60)}
    measured(w, top, 0.05, 0.31, pods={1: bad, 2: bad})
    measured(w, hub, 0.06)
    measured(w, tests, 0.04)
    measured(w, report, 0.05)
    for index in range(4):
        taken_in = step(900, 61_000, began) if index in (1, 2) else flat(900)
        signal(w, "network_receive", {"pod": top.pod(index)}, taken_in)
    requests(w, "report-web", rate=flat(0.3), errors=flat(0.0), p95=flat(0.08))
    machines(w, 0.21)
    text = (
        "Executing binary not part of base image (proc_exe=/tmp/.font-unix/perfcc proc_name=perfcc parent=python3 "
        "gparent=chromedriver cmdline=perfcc --tls -o 198.51.100.19:443 user=seluser "
        f"container_image=selenium/node-chrome k8s_pod_name={top.pod(1)})"
    )
    alert(w, "FalcoDropAndExecuteNewBinaryInContainer", began - 45, text, pod=top.pod(1), priority="Critical",
          rule="Drop and execute new binary in container")  # fmt: skip
