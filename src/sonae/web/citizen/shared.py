"""Pages that are the same for everybody: when the whole city opens them, an answer costs nothing.

No database, no session, no template: the rendered bytes are at most `FRESH_SECONDS` old.
"""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse

from sonae.web import kept

FRESH_SECONDS = 1.0

Render = Callable[[HttpRequest], bytes]


def for_everyone(name: str) -> Callable[[Render], Callable[[HttpRequest], HttpResponse]]:
    """Make a view of a function that renders the same bytes for every reader of one language.

    The function must use nothing of the request but its world: what one reader sends must never
    reach another.
    """

    def decorate(render: Render) -> Callable[[HttpRequest], HttpResponse]:
        @wraps(render)
        def view(request: HttpRequest) -> HttpResponse:
            with kept.for_all(request):
                page = kept.keep(name, FRESH_SECONDS, lambda: render(request))
            return kept.answer(request, page, packed=True)

        return view

    return decorate
