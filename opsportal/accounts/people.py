"""People are made here outside the admin, with a trail."""

from datetime import datetime

from django.db import transaction

from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import audit_state, record_audit
from opsportal.accounts.models import User


def ensure_person(username: str, email: str, *, actor: Actor, now: datetime) -> User:
    """The person of that name; made, without a password, where there is none."""
    with transaction.atomic():
        user, made = User.objects.get_or_create(username=username, defaults={"email": email})
        if made:
            user.set_unusable_password()
            user.save(update_fields=["password"])
            record_audit(actor, "create", user, after=audit_state(user), now=now)
    return user
