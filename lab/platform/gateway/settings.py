"""What a release of the gateway is configured with: its pod template's environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FAULTS = ("", "leak-transactions", "errors", "leak-memory", "crash-at-start", "crash-later")


@dataclass(frozen=True)
class Fault:
    """A defect that this release carries; ``kind`` empty means none.

    ``rate`` is the share of API requests it meets (0 to 1), ``leak_kib`` what each of these
    keeps in memory, ``after_s`` how long the process lives after its first API request.
    """

    kind: str = ""
    rate: float = 0.0
    leak_kib: int = 0
    after_s: float = 0.0


@dataclass(frozen=True)
class Settings:
    """The gateway's configuration; times in seconds unless the name says otherwise."""

    version: str
    database: str
    redis_host: str
    redis_port: int = 6379
    port: int = 8080
    admin_port: int = 8081
    threads: int = 32
    pool_min: int = 4
    pool_max: int = 4
    pool_timeout_s: float = 1.0
    cache_ttl_ms: int = 50
    cache_timeout_s: float = 2.5
    world_cpu_ms: int = 10
    drain_s: float = 2.0
    fault: Fault = field(default_factory=Fault)


def load_settings(env: Mapping[str, str]) -> Settings:
    """Read the settings from ``GATEWAY_*``; a wrong value is a ValueError naming its variable."""
    kind = env.get("GATEWAY_FAULT", "")
    if kind not in FAULTS:
        raise ValueError(f"GATEWAY_FAULT={kind!r}: expected one of {', '.join(FAULTS[1:])}")
    base = Settings(version="", database="", redis_host="")
    pool_min = _int(env, "GATEWAY_POOL_MIN", base.pool_min)
    return Settings(
        version=env.get("GATEWAY_VERSION", "dev"),
        database=env.get("GATEWAY_DATABASE", "host=127.0.0.1 dbname=tuheg user=gateway"),
        redis_host=env.get("GATEWAY_REDIS_HOST", "127.0.0.1"),
        redis_port=_int(env, "GATEWAY_REDIS_PORT", base.redis_port),
        port=_int(env, "GATEWAY_PORT", base.port),
        admin_port=_int(env, "GATEWAY_ADMIN_PORT", base.admin_port),
        threads=_int(env, "GATEWAY_THREADS", base.threads),
        pool_min=pool_min,
        pool_max=_int(env, "GATEWAY_POOL_MAX", pool_min),
        pool_timeout_s=_float(env, "GATEWAY_POOL_TIMEOUT_S", base.pool_timeout_s),
        cache_ttl_ms=_int(env, "GATEWAY_CACHE_TTL_MS", base.cache_ttl_ms),
        cache_timeout_s=_float(env, "GATEWAY_CACHE_TIMEOUT_S", base.cache_timeout_s),
        world_cpu_ms=_int(env, "GATEWAY_WORLD_CPU_MS", base.world_cpu_ms),
        drain_s=_float(env, "GATEWAY_DRAIN_S", base.drain_s),
        fault=Fault(
            kind=kind,
            rate=_float(env, "GATEWAY_FAULT_RATE", 0.0),
            leak_kib=_int(env, "GATEWAY_FAULT_LEAK_KIB", 0),
            after_s=_float(env, "GATEWAY_FAULT_AFTER_S", 0.0),
        ),
    )


def _int(env: Mapping[str, str], name: str, default: int) -> int:
    return int(_float(env, name, default))


def _float(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name}={text!r} is not a number") from None
    if value < 0:
        raise ValueError(f"{name}={text!r} is negative")
    return value
