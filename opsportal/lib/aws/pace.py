"""How fast AWS is asked: a bucket of tokens for each account, region and service.

"Request throttling for the Amazon EC2 API": limits hold for an account in a region, so that asking
many accounts at once costs nobody anything, and asking one faster costs everybody in it.
"""

import threading
import time

# Calls at once, and calls a second after that, of one process.
BURST, RATE = 50.0, 20.0
_RATES = {
    # Of describing and reading one, 10 a second each ("Quotas" in ACM's user guide).
    "acm": (20.0, 10.0),
    "iam": (20.0, 5.0),
    "cloudtrail": (10.0, 5.0),
    "route53": (5.0, 4.0),
    # Some sixteen calls for each bucket.
    "s3": (400.0, 100.0),
}

_lock = threading.Lock()
_buckets: dict[tuple[str, str, str], tuple[float, float]] = {}


def take_turn(key: tuple[str, str, str], now: float) -> None:
    """Wait until a call of that account, region and service is due."""
    burst, rate = _RATES.get(key[2], (BURST, RATE))
    with _lock:
        tokens, at = _buckets.get(key, (burst, now))
        tokens = min(burst, tokens + (now - at) * rate) - 1
        _buckets[key] = (tokens, now)
    if tokens < 0:
        time.sleep(-tokens / rate)


def forget_pace() -> None:
    """Begin anew: for tests."""
    with _lock:
        _buckets.clear()
