"""SECURITY.md: every row of its table names tests, and every test that it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| threat ")
]
REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def names_in(file: str) -> frozenset[str]:
    """Tests and classes of tests that a file defines."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return frozenset(node.name for node in found if node.name.lower().startswith("test"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_a_threat_has_a_defence_and_tests_that_exist(row: list[str]) -> None:
    threat, defence, tests = row
    referred = REFERENCE.findall(tests)
    assert threat
    assert defence
    assert referred
    assert len(referred) == tests.count("::")  # none is written in a way that this test cannot read
    assert [name for file, name in referred if name not in names_in(file)] == []


def test_the_table_is_whole() -> None:
    assert len(ROWS) >= 18
    assert len({row[0] for row in ROWS}) == len(ROWS)


def test_what_the_page_names_exists() -> None:
    named = re.findall(r"`((?:deploy|docs|cds_service)/[\w./-]+)`", PAGE)
    assert [name for name in named if not (ROOT / name).exists()] == []
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"`make (\w+)`", PAGE)) <= set(targets)
