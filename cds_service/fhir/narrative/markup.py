"""HTML and RTF to plain text, in one pass each, whatever they hold."""

from html.parser import HTMLParser

from cds_service.fhir.narrative.patterns import compiled

_BLOCKS = frozenset(
    ("address", "article", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li",
     "ol", "p", "pre", "section", "table", "tbody", "tr", "ul")
)  # fmt: skip
_PARAGRAPHS = frozenset(("div", "h1", "h2", "h3", "h4", "h5", "h6", "p", "section", "table"))
_UNSEEN = frozenset(("head", "script", "style", "template", "title"))


class _Visible(HTMLParser):
    """Collects what a browser would show."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _UNSEEN:
            self.unseen += 1
        elif tag in ("td", "th"):
            self.parts.append(" ")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in _BLOCKS:
            self.parts.append("\n\n" if tag in _PARAGRAPHS else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self.unseen = max(0, self.unseen - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.parts.append(data)


def html_text(markup: str) -> str:
    """The visible words of an HTML or XHTML fragment; block elements end a line."""
    parser = _Visible()
    try:
        parser.feed(markup)
        parser.close()
    except (AssertionError, ValueError):  # what the parser raises on some broken declarations
        pass
    return "".join(parser.parts)


_RTF = compiled(
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
        kind = next(name for name in found.groupdict() if name != "number" and found[name] is not None)
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
