"""Where Alerta's API answers, below `/alerta/`; `POST alert` is a door of alerts/intake.py."""

from django.urls import path

from alerts.api.alerta.acting import (
    AlertAction,
    AlertAttributes,
    AlertDetail,
    AlertNote,
    AlertNotes,
    AlertStatus,
    AlertTag,
    AlertUntag,
    NoteDetail,
)
from alerts.api.alerta.keeping import (
    BlackoutDetail,
    BlackoutList,
    BlackoutPost,
    HeartbeatDetail,
    HeartbeatList,
    HeartbeatPost,
)
from alerts.api.alerta.management import (
    Config,
    Health,
    Housekeeping,
    Index,
    Nothing,
    Scopes,
    Status,
    UserInfo,
)
from alerts.api.alerta.reading import (
    AlertCount,
    AlertHistory,
    AlertList,
    EnvironmentList,
    GroupList,
    ServiceList,
    TagList,
)

urlpatterns = [
    path("", Index.as_view()),
    path("config", Config.as_view()),
    path("alerts", AlertList.as_view()),
    path("alerts/count", AlertCount.as_view()),
    path("alerts/history", AlertHistory.as_view()),
    path("alerts/groups", GroupList.as_view()),
    path("alerts/tags", TagList.as_view()),
    path("environments", EnvironmentList.as_view()),
    path("services", ServiceList.as_view()),
    path("alert/<str:number>", AlertDetail.as_view()),
    path("alert/<str:number>/status", AlertStatus.as_view()),
    path("alert/<str:number>/action", AlertAction.as_view()),
    path("alert/<str:number>/tag", AlertTag.as_view()),
    path("alert/<str:number>/untag", AlertUntag.as_view()),
    path("alert/<str:number>/attributes", AlertAttributes.as_view()),
    path("alert/<str:number>/note", AlertNote.as_view()),
    path("alert/<str:number>/notes", AlertNotes.as_view()),
    path("alert/<str:number>/note/<str:note_id>", NoteDetail.as_view()),
    path("heartbeat", HeartbeatPost.as_view()),
    path("heartbeat/<str:number>", HeartbeatDetail.as_view()),
    path("heartbeats", HeartbeatList.as_view()),
    path("blackout", BlackoutPost.as_view()),
    path("blackout/<str:number>", BlackoutDetail.as_view()),
    path("blackouts", BlackoutList.as_view()),
    path("management/status", Status.as_view()),
    path("management/housekeeping", Housekeeping.as_view()),
    path("management/gtg", Health.as_view()),
    path("management/healthcheck", Health.as_view()),
    path("userinfo", UserInfo.as_view()),
    path("scopes", Scopes.as_view()),
    path("<path:rest>", Nothing.as_view()),
]
