"""The service with a tenants file, as EHRs with tokens meet it."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from cds_service.app import create_app
from cds_service.errors import SettingsFaulty
from cds_service.first_order import read_sample
from cds_service.settings import Settings
from tests.callers import Caller, key_address
from tests.contract.requests import SELECT, SIGN, hook_request
from tests.fhir_server import FhirServer, free_port

PUBLIC = "https://cds.example"
FEEDBACK = f"{SELECT}/feedback"
EHR = Caller(kid="ak+hFJ5z/LWNVZ==")
SOUTH = Caller("RS384", kid="south", issuer="https://south.example")
EXAMPLES = Path(__file__).parents[2] / "examples"
SAMPLE = read_sample(EXAMPLES / "reference-patient-pet-ct.json", datetime.now(UTC).date())
TOLD = {
    "card": "c0ffee00-0000-4000-8000-000000000001",
    "outcome": "overridden",
    "outcomeTimestamp": "2026-11-22T08:00:00Z",
}


@dataclass
class Served:
    """A service with tenants. `file`: its tenants file."""

    client: TestClient
    file: Path

    def call(
        self, path: str = SELECT, body: Any = None, caller: Caller = EHR, **claims: Any
    ) -> httpx2.Response:
        """A call with a fresh token for the URL that is called."""
        audience = claims.pop("aud", PUBLIC + path)
        return self.client.post(
            path, json=SAMPLE if body is None else body, headers=caller.bearer(audience, **claims)
        )

    def write(self, text: str) -> None:
        """Another tenants file in the place of this one, as operators and platforms do it."""
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.replace(self.file)

    def metric(self, start: str) -> float:
        """The value of the first series that begins like this; 0 if there is none."""
        lines = self.client.get("/metrics").text.splitlines()
        return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(start)), 0.0)


def entry(caller: Caller = EHR, tenant: str = "north", **members: str) -> str:
    """One entry; members as they are written in YAML."""
    own = {
        "id": tenant,
        "issuer": caller.issuer,
        "jwks": f"{{file: {tenant}.json}}",
        "rate_limit": "1000/second",
    }
    lines = [f"{name}: {value}" for name, value in {**own, **members}.items()]
    return "  - " + "\n    ".join(lines) + "\n"


def file_of(*entries: str) -> str:
    return "tenants:\n" + "".join(entries or (entry(),))


@contextmanager
def service(folder: Path, text: str, **settings: Any) -> Iterator[Served]:
    (folder / "north.json").write_text(json.dumps(EHR.key_set()))
    (folder / "south.json").write_text(json.dumps(SOUTH.key_set()))
    file = folder / "tenants.yaml"
    file.write_text(text)
    database = f"sqlite:///{folder}/store.sqlite3"
    app = create_app(
        Settings(**{"tenants": file, "public_url": PUBLIC, "database_url": database, **settings})
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Served(client, file)


Start = Callable[..., Served]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a service; once per test."""
    with ExitStack() as running:
        yield lambda *entries, **settings: running.enter_context(
            service(tmp_path, file_of(*entries), **settings)
        )


