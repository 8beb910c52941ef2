"""What goes over the wire, as values: the request a simulator received, the answer it gives."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import Headers


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived; its ``repr`` shows no credential."""

    method: str
    path: str  # as sent, not decoded
    query: str = field(repr=False)  # as sent, not decoded, without "?"
    headers: Headers = field(repr=False)  # names match in any case
    body: bytes = field(repr=False)
    at: float  # epoch seconds on the simulator's clock

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def json_strings(self) -> dict[str, str]:
        """Returns the string members of a body declared, and well formed, as a JSON object; else nothing."""
        if self.content_type != "application/json":
            return {}
        try:
            document = json.loads(self.body)
        except ValueError:
            return {}
        if not isinstance(document, dict):
            return {}
        return {name: value for name, value in document.items() if isinstance(value, str)}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; Content-Length is added unless the headers already say how the body ends."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def of_json(cls, status: int, document: Mapping[str, Any]) -> Answer:
        """Returns an answer whose body is this document as UTF-8 JSON."""
        body = json.dumps(document, ensure_ascii=False).encode()
        return cls(status, body, (("Content-Type", "application/json; charset=utf-8"),))

    @classmethod
    def of_text(cls, status: int, text: str, content_type: str = "text/plain") -> Answer:
        """Returns an answer whose body is this text as UTF-8."""
        return cls(status, text.encode(), (("Content-Type", f"{content_type}; charset=utf-8"),))

    def document(self) -> dict[str, Any]:
        """Returns the body's JSON object."""
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def status_line(self) -> str:
        """The status code and its reason, as in ``200 OK``."""
        known = {status.value: status.phrase for status in HTTPStatus}
        return f"{self.status} {known.get(self.status, 'Unknown')}"

    @property
    def wire_headers(self) -> list[tuple[str, str]]:
        """The headers with Content-Length among them."""
        names = {name.lower() for name, _ in self.headers}
        if names & {"content-length", "transfer-encoding"}:
            return list(self.headers)
        return [*self.headers, ("Content-Length", str(len(self.body)))]

    @property
    def head(self) -> bytes:
        """The status line and headers, byte for byte, up to but without the empty line."""
        lines = [f"HTTP/1.1 {self.status_line}", *(f"{name}: {value}" for name, value in self.wire_headers)]
        return "".join(f"{line}\r\n" for line in lines).encode("latin-1")
