"""Lambda functions, who may call them, and with what rights they run.

Source: ListFunctions, GetPolicy, GetFunctionUrlConfig and ListAliases in the AWS Lambda API
reference. An alias has a policy and a URL of its own. The code and its hash are no configuration,
and values of the environment are kept as keyed hashes.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from opsportal.lib.aws import Access, Gone, Unknown, facet, unless_gone
from security.collectors import Call, Collector, Link, found_in
from security.collectors.arns import resource_of_arn
from security.collectors.casing import snake_case
from security.normalise import Found, Shape

_NOT_FOUND = ("ResourceNotFoundException",)
_FUNCTION = ("requestParameters.functionName",)
_TAGGED = ("requestParameters.resource",)
# In CloudTrail the actions have the version of the API behind their names.
_CALLS = (
    "CreateFunction20150331", "UpdateFunctionConfiguration20150331v2", "AddPermission20150331v2",
    "RemovePermission20150331v2", "CreateFunctionUrlConfig", "UpdateFunctionUrlConfig",
    "DeleteFunctionUrlConfig", "CreateAlias20150331", "UpdateAlias20150331",
    "DeleteAlias20150331",
)  # fmt: skip
# Of a function: what it is called here, and in the API.
_SETTINGS = {
    "description": "Description",
    "runtime": "Runtime",
    "handler": "Handler",
    "timeout": "Timeout",
    "memory": "MemorySize",
    "package": "PackageType",
    "role": "Role",
    "kms_key": "KMSKeyArn",
    "signing_profile": "SigningProfileVersionArn",
    "architectures": "Architectures",
    "dead_letters": "DeadLetterConfig",
    "tracing": "TracingConfig",
    "storage": "EphemeralStorage",
    "file_systems": "FileSystemConfigs",
    "logging": "LoggingConfig",
}


class Functions(Collector):
    """Who may run code of ours, as whom it runs, and where."""

    slug = "aws.lambda.function"
    label = "Lambda functions"
    noun = "function"
    service = "lambda"
    shape = Shape(
        sets=(
            "aliases", "architectures", "file_systems", "vpc.subnets", "vpc.groups",
            *(
                f"{url}.cors.{name}"
                for url in ("url", "aliases.*.url")
                for name in ("allow_headers", "allow_methods", "allow_origins", "expose_headers")
            ),
        ),
        # What is laid over what.
        sequences=("layers",),
        secrets=("environment",),
        policies=("policy", "aliases.*.policy"),
        operational=(
            "tags", "timeout", "memory", "tracing", "storage", "logging", "aliases.*.version",
            "aliases.*.weights",
        ),
        cosmetic=("description", "aliases.*.description"),
        keys={"aliases": ("name",)},
    )  # fmt: skip
    actions = (
        "lambda:ListFunctions",
        "lambda:GetFunctionConfiguration",
        "lambda:GetPolicy",
        "lambda:GetFunctionUrlConfig",
        "lambda:ListAliases",
        "lambda:ListTags",
    )
    gone = _NOT_FOUND
    event_source = "lambda"
    calls = (
        *(Call(name, _FUNCTION) for name in _CALLS),
        Call("TagResource20170331v2", _TAGGED),
        Call("UntagResource20170331v2", _TAGGED),
        Call("DeleteFunction20150331", _FUNCTION, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All functions, as they are without a version."""
        pages = access.pages("lambda", "list_functions", "Functions")
        yield from found_in(lambda row: _found(row, access), pages)

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One function."""
        client = access.client("lambda")
        row = unless_gone(
            lambda: client.get_function_configuration(FunctionName=resource_id), cls.gone
        )
        return _found(row, access)

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Its role, groups, subnets, key, and where failures go."""
        if config.get("role"):
            yield Link("role", resource_of_arn(config["role"]))
        vpc = config.get("vpc") or {}
        for group in vpc.get("groups", ()):
            yield Link("security group", group)
        for subnet in vpc.get("subnets", ()):
            yield Link("subnet", subnet)
        if config.get("kms_key"):
            yield Link("key", resource_of_arn(config["kms_key"]))
        if target := (config.get("dead_letters") or {}).get("target_arn"):
            yield Link("dead letters", resource_of_arn(target))

    @classmethod
    def resource_of(cls, identifier: str) -> str:
        """The name in an ARN, in a part of one, or with a qualifier."""
        parts = identifier.split(":")
        if "function" in parts[:-1]:
            return parts[parts.index("function") + 1]
        return parts[0]


