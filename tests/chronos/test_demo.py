"""The demo's changes are such as the portal takes, and tell a story."""

from itertools import islice
from random import Random

from chronos.demo import ChangeDemo
from opsportal.lib.times import utc_now


class Stage:
    """Takes what is posted."""

    def __init__(self):
        self.random, self.posted, self.told = Random(1), [], []  # noqa: S311

    def instant(self):
        return utc_now()

    def request(self, method, path, body):
        self.posted += body if isinstance(body, list) else [body]
        return 202, None

    def tell(self, text):
        self.told.append(text)


def test_deployments_start_and_end_and_one_that_fails_is_rolled_back():
    stage = Stage()
    for pause in islice(ChangeDemo().play(stage), 60):
        assert pause > 0
    by_id = {}
    for body in stage.posted:
        by_id.setdefault(body["external_id"], []).append(body)
    stories = [[body["status"] for body in bodies] for bodies in by_id.values() if len(bodies) > 1]
    assert ["started", "succeeded"] in stories
    assert ["started", "failed"] in stories
    kinds = {body["kind"] for body in stage.posted}
    assert {"deployment", "rollback", "flag", "config", "scale", "restart"} <= kinds
    assert len(stage.told) > 50


def test_a_refusal_is_said():
    stage = Stage()
    stage.request = lambda *_: (403, {"code": "forbidden"})
    next(ChangeDemo().play(stage))
    assert "the portal answered 403" in stage.told[0]
