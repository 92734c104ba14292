"""How many copies of a topic have to take each write, and how many there are: as objects, settings and brokers tell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.view.reading import labels, mapping, name, text, whole
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

KEY = "min.insync.replicas"
REFUSED = late(
    r"\bNOT_ENOUGH_REPLICAS|NotEnoughReplicas|not enough in-?sync replicas|fewer in-?sync replicas than required"
    r"|insufficient to satisfy the min\.isr requirement|insync replicas for partition .{1,250} below required minimum",
    re.IGNORECASE,
)
"""How brokers of a log, and their clients, tell that a write is refused as too few copies are there to take it."""
WORDS = ("not_enough_replicas", "notenoughreplicas", "in-sync replicas", "insync replicas", "min.isr")
"""What each such line holds, in lower case."""
_SHORT = late(
    r"\bISR (?P<isr>[^;]{1,120}?) is insufficient to satisfy the min\.isr requirement of (?P<least>\d+)"
    r" for partition (?P<topic>[\w.-]+)-\d+"
    r"|insync replicas for partition \[?(?P<topic_>[\w.-]+)[-,] ?\d+\]? is \[?(?P<isr_>\d+)\]?, below required"
    r" minimum \[?(?P<least_>\d+)"
)
"""What a broker tells of a partition: the copies that are there (their brokers, or behind a colon how many)."""
_OF_TOPIC = late(
    r"topic[- ]partition (?P<a>[\w.-]+)-\d+|\bfor partition \[?(?P<b>[\w.-]+)[-,] ?\d+"
    r"|\btopic[\s=:]+[\"'\[]?(?!partition\b)(?P<c>[\w.-]*\w)|[\"']topic[\"']:\s*[\"'](?P<d>[\w.-]+)",
    re.IGNORECASE,
)
_SET_SO = late(r"(?:^|[\s,;])min\.insync\.replicas\s*[=:]\s*[\"']?(\d+)")
_AS_VARIABLE = late(r"(?:^|_)MIN_INSYNC_REPLICAS$")


class Short(NamedTuple):
    """What a broker says of a topic: how many copies are there, and how many have to be."""

    topic: str
    there: int
    least: int


class Topic(NamedTuple):
    """A topic by its object: its name, how many copies must take a write and how many it has, and who sets that."""

    name: str
    least: int
    copies: int
    set_by: str
    ref: str


def short(lines: Iterable[str]) -> tuple[Short, ...]:
    """Return what brokers tell of partitions with too few copies, each once."""
    found = (_SHORT.search(line) for line in lines)
    return tuple(dict.fromkeys(_short(each) for each in found if each))


def _short(found: re.Match[str]) -> Short:
    isr = found["isr"] or f":{found['isr_']}"
    numbers = re.findall(r"\d+", isr)
    there = int(numbers[0]) if isr.startswith(":") and numbers else len(numbers)
    return Short(found["topic"] or found["topic_"], there, int(found["least"] or found["least_"]))


def topics_named(lines: Iterable[str]) -> Counter[str]:
    """Return the topics that lines name, and in how many of them."""
    found = (_OF_TOPIC.search(line) for line in lines)
    return Counter(next(filter(None, each.groups())) for each in found if each)


def topics(view: View) -> Iterator[Topic]:
    """Yield the topics of which an object tells how many copies they have, and how many must take each write."""
    clusters = view.objects("Kafka")
    for obj in view.snapshot.of("KafkaTopic"):
        own = f"KafkaTopic/{name(obj)}"
        cluster = clusters.get(labels(obj).get("strimzi.io/cluster", ""))
        usual = mapping(cluster, "spec", "kafka", "config")
        copies = whole(obj, "spec", "replicas") or whole(obj, "spec", "replicationFactor")
        copies = copies or whole(usual.get("default.replication.factor"))
        least, by = _least(obj), own
        if not least and cluster is not None:
            least, by = whole(usual.get(KEY)), f"Kafka/{name(cluster)}"
        if least and copies:
            called = text(obj, "spec", "topicName") or text(obj, "spec", "name") or name(obj)
            yield Topic(called, least, copies, by, own)


def _least(topic: Obj) -> int:
    """Return how many copies must take a write by a topic's own settings: Strimzi, Koperator, Confluent; 0: none."""
    return next((n for key in ("config", "configs") if (n := whole(mapping(topic, "spec", key).get(KEY)))), 0)


def least_by_settings(view: View, broker: Workload) -> int:
    """Return how many copies must take a write by the settings of a broker; 0: they do not tell."""
    for key, value in view.graph.settings(broker):
        if _AS_VARIABLE.search(key.upper()) and value.isdigit():
            return int(value)
        if found := _SET_SO.search(value):
            return int(found[1])
    return 0
