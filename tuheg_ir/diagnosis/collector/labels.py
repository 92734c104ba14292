"""Which label of a metric holds what: no two installations name namespace, pod and service alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from tuheg_ir.diagnosis.collector.known import BY_POD, Known, component, host_of
from tuheg_ir.diagnosis.signals import Signals, Way, may_be_own
from tuheg_ir.named import NamedTuple

Row = Mapping[str, str]
_STATUS = re.compile(r"[1-5](?:\d\d|xx)", re.IGNORECASE)
_EXPORTER = re.compile(r"(?:^|-)(?:prometheus-)?exporter(?:-|$)")
"""A name of who asks; what it asks has another one."""
_ALONE = re.compile(r"(?:^|-)exporter$")
"""The name of an exporter in a pod of its own ends so; what begins so may be a store of a service of that name."""
_UNANSWERED = "IO_ERROR|CLIENT_ERROR|UNKNOWN|error|timeout"
"""What clients write instead of a status where no answer came."""
_NOBODY = "|none|unknown|UNKNOWN|localhost|127\\\\..*"
"""What clients write where they do not tell whom they call, or call what runs beside them."""
_LOCAL = re.compile(r"localhost|127\.|\[?::1|/")
"""The address of what runs in the same pod."""
_CLIENT = "application_name"
"""The label by which an exporter of PostgreSQL tells who has opened sessions."""
_LAST_RESORT = frozenset({"job", "exported_job", "instance"})
"""Labels that mostly name how something is scraped, not what it is."""
_ROUTED = frozenset({"service", "named"})
"""Scopes of what gateways count: they name whom they serve in a label of their own."""

SYSTEM = "kube-system"
"""The namespace in which what resolves everybody's names runs nearly everywhere."""


class Filled(NamedTuple):
    """A query ready to ask, and what its labels are to be called."""

    query: str
    labels: Mapping[str, str]


class Unfit(Exception):
    """The metric is there but not of this namespace, or without a label that the query needs."""


def held(rows: Iterable[Row], labels: Sequence[str]) -> frozenset[str]:
    """Return what some labels hold."""
    return frozenset(row[label] for row in rows for label in labels if row.get(label))


def _renaming(label: str, names: Mapping[str, str]) -> dict[str, str]:
    """Return what takes the component from the values of a label: value -> name."""
    named: dict[str, list[str]] = {}
    for value, name in sorted(names.items()):
        named.setdefault(name, []).append(re.escape(value))
    posts = [f', "component", "{name}", "{label}", {json.dumps("|".join(of))})' for name, of in named.items()]
    return {"component": "component", "pre": "label_replace(" * len(posts), "post": "".join(posts)}


def _only_exporters(names: Iterable[str]) -> bool:
    """Tell whether what is known of some addresses is that exporters are there, which ask others."""
    return all(_ALONE.search(name) for name in names if name)


def _before_suffix(pod: str) -> dict[str, str]:
    """Return what takes the component from a label that holds names of pods."""
    return {"component": "component", "pre": "label_replace(", "post": f', "component", "$1", "{pod}", "{BY_POD}")'}


