"""The city's server as an edge node reaches it: over https, as the terminal that the node is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from sonae.core.errors import SonaeError
from sonae.gateways.inputs.web import Answered, Host

_PREFIX: Final = {"live": "", "exercise": "drill/"}


class CityServer:
    """One city's server; each call is one request. `OSError` when it does not answer."""

    def __init__(self, address: str, token: str) -> None:
        """``address`` is where the city's pages begin (``https://…``)."""
        self._host = Host(address, headers={"Authorization": f"Bearer {token}"})

    def info(self) -> dict[str, Any]:
        """Who this node is and whom it serves."""
        return self._json("GET", "api/v1/edge")

    def people(self, world: str, shelter: str) -> str:
        """The signed list of the district's people."""
        path = f"{_PREFIX[world]}api/v1/shelters/{quote(shelter, safe='')}/extract"
        return self._asked("GET", path).decode("ascii", "replace")

    def parcels(self, world: str, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Hand parcels over; the answer of each."""
        body = json.dumps(batch).encode()
        return self._json("POST", f"{_PREFIX[world]}api/v1/edge/parcels", body)

    def _json(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        try:
            found = json.loads(self._asked(method, path, body))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            # A hotel's or a gym's log-in page answers everything with 200.
            raise OSError("市のサーバーではないものが答えています")
        return found

    def _asked(self, method: str, path: str, body: bytes | None = None) -> bytes:
        sent = {"Content-Type": "application/json"} if body is not None else {}
        try:
            return self._host.send(method, path, body, sent).body
        except Answered as error:
            if error.status == 401:
                raise SonaeError(
                    "sign_in",
                    "この中継機のトークンは使えません（止められたか、間違っています）。",
                    "災害対策本部で、用途「中継」の端末を登録し、新しいトークンを受け取ってください。",
                ) from error
            refusal = _refusal(error)
            if refusal is None:
                raise
            raise refusal from error


def _refusal(error: Answered) -> SonaeError | None:
    """Return the city's refusal in its own words; None for what is only no answer."""
    if error.status not in (400, 403, 409, 413, 422):
        return None
    try:
        said = json.loads(error.said)
        return SonaeError(said["code"], said["detail"], said.get("hint", ""))
    except (ValueError, KeyError, TypeError):
        pass
    words = f"市のサーバーが断りました（HTTP {error.status}）。"
    if error.status == 413:  # a proxy before the city's server takes less at once than the city
        return SonaeError("too_large", words)
    return None if error.status == 400 else SonaeError("refused", words)
