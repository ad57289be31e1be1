"""Where certificates are served, and what was seen there."""

from datetime import timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from certs.models.certificate import Certificate
from certs.models.source import Source
from certs.tls import Result
from opsportal.accounts.models import Team
from opsportal.lib.outbox import OutboxRow, State, dead_index, due_index

_PORT = [MinValueValidator(1), MaxValueValidator(65535)]
RESULTS = [(each.value, each.value.replace("_", " ")) for each in Result]


class Domain(models.Model):
    """A domain of ours: names below it that turn up anywhere become targets."""

    name = models.CharField(max_length=255, unique=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    environment = models.CharField(max_length=100, blank=True)
    # Where a name is looked at: [{"port": 443, "protocol": "tls"}].
    ports = models.JSONField(default=list, blank=True)
    # Whether targets are watched at once; else a person accepts them.
    accept = models.BooleanField(default=False)
    note = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Endpoint(models.Model):
    """What is connected to: a host, a port, a protocol, and the server name that is asked for."""

    # A name in A-labels, or an address in its short form.
    host = models.CharField(max_length=255)
    port = models.PositiveIntegerField(validators=_PORT)
    protocol = models.CharField(max_length=20, default="tls")
    # Sent as SNI and looked for in the certificate; empty: the host, or none for an address.
    server_name = models.CharField(max_length=255, blank=True)
    enabled = models.BooleanField(default=True)
    interval = models.DurationField(default=timedelta(hours=1))
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    environment = models.CharField(max_length=100, blank=True)
    service = models.CharField(max_length=200, blank=True)
    labels = models.JSONField(default=dict, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    # Which source wants it looked at; none: a person or a key.
    source = models.ForeignKey(
        Source, null=True, blank=True, on_delete=models.SET_NULL, related_name="endpoints"
    )
    # How it became known, the first step first: [{"from", "what", "at"}].
    provenance = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    next_at = models.DateTimeField(null=True, blank=True, editable=False)
    probed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When a chain was last read at any of its addresses.
    seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Probes in a row that read no chain anywhere, and since when.
    failures = models.PositiveIntegerField(default=0, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    # Of the last probe: the best result of its addresses, and words for it.
    result = models.CharField(max_length=20, choices=RESULTS, blank=True, editable=False)
    detail = models.CharField(max_length=1000, blank=True, editable=False)
    judge_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["host", "port", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["host", "port", "protocol", "server_name"], name="one_endpoint_each"
            )
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(enabled=True), name="endpoint_due"),
            models.Index(
                fields=["judge_at"], condition=Q(judge_at__isnull=False), name="endpoint_judge"
            ),
            # "Which are not reached?"
            models.Index(
                fields=["failing_since"],
                condition=Q(failing_since__isnull=False),
                name="endpoint_failing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.place} as {self.server_name}" if self.server_name else self.place

    def get_absolute_url(self) -> str:
        """Its page."""
        return f"/certs/endpoints/{self.pk}/"

    @property
    def place(self) -> str:
        """Where it is, such as `smtp://mx.example.com:25`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        shown = f"{host}:{self.port}"
        return shown if self.protocol == "tls" else f"{self.protocol}://{shown}"

    @property
    def name(self) -> str:
        """As a line of configuration says it: the place, and the server name after a space."""
        return f"{self.place} {self.server_name}".strip()

    @property
    def expected_name(self) -> str:
        """The name that its certificate must hold."""
        return self.server_name or self.host


class Observation(models.Model):
    """What one address of an endpoint served, for as long as that stayed the same.

    Append-only but for `last_seen_at` and `count`; a failure is an observation of its own, and the
    last chain that was read at the address stays the `serving` one.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="observations")
    address = models.CharField(max_length=45, blank=True)
    result = models.CharField(max_length=20, choices=RESULTS)
    detail = models.CharField(max_length=1000, blank=True)
    # The leaf.
    certificate = models.ForeignKey(
        Certificate, null=True, blank=True, on_delete=models.SET_NULL, related_name="observations"
    )
    # SHA-256 of each, as served.
    chain = models.JSONField(default=list, blank=True)
    tls_version = models.CharField(max_length=20, blank=True)
    cipher = models.CharField(max_length=60, blank=True)
    client_cert_wanted = models.BooleanField(default=False)
    legacy = models.BooleanField(default=False)
    facts = models.JSONField(default=dict, blank=True)
    # Of the last probe.
    latency_ms = models.PositiveIntegerField(default=0)
    # Digest of all that would make it another observation.
    digest = models.CharField(max_length=64)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    # The newest of its address.
    current = models.BooleanField(default=True)
    # The newest with a chain of its address, while the name still leads there.
    serving = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "address"],
                condition=Q(current=True),
                name="one_current_observation",
            ),
            models.UniqueConstraint(
                fields=["endpoint", "address"],
                condition=Q(serving=True),
                name="one_serving_observation",
            ),
        ]
        indexes = [
            models.Index(fields=["endpoint", "-id"], name="observation_of_endpoint"),
            # "Where is it served?"
            models.Index(
                fields=["certificate"], condition=Q(serving=True), name="observation_serving"
            ),
            models.Index(fields=["last_seen_at"], name="observation_last_seen"),
        ]

    def __str__(self) -> str:
        return f"{self.result} at {self.address} of {self.endpoint_id}"


class ServedCertificate(models.Model):
    """A certificate in an observation's chain, from 0: the leaf."""

    observation = models.ForeignKey(Observation, on_delete=models.CASCADE, related_name="served")
    certificate = models.ForeignKey(Certificate, on_delete=models.CASCADE, related_name="served")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["observation", "position"], name="one_certificate_at_position"
            )
        ]

    def __str__(self) -> str:
        return f"{self.certificate_id} at {self.position} of {self.observation_id}"


class Probe(OutboxRow):
    """One look at all addresses of an endpoint."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="probes")
    asked_by = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint"],
                condition=Q(state__in=[State.DUE, State.CLAIMED]),
                name="one_probe_of_an_endpoint",
            )
        ]
        indexes = [
            due_index("cert_probe_due"),
            dead_index("cert_probe_dead"),
            models.Index(fields=["finished_at"], name="cert_probe_finished"),
        ]

    def __str__(self) -> str:
        return f"probe of {self.endpoint_id} at {self.asked_at:%Y-%m-%d %H:%M}"


class Proposal(models.Model):
    """A name that turned up below a domain of ours, and might be watched."""

    class State(models.TextChoices):
        """Whether somebody has decided."""

        PROPOSED = "proposed"
        ACCEPTED = "accepted"
        REFUSED = "refused"

    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="proposals")
    host = models.CharField(max_length=255)
    port = models.PositiveIntegerField(validators=_PORT)
    protocol = models.CharField(max_length=20, default="tls")
    state = models.CharField(max_length=8, choices=State, default=State.PROPOSED)
    # As an endpoint's.
    provenance = models.JSONField(default=list, blank=True)
    endpoint = models.ForeignKey(Endpoint, null=True, blank=True, on_delete=models.SET_NULL)
    first_seen_at = models.DateTimeField()
    decided_by = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["host", "port", "protocol"], name="one_proposal_each")
        ]
        indexes = [models.Index(fields=["state", "-id"], name="proposal_state")]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
