"""The tenants file: what it says, and everything that is wrong with it in one message."""

import json
import re
from pathlib import Path

import pytest

from cds_service.auth.rates import RateLimit
from cds_service.auth.tenants import KeySource, Mode, StoreDown, Tenant
from cds_service.auth.tenants_file import read_tenants
from cds_service.auth.tenants_shape import TenantEntry
from cds_service.errors import SettingsFaulty
from cds_service.guideline.content.library import load
from tests.callers import Caller

LIBRARY = load()
MRI = "mri-abdomen-without-and-with-iv-contrast"

EVERYTHING = """\
tenants:
  - id: north-hospital
    issuer: https://ehr.north.example/fhir          # exact
    tenant: north
    audiences: ["https://cds.example/cds-services/liver-lesion-order-select", sand_man]
    jwks: {url: "https://ehr.north.example/jwks.json?p=1"}
    algorithms: [ES384, RS384, RS256]
    fhir_servers: ["https://ehr.north.example/fhir", "http://127.0.0.1:8080/fhir"]
    profile: epic
    mode: off
    annotate_orders: false
    annotate_in_extension: true
    protocol: true
    reject_replays: false
    replay_store_down: accept
    codes: local-codes.yaml
    cors_origins: ["https://app.north.example"]
    rate_limit: 300/minute
    pseudonym_key: {file: secret.txt}
  - id: lab
    issuer: sandbox
    jwks: {file: keys.json}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    codes = f'codes:\n  - {{system: "urn:oid:1.2.3", code: "IMG1", means: {MRI}}}\n'
    (tmp_path / "local-codes.yaml").write_text(codes)
    (tmp_path / "keys.json").write_text(json.dumps(Caller().key_set()))
    (tmp_path / "secret.txt").write_text("s" * 32 + "\n")
    return tmp_path


def tenants(folder: Path, text: str) -> tuple[Tenant, ...]:
    (folder / "tenants.yaml").write_text(text, encoding="utf-8")
    return read_tenants(folder / "tenants.yaml", LIBRARY)


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(SettingsFaulty) as refused:
        tenants(folder, text)
    first, *lines = str(refused.value).splitlines()
    assert first == "the tenants file is not usable:"
    return [line.replace(f"{folder}/", "") for line in lines]


def entry(**members: str) -> str:
    """One entry that holds, with members as they are written."""
    own = {"id": "north", "issuer": "https://ehr.example", "jwks": "{file: keys.json}"}
    lines = [f"{name}: {value}" for name, value in {**own, **members}.items()]
    return "tenants:\n  - " + "\n    ".join(lines) + "\n"


def test_everything_that_can_be_said(folder: Path) -> None:
    north, lab = tenants(folder, EVERYTHING)
    assert north == Tenant(
        id="north-hospital",
        profile="epic",
        issuer="https://ehr.north.example/fhir",
        claim="north",
        audiences=("https://cds.example/cds-services/liver-lesion-order-select", "sand_man"),
        keys=KeySource(url="https://ehr.north.example/jwks.json?p=1"),
        algorithms=("ES384", "RS384", "RS256"),
        mode=Mode.OFF,
        annotate_orders=False,
        annotate_in_extension=True,
        write_protocol=True,
        reject_replays=False,
        replay_store_down=StoreDown.ACCEPT,
        local_codes=folder / "local-codes.yaml",
        fhir_servers=("https://ehr.north.example/fhir", "http://127.0.0.1:8080/fhir"),
        cors_origins=("https://app.north.example",),
        rate_limit=RateLimit(300, 60.0),
        pseudonym_key=b"s" * 32,
    )
    assert lab == Tenant(
        id="lab",
        profile="spec",
        issuer="sandbox",
        claim="lab",
        keys=KeySource(file=folder / "keys.json"),
        algorithms=("ES384", "RS384"),
        rate_limit=RateLimit(50, 1.0),
    )
    assert "s" * 32 not in repr(north)


@pytest.mark.parametrize("written", ["off", '"off"', "'off'", "silent", "visible"])
def test_modes_need_no_quotes(folder: Path, written: str) -> None:
    (tenant,) = tenants(folder, entry(mode=written))
    assert tenant.mode == written.strip("\"'")


@pytest.mark.parametrize(("profile", "in_extension"), [("spec", False), ("epic", False), ("sandbox", True)])
def test_the_sandbox_reads_ratings_from_the_extension(folder: Path, profile: str, in_extension: bool) -> None:
    (tenant,) = tenants(folder, entry(profile=profile))
    assert tenant.annotate_in_extension is in_extension
    (told,) = tenants(folder, entry(profile=profile, annotate_in_extension="false"))
    assert told.annotate_in_extension is False


def test_every_fault_at_once_with_its_line(folder: Path) -> None:
    (folder / "no-keys.json").write_text('{"keys": []}')
    (folder / "short.txt").write_text("secret")
    (folder / "bad-codes.yaml").write_text('codes:\n  - {system: "s", code: "c", means: nothing}\n')
    text = """\
tenants:
  - id: North Hospital
    issuer: https://ehr.north.example/fhir
    audiences: "https://cds.example"
    jwks: {url: "http://ehr.north.example/jwks.json"}
    algorithms: [ES384, HS256, none]
    fhir_servers: ["http://ehr.north.example/fhir", "https://u:p@ehr.example/fhir", "https://ehr.example/%2e%2e/x"]
    profile: cerner
    mode: loud
    annotate_orders: yes
    rate_limt: 50/second
    rate_limit: often
    cors_origins: ["*", "https://app.example/path"]
    replay_store_down: maybe
  - issuer: https://ehr.north.example/fhir
    id: 17
    jwks: {file: no-keys.json}
    codes: bad-codes.yaml
    pseudonym_key: {file: short.txt}
  - id: a
    jwks: {url: "https://x.example", file: keys.json}
    codes: nowhere.yaml
    algorithms: []
  - id: a
    issuer: https://a.example
    jwks: {}
  - id: open
    issuer: https://a.example
    jwks: {file: keys.json}
  - 5
