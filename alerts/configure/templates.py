"""Message templates in configuration files."""

from typing import Any

from alerts.change import delete_template, save_template
from alerts.models import MessageTemplate
from opsportal.accounts.configure import find_team
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node


class TemplateSection:
    """`templates: [{name, subject, body, team}]`."""

    slug = "templates"
    keys = ("name", "subject", "body", "team")

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The templates by name."""
        del mask  # a template has no secrets
        entries = []
        for template in MessageTemplate.objects.select_related("team").order_by("name"):
            entry: dict[str, Any] = {"name": template.name}
            if template.subject:
                entry["subject"] = template.subject
            if template.body:
                entry["body"] = template.body
            if template.team:
                entry["team"] = template.team.name
            entries.append(entry)
        return entries

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one template so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        found = MessageTemplate.objects.select_related("team").filter(name=name).first()
        template = found or MessageTemplate(name=name)
        if "subject" in given:
            template.subject = given["subject"].optional_text()
        if "body" in given:
            template.body = given["body"].optional_text()
        if "team" in given:
            template.team = find_team(given["team"])
        save_template(template, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the template."""
        template = MessageTemplate.objects.select_related("team").get(name=name)
        delete_template(template, actor=deed.actor, now=deed.now)


def find_template(node: Node) -> MessageTemplate | None:
    """The template that an entry names; null is none."""
    name = node.optional_text()
    if not name:
        return None
    template = MessageTemplate.objects.filter(name=name).first()
    if template is None:
        known = ", ".join(MessageTemplate.objects.values_list("name", flat=True)[:20]) or "none"
        raise node.error(f'no template "{name}"; add it under templates (known: {known})')
    return template
