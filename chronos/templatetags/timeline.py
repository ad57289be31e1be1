"""How pages show changes."""

from django import template

from chronos.views.kinds import group_of

register = template.Library()
register.filter("kind_group", group_of)
