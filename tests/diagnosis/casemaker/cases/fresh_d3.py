"""What the cluster itself refuses, who came in, what only looks like it, and two faults at once."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.logs import L, log, often, raw
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import hpa, nodes
from tests.diagnosis.casemaker.pods import P, terminated, waiting
from tests.diagnosis.casemaker.scene import alert, taken, well
from tests.diagnosis.casemaker.signals import flat, requests, signal
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "connection-table-of-a-node-is-full",
    "postcards",
    "2026-04-02T18:37:00",
    title="Pods on one node time out towards everything; the node's watcher says that the conntrack table is full",
    drawn_from="nf_conntrack: table full, dropping packet, behind a handful of timeouts that nobody could place",
    why="Two services that share nothing but the node time out there; their siblings elsewhere are well. The table "
    "is to be enlarged or the node emptied by a person; no release and no dependency is at fault.",
    expect=[Fault("Node/pc-2", "resource_exhaustion", "page_human")],
    acceptable=[
        *((cause, "page_human", "*") for cause in ("resource_exhaustion", "network_fault", "capacity")),
        ("dependency_failure", "page_human", "Node/pc-2"),
        ("configuration_error", "page_human", "Node/pc-2"),
    ],
    forbidden=["rollback_workload", "scale_workload", "no_action", "restart_connection_pool", "scale_database"],
)
def conntrack(w: World) -> None:
    nodes(w, "pc-1", "pc-2", "pc-3")
    machine = next(obj for obj in w.objects if obj["metadata"]["name"] == "pc-2")
    text = "Conntrack table full"
    event(
        w, machine, "ConntrackFull", text, first=minutes(27), last=50, count=52, writer="network-custom-plugin-monitor"
    )
    said = {
        "stamps": ("logfmt", "fetch http://printer/queue: dial tcp 10.96.44.9:80: i/o timeout"),
        "printer": ("python", "httpx.ConnectTimeout: timed out (POST http://addresses/check)"),
    }
    for number, (name, (style, bad)) in enumerate(said.items()):
        top = well(w, name, f"registry.postcards.example/{name}:{60 + number}", pods=3, age=days(16 + 9 * number))
        for index in range(3):
            good = often(9, 1500, 1, "info", [f"GET /{name}/{{n}} 200"])
            log(w, top, index, style, often(5, minutes(26), 1, "error", [bad]) if index == 1 else good)
    well(w, "addresses", "registry.postcards.example/addresses:5", pods=2, age=days(80))
    alert(w, "StampsErrors", minutes(21), "a third of the requests to stamps fail", service="stamps")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "new-policy-refuses-the-pod-of-yesterday",
    "lending",
    "2026-08-27T21:14:00",
    title="A pod went with its drained node and cannot be made again: a policy of today denies its template",
    drawn_from="ValidatingAdmissionPolicies bound with Deny: nothing breaks until the next pod is created",
    why="The template is unchanged for months and its siblings run; the policy is hours old. A restart or a roll-back "
    "would lose the running pods too: either is refused by the same rule.",
    expect=[Fault("ValidatingAdmissionPolicy/must-run-as-non-root", "configuration_error", "page_human")],
    acceptable=[("configuration_error", "page_human", "*")],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def denied(w: World) -> None:
    nodes(w, "le-1", "le-2", "le-3")
    name, bound = "must-run-as-non-root", "must-run-as-non-root-deny"
    rule = {"expression": "object.spec.securityContext.runAsNonRoot == true", "message": "pods must run as non-root"}
    for kind, called, spec in (
        ("ValidatingAdmissionPolicy", name, {"failurePolicy": "Fail", "validations": [rule]}),
        ("ValidatingAdmissionPolicyBinding", bound, {"policyName": name, "validationActions": ["Deny"]}),
    ):
        meta = w.meta(kind, called, hours(5), namespace="", generation=1)
        w.add({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": meta, "spec": spec})
    spec = pod_spec(container("quarkus", "registry.lending.example/scoring:2.9.4"))
    top = deployment(w, "scoring", [Rev(spec, days(97))], 2, replicas=3, age=days(300))
    owner = top.sets[0]
    text = (
        f"Error creating: pods \"{owner['metadata']['name']}-\" is forbidden: ValidatingAdmissionPolicy '{name}' with "
        f"binding '{bound}' denied request: pods must run as non-root"
    )
    event(w, owner, "FailedCreate", text, first=minutes(33), last=minutes(4), count=18)
    top.obj["status"]["conditions"].append(
        {
            "type": "ReplicaFailure",
            "status": "True",
            "reason": "FailedCreate",
            "message": text.removeprefix("Error creating: "),
            "lastUpdateTime": w.at(minutes(33)),
            "lastTransitionTime": w.at(minutes(33)),
        }
    )
    service(w, "scoring")
    summary = "Deployment lending/scoring has 2 of 3 replicas"
    alert(w, "KubeDeploymentReplicasMismatch", minutes(17), summary, deployment="scoring", severity="warning")
    taken(w, ("objects", True, ""), ("logs", False, "forbidden"), NO_METRICS)


@case(
    "no-address-left-in-the-subnet",
    "ballpark",
    "2026-10-14T17:29:00",
    title="An autoscaler asked for more pods; they were placed but the network has no addresses for them",
    drawn_from="aws-cni: failed to assign an IP address to container, in subnets that were cut too small",
    why="Nodes have room and the image is there; the sandbox fails for want of an address on every node. More pods "
    "need more of what is not there: a person has to add a subnet.",
    expect=[Fault("Deployment/scoreboard", "resource_exhaustion", "page_human")],
    acceptable=[
        *((cause, "page_human", "*") for cause in ("resource_exhaustion", "network_fault", "capacity")),
        ("dependency_failure", "page_human", "*"),
        ("configuration_error", "page_human", "*"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def addresses(w: World) -> None:
    nodes(w, "ip-10-4-1-18", "ip-10-4-1-77", "ip-10-4-2-5")
    spec = pod_spec(container("scoreboard", "public.ecr.aws/ballpark-example/scoreboard:5.11"))
    age = minutes(16)
    stuck = [P(age=age, state=waiting("ContainerCreating"), unready=age) for _ in range(3)]
    top = deployment(w, "scoreboard", [Rev(spec, days(28))], [P(), P(), P(), *stuck], age=days(200), scaled=age)
    for each in top.pods[3:]:
        del each["status"]["podIP"]
        text = (
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "
            '"0c1f9a2b7e": plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address '
            "to container"
        )
        event(w, each, "FailedCreatePodSandBox", text, first=age - 3, last=8, count=68)
    hpa(w, top, low=3, high=10, now=6, used=91, scaled=age)
    service(w, "scoreboard")
    well(w, "lineup", "public.ecr.aws/ballpark-example/lineup:12", pods=2)
    summary = "scoreboard has three pods that do not become ready"
    alert(w, "KubePodNotReady", minutes(1), summary, deployment="scoreboard", severity="warning")
    taken(w, ("objects", True, ""), ("logs", False, "timed out after 5 s"), NO_METRICS)


@case(
    "cache-made-a-replica-of-a-stranger",
    "fanzine",
    "2026-03-21T02:51:00",
    title="An old Redis without a password was told to follow a host on the internet and loaded a module from it",
    drawn_from="rogue-server attacks on Redis 4 and 5: REPLICAOF, full sync of exp.so, MODULE LOAD, commands",
    why="Nobody here replicates from abroad, and a module that came by a sync is somebody's program. Cut it off and "
    "keep it; a restart wipes what there is to see, and the callers' errors are its consequence.",
    expect=[Fault("Deployment/session-cache", "security_incident", "isolate_workload")],
    acceptable=[("security_incident", "page_human")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def stranger(w: World) -> None:
    nodes(w, "fz-1", "fz-2")
    spec = pod_spec(container("redis", "redis:5.0.14-alpine", port=6379, ready=None))
    cache = deployment(w, "session-cache", [Rev(spec, days(410))], 1, age=days(600), number=1)
    service(w, "session-cache", port=6379, target=6379)
    by = "(user request from 'id=88213 addr=203.0.113.148:51244 fd=19 name= age=0 idle=0 flags=N db=0 cmd=slaveof')"
    texts = (
        "Before turning into a replica, using my master parameters to synthesize a cached master: I may be able to "
        "synchronize with the new master with just a partial transfer.",
        f"REPLICAOF 198.51.100.23:21000 enabled {by}",
        "Connecting to MASTER 198.51.100.23:21000",
        "MASTER <-> REPLICA sync started",
        "MASTER <-> REPLICA sync: receiving 48168 bytes from master",
        "MASTER <-> REPLICA sync: Flushing old data",
        "Failed trying to load the MASTER synchronization DB from disk",
        "Module 'system' loaded from ./exp.so",
        f"MASTER MODE enabled {by}",
    )
    lines = [L(minutes(12) - number, "info", text) for number, text in enumerate(texts)]
    log(w, cache, 0, "redis", [L(hours(3), "info", "DB saved on disk"), *lines])
    top = well(
        w,
        "covers",
        "registry.fanzine.example/covers:44",
        pods=2,
        age=days(37),
        env={"REDIS_URL": "redis://session-cache:6379/0"},
    )
    bad = ["redis.exceptions.ReadOnlyError: You can't write against a read only replica."]
    lost = often(3, minutes(5), 2, "warning", ["session {n} unknown, user is asked to log in again"], "covers.auth")
    for index in range(2):
        log(w, top, index, "python", [*often(1, minutes(12), minutes(11.8), "error", bad, "covers.auth"), *lost])
    alert(w, "LoginsRise", minutes(8), "ten times as many logins as usual", service="covers", severity="warning")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "port-of-miners-is-our-own-lobby",
    "boardgames",
    "2026-12-03T20:19:00",
    title="A rule on miners fires: pods connect to port 3333. It is the lobby of the same namespace",
    drawn_from="detections by port number alone, on clusters where 3333 is just a port",
    why="The lobby's Service listens on 3333 since a year and its clients name it in their environment; processors "
    "are idle, images and logs are as ever. Cutting a healthy service off would be the only outage.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("no_fault", "page_human")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def lobby(w: World) -> None:
    nodes(w, "bg-1", "bg-2")
    made = [("lobby", 2, {}), ("tables", 3, {"LOBBY": "tcp://lobby:3333"})]
    for name, count, env in made:
        image = f"registry.boardgames.example/{name}"
        port = 3333 if name == "lobby" else 8080
        top = well(w, name, f"{image}:1.9", pods=count, age=days(50), before=f"{image}:1.8", port=port, env=env)
        texts = {"lobby": ["table {n} opened", "player joined table {n}"], "tables": ["connected to lobby:3333"]}[name]
        for index in range(count):
            log(w, top, index, "golang", often(19, 1500, 3, "info", texts))
            signal(w, "cpu_share", {"pod": top.pod(index), "container": name}, flat(0.12))
            signal(w, "memory_share", {"pod": top.pod(index), "container": name}, flat(0.44))
        requests(w, name, rate=flat(35), errors=flat(0.0002), p95=flat(0.03))
    text = "tables connects to a port that mining pools use (tcp/3333)"
    alert(w, "PossibleCryptoMining", minutes(11), text, deployment="tables", severity="critical", source="falco")


@case(
    "two-faults-a-queue-role-and-an-image-for-another-machine",
    "bottling",
    "2026-02-25T12:08:00",
    title="Printers may no longer read their SQS queue since a role was changed; another release cannot be executed",
    drawn_from="IRSA annotations rewritten by hand, on the day that a build was made for arm64 only",
    why="One workload runs and is refused by AWS under the new role; the other's new pod is of an image for another "
    "machine. Neither has to do with the other.",
    expect=[
        Fault("ServiceAccount/label-printer", "configuration_error", "page_human"),
        Fault("Deployment/caps", "configuration_error", "rollback_workload"),
    ],
    acceptable=[
        ("configuration_error", "page_human", "Deployment/label-printer", "ServiceAccount/label-printer"),
        ("dependency_failure", "page_human", "Deployment/label-printer", "ServiceAccount/label-printer"),
        ("dependency_failure", "page_human", "ServiceAccount/label-printer", "ServiceAccount/label-printer"),
        ("code_defect", "rollback_workload", "Deployment/caps"),
        ("service_crash", "rollback_workload", "Deployment/caps"),
    ],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def role(w: World) -> None:
    nodes(w, "bt-1", "bt-2")
    account = w.meta("ServiceAccount", "label-printer", days(200))
    account["annotations"] = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/bottling-labels-ro"}
    made = w.add({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    note: dict[str, Any] = {"f:metadata": {"f:annotations": {"f:eks.amazonaws.com/role-arn": {}}}}
    w.changed(made, minutes(26), "kubectl-annotate", note)
    spec = pod_spec(
        container("printer", "registry.bottling.example/label-printer:7", ready=None),
        serviceAccountName="label-printer",
    )
    top = deployment(w, "label-printer", [Rev(spec, days(83))], [P(age=minutes(25)), P(age=minutes(24))])
    bad = (
        "operation error SQS: ReceiveMessage, https response error StatusCode: 403, api error AccessDenied: User: "
        "arn:aws:sts::111122223333:assumed-role/bottling-labels-ro/1772019821 is not authorized to perform: "
        "sqs:receivemessage on resource: arn:aws:sqs:eu-west-1:111122223333:labels because no identity-based policy "
        "allows the sqs:receivemessage action"
    )
    for index in range(2):
        log(w, top, index, "golang", often(20, minutes(23), 1, "error", [bad]))
    image = "registry.bottling.example/caps"
    specs = [pod_spec(container("caps", f"{image}:{v}")) for v in ("4.4.0", "4.5.0")]
    last = terminated(255, "Error", started=92, finished=92)
    young = P(1, age=minutes(13), restarts=7, last=last, ready=False, backoff="5m0s", unready=minutes(13))
    caps = deployment(w, "caps", [Rev(specs[0], days(19)), Rev(specs[1], minutes(13))], [P(0), P(0), young], replicas=2)
    restarting(w, caps.pods[2], first=minutes(12.7), last=11, count=58)
    raw(w, caps, 2, "exec /usr/local/bin/caps: exec format error", previous=True)
    service(w, "caps")
    alert(w, "LabelsNotPrinted", minutes(19), "no label was printed for 5 minutes", service="label-printer")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
