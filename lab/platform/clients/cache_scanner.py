"""A ranking job that computes inside Redis: while its script runs, Redis answers nobody."""

from __future__ import annotations

import os
import signal
import threading

import redis

# os.clock is the CPU time of the Redis process, so the script costs the same on every machine.
RANKING = """
local stop = os.clock() + tonumber(ARGV[1])
local score = 0
while os.clock() < stop do
  for player = 1, 1000 do score = (score * 31 + player) % 1000003 end
end
return score
"""


def main() -> None:
    """Run the script again and again with a short pause, until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    host, cpu_s = os.environ.get("SCANNER_REDIS_HOST", "redis"), os.environ["SCANNER_CPU_S"]
    cache = redis.Redis(host=host, socket_timeout=30)
    print(f"ranking: {cpu_s} s of CPU a run", flush=True)
    while not stop.wait(float(os.environ["SCANNER_PAUSE_S"])):
        try:
            cache.eval(RANKING, 0, cpu_s)
        except redis.RedisError as error:
            print(f"ranking: {error}", flush=True)


if __name__ == "__main__":
    main()
