"""What pydantic finds in a content file, said so that whoever edits YAML knows what to do."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cds_service.guideline.content.strict_yaml import Document, Fault, Path

_LISTS_OF_CODES = ("codes", "code")


def shape_faults(document: Document, error: ValidationError, at: Path = ()) -> Iterator[Fault]:
    """One fault per thing that does not fit the file's shape. `at`: where in the file that stands."""
    for found in error.errors(include_url=False):
        path = (*at, *_path(found["loc"]))
        yield Fault(document.file, document.line(path), path, _message(document, path, found))


def _path(loc: tuple[int | str, ...]) -> Path:
    """Pydantic marks a mapping's bad key by a last step `[key]`, which is no place in the file."""
    return loc[:-1] if loc and loc[-1] == "[key]" else loc


def _message(document: Document, path: Path, found: ErrorDetails) -> str:
    kind = found["type"]
    if kind == "string_type":
        return _not_text(document.written(path), path, found["input"])
    context = found.get("ctx", {})
    if kind == "value_error":  # a check of our own, which says what to write
        return str(context["error"])
    if kind in _WORDINGS:
        return _WORDINGS[kind].format(**context)
    return f"{found['msg'][:1].lower()}{found['msg'][1:]}, correct it"


def _not_text(written: str, path: Path, value: object) -> str:
    if isinstance(value, dict | tuple):
        return "must be text, not a list or a mapping"
    if value is None:
        return "must be text and is empty, write it"
    what = "code" if any(step in _LISTS_OF_CODES for step in path) else "text"
    return f'unquoted {what}, write "{written}"'


_WORDINGS: Mapping[str, str] = {
    "extra_forbidden": "unknown key, correct its spelling or remove it",
    "missing": "is missing, add it",
    "string_too_short": "is empty, write it or remove the key",
    "string_pattern_mismatch": "is not a name: use lower-case letters, digits and single hyphens",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "int_type": "must be a whole number without quotes",
    "float_type": "must be a number without quotes",
    "bool_type": "must be true or false",
    "date_type": "must be a date without quotes, year-month-day",
    "tuple_type": "must be a list, write each entry after a hyphen",
    "dict_type": "must be a mapping, write keys and values",
    "model_type": "must be a mapping, write its keys and values",
    "greater_than": "must be more than {gt:g}",
    "finite_number": "must be a finite number",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
}
