"""How one EHR differs from the next in what it makes of a card.

`spec`     a client that does what CDS Hooks says
`sandbox`  the public CDS Hooks Sandbox: keeps a suggested order's first coding only, wants CPT there,
           and drops a suggested order that carries no rating at all
`epic`     one action per suggestion, no updates of a draft, topic codes of letters and digits only
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from cards.card import SelectionBehavior
from cards.vocabulary import CARD_TYPE, Coding, Topic


class Replacement(StrEnum):
    """How a drafted study is exchanged for another."""

    UPDATE = "update"  # one suggestion per alternative: the same order with another code
    CREATE_AND_DELETE = "create-and-delete"  # two suggestions for the best one, none for the others


@dataclass(frozen=True, slots=True)
class Profile:
    """What to send, and what to leave out. No behaviour that belongs to one EHR stands anywhere else."""

    name: str
    selection_behavior: SelectionBehavior = SelectionBehavior.AT_MOST_ONE
    replacement: Replacement = Replacement.UPDATE
    alternatives: int = 3  # how many better studies are offered in one click
    cpt_first: bool = False
    writes_reasons: bool = True  # an answer or an indication can be written on the draft in one click
    marks_undetermined: bool = False  # suggested orders without a rating say so in a rating extension
    topic_hyphens: bool = True

    def topic(self, topic: Topic) -> Coding:
        """The card's topic in the form this EHR accepts: static, so that a dismissal is remembered."""
        code = topic.value if self.topic_hyphens else topic.value.replace("-", "")
        return Coding(CARD_TYPE, code)


SPEC = Profile("spec")
SANDBOX = Profile("sandbox", cpt_first=True, marks_undetermined=True)
EPIC = Profile(
    "epic",
    selection_behavior=SelectionBehavior.ANY,
    replacement=Replacement.CREATE_AND_DELETE,
    alternatives=1,
    writes_reasons=False,
    topic_hyphens=False,
)

PROFILES: Mapping[str, Profile] = MappingProxyType({p.name: p for p in (SPEC, SANDBOX, EPIC)})


def by_name(name: str) -> Profile:
    """The profile of that name. Raises ValueError, naming the ones there are."""
    try:
        return PROFILES[name]
    except KeyError:
        raise ValueError(f"no profile {name!r}: use one of {', '.join(sorted(PROFILES))}") from None
