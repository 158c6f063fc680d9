"""Mails that a J-Alert receiver sends by its rules (動作ルール): a small SMTP server of our own.

250 is answered when the mail is on disk, as it came; reading it is the engine's. Peers and senders are
allow-lists, the port takes mail for whatever name the receiver was told, and passes nothing on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from sonae.core.errors import SonaeError
from sonae.core.marks import gettext_noop as _
from sonae.domains.warnings.interface import InputKind, Link, Option
from sonae.gateways.inputs import listening
from sonae.gateways.inputs.handover import Handover


def senders_of(text: str) -> tuple[str, ...]:
    """Return the senders of a setting, in lower case; ``unprocessable`` for what is no address."""
    found = tuple(part.lower() for part in re.split(r"[\s,、]+", text.strip()) if part)
    for one in found:
        if not re.fullmatch(r"[^@\s]*@[^@\s]+", one):
            raise SonaeError("unprocessable", f"メールアドレスでも @ドメイン でもありません: {one}")
    return found


def receive(link: Link) -> None:
    """Listen until told to stop."""
    from sonae.gateways.inputs import smtp_port

    handover, options = Handover(link), link.options
    peers = listening.networks(str(options["peers"]))
    senders = senders_of(str(options.get("senders", "")))
    taker = smtp_port.Taker(handover, senders, rehearsal=bool(options.get("training")))
    address = (str(options.get("host", "")) or None, int(options["port"]))
    try:
        protocol = partial(smtp_port.Server, taker, handover, peers)
        with smtp_port.accepting(address, protocol, taker.hang_up):
            handover.serve()
    finally:
        handover.close()


def check(options: Mapping[str, Any]) -> None:
    """Refuse settings that cannot work."""
    listening.check_address(options)
    senders_of(str(options.get("senders", "")))
    if len(listening.ports(str(options["port"]))) != 1:
        raise SonaeError("unprocessable", "ポートは1つだけ指定してください。")
    if options.get("training") not in (None, 0, 1):
        raise SonaeError("unprocessable", "訓練として扱うかどうかは、1 か 0 で指定してください。")


KIND: Final = InputKind(
    name="jalert-mail",
    label=_("Jアラート受信機のメール（動作ルール）"),
    receiver=receive,
    options={
        "port": Option(_("待ち受けるポート"), "2525"),
        "peers": listening.PEERS,
        "senders": Option(
            _("許す差出人"),
            help=_(
                "メールアドレス、または @ から始まるドメイン。コンマで区切る。"
                "空なら、許した相手からのすべてのメール"
            ),
        ),
        "training": Option(_("すべて訓練として扱う（1: はい、0: いいえ）"), 0),
        "host": listening.HOST,
    },
    silent_after=100 * 86_400,
    needs=_(
        "受信機の動作ルールで、メールの送り先を「名前@このサーバー」に、メールサーバーをこのサーバーと"
        "このポートにしてください。暗号化しないため、庁内のネットワークだけで使います。"
    ),
    check=check,
)
"""What staff choose when they add this line."""
