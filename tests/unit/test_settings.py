"""Configuration from the environment: defaults, each variable, and messages that say what to write."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from cds_service.auth.tenants import open_tenant
from cds_service.errors import SettingsFaulty
from cds_service.settings import READERS, Settings


def read(**variables: str) -> Settings:
    return Settings.from_env({f"LIVER_CDS_{name}": value for name, value in variables.items()})


def with_own_database(environ: Mapping[str, str]) -> Settings:
    """The defaults, but for the database: a program keeps its own in a file, which a test does not want."""
    return replace(Settings(), database_url=Settings.from_env(environ).database_url)


def test_nothing_set_is_the_open_service_on_loopback() -> None:
    environ = {"PATH": "/bin", "HOST": "0.0.0.0", "HOME": "/home-of-somebody"}
    settings = Settings.from_env(environ)
    assert settings == with_own_database(environ)
    assert settings.host == "127.0.0.1"
    assert settings.database_url == "sqlite:////home-of-somebody/.local/state/liver-cds/store.sqlite3"


def test_every_variable_is_read(tmp_path: Path) -> None:
    codes = tmp_path / "codes.yaml"
    codes.write_text("codes: []")
    settings = read(
        HOST="::1",
        PORT="0",
        PUBLIC_URL="https://cds.example/liver/",
        GUIDELINES=str(tmp_path),
        REQUIRE_REVIEWED="yes",
        MAX_BODY_BYTES="1000",
        BODY_TIMEOUT_S="3",
        FHIR_TIMEOUT_S="0.5",
        IMAGING_WINDOW_DAYS="180",
        EGFR_MAX_AGE_DAYS="90",
        QCDSM="G0000",
        LOG_FORMAT="text",
        DATABASE_URL="postgresql://user:password@host/database",
        RETENTION_DAYS="30",
        COMMENT_RETENTION_DAYS="7",
        DRAIN_S="0",
        DISCOVERY_TOKEN="optional",
        WORKBENCH="on",
        OPERATOR_PASSWORD="twelve chars",
        OPEN_PROFILE="epic",
        OPEN_CODES=str(codes),
        OPEN_PROTOCOL="1",
        OPEN_ORIGINS="https://a.example, https://b.example:8443,",
        OPEN_FHIR_SERVERS="https://ehr.example/fhir",
    )
    assert settings == Settings(
        host="::1",
        port=0,
        public_url="https://cds.example/liver",
        guidelines=tmp_path,
        require_reviewed=True,
        max_body_bytes=1000,
        body_timeout_s=3.0,
        fhir_timeout_s=0.5,
        imaging_window_days=180,
        egfr_max_age_days=90,
        qcdsm="G0000",
        log_format="text",
        database_url="postgresql://user:password@host/database",
        retention_days=30,
        comment_retention_days=7,
        drain_s=0.0,
        workbench=True,
        operator_password="twelve chars",
        open_profile="epic",
        open_codes=codes,
        open_protocol=True,
        open_origins=("https://a.example", "https://b.example:8443"),
        open_fhir_servers=("https://ehr.example/fhir",),
    )


def test_with_tenants_any_address_may_be_listened_on(tmp_path: Path) -> None:
    file = tmp_path / "tenants.yaml"
    file.touch()
    settings = read(
        TENANTS=str(file), HOST="0.0.0.0", PUBLIC_URL="https://cds.example", DISCOVERY_TOKEN="required"
    )
    assert (settings.tenants, settings.host, settings.discovery_token) == (file, "0.0.0.0", True)


def test_with_tenants_our_address_must_be_known(tmp_path: Path) -> None:
    file = tmp_path / "tenants.yaml"
    file.touch()
    with pytest.raises(SettingsFaulty, match=r"^LIVER_CDS_PUBLIC_URL: is missing"):
        read(TENANTS=str(file), HOST="0.0.0.0")
    assert read(TENANTS=str(file)).public_url == "http://127.0.0.1:8000"


def test_with_tenants_nobody_reads_what_is_for_the_open_service(tmp_path: Path) -> None:
    file = tmp_path / "tenants.yaml"
    file.touch()
    assert read(TENANTS=str(file), OPEN_PROFILE="epic").unknown == ("LIVER_CDS_OPEN_PROFILE",)


@pytest.mark.parametrize(
    ("environ", "traced"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_traces_are_sent_where_a_collector_is_named(environ: dict[str, str], traced: bool) -> None:
    assert Settings.from_env(environ).traced is traced


def test_every_variable_has_its_field() -> None:
    of_others = {"traced", "worker_files", "unknown"}
    assert {name.lower() for name in READERS} | of_others == set(Settings.__dataclass_fields__)


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:9"), ("::1", "http://[::1]:9"), ("localhost", "http://localhost:9")],
)
def test_our_address_follows_from_host_and_port(host: str, url: str) -> None:
    assert read(HOST=host, PORT="9").public_url == url


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("HOST", "0.0.0.0", "loopback"),
        ("HOST", "::", "loopback"),
        ("HOST", "10.0.0.1", "loopback"),
        ("HOST", "cds.example", "loopback"),
        ("HOST", "localhost.evil.test", "loopback"),
        ("PORT", "tcp://10.3.240.1:80", "enableServiceLinks"),
        ("PORT", "http", "0 to 65535"),
        ("PORT", "65536", "0 to 65535"),
        ("PORT", "-1", "0 to 65535"),
        ("PUBLIC_URL", "cds.example", "absolute address"),
        ("PUBLIC_URL", "http://cds.example", "write https"),
        ("PUBLIC_URL", "https://cds.example?x=1", "absolute address"),
        ("GUIDELINES", "/no/such/place", "no directory"),
        ("REQUIRE_REVIEWED", "maybe", "1 or 0"),
        ("MAX_BODY_BYTES", "0", "above 0"),
        ("MAX_BODY_BYTES", "10MB", "whole number"),
        ("FHIR_TIMEOUT_S", "0", "seconds"),
        ("FHIR_TIMEOUT_S", "nan", "seconds"),
        ("FHIR_TIMEOUT_S", "soon", "seconds"),
        ("IMAGING_WINDOW_DAYS", "1.5", "whole number"),
        ("LOG_FORMAT", "xml", "json, text"),
        ("OPEN_PROFILE", "cerner", "epic, sandbox, spec"),
        ("OPEN_CODES", "/no/such/file", "no file"),
        ("OPEN_ORIGINS", "*", "absolute address"),
        ("OPEN_ORIGINS", "https://a.example/path", "without a path"),
        ("OPEN_ORIGINS", "http://a.example", "write https"),
        ("OPEN_FHIR_SERVERS", "http://ehr.example/fhir", "write https"),
        ("TENANTS", "/no/such/file", "no file"),
        ("DISCOVERY_TOKEN", "yes", "required or optional"),
        ("DISCOVERY_TOKEN", "required", "goes with a tenants file"),
        ("WORKBENCH", "perhaps", "1 or 0"),
        ("DATABASE_URL", "mysql://host/x", "not supported"),
        ("RETENTION_DAYS", "0", "above 0"),
        ("BODY_TIMEOUT_S", "0", "seconds"),
        ("DRAIN_S", "-1", "seconds"),
        ("OPERATOR_PASSWORD", "eleven char", "12 characters or more"),
    ],
)
def test_a_faulty_value_is_named_with_what_to_write(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsFaulty, match=f"^LIVER_CDS_{name}: ") as refused:
        read(**{name: value})
    assert says in str(refused.value)


def test_empty_counts_as_unset() -> None:
    assert read(HOST="", TENANTS="  ", PORT=" ") == with_own_database({})


def test_a_slip_of_the_keyboard_is_reported() -> None:
    assert read(HOTS="127.0.0.1").unknown == ("LIVER_CDS_HOTS",)


@pytest.mark.parametrize(("profile", "in_extension"), [("sandbox", True), ("spec", False), ("epic", False)])
def test_only_the_sandbox_is_annotated_in_the_extension_too(profile: str, in_extension: bool) -> None:
    assert open_tenant(profile=profile).annotate_in_extension is in_extension


def test_the_open_tenant_annotates_orders_and_asks_this_machine() -> None:
    tenant = open_tenant(profile="spec", fhir_servers=["https://ehr.example/fhir"])
    assert (tenant.id, tenant.profile) == ("open", "spec")
    assert tenant.annotate_orders
    assert tenant.loopback_servers
    assert tenant.fhir_servers == ("https://ehr.example/fhir",)
