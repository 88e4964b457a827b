"""Which study an order names: by title, by code, by both; and what kind of study was already done."""

import pytest

from cards.vocabulary import Coding
from cds_service.guideline.content.library import load
from cds_service.guideline.content.schema import StudyTraits
from cds_service.guideline.terms.judging import imaging_kinds, procedures_named, traits_named
from cds_service.guideline.terms.study_text import study_said
from tests.charts import CPT, LOINC, SNOMED, terms

LIBRARY = load()

BOTH = "mri-abdomen-without-and-with-iv-contrast"
MRI_WITHOUT = "mri-abdomen-without-iv-contrast"
MRI_WITH = "mri-abdomen-with-iv-contrast"
MULTI = "ct-abdomen-with-iv-contrast-multiphase"
SINGLE = "ct-abdomen-with-iv-contrast-single-phase"
CT_WITHOUT = "ct-abdomen-without-iv-contrast"
CT_BOTH = "ct-abdomen-without-and-with-iv-contrast"
US = "us-abdomen"
CEUS = "us-abdomen-with-iv-contrast"
BIOPSY = "image-guided-biopsy-liver"
COLLOID = "liver-spleen-scan"
RBC = "rbc-scan-abdomen-and-pelvis"
FDG = "fdg-pet-ct-skull-base-to-mid-thigh"
DOTATATE = "dotatate-pet-ct-skull-base-to-mid-thigh"
OCTREOTIDE = "octreotide-scan-spect-chest-and-abdomen"
MRIS = {BOTH, MRI_WITHOUT, MRI_WITH}
CTS = {MULTI, SINGLE, CT_WITHOUT, CT_BOTH}


def by_title(*titles: str) -> set[str]:
    return set(procedures_named(terms(), [], titles))


