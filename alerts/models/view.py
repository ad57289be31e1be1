"""Searches of the console that are worth coming back to."""

from django.db import models
from django.db.models import Q

from opsportal.accounts.models import Team, User


class SavedView(models.Model):
    """A name for a query string of the console; a person's own, or a team's."""

    name = models.CharField(max_length=100)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE)
    # What stands behind the `?` of `/alerts/`.
    query = models.CharField(max_length=2000, blank=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, team__isnull=True)
                | Q(user__isnull=True, team__isnull=False),
                name="view_is_somebodys",
            ),
            models.UniqueConstraint(
                fields=["user", "name"], condition=Q(team=None), name="one_view_per_name"
            ),
            models.UniqueConstraint(
                fields=["team", "name"], condition=Q(user=None), name="one_team_view_per_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The view itself: a search."""
        return f"/alerts/?{self.query}"
