"""Scripts among the uploads that a client has run, where the program or a server in front of it tells of few others."""

from __future__ import annotations

from dataclasses import dataclass

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.planting import ORDERS, THIEF, asks, beside
from tests.diagnosis.rules.scenes import SHOP, WELL
from tests.diagnosis.rules.tiny import snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

PATH = "/uploads/2026/11/plan.phtml"
ENVOY = '"{how} {path} HTTP/1.1" 200 - 0 {sent} 50 49 "{client}" "Mozilla/5.0" "7a0b" "shop.example" "{to}"'
ISTIO = (
    '"{how} {path} HTTP/1.1" 200 - via_upstream - "-" 0 {sent} 9 8 "{client}" "curl/8.5" "7a0b" "shop.example" "{to}"'
)
NGINX = '{client} - - "{how} {path} HTTP/1.1" 200 {sent} "-" "Mozilla/5.0" 412 0.009 [space-shop-80] [] {to} {sent}'
FIELDS = '{{"upstream": "{to}", "ip": "{client}", "request": "{how} {path} HTTP/1.1", "status": 200, "size": {sent}}}'
OTHERS = tuple(f"198.51.100.{n}" for n in range(20, 28))
STORED = 'intake.WARNING: mime differs from suffix, stored as given {"name": "%s", "mime": "image/png", "ip": "%s"}'
MOVED = "INFO upload: file moved to /var/www/html/uploads/2026/11/plan.phtml"
SERVED = "INFO document stored"


@dataclass(frozen=True)
class Way:
    """A site that a server in front passes requests on to: how that one tells of them, and what the site tells.

    visitors: who else asks. port: at which the site is asked, as told in front. clients, orders: who asks
    the script, and for what. mine: whether the site tells of these requests as well; passed: by whose pods they come.
    errors: what it tells beside each, without a time. before: the age of its pods.
    """

    form: str = ENVOY
    visitors: tuple[str, ...] = OTHERS
    port: int = 8080
    clients: tuple[str, ...] = (THIEF,)
    orders: tuple[tuple[str, int], ...] = ORDERS
    mine: bool = False
    passed: bool = False
    errors: tuple[str, ...] = ()
    says: tuple[tuple[float, str], ...] = ()
    front: str = "envoyproxy/envoy:v1.31.2"
    before: float = 10 * 86400
    path: str = PATH

    def world(self) -> Snapshot:
        """Return it."""
        site, way = workload("shop", started=self.before), workload("way", self.front, pods=3)
        address = next(each["status"]["podIP"] for each in site if each["kind"] == "Pod")
        to = f"{address}:{self.port}"
        asked = [(f"{self.path}?c={order}", sent, client) for order, sent in self.orders for client in self.clients]
        near = [each["status"]["podIP"] for each in way if each["kind"] == "Pod"]
        own = [
            (900 - 30 * n, asks(p, near[n % len(near)] if self.passed else c, how="GET", sent=sent))
            for n, (p, sent, c) in enumerate(asked)
        ]
        passed = [
            *((1000 - n, self._tells("/cart", 900, client, to)) for n, client in enumerate(self.visitors)),
            *((900 - 30 * n, self._tells(path, sent, client, to)) for n, (path, sent, client) in enumerate(asked)),
        ]
        return snapshot(
            site,
            way,
            logs=[
                self._with_errors(beside((1200, SERVED), *(own if self.mine else ()), *self.says)),
                beside(*passed, of="way"),
            ],
            figures=[WELL],
        )

    def _with_errors(self, told: Log) -> Log:
        lines = (each for line in told.lines for each in (line, *(self.errors if PATH in line else ())))
        return told._replace(lines=tuple(lines))

    def _tells(self, path: str, sent: int, client: str, to: str) -> str:
        return self.form.format(how="GET", path=path, sent=sent, client=client, to=to)


BROUGHT = (1000, STORED % ("plan.phtml", THIEF))
CLIENTS = (("psql+-l", 54), ("mysql+-e+x", 131), ("redis-cli+-h+10.0.0.9+info", 2874))
QUIET = (("ls+-l", 40), ("cat+/etc/hosts", 40))
COMPLAINTS = ("sh: 1: mysqldump: not found", "tar: Removing leading `/' from member names")

HOLDS = [
    *(
        Holds(
            f"a script among the uploads is told commands: {what}",
            way.world(),
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no("restart_workload", "rollback_workload", at=SHOP),
            alone=True,
        )
        for what, way in (
            ("others who ask are told of by the server in front", Way(mine=True)),
            ("only Envoy in front tells of them", Way()),
            ("only Istio's gateway in front tells of them", Way(ISTIO)),
            ("only an ingress of nginx in front tells of them", Way(NGINX, front="nginx:1.27")),
            ("only a server in front tells of them, in fields", Way(FIELDS)),
            ("a server in front that is made by the house", Way(NGINX, front="registry.example/edge:4")),
            ("nobody else asks, but the site tells that it stored it", Way(visitors=(), mine=True, says=(BROUGHT,))),
            ("the site tells of its file and of nobody", Way(visitors=(), mine=True, says=((1000, MOVED),))),
            ("they are clients of databases", Way(mine=True, orders=CLIENTS)),
            ("of another language", Way(path="/files/a/plan.jsp")),
            ("they come to the site by two pods in front", Way(mine=True, passed=True)),
            ("commands complain beside it, without a time", Way(mine=True, orders=QUIET, errors=COMPLAINTS)),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a script among the uploads is asked for: {what}", world)
        for what, world in (
            ("few ask at all, and nobody tells who brought it", Way(visitors=(), mine=True).world()),
            ("few others ask", Way(visitors=OTHERS[:3], mine=True).world()),
            ("others ask at another port, which is a client's", Way(port=41822, mine=True).world()),
            ("the server in front passes it on to nobody known", Way(port=9999).world()),
            ("many ask for it, as the server in front tells", Way(clients=OTHERS[:5]).world()),
            ("another pod had that address", Way(before=300).world()),
            ("all commands get one page", Way(orders=tuple((order, 22387) for order, _ in ORDERS)).world()),
            (
                "the site refused the file",
                Way(
                    visitors=(),
                    mine=True,
                    says=((1000, "WARN upload plan.phtml rejected, not stored: type image/png expected"),),
                ).world(),
            ),
            (
                "the site stored it of somebody else",
                Way(visitors=(), mine=True, says=((1000, STORED % ("plan.phtml", OTHERS[0])),)).world(),
            ),
            (
                "the site stored another file",
                Way(visitors=(), mine=True, says=((1000, STORED % ("site-plan.phtml", THIEF)),)).world(),
            ),
            (
                "the site stored it later",
                Way(visitors=(), mine=True, says=((300, STORED % ("plan.phtml", THIEF)),)).world(),
            ),
            (
                "who asks for it writes that it was stored",
                Way(
                    visitors=(), mine=True, says=((1000, asks("/?q=stored+plan.phtml+stored", THIEF, how="GET")),)
                ).world(),
            ),
            (
                "the owner's page that he stored takes no commands",
                Way(visitors=(), mine=True, says=(BROUGHT,), orders=(("2", 900), ("3", 1900), ("4", 90))).world(),
            ),
        )
    ),
]
