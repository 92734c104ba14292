"""A release that asks a host outside so often that others are refused by its limit as well is taken back."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.refusing import HOST, SELDOM, URL, WATCHES, polling
from tests.diagnosis.rules.scenes import IMAGE, SHOP, rate

WATCH = "Deployment/watch"
ANSWER = (WATCH, "configuration_error", "rollback_workload")
OUTSIDE = (SHOP, "dependency_failure", "page_human")

HOLDS = [
    *(
        Holds(
            f"a program asks far more often since its release: {what}",
            world,
            ANSWER,
            excludes=[
                *no("restart_workload", "scale_workload", at=WATCH),
                *no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
            ],
            alone=True,
        )
        for what, world in (
            ("its interval is a fifteenth", polling()),
            ("in another unit", polling({**URL, "POLL_EVERY": "500ms"}, {**URL, "POLL_EVERY": "30s"})),
            (
                "what it does at once names the host",
                polling({**URL, "EXAMPLE_WORKERS": "32"}, {**URL, "EXAMPLE_WORKERS": "4"}),
            ),
            ("it polls by more", polling({**URL, "POLL_WORKERS": "32"}, {**URL, "POLL_WORKERS": "4"})),
            ("the other one was released long before", polling(shop={"before": IMAGE, "released": 3600})),
        )
    ),
    Holds(
        "more of something at once, and nothing tells that it is what asks the host",
        polling({**URL, "CONCURRENCY": "32"}, {**URL, "CONCURRENCY": "4"}),
        (WATCH, "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"others are refused by a limit outside: {what}", world, OUTSIDE)
        for what, world in (
            ("who was released is not refused itself", polling(says="INFO cycle done")),
            ("its release changed nothing of how often it asks", polling({**SELDOM, "LOG_LEVEL": "info"})),
            ("it asks less often since", polling({**URL, "WATCH_INTERVAL_SECONDS": "3000"})),
            ("it asks a little more often", polling({**URL, "WATCH_INTERVAL_SECONDS": "200"})),
            ("what it set is a limit of time", polling({**URL, "READ_TIMEOUT_S": "1"}, {**URL, "READ_TIMEOUT_S": "9"})),
            *(
                (f"it pauses for longer: {name}", polling({**URL, name: "5"}, {**URL, name: "1"}))
                for name in ("RETRY_DELAY", "RETRY_INTERVAL", "RETRY_BACKOFF", "WORKER_SLEEP")
            ),
            (
                "who knows what 60000 without a unit is",
                polling({**URL, "POLL_INTERVAL": "60s"}, {**URL, "POLL_INTERVAL": "60000"}),
            ),
            *(
                (f"what it set is about itself: {name}", polling({**URL, name: now}, {**URL, name: was}))
                for name, was, now in (
                    ("GUNICORN_WORKERS", "2", "8"),
                    ("SESSION_TTL", "3600", "600"),
                    ("DB_WORKERS", "2", "8"),
                    ("CACHE_MAX_AGE", "3600", "600"),
                )
            ),
            (
                "it is another host that refuses it, whose name ends alike",
                polling(says=WATCHES.replace(HOST, f"my{HOST}")),
            ),
            ("it was released hours before", polling(released=3 * 3600)),
            ("its release came after", polling(released=300)),
            ("more is asked of the other one", polling(figures=(rate("shop", 50, 200),))),
            ("the host fails, and refuses nobody", polling(refused=f"ERROR 503 from https://{HOST}/v2/offers")),
        )
    ),
    DoesNotHold(
        "the other one was released in the same minutes: it may be either",
        polling(shop={"before": IMAGE, "released": 760}),
        (SHOP, "code_defect", "rollback_workload"),
        harmful=("restart_workload", "scale_workload"),
    ),
    DoesNotHold("no user feels it", polling(ratio=0.001), harmful=("restart_workload", "scale_workload")),
]
