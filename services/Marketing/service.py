"""
The shell of a service beside a Dapr sidecar: an HTTP server, on 127.0.0.1 if nothing else is said, that answers the sidecar
and nobody else, finishes what it took when it is told to stop, and ends with the process that
started it.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import signal
import socketserver
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple
from urllib.parse import parse_qs

from sidecar import TOKEN_HEADER, Settings, SidecarError, whole_number
from telemetry import Telemetry

PROBLEM_TYPE = "urn:ordermall:problem:"
LARGEST_BODY = 4 * 1024 * 1024  # the sidecar's own limit: more never arrives
LONGEST_CHUNK_LINE = 1024
MOST_CONNECTIONS = 256  # a thread each
MOST_KEPT_CONNECTIONS = 128
MOST_QUERY_FIELDS = 100
IDLE_TIME_LIMIT = 130.0
DRAIN_TIME = 10.0
# Sidecars, which ask once a second, believe it after the second time or the third. Others ask too.
PROBES_AWAITED = 3
TIME_TO_HEAR = 3.0
ON_ITS_WAY = 0.2

logger = logging.getLogger("marketing")


class MalformedError(Exception):
    """The body is not what is asked for; the text says what that is."""


@dataclass(frozen=True)
class Request:
    """What was asked."""

    query: Dict[str, List[str]]
    body: bytes

    def document(self) -> Dict[str, Any]:
        """The object that the body is, an empty one where there is none; anything else is a MalformedError."""
        try:
            document = json.loads(self.body or b"{}")
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise MalformedError("The body must be a JSON object, or left out.")
        return document


@dataclass(frozen=True)
class Response:
    """What to answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any) -> Response:
        """An answer of JSON."""
        return cls(body=_written(value))

    @classmethod
    def problem(
            cls, status: int, name: str, title: str, detail: str,
            headers: Optional[Mapping[str, str]] = None) -> Response:
        """A problem document (RFC 9457), of the types that all services of the mall have."""
        return cls._problem(status, name, title, {"detail": detail}, headers or {})

    @classmethod
    def invalid(cls, errors: Mapping[str, List[str]]) -> Response:
        """The request is wrong: by field, what is wrong and how to mend it."""
        return cls._problem(400, "validation", "Some fields are wrong.", {"errors": errors}, {})

    @classmethod
    def _problem(
            cls, status: int, name: str, title: str,
            more: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
        document = {"type": PROBLEM_TYPE + name, "title": title, "status": status, **more}
        return cls(status, _written(document), "application/problem+json", headers)


def _written(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


Handler = Callable[[Request], Response]
Routes = Mapping[str, Mapping[str, Handler]]  # by path, then by method


class Service:
    """Serves routes until it is told to stop."""

    def __init__(self, settings: Settings, routes: Routes, telemetry: Telemetry) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._token = settings.app_token.encode("utf-8")
        self._routes = routes
        self._changed = threading.Condition()
        self._under_way = 0
        self._told = 0
        self.stopping = False

    def run(self) -> None:
        """Returns when a signal or its parent's end stopped it, and what it took is finished."""
        try:
            # Told as an interrupt: this thread does nothing but wait for it.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            with _Server((self._settings.app_address, self._settings.app_port), self) as server:
                threading.Thread(target=server.serve_forever, args=(0.2,), daemon=True).start()
                logger.info("Serving on %s:%d", self._settings.app_address, self._settings.app_port)
                self._await_stop()
                self.stopping = True
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                self._await_probes()
                server.shutdown()
            with self._changed:
                self._changed.wait_for(lambda: self._under_way == 0, DRAIN_TIME)
        except KeyboardInterrupt:
            pass  # before it was up, or again while it was stopping

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """What is taken inside is finished before the service ends: that its answer was written belongs to it."""
        with self._changed:
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def answer(self, method: str, target: str, token: str, traceparent: str, body: bytes) -> Response:
        """Answers a request; never raises."""
        path = target.partition("?")[0]
        # What the sidecar itself asks, again and again, is nobody's doing.
        if path not in self._routes or path.startswith("/dapr/"):
            return self._respond(method, target, token, body)
        with self._telemetry.request(method, path, traceparent) as span:
            response = self._respond(method, target, token, body)
            if span is not None:
                span.attributes["http.response.status_code"] = response.status
                span.failed = response.status >= 500
            return response

    def _respond(self, method: str, target: str, token: str, body: bytes) -> Response:
        try:
            return self._answer(method, target, token, body)
        except MalformedError as malformed:
            return Response.problem(400, "bad-request", "Bad request.", str(malformed))
        except SidecarError as failure:
            logger.warning("%s %s: %s", method, target, failure)
            return Response.problem(
                503, "unavailable", "Not available at the moment.",
                "What marketing needs is not available. Try again shortly.", {"Retry-After": "5"})
        except Exception:
            logger.exception("%s %s", method, target)
            return Response.problem(
                500, "internal", "Something went wrong.", "The log of marketing says what.")

    def _answer(self, method: str, target: str, token: str, body: bytes) -> Response:
        path, _, query = target.partition("?")
        if path == "/alive":
            return Response(body=b"Healthy", content_type="text/plain")
        if path == "/health":
            return self._health()
        # Whoever does not know the token has not come through our sidecar.
        if not hmac.compare_digest(token.encode("latin-1"), self._token):
            return Response.problem(
                401, "sign-in", "Sign in first.", "This is reached through the gateway.")
        methods = self._routes.get(path)
        if methods is None:
            return Response.problem(
                404, "not-found", "Not found.", "There is nothing at this address.")
        handler = methods.get(method)
        if handler is None:
            return Response.problem(
                405, "method-not-allowed", "Not allowed.",
                "This address is there, but not for this method.", {"Allow": ", ".join(methods)})
        try:
            values = parse_qs(query, keep_blank_values=True, max_num_fields=MOST_QUERY_FIELDS)
        except ValueError:
            return Response.problem(
                400, "bad-request", "Bad request.",
                f"There are more than {MOST_QUERY_FIELDS} fields after the question mark.")
        return handler(Request(values, body))

    def _health(self) -> Response:
        if not self.stopping:
            return Response(200, b"Healthy", "text/plain")
        with self._changed:
            self._told += 1
            self._changed.notify_all()
        return Response(503, b"Shutting down", "text/plain")

    def _await_probes(self) -> None:
        """Answers on until the sidecar sends nothing new, or for as long as was set."""
        limit = self._settings.drain_seconds
        begun = time.monotonic()
        with self._changed:
            probed = self._changed.wait_for(lambda: self._told >= PROBES_AWAITED, limit)
        if probed:
            time.sleep(max(0.0, min(TIME_TO_HEAR, limit) - (time.monotonic() - begun)) + ON_ITS_WAY)

    def _await_stop(self) -> None:
        parent = os.getppid()
        try:
            # One that was killed cannot stop its children: they watch it instead.
            while os.getppid() == parent:
                time.sleep(1)
            logger.info("The process that started this one is gone")
        except KeyboardInterrupt:
            pass


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A thread for each connection, and no more of them than are good."""

    allow_reuse_address = os.name != "nt"
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: Tuple[str, int], service: Service) -> None:
        self.service = service
        self._lock = threading.Lock()
        self._connections = 0
        super().__init__(address, _Connection)

    @property
    def is_full(self) -> bool:
        """Whether connections are not to be kept for another request."""
        return self._connections > MOST_KEPT_CONNECTIONS or self.service.stopping

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            if self._connections == MOST_CONNECTIONS:
                self.shutdown_request(request)
                return
            self._connections += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._connections -= 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.info("A connection broke", exc_info=True)


class _Connection(BaseHTTPRequestHandler):
    """Reads requests and writes answers."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_TIME_LIMIT
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Answers any method: which there are, the routes say."""
        try:
            body = self._read_body()
        except ValueError:
            self.send_error(413, f"The body must be whole, and of at most {LARGEST_BODY} bytes.")
            return
        if body is None:
            # It broke off: half an event must not be taken for a malformed one.
            self.close_connection = True
            return
        token = self.headers.get(TOKEN_HEADER, "")
        with self.server.service.under_way():
            self._write(self.server.service.answer(
                self.command, self.path, token, self.headers.get("traceparent", ""), body))

    def _read_body(self) -> bytes | None:
        """The body of a request, or None if it broke off. Too large or malformed is a ValueError. Sidecars send in chunks what they pass on."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            length = whole_number(self.headers.get("Content-Length", "0"))
            if length is None or length > LARGEST_BODY or "Transfer-Encoding" in self.headers:
                raise ValueError("no length")
            body = self.rfile.read(length)
            return body if len(body) == length else None
        body = bytearray()
        while line := self.rfile.readline(LONGEST_CHUNK_LINE):
            size = int(line.split(b";")[0], 16)
            if size < 0 or len(body) + size > LARGEST_BODY:
                raise ValueError("too large")
            if size == 0:
                while self.rfile.readline(LONGEST_CHUNK_LINE) not in (b"\r\n", b"\n", b""):
                    pass  # trailers
                return bytes(body)
            body += self.rfile.read(size)
            self.rfile.readline(LONGEST_CHUNK_LINE)  # the end of the chunk
        return None

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

    def send_error(
            self, code: int, message: Optional[str] = None, explain: Optional[str] = None) -> None:
        """Answers what is no HTTP, or too much of it."""
        self.close_connection = True
        detail = message or explain or HTTPStatus(code).phrase
        self._write(Response.problem(code, "bad-request", "Bad request.", detail))

    def log_message(self, format: str, *args: Any) -> None:
        """The sidecar knows who asked what."""

    def _write(self, response: Response) -> None:
        if self.server.is_full:
            self.close_connection = True
        lines = [
            f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
            f"Content-Length: {len(response.body)}",
        ]
        if response.body:
            lines.append(f"Content-Type: {response.content_type}")
        if self.close_connection:
            lines.append("Connection: close")
        lines.extend(f"{name}: {value}" for name, value in response.headers.items())
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head if self.command == "HEAD" else head + response.body)
