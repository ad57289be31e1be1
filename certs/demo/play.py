"""What happens to the demo's certificates."""

from collections.abc import Iterator

from django.conf import settings

from certs.demo.acm import REGION, DemoManager
from certs.demo.cast import Cast
from certs.permitted import may_connect
from opsportal.lib.aws.here import is_here
from opsportal.lib.times import utc_now
from opsportal.runtime.demo import Stage

_PAUSE = 45.0
_CONFIGURATION = """
trust_stores:
  - name: acme
    pem: |
{root}
    note: of the demo
certificate_domains:
  - {{name: acme.test, team: platform, note: of the demo}}
certificate_owners:
  - {{name: payments of the demo, match: 'name=~"(shop|billing)[.]acme[.]test"', team: payments}}
certificate_policies:
  - name: of the demo
    match: 'domain="acme.test"'
    stale_grace: 20s
    note: so that one need not wait for an hour
certificate_sources:
  - name: files of the demo
    kind: files
    options: {{paths: ["{folder}/*.pem"]}}
    interval: 1m
    team: platform
{manager}channels:
  - name: certificates of the demo
    kind: webhook
    settings: {{url: "{sink}/calm", secret: "demo secret of the sink"}}
subscriptions:
  - name: platform hear of certificates
    team: platform
    match: '{{source="certs"}}'
    min_severity: warning
    channel: certificates of the demo
  - name: payments hear of what presses
    team: payments
    match: '{{source="certs", owner="payments", days_left<"14"}}'
    channel: certificates of the demo
certificate_endpoints:
{endpoints}
"""
_MANAGER = f"""  - name: ACM of the demo
    kind: aws-acm
    options: {{regions: [{REGION}]}}
    interval: 1m
    team: platform
"""


class CertificateDemo:
    """Servers in every state; the shop's certificate nearly runs out, and is renewed in time."""

    slug = "certs"

    def __init__(self) -> None:
        self._cast: Cast | None = None
        self._manager: DemoManager | None = None

    def configuration(self, stage: Stage) -> str:
        """The demo's root, its files and servers; nothing where the portal may not connect here."""
        if not may_connect("127.0.0.1"):
            return ""
        folder = settings.DATA_DIR / "tls"
        folder.mkdir(parents=True, exist_ok=True)
        self._cast = Cast(folder, utc_now())
        self._cast.start()
        if is_here(REGION):
            self._manager = DemoManager()
            self._manager.put(self._cast.sold)
        root = self._cast.authority.root.pem.decode()
        return _CONFIGURATION.format(
            root="\n".join(f"      {line}" for line in root.splitlines()),
            folder=folder,
            sink=stage.sink.url,
            manager=_MANAGER if self._manager else "",
            endpoints="\n".join(each.line for each in self._cast.watched),
        )

    def play(self, stage: Stage) -> Iterator[float]:
        """Over and over."""
        while stage.behind:
            yield 60.0
        if (cast := self._cast) is None:
            return
        yield 2 * _PAUSE
        while True:
            stage.tell("certificate  the shop's is renewed where it lies; the server knows nothing")
            cast.renew_shop(utc_now())
            if self._manager:
                self._manager.put(cast.sold)
            yield 2 * _PAUSE
            stage.tell("certificate  the shop's server is reloaded: it serves the new one")
            cast.shop.reload()
            yield 600.0
