"""Who tells routes between nodes is chosen by a label that no node has any more: pods reach but those on their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node as plain
from tests.diagnosis.rules.scenes import DB, SHOP, errors
from tests.diagnosis.rules.tiny import Obj, at, log, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot
from tuheg_ir.diagnosis.rules._chosen_nodes import choices
from tuheg_ir.diagnosis.view.view import View

MASTER = "node-role.kubernetes.io/master"
GONE, LEFT = f"has({MASTER})", "has(node-role.kubernetes.io/control-plane)"
NAMES = ("cp", "n1", "n2", "n3")
AGO = 600.0
DOWN = "could not connect to postgres:5432: connection timed out"


def node(name: str, wrote: float | None = None, **labels: str) -> Obj:
    """Return a node, and that somebody wrote its labels so long ago."""
    made = plain(name)
    own = {"kubernetes.io/hostname": name, **({"node-role.kubernetes.io/control-plane": ""} if name == "cp" else {})}
    made["metadata"]["labels"] = {**own, **labels}
    if wrote is not None:
        entry = {"manager": "kubeadm", "operation": "Update", "time": at(wrote)}
        made["metadata"]["managedFields"] = [{**entry, "fieldsV1": {"f:metadata": {"f:labels": {}}}}]
    return made


def nodes(wrote: float | None = AGO + 1, **labels: str) -> list[Obj]:
    return [node("cp", wrote), *(node(name, None, **labels) for name in NAMES[1:])]


def peer(name: str = "to-reflectors", kind: str = "BGPPeer", **spec: Any) -> Obj:
    return thing(kind, name, spec=spec)


def mesh(on: bool | None) -> Obj:
    return thing("BGPConfiguration", "default", spec={} if on is None else {"nodeToNodeMeshEnabled": on})


def missed(name: str, number: int, since: float = AGO, line: str = DOWN) -> Log:
    return log(pod(name, number), *[line] * 9, since=since)


BOTH = [missed("shop", 1), missed("cart", 2)]


def world(*objects: Any, there: list[Obj] | None = None, logs: list[Log] | None = None) -> Snapshot:
    """Return a database on one node, and pods that need it there and on two others."""
    callers = [
        workload(name, pods=3, nodes=("n1", "n2", "n3"), env={"DATABASE_URL": "postgres://u@postgres:5432/x"})
        for name in ("shop", "cart")
    ]
    told = BOTH if logs is None else logs
    figures = [errors("shop", 0.6, AGO), errors("cart", 0.6, AGO)]
    return snapshot(postgres(), *callers, *objects, *(nodes() if there is None else there), figures=figures, logs=told)


CALICO = peer(nodeSelector=f"!{GONE}", peerSelector=GONE)
RING = peer("ring", nodeSelector=GONE, peerSelector=GONE)
FOUND = ("BGPPeer/to-reflectors", "configuration_error", "page_human")
HARMFUL = ("restart_workload", "rollback_workload", "scale_workload", "scale_database")
CILIUM = "CiliumBGPClusterConfig"
HOLDS = [
    Holds(
        "route reflectors of Calico were chosen by a label that an upgrade took away",
        world(RING, CALICO, mesh(False)),
        FOUND,
        excludes=(*no("restart_workload", "rollback_workload", at=SHOP), *no("restart_workload", at=DB)),
        harmful=HARMFUL,
        alone=True,
        sure=(0.8, 0.95),
        began=AGO,
    ),
    Holds(
        "by the value of a label of one's own, and nobody knows who wrote it",
        world(
            peer(nodeSelector="all()", peerSelector="rr-group == 'a' && !has(gone)"),
            there=nodes(None, **{"rr-group": "b"}),
        ),
        FOUND,
        harmful=HARMFUL,
        alone=True,
    ),
    Holds(
        "nodes of Cilium that tell the network around of their pods",
        world(peer("racks", CILIUM, nodeSelector={"matchLabels": {"bgp": "on"}})),
        (f"{CILIUM}/racks", "configuration_error", "page_human"),
        harmful=HARMFUL,
        alone=True,
    ),
    Holds(
        "names are not found either where no server of them runs",
        world(
            CALICO,
            workload("coredns", "coredns/coredns:1.11", pods=1, nodes=("n1",)),
            logs=[
                *BOTH,
                *(
                    missed(name, 1, line="getaddrinfo postgres: Temporary failure in name resolution")
                    for name in ("shop", "cart")
                ),
            ],
        ),
        FOUND,
        harmful=HARMFUL,
        alone=True,
    ),
]
DOWN_DB = (DB, "dependency_failure", "page_human")
DOES_NOT_HOLD = [
    DoesNotHold(what, made, instead, harmful=HARMFUL)
    for what, made, instead in (
        ("a node has the label", world(peer(nodeSelector=f"!{LEFT}", peerSelector=LEFT)), DOWN_DB),
        ("another one still chooses nodes", world(CALICO, peer("rack", nodeSelector=LEFT, peerIP="10.0.0.1")), DOWN_DB),
        ("one of all nodes is left", world(CALICO, peer("rack", peerIP="10.0.0.1")), DOWN_DB),
        ("nodes tell one another all by themselves", world(CALICO, mesh(True)), DOWN_DB),
        ("nobody said that they do not", world(CALICO, mesh(None)), DOWN_DB),
        ("labels were written hours before", world(CALICO, there=nodes(4 * 3600)), DOWN_DB),
        ("labels were written since", world(CALICO, there=nodes(300)), DOWN_DB),
        ("one on its own node is missed too", world(CALICO, logs=[*BOTH, missed("shop", 0)]), DOWN_DB),
        ("a balancer of that kind's name", world({**CALICO, "apiVersion": "metallb.io/v1beta2"}), DOWN_DB),
        ("a selector that nobody can read", world(peer(nodeSelector="all()", peerSelector="rr ~ 'a'")), DOWN_DB),
        ("nodes were not read", world(CALICO, there=[]), DOWN_DB),
    )
]


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ("all()", NAMES),
        (LEFT, ("cp",)),
        (f"!{LEFT}", NAMES[1:]),
        (f"!({LEFT} || kubernetes.io/hostname == 'n1')", ("n2", "n3")),
        ("kubernetes.io/hostname in {'n1', \"n3\"} && has(kubernetes.io/hostname)", ("n1", "n3")),
        ("kubernetes.io/hostname not in { 'n1' } && kubernetes.io/hostname != 'n2'", ("cp", "n3")),
        ({"matchExpressions": [{"key": MASTER, "operator": "DoesNotExist"}]}, NAMES),
        ("kubernetes.io/hostname starts with 'n'", None),
        ("has(", None),
        ("", None),
    ],
)
def test_nodes_are_chosen_as_those_choose_them(
    selector: str | Mapping[str, Any], chosen: tuple[str, ...] | None
) -> None:
    view = View.of(snapshot(nodes()))
    found = choices(view, peer(nodeSelector=selector))
    assert [sorted(each.nodes) for each in found] == ([] if chosen is None else [sorted(chosen)])
