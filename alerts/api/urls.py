"""Where the alerts API answers, below `/api/v1/`."""

from django.urls import path

from alerts.api.configuration import ChannelList, RuleList
from alerts.api.deliveries import DeliveryDetail, DeliveryList, ReplayDelivery
from alerts.api.explain import ExplainAlert
from alerts.api.heartbeats import HeartbeatDetail, HeartbeatList
from alerts.api.noise import Noise
from alerts.api.oncall import (
    EscalationList,
    OnCallView,
    OverrideCreate,
    ScheduleDetail,
    ScheduleFeed,
    ScheduleList,
)
from alerts.api.preview import RulePreview
from alerts.api.read import AlertDetail, AlertList
from alerts.api.related import RelatedAlerts
from alerts.api.remediations import (
    ApproveRemediation,
    RejectRemediation,
    RemediationDetail,
    RemediationList,
)
from alerts.api.respond import BulkAction, action_view
from alerts.api.senders import SenderList
from alerts.api.silences import SilenceDetail, SilenceList, SilencePreview
from alerts.api.subscriptions import InhibitionList, SubscriptionDetail, SubscriptionList
from alerts.api.suspects import Suspects, SuspectVerdict

_ACTIONS = {
    "acknowledge": ("acknowledge", "Take an alert: it fires, but somebody is at it"),
    "unacknowledge": ("unacknowledge", "Give an alert back"),
    "resolve": ("resolve", "Close the episode by hand"),
    "assign": ("assign", "Give an alert to somebody, or to nobody"),
    "snooze": ("snooze", "Tell nobody for a while"),
    "unsnooze": ("unsnooze", "End a snooze early"),
    "notes": ("note", "Add a note to the story"),
}

api_urlpatterns = [
    path("alerts", AlertList.as_view(), name="api-alerts"),
    path("alerts/bulk", BulkAction.as_view(), name="api-alerts-bulk"),
    path("alerts/noise", Noise.as_view(), name="api-alerts-noise"),
    path("alerts/<str:alert_id>", AlertDetail.as_view(), name="api-alert"),
    path("alerts/<str:alert_id>/explain", ExplainAlert.as_view(), name="api-alert-explain"),
    path("alerts/<str:alert_id>/related", RelatedAlerts.as_view(), name="api-alert-related"),
    path("alerts/<str:alert_id>/suspects", Suspects.as_view(), name="api-alert-suspects"),
    path(
        "alerts/<str:alert_id>/suspects/<str:change_id>",
        SuspectVerdict.as_view(),
        name="api-alert-suspect",
    ),
    *(
        path(f"alerts/<str:alert_id>/{verb}", action_view(*action), name=f"api-alert-{verb}")
        for verb, action in _ACTIONS.items()
    ),
    path("heartbeats", HeartbeatList.as_view(), name="api-heartbeats"),
    path("heartbeats/<str:name>", HeartbeatDetail.as_view(), name="api-heartbeat"),
    path("remediations", RemediationList.as_view(), name="api-remediations"),
    path("remediations/<str:remediation_id>", RemediationDetail.as_view(), name="api-remediation"),
    path(
        "remediations/<str:remediation_id>/approve",
        ApproveRemediation.as_view(),
        name="api-remediation-approve",
    ),
    path(
        "remediations/<str:remediation_id>/reject",
        RejectRemediation.as_view(),
        name="api-remediation-reject",
    ),
    path("silences", SilenceList.as_view(), name="api-silences"),
    path("silences/preview", SilencePreview.as_view(), name="api-silences-preview"),
    path("silences/<str:silence_id>", SilenceDetail.as_view(), name="api-silence"),
    path("subscriptions", SubscriptionList.as_view(), name="api-subscriptions"),
    path(
        "subscriptions/<str:subscription_id>",
        SubscriptionDetail.as_view(),
        name="api-subscription",
    ),
    path("inhibitions", InhibitionList.as_view(), name="api-inhibitions"),
    path("rules/preview", RulePreview.as_view(), name="api-rules-preview"),
    path("rules", RuleList.as_view(), name="api-rules"),
    path("senders", SenderList.as_view(), name="api-senders"),
    path("deliveries", DeliveryList.as_view(), name="api-deliveries"),
    path("deliveries/<str:delivery_id>", DeliveryDetail.as_view(), name="api-delivery"),
    path(
        "deliveries/<str:delivery_id>/replay",
        ReplayDelivery.as_view(),
        name="api-delivery-replay",
    ),
    path("channels", ChannelList.as_view(), name="api-channels"),
    path("oncall", OnCallView.as_view(), name="api-oncall"),
    path("schedules", ScheduleList.as_view(), name="api-schedules"),
    path("schedules/<int:schedule_id>.ics", ScheduleFeed.as_view(), name="api-schedule-feed"),
    path("schedules/<str:schedule_id>", ScheduleDetail.as_view(), name="api-schedule"),
    path("schedules/<str:schedule_id>/overrides", OverrideCreate.as_view(), name="api-overrides"),
    path("escalations", EscalationList.as_view(), name="api-escalations"),
]
