"""Releases and changes that look like another fault, or are innocent."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, well
from tests.diagnosis.casemaker.signals import flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "wrong-host-in-release-looks-like-dns",
    "florist",
    "2026-05-08T09:50:00",
    title="A roll-out misspelt a host name; only its new pods cannot resolve it",
    drawn_from="no such host after a values file was copied: one name is wrong, DNS is well",
    why="One workload, one name, since its roll-out; the old pods and all neighbours resolve; the older "
    "template has the right name.",
    expect=[Fault("Deployment/bouquets", "configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def misspelt(w: World) -> None:
    nodes(w, "fl-1", "fl-2")
    image = "registry.florist.example/bouquets:3.14.2"
    specs = [
        pod_spec(container("api", image, env={"DB_HOST": host, "DB_NAME": "shop"}))
        for host in ("postgres", "postgres-primary")
    ]
    died = terminated(1, "Error", started=130, finished=124)
    top = deployment(
        w,
        "bouquets",
        [Rev(specs[0], days(16)), Rev(specs[1], minutes(15))],
        [P(0), P(0), P(1, age=minutes(15), restarts=7, backoff="5m0s", last=died, unready=minutes(15))],
        replicas=2,
    )
    restarting(w, top.pods[2], first=minutes(14), last=8, count=66)
    service(w, "bouquets")
    postgres(w)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    log(
        w,
        top,
        2,
        "golang",
        [
            L(129, "", "bouquets 3.14.2 starting"),
            L(124, "", "connect: dial tcp: lookup postgres-primary on 10.96.0.10:53: no such host"),
        ],
        previous=True,
    )
    log(w, top, 0, "golang", often(15, 900, 2, "", ["order {n} stored"]))
    well(w, "ribbons", "registry.florist.example/ribbons:1.1", talk=True)


@case(
    "migration-of-a-release-fails",
    "estate",
    "2026-08-03T07:04:00",
    title="The migration in the init container of a release fails; its pods never get to their main container",
    drawn_from="Init:CrashLoopBackOff after a deploy: column already exists, relation is missing",
    why="The new image's own migration ends with an error; the old pods still serve; the older template has no "
    "such step to fail.",
    expect=[Fault("Deployment/listings", "code_defect", "rollback_workload")],
    acceptable=[("service_crash", "rollback_workload"), ("configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database"],
)
def migration(w: World) -> None:
    nodes(w, "es-1", "es-2")
    specs = [
        pod_spec(
            container("listings", f"registry.estate.example/listings:{v}"),
            init=[
                container(
                    "migrate",
                    f"registry.estate.example/listings:{v}",
                    port=0,
                    ready=None,
                    command=("bin/rails", "db:migrate"),
                )
            ],
        )
        for v in ("4.0.1", "4.1.0")
    ]
    waits = ("waiting", {"reason": "PodInitializing"})
    top = deployment(
        w,
        "listings",
        [Rev(specs[0], days(28)), Rev(specs[1], minutes(21))],
        [P(0), P(0), P(0), P(1, age=minutes(21), state=waits, unready=minutes(21))],
        replicas=3,
    )
    broken = top.pods[3]
    name = broken["metadata"]["name"]
    broken["status"]["phase"] = "Pending"
    broken["status"]["conditions"][1] |= {
        "status": "False",
        "reason": "ContainersNotInitialized",
        "message": "containers with incomplete status: [migrate]",
    }
    broken["status"]["initContainerStatuses"] = [
        {
            "name": "migrate",
            "image": "registry.estate.example/listings:4.1.0",
            "imageID": broken["status"]["containerStatuses"][0]["image"],
            "ready": False,
            "started": False,
            "restartCount": 8,
            "state": {
                "waiting": {
                    "reason": "CrashLoopBackOff",
                    "message": f"back-off 5m0s restarting failed container=migrate pod={name}",
                }
            },
            "lastState": {
                "terminated": {"exitCode": 1, "reason": "Error", "startedAt": w.at(190), "finishedAt": w.at(182)}
            },
        }
    ]
    event(
        w,
        broken,
        "BackOff",
        f"Back-off restarting failed container migrate in pod {name}_{w.namespace}",
        first=minutes(20),
        last=10,
        count=94,
    )
    w.logs[f"{name}/migrate.previous.log"] = [
        "== 20260801101500 AddEnergyClassToListings: migrating ======================",
        "-- add_column(:listings, :energy_class, :string)",
        "rails aborted!",
        "StandardError: An error has occurred, this and all later migrations canceled:",
        'PG::DuplicateColumn: ERROR:  column "energy_class" of relation "listings" already exists',
    ]
    service(w, "listings")
    postgres(w)
    well(w, "photos", "registry.estate.example/photos:2.3")


@case(
    "release-after-the-outage-began",
    "transfer",
    "2026-09-11T10:45:00",
    title="Errors began when an outside service failed; the release came later, as an attempt to help",
    drawn_from="incident timelines in which a hotfix went out in the middle and was blamed for it",
    why="The first error is half an hour older than the release and names a host outside; rolling back undoes "
    "an innocent change.",
    expect=[Fault("Deployment/rates-sync", "dependency_failure", "page_human")],
    acceptable=[("dependency_failure", "page_human", "*"), ("network_fault", "page_human")],
    tolerated=["switch_traffic"],
    forbidden=["rollback_workload", "restart_workload", "scale_workload", "no_action", "scale_database"],
)
def later_release(w: World) -> None:
    nodes(w, "tr-1", "tr-2")
    image = "registry.transfer.example/rates-sync"
    specs = [
        pod_spec(container("sync", f"{image}:{v}", env={"FEED": "https://feed.fx-provider.example", "TIMEOUT": t}))
        for v, t in (("5.1.0", "3s"), ("5.1.1", "10s"))
    ]
    top = deployment(w, "rates-sync", [Rev(specs[0], days(40)), Rev(specs[1], minutes(13))], 2)
    service(w, "rates-sync")
    web = well(w, "web", "registry.transfer.example/web:88", pods=3, age=days(9))
    for index in range(2):
        log(
            w,
            top,
            index,
            "zap",
            often(
                8,
                760,
                1,
                "error",
                [
                    'fetch rates: Get "https://feed.fx-provider.example/latest": net/http: request canceled '
                    "(Client.Timeout exceeded while awaiting headers)",
                    "feed.fx-provider.example answered 503 Service Unavailable",
                ],
                "feed/client.go:40",
            ),
        )
    log(w, web, 0, "pino", often(9, 2500, 1, "error", ["rates are older than 15 min, quote refused"]))
    signal(
        w,
        "dependency_error_ratio",
        {"component": "rates-sync", "dependency": "feed.fx-provider.example"},
        step(0.001, 0.97, minutes(44)),
    )
    requests(w, "rates-sync", rate=flat(15), errors=step(0.001, 0.95, minutes(43)), p95=step(0.2, 3.0, minutes(43)))
    requests(w, "web", rate=flat(50), errors=step(0.001, 0.3, minutes(42)))
    alert(w, "QuoteErrors", minutes(38), "30% of quotes are refused", service="web")


@case(
    "restart-did-not-help",
    "quiz",
    "2026-10-27T20:31:00",
    title="Somebody restarted a saturated service ten minutes ago; it is as saturated as before",
    drawn_from="first reflexes in an incident: rollout restart, and the same picture afterwards",
    why="The last roll-out changed nothing but the restart mark, so there is nothing to roll back, and another "
    "restart does the same; traffic doubled.",
    expect=[Fault("Deployment/rounds", "capacity", "scale_workload")],
    acceptable=[("resource_exhaustion", "scale_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database"],
)
def restarted(w: World) -> None:
    nodes(w, "qz-1", "qz-2", cpu="16")
    spec = pod_spec(container("rounds", "registry.quiz.example/rounds:60", cpu=("300m", "600m")))
    mark = {"kubectl.kubernetes.io/restartedAt": w.at(minutes(10))}
    top = deployment(w, "rounds", [Rev(spec, days(22)), Rev(spec, minutes(10), annotations=mark)], 3)
    service(w, "rounds")
    ingress(w, "quiz", "quiz.example", [("/", "rounds", 80)])
    well(w, "scores", "registry.quiz.example/scores:12")
    for index in range(3):
        labels = {"pod": top.pod(index), "container": "rounds"}
        signal(w, "cpu_share", labels, flat(0.99), since=590)
        signal(w, "throttled_share", labels, flat(0.6), since=590)
        gone = {"pod": f"{top.sets[0]['metadata']['name']}-old{index}x", "container": "rounds"}
        signal(w, "cpu_share", gone, step(0.45, 0.99, minutes(28)), until=600)
        signal(w, "throttled_share", gone, step(0.01, 0.6, minutes(28)), until=600)
    requests(
        w,
        "rounds",
        rate=step(70, 150, minutes(29), over=240),
        errors=step(0.001, 0.02, minutes(27)),
        p95=step(0.15, 3.4, minutes(27)),
    )
    for name in ("qz-1", "qz-2"):
        signal(w, "node_cpu_share", {"node": name}, flat(0.24))
