"""A question in words on the page: how it was read, and its answer where that is no timeline."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse

from chronos.ask import Reading, Shape
from chronos.ask.answer import Answer
from chronos.ask.ask import Asked, ask_question, read_here
from chronos.ask.describe import show_reading, wider_questions
from chronos.ask.resolve import References
from chronos.ask.select import query_of
from chronos.search import EventQuery
from chronos.views.pages import PAGE
from opsportal.accounts.pages import render_page


def read_asked(text: str, *, now: datetime) -> Asked:
    """How it was read; not answered yet. Raises PayloadError."""
    reading, zone = read_here(text, now=now)
    wider = Answer(reading, wider=wider_questions(reading, now))
    return Asked(reading, zone, show_reading(reading, zone), wider)


def search_of(reading: Reading, *, now: datetime) -> EventQuery | None:
    """The search whose timeline is the answer; None: it is no timeline.

    Raises PayloadError, NotFoundError.
    """
    if reading.shape is not Shape.LIST or reading.limit:
        return None
    windows = References(reading, now).windows()
    if len(windows) > 1 or windows[0].concerns:
        return None
    return query_of(reading, windows[0])


def answer_page(request: HttpRequest, text: str, *, now: datetime) -> HttpResponse:
    """The answer of any other shape. Raises PayloadError, NotFoundError."""
    context = {
        "title": "Changes",
        "question": text,
        "asked": ask_question(text, now=now, most=PAGE),
        "params": {},
    }
    return render_page(request, "chronos/question.html", context)
