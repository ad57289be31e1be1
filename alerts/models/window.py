"""Alerts that are held back while a change is under way."""

from django.db import models

from alerts.models.episode import SEVERITY_CHOICES
from opsportal.accounts.models import Team


class ChangeWindow(models.Model):
    """While a change is under way nobody is told of what matches, up to a severity.

    It has all that decides, so that what anybody may report of a change can only shorten it. A
    team's holds back only alerts of that team and of none.
    """

    # Of the timeline, which has no foreign keys to it.
    event_id = models.BigIntegerField(unique=True)
    title = models.CharField(max_length=500)
    match = models.CharField(max_length=1000)
    severity_up_to = models.CharField(max_length=8, choices=SEVERITY_CHOICES)
    starts_at = models.DateTimeField()
    expected_end_at = models.DateTimeField(null=True, blank=True)
    # What follows of it all: it holds until then, whether or not anybody reports an end.
    ends_at = models.DateTimeField(db_index=True)
    # The change is over, or a person has ended it: no report changes anything any more.
    closed = models.BooleanField(default=False)
    # Whose key asked for it.
    author = models.CharField(max_length=200)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Window of change {self.event_id}"

    def get_absolute_url(self) -> str:
        """The change's page."""
        return f"/changes/{self.event_id}/"

    @property
    def words(self) -> str:
        """What holds an alert back, and until when."""
        return f"change {self.event_id} until {self.ends_at:%Y-%m-%d %H:%M} UTC: {self.title}"