def by_code(system: str, code: str, *titles: str) -> set[str]:
    return set(procedures_named(terms(), [Coding(system, code)], titles))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("MRI ABDOMEN W WO CONTRAST", {BOTH}),
        ("MR ABD W/WO", {BOTH}),
        ("MRI LIVER WITH AND WITHOUT IV CONTRAST", {BOTH}),
        ("MR LIVER W&WO IV CONTRAST", {BOTH}),
        ("MR Abdomen WO and W contrast IV", {BOTH}),
        ("MRI ABD W/O & W/ CONTRAST", {BOTH}),
        ("MRI, abdomen; without contrast material(s), followed by with contrast material(s)", {BOTH}),
        ("MRI LIVER WO CONTRAST", {MRI_WITHOUT}),
        ("MRI abdomen noncontrast", {MRI_WITHOUT}),
        ("MRI abdomen non-contrast", {MRI_WITHOUT}),
        ("Magnetic resonance imaging of abdomen without contrast (procedure)", {MRI_WITHOUT}),
        ("MRI ABDOMEN W CONTRAST", {MRI_WITH}),
        ("MRI lever met contrast", {MRI_WITH}),
        ("MRI LIVER W EOVIST", {BOTH, MRI_WITH}),
        ("MRI LIVER WITHOUT AND WITH EOVIST", {BOTH}),
        ("MRI Leber mit Kontrastmittel", {MRI_WITH}),
        ("CT abdomen met contrastmiddel", {MULTI, SINGLE}),
        ("US liver with Lumason", {CEUS}),
        ("MR liver w Eovist", {BOTH, MRI_WITH}),
        ("MRI liver mass protocol", {BOTH, MRI_WITH}),
        ("MRI liver dynamic", {BOTH, MRI_WITH}),
        ("MRI liver multiphasic", {BOTH, MRI_WITH}),
        ("MRI liver mass protocol W WO", {BOTH}),
        ("MRI liver multiphase wo contrast", {MRI_WITHOUT}),
        ("CT liver 4 phase (noncon, arterial, PV, delayed)", {MULTI}),
        ("CT liver: noncontrast, arterial, portal venous", {MULTI}),
        ("CT liver multiphasic w/ and w/o", {MULTI, CT_BOTH}),
        ("CT liver 4-phase", {MULTI}),
        ("CT abdomen quad phase", {MULTI}),
        ("dynamic CT liver", {MULTI}),
        ("CT liver mass protocol", {MULTI}),
        ("CT liver triple phase without contrast", {MULTI, CT_WITHOUT}),
        ("CT liver noncontrast", {CT_WITHOUT}),
        ("MRI ABDOMEN", MRIS),
        ("MRI abdomen with or without contrast", MRIS),
        ("MRI abdomen w/o sedation", MRIS),
        ("CT ABD W CONTRAST", {MULTI, SINGLE}),
        ("CT abdomen with oral and IV contrast", {MULTI, SINGLE}),
        ("CT ABDOMEN ENHANCED WITH CONTRAST", {MULTI, SINGLE}),
        ("CT LIVER TRIPLE PHASE", {MULTI}),
        ("CT abdomen 3-phase liver", {MULTI}),
        ("CT liver multiphasic with contrast", {MULTI}),
        ("CT ABDOMEN W IV CONTRAST ARTERIAL AND PORTAL VENOUS", {MULTI}),
        ("CT abdomen with contrast, portal venous phase", {SINGLE}),
        ("CT abdomen with contrast single phase", {SINGLE}),
        ("CT ABDOMEN W/O", {CT_WITHOUT}),
        ("CT ABDOMEN WITHOUT CONTRAST", {CT_WITHOUT}),
        ("CT abdomen with oral contrast without IV contrast", {CT_WITHOUT}),
        ("CT Abdomen ohne Kontrastmittel", {CT_WITHOUT}),
        ("CT ABDOMEN WO THEN W CONTRAST", {CT_BOTH}),
        ("CT LIVER 3 PHASE W WO CONTRAST", {MULTI, CT_BOTH}),
        ("CT ABDOMEN", CTS),
        ("CT upper abdomen", CTS),
        ("US ABDOMEN LIMITED", {US}),
        ("US ABDOMEN COMPLETE", {US}),
        ("US RUQ", {US}),
        ("Abdominal Ultrasound", {US}),
        ("Ultrasonography of liver", {US}),
        ("US abdomen, liver and gallbladder", {US}),
        ("CEUS LIVER", {CEUS}),
        ("US abdomen with contrast", {CEUS}),
        ("Contrast-enhanced ultrasound liver", {CEUS}),
        ("US GUIDED LIVER BIOPSY", {BIOPSY}),
        ("CT GUIDED BX LIVER", {BIOPSY}),
        ("IR BIOPSY LIVER", {BIOPSY}),
        ("Liver biopsy, percutaneous", {BIOPSY}),
        ("US guided FNA of liver", {BIOPSY}),
        ("CT Guidance for biopsy of Liver", {BIOPSY}),
        ("PET CT SKULL BASE TO MID THIGH", {FDG, DOTATATE}),
        ("PET/CT", {FDG, DOTATATE}),
        ("PET CT WHOLE BODY", {FDG, DOTATATE}),
        ("NM PET CT FDG SKULL BASE TO THIGH", {FDG}),
        ("PET+CT Skull base to mid-thigh 18F-FDG", {FDG}),
        ("FDG PET", {FDG}),
        ("Ga-68 DOTATATE PET/CT", {DOTATATE}),
        ("PET CT NETSPOT", {DOTATATE}),
        ("Octreotide scan SPECT", {OCTREOTIDE}),
        ("NM octreotide SPECT/CT chest abdomen", {OCTREOTIDE}),
        ("In-111 pentetreotide scintigraphy", {OCTREOTIDE}),
        ("Liver spleen scan", {COLLOID}),
        ("NM LIVER SPLEEN SPECT", {COLLOID}),
        ("Tc-99m sulfur colloid liver scan", {COLLOID}),
        ("Tagged RBC scan", {RBC}),
        ("NM RBC liver hemangioma SPECT", {RBC}),
    ],
)
def test_titles_of_the_catalogue(title: str, expected: set[str]) -> None:
    assert by_title(title) == expected


