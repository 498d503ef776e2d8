"""
Spans and logs over OTLP/HTTP, as JSON, to the collector that the environment names by OpenTelemetry's variables; nothing without
one. What is exported waits in a bounded queue for a thread of its own: a collector that is slow or unreachable costs the service nothing
but its telemetry.
"""

from __future__ import annotations

import json
import logging
import queue
import re
import secrets
import threading
import time
import urllib.request
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple
from urllib.parse import unquote

MOST_WAITING = 2048
MOST_AT_ONCE = 512
EXPORT_TIME_LIMIT = 5.0
CLOSE_TIME_LIMIT = 3.0

SAMPLED = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f][13579bdf]")
SERVER = 2
FAILED = 2
SEVERITIES = {"DEBUG": 5, "INFO": 9, "WARNING": 13, "ERROR": 17, "CRITICAL": 21}

logger = logging.getLogger("telemetry")
_own = threading.local()


class Span:
    """What a thread does in somebody's trace."""

    def __init__(self, name: str, trace_id: str, parent_id: str) -> None:
        self.name = name
        self.trace_id = trace_id
        self.parent_id = parent_id
        self.span_id = secrets.token_hex(8)
        self.attributes: Dict[str, Any] = {}
        self.failed = False
        self.begun = time.time_ns()


def current() -> Optional[Span]:
    """The span of this thread, if it has one."""
    return getattr(_own, "span", None)


def trace_headers() -> Dict[str, str]:
    """What a call has to carry to belong to this thread's span."""
    span = current()
    return {} if span is None else {"traceparent": f"00-{span.trace_id}-{span.span_id}-01"}


class Telemetry:
    """Exports spans and logs, or drops them where there is no collector."""

    def __init__(
            self, endpoint: Optional[str], headers: Mapping[str, str],
            resource: Mapping[str, str], delay: float) -> None:
        self._endpoint = endpoint
        self._headers = {"Content-Type": "application/json", **headers}
        self._resource = {"attributes": _attributes(resource)}
        self._delay = delay
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._waiting: queue.Queue[Optional[Tuple[str, Dict[str, Any]]]] = queue.Queue(MOST_WAITING)
        self._closing = threading.Event()
        self._reached = True
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
        if endpoint is not None:
            self._thread.start()

    @classmethod
    def read(cls, environment: Mapping[str, str], name: str) -> Telemetry:
        """Reads OpenTelemetry's variables. gRPC takes more than the standard library has: it is no collector for this service."""
        endpoint = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").rstrip("/")
        protocol = environment.get("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
        if endpoint and not protocol.startswith("http/"):
            logger.info("No telemetry: OTEL_EXPORTER_OTLP_PROTOCOL is %s; http/json would do", protocol)
        resource = {
            "service.namespace": "OrderMall",
            **_pairs(environment.get("OTEL_RESOURCE_ATTRIBUTES", "")),
            "service.name": environment.get("OTEL_SERVICE_NAME") or name,
        }
        delay = environment.get("OTEL_BSP_SCHEDULE_DELAY", "")
        return cls(
            endpoint if endpoint and protocol.startswith("http/") else None,
            _pairs(environment.get("OTEL_EXPORTER_OTLP_HEADERS", "")),
            resource, int(delay) / 1000 if delay.isdigit() else 5.0)

    @contextmanager
    def request(self, method: str, route: str, traceparent: str) -> Iterator[Optional[Span]]:
        """The span of a request, where its trace is sampled: none begins here."""
        sampled = SAMPLED.fullmatch(traceparent) if self._endpoint is not None else None
        if sampled is None:
            yield None
            return
        span = _own.span = Span(f"{method} {route}", sampled[1], sampled[2])
        span.attributes.update({"http.request.method": method, "http.route": route, "url.path": route})
        try:
            yield span
        finally:
            _own.span = None
            self._put("traces", _span(span))

    def follow(self, log: logging.Logger) -> None:
        """Exports what is logged there, with the trace it belongs to."""
        if self._endpoint is not None:
            log.addHandler(_Logs(self))

    def close(self) -> None:
        """Sends what waits, and gives that a few seconds."""
        self._closing.set()
        if self._thread.is_alive():
            try:
                self._waiting.put(None, timeout=CLOSE_TIME_LIMIT)
            except queue.Full:
                return
            self._thread.join(CLOSE_TIME_LIMIT)

    def log(self, record: Dict[str, Any]) -> None:
        """Exports a log record."""
        self._put("logs", record)

    def _put(self, signal: str, item: Dict[str, Any]) -> None:
        if self._endpoint is None:
            return
        try:
            self._waiting.put_nowait((signal, item))
        except queue.Full:
            pass  # it is lost, and nobody waits for it

    def _run(self) -> None:
        ended = False
        while not ended:
            batch = [self._waiting.get()]
            self._closing.wait(self._delay)  # others come meanwhile
            while len(batch) < MOST_AT_ONCE and not self._waiting.empty():
                batch.append(self._waiting.get())
            ended = None in batch
            taken = [item for item in batch if item is not None]
            self._send("traces", "resourceSpans", "scopeSpans", "spans", taken)
            self._send("logs", "resourceLogs", "scopeLogs", "logRecords", taken)

    def _send(
            self, signal: str, resources: str, scopes: str, items: str,
            batch: List[Tuple[str, Dict[str, Any]]]) -> None:
        mine = [item for kind, item in batch if kind == signal]
        if not mine:
            return
        message = {resources: [{
            "resource": self._resource, scopes: [{"scope": {"name": "OrderMall.marketing"}, items: mine}]}]}
        request = urllib.request.Request(
            f"{self._endpoint}/v1/{signal}", json.dumps(message).encode("ascii"), self._headers)
        try:
            with self._opener.open(request, timeout=EXPORT_TIME_LIMIT) as answer:
                answer.read()
            self._reached = True
        except (OSError, ValueError) as failure:
            # Said once, and not exported in its turn.
            if self._reached:
                logger.warning("The collector did not take %s: %s", signal, failure)
            self._reached = False


class _Logs(logging.Handler):
    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__()
        self._telemetry = telemetry

    def emit(self, record: logging.LogRecord) -> None:
        attributes = {"logger.name": record.name, "log.template": str(record.msg)}
        if record.exc_info is not None:
            attributes["exception.stacktrace"] = logging.Formatter().formatException(record.exc_info)
        written: Dict[str, Any] = {
            "timeUnixNano": str(int(record.created * 1e9)),
            "severityNumber": SEVERITIES.get(record.levelname, 9),
            "severityText": record.levelname,
            "body": {"stringValue": record.getMessage()},
            "attributes": _attributes(attributes),
        }
        span = current()
        if span is not None:
            written.update({"traceId": span.trace_id, "spanId": span.span_id, "flags": 1})
        self._telemetry.log(written)


def _span(span: Span) -> Dict[str, Any]:
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent_id,
        "flags": 0x301,  # sampled, and the parent is another process's
        "name": span.name,
        "kind": SERVER,
        "startTimeUnixNano": str(span.begun),
        "endTimeUnixNano": str(time.time_ns()),
        "attributes": _attributes(span.attributes),
        "status": {"code": FAILED} if span.failed else {},
    }


def _attributes(values: Mapping[str, Any]) -> List[Dict[str, Any]]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in values.items()]


def _pairs(text: str) -> Dict[str, str]:
    """What OpenTelemetry writes as key=value,key=value, with the values escaped as in URLs."""
    pairs = (pair.partition("=") for pair in text.split(","))
    return {key.strip(): unquote(value.strip()) for key, equals, value in pairs if equals}
