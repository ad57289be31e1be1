"""The values of a configuration file, each with its place, so that every complaint names it."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from opsportal.lib.errors import FieldError, PayloadError

MAX_BYTES = 1024 * 1024


class ConfigError(PayloadError):
    """What is wrong in a configuration file, and where: `rules[2].match: ...`."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path or 'the file'}: {message}", [FieldError(path, message)])


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the file."""

    value: Any
    path: str = ""

    def error(self, message: str) -> ConfigError:
        """A complaint about this value."""
        return ConfigError(self.path, message)

    def mapping(self, known: Sequence[str], needed: Sequence[str] = ()) -> dict[str, "Node"]:
        """The keys given; each of them known, none needed missing."""
        if not isinstance(self.value, dict):
            raise self.error(f"write keys and values here, such as {known[0]}: ...")
        for key in self.value:
            if key not in known:
                at = f"{self.path}.{key}" if self.path else str(key)
                raise ConfigError(at, f"unknown; write one of {', '.join(known)}, or remove it")
        for key in needed:
            if key not in self.value:
                raise self.error(f"{key} is missing")
        return self.children()

    def children(self) -> dict[str, "Node"]:
        """The keys given, whatever they are."""
        if not isinstance(self.value, dict):
            raise self.error("write keys and values here")
        dot = "." if self.path else ""
        return {
            str(key): Node(value, f"{self.path}{dot}{key}") for key, value in self.value.items()
        }

    def items(self) -> list["Node"]:
        """The entries of a list."""
        if not isinstance(self.value, list):
            raise self.error("write a list here, each entry after a dash")
        return [Node(value, f"{self.path}[{index}]") for index, value in enumerate(self.value)]

    def named(self) -> str:
        """The name of an entry, which identifies it."""
        if not isinstance(self.value, dict) or "name" not in self.value:
            raise self.error("an entry needs a name, such as - name: ...")
        return self.children()["name"].text(least=1)

    def text(self, least: int = 0) -> str:
        """A text; YAML makes numbers and dates of what is not in quotes."""
        if not isinstance(self.value, str):
            kind = "nothing" if self.value is None else type(self.value).__name__
            raise self.error(f'write a text here, in quotes ("..."), not {kind}')
        if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in self.value):
            raise self.error("the text has a character that cannot be stored; remove it")
        if len(self.value.strip()) < least:
            raise self.error("the text is empty")
        return self.value

    def optional_text(self) -> str:
        """A text; null is the empty one."""
        return "" if self.value is None else self.text()

    def truth(self) -> bool:
        """true or false."""
        if not isinstance(self.value, bool):
            raise self.error("write true or false")
        return self.value

    def whole(self) -> int:
        """A whole number that a database holds, not below 0."""
        if type(self.value) is not int or not 0 <= self.value < 2**31:
            raise self.error("write a whole number from 0 on")
        return self.value


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice, since one of them would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The mapping, if its keys are texts and given once."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            at = f"line {key_node.start_mark.line + 1}"
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            if not isinstance(key, str):
                raise ConfigError(at, "keys are texts; put this one in quotes")
            if key in seen:
                raise ConfigError(at, f"the key {key} is given twice; remove one")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def load_yaml(content: bytes) -> Node:
    """The file's root. Raises ConfigError with the line for what is not YAML."""
    if len(content) > MAX_BYTES:
        raise ConfigError("", f"larger than {MAX_BYTES} bytes; split it up")
    try:
        root = yaml.load(content.decode(), _Loader)  # noqa: S506 - a SafeLoader
    except UnicodeDecodeError as error:
        raise ConfigError("", f"not UTF-8 text: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(line, f"not YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError("", f"not YAML: {error}") from error
    return Node({} if root is None else root)