@pytest.mark.parametrize(
    "title",
    [
        "CT ABDOMEN AND PELVIS W CONTRAST",
        "CT ABD/PEL W CONTRAST",
        "CT A/P W CONTRAST",
        "CT CAP",
        "CT chest abdomen pelvis triple phase",
        "CT CHEST",
        "CT HEAD",
        "CT ANGIOGRAM ABDOMEN",
        "CTA ABDOMEN",
        "CT ENTEROGRAPHY ABDOMEN",
        "CT UROGRAM ABDOMEN",
        "CT GUIDED LIVER ABLATION",
        "CT or MRI abdomen",
        "CT",
        "MRCP",
        "MRI ABDOMEN MRCP",
        "MRI PELVIS",
        "MRI PANCREAS",
        "MRI ABDOMEN AND PELVIS W WO",
        "MR ELASTOGRAPHY LIVER",
        "MRA ABDOMEN",
        "MRI LUMBAR SPINE",
        "US KIDNEY",
        "US RENAL",
        "US PELVIS TRANSVAGINAL",
        "US LIVER DOPPLER",
        "US ELASTOGRAPHY LIVER",
        "US ABDOMEN AND PELVIS",
        "CEUS kidney",
        "RENAL BIOPSY",
        "Lung biopsy CT guided",
        "Transjugular liver biopsy",
        "CT guided biopsy",
        "Surgical pathology liver biopsy",
        "PET BRAIN",
        "PSMA PET CT",
        "PET/MRI abdomen",
        "Ga-68 DOTATOC PET/CT",
        "BONE SCAN",
        "HIDA scan",
        "MIBG SPECT",
        "GI bleeding scan tagged RBC",
        "NM study",
        "Myocardial perfusion SPECT",
        "XR ABDOMEN",
        "Portable XR Chest Views",
        "Mammogram screening",
        "Colonoscopy",
        "Hepatic function panel",
        "Lumbar spine CT",
        "Cardiac MRI",
        "liver lesion",
        "",
    ],
)
def test_titles_of_other_studies(title: str) -> None:
    assert by_title(title) == set()


@pytest.mark.parametrize("name", sorted(LIBRARY.procedures))
def test_what_we_write_reads_back_as_exactly_that_study(name: str) -> None:
    procedure = LIBRARY.procedures[name]
    urls = {"cpt": CPT, "loinc": LOINC, "snomed-ct": SNOMED}
    assert by_title(procedure.text) == {name}
    assert by_title(procedure.title) == {name}
    for written in procedure.write:
        assert by_code(urls[written.system], written.code, procedure.text) == {name}
        shown = Coding(urls[written.system], written.code, procedure.title)
        assert procedures_named(terms(), [shown], []) == (name,)


@pytest.mark.parametrize("name", sorted(LIBRARY.procedures))
def test_only_74160_needs_its_text_to_be_exact(name: str) -> None:
    urls = {"cpt": CPT, "loinc": LOINC, "snomed-ct": SNOMED}
    for written in LIBRARY.procedures[name].write:
        if written.code != "74160":
            assert by_code(urls[written.system], written.code) == {name}


