"""Receivers of warnings, one module per kind of line; each only carries documents in."""

from sonae.domains.warnings import interface as warnings


def register_all() -> None:
    """Provide every kind of input that is built in."""
    from sonae.gateways.inputs import (
        cap_feed,
        dmdata,
        jalert_csv,
        jalert_mail,
        jma_feed,
        jma_socket,
        lalert,
        qzss,
    )

    for kind in (
        jma_feed.KIND,
        dmdata.KIND,
        jma_socket.KIND,
        jalert_csv.KIND,
        jalert_mail.KIND,
        lalert.KIND,
        qzss.KIND,
        cap_feed.KIND,
    ):
        warnings.register(kind)
