"""The body of an answer to a hook call."""

from collections.abc import Iterable, Sequence
from typing import Any

from cards.card import Action
from cards.compose import Composed
from cards.edits import local_reference


def response_json(composed: Sequence[Composed], annotate: bool, in_extension: bool) -> dict[str, Any]:
    """All cards, and the system actions where this client looks for them.

    `annotate`: send system actions at all (they are pre-arranged with each client). `in_extension`:
    also where the Argonaut guide and the public Sandbox look. Without any, neither member is there.
    """
    cards = [card.to_json() for one in composed for card in one.cards]
    actions = [action.to_json() for action in _one_per_resource(composed)] if annotate else []
    at_root = {"systemActions": actions} if actions else {}
    return {"cards": cards, **at_root, **({"extension": at_root} if at_root and in_extension else {})}


def _one_per_resource(composed: Iterable[Composed]) -> Iterable[Action]:
    """Two updates of one resource would undo each other: the first stands."""
    actions = (action for one in composed for action in one.actions)
    first: dict[str, Action] = {}
    for action in actions:
        first.setdefault(action.resource_id or local_reference(action.resource or {}), action)
    return first.values()
