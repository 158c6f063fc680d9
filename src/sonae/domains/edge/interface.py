"""What the screens and commands may use of the edge node."""

from sonae.domains.edge.forwarding import Round, forward
from sonae.domains.edge.holding import exchange
from sonae.domains.edge.models import EdgeNode, EdgeParcel
from sonae.domains.edge.node import (
    KEPT,
    City,
    Standing,
    Tablet,
    meet,
    node,
    reached_at,
    standing,
    token_of,
)

__all__ = [
    "KEPT",
    "City",
    "EdgeNode",
    "EdgeParcel",
    "Round",
    "Standing",
    "Tablet",
    "exchange",
    "forward",
    "meet",
    "node",
    "reached_at",
    "standing",
    "token_of",
]
