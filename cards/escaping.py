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
# Punctuation starts nothing when it stands inside a word or a number: "8.5", "s/p", "T2-weighted".
_INNER = r"(?<![^\W_][.'/%-](?=[^\W_]))"
_MARKED = re.compile(rf"[!-+\-./:-@\[-`{{-~]{_INNER}")
_CONTENT_MARKED = re.compile(r"[\\`*_\[\]|~<>&]|^[-+#=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")
_ADDRESS_BREAKS = (
    (re.compile(r"\s*@\s*"), " @ "),
    (re.compile(r":(?=//)"), ": "),
    (re.compile(r"/(?=/)"), "/ "),
    (re.compile(r"(?<=www)\.", re.IGNORECASE), " ."),
    (re.compile(r"(?<=\S)([.\u3002\uff0e\uff61])(?=(?:[^\W\d_]|[^\x00-\x7f]){2})"), r"\1 "),
)
# Without any of these there is nothing to break: most texts have a full stop at their end at most.
_MAY_BE_ADDRESS = re.compile(r"[@\u3002\uff0e\uff61]|//|\.(?=\S)|[wW]\.")
# Shown as nothing at all, and not of a category that says so.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_PLAIN = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", "`": "'"})


def units(text: str) -> int:
    """Length in UTF-16 units: never less than the number of code points."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


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
    return _ENTITIES.get(match[0], f"\\{match[0]}")


def _one_line(text: str) -> str:
    if not text.isprintable() or not (text.isascii() or _INVISIBLE.isdisjoint(text)):
        text = "".join(map(_visible, text))
    return " ".join(text.split())


def _visible(character: str) -> str:
    """Control characters and separators become a blank; what has no look of its own goes."""
    category = unicodedata.category(character)
    if category == "Cc" or category.startswith("Z"):
        return " "
    return "" if category.startswith("C") or character in _INVISIBLE else character


def _unaddressed(line: str) -> str:
    if not _MAY_BE_ADDRESS.search(line):
        return line
    for pattern, broken in _ADDRESS_BREAKS:
        line = pattern.sub(broken, line)
    return " ".join(line.split())
