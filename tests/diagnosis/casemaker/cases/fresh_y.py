"""Releases and settings: a path with a slash, a map that old pods never read, a secret of the test mode."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import config_map, hpa, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, redis, taken, well
from tests.diagnosis.casemaker.signals import flat, requests, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "slash-at-the-end-is-no-longer-matched",
    "fulfilment",
    "2026-10-06T09:12:00",
    title="No shipment of the ERP is created: since its release the shipping service answers 404 to a trailing slash",
    drawn_from="Spring Framework 6 matches no trailing slash by default; NoResourceFoundException after the upgrade",
    why="The bridge of the ERP, unchanged for two months, is answered 404 since the minute in which the major release "
    "was rolled out, and the service logs that it has nothing at that path with a slash. The shop's calls without the "
    "slash go on, so the rate of 5xx shows nothing; the shop's own release is younger than the first 404.",
    expect=[Fault("Deployment/shipping-api", "code_defect", "rollback_workload")],
    acceptable=[("configuration_error", "rollback_workload"), ("dependency_failure", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "restart_connection_pool",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/store-portal"},
        {"remedy": "rollback_workload", "target": "Deployment/erp-bridge"},
    ],
)
def trailing_slash(w: World) -> None:
    nodes(w, "ful-1", "ful-2", "ful-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(260))
    base = postgres(w, "shipping-db", image="postgres:16.6")
    image, age = "registry.fulfilment.example", minutes(47)
    env = {"SPRING_DATASOURCE_URL": "jdbc:postgresql://shipping-db:5432/shipping", "SPRING_PROFILES_ACTIVE": "prod"}
    specs = [
        pod_spec(container("shipping-api", f"{image}/shipping-api:{tag}", env=env, memory=("768Mi", "1Gi"),
                           cpu=("250m", "1"), ready="/actuator/health/readiness"))
        for tag in ("3.14.2", "4.0.0")
    ]  # fmt: skip
    api = deployment(w, "shipping-api", [Rev(specs[0], days(33)), Rev(specs[1], age, cause="4.0.0: Boot 3.5")], 3)
    service(w, "shipping-api")
    env = {"SHIPPING_URL": "http://shipping-api/api/v1/shipments/", "BATCH_SECONDS": "15"}
    erp = well(w, "erp-bridge", f"{image}/erp-bridge:2.7.0", pods=1, age=days(61), env=env)
    shop = well(w, "store-portal", f"{image}/store-portal:518", pods=2, age=minutes(31), port=3000,
                before=f"{image}/store-portal:517", env={"SHIPPING_URL": "http://shipping-api/api/v1"})  # fmt: skip
    well(w, "carrier-sync", f"{image}/carrier-sync:1.9.3", age=days(18), talk=True)
    ingress(w, "store", "store.fulfilment.example", [("/", "store-portal", 80)])
    for index in range(3):
        begun = age - 9 * index - 7
        none = (
            "Resolved [org.springframework.web.servlet.resource.NoResourceFoundException: "
            "No static resource api/v1/shipments/.]"
        )
        lines = [
            L(begun, "info", "Starting ShippingApplication v4.0.0 using Java 21.0.8 with PID 1", "c.f.s.ShippingApp"),
            L(begun - 12, "info", "Started ShippingApplication in 11.407 seconds (process running for 12.2)",
              "c.f.s.ShippingApp"),
            *often(52, begun - 26, 2, "warn", [none], ".w.s.m.s.DefaultHandlerExceptionResolver"),
            *often(75, begun - 40, 2, "info", ["POST /api/v1/shipments 201 38ms", "GET /api/v1/shipments/{n} 200 6ms"],
                   "c.f.shipping.web.AccessLog"),
        ]  # fmt: skip
        log(w, api, index, "logback", lines)
    good = 'POST http://shipping-api/api/v1/shipments/ "201 Created", order {n} sent'
    bad = 'POST http://shipping-api/api/v1/shipments/ "404 Not Found", order {n} stays in the outbox'
    lines = often(43, hours(1.3), age - 31, "info", [good], "bridge.outbox")
    lines += often(45, age - 45, 3, "error", [bad], "bridge.outbox")
    log(w, erp, 0, "python", [*lines, L(200, "warning", "outbox holds 1318 orders, oldest 45 min", "bridge.outbox")])
    for index in range(2):
        lines = [L(minutes(30.4), "info", "store-portal build 518 ready on :3000")]
        lines += often(
            34, minutes(30) - 9 * index, 2, "info", ["POST /api/v1/shipments 201", "GET /orders 200", "GET / 200"]
        )
        log(w, shop, index, "pino", lines)
    log(w, base, 0, "postgres", often(300, 3500, 20, "log", ["checkpoint starting: time"]))
    requests(w, "shipping-api", rate=flat(9.4), errors=flat(0.0005), p95=flat(0.06))
    requests(w, "store-portal", rate=flat(33), errors=flat(0.0007), p95=flat(0.21))
    calls(w, "erp-bridge", "shipping-api", step(0.05, 0.006, age - 30), step(0.0006, 0.995, age - 30, over=45))
    calls(w, "store-portal", "shipping-api", 0.06)
    for of in (api, erp, shop):
        measured(w, of, 0.19)
    measured(w, base, 0.14, 0.5)
    machines(w)
    alert(w, "ErpOutboxGrowing", minutes(26), "orders wait in the ERP outbox for more than 15 minutes",
          service="erp-bridge")  # fmt: skip


@case(
    "carrier-moved-and-old-pods-keep-the-old-address",
    "parcel-return",
    "2026-07-08T10:37:00",
    title="Return labels fail as a carrier ended its old host; the map was edited in time, three pods never read it",
    drawn_from="environment from a ConfigMap is read at the start of a container only; an edit changes no running pod",
    why="The map has had the carrier's new address for two days, but three of four pods are nine days old and dial the "
    "old host, which answers 410 since the announced hour. The pod that the autoscaler added this morning reads the "
    "new address and books every label. The others need no more than a new start; the image is not to blame.",
    expect=[Fault("Deployment/label-desk", "configuration_error", "restart_workload")],
    acceptable=[("dependency_failure", "restart_workload"), ("service_crash", "restart_workload")],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
        {"remedy": "restart_workload", "target": "Deployment/return-portal"},
    ],
)
def unread_map(w: World) -> None:
    nodes(w, "pr-1", "pr-2", "pr-3")
    new, old, gone = "https://ship.kurier.example/v3", "https://api.kurier-direkt.example/v2", minutes(37)
    config_map(w, "carrier-settings", {"CARRIER_URL": new, "CARRIER_TIMEOUT": "8", "LABEL_FORMAT": "PDF_A6"},
               age=days(300), changed=hours(49))  # fmt: skip
    secret(w, "carrier-key", ["CARRIER_API_KEY"], age=days(120))
    cache = redis(w, "celery-broker")
    image = "registry.parcel-return.example"
    specs = [
        pod_spec(container("label-desk", f"{image}/label-desk:{tag}", port=8000, memory=("256Mi", "512Mi"),
                           env={"DJANGO_SETTINGS_MODULE": "labeldesk.settings", "BROKER_URL": "redis://celery-broker/0"},
                           env_from=("configmap/carrier-settings", "secret/carrier-key")))
        for tag in ("5.2.0", "5.3.1")
    ]  # fmt: skip
    pods = [P(age=days(9) - 20 * number) for number in range(3)] + [P(age=hours(2.4))]
    desk = deployment(w, "label-desk", [Rev(specs[0], days(30)), Rev(specs[1], days(9.01))], pods, scaled=hours(2.4))
    service(w, "label-desk", target=8000)
    hpa(w, desk, low=3, high=8, now=4, used=57, scaled=hours(2.4))
    web = well(w, "return-portal", f"{image}/return-portal:77", pods=2, age=hours(20), before=f"{image}/return-portal"
               ":76", port=3000, env={"LABELS_URL": "http://label-desk"})  # fmt: skip
    well(w, "refunds", f"{image}/refunds:3.0.4", age=days(44), talk=True)
    ingress(w, "returns", "returns.parcel.example", [("/", "return-portal", 80)])
    for index in range(4):
        where = new if index == 3 else old
        good = [f"carrier POST {where}/labels 201 in 0.61 s, return {{n}}", "POST /returns/{n}/label 201"]
        if index == 3:
            begin = [L(hours(2.4) - 6, "info", f"carrier client for {new}, timeout 8 s", "labels.apps")]
            log(w, desk, index, "python", [*begin, *often(36, 3300, 2, "info", good, "labels.carrier")])
            continue
        cause = f"requests.exceptions.HTTPError: 410 Client Error: Gone for url: {old}/labels"
        bad = f"label for return {{n}} failed: {cause}"
        lines = often(50, hours(1.1), gone + 2, "info", good, "labels.carrier")
        lines += often(41, gone - 6 * index, 2, "error", [bad], "labels.carrier")
        lines += often(90, gone - 20, 5, "info", ["GET /returns/{n} 200"], "django.request")
        log(w, desk, index, "python", lines)
    fine = desk.pods[3]["status"]["podIP"]
    rest = [f"label of return {{n}} from {pod['status']['podIP']}: 502" for pod in desk.pods[:3]]
    for index in range(2):
        told = [*rest, f"label of return {{n}} from {fine}: 201", "GET /track 200"]
        log(w, web, index, "pino", often(14, 900 - 5 * index, 2, "info", told))
    log(w, cache, 0, "redis", often(400, 3400, 20, "info", ["100 changes in 300 seconds. Saving..."]))
    alert(w, "ReturnLabelFailures", minutes(31), "72% of return labels of the last 10 minutes could not be made",
          service="return-portal")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


def synced(w: World, name: str, key: str, source: str, refreshed: float) -> dict[str, Any]:
    """Return the ExternalSecret that writes a Secret of its name from a key of the store."""
    ready = {"type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced"}
    ready["lastTransitionTime"] = w.at(days(210) - 5)
    return w.add(
        {
            "apiVersion": "external-secrets.io/v1",
            "kind": "ExternalSecret",
            "metadata": w.meta("ExternalSecret", name, days(210), generation=2),
            "spec": {
                "refreshInterval": "1h",
                "secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"},
                "target": {"name": name, "creationPolicy": "Owner"},
                "data": [{"secretKey": key, "remoteRef": {"key": source, "property": key.lower()}}],
            },
            "status": {"conditions": [ready], "refreshTime": w.at(refreshed)},
        }
    )


@case(
    "webhooks-are-checked-with-the-secret-of-the-test-mode",
    "ticket-till",
    "2026-02-25T15:48:00",
    title="Paid tickets are not issued: every live webhook fails its signature since a Secret was synchronised anew",
    drawn_from="StripeSignatureVerificationError after a signing secret of another endpoint came by External Secrets",
    why="An edited ExternalSecret reads the signing secret of the test mode, and Reloader rolled the receiver for it; "
    "image and code are three weeks old. Since then no live event verifies, while charges go through. The older "
    "template names the same Secret, so neither a roll-back nor a restart helps: a person has to correct the source.",
    expect=[Fault("Secret/stripe-webhook", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Deployment/payment-hooks"),
        ("configuration_error", "page_human", "ExternalSecret/stripe-webhook"),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "restart_connection_pool",
    ],
)
def webhook_secret(w: World) -> None:
    nodes(w, "tt-1", "tt-2", "tt-3")
    age, written = minutes(33), minutes(33.2)
    secret(w, "stripe-api", ["STRIPE_SECRET_KEY"], age=days(210), changed=days(58))
    secret(w, "stripe-webhook", ["STRIPE_WEBHOOK_SECRET"], age=days(210), changed=written)
    synced(w, "stripe-api", "STRIPE_SECRET_KEY", "prod/ticket-till/stripe-live", days(58))
    made = synced(w, "stripe-webhook", "STRIPE_WEBHOOK_SECRET", "prod/ticket-till/stripe-test", written)
    w.changed(made, written + 2, "kubectl-client-side-apply", {"f:spec": {"f:data": {}}})
    event(w, made, "Updated", "updated Secret", kind="Normal", last=written, writer="external-secrets")
    image, specs = "ghcr.io/ticket-till", []
    for mark in ("", "b8c13f0e55d27a904be1c6d2f7a81034ce95ab10"):
        env = {"NODE_ENV": "production", "ORDERS_URL": "http://orders"}
        env |= {"STAKATER_STRIPE_WEBHOOK_SECRET": mark} if mark else {}
        specs.append(pod_spec(container("payment-hooks", f"{image}/payment-hooks:4.8.1", port=3000, env=env,
                                        env_from=("secret/stripe-api", "secret/stripe-webhook"))))  # fmt: skip
    hooks = deployment(w, "payment-hooks", [Rev(specs[0], days(21)), Rev(specs[1], age)], 2,
                       annotations={"reloader.stakater.com/auto": "true"})  # fmt: skip
    service(w, "payment-hooks", target=3000)
    text = (
        "Changes detected in 'stripe-webhook' of type 'SECRET' in namespace 'ticket-till', "
        "Updated 'payment-hooks' of type 'Deployment' in namespace 'ticket-till'"
    )
    event(w, hooks.obj, "Reloaded", text, kind="Normal", last=age, writer="reloader")
    pay = well(w, "checkout", f"{image}/checkout:2026.8", pods=3, age=minutes(52), before=f"{image}/checkout:2026.7",
               env={"STRIPE_API_VERSION": "2025-06-30"})  # fmt: skip
    orders = well(w, "orders", f"{image}/orders:11.2.0", age=days(13))
    paths = [("/hooks", "payment-hooks", 80), ("/", "checkout", 80)]
    ingress(w, "till", "till.tickets.example", paths, tls="till-tls")
    secret(w, "till-tls", ["tls.crt", "tls.key"], kind="kubernetes.io/tls", age=days(30))
    for index in range(2):
        begun = age - 9 * index - 8
        lines = [L(begun, "info", "payment-hooks 4.8.1 listening on :3000")]
        for turn, when in enumerate(range(int(begun) - 11, 3, -39)):
            error = (
                "StripeSignatureVerificationError: No signatures found matching the expected signature for payload. "
                "Are you passing the raw request body you received from Stripe?"
            )
            about = {"event": ("checkout.session.completed", "payment_intent.succeeded")[turn % 2], "livemode": True}
            lines.append(L(when, "error", f"POST /hooks/stripe 400 {error}", fields=about))
        log(w, hooks, index, "pino", lines)
    for index in range(3):
        lines = [L(minutes(51), "info", "checkout 2026.8 started")]
        told = ["payment intent {n} created, livemode=true", "GET /events 200", "session {n} paid, back from Stripe"]
        lines += often(31, minutes(50) - 7 * index, 2, "info", told)
        log(w, pay, index, "logfmt", lines)
    for index in range(2):
        early = often(70, hours(1.2) - 33 * index, written + 20, "info", ["order {n} paid by webhook, tickets issued"])
        late = often(
            80, age - 300 - 37 * index, 4, "warn", ["order {n} unpaid for 5 min, session is complete at the provider"]
        )
        log(w, orders, index, "zap", early + late)
    alert(w, "TicketsNotIssued", minutes(24), "no ticket has been issued for 8 minutes while payments go on")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
