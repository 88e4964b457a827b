"""JSON from outside: how deep and how large it may be, and no member twice.

Parsers keep the last of two members with one name and say nothing, so two readers of one document (a gateway
and we) can see two different orders. What we act on is therefore checked; a chart is only skipped over.
"""

import json
import re
from collections.abc import Sequence
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
# A long exponent, or very many digits: more than a double may hold. A string that looks like it is no harm.
_LARGE = re2.compile(rb"[:,\[\s]-?(?:[0-9.]+[eE]\+?[0-9]{3}|[0-9]{200})")
_ALIKE = bytes.maketrans(b"{}", b"[]")
_ALL_BUT_MARKS = bytes(sorted({*range(256)} - {*b'[]{}"'}))


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


def outline(body: bytes) -> dict[str, bytes]:
    """The members of the object in `body`, each as it is written. Raises RequestUnreadable.

    The whole is JSON as `whole_object` understands it, but nothing is read: skipping over a chart costs a
    fifth of parsing it, and most orders never ask for it.
    """
    body = body.removeprefix(BYTE_ORDER_MARK)
    check_nesting(body)
    if is_plain(body):
        try:
            return _once_each(_MEMBERS.decode(body), "")
        except msgspec.MsgspecError:
            pass  # what is wrong with it is for the parser to say
    _, read = whole_object(body)
    return members(read)


def is_plain(text: bytes) -> bool:
    """True when text that is skipped over as JSON would be read as JSON too. False proves nothing.

    The parser that skips minds the grammar, but neither UTF-8 nor whether a number has a value.
    """
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return _LARGE.search(text) is None


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

    def once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) < len(pairs):
            raise _repeated(path)
        return built

    return json.loads(text.decode(), object_pairs_hook=once, parse_float=_as_written, parse_int=_whole_number)


def check_nesting(text: bytes) -> None:
    """Before any parser sees `text`: raises RequestUnreadable if it is nested too deep or holds too much.

    Brackets outside strings are kept, then the innermost pairs removed level by level: 2 ms for 2 MB. What
    then is left over has no partner, and so is not JSON.
    """
    marks = _brackets(text)
    if len(marks) > 2 * MAX_CONTAINERS:
        raise RequestUnreadable(f"The body holds more than {MAX_CONTAINERS} objects and arrays.")
    for _ in range(MAX_DEPTH):
        inner = marks.replace(b"[]", b"")
        if len(inner) == len(marks):
            break
        marks = inner
    if marks:
        raise RequestUnreadable(f"The body is not JSON, or nested more than {MAX_DEPTH} levels deep.")


def _once_each(found: dict[_Name, msgspec.Raw], path: str) -> dict[str, bytes]:
    raws = {name.text: bytes(raw) for name, raw in found.items()}
    if len(raws) < len(found):
        raise _repeated(path)
    return raws


def _brackets(text: bytes) -> bytes:
    """The brackets outside strings, all written as square ones.

    Quotes are left out in pairs first: two side by side change nothing about what is inside a string.
    """
    if b"\\" in text:
        text = text.replace(rb"\\", b"").replace(rb"\"", b"")
    marks = text.translate(_ALIKE, _ALL_BUT_MARKS).replace(b'""', b"")
    return b"".join(marks.split(b'"')[::2])


def _loaded(body: bytes) -> tuple[Any, bytes]:
    try:
        return orjson.loads(body), body
    except orjson.JSONDecodeError:
        whole = _HALF_PAIR.sub(rb"\\ufffd", body)
        if whole == body:
            raise
        return orjson.loads(whole), whole


def _as_written(number: str) -> orjson.Fragment:
    return orjson.Fragment(number.encode())


def _whole_number(number: str) -> int | orjson.Fragment:
    """What fits into 64 bits is a number; beyond, Python's own JSON writer and orjson's disagree."""
    return int(number) if len(number) < len(str(2**63)) else _as_written(number)


def _repeated(path: str) -> RequestUnreadable:
    """Which name it was is not said: it may be anything that somebody typed."""
    where = f"`{path}`" if path else "the body"
    return RequestUnreadable(f"A member of {where} appears twice.", path)
