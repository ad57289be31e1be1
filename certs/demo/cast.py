"""Who serves what in the demo: a server for each state that a certificate can be in."""

import socket
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from certs.demo.authority import Authority, Issued
from certs.demo.servers import (
    Server,
    deaf_server,
    listen,
    outdated,
    plain_server,
    small_keys,
    wants_certificates,
)

# Days that are over and days that are left.
_QUARTER, _YEAR = (-30, 60), (-100, 298)


@dataclass(frozen=True)
class Watched:
    """An endpoint as the demo's configuration names it."""

    host: str
    port: int
    server_name: str
    service: str
    team: str = "platform"
    protocol: str = "tls"

    @property
    def line(self) -> str:
        """Of a configuration file."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "" if self.protocol == "tls" else f"{self.protocol}://"
        place = f"{scheme}{host}:{self.port} {self.server_name}"
        return (
            f'  - {{name: "{place}", service: {self.service}, team: {self.team}, '
            "environment: production, interval: 1m}"
        )


@dataclass
class Cast:
    """The servers; `shop` is the one that is renewed while one watches."""

    folder: Path
    now: datetime
    authority: Authority = field(init=False)
    shop: Server = field(init=False)
    # The shop's newest certificate.
    sold: Issued = field(init=False)
    watched: list[Watched] = field(default_factory=list)
    _kept: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.authority = Authority(self.now)

    def start(self) -> None:
        """Every one of them listens from here on."""
        made = self.authority
        self.sold = made.leaf("shop.acme.test", (-87, 2.5))
        self.shop = self._serve("shop", self.sold, team="payments")
        self._serve("www", made.leaf("www.acme.test", _YEAR))
        self._serve("api", made.leaf("api.acme.test", _QUARTER))
        self._serve("billing", made.leaf("billing.acme.test", (-80, 9)), team="payments")
        self._serve("status", made.leaf("status.acme.test", (-89.8, 0.25)))
        self._serve("wiki", made.leaf("wiki.acme.test", (-92, -2)))
        self._serve("next", made.leaf("next.acme.test", (5, 95)))
        self._serve("blog", made.leaf("old-blog.acme.test", _QUARTER))
        own = made.leaf("printer.acme.test", _YEAR, by=None)
        self._serve("printer", own)
        self._serve("partner", made.strangers_leaf("partner.acme.test", _QUARTER))
        self._serve("half", made.leaf("half.acme.test", _QUARTER, served=False))
        late = made.leaf("crossed.acme.test", _QUARTER, by=made.late_issuer)
        self._serve("crossed", late)
        weak = made.leaf("vault.acme.test", _QUARTER, bits=1024)
        self._serve("vault", weak, configure=small_keys)
        self._serve("till", made.leaf("till.acme.test", _YEAR), configure=outdated)
        self._serve("ledger", made.leaf("ledger.acme.test", _YEAR), configure=wants_certificates)
        self._serve("mx", made.leaf("mx.acme.test", _QUARTER), protocol="smtp", smtp=True)
        self._serve_nothing()

    def renew_shop(self, now: datetime) -> None:
        """The new one lies in the file; the old one is still served."""
        self.authority.now = now
        self.sold = self.authority.leaf("shop.acme.test", (0, 90))
        self.shop.renew(self.sold)

    def _serve(
        self, name: str, issued: Issued, *, team: str = "platform", protocol: str = "tls",
        **options: object,
    ) -> Server:  # fmt: skip
        server = Server(self.folder, name, issued, **options)  # type: ignore[arg-type]
        self.watched.append(
            Watched("127.0.0.1", server.port, f"{name}.acme.test", name, team, protocol)
        )
        return server

    def _serve_nothing(self) -> None:
        """Ports that hang, that speak something else, and that are closed."""
        deaf, kept = deaf_server()
        self._kept.append(kept)
        closed = listen("127.0.0.1", 0)
        gone = int(closed.getsockname()[1])
        closed.close()
        for port, name in ((deaf, "deaf"), (plain_server(), "plain"), (gone, "gone")):
            self.watched.append(Watched("127.0.0.1", port, f"{name}.acme.test", name))
