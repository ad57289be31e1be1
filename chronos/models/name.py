"""The names that changes are told with, and which of them mean the same."""

from django.db import models

# What changes name things by; names of the first ones may have aliases.
ALIASED = ("service", "environment", "region", "team")
NAMED = (*ALIASED, "actor", "source", "kind")


class KnownName(models.Model):
    """A service, an environment ... that was named by a change, or by somebody else."""

    field = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    # By a change; empty: others know it, but no change has named it.
    first_seen_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    # By others, such as an alert.
    mentioned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["field", "name"], name="one_known_name")]

    def __str__(self) -> str:
        return f"{self.field} {self.name}"


class Alias(models.Model):
    """Another name of the same: changes are recorded with the canonical one.

    A name that is its own canonical one is right as it is: nothing is suggested for it.
    """

    field = models.CharField(max_length=20, choices=[(name, name) for name in ALIASED])
    name = models.CharField(max_length=200)
    canonical = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    # When the changes of before had been given the canonical name; empty: not yet.
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["field", "name"]
        verbose_name_plural = "aliases"
        constraints = [models.UniqueConstraint(fields=["field", "name"], name="one_alias")]

    def __str__(self) -> str:
        return f"{self.field} {self.name} is {self.canonical}"


class SourceExpectation(models.Model):
    """How often a source is to be heard of, where its habits do not say it well."""

    source = models.CharField(max_length=200, unique=True)
    watched = models.BooleanField(default=True, help_text="An alert is raised when it is silent.")
    every = models.DurationField(
        null=True,
        blank=True,
        help_text="Silent after so long, such as 1 00:00:00 for a day. Empty: by its habits.",
    )
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["source"]

    def __str__(self) -> str:
        return self.source
