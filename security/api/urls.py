"""Where the API answers, below `/api/v1/security/`."""

from django.urls import URLPattern, path

from security.api.accounts import (
    CloudAccountDetail,
    CloudAccountList,
    CloudAccountPolicy,
    CloudAccountTest,
)
from security.api.activity import ActivityList, RevisionCauses, Unannounced
from security.api.collecting import Collect, CollectionList, CollectorErrorList, ScopeList
from security.api.finding_urls import finding_urlpatterns
from security.api.history_urls import history_urlpatterns

api_urlpatterns: list[URLPattern] = [
    *history_urlpatterns,
    path("accounts", CloudAccountList.as_view(), name="api-cloud-accounts"),
    path("accounts/<str:account_id>", CloudAccountDetail.as_view(), name="api-cloud-account"),
    path("accounts/<str:account_id>/policy", CloudAccountPolicy.as_view()),
    path("accounts/<str:account_id>/test", CloudAccountTest.as_view()),
    path("scopes", ScopeList.as_view(), name="api-cloud-scopes"),
    path("collections", CollectionList.as_view(), name="api-cloud-collections"),
    path("errors", CollectorErrorList.as_view(), name="api-cloud-errors"),
    path("collect", Collect.as_view(), name="api-cloud-collect"),
    path("activity", ActivityList.as_view(), name="api-cloud-activity"),
    path("revisions/<str:revision_id>/causes", RevisionCauses.as_view()),
    path("unannounced", Unannounced.as_view(), name="api-cloud-unannounced"),
    *finding_urlpatterns,
]
