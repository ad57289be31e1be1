"""The same words to Debian's Alertmanager and to us: the same alerts, silences, refusals."""

import re
import shutil
from typing import Any

import pytest

from tests.alerts.alertmanager.client import Ours, at, original, silence

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not shutil.which("prometheus-alertmanager"), reason="no prometheus-alertmanager on PATH"
    ),
]
CONFIGURATION = "route: {receiver: 'null'}\nreceivers: [{name: 'null'}]\n"
# Go's and RE2's own words for what is wrong.
WORDS = re.compile(r"(failed, because |error parsing regexp: ).*")
OK = {"labels": {"alertname": "ok"}}


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with original(tmp_path_factory.mktemp("alertmanager"), CONFIGURATION) as found:
        yield found


@pytest.fixture
def both(server):
    """The original and us; alerts and silences of a test have its name."""
    return server, Ours()


def said(answer: tuple[int, Any]) -> Any:
    """Status and body; of what differs by program only that it is there."""
    status, body = answer
    if isinstance(body, dict) and "message" in body:
        return status, body["code"], WORDS.sub(r"\1", body["message"])
    return status, WORDS.sub(r"\1", body) if isinstance(body, str) else type(body)


def agree(both, method: str, *words: Any, **more: Any) -> Any:
    """Both answer alike; how."""
    theirs, ours = [said(getattr(speaker, method)(*words, **more)) for speaker in both]
    assert ours == theirs, (method, words)
    return ours


# What 0.25 refuses and later ones take (labels by UTF-8 names) is not asked here.
POSTED = [
    b"", b"[]", b"null", b"{}", b"[", b"5", b'"x"', [5], [{}], [{"labels": None}], [{"labels": {}}],
    [{"labels": []}], [{"labels": {"a": ""}}], [{"labels": {"a": 1}}], [{"labels": {"a": None}}],
    [{"labels": {"": "x"}}], [OK | {"annotations": {"a": 1}}], [OK | {"annotations": None}],
    [OK | {"annotations": []}], [OK | {"startsAt": "soon"}], [OK | {"startsAt": 5}],
    [OK | {"startsAt": ""}], [OK | {"startsAt": None}], [OK | {"startsAt": "2026-01-01"}],
    [OK | {"startsAt": "2026-01-02T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z"}],
    [OK | {"startsAt": "2199-01-01T00:00:00Z"}], [OK | {"endsAt": "9999-12-31T23:59:59Z"}],
    [OK | {"startsAt": "0001-01-01T00:00:00.000Z", "endsAt": "0001-01-01T00:00:00.000Z"}],
    *([OK | {"generatorURL": url}] for url in (
        "rel", "not a url", "", 5, None, "/rel", "mailto:x", "http://x/ y", "http://x/%zz", ":x",
        "http://p:9090/graph?g0.expr=up+%3D%3D+1&g0.tab=1", "1http:x", "http://x/\x01")),
    [{"labels": {}}, OK, {"labels": {"": "x"}}], [OK, {"annotations": {}}],
    [{}, OK | {"generatorURL": "rel"}], [{"generatorURL": "rel"}], [OK | {"unknown": [5]}],
]  # fmt: skip


@pytest.mark.parametrize("body", POSTED, ids=str)
def test_posts_are_answered_alike(both, body):
    theirs, ours = [said(speaker.post("alerts", body)) for speaker in both]
    # Go prints control characters as it writes them in its own source.
    assert str(ours).replace("u0001", "x01") == str(theirs)


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/json; charset=utf-8", "application/JSON", "bogus", "text/json",
     "application/x-www-form-urlencoded"],
)  # fmt: skip
def test_media_types_are_taken_alike(both, content_type):
    agree(both, "post", "alerts", [], content_type)
    agree(both, "post", "silences", silence("a=b"), content_type)


QUERIES = [
    "bad", "", ",", 'job="value', 'job=va"lue', 'a="b",c="d"', "a-b=x", '{a="b"}', "a<5", 'a=~"("',
    'a=~"b', "a==b", "=b", 'a="\\', "a=\\", 'a="\\"', 'a!~"x', "a =~ b ", 'a="b" c',
]  # fmt: skip


@pytest.mark.parametrize("text", QUERIES)
def test_filters_are_read_alike(both, text):
    for path in ("alerts", "alerts/groups", "silences"):
        agree(both, "get", path, filter=text)
    agree(both, "get", "alerts", receiver=text)


