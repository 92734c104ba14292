"""Objects that say what a login may do at a server, and lines that tell that it may not do something.

An operator carries such an object to the server at once: the pods of a client are as they were, and so is its Secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.logs import lines_told, speaks_of, times_near
from tuheg_ir.diagnosis.view.reading import items, name, ref, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

KAFKA = "KafkaUser"
"""Its operator writes the Secret of a login under the name of the object."""
KINDS = (KAFKA, "Permission", "TopicPermission", "Grant")
"""Kinds that give rights to one login: of Strimzi and Koperator, of RabbitMQ's operator (two), of MariaDB's."""
_LOGIN = (
    ("status", "username"),
    ("spec", "username"),
    ("spec", "user"),
    ("spec", "userReference", "name"),
    ("spec", "forProvider", "user"),
    ("spec", "forProvider", "role"),
)
"""Where such objects name the login; one that does so nowhere bears its name."""
WORDS = ("authoriz", "denied", "refused for user", "violation", "noperm", "privileges", "permission", "ora-01031")
"""Of which each line that tells of a missing right holds one, in lower case."""
DENIED = late(
    r"\b(?:topic|group|cluster|transactional_?id)_?authorization(?:_failed|exception)\b"
    r"|\bnot authorized to access\b|\b(?:topic|group|cluster|transactional id) authorization failed\b"
    r"|\bis denied operation\b"
    r"|\baccess to (?:queue|exchange|topic|vhost)\b.{1,250}\brefused for user\b"
    r"|\bpermissions? violation\b|\b(?:publish|subscription) violation\b"
    r"|\bpermission denied for (?:table|relation|schema|sequence|function|view|column|database|materialized view)\b"
    r"|\bcommand denied to user\b|\baccess denied for user .{1,200}\bto database\b"
    r"|\bnoperm\b|\bnot authorized on \S{1,80} to execute\b|\bnot enough privileges\b|\bhas no \w+ permission on\b"
    r"|\bis unauthorized for (?:user|api key)\b|\bora-01031\b",
    re.IGNORECASE,
)
"""How servers, and their clients, tell that a login that was let in may not do something: Kafka, RabbitMQ, NATS,
PostgreSQL, MySQL, Redis, MongoDB, ClickHouse, Cassandra, Elasticsearch, Oracle."""
_WHO = late(r"\bprincipal\W{1,4}user:(?P<a>.{1,200}?) is denied|\buser[ :=]{1,3}[\"'\[`]?(?P<b>[\w.-]+)", re.IGNORECASE)
_WHAT = late(
    r"\bresource\W{1,4}\w+:\w+:(?P<a>[^\s,]+)|\btopics?:? \[(?P<b>[\w.-]+)[,\]]"
    r"|\b(?:group|topic)(?: not available)?: [\"'\[]?(?P<c>[\w.-]*\w)"
    r"|\b(?:queue|exchange|topic) '(?P<d>[^']{1,200})' in vhost|\b(?:subject|to) \\?\"(?P<e>[^\"\\]{1,200})"
    r"|\bpermission denied for \w+ \"?(?P<f>[\w.]+)|\bfor table [`'\"]?(?P<g>[\w.]+)",
    re.IGNORECASE,
)
_COMMON_NAME = late(r"\bCN=([^,]+)")


class Denied(NamedTuple):
    """A line of a missing right: who tells it, when, which login and what it names ("": none)."""

    by: str
    pod: str
    at: datetime
    line: str
    login: str
    what: str

    def told(self, number: int) -> Evidence:
        """Return it as evidence, one of so many."""
        return lines_told(self.pod, number, self.line, self.at)


class Rights(NamedTuple):
    """An object of rights: the names of its login, and the Secrets by which clients come as that."""

    ref: str
    obj: Obj
    logins: frozenset[str]
    secrets: frozenset[str]

    def of(self, view: View, workload: Workload) -> bool:
        """Tell whether a workload comes as this login: it reads its Secret, is called so, or is told so."""
        if self.secrets & {label for kind, label in reads(workload.template) if kind == "Secret"}:
            return True
        return workload.name in self.logins or any(v in self.logins for _, v in view.graph.settings(workload))

    def lacks(self, what: str) -> bool:
        """Tell whether it is known to give no right to something; what only another kind of right names is given."""
        rules = [each for each in items(self.obj, "spec", "authorization", "acls") if text(each, "type") != "deny"]
        return bool(what and rules) and not any(_meets(each, what) for each in rules)


def _meets(rule: Obj, what: str) -> bool:
    label = text(rule, "resource", "name")
    if text(rule, "resource", "patternType").startswith("prefix"):
        return what.startswith(label)
    return label in (what, "*") or not label


def rights(view: View) -> Iterator[Rights]:
    """Yield the objects that give rights to a login."""
    for obj in view.snapshot.of(*KINDS):
        told = [text(obj, *path) for path in _LOGIN]
        logins = {_plain(each) for each in told if each} or {name(obj)}
        secrets = {text(obj, "spec", "secretName"), name(obj) if text(obj, "kind") == KAFKA else ""}
        yield Rights(ref(obj), obj, frozenset(logins), frozenset(secrets - {""}))


def denials(view: View) -> Iterator[Denied]:
    """Yield what is told of missing rights, by those who ask and by those who are asked."""
    for workload in view.serving:
        for log in view.logs_of(workload.live):
            if not speaks_of(log, WORDS):
                continue
            near = times_near(log.lines)
            for at, line in zip(near, log.lines, strict=True):
                if at is not None and DENIED.search(line):
                    yield Denied(workload.ref, log.pod, at, line.strip(), _plain(_one(_WHO, line)), _one(_WHAT, line))


def of_a_right(line: str) -> bool:
    """Tell whether a line says that a login which was let in may not do something: its password is right."""
    return DENIED.search(line) is not None


def _one(pattern: re.Pattern[str], line: str) -> str:
    found = pattern.search(line)
    return next((each for each in found.groups() if each), "") if found else ""


def _plain(login: str) -> str:
    """Return a login without what a certificate says beside its name."""
    found = _COMMON_NAME.search(login)
    return found[1] if found else login
