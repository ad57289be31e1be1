"""Why who was told, or not: every decision about an alert, matcher by matcher, and in words."""

from alerts.explain.explain import explain_alert
from alerts.explain.found import AskedNow, Explained, Explanation, Part

__all__ = ["AskedNow", "Explained", "Explanation", "Part", "explain_alert"]