def of_alert(alert: dict[str, Any]) -> dict[str, Any]:
    """What must be alike; later ones have `mutedBy`."""
    kept = (
        "labels",
        "annotations",
        "fingerprint",
        "generatorURL",
        "startsAt",
        "endsAt",
        "receivers",
    )
    return {name: alert[name] for name in kept if name in alert} | {
        "state": alert["status"]["state"]
    }


def test_the_same_posts_give_the_same_alerts(both):
    start, end, over = at(minutes=-10), at(minutes=30), at(minutes=-1)
    run = {"run": "same"}
    times = {"startsAt": start, "endsAt": end}
    batches = [
        [{"labels": run | {"alertname": "a", "severity": "page", "team": "x"}, **times}],
        [
            {"labels": run | {"alertname": "b", "empty": "", "host": "h1"}, **times,
             "annotations": {"summary": "s", "none": ""}, "generatorURL": "http://p/graph?x=1"},
            {"labels": {}},
            {"labels": run | {"alertname": "c"}, "startsAt": start, "endsAt": over},
        ],
        # Again: the earliest start and the newest annotations are kept.
        [{"labels": run | {"alertname": "a", "severity": "page", "team": "x"},
          "annotations": {"summary": "new"}, "startsAt": at(minutes=-5), "endsAt": end}],
        [{"labels": run | {"alertname": "d"}, **times}],
        [{"labels": run | {"alertname": "d"}, "startsAt": start, "endsAt": at()}],
    ]  # fmt: skip
    for batch in batches:
        agree(both, "post", "alerts", batch)
    made = [speaker.post("silences", silence("run=same", "host=~h.*"))[1] for speaker in both]
    asked = [
        {}, {"filter": 'host!~"qux|"'}, {"filter": "host="}, {"filter": 'alertname=~"a|b"'},
        {"silenced": "false"}, {"active": "false"}, {"active": "banana"}, {"inhibited": "0"},
        {"receiver": "nul"}, {"receiver": "nu.*"}, {"receiver": ""},
    ]  # fmt: skip
    for query in asked:
        pairs = [("filter", "run=same"), *query.items()]
        theirs, ours = [
            [of_alert(alert) for alert in speaker.listed("alerts", *pairs)] for speaker in both
        ]
        assert ours == theirs, query
    assert [len(speaker.listed("alerts", ("filter", "run=same"))) for speaker in both] == [2, 2]
    silenced = [speaker.listed("alerts", ("filter", "host=h1"))[0] for speaker in both]
    assert [alert["status"]["silencedBy"] for alert in silenced] == [[m["silenceID"]] for m in made]
    groups = [speaker.listed("alerts/groups", ("filter", "run=same")) for speaker in both]
    assert [
        [(group["labels"], group["receiver"], sorted(a["fingerprint"] for a in group["alerts"]))
         for group in found]
        for found in groups
    ] == [
        [({}, {"name": "null"}, sorted(a["fingerprint"] for a in found[0]["alerts"]))]
        for found in groups
    ]  # fmt: skip


def test_an_alert_without_an_end_lasts_as_long(both):
    for speaker in both:
        speaker.send({"alertname": "noend", "run": "noend"})
    theirs, ours = [speaker.listed(filter="run=noend")[0] for speaker in both]
    lengths = [_seconds(alert["endsAt"]) - _seconds(alert["updatedAt"]) for alert in (theirs, ours)]
    assert lengths == pytest.approx([300, 300], abs=0.1)


def _seconds(text: str) -> float:
    hours, minutes, seconds = text.rstrip("Z").split("T")[1].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def put(speaker, *matchers: str, **more: Any) -> Any:
    status, answer = speaker.post("silences", silence(*matchers, **more))
    assert status == 200, answer
    return answer["silenceID"]


def state(speaker, silence_id: str) -> Any:
    return speaker.listed(f"silence/{silence_id}")["status"]["state"]


