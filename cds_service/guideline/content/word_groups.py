"""Groups of words: `<organ>` in a phrase stands for any word of the group `organ`.

Written out before the content's shape is checked, so that everything after sees plain phrases.
"""

from collections.abc import Mapping
from typing import Any

_LISTS = ("include", "unsure", "exclude")


def written_out(concepts_file: Any) -> Any:
    """The data of concepts.yaml with the groups' words in the phrases of its concepts.

    What has not the expected shape stays as it is: the model says so. A name in angle brackets that is no
    group stays too, and the check of phrases refuses it.
    """
    if not isinstance(concepts_file, Mapping):
        return concepts_file
    groups, concepts = concepts_file.get("groups"), concepts_file.get("concepts")
    if not isinstance(groups, Mapping) or not isinstance(concepts, Mapping):
        return concepts_file
    choices = {f"<{name}>": "|".join(words) for name, words in groups.items() if _are_words(words)}
    written = {name: _concept(concept, choices) for name, concept in concepts.items()}
    return {**concepts_file, "concepts": written}


def _concept(concept: Any, choices: Mapping[str, str]) -> Any:
    words = concept.get("words") if isinstance(concept, Mapping) else None
    if not isinstance(words, Mapping):
        return concept
    lists = {
        key: type(phrases)(_phrase(phrase, choices) for phrase in phrases) if key in _LISTS else phrases
        for key, phrases in words.items()
        if _are_words(phrases)
    }
    return {**concept, "words": {**words, **lists}}


def _phrase(phrase: str, choices: Mapping[str, str]) -> str:
    """Word by word: "ca <side>|invasive <organ>"."""
    if "<" not in phrase:
        return phrase
    return " ".join("|".join(choices.get(one, one) for one in word.split("|")) for word in phrase.split())


def _are_words(words: Any) -> bool:
    return isinstance(words, list | tuple) and all(isinstance(word, str) for word in words)
