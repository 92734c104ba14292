"""A library that looks for logins and speaks with a host of its own since, and what libraries do by right."""

from __future__ import annotations

from collections.abc import Sequence

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, WELL
from tests.diagnosis.rules.test_intrusion__obeyed import RESTARTS
from tests.diagnosis.rules.tiny import pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

Told = Sequence[tuple[float, str]]
GONE = "Error: ENOENT: no such file or directory, open '/root/%s'"
NPM, CLOUD, AZURE, HUB = (GONE % each for each in (".npmrc", ".aws/credentials", ".azure/x", ".docker/config.json"))
NO_CURL = "/bin/sh: curl: not found"
UNCHECKED = "(node:18) Warning: Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0' makes TLS insecure"
FAR = "rates.example-cdn.top"
TCP = '"- - -" 0 - - - "-" 3 38 26 - "-" "-" "-" "-" "203.0.113.44:443" %s 10.1.0.9:4 203.0.113.44:443 10.0.0.9:3 %s -'
JSON = '{"upstream_cluster":"PassthroughCluster","upstream_host":"203.0.113.44:443","requested_server_name":"%s"}'
SERVED = '"GET /v1/baskets HTTP/1.1" 200 - via_upstream - "-" 654 3502 28 inbound|3000||'
BY_ITSELF = "PassthroughCluster"


def moment(*lines: str, age: float = 900) -> Told:
    """Return what a program tells long after its start, all in one moment."""
    return [(3000, "INFO listening"), *((age - n, line) for n, line in enumerate(lines))]


def proxy(
    *ages: float, line: str = "", host: str = FAR, by: str = BY_ITSELF, heard: float = 3000, of: str = "shop"
) -> Log:
    """Return what the proxy beside a program tells of connections to a host outside, at these ages."""
    told = [(age, line % host if line else TCP % (by, host)) for age in ages or range(890, 90, -40)]
    first = [(heard, SERVED)] if heard > max(age for age, _ in told) else []
    made = timed(pod(of), *first, *told, of=of)
    return Log(made.pod, "istio-proxy", made.lines)


def buys(told: Told, *proxies: Log, name: str = "shop", more: Sequence[dict[str, object]] = ()) -> Snapshot:
    """Return a program beside which proxies run, another one, and what all of them tell."""
    mine = timed(pod(name), *told, of=name)
    return snapshot(workload(name), workload("web"), more, logs=[mine, *proxies], figures=[WELL])


HUNT = moment(UNCHECKED, NO_CURL, NPM, CLOUD)
HOLDS = [
    Holds(
        f"a library looks for logins, and speaks with a host of its own since: {what}",
        world,
        (SHOP, "security_incident", "isolate_workload"),
        excludes=no(*RESTARTS, at=SHOP),
        harmful=RESTARTS,
    )
    for what, world in (
        ("of two kinds, it calls curl, and checks nobody", buys(HUNT, proxy())),
        ("it calls curl", buys(moment(NPM, NO_CURL, CLOUD), proxy())),
        ("it checks nobody", buys(moment(UNCHECKED, HUB, CLOUD), proxy())),
        ("by an address alone", buys(HUNT, proxy(host="-"))),
        ("as a proxy tells it in fields", buys(HUNT, proxy(line=JSON))),
        ("of three kinds", buys(moment(NPM, CLOUD, HUB), proxy())),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world)
    for what, world in (
        ("it looks for logins, and speaks with nobody new", buys(HUNT)),
        ("it speaks with a host of its own, and looks for nothing", buys(moment(), proxy())),
        ("a library of clouds looks for theirs", buys(moment(NO_CURL, CLOUD, AZURE), proxy())),
        ("one login is looked for", buys(moment(NO_CURL, CLOUD), proxy())),
        ("it looks for no way out", buys(moment(NPM, CLOUD), proxy())),
        ("a way out is looked for at another time", buys([*moment(NPM, CLOUD), (300, NO_CURL)], proxy())),
        ("a program looks for all of it at its start", buys(moment(NO_CURL, NPM, CLOUD, age=2990), proxy())),
        ("it spoke with that host before", buys(HUNT, proxy(2500, *range(890, 90, -40)))),
        ("it speaks with that host long after", buys(HUNT, proxy(*range(600, 90, -40)))),
        ("it spoke with it twice", buys(HUNT, proxy(880, 800))),
        ("others speak with that host as well", buys(HUNT, proxy(), proxy(of="web"))),
        ("its proxy's log goes back no farther", buys(HUNT, proxy(heard=0))),
        ("the mesh knows that host", buys(HUNT, proxy(by=f"outbound|443||{FAR}"))),
        ("the host is a cloud's", buys(HUNT, proxy(host="sts.eu-west-1.amazonaws.com"))),
        ("the host is a store of packages", buys(HUNT, proxy(host="registry.npmjs.org"))),
        ("its settings name that host", buys(HUNT, proxy(), more=[thing("ConfigMap", "c", data={"rates": FAR})])),
        ("a runner of builds looks for all of it", buys(HUNT, proxy(of="ci-runner"), name="ci-runner")),
    )
]
