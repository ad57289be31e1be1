"""Amazon SNS: a message to a topic, or straight to a phone or an endpoint.

Credentials are the channel's own keys, or, without any, those of the machine by boto3's usual
chain (environment, shared files, the role of the container or instance); with a role, it is
assumed with them first. `AWS_ENDPOINT_URL` (or `AWS_ENDPOINT_URL_SNS`) names another endpoint.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from alerts.channels import ChannelKind, Message, SettingField
from alerts.channels.words import subject_of, text_of
from opsportal.lib.errors import DeliveryError, FieldError, PayloadError

_ARN = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):\d{12}:[\w./-]{1,300}")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")
# SNS takes 256 kB for all of it, and shows 100 characters of a subject, ASCII only.
MOST_BYTES, MOST_SUBJECT, MOST_SMS = 200_000, 100, 640
_TIMES = Config(connect_timeout=3, read_timeout=7, retries={"total_max_attempts": 1})
# Worth another try although the request was understood.
_TEMPORARY = frozenset(
    {
        "InternalError", "InternalFailure", "KMSThrottling", "KMSThrottlingException",
        "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable", "Throttled",
        "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException",
        "ExpiredToken", "ExpiredTokenException", "RequestExpired",
    }
)  # fmt: skip


class SnsChannel(ChannelKind):
    """A message to an SNS topic, an endpoint or a phone number."""

    slug = "sns"
    label = "Amazon SNS"
    fields = (
        SettingField(
            "target",
            "Target",
            required=True,
            help="The ARN of a topic or an endpoint, or a phone number such as +4915112345678.",
        ),
        SettingField("region", "Region", help="Empty: the one in the ARN."),
        SettingField("role", "Role", help="The ARN of a role to assume first; empty: none."),
        SettingField(
            "access_key_id", "Access key", help="Empty: the machine's own credentials are used."
        ),
        SettingField("secret_access_key", "Secret access key", kind="secret", secret=True),
    )

    @classmethod
    def clean(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """As the base does, and each is what it has to be."""
        cleaned = super().clean(settings)
        if errors := list(_complaints(cleaned)):
            text = "; ".join(f"{error.field}: {error.message}" for error in errors)
            raise PayloadError(f"The channel's settings are not right: {text}", errors)
        return cleaned

    @classmethod
    def complaint_of_owned(cls, settings: Mapping[str, Any]) -> str:
        """The portal's own identity, which may be allowed more, is not a team's to use."""
        if settings.get("access_key_id"):
            return ""
        return "a team's channel needs an access key of its own; the machine's is administrators'"

    @classmethod
    def send(cls, message: Message, settings: Mapping[str, Any]) -> str:
        """Publish it; the id that SNS gave it."""
        try:
            answer = _client(settings).publish(**sns_request(message, settings["target"]))
        except ClientError as error:
            raise _refusal(error) from error
        except BotoCoreError as error:
            # No credentials, no region, nobody there: somebody may mend it while we try again.
            raise DeliveryError(f"SNS was not reached: {error}") from error
        return f"message {answer['MessageId']}"


def _complaints(cleaned: Mapping[str, Any]) -> Iterator[FieldError]:
    target = cleaned["target"]
    if not (_ARN.fullmatch(target) or _PHONE.fullmatch(target)):
        yield FieldError("settings.target", "must be the ARN of SNS or a number such as +49151...")
    elif _PHONE.fullmatch(target) and not cleaned.get("region"):
        yield FieldError("settings.region", "a phone number needs a region, such as eu-west-1")
    if not _REGION.fullmatch(cleaned.get("region", "eu-west-1")):
        yield FieldError("settings.region", "must be a region such as eu-west-1")
    if "role" in cleaned and not _ROLE.fullmatch(cleaned["role"]):
        yield FieldError("settings.role", "must be the ARN of a role")
    if ("access_key_id" in cleaned) != ("secret_access_key" in cleaned):
        yield FieldError("settings.secret_access_key", "both keys are needed, or none")


def sns_request(message: Message, target: str) -> dict[str, Any]:
    """What `Publish` is given; the same for every attempt."""
    subject, text = subject_of(message), text_of(message)
    if _PHONE.fullmatch(target):
        subject = " ".join([subject, *(f"({line})" for line in message.suspects[:1])])
        short = f"{subject}\n{message.acknowledge_url or message.url}"
        return {"PhoneNumber": target, "Message": short[:MOST_SMS]}
    plain = subject.encode("ascii", "replace").decode()[:MOST_SUBJECT]
    attributes = {
        "kind": message.kind,
        "severity": message.severity,
        "service": message.service,
        "status": "resolved" if message.resolved else "firing",
        "episode": message.episode_key,
    }
    request: dict[str, Any] = {
        "TargetArn" if ":endpoint/" in target else "TopicArn": target,
        "Subject": plain or "opsportal",
        "Message": text.encode()[:MOST_BYTES].decode(errors="ignore"),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value[:256]}
            for name, value in attributes.items()
            if value
        },
    }
    if target.endswith(".fifo"):
        # In order within an episode; what is sent again within five minutes is dropped by SNS.
        request["MessageGroupId"] = message.episode_key[:128]
        request["MessageDeduplicationId"] = message.idempotency_key[:128]
    return request


def _client(settings: Mapping[str, Any]) -> Any:
    target = _ARN.fullmatch(settings["target"])
    region = settings.get("region") or (target.group(1) if target else None)
    keys = {
        "aws_access_key_id": settings.get("access_key_id") or None,
        "aws_secret_access_key": settings.get("secret_access_key") or None,
    }
    # A session of its own: boto3's shared one is not made for threads.
    session = boto3.Session(region_name=region, **keys)
    if role := settings.get("role"):
        sts = session.client("sts", config=_TIMES)
        given = sts.assume_role(RoleArn=role, RoleSessionName="opsportal")["Credentials"]
        session = boto3.Session(
            region_name=region,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
    return session.client("sns", config=_TIMES)


def _refusal(error: ClientError) -> DeliveryError:
    """Permanent unless time may mend it."""
    answer = error.response
    code = answer.get("Error", {}).get("Code", "")
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    text = json.dumps(answer.get("Error", {}), sort_keys=True)
    temporary = code in _TEMPORARY or status >= 500 or status == 429
    return DeliveryError(f"{status} {text}", permanent=not temporary)
