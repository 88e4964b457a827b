"""Nothing of a patient, a clinician or a token gets into the store, wherever a request carries it."""

import copy
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from cds_service.store import tables
from tests.callers import Caller
from tests.contract.planting import places, planted, vignettes, with_every_channel
from tests.store.serving import SELECT, feedback, overridden, service, written
from tests.store.stores import rows

PATIENT = "zq-patient-4711"
CLINICIAN = "zq-clinician-0815"
WORDS = "Wilhelmina Oaktree-Zq"
TOKEN = "zq-access-token-93x"
PLANTED = (PATIENT, CLINICIAN, WORDS, TOKEN, "zq-encounter", "zq-instance")
PUBLIC = "https://cds.example"
KEY = b"a secret of the hospital, 32 bytes or more"


def _requests() -> list[dict[str, Any]]:
    """Some clinical cases of this patient, with the words at every place where words stand."""
    return [_of_patient(asked) for asked in vignettes()[::12] if asked["hook"] == "order-select"]


def _of_patient(asked: dict[str, Any]) -> dict[str, Any]:
    document = with_every_channel(copy.deepcopy(asked))
    for place in places(document):
        planted(document, place, WORDS, "after")
    text = json.dumps(document).replace(document["context"]["patientId"], PATIENT)
    document = json.loads(text)
    document["context"] |= {"userId": f"Practitioner/{CLINICIAN}", "encounterId": "zq-encounter"}
    grant = {"access_token": TOKEN, "token_type": "Bearer", "scope": "patient/*.rs", "subject": CLINICIAN}
    return {**document, "hookInstance": "zq-instance", "fhirAuthorization": grant}


@pytest.fixture
def tenants(tmp_path: Path) -> Path:
    """One hospital in silent mode that wants pseudonyms."""
    (tmp_path / "keys.json").write_text(json.dumps(Caller().key_set()))
    (tmp_path / "pseudonyms.key").write_bytes(KEY)
    file = tmp_path / "tenants.yaml"
    file.write_text(
        "tenants:\n- id: north\n  issuer: https://ehr.north.example/fhir\n  jwks: {file: keys.json}\n"
        "  mode: silent\n  pseudonym_key: {file: pseudonyms.key}\n"
    )
    return file


def test_planted_patient_data_is_in_no_table_and_no_file(url: str, tenants: Path) -> None:
    asked = _requests()
    assert len(asked) > 10
    with service(url, tenants=tenants, public_url=PUBLIC) as client:
        for request in asked:
            headers = Caller().bearer(f"{PUBLIC}{SELECT}")
            assert client.post(SELECT, json=request, headers=headers).json() == {"cards": []}
        reason = {"code": "x", "display": WORDS}
        told = feedback(overridden("c-1", overrideReason={"reason": reason}, extension={"x": WORDS}))
        headers = Caller().bearer(f"{PUBLIC}{SELECT}/feedback")
        assert client.post(f"{SELECT}/feedback", json=told, headers=headers).status_code == 200
        kept = written(url, tables.consultations, len(asked))
        stored = _everything(url)  # while it is open: there may be a write-ahead log beside it
    assert b"fdg-pet-ct" in stored  # this is where records are
    stored += _everything(url)
    for words in PLANTED:
        assert words.encode() not in stored
    # Silent mode keeps what it would have shown, and the pseudonym is the key's and the tenant's.
    assert {card["shown"] for card in rows(url, tables.cards)} == {False}
    pseudonym = hmac.new(KEY, f"north\0{PATIENT}".encode(), hashlib.sha256).hexdigest()
    assert {(row["mode"], row["patient"], row["hook_instance"]) for row in kept} == {
        ("silent", pseudonym, None)
    }


def _everything(url: str) -> bytes:
    """Every row of every table, and for SQLite every byte of its files."""
    content = b"".join(str(rows(url, table)).encode() for table in tables.metadata.sorted_tables)
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        content += b"".join(each.read_bytes() for each in file.parent.iterdir())
    return content
