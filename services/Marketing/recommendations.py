"""
What the mall recommends, from the orders it has accepted.

The state store has the latest orders of each customer, of each offer and of each kind: windows of
a fixed size, in which an order is at most once. Ids of orders grow with time: a window has those
with the highest, in their order. So an order that is told twice counts once, whatever was written
before a crash and in whatever order orders are told; and popularity is what is bought now, not what
was once.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Callable, Collection, Dict, Iterable, List, Optional, Set, Tuple
from urllib.parse import quote

from sidecar import ConflictError, Entry, SidecarError, StateStore

ORDERS_PER_KIND = 200
ORDERS_PER_OFFER = 100
ORDERS_PER_CUSTOMER = 20
KINDS = 50
ATTEMPTS = 4
# So many at a time are asked for whether they can be ordered, and so often at most.
ASKED_AT_ONCE = 100
ASKED_FOR = 300

ALL_KINDS = "kinds"


@dataclass(frozen=True)
class Order:
    """What an accepted order tells about tastes."""

    order_id: str
    customer_id: str
    offer_id: str
    kind: str
    title: str

    @classmethod
    def read(cls, data: Any) -> Order:
        """Reads the data of an order event; a ValueError says what is missing."""
        if not isinstance(data, dict):
            raise ValueError("The event has no data.")
        fields = [data.get(name) for name in ("orderId", "customerId", "offerId", "kind", "title")]
        if not all(isinstance(field, str) and field for field in fields):
            raise ValueError("orderId, customerId, offerId, kind and title must be texts.")
        "".join(fields).encode()  # half a surrogate pair is no text: it could not be stored
        return cls(*fields)


@dataclass(frozen=True)
class Recommendation:
    """An offer, and how many of the orders that were looked at are for it."""

    offer_id: str
    title: str
    kind: str
    orders: int


class Recommendations:
    """
    Learns from orders, and recommends. What can be ordered now, of some offers, who sells them is
    asked each time.
    """

    def __init__(
            self, state: StateStore, orderable: Callable[[Collection[str]], Set[str]]) -> None:
        self._state = state
        self._orderable = orderable
        self._listed: Set[str] = set()

    def learn(self, orders: List[Order]) -> None:
        """Takes in orders: one read and one write, however many. For one thread at a time."""
        for attempt in range(1, ATTEMPTS + 1):
            keys = self._keys(orders)
            known = self._state.read(keys)
            changed = _apply(orders, known, ALL_KINDS in keys)
            try:
                if changed:
                    self._state.save(changed)
            except ConflictError as conflict:
                if attempt == ATTEMPTS:
                    raise SidecarError(str(conflict)) from conflict
                time.sleep(random.uniform(0, 0.05 * attempt))  # out of step with another replica
                continue
            listed = changed.get(ALL_KINDS) or known.get(ALL_KINDS)
            if listed is not None:
                self._listed = {kind for kind, in listed.value}
            return

    def forget(self) -> None:
        """Takes nothing in the store for granted any more: it may have lost it."""
        self._listed = set()

    def popular(self, kind: Optional[str], limit: int) -> List[Recommendation]:
        """What is ordered most, of a kind or of all."""
        if kind is not None:
            keys = [_kind(kind)]
        else:
            keys = [_kind(name) for name, in _value(self._state.read([ALL_KINDS]), ALL_KINDS)]
        windows = self._state.read(keys)
        # The latest first: of two with as many orders, the one ordered last is the better guess.
        return self._best(
            (offer for key in keys for _, offer in reversed(_value(windows, key))), limit)

    def bought_with(self, offer_id: str, limit: int) -> List[Recommendation]:
        """What those who ordered the offer order besides."""
        key = _offer(offer_id)
        offer = self._state.read([key]).get(key)
        if offer is None:
            return []
        buyers = reversed(offer.value["buyers"])
        keys = list(dict.fromkeys(_customer(customer_id) for _, customer_id in buyers))
        windows = self._state.read(keys)
        ordered = (other for key in keys for _, other in reversed(_value(windows, key)))
        return self._best((other for other in ordered if other != offer_id), limit)

    def _best(self, offers: Iterable[str], limit: int) -> List[Recommendation]:
        ranked = Counter(offers).most_common(ASKED_FOR)
        best: List[Tuple[str, int]] = []
        for first in range(0, len(ranked), ASKED_AT_ONCE):
            asked = ranked[first:first + ASKED_AT_ONCE]
            orderable = self._orderable([offer_id for offer_id, _ in asked])
            best += [one for one in asked if one[0] in orderable]
            if len(best) >= limit:
                break
        del best[limit:]
        known = self._state.read([_offer(offer_id) for offer_id, _ in best])
        described = ((offer_id, known.get(_offer(offer_id)), orders) for offer_id, orders in best)
        return [
            Recommendation(offer_id, offer.value["title"], offer.value["kind"], orders)
            for offer_id, offer, orders in described if offer is not None]

    def _keys(self, orders: List[Order]) -> Set[str]:
        keys: Set[str] = set()
        for order in orders:
            keys.update((_customer(order.customer_id), _offer(order.offer_id), _kind(order.kind)))
        # Kinds are few and stay: the list of them is not read for every order.
        if any(order.kind not in self._listed for order in orders):
            keys.add(ALL_KINDS)
        return keys


def _apply(orders: List[Order], known: Dict[str, Entry], list_kinds: bool) -> Dict[str, Entry]:
    """What orders change. Applying one again changes nothing."""
    changed: Dict[str, Entry] = {}
    values: Dict[str, Any] = {}

    def value(key: str, empty: Any) -> Any:
        if key not in values:
            values[key] = known[key].value if key in known else empty
        return values[key]

    def change(key: str) -> None:
        changed[key] = Entry(values[key], known[key].etag if key in known else None)

    for order in orders:
        customer, offer = _customer(order.customer_id), _offer(order.offer_id)
        kind = _kind(order.kind)
        if _remember(value(customer, []), [order.order_id, order.offer_id], ORDERS_PER_CUSTOMER):
            change(customer)
        described = value(offer, {"title": order.title, "kind": order.kind, "buyers": []})
        if _remember(described["buyers"], [order.order_id, order.customer_id], ORDERS_PER_OFFER):
            described.update(title=order.title, kind=order.kind)
            change(offer)
        if _remember(value(kind, []), [order.order_id, order.offer_id], ORDERS_PER_KIND):
            change(kind)
        if list_kinds and _list(value(ALL_KINDS, []), order.kind):
            change(ALL_KINDS)
    return changed


def _remember(window: List[List[str]], entry: List[str], size: int) -> bool:
    """Adds an entry unless one of the same order is there, and forgets the oldest: it may be that one."""
    if any(known[0] == entry[0] for known in window):
        return False
    latest = sorted([*window, entry])[-size:]
    if entry not in latest:
        return False
    window[:] = latest
    return True


def _list(kinds: List[List[str]], kind: str) -> bool:
    """Adds a kind unless it is there, and forgets the one that has been there longest."""
    if [kind] in kinds:
        return False
    kinds.append([kind])
    del kinds[:-KINDS]
    return True


def _value(entries: Dict[str, Entry], key: str) -> List[List[str]]:
    return entries[key].value if key in entries else []


# Quoted, since Dapr refuses keys with '||', and anybody may name a kind.
def _customer(customer_id: str) -> str:
    return f"customer.{quote(customer_id, safe='')}"


def _offer(offer_id: str) -> str:
    return f"offer.{quote(offer_id, safe='')}"


def _kind(kind: str) -> str:
    return f"kind.{quote(kind, safe='')}"
