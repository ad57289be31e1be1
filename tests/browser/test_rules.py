"""The pages of rules in a real browser: the guided editor, the order, the preview."""

import pytest
from playwright.sync_api import Page, expect

from alerts.models import PolicyVersion, Rule
from alerts.policy import forget_policy
from tests.alerts.makers import make_alert, make_channel, make_rule
from tests.browser.test_pages import CHROMIUM, chromium, visit

__all__ = ["chromium", "visit"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"),
]
LIST, ADD = "/admin/alerts/rule/", "/admin/alerts/rule/add/"


@pytest.fixture(autouse=True)
def _fresh_policy():
    forget_policy()


def names(page: Page) -> list[str]:
    found = page.locator(".ops-rule").evaluate_all("rows => rows.map(row => row.dataset.name)")
    return list(found)


def stored() -> list[str]:
    return [rule.name for rule in Rule.objects.order_by("order", "id")]


def three() -> None:
    for number, name in enumerate(("first", "second", "third"), 1):
        make_rule(name, order=number * 10)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save the order").click()
    expect(page.get_by_text("Ordered: third is")).to_be_visible()


def test_a_rule_is_dragged_to_its_place(visit):
    three()
    page = visit.open(LIST)
    handle = page.get_by_role("button", name="Drag third").bounding_box()
    goal = page.locator("[data-name=first]").bounding_box()
    assert handle
    assert goal
    page.mouse.move(handle["x"] + 5, handle["y"] + 5)
    page.mouse.down()
    # At one go, over all that is between.
    page.mouse.move(handle["x"] + 5, goal["y"] + 3)
    page.mouse.up()
    expect(page.get_by_text("“third” is number 1 of 3. Not saved yet.")).to_be_visible()
    assert names(page) == ["third", "first", "second"]
    assert stored() == ["first", "second", "third"]
    save(page)
    assert stored() == ["third", "first", "second"]
    # One number was enough.
    assert PolicyVersion.objects.filter(kind="rule").count() == 1
    assert visit.complaints == []


def test_rules_move_by_keys_and_buttons_and_the_move_can_be_undone(visit):
    three()
    page = visit.open(LIST)
    page.get_by_role("button", name="Drag first").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert names(page) == ["second", "third", "first"]
    expect(page.get_by_role("button", name="Drag first")).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    assert names(page) == ["first", "second", "third"]
    expect(page.locator("[data-order-bar]")).to_be_hidden()
    page.get_by_role("button", name="Move third up").click()
    save(page)
    assert stored() == ["first", "third", "second"]
    assert visit.complaints == []


