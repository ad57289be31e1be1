"""What needs what."""

from django.db import models


class Dependency(models.Model):
    """A service that does not work without another: a change there may be felt here."""

    service = models.CharField(max_length=200)
    depends_on = models.CharField(max_length=200)

    class Meta:
        ordering = ["service", "depends_on"]
        verbose_name_plural = "dependencies"
        constraints = [
            models.UniqueConstraint(fields=["service", "depends_on"], name="one_dependency_each"),
            models.CheckConstraint(
                condition=~models.Q(service=models.F("depends_on")),
                name="depends_on_another",
                violation_error_message="A service does not depend on itself: name another.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} depends on {self.depends_on}"