"""
    asymmetric = "must be one of ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512"
    expected = [
        (2, "[0].id", "is not a name: use lower-case letters, digits and single hyphens"),
        (4, "[0].audiences", "must be a list, write each entry after a hyphen"),
        (5, "[0].jwks.url", "is plain http, which is for this machine only: write https."),
        (6, "[0].algorithms[1]", asymmetric),
        (6, "[0].algorithms[2]", asymmetric),
        (7, "[0].fhir_servers[0]", "is plain http, which is for this machine only: write https."),
        (7, "[0].fhir_servers[1]", "an address holds no user name or password here, remove them."),
        (7, "[0].fhir_servers[2]", "is not an absolute address such as https://ehr.example/fhir."),
        (8, "[0].profile", "must be one of epic, sandbox, spec"),
        (9, "[0].mode", "must be 'off', 'silent' or 'visible'"),
        (10, "[0].annotate_orders", "must be true or false"),
        (11, "[0].rate_limt", "unknown key, correct its spelling or remove it"),
        (12, "[0].rate_limit", "write a number and second, minute or hour, such as 50/second"),
        (13, "[0].cors_origins[0]", "is not an absolute address such as https://ehr.example/fhir."),
        (
            13,
            "[0].cors_origins[1]",
            "is not an origin: write it like https://sandbox.example, without a path.",
        ),
        (14, "[0].replay_store_down", "must be 'refuse' or 'accept'"),
        (15, "[1].issuer", "correct it, or give both the `tenant` that their tokens name"),
        (16, "[1].id", 'unquoted text, write "17"'),
        (
            17,
            "[1].jwks.file",
            "no-keys.json holds no RSA or EC public key with a `kid` that checks signatures",
        ),
        (18, "[1].codes", "bad-codes.yaml: entry 1: `means: nothing` is neither a procedure nor a concept"),
        (19, "[1].pseudonym_key.file", "short.txt is too short, write 32 or more random bytes there"),
        (20, "[2].issuer", "is missing, add it"),
        (21, "[2].jwks", "needs either `url` or `file`, and not both"),
        (22, "[2].codes", "nowhere.yaml cannot be read (FileNotFoundError); relative paths start from"),
        (23, "[2].algorithms", "at least 1 item"),
        (24, "[3].id", "stands in tenants[2] as well, choose another"),
        (26, "[3].jwks", "needs either `url` or `file`, and not both"),
        (27, "[4].id", "open is the name of the only tenant of a service without tenants, choose another"),
        (28, "[4].issuer", "stands in tenants[3] as well; correct it"),
        (30, "[5]", "must be a mapping, write its keys and values"),
    ]
    found = faults(folder, text)
    assert len(found) == len(expected)
    for said, (line, path, words) in zip(found, expected, strict=True):
        assert said.startswith(f"tenants.yaml:{line}: tenants{path}: ")
        assert words in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("tenants: []", "must hold one key"),
        ("tenants: {}", "must hold one key"),
        ("- id: x", "must hold one key"),
        ("tenants: []\nother: 1", "must hold one key"),
        ("tenants:\n  - id: [", "not YAML"),
        ("tenants:\n  - {id: a, id: b}", "stands here twice"),
        ("tenants:\n  - &a {id: a}\n  - *a", "an alias is not read here"),
    ],
)
def test_a_file_of_another_shape(folder: Path, text: str, says: str) -> None:
    assert any(says in line for line in faults(folder, text))


def test_a_file_that_cannot_be_read(folder: Path) -> None:
    with pytest.raises(SettingsFaulty, match=r"nowhere\.yaml: cannot be read \(FileNotFoundError\)"):
        read_tenants(folder / "nowhere.yaml", LIBRARY)
    (folder / "latin.yaml").write_bytes(b"tenants: \xe4")
    with pytest.raises(SettingsFaulty, match="not UTF-8"):
        read_tenants(folder / "latin.yaml", LIBRARY)


def test_the_readme_shows_the_defaults(folder: Path) -> None:
    """Its example is a whole file, and what it says may be left out changes nothing."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(tenants:.*?)```", readme, re.DOTALL | re.MULTILINE)
    needed, optional = block.split("    # What follows may be left out")
    assert tenants(folder, block) == tenants(folder, needed)
    named = set(re.findall(r"^    (?:# )?(\w+): ", optional, re.MULTILINE))
    assert named | {"id", "issuer", "jwks", "fhir_servers"} == set(TenantEntry.model_fields)


class TestOneIssuerForSeveral:
    BOTH = """\
tenants:
  - {id: a, issuer: "https://ehr.example", tenant: TENANT_A, jwks: {file: keys.json}}
  - {id: b, issuer: "https://ehr.example", tenant: TENANT_B, jwks: {file: keys.json}}
"""

    def test_their_tokens_must_name_the_tenant(self, folder: Path) -> None:
        both = tenants(folder, self.BOTH)
        assert [(tenant.claim, tenant.claim_required) for tenant in both] == [
            ("TENANT_A", True),
            ("TENANT_B", True),
        ]

    def test_the_same_name_twice(self, folder: Path) -> None:
        (fault,) = faults(folder, self.BOTH.replace("TENANT_B", "TENANT_A"))
        assert fault.startswith("tenants.yaml:3: tenants[1].tenant: stands in tenants[0]")
