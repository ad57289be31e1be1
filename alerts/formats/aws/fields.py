"""Labels, tags and severities in Amazon's messages, and its web console."""

from collections.abc import Iterable, Mapping

from alerts.normalise import SEVERITY_RANK, SEVERITY_SYNONYMS
from opsportal.lib.fields import rows, table, text

MOST_PAIRS, LONGEST_NAME, LONGEST_VALUE = 100, 200, 4096


def pairs(value: object) -> dict[str, str]:
    """Names and values: as an object, or as a list of `{"Key": ..., "Value": ...}`."""
    if isinstance(value, dict):
        return labels(value.items())
    found = []
    for row in map(table, rows(value)):
        members = {name.lower(): member for name, member in row.items()}
        found.append((members.get("key", members.get("name")), members.get("value")))
    return labels(found)


def labels(given: Iterable[tuple[object, object]]) -> dict[str, str]:
    """What can be labels of them, the first hundred."""
    found: dict[str, str] = {}
    for name, value in given:
        said = text(value, LONGEST_VALUE)
        if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and said:
            found.setdefault(text(name, LONGEST_NAME), said)
        if len(found) == MOST_PAIRS:
            break
    return found


def tag(tags: Mapping[str, str], *names: str) -> str:
    """The first of these that is there, in whatever case; empty when none is."""
    lower = {name.lower(): value for name, value in tags.items()}
    return next((lower[name] for name in names if lower.get(name)), "")


def severity(hints: Mapping[str, str], default: str) -> str:
    """What tags or attributes say of it, in our words."""
    said = tag(hints, "severity", "priority").lower()
    return said if said in SEVERITY_RANK else SEVERITY_SYNONYMS.get(said, default)


def web_console(region: str, partition: str = "aws") -> str:
    """The address of the web console for a region; empty for what is no region."""
    if not region or not region.replace("-", "").isalnum() or not region.isascii():
        return ""
    domains = {"aws-cn": "amazonaws.cn", "aws-us-gov": "amazonaws-us-gov.com"}
    return f"https://{region}.console.{domains.get(partition, 'aws.amazon.com')}"
