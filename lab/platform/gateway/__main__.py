"""Start the gateway: ``python3 -m gateway``, configured by ``GATEWAY_*``."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time

from .api import Admin, Api
from .defects import Defects
from .logs import Bridge, Log
from .metrics import PrometheusMetrics
from .server import BoundedServer
from .settings import Settings, load_settings
from .stores import CachedStores, Database


def main() -> int:
    """Serve until SIGTERM; 2 when the configuration is wrong."""
    try:
        settings = load_settings(os.environ)
    except ValueError as error:
        Log().error(f"configuration: {error}")
        return 2
    return serve(settings, Log(version=settings.version))


def serve(settings: Settings, log: Log) -> int:
    """Run both servers, then stop in the order that loses no request."""
    logging.getLogger().addHandler(Bridge(log))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    metrics = PrometheusMetrics()
    database = Database(settings, log, metrics)
    metrics.watch_pool(database)
    defects = Defects(settings.fault, log, database)
    defects.at_start()
    admin = Admin(metrics)
    api = Api(
        version=settings.version,
        world_cpu_ms=settings.world_cpu_ms,
        stores=CachedStores(settings, database, log, metrics),
        metrics=metrics,
        flaws=defects,
        log=log,
    )
    version = settings.version
    public = BoundedServer(("", settings.port), settings.threads, api.answer, version, log)
    private = BoundedServer(("", settings.admin_port), 4, admin.answer, version, log)
    for server in (public, private):
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    admin.ready(True)
    log.info("serving", port=settings.port, pool=settings.pool_max)
    stop.wait()
    # New requests still arrive until the endpoints have followed: serve them.
    admin.ready(False)
    log.info("stopping")
    time.sleep(settings.drain_s)
    public.shutdown()
    clean = public.drain(timeout_s=3.0)
    database.close()
    log.info("stopped", clean=clean)
    return 0


if __name__ == "__main__":
    code = main()
    # Threads of the pool may wait for a database that does not answer: do not wait for them.
    sys.stdout.flush()
    os._exit(code)
