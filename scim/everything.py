"""All resource types in one question: GET on the root and POST to /.search (RFC 7644 §3.4.2.1).

The question is read once for each type. What a type lacks matches nothing in it, is not shown of
it, and comes last in an order; what no type has is refused. Answers are mixed in one order.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from idp.directory import queries
from idp.directory.views import GroupView, ShownUser
from scim.answers import Answer
from scim.call import Call
from scim.cursors import read_cursor
from scim.groups import GROUPS
from scim.listing import list_text, read_query, walk_text
from scim.resources import Kind
from scim.users import USERS
from scim.walks import Questions, answerable, neighbours, question_of, total_along

KINDS: dict[str, Kind] = {kind.name: kind for kind in (USERS, GROUPS)}


def listed(call: Call) -> Answer:
    """GET on the root."""
    return _list(call, call.args)


def searched(call: Call) -> Answer:
    """POST to /.search (§3.4.3)."""
    return _list(call, call.body)


def _list(call: Call, asked: Mapping[str, Any]) -> Answer:
    questions = {
        kind: read_query(asked, language) for kind, language in call.languages(tuple(KINDS)).items()
    }
    query = questions[USERS.name]
    with answerable():
        if query.cursor is not None and query.count:
            return _walk(call, questions, query.cursor)
        below = {kind: question.below() for kind, question in questions.items()}
        page = queries.list_everything(call.actor, below)
    if query.cursor is not None:
        return Answer(200, walk_text([], page.total, None, None))
    return Answer(200, list_text(_texts(call, page.items, questions), page.total or 0, query.start))


def _walk(call: Call, questions: Questions, text: str) -> Answer:
    question = question_of(call.actor, questions)
    cursor = read_cursor(text, question)
    below = {kind: query.below() for kind, query in questions.items()}
    found = queries.walk_everything(call.actor, below, cursor.start, backwards=cursor.backwards)
    total = total_along(call.actor, questions, cursor, found)
    texts = _texts(call, found.items, questions)
    return Answer(200, walk_text(texts, total, *neighbours(cursor, found, question)))


def _texts(call: Call, views: Sequence[ShownUser | GroupView], questions: Questions) -> list[str]:
    """Each type rendered at once, then put back into the order of the page."""
    made: dict[str, str] = {}
    for kind, handler in KINDS.items():
        own = [view for view in views if _kind_of(view) == kind]
        texts = handler.texts(call, own, questions[kind].projection)
        made |= dict(zip((view.id for view in own), texts, strict=True))
    return [made[view.id] for view in views]


def _kind_of(view: ShownUser | GroupView) -> str:
    return "User" if isinstance(view, ShownUser) else "Group"
