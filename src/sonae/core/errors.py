"""The one kind of error that is meant for people and for other programs."""

from __future__ import annotations

from typing import TypedDict


class ErrorRecord(TypedDict, total=False):
    """One refusal as it is printed: a JSON line on standard error, or a problem+json body."""

    input: str
    error: str
    detail: str
    hint: str


class SonaeError(Exception):
    """An expected refusal: a stable ``code``, what is wrong, and what the reader can do.

    ``code`` is lower_snake_case and part of the public contract; ``detail`` and ``hint`` are
    sentences for a person and may be translated. Anything that is *not* a ``SonaeError`` is a
    defect of Sonae and must not be shown to people as if it were their mistake.
    """

    def __init__(self, code: str, detail: str, hint: str = "") -> None:
        super().__init__(code, detail, hint)
        self.code = code
        self.detail = detail
        self.hint = hint

    def __str__(self) -> str:
        """``code: detail (hint)``, for logs and for the terminal."""
        tail = f" ({self.hint})" if self.hint else ""
        return f"{self.code}: {self.detail}{tail}"

    def record(self, source: str = "") -> ErrorRecord:
        """The refusal as the command line's contract writes it; ``source`` names the input."""
        record: ErrorRecord = {"input": source} if source else {}
        record |= {"error": self.code, "detail": str(self.detail)}
        return record | {"hint": str(self.hint)} if self.hint else record
