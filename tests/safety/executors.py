"""An executor that acts on nothing, and tells what it was asked."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from opsportal.accounts.actors import Actor
from opsportal.safety.leash import set_leash
from opsportal.safety.models import GLOBAL
from opsportal.safety.plugins import Call, Check, Executor, Plan, Request, Seen, Target
from tests.alerts.makers import NOW

JO = Actor("jo", None, None)


class Lamp(Executor):
    """Switches lamps off; the test says how each method behaves."""

    slug = "lamp"
    label = "Switch a lamp off"
    called: ClassVar[list[str]] = []
    before_call: ClassVar[Callable[[str], None]]
    before_check: ClassVar[Callable[[str], None]]
    seen: ClassVar[Seen]

    @classmethod
    def forget(cls) -> None:
        """As new."""
        cls.called.clear()
        cls.before_call = cls.before_check = staticmethod(lambda name: None)
        cls.seen = Seen("done", "it is dark")
        cls.proves = False

    @classmethod
    def clean(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return dict(parameters)

    @classmethod
    def plan(cls, request: Request) -> Plan:
        targets = [
            Target(f"lamp:{name}", name, "lamps", "house", 100, facts={"name": name})
            for name in request.facts["names"]
        ]
        return Plan(targets, [Call(target.key, "off", {"name": target.name}) for target in targets])

    @classmethod
    def check(cls, target: Target, parameters: Mapping[str, Any]) -> list[Check]:
        cls.before_check(target.name)
        return [Check("it is a lamp", passed=True)]

    @classmethod
    def call(cls, call: Call, target: Target, *, idempotency_key: str) -> str:
        cls.called.append(target.name)
        cls.before_call(target.name)
        return f"{target.name} is off"

    @classmethod
    def verify(cls, call: Call, target: Target) -> Seen:
        return cls.seen


def request_for(*names: str, **options: Any) -> Request:
    """Somebody wants these lamps off."""
    defaults: dict[str, Any] = {
        "plugin": "lamp",
        "token": f"test:{','.join(names)}",
        "requester": "test",
        "requested_by": "the test",
        "subject": "test:1",
        "facts": {"names": list(names)},
        "parameters": {"max_per_rule": 10},
        "dry_run": False,
        "needs_approval": False,
    }
    return Request(**defaults | options)


def arm() -> None:
    """Open both locks."""
    for name in (GLOBAL, "lamp"):
        set_leash(name, armed=True, actor=JO, now=NOW)
