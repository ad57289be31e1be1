"""What people say of resources and revisions."""

from django.db import models

from security.models.resource import CloudResource, ConfigRevision


class Comment(models.Model):
    """A note on a resource, or on one revision of it."""

    resource = models.ForeignKey(CloudResource, on_delete=models.CASCADE)
    revision = models.ForeignKey(ConfigRevision, null=True, blank=True, on_delete=models.CASCADE)
    author = models.CharField(max_length=200)
    at = models.DateTimeField()
    text = models.CharField(max_length=4000)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["resource", "-at"], name="comment_resource")]

    def __str__(self) -> str:
        return self.text[:60]


class Review(models.Model):
    """Somebody has looked at a revision and found it right."""

    revision = models.OneToOneField(ConfigRevision, on_delete=models.CASCADE)
    reviewer = models.CharField(max_length=200)
    at = models.DateTimeField()
    note = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.revision_id} reviewed by {self.reviewer}"
