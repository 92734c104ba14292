"""A whole database emptied at once: how tools tell of it, or are asked for it, and who else lives on that database.

Each framework has a word for it that is meant for a database of one's own desk: it takes every table, and names none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.rules._database_users import addresses, secrets_of_its_address
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import items, labels, mapping, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

ALL = "*"
"""What stands for the names of all tables."""
_BY_THE_WAY = r"[\w-]{0,60}(?:shadow|te?mp|test|preview|restore|backup|_old|_bak|_pr_?\d)"
"""Parts of names of databases that are made to be thrown away."""
_IS_BY_THE_WAY = late(_BY_THE_WAY, re.IGNORECASE)
_ANY = frozenset({""})
_LOST = late(
    r"\bdatabase (?:schema )?(?:has been )?(?:reset successful|(?:successfully |been )(?:dropped|reset|wiped))"
    r"|\bThe (?:\w+ )?database\b.{0,160}\b(?:was successfully reset|has been dropped)\b"
    r"|\bSuccessfully (?:cleaned schema|dropped (?:database|pre-schema database level objects))\b"
    r"|\bDropped (?:database [\"'`]|all tables successfully)|\bDatabase [\"'`]?[\w-]+[\"'`]? dropped\b"
    r"|\bDropping all tables\b.{0,200}\bDONE\b|\bAll objects dropped from\b"
    rf"|(?<!--)\bdrop\s+(?:database|schema)\s+(?:if\s+exists\s+)?[\"'`]?(?!{_BY_THE_WAY})[a-z_][\w-]*[\"'`]?\s*(?:cascade\b|;|[\"']|$)"
    r"|\"msg\": ?\"dropDatabase - finished\"",
    re.IGNORECASE,
)
"""How tools and servers tell that a database has nothing left of what it had.

