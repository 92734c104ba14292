"""A ranking job that computes inside Redis: while its script runs, Redis answers nobody."""

from __future__ import annotations

import os
import signal
import threading
import time

import redis

from .pacing import next_amount

RANKING = """
local score = 0
for player = 1, tonumber(ARGV[1]) do score = (score * 31 + player) % 1000003 end
return score
"""
FIRST = 100_000


def main() -> None:
    """Run the script again and again with a short pause, until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    wanted_s, pause_s = float(os.environ["SCANNER_BLOCK_S"]), float(os.environ["SCANNER_PAUSE_S"])
    cache = redis.Redis(host=os.environ.get("SCANNER_REDIS_HOST", "redis"), socket_timeout=30)
    print(f"ranking: blocks Redis for {wanted_s} s at a time", flush=True)
    players = FIRST
    while not stop.wait(pause_s):
        begin = time.monotonic()
        try:
            cache.eval(RANKING, 0, players)
        except redis.RedisError as error:
            print(f"ranking: {error}", flush=True)
            continue
        players = next_amount(players, time.monotonic() - begin, wanted_s)


if __name__ == "__main__":
    main()
