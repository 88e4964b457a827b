"""What can be told of a JSON text without reading it: bytes are looked at many at a time, no object is made.

The parser that skips over members minds their grammar, but neither their UTF-8, nor how deep they nest, nor
whether a number has a value. These are looked at here, so that a document is refused for the same faults
whether anybody asks for its members or not.
"""

from typing import Final

import re2

_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"{}[]"))
# A long exponent, or very many digits: more than a double may hold. A string that looks like it is no harm.
_LARGE: Final = re2.compile(rb"[:,\[\s]-?(?:[0-9.]+[eE]\+?[0-9]{3}|[0-9]{200})")


def is_plain(text: bytes, max_depth: int) -> bool:
    """True when none of these faults can be in a text that is JSON otherwise. False proves nothing."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return _is_shallow(text, max_depth) and _LARGE.search(text) is None


def _is_shallow(text: bytes, max_depth: int) -> bool:
    """Even with the brackets inside of strings counted as if they were JSON's own."""
    brackets = text.translate(None, _NO_BRACKETS)
    for _ in range(max_depth // 2):  # each turn takes away one level of either kind, so up to two
        outer = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not outer:
            return True
        if len(outer) > 0.99 * len(brackets):  # hardly anything but depth: not to be peeled level by level
            return False
        brackets = outer
    return False
