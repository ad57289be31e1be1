"""Finding resources: by what people type, and by addresses."""

from security.search.addresses import AddressQuery, read_addresses, uses_matching
from security.search.meant import is_address, resources_meant

__all__ = ["AddressQuery", "is_address", "read_addresses", "resources_meant", "uses_matching"]
