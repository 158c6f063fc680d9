"""Signing keys (署名鍵): made, rotated, published; private keys lie sealed in the database.

A new key is published a day before it signs, because relying parties keep what they have read; the old
one is published for a month after. A key that may be known to others is gone at once.
"""

from __future__ import annotations

import json
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from django.db.models import Q, QuerySet
from joserfc.jwk import KeySet, RSAKey

from sonae.core import clock
from sonae.domains.openid.models import SigningKey
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.sealing import seal, unseal

ALGORITHM: Final = "RS256"
ROTATE_AFTER: Final = timedelta(days=90)
AHEAD: Final = timedelta(days=1)
KEPT: Final = timedelta(days=30)
_SEAL: Final = "openid signing key"


def _published() -> QuerySet[SigningKey]:
    now = clock.now()
    return SigningKey.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now)).order_by("-signs_from")


def jwks() -> dict[str, Any]:
    """Return the public keys as relying parties read them; makes the first one."""
    signer()
    return {"keys": [one.public for one in _published()]}


def key_set() -> KeySet:
    """Return the public keys to check signatures by."""
    return KeySet.import_key_set(jwks())  # type: ignore[arg-type]


@lru_cache(maxsize=16)
def _opened(sealed: str) -> RSAKey:
    return RSAKey.import_key(json.loads(unseal(_SEAL, sealed)))


def signer() -> RSAKey:
    """Return the key that signs now, and see to it that the next one is there in time."""
    rows = list(_published())
    now = clock.now()
    if not rows or rows[0].signs_from + ROTATE_AFTER <= now:
        rows = _renewed()
    row = next(one for one in rows if one.signs_from <= clock.now())
    return _opened(row.private)


def _renewed() -> list[SigningKey]:
    """Make the first or the next key, unless another process just has."""
    with writing():
        rows = list(_published())
        if not rows or rows[0].signs_from + ROTATE_AFTER <= clock.now():
            rotate()
            rows = list(_published())
    return rows


def rotate(*, compromised: bool = False, actor: Actor = SYSTEM) -> SigningKey:
    """Make a new key that signs from tomorrow, or at once where there is none or the old may be known.

    ``compromised``: what the old keys signed is worth nothing from now on.
    """
    require(actor, Audience.ADMINISTRATOR)
    made = RSAKey.generate_key(2048, private=True, auto_kid=True)
    use = {"use": "sig", "alg": ALGORITHM, "kid": str(made.kid)}
    with writing():
        now, older = clock.now(), _published()
        starts = now + AHEAD if older.exists() and not compromised else now
        older.filter(ends_at=None).update(ends_at=now if compromised else starts + KEPT)
        if compromised:
            older.update(ends_at=now)
        row = SigningKey.objects.create(
            kid=str(made.kid), public={**made.as_dict(private=False), **use},
            private=seal(_SEAL, json.dumps({**made.as_dict(private=True), **use})),
            created_at=now, signs_from=starts,
        )  # fmt: skip
        audit.record(
            actor.id, "signing_key_made", f"key:{row.kid}", compromised=compromised,
            signs_from=starts.isoformat(),
        )  # fmt: skip
    return row
