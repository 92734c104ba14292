"""More is asked since an autoscaler is blind by a release of who measures for it: that is taken back."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.measuring import (
    FLAGS,
    HOURS,
    OFFICIAL,
    SOURCE,
    blind,
    ill_before,
    peak,
    registered,
    source,
    well,
)
from tests.diagnosis.rules.pods import looping, waiting
from tests.diagnosis.rules.scenes import SHOP, busy, logs, shop
from tests.diagnosis.rules.tiny import DAY, snapshot

UNTRUSTED = (
    '"Failed to scrape node" err="Get https://10.9.0.32:10250/metrics/resource: tls: failed to verify certificate: '
    "x509: cannot validate certificate for 10.9.0.32 because it doesn't contain any IP SANs\""
)
LAX, STRICT = [*FLAGS, "--kubelet-insecure-tls"], FLAGS
ADAPTER, KEDA = "Deployment/figures", "Deployment/keda-api"
NO_IMAGE = waiting("ImagePullBackOff", "Back-off pulling image")
GIVE = (SHOP, "capacity", "scale_workload")

HOLDS = [
    Holds(
        "who measures was never ready since its release, and the API has nobody behind it",
        peak(registered()),
        (SOURCE, "code_defect", "rollback_workload"),
        excludes=(
            *no("restart_workload", "rollback_workload", at=SHOP),
            *no("restart_workload", "scale_workload", at=SOURCE),
        ),
        spares=no("scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "nobody read who serves the API: its image tells",
        peak(),
        (SOURCE, "code_defect", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "another release of the shop came since, before there was more to do",
        peak(of={"before": {"image": "registry.example/shop:0"}, "released": 6000}),
        (SOURCE, "code_defect", "rollback_workload"),
    ),
    Holds(
        "what it was told to trust was left out, and it refuses the nodes",
        peak(
            registered(),
            by=source(args=STRICT, before={"image": f"{OFFICIAL}:v1", "args": LAX}),
            logs=logs("metrics-server", UNTRUSTED, 0, since=600),
        ),
        (SOURCE, "configuration_error", "rollback_workload"),
        believed="certificate_expired",
        harmful=("page_human", "restart_workload"),
        alone=True,
    ),
    Holds(
        "an adapter of one's own, known by its registration, ends at start",
        peak(
            registered("custom.metrics.k8s.io", "figures"),
            by=source("figures", "registry.example/figures:2", status=looping(lived=1)),
            scaler=blind("FailedGetPodsMetric"),
        ),
        (ADAPTER, "code_defect", "rollback_workload"),
        harmful=("scale_workload", "page_human"),
    ),
    Holds(
        "what counts queues for it cannot be pulled",
        peak(
            by=source("keda-api", "ghcr.io/kedacore/keda-metrics-apiserver:9", status=NO_IMAGE),
            scaler=blind("FailedGetExternalMetric"),
        ),
        (KEDA, "code_defect", "rollback_workload"),
        believed="image_cannot_be_pulled",
        harmful=("scale_workload",),
    ),
    *(
        Holds(f"the load is what is told, and more replicas help: {what}", world, GIVE)
        for what, world in (
            ("who measures was released long before", peak(by=source(released=HOURS + 3600))),
            ("who measures was released only after", peak(by=source(released=HOURS - 900))),
            ("who measures was not released", peak(by=source(before={}))),
            ("who measures was ready once", peak(by=source(unready=HOURS - 600))),
            ("who measures is ready", peak(by=well(source()))),
            ("who measures was ill before its release", peak(by=ill_before(source()))),
            (
                "it is days ago that it went blind",
                peak(by=source(released=3 * DAY), scaler=blind(since=3 * DAY - 60)),
            ),
            ("it is felt since before it was blind", peak(by=source(released=400), scaler=blind(since=380))),
            ("two may measure", peak(source("other", f"{OFFICIAL}:v1"))),
            ("it asks another API", peak(scaler=blind("FailedGetExternalMetric"))),
            ("the registration names another", peak(registered(service="shop"))),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody tells how much is asked", snapshot(shop(), source(), blind(), figures=busy()), GIVE),
    DoesNotHold(
        "nobody suffers by it",
        snapshot(shop(), source(), blind()),
        (SOURCE, "code_defect", "rollback_workload"),
    ),
]
