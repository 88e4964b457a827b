"""How charts really write: abbreviations, staging, family history behind the disease, liver segments."""

import time

import pytest

from cards.vocabulary import Coding
from cds_service.guideline.terms.judging import Standing, concepts_named, judge
from tests.charts import ICD, terms

CANCER = "extrahepatic-malignancy"
LIVER_DISEASE = "chronic-liver-disease"
LESION = "liver-lesion"
YES, NO, UNSURE, _ = Standing


def standing(text: str, concept: str, *codings: Coding) -> Standing:
    return judge(terms(), concept, codings, [text] if text else []).standing


def lines(text: str) -> list[str]:
    return [line for line in text.strip().splitlines() if line]


CANCERS = """
CA of the colon, stage IV
CA of breast
Ca. breast
Ca sigmoid
CA sigmoid colon
Ca. of the left breast
Malig neo colon
Malig. neo. colon
Mal neo lung
Malign neopl breast NOS
Stage IV colon
Colon stage 4
Stage IIIB lung
Adenoca of sigmoid
Adenoca. lung
TNBC
CML
AML
CLL
GBM
Ewing sarcoma
Ewing's
Bladder TCC
TCC of bladder
pNET
NET of pancreas
pancreatic NET
RCC
NSCLC
SCLC
DLBCL
HNSCC
Lung CA
Ca cervix
urothelial ca
bile duct ca
Ca head of pancreas
ca of head and neck
CA prostate s/p RT
h/o CA breast
hx of ca of lung
B-ALL
T-ALL
ductal ca of breast
ca of right upper lobe lung
CA of unknown primary
Mamma-Ca
Colon-Ca
Ca de mama
Colon ca. No liver lesions.
CA of colon, liver normal
Metastatic ca
PDAC
Breast Ca (L)
Breast carcin
Secondary malig neo liver
Lung ca; CA 125 raised
NON-SMALL CELL CA OF LUNG
small cell ca lung
Neoplasm of breast, malignant
Breast cancer, no family history
Breast cancer; no family hx
Lung cancer. Family history negative
Family history of melanoma; breast cancer
Breast cancer, family history of breast cancer
Lung cancer; family history of colon cancer
"""

NOT_CANCERS = """
CA 125
CA-125 elevated
CA 19-9
CA 15-3
Ca 9.1 (calcium)
Ca supplement
Ca channel blocker
Ca channel blocker overdose
DCIS
DCIS left breast
Breast cancer, family history of
Melanoma, family hx of
Colon cancer; family hx
Ca colon - FHx
Breast ca, FH
Lung cancer, strong family history
Colon cancer, family history in mother
Colon cancer; mother
Melanoma (FHx)
Ovarian cancer - family h/o
Breast cancer in family
Breast cancer. Family history.
renal AML
Anti-GBM disease
Ca cervix in situ
CA in situ of cervix
Ca of skin
Liver ca
Ca of liver
Ca liver
Malig neo liver
Malignant hypertension
CKD stage 3
stage 4 kidney disease
Stage 3 liver fibrosis
COPD stage 4 lung disease
Ca oxalate kidney stones
Ca renal stone
calcium 9
all labs normal
5 mm nodule
10 MM NODULE LIVER
All normal
colon, Ca 9.1
BRCA1
safety net
No ca of breast
hepatocellular ca
Tanner stage 3 breast
Low Ca
Coronary Ca score
Wilson disease
ALL LABS ARE NORMAL TODAY
CAD
California
Stage IV lung disease
Malignant renal hypertension
Net weight loss
"""

OPEN_CANCERS = """
ALL
MM
hx of ALL
ALL s/p BMT
MM in remission
MM, on lenalidomide
Stage II breast
?ca colon
ca ?lung
Ca of
squamous ca
MDS
bone ca
Lung ca?
"""

LIVER_DISEASES = """
PSC
AIH
Laennec's cirrhosis
Laennec
Alcoholic cirrh.
cirrh
Cirrh. due to HCV
MASLD with F3
MASLD w/ F3
MASH
F4 fibrosis
MASLD with F3 fibrosis
NAFLD with advanced fibrosis
HBsAg carrier
hepatitis B carrier
Hep B carrier
Carrier of hepatitis B
Chronic hep C
Fibrosis stage F4
liver fibrosis stage 3
NASH F4
Primary biliary cirrhosis
Cirrhosis (alpha-1 antitrypsin)
"""

