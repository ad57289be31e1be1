"""The words that questions are made of."""

from types import MappingProxyType


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FIELDS = (
    "service", "environment", "region", "team", "actor", "source", "kind", "status", "version",
    "tag", "severity",
)  # fmt: skip
# In this order a name that is known as several things is taken.
NAMED = ("service", "environment", "region", "team", "actor", "source")
FIELD_WORDS = MappingProxyType(
    {name: name for name in FIELDS}
    | {
        "app": "service", "application": "service", "svc": "service", "env": "environment",
        "who": "actor", "author": "actor", "user": "actor", "person": "actor", "type": "kind",
        "state": "status", "ver": "version", "sev": "severity", "label": "tag",
    }
)  # fmt: skip
# What can be counted by beside fields.
PERIODS = ("hour", "day", "week", "month")
_KINDS = {
    "deployment": "deploy deploys deployment deployments deployed deploying rollout rollouts "
    "ship shipped",
    "rollback": "rollback rollbacks",
    "release": "release releases released",
    "config": "config configs configuration configurations setting settings",
    "flag": "flag flags toggle toggles",
    "experiment": "experiment experiments",
    "migration": "migration migrations migrated",
    "infra": "infra infrastructure",
    "scale": "scale scaled scaling autoscaling",
    "restart": "restart restarts restarted reboot reboots rebooted",
    "job": "job jobs",
    "security": "security",
    "certificate": "certificate certificates cert certs",
    "access": "access",
    "incident": "incident incidents outage outages",
    "alert": "alert alerts",
    "maintenance": "maintenance maintenances",
    "note": "note notes",
}
KIND_WORDS = MappingProxyType(
    {word: kind for kind, words in _KINDS.items() for word in _words(words)}
)
# Longer names of kinds: first word -> what may follow.
KIND_PAIRS = MappingProxyType(
    {
        ("feature", "flag"): "flag", ("feature", "flags"): "flag",
        ("feature", "toggle"): "flag", ("feature", "toggles"): "flag",
        ("ab", "test"): "experiment", ("ab", "tests"): "experiment",
        ("a/b", "test"): "experiment", ("a/b", "tests"): "experiment",
        ("rolled", "back"): "rollback", ("roll", "back"): "rollback",
        ("rolling", "back"): "rollback", ("roll", "backs"): "rollback",
        ("cron", "job"): "job", ("cron", "jobs"): "job",
    }
)  # fmt: skip
# "deployed" says that it took place, and so does "deploy" after "did".
DONE_WORDS = frozenset({"deployed", "shipped", "released"})
DO_WORDS = frozenset({"deploy", "ship", "release"})
_STATUSES = {
    "planned": "planned scheduled",
    "started": "started",
    "succeeded": "succeeded success successful successfully finished completed",
    "failed": "failed failing failure failures unsuccessful broken",
    "cancelled": "cancelled canceled aborted",
}
STATUS_WORDS = MappingProxyType(
    {word: status for status, words in _STATUSES.items() for word in _words(words)}
)
# Taken for environments in a portal that does not know its own yet.
ENVIRONMENTS = _words("prod production staging stage preprod dev development qa uat sandbox")
SAME_ENVIRONMENT = MappingProxyType(
    {
        "production": "prod", "prod": "production", "stage": "staging", "staging": "stage",
        "development": "dev", "dev": "development",
    }
)  # fmt: skip
# Preposition -> the field of an unknown name after it.
PREPOSITIONS = MappingProxyType(
    {
        "in": "environment", "on": "service", "of": "service", "for": "service", "to": "service",
        "by": "actor", "from": "source", "with": "", "at": "", "per": "",
    }
)  # fmt: skip
NOT_WORDS = frozenset({"not", "except", "without", "excluding"})
FILLERS = _words(
    "a about all an and any anybody anyone anything are be been being change changed changes "
    "changing did do does done event events everything find get give going had happen happened "
    "happening happens has have i is it its just kind list made make me my occurred of off on "
    "or our please replaced see show software that the their them there these they thing things "
    "this those took touched place turned us version versions was we went were what whats what's "
    "which with you your"
)
UNITS = MappingProxyType(
    {
        word: unit
        for unit, words in {
            "second": "s sec secs second seconds",
            "minute": "m min mins minute minutes",
            "hour": "h hr hrs hour hours",
            "day": "d day days",
            "week": "w week weeks",
            "month": "month months",
            "quarter": "quarter quarters",
            "year": "y year years",
        }.items()
        for word in _words(words)
    }
)
NUMBERS = MappingProxyType(
    {
        "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
        "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "few": 3,
    }
)  # fmt: skip


def _abbreviated(names: str, *extra: tuple[str, int]) -> MappingProxyType[str, int]:
    found = {}
    for number, name in enumerate(names.split()):
        found[name] = found[name[:3]] = number
    return MappingProxyType(found | dict(extra))


WEEKDAYS = _abbreviated(
    "monday tuesday wednesday thursday friday saturday sunday",
    ("tues", 1), ("wednes", 2), ("thur", 3), ("thurs", 3),
)  # fmt: skip
MONTHS = _abbreviated(
    "january february march april may june july august september october november december",
    ("sept", 8),
)
# Several zones each: asking is better than guessing.
ZONE_NICKNAMES = _words(
    "cet cest met eet eest wet bst est edt cst cdt mst mdt pst pdt ist jst aest aedt msk"
)


def group_of(word: str) -> str | None:
    """What may be counted by; plurals too."""
    word = word.lower()
    for form in (word, word.removesuffix("s")):
        if form in PERIODS:
            return form
        if form in FIELD_WORDS:
            return FIELD_WORDS[form]
    return None
