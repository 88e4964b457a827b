"""Text from outside made safe to read: nothing in it can format, link or hide anything in a card.

Escaping for GitHub-flavoured Markdown is not enough: clients differ in which escapes they know, some
render raw HTML, and several make links of bare addresses after all escapes are gone. So `<`, `>` and `&`
become entities, other punctuation is escaped where it could mean something, and what a client could
take for an address is broken by a blank that a reader sees.

Lengths count UTF-16 units: no client then sees more characters than we allowed, however it counts.
"""

import re
import unicodedata

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Punctuation that starts nothing when it stands inside a word or a number: "8.5", "s/p", "T2-weighted".
_INNER = "(?<=[^\\W_])[.'/%-](?=[^\\W_])"
_MARKED = re.compile(f"(?P<inner>{_INNER})|(?P<mark>[!-+\\-./:-@\\[-`{{-~])")
_CONTENT_MARKED = re.compile(r"[\\`*_\[\]|~<>&]|^[-+#=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")
# With signs of which a text holds one, or the pattern is not in it.
_ADDRESS_BREAKS = (
    ("@", re.compile(r"\s*@\s*"), " @ "),
    (("//",), re.compile(r":(?=//)"), ": "),
    (("//",), re.compile(r"/(?=/)"), "/ "),
    (".", re.compile(r"(?<=www)\.", re.IGNORECASE), " ."),
    (
        ".\u3002\uff0e\uff61",
        re.compile(r"(?<=\S)([.\u3002\uff0e\uff61])(?=(?:[^\W\d_]|[^\x00-\x7f]){2})"),
        r"\1 ",
    ),
)
# Shown as nothing at all, and not of a category that says so.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_PLAIN = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", "`": "'"})


def units(text: str) -> int:
    """Length in UTF-16 units: never less than the number of code points."""
    return sum(2 if ord(character) > 0xFFFF else 1 for character in text)


def shortened(text: str, limit: int) -> str:
    """At most `limit` units, cut at a word where one ends late enough, with an ellipsis."""
    if units(text) <= limit:
        return text
    kept = text[:limit]
    while units(kept) > limit - 1:
        kept = kept[:-1]
    at_word = kept.rpartition(" ")[0]
    return (at_word if units(at_word) > limit // 2 else kept).rstrip(" ,;:-") + "…"


def plain(text: str, limit: int = 80) -> str:
    """Outside text for a summary or a label: one line, no address, nothing that a client could render."""
    return shortened(_unaddressed(_one_line(text)), limit).translate(_PLAIN)


def chart_text(text: str, limit: int = 80) -> str:
    """Outside text for Markdown. `limit` is of what is read, before escaping."""
    return _MARKED.sub(_escaped, shortened(_unaddressed(_one_line(text)), limit))


def content_text(text: str) -> str:
    """Our own content for Markdown: kept whole, and only what would change how it looks is escaped."""
    return _CONTENT_MARKED.sub(_escaped, _unaddressed(_one_line(text)))


def _escaped(match: re.Match[str]) -> str:
    if match.lastgroup == "inner":
        return match[0]
    return _ENTITIES.get(match[0], f"\\{match[0]}")


def _one_line(text: str) -> str:
    if text.isascii() and text.isprintable():  # nothing in it is hidden
        return " ".join(text.split())
    visible = (_visible(character) for character in text)
    return " ".join("".join(visible).split())


def _visible(character: str) -> str:
    """Control characters and separators become a blank; what has no look of its own goes."""
    category = unicodedata.category(character)
    if category == "Cc" or category.startswith("Z"):
        return " "
    return "" if category.startswith("C") or character in _INVISIBLE else character


def _unaddressed(text: str) -> str:
    for signs, pattern, broken in _ADDRESS_BREAKS:
        if any(sign in text for sign in signs):
            text = pattern.sub(broken, text)
    return " ".join(text.split())
