"""An alert measures something else than what is wrong: requests held open, standbys, held room, a counter, a drill."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.meant import (
    BY_DESIGN,
    GOES_ON,
    LEADS,
    LEFT,
    NEWS,
    OVER,
    POLLED,
    QUICK,
    SELDOM,
    STARTED,
    TIMED_OUT,
    WAITS,
    WARM,
    counted_anew,
    exercised,
    giving_way,
    left_over,
    polled,
    standing_by,
)
from tests.diagnosis.rules.scenes import SHOP, errors
from tests.diagnosis.rules.tiny import workload

ACTS = ("rollback_workload", "restart_workload", "scale_workload", "switch_traffic")
PLANNER, SEATS, VIEWER = "Deployment/planner", "Deployment/seats", "Deployment/viewer"
ASKED = tuple(line.replace("status=204", "status=200") for line in POLLED)
BY_NGINX = (
    '10.0.0.9 - - "GET /news?wait=20 HTTP/1.1" 204 0 rt=20.002',
    '10.0.0.9 - - "GET /news?wait=20 HTTP/1.1" 200 310 rt=6.115',
    '10.0.0.9 - - "GET /cart HTTP/1.1" 200 900 rt=0.012',
) * 4
SYNCED = (
    '10.0.0.9 - - "GET /sync?since=7&timeout=20000 HTTP/1.1" 200 31 rt=20.002',
    '10.0.0.9 - - "GET /sync?since=7&timeout=20000 HTTP/1.1" 200 3100 rt=6.115',
    '10.0.0.9 - - "GET /cart HTTP/1.1" 200 900 rt=0.012',
) * 4
WRITES = (
    '10.0.0.9 - - "PUT /cart/7 HTTP/1.1" 204 0 rt=20.002',
    '10.0.0.9 - - "PUT /cart/7 HTTP/1.1" 200 310 rt=6.115',
    '10.0.0.9 - - "GET /cart HTTP/1.1" 200 900 rt=0.012',
) * 4
GIVES_UP = (
    "msg=answered path=/quote status=200 dur_ms=20004 fallback=true timeout=20s",
    "msg=answered path=/quote status=200 dur_ms=9100 fallback=false",
    "msg=answered path=/price status=200 dur_ms=12",
) * 4
STILL_SELDOM = (*SELDOM * 4, NEWS, OVER, QUICK, OVER, QUICK, OVER, QUICK, OVER)
NO_MORE = (*SELDOM * 4, NEWS, *(OVER, QUICK) * 6)
_PINO = '{"level":30,"req":{"method":"GET","url":"/%s"},"res":{"statusCode":%d},"responseTime":%s,"msg":"done"}'
BY_PINO = {
    QUICK: _PINO % ("v1/docks/7", 200, "8.8"),
    OVER: _PINO % ("v1/feed?since=4", 204, "20004.1"),
    NEWS: _PINO % ("v1/feed?since=4", 200, "9100.4"),
}
NO_WORD = ("INFO starting", WARM)
FOLLOWS = "raft: became follower at term 5"
LINKED: dict[str, Any] = {"exec": {"command": ["sh", "-c", "redis-cli info | grep master_link_status:up"]}}
POOL = "ERROR HikariPool-1 - Connection is not available, request timed out after 30000ms."

HOLDS = [
    *(
        Holds(
            f"slow since a release that holds requests open: {what}", world, (SHOP, *HEALTHY), alone=True, harmful=ACTS
        )
        for what, world in (
            ("without news they end when their time is over", polled()),
            ("as a file of another form says", polled(env={}, file='{\n  "hold_s": 20,\n  "short": true\n}\n')),
            ("as each client asks for in its words", polled(SYNCED, env={"LONG_POLL_MS": "20000"})),
            ("whatever the news are of", polled(env={"ACCOUNT_HOLD_SECONDS": "20"})),
            ("as a file says", polled(env={}, file="short: true\nhold: 20s   # else 204\n")),
            ("as long as each client asks for", polled(ASKED, env={"LONG_POLL_MS": "20000"})),
            ("by the access log of nginx", polled(BY_NGINX, env={"MAX_POLL_WAIT": "20s"})),
            ("news are seldom, and the last ones are as old as usual", polled(STILL_SELDOM, since=3000)),
            (
                "few requests are logged, by pino",
                polled([BY_PINO[each] for each in STILL_SELDOM], env={"LONG_POLL_HOLD_SECONDS": "20"}, since=3000),
            ),
        )
    ),
    *(
        Holds(f"a replica is not ready, and stands by: {what}", world, (PLANNER, *HEALTHY), alone=True, harmful=ACTS)
        for what, world in (
            ("its own words say that it is meant", standing_by()),
            ("its settings do", standing_by((WAITS, WARM), settings="readiness: leader-only")),
            (
                "its probe asks who leads",
                standing_by((WAITS,), readinessProbe={"httpGet": {"path": "/leader", "port": 8080}}),
            ),
            ("two of them", standing_by(pods=3)),
            ("for the case of need", standing_by((WAITS, "kept for failover of the leader", BY_DESIGN))),
            (
                "its leader has told nothing for long",
                standing_by((WAITS, '"new leader elected" leader="planner-pod0"', BY_DESIGN), ("plan written",)),
            ),
            ("in other words", standing_by(("entering standby mode, not ready until active",), ("became the leader",))),
        )
    ),
    *(
        Holds(f"pods that hold room wait for it: {what}", world, (SEATS, *HEALTHY), alone=True, harmful=ACTS)
        for what, world in (
            ("they gave way to others", giving_way()),
            ("of another build of the same", giving_way(image="gcr.io/google_containers/pause-amd64:3.2")),
            ("their class says how low they stand", giving_way(priority=None, klass=-1)),
        )
    ),
    *(
        Holds(f"no requests are counted: {what}", world, (SHOP, *HEALTHY), alone=True, harmful=ACTS)
        for what, world in (
            ("its pods count as many as before, and its edge tells of answers", counted_anew()),
            ("in other words", counted_anew(says="request rate of shop has been below 0.5/s (now 0)")),
        )
    ),
    *(
        Holds(f"a breaker is open by a drill: {what}", world, (SHOP, *HEALTHY), alone=True, harmful=ACTS)
        for what, world in (
            ("it is to end by itself", exercised()),
            ("it is called otherwise", exercised(name="chaos-wednesday")),
            ("nobody tells of calls", exercised(hears="")),
        )
    ),
    *(
        Holds(f"a group is one behind in each partition: {what}", world, (VIEWER, *HEALTHY), alone=True, harmful=ACTS)
        for what, world in (
            ("who writes does so in transactions", left_over()),
            ("its client says so", left_over(env={"TOPIC": "postings"}, starts=STARTED)),
            (
                "it is a stream of its own kind",
                left_over(env={"OPTS": "topic=postings processing.guarantee=exactly_once"}),
            ),
            ("since half an hour", left_over(before=40.0, since=1800)),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"slow since a release, and {what}", world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in (
            ("no setting lets clients wait", polled(env={})),
            ("the setting is of who waits in vain", polled(env={"CART_TIMEOUT_SECONDS": "20"})),
            ("the setting is of what it waits for at its start", polled(env={"WAIT_FOR_MIGRATION": "20"})),
            ("the setting is of a lock", polled(env={"LOCK_WAIT_SECONDS": "20"})),
            ("the setting is of what is kept for minutes", polled(env={"CART_HOLD_MINUTES": "20"})),
            ("requests take much longer than clients are let wait, as is measured", polled(now=70.0)),
            ("the setting is of what is asked now and then", polled(env={"POLL_INTERVAL_SECONDS": "20"})),
            ("clients are let wait for much less", polled(env={"FEED_HOLD_SECONDS": "8"})),
            ("many fail, as is measured", polled(error=0.2)),
        )
    ),
    *(
        DoesNotHold(f"slow since a release, and {what}", world, harmful=("no_action",))
        for what, world in (
            ("some fail", polled(POLLED, "msg=answered path=/news status=503 dur_ms=20004")),
            ("no news ever comes", polled((QUICK, OVER) * 6)),
            ("nothing ends by its time", polled((QUICK, NEWS) * 6)),
            ("they end well and nobody asked to wait", polled([each.replace("wait=20", "w=x") for each in ASKED])),
            ("some take longer", polled(POLLED, NEWS.replace("9100", "31000"))),
            ("something else takes long too", polled(POLLED, QUICK.replace("/news", "/cart").replace("=5", "=4100"))),
            ("nothing is answered at once", polled((OVER, NEWS, LEFT) * 4)),
            ("of a pod nothing is told", polled(by=1)),
            ("the alert is of its memory", polled(fires="MemoryHigh")),
            ("it is writes that end as its time is over", polled(WRITES, env={"REPLICA_WAIT_SECONDS": "20"})),
            ("it gives up on another one by then", polled(GIVES_UP, env={"SUPPLIER_WAIT_SECONDS": "20"})),
            ("it complains", polled(POLLED, *["ERROR redis: subscription lost"] * 5)),
            (
                "it complains, and news come fast",
                polled(POLLED, "ERROR cannot reach redis: connection refused", now=9.0),
            ),
            ("no news came of late", polled((NEWS, NEWS, *(QUICK, OVER) * 8))),
            ("news were seldom, and have not come for twice as long", polled(NO_MORE, since=3000)),
            ("news were seldom, and nobody waits for them any more", polled((*SELDOM * 4, *[QUICK] * 10), since=3000)),
            ("nobody knows how seldom news are", polled((*SELDOM[1:] * 3, *SELDOM * 2, OVER, OVER), since=3200)),
            ("several got the same news at once, and none since", polled((*[NEWS] * 8, *(QUICK, OVER) * 40))),
            ("most clients leave before", polled((QUICK, OVER, LEFT, LEFT, NEWS, LEFT) * 2)),
        )
    ),
    *(
        DoesNotHold(f"a replica is not ready: {what}", world, harmful=("no_action",))
        for what, world in (
            ("nothing says that this is meant", standing_by((WAITS, WARM))),
            ("it does not say that it stands by", standing_by(NO_WORD, settings="readiness: leader-only")),
            ("none leads", standing_by(leads=(WAITS, BY_DESIGN), ready=0)),
            ("the other one does not lead", standing_by(leads=NO_WORD)),
            ("the other one leads no more", standing_by(leads=(LEADS, "stopped leading"))),
            ("it leads itself, as it says", standing_by((WAITS, BY_DESIGN, LEADS))),
            ("it fails", standing_by((WAITS, BY_DESIGN, "ERROR cannot read the database"))),
            ("it was started again", standing_by(status={"restartCount": 2})),
            ("the alert is of what users feel", standing_by(fires="PlannerErrorsHigh")),
            ("its users get errors", standing_by(figures=[errors("planner")])),
            ("it cannot reach its leader", standing_by((FOLLOWS, "readyz answers 503: cannot reach leader"))),
            (
                "it cannot reach its primary",
                standing_by(("running as secondary", "cannot reach primary"), settings="readiness: primary"),
            ),
            ("it waited for a leader first", standing_by(("not ready until a leader is elected", FOLLOWS))),
            ("it follows, and its probe asks for its link", standing_by((FOLLOWS,), readinessProbe=LINKED)),
            ("its settings say what else it asks", standing_by((WAITS,), settings="readiness: primary-db, redis")),
            ("it cannot see who leads", standing_by((WAITS, BY_DESIGN, "no contact to leader planner-pod0"), ("ran",))),
        )
    ),
    DoesNotHold(
        "a replica is not ready: another one is ready beside who leads",
        standing_by(pods=3, ready=2),
        (PLANNER, "service_crash", "restart_workload"),
    ),
    *(
        DoesNotHold(f"pods wait for room: {what}", world, harmful=("no_action", *ACTS))
        for what, world in (
            ("they do some work", giving_way(image="registry.example/batch:3")),
            ("they are as good as others", giving_way(priority=0)),
            ("nobody knows for whom", giving_way(by="other-pod7")),
            ("users of another one get errors", giving_way(workload("till"), figures=[errors("till")])),
        )
    ),
    DoesNotHold(
        "pods wait for room: those who took it do not serve", giving_way(relays=3), (SEATS, "capacity", "page_human")
    ),
    DoesNotHold("pods that hold room wait, and the alert is of something else", giving_way(fires="ShowSoldOut"), ASK),
    *(
        DoesNotHold(f"no requests are counted, and {what}", world, harmful=("no_action",))
        for what, world in (
            ("its pods count none either", counted_anew(now=0.0)),
            ("its pods count few", counted_anew(now=0.2)),
            ("of its pods nobody counts", counted_anew(now=None)),
            ("nobody tells of answers", counted_anew(edge=False)),
            ("the answers are old", counted_anew(since=3600)),
            ("they are failures", counted_anew(status=502)),
            ("they are those of another one", counted_anew(address="10.7.7.7")),
            ("only probes are answered", counted_anew(path="/healthz")),
            ("some of them are failures", counted_anew(failed=3)),
            ("of those that its pods count many fail", counted_anew(pods_fail=0.3)),
            ("the alert is of the share that succeeds", counted_anew(says="good requests below 99% (now 0)")),
            ("its total is counted as ever", counted_anew(ended=False)),
            ("the alert is of a part of them", counted_anew(says="shop gets no checkout requests")),
            ("the alert is of those that succeed", counted_anew(says="shop has no successful requests")),
            ("the alert is of those that get lost", counted_anew(says="3% of requests lost on the way to shop")),
            ("the alert is of one way", counted_anew(of="/checkout")),
            ("the alert is of fewer", counted_anew(says="shop gets fewer requests than last week")),
        )
    ),
    *(
        DoesNotHold(f"a breaker is open, and {what}", world, harmful=("no_action",))
        for what, world in (
            ("the run is no drill", exercised(name="nightly-export")),
            ("the drill took its fault away", exercised("INFO drill: step 2/2: removed toxic drill-timeout")),
            ("the drill is done", exercised("INFO drill done", "INFO drill finished")),
            ("the drill is to be broken off", exercised(GOES_ON, "WARN guard failed: orders placed 91.0%")),
            ("the drill fails", exercised(GOES_ON, "ERROR cannot reach the proxy")),
            ("nothing ends it", exercised(job={})),
            ("it breaks something else", exercised(target="http://till:8474")),
            ("the shop does not call what it breaks", exercised(calls="http://till:8666", hears="")),
            ("the shop complained before", exercised(heard=1900)),
            ("the shop complains of another one", exercised(hears=TIMED_OUT.replace("proxy:8666", "till:8080"))),
            ("the alert is older than it", exercised(began=1500)),
            ("the alert is of much later", exercised(put=3000, heard=2990, began=60)),
            ("the alert is of a disk", exercised(fires="ShopDiskFull")),
            ("orders fail", exercised(error=0.2)),
            ("a pod is missing", exercised(ready=1)),
            ("the drill's run ended, and told nothing of its end", exercised(over=True)),
            ("only the one before came to its end", exercised(job={}, last="2026-02-25T11:47:11Z")),
            ("the drill tells nothing since an hour", exercised(put=5000, heard=4990, began=4700)),
            ("the alert is of another breaker", exercised(fires="ShopPaymentsBreakerOpen")),
            ("the shop complains of what names nobody", exercised(hears=POOL)),
            ("whether orders fail is measured no more", exercised(measured=900)),
        )
    ),
    *(
        DoesNotHold(f"a group is behind: {what}", world, harmful=("no_action",))
        for what, world in (
            ("by more than one in a partition", left_over(most=2.0, total=24.0)),
            ("in one partition", left_over(total=1.0)),
            ("since minutes", left_over(before=0.0, since=400)),
            ("nobody writes in transactions", left_over(env={"TOPIC": "postings"})),
            ("who writes in transactions writes elsewhere", left_over(env={"TOPIC": "fees", "TRANSACTIONAL_ID": "p"})),
            (
                "what is written has a number",
                left_over(env={"TOPIC": "postings"}, starts="INFO sent transaction_id=8812"),
            ),
            ("it names a topic like that", left_over(env={"TOPIC": "postings-old", "TRANSACTIONAL_ID": "p"})),
            ("it calls who is named so", left_over(env={"P_URL": "http://postings:8080", "TRANSACTIONAL_ID": "p"})),
            ("its reader complains", left_over(hears="ERROR cannot apply posting: no such account")),
            ("a reader is missing", left_over(ready=1)),
            ("the alert is of another topic", left_over(topic="fees")),
            ("the alert names no group", left_over(group="")),
            ("nobody counts the partitions", left_over(parts=False)),
        )
    ),
]
