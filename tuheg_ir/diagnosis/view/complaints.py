"""Who complains of whom: troubles in logs, told of the workload or host that they name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.accessed import not_of_users
from tuheg_ir.diagnosis.view.directories import asked_by_kind
from tuheg_ir.diagnosis.view.graph import foreign, hosts_in
from tuheg_ir.diagnosis.view.hosts import is_address
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.marked import is_marked
from tuheg_ir.diagnosis.view.once import once, once_by_name
from tuheg_ir.diagnosis.view.programs import named_in, of_role
from tuheg_ir.diagnosis.view.reading import moment, newest, oldest
from tuheg_ir.diagnosis.view.standing import stands
from tuheg_ir.diagnosis.view.trouble import errors, measured
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

UNANSWERED = ("connection_refused", "connection_timeout", "connection_reset", "upstream_failure")
"""Troubles of who gets no answer from somebody, whom its log may name."""
_WORD = late(r"[a-z0-9][a-z0-9.-]*[a-z0-9]")
_MENTIONED = {
    "cache": (
        *("redis", "valkey", "memcache", "jedis", "lettuce", "clusterdown", "masterdown", "hazelcast", "aerospike"),
        *("max number of clients", "misconf "),
    ),
    "broker": (
        *("rabbit", "amqp", "kafka", "insync replicas", "in-sync replicas", "topic-partition", "not_enough_replicas"),
        *("pulsar", "activemq", "nats: ", "jetstream", "bunny::", "pika."),
    ),
    "search": (
        "elasticsearch",
        "opensearch",
        "cluster_block_exception",
        "solr",
        "es_rejected",
        "_exception]",
        "lucene",
    ),
    "database": (
        *("psycopg", "asyncpg", "hikari", "jdbc", "npgsql", "pg::", "pgx", "postgres", "mysql", "mariadb", "mongo"),
        *("sqlstate", "activerecord", "sequelize", "server closed the connection unexpectedly", "mvcc:", "etcd"),
        *("replicasetnoprimary", "serverselection", "server selection", "cassandra", "scylla", "gocql"),
        *("ora-0", "ora-1"),
        *("sqlalchemy", "django.db", "knex", "typeorm", "prisma", "gorm", "hibernate", "dbconnection.", "sqlclient"),
        *("cockroach", "clickhouse", "couchbase", "neo4j", "dynamodb", "hy000", "lib/pq", "pq: "),
        *("communications link", "last packet s"),
    ),
}
"""Words by which a line tells which kind of program it speaks of."""
_ORDINARY = late(r"redis(?:patch|tribut|cover|play)\w*")
"""Words of everybody that begin like the name of a program."""
_TOOL = late(r"\s*(?:curl: \(\d+\)|wget: )")
"""Beginnings of what tools say that are given whom to ask on their command line."""
_PROXY = late(r"\s(?:-x|--proxy)[\s=]+\S+")
_SHELL_WORD = late(r"(?:\"[^\"]*\"|'[^']*'|[^\s\"'])+")
_VARIABLE = late(r"\$[({]?(\w+)[)}]?")
_ADDRESS = late(r"[\"']?(?:\w+://(?:[^/@]*@)?)?\$[({]?(\w+)")
"""A word of a command that begins with a variable, as whom one asks may; a token stands within a word."""
_OF_SQL = late(r"\bError \d{4} \(\w{5}\)|\bER_[A-Z_]{6,}\b|\bDB::Exception\b|\bjava\.sql\.\w|\bSqlException\b")
"""How drivers tell of any refusal of a database's statements."""
_POOLER = late("max_client_conn|query_wait_timeout")
"""Words that only a pooler in front of a database has."""
_TELLING = 4
"""A part of a host's name that is shorter is no name of anybody: com, co, eu."""
_USUAL = late(
    r"errors?|fail(?:ed|ure)|unavailable|timeout|timed|refused|reset|closed|status|code|temporarily|overloaded"
    r"|services?|servers?|gateway|proxy|(?:up|down)stream|connect(?:ion)?|peer|network|host|request|response|client|target"
    r"|(?:back|front)end|endpoint|dependency|remote|resource|message|https?|grpc|json|info|warn|level|node|cluster|pool"
    r"|database|data|store|storage|cache|queue|broker|search|mail|smtp|auth|login|accounts?|users?|token"
    r"|internal|external|local|corp|consul|home|intranet|private|public|cloud|prod(?:uction)?|stag(?:e|ing)|test"
)
"""Words that stand in any line, whomever it speaks of: as a part of a host's name they are no name of anybody."""
_OF_WAYS = ("connection_", "upstream_", "rate_")
"""Beginnings of the troubles of a way to somebody."""
_NO_DATABASE = {
    "cache": late(
        r"noauth|wrongpass|auth <password>|auth failed: |invalid username-password pair|redis[.:]|redis\w*exception"
        r"|jedis|\bmisconf[: ]|can.t write against a read.only|issued to a (?:replica|slave)|memcache"
    ),
    "broker": late(
        r"access_refused|login refused: user|username or password not allowed|vhost|amqp|rabbitmq|nats: "
        r"|kafka(?:\.common|:| server)|rdkafka|sasl_(?:ssl|plaintext)|sasl mechanism|saslauth|unsupportedsasl"
    ),
    "search": late(r"security_exception|for rest request|elasticsearch\.|opensearch"),
}
"""Words of caches, brokers and searches in lines of kinds that databases give as well: a login, a pool, a role."""
STILL = timedelta(minutes=15)
"""A trouble that was last told longer ago than this is over."""
RUN = timedelta(hours=2)
"""So long the last words of a failed run are news, or of who is refused and silent since."""
_MADE_GOOD = ("lastSuccessfulTime", "completionTime")
"""Where a CronJob, and a Job of its own, tells that a later run, or try, was well."""
OFTEN = 3
"""Who is refused less often may have come in since without a word of it."""
_ON_THE_WAY = ("connection_", "cache_busy")
"""Troubles (by their beginnings) with whom one asks, if one came as far as that."""
_SPEAKS_OF = {
    "database": ("database_", "pool_", "read_only_", "lock_", "role_", "login_"),
    "cache": ("cache_",),
    "broker": ("broker_",),
}
"""Troubles (by their beginnings) that a program of a role gives, unless a line names another one."""