@pytest.mark.parametrize(
    ("system", "code", "title", "expected"),
    [
        (CPT, "74183", "", {BOTH}),
        (CPT, "74183-26", "", {BOTH}),
        ("urn:oid:2.16.840.1.113883.6.12", "74183", "", {BOTH}),
        ("https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "74183", "", {BOTH}),
        (SNOMED, "432369004", "", {BOTH, MRI_WITH}),
        (SNOMED, "432369004", "MRI liver without and with contrast", {BOTH}),
        (LOINC, "24556-3", "", MRIS),
        (CPT, "74160", "", {MULTI, SINGLE}),
        (CPT, "74160", "CT ABDOMEN W CONTRAST", {MULTI, SINGLE}),
        (CPT, "74160", "CT LIVER MULTIPHASE", {MULTI}),
        (CPT, "74160", "multiphase", {MULTI}),
        (CPT, "74160", "CT ABD PORTAL VENOUS PHASE", {SINGLE}),
        (CPT, "78815", "", {FDG, DOTATATE}),
        (CPT, "78815", "PET CT SKULL BASE TO MID THIGH", {FDG, DOTATATE}),
        (CPT, "78815", "FDG", {FDG}),
        (CPT, "78815", "Netspot", {DOTATATE}),
        (CPT, "47000", "Liver biopsy", {BIOPSY}),
        (CPT, "76705", "", {US}),
        (LOINC, "41806-1", "", CTS),
        (CPT, "78831", "", {RBC, OCTREOTIDE}),
        (CPT, "78832", "", {RBC, OCTREOTIDE}),
        (CPT, "78831", "NM SPECT 2 AREAS", {RBC, OCTREOTIDE}),
        (CPT, "78831", "SPECT abdomen", {RBC, OCTREOTIDE}),
        (CPT, "78831", "RBC SPECT liver", {RBC}),
        (CPT, "78832", "Tc-99m labeled red blood cell SPECT", {RBC}),
        (CPT, "78831", "Octreotide SPECT", {OCTREOTIDE}),
        (CPT, "78832", "In-111 pentetreotide SPECT/CT", {OCTREOTIDE}),
        (CPT, "78831", "Sulfur colloid SPECT liver spleen", {COLLOID}),
        (CPT, "47000", "US guided bx, abdomen", {BIOPSY}),
        (CPT, "76978", "US LIVER", {CEUS}),
    ],
)
def test_codes_and_titles_that_narrow_them(system: str, code: str, title: str, expected: set[str]) -> None:
    assert by_code(system, code, *([title] if title else [])) == expected


@pytest.mark.parametrize(
    ("code", "title", "expected"),
    [
        ("74183", "MRI abdomen W/WO with MRCP", {BOTH}),
        ("74183", "CT CHEST", {BOTH}),
        ("74177", "CT ABDOMEN W CONTRAST", set()),
        ("71260", "MRI ABDOMEN W WO", set()),
    ],
)
def test_a_title_against_a_known_code_adds_nothing(code: str, title: str, expected: set[str]) -> None:
    assert by_code(CPT, code, title) == expected


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("78815", "PSMA PET/CT"),
        ("78815", "PET CT abdomen"),
        ("76978", "CEUS kidney"),
        ("78831", "MIBG SPECT"),
        ("78831", "Parathyroid SPECT"),
        ("78832", "WBC SPECT/CT"),
        ("78831", "SPECT chest and abdomen"),
        ("47000", "transjugular liver biopsy"),
        ("47000", "Laparoscopic liver biopsy"),
        ("47000", "Lung biopsy"),
    ],
)
def test_a_code_shared_with_other_studies_yields_to_a_title_that_names_one(code: str, title: str) -> None:
    assert by_code(CPT, code, title) == set()


@pytest.mark.parametrize(
    ("code", "title", "expected"),
    [
        ("74170", "CT ABDOMEN TRIPLE PHASE LIVER PROTOCOL", {CT_BOTH, MULTI}),
        ("74183", "MRI abdomen without contrast", {BOTH, MRI_WITHOUT}),
        ("74183", "without contrast", {BOTH, MRI_WITHOUT}),
        ("74183", "MRI ABDOMEN W CONTRAST", {BOTH, MRI_WITH}),
        ("74150", "CT abdomen multiphase", {CT_WITHOUT, MULTI}),
        ("74150", "multiphase", {CT_WITHOUT, MULTI}),
        ("74181", "MRI ABD w wo", {MRI_WITHOUT, BOTH}),
        ("74181", "w wo", {MRI_WITHOUT, BOTH}),
        ("74181", "MRI liver mass protocol", {MRI_WITHOUT, BOTH, MRI_WITH}),
        ("74160", "CT ABD W WO CONTRAST", {MULTI, SINGLE, CT_BOTH}),
        ("74160", "CT ABD WITHOUT", {MULTI, SINGLE, CT_WITHOUT}),
        ("76700", "US abdomen with contrast", {US, CEUS}),
        ("74183", "CT ABDOMEN WITHOUT CONTRAST", {BOTH, CT_WITHOUT}),
        ("74183", "US abdomen", {BOTH, US}),
    ],
)
def test_a_title_that_contradicts_the_code_leaves_both(code: str, title: str, expected: set[str]) -> None:
    assert by_code(CPT, code, title) == expected


