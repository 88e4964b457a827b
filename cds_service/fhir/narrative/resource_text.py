"""The words of a DiagnosticReport, wherever its sender put them."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cds_service.fhir.narrative.markup import html_text, rtf_text
from cds_service.fhir.narrative.patterns import compiled

TEXT_LIMIT = 200_000  # characters of a report that are read; what lies beyond is not looked at
_DATA_LIMIT = 4_000_000  # base64 characters of one attachment, most of them pictures if it has markup
_MARKUP_LIMIT = 1_000_000  # characters of HTML or RTF; a longer one is left out like a picture
_FORMS_LIMIT = 20
_CHARSET = compiled(r"(?i)charset\s*=\s*[\"']?([a-z0-9._:-]{1,40})")
_CHARSETS = compiled(
    r"(?i)utf-?(?:8|16|16le|16be|32)|us-ascii|ascii|latin-?1|iso-?8859-[0-9]{1,2}|(?:windows-|cp)125[0-8]"
)
_BLANKS = str.maketrans(dict.fromkeys("\t\f\v\xa0\x00", " ") | {"\r": "\n"})
# Plain classes, nothing to go back over: linear in any engine, and this one replaces faster.
_SEVERAL = re.compile(r"  +")
_LINES = re.compile(r" ?\n ?(?:\n ?)+")
_PLAIN = ("text/plain", "text", "")
_MARKUP = {"text/html": html_text, "application/xhtml+xml": html_text, "text/rtf": rtf_text,
           "application/rtf": rtf_text, "application/x-rtf": rtf_text, "text/richtext": rtf_text}  # fmt: skip


def report_text(resource: Mapping[str, Any]) -> str:
    """`presentedForm` texts, `text.div` and `conclusion`, each passage once, at most TEXT_LIMIT characters.

    Never raises: what cannot be decoded is left out, PDF and pictures always. A `conclusion` that no
    longer text repeats is read as the report's impression.
    """
    forms = [_tidy(text)[:TEXT_LIMIT] for text in _forms(resource)]
    narrative = resource.get("text")
    div = narrative.get("div") if isinstance(narrative, Mapping) else None
    if isinstance(div, str):
        forms.append(_tidy(_unmarked(html_text, div))[:TEXT_LIMIT])
    texts = _once([text for text in forms if text])
    conclusion = resource.get("conclusion")
    if isinstance(conclusion, str) and (words := _tidy(conclusion[:TEXT_LIMIT])):
        texts = [text for text in texts if _plain(text) not in _plain(words)]
        if not any(_plain(words) in _plain(text) for text in texts):
            texts.append(f"IMPRESSION:\n{words}" if texts else words)
    return "\n\n".join(texts)[:TEXT_LIMIT]


def _forms(resource: Mapping[str, Any]) -> Iterator[str]:
    forms = resource.get("presentedForm")
    forms = [forms] if isinstance(forms, Mapping) else forms
    for form in forms[:_FORMS_LIMIT] if isinstance(forms, list) else ():
        if isinstance(form, Mapping):
            yield _attachment(form)


def _attachment(form: Mapping[str, Any]) -> str:
    kind, data = form.get("contentType"), form.get("data")
    if not isinstance(data, str) or not isinstance(kind, str) or len(data) > _DATA_LIMIT:
        return ""
    name = kind.partition(";")[0].strip().lower()
    if name not in _PLAIN and name not in _MARKUP:
        return ""
    try:
        raw = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    text = _decoded(raw, kind)
    return _unmarked(_MARKUP[name], text) if name in _MARKUP else text


def _unmarked(words_of: Callable[[str], str], markup: str) -> str:
    return words_of(markup) if len(markup) <= _MARKUP_LIMIT else ""


def _decoded(raw: bytes, kind: str) -> str:
    """Bytes as text: by byte order mark, the charset parameter, UTF-8, else Windows-1252."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    named = _CHARSET.search(kind)
    # Named ones of a closed family only: Python's registry also holds codecs that are no charsets.
    charsets = [named[1]] if named and _CHARSETS.fullmatch(named[1]) else []
    for charset in (*charsets, "utf-8-sig"):
        try:
            return raw.decode(charset)
        except (LookupError, UnicodeError):
            continue
    return raw.decode("cp1252", "replace")


def _tidy(text: str) -> str:
    text = _SEVERAL.sub(" ", text.replace("\r\n", "\n").translate(_BLANKS))
    return _LINES.sub("\n\n", text).strip()


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _once(texts: list[str]) -> list[str]:
    """Texts in their order, without those that another one holds whole."""
    kept: dict[str, str] = {}
    for text in sorted(texts, key=len, reverse=True):
        plain = _plain(text)
        if not any(plain in other for other in kept.values()):
            kept[text] = plain
    return sorted(kept, key=texts.index)