def life(speaker) -> list[Any]:
    """A silence's life, as far as the contract says what becomes of it: is it the same id?"""
    story: list[Any] = []

    def again(silence_id: str, **changes: Any) -> Any:
        found = speaker.listed(f"silence/{silence_id}")
        body = {n: found[n] for n in ("matchers", "startsAt", "endsAt", "createdBy", "comment")}
        answer = speaker.post("silences", body | {"id": silence_id} | changes)
        story.append((answer[0], answer[1]["silenceID"] == silence_id, state(speaker, silence_id)))
        return answer[1]["silenceID"]

    made = put(speaker, "run=life", "x=~y.*", "z!=q")
    again(made, endsAt=at(hours=5))
    again(made, endsAt=at(minutes=30), comment="else", createdBy="sam")
    found = speaker.listed(f"silence/{made}")
    story.append([found[name] for name in ("matchers", "comment", "createdBy", "status")])
    second = again(made, matchers=silence("run=life")["matchers"])
    third = again(second, startsAt=at(minutes=5))
    third = again(third, startsAt=at(minutes=9))
    fourth = again(third, startsAt=at(minutes=-5))
    story += [speaker.delete(f"silence/{fourth}"), speaker.delete(f"silence/{fourth}")]
    fifth = again(fourth, endsAt=at(hours=1))
    pending = put(speaker, "run=life", startsAt=at(minutes=30))
    story += [
        state(speaker, pending),
        speaker.delete(f"silence/{pending}"),
        state(speaker, pending),
    ]
    late = put(speaker, "run=life", "last=1", endsAt=at(hours=9))
    listed = speaker.listed("silences", filter="run=life")
    order = {fifth: "fifth", late: "late"}
    story.append([order.get(one["id"], one["status"]["state"]) for one in listed])
    story.append(len(speaker.listed("silences", ("filter", "run=life"), ("filter", "last=1"))))
    return story


def test_silences_live_alike(both):
    theirs, ours = [life(speaker) for speaker in both]
    assert ours == theirs


SILENCED = [
    b"", b"[]", b"{}", b"null", b"[", silence(), silence("a=b", matchers=None),
    *(silence("a=b", **{name: None}) for name in ("startsAt", "endsAt", "createdBy", "comment")),
    silence("a=b", comment=5), silence("a=b", comment=""), silence("a=b", createdBy=""),
    *(silence("a=b", matchers=[item]) for item in (
        {"name": "a", "value": "b"}, {"name": "a", "isRegex": False}, 5,
        {"value": "a", "isRegex": False}, {"name": "a", "value": "b", "isRegex": "no"},
        {"name": "", "value": "b", "isRegex": False}, {"name": "a", "value": "(", "isRegex": True},
        {"name": "a", "value": "", "isRegex": False}, {"name": "a", "value": ".*", "isRegex": True},
        {"name": "a", "value": "b", "isRegex": False, "isEqual": None})),
    silence("a=b", "a=b"), silence("a=b", startsAt="soon"), silence("a=b", id="nope"),
    silence("a=b", id="00000000-0000-0000-0000-000000000000"), silence("a=b", id=5),
    silence("a=b", id=""), silence("a=b", startsAt="0001-01-01T00:00:00Z"),
    silence("a=b", endsAt="0001-01-01T00:00:00Z"), silence("a=b", annotations={"x": "y"}),
    silence("a=b", startsAt="2026-01-01T00:00:00Z", endsAt="2026-01-01T00:00:00Z"),
    silence("a=b", startsAt="2026-01-01T00:00:00Z", endsAt="2026-01-02T00:00:00Z"),
]  # fmt: skip


# By number: the bodies hold times, and every process of the run collects them for itself.
@pytest.mark.parametrize("body", SILENCED, ids=[str(number) for number in range(len(SILENCED))])
def test_silences_are_refused_alike(both, body):
    agree(both, "post", "silences", body)


def test_paths_and_methods_are_refused_alike(both):
    for path in ("nothing", "silence/nope", "silence/00000000-0000-0000-0000-000000000000"):
        agree(both, "get", path)
    agree(both, "delete", "silence/nope")
    for method, path in (("PUT", "silences"), ("DELETE", "alerts"), ("POST", "silence/x")):
        answers = [speaker.call(method, path, b"{}", "application/json") for speaker in both]
        # In which order it names the methods that are allowed is left to chance.
        assert [(status, body["code"]) for status, body in answers] == [(405, 405)] * 2


def test_status_and_receivers_have_the_same_shape(both):
    theirs, ours = [speaker.listed("status") for speaker in both]
    assert set(ours) == set(theirs)
    for part in ("config", "versionInfo"):
        assert set(ours[part]) == set(theirs[part])
    assert (
        ours["versionInfo"]["version"].split(".")[0]
        == theirs["versionInfo"]["version"].split(".")[0]
    )
    assert [speaker.listed("receivers") for speaker in both] == [[{"name": "null"}]] * 2
