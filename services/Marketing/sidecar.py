"""The service's Dapr sidecar: where it is, and the state store and the other services behind it."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass
from typing import Any, Collection, Dict, Mapping, Optional, Tuple

from telemetry import trace_headers

TOKEN_HEADER = "dapr-api-token"

# Less than the sidecar waits for the handling of an event (components/resiliency.yaml).
CALL_TIME_LIMIT = 6.0


class ConfigurationError(Exception):
    """Something the service needs is not configured; the message names it."""


class SidecarError(Exception):
    """The sidecar did not answer, or not as it should."""


class ConflictError(Exception):
    """Somebody else wrote one of the keys since it was read; others may have been written."""


@dataclass(frozen=True)
class Settings:
    """What ``daprd`` and ``dapr run`` tell an app in its environment."""

    app_address: str
    app_port: int
    sidecar_port: int
    api_token: Optional[str]
    app_token: str
    drain_seconds: int
    # Its components: on Azure a service has some of its own.
    pubsub: str
    state_store: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Reads the environment."""
        app_token = environment.get("APP_API_TOKEN")
        if not app_token:
            raise ConfigurationError(
                "marketing: APP_API_TOKEN is not set. Give the service and its sidecar the same "
                "secret: without it anybody could call the service past its sidecar.")
        app_port = _number(environment, "APP_PORT", None)
        if app_port is None:
            raise ConfigurationError(
                "marketing: APP_PORT is not set: the port on 127.0.0.1 that the sidecar calls.")
        return cls(
            # In a container the probes come from outside of it.
            app_address=environment.get("APP_ADDRESS") or "127.0.0.1",
            app_port=app_port,
            sidecar_port=_number(environment, "DAPR_HTTP_PORT", 3500) or 3500,
            api_token=environment.get("DAPR_API_TOKEN") or None,
            app_token=app_token,
            drain_seconds=_number(environment, "Drain__Seconds", 0) or 0,
            pubsub=environment.get("Dapr__PubSub") or "pubsub",
            state_store=environment.get("Dapr__StateStore") or "statestore")


def _number(environment: Mapping[str, str], name: str, default: Optional[int]) -> Optional[int]:
    text = environment.get(name, "")
    if not text:
        return default
    number = whole_number(text)
    if number is None:
        raise ConfigurationError(f"marketing: {name} must be a whole number; '{text}' is not.")
    return number


def whole_number(text: str) -> Optional[int]:
    """Reads plain digits, and not all that Python takes for a number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@dataclass(frozen=True)
class Entry:
    """A value of the state store. Without an ETag the key is not there (or is to be made)."""

    value: Any
    etag: Optional[str] = None


class Sidecar:
    """Dapr's HTTP API. Every thread has a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._port = settings.sidecar_port
        self._headers = {"Content-Type": "application/json"}
        if settings.api_token is not None:
            self._headers[TOKEN_HEADER] = settings.api_token
        self._own = threading.local()

    def ask(self, app_id: str, path: str, question: Any) -> Any:
        """Asks another service; asking again must do no harm."""
        status, body = self.post(f"/v1.0/invoke/{app_id}/method/{path}", question)
        if status != 200:
            raise SidecarError(_told(status, body))
        try:
            return json.loads(body)
        except ValueError as unreadable:
            raise SidecarError(f"{app_id} answered no JSON: {unreadable}") from unreadable

    def post(self, path: str, question: Any) -> Tuple[int, bytes]:
        """Posts JSON; the status and the body of the answer."""
        text = json.dumps(question, separators=(",", ":")).encode("ascii")
        connection: Optional[http.client.HTTPConnection] = getattr(self._own, "connection", None)
        if connection is not None:
            try:
                return self._ask(connection, path, text)
            except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError):
                pass  # it was closed while nobody used it; asking twice does no harm
            except (OSError, http.client.HTTPException) as failure:
                raise SidecarError(f"The sidecar did not answer: {failure}") from failure
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=CALL_TIME_LIMIT)
        try:
            return self._ask(connection, path, text)
        except (OSError, http.client.HTTPException) as failure:
            raise SidecarError(f"The sidecar did not answer: {failure}") from failure

    def _ask(
            self, connection: http.client.HTTPConnection, path: str, text: bytes,
    ) -> Tuple[int, bytes]:
        self._own.connection = None
        try:
            connection.request("POST", path, text, {**self._headers, **trace_headers()})
            response = connection.getresponse()
            answer = response.status, response.read()
        except BaseException:
            connection.close()
            raise
        self._own.connection = connection
        return answer


class StateStore:
    """The state store behind a sidecar."""

    def __init__(self, sidecar: Sidecar, name: str) -> None:
        self._sidecar = sidecar
        self._path = f"/v1.0/state/{name}"

    def read(self, keys: Collection[str]) -> Dict[str, Entry]:
        """Reads keys; those that do not exist are left out."""
        if not keys:
            return {}
        question = {"keys": list(keys), "parallelism": 10}
        status, body = self._sidecar.post(f"{self._path}/bulk", question)
        if status != 200:
            raise SidecarError(_told(status, body))
        try:
            items = json.loads(body)
            for item in items:
                if "error" in item:
                    raise SidecarError(f"The key {item['key']} cannot be read: {item['error']}")
            return {
                item["key"]: Entry(item["data"], item["etag"])
                for item in items if item.get("data") is not None}
        except (ValueError, TypeError, KeyError) as unreadable:
            raise SidecarError(f"The answer is not one of Dapr's: {unreadable}") from unreadable

    def save(self, entries: Mapping[str, Entry]) -> None:
        """
        Writes each key if it still is as it was read. One request, but no transaction: with some
        stores the keys without a conflict stay written, so what is saved must bear to be applied
        again.
        """
        items = [_item(key, entry) for key, entry in entries.items()]
        status, body = self._sidecar.post(self._path, items)
        # A stale ETag is 409; making a key that exists is 500 with Redis and PostgreSQL, as a
        # broken store is.
        if status in (409, 500):
            raise ConflictError(_told(status, body))
        if status not in (200, 204):
            raise SidecarError(_told(status, body))


def _item(key: str, entry: Entry) -> Dict[str, Any]:
    item = {"key": key, "value": entry.value, "options": {"concurrency": "first-write"}}
    if entry.etag is not None:
        item["etag"] = entry.etag
    return item


def _told(status: int, body: bytes) -> str:
    return f"The sidecar answered {status}: {body[:500].decode('utf-8', 'replace')}"
