"""CDEvents: what happened in software delivery, as data of a CloudEvent or by itself.

Contract: cdevents/spec 0.6, spec.md, cloudevents-binding.md and schemas/. Of a type its subject and
predicate count, so that events of earlier and later minor versions are read as well.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from chronos.formats.fields import actor_of, read_instant, text_of, web_link
from chronos.formats.words import status_of
from chronos.normalise import (
    CANCELLED,
    FAILED,
    PLANNED,
    STARTED,
    SUCCEEDED,
    Change,
)
from opsportal.lib.errors import FieldError, PayloadError

PREFIX = "dev.cdevents"
# With an x: a custom event of somebody's tool.
_TYPE = re.compile(r"dev\.cdeventsx?\.([\w-]+)\.([\w-]+)(?:\.\d+){0,3}(?:[-+][\w.-]+)?")
LONGEST_TYPE = 300
_REQUIRED = ("id", "source", "type", "timestamp")


class Meaning(NamedTuple):
    """What a type is to us. `ends`: its outcome says how."""

    kind: str
    status: str = SUCCEEDED
    ends: bool = False


_RUN = MappingProxyType(
    {
        "queued": Meaning("job", PLANNED),
        "started": Meaning("job", STARTED),
        "finished": Meaning("job", ends=True),
        "skipped": Meaning("job", CANCELLED),
    }
)
# Subjects whose events are reports of one change: from its beginning to its end.
_FOLDED: Mapping[str, Mapping[str, Meaning]] = MappingProxyType(
    {
        **dict.fromkeys(("pipelinerun", "taskrun", "build", "testcaserun", "testsuiterun"), _RUN),
        "incident": MappingProxyType(
            {
                "detected": Meaning("incident", STARTED),
                "reported": Meaning("incident", STARTED),
                "resolved": Meaning("incident"),
            }
        ),
    }
)
# All others are instants; what is not here is of its subject's kind.
_INSTANT: Mapping[tuple[str, str], Meaning] = MappingProxyType(
    {
        ("service", "deployed"): Meaning("deployment"),
        ("service", "upgraded"): Meaning("deployment"),
        ("service", "removed"): Meaning("deployment"),
        ("service", "rolledback"): Meaning("rollback"),
        ("service", "published"): Meaning("release"),
        ("artifact", "published"): Meaning("release"),
        ("change", "abandoned"): Meaning("change", CANCELLED),
        ("approval", "closed"): Meaning("approval", ends=True),
    }
)
_KINDS: Mapping[str, str] = MappingProxyType({"environment": "infra", "testoutput": "job"})
_LINKS = ("uri", "viewUrl", "ticketURI", "approvalDetailsUrl", "resourceTargetUrl")
_ACTORS = ("user", "responder", "requestor", "updatedBy", "creator", "owner")
_TITLES = ("summary", "description", "pipelineName", "taskName", "name")
# Subjects that are themselves a service, an artifact and so on.
_NAMED: Mapping[str, str] = MappingProxyType(
    {"service": "service", "artifact": "artifact", "repository": "repository"}
)


def change_of_cdevent(event: object) -> Change:
    """One report. Raises PayloadError with every complaint there is."""
    if not isinstance(event, dict):
        raise PayloadError("A CDEvent is an object.", [FieldError("data", "must be a CDEvent")])
    context, subject = _object(event, "context"), _object(event, "subject")
    content = _object(subject, "content")
    noun, verb = _checked(context, subject)
    meaning = _meaning(noun, verb)
    status = _outcome(content) if meaning.ends else meaning.status
    at = read_instant(context["timestamp"])
    artifact = text_of(content.get("artifactId")) or (_id(subject) if noun == "artifact" else "")
    folded = noun in _FOLDED
    named = {_NAMED[noun]: _id(subject)} if noun in _NAMED else {}
    fields: dict[str, Any] = {
        "kind": meaning.kind,
        "action": verb,
        "status": status,
        "title": _title(noun, verb, _id(subject), content),
        "started_at": at,
        "ended_at": at if status not in (PLANNED, STARTED) else None,
        "source": text_of(context["source"]),
        "external_id": f"{noun}:{_id(subject)}" if folded else text_of(context["id"]),
        "report_id": text_of(context["id"]),
        "service": _id(_object(content, "service")),
        "environment": _environment(noun, subject, content),
        "version": _version(artifact),
        "artifact": artifact,
        "repository": _id(_object(content, "repository")),
        "subject": f"{noun}:{_id(subject)}",
        "correlation_id": text_of(context.get("chainId")),
        "causation_id": _cause(context),
        "body": text_of(content.get("errors")) or text_of(content.get("description")),
        "labels": _labels(context, content),
        "links": tuple(link for n in _LINKS if (link := web_link(content.get(n), n))),
        "data": {"content": content},
        **_actor(content),
        **named,
    }
    if "customData" in event:
        fields["data"] = {"content": content, "customData": event["customData"]}
    return Change(**fields)


def _checked(context: Mapping[str, Any], subject: Mapping[str, Any]) -> tuple[str, str]:
    """Subject and predicate of the type. Raises PayloadError."""
    errors = [
        FieldError(f"context.{name}", "is missing")
        for name in _REQUIRED
        if not text_of(context.get(name))
    ]
    found = _TYPE.fullmatch(text_of(context.get("type"))[: LONGEST_TYPE + 1])
    if (not found or len(found[0]) > LONGEST_TYPE) and text_of(context.get("type")):
        errors.append(FieldError("context.type", f"is not {PREFIX}.SUBJECT.PREDICATE.VERSION"))
    if text_of(context.get("timestamp")) and read_instant(context["timestamp"]) is None:
        errors.append(FieldError("context.timestamp", "must be RFC 3339 with its offset"))
    if not _id(subject):
        errors.append(FieldError("subject.id", "is missing"))
    if not isinstance(subject.get("content"), dict):
        errors.append(FieldError("subject.content", "is missing"))
    if errors or not found:
        raise PayloadError(f"{errors[0].field} {errors[0].message}", errors)
    return found[1], found[2]


def _meaning(noun: str, verb: str) -> Meaning:
    if noun in _FOLDED:
        kind = "incident" if noun == "incident" else "job"
        return _FOLDED[noun].get(verb, Meaning(kind, STARTED))
    return _INSTANT.get((noun, verb), Meaning(_KINDS.get(noun, noun)))


def _outcome(content: Mapping[str, Any]) -> str:
    """How it ended: nothing said is well, and a word that nobody knows is not."""
    said = text_of(content.get("outcome")) or text_of(content.get("decision"))
    known = status_of(said)
    return known if known in (SUCCEEDED, FAILED, CANCELLED) else FAILED if said else SUCCEEDED


def _title(noun: str, verb: str, subject: str, content: Mapping[str, Any]) -> str:
    named = next((text for name in _TITLES if (text := text_of(content.get(name)))), "")
    return f"{noun} {verb}: {named or subject}"


def _environment(noun: str, subject: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    if noun == "environment":
        return text_of(content.get("name")) or _id(subject)
    environment = _object(content, "environment")
    return text_of(environment.get("name")) or _id(environment)


def _version(purl: str) -> str:
    """Of a package URL (purl-spec) the tag, or else what stands behind the @."""
    bare, _, qualifiers = purl.partition("#")[0].partition("?")
    if tag := parse_qs(qualifiers).get("tag"):
        return tag[0]
    return unquote(bare.rpartition("/")[2].partition("@")[2])


def _cause(context: Mapping[str, Any]) -> str:
    """The event that this one followed (links.md): where its path or a trigger comes from."""
    links = context.get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict):
            end = _object(link, "from") or (
                _object(link, "target") if text_of(link.get("linkKind")) == "TRIGGER" else {}
            )
            if cause := text_of(end.get("contextId")):
                return cause
    return ""


def _labels(context: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, str]:
    found = {"type": text_of(context["type"]), "outcome": text_of(content.get("outcome"))}
    for name in ("pipelineName", "taskName", "ticketURI", "priority", "ticketType", "resolution"):
        found[name] = text_of(content.get(name))
    return {name: text[:1000] for name, text in found.items() if text}


def _actor(content: Mapping[str, Any]) -> dict[str, str]:
    return next((actor for n in _ACTORS if (actor := actor_of(content.get(n)))), {})


def _object(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _id(thing: Mapping[str, Any]) -> str:
    return text_of(thing.get("id"))
