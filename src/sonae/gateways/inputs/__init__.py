"""Receivers of warnings, one module per kind of line; each only carries documents in."""

from sonae.domains.warnings import interface as warnings


def register_all() -> None:
    """Provide every kind of input that is built in."""
    from sonae.gateways.inputs import jalert_csv, jma_feed, jma_socket, lalert, qzss

    for kind in (jma_feed.KIND, jma_socket.KIND, jalert_csv.KIND, lalert.KIND, qzss.KIND):
        warnings.register(kind)
