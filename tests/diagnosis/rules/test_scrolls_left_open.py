"""Who is refused a scroll is not who holds them; only whose release keeps its own far longer is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, OLD, SHOP, errors
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

FEED, SEARCH = "Deployment/feed", "StatefulSet/search"
URL = {"ES_URL": "http://search:9200"}
FULL = (
    "ERROR [429] search_phase_execution_exception: Trying to create too many scroll contexts. Must be less than or "
    "equal to: [500]. This limit can be set by changing the [search.max_open_scroll_context] setting."
)
POINTS = FULL.replace("scroll contexts", "Point In Time contexts")
REJECTED = "ERROR [429] es_rejected_execution_exception: rejected execution on EsThreadPoolExecutor[name = search]"
LONG, SHORT = {"SCROLL_KEEPALIVE": "1h"}, {"SCROLL_KEEPALIVE": "1m"}
HUMAN = (FEED, "code_defect", "page_human")


def refused(*names: str, line: str = FULL, since: float = 600, times: int = 9) -> list[Log]:
    return [log(pod(name), *[line] * times, since=since) for name in names]


def search(name: str = "search") -> list[Obj]:
    return workload(name, "elasticsearch:8.15", kind="StatefulSet", pods=3, port=9200)


def client(
    name: str, now: Mapping[str, str] | None = None, was: Mapping[str, str] | None = None, **more: Any
) -> list[Obj]:
    """Return a client of the search; ``was``: what it had before a release that brought new code as well."""
    before = {**OLD, "env": {**URL, **was}} if was is not None else None
    return workload(name, env={**URL, **(now or {})}, before=before, **more)


def world(
    *others: list[Obj],
    feed: list[Obj] | None = None,
    told: list[Log] | None = None,
) -> Snapshot:
    """Return a search, a feed that keeps its scrolls for an hour since 40 minutes, and others that are refused."""
    feed = client("feed", LONG, SHORT, released=2400) if feed is None else feed
    told = refused("shop", "cart", "feed") if told is None else told
    return snapshot(search(), feed, *others, logs=told, figures=[errors("shop", 0.5, 600)])


def run(began: float, took: float | None = None, *, kept: Mapping[str, str] | None = None, number: int = 1) -> Obj:
    """Return a run of a CronJob that asks the search as well; ``took`` None: it goes on."""
    template = {"spec": {"containers": [container("sweep", "sweep:1", env={**URL, **(kept or {})})]}}
    status = {"startTime": at(began), **({} if took is None else {"completionTime": at(began - took)})}
    made = thing("Job", f"sweep-{number}", age=began, spec={"template": template}, status=status)
    made["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "sweep", "controller": True}]
    return made


def sweep(*runs: Obj) -> list[Obj]:
    """Return a CronJob and its runs."""
    return [thing("CronJob", "sweep", spec={"jobTemplate": {"spec": runs[0]["spec"]}}), *runs]


def page(name: str, now: Mapping[str, str], was: Mapping[str, str], **more: Any) -> list[Obj]:
    """Return a page that asks the shop, and no search, with a release of its settings alone."""
    return workload(name, env={"SHOP_URL": "http://shop:8080", **now}, before={"env": was}, released=1200, **more)


LONGEST = "9" * 5000
BRIEF = client("shop", {"SCROLL_TTL": "2m"}, {"SCROLL_TTL": "2m"}, released=1200)
STRANGE = client("shop", {}, {}, released=1200)
OTHER = client("cart", {"SCROLL": "5m"})
BACK = (FEED, "code_defect", "rollback_workload")

HOLDS = [
    *(
        Holds(
            what,
            made,
            BACK,
            excludes=(
                *no("rollback_workload", "restart_workload", at=SHOP),
                *no("restart_workload", at=FEED),
                *no("restart_workload", at=SEARCH),
            ),
            harmful=("restart_workload", "scale_workload"),
            alone=True,
        )
        for what, made in (
            ("its release keeps them for an hour, and who is refused was released later", world(BRIEF, OTHER)),
            ("who is refused was not released", world(client("shop"), OTHER)),
            (
                "who is refused tells it in its own words",
                world(BRIEF, OTHER, told=refused("shop", "cart", line="ERROR search: Too many scroll contexts (429)")),
            ),
            ("only another one is refused", world(BRIEF, OTHER, told=refused("shop"))),
            (
                "a peak was met the day before",
                world(
                    BRIEF,
                    OTHER,
                    told=[
                        *refused("cart", "feed"),
                        Log(pod("shop"), "shop", tuple(f"{at(age)} {FULL}" for age in (DAY, *range(600, 0, -60)))),
                    ],
                ),
            ),
            ("a run that keeps them briefly is amid it", world(BRIEF, OTHER, sweep(run(1500, kept=SHORT)))),
            (
                "a run is amid it as one was before the release",
                world(BRIEF, OTHER, sweep(run(1500), run(5100, 900, number=0))),
            ),
            (
                "a page that is scrolled has a time of its own",
                world(client("shop"), OTHER, page("web", {"SCROLL_ALIVE_MS": "900000"}, {"SCROLL_ALIVE_MS": "9000"})),
            ),
            (
                "another time of it has thousands of digits",
                world(BRIEF, OTHER, client("tail", {**SHORT, "SCROLL_TTL": f"{LONGEST}s"}, SHORT, released=1200)),
            ),
            (
                "an argument tells it, in seconds",
                world(
                    BRIEF,
                    OTHER,
                    feed=workload(
                        "feed",
                        env=URL,
                        args=["--scroll-ttl-seconds=3600"],
                        before={**OLD, "args": ["--scroll-ttl-seconds=60"]},
                        released=2400,
                    ),
                ),
            ),
            (
                "points in time are kept instead",
                world(
                    BRIEF,
                    OTHER,
                    feed=client("feed", {"PIT_KEEP_ALIVE": "1h"}, {"PIT_KEEP_ALIVE": "2m"}, released=2400),
                    told=refused("shop", "cart", line=POINTS),
                ),
            ),
        )
    ),
    Holds(
        "a client that is refused none fails since a later release of its own",
        snapshot(
            search(),
            client("feed", LONG, SHORT, released=2400),
            client("shop"),
            client("cart", {"SCROLL": "5m"}, {"SCROLL": "5m"}, released=300),
            logs=refused("shop", "feed"),
            figures=[errors("shop", 0.5, 600), errors("cart", 0.5, 280)],
        ),
        BACK,
        spares=no("rollback_workload", at=CART),
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "only its settings changed",
        world(
            BRIEF, OTHER, feed=workload("feed", env={**URL, **LONG}, before={"env": {**URL, **SHORT}}, released=2400)
        ),
        (FEED, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "who is refused was released later, and nobody knows for how long it keeps its own",
        world(STRANGE, OTHER),
        HUMAN,
        harmful=("rollback_workload",),
    ),
    *(
        Holds(what, made, HUMAN, harmful=("rollback_workload", "restart_workload"))
        for what, made in (
            (
                "a run came amid it, and nobody knows for how long it keeps its own",
                world(client("shop"), OTHER, sweep(run(1500))),
            ),
            (
                "the search was released amid it, and may hold fewer",
                snapshot(
                    workload(
                        "search",
                        "elasticsearch:8.15",
                        kind="StatefulSet",
                        pods=3,
                        port=9200,
                        args=["-Esearch.max_open_scroll_context=50"],
                        before={"args": ["-Esearch.max_open_scroll_context=500"]},
                        released=700,
                    ),
                    client("feed", LONG, SHORT, released=2400),
                    client("shop"),
                    OTHER,
                    logs=refused("shop", "cart", "feed"),
                    figures=[errors("shop", 0.5, 600)],
                ),
            ),
        )
    ),
    *(
        Holds(
            what, made, (SEARCH, "resource_exhaustion", "page_human"), harmful=("rollback_workload", "restart_workload")
        )
        for what, made in (
            ("several are refused, and nobody keeps them longer", world(BRIEF, OTHER, feed=client("feed", SHORT))),
            (
                "it keeps them twice as long, which is little",
                world(BRIEF, OTHER, feed=client("feed", {"SCROLL_KEEPALIVE": "2m"}, SHORT, released=1000)),
            ),
            (
                "it keeps them for five minutes since forty, and all of these would have ended",
                world(BRIEF, OTHER, feed=client("feed", {"SCROLL_KEEPALIVE": "5m"}, SHORT, released=2400)),
            ),
            (
                "it was released after they were refused",
                world(BRIEF, OTHER, feed=client("feed", LONG, SHORT, released=300)),
            ),
            (
                "it was released the day before",
                world(BRIEF, OTHER, feed=client("feed", LONG, SHORT, released=86400)),
            ),
            (
                "it keeps them shorter",
                world(BRIEF, OTHER, feed=client("feed", SHORT, LONG, released=2400)),
            ),
            (
                "it keeps them beyond all calendars, which no server takes",
                world(BRIEF, OTHER, feed=client("feed", {"SCROLL_KEEPALIVE": "9999999999d"}, {**SHORT}, released=2400)),
            ),
            (
                "a client has a page that is scrolled less often",
                world(
                    BRIEF,
                    OTHER,
                    feed=client("feed", {"SCROLL_DEBOUNCE_MS": "2000"}, {"SCROLL_DEBOUNCE_MS": "200"}, released=700),
                ),
            ),
            (
                "it has a longer timeout for them, which closes none later",
                world(
                    BRIEF, OTHER, feed=client("feed", {"SCROLL_TIMEOUT": "1h"}, {"SCROLL_TIMEOUT": "1m"}, released=2400)
                ),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "one client alone is refused since its release, and others are well",
        snapshot(
            search(),
            client("shop", {}, {}, released=700),
            OTHER,
            logs=refused("shop"),
            figures=[errors("shop", 0.5, 600)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "it was so an hour ago, and is over", world(BRIEF, OTHER, told=refused("shop", "cart", since=4000, times=2))
    ),
    DoesNotHold(
        "it was so an hour ago for long, and was met once since",
        world(
            BRIEF,
            OTHER,
            feed=client("feed", LONG, SHORT, released=4200),
            told=[Log(pod("shop"), "shop", tuple(f"{at(age)} {FULL}" for age in (4000, 3960, 3900, 3840, 60)))],
        ),
    ),
    DoesNotHold(
        "another search elsewhere refuses who does not ask this one",
        snapshot(
            search(),
            client("feed", LONG, SHORT, released=2400),
            workload("shop", env={"ES_URL": "https://search.vendor.example"}),
            logs=refused("shop"),
            figures=[errors("shop", 0.5, 600)],
        ),
        ("unknown", "page_human"),
    ),
    DoesNotHold("a peak was met once", world(BRIEF, OTHER, told=refused("shop", "cart", times=1))),
    DoesNotHold(
        "searches are refused for want of threads",
        world(client("shop"), OTHER, told=refused("shop", "cart", line=REJECTED)),
    ),
    DoesNotHold(
        "there are two servers, and nobody says of which it is",
        snapshot(search(), search("finder"), BRIEF, OTHER, client("feed", LONG, SHORT), logs=refused("shop", "cart")),
    ),
]
