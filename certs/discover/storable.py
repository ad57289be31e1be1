"""Foreign words, as a database takes them."""

from typing import Any


def storable_text(text: str) -> str:
    """Without what no database stores: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def storable_json(value: Any) -> Any:
    """The same of all texts in it; tuples and sets become lists, as JSON has them."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict):
        return {storable_text(str(name)): storable_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [storable_json(part) for part in value]
    return value
