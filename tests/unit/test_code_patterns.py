"""Codes that are right pass; one digit wrong does not."""

import pytest

from cds_service.guideline.content.code_patterns import code_fault
from cds_service.guideline.content.schema import SystemName


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("cpt", "74183"),
        ("cpt", "0742T"),
        ("hcpcs", "A9587"),
        ("loinc", "24557-1"),
        ("loinc", "21889-1"),
        ("loinc", "LA15173-0"),
        ("snomed-ct", "10200004"),
        ("snomed-ct", "394531000119101"),
        ("snomed-ct", "16444991000119109"),
        ("icd-10-cm", "C34"),
        ("icd-10-cm", "C7B"),
        ("icd-10-cm", "E83.11"),
        ("icd-10-cm", "C00-C21"),
        ("radlex", "RPID145"),
    ],
)
def test_codes_as_their_systems_write_them(system: SystemName, code: str) -> None:
    assert code_fault(system, code) is None


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("cpt", "742"),
        ("cpt", "O742T"),
        ("hcpcs", "9587A"),
        ("loinc", "24557-2"),
        ("loinc", "24575-1"),
        ("loinc", "245571"),
        ("snomed-ct", "10200005"),
        ("snomed-ct", "12000004"),
        ("snomed-ct", "16444991000119100"),
        ("snomed-ct", "010200004"),
        ("icd-10-cm", "c34"),
        ("icd-10-cm", "C3"),
        ("icd-10-cm", "E8311"),
        ("icd-10-cm", "C21-C00"),
        ("icd-10-cm", "C00-C21-C30"),
        ("icd-10-cm", "C00-D10"),
        ("radlex", "145"),
    ],
)
def test_codes_that_cannot_be(system: SystemName, code: str) -> None:
    assert code_fault(system, code) is not None


@pytest.mark.parametrize("position", range(14))
def test_any_single_wrong_digit_fails_verhoeffs_check(position: int) -> None:
    code = "394531000119101"
    for digit in set("123456789") - {code[position]}:
        assert code_fault("snomed-ct", code[:position] + digit + code[position + 1 :]) is not None
