"""One row of the table of endpoints for machines."""

from dataclasses import dataclass

# In a path: the place of the key, which then comes nowhere else.
KEY = "{key}"


@dataclass(frozen=True)
class Endpoint:
    """One row of the table: how to call a route, and what it takes."""

    route: str
    method: str
    scope: str | None  # None: any valid key
    found: str = ""  # the path of a call, where the route has parameters
    body: str = "{}"
    unknown: str = ""  # a path whose object does not exist

    @property
    def path(self) -> str:
        return "/" + (self.found or self.route)
