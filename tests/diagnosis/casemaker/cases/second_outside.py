"""What changed or ended outside of any template: hosts, keys, licences, routes, names."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import pull_failure, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import config_map, hpa, nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated, waiting
from tests.diagnosis.casemaker.scene import alert, postgres, well
from tests.diagnosis.casemaker.signals import flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

HARM = ["restart_workload", "rollback_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"]


@case(
    "partner-domain-is-gone",
    "freight",
    "2026-06-02T08:12:00",
    title="The domain of a partner no longer resolves; one service that calls it fails, its settings are months old",
    drawn_from="partners whose domains lapsed: getaddrinfo ENOTFOUND for a host that was there for years",
    why="The name is outside and has been the same for months; everything inside resolves; the partner has to act.",
    expect=[Fault("Deployment/customs", "dependency_failure", "page_human")],
    acceptable=[
        ("network_fault", "page_human"),
        ("dependency_failure", "page_human", "*"),
        ("configuration_error", "page_human"),
    ],
    forbidden=HARM,
)
def partner(w: World) -> None:
    nodes(w, "fr-1", "fr-2")
    customs = well(
        w,
        "customs",
        "registry.freight.example/customs:8",
        pods=2,
        age=days(70),
        env={"PARTNER_URL": "https://api.tariffs.example/v2"},
    )
    well(w, "quotes", "registry.freight.example/quotes:31", talk=True)
    postgres(w)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    for index in range(2):
        lines = ["Error: getaddrinfo ENOTFOUND api.tariffs.example", "GET /tariff/{n} 502"]
        log(w, customs, index, "pino", often(6, 1900, 1, "error", lines))
    requests(w, "customs", rate=flat(9), errors=step(0.001, 0.88, minutes(31)))
    requests(w, "quotes", rate=flat(25), errors=flat(0.0004))
    alert(w, "CustomsErrors", minutes(25), "88% of requests to customs fail", service="customs")


@case(
    "licence-ended-at-midnight",
    "drawing",
    "2026-07-01T00:25:00",
    title="A licence ended at midnight; every process ends as soon as it is started anew",
    drawn_from="licence checks at start: license expired, refusing to start, at the first restart after the end",
    why=(
        "Nothing was released and no setting was written; the program says what it lacks; a new licence "
        "is a person's work."
    ),
    expect=[Fault("Deployment/cad-render", "configuration_error", "page_human")],
    acceptable=[
        ("service_crash", "page_human"),
        ("configuration_error", "page_human", "*"),
        ("dependency_failure", "page_human"),
    ],
    forbidden=HARM,
)
def licence(w: World) -> None:
    nodes(w, "dr-1", "dr-2")
    secret(w, "cad-licence", ["licence.lic"], age=days(365))
    spec = pod_spec(container("render", "registry.drawing.example/cad-render:2025.2", env_from=("secret/cad-licence",)))
    last = terminated(3, "Error", started=98, finished=96)
    down = P(restarts=9, last=last, ready=False, backoff="5m0s", unready=minutes(24))
    top = deployment(w, "cad-render", [Rev(spec, days(90))], [down, down])
    service(w, "cad-render")
    for index in range(2):
        restarting(w, top.pods[index], first=minutes(23), last=30, count=90)
        text = "license expired on 2026-06-30, refusing to start; contact your vendor for a renewal"
        log(w, top, index, "golang", [L(97, "fatal", text)], previous=True)
    alert(w, "RenderDown", minutes(18), "no pod of cad-render is ready", deployment="cad-render")


@case(
    "key-of-a-provider-was-revoked",
    "podcast",
    "2026-09-09T14:33:00",
    title="A provider revoked our key: every call is answered 401 since noon; the Secret is a year old",
    drawn_from="revoked or leaked API keys that providers disable: 401 invalid api key from a host outside",
    why=(
        "Pods, Secret and template are unchanged; all answers of one host outside are 401; somebody has "
        "to get a new key."
    ),
    expect=[Fault("Secret/speech-key", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Deployment/transcripts"),
        ("dependency_failure", "page_human", "*"),
    ],
    forbidden=HARM,
)
def revoked(w: World) -> None:
    nodes(w, "po-1", "po-2")
    secret(w, "speech-key", ["SPEECH_API_KEY"], age=days(380), changed=days(380))
    spec = pod_spec(container("app", "registry.podcast.example/transcripts:12", env_from=("secret/speech-key",)))
    top = deployment(w, "transcripts", [Rev(spec, days(41))], 2)
    service(w, "transcripts")
    for index in range(2):
        lines = [
            (
                'speech provider answered 401 {"error":"invalid_api_key","message":"API key revoked"} POST '
                "https://api.speech.example/v1/jobs"
            )
        ]
        log(w, top, index, "python", often(7, 3300, 1, "error", lines, "speech.client"))
    requests(w, "transcripts", rate=flat(4), errors=flat(0.97))
    alert(w, "TranscriptsFail", hours(2), "nearly all transcripts fail", service="transcripts")


@case(
    "timeout-of-a-route-was-cut",
    "reports",
    "2026-03-18T11:51:00",
    title="The read timeout of an Ingress was edited from sixty seconds to three; long answers end as 504",
    drawn_from="proxy-read-timeout annotations lowered for all paths: 504 Gateway Time-out for what always took long",
    why="The service answers as it always did, by its own clock; what fails is cut off at the edge since "
    "the Ingress was "
    "written.",
    expect=[Fault("Ingress/reports", "configuration_error", "page_human")],
    acceptable=[("network_fault", "page_human"), ("configuration_error", "page_human", "*")],
    tolerated=["switch_traffic"],
    forbidden=HARM,
)
def cut(w: World) -> None:
    nodes(w, "re-1", "re-2")
    top = well(w, "reports", "registry.reports.example/reports:22", pods=3, age=days(18), talk=True)
    route = ingress(
        w,
        "reports",
        "reports.example",
        [("/", "reports", 80)],
        annotations={"nginx.ingress.kubernetes.io/proxy-read-timeout": "3"},
    )
    w.changed(route, minutes(22), "kubectl-edit", {"f:metadata": {"f:annotations": {}}})
    for index in range(3):
        signal(w, "latency_p95_by_pod", {"pod": top.pod(index)}, flat(4.1))
        signal(w, "error_ratio_by_pod", {"pod": top.pod(index)}, flat(0.0005))
        signal(w, "cpu_share", {"pod": top.pod(index), "container": "reports"}, flat(0.35))
    requests(w, "reports", rate=flat(17), errors=step(0.001, 0.21, minutes(22)), p95=step(4.1, 3.0, minutes(22)))
    alert(w, "ReportsErrors", minutes(16), "21% of requests to reports fail", ingress="reports")


@case(
    "external-name-points-elsewhere",
    "auction-house",
    "2026-10-06T13:05:00",
    title="A Service of type ExternalName was pointed at a host of the old data centre; its callers time out",
    drawn_from="ExternalName Services that were edited during a migration and kept the old host",
    why="All callers of this one name time out since the Service was written; their own templates are weeks old.",
    expect=[Fault("Service/bids-store", "configuration_error", "page_human")],
    acceptable=[
        ("network_fault", "page_human"),
        ("dependency_failure", "page_human", "*"),
        ("configuration_error", "page_human", "*"),
    ],
    forbidden=[*HARM, "restart_connection_pool"],
)
def external(w: World) -> None:
    nodes(w, "ah-1", "ah-2")
    made = w.add(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": w.meta("Service", "bids-store", days(120)),
            "spec": {"type": "ExternalName", "externalName": "bids.old-dc.example", "sessionAffinity": "None"},
            "status": {"loadBalancer": {}},
        }
    )
    w.changed(made, minutes(25), "kubectl-patch", {"f:spec": {"f:externalName": {}}})
    for name, image in (("bidding", "bidding:60"), ("archive", "archive:7")):
        top = well(
            w, name, f"registry.ah.example/{image}", pods=2, age=days(33), env={"STORE_URL": "http://bids-store:8080"}
        )
        for index in range(2):
            text = 'Get "http://bids-store:8080/lots/{n}": dial tcp 198.51.100.7:8080: i/o timeout'
            log(w, top, index, "golang", often(8, 1480, 1, "error", [text]))
        requests(w, name, rate=flat(14), errors=step(0.001, 0.5, minutes(24)))


@case(
    "registry-does-not-answer",
    "metro",
    "2026-11-26T07:40:00",
    title="The image registry does not answer while the morning's pods are added; the ones that run serve on",
    drawn_from="registry outages found by autoscalers: failed to do request: dial tcp: i/o timeout",
    why="No release: the new pods want the image that the others run; the registry is what fails, and nothing may be "
    "restarted meanwhile.",
    expect=[Fault("Deployment/timetable", "dependency_failure", "page_human")],
    acceptable=[("network_fault", "page_human"), ("configuration_error", "page_human")],
    forbidden=HARM,
)
def registry(w: World) -> None:
    nodes(w, "me-1", "me-2")
    image = "registry.metro.example/timetable:402"
    cause = (
        f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": failed to do request: '
        f'Head "https://registry.metro.example/v2/timetable/manifests/402": dial tcp 203.0.113.9:443: i/o timeout'
    )
    spec = pod_spec(container("app", image))
    stuck = P(
        age=minutes(16), state=waiting("ImagePullBackOff", f'Back-off pulling image "{image}"'), unready=minutes(16)
    )
    top = deployment(w, "timetable", [Rev(spec, days(12))], [P(), P(), stuck, stuck], scaled=minutes(16))
    for index in (2, 3):
        pull_failure(w, top.pods[index], cause, since=minutes(16))
    service(w, "timetable")
    hpa(w, top, low=2, high=10, now=4, used=66, scaled=minutes(16))


@case(
    "pool-shrunk-by-a-shared-map",
    "hospital",
    "2026-12-11T09:47:00",
    title="A shared ConfigMap now sets the pool to two connections; the pods were restarted with it and queue for them",
    drawn_from="pool sizes lowered in a shared ConfigMap: Connection is not available, request timed out",
    why="The database has room and no template changed; each pod has two connections since the map was written.",
    expect=[Fault("ConfigMap/db-pool", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Deployment/wards"),
        ("database_connection", "page_human", "ConfigMap/db-pool"),
    ],
    forbidden=[*HARM, "restart_connection_pool"],
)
def pool(w: World) -> None:
    nodes(w, "hp-1", "hp-2")
    base = postgres(w)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    config_map(w, "db-pool", {"SPRING_DATASOURCE_HIKARI_MAXIMUM_POOL_SIZE": "2"}, changed=minutes(34))
    env = {"SPRING_DATASOURCE_URL": "jdbc:postgresql://postgres:5432/wards"}
    spec = pod_spec(container("wards", "registry.hospital.example/wards:77", env=env, env_from=("configmap/db-pool",)))
    top = deployment(
        w,
        "wards",
        [Rev(spec, days(23)), Rev(spec, minutes(30), {"kubectl.kubernetes.io/restartedAt": w.at(minutes(30))})],
        3,
    )
    service(w, "wards")
    text = (
        "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request "
        "timed out after 30000ms (total=2, active=2, idle=0, waiting=41)"
    )
    for index in range(3):
        log(w, top, index, "logback", often(6, 1700, 1, "error", [text], "c.h.wards.Repo"))
    log(w, base, 0, "postgres", [L(200, "log", "checkpoint complete: wrote 41 buffers (0.3%)")])
    signal(w, "db_connections", {"component": "postgres"}, step(62, 9, minutes(30)))
    signal(w, "db_max_connections", {"component": "postgres"}, flat(200), noise=0)
    requests(w, "wards", rate=flat(40), errors=step(0.001, 0.44, minutes(29)), p95=step(0.2, 30, minutes(29)))
