"""JSON from outside: how deep and how large it may be, and no member twice.

Parsers keep the last of two members with one name and say nothing, so two readers of one document (a gateway
and we) can see two different orders. What we act on is therefore checked; a chart is only skipped over.
"""

import json
import re
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import orjson
import re2

from cds_service.errors import RequestUnreadable

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MAX_DEPTH = 64  # FHIR JSON stays below 20; what we copy into an answer must not exhaust a stack
MAX_CONTAINERS = (
    500_000  # objects and arrays: in memory an empty one takes 30 times what it takes on the wire
)

NOT_JSON = "The body is not JSON (RFC 8259, UTF-8)."
# An escaped half of a surrogate pair without its other half.
_HALF_PAIR = re.compile(
    rb"(?<!\\)(?:\\u[dD][89aAbB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89aAbB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
# What tells how deep a document is, and whether it holds a number that may be too large for a double: quotes,
# brackets (all as square ones), digits (all as 0) and the letter of an exponent.
_MARKS = bytes.maketrans(b"{}123456789E", b"[]000000000e")
_NO_MARKS = bytes(sorted({*range(256)} - {*b'[]{}"0123456789eE'}))
_ESCAPED = re2.compile(rb"\\[\\\"]")
_LONG = b"0" * 200  # with two digits of exponent still less than a double can hold


def _nested(between: bytes) -> bytes:
    """The pattern of marks that are nested no deeper than MAX_DEPTH. `between`: what else is outside strings.

    RE2 looks at each byte once, whatever the document holds.
    """
    level = rb'%b(?:"[^"]*"%b)*' % (between, between)
    for _ in range(MAX_DEPTH):
        level = rb'%b(?:(?:"[^"]*"|\[%b\])%b)*' % (between, level, between)
    return level


_NESTED = re2.compile(_nested(b"[0e]*"))
# No long exponent: an e that follows no digit is that of `true` or `false`.
_PLAIN = re2.compile(_nested(b"e*0*(?:e00?)?"))


class _Name:
    """A member's name that equals no other, so that a dict of them keeps them all."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


_MEMBERS = msgspec.json.Decoder(dict[_Name, msgspec.Raw], dec_hook=lambda kind, text: kind(text))


def whole_object(body: bytes) -> tuple[dict[str, Any], bytes]:
    """The object in `body`, and the bytes it was read from. Raises RequestUnreadable.

    A repeated member is not noticed here: see `members` and `exact`.
    """
    body = body.removeprefix(BYTE_ORDER_MARK)
    check_nesting(body)
    document, read = value_of(body)
    if not isinstance(document, dict):
        raise RequestUnreadable("The body must be a JSON object.")
    return document, read


def outline(body: bytes, needed: Collection[str] | None = None) -> dict[str, bytes]:
    """The members of the object in `body`, each as it is written. Raises RequestUnreadable.

    The whole is UTF-8 and keeps to JSON's grammar. The members `needed` (None = all) can be read; whoever
    wants another one asks `legible` first. Skipping over a chart costs a tenth of parsing it, and most orders
    never ask for it.
    """
    body = body.removeprefix(BYTE_ORDER_MARK)
    try:
        body.decode()
        found = _once_each(_MEMBERS.decode(body), "")
        wanted = found.values() if needed is None else [found[name] for name in needed if name in found]
        if is_plain(b"[%b]" % b",".join(wanted)):  # in brackets: as deep as where they stand
            return found
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError):
        pass  # what is wrong with it is for the parser to say
    _, read = whole_object(body)
    return members(read)


def legible(text: bytes) -> bytes:
    """A member of an outline as it may be read: neither too deep nor too much. Raises RequestUnreadable."""
    if is_plain(text):
        return text
    check_nesting(text)
    return value_of(text)[1]


def is_plain(text: bytes) -> bool:
    """True when text that is skipped over as JSON would be read as JSON too. False proves nothing.

    The parser that skips minds the grammar, but not UTF-8, nor depth, nor whether a number has a value.
    """
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    marks = _marks(text)
    return not _too_many(marks) and _LONG not in marks and bool(_PLAIN.fullmatch(marks))


def value_of(text: bytes) -> tuple[Any, bytes]:
    """The value that a member is written as, and the bytes it was read from. Raises RequestUnreadable.

    Half a surrogate pair in some text costs that character, not the request.
    """
    try:
        return _loaded(text)
    except orjson.JSONDecodeError:
        # Not chained: the parser's message quotes the document.
        raise RequestUnreadable(NOT_JSON) from None


def small_object(body: bytes) -> dict[str, Any]:
    """The object in `body`, with no member twice at any depth. Raises RequestUnreadable.

    For bodies that hold no chart: this is slower than `whole_object`.
    """
    document, read = whole_object(body)
    exact(read)
    return document


def members(text: bytes, path: str = "") -> dict[str, bytes]:
    """The members of the JSON object in `text`, each as it is written; nothing inside them is parsed.

    `path`: where the object stands, "" for the whole body. Raises RequestUnreadable for a repeated member.
    """
    try:
        found = _MEMBERS.decode(text)
    except msgspec.MsgspecError:
        raise RequestUnreadable(NOT_JSON) from None
    return _once_each(found, path)


def exact(text: bytes, path: str = "") -> Any:
    """The value in `text` with no member twice at any depth, and with numbers that are written back as sent.

    FHIR's 1.00 is more exact than 1.0: decimals, and whole numbers beyond 64 bits, come as orjson Fragments.
    Give it only what a JSON parser has accepted. Raises RequestUnreadable for a repeated member.
    """

    try:
        return _EXACT.decode(text.decode())
    except _Twice:
        raise _repeated(path) from None


def check_nesting(text: bytes) -> None:
    """Before any parser sees `text`: raises RequestUnreadable if it is nested too deep or holds too much."""
    marks = _marks(text)
    if _too_many(marks):
        raise RequestUnreadable(f"The body holds more than {MAX_CONTAINERS} objects and arrays.")
    if not _NESTED.fullmatch(marks):
        raise RequestUnreadable(f"The body is not JSON, or nested more than {MAX_DEPTH} levels deep.")


def _once_each(found: dict[_Name, msgspec.Raw], path: str) -> dict[str, bytes]:
    raws = {name.text: bytes(raw) for name, raw in found.items()}
    if len(raws) < len(found):
        raise _repeated(path)
    return raws


def _marks(text: bytes) -> bytes:
    if _ESCAPED.search(text):  # seldom, and seen at a glance
        text = text.replace(rb"\\", b"").replace(rb"\"", b"")
    return text.translate(_MARKS, _NO_MARKS)


def _too_many(marks: bytes) -> bool:
    """Whether there are more than MAX_CONTAINERS objects and arrays; counted closely only where it may be."""
    if len(marks) <= MAX_CONTAINERS or marks.count(b"[") <= MAX_CONTAINERS:
        return False
    return sum(piece.count(b"[") for piece in marks.split(b'"')[::2]) > MAX_CONTAINERS


def _loaded(body: bytes) -> tuple[Any, bytes]:
    try:
        return orjson.loads(body), body
    except orjson.JSONDecodeError:
        whole = _HALF_PAIR.sub(rb"\\ufffd", body)
        if whole == body:
            raise
        return orjson.loads(whole), whole


class _Twice(Exception):
    """A member that an object has already."""


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) < len(pairs):
        raise _Twice
    return built


def _as_written(number: str) -> orjson.Fragment:
    return orjson.Fragment(number.encode())


def _whole_number(number: str) -> int | orjson.Fragment:
    """What fits into 64 bits is a number; beyond, Python's own JSON writer and orjson's disagree."""
    return int(number) if len(number) < len(str(2**63)) else _as_written(number)


_EXACT = json.JSONDecoder(object_pairs_hook=_once, parse_float=_as_written, parse_int=_whole_number)


def _repeated(path: str) -> RequestUnreadable:
    """Which name it was is not said: it may be anything that somebody typed."""
    where = f"`{path}`" if path else "the body"
    return RequestUnreadable(f"A member of {where} appears twice.", path)
