"""The tenants file: one entry per EHR installation, read strictly.

Everything that is wrong with it is said in one message, a line per fault: file, line, path, what to do.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from cds_service.auth.rates import rate_limit
from cds_service.auth.tenants import KeySource, Mode, StoreDown, Tenant
from cds_service.auth.tenants_shape import FOLDER, LIBRARY, TenantEntry
from cds_service.errors import SettingsFaulty
from cds_service.guideline.content import strict_yaml
from cds_service.guideline.content.faults import shape_faults
from cds_service.guideline.content.strict_yaml import Data, Document, Fault
from cds_service.guideline.terms.local_codes import Names

ROOT = "tenants"
_TWICE = {
    "id": "stands in tenants[{}] as well, choose another",
    "issuer": "stands in tenants[{}] as well; correct it, or give both the `tenant` that their tokens name",
    "tenant": "stands in tenants[{}], which has the same issuer, as well; correct it",
}


def read_tenants(path: Path, library: Names) -> tuple[Tenant, ...]:
    """The tenants of a file. `library`: what local codes may stand for. Raises SettingsFaulty."""
    document = _document(path)
    items = _items(document)
    context = {FOLDER: path.parent, LIBRARY: library}
    entries: list[TenantEntry] = []
    faults = list(_same_twice(document, items))
    for number, item in enumerate(items):
        try:
            entries.append(TenantEntry.model_validate(item, context=context))
        except ValidationError as error:
            faults += shape_faults(document, error, (ROOT, number))
    if faults:
        raise _faulty(sorted(faults, key=lambda fault: fault.line))
    issuers = [entry.issuer for entry in entries]
    return tuple(_tenant(entry, path.parent, issuers.count(entry.issuer) > 1) for entry in entries)


def _document(path: Path) -> Document:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise _faulty([Fault(str(path), 0, (), "the file is not UTF-8, save it as UTF-8")]) from None
    except OSError as error:
        why = f"cannot be read ({type(error).__name__}), check its path and permissions"
        raise _faulty([Fault(str(path), 0, (), why)]) from None
    document, faults = strict_yaml.read(str(path), text)
    if document is None or faults:
        raise _faulty(faults)
    return document


def _items(document: Document) -> tuple[Data, ...]:
    data = document.data
    found = data.get(ROOT) if isinstance(data, dict) and set(data) == {ROOT} else None
    if not isinstance(found, tuple) or not found:
        why = f"must hold one key, `{ROOT}`: a list with an entry for each EHR installation"
        raise _faulty([Fault(document.file, 0, (), why)])
    return found


def _faulty(faults: Sequence[Fault]) -> SettingsFaulty:
    return SettingsFaulty("\n".join(["the tenants file is not usable:", *map(str, faults)]))


def _same_twice(document: Document, items: Sequence[Data]) -> Iterator[Fault]:
    """Ids must differ; entries with one issuer must say what tells their tokens apart."""
    for number, item in enumerate(items):
        told: dict[str, str] = {}
        for earlier, before in enumerate(items[:number]):
            for key in _clashes(item, before):
                told.setdefault(key, _TWICE[key].format(earlier))
        for key, message in told.items():
            path = (ROOT, number, key)
            yield Fault(document.file, document.line(path), path, message)


def _clashes(one: Data, other: Data) -> Iterator[str]:
    """The keys by which two entries cannot be told apart."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return
    same = {key: one.get(key) == other.get(key) and bool(one.get(key)) for key in _TWICE}
    if same["id"]:
        yield "id"
    if same["issuer"] and not (one.get("tenant") and other.get("tenant")):
        yield "issuer"
    if same["issuer"] and same["tenant"]:
        yield "tenant"


def _tenant(entry: TenantEntry, folder: Path, shared_issuer: bool) -> Tenant:
    in_extension = entry.annotate_in_extension
    secret = entry.pseudonym_key
    return Tenant(
        id=entry.id,
        profile=entry.profile,
        issuer=entry.issuer,
        claim=entry.tenant or entry.id,
        claim_required=shared_issuer,
        audiences=entry.audiences,
        keys=KeySource(url=entry.jwks.url or "", file=folder / entry.jwks.file if entry.jwks.file else None),
        algorithms=entry.algorithms,
        mode=Mode(entry.mode),
        annotate_orders=entry.annotate_orders,
        annotate_in_extension=entry.profile == "sandbox" if in_extension is None else in_extension,
        write_protocol=entry.protocol,
        reject_replays=entry.reject_replays,
        replay_store_down=StoreDown(entry.replay_store_down),
        local_codes=folder / entry.codes if entry.codes else None,
        fhir_servers=entry.fhir_servers,
        cors_origins=entry.cors_origins,
        rate_limit=rate_limit(entry.rate_limit),
        pseudonym_key=(folder / secret.file).read_bytes().strip() if secret else None,
    )
