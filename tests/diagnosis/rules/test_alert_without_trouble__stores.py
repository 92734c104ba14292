"""An alert about a database, a cache or another store fires, and that is as it is meant to be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import ASK, HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.coins import BEHIND, BITCOIND, CAUGHT_UP, LEDGER, TIP, coin_node
from tests.diagnosis.rules.freezing import NEAR, WAITS, fields, freezing, of_column, records
from tests.diagnosis.rules.idle_primaries import PG, WALRECEIVER, idle
from tests.diagnosis.rules.scenes import DB, SHOP, WELL, alert, errors, latency, rate, shop
from tests.diagnosis.rules.tiny import (
    DAY,
    NOW,
    Obj,
    at,
    database,
    figure,
    log,
    pod,
    postgres,
    redis,
    series,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot


def late(setting: str) -> list[Obj]:
    """Return a standby that runs with a setting."""
    return postgres("standby", args=["-c", setting])


TAKEN_OUT = "set -e\n# to delay: recovery_min_apply_delay=2h\nexec postgres"


def standby(
    lag: float | None, *more: Any, name: str = "ReplicationLag", by: str = "recovery_min_apply_delay=2h"
) -> Snapshot:
    """Return a page about a standby that is told to be two hours late, and how late it is."""
    figures = [] if lag is None else [figure("db_replication_lag", lag, lag, component="standby")]
    fires = alert(name, instance="standby-0", severity="critical")
    return snapshot(late(by), *more, figures=figures, alerts=[fires])


GREEN = 'current.health="GREEN" message="Cluster health status changed from [YELLOW] to [GREEN] (reason: [...])."'

YELLOW = GREEN.replace("YELLOW", "x").replace("GREEN", "YELLOW").replace("[x]", "[GREEN]")

OK, FAIL = "Cluster state changed: ok", "Cluster state changed: fail"


def states(
    *told: tuple[float, str], image: str = "elasticsearch:8", users: float = 0.0, began: float = 600
) -> Snapshot:
    """Return a store that says of its cluster at some ages how it is, its users, and an alert about the cluster."""
    lines = tuple(f"[{at(age)}][INFO ][o.e.c.r.a.AllocationService] {line}" for age, line in told)
    fires = Alert(
        "SearchClusterYellow", {"cluster": "all"}, {"summary": "not green"}, "firing", NOW - timedelta(seconds=began)
    )
    return snapshot(
        workload("find", image, kind="StatefulSet", pods=3, port=9200),
        shop(env={"FIND_URL": "http://find:9200"}),
        logs=[Log("find-0", "find", lines, previous=False)],
        figures=[errors("shop", users), latency("shop", 0.1, 0.1)],
        alerts=[fires],
    )


CALM = latency("shop", 0.1, 0.11)

COLLECTED = "[info][gc] GC(48211) Pause Young (Normal) (G1 Evacuation Pause) 2204M->%dM(3072M) 5.113ms"


def cached(image: str, *share: tuple[float, float], heap: int = 0, started: float = 90 * DAY) -> Snapshot:
    """Return a data service on a volume of its own whose memory is nearly full."""
    objects = workload("store", image, kind="StatefulSet", pods=1, started=started)
    objects[0]["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}}]
    told = [log("store-0", *[COLLECTED % heap] * 5, of="store")] if heap else []
    memory = "memory_share", series({"pod": "store-0", "container": "store"}, *share)
    fires = [alert("ContainerMemoryNearLimit", pod="store-0", severity="critical")]
    return snapshot(shop(), objects, logs=told, figures=[memory, WELL], alerts=fires)


OUT_OF_MEMORY = alert("RedisOutOfConfiguredMaxmemory", service="redis", severity="warning")

READER = shop(env={"REDIS_URL": "redis://redis:6379/0"})

LRU: Obj = {"args": ["--maxmemory", "2gb", "--maxmemory-policy", "allkeys-lru"]}


def full_of_keys(users: float, evictions: tuple[float, float], room: float) -> list[tuple[str, Series]]:
    """Return the figures of a full cache that drops keys, and of who reads it."""
    return [
        errors("shop", users),
        CALM,
        figure("cache_memory_share", 0.99, 0.999, component="redis"),
        figure("cache_evictions", *evictions, component="redis"),
        figure("memory_share", room, room, pod=pod("redis"), container="redis"),
    ]


def evicting(
    *objects: Any, users: float = 0.001, evictions: tuple[float, float] = (30, 33), room: float = 0.7, **more: Any
) -> Snapshot:
    """Return a full cache that drops keys, its reader, and an alert about its memory."""
    figures = full_of_keys(users, evictions, room)
    return snapshot(READER, redis(pods=1, **more), *objects, figures=figures, alerts=[OUT_OF_MEMORY])


def spares(
    *objects: Any,
    hits: tuple[float, ...] = (0.96, 0.958),
    users: float = 0.001,
    evictions: tuple[float, float] = (30, 33),
    room: float = 0.7,
    reader: Obj | None = None,
    said: str = "",
    fires: str = "RedisOutOfConfiguredMaxmemory",
    **more: Any,
) -> Snapshot:
    """Return a critical alert about a full cache that drops keys, and how much of what it is asked for it has."""
    figures = [
        *full_of_keys(users, evictions, room),
        *([figure("cache_hit_share", *hits, component="redis")] if hits else []),
    ]
    told = [log(pod("shop"), *[said] * 5, of="shop")] if said else []
    cache = [] if objects else redis(pods=1, **more)
    read = shop(env={"REDIS_URL": "redis://redis:6379/0", **(reader or {})})
    page = alert(fires, service="redis", severity="critical")
    return snapshot(read, cache, *objects, figures=figures, logs=told, alerts=[page])


LFU: Obj = {"command": ["redis-server"], "args": ["--maxmemory", "1gb", "--maxmemory-policy", "allkeys-lfu"]}

SOME: Obj = {"args": ["--maxmemory", "2gb", "--maxmemory-policy", "volatile-lru"]}

INTRUDED = (LEDGER, "security_incident", "page_human")

MINES = (LEDGER, "security_incident", "isolate_workload")

MINING = "prune-blockchain=1\nstart-mining=44AFF\nmining-threads=8\n"

CONF = thing("ConfigMap", "redis-conf", data={"redis.conf": "maxmemory 1gb\nmaxmemory-policy volatile-lfu\n"})

CONF_ANY = thing("ConfigMap", "redis-conf", data={"redis.conf": "maxmemory 1gb\nmaxmemory-policy allkeys-lru\n"})

CONFIGURED: Obj = {"spec": {"volumes": [{"name": "conf", "configMap": {"name": "redis-conf"}}]}}

ASKS = shop(env={"DATABASE_URL": "postgres://shop@pg:5432/shop"})


def beside(left: float, until: float = 0) -> tuple[str, Series]:
    """Return what the primary tells is left to replay for another one, which it told last so long ago."""
    told = series({"component": "pg", "client": "far"}, (3600, left))
    points = tuple(each for each in told.points if each[0] <= NOW.timestamp() - until)
    return "db_replay_left_bytes", Series(told.labels, points)


def works(until: float, number: int = 0) -> Log:
    """Return the log of a pod of the shop that told of its work until so long ago."""
    lines = (f"{at(3600 - n * (3600 - until) / 20)} INFO orders applied" for n in range(21))
    return Log(pod("shop", number), "shop", tuple(lines), previous=False)


HOLDS = [
    *(
        Holds(
            f"nobody writes, and the replica has replayed everything: {what}",
            world,
            (PG, "no_fault", "no_action"),
            harmful=("restart_workload", "rollback_workload", "switch_traffic"),
        )
        for what, world in (
            ("its primary calls it by its name", idle()),
            ("its primary knows its address", idle(follows=WALRECEIVER)),
            ("since ten minutes", idle(since=600)),
            ("now and then the primary writes a mark", idle(marks=168)),
            ("those who ask go on", idle(ASKS, figures=[rate("shop")])),
            ("those who ask tell of it", idle(ASKS, logs=[works(3000), works(0, 1)])),
            ("one of them has told nothing for longer", idle(ASKS, logs=[works(3500)])),
            ("one follows that is gone since", idle(figures=[beside(5e6, until=1200)])),
        )
    ),
    Holds(
        "of many sessions, and two thirds are free",
        snapshot(
            postgres(),
            databases=[database(session(SHOP, "idle", 30, age_s=9000))],
            alerts=[alert("ManyConnections", statefulset="postgres")],
        ),
        (DB, "no_fault", "no_action"),
    ),
    *(
        Holds(f"of a cluster that has said since that it is whole: {what}", world, ("StatefulSet/find", *HEALTHY))
        for what, world in (
            ("shards", states((1500, YELLOW), (90, GREEN))),
            ("slots", states((1500, FAIL), (90, OK), image="redis:7")),
        )
    ),
    Holds(
        "of a standby that is late on purpose",
        snapshot(late("recovery_min_apply_delay=2h"), alerts=[alert("ReplicationLag", instance="standby-0")]),
        ("StatefulSet/standby", "no_fault", "no_action"),
    ),
    Holds(
        "a page about a standby that is late on purpose, and no later than that",
        standby(3000),
        ("StatefulSet/standby", "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "of the memory of a broker which is flat, and whose heap is small",
        cached("apache/kafka:3.9", (3600, 0.97), heap=391),
        ("StatefulSet/store", "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "of the memory of a database that caches its files",
        cached("postgres:16", (3600, 0.93), (1800, 0.94)),
        ("StatefulSet/store", "no_fault", "no_action"),
    ),
    Holds(
        "of a cache's memory, and it drops old keys as it is set to",
        evicting(**LRU),
        ("Deployment/redis", "no_fault", "no_action"),
        alone=True,
    ),
    *(
        Holds(f"a critical one of a cache's memory: {what}", world, ("Deployment/redis", "no_fault", "no_action"))
        for what, world in (
            ("any key may go, and it has as much of what it is asked for as ever", spares(**LRU)),
            (
                "a file says which keys may go, and its alert is of evictions",
                spares(CONF_ANY, redis(pods=1, **CONFIGURED), fires="RedisEvictsKeys", hits=(0.88, 0.89)),
            ),
            ("least often used keys go", spares(**LFU, fires="CacheIsFull")),
            (
                "memcached always drops",
                spares(workload("redis", "memcached:1.6", pods=1, port=6379), fires="MemcachedMemoryFull"),
            ),
        )
    ),
    Holds(
        "of a cache's memory, and its file says that it may drop keys",
        evicting(CONF, **CONFIGURED),
        ("Deployment/redis", "no_fault", "no_action"),
    ),
    *(
        Holds(f"a coin's node of the house's own that has all blocks: {what}", world, (LEDGER, *HEALTHY))
        for what, world in (
            ("Monero", coin_node()),
            ("of which an alert suspects a miner", coin_node(name="MinerDetected")),
            ("of which a sensor tells in words", coin_node(name="Detect crypto miners using the Stratum protocol")),
            (
                "what tells it not to mine",
                coin_node(env={"MINING": "false"}, settings={"monero.conf": "bg-mining-enable=0"}),
            ),
            ("Bitcoin", coin_node(TIP, BEHIND.replace("18080", "8333"), image=BITCOIND, port=8333)),
        )
    ),
    *(
        Holds(
            f"a page about an old transaction, which is the vacuum against wraparound, and it gets on: {what}",
            world,
            (DB, *HEALTHY),
            alone=True,
            harmful=("restart_workload", "restart_connection_pool", "scale_database"),
        )
        for what, world in (
            ("in tables", freezing()),
            ("in records", freezing(records)),
            ("in fields", freezing(fields)),
            ("the alert is of a session", freezing(fires=alert("LongRunningQuery", pod="postgres-0"))),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a lag grows: {what}", world, (PG, "database_connection", "page_human"), harmful=("no_action",))
        for what, world in (
            ("nobody tells what is left to replay", idle(left=None)),
            ("what is left grows", idle(left=(0, 40e6))),
            ("a row or two are left for long", idle(left=(0, 168))),
            ("another one that follows has not replayed everything", idle(figures=[beside(5e6)])),
            ("the primary writes, and it replays too slowly", idle(slope=0.5)),
            ("its primary knows another one only", idle(follows={"component": "pg", "client": "pg-2"})),
            ("a third one does not follow", idle(pods=3)),
            ("since a moment", idle(since=120)),
            ("since before there were computers", idle(since=1e12)),
            ("it cannot reach its primary", idle(said="FATAL:  could not connect to the primary server: timeout")),
        )
    ),
    DoesNotHold(
        "nobody writes any more, for the one who writes has stood still since",
        idle(ASKS, logs=[works(3000), works(2990, 1)]),
        harmful=("no_action",),
    ),
    *(
        DoesNotHold(
            f"nobody writes any more, for {who} any more",
            idle(ASKS, figures=[rate("shop", 50, asked, since=3000)]),
            harmful=("no_action",),
        )
        for who, asked in (("few ask", 1), ("nobody asks", 0))
    ),
    DoesNotHold(
        "nobody writes, and the alert speaks of the room that a slot takes",
        idle(fires=alert("ReplicationSlotDiskFull", service="pg", severity="critical")),
        (),
        harmful=("no_action",),
    ),
    DoesNotHold(
        "sessions are few, and somebody keeps a transaction open",
        snapshot(
            postgres(),
            databases=[database(session(SHOP, "idle in transaction", 9, age_s=900))],
            alerts=[alert("ManyConnections", statefulset="postgres")],
        ),
        harmful=("no_action",),
    ),
    *(
        DoesNotHold(f"a page about a standby that is late on purpose: {what}", world, harmful=("no_action",))
        for what, world in (
            ("nobody measures how late", standby(None)),
            ("later than that", standby(9000)),
            ("that is taken out of its script", standby(1900, by=TAKEN_OUT)),
            ("nobody can read by how much", standby(3000, by="recovery_min_apply_delay=$DELAY")),
            ("a service reads from it", standby(3000, workload("page", env={"DB_HOST": "standby"}))),
            ("it is the disk that is full", standby(3000, name="VolumeFull")),
            *(
                (f"{name} tells of something else", standby(1900, name=name))
                for name in (
                    "ReplicaVolumeFull",
                    "PostgresReplicaBackupFailed",
                    "StatefulSetReplicasMismatch",
                    "ReplicationSlotLost",
                    "FlagServiceDown",
                    "ReplicationLagSlotLost",
                    "WalArchiveLag",
                )
            ),
        )
    ),
    DoesNotHold(
        "a standby is late that should not be",
        snapshot(late("hot_standby=on"), alerts=[alert("ReplicationLag", instance="standby-0")]),
        ASK,
    ),
    *(
        DoesNotHold(f"memory is nearly full: {what}", world, harmful=("no_action",))
        for what, world in (
            ("it rises", cached("apache/kafka:3.9", (3600, 0.9), (1200, 0.96), heap=391)),
            ("it is the heap that is full", cached("apache/kafka:3.9", (3600, 0.97), heap=2900)),
            ("it is a cache, whose memory are its data", cached("redis:7", (3600, 0.97))),
            ("it runs for an hour only", cached("postgres:16", (3600, 0.97), started=3600)),
        )
    ),
    *(
        DoesNotHold(f"a cluster is not whole: {what}", world, harmful=("no_action", "restart_workload"))
        for what, world in (
            ("it says so", states((1500, YELLOW))),
            ("it is yellow again since", states((1500, YELLOW), (300, GREEN), (60, YELLOW))),
            ("it was green before the alert began", states((2400, YELLOW), (700, GREEN))),
            ("it is green for long, and the alert goes on", states((2400, YELLOW), (1200, GREEN), began=1800)),
            ("its users suffer", states((1500, YELLOW), (90, GREEN), users=0.3)),
        )
    ),
    *(
        DoesNotHold(f"a cache is full: {what}", world, harmful=("no_action", "restart_workload"))
        for what, world in (
            ("nothing says that it may drop keys", evicting()),
            ("it drops ten times as many as before", evicting(evictions=(3, 33), **LRU)),
            ("its container is full too", evicting(room=0.95, **LRU)),
            ("its users suffer", evicting(users=0.2, **LRU)),
        )
    ),
    *(
        DoesNotHold(f"a critical alert about a full cache, and {what}", world, harmful=("no_action",))
        for what, world in (
            ("nobody knows what it has of what it is asked for", spares(hits=(), **LRU)),
            ("it has less of that than it had", spares(hits=(0.96, 0.9), **LRU)),
            ("it never had much of that", spares(hits=(0.41, 0.4), **LRU)),
            ("nothing says that it may drop keys", spares()),
            ("only keys with a lifetime may go", spares(**SOME)),
            ("it began to drop keys within the hour", spares(evictions=(0, 30), **LRU)),
            ("its container is full too", spares(room=0.95, **LRU)),
            ("its users suffer", spares(users=0.2, **LRU)),
            ("work lies there until somebody does it", spares(reader={"CELERY_BROKER": "redis"}, **LRU)),
            ("sessions lie there", spares(reader={"SESSION_STORE": "redis"}, **LRU)),
            ("it refuses", spares(said="ERROR OOM command not allowed when used memory > 'maxmemory'.", **LRU)),
            ("the alert is of its clients", spares(fires="RedisTooManyClients", **LRU)),
        )
    ),
    *(
        DoesNotHold(f"a coin's node, and {what}", world, answer)
        for what, world, answer in (
            (
                "it is still behind",
                coin_node("2026-03-04 11:40:44.016 I Synced 3694602/3695092 (99%, 490 left)"),
                INTRUDED,
            ),
            ("nobody opened the way before", coin_node(opened=3600), INTRUDED),
            ("somebody widened the way of late", coin_node(widened=3600), INTRUDED),
            ("the way leads elsewhere", coin_node(port=443), INTRUDED),
            ("it tells that it mines", coin_node(*CAUGHT_UP, "Mining has started with 2 threads, good luck!"), MINES),
            ("a variable tells it to mine", coin_node(env={"MONEROD_EXTRA": "--start-mining 44AFF"}), MINES),
            ("a variable's name tells it to mine", coin_node(env={"MINING_ADDRESS": "44AFF"}), MINES),
            ("its file of settings tells it to mine", coin_node(settings={"monero.conf": MINING}), MINES),
            ("the alert speaks of a shell", coin_node(name="ShellSpawned"), ASK),
            ("the alert speaks of the node", coin_node(name="CoinNodeStalled"), ASK),
            ("the alert speaks of what it keeps", coin_node(name="CoinWalletDrained"), ASK),
            ("the alert speaks of no mining", coin_node(name="DeterminingPeersFailed"), ASK),
            ("the alert suspects nobody", coin_node(name="MiningTemplateStale"), ASK),
            ("it had all blocks hours ago", coin_node(since=6 * 3600), ASK),
        )
    ),
    *(
        DoesNotHold(f"of an old transaction, and {what}", world, instead=answer)
        for what, world, answer in (
            ("the vacuum stands still", freezing(scanned=(35_171_904, 35_171_904)), ASK),
            ("another session is older", freezing(age=9 * 3600.0), ASK),
            ("it is not of the vacuum", freezing(age=3700), ASK),
            ("the vacuum is an ordinary one", freezing(of_column("autovacuum: VACUUM public.legs")), ASK),
            ("somebody empties the table", freezing(of_column("VACUUM FULL public.legs")), ASK),
            ("what gets on is another table's", freezing(of_column(table="legs_old")), ASK),
            ("nobody looked for long", freezing(seen=3000), ASK),
            ("others wait for a lock", freezing(more=[WAITS]), ()),
            ("the numbers run out", freezing(more=[NEAR]), ()),
            (
                "the alert is of one that idles",
                freezing(fires=alert("IdleInTransactionTooLong", pod="postgres-0")),
                ASK,
            ),
            (
                "the alert is of the numbers",
                freezing(fires=alert("PostgresTransactionIdAgeHigh", pod="postgres-0")),
                ASK,
            ),
            ("somebody measures an age that cannot be", freezing(age=1e13), ASK),
            ("the alert is of the disk", freezing(fires=alert("VolumeFull", pod="postgres-0")), ASK),
        )
    ),
]
