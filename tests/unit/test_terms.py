"""What entries of a chart stand for: words, codes, both together, and a tenant's own codes."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cards.vocabulary import Coding
from cds_service.errors import SettingsFaulty
from cds_service.guideline.content.library import load
from cds_service.guideline.terms.judging import (
    LocalCodes,
    Standing,
    Terms,
    compile_terms,
    concepts_named,
    judge,
    local_codes,
    procedures_named,
    traits_named,
)
from tests.charts import CPT, ICD, LOINC, SNOMED, terms

LIBRARY = load()

CANCER = "extrahepatic-malignancy"
LIVER_DISEASE = "chronic-liver-disease"
YES, NO, UNSURE, UNREADABLE = Standing


def standing(text: str, concept: str = CANCER, *codings: Coding) -> Standing:
    return judge(terms(), concept, codings, [text] if text else []).standing


CANCERS = """
Lung cancer, s/p lobectomy 2023
Non-small cell lung cancer stage I
NSCLC - Non-small cell lung cancer
Small cell carcinoma of lung (disorder)
Primary small cell malignant neoplasm of lung, TNM stage 1 (disorder)
Adenocarcinoma of sigmoid colon
Cancer, lung
Malignant neoplasm, breast
Melanoma of skin, excised 2015
Hx of NHL
History of breast cancer
H/o prostate CA
prostate ca
Ca breast
GIST
Gastrointestinal stromal tumor of stomach
leukemia in remission
CLL
Hodgkin's disease
Multiple myeloma
carcinoid tumor of ileum
Neuroendocrine tumour of pancreas
Merkel cell carcinoma of skin of cheek
Squamous cell carcinoma of lung
Head and neck squamous cell cancer of larynx, breast cancer
Klatskin tumor
Extrahepatic cholangiocarcinoma
Malignant neoplasm of ampulla of Vater
Metastasis to liver
liver mets
Secondary malignant neoplasm of liver
Secondary malignant neoplasm of skin
Colon cancer metastatic to liver
Metastasis from malignant tumor of prostate (disorder)
Malignant neoplastic disease
Malignant tumor of craniopharyngeal duct
Colon cancer with liver metastases
Breast cancer, no evidence of recurrence
No evidence of recurrent breast cancer
Breast cancer, NED
HER2 negative breast cancer
Triple negative breast cancer
Breast cancer, suspected recurrence
Breast cancer, declined chemotherapy
Lung cancer found on screening CT
Screen-detected breast cancer
Breast cancer survivor
Cancer treatment declined
Personal history of malignant neoplasm of breast
FH breast cancer; personal history of melanoma
Family history of breast cancer and personal history of melanoma
Lung cancer. Mother had breast cancer.
Breast cancer in remission since 2019
No change in lung cancer
Ductal carcinoma of breast with DCIS component
Cancer of unknown primary
Lung cancer without metastasis
Longkanker
Mammacarcinoom
Status na coloncarcinoom
Bronchialkarzinom
Z.n. Mammakarzinom
Bösartige Neubildung der Lunge
Brustkrebs
Cáncer de mama
Antecedentes de cáncer de colon
Tumor maligno de próstata
Cancer du sein
Leucémie aiguë
Tumore maligno della mammella
Cancro da mama
肺癌
乳腺恶性肿瘤
"""

NOT_CANCERS = """
Benign neoplasm of brain
Benign neoplasm of colon
Benign carcinoid tumor of lung
Colon cancer screening declined
Screening for malignant neoplasm of colon
Encounter for screening mammogram for malignant neoplasm of breast
Lung cancer screening
Family history of breast cancer
Family history of cancer of colon
FHx: colon cancer
Fam hx lung cancer
No family history of cancer
Breast cancer in mother
Lung cancer, mother
Father: prostate cancer
Sister with ovarian cancer
Basal cell carcinoma of skin
BCC of nose
Squamous cell carcinoma of skin
SCC of skin
Non-melanoma skin cancer
Malignant neoplasm of skin of ear
Skin cancer
Ductal carcinoma in situ
Ductal carcinoma, in situ
DCIS of left breast
Melanoma in situ
Carcinoma in situ of prostate (disorder)
Hepatocellular carcinoma
HCC
Metastatic hepatocellular carcinoma
Liver cancer
Malignant neoplasm of liver
Malignant neoplasm, liver
Malignant neoplasm of liver, not specified as primary or secondary
Cholangiocarcinoma
Intrahepatic bile duct carcinoma
Neoplasm of liver
Liver tumor
CA 19-9 elevated
CA-125 raised
Elevated cancer antigen 125
Elevated carcinoembryonic antigen (CEA)
Elevated tumor markers
fear of cancer
Cancer phobia
cancer risk assessment
Increased risk of breast cancer
At risk for lung cancer
BRCA1 carrier
Genetic susceptibility to malignant neoplasm of breast
Hereditary breast and ovarian cancer syndrome
Lynch syndrome
No malignancy found
No evidence of malignancy
Negative for malignancy
Breast cancer ruled out
Lung cancer excluded
Denies cancer
Never had cancer
Cirrhosis of liver
NASH
polyp of colon
Colonic adenoma
premalignant lesion
Precancerous skin lesion
Non-malignant breast mass
Malignant hypertension
Malignant hyperthermia
Neuroleptic malignant syndrome
Pseudolymphoma of skin
Canker sore
Sarcoidosis
Fatty liver
Lung nodule
Asthma
Caregiver of person with cancer
Prediabetes
Chronic sinusitis (disorder)
Familieanamnese: borstkanker
Bevolkingsonderzoek borstkanker
Familienanamnese: Mammakarzinom
Kein Hinweis auf Karzinom
Antecedentes familiares de cáncer de mama
Pas de cancer
肝癌
肺癌筛查
"""

DOUBTFUL = """
Suspected lung cancer
Suspected lung cancer (situation)
Lung cancer (suspected)
Lung cancer, suspected
Lung cancer suspected on CT
Possible lymphoma
Probable breast cancer
r/o lung cancer
Rule out malignancy
Check for metastatic disease
Evaluate for malignancy
Lung cancer?
? lung cancer
Lung mass concerning for malignancy
Cannot exclude malignancy
Breast cancer vs. fibroadenoma
Neoplasm of uncertain behavior of ovary
Neoplasm of prostate
Brain tumor
Squamous cell carcinoma
Malignant ascites
cancer-related pain
Cancer free for 5 years
Encounter for antineoplastic chemotherapy
Family history: breast cancer, colon cancer
No fever, lung cancer
Verdacht auf Bronchialkarzinom
Verdenking longkanker
Sospecha de cáncer de pulmón
"""


def _lines(text: str) -> list[str]:
    return [line for line in text.strip().splitlines() if line]


@pytest.mark.parametrize("text", _lines(CANCERS))
def test_words_that_state_a_cancer(text: str) -> None:
    assert standing(text) is YES


@pytest.mark.parametrize("text", _lines(NOT_CANCERS))
def test_words_that_only_sound_like_a_cancer(text: str) -> None:
    assert standing(text) is NO


@pytest.mark.parametrize("text", _lines(DOUBTFUL))
def test_words_that_leave_a_cancer_in_doubt(text: str) -> None:
    assert standing(text) is UNSURE


@pytest.mark.parametrize(
    "text",
    [
        "Lung cancer, s/p lobectomy 2023",
        "Hx of NHL",
        "Melanoma of skin, excised 2015",
        "leukemia in remission",
        "Breast cancer, no evidence of recurrence",
        "Personal history of malignant neoplasm of breast",
    ],
)
def test_a_past_cancer_counts_and_is_said_to_be_past(text: str) -> None:
    judged = judge(terms(), CANCER, [], [text])
    assert (judged.standing, judged.past) == (YES, True)


def test_an_active_cancer_beside_a_past_one_is_not_past() -> None:
    assert not judge(terms(), CANCER, [], ["History of breast cancer; lung cancer"]).past


def test_only_asking_for_a_thing_is_told_from_suspecting_it() -> None:
    assert judge(terms(), CANCER, [], ["rule out lymphoma"]).sought
    assert not judge(terms(), CANCER, [], ["suspected lymphoma"]).sought


# ICD-10-CM codes with the release's own titles: code alone, title alone and both together agree.
ICD_TITLES = """
C18.7 | Malignant neoplasm of sigmoid colon | yes
C24.1 | Malignant neoplasm of ampulla of Vater | yes
C34.90 | Malignant neoplasm of unspecified part of unspecified bronchus or lung | yes
C43.9 | Malignant melanoma of skin, unspecified | yes
C4A.0 | Merkel cell carcinoma of lip | yes
C50.919 | Malignant neoplasm of unspecified site of unspecified female breast | yes
C61 | Malignant neoplasm of prostate | yes
C77.9 | Secondary and unspecified malignant neoplasm of lymph node, unspecified | yes
C78.7 | Secondary malignant neoplasm of liver and intrahepatic bile duct | yes
C7A.00 | Malignant carcinoid tumor of unspecified site | yes
C7B.02 | Secondary carcinoid tumors of liver | yes
C80.1 | Malignant (primary) neoplasm, unspecified | yes
C85.90 | Non-Hodgkin lymphoma, unspecified, unspecified site | yes
C90.01 | Multiple myeloma in remission | yes
C91.10 | Chronic lymphocytic leukemia of B-cell type not having achieved remission | yes
Z85.038 | Personal history of other malignant neoplasm of large intestine | yes
Z85.118 | Personal history of other malignant neoplasm of bronchus and lung | yes
Z85.820 | Personal history of malignant melanoma of skin | yes
C22.0 | Liver cell carcinoma | no
C22.1 | Intrahepatic bile duct carcinoma | no
C22.9 | Malignant neoplasm of liver, not specified as primary or secondary | no
C44.91 | Basal cell carcinoma of skin, unspecified | no
C44.92 | Squamous cell carcinoma of skin, unspecified | no
D05.10 | Intraductal carcinoma in situ of unspecified breast | no
D12.6 | Benign neoplasm of colon, unspecified | no
D13.4 | Benign neoplasm of liver | no
D37.6 | Neoplasm of uncertain behavior of liver, gallbladder and bile ducts | no
D3A.00 | Benign carcinoid tumor of unspecified site | no
K76.0 | Fatty (change of) liver, not elsewhere classified | no
R97.0 | Elevated carcinoembryonic antigen [CEA] | no
Z12.11 | Encounter for screening for malignant neoplasm of colon | no
Z15.01 | Genetic susceptibility to malignant neoplasm of breast | no
Z80.3 | Family history of malignant neoplasm of breast | no
Z85.05 | Personal history of malignant neoplasm of liver | no
D38.1 | Neoplasm of uncertain behavior of trachea, bronchus and lung | unsure
D49.2 | Neoplasm of unspecified behavior of bone, soft tissue, and skin | unsure
G89.3 | Neoplasm related pain (acute) (chronic) | unsure
R18.0 | Malignant ascites | unsure
"""


@pytest.mark.parametrize("line", _lines(ICD_TITLES))
def test_code_and_title_of_icd_10_cm_agree(line: str) -> None:
    code, title, expected = (part.strip() for part in line.split("|"))
    assert standing("", CANCER, Coding(ICD, code)) == expected
    assert standing(title) == expected
    assert standing("", CANCER, Coding(ICD, code, title)) == expected


def test_an_icd_10_cm_code_that_is_not_listed_says_no_but_junk_says_nothing() -> None:
    assert standing("", CANCER, Coding(ICD, "E11.9")) is NO
    assert standing("", CANCER, Coding(ICD, "see note")) is UNREADABLE


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("C34.90", "", YES),
        ("C34.90", "Bronchogenic process", YES),
        ("C34.90", "Family history of lung cancer", UNSURE),
        ("C34.90", "Suspected lung cancer", UNSURE),
        ("C34.90", "Lung cancer screening", UNSURE),
        ("Z80.1", "Family history of lung cancer", NO),
        ("Z80.1", "Lung cancer", UNSURE),
        ("K76.0", "Fatty liver; lung cancer 2019", UNSURE),
        ("D49.2", "Sarcoma of thigh", UNSURE),
        ("Z85.828", "History of basal cell carcinoma", NO),
    ],
)
def test_codes_decide_and_words_against_them_leave_doubt(code: str, text: str, expected: Standing) -> None:
    assert standing(text, CANCER, Coding(ICD, code)) is expected


def test_any_included_code_counts_whatever_stands_beside_it() -> None:
    junk = [Coding("urn:oid:1.2.840.114350.1", "x1"), Coding(ICD, "R69", "Illness, unspecified")]
    assert standing("", CANCER, *junk, Coding(SNOMED, "254637007")) is YES


def test_a_code_that_doubts_or_denies_outweighs_one_that_includes() -> None:
    assert standing("", CANCER, Coding(ICD, "C34.90"), Coding(SNOMED, "162573006")) is UNSURE
    assert standing("", CANCER, Coding(ICD, "C18.9"), Coding(SNOMED, "312824007")) is UNSURE


def test_an_unknown_code_is_read_by_its_display_and_without_one_not_at_all() -> None:
    assert standing("", CANCER, Coding(SNOMED, "363358000", "Malignant tumor of lung")) is YES
    assert standing("", CANCER, Coding("http://hl7.org/fhir/sid/icd-9-cm", "162.9", "Mal neo lung")) is YES
    assert standing("", CANCER, Coding(SNOMED, "363358000")) is UNREADABLE
    assert standing("", CANCER) is UNREADABLE
    assert standing("unknown") is UNREADABLE
    assert standing("12345") is UNREADABLE


def test_words_in_a_script_that_we_hold_no_phrases_of_are_not_read_as_absence() -> None:
    assert standing("Рак лёгкого") is UNREADABLE
    assert standing("Рак лёгкого", CANCER, Coding(ICD, "E11.9")) is NO


def test_a_known_code_of_another_concept_needs_no_words() -> None:
    assert standing("", CANCER, Coding(SNOMED, "19943007")) is NO  # cirrhosis


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("http://snomed.info/sct", "254637007"),
        ("https://snomed.info/sct/", "254637007"),
        ("http://snomed.info/sct/731000124108/version/20250301", "254637007"),
        ("urn:oid:2.16.840.1.113883.6.96", "254637007"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "c34.90"),
        ("http://hl7.org/fhir/sid/icd-10-cm|2026", "C3490"),
        ("urn:oid:2.16.840.1.113883.6.90", "C34.90"),
        ("ICD-10-CM", " C34.90 "),
    ],
)
def test_spellings_of_systems_and_codes(system: str, code: str) -> None:
    assert standing("", CANCER, Coding(system, code)) is YES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Cirrhosis of liver", YES),
        ("Alcoholic cirrhosis of liver without ascites", YES),
        ("Cirrhosis s/p TIPS", YES),
        ("NASH", YES),
        ("Chronic hepatitis C", YES),
        ("Hepatitis C", YES),
        ("Hereditary hemochromatosis", YES),
        ("Autoimmune hepatitis", YES),
        ("Primary biliary cholangitis", YES),
        ("Levercirrose", YES),
        ("Leberzirrhose", YES),
        ("Cirrosis hepática", YES),
        ("肝硬化", YES),
        ("fatty liver", NO),
        ("Hepatic steatosis", NO),
        ("NAFLD", NO),
        ("Liver lesion", NO),
        ("Acute hepatitis B", NO),
        ("Hepatitis B vaccination", NO),
        ("Immune to hepatitis B", NO),
        ("Hepatitis C screening", NO),
        ("Hepatitis C antibody negative", NO),
        ("No cirrhosis", NO),
        ("Mother with cirrhosis", NO),
        ("Chronic hepatitis C, cured", UNSURE),
        ("Chronic hepatitis C, SVR", UNSURE),
        ("History of hepatitis C", UNSURE),
        ("Hepatitis C s/p treatment", UNSURE),
        ("Hepatitis B carrier", YES),
        ("Portal hypertension", UNSURE),
        ("Possible cirrhosis", UNSURE),
    ],
)
def test_chronic_liver_disease(text: str, expected: Standing) -> None:
    assert standing(text, LIVER_DISEASE) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("K74.60", YES), ("B18.2", YES), ("E83.110", YES), ("K76.0", NO), ("K76.89", NO), ("K76.6", UNSURE)],
)
def test_chronic_liver_disease_by_code(code: str, expected: Standing) -> None:
    assert standing("", LIVER_DISEASE, Coding(ICD, code)) is expected


def test_a_cured_hepatitis_leaves_the_fact_open_even_with_its_code() -> None:
    assert standing("Chronic hepatitis C, cured 2021", LIVER_DISEASE, Coding(ICD, "B18.2")) is UNSURE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Liver lesion", {"liver-lesion"}),
        ("Hypoechoic lesion in the right hepatic lobe", {"liver-lesion"}),
        ("Indeterminate liver mass", {"liver-lesion"}),
        ("Liver lesion under 1 cm", {"liver-lesion"}),
        ("Mass, liver", {"liver-lesion"}),
        ("Evaluate liver lesion", {"liver-lesion"}),
        ("Probable liver lesion", {"liver-lesion"}),
        ("Liver lesion, likely hemangioma", {"liver-lesion"}),
        ("Probable hepatic hemangioma", {"liver-lesion"}),
        ("Suspected hepatocellular carcinoma", {"liver-lesion"}),
        ("Complex cyst of liver", {"liver-lesion"}),
        ("Leverlaesie", {"liver-lesion"}),
        ("Unklare Leberläsion", {"liver-lesion"}),
        ("Lesión hepática", {"liver-lesion"}),
        ("Hemangioma of liver", {"benign-liver-lesion"}),
        ("Simple hepatic cyst", {"benign-liver-lesion"}),
        ("FNH", {"benign-liver-lesion"}),
        ("Benign neoplasm of liver", {"benign-liver-lesion"}),
        ("Hepatocellular carcinoma", {"primary-liver-cancer"}),
        ("Metastasis to liver", {"liver-metastasis", CANCER}),
        ("Abnormal liver ultrasound", {"abnormal-liver-imaging"}),
        ("Abnormal findings on diagnostic imaging of liver and biliary tract", {"abnormal-liver-imaging"}),
        ("Lung cancer", {CANCER}),
        ("Cirrhosis", {LIVER_DISEASE}),
        ("No liver lesion", set()),
        ("Rule out liver metastases", set()),
        ("Abnormal liver function tests", set()),
        ("Hepatomegaly", set()),
        ("Renal mass, liver cyst", {"benign-liver-lesion"}),
        ("Skin lesion, fatty liver", set()),
        ("Hepatic flexure mass", set()),
        ("Hydatid cyst of liver", set()),
        ("Renal cyst and fatty liver", set()),
        ("Back pain", set()),
        ("HCC surveillance", set()),
    ],
)
def test_concepts_named_by_a_reason(text: str, expected: set[str]) -> None:
    named = concepts_named(terms(), [], [text]) - {"liver-site"}
    assert named == expected


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("R93.2", "", "abnormal-liver-imaging"),
        ("D37.6", "", "liver-lesion"),
        ("K76.89", "", "liver-lesion-unspecific"),
        ("D13.4", "", "benign-liver-lesion"),
        ("C22.0", "", "primary-liver-cancer"),
        ("C78.7", "", "liver-metastasis"),
        ("D49.0", "Neoplasm of liver", "liver-lesion"),
        ("D18.03", "Hepatic hemangioma", "benign-liver-lesion"),
        ("K76.89", "Liver lesion", "liver-lesion"),
        ("K76.89", "Hepatic cyst", "benign-liver-lesion"),
    ],
)
def test_codes_of_liver_lesions(code: str, text: str, expected: str) -> None:
    assert expected in concepts_named(terms(), [Coding(ICD, code)], [text] if text else [])


def test_codes_that_need_words_about_the_liver_mean_nothing_without_them() -> None:
    assert not concepts_named(
        terms(), [Coding(ICD, "D18.03", "Hemangioma of intra-abdominal structures")], []
    )
    assert "liver-lesion" not in concepts_named(terms(), [Coding(ICD, "D49.0")], [])


@pytest.mark.parametrize(
    ("concept", "text", "expected"),
    [
        ("liver-site", "Right lobe of liver", YES),
        ("liver-site", "Thorax", NO),
        ("liver-site", "Extrahepatic bile duct", NO),
        ("liver-site", "Lever", YES),
        ("gadolinium-agent", "Gadobutrol", YES),
        ("gadolinium-agent", "Iohexol", NO),
        ("gadolinium-agent", "Contrast media", NO),
        ("iodinated-contrast-agent", "Iodinated contrast media", YES),
        ("iodinated-contrast-agent", "Omnipaque", YES),
        ("iodinated-contrast-agent", "Iodine allergy", NO),
        ("ultrasound-contrast-agent", "Lumason (sulfur hexafluoride)", YES),
        ("ultrasound-contrast-agent", "Polyethylene glycol 3350", UNSURE),
        ("contrast-allergy-unspecified", "IV contrast dye", YES),
        ("contrast-allergy-unspecified", "Iodinated contrast media", NO),
        ("contrast-allergy-unspecified", "Latex", NO),
        ("acute-kidney-injury", "AKI on CKD", YES),
        ("acute-kidney-injury", "AKI, resolved", UNSURE),
        ("acute-kidney-injury", "Chronic kidney disease stage 3", NO),
        ("dialysis", "ESRD on hemodialysis", YES),
        ("dialysis", "Not on dialysis", NO),
        ("dialysis", "No longer on dialysis", UNSURE),
        ("dialysis", "Retinal dialysis", NO),
        ("implant", "Dual-chamber pacemaker in situ", YES),
        ("implant", "Cochlear implant", YES),
        ("implant", "Defibrillator, device", YES),
        ("implant", "Knee joint prosthesis", NO),
        ("implant", "Wearable cardioverter defibrillator", NO),
        ("pregnancy", "Pregnant, 20 weeks", YES),
        ("pregnancy", "Not pregnant", NO),
        ("pregnancy", "Negative pregnancy test", NO),
        ("pregnancy", "Pregnancy loss", NO),
        ("pregnancy", "Zwanger", YES),
    ],
)
def test_concepts_of_patient_facts(concept: str, text: str, expected: Standing) -> None:
    assert standing(text, concept) is expected


@pytest.mark.parametrize(
    ("text", "concept", "expected"),
    [
        ("Diabetes mellitus (CMS/HCC)", "primary-liver-cancer", NO),
        ("Chronic hepatitis C (HCC)", "primary-liver-cancer", NO),
        ("Chronic hepatitis C (HCC)", LIVER_DISEASE, YES),
        ("Malignant neoplasm of lung (CMS/HCC)", CANCER, YES),
        ("HCC, segment 6", "primary-liver-cancer", YES),
        ("Hepatocellular carcinoma (HCC)", "primary-liver-cancer", YES),
    ],
)
def test_billing_tags_are_no_liver_cancer(text: str, concept: str, expected: Standing) -> None:
    assert standing(text, concept) is expected


def test_iodine_allergy_is_no_contrast_allergy_by_code_either() -> None:
    iodine = Coding(SNOMED, "294914009", "Iodine allergy (disorder)")
    for concept in ("iodinated-contrast-agent", "contrast-allergy-unspecified"):
        assert standing("Iodine allergy", concept, iodine) is NO


def test_pregnancy_answers_of_loinc() -> None:
    answers = {"LA15173-0": YES, "LA26683-5": NO, "LA4489-6": UNSURE}
    for code, expected in answers.items():
        assert standing("", "pregnancy", Coding(LOINC, code)) is expected


def test_a_concept_the_library_does_not_hold_is_no() -> None:
    assert standing("Lung cancer", "no-such-concept") is NO


LOCAL = "urn:oid:1.2.840.114350.1.13.0.1.7.2.696580"
MRI = "mri-abdomen-without-and-with-iv-contrast"


def with_local(entries: dict[tuple[str, str], str]) -> Terms:
    return compile_terms(LIBRARY, LocalCodes(entries))


def test_a_local_code_counts_as_its_concept_and_as_no_other() -> None:
    local = with_local({(LOCAL, "77"): "liver-lesion"})
    assert judge(local, "liver-lesion", [Coding(LOCAL, "77")], []).standing is YES
    assert judge(local, CANCER, [Coding(LOCAL, "77")], []).standing is NO
    assert judge(local, "liver-lesion", [Coding(LOCAL, "78")], []).standing is UNREADABLE


def test_a_local_code_names_its_procedure() -> None:
    local = with_local({(LOCAL, "IMG1"): MRI})
    assert procedures_named(local, [Coding(LOCAL, "IMG1", "HC MR PROTOCOL 7")], []) == (MRI,)
    traits = traits_named(local, [Coding(LOCAL, "IMG1")], [])
    assert traits is not None
    assert traits.contrast == "without-and-with"


def test_local_codes_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "local-codes.yaml"
    file.write_text(
        f'codes:\n  - {{system: "{LOCAL}", code: "IMG1", means: {MRI}, note: MRI liver}}\n'
        '  - {system: "http://local", code: "007", means: liver-lesion}\n',
        encoding="utf-8",
    )
    assert local_codes(file, LIBRARY).entries == {
        (LOCAL, "IMG1"): MRI,
        ("http://local", "007"): "liver-lesion",
    }


def test_an_empty_file_of_local_codes_maps_nothing(tmp_path: Path) -> None:
    file = tmp_path / "local-codes.yaml"
    file.write_text("# none yet\n", encoding="utf-8")
    assert local_codes(file, LIBRARY).entries == {}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("codes: [", "not YAML (line"),
        ("- a", "must hold one key, `codes`"),
        ("codes: []\nmore: 1", "must hold one key, `codes`"),
        ("codes: [x]", "entry 1: must be a mapping"),
        ("codes: [{system: s, code: 74183, means: liver-lesion}]", "entry 1: `code` must be a quoted text"),
        ("codes: [{system: s, means: liver-lesion}]", "entry 1: `code` is missing"),
        (
            "codes: [{system: s, code: a, means: mri-knee}]",
            "entry 1: `means: mri-knee` is neither a procedure",
        ),
        ("codes: [{system: s, code: a, means: liver-lesion, mean: x}]", "unknown key `mean`"),
        (
            "codes: [{system: s, code: a, means: liver-lesion}, {system: s, code: a, means: implant}]",
            "entry 2: the code a of this system stands here a second time",
        ),
    ],
)
def test_faults_of_a_local_codes_file_say_what_to_do(tmp_path: Path, content: str, expected: str) -> None:
    file = tmp_path / "local-codes.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsFaulty) as fault:
        local_codes(file, LIBRARY)
    assert expected in str(fault.value)


def test_a_local_codes_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsFaulty, match="cannot be read"):
        local_codes(tmp_path / "absent.yaml", LIBRARY)


words = st.text(max_size=80) | st.sampled_from(_lines(CANCERS + NOT_CANCERS + DOUBTFUL))
codings = st.builds(
    Coding,
    st.sampled_from([ICD, SNOMED, LOINC, CPT, "", "http://x"]) | st.text(max_size=20),
    st.sampled_from(["C34.90", "254637007", "74160", "D49.0", "Z80"]) | st.text(max_size=12),
    words,
)


@settings(max_examples=150)
@given(st.lists(codings, max_size=4), st.lists(words, max_size=3))
def test_nothing_that_a_chart_holds_makes_reading_fail(found: list[Coding], texts: list[str]) -> None:
    for concept in terms().concepts:
        assert judge(terms(), concept, found, texts).standing in Standing
    assert concepts_named(terms(), found, texts) <= set(terms().concepts)
    assert set(procedures_named(terms(), found, texts, texts)) <= set(terms().studies.procedures)
    traits_named(terms(), found, texts)


def test_a_long_text_is_read_in_time_that_does_not_explode() -> None:
    text = "no liver and lesion of the history of suspected metasta " * 5_000
    start = time.perf_counter()
    judge(terms(), CANCER, [], [text])
    assert time.perf_counter() - start < 2
