"""Pods that are ill on one kind of node alone: its kernel, system, runtime or kubelet, or what its labels tell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from tuheg_ir.diagnosis.rules._ill_and_well import IllAndWell, ended_again, ill_and_well, on_ailing_nodes
from tuheg_ir.diagnosis.rules._imposed import imposed, killed_by_default
from tuheg_ir.diagnosis.rules._taken_in_between import taken_in_between
from tuheg_ir.diagnosis.view.beneath import rolled_beneath
from tuheg_ir.diagnosis.view.builds import another_build
from tuheg_ir.diagnosis.view.demand import more_asked
from tuheg_ir.diagnosis.view.nodes import nodes
from tuheg_ir.diagnosis.view.odd import CLEARLY, ill_since
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import labels, mapping
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.trouble import of_pods
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SOFTWARE = ("kernelVersion", "osImage", "containerRuntimeVersion", "kubeletVersion", "architecture")
"""What a node tells of its own system, the deepest first."""
_PLACES = ("topology.", "failure-domain.", "kubernetes.io/hostname")
"""Labels of where a node is, which is no kind."""
SEVERAL = 2
"""What one node has alone may be bad luck of that node."""
CLEAR = 4
"""Fewer pods fall so by chance: two ill and one well in one of three times, two and two in one of six."""


class OfAKind(NamedTuple):
    """What the nodes of all ill pods have in common, those of the well ones have not, and whose pods those are."""

    what: str
    theirs: str
    others: str
    found: Mapping[str, IllAndWell]
    closed: bool
    """No new pod comes to any of them."""


@once_a_view
def of_a_kind(view: View) -> OfAKind | None:
    """Return the kind of node on which alone pods are ill: several nodes, and several workloads or many pods."""
    kinds = _kinds(view)
    on_several = [each for each in view.serving if _differ([kinds.get(pod.node, {}) for pod in each.live])]
    apart = {each.ref: told for each in on_several if (told := _apart(view, each)) is not None}
    groups: dict[tuple[str, str], dict[str, IllAndWell]] = {}
    for ref, told in apart.items():
        # Labels are many, and who ends under more traffic does so by chance on the nodes of one.
        pressed = bool(told.reasons) and more_asked(view, ref, None)
        for mark in (each for each in _marks(kinds, told) if each[0] in SOFTWARE or not pressed):
            groups.setdefault(mark, {})[ref] = told
    clear = [(mark, found) for mark, found in groups.items() if _clear(found.values())]
    if not clear:
        return None
    (what, theirs), found = min(clear, key=lambda each: (-len(each[1]), _depth(each[0][0]), each[0]))
    of_kind = frozenset(node for node, kind in kinds.items() if kind.get(what) == theirs)
    if _elsewhere_too(view, found, of_kind):
        return None
    nodes_of_well = {pod.node for told in found.values() for pod in told.well}
    others = sorted({kinds[node].get(what, "none") for node in nodes_of_well})
    closed = all(node.cordoned for node in nodes(view) if node.name in of_kind)
    return OfAKind(what, theirs, ", ".join(others), found, closed)


def on_one_kind(view: View, workload: Workload) -> bool:
    """Tell whether pods of a workload are ill on one kind of node alone: a new one may come to such a node."""
    kind = of_a_kind(view)
    return kind is not None and workload.ref in kind.found


def _apart(view: View, workload: Workload) -> IllAndWell | None:
    """Return the ill and well pods of a workload, where nothing nearer than their nodes tells them apart."""
    told = None if is_store(workload) else ill_and_well(view, workload)
    if told is None or told.older_ill() or another_build(view, workload, set(told.told)):
        return None  # a new pod would be well: on a new node, too
    if taken_in_between(view, workload) or imposed(view, workload) or killed_by_default(view, workload):
        return None
    if _asked_more(view, workload, told) or on_ailing_nodes(view, told):
        return None
    beneath = any(rolled_beneath(view, workload, ill) for ill in ill_since(view, workload))
    return None if beneath else told


def _asked_more(view: View, workload: Workload, told: IllAndWell) -> bool:
    """Tell whether ill pods get several times as many requests as those that are well."""
    rates = of_pods(view, workload.ref, "request_rate_by_pod")
    others = [rates[pod.name] for pod in told.well if pod.name in rates]
    return bool(others) and any(rates.get(pod.name, 0.0) > CLEARLY * max(others) for pod in told.ill)


def _kinds(view: View) -> dict[str, dict[str, str]]:
    """Return node -> what its system is, and the labels that tell its kind."""
    found = {}
    for name, obj in view.objects("Node").items():
        info = mapping(obj, "status", "nodeInfo")
        kind = {what: str(info[what]) for what in SOFTWARE if info.get(what)}
        own = {str(key): str(value) for key, value in labels(obj).items()}
        found[name] = kind | {key: value for key, value in own.items() if not key.startswith(_PLACES)}
    return found


def _differ(found: Sequence[Mapping[str, str]]) -> bool:
    return any(each != found[0] for each in found[1:])


def _marks(kinds: Mapping[str, Mapping[str, str]], told: IllAndWell) -> Iterator[tuple[str, str]]:
    """Yield what the nodes of all ill pods have in common, and none of a well one has."""
    ill, well = ([kinds.get(pod.node, {}) for pod in pods] for pods in (told.ill, told.well))
    if not all(ill) or not all(well):
        return
    for what, value in ill[0].items():
        same = all(each.get(what) == value for each in ill)
        if same and all(each.get(what) not in (value, None if what in SOFTWARE else value) for each in well):
            yield what, value


def _clear(found: Collection[IllAndWell]) -> bool:
    places = {pod.node for told in found for pod in told.ill}
    pods = sum(len(told.ill) + len(told.well) for told in found)
    return len(places) >= SEVERAL and pods >= CLEAR


def _depth(what: str) -> int:
    return SOFTWARE.index(what) if what in SOFTWARE else len(SOFTWARE)


def _elsewhere_too(view: View, found: Mapping[str, IllAndWell], of_kind: Collection[str]) -> bool:
    """Tell whether pods of another workload end in the same way on other nodes: it is not their kind then."""
    reasons = {reason for told in found.values() for reason in told.reasons}
    others = (pod for each in view.serving if each.ref not in found for pod in each.live if pod.node not in of_kind)
    return any(each.ended and each.ended.reason in reasons for pod in others for each in ended_again(view, pod))
