"""PostgreSQL through a bounded pool, and Redis as a cache in front of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import psycopg
import redis
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from .logs import Log
from .metrics import PrometheusMetrics
from .ports import Rows, UnavailableError
from .settings import Settings

ORDERS = """
    SELECT id, item, total::float8 AS total, created_at::text AS created_at
    FROM orders WHERE customer = %s ORDER BY id DESC LIMIT 10
"""
GAMES = "SELECT id, name, players FROM games ORDER BY players DESC LIMIT 10"


class Database:
    """The pool and the queries; every wait is bounded."""

    def __init__(self, settings: Settings, log: Log, metrics: PrometheusMetrics) -> None:
        self._log = log
        self._metrics = metrics
        self._forgotten: list[Any] = []
        self._pool = ConnectionPool(
            settings.database,
            min_size=settings.pool_min,
            max_size=settings.pool_max,
            timeout=settings.pool_timeout_s,
            # A refused connection is tried again at the next request, not in a long back-off.
            reconnect_timeout=2.0,
            num_workers=2,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "connect_timeout": 2,
                "application_name": "backend-gateway",
                "options": "-c statement_timeout=2000",
            },
        )

    def query(self, sql: str, *params: object) -> Rows:
        """Rows of one statement; raises UnavailableError.

        A pooled connection may have been ended by the server since its last use: then the pool
        is checked and the statement tried once more.
        """
        try:
            return self._query(sql, params)
        except psycopg.OperationalError as first:
            if isinstance(first, psycopg.errors.QueryCanceled | PoolTimeout):
                raise UnavailableError(f"postgres: {first}") from first
            self._log.warning(f"postgres: {first}; checking the pool")
        self._pool.check()
        try:
            return self._query(sql, params)
        except psycopg.OperationalError as second:
            raise UnavailableError(f"postgres: {second}") from second

    def _query(self, sql: str, params: tuple[object, ...]) -> Rows:
        with self._pool.connection() as connection, self._metrics.dependency("postgres"):
            rows: Rows = connection.execute(sql, params).fetchall()
        return rows

    def forget_transaction(self) -> None:
        """The defect of a release: a connection left idle in transaction, never given back."""
        try:
            connection = self._pool.getconn()
        except PoolTimeout as error:
            raise UnavailableError(f"postgres: {error}") from error
        self._forgotten.append(connection)
        connection.execute("BEGIN")
        connection.execute(GAMES)

    def usage(self) -> Mapping[str, int]:
        """``size``, ``in_use`` and ``waiting`` of the pool."""
        stats = self._pool.get_stats()
        size, free = stats["pool_size"], stats["pool_available"]
        return {"size": size, "in_use": size - free, "waiting": stats["requests_waiting"]}

    def close(self) -> None:
        """Close what is not in use; the rest ends with the process."""
        self._pool.close(timeout=1.0)


class CachedStores:
    """Reads through the cache; a cache that fails costs time, never the answer."""

    def __init__(self, settings: Settings, database: Database, log: Log, metrics: PrometheusMetrics) -> None:
        self._database = database
        self._log = log
        self._metrics = metrics
        self._ttl_ms = settings.cache_ttl_ms
        self._cache = redis.Redis(
            host=settings.redis_host,
            port=settings.redis_port,
            socket_timeout=settings.cache_timeout_s,
            socket_connect_timeout=1.0,
            max_connections=settings.threads,
        )

    def orders(self, customer: int) -> Rows:
        """The newest ten orders of a customer; raises UnavailableError."""
        return self._through(f"orders:{customer}", ORDERS, customer)

    def games(self) -> Rows:
        """The ten most played games; raises UnavailableError."""
        return self._through("games", GAMES)

    def _through(self, key: str, sql: str, *params: object) -> Rows:
        try:
            with self._metrics.dependency("redis"):
                cached = self._cache.get(key)
        except redis.RedisError as error:
            self._log.warning(f"redis: {error}; reading without the cache")
            return self._database.query(sql, *params)
        if cached:
            rows: Rows = json.loads(cached)
            return rows
        rows = self._database.query(sql, *params)
        try:
            with self._metrics.dependency("redis"):
                self._cache.set(key, json.dumps(rows), px=self._ttl_ms)
        except redis.RedisError as error:
            self._log.warning(f"redis: {error}; the answer is not cached")
        return rows
