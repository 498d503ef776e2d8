"""
Events that could not be handled, parked in the state store until an operator has them handled
again or forgotten: as the other services do, which operations asks the same way.
"""

from __future__ import annotations

import hashlib
import json
import logging
import random
import re
import time
import uuid
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Optional, TypeVar

from service import MalformedError, Request, Response, Routes
from sidecar import ConflictError, Entry, SidecarError, StateStore

KEY = "dead-letters"
MOST = 200
MOST_TEXT = 1024 * 1024  # together; a sidecar takes no request of more than 4 MiB
LONGEST_REASON = 500
ATTEMPTS = 20
REPLAY_LIMIT = 8.0  # less than operations waits for all of them
ASKABLE = re.compile(r"[A-Za-z0-9._~-]{1,200}")  # what can stand in a path

# What handling raises when it is the event's fault, or nobody's.
Failures = (ValueError, SidecarError, TimeoutError)

logger = logging.getLogger("marketing")
T = TypeVar("T")


class DeadLetters:
    """Parks, lists, handles again and forgets."""

    def __init__(
            self, state: StateStore, handle: Callable[[bytes], None],
            other_alarms: Callable[[], List[Dict[str, Any]]]) -> None:
        self._state = state
        self._handle = handle
        self._other_alarms = other_alarms
        self.routes: Routes = {
            "/events/dead-letters": {"POST": self._park},
            "/dead-letters": {"GET": self._list},
            "/dead-letters/replay": {"POST": self._replay},
            "/dead-letters/discard": {"POST": self._discard},
            "/alarms": {"GET": self._alarms},
        }

    def _park(self, request: Request) -> Response:
        # Nobody says why it came here, so it is tried once more: that tells.
        reason = self._try(request.body)
        if reason is not None:
            letter = {**_described(request.body), "parkedAt": _now(), "reason": reason}
            logger.warning(
                "Event %s, %s, cannot be handled and is parked: %s",
                letter["eventId"], letter["type"], reason)
            self._change(lambda letters: _put(letters, letter))
        return Response()

    def _list(self, request: Request) -> Response:
        wanted = request.query.get("eventId")
        if wanted is None:
            return Response.json([{**letter, "envelope": ""} for letter in self._all()])
        return Response.json([letter for letter in self._all() if letter["eventId"] == wanted[0]])

    def _replay(self, request: Request) -> Response:
        wanted = _wanted(request)
        give_up = time.monotonic() + REPLAY_LIMIT
        done, failed, first = 0, 0, None
        for letter in self._all():
            if wanted not in (None, letter["eventId"]) or time.monotonic() > give_up:
                continue
            reason = self._try(letter["envelope"].encode("utf-8"))
            if reason is None:
                done += 1
                self._change(lambda letters: _remove(letters, letter["eventId"]))
            else:
                failed += 1
                first = first or reason
                self._change(lambda letters: _put(letters, {**letter, "reason": reason}))
        return self._answer(done, failed, first)

    def _discard(self, request: Request) -> Response:
        wanted = _wanted(request) or ""
        done = self._change(lambda letters: _remove(letters, wanted))
        if done:
            logger.warning("Event %s was discarded by an operator: it is never handled", wanted)
        return self._answer(int(done), 0, None)

    def _alarms(self, _: Request) -> Response:
        return Response.json([{
            "name": "ordermall.dead_letter.count", "value": len(self._all()), "limit": 0, "unit": "{event}",
            "meaning": "Events that could not be handled are parked: GET /api/ops/dead-letters says which and why.",
        }, *self._other_alarms()])

    def _answer(self, done: int, failed: int, reason: Optional[str]) -> Response:
        return Response.json(
            {"done": done, "failed": failed, "left": len(self._all()), "reason": reason})

    def _try(self, envelope: bytes) -> Optional[str]:
        """None when it is handled, otherwise why it is not."""
        try:
            self._handle(envelope)
            return None
        except Failures as failure:
            return _text(f"{type(failure).__name__}: {failure}")[:LONGEST_REASON]

    def _all(self) -> List[Dict[str, Any]]:
        entry = self._state.read([KEY]).get(KEY)
        return entry.value if entry is not None else []

    def _change(self, change: Callable[[List[Dict[str, Any]]], bool]) -> bool:
        for attempt in range(1, ATTEMPTS + 1):
            entry = self._state.read([KEY]).get(KEY, Entry([]))
            if not change(entry.value):
                return False
            try:
                self._state.save({KEY: entry})
                return True
            except ConflictError as conflict:
                if attempt == ATTEMPTS:
                    raise SidecarError(str(conflict)) from conflict
                time.sleep(random.uniform(0, 0.01 * attempt))
        return False


def _put(letters: List[Dict[str, Any]], letter: Dict[str, Any]) -> bool:
    for number, parked in enumerate(letters):
        if parked["eventId"] == letter["eventId"]:
            letters[number] = {**parked, "reason": letter["reason"]}
            return True
    text = len(letter["envelope"]) + sum(len(parked["envelope"]) for parked in letters)
    if len(letters) >= MOST or text > MOST_TEXT:
        # It stays on the dead letter topic, and is tried again from there.
        raise SidecarError(f"There is no room to park another event beside {len(letters)} others.")
    letters.append(letter)
    return True


def _remove(letters: List[Dict[str, Any]], event_id: str) -> bool:
    before = len(letters)
    letters[:] = [letter for letter in letters if letter["eventId"] != event_id]
    return len(letters) < before


def _described(envelope: bytes) -> Dict[str, Any]:
    """Whatever it is, it is kept."""
    # An id that is the same again when the same comes again.
    event_id = str(uuid.UUID(bytes=hashlib.sha256(envelope).digest()[:16]))
    try:
        event = json.loads(envelope)
    except (ValueError, RecursionError):
        event = None
    told = event if isinstance(event, dict) else {}
    given = told.get("id")
    if isinstance(given, str) and ASKABLE.fullmatch(given):
        event_id = given
    return {
        "eventId": event_id,
        "topic": _short(told.get("topic")),
        "type": _short(told.get("type")),
        "envelope": envelope.decode("utf-8", "replace"),
    }


def _short(value: Any) -> str:
    return _text(value)[:200] if isinstance(value, str) else ""


def _text(value: str) -> str:
    # Half a surrogate pair is no text: it could not be read by others.
    return value.encode("utf-8", "replace").decode("utf-8")


def _wanted(request: Request) -> Optional[str]:
    event_id = request.document().get("eventId")
    if event_id is not None and not isinstance(event_id, str):
        raise MalformedError("eventId must be the id of an event as it is listed, or left out.")
    return event_id


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
