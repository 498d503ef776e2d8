"""
The mall's marketing: learns what is ordered, and recommends. A Dapr app like any other, in Python
alone: it joins by subscribing to the orders' events and can be left out again.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import uuid
from typing import Any, Collection, Dict, List, Optional, Set

from batches import Batches
from dead_letters import DeadLetters
from rebuild import Rebuild
from recommendations import Order, Recommendation, Recommendations
from service import Request, Response, Service, logger
from sidecar import ConfigurationError, Settings, Sidecar, SidecarError, StateStore, whole_number
from telemetry import Telemetry

CATALOG = "catalog"
DEAD_LETTER_TOPIC = "marketing-dead-letters"
ORDER_ACCEPTED = "OrderAccepted"
ACCEPTED = "Accepted"  # the status that the event tells of
HANDLING_TIME_LIMIT = 7.0  # less than the sidecar waits: it should hear why, or park it within that time
DEFAULT_LIMIT = 20
MOST_ITEMS = 100

OPEN_API = {
    "openapi": "3.1.1",
    "info": {"title": "OrderMall.Marketing", "version": "v1"},
    "paths": {"/api/recommendations": {"get": {
        "tags": ["Recommendations"],
        "operationId": "ListRecommendations",
        "summary": "What is ordered most lately, and can be ordered now: with an offer, of a kind, or of all kinds.",
        "parameters": [
            {
                "name": "offerId", "in": "query", "schema": {"type": "string", "format": "uuid"},
                "description": "What those who ordered this offer order besides.",
            },
            {
                "name": "kind", "in": "query", "schema": {"type": "string"},
                "description": "What is ordered most of this kind; not together with offerId.",
            },
            {
                "name": "limit", "in": "query", "schema": {"type": "integer"},
                "description": f"How many items, 1 to {MOST_ITEMS}; {DEFAULT_LIMIT} by default.",
            },
        ],
        "responses": {
            "200": {"description": "OK", "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/PageOfRecommendation"}}}},
            "400": {"description": "Bad Request", "content": {"application/problem+json": {
                "schema": {"type": "object"}}}},
            "503": {"description": "Service Unavailable", "content": {"application/problem+json": {
                "schema": {"type": "object"}}}},
        },
    }}},
    "components": {"schemas": {
        "PageOfRecommendation": {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": {
                    "type": "array", "items": {"$ref": "#/components/schemas/Recommendation"}},
                "next": {"type": ["null", "string"]},
            },
        },
        "Recommendation": {
            "type": "object",
            "required": ["offerId", "title", "kind", "orders"],
            "properties": {
                "offerId": {"type": "string", "format": "uuid"},
                "title": {"type": "string"},
                "kind": {"type": "string"},
                "orders": {
                    "type": "integer",
                    "description": "How many of the latest orders that were looked at are for it.",
                },
            },
        },
    }},
}


class Marketing:
    """What the service exposes and subscribes to."""

    def __init__(self, settings: Settings) -> None:
        sidecar = Sidecar(settings)
        state = StateStore(sidecar, settings.state_store)
        self._sidecar = sidecar
        self._recommendations = Recommendations(state, self._orderable)
        # Nearly all orders change the same keys: one writer takes together what comes together.
        self._orders = Batches(self._recommendations.learn)
        self._rebuild = Rebuild(sidecar, state, self._learn_again)
        self.routes = {
            "/dapr/subscribe": {"GET": lambda _: Response.json(_subscriptions(settings.pubsub))},
            "/events/orders": {"POST": self._on_event},
            **DeadLetters(state, self._handle, self._rebuild.alarms).routes,
            **self._rebuild.routes,
            "/api/recommendations": {"GET": self._recommend},
            "/openapi/v1.json": {"GET": lambda _: Response.json(OPEN_API)},
        }

    def start(self) -> None:
        """Begins what goes on by itself."""
        self._rebuild.start()

    def _learn_again(self, histories: List[Any], time_limit: float) -> None:
        self._recommendations.forget()
        self._orders.bring_all(
            [Order.read(history["last"]) for history in histories if _was_accepted(history)],
            time_limit)

    def _on_event(self, request: Request) -> Response:
        try:
            self._handle(request.body)
        except ValueError as malformed:
            logger.warning("An event goes to the dead letters: %s", malformed)
            return Response.json({"status": "DROP"})  # it will not get better by trying again
        return Response()

    def _handle(self, envelope: bytes) -> None:
        order = _read_order(envelope)
        if order is not None:
            self._orders.bring(order, HANDLING_TIME_LIMIT)

    def _orderable(self, offer_ids: Collection[str]) -> Set[str]:
        """Those that catalog sells at the moment. Without its answer nothing is recommended: nobody could order it."""
        answer = self._sidecar.ask(CATALOG, "orderable-offers", {"offerIds": list(offer_ids)})
        try:
            return set(answer["offerIds"])
        except (TypeError, KeyError) as unreadable:
            raise SidecarError(f"{CATALOG} answered something else: {unreadable}") from unreadable

    def _recommend(self, request: Request) -> Response:
        errors: Dict[str, List[str]] = {}
        limit = _read_limit(_only(request, "limit", errors), errors)
        kind = _only(request, "kind", errors)
        offer_id = _read_id(_only(request, "offerId", errors), errors)
        if kind is not None and offer_id is not None:
            errors["kind"] = ["Give either kind or offerId."]
        if errors:
            return Response.invalid(errors)
        if offer_id is not None:
            found = self._recommendations.bought_with(offer_id, limit)
        else:
            found = self._recommendations.popular(kind or None, limit)
        return Response.json({"items": [_shown(item) for item in found], "next": None})


def _read_order(body: bytes) -> Optional[Order]:
    """The order of an event, if it is one of those wanted."""
    try:
        event = json.loads(body)
    except RecursionError:
        raise ValueError("The event is nested too deeply.") from None
    if not isinstance(event, dict):
        raise ValueError("The event is no object.")
    return Order.read(event.get("data")) if event.get("type") == ORDER_ACCEPTED else None


def _was_accepted(history: Any) -> bool:
    return any(past["status"] == ACCEPTED for past in history["timeline"])


def _only(request: Request, name: str, errors: Dict[str, List[str]]) -> Optional[str]:
    values = request.query.get(name, [])
    if len(values) > 1:
        errors[name] = ["Must be given once."]
    return values[0] if values else None


def _read_limit(text: Optional[str], errors: Dict[str, List[str]]) -> int:
    if text is None:
        return DEFAULT_LIMIT
    limit = whole_number(text)
    if limit is not None and 1 <= limit <= MOST_ITEMS:
        return limit
    errors.setdefault("limit", [f"Must be a whole number from 1 to {MOST_ITEMS}."])
    return DEFAULT_LIMIT


def _read_id(text: Optional[str], errors: Dict[str, List[str]]) -> Optional[str]:
    if text is None:
        return None
    try:
        return str(uuid.UUID(text))
    except ValueError:
        errors.setdefault("offerId", ["Must be the id of an offer."])
        return None


def _subscriptions(pubsub: str) -> List[Dict[str, Any]]:
    return [
        # Its own dead letter topic as well: what cannot be parked, since the state store is unreachable, comes again.
        {
            "pubsubname": pubsub,
            "topic": DEAD_LETTER_TOPIC,
            "route": "/events/dead-letters",
            "deadLetterTopic": DEAD_LETTER_TOPIC,
        },
        {
            "pubsubname": pubsub,
            "topic": "orders",
            "route": "/events/orders",
            "deadLetterTopic": DEAD_LETTER_TOPIC,
        },
    ]


def _shown(item: Recommendation) -> Dict[str, Any]:
    return {
        "offerId": item.offer_id, "title": item.title, "kind": item.kind, "orders": item.orders}


def main() -> int:
    """Runs the service as its environment says."""
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        settings = Settings.read(os.environ)
        telemetry = Telemetry.read(os.environ, "marketing")
        telemetry.follow(logger)
        marketing = Marketing(settings)
        marketing.start()
        Service(settings, marketing.routes, telemetry).run()
        telemetry.close()
    except ConfigurationError as mistake:
        print(mistake, file=sys.stderr)
        return 1
    except OSError as refused:
        print(f"marketing: port {settings.app_port} cannot be used: {refused}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
