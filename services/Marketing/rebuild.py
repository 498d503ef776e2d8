"""
Learns all orders again from ordering, which holds them: by itself where the state store has lost
what was learnt, and when an operator asks. How far it is stands in the store, so that whoever goes
on, after a crash too, does so from there. Events are handled meanwhile as always: an order counts
once, whoever tells of it first.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, List, Optional

from service import Request, Response, Routes
from sidecar import ConflictError, Entry, Sidecar, SidecarError, StateStore

KEY = "rebuild"
OWNER = "ordering"
PAGE_SIZE = 100
LEASE = 30.0  # more than a page takes: asking, learning and saving have limits of their own
LEARNING_TIME_LIMIT = 10.0
LOOK_INTERVAL = 30.0  # for a store that has lost everything
FIRST_PAUSE = 1.0
ATTEMPTS = 20
STALLED = 120.0

# Ordering's answer, or the store's, may be anything.
Failures = (ValueError, TypeError, KeyError, SidecarError, TimeoutError)

Learn = Callable[[List[Any], float], None]
Stored = Dict[str, Any]

logger = logging.getLogger("marketing")


class Rebuild:
    """Learns again, one page of the owner after the other."""

    def __init__(self, sidecar: Sidecar, state: StateStore, learn: Learn) -> None:
        self._sidecar = sidecar
        self._state = state
        self._learn = learn
        self._me = str(uuid.uuid4())
        self._asked = threading.Event()
        self._last: Optional[Stored] = None
        self.routes: Routes = {"/views/rebuild": {"GET": self._show, "POST": self._begin}}

    def start(self) -> None:
        """Looks whether there is something to do, from now on."""
        threading.Thread(target=self._run, name="rebuild", daemon=True).start()

    def alarms(self) -> List[Dict[str, Any]]:
        """What an operator should know of it."""
        last = self._last
        under_way = last is not None and last["finishedAt"] is None
        stalled = (_now() - _read(last["progressAt"])).total_seconds() if under_way else 0.0
        return [{
            "name": "ordermall.view.stalled", "value": max(0.0, stalled), "limit": STALLED,
            "unit": "s",
            "meaning": "Recommendations are being made again and that does not go on: "
                       "GET /api/ops/views/rebuild says why.",
        }]

    def _show(self, _: Request) -> Response:
        entry = self._state.read([KEY]).get(KEY)
        return Response.json(_progress(entry.value if entry is not None else None))

    def _begin(self, _: Request) -> Response:
        self._change(lambda stored: self._new() if stored is None or stored["finishedAt"] else None)
        self._asked.set()
        return Response.json(_progress(self._last))

    def _run(self) -> None:
        back_off = FIRST_PAUSE
        while True:
            try:
                self._go_on()
                pause, back_off = LOOK_INTERVAL, FIRST_PAUSE
            except Exception as failure:  # whatever it is, it may be over the next time
                reason = f"{type(failure).__name__}: {failure}"
                logger.warning("Recommendations cannot be made again at the moment: %s", reason)
                self._leave(reason)
                pause, back_off = back_off, min(2 * back_off, LOOK_INTERVAL)
            self._asked.wait(pause)
            self._asked.clear()

    def _go_on(self) -> None:
        rebuild = self._change(self._taken)
        if rebuild is None:
            return
        logger.info("Recommendations are made again; %d orders are done", rebuild["done"])
        while rebuild["finishedAt"] is None:
            question = {"after": rebuild["after"], "limit": PAGE_SIZE}
            page = self._sidecar.ask(OWNER, "history", question)
            self._learn(page["items"], LEARNING_TIME_LIMIT)
            now, next_page = _now(), page["next"]
            advanced = {
                **rebuild,
                "heldUntil": _text(now + timedelta(seconds=LEASE)),
                "after": next_page,
                "done": rebuild["done"] + len(page["items"]),
                "progressAt": _text(now),
                "finishedAt": _text(now) if next_page is None else None,
                "problem": None,
            }
            before = rebuild
            changed = self._change(lambda stored: advanced if _is_still(stored, before) else None)
            if changed is None:
                return  # another replica goes on with it, or the store lost this too
            rebuild = changed
        logger.info("Recommendations are made again, of %d orders", rebuild["done"])

    def _leave(self, problem: str) -> None:
        """Others need not wait until our time is over."""
        def left(stored: Optional[Stored]) -> Optional[Stored]:
            if stored is None or stored["finishedAt"] or stored["holder"] != self._me:
                return None
            return {**stored, "heldUntil": _text(_now()), "problem": problem[:500]}
        try:
            self._change(left)
        except Failures as failure:
            logger.warning("How far recommendations are made again cannot be saved: %s", failure)

    def _taken(self, stored: Optional[Stored]) -> Optional[Stored]:
        if stored is None:
            return self._new()
        now = _now()
        is_others = stored["holder"] != self._me and _read(stored["heldUntil"]) > now
        if stored["finishedAt"] or is_others:
            return None
        return {**stored, "holder": self._me, "heldUntil": _text(now + timedelta(seconds=LEASE))}

    def _new(self) -> Stored:
        now = _now()
        return {
            "id": str(uuid.uuid4()), "begunAt": _text(now), "holder": self._me,
            "heldUntil": _text(now + timedelta(seconds=LEASE)), "after": None, "done": 0,
            "progressAt": _text(now), "finishedAt": None, "problem": None,
        }

    def _change(self, change: Callable[[Optional[Stored]], Optional[Stored]]) -> Optional[Stored]:
        """What was saved; None where the change is none."""
        for attempt in range(1, ATTEMPTS + 1):
            entry = self._state.read([KEY]).get(KEY)
            self._last = entry.value if entry is not None else None
            changed = change(self._last)
            if changed is None:
                return None
            try:
                self._state.save({KEY: Entry(changed, entry.etag if entry is not None else None)})
                self._last = changed
                return changed
            except ConflictError as conflict:
                if attempt == ATTEMPTS:
                    raise SidecarError(str(conflict)) from conflict
                time.sleep(random.uniform(0, 0.01 * attempt))
        return None


def _is_still(stored: Optional[Stored], rebuild: Stored) -> bool:
    """Whether nobody has changed it, nor taken it over."""
    names = ("id", "holder", "after")
    return stored is not None and all(stored[name] == rebuild[name] for name in names)


def _progress(stored: Optional[Stored]) -> Dict[str, Any]:
    if stored is None:
        return {"begunAt": None, "finishedAt": None, "done": 0, "problem": None}
    return {name: stored[name] for name in ("begunAt", "finishedAt", "done", "problem")}


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