NOT_LIVER_DISEASES = """
MASLD
fatty liver
MASLD F0
MASLD with F0-F1
Pulmonary fibrosis
cystic fibrosis
HBsAg negative
Acute liver failure
hemochromatosis carrier
Wilms tumor
PSC family history
No cirrh
NAFLD without fibrosis
Renal transplant
"""

OPEN_LIVER_DISEASES = """
Liver transplant
s/p OLT
Status post orthotopic liver transplant
Wilson disease
Wilson's disease
Alpha-1 antitrypsin deficiency
A1AT deficiency
Congestive hepatopathy
HBsAg positive
CLD
advanced fibrosis
"""


@pytest.mark.parametrize("text", lines(CANCERS))
def test_abbreviated_cancers_are_cancers(text: str) -> None:
    assert standing(text, CANCER) is YES


@pytest.mark.parametrize("text", lines(NOT_CANCERS))
def test_calcium_markers_and_the_familys_cancers_are_none(text: str) -> None:
    assert standing(text, CANCER) is NO


@pytest.mark.parametrize("text", lines(OPEN_CANCERS))
def test_what_may_mean_a_cancer_stays_open(text: str) -> None:
    assert standing(text, CANCER) is UNSURE


@pytest.mark.parametrize("text", lines(LIVER_DISEASES))
def test_abbreviated_liver_diseases(text: str) -> None:
    assert standing(text, LIVER_DISEASE) is YES


@pytest.mark.parametrize("text", lines(NOT_LIVER_DISEASES))
def test_what_only_sounds_like_chronic_liver_disease(text: str) -> None:
    assert standing(text, LIVER_DISEASE) is NO


@pytest.mark.parametrize("text", lines(OPEN_LIVER_DISEASES))
def test_liver_diseases_that_the_facts_are_silent_on_stay_open(text: str) -> None:
    assert standing(text, LIVER_DISEASE) is UNSURE


ICD_TITLES = """
B18.1 | Chronic viral hepatitis B without delta-agent | yes
B18.2 | Chronic viral hepatitis C | yes
B19.20 | Unspecified viral hepatitis C without hepatic coma | yes
K70.0 | Alcoholic fatty liver | yes
K70.10 | Alcoholic hepatitis without ascites | yes
K70.2 | Alcoholic fibrosis and sclerosis of liver | yes
K70.30 | Alcoholic cirrhosis of liver without ascites | yes
K70.40 | Alcoholic hepatic failure without coma | yes
K70.9 | Alcoholic liver disease, unspecified | yes
K72.10 | Chronic hepatic failure without coma | yes
K73.9 | Chronic hepatitis, unspecified | yes
K74.00 | Hepatic fibrosis, unspecified | yes
K74.01 | Hepatic fibrosis, early fibrosis | yes
K74.02 | Hepatic fibrosis, advanced fibrosis | yes
K74.1 | Hepatic sclerosis | yes
K74.2 | Hepatic fibrosis with hepatic sclerosis | yes
K74.3 | Primary biliary cirrhosis | yes
K74.4 | Secondary biliary cirrhosis | yes
K74.5 | Biliary cirrhosis, unspecified | yes
K74.60 | Unspecified cirrhosis of liver | yes
K74.69 | Other cirrhosis of liver | yes
K75.4 | Autoimmune hepatitis | yes
K75.81 | Nonalcoholic steatohepatitis (NASH) | yes
K83.01 | Primary sclerosing cholangitis | yes
E83.110 | Hereditary hemochromatosis | yes
K76.0 | Fatty (change of) liver, not elsewhere classified | no
K76.1 | Chronic passive congestion of liver | unsure
K76.6 | Portal hypertension | unsure
K76.7 | Hepatorenal syndrome | unsure
K76.81 | Hepatopulmonary syndrome | unsure
K76.82 | Hepatic encephalopathy | unsure
I85.00 | Esophageal varices without bleeding | unsure
K72.90 | Hepatic failure, unspecified without coma | unsure
K72.00 | Acute and subacute hepatic failure without coma | no
E83.01 | Wilson's disease | unsure
E88.01 | Alpha-1-antitrypsin deficiency | unsure
Z94.4 | Liver transplant status | unsure
T86.40 | Unspecified complication of liver transplant | unsure
Z48.23 | Encounter for aftercare following liver transplant | unsure
Z14.8 | Genetic carrier of other disease | no
"""


