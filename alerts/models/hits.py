"""How often each rule took part, by day: what the noise report asks instead of all decisions."""

from django.db import models

from alerts.models.rule import Rule


class RuleHit(models.Model):
    """One rule on one day (UTC): transitions that it matched, and notifications it made."""

    # No constraint of the database: a rule that is deleted must not stop a router that counts it.
    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, db_constraint=False, db_index=False)
    day = models.DateField()
    matched = models.PositiveIntegerField(default=0)
    told = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            # "Which rules matched since?" is asked by rule, too.
            models.UniqueConstraint(fields=["rule", "day"], name="one_count_per_rule_and_day"),
        ]

    def __str__(self) -> str:
        return f"rule {self.rule_id} on {self.day}: {self.matched}"
