"""CloudTrail: take in calls, have what they changed asked about, and watch the trail itself."""

from security.activity.handle import handle_activities
from security.activity.poll import poll_queues
from security.activity.posted import take_posted

__all__ = ["handle_activities", "poll_queues", "take_posted"]