class Complaint(NamedTuple):
    """One trouble that a workload tells of: about which workload of the namespace ("" none), which hosts."""

    caller: str
    about: str
    hosts: tuple[str, ...]
    hit: Hit


def complaints(view: View, *troubles: str) -> tuple[Complaint, ...]:
    """Return the troubles of some kinds that go on still; one per workload complained of."""
    return tuple(_complaints(view, frozenset(troubles)))


def _complaints(view: View, troubles: frozenset[str]) -> Iterator[Complaint]:
    own = {route.host for route in view.routes}
    names = {(hit.pod, hit.line) for hit in view.hits if hit.trouble == "dns"}
    for hit in view.hits:
        if hit.trouble not in troubles or not fresh(view, hit):
            continue
        if hit.trouble.startswith(_ON_THE_WAY) and (hit.pod, hit.line) in names:
            continue  # it never came as far as the host that it names
        hosts = hit.hosts or asked_by_tool(view, hit.component, hit.container, hit.line) or asked_by_kind(view, hit)
        abouts = {ref for host in hosts if (ref := view.graph.resolve(host)) and ref != hit.component}
        outside = not_of_users(view, hit, [h for h in hosts if _elsewhere(view, h, own)])
        if not abouts and not outside:
            abouts = _named(view, hit) or _guessed(view, hit)
        if not abouts and not any(map(foreign, outside)):
            outside += _called(view, hit, own)
        for about in sorted(abouts) or [""]:
            yield Complaint(hit.component, about, outside, hit)


def asked_by_tool(view: View, ref: str, container: str, line: str) -> tuple[str, ...]:
    """Return the one host that a container's command asks by a tool which does not say whom it asked: `curl: (22)`."""
    workload = view.workloads.get(ref)
    if workload is None or not _TOOL.match(without_time(line)):
        return ()
    said = _PROXY.sub(" ", " ".join(word for _, word in view.graph.commands(workload, container)))
    variables = {found[1] for word in _SHELL_WORD.findall(said) if (found := _ADDRESS.match(word))}
    given = [(key, value) for key, value in view.graph.settings(workload) if value and key in variables]
    literal = hosts_in("", _VARIABLE.sub("$", said))
    unknown = variables - {key for key, _ in given} - {name for name in variables if f"{name}=" in said}
    if unknown or any("$" in host and host != "$" for host in literal):
        return ()  # it may be the one that nobody sees
    hosts = literal - {"$"} | {host for key, value in given for host in hosts_in(key, value)}
    return tuple(hosts) if len(hosts) == 1 else ()


def _elsewhere(view: View, host: str, own: set[str]) -> bool:
    """Tell whether a host is none of ours: no workload, no bare address, no name under which users come."""
    return not view.graph.resolve(host) and not is_address(host) and host not in own


def fresh(view: View, hit: Hit) -> bool:
    """Tell whether a trouble was told of lately, or nobody knows when; states and some last words stand for longer."""
    if hit.last is None or view.recent(hit.last, STILL) or stands(view, hit):
        return True
    return view.recent(hit.last, RUN) and (_last_words(view, hit) or _still_refused(view, hit))


def _still_refused(view: View, hit: Hit) -> bool:
    """Tell whether a running pod was refused again and again, and tells of nothing but errors since.

    A password that is wrong does not become right by itself; who came in after all would tell of work.
    """
    if not hit.trouble.endswith("_authentication") or hit.previous or hit.count < OFTEN:
        return False
    workload = view.workloads.get(hit.component)
    if workload is None or (measured(view, workload) and errors(view, workload.ref) is None):
        return False  # its requests succeed: it came in without a word of it
    pods = [pod for pod in workload.live if pod.name == hit.pod]
    logs = [log for log in view.logs_of(pods, previous=False) if log.container == hit.container]
    return bool(logs) and all(
        is_marked(line) for log in logs for line in lines_after(log.lines, hit.line) if stamp(line)
    )


