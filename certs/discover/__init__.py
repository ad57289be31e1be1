"""Look at sources, and store what they have."""

from certs.discover.certificates import store_certificates
from certs.discover.plan import ask_for_runs, plan_runs
from certs.discover.run import run_source, take_in
from certs.discover.use import update_use

__all__ = [
    "ask_for_runs",
    "plan_runs",
    "run_source",
    "store_certificates",
    "take_in",
    "update_use",
]