Prisma, TypeORM, Flyway, EF, Doctrine, Rails, mysqladmin, Laravel, Liquibase, statements, MongoDB.
"""
_ASKED = late(
    r"\bprisma migrate reset\b|\bdb push\b.{0,80}--force-reset"
    r"|\bflyway\b.{0,200} clean\b|\bliquibase\b.{0,200} drop-?all\b"
    r"|\b(?:rails|rake)\b.{0,80}\bdb:(?:drop|reset|purge|migrate:reset|truncate_all)\b"
    r"|\bartisan (?:migrate:(?:fresh|refresh|reset)|db:wipe)\b|\bmanage\.py (?:flush|reset_db)\b"
    r"|\becto\.(?:reset|drop)\b|\bdoctrine:(?:database|schema):drop\b|\bschema:drop\b|\bsequelize(?:-cli)? db:drop\b"
    r"|\bef database drop\b|(?:^|[\s/])dropdb \S|\bmysqladmin\b.{0,200} drop \S|\.dropDatabase\(\)|\bdowngrade base\b",
    re.IGNORECASE,
)
"""How they are asked for it."""
_NAMED = late(
    r"\b(?:database|schema) [\"'`]([\w-]+)[\"'`]|\bdrop\s+database\s+(?:if\s+exists\s+)?[\"'`]?([a-z_][\w-]*)"
    r"|\bDatabase ([\w-]+) dropped\b|\"db\": ?\"([\w-]+)\"",
    re.IGNORECASE,
)
"""Where the lines of ``_LOST`` name what lost it all."""
_OF_SCHEMA = late(r"\bschema [\"'`]", re.IGNORECASE)
_IN_URL = late(
    r"\b(?:postgres|postgresql|mysql|mariadb|mongodb)(?:\+\w+)?://[^/\s]+/([\w-]+)"
    r"|\b(?:database(?:name)?|dbname|initial catalog)=([\w-]+)",
    re.IGNORECASE,
)
_IS_NAME = late(
    r"(?:^|_)(?:(?:db|database|pg|mysql|mariadb|postgres|mongo)_?(?:db|name|database)|dbname)$", re.IGNORECASE
)
_FOR_KEEPERS = frozenset({"postgres", "template1", "defaultdb", "mysql", "master", "admin"})
"""Databases that one enters to make and to drop others."""
_ONLY_SAID = late(r"--dry-?run\b|--pretend\b|--dump-sql\b|--help\b|--sql\b", re.IGNORECASE)
_ELSEWHERE = late(
    r"(?:preview|pre-?prod|stag(?:e|ing)|tests?|testing|dev(?:elop(?:ment)?)?|local|review|sandbox|qa|ci|uat|demo)",
    re.IGNORECASE,
)
"""What people call the surroundings in which everything may be thrown away."""
_OF_SURROUNDINGS = late(r"(?:^|[_./-])(?:env(?:ironment)?|stage|tier|profiles?(?:_active)?)$", re.IGNORECASE)
"""Names of labels and variables that tell for which surroundings something is."""


def lost(line: str) -> frozenset[str]:
    """Return which databases a line tells to have lost all tables: {""} if it names none, nothing if none has.

    Not those that were made to be thrown away. The name of a schema is none of a database.
    """
    told = _LOST.search(line)
    if told is None:
        return frozenset()
    found = list(_NAMED.finditer(line))
    kept = [each for each in found if not _IS_BY_THE_WAY.match(each[each.lastindex or 0])]
    if found and not kept:
        return frozenset()
    return frozenset("" if _OF_SCHEMA.match(each[0]) else each[each.lastindex or 0].lower() for each in kept) or _ANY


def asked_to_lose_all(template: Mapping[str, Any]) -> str:
    """Return the command of a template by which a tool empties a whole database; "" if there is none."""
    for container in items(template, "spec", "containers"):
        said = " ".join(str(word) for field in ("command", "args") for word in container.get(field) or ())
        if _ASKED.search(said) and not _ONLY_SAID.search(said):
            return said
    return ""


def same_base(view: View, by: str, user: Workload, names: frozenset[str]) -> bool:
    """Tell whether a workload lives on the database on which another one works: its server, its Secret, or its host.

    Not where both are known by name, and are two on one server. ``names``: as far as told, "" for one without a name.
    """
    mine, run = view.graph.needs(user.ref), view.workloads.get(by)
    if _apart(view, run, user, names):
        return False
    stores = {r for r in {by, *view.graph.needs(by)} if r in view.workloads and role(view.workloads[r]) == "database"}
    if stores & mine:
        return True
    if run is None:
        return False
    if secrets_of_its_address(view, run) & secrets_of_its_address(view, user):
        return True
    return bool(_hosts(view, run) & _hosts(view, user))


def _apart(view: View, run: Workload | None, user: Workload, names: frozenset[str]) -> bool:
    """Tell whether a workload's settings name other databases than those that were emptied.

    Where that is not told, it is the one that the run's own settings name.
    """
    theirs = names - _ANY
    if "" in names:
        entered = _bases(view, run) if run is not None and role(run) != "database" else set()
        if not entered:
            return False
        theirs |= entered
    mine = _bases(view, user)
    return bool(mine and theirs and not mine & theirs)


def _bases(view: View, workload: Workload) -> set[str]:
    """Return the names of databases that the settings of a workload tell."""
    found: set[str] = set()
    for key, value in view.graph.settings(workload):
        found |= {name.lower() for each in _IN_URL.findall(value) for name in each if name}
        found |= {value.lower()} if _IS_NAME.search(key) and re.fullmatch(r"[\w-]+", value) else set()
    return found - _FOR_KEEPERS


def _hosts(view: View, workload: Workload) -> set[str]:
    return {host for hosts in addresses(view, workload) for host in hosts}


def meant_elsewhere(job: Obj, user: Workload) -> str:
    """Return how a run tells that it is for other surroundings than who misses what it took away; "" if it does not."""
    mine = {value.lower() for _, value in _surroundings(labels(mapping(user.template)), user.template)}
    for key, value in _surroundings(labels(job), mapping(job, "spec", "template")):
        if _ELSEWHERE.fullmatch(value) and value.lower() not in mine:
            return f"{key}={value}"
    return ""


def _surroundings(of: Mapping[str, str], template: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the labels and variables that tell for which surroundings something is."""
    told = [*of.items(), *labels(mapping(template)).items()]
    for container in items(template, "spec", "containers"):
        told += [(text(each, "name"), text(each, "value")) for each in items(container, "env")]
    yield from ((key, value) for key, value in told if _OF_SURROUNDINGS.search(key))
