"""Whom chains are held against, and what came of it."""

from django.db import models

from certs.models.certificate import Certificate
from certs.models.endpoint import Observation


class TrustStore(models.Model):
    """A named set of roots."""

    class Kind(models.TextChoices):
        """Where its roots come from."""

        MOZILLA = "mozilla", "Mozilla's, by certifi"
        SYSTEM = "system", "this machine's"
        PRIVATE = "private", "own roots"

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PRIVATE)
    # Of own roots: PEM.
    pem = models.TextField("roots in PEM", blank=True)
    enabled = models.BooleanField(default=True)
    # Whether certificates below it are held to the rules of the CA/Browser Forum.
    public = models.BooleanField(default=False)
    note = models.CharField(max_length=1000, blank=True)
    # How many roots were read, and a digest of what chains were last held against, since when.
    roots = models.PositiveIntegerField(default=0, editable=False)
    digest = models.CharField(max_length=64, blank=True, editable=False)
    noticed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Validation(models.Model):
    """Whether a served chain holds against a store, when it was last asked."""

    observation = models.ForeignKey(
        Observation, on_delete=models.CASCADE, related_name="validations"
    )
    store = models.ForeignKey(TrustStore, on_delete=models.CASCADE)
    ok = models.BooleanField()
    # OpenSSL's code of the first error (X509_V_ERR_*), its depth (0: the leaf) and words.
    code = models.IntegerField(default=0)
    depth = models.IntegerField(default=0)
    message = models.CharField(max_length=300, blank=True)
    # SHA-256 of the certificate that is at fault.
    culprit = models.CharField(max_length=64, blank=True)
    # SHA-256 of each certificate of the path that holds, from the leaf to the root.
    path = models.JSONField(default=list, blank=True)
    # Of those that were not served and are known otherwise, by which it would hold.
    missing = models.JSONField(default=list, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["observation", "store"], name="one_validation_each")
        ]

    def __str__(self) -> str:
        return f"{'ok' if self.ok else self.message} by {self.store_id}"


class RevocationList(models.Model):
    """A CRL (RFC 5280, 5), as it was last fetched."""

    url = models.CharField(max_length=2000, unique=True)
    der = models.BinaryField(null=True, blank=True, editable=False)
    issuer_key = models.CharField(max_length=64, blank=True)
    this_update = models.DateTimeField(null=True, blank=True)
    next_update = models.DateTimeField(null=True, blank=True)
    entries = models.PositiveIntegerField(default=0)
    fetched_at = models.DateTimeField(null=True, blank=True)
    fetch_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=1000, blank=True)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["url"]
        verbose_name = "revocation list"

    def __str__(self) -> str:
        return self.url


class Revocation(models.Model):
    """What its issuer says of a certificate: by CRL, or by OCSP (RFC 6960)."""

    class Status(models.TextChoices):
        """Unknown: nobody could be asked, or the answer could not be believed."""

        GOOD = "good"
        REVOKED = "revoked"
        UNKNOWN = "unknown"

    certificate = models.OneToOneField(
        Certificate, on_delete=models.CASCADE, related_name="revocation"
    )
    status = models.CharField(max_length=8, choices=Status, default=Status.UNKNOWN)
    # "crl" or "ocsp", and whom we asked.
    via = models.CharField(max_length=5, blank=True)
    url = models.CharField(max_length=2000, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=1000, blank=True)
    # Until when the issuer lets the answer stand.
    next_update = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField(null=True, blank=True)
    check_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["check_at"], name="revocation_due")]

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.status}"
