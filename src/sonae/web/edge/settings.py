"""Settings of an edge node (`sonae reception edge`): the same house with a site of two routes.

It belongs to no municipality of its own and nobody signs in: what terminals send is judged by its seal, and
the page is for who sits at the machine.
"""

from sonae.settings import *  # noqa: F403
from sonae.settings import MIDDLEWARE as _ALL

ROOT_URLCONF = "sonae.web.edge.urls"
ALLOWED_HOSTS = ["*"]
"""A gym's router gives the machine any address; what counts is sealed, whatever name it was asked by."""
_NOT_HERE = {
    "sonae.web.middleware.ScopeMiddleware",
    "sonae.platform.idempotency.IdempotencyMiddleware",
}
MIDDLEWARE = [name for name in _ALL if name not in _NOT_HERE]