def _found(row: Mapping[str, Any], access: Access) -> Found:
    """Raises Gone when there is no such function any more."""
    client, name = access.client("lambda"), row["FunctionName"]
    ask = partial(facet, gone=_NOT_FOUND)
    # First what says that the function is gone: of a policy the same code says that there is none.
    tags = ask(
        lambda: client.list_tags(Resource=row["FunctionArn"]).get("Tags", {}),
        action="lambda:ListTags",
    )
    aliases = ask(
        lambda: [
            _alias(alias, client, name)
            for alias in access.rows("lambda", "list_aliases", "Aliases", FunctionName=name)
        ],
        action="lambda:ListAliases",
    )
    return Found(
        resource_id=name,
        arn=row["FunctionArn"],
        name=name,
        tags={} if isinstance(tags, Unknown) else tags,
        config={
            **{ours: snake_case(row.get(theirs)) for ours, theirs in _SETTINGS.items()},
            "vpc": _vpc(row.get("VpcConfig")),
            "layers": [layer["Arn"] for layer in row.get("Layers", [])],
            "environment": _environment(row.get("Environment")),
            "policy": facet(
                lambda: _policy(client, name), action="lambda:GetPolicy", absent=_NOT_FOUND
            ),
            "url": facet(
                lambda: _url(client, name), action="lambda:GetFunctionUrlConfig", absent=_NOT_FOUND
            ),
            "aliases": aliases,
            "tags": tags,
        },
    )


def _alias(row: Mapping[str, Any], client: Any, name: str) -> dict[str, Any]:
    """With its policy and URL; raises what boto3 raises where they cannot be read."""
    qualifier = row["Name"]
    return {
        "name": qualifier,
        "version": row.get("FunctionVersion"),
        "description": row.get("Description", ""),
        "weights": row.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}),
        "policy": _or_none(lambda: _policy(client, name, Qualifier=qualifier)),
        "url": _or_none(lambda: _url(client, name, Qualifier=qualifier)),
    }


def _or_none(ask: Any) -> Any:
    try:
        return unless_gone(ask, _NOT_FOUND)
    except Gone:
        return None


def _policy(client: Any, name: str, **options: str) -> Any:
    return client.get_policy(FunctionName=name, **options)["Policy"]


def _url(client: Any, name: str, **options: str) -> dict[str, Any]:
    row = client.get_function_url_config(FunctionName=name, **options)
    return {
        "url": row.get("FunctionUrl"),
        "auth": row.get("AuthType"),
        "invoke_mode": row.get("InvokeMode"),
        "cors": snake_case(row.get("Cors")),
    }


def _vpc(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """None outside of any; AWS then says nothing, or empty lists."""
    if not row or not row.get("VpcId"):
        return None
    return {
        "id": row["VpcId"],
        "subnets": row.get("SubnetIds", []),
        "groups": row.get("SecurityGroupIds", []),
        "ipv6": row.get("Ipv6AllowedForDualStack", False),
    }


def _environment(row: Mapping[str, Any] | None) -> Any:
    """The variables; unknown where AWS itself could not decipher them."""
    if row and (error := row.get("Error")):
        return Unknown(error.get("ErrorCode", ""), error.get("Message", ""), "kms:Decrypt")
    return dict(row.get("Variables", {})) if row else {}
