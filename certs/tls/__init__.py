"""TLS without a database: reading the chains that servers serve."""

from certs.tls.read import read_chain
from certs.tls.reading import Reading, Result, Target
from certs.tls.starttls import PROTOCOLS, Protocol
from certs.tls.stream import find_open, read_chains
from certs.tls.threaded import find_all_open, read_all

__all__ = [
    "PROTOCOLS",
    "Protocol",
    "Reading",
    "Result",
    "Target",
    "find_all_open",
    "find_open",
    "read_all",
    "read_chain",
    "read_chains",
]
