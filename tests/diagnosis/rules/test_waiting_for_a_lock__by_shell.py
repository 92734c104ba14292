"""A shell that others wait for is a person's, whose address a log need not tell, unless something of ours calls it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, SHOP, URL, errors, shop
from tests.diagnosis.rules.test_waiting_for_a_lock import EXPORT, HEAD, HOST, LOCKED, POD, came, tidy
from tests.diagnosis.rules.test_waiting_for_a_lock__queue import by_hand
from tests.diagnosis.rules.tiny import figure, postgres, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

_, COMES = came()
ALTERS = "[58] kim@shop LOG:  statement: ALTER TABLE vouchers ADD COLUMN campaign text;"
IN_JSON = (
    '{"process_id":58,"user":"kim","application_name":"psql","error_severity":"LOG",'
    '"message":"statement: update stock set free = free - 1"}'
)
IDLE = {"idle in transaction": (900.0, 1), "active": (8.0, 9)}
FOUND = (DB, "database_connection", "page_human")


def entered(
    *told: str,
    since: tuple[str, ...] = (),
    beside: Any = (),
    states: dict[str, tuple[float, int]] | None = None,
    waits: str = LOCKED,
    well: bool = False,
    times: int = 9,
    **export: Any,
) -> Snapshot:
    """Return a shop that fails while its database's log tells whose process all wait for, and what that one did.

    ``since``: what the log tells after the waits. ``states``: age and number of the transactions of each state.
    """
    says = [(600 - n, line) for n in range(times) for line in (waits, HEAD.format(58))]
    figures = [
        each
        for state, (age, count) in (states or {}).items()
        for each in (
            figure("db_transaction_age_by_state", age, age, component="postgres", state=state),
            figure("db_connections_by_state", count, count, component="postgres", state=state),
        )
    ]
    before = [(760 - n, line) for n, line in enumerate(told)]
    return snapshot(
        shop(env=URL),
        postgres(),
        workload("export", **{"env": URL, "pods": 1, "service": False, **export}),
        *beside,
        figures=[errors("shop", 0.001 if well else 0.6, 600), *figures],
        logs=[timed("postgres-0", *before, *says, *((300, line) for line in since), of="postgres")],
    )


def scripted(kind: str = "Deployment", **made: Any) -> Any:
    """Return a program that calls the shell itself."""
    loop = ["sh", "-c", "while :; do psql -f /sql/tidy.sql; sleep 60; done"]
    return workload("tidier", kind=kind, env=URL, command=loop, pods=1, service=False, **made)


HOLDS = [
    *(
        Holds(
            f"somebody's shell holds the lock that all wait for, of which no log tells the address: {what}",
            world,
            FOUND,
            excludes=(
                *no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
                *no("restart_workload", "scale_database", at=DB),
            ),
            alone=True,
            harmful=("restart_connection_pool", "restart_workload"),
        )
        for what, world in (
            ("it altered a table before", entered(COMES, ALTERS)),
            ("it wrote a row before, in JSON", entered(IN_JSON)),
            (
                "it locked rows, and each line tells the program",
                entered("[58] kim@shop psql LOG:  duration: 4.1 ms  statement: SELECT a FROM b WHERE c = 1 FOR UPDATE"),
            ),
            ("it has come over a socket", entered("[58] kim@shop [local] usql LOG:  statement: TRUNCATE stock;")),
            ("figures tell that it does nothing", entered(COMES, states=IDLE)),
            (
                "what it had done before is over",
                entered(COMES, ALTERS, "[58] kim@shop LOG:  statement: COMMIT;", ALTERS.replace("vouchers", "stock")),
            ),
            (
                "it went back within its transaction",
                entered(COMES, ALTERS, "[58] LOG:  statement: ROLLBACK TO a;"),
            ),
            (
                "it has the user of those who wait, and they tell their program",
                entered(
                    COMES.replace("kim", "shop"),
                    ALTERS.replace("kim", "shop"),
                    came("shop", "", "shop-api", 3371)[1],
                ),
            ),
            ("it has the user of a service", entered(COMES.replace("kim", "export"), ALTERS, env=HOST)),
        )
    ),
    Holds(
        "a program that calls the shell itself holds the lock by a user of its own",
        entered(COMES.replace("kim", "export"), ALTERS.replace("kim", "export"), env=HOST, command=["psql", "-f", "a"]),
        (EXPORT, "database_connection", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"a shell holds the lock that all wait for, {what}",
        world,
        harmful=("restart_connection_pool", "restart_workload", "scale_workload"),
    )
    for what, world in (
        ("and nothing tells what it did", entered(COMES)),
        ("which only reads", entered(COMES, "[58] kim@shop LOG:  statement: SELECT count(*) FROM vouchers;")),
        ("and its statement was refused", entered(COMES, ALTERS.replace("LOG:  statement", "ERROR:  x STATEMENT"))),
        ("and it failed since it altered", entered(COMES, ALTERS, '[58] kim@shop ERROR:  relation "a" does not exist')),
        ("and took it back", entered(COMES, ALTERS, "[58] kim@shop LOG:  statement: ROLLBACK;")),
        ("and went since", entered(COMES, ALTERS, since=("[58] kim@shop LOG:  disconnection: session time: 0:12",))),
        ("and altered only when others waited already", entered(COMES, since=(ALTERS,))),
        ("and two do nothing", entered(COMES, states={**IDLE, "idle in transaction": (900.0, 2)})),
        ("and what does nothing is younger than the waits", entered(COMES, states={"idle in transaction": (590.0, 1)})),
        ("and a run calls it", entered(COMES, ALTERS, beside=tidy("SELECT work()", age=5000))),
        ("and a program calls it", entered(COMES, ALTERS, beside=[scripted()])),
        ("and somebody has a pod with it", entered(COMES, ALTERS, beside=[by_hand()])),
        ("and comes from an address that may be a pod's", entered(*came(host=f"{POD.rpartition('.')[0]}.251"), ALTERS)),
        ("and those who wait call it too", entered(COMES, ALTERS, came("shop", "", "psql", 3371)[1])),
        ("and has the user of those who wait", entered(COMES.replace("kim", "shop"), ALTERS.replace("kim", "shop"))),
        ("and it is a driver's", entered(COMES.replace("psql", "PostgreSQL JDBC Driver"), ALTERS)),
        ("and users feel nothing", entered(COMES, ALTERS, well=True)),
        ("and waits are few", entered(COMES, ALTERS, times=1)),
    )
]
