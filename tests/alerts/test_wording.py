"""Templates of a team's own: harmless whatever they say, and never in the way of a delivery."""

import time

import pytest

from alerts.change import delete_template, save_channel, save_template
from alerts.compose import compose_example, compose_preview, wording_of
from alerts.models import DeliveryAttempt, MessageTemplate
from alerts.wording import FILTERS, LONGEST_OUTPUT, TAGS, check_wording, render_wording
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import ConflictError, PayloadError
from tests.accounts.people import make_person
from tests.alerts.delivering import flush, hook_channel, run, state
from tests.alerts.makers import (
    JO,
    NOW,
    hold_in,
    make_alert,
    make_channel,
    make_group,
    make_notification,
)

FACTS = {
    "name": "DiskFull",
    "severity": "high",
    "description": "d" * 50_000,
    "labels": {"host": "db<1>", "zone": "b"},
    "members": [{"name": f"alert {number}", "severity": "low"} for number in range(80)],
    "none": None,
}


def filled(text: str) -> str:
    return render_wording(text, FACTS)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{{ severity|upper }}: {{ labels.host }}", "HIGH: db<1>"),
        ("{% if severity == 'high' %}now{% else %}later{% endif %}", "now"),
        ("{% for m in members|slice:':2' %}{{ forloop.counter }} {% endfor %}", "1 2 "),
        ("{% for k, v in labels.items %}{{ k }}={{ v }} {% endfor %}", "host=db<1> zone=b "),
        ("{% for m in none %}{% empty %}nobody{% endfor %}", "nobody"),
        ("{{ nothing.at.all }}{{ name|default:'x' }}", "DiskFull"),
        ("{% with a=name %}{{ a }}{% endwith %}{% firstof none severity %}", "DiskFullhigh"),
        ("{% comment %}x{% endcomment %}{% verbatim %}{{ x }}{% endverbatim %}", "{{ x }}"),
        ("no template at all", "no template at all"),
    ],
)  # fmt: skip
def test_what_templates_are_for(text, wanted):
    assert filled(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{% include 'alerts/alert.html' %}", "Known tags: comment"),
        ("{% extends 'portal.html' %}", "Known tags"),
        ("{% load static %}", "Known tags"),
        ("{% debug %}", "Known tags"),
        ("{% url 'alerts' %}", "Known tags"),
        ("{% csrf_token %}", "Known tags"),
        ("{% now 'Y' %}", "Known tags"),
        ("{% autoescape on %}{% endautoescape %}", "Known tags"),
        ("{{ name|safe }}", "Known filters: capfirst"),
        ("{{ name|center:'999999999' }}", "Known filters"),
        ("{{ name|pprint }}", "Known filters"),
        ("{{ name|stringformat:'999999999d' }}", "Known filters"),
        ("{{ _budget }}", "underscore"),
        ("{{ name.__class__.__mro__ }}", "underscore"),
        ("{% if %}", "if tag"),
        ("{% for x in name %}{% endfor %}", "no list"),
        ("{% for x in members %}", "for"),
        ("{% for a, b, c in members %}{% endfor %}", "shorter"),
        ("{{ name|truncatechars }}", "requires 2 arguments"),
        ("{% if a %}" * 3000 + "{% endif %}" * 3000, "nested too deeply"),
        ("{{ name }}" * 400, "more than 300 variables"),
    ],
)
def test_what_they_may_not_do_is_told(text, message):
    with pytest.raises(PayloadError, match="body of the template") as caught:
        filled(text)
    assert message in caught.value.errors[0].message


def test_loops_end():
    assert filled("{% for m in members %}x{% endfor %}") == "x" * 50
    began = time.process_time()
    deep = "{% for a in members %}" * 4 + "{{ description }}" + "{% endfor %}" * 4
    wide = "{% for a in members %}" + "{{ description }}" * 300 + "{% endfor %}"
    for text in (deep, wide, "{% for a in members %}" * 100 + "{% endfor %}" * 100):
        with pytest.raises(PayloadError, match="too often"):
            filled(text)
    assert time.process_time() - began < 5


def test_the_output_is_cut_and_filters_multiply_nothing():
    assert len(filled("{{ description }}" * 100)) == LONGEST_OUTPUT
    assert len(filled("{{ description|join:description|join:description }}")) <= LONGEST_OUTPUT
    assert filled("{{ labels.keys|join:'-' }}") != ""


def test_only_plain_values_reach_a_template():
    def plain(value):
        if isinstance(value, dict):
            return all(plain(item) for item in value.values())
        if isinstance(value, list):
            return all(plain(item) for item in value)
        return value is None or type(value).__module__ in {"builtins", "datetime"}

    assert plain(wording_of(compose_example(NOW)))


def test_the_lists_are_what_the_engine_knows():
    assert set(TAGS) & {"include", "extends", "load", "debug", "ssi", "url", "csrf_token"} == set()
    assert set(FILTERS) & {"safe", "safeseq", "center", "ljust", "rjust", "add"} == set()


def test_every_field_has_its_own_complaint():
    with pytest.raises(PayloadError) as caught:
        check_wording("{% if %}", "{% load x %}", FACTS)
    assert [error.field for error in caught.value.errors] == ["subject", "body"]


