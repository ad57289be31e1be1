"""The one place that imports the admin's theme. What the apps use of it has its name here."""

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.admin import action, register, site
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import BadRequest, ValidationError
from django.core.paginator import Paginator
from django.core.validators import MaxLengthValidator
from django.db import DataError
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.admin import StackedInline as ThemeStackedInline
from unfold.admin import TabularInline as ThemeTabularInline
from unfold.decorators import display as theme_display
from unfold.forms import AdminPasswordChangeForm, AuthenticationForm, UserChangeForm
from unfold.forms import UserCreationForm as UserAddForm
from unfold.sites import UnfoldAdminSite
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget as CheckboxesWidget
from unfold.widgets import UnfoldAdminPasswordWidget as SecretWidget
from unfold.widgets import UnfoldAdminTextareaWidget as TextareaWidget
from unfold.widgets import UnfoldAdminTextInputWidget as TextWidget
from unfold.widgets import UnfoldBooleanSwitchWidget as CheckboxWidget

from opsportal.lib.errors import OpsError, PayloadError

_ID = re.compile(r"[0-9]{1,18}")

__all__ = [
    "AdminPasswordChangeForm",
    "CheckboxWidget",
    "CheckboxesWidget",
    "PortalAdmin",
    "PortalSite",
    "ReadOnlyAdmin",
    "SecretWidget",
    "ShortPaginator",
    "StackedInline",
    "TabularInline",
    "TextWidget",
    "TextareaWidget",
    "UserAddForm",
    "UserChangeForm",
    "action",
    "display",
    "pretty_json",
    "register",
    "site",
]


Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def display(**options: Any) -> Callable[[Decorated], Decorated]:
    """How a method looks as a column: `description`, `ordering`, `label` (text -> colour)."""
    decorator: Callable[[Decorated], Decorated] = theme_display(**options)
    return decorator


def pretty_json(value: Any) -> SafeString:
    """JSON as people read it; a dash where there is none."""
    if value in (None, {}, []):
        return SafeString("-")
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    return format_html('<pre class="whitespace-pre-wrap break-all">{}</pre>', text)


_LONGEST_NAME = 150


class PortalLoginForm(AuthenticationForm):
    """Lets in whom the portal's roles let in; `is_staff` plays no part."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Django only tells browsers; who guesses is noted with the name, which has to fit.
        self.fields["username"].validators.append(MaxLengthValidator(_LONGEST_NAME))

    def confirm_login_allowed(self, user: Any) -> None:
        """Raise ValidationError for those without a role."""
        if not user.is_active:
            raise self.get_invalid_login_error()
        if not user.has_perm("accounts.enter_portal"):
            # The password was right: saying that it was not sends people after the wrong thing.
            raise ValidationError(
                "You are in no team yet. Ask an administrator to add you to one.", code="no_team"
            )


class PortalSite(UnfoldAdminSite):
    """The admin of the portal: open to every member, each page by permission."""

    login_form = PortalLoginForm

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the person may enter at all."""
        user = request.user
        return user.is_active and user.has_perm("accounts.enter_portal")

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """What a select looks up; no database text holds NUL, so nothing is found by it."""
        if "\0" in request.GET.get("term", ""):
            raise BadRequest("NUL in a search term")
        response: HttpResponse = super().autocomplete_view(request)
        return response


class ShortPaginator(Paginator):
    """Pages of a big table without counting it.

    It counts no further than `most` rows, so a list shows its newest rows in as many pages, and
    filters and search reach the older ones.
    """

    most = 2_000

    @cached_property
    def count(self) -> int:
        """How many rows there are, or `most` when there are more."""
        rows: Any = self.object_list
        number: int = rows.order_by().values("pk")[: self.most].count()
        return number


class SharedChoices:
    """Inline rows share one list of choices, where Django would read it again for each row."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The field, with its choices read once per request."""
        field = super().formfield_for_foreignkey(  # type: ignore[misc]
            db_field, request, **kwargs
        )
        if field is not None and db_field.name not in getattr(self, "autocomplete_fields", ()):
            shared = request.__dict__.setdefault("_inline_choices", {})
            if db_field not in shared:
                shared[db_field] = list(field.choices)
            field.choices = shared[db_field]
        return field


class TabularInline(SharedChoices, ThemeTabularInline):
    """Rows in a table."""


class StackedInline(SharedChoices, ThemeStackedInline):
    """Rows as blocks."""


class DeedForm(ModelForm):
    """A form that tells what its deed would refuse."""

    def refuse(self, row: Any) -> None:
        """Raises PayloadError."""
        raise NotImplementedError

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's own hook
        if self.errors:
            return
        try:
            self.refuse(self.instance)
        except PayloadError as error:
            for found in error.errors:
                self.add_error(found.field if found.field in self.fields else None, found.message)


class PortalAdmin(ModelAdmin):
    """The base of every admin page."""

    list_per_page = 50
    show_full_result_count = False
    compressed_fields = True
    warn_unsaved_form = True
    list_filter_submit = True
    # What an empty list says: how there comes to be something in it.
    when_empty = ""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list; a filter in the URL that no row could pass is told like any wrong one."""
        try:
            response: HttpResponse = super().changelist_view(request, extra_context)
        except (DataError, OverflowError):
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
        return response

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What only the deed can find, such as a name just taken, is told; nothing is stored."""
        try:
            response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except OpsError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(request.get_full_path())
        return response

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What the address fills in; what can be no row's id is left out."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        related = {field.name for field in self.opts.get_fields() if field.is_relation}
        return {
            name: value
            for name, value in given.items()
            if name not in related or (isinstance(value, str) and _ID.fullmatch(value))
        }

    # The audit trail replaces Django's own log of what was done in the admin.
    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Nothing."""

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Nothing."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Nothing."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """The audit trail of the object."""
        trail = reverse(f"{self.admin_site.name}:accounts_auditentry_changelist")
        target = f"target_type={self.opts.label_lower}&target_id={object_id}"
        return HttpResponseRedirect(f"{trail}?{target}")


class ReadOnlyAdmin(PortalAdmin):
    """Ledgers: nobody adds, changes or deletes here, administrators included."""

    paginator = ShortPaginator
    actions: Any = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False
