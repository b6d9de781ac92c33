"""Handlers of votes, and of comments by their ids."""

from __future__ import annotations

import json
from typing import Any

from ..comments import COMMENT_VOTES, tags_of
from ..data.kinds import Kind
from ..errors import bad_request
from ..http.messages import Response, json_response
from ..state import State
from ..votes import VERDICTS, vote_object
from .calls import Call, Handler, route, route_of_kinds
from .paging import page
from .write_targets import item_to_write_on


@route_of_kinds("POST", "*/votes")
def vote_on(kind: Kind) -> Handler:
    """POST /{collection}/{id}/votes."""

    def handle(state: State, call: Call) -> Response:
        vote = _data(state, call)
        verdict = vote.get("attributes", {}).get("verdict") if isinstance(vote, dict) else None
        if verdict not in VERDICTS or vote.get("type") != "vote":
            raise bad_request("A vote needs the type vote, and the verdict harmless or malicious")
        item = item_to_write_on(state, kind, call.ids[0])
        return json_response({"data": vote_object(state.votes.add(item, verdict, call.key, state.clock()))})

    return handle


@route("GET", "/api/v3/comments")
def latest_comments(state: State, call: Call) -> Response:
    """GET /comments: the newest comments on anything, by tag if there is a filter."""
    wanted = call.request.query.get("filter", "")
    if wanted and not wanted.startswith("tag:"):
        raise bad_request(f'Invalid filter "{wanted}"')
    tag = wanted[len("tag:") :].lower()
    found = [comment for comment in state.comments.all_newest_first() if not tag or tag in tags_of(comment)]
    rows = [state.comment(comment) for comment in found]
    return json_response(page(rows, call.request.query, state.links.to("comments")))


@route("GET", "/api/v3/comments/*")
def one_comment(state: State, call: Call) -> Response:
    """GET /comments/{id}."""
    return json_response({"data": state.comment(state.comments.find(call.ids[0]))})


@route("DELETE", "/api/v3/comments/*")
def delete_comment(state: State, call: Call) -> Response:
    """DELETE /comments/{id}: of one's own comment; the body is empty."""
    state.comments.delete(call.ids[0], call.key)
    return Response(200, b"")


@route("POST", "/api/v3/comments/*/vote")
def vote_on_comment(state: State, call: Call) -> Response:
    """POST /comments/{id}/vote."""
    vote = _data(state, call)
    if vote not in COMMENT_VOTES:
        raise bad_request(f"A vote on a comment is one of {', '.join(COMMENT_VOTES)}")
    return json_response({"data": state.comments.vote(call.ids[0], vote, call.key)})


def _data(state: State, call: Call) -> Any:
    try:
        document = json.loads(call.request.content(state.config.body_limit))
    except (ValueError, RecursionError):
        raise bad_request("The body must be a JSON object") from None
    return document.get("data") if isinstance(document, dict) else None