@pytest.mark.django_db
class TestDelivery:
    def template(self, **values):
        return MessageTemplate.objects.create(**{"name": "ours"} | values)

    def test_a_mail_has_the_words_of_its_channel(self, mails):
        template = self.template(
            subject="{{ service }} is {{ severity }}\nBcc: x@example.org",
            body="Host {{ labels.host }}",
        )
        make_notification(make_alert(labels={"host": "<db>"}), make_channel(template=template))
        run()
        mail = mails.received[0].mail
        assert mail["Subject"] == "billing is warning Bcc: x@example.org"
        assert mail["Bcc"] is None
        assert mail.get_body(("plain",)).get_content().strip() == "Host <db>"
        html = mail.get_body(("html",)).get_content()
        assert "Host &lt;db&gt;" in html
        assert "/a/" in html

    def test_a_template_that_fails_falls_back_to_the_usual_text_and_says_so(self, mails):
        template = self.template(subject="{% if %}", body="{{ name }}")
        row = make_notification(make_alert(), make_channel(template=template))
        run()
        assert state(row)[0] == "done"
        assert mails.subjects == ["[WARNING] billing: Disk is full"]
        answer = DeliveryAttempt.objects.get().answer
        assert "the usual text was sent, as ours failed" in answer

    def test_a_group_can_be_listed(self, mails):
        template = self.template(
            subject="{{ total }} of {{ group_labels.service }}",
            body="{% for m in members %}{{ m.severity }} {{ m.title }}\n{% endfor %}",
        )
        group = make_group(make_channel(template=template))
        for severity in ("low", "critical"):
            hold_in(group, make_alert(severity=severity))
        flush()
        run()
        assert mails.subjects == ["2 of billing"]
        text = mails.received[0].mail.get_body(("plain",)).get_content()
        assert text.splitlines()[:2] == [
            "critical billing: Disk is full",
            "low billing: Disk is full",
        ]

    def test_a_webhook_keeps_its_contract(self, hooks):
        template = self.template(subject="ours", body="ours")
        make_notification(make_alert(), hook_channel(hooks, template=template))
        run()
        assert hooks.requests[0].json["alert"]["summary"] == "Disk is full"

    def test_saving_tries_it_out_and_leaves_a_trail(self):
        template = MessageTemplate(name="x", body="{% load x %}")
        with pytest.raises(PayloadError, match="Known tags"):
            save_template(template, actor=JO, now=NOW)
        template.body = "{{ name }}"
        assert save_template(template, actor=JO, now=NOW)
        assert not save_template(template, actor=JO, now=NOW)
        channel = make_channel()
        channel.template = template
        save_channel(channel, actor=JO, now=NOW)
        with pytest.raises(ConflictError, match="ops"):
            delete_template(template, actor=JO, now=NOW)
        channel.template = None
        save_channel(channel, actor=JO, now=NOW)
        delete_template(template, actor=JO, now=NOW)
        trail = AuditEntry.objects.filter(target_type="alerts.messagetemplate").order_by("pk")
        assert [entry.action for entry in trail] == ["create", "delete"]

    def test_a_preview_is_what_would_be_sent(self):
        alert = make_alert(summary="Really full")
        facts = wording_of(compose_preview(alert, NOW))
        assert render_wording("{{ summary }} {{ members.0.title }}", facts) == (
            "Really full billing: Really full"
        )

    def test_the_preview_page_shows_it_and_stores_nothing(self, client):
        client.force_login(make_person("administrator"))
        page = "/admin/alerts/messagetemplate/preview/"
        alert = make_alert(summary="Really <b>full")
        form = {"subject": "{{ severity|upper }}", "body": "{{ summary }}"}
        text = client.post(page, form).text
        assert "WARNING" in text
        assert "Really &lt;b&gt;full" in text
        make_alert(summary="newer")
        assert "Really" in client.post(page, form | {"preview_alert": str(alert.pk)}).text
        for number in ("999999", "x", "9" * 40, "\0"):
            text = client.post(page, form | {"preview_alert": number}).text
            assert "newer" in text
        assert "Known tags" in client.post(page, {"body": "{% load x %}"}).text
        assert client.get(page).status_code == 302
        assert not MessageTemplate.objects.exists()

    def test_a_wrong_template_is_not_saved_and_the_page_says_why(self, client):
        client.force_login(make_person("administrator"))
        page = "/admin/alerts/messagetemplate/add/"
        response = client.post(page, {"name": "x", "subject": "{% if %}", "body": "{{ a|safe }}"})
        assert response.status_code == 200
        assert "Known filters" in response.text
        assert client.post(page, {"name": "x", "body": "{{ name }}"}).status_code == 302
        assert MessageTemplate.objects.get().body == "{{ name }}"
        assert "<code>acknowledge_url</code>" in client.get(page).text

    @pytest.mark.parametrize("role", ["viewer", "responder"])
    def test_a_preview_is_for_those_who_may_write_templates(self, client, role):
        client.force_login(make_person(role))
        response = client.post("/admin/alerts/messagetemplate/preview/", {"body": "x"})
        assert response.status_code == 403
