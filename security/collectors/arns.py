"""ARNs, and what the collectors call what they name."""


def resource_of_arn(arn: str) -> str:
    """The resource id: a topic's is its ARN; of all others it is the name or id within."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] == "sns":
        return arn
    service, name = parts[2], parts[5]
    if service == "lambda":
        return name.removeprefix("function:").partition(":")[0]
    return name.rpartition("/")[2] if service in ("iam", "kms") else name
