"""What a queue's message holds: calls, or files of them in S3.

Contracts: "AWS service events delivered via CloudTrail" and "Object Created" in EventBridge's user
guide, "Event message structure" in S3's, "Configuring Amazon SNS notifications for CloudTrail";
each also within a notification of SNS. "CloudTrail log file examples" for the files.
"""

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from chronos.formats.cloudtrail import DETAIL_TYPES
from opsportal.lib.contracts import split_json
from opsportal.lib.errors import PayloadError
from opsportal.lib.fields import inner, rows, table, text
from security.activity.call import Call, Reading, read_record

# Bytes: of a file as it lies in S3, and as it is unpacked. CloudTrail's have up to 50 MB.
MOST_PACKED, MOST_FILE = 16 * 1024 * 1024, 64 * 1024 * 1024
MOST_RECORDS = 100_000
# Files that one message names: S3 and CloudTrail name one, or a few.
MOST_FILES = 100
# Not an ARN, by which other services than S3 itself may be asked.
_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}", re.ASCII)
# What in a trail's bucket is no calls.
_NO_CALLS = ("/CloudTrail-Digest/", "/CloudTrail-Insight/", "/CloudTrail-Aggregated/")


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of calls in a bucket."""

    bucket: str
    key: str


@dataclass
class Contents:
    """What one message holds; nothing at all where it only tests the way."""

    calls: list[Call | Reading] = field(default_factory=list)
    files: list[LogFile] = field(default_factory=list)


def read_message(body: str, *, now: datetime) -> Contents:
    """The body of a message. Raises PayloadError for what is none of these."""
    message = _object(body)
    if message.get("Type") == "Notification" and isinstance(message.get("Message"), str):
        message = dict(inner(message["Message"]))
    if message.get("Event") == "s3:TestEvent":
        return Contents()
    kind, source = text(message.get("detail-type"), 100), text(message.get("source"), 100)
    detail = table(message.get("detail"))
    if kind in DETAIL_TYPES and source.startswith("aws."):
        record = {"recipientAccountId": message.get("account"), **detail}
        return Contents(calls=[read_record(record, now=now)])
    files: list[LogFile | None]
    if kind == "Object Created" and source == "aws.s3":
        found = (table(detail.get("bucket")).get("name"), table(detail.get("object")).get("key"))
        files = [_file(*found)]
    elif "s3Bucket" in message:
        files = [_file(message["s3Bucket"], key) for key in rows(message.get("s3ObjectKey"))]
    elif "Records" in message:
        files = [_notified(table(row)) for row in rows(message["Records"])]
    else:
        raise PayloadError("This is no event of CloudTrail, EventBridge or S3.")
    named = list(dict.fromkeys(file for file in files if file is not None))
    if len(named) > MOST_FILES:
        raise PayloadError(f"The message names more than {MOST_FILES} files.")
    return Contents(files=named)


def read_file(packed: bytes, *, now: datetime) -> Iterator[Call | Reading]:
    """The calls of a file, gzipped or not; what is none of CloudTrail's is left out.

    Raises PayloadError when the file as a whole is none, or larger than any of CloudTrail's.
    """
    for raw in _records(_unpacked(packed)):
        try:
            record = _table.decode(raw)
            yield read_record(record, now=now)
        except (PayloadError, msgspec.MsgspecError, RecursionError, UnicodeError):
            continue


class _Log(msgspec.Struct):
    Records: list[msgspec.Raw]


_table = msgspec.json.Decoder(dict[str, Any])
_log = msgspec.json.Decoder(_Log)


def _records(body: bytes) -> Sequence[msgspec.Raw]:
    try:
        records = _log.decode(split_json(body)[0][0]).Records
    except (msgspec.MsgspecError, RecursionError, IndexError) as error:
        raise PayloadError(f"The file is no log of CloudTrail: {error}") from error
    if len(records) > MOST_RECORDS:
        raise PayloadError(f"The file has more than {MOST_RECORDS} records.")
    return records


def _unpacked(packed: bytes) -> bytes:
    """What is in it. Never more than MOST_FILE is unpacked."""
    if packed[:2] != b"\x1f\x8b":
        return packed
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        body = unpacker.decompress(packed, MOST_FILE)
    except zlib.error as error:
        raise PayloadError(f"The file is damaged: {error}") from error
    if unpacker.unconsumed_tail:
        raise PayloadError(f"The file unpacks to more than {MOST_FILE} bytes.")
    if not unpacker.eof:
        raise PayloadError("The file is cut off.")
    return body


def _object(body: str) -> dict[str, Any]:
    try:
        members, many = split_json(body.encode("utf-8", "surrogatepass"))
        if many or not members:
            raise PayloadError("The message is no JSON object.")
        return _table.decode(members[0])
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise PayloadError(f"The message is no JSON object: {error}") from error


def _notified(row: Mapping[str, Any]) -> LogFile | None:
    """Of S3's own notification, whose keys are encoded as in a form."""
    if not text(row.get("eventName"), 100).startswith("ObjectCreated"):
        return None
    stored = table(row.get("s3"))
    key = text(table(stored.get("object")).get("key"), 3000)
    return _file(table(stored.get("bucket")).get("name"), unquote_plus(key))


def _file(bucket: object, key: object) -> LogFile | None:
    """None for what is no log of calls, such as a digest."""
    name, path = text(bucket, 300), text(key, 3000)
    if name and not _BUCKET.fullmatch(name):
        raise PayloadError(f"{name[:100]!r} is no bucket's name.")
    if not name or not path.endswith((".json.gz", ".json")):
        return None
    return None if any(part in f"/{path}" for part in _NO_CALLS) else LogFile(name, path)