@pytest.mark.parametrize(
    ("code", "title", "expected"),
    [
        ("74183", "MRI LIVER", BOTH),
        ("74183", "MRI LIVER W EOVIST", BOTH),
        ("74183", "MRI liver mass protocol", BOTH),
        ("74183", "MRI abdomen with or without contrast", BOTH),
        ("74170", "CT abdomen", CT_BOTH),
        ("74170", "CT LIVER 3 PHASE W WO", CT_BOTH),
        ("74150", "CT abdomen with oral contrast", CT_WITHOUT),
        ("76978", "CEUS", CEUS),
    ],
)
def test_a_title_that_the_code_answers_adds_nothing(code: str, title: str, expected: str) -> None:
    assert by_code(CPT, code, title) == {expected}


def test_text_and_display_are_each_held_against_the_code() -> None:
    shown = Coding(CPT, "74183", "MRI abdomen w/o & w/ contrast")
    assert set(procedures_named(terms(), [shown], ["MRI abdomen without contrast"])) == {BOTH, MRI_WITHOUT}
    assert by_code(CPT, "74160", "CT multiphase", "portal venous phase") == {MULTI, SINGLE}


HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
COMPANIONS = (Coding(CPT, "76979"), Coding(HCPCS, "Q9950"))


@pytest.mark.parametrize("companion", COMPANIONS)
def test_a_companion_code_is_no_order_of_its_own(companion: Coding) -> None:
    assert procedures_named(terms(), [companion], []) == ()
    assert procedures_named(terms(), [companion], ["US abdomen with contrast"]) == ()


def test_companion_codes_change_nothing_beside_the_study() -> None:
    def named(*codes: Coding) -> set[str]:
        return set(procedures_named(terms(), codes, []))

    assert named(Coding(CPT, "76978"), *COMPANIONS) == {CEUS}
    assert named(*COMPANIONS, Coding(SNOMED, "444900008")) == {CEUS}
    assert named(Coding(SNOMED, "432369004"), Coding(CPT, "74183"), COMPANIONS[1]) == {BOTH}


def test_code_systems_intersect_and_contradictions_leave_both() -> None:
    def named(*codes: tuple[str, str]) -> set[str]:
        return set(procedures_named(terms(), [Coding(system, code) for system, code in codes], []))

    assert named((SNOMED, "432369004"), (CPT, "74183")) == {BOTH}
    assert named((SNOMED, "432369004"), (CPT, "74182"), (CPT, "74183")) == {BOTH, MRI_WITH}
    assert named((CPT, "74183"), (LOINC, "36424-0")) == {BOTH, CT_WITHOUT}
    assert named((CPT, "47000"), (CPT, "77012")) == {BIOPSY}
    assert named(("urn:oid:1.2.3", "IMG1"), (CPT, "74183")) == {BOTH}


def test_titles_are_read_together() -> None:
    assert by_title("MRI", "MRI ABDOMEN W WO CONTRAST") == {BOTH}
    assert by_title("CT ABDOMEN W CONTRAST", "CT liver triple phase") == {MULTI}
    assert by_title("CT ABDOMEN W CONTRAST", "CT ABDOMEN PELVIS W CONTRAST") == set()
    assert by_title("MRI ABDOMEN W CONTRAST", "MRI ABDOMEN WO CONTRAST") == {MRI_WITH, MRI_WITHOUT}


def test_order_details_narrow_and_never_name_a_study() -> None:
    ct = Coding(CPT, "74160")
    assert procedures_named(terms(), [ct], [], ["Multiphase"]) == (MULTI,)
    assert procedures_named(terms(), [ct], [], ["with oral contrast", "3 phase"]) == (MULTI,)
    assert procedures_named(terms(), [], ["MRI ABDOMEN"], ["with and without contrast"]) == (BOTH,)
    assert procedures_named(terms(), [], [], ["MRI abdomen with and without contrast"]) == ()
    assert procedures_named(terms(), [Coding(CPT, "78815")], [], ["F-18 FDG"]) == (FDG,)


