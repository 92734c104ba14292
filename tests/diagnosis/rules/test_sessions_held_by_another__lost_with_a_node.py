"""A node that was lost closes no session: a database keeps those of its pods for hours, and others find no room.

A pod that ends as others do closes its own, and a node of which only its agent is silent may use them on.
"""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, node, pods_of, put
from tests.diagnosis.rules.scenes import DB, FATAL, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import (
    Obj,
    at,
    container,
    database,
    event,
    figure,
    postgres,
    series,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Snapshot

WRITER, RUN = "Deployment/writer", "Job/etl-1"
ENV, AS_SHOP = (
    {"DATABASE_URL": "postgres://writer@postgres:5432/shop"},
    {"DATABASE_URL": "postgres://shop@postgres/shop"},
)
NOBODYS = ("10.1.9.7", "10.1.9.8", "10.1.9.9")
LOST = 1500.0
"""A node is lost for so long."""
Told = list[Any]


def made_anew(age: float = 1200, **more: Any) -> list[Obj]:
    """Return a writer both pods of which came after a node was lost."""
    objects = workload("writer", **{"env": ENV, "service": False, **more})
    for each in pods_of(objects):
        each["metadata"]["creationTimestamp"] = at(age)
    return objects


def refused_anew() -> list[Obj]:
    """Return a writer one pod of which goes on, and those made anew end at start: no session is left for them."""
    objects = made_anew(pods=3, ready=1)
    old, *new = pods_of(objects)
    old["metadata"]["creationTimestamp"] = at(90_000)
    for each in new:
        put(each, looping(), ready=False, unready=1190)
    return objects


def kept(
    *addresses: str,
    each: float = 15,
    idle: float = LOST + 60,
    works: tuple[tuple[float, float], ...] = (),
    state: str = "idle",
    user: str = "writer",
    used: float = 197,
    beside: Any = (),
    writer: list[Obj] | None = None,
    lost: bool = True,
    refused: float = 900,
    more: Told | None = None,
    listed: bool = False,
    **released: Any,
) -> Snapshot:
    """Return a shop that is refused sessions, while a database keeps some of addresses that no pod has.

    ``each``: how many of each; ``idle``: for how long; ``works``: how many of them worked, by age; ``state``: what
    the others are told to be in.
    """
    whose: Told = [{"address": address, "user": user} for address in addresses or NOBODYS]
    told = [figure("db_sessions_by_address", each, each, component="postgres", state=state, **who) for who in whose]
    active = {"component": "postgres", "state": "active"}
    told += [("db_sessions_by_address", series({**active, **who}, *works)) for who in whose if works]
    told += [figure("db_idle_age_by_address", idle, idle, component="postgres", **who) for who in whose if idle]
    rows = [session(WRITER, "idle", int(each), client=who["address"], user=user, age_s=idle) for who in whose]
    rows.append(session(SHOP, "active", int(used - each * len(whose)), client="10.1.1.1"))
    return snapshot(
        shop(env=AS_SHOP, **released),
        postgres(),
        made_anew() if writer is None else writer,
        [event("Node/n9", "NodeNotReady", "Node n9 status is now: NodeNotReady", age=LOST)] if lost else [],
        beside,
        databases=[database(*rows, most=200)] if listed else [],
        figures=[
            *([] if listed else told),
            figure("db_connections", 150, used, 900, component="postgres"),
            figure("db_max_connections", 200, 200, component="postgres"),
            errors("shop", 0.5, refused),
            *(more or []),
        ],
        logs=logs("shop", FATAL, since=refused),
    )


def still_told(own: str = "n9", *, by_name: bool = False, **more: Any) -> Snapshot:
    """Return the writer with one pod more, that is still told of on the lost node, from which the sessions came.

    ``by_name``: they are told by its name, and not by its address.
    """
    objects = made_anew(pods=3, ready=2, nodes=("n1", "n2", own))
    away = pods_of(objects)[2]
    put(away, {}, ready=False, unready=LOST)
    objects[0]["spec"]["replicas"] = 2
    address = away["metadata"]["name"] if by_name else away["status"]["podIP"]
    given: dict[str, Any] = {
        "each": 45,
        "lost": False,
        "writer": objects,
        "beside": [node("n9", ready="Unknown", since=LOST)],
    }
    return kept(address, **{**given, **more})


def run(
    *,
    deleting: bool = True,
    most: tuple[float, float] = (60, 60),
    work: float | None = 4,
    away: str = "Unknown",
    **more: Any,
) -> Snapshot:
    """Return a run whose pod was lost with its node, and how many sessions its address has had, and has now."""
    job = thing(
        "Job", "etl-1", age=3000, spec={"template": {"spec": {"containers": [container("etl", "e:1", env=ENV)]}}}
    )
    its = thing("Pod", "etl-1-x", age=3000, spec={"containers": [container("etl", "e:1", env=ENV)], "nodeName": "n9"})
    its["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "etl-1", "controller": True}]
    if deleting:
        its["metadata"]["deletionTimestamp"] = at(LOST - 300)
    state = {"name": "etl", "ready": False, "state": {"running": {"startedAt": at(2990)}}}
    conditions = [{"type": "Ready", "status": "False", "lastTransitionTime": at(LOST)}]
    its["status"] = {"phase": "Running", "podIP": "10.9.0.4", "containerStatuses": [state], "conditions": conditions}
    told: Told = [figure("db_sessions_by_address", *most, 700, component="postgres", address="10.9.0.4")]
    told += [figure("db_sessions_at_work", 40, work, LOST, component="postgres")] if work is not None else []
    beside = [job, its, node("n9", ready=away, since=LOST)]
    return kept("10.1.1.250", each=0, idle=0, beside=beside, lost=away == "True", more=told, **more)


def counted(**by_user: float) -> Told:
    """Return how many sessions users have, as figures tell."""
    return [figure("db_connections_by_client", n, n, component="postgres", user=user) for user, n in by_user.items()]


NOT_OF_THOSE = no("restart_workload", "rollback_workload", "scale_workload", at=SHOP)
HOLDS = [
    *(
        Holds(
            f"sessions of pods that were lost with their node take the room{what}",
            world,
            (WRITER, "database_connection", "restart_connection_pool"),
            excludes=(*NOT_OF_THOSE, ("rollback_workload", WRITER), ("restart_workload", DB)),
            alone=True,
        )
        for what, world in (
            ("", kept()),
            (", as it lists them itself", kept(listed=True)),
            (
                ", as Oracle tells the hosts' names and states",
                kept("writer-a-x", "writer-a-y", each=25, state="INACTIVE"),
            ),
            (
                ", and some were at work then, whose answers were sent in vain for a quarter of an hour",
                kept(works=((3600, 3), (LOST - 600, 1), (LOST - 900, 0))),
            ),
            (", and those in their place end at start for want of it", kept(writer=refused_anew())),
            (", and the node is back", kept(beside=[node("n9")])),
            (", and the writer worked until then", kept(idle=LOST + 200)),
            (", and their pod is still told of", still_told()),
            (", and their pod is still told of, by its name", still_told(by_name=True)),
            (
                ", and an older release of a client has fewer",
                kept(before={"image": "s:0"}, released=2000, more=counted(shop=40)),
            ),
        )
    ),
    Holds(
        "sessions of pods that were lost with their node take the room, and others lack pods by it",
        still_told(
            beside=[
                node("n9", ready="Unknown", since=LOST),
                *workload("cart", pods=3, ready=2, nodes=("n1", "n2", "n9")),
            ]
        ),
        (WRITER, "database_connection", "restart_connection_pool"),
        harmful=("rollback_workload", "scale_workload", "restart_workload"),
    ),
    Holds(
        "sessions of a run that was given up with its node take the room: nothing of it can be started again",
        run(),
        (RUN, "database_connection", "page_human"),
        target=DB,
        excludes=NOT_OF_THOSE,
        alone=True,
    ),
]
HARM = ("restart_connection_pool", "rollback_workload", "scale_workload", "restart_workload")
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"sessions that do nothing, {what}", world, instead, harmful=HARM)
        for what, instead, world in (
            ("and no node was lost", (), kept(lost=False)),
            ("since before their node was lost", (), kept(idle=LOST + 900)),
            ("since after their node was lost", (), kept(idle=LOST - 300)),
            ("and some of which worked since", (), kept(works=((3600, 2), (300, 0)))),
            ("and more of which worked a while after", (), kept(works=((3600, 1), (LOST - 300, 3), (LOST - 800, 0)))),
            ("for nobody knows how long", (), kept(idle=0)),
            ("and others were refused before", (), kept(refused=2400)),
            ("without which there would be no room", (), kept(each=6)),
            ("of a user of nobody here", (), kept(user="report")),
            ("of a program of which nothing came anew", (), kept(writer=workload("writer", env=ENV, service=False))),
            ("of a pod that runs elsewhere", (), still_told(own="n1")),
            ("of a pod that runs elsewhere, whose name is told", (), still_told(own="n1", by_name=True)),
            ("of a node that is back, and of its pod", (), still_told(beside=[node("n9")], lost=True)),
            (
                "and a release of a client has as many",
                (),
                kept(before={"image": "s:0"}, released=2000, more=counted(shop=60)),
            ),
            ("of a pooler", (), kept(writer=made_anew(image="bitnami/pgbouncer:1.22"))),
        )
    ),
    *(
        DoesNotHold(f"sessions of a run, {what}", world, instead, harmful=HARM)
        for what, instead, world in (
            ("which have changed since its node was lost", (), run(most=(50, 60))),
            ("many of which work", (), run(work=40)),
            ("and nobody tells how many work", (), run(work=None)),
            ("that nobody has given up", (), run(deleting=False)),
            ("whose node is back", (), run(away="True")),
        )
    ),
]
