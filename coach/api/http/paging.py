"""Lists of submissions: the whole array, streamed, or one page of it with a link to the next."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any

from django.core import signing
from django.db.models import Q
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.encoding import escape_uri_path
from pydantic import Field
from rest_framework.request import Request

from coach.api.http import bodies, rendering
from coach.models.submissions import SubmissionQuerySet

MOST = 200
Limit = Annotated[int, Field(ge=1, le=MOST)]
# Cursors are signed, so that only those come back that were given out.
_SALT = "coach.api.submissions"
# Time of submission and primary key of the last one of a page.
Place = tuple[dt.datetime, int]


def submissions(request: Request, rows: SubmissionQuerySet) -> HttpResponseBase:
    """The newest first: all of them, or as many as `limit` says after the place that `after` names.

    Raises bodies.Unprocessable.
    """
    if not request.META.get("QUERY_STRING") or not request.query_params.keys() & {"limit", "after"}:
        return _all(rows)
    limit = bodies.parameter(request, "limit", Limit, default=MOST)
    text = request.query_params.get("after")
    found = _page(rows, None if text is None else _place(text), limit + 1)
    response = rendering.texts(stored for _, _, stored in found[:limit])
    response["X-Total-Count"] = str(rows.count())
    if len(found) > limit:
        response["Link"] = f'<{_next(request, limit, found[limit - 1][:2])}>; rel="next"'
    return response


def _all(rows: SubmissionQuerySet) -> HttpResponseBase:
    """What fits into a page is sent at once, with a tag; more of it as it is read, a page in memory at a time."""
    first = _page(rows, None, MOST)
    if len(first) < MOST:
        return rendering.texts(stored for _, _, stored in first)
    return StreamingHttpResponse(_array(rows, first), content_type=rendering.JSON)


def _array(rows: SubmissionQuerySet, page: list[Any]) -> Iterator[bytes]:
    opening = "["
    while page:
        yield (opening + ",".join(stored for _, _, stored in page)).encode()
        opening = ","
        page = _page(rows, page[-1][:2], MOST)
    yield b"]"


def _page(rows: SubmissionQuerySet, after: Place | None, limit: int) -> list[Any]:
    if after is not None:
        rows = rows.filter(Q(submitted_at__lt=after[0]) | Q(submitted_at=after[0], id__gt=after[1]))
    return list(rows.newest_first().values_list("submitted_at", "id", "api_json")[:limit])


def _next(request: Request, limit: int, last: Place) -> str:
    query = request.query_params.copy()
    query["limit"] = str(limit)
    query["after"] = signing.dumps([last[0].isoformat(), last[1]], salt=_SALT)
    # Not the decoded path: in that of `who?` or `100%41` the name would end, or be another one.
    path = escape_uri_path(request.path)
    return request.build_absolute_uri(f"{path}?{query.urlencode()}")


def _place(text: str) -> Place:
    """The place that a cursor names. Raises bodies.Unprocessable."""
    try:
        instant, number = signing.loads(text, salt=_SALT)
    except signing.BadSignature:
        raise bodies.refused("This is no cursor of this list.", "query", "after") from None
    return dt.datetime.fromisoformat(instant), number
