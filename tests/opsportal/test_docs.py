"""The documents say what the code does: settings, plug-ins, scopes, links."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import get_resolver

from alerts.act import ACTIONS
from alerts.api.read import FILTERS
from alerts.channels.webhook import sign_body
from alerts.models import Alert, RuleAction, Transition
from alerts.normalise import SEVERITIES
from opsportal.accounts.keys import SCOPES
from opsportal.accounts.models import Membership
from opsportal.lib.env import PREFIX, READ
from opsportal.lib.registry import known_formats, plugins
from opsportal.lib.times import utc_now
from opsportal.safety.limits import known_limits

ROOT = Path(settings.BASE_DIR)
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
SOURCES = [
    path
    for folder in ("opsportal", "alerts", "chronos", "security", "certs")
    for path in (ROOT / folder).rglob("*.py")
]
_READS = re.compile(r'\benv_(?:str|int|bool|list|secret)\(\s*"(\w+)"')


def page(name):
    return (ROOT / name).read_text()


def rows(text):
    """The first cells of a page's tables."""
    return [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| `")]


def documented():
    names = set()
    for cell in rows(page("docs/configuration.md")):
        name = cell.split("`")[1]
        assert name not in names, "a second row"
        names |= {name, f"{name}_FILE"} if "**(file)**" in cell else {name}
    return names


def read_by_the_code():
    """What the settings have read, and what other modules read when they need it."""
    later = {PREFIX + name for path in SOURCES for name in _READS.findall(path.read_text())}
    return {name for name in READ if not name.startswith(f"{PREFIX}TEST_")} | later


def test_the_table_of_variables_is_what_the_code_reads():
    assert documented() == read_by_the_code()


def test_no_variable_is_named_that_nobody_reads():
    for path in DOCS:
        named = set(re.findall(rf"\b{PREFIX}[A-Z_]+[A-Z]\b", path.read_text()))
        assert named <= documented() | {PREFIX + "TEST"}, path.name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("docs/channels.md", lambda: plugins("ALERT_CHANNELS")),
        ("docs/senders.md", known_formats),
        ("docs/remediation.md", lambda: plugins("REMEDIATIONS")),
        ("docs/remediation.md", known_limits),
        ("docs/accounts.md", lambda: SCOPES),
    ],
    ids=["channels", "formats", "remediations", "limits", "scopes"],
)
def test_every_plug_in_and_scope_has_its_row(name, words):
    assert set(words()) <= {cell.split("`")[1] for cell in rows(page(name))}


def test_every_setting_of_a_channel_is_named():
    for slug, channel in plugins("ALERT_CHANNELS").items():
        (row,) = (r for r in page("docs/channels.md").splitlines() if r.startswith(f"| `{slug}`"))
        for field in channel.fields:
            assert f"`{field.name}`" in row


def test_the_words_of_the_gateway_are_explained():
    text = page("docs/alerts.md")
    words = [*SEVERITIES, *Alert.Status.values, *RuleAction.Kind.values, *RuleAction.Field.values]
    for word in [*words, *(found.name for found in FILTERS)]:
        assert f"`{word}`" in text, word
    for action in ACTIONS:
        assert action in text
    told = page("docs/channels.md")
    for kind in (
        "opened",
        "reopened",
        "worsened",
        "improved",
        "resolved",
        "expired",
        "woken",
        "released",
    ):
        assert kind in Transition.Kind.values
        assert f"`{kind}`" in told


def test_the_roles_are_explained():
    text = page("docs/accounts.md")
    for role in Membership.Role:
        assert f"| {role.label.lower()} |" in text


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(path):
    for target, anchor in re.findall(
        r"\]\((?!https?:|mailto:)([^)#]*)#?([^)]*)\)", path.read_text()
    ):
        linked = (path.parent / target).resolve() if target else path
        if "images/" in target:
            continue  # pictures are made from the running portal
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in headings}
            assert anchor in slugs, anchor


def test_commands_and_files_that_pages_name_exist():
    commands = {path.stem for path in ROOT.glob("*/**/management/commands/*.py")}
    known = commands | {"migrate", "createcachetable", "collectstatic", "check", "createsuperuser"}
    known |= {"qcluster", "axes_reset", "makemigrations"}
    for path in DOCS:
        text = path.read_text()
        for command in re.findall(r"python manage\.py (\w+)", text):
            assert command in known, f"{path.name}: {command}"
        for file in re.findall(r"`((?:alerts|chronos|opsportal|tests|benchmarks)/[\w/.]+)`", text):
            assert (ROOT / file).exists(), f"{path.name}: {file}"


def test_paths_that_pages_name_answer():
    resolver = get_resolver()
    for path in DOCS:
        text = path.read_text()
        for found in re.findall(r"[`(]((?:/api/|/alertmanager/|/admin/)[\w/.-]*)", text):
            if found.rstrip("/") not in {"/api", "/api/v1", "/alertmanager"}:
                assert resolver.resolve(found), f"{path.name}: {found}"


def test_the_printed_verification_of_webhooks_accepts_what_is_signed():
    (code,) = re.findall(r"```python\n(.*?)```", page("docs/channels.md"), re.DOTALL)
    namespace = {}
    exec(code, namespace)  # noqa: S102 - our own page
    verify, now = namespace["is_from_portal"], int(utc_now().timestamp())
    header = sign_body("secret", b"{}", now)
    assert verify("secret", header, b"{}")
    assert not verify("secret", header, b"{ }")
    assert not verify("other", header, b"{}")
    assert not verify("secret", sign_body("secret", b"{}", now - 3600), b"{}")
    assert not verify("secret", "nonsense", b"{}")
