"""`liver-cds` as a program: arguments, output, exit codes. What it calls is tested elsewhere."""

import io
import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from jsonschema import Draft202012Validator

from tests.program import Run

ROOT = Path(__file__).parents[2]
PET_CT = ROOT / "examples" / "reference-patient-pet-ct.json"
BIOPSY = ROOT / "examples" / "reference-patient-biopsy.json"
MRI = ROOT / "examples" / "reference-patient-mri.json"
DAY = ("--today", "2026-11-22")
GUIDELINES = ROOT / "cds_service" / "guidelines"
BEST = "mri-abdomen-without-and-with-iv-contrast"


pytestmark = pytest.mark.usefixtures("plain_environment")


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_explaining_the_reference_patient(run: Run) -> None:
    code, out, err = run("explain", PET_CT, "--json", *DAY)
    assert (code, err) == (0, "")
    explained = json.loads(out)
    assert explained["hook"] == "order-select"
    assert explained["chart"]["lesion_size_mm"]["value"] == 8.0
    assert explained["chart"]["initial_imaging"]["value"] == "us"
    assert explained["chart"]["extrahepatic_malignancy"]["value"] == "yes"
    order = explained["orders"][0]
    assert order["procedure"] == "fdg-pet-ct-skull-base-to-mid-thigh"
    assert (order["verdict"], order["rating"], order["median"]) == ("rated", "usually-not-appropriate", 2)
    assert order["variants"] == [6]
    card = explained["response"]["cards"][0]
    assert card["indicator"] == "warning"


@pytest.mark.parametrize(("request_file", "cards"), [(PET_CT, 1), (BIOPSY, 1), (MRI, 0)])
def test_the_samples_get_their_cards(run: Run, request_file: Path, cards: int) -> None:
    code, out, _ = run("explain", request_file, "--json", *DAY)
    assert code == 0
    assert len(json.loads(out)["response"]["cards"]) == cards


def test_an_explanation_for_people(run: Run) -> None:
    code, out, _ = run("explain", PET_CT, *DAY)
    assert code == 0
    for words in (
        "liver lesion",
        "Observation/lesion-size",
        "8 mm",
        "usually not appropriate",
        "WARNING",
        "•",
    ):
        assert words in out


def test_what_is_explained_fits_the_published_schema(run: Run) -> None:
    schema = json.loads(run("explain", "--schema")[1])
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(run("explain", PET_CT, "--json", *DAY)[1]))


def test_a_request_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BIOPSY.read_bytes())))
    code, out, err = run("explain", "-", "--json", *DAY)
    assert (code, err) == (0, "")
    assert json.loads(out)["orders"][0]["procedure"] == "image-guided-biopsy-liver"


@pytest.mark.parametrize("body", ["{", "[]", '{"hook": "order-select", "hookInstance": "x"}'])
def test_an_unreadable_request_is_exit_code_2(run: Run, tmp_path: Path, body: str) -> None:
    path = tmp_path / "request.json"
    path.write_text(body, encoding="utf-8")
    code, out, err = run("explain", path, "--json")
    assert (code, out) == (2, "")
    assert err.strip()
    assert "Traceback" not in err


def test_a_missing_file_and_a_missing_argument_are_exit_code_2(run: Run) -> None:
    assert run("explain", "no-such-request.json")[0] == 2
    assert run("explain")[0] == 2


def test_a_chart_that_cannot_be_had_is_not_an_answer(run: Run, tmp_path: Path) -> None:
    request = json.loads(PET_CT.read_text(encoding="utf-8"))
    del request["prefetch"]
    path = tmp_path / "request.json"
    path.write_text(json.dumps(request), encoding="utf-8")
    code, out, err = run("explain", path, "--json")
    assert (code, out) == (1, "")
    assert "conditions" in err or "problem list" in err


def test_explaining_as_for_another_ehr(run: Run) -> None:
    def first_suggestion(profile: str) -> list[str]:
        answer = json.loads(run("explain", PET_CT, "--json", "--profile", profile, *DAY)[1])["response"]
        return [action["type"] for action in answer["cards"][0]["suggestions"][0]["actions"]]

    assert first_suggestion("spec") == ["update"]
    assert first_suggestion("epic") == ["create"]
    assert run("explain", PET_CT, "--profile", "other")[0] == 1


