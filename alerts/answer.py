"""Act: acknowledge from the message, by its signed link.

The link is the right to acknowledge what its message told of, and nothing else: it names one
notification and its channel, and ends after a week. Looking changes nothing, since mail scanners
open every link; only the button of the page acts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import Case, IntegerField, QuerySet, Value, When

from alerts.act import MOST_AT_ONCE, act_on_alerts
from alerts.gather import told_with
from alerts.models import Alert, Notification, Transition
from alerts.normalise import RESOLVED, SEVERITY_RANK
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import OpsError

LIFETIME = timedelta(days=7)
_SALT = "alerts.answer"
# No token of ours is longer; what is longer is not even looked at.
_LONGEST_TOKEN = 200
_LISTED = 50
Status = Alert.Status
_RANK = Case(
    *(When(severity=name, then=Value(rank)) for name, rank in SEVERITY_RANK.items()),
    default=Value(0),
    output_field=IntegerField(),
)


class BadLinkError(OpsError):
    """No link of ours, or one that is no longer good."""

    code = "bad_link"
    status = 404


class ExpiredLinkError(BadLinkError):
    """A link of ours, too old."""

    code = "expired_link"
    status = 410


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link is about, as it stands now."""

    notification: Notification
    # Of a group the worst, otherwise the one.
    alerts: Sequence[Alert]
    total: int
    waiting: int
    taken: int
    # Who took it, where it is one alert and taken.
    taker: str

    @property
    def over(self) -> int:
        """How many are resolved."""
        return self.total - self.waiting - self.taken


def answer_url(notification: Notification) -> str:
    """The address of the page where a notification's alerts can be acknowledged.

    The same for every attempt; the group must have been fetched with the notification.
    """
    group = notification.group
    issued = notification.created_at
    if group is not None and group.told_at is not None:
        issued = max(issued, group.told_at)
    named = [notification.pk, notification.channel_id, int(issued.timestamp())]
    return f"{settings.PUBLIC_URL}/a/{Signer(salt=_SALT).sign_object(named)}/"


def read_link(token: str, *, now: datetime) -> Asked:
    """What the link is about. Raises BadLinkError; a token that is not ours costs no query."""
    pk, channel_id, issued = _opened(token)
    if datetime.fromtimestamp(issued, UTC) + LIFETIME <= now:
        raise ExpiredLinkError("This link has expired: it was good for a week.")
    row = (
        Notification.objects.select_related("channel__user", "alert", "group", "instead_of__group")
        .defer("channel__settings", "alert__raw")
        .filter(pk=pk, channel=channel_id)
        .first()
    )
    if row is None or not row.channel.enabled:
        raise BadLinkError("This link is no longer good: what it was sent for is gone.")
    if row.channel.user is not None and not row.channel.user.is_active:
        raise BadLinkError("This link is no longer good: its owner has left.")
    return _asked(row)


def acknowledge_by_link(asked: Asked, *, visitor: Actor, now: datetime) -> int:
    """Take all that fires of what the link is about; how many. Again is harmless.

    `visitor` says from where; who it is the channel says.
    """
    channel = asked.notification.channel
    if channel.user is not None:
        name, user_id = f"{channel.user.get_username()} by link", channel.user.pk
    else:
        name, user_id = f"link of channel {channel.name}", None
    actor = Actor(name, user_id, None, visitor.address, visitor.request_id)
    firing = _alerts(asked.notification).filter(status=Status.FIRING)
    ids = list(firing.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
    outcomes = act_on_alerts("acknowledge", ids, actor=actor, now=now)
    return sum(outcome == "done" for _, outcome, _ in outcomes)


def _opened(token: str) -> tuple[int, int, int]:
    bad = BadLinkError("This is no link of ours. Open the message again and press its button.")
    if len(token) > _LONGEST_TOKEN:
        raise bad
    try:
        pk, channel_id, issued = Signer(salt=_SALT).unsign_object(token)
    except (BadSignature, ValueError) as error:
        raise bad from error
    return pk, channel_id, issued


def _alerts(row: Notification) -> QuerySet[Alert]:
    lead = row.instead_of or row
    if lead.group_id is None:
        return Alert.objects.filter(pk=row.alert_id)
    return Alert.objects.filter(pk__in=told_with(lead).exclude(about=RESOLVED).values("alert"))


def _asked(row: Notification) -> Asked:
    alerts = _alerts(row)
    states = list(alerts.order_by().values_list("status", flat=True))
    waiting, taken = states.count(Status.FIRING), states.count(Status.ACKNOWLEDGED)
    taker = ""
    if len(states) == 1 and taken:
        taken_by = Transition.objects.filter(
            alert__in=alerts, kind=Transition.Kind.ACKNOWLEDGED
        ).order_by("-id")
        taker = taken_by.values_list("actor", flat=True).first() or ""
    shown = alerts.defer("raw").annotate(rank=_RANK).order_by("-rank", "-pk")
    return Asked(row, list(shown[:_LISTED]), len(states), waiting, taken, taker)
