"""HTML and RTF to plain text, in one pass each, whatever they hold.

The standard library's HTML parser takes time quadratic in what never closes ("<a/<a/<a/"): 80 kB took half a
minute. Here no piece reaches over the next "<", so that every character is looked at once or twice.
"""

import re
from collections.abc import Iterator
from html import unescape

_BLOCKS = frozenset(
    ("address", "article", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li",
     "ol", "p", "pre", "section", "table", "tbody", "tr", "ul")
)  # fmt: skip
_PARAGRAPHS = frozenset(("div", "h1", "h2", "h3", "h4", "h5", "h6", "p", "section", "table"))
_UNSEEN = frozenset(("head", "script", "style", "template", "title"))

# A tag begins with a letter: "<1 cm" is words. An attribute may hold ">" in quotes, but no "<".
_TAG = re.compile(
    r"<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]{0,20})(?:[^<>\"']++|\"[^<\"]*+\"|'[^<']*+')*+>"
    r"|<(?P<loose_end>/?)(?P<loose>[a-zA-Z][a-zA-Z0-9]{0,20})[^<>]*>|<[!?][^<>]*>"
)
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}(?![0-9])|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});?")


def html_text(markup: str) -> str:
    """The words of an HTML or XHTML fragment that a browser would show; block elements end a line."""
    parts: list[str] = []
    unseen = at = 0
    text = "".join(_outside_comments(markup))
    for tag in _TAG.finditer(text):
        if not unseen:
            parts.append(_words(text[at : tag.start()]))
        at = tag.end()
        name = (tag["name"] or tag["loose"] or "").lower()
        ends = bool(tag["end"] or tag["loose_end"])
        if name in _UNSEEN:
            unseen = max(0, unseen - 1) if ends else unseen + (not tag[0].endswith("/>"))
        else:
            parts.append(_break_at(name, ends))
    return "".join(parts) + ("" if unseen else _words(text[at:]))


def _outside_comments(markup: str) -> Iterator[str]:
    """What stands before, between and after comments; one without an end hides all that follows."""
    at = 0
    while (start := markup.find("<!--", at)) >= 0:
        yield markup[at:start]
        end = markup.find("-->", start + 4)
        if end < 0:
            return
        at = end + 3
    yield markup[at:]


def _words(text: str) -> str:
    """Text with its character references resolved."""
    return _REFERENCE.sub(lambda found: unescape(found[0]), text) if "&" in text else text


def _break_at(name: str, ends: bool) -> str:
    """What a tag makes of the line."""
    if ends:
        return "\n" if name in _BLOCKS else ""
    if name in ("td", "th"):
        return " "
    if name == "li":
        return "\n- "
    return ("\n\n" if name in _PARAGRAPHS else "\n") if name in _BLOCKS else ""


_RTF = re.compile(
    r"\\'(?P<byte>[0-9a-fA-F]{2})|\\u(?P<unicode>-?[0-9]{1,5}) ?\??"
    r"|\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?[0-9]{1,10})? ?|\\(?P<symbol>[^a-zA-Z])"
    r"|(?P<open>\{)|(?P<close>\})|(?P<text>[^\\{}\r\n]+)|(?P<newline>[\r\n]+)"
)
_RTF_WORDS = {"par": "\n", "line": "\n", "sect": "\n\n", "page": "\n\n", "tab": " ", "cell": " ", "row": "\n",
              "emdash": "-", "endash": "-", "bullet": "-", "lquote": "'", "rquote": "'",
              "ldblquote": '"', "rdblquote": '"', "emspace": " ", "enspace": " "}  # fmt: skip
_RTF_HIDDEN = frozenset(
    ("fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "headerl", "headerr",
     "footerl", "footerr", "listtable", "listoverridetable", "generator", "themedata", "datastore",
     "xmlnstbl", "latentstyles", "rsidtbl", "fldinst", "filetbl", "revtbl")
)  # fmt: skip
_RTF_SYMBOLS = {"~": " ", "_": "-", "\n": "\n", "\r": "\n", "\\": "\\", "{": "{", "}": "}"}


def rtf_text(markup: str) -> str:
    """The words of an RTF document; groups that hold fonts, styles or pictures are left out."""
    out: list[str] = []
    hidden: list[bool] = [False]
    for found in _RTF.finditer(markup):
        kind = "word" if found["word"] else found.lastgroup or ""
        if kind == "open":
            hidden.append(hidden[-1])
        elif kind == "close":
            if len(hidden) > 1:
                hidden.pop()
        elif (kind == "word" and found["word"] in _RTF_HIDDEN) or (
            kind == "symbol" and found["symbol"] == "*"
        ):
            hidden[-1] = True
        elif not hidden[-1]:
            out.append(_rtf_piece(kind, found[kind]))
    return "".join(out)


def _rtf_piece(kind: str, value: str) -> str:
    if kind == "text":
        return value
    if kind == "byte":
        return bytes.fromhex(value).decode("cp1252", "replace")
    if kind == "unicode":
        code = int(value) % 65536
        return "" if 0xD800 <= code < 0xE000 else chr(code)
    if kind == "word":
        return _RTF_WORDS.get(value, "")
    return _RTF_SYMBOLS.get(value, "") if kind == "symbol" else ""