def test_a_finger_drags_as_well(visit):
    three()
    page = visit.page
    page.set_viewport_size({"width": 390, "height": 844})
    visit.open(LIST)
    box = page.get_by_role("button", name="Drag first").bounding_box()
    last = page.locator("[data-name=third]").bounding_box()
    assert box
    assert last
    touch = page.context.new_cdp_session(page)
    x, y, goal = box["x"] + 20, box["y"] + 15, last["y"] + last["height"] - 5

    def send(kind: str, at: float | None = None) -> None:
        points = [] if at is None else [{"x": x, "y": at}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", y)
    for part in range(1, 11):
        send("touchMove", y + (goal - y) * part / 10)
    send("touchEnd")
    expect(page.get_by_text("“first” is number 3 of 3. Not saved yet.")).to_be_visible()
    assert names(page) == ["second", "third", "first"]
    assert visit.complaints == []


def test_an_order_that_others_have_changed_is_refused(visit):
    three()
    page = visit.open(LIST)
    page.get_by_role("button", name="Move third up").click()
    make_rule("fourth", order=15)
    page.get_by_role("button", name="Save the order").click()
    expect(page.get_by_text("Look at them again")).to_be_visible()
    assert names(page) == stored() == ["first", "fourth", "second", "third"]


def test_rows_and_text_stay_equal(visit):
    make_alert(labels={"pod": "web-1"})
    page = visit.open(ADD)
    text = page.locator("#id_match")
    expect(page.get_by_text("No matchers: every alert matches.")).to_be_visible()
    page.get_by_role("button", name="Add a matcher").click()
    page.get_by_label("Label 1").fill("pod")
    page.get_by_label("Operator 1").select_option("=~")
    page.get_by_label("Value 1").fill('web-.*|"x"')
    expect(text).to_have_value(r'{pod=~"web-.*|\"x\""}')
    expect(page.locator("datalist option[value=pod]").first).to_be_attached()
    expect(page.locator("datalist option[value='web-1']").first).to_be_attached()
    text.fill("severity=high, value>=90")
    expect(page.get_by_label("Value 2")).to_have_value("90")
    expect(page.get_by_label("Operator 2")).to_have_value(">=")
    page.get_by_role("button", name="Remove matcher 1").click()
    expect(text).to_have_value('{value>="90"}')
    assert visit.complaints == []


def test_a_text_that_is_wrong_greys_the_rows_and_says_where(visit):
    page = visit.open(ADD)
    text, complaint = page.locator("#id_match"), page.locator("[data-complaint]")
    text.fill('a="1"')
    expect(page.get_by_label("Value 1")).to_be_enabled()
    text.fill('a="1" b')
    expect(complaint).to_contain_text("column 7: expected a comma")
    expect(complaint.locator("pre")).to_have_text('a="1" b\n      ^')
    expect(page.get_by_label("Value 1")).to_be_disabled()
    text.fill(r'a="two\nlines"')
    expect(complaint).to_contain_text("cannot show")
    expect(page.get_by_label("Value 1")).to_be_disabled()
    text.fill('a="2"')
    expect(page.get_by_label("Value 1")).to_have_value("2")
    expect(page.get_by_label("Value 1")).to_be_enabled()
    expect(complaint).to_be_hidden()
    assert visit.complaints == []


def test_what_was_just_typed_in_a_row_is_saved(visit):
    page = visit.open(ADD)
    page.fill("#id_name", "quick")
    page.locator("#id_actions-0-kind").select_option("suppress")
    page.locator("#id_actions-0-value").fill("quiet")
    page.get_by_role("button", name="Add a matcher").click()
    page.get_by_label("Label 1").fill("service")
    page.get_by_label("Value 1").fill("pay")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/alerts/rule/")
    assert Rule.objects.get().match == '{service="pay"}'


def test_a_row_that_is_wrong_is_not_lost_on_saving(visit):
    page = visit.open(ADD)
    page.fill("#id_name", "wrong")
    page.get_by_role("button", name="Add a matcher").click()
    page.get_by_label("Label 1").fill("value")
    page.get_by_label("Operator 1").select_option(">")
    page.get_by_label("Value 1").fill("much")
    expect(page.locator("[data-complaint]")).to_contain_text("Row 1: `>` needs a number")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Value 1")).to_have_value("much")
    assert not Rule.objects.exists()


def test_a_draft_is_previewed_in_another_tab(visit):
    channel = make_channel()
    page = visit.open(ADD)
    page.fill("#id_name", "draft")
    page.fill("#id_active_times", "mon-fri 09:00-17:00 Mars")
    expect(page.get_by_text("is no time zone")).to_be_visible()
    page.fill("#id_active_times", "")
    expect(page.locator("[data-said]")).to_have_text("Always.")
    page.get_by_role("button", name="service", exact=True).click()
    expect(page.locator("#id_group_by")).to_have_value("service")
    page.locator("#id_actions-0-kind").select_option("notify")
    page.locator("#id_actions-0-channel").select_option(str(channel.pk))
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Preview").click()
    preview = opened.value
    expect(preview.get_by_text("It would have matched nothing")).to_be_visible()
    preview.get_by_role("button", name="30 days").click()
    expect(preview.get_by_role("button", name="30 days")).to_have_attribute("aria-current", "true")
    expect(preview.get_by_text("by service: first after 10s")).to_be_visible()
    assert not Rule.objects.exists()
    expect(page.locator("#id_name")).to_have_value("draft")
    assert visit.complaints == []
