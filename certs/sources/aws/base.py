"""What the sources of AWS have in common: as whom they come in, where they look, what an error is.

Nothing that could not be read counts as gone: one region or account that fails makes the run
partial, and the others are read all the same.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from certs.normalise import Found, FoundTrouble
from certs.sources.source import Ask, CertificateSource, Option, SourceError
from opsportal.lib.aws import (
    Access,
    CloudRole,
    Gone,
    Outcome,
    configured_accounts,
    open_access,
    side_by_side,
    trouble_of,
)
from opsportal.lib.aws.access import forget_credentials
from opsportal.lib.aws.identity import account_of, caller_of, is_external_id, is_region
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.fields import clean
from opsportal.lib.times import format_instant

# What a call may raise; an answer that is none of AWS's is the last.
ERRORS = (ClientError, BotoCoreError, ResponseParserError)
ALL = "*"
_ROLE_ARN = re.compile(r"arn:(aws[a-z-]{0,20}):iam::(\d{12}):role/[\w+=,.@/-]{1,576}", re.ASCII)
_LONGEST, _MOST = 2048, 200

ACCOUNT_OPTIONS = (
    Option(
        "accounts", "Cloud accounts", kind="lines",
        help="Names under Cloud accounts, one each line; * for all that may be read. "
        "Empty: the role below, or the portal's own credentials.",
    ),
    Option("role_arn", "Role", help="ARN of a role to assume, for an account that is not there."),
    Option("external_id", "External id", secret=True, help="What that role's trust asks for."),
)  # fmt: skip
REGIONS = Option(
    "regions", "Regions", kind="lines",
    help="Such as eu-west-1, one each line. Empty: those of the cloud account.",
)  # fmt: skip


@dataclass(frozen=True)
class OwnRole:
    """An account that only this source names."""

    regions: Sequence[str]
    role_arn: str = ""
    external_id: str = field(default="", repr=False)

    @property
    def account_id(self) -> str:
        """Of the role; empty: whichever the portal's own credentials are of."""
        return account_of(self.role_arn)

    @property
    def partition(self) -> str:
        """Of the role, or as the regions are named."""
        if self.role_arn:
            return self.role_arn.split(":")[1]
        prefix = (self.regions[0] if self.regions else "").partition("-")[0]
        if self.regions and self.regions[0].startswith("us-gov-"):
            return "aws-us-gov"
        return "aws-cn" if prefix == "cn" else "aws"


