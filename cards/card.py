"""A card as CDS Hooks 2.0.1 writes it (valid as 3.0 too): values here, the wire shape in `to_json`.

`to_json` leaves out what is empty: the standard forbids null and empty members.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from cards.vocabulary import Coding, Indicator

Json: TypeAlias = Mapping[str, Any]

INDICATION = "indication"
REMOVE_ORDER = "remove-order"


class SelectionBehavior(StrEnum):
    """How many of a card's suggestions may be taken."""

    AT_MOST_ONE = "at-most-one"
    ANY = "any"


class ActionType(StrEnum):
    """What an action does to one resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Action:
    """One change to one resource. Build it with `create`, `update` or `delete`."""

    type: ActionType
    description: str
    resource: Json | None = None
    resource_id: str = ""

    def to_json(self) -> dict[str, Any]:
        """`resource` goes out as it is: it is the client's own JSON, edited."""
        shape = _present({"type": self.type.value, "description": self.description})
        if self.resource is not None:
            shape["resource"] = self.resource
        return shape | _present({"resourceId": self.resource_id})


def create(description: str, resource: Json) -> Action:
    """A new resource, without an id."""
    return Action(ActionType.CREATE, description, resource=resource)


def update(description: str, resource: Json) -> Action:
    """The whole changed resource: CDS Hooks has no patch."""
    return Action(ActionType.UPDATE, description, resource=resource)


def delete(description: str, resource_id: str) -> Action:
    """`resource_id` is relative: "ServiceRequest/x"."""
    return Action(ActionType.DELETE, description, resource_id=resource_id)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One button. Without its uuid there is no feedback on it.

    `offers` is for our records and never sent: the id of the study it orders, the code of the answer it
    gives, INDICATION or REMOVE_ORDER.
    """

    uuid: str
    label: str
    actions: tuple[Action, ...]
    is_recommended: bool = False
    offers: str = ""

    def to_json(self) -> dict[str, Any]:
        """`isRecommended` is written only when true: false is the standard's default."""
        shape = _present(
            {
                "label": self.label,
                "uuid": self.uuid,
                "actions": [action.to_json() for action in self.actions],
            }
        )
        return shape | ({"isRecommended": True} if self.is_recommended else {})


@dataclass(frozen=True, slots=True)
class Link:
    """A page to read on. Always `absolute`: we launch no SMART app."""

    label: str
    url: str

    def to_json(self) -> dict[str, Any]:
        """An absolute link carries no `appContext`."""
        return {"label": self.label, "url": self.url, "type": "absolute"}


@dataclass(frozen=True, slots=True)
class Source:
    """Who speaks: our name, our page on the topic, and the kind of card."""

    label: str
    url: str
    topic: Coding

    def to_json(self) -> dict[str, Any]:
        """`icon` is never sent: we have none that meets the standard's size rule."""
        return _present({"label": self.label, "url": self.url, "topic": self.topic.to_json()})


@dataclass(frozen=True, slots=True)
class Card:
    """One card. `summary`: plain text, at most 139 characters. `detail`: GitHub-flavoured Markdown."""

    uuid: str
    summary: str
    indicator: Indicator
    source: Source
    detail: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    selection_behavior: SelectionBehavior = SelectionBehavior.AT_MOST_ONE
    override_reasons: tuple[Coding, ...] = ()
    links: tuple[Link, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """`selectionBehavior` stands exactly where there are suggestions."""
        return _present(
            {
                "uuid": self.uuid,
                "summary": self.summary,
                "detail": self.detail,
                "indicator": self.indicator.value,
                "source": self.source.to_json(),
                "suggestions": [suggestion.to_json() for suggestion in self.suggestions],
                "selectionBehavior": self.selection_behavior.value if self.suggestions else "",
                "overrideReasons": [reason.to_json() for reason in self.override_reasons],
                "links": [link.to_json() for link in self.links],
            }
        )


def _present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value}
