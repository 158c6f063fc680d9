"""Outbox subscribers of messages."""

from typing import Any

from sonae.domains.messages import handover, ladder, notices, services
from sonae.domains.warnings.interface import DUTY_ALARM, FIRED
from sonae.platform.outbox import subscribe


@subscribe("order.issued")
def send_order(payload: dict[str, Any]) -> None:
    """An order was issued: tell everyone it means."""
    services.send_order(payload["order"])


@subscribe("order.ended")
def send_end(payload: dict[str, Any]) -> None:
    """An order ended: tell everyone it had reached."""
    services.send_end(payload["order"], payload["how"])


@subscribe(FIRED)
def act_on_rule(payload: dict[str, Any]) -> None:
    """A response rule calls for a notice: draft it, or send it."""
    notices.act_on(payload["firing"])


@subscribe(DUTY_ALARM)
def alarm(payload: dict[str, Any]) -> None:
    """Something needs a person at once: mail the officers on duty."""
    notices.alarm(payload["key"], payload["subject"], payload["body"])


@subscribe(services.RENEW)
def renew(payload: dict[str, Any]) -> None:
    """What the city published about an order would end soon: publish it anew."""
    if "notice" in payload:
        notices.renew_notice(payload["notice"])
    else:
        services.renew(payload["order"])


@subscribe(ladder.STEP)
def step(payload: dict[str, Any]) -> None:
    """Tell those who have not answered by their next channel."""
    ladder.step(payload["order"], payload["number"])


@subscribe("warning.changed")
def call_for_ends(payload: dict[str, Any]) -> None:
    """A warning changed: somebody must announce the end of notices whose warning is over."""
    notices.call_for_ends()


@subscribe("transmission.send")
def publish(payload: dict[str, Any]) -> None:
    """Put a frozen copy where readers come for it."""
    handover.transmit(payload["transmission"], payload["chunk"])


@subscribe("transmission.push", apart="push")
@subscribe("transmission.line", apart="line")
@subscribe("transmission.mail", apart="mail")
@subscribe("transmission.sms", apart="sms")
def transmit(payload: dict[str, Any]) -> None:
    """Hand one chunk of a transmission to its channel."""
    handover.transmit(payload["transmission"], payload["chunk"])