def test_an_ehrs_own_order_code_is_read_through_its_file(run: Run, tmp_path: Path) -> None:
    request = json.loads(PET_CT.read_text(encoding="utf-8"))
    order = request["context"]["draftOrders"]["entry"][0]["resource"]
    order["code"] = {"coding": [{"system": "urn:oid:1.2.3", "code": "IMG9"}]}
    path = tmp_path / "request.json"
    path.write_text(json.dumps(request), encoding="utf-8")
    codes = tmp_path / "local-codes.yaml"
    codes.write_text(f'codes: [{{system: "urn:oid:1.2.3", code: "IMG9", means: {BEST}}}]', encoding="utf-8")

    def procedure(*options: str | Path) -> object:
        return json.loads(run("explain", path, "--json", *DAY, *options)[1])["orders"][0]["procedure"]

    assert procedure() is None
    assert procedure("--codes", codes) == BEST


def test_the_day_can_be_chosen(run: Run) -> None:
    explained = json.loads(run("explain", PET_CT, "--json", "--today", "2028-11-22")[1])
    assert explained["chart"]["initial_imaging"]["value"] is None


def test_clean_content(run: Run) -> None:
    assert run("check")[0] == 0
    assert run("check", GUIDELINES)[0] == 0


def test_faulty_content_is_one_line_per_fault(run: Run, tmp_path: Path) -> None:
    content = tmp_path / "guidelines"
    shutil.copytree(GUIDELINES, content)
    topic = content / "topics" / "liver-lesion.yaml"
    topic.write_text(topic.read_text(encoding="utf-8") + "\nshoe-size: 42\n", encoding="utf-8")
    code, out, _ = run("check", content)
    assert code == 1
    assert [line for line in out.splitlines() if "liver-lesion.yaml" in line and "shoe-size" in line]


def test_vignettes_that_do_not_come_out_as_stated_are_named(run: Run, tmp_path: Path) -> None:
    cases = (ROOT / "tests" / "vignettes" / "variant-6.yaml").read_text(encoding="utf-8")
    assert "usually-not-appropriate" in cases
    wrong = cases.replace("usually-not-appropriate", "may-be-appropriate")
    (tmp_path / "wrong.yaml").write_text(wrong, encoding="utf-8")
    code, out, _ = run("vignettes", "--cases", tmp_path)
    assert code == 1
    assert "usually-not-appropriate" in out
    assert "0 not as stated" not in out


def test_what_no_vignette_reaches_is_listed(run: Run, tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "vignettes" / "variant-6.yaml", tmp_path)
    code, out, _ = run("coverage", "--cases", tmp_path)
    assert code == 1
    assert "no vignette reaches variant: 3" in out
    assert "no vignette reaches variant: 6" not in out


def test_everything_is_reached(run: Run) -> None:
    assert run("coverage")[0] == 0


@pytest.mark.parametrize("command", ["vignettes", "coverage"])
def test_a_topic_that_is_not_there_is_a_usage_error(run: Run, command: str) -> None:
    code, _, err = run(command, "kidney-stone")
    assert code == 2
    assert "liver-lesion" in err


@pytest.mark.parametrize("option", [("--host", "0.0.0.0"), ("--first", MRI, "--workers", "2")])
def test_what_must_not_be_served_is_refused(run: Run, option: tuple[str | Path, ...]) -> None:
    code, _, err = run("serve", *option)
    assert code != 0
    assert "loopback" in err or "one worker" in err


def test_a_taken_port_is_one_message(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, out, err = run("serve", "--port", str(taken.getsockname()[1]))
    assert (code, out) == (1, "")
    assert "LIVER_CDS_PORT" in err
    assert len(err.splitlines()) == 1


@contextmanager
def _serving(*options: str | Path) -> Iterator[tuple["subprocess.Popen[str]", str, list[str]]]:
    """The real program on a free port: the process, its address, and what it printed until then."""
    program = Path(sys.executable).with_name("liver-cds")
    command = [program, "serve", "--port", "0", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            printed: list[str] = []
            assert process.stdout
            for line in process.stdout:
                printed.append(line)
                if line.startswith("Serving at "):
                    break
            address = printed[-1].removeprefix("Serving at ").split()[0] if printed else ""
            yield process, address, printed
        finally:
            process.kill()


def test_a_first_order_is_answered_and_shown_and_ctrl_c_ends_it_cleanly() -> None:
    with _serving("--first", PET_CT) as (process, address, printed):
        shown = "".join(printed)
        assert "WARNING" in shown
        assert "MRI abdomen without and with IV contrast" in shown
        assert httpx.get(f"{address}/readyz", trust_env=False).status_code == 200
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "Traceback" not in err
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/livez", trust_env=False)


def test_several_workers_serve_one_port() -> None:
    with _serving("--workers", "2") as (process, address, _):
        transport = httpx.HTTPTransport(retries=5)
        with httpx.Client(transport=transport, trust_env=False, timeout=120) as client:
            assert client.get(f"{address}/cds-services").status_code == 200
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
        assert process.returncode == 0