@pytest.fixture(scope="module")
def north(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One service for all tests that change nothing."""
    with service(tmp_path_factory.mktemp("north"), file_of()) as served:
        yield served


class TestWhoIsLetIn:
    @pytest.mark.parametrize("path", [SELECT, SIGN])
    def test_a_token_for_the_service(self, north: Served, path: str) -> None:
        hook = "order-sign" if path == SIGN else "order-select"
        answer = north.call(path, hook_request(hook))
        assert (answer.status_code, answer.json()) == (200, {"cards": []})

    def test_a_whole_answer(self, north: Served) -> None:
        answer = north.call().json()
        assert answer["cards"][0]["indicator"] == "warning"
        assert "systemActions" in answer
        assert "extension" not in answer  # the default profile is the standard's

    @pytest.mark.parametrize("path", [SELECT, SIGN, FEEDBACK, f"{SIGN}/feedback"])
    def test_nobody_without_a_token(self, north: Served, path: str) -> None:
        assert north.client.post(path, json=SAMPLE).status_code == 401

    @pytest.mark.parametrize(
        ("shown", "reason"),
        [
            (dict, "token-missing"),
            (lambda: {"Authorization": ""}, "token-missing"),
            (lambda: {"Authorization": "Bearer"}, "token-missing"),
            (lambda: {"Authorization": "Bearer  "}, "token-missing"),
            (lambda: {"Authorization": "Basic dTpw"}, "token-malformed"),
            (lambda: {"Authorization": "Bearer nonsense"}, "token-malformed"),
            (lambda: EHR.bearer(PUBLIC + SIGN), "audience-wrong"),
            (lambda: EHR.bearer(PUBLIC + SELECT, iss="https://evil.test"), "issuer-unknown"),
            (lambda: EHR.bearer(PUBLIC + SELECT, exp=1), "expired"),
            (lambda: EHR.bearer(PUBLIC + SELECT, tenant="south"), "tenant-claim-wrong"),
            (lambda: Caller(number=1, kid=EHR.kid).bearer(PUBLIC + SELECT), "signature-wrong"),
            (lambda: Caller("ES256", kid="k").bearer(PUBLIC + SELECT), "algorithm-not-allowed"),
            (lambda: Caller(kid="other").bearer(PUBLIC + SELECT), "key-unknown"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_the_answer_is_silent_and_the_log_is_not(
        self,
        north: Served,
        caplog: pytest.LogCaptureFixture,
        shown: Callable[[], dict[str, str]],
        reason: str,
    ) -> None:
        caplog.set_level(logging.INFO, "cds_service")
        answer = north.client.post(SELECT, content=b"not read", headers=shown())
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.json() == {
            "resourceType": "OperationOutcome",
            "issue": [
                {
                    "severity": "error",
                    "code": "login",
                    "diagnostics": "The request could not be authenticated.",
                }
            ],
        }
        (record,) = [each for each in caplog.records if each.getMessage() == "token refused"]
        fields = record.__dict__["fields"]
        assert fields["reason"] == reason
        assert north.metric("liver_cds_refused_tokens_total{reason=" + f'"{reason}"') >= 1
        whole_log = " ".join(str(each.__dict__) for each in caplog.records)
        assert "evil.test" not in whole_log
        assert "eyJ" not in whole_log  # how every token begins

    def test_two_tokens_are_none(self, north: Served) -> None:
        both = [("Authorization", value) for _ in range(2) for value in EHR.bearer(PUBLIC + SELECT).values()]
        assert north.client.post(SELECT, json=SAMPLE, headers=both).status_code == 401

    @pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
    def test_the_scheme_is_written_in_any_case(self, north: Served, scheme: str) -> None:
        headers = {"Authorization": f"{scheme} {EHR.token(PUBLIC + SELECT)}"}
        assert north.client.post(SELECT, json=SAMPLE, headers=headers).status_code == 200

    def test_a_token_does_not_change_what_a_body_must_be(self, north: Served) -> None:
        for kind, status in (("text/plain", 415), ("application/json", 400), ("application/fhir+json", 400)):
            headers = {**EHR.bearer(PUBLIC + SELECT), "Content-Type": kind}
            assert north.client.post(SELECT, content=b"{", headers=headers).status_code == status

    def test_pages_that_need_no_token(self, north: Served) -> None:
        for path in ("/cds-services", "/livez", "/readyz", "/metrics"):
            assert north.client.get(path).status_code == 200

    def test_the_guideline_pages_are_served_where_that_is_wanted(self, north: Served, start: Start) -> None:
        assert north.client.get("/guidelines/liver-lesion").status_code == 404
        assert start(workbench=True).client.get("/guidelines/liver-lesion").status_code == 200


class TestAudiences:
    def test_the_address_is_ours_and_never_the_callers(self, north: Served) -> None:
        forged = {
            "Host": "evil.test",
            "X-Forwarded-Host": "evil.test",
            "X-Forwarded-Proto": "https",
            "Forwarded": "host=evil.test",
        }
        for audience, status in ((f"https://evil.test{SELECT}", 401), (PUBLIC + SELECT, 200)):
            answer = north.client.post(SELECT, json=SAMPLE, headers={**forged, **EHR.bearer(audience)})
            assert answer.status_code == status

    @pytest.mark.parametrize("path", [f"{SELECT}/", SELECT.replace("services/", "services//")])
    def test_a_surplus_slash_counts_as_it_was_called(self, north: Served, path: str) -> None:
        assert north.call(path).status_code == 200
        assert north.call(path, aud=PUBLIC + SELECT).status_code == 200
        assert north.call(SELECT, aud=PUBLIC + path).status_code == 401

    @pytest.mark.parametrize("audience", [PUBLIC + FEEDBACK, PUBLIC + SELECT, ["x", PUBLIC + FEEDBACK]])
    def test_feedback_takes_the_services_tokens_too(self, north: Served, audience: Any) -> None:
        assert north.call(FEEDBACK, {"feedback": [TOLD]}, aud=audience).status_code == 200

    def test_a_service_does_not_take_those_for_feedback(self, north: Served) -> None:
        assert north.call(SELECT, aud=PUBLIC + FEEDBACK).status_code == 401
        assert north.call(FEEDBACK, aud=f"{PUBLIC}{SIGN}/feedback").status_code == 401

    def test_listed_ones_take_their_place(self, start: Start) -> None:
        served = start(entry(audiences='["sand_man", "https://cds.example/typed"]'))
        assert served.call(aud="sand_man").status_code == 200
        assert served.call().status_code == 401
        for audience in ("sand_man", "https://cds.example/typed/feedback"):
            assert served.call(FEEDBACK, {"feedback": [TOLD]}, aud=audience).status_code == 200
        assert served.call(FEEDBACK, {"feedback": [TOLD]}).status_code == 401


class TestDiscovery:
    def test_needs_a_token_only_where_it_is_told_to(self, start: Start) -> None:
        served = start(discovery_token=True)
        assert served.client.get("/cds-services").status_code == 401
        for path in ("/cds-services", "/cds-services/"):
            assert served.client.get(path, headers=EHR.bearer(PUBLIC + "/cds-services")).status_code == 200
        assert served.client.get("/cds-services", headers=EHR.bearer(PUBLIC + SELECT)).status_code == 401

    def test_a_bad_token_is_nobodys_business_otherwise(self, north: Served) -> None:
        answer = north.client.get("/cds-services", headers={"Authorization": "Bearer x"})
        assert answer.status_code == 200


class TestReplays:
    def test_a_token_opens_once(self, north: Served) -> None:
        headers = EHR.bearer([PUBLIC + SELECT, PUBLIC + FEEDBACK])
        paths = (SELECT, SELECT, FEEDBACK)
        assert [north.client.post(p, json=SAMPLE, headers=headers).status_code for p in paths] == [
            200,
            401,
            401,
        ]

    def test_unless_the_tenant_says_otherwise(self, start: Start) -> None:
        served, headers = start(entry(reject_replays="false")), EHR.bearer(PUBLIC + SELECT)
        assert [served.client.post(SELECT, json=SAMPLE, headers=headers).status_code for _ in range(3)] == [
            200
        ] * 3

    def test_one_jti_may_come_from_two_issuers(self, start: Start) -> None:
        served = start(entry(), entry(SOUTH, "south"))
        assert served.call(jti="1").status_code == 200
        assert served.call(caller=SOUTH, jti="1").status_code == 200
        assert served.call(caller=SOUTH, jti="1").status_code == 401

    @pytest.mark.parametrize(("down", "status"), [("refuse", 401), ("accept", 200)])
    def test_when_the_store_cannot_be_reached(
        self, start: Start, caplog: pytest.LogCaptureFixture, down: str, status: int
    ) -> None:
        caplog.set_level(logging.INFO, "cds_service")
        nowhere = f"postgresql://user:secret@127.0.0.1:{free_port()}/none"
        served = start(entry(replay_store_down=down, rate_limit="2/hour"), database_url=nowhere)
        assert [served.call().status_code for _ in range(3)] == [
            status,
            status,
            429 if status == 200 else 401,
        ]
        reason = "accepted-unchecked" if down == "accept" else "replay-store-unreachable"
        assert served.metric(f'liver_cds_refused_tokens_total{{reason="{reason}",tenant="north"}}') >= 2
        assert "secret" not in str([record.__dict__ for record in caplog.records])
        ready = served.client.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]["store"]) == (503, "not reachable")


class TestRates:
    def test_a_tenant_has_its_own(self, start: Start) -> None:
        served = start(entry(rate_limit="2/hour"), entry(SOUTH, "south"))
        assert [served.call().status_code for _ in range(3)] == [200, 200, 429]
        refused = served.call(FEEDBACK, {"feedback": [TOLD]})
        assert refused.status_code == 429
        assert 1700 < int(refused.headers["Retry-After"]) <= 1800
        assert refused.json()["issue"][0]["code"] == "throttled"
        assert served.call(caller=SOUTH).status_code == 200

    def test_what_is_refused_for_its_token_uses_up_nothing(self, start: Start) -> None:
        served = start(entry(rate_limit="1/hour"))
        assert [served.call(exp=1).status_code for _ in range(5)] == [401] * 5
        assert served.call().status_code == 200


class TestModes:
    def test_off_evaluates_nothing(self, start: Start) -> None:
        served = start(entry(mode="off"))
        bodies: tuple[Any, ...] = (SAMPLE, {"no": "hook"}, [])
        for body in bodies:
            answer = served.call(body=body)
            assert (answer.status_code, answer.json()) == (200, {"cards": []})
        headers = {**EHR.bearer(PUBLIC + SELECT), "Content-Type": "application/json"}
        assert served.client.post(SELECT, content=b"{", headers=headers).json() == {"cards": []}
        assert served.metric("liver_cds_verdicts_total") == 0
        assert served.client.post(SELECT, json=SAMPLE).status_code == 401

    def test_silent_evaluates_and_shows_nothing(self, start: Start, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "cds_service")
        served = start(entry(mode="silent"))
        answer = served.call()
        assert (answer.status_code, answer.json()) == (200, {"cards": []})
        assert served.metric("liver_cds_verdicts_total") == 1
        (fields,) = [r.__dict__["fields"] for r in caplog.records if r.getMessage() == "consultation"]
        assert (fields["mode"], fields["verdicts"], fields["cards"]) == ("silent", ["rated"], 1)

    def test_silent_says_nothing_of_a_chart_that_cannot_be_had(self, start: Start) -> None:
        without = {**SAMPLE, "prefetch": {}, "fhirServer": None}
        assert start(entry(mode="silent")).call(body=without).json() == {"cards": []}

    def test_visible_does(self, north: Served) -> None:
        assert north.call(body={**SAMPLE, "prefetch": {}, "fhirServer": None}).status_code == 412

    @pytest.mark.parametrize("mode", ["off", "silent"])
    def test_feedback_on_earlier_cards_is_kept(self, start: Start, mode: str) -> None:
        assert start(entry(mode=mode)).call(FEEDBACK, {"feedback": [TOLD]}).json() == {"received": 1}


class TestAnotherFile:
    def test_a_tenant_is_switched_off_and_on_without_a_restart(
        self, start: Start, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "cds_service")
        served = start()
        for mode, cards in (("off", 0), ("visible", 1), ("silent", 0), ("visible", 1)):
            served.write(file_of(entry(mode=mode)))
            assert len(served.call().json()["cards"]) == cards
        read = [
            r.__dict__["fields"]["tenants"] for r in caplog.records if r.getMessage() == "tenants file read"
        ]
        assert [modes["north"] for modes in read] == ["off", "visible", "silent", "visible"]

    def test_written_in_place_and_of_the_same_length(self, start: Start) -> None:
        served = start(entry(annotate_orders="false"))
        text = served.file.read_text()
        assert "systemActions" not in served.call().json()
        served.file.write_text(text.replace("annotate_orders: false", "annotate_orders: true "))
        assert "systemActions" in served.call().json()

    def test_tenants_come_and_go(self, start: Start) -> None:
        served = start()
        assert served.call(caller=SOUTH).status_code == 401
        served.write(file_of(entry(SOUTH, "south")))
        assert served.call(caller=SOUTH).status_code == 200
        assert served.call().status_code == 401

    @pytest.mark.parametrize(
        "text", ["", "tenants: []", file_of(entry(mode="loud")), file_of(entry(jwks="{file: none}"))]
    )
    def test_a_faulty_one_changes_nothing_and_shows(
        self, start: Start, caplog: pytest.LogCaptureFixture, text: str
    ) -> None:
        caplog.set_level(logging.INFO, "cds_service")
        served = start()
        served.write(text)
        assert [len(served.call().json()["cards"]) for _ in range(3)] == [1] * 3
        ready = served.client.get("/readyz")
        assert ready.status_code == 200
        assert (
            ready.json()["checks"]["tenants"] == "1 served; the file as it stands now is refused, see the log"
        )
        (refused,) = [r for r in caplog.records if r.getMessage() == "tenants file refused"]
        assert "tenants.yaml" in refused.__dict__["fields"]["words"]
        served.write(file_of())
        assert served.client.get("/readyz").json()["checks"]["tenants"] == "1 served"

    def test_local_codes_that_change(self, start: Start, tmp_path: Path) -> None:
        codes, system = tmp_path / "codes.yaml", "urn:oid:1.2.3"
        line = 'codes:\n  - {{system: "{}", code: "IMG1", means: {}}}\n'
        codes.write_text(line.format(system, "liver-lesion"))
        served = start(entry(codes="codes.yaml"))
        body = json.loads(json.dumps(SAMPLE))
        order = body["context"]["draftOrders"]["entry"][0]["resource"]
        order["code"] = {"coding": [{"system": system, "code": "IMG1"}]}
        assert served.call(body=body).json()["cards"] == []
        codes.write_text(line.format(system, "fdg-pet-ct-skull-base-to-mid-thigh"))
        assert len(served.call(body=body).json()["cards"]) == 1

    def test_the_file_is_gone_for_a_while(self, start: Start) -> None:
        served = start()
        text = served.file.read_text()
        served.file.unlink()
        assert served.call().status_code == 200
        served.write(text.replace("mode: visible", "mode: off"))
        assert served.call().status_code == 200
        assert served.client.get("/readyz").json()["checks"]["tenants"] == "1 served"


class TestEachItsOwn:
    def test_profile_and_annotations(self, start: Start) -> None:
        served = start(
            entry(profile="sandbox"), entry(SOUTH, "south", profile="epic", annotate_orders="false")
        )
        sandbox, epic = served.call().json(), served.call(caller=SOUTH).json()
        assert "systemActions" in sandbox["extension"]
        assert "systemActions" not in epic
        assert [len(s["actions"]) for s in epic["cards"][0]["suggestions"]] == [1, 1]

    def test_every_fault_of_a_tenants_file_stops_the_start(self, tmp_path: Path) -> None:
        with (
            pytest.raises(SettingsFaulty, match=r"tenants\[0\]\.mode") as refused,
            service(tmp_path, file_of(entry(mode="loud", profile="x"))),
        ):
            pass
        assert "tenants[0].profile" in str(refused.value)


class TestPages:
    APP, OTHER = "https://app.north.example", "https://app.south.example"

    @pytest.fixture
    def served(self, start: Start) -> Served:
        return start(
            entry(cors_origins=f'["{self.APP}"]'), entry(SOUTH, "south", cors_origins=f'["{self.OTHER}"]')
        )

    def preflight(self, served: Served, origin: str) -> httpx2.Response:
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        }
        return served.client.options(SELECT, headers=asked)

    def test_a_preflight_is_answered_for_all_tenants_pages(self, served: Served) -> None:
        for origin in (self.APP, self.OTHER):
            answer = self.preflight(served, origin)
            assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)
        for origin in ("https://evil.test", "http://localhost:8080", self.APP + ".evil.test", "null"):
            assert self.preflight(served, origin).status_code == 400

    def test_an_answer_is_for_the_pages_of_its_tenant(self, served: Served) -> None:
        for origin, readable in ((self.APP, True), (self.OTHER, False), ("https://evil.test", False)):
            headers = {"Origin": origin, **EHR.bearer(PUBLIC + SELECT)}
            answer = served.client.post(SELECT, json=SAMPLE, headers=headers)
            assert answer.status_code == 200
            assert ("Access-Control-Allow-Origin" in answer.headers) is readable
            assert "Origin" in answer.headers["Vary"]

    def test_a_refusal_can_be_read(self, served: Served) -> None:
        answer = served.client.post(SELECT, json=SAMPLE, headers={"Origin": self.APP})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, self.APP)

    def test_another_file_has_other_pages(self, served: Served) -> None:
        served.write(file_of(entry(cors_origins='["https://new.example"]')))
        assert self.preflight(served, "https://new.example").status_code == 200
        assert self.preflight(served, self.APP).status_code == 400


class TestReady:
    def test_once_the_keys_of_one_tenant_are_known(self, start: Start) -> None:
        with key_address() as empty, key_address(EHR.key_set()) as address:
            served = start(entry(jwks=f'{{url: "{empty.url}"}}'))
            ready = served.client.get("/readyz")
            assert (ready.status_code, ready.json()["checks"]["keys"]) == (503, "0 of 1 sources known")
            served.write(file_of(entry(jwks=f'{{url: "{address.url}"}}')))
            assert served.client.get("/readyz").json()["checks"]["keys"] == "1 of 1 sources known"
            assert served.call().status_code == 200
            assert address.asked() == 1

    def test_a_token_while_no_key_is_known(self, start: Start) -> None:
        served = start(entry(jwks='{url: "http://127.0.0.1:9/jwks.json"}'))
        assert served.call().status_code == 401
        assert served.metric('liver_cds_refused_tokens_total{reason="keys-not-known",tenant="north"}') == 1


class TestFhirServers:
    def test_only_the_tenants_own_is_asked(self, start: Start) -> None:
        """The base is another one on the same machine, or the tenant's with something added."""
        with key_address() as ehr, key_address() as evil:
            served = start(entry(fhir_servers=f'["{ehr.base}/fhir"]'))
            body = {
                **SAMPLE,
                "prefetch": {},
                "fhirAuthorization": {"access_token": "t", "token_type": "Bearer"},
            }
            port = ehr.base.rpartition(":")[2]
            for base in (
                f"{evil.base}/fhir",
                f"{ehr.base}/fhir2",
                f"{ehr.base}/fhir/sub",
                f"{ehr.base}",
                f"http://127.0.0.1:{port}@{evil.base.removeprefix('http://')}/fhir",
                f"{ehr.base}/fhir/../fhir2",
                f"{ehr.base}/fhir?x=",
                "http://169.254.169.254/fhir",
                "file:///etc/passwd",
            ):
                assert served.call(body={**body, "fhirServer": base}).status_code == 412
            assert (ehr.calls, evil.calls) == ([], [])
            assert served.call(body={**body, "fhirServer": f"{ehr.base}/fhir/"}).status_code == 412
            assert ehr.calls
            assert all(path.startswith("/fhir/") for path in ehr.calls)

    def test_another_tenants_server_is_not_asked(self, start: Start) -> None:
        with key_address() as mine, key_address() as theirs:
            served = start(
                entry(fhir_servers=f'["{mine.base}"]'),
                entry(SOUTH, "south", fhir_servers=f'["{theirs.base}"]'),
            )
            body = {**SAMPLE, "prefetch": {}, "fhirServer": theirs.base}
            assert served.call(body=body).status_code == 412
            assert (mine.calls, theirs.calls) == ([], [])
            assert served.call(body=body, caller=SOUTH).status_code == 412
            assert (mine.calls, bool(theirs.calls)) == ([], True)

    def test_what_was_not_sent_is_fetched_from_it(self, start: Start, fhir_server: FhirServer) -> None:
        """From a real one, which answers only to the token of this very request."""
        chart = [each for value in SAMPLE["prefetch"].values() for each in resources_of(value)]
        fhir_server.load(chart)
        patient = SAMPLE["context"]["patientId"]
        served = start(entry(fhir_servers=f'["{fhir_server.base}"]'))
        body = {**SAMPLE, "prefetch": {}, **fhir_server.access(patient)}
        expected = titles(served.call())
        assert expected
        assert titles(served.call(body=body)) == expected
        wrong = {**body, "fhirAuthorization": {**body["fhirAuthorization"], "access_token": "another"}}
        assert served.call(body=wrong).status_code == 412
        narrow = {**body, "fhirAuthorization": {**body["fhirAuthorization"], "scope": "patient/Patient.read"}}
        assert served.call(body=narrow).status_code == 412


def resources_of(prefetched: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources of one prefetched value: a Bundle's, or itself."""
    if prefetched["resourceType"] != "Bundle":
        return [prefetched]
    return [item["resource"] for item in prefetched.get("entry", [])]


def titles(answer: httpx2.Response) -> list[str]:
    return [suggestion["label"] for card in answer.json()["cards"] for suggestion in card["suggestions"]]


def test_an_open_service_does_not_look_at_tokens(client: TestClient) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, EHR.bearer("https://elsewhere")):
        assert client.post(SELECT, json=hook_request(), headers=headers).status_code == 200
