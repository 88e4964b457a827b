"""Lines and pieces: every line once, wherever a file is cut, and no line stops the rest."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.errors import ReplayImpossible
from cds_service.replay import lines as module
from cds_service.replay.inputs import batches_of, find_export, pieces_of
from cds_service.replay.lines import CUT_OFF, TOO_LONG, Line, lines_of


def _read(
    folder: Path, content: bytes, piece_bytes: int = 1 << 20, name: str = "x.ndjson"
) -> list[list[Line]]:
    (folder / name).write_bytes(content)
    return [list(lines_of(piece)) for piece in pieces_of(find_export(folder), piece_bytes)]


@given(
    st.lists(
        st.binary(max_size=12).filter(lambda line: b"\n" not in line and b"\r" not in line), max_size=20
    ),
    st.integers(1, 40),
    st.booleans(),
)
def test_any_cut_gives_every_line_once(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], piece_bytes: int, closed: bool
) -> None:
    content = b"\n".join(lines) + (b"\n" if closed else b"")
    folder = tmp_path_factory.mktemp("cut")
    whole = [line for piece in _read(folder, content) for line in piece]
    cut = [line for piece in _read(folder, content, piece_bytes) for line in piece]
    assert [(line.at, line.content) for line in cut] == [(line.at, line.content) for line in whole]
    first, *rest = lines or [b""]
    expected = [first.removeprefix(b"\xef\xbb\xbf").strip(), *(line.strip() for line in rest)]
    assert [line.content for line in whole if line.content] == [line for line in expected if line]


def test_ends_of_lines_and_byte_order_marks(tmp_path: Path) -> None:
    (found,) = _read(tmp_path, b'\xef\xbb\xbf{"a":1}\r\n\n  {"b":2}  \n{"c":3}')
    assert [line.content for line in found] == [b'{"a":1}', b"", b'{"b":2}', b'{"c":3}']
    assert [line.number for line in found] == [1, 2, 3, 4]


def test_gzip_is_recognised_by_its_content(tmp_path: Path) -> None:
    (found,) = _read(tmp_path, gzip.compress(b"one\ntwo\n") + gzip.compress(b"three\n"))
    assert [line.content for line in found] == [b"one", b"two", b"three"]


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-9], lambda b: b[: len(b) // 2], lambda b: b[:40] + b"\0" * 400]
)
def test_a_damaged_file_gives_what_can_be_read_and_says_so(tmp_path: Path, damage: object) -> None:
    packed = gzip.compress(b"\n".join(b'{"n":%d}' % n for n in range(5000)))
    assert callable(damage)
    (found,) = _read(tmp_path, damage(packed))
    assert found[-1].fault == CUT_OFF
    assert all(not line.fault for line in found[:-1])


def test_a_line_that_is_too_long_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_LINE", 100)
    monkeypatch.setattr(module, "_CHUNK", 16)
    (found,) = _read(tmp_path, b"short\n" + b"x" * 1000 + b"\nlast\n" + b"y" * 101)
    assert [(line.content, line.fault) for line in found] == [
        (b"short", ""), (b"", TOO_LONG), (b"last", ""), (b"", TOO_LONG),
    ]  # fmt: skip
    assert [line.at for line in found] == [0, 6, 1007, 1012]


def test_an_empty_file_has_no_lines_and_announces_its_type(tmp_path: Path) -> None:
    assert _read(tmp_path, b"", name="Condition.000.ndjson") == [[]]
    assert find_export(tmp_path).announced == {"Condition"}


def test_a_manifest_is_read_and_files_that_are_not_data_are_named(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "1.Patient.ndjson.gz").write_bytes(gzip.compress(b"{}"))
    (tmp_path / ".hidden.ndjson").write_bytes(b"{}")
    (tmp_path / "status.json").write_text(
        '{"transactionTime": "2026-05-01T00:00:00Z", "output": [{"type": "Device", "url": "x", "count": 0}]}',
        encoding="utf-8",
    )
    (tmp_path / "other.json").write_text("{", encoding="utf-8")
    export = find_export(tmp_path)
    assert [(file.name, file.gzipped) for file in export.files] == [("sub/1.Patient.ndjson.gz", True)]
    assert export.announced == {"Device", "Patient"}
    assert export.taken_at == "2026-05-01T00:00:00Z"
    assert export.ignored == ("other.json", "status.json")


def _manifest(folder: Path, *output: dict[str, object]) -> None:
    told = {"transactionTime": "2026-05-01T00:00:00Z", "output": output}
    (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")


def test_a_file_that_was_never_fetched_is_not_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "Patient.ndjson.gz").write_bytes(gzip.compress(b"{}"))
    _manifest(
        tmp_path,
        {"type": "Patient", "url": "https://ehr.example/out/Patient.ndjson", "count": 3},
        {"type": "Condition", "url": "https://ehr.example/out/Condition%201.ndjson?key=1", "count": 2},
        {"type": "Condition", "url": "https://ehr.example/out/Condition%202.ndjson", "count": 5},
        {"type": "Procedure", "url": "https://ehr.example/out/Procedure.ndjson"},
    )
    export = find_export(tmp_path)
    assert export.announced == {"Patient"}
    assert export.missing == ("Condition 1.ndjson", "Condition 2.ndjson", "Procedure.ndjson")
    assert export.promised == {"Patient": 3, "Condition": 7}


def test_files_under_names_of_their_own_are_not_missed(tmp_path: Path) -> None:
    (tmp_path / "Patient.ndjson").write_bytes(b"{}")
    _manifest(tmp_path, {"type": "Patient", "url": "https://ehr.example/file/8f2e"})
    assert find_export(tmp_path).missing == ()


def test_our_own_results_beside_the_export_are_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "Patient.ndjson").write_bytes(b"{}")
    before = find_export(tmp_path, but_not=tmp_path / "replay")
    (tmp_path / "replay" / "work").mkdir(parents=True)
    (tmp_path / "replay" / "run.json").write_bytes(b"{}")
    (tmp_path / "replay" / "work" / "x.ndjson").write_bytes(b"{}")
    assert find_export(tmp_path, but_not=tmp_path / "replay") == before


def test_documents_are_told_from_an_export(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text('{"resourceType": "Bundle"}', encoding="utf-8")
    with pytest.raises(ReplayImpossible, match=r"1 \*\.json .* one resource a line"):
        find_export(tmp_path)


def test_small_files_are_read_together_and_every_piece_once(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number:02d}.ndjson").write_bytes(b"x" * (7 * number) + b"\n")
    export = find_export(tmp_path)
    batches = list(batches_of(export, 100))
    assert [piece for batch in batches for piece in batch] == list(pieces_of(export, 100))
    assert len(batches[0]) > 3
    assert all(sum(min(p.end, p.file.size) - p.start for p in batch) <= 100 for batch in batches)


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_a_directory_without_an_export_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReplayImpossible, match=r"no such directory|no \*\.ndjson"):
        find_export(tmp_path / name)
