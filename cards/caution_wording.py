"""Every sentence of a card about this patient's cautions. What comes in is escaped for where it stands."""

from collections.abc import Sequence

from cards.advice import Caution, RatedStudy
from cards.vocabulary import Rating
from cards.wording import basis

WITHHELD = "**Not recommended for this patient**"
BESIDE = "**Options that these cautions do not touch**"


def consider_after(title: str, first: str) -> str:
    """The first words when the better study asks for something before it is ordered."""
    return f"**Consider {title} instead; {_continued(first)} first.**"


def before_ordering(first: str) -> str:
    """The first words when the ordered study is right, and something comes before it."""
    return f"**{first} first.**"


def withdrawn(title: str, rated: RatedStudy | None) -> str:
    """What the criteria say of a study that this patient's cautions speak against."""
    if rated is None or rated.rating is None:
        return f"{title} is not recommended for this patient."
    shown = basis(rated)
    return (
        f"The criteria rate {title} “{rated.rating.words}”{f' ({shown})' if shown else ''}; "
        "it is not recommended for this patient."
    )


def found(finding: str, grounds: str) -> str:
    """A caution's finding with where it stands: "eGFR 24 (laboratory, 2026-05-28, 4 days old)"."""
    return f"{finding} ({grounds})" if grounds else finding


def caution(findings: Sequence[str], advice: str) -> str:
    """Findings that call for the same, and what they call for."""
    return f"{capitalised('; '.join(findings))}. {advice}"


def cautions_about(title: str) -> str:
    """The heading over what bears on one study."""
    return f"**Cautions about {title}**"


def caution_words(cautions: Sequence[Caution]) -> str:
    """Cautions in a few words, for a button or the line of an alternative: the first, and how many more."""
    if not cautions:
        return ""
    more = f" and {len(cautions) - 1} more" if len(cautions) > 1 else ""
    return f"caution: {cautions[0].finding}{more}"


def withheld(title: str, rating: Rating | None, why: Sequence[str]) -> str:
    """A better study that this patient's cautions withdraw, with the reason."""
    rated = f" ({rating.words})" if rating else ""
    return f"{title}{rated}: {'; '.join(why)}."


def capitalised(text: str) -> str:
    """With a capital first letter, unless the word has its own spelling ("eGFR")."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]


def _continued(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