def test_procedures_come_in_catalogue_order() -> None:
    order = list(LIBRARY.procedures)
    named = procedures_named(terms(), [], ["CT ABDOMEN"])
    assert sorted(named, key=order.index) == list(named)


def traits(*titles: str, codings: tuple[Coding, ...] = ()) -> StudyTraits | None:
    return traits_named(terms(), codings, titles)


def kinds(*titles: str, codings: tuple[Coding, ...] = ()) -> tuple[str, ...]:
    found = traits(*titles, codings=codings)
    assert found is not None
    return imaging_kinds(found)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Abdominal Ultrasound", ("us",)),
        ("US", ("us",)),
        ("US KIDNEYS", ("us",)),
        ("CEUS liver", ("ceus",)),
        ("CT ABDOMEN PELVIS WO CONTRAST", ("ct-noncontrast",)),
        ("CT abdomen pelvis w contrast", ("ct-single-phase", "ct-multiphase")),
        ("CT A/P portal venous phase", ("ct-single-phase",)),
        ("CT liver triple phase", ("ct-multiphase",)),
        ("CT CHEST WO CONTRAST", ("ct-noncontrast",)),
        ("CT abdomen", ("ct-noncontrast", "ct-single-phase", "ct-multiphase")),
        ("MRI abdomen wo contrast", ("mri-noncontrast",)),
        ("MRCP", ("mri-noncontrast", "mri-with-contrast")),
        ("MRI liver w wo contrast", ("mri-with-contrast",)),
        ("CT HEAD", ()),
        ("MRI BRAIN", ()),
        ("US THYROID", ()),
        ("US PELVIS", ()),
        ("PET CT FDG", ()),
        ("XR ABDOMEN", ()),
        ("US guided liver biopsy", ()),
    ],
)
def test_kinds_of_earlier_imaging(title: str, expected: tuple[str, ...]) -> None:
    assert kinds(title) == expected


def test_earlier_studies_by_code() -> None:
    assert kinds(codings=(Coding(SNOMED, "45036003"),)) == ("us",)
    assert kinds(codings=(Coding(CPT, "74176"),)) == ("ct-noncontrast",)
    assert kinds(codings=(Coding(CPT, "74177"),)) == ("ct-single-phase", "ct-multiphase")
    assert kinds("multiphase liver", codings=(Coding(CPT, "74177"),)) == ("ct-multiphase",)
    assert kinds(codings=(Coding(CPT, "74160"),)) == ("ct-single-phase", "ct-multiphase")
    assert kinds(codings=(Coding(SNOMED, "418891003"),)) == (
        "ct-noncontrast",
        "ct-single-phase",
        "ct-multiphase",
    )
    assert kinds(codings=(Coding(SNOMED, "429858000"),)) == ()


def test_a_title_fills_what_the_code_leaves_open_and_changes_nothing_else() -> None:
    found = traits("CT HEAD WITHOUT CONTRAST", codings=(Coding(CPT, "74177"),))
    assert found is not None
    assert (found.regions, found.contrast) == (("abdomen", "pelvis"), "with")


def test_pieces_of_an_imaging_study_are_put_together() -> None:
    dicom = "http://dicom.nema.org/resources/ontology/DCM"
    found = traits("Abdomen", "with and without contrast", codings=(Coding(dicom, "MR"),))
    assert found is not None
    assert (found.modality, found.regions, found.contrast) == ("mri", ("abdomen",), "without-and-with")
    pet = traits(codings=(Coding(dicom, "PT"),))
    assert pet is not None
    assert pet.modality == "pet-ct"


@pytest.mark.parametrize("title", ["", "Colonoscopy", "Basic Metabolic Panel", "liver"])
def test_what_is_no_imaging_study(title: str) -> None:
    assert traits(title) is None


def test_traits_of_two_possible_codes_keep_what_they_share() -> None:
    found = traits(codings=(Coding(LOINC, "24556-3"),))
    assert found is not None
    assert (found.modality, found.contrast) == ("mri", None)


def test_a_title_that_states_nothing() -> None:
    said = study_said("see comment")
    assert (said.modality, said.regions, said.phase, said.tracer, said.foreign) == (
        None,
        frozenset(),
        None,
        None,
        False,
    )
