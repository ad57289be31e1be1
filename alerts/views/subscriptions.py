"""What one has subscribed to: everybody manages their own here, without any right in the admin."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from alerts.change import delete_subscription, save_subscription
from alerts.models import Channel, Subscription
from alerts.policy_forms import OwnSubscriptionForm
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import User
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import roles_of
from opsportal.lib.errors import OpsError
from opsportal.lib.times import utc_now


@portal_page
@require_http_methods(["GET", "HEAD", "POST"])
def my_subscriptions(request: HttpRequest) -> HttpResponse:
    """The list, with a form for another one; and what one's teams have subscribed to."""
    user = _person(request)
    form = OwnSubscriptionForm(request.POST or None, instance=Subscription(user=user))
    if request.method == "POST" and _saved(request, form):
        return HttpResponseRedirect(reverse("subscriptions"))
    rows = Subscription.objects.select_related("channel", "team").defer("channel__settings")
    context = {
        "title": "My subscriptions",
        "form": form,
        "mine": rows.filter(user=user),
        "teams": rows.filter(team__in=list(roles_of(user))),
        "reached": _reached(user),
    }
    return render_page(request, "alerts/subscriptions.html", context)


@portal_page
@require_http_methods(["GET", "HEAD", "POST"])
def my_subscription(request: HttpRequest, subscription_id: int) -> HttpResponse:
    """One of one's own, to change or to remove."""
    rows = Subscription.objects.select_related("user", "team", "channel")
    found = rows.filter(pk=subscription_id, user=_person(request)).first()
    if found is None:
        raise Http404("no such subscription of one's own")
    back = HttpResponseRedirect(reverse("subscriptions"))
    if request.method == "POST" and "remove" in request.POST:
        delete_subscription(found, actor=actor_of(request), now=utc_now())
        messages.success(request, f"{found.name} is removed.")
        return back
    form = OwnSubscriptionForm(request.POST or None, instance=found)
    if request.method == "POST" and _saved(request, form):
        return back
    context = {"title": found.name, "form": form, "found": found}
    return render_page(request, "alerts/subscription.html", context)


def _person(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User):
        raise Http404("nobody is signed in")
    return user


def _saved(request: HttpRequest, form: OwnSubscriptionForm) -> bool:
    """Whether what was sent is stored; if not, the form says why."""
    if not form.is_valid():
        return False
    try:
        save_subscription(form.instance, actor=actor_of(request), now=utc_now())
    except OpsError as error:
        if not error.errors:
            form.add_error(None, error.message)
        for wrong in error.errors:
            form.add_error(wrong.field if wrong.field in form.fields else None, wrong.message)
        return False
    messages.success(request, f"{form.instance.name} is saved.")
    return True


def _reached(user: User) -> str:
    """How one is told where a subscription names no channel."""
    own = Channel.objects.filter(user=user, enabled=True).order_by("pk").defer("settings").first()
    if own is not None:
        return own.name
    return f"e-mail to {user.email}" if user.email else ""
