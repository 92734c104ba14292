"""Documents whose types are obeyed, and tables that go out by a shell's tools; who exports, or refuses, does not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.test_intrusion__obeyed import COPY, DROP, JOBS, RESTARTS, SOME, START, THIEF, site
from tuheg_ir.diagnosis.model import Snapshot

RUBY = r'Parameters: {"payload"=>"--- !ruby/object:Gem::Installer\n  i: x\n--- !ruby/object:Net::BufferedIO\n"}'
PYTHON = r"request_body='!!python/object/apply:os.system [\"[FILTERED]\"]'"
PHP = r'payload="O:40:\"Illuminate\\Broadcasting\\PendingBroadcast\":2:{s:9:..."'
ASKED = f'Started POST "/import" for 10.0.0.9 (X-Forwarded-For: {THIEF})'
REFUSED = "Psych::DisallowedClass (Tried to load unspecified class: Gem::Installer)"
REJECTED = "Completed 422 Unprocessable Content in 3ms"
TABLE = "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current"
PSQL, MYSQL = "psql (15.6)", "Welcome to the MariaDB monitor.  Commands end with ; or \\g."
PARTS = tuple(f"  params.part[{n}] validated" for n in range(8))
MISSING = "sh: 1: exiftool: not found"
NOT_FOUND = "sh: 1: which: not found"
WGET = f"--2026-03-04 11:45:01--  http://{DROP}/x"
CALLS_BACK = f"* Connected to {THIEF} ({THIEF}) port 8443"
REACHES, PUTS = f"* Connected to {DROP} ({DROP}) port 8443", "> PUT /u/k/customers.csv.gz HTTP/1.1"
PARTNER = "* Connected to sftp.partner.example (198.51.100.23) port 443"
BY_PSQL = "[88121] user=web,db=shop,app=psql,client={address} "
BY_DRIVER = "[88121] user=web,db=shop,app=web,client={address} "
SERVES = tuple((2500.0 - 100 * n, '"GET /items/7 HTTP/1.1" 200 812') for n in range(8))


def built(*then: str, sent: str = RUBY, asked: str = ASKED, before: tuple[str, ...] = (), **more: Any) -> Snapshot:
    """Return a site that was sent a document, what its log tells just then, and what it told long before."""
    first = [(2900.0 - n, line) for n, line in enumerate(before)]
    told = [(900.0, asked), (899.9, sent), *((899.0 - 0.1 * n, line) for n, line in enumerate(then))]
    return site(START, *first, *told, **more)


def slowly(*then: str) -> Snapshot:
    """Return a site that was sent a document, and what its log tells from some seconds later on."""
    told = [(900.0, ASKED), (899.9, RUBY), *((896.5 - 0.1 * n, line) for n, line in enumerate(then))]
    return site(START, *told)


def taken(
    *tools: str, dumps: str = COPY, prefix: str = BY_PSQL, serves: tuple[tuple[float, str], ...] = SERVES, **more: Any
) -> Snapshot:
    """Return a site whose database is asked for tables, and what tools of a shell write into its log."""
    told = tuple((590.0 - n, line) for n, line in enumerate(tools or (REACHES, PUTS)))
    return site(START, *serves, *told, dumps=dumps, prefix=prefix, **more)


HOLDS = [
    *(
        Holds(
            f"a document was obeyed: {what}",
            world,
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=RESTARTS,
        )
        for what, world in (
            ("curl and a shell of the database speak then", built(TABLE, PSQL)),
            ("a shell complains, and wget fetches", built(NOT_FOUND, WGET, sent=PYTHON)),
            ("it calls who sent it, and fetches", built(TABLE, CALLS_BACK, sent=PHP)),
            ("another database's shell speaks", built(NOT_FOUND, MYSQL, sent=PHP)),
            (
                "another request is turned away long after",
                built(TABLE, PSQL, *PARTS, 'Started GET "/items" for 10.0.0.9', "Completed 404 Not Found in 3ms"),
            ),
            ("tables go out besides", built(TABLE, PSQL, REACHES, dumps=COPY, prefix=BY_PSQL)),
        )
    ),
    *(
        Holds(
            f"tables are copied out by hand, and a tool sends to a bare address: {what}",
            world,
            (SHOP, "security_incident", "page_human"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=RESTARTS,
        )
        for what, world in (
            ("whole tables", taken()),
            ("a part of one", taken(dumps=SOME)),
            ("by another method", taken(REACHES, "> POST /up HTTP/1.1")),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a document was sent, and nothing shows that it was obeyed: {what}", world)
        for what, world in (
            ("nothing follows", built()),
            ("its types were refused", built(REFUSED, REJECTED)),
            ("they were refused after much else was told", built(*PARTS, REFUSED, REJECTED, TABLE, MISSING)),
            ("it was turned away after much else was told", built(*PARTS, REJECTED, TABLE, PSQL)),
            ("it was refused by a slow parser", slowly(REFUSED, REJECTED, TABLE, MISSING)),
            (
                "it was refused by a slow parser, while others were served",
                slowly('Started GET "/items" for 10.0.0.9', "Completed 200 OK in 3ms", REFUSED, TABLE, MISSING),
            ),
            ("what follows comes of every import", built(TABLE, PSQL, before=(TABLE, PSQL))),
            ("one tool alone speaks, which it may call itself", built(TABLE)),
            (
                "the types are the program's own",
                built(TABLE, PSQL, sent='params={"p": "!ruby/object:Shop::Cart"}'),
            ),
            ("it only tells of a type of its own", built(TABLE, PSQL, sent="DEBUG cached ruby/object:Gem::Version")),
        )
    ),
    *(
        DoesNotHold(f"tables are copied, and nobody carries them off: {what}", world, harmful=("isolate_workload",))
        for what, world in (
            ("the tool knows a name", taken(PARTNER, PUTS)),
            ("nothing is sent", taken(REACHES, "> GET /rates HTTP/1.1")),
            ("the program asks by its driver", taken(dumps=SOME, prefix=BY_DRIVER)),
            ("another pod asks", taken(by="jobs")),
            ("it is made to call that shell", taken(command=("sh", "-c", "psql -c 'COPY ...' | curl -T - $TO"))),
            ("it answers nobody, and brings data away by design", taken(serves=())),
            ("it is inside the cluster", taken(REACHES.replace(DROP, "10.0.0.7"), PUTS)),
        )
    ),
    DoesNotHold("tables are copied by a program that exports", taken(name="order-export")),
]
HOLDS += [
    Holds(
        f"it may be the owners' own test that a document was obeyed{what}",
        built(TABLE, PSQL, asked=f'Started POST "/import" for {JOBS}{says}'),
        (SHOP, "security_incident", "page_human"),
        excludes=no(*RESTARTS, at=SHOP),
        harmful=("isolate_workload",),
    )
    for what, says in (("", ""), (", and it tells whom it asks for", f" (X-Forwarded-For: {DROP})"))
]