class AwsSource(CertificateSource):
    """Base of them."""

    # The permissions that it needs.
    actions: ClassVar[tuple[str, ...]]
    options: ClassVar[tuple[Option, ...]] = (*ACCOUNT_OPTIONS, REGIONS)

    @property
    def regional(self) -> bool:
        """Whether each region is looked at for itself."""
        return REGIONS in self.options

    def look_in(self, access: Access, options: Mapping[str, Any]) -> Iterator[Found]:
        """What is there. Raises what boto3 raises: nothing is left out silently."""
        raise NotImplementedError

    def check(self, options: Mapping[str, Any], secret: Mapping[str, Any]) -> list[FieldError]:
        """As whom, and where."""
        wrong = []
        role, external = options.get("role_arn") or "", secret.get("external_id") or ""
        accounts, regions = lines(options, "accounts"), lines(options, "regions")
        if role and not _ROLE_ARN.fullmatch(role):
            wrong.append(FieldError("role_arn", "must be a role's ARN: arn:aws:iam::N:role/NAME"))
        if role and accounts:
            wrong.append(FieldError("role_arn", "either a role or cloud accounts"))
        if external and not role:
            wrong.append(FieldError("external_id", "belongs to a role; cloud accounts have theirs"))
        if external and not is_external_id(external):
            wrong.append(FieldError("external_id", "2 to 1224 of letters, digits and _+=,.@:/-"))
        wrong += [
            FieldError("regions", f"{name[:60]!r} is no region such as eu-west-1")
            for name in regions
            if not is_region(name)
        ]
        if self.regional and not accounts and not regions:
            wrong.append(FieldError("regions", "name at least one region, or a cloud account"))
        return wrong

    def look(self, ask: Ask) -> Iterator[Found]:
        """Every account and region in turn. Raises SourceError, once all were asked."""
        failures: list[str] = []
        for name, role in _roles(ask, failures):
            for region in self._regions(role, ask):
                where = " ".join(part for part in (name, region) if part)
                try:
                    yield from self._look_in(role, region, ask)
                except ERRORS as error:
                    if trouble_of(error).is_of_credentials:
                        forget_credentials(role)
                    failures.append(f"{where}: {self.words(error)}".removeprefix(": "))
        if failures:
            raise SourceError(_joined(failures))

    def _regions(self, role: CloudRole, ask: Ask) -> Sequence[str]:
        if not self.regional:
            return [""]
        return lines(ask.options, "regions") or list(role.regions)

    def _look_in(self, role: CloudRole, region: str, ask: Ask) -> Iterator[Found]:
        for found in self.look_in(_enter(role, region, ask.now), ask.options):
            if ask.stopping():
                raise SourceError("The portal is about to end; the next run begins anew.")
            yield found

    def words(self, error: Exception) -> str:
        """What went wrong, and the permission that may be missing."""
        trouble = trouble_of(error)
        said = f"{trouble.code}: {trouble.message}"
        if trouble.outcome != Outcome.DENIED:
            return said
        needed = [name for name in self.actions if name.partition(":")[2] == trouble.operation]
        return f"{said} Allow {', '.join(needed)}." if needed else said

    def read_each(
        self, read: Callable[[Any], list[Found]], rows: Sequence[Any], locator: Callable[[Any], str]
    ) -> Iterator[Found]:
        """Each row read, a few side by side; what is gone by then is left out.

        One that cannot be read is a trouble of its own. Raises what boto3 raises where none can.
        """

        def attempt(row: Any) -> list[Found] | Exception:
            try:
                return read(row)
            except Gone:
                return []
            except (PayloadError, *ERRORS) as error:
                return error

        results = side_by_side(attempt, rows)
        errors = [found for found in results if isinstance(found, ERRORS)]
        if errors and len(errors) == len(results):
            raise errors[0]
        for row, found in zip(rows, results, strict=True):
            if isinstance(found, list):
                yield from found
            else:
                yield FoundTrouble(locator(row), self.message_of(found))

    def message_of(self, error: Exception) -> str:
        """For a trouble: of AWS, or of what it handed out."""
        return error.message if isinstance(error, PayloadError) else self.words(error)


def lines(options: Mapping[str, Any], name: str) -> list[str]:
    """The values of an option that has one each line."""
    given = options.get(name)
    if not isinstance(given, list | tuple):
        return []
    return [text for each in given if (text := str(each).strip())]


def facts(**values: Any) -> dict[str, Any]:
    """What is worth keeping beside a placement: no empty values, texts and lists cut."""
    return {name: _plain(value) for name, value in values.items() if value not in (None, "", [])}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value[:_MOST]]
    return value if isinstance(value, bool | int) else clean(str(value))[:_LONGEST]


def _roles(ask: Ask, failures: list[str]) -> Iterator[tuple[str, CloudRole]]:
    """As whom; accounts that may not be read are noted as failures."""
    wanted = lines(ask.options, "accounts")
    if not wanted:
        role, secret = str(ask.options.get("role_arn") or ""), ask.secret.get("external_id") or ""
        yield "", OwnRole(lines(ask.options, "regions"), role, str(secret))
        return
    known = configured_accounts()
    if ALL in wanted:
        wanted = sorted(known)
        if not known:
            failures.append("There is no cloud account that may be read.")
    for name in dict.fromkeys(wanted):
        if name in known:
            yield name, known[name]
        else:
            failures.append(
                f"{name}: no such cloud account, or it is disabled, frozen or not watched."
            )


def _enter(role: CloudRole, region: str, now: datetime) -> Access:
    access = open_access(role, region, now=now)
    if not access.account_id:
        access.account_id = account_of(caller_of(access)[0])
    return access


def _joined(failures: Iterable[str]) -> str:
    return "; ".join(clean(each)[:300] for each in failures)
