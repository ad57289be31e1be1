"""Paging: one person after the other is told until somebody takes the alert.

A walk is a row of `Escalation`, due when its next step is. It asks the alert itself each time, so
nothing can be left behind: acknowledged, it is held; resolved, it ends; snoozed or suppressed, it
looks again; worse, or nobody's any more, it begins anew with a higher round. One walk may speak for
many alerts: those of its group, and what is too much for a team.
"""

from alerts.escalate.begin import Wish, restart_escalations, start_escalations
from alerts.escalate.share import page_key, with_others
from alerts.escalate.stop import end_escalations, hold_escalations, look_again
from alerts.escalate.walk import walk_escalations
from alerts.escalate.watch import LATE_AFTER, late_escalations, watch_escalations

__all__ = [
    "LATE_AFTER",
    "Wish",
    "end_escalations",
    "hold_escalations",
    "late_escalations",
    "look_again",
    "page_key",
    "restart_escalations",
    "start_escalations",
    "walk_escalations",
    "watch_escalations",
    "with_others",
]