def lines_after(lines: Sequence[str], last: str) -> Sequence[str]:
    """Return what a log tells after the last line of a trouble: a trace has no time by which to tell."""
    places = [n for n, line in enumerate(lines) if line.strip().startswith(last)]
    return lines[places[-1] + 1 :] if places else lines


def _last_words(view: View, hit: Hit) -> bool:
    """Tell whether a trouble was told by a run that failed and that no later one made good."""
    workload = view.workloads.get(hit.component)
    if workload is None or workload.kind not in BATCH or hit.last is None:
        return False
    well = newest(moment(workload.obj, "status", each) for each in _MADE_GOOD)
    failed = any(pod.name == hit.pod and pod.phase == "Failed" for pod in workload.pods)
    return failed and (well is None or well < hit.last)


def _named(view: View, hit: Hit) -> set[str]:
    """Return what a workload calls and names in a line without a host that is known: `accounts: connect ETIMEDOUT`."""
    words = set(_WORD.findall(hit.line.lower()))
    return {ref for ref in view.graph.calls.get(hit.component, ()) if words & _names(view, ref)}


def _called(view: View, hit: Hit, own: set[str]) -> tuple[str, ...]:
    """Return the one host outside in a caller's settings that a line calls by its owner's name: `acme: 504 Gateway`."""
    workload = view.workloads.get(hit.component)
    if workload is None or not hit.trouble.startswith(_OF_WAYS) or _named(view, hit):
        return ()
    words = set(_WORD.findall(hit.line.lower()))
    found = [host for host, owner in _owners(view, workload).items() if owner in words and _elsewhere(view, host, own)]
    return tuple(found) if len(found) == 1 else ()


@once
def _owners(view: View, workload: Workload) -> dict[str, str]:
    """Return host outside -> the name of whose it is, of those in a workload's settings: acme of api.acme.com."""
    hosts = {h for key, value in view.graph.settings(workload) for h in hosts_in(key, value) if foreign(h)}
    return {host: owner for host in sorted(hosts) if (owner := owner_of(host))}


def owner_of(host: str) -> str:
    """Return the name of whose a host is: acme of api.acme.com; "" if its parts could be anybody's."""
    return next(filter(_telling, host.split(".")[-2::-1]), "")


def _telling(part: str) -> bool:
    return len(part) >= _TELLING and not _USUAL.fullmatch(part)


def _names(view: View, ref: str) -> set[str]:
    services = {service.name for service in view.leading_to(ref)}
    return {ref.partition("/")[2].lower(), *services}


def _guessed(view: View, hit: Hit) -> set[str]:
    """Return the one database, cache or broker that a line without a host must mean."""
    line = hit.line.lower()
    if hit.trouble == "database_full" and _POOLER.search(line):
        return _only(view, hit.component, "pooler")
    if hit.trouble.startswith(_SPEAKS_OF["database"]):
        for wanted, words in _NO_DATABASE.items():
            if words.search(line):
                return _only(view, hit.component, wanted)
    if hit.trouble == "database_full" and any(word in line for word in _MENTIONED["cache"]):
        return _only(view, hit.component, "cache")
    for wanted, beginnings in _SPEAKS_OF.items():
        if hit.trouble.startswith(beginnings):
            return _only(view, hit.component, wanted)
    if hit.trouble == "store_quota" and len(called := set(named_in(view.workloads, line)) - {hit.component}) == 1:
        return called
    wanted = kind_spoken_of(line)
    return _only(view, hit.component, wanted) if wanted else set()


def kind_spoken_of(line: str) -> str:
    """Return of which kind of store or broker a line speaks by its words; "" of none."""
    lowered = _ORDINARY.sub("", line.lower())
    return next((kind for kind, words in _MENTIONED.items() if any(word in lowered for word in words)), "")


def store_spoken_of(view: View, caller: str, line: str) -> str:
    """Return the one store or broker whose words a caller's line repeats, by their kind; "" if it may be none."""
    kind = kind_spoken_of(line) or ("database" if _OF_SQL.search(line) else "")
    return next(iter(_only(view, caller, kind)), "") if kind else ""


def _only(view: View, caller: str, wanted: str) -> set[str]:
    everywhere = {ref for ref in _of_role(view, wanted) if ref != caller}
    needed = everywhere & view.graph.calls.get(caller, set())
    return needed if len(needed) == 1 else everywhere if len(everywhere) == 1 else set()


@once_by_name
def _of_role(view: View, wanted: str) -> tuple[str, ...]:
    # A run of such an image is a client of it.
    return tuple(workload.ref for workload in of_role(view.workloads, wanted))


def told(view: View, found: Iterable[Complaint], most: int = 3) -> tuple[Evidence, ...]:
    """Return complaints as evidence, one of each caller first."""
    by_caller: dict[str, Complaint] = {}
    for each in found:
        by_caller.setdefault(each.caller, each)
    return tuple(view.hit_evidence(each.hit) for each in list(by_caller.values())[:most])


def began(found: Iterable[Complaint]) -> datetime | None:
    """Return when the first of some complaints was told."""
    return oldest(each.hit.first for each in found)