@pytest.mark.parametrize("line", lines(ICD_TITLES))
def test_code_and_title_agree_on_chronic_liver_disease(line: str) -> None:
    code, title, expected = (part.strip() for part in line.split("|"))
    assert standing("", LIVER_DISEASE, Coding(ICD, code)) == expected
    assert standing(title, LIVER_DISEASE) == expected
    assert standing("", LIVER_DISEASE, Coding(ICD, code, title)) == expected


LIVER_LESIONS = """
Liver and renal lesions
Hepatic and renal lesions
Liver and pancreatic lesion
Lesion in liver and kidney
Lesions in kidney and liver
Liver/renal lesions
Focal hepatic abnormality
8 mm lesion in segment 6
segment VII lesion
Lesion segment IVa
1.2 cm nodule seg 8
Cirrhosis, new nodule
Cirrhosis with new nodule
New nodule in cirrhotic liver
Cirrhosis, 2 cm nodule
LI-RADS 3 observation
LR-3
LR-M
LI-RADS 5
LR-5
LIRADS 4
hypodense focus in segment 6 of the liver
Too small to characterize hypodensity in segment 7 of the liver
liver spot on ultrasound
Spot on liver
nodule in hepatic segment 6
segment 6 hypodensity
Lesion in segment 6/7
renal and hepatic lesions
Lung and liver nodules
Liver and spleen lesions
8 mm lesion, segment 6
Lesion in segment 6 of right lobe of liver
Segment 6 right hepatic lobe lesion
Liver mass LR-5
Nodule in segments 5 and 6
"""

NOT_LIVER_LESIONS = """
renal lesions
Renal lesions, liver normal
skin lesion; liver normal
hepatic flexure mass
no liver lesion
nodule in segment 6 of the right lung
8 mm pulmonary nodule seen on CT in segment 6
Lung nodule segment 6
segment 6 nodule right lower lobe
LAD lesion segment 6
coronary lesion, segment 6
LR 3 L bolus
liver spots on hands
cirrhosis, lung nodule
Cirrhosis; thyroid nodule
Liver and renal function
regenerative nodules
Cirrhosis
No lesion in segment 6
Pulmonary nodule segment 3 RUL
spinal segment 5 lesion
Liver normal, renal mass
kidney and pancreatic lesion
nodule in segment 3 of left lower lobe
left upper lobe segment 2 nodule
LI-RADS 1
"""

ABNORMAL_IMAGING = """
abnormal CT liver
abnl liver US
Abnormal liver ultrasound
abn. liver CT
Abnormal MRI of the liver
liver US abnormal
Abnl CT scan of liver
abnormal ultrasound liver
"""


def named(text: str) -> frozenset[str]:
    return concepts_named(terms(), [], [text]) - {"liver-site", LIVER_DISEASE}


@pytest.mark.parametrize("text", lines(LIVER_LESIONS))
def test_liver_lesions_by_neighbour_segment_and_category(text: str) -> None:
    assert named(text) == {LESION}


@pytest.mark.parametrize("text", lines(NOT_LIVER_LESIONS))
def test_lesions_of_other_places_are_no_liver_lesion(text: str) -> None:
    assert LESION not in named(text)


@pytest.mark.parametrize("text", lines(ABNORMAL_IMAGING))
def test_abnormal_imaging_in_any_order_of_words(text: str) -> None:
    assert named(text) == {"abnormal-liver-imaging"}


@pytest.mark.parametrize("word", ["ca ", "lung ", "lesion segment ", "masld with ", "family history; ", "a"])
def test_repeated_words_are_read_in_linear_time(word: str) -> None:
    start = time.perf_counter()
    standing(word * 4_000, CANCER)
    assert time.perf_counter() - start < 1
