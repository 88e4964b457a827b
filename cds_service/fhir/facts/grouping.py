"""Records of one thing brought together, without comparing each with every other."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

Record = TypeVar("Record")


class Groups(Generic[Record]):
    """Each record goes to the first group that `belongs` says it belongs to, else it begins one.

    Records can only belong together if they have a tie in common.
    """

    def __init__(self, belongs: Callable[[Sequence[Record], Record], bool]) -> None:
        self.groups: list[list[Record]] = []
        self._belongs = belongs
        self._places: dict[Hashable, list[int]] = {}

    def add(self, record: Record, ties: Iterable[Hashable]) -> None:
        """Put a record in its place."""
        own = list(ties)
        near = sorted({place for tie in own for place in self._places.get(tie, ())})
        home = next((place for place in near if self._belongs(self.groups[place], record)), len(self.groups))
        if home == len(self.groups):
            self.groups.append([])
        self.groups[home].append(record)
        for tie in own:
            self._places.setdefault(tie, []).append(home)
