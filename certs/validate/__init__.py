"""Hold what is served against trust stores, and ask issuers what they have taken back."""

from certs.validate.observations import Held, validate_observations
from certs.validate.public import publicly_trusted
from certs.validate.stores import (
    check_store,
    create_default_stores,
    delete_store,
    notice_stores,
    open_store,
    open_stores,
    save_store,
)

__all__ = [
    "Held",
    "check_store",
    "create_default_stores",
    "delete_store",
    "notice_stores",
    "open_store",
    "open_stores",
    "publicly_trusted",
    "save_store",
    "validate_observations",
]
