"""Choosing the tables by which the city answers and publishes: an administrator's act, on record."""

from sonae.core.errors import SonaeError
from sonae.domains.exchange import rules
from sonae.domains.municipalities.interface import changing_settings
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing


def choose(actor: Actor, answer: str, publication: str) -> None:
    """Put a table of answers and a rule of publication in force (`policies.toml`)."""
    require(actor, Audience.ADMINISTRATOR)
    if answer not in {one.key for one in rules.answer_policies()}:
        raise SonaeError("unprocessable", "回答の表を選んでください。")
    if publication not in {one.key for one in rules.publication_policies()}:
        raise SonaeError("unprocessable", "公表の基準を選んでください。")
    with writing():
        with changing_settings() as held:
            held["answer_policy"], held["publication_policy"] = answer, publication
        audit.record(actor.id, "exchange_policies_chosen", answer=answer, publication=publication)
