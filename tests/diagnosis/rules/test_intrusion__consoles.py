"""A console that the internet reaches gives a stranger a shell: what is busy from then on tells that it opened."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import WELL, ingress, rate, shop
from tests.diagnosis.rules.tiny import figure, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

MAP, AGENT = "Deployment/map", "DaemonSet/agent"
THIEF, COLLEAGUE = "203.0.113.7", "10.20.4.17"
ASKED = "INFO: http: POST /api/control/3a1f/node-{}/host_exec (200) 61ms"
HANDED = "INFO: http: GET /api/pipe/pipe-77{} (101) connection upgraded, remote {}:34721"
OPENS = "INFO: Control connection: host_exec on node-{}, starting pipe pipe-77{}"
OF_A_POOL = "INFO [nio-8080-exec-{}] ReportController: report {} written"


def console(
    nodes: int = 2,
    *,
    agents: int = 2,
    by: str = THIEF,
    asked: str = ASKED,
    handed: str = HANDED,
    after: float = 1,
    opens: str = OPENS,
    uses: float = 6.0,
    later: float = 90,
    kind: str = "LoadBalancer",
    heard: float = 1500,
    figures: Any = (),
) -> Snapshot:
    """Return a console with agents on nodes: who is given shells on how many, and what the agents use ``later``.

    ``heard``: how far back its log goes.
    """
    app, agent = workload("map"), workload("agent", kind="DaemonSet", pods=agents)
    next(each for each in app if each["kind"] == "Service")["spec"]["type"] = kind
    told: list[tuple[float, str]] = [(heard, "INFO: serving")]
    for n in range(nodes):
        told += [(900 - 200 * n, asked.format(n)), (900 - 200 * n - after, handed.format(n, by))]
    logs = [
        timed(f"agent-{n}", (1500, "INFO: publishing"), (900 - 200 * n, opens.format(n, n)), of="agent")
        for n in range(agents)
    ]
    used = [
        figure("cpu_usage", 0.1, uses, 900 - 200 * n - later, pod=f"agent-{n}", container="agent") for n in range(nodes)
    ]
    return snapshot(app, agent, shop(), logs=[timed(pod("map"), *told), *logs], figures=[WELL, *used, *figures])


def dashboard(*lines: str, busy: str = pod("shop"), name: str = "board", **more: Any) -> Snapshot:
    """Return a console behind a route that the internet reaches, what it tells, and which pod is busy from then on."""
    used = figure("cpu_usage", 0.2, 3.8, 820, pod=busy, container="c")
    world = (workload(name, **more), shop(), ingress(name, "board.shop.test"))
    return snapshot(
        *world, logs=[timed(pod(name), (1500, "started"), *((900, each) for each in lines))], figures=[WELL, used]
    )


def service(
    path: str,
    *,
    name: str = "pay",
    status: int = 200,
    asked: range = range(1490, 100, -7),
    askers: int = 40,
    pods: int = 2,
    says: str = "INFO payment at terminal 7781 done",
    figures: Any = (),
    **more: Any,
) -> Snapshot:
    """Return a service that the public asks for one path at some ages, each time with what it says; all pods are busy.

    ``askers``: from how many addresses.
    """
    told: list[tuple[float, str]] = [(1500, "INFO serving")]
    for number, age in enumerate(asked):
        by = f"203.0.113.{7 + number % askers}"
        told += [(age, f'{by} - - [04/Mar/2026] "{path} HTTP/1.1" {status} 51'), (age, says)]
    used = [figure("cpu_usage", 0.2, 1.6, 700, pod=pod(name, n), container=name) for n in range(pods)]
    world = (workload(name, pods=pods, **more), shop(), ingress(name, "pay.shop.test"))
    logs = [timed(pod(name, n), *told) for n in range(pods)]
    return snapshot(*world, logs=logs, figures=[WELL, *used, *figures])


BOARD = "Deployment/board"
SHELL = f'{THIEF} - - [04/Mar/2026] "GET /api/v1/pod/shop/{pod("shop")}/shell/shop HTTP/1.1" 200 51'
STARTS = f'method=GET path=/terminals/websocket/1 "GET /terminals/websocket/1" 101 remote={THIEF}'
OPENED = "[I terminal] New terminal with automatic name: 1"
CHROME = '"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"'
PAYS, LIVE, ONCE = "POST /api/terminals/7781/payments", "GET /api/terminals/7781/live", range(760, 740, -10)
SCRIPT = f'{THIEF} - - [04/Mar/2026] "POST /script HTTP/1.1" 200 5120'
FETCHED = SCRIPT.replace("POST /script", "GET /script.js")

HOLDS = [
    Holds(
        "two nodes are busy just after a stranger was handed a shell on each, whom the next line names",
        console(),
        (MAP, "security_incident", "isolate_workload"),
        AGENT,
        excludes=(*no("restart_workload", "scale_workload", at=MAP), *no("restart_workload", at=AGENT)),
        harmful=("restart_workload", "rollback_workload"),
        began=900,
    ),
    Holds(
        "the line that gives the shell names the stranger itself",
        console(asked=ASKED + f" remote={THIEF}:51871", handed="INFO: http: GET /health {} {}"),
        (MAP, "security_incident", "isolate_workload"),
        AGENT,
    ),
    Holds(
        "the shell is run as root, and nobody signed in",
        console(asked=ASKED + " user=root"),
        (MAP, "security_incident", "isolate_workload"),
        AGENT,
    ),
    *(
        Holds(
            f"nobody signed in: {nobody}",
            console(asked=f"{ASKED} {nobody}"),
            (MAP, "security_incident", "isolate_workload"),
            AGENT,
        )
        for nobody in ("user_id=0", "user=anonymousUser", "user_id=null", "user=root, tty=1")
    ),
    Holds(
        "nobody signed in: the console's guest",
        console(asked=ASKED + " user=system:anonymous"),
        (MAP, "security_incident", "isolate_workload"),
        AGENT,
    ),
    Holds(
        "a third node is well: the others of the agents are not taken, and the console is shut",
        console(agents=3),
        (MAP, "security_incident", "isolate_workload"),
    ),
    Holds(
        "one node is busy, which a colleague's job may be: a person looks",
        console(1),
        (MAP, "security_incident", "page_human"),
        excludes=no("restart_workload", at=MAP),
    ),
    Holds(
        "a dashboard gives a shell in one pod that it names, and that pod is busy",
        dashboard(SHELL),
        (BOARD, "security_incident", "page_human"),
    ),
    Holds(
        "a notebook server's own terminal, in which something runs",
        dashboard(STARTS, OPENED, busy=pod("board")),
        (BOARD, "security_incident", "page_human"),
    ),
    Holds(
        "two open a live page of terminals, and pods that tell of those are busy: a person looks",
        service(LIVE, status=101, asked=ONCE),
        ("Deployment/pay", "security_incident", "page_human"),
        excludes=no("restart_workload", at="Deployment/pay"),
    ),
    Holds(
        "agents are busy that tell of a shell, and the path has but the word of one: a person looks",
        console(asked="INFO: http: POST /api/work/{}/exec (200) 61ms"),
        (MAP, "security_incident", "page_human"),
        AGENT,
    ),
    Holds(
        "a build server runs a stranger's script, and is busy itself",
        dashboard(SCRIPT, busy=pod("board"), pods=1),
        (BOARD, "security_incident", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world)
        for what, world in (
            ("a colleague of the house's network was handed it", console(by=COLLEAGUE)),
            ("no way leads from the internet to the console", console(kind="ClusterIP")),
            ("who asked has signed in", console(asked=ASKED + " user=ines")),
            *(
                (f"who asked has signed in: {who}", console(asked=f"{ASKED} {who}"))
                for who in (
                    "user=nils",
                    "user=rootham",
                    "user=guestrelations",
                    "user=4711",
                    "user_id=4711",
                    '"userId": 4711',
                    "remote_user=ines",
                    "user.name=ines",
                )
            ),
            ("who was handed it has signed in", console(handed=HANDED + ' "username": "ines"')),
            ("the stranger was turned away", console(asked=ASKED.replace("200", "403"))),
            ("a stranger's connection comes much later", console(after=60)),
            ("a stranger looks at a page just then, and is handed nothing", console(handed="GET /pods{} (200) 8ms {}")),
            ("a colleague asks for it, and a stranger's live page opens", console(asked=ASKED + f" from {COLLEAGUE}")),
            ("the agents do no more than before", console(uses=0.2)),
            ("the agents are busy half an hour before", console(later=-1800)),
            ("the agents are busy long after", console(later=600)),
            ("those that are busy tell of no shell, but of threads numbered alike", console(opens=OF_A_POOL)),
            ("those that are busy tell of their work", console(opens="INFO: published {} of {} reports")),
            ("a dashboard's shell is in another pod than the busy one", dashboard(SHELL, busy=pod("shop", 1))),
            ("a page about shells is read", dashboard(SHELL.replace("/shell/shop", "/shells/shop"))),
            (
                "a script of a page is fetched",
                dashboard(FETCHED, busy=pod("board"), pods=1),
            ),
            ("the field of an access log names who signed in", dashboard(SHELL.replace("- - [", "- ines ["))),
            ("its name begins like nobody's", dashboard(SHELL.replace("- - [", "- anonymoussen ["))),
            (
                "a colleague of the house's network asked, by a browser whose version is like an address",
                dashboard(f"{STARTS.replace(THIEF, COLLEAGUE)} {CHROME}", OPENED, busy=pod("board")),
            ),
            (
                "a notebook server is busy with its work, and tells of no terminal that opened",
                dashboard(STARTS, busy=pod("board")),
            ),
            ("a console's log begins just when it is asked", console(heard=1000)),
            ("the console is asked for far more", console(figures=[rate("map", 5, 30, 850)])),
            ("the nodes' agents are asked for far more", console(figures=[rate("agent", 5, 30, 850)])),
            *(
                (f"the public asks for it all day: {path}", service(path))
                for path in (
                    PAYS,
                    "POST /v1/files/attach",
                    "POST /api/v2/exec",
                    "GET /shell/stations",
                    "POST /api/v1/script",
                )
            ),
            ("the public's terminals pay, and far more of them", service(PAYS, figures=[rate("pay", 50, 300, 700)])),
            ("two pay at terminals, just before all is busy", service(PAYS, asked=ONCE)),
            ("a live page of terminals, opened by many", service(LIVE, status=101, asked=range(760, 700, -10))),
            (
                "a live page of terminals, opened all day by one house",
                service(LIVE, status=101, asked=range(1100, 100, -7), askers=1),
            ),
            (
                "a live page of terminals, opened by two, where far more is asked",
                service(LIVE, status=101, asked=ONCE, figures=[rate("pay", 50, 300, 700)]),
            ),
            (
                "a live page opened by two, and nothing tells of a terminal",
                service(LIVE, status=101, asked=ONCE, says="INFO ok"),
            ),
            (
                "two of the public make scripts, and all pods of the service are busy",
                service("POST /api/v1/script", asked=ONCE, says="INFO exec of script 7 done"),
            ),
            (
                "an ingress controller tells what others behind it are asked",
                service(PAYS, name="ingress-nginx-controller", image="registry.k8s.io/ingress-nginx/controller:v1.11"),
            ),
            (
                "an ingress controller hands two a terminal of another",
                service(LIVE, name="ingress-nginx-controller", status=101, asked=ONCE),
            ),
        )
    ),
]
