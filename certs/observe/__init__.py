"""Look at what endpoints serve, and store what is seen."""

from certs.observe.look import Asked, Look, look_at
from certs.observe.plan import ask_for_probes, plan_probes
from certs.observe.prune import prune_observations, prune_probes
from certs.observe.run import run_probes
from certs.observe.store import store_looks

__all__ = [
    "Asked",
    "Look",
    "ask_for_probes",
    "look_at",
    "plan_probes",
    "prune_observations",
    "prune_probes",
    "run_probes",
    "store_looks",
]
