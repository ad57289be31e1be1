"""Files that certificates are kept in."""

from certs.x509.containers.contents import Contents, Entry
from certs.x509.containers.read import FORMATS, MAX_BYTES, read_container

__all__ = ["FORMATS", "MAX_BYTES", "Contents", "Entry", "read_container"]
