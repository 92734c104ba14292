"""The kinds of break, read from faults.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError
from lab.paths import PACKAGE

FILE = PACKAGE / "faults.yml"


@dataclass(frozen=True)
class Release:
    """A new template of the service: an image tag and settings."""

    version: str
    env: Mapping[str, str]


@dataclass(frozen=True)
class Client:
    """A Deployment of another program."""

    name: str
    image: str
    env: Mapping[str, str]


@dataclass(frozen=True)
class Demand:
    """Further load through the ingress; it grows from `rps` until half of the answers keep taking `until_s`."""

    profile: str
    rps: float
    workers: int
    until_s: float


@dataclass(frozen=True)
class Check:
    """A measurement beside the probes; the symptom is there from `min` on."""

    name: str
    min: float
    sql: str = ""
    crashed_pods: bool = False


@dataclass(frozen=True)
class Shows:
    """Where the symptom is seen: probes as `service/name`."""

    within_s: float
    probes: tuple[str, ...]
    may: tuple[str, ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Ends:
    """Exit code of `respond` at P0, and with approval."""

    exit: int
    approved: int


@dataclass(frozen=True)
class Break:
    """One kind of break: how it is made, what it shows, how it ends."""

    kind: str
    title: str
    fault: str
    service: str
    make: Release | Client | Demand
    shows: Shows
    ends: Ends
    remedy: str
    component: str
    cause: str
    temporary: bool


def load_breaks(path: Path = FILE) -> dict[str, Break]:
    """Read all kinds; LabError names the entry that is wrong."""
    breaks = {}
    for kind, data in yaml.safe_load(path.read_text()).items():
        try:
            breaks[kind] = _break(kind, data)
        except (KeyError, TypeError, ValueError) as error:
            raise LabError(f"{path.name}: {kind}: {error!r}") from None
    return breaks


def _break(kind: str, data: Mapping[str, Any]) -> Break:
    shows = data["shows"]
    return Break(
        kind=kind,
        title=data["title"],
        fault=data["fault"],
        service=data["service"],
        make=_make(data["make"]),
        shows=Shows(
            within_s=float(shows["within_s"]),
            probes=tuple(shows["probes"]),
            may=tuple(shows["may"]),
            checks=tuple(Check(**check) for check in shows["checks"]),
        ),
        ends=Ends(data["ends"]["exit"], data["ends"].get("approved", data["ends"]["exit"])),
        remedy=data["remedy"],
        component=data["component"],
        cause=data["cause"],
        temporary=data["temporary"],
    )


def _make(data: Mapping[str, Any]) -> Release | Client | Demand:
    makers: dict[str, type[Release | Client | Demand]] = {"release": Release, "client": Client, "load": Demand}
    ((way, values),) = data.items()
    return makers[way](**values)
