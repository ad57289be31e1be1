"""Certificates, by what they are: their SHA-256, never their serial."""

from django.db import models
from django.db.models import Q

from opsportal.accounts.models import Team

# Of a name, as much as an index takes; the whole is beside it.
KEY_LENGTH = 255


class Lineage(models.Model):
    """Certificates that replace each other: the same names, from the same family of issuers."""

    # Digest of what its certificates have in common; see certs/renew.
    key = models.CharField(max_length=64, unique=True)
    # For people: its first name.
    name = models.CharField(max_length=255)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class Certificate(models.Model):
    """A certificate that was found anywhere. What it says never changes; the rest is ours."""

    class Use(models.TextChoices):
        """The best that is known: severity follows from it."""

        SERVED = "served"
        PLACED = "placed"
        # Only heard of, as in a log of certificate transparency; or gone from everywhere.
        KNOWN = "known"

    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    # Equal for a precertificate and its certificate (RFC 6962, 3.2).
    tbs_sha256 = models.CharField(max_length=64)
    # Of the public key: who has the key has all certificates of it.
    spki_sha256 = models.CharField(max_length=64)
    der = models.BinaryField()
    # Hex, with its sign; far longer than RFC 5280 allows is cut, and `errors` says so.
    serial = models.CharField(max_length=160)
    subject = models.TextField(blank=True)
    issuer = models.TextField(blank=True)
    # Digests of the names' DER: a certificate's issuer_key is its issuer's subject_key.
    subject_key = models.CharField(max_length=64)
    issuer_key = models.CharField(max_length=64)
    common_name = models.TextField(blank=True)
    # What people call it: the common name, or the first other name; cut.
    title = models.CharField(max_length=KEY_LENGTH, blank=True)
    # What people call its issuer: organisation and common name; cut.
    issuer_title = models.CharField(max_length=KEY_LENGTH, blank=True)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    key_type = models.CharField(max_length=20)
    key_size = models.PositiveIntegerField(null=True, blank=True)
    key_curve = models.CharField(max_length=60, blank=True)
    signature_oid = models.CharField(max_length=100)
    signature_name = models.CharField(max_length=100, blank=True)
    signature_hash = models.CharField(max_length=20, blank=True)
    is_ca = models.BooleanField(default=False)
    self_signed = models.BooleanField(default=False)
    is_precertificate = models.BooleanField(default=False)
    subject_key_id = models.CharField(max_length=128, blank=True)
    authority_key_id = models.CharField(max_length=128, blank=True)
    # As in certs/x509/parsed.py.
    details = models.JSONField(default=dict, blank=True)
    errors = models.JSONField(default=list, blank=True)

    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    use = models.CharField(max_length=6, choices=Use, default=Use.KNOWN)
    # Whose it is, and by which rule or by whom that was said.
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    environment = models.CharField(max_length=100, blank=True)
    service = models.CharField(max_length=200, blank=True)
    owned_by = models.CharField(max_length=300, blank=True)
    # Set by a person, who outdoes every rule.
    owner_pinned = models.BooleanField(default=False)
    lineage = models.ForeignKey(
        Lineage, null=True, blank=True, on_delete=models.SET_NULL, related_name="certificates"
    )
    # The newest of its lineage that is in use, if it is another one.
    replaced_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replaces"
    )
    # A person has said what replaces it, or that nothing does.
    replacement_pinned = models.BooleanField(default=False)
    # Of no interest any more: nothing of it alerts.
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.CharField(max_length=200, blank=True)
    retired_reason = models.CharField(max_length=1000, blank=True)
    # A person has said that it is ours, though only a log of CT knows it.
    vouched_at = models.DateTimeField(null=True, blank=True)
    vouched_by = models.CharField(max_length=200, blank=True)
    # When the judges are to look again: something about it changed, or time alone does.
    judge_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["not_after", "id"]
        indexes = [
            # "What expires next?", of all, of what is in use, of a team.
            models.Index(fields=["not_after", "id"], name="certificate_expiry"),
            models.Index(
                fields=["not_after", "id"],
                condition=Q(retired_at=None) & ~Q(use="known"),
                name="certificate_in_use_expiry",
            ),
            # Counted without the rows.
            models.Index(
                fields=["use", "not_after", "id"],
                condition=Q(retired_at=None),
                name="certificate_use_expiry",
            ),
            models.Index(fields=["team", "not_after", "id"], name="certificate_team_expiry"),
            models.Index(fields=["issuer_title", "not_after", "id"], name="certificate_issuer"),
            models.Index(fields=["tbs_sha256"], name="certificate_tbs"),
            models.Index(fields=["spki_sha256"], name="certificate_key"),
            models.Index(fields=["serial"], name="certificate_serial"),
            # "Who issued it?", "What did it issue?".
            models.Index(fields=["subject_key"], name="certificate_subject"),
            models.Index(fields=["issuer_key"], name="certificate_issued"),
            # "What is to be judged?"
            models.Index(
                fields=["judge_at"], condition=Q(judge_at__isnull=False), name="certificate_judge"
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.subject or self.sha256[:16]

    def get_absolute_url(self) -> str:
        """Its page."""
        return f"/certs/certificates/{self.pk}/"


class CertificateName(models.Model):
    """A name in a certificate, to be searched for."""

    class Kind(models.TextChoices):
        """Of the subject (cn) or of subjectAltName."""

        CN = "cn", "common name"
        DNS = "dns", "DNS name"
        IP = "ip", "address"
        EMAIL = "email", "e-mail address"
        URI = "uri", "URI"
        OTHER = "other"

    certificate = models.ForeignKey(Certificate, on_delete=models.CASCADE, related_name="names")
    kind = models.CharField(max_length=5, choices=Kind)
    # ASCII and lower case, and the same for people.
    value = models.TextField()
    unicode = models.TextField(blank=True)
    # The beginning of `value`, and of `unicode`; and of `value` backwards, for suffixes.
    key = models.CharField(max_length=KEY_LENGTH)
    unicode_key = models.CharField(max_length=KEY_LENGTH, blank=True)
    reversed_key = models.CharField(max_length=KEY_LENGTH)

    class Meta:
        ordering = ["id"]
        # PostgreSQL finds beginnings only so.
        indexes = [
            models.Index(fields=["key"], opclasses=["varchar_pattern_ops"], name="cert_name_key"),
            models.Index(
                fields=["unicode_key"], opclasses=["varchar_pattern_ops"], name="cert_name_unicode"
            ),
            models.Index(
                fields=["reversed_key"],
                opclasses=["varchar_pattern_ops"],
                name="cert_name_reversed",
            ),
        ]

    def __str__(self) -> str:
        return self.unicode or self.value