class Labels:
    """The labels of one metric, by the distinct sets of them that there are."""

    def __init__(self, rows: Sequence[Row], signals: Signals, namespace: str, known: Known) -> None:
        self._roles = signals.roles
        self._exporters = signals.programs
        self._parted = signals.parted
        self._routed = ""
        self._namespace = namespace
        self._known = known
        self._rows = rows
        self._all = rows

    def fill(self, way: Way, metrics: Mapping[str, str], window: str) -> Filled:
        """Fill in a way's query. Raises Unfit."""
        here, scoped = self._here(way)
        self._rows = scoped
        if way.requires and not any(row.get(way.requires) for row in scoped):
            raise Unfit
        if not self._is_their_own(way, next(iter(metrics.values()))):
            raise Unfit
        values = {**metrics, "here": here, "window": window, "namespace": self._namespace, "pre": "", "post": ""}
        labels = dict(way.labelled)
        for role in ("component", "pod", "container", "dependency", "node", "client"):
            if f"${role}" in way.query or role in way.needs:
                values[role] = self._role(role, way)
                labels.setdefault(values[role], role)
        if told := self._told_otherwise(values.get("component"), way, here):
            values |= told
            labels["component"] = "component"
        if "$dependency" in way.query:
            values["named"] = f'{values["dependency"]}!~"{_NOBODY}"'
        words = r"\$(failed|broken|unanswered|limited|too_large|not_found|status)\b"
        asked = re.search(words, way.query) or "status" in way.needs
        status = self._status() if asked else ""
        values |= {"failed": f'{status}=~"5.."', "status": f'{status}!=""'}
        values |= {"limited": f'{status}="429"', "too_large": f'{status}="413"', "not_found": f'{status}="404"'}
        values["unanswered"] = f'{status}=""'
        values["broken"] = f'{status}=~"5..|{_UNANSWERED}"'
        query = re.sub(r"\$(\w+)", lambda found: values.get(found[1], found[0]), way.query)
        return Filled(query, {label: role for label, role in labels.items() if label})

    def _told_otherwise(self, label: str | None, way: Way, here: str) -> dict[str, str]:
        """Return what takes the component from elsewhere than from its label; {} where that holds it. Raises Unfit.

        ``label``: "" where none holds it, None where nobody asks.
        """
        if "$pre" in way.query and way.scope not in _ROUTED and (told := self._addressed(label or "", way)):
            return told
        if label != "":
            return {}
        if only := self._only(way, here):
            return {"component": "component", "pre": "label_replace(", "post": f', "component", "{only}", "", "")'}
        pod = self._role("pod", way)
        if not pod or pod == "instance":
            raise Unfit
        return _before_suffix(pod)

    def _is_their_own(self, way: Way, metric: str) -> bool:
        """Tell whether a metric that fits only as a workload's own is told by nobody else, who may call that one."""
        names = self._known.names
        if not may_be_own(metric, names) or way.fits(metric) or not way.fits(metric, names):
            return True
        return all(way.fits(metric, self._names(row)) for row in self._rows)

    def _names(self, row: Row) -> list[str]:
        """Return the known workloads of which a label set is: by its pod, since other labels may name whom it calls."""
        pods = [row[label] for label in self._roles["pod"] if row.get(label)]
        ran = {self._known.at(pod) or re.sub(f"^{BY_POD}$", r"\1", pod) for pod in pods} & self._known.names
        return sorted(ran or {row.get(label, "") for label in self._roles["component"]} & self._known.names)

    def _only(self, way: Way, here: str) -> str:
        """Return the one program here that an exporter can ask; "" where a label may tell, or there are more.

        One that does not tell its namespace may ask another's, unless it counts sessions of a program of here.
        """
        silent = not any(row.get(label) for label in self._roles["pod"] for row in self._rows)
        ours = bool(here) or any(row.get(_CLIENT) in self._known.names for row in self._rows)
        return self._known.asked.get(way.by, "") if ours and silent and "$pre" in way.query else ""

    def _addressed(self, label: str, way: Way) -> dict[str, str]:
        """Return what takes the component from the address of what an exporter asks; {} where a better label tells.

        ``label``: the one that holds the component otherwise. Raises Unfit if only an address tells it, and none does.
        """
        told = label not in _LAST_RESORT and any(row.get(label) in self._known.names for row in self._rows)
        for address in (way.address,) if way.address else self._roles["address"]:
            values = {row[address]: self._at(row[address]) for row in self._rows if row.get(address)}
            # An exporter's own name is known as well, but `server` is what it asks.
            if not any(values.values()) or (told and address == "instance"):
                continue
            if way.by in self._exporters and _only_exporters(values.values()):
                continue  # one that runs alone is asked at its own address
            if not (way.address or way.by in self._exporters) or (address == "instance" and self._beside(values)):
                if address != "instance":
                    continue  # a service may mean by it whom it calls
                if named := self._by_pod():
                    return named
            return _renaming(address, {value: name or host_of(value) for value, name in values.items()})
        if way.address:
            raise Unfit
        return self._not_the_exporter(label, way) if way.by in self._exporters else {}

    def _beside(self, values: Mapping[str, str]) -> bool:
        """Tell whether an exporter runs beside what it asks: at its known addresses are the workloads of its pods."""
        labels = [label for label in self._roles["pod"] if label != "instance"]
        known = [(values[row["instance"]], row) for row in self._rows if values.get(row.get("instance", ""))]
        return all(named in {self._known.at(row.get(each, "")) for each in labels} for named, row in known)

    def _by_pod(self) -> dict[str, str]:
        """Return what takes the component from the names of pods; {} where not all tell them.

        Nobody knows the address of a pod that is gone: by it all that was before a roll-out would be lost.
        """
        for label in self._roles["pod"]:
            if label != "instance" and self._rows and all(row.get(label) for row in self._rows):
                return _before_suffix(label)
        return {}

    def _at(self, address: str) -> str:
        """Return what is at an address in this namespace ("" none)."""
        return self._known.at(component(address, self._namespace, self._known, scoped=False))

    def _not_the_exporter(self, label: str, way: Way) -> dict[str, str]:
        """Return what names the programs that exporters ask, where labels only name the exporters; {} if none does.

        An exporter is mostly called after what it asks; else it asks the one such program that there is.
        """
        pod = next((each for each in self._roles["pod"] if any(row.get(each) for row in self._rows)), "")
        names = {row[label or pod]: row[label or pod] for row in self._rows if row.get(label or pod)}
        if not label:
            names = {name: found[1] if (found := re.fullmatch(BY_POD, name)) else name for name in names}
        if not any(_EXPORTER.search(name) for name in names.values()):
            return {}
        servers = {row["server"] for row in self._rows if row.get("server")}
        if any(not _LOCAL.match(server) for server in servers):  # outside of what is known here
            return _renaming("server", {server: host_of(server) for server in servers})
        return _renaming(label or pod, {value: self._asked(name, way) for value, name in names.items()})

    def _asked(self, name: str, way: Way) -> str:
        after = _EXPORTER.sub("", name.removeprefix("prometheus-"))
        if after == name or after in self._known.names:
            return after
        return self._known.asked.get(way.by, name)

    def _here(self, way: Way) -> tuple[str, Sequence[Row]]:
        """Return the condition that names the namespace, and the label sets that fulfil it."""
        if way.scope == "cluster":
            return "", self._all
        if way.scope == "service":
            start = f"(?:[a-z]+/)?{self._namespace}{self._parted[way.by]}"
            longer = sorted(name for name in self._known.spaces if name.startswith(f"{self._namespace}-"))
            others = f"(?:{'|'.join(longer)})-.+"
            for label in (f"exported_{way.address}", way.address) if way.address else ("exported_service", "service"):
                rows = [row for row in self._all if re.fullmatch(start, row.get(label, ""))]
                rows = [row for row in rows if not (longer and re.fullmatch(others, row[label]))]
                if rows:
                    self._routed = label
                    return f'{label}=~"{start}"' + (f',{label}!~"{others}"' if longer else ""), rows
            raise Unfit
        here, inside = self._of_namespace(way)
        return self._of_known(here, inside) if way.scope == "named" else (here, inside)

    def _of_known(self, here: str, inside: Sequence[Row]) -> tuple[str, Sequence[Row]]:
        """Return these where what a gateway serves is called like something here. Raises Unfit.

        A scraper that has put its own name for the gateway into the label has moved the gateway's word elsewhere.
        """
        label = "exported_service" if any(row.get("exported_service") for row in inside) else "service"
        named = sorted({row.get(label, "") for row in inside} & self._known.names)
        if not named:
            raise Unfit
        self._routed = label
        condition = ",".join((*([here] if here else []), f'{label}=~"{"|".join(named)}"'))
        return condition, [row for row in inside if row.get(label) in named]

    def _of_namespace(self, way: Way) -> tuple[str, Sequence[Row]]:
        """Return the condition that a label names the namespace, and the label sets that fulfil it. Raises Unfit."""
        present = [label for label in self._roles["namespace"] if any(row.get(label) for row in self._all)]
        wanted = SYSTEM if way.scope == "system" else self._namespace
        for label in present:
            inside = [row for row in self._all if row.get(label) == wanted]
            if inside:
                return f'{label}="{wanted}"', inside
        # Without any such label there is one namespace only, or nobody can tell.
        if present or not self._all or way.scope == "system":
            raise Unfit
        return "", self._all

    def _role(self, role: str, way: Way) -> str:
        if role == "component" and way.scope in _ROUTED:
            return self._routed
        labels = [label for label in self._roles[role] if any(row.get(label) for row in self._rows)]
        known = {"component": self._known.names, "pod": self._known.pods}.get(role, frozenset())
        best = next((label for label in labels if any(row.get(label) in known for row in self._rows)), None)
        if best is None and role == "component":
            pods = any(row.get(label) for label in self._roles["pod"] if label != "instance" for row in self._rows)
            best = next((label for label in labels if label not in _LAST_RESORT or not pods), "")
        elif best is None:
            best = labels[0] if labels else None
        if best is None and role == "container":
            best = "container"  # an empty label: grouped by it, nothing is lost
        if best is None:
            raise Unfit
        return best

    def _status(self) -> str:
        for label in self._roles["status"]:
            if any(_STATUS.fullmatch(row.get(label, "")) for row in self._rows):
                return label
        raise Unfit
