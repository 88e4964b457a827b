"""How order and report titles name modality, region, phase and tracer. English as ordering screens
abbreviate it, with the commonest Dutch, German, French, Spanish, Italian and Portuguese words.

Content of a grammar, not of a guideline: a new topic needs no change here unless it brings a new region.
`foreign` marks what makes a title a study of another kind, however familiar the rest of it looks.
"""

from typing import Literal

Kind = Literal["modality", "region", "phase", "tracer", "agent", "foreign"]

_MODALITIES = {
    "mri": (
        "mri, mr, mrcp, mra, mre, mrt, irm, nmr, magnetic resonance, resonancia magnetica, risonanza "
        "magnetica, kernspin*"
    ),
    "ct": (
        "ct, cta, cat scan, computed tomogra*, computerized tomogra*, computerised tomogra*, computer "
        "tomogra*, computertomogra*, tomodensitometr*, tdm, tac"
    ),
    "us": (
        "us, usg, fibroscan, echocardiogra*, ultrasound*, ultrasonogra*, sono, sonogra*, echografie, "
        "echographie, ecografia, echo abdomen, ceus"
    ),
    "pet-ct": "pet, petct, positron emission",
    "nuclear": (
        "nm, bone scan*, hida, nuc med, nuclear medicine, scintigra*, scintiscan, spect, spectct, "
        "octreoscan, isotope"
    ),
    "radiograph": "xr, x ray*, xray*, radiograph*, plain film, kub, cxr, rontgen*, radiografia",
    "mammography": "mammogra*, mammo, tomosynthesis",
    "biopsy": "biops*, biopt*, bx, fna, fnab, fine needle aspirat*, core needle",
}

_REGIONS = {
    "abdomen": (
        "abdomen, mrcp, abdominal, abd, abdo, abdomin*, ruq, right upper quadrant, upper quadrant, buik, "
        "bovenbuik, oberbauch, abdominale, epigastr*"
    ),
    "liver": (
        "liver, hepatic, lever, leber, foie, hepatique, higado, hepatico, hepatica, fegato, epatico, "
        "figado, hepat*, liver mass protocol, liver lesion protocol"
    ),
    "pelvis": (
        "pelvis, pelvic, pelv, pel, abdpel*, abdomenpelvis, bekken, becken, bassin, transvaginal, "
        "endovaginal, transrectal, ovar*, uter*, prostat*, bladder, rectum, rectal"
    ),
    "chest": "chest, thorax, thoracic, lung*, pulmonary, pleura*, mediastin*, rib, ribs",
    "head": (
        "head, brain, cranial, cerebr*, skull, orbit*, sinus*, facial, face, iac, pituitary, temporal, "
        "maxillofacial, hersenen, schadel, intracranial, dental, tmj"
    ),
    "neck": ("neck, thyroid, parathyroid, larynx, carotid*, cervical nodes, soft tissue neck, hals, parotid"),
    "spine": "spine, spinal, lumbar, cervical, sacrum, sacral, lspine, cspine, tspine, coccyx, si joints",
    "extremity": (
        "knee*, hip, hips, shoulder*, ankle*, wrist*, foot, feet, hand, hands, elbow*, arm, leg, legs, "
        "extremit*, femur, tibia, humerus, finger*, toe, toes, calcaneus, groin"
    ),
    "breast": "breast*, axilla*, mamma",
    "heart": "heart, cardiac, cardiovascular, coronary, myocardial, echocardiogra*, tte, tee, muga",
    "kidney": "kidney*, renal, nephr*, retroperiton*, niere*, nier, nieren, ureter*",
    "pancreas": "pancrea*",
    "spleen": "spleen, splenic, milt, milz",
    "gallbladder": "mrcp, hida, gallbladder, gall bladder, biliary, bile duct*, galblaas, gallenblase",
    "adrenal": "adrenal*",
    "bowel": (
        "bowel, colon, appendix, rectosigmoid, stomach, gastric emptying, oesoph*, esoph*, upper gi, barium"
    ),
    "aorta": "aorta, aortic",
    "obstetric": "obstetric*, ob, fetal, fetus, pregnan*, gestation*, nuchal, anatomy scan",
    "scrotum": "scrot*, testic*, testis, penile",
    "bone": "bone scan*, bone, skeletal, skeleton, dexa, dxa, joint*, marrow",
    "whole-body": "whole body, wholebody, total body, vertex to toe*, head to toe",
    "skull-base-to-mid-thigh": (
        "skull base to mid thigh*, skull base to thigh*, skull base mid thigh*, skull base thigh*, skull "
        "base, base of skull, skull to thigh*, skull to mid thigh*, base of skull to mid thigh*, base of "
        "skull to thigh*, skull base to proximal thigh*, eyes to thigh*, eyes to mid thigh*, orbits to "
        "thigh*, orbit to mid thigh*"
    ),
}

_PHASES = {
    "multiphase": (
        "multiphase, multiphasic, multi phase, multi phasic, multiple phase*, triphasic, triphase, tri "
        "phasic, triple phase, three phase, 3 phase, 3phase, four phase, 4 phase, 4phase, quad phase, "
        "quadruple phase, quad phasic, quadphase, quadphasic, quadriphasic, quadruphasic, four phasic, "
        "4 phasic, 3 phasic, three phasic, 5 phase, five phase, biphasic, dual phase, two phase, 2 phase, "
        "dynamic, dynamically, liver mass protocol, liver lesion protocol, arterial and portal, arterial "
        "portal, arterial and venous, arterial venous, arterial pv, arterial and pv, arterial delayed, "
        "arterial and delayed, late arterial, mehrphasig*, dreiphasig*, drie fasen, driefasen*, trifasic*, "
        "triphasique, multifasic*"
    ),
    "single-phase": (
        "single phase, monophasic, one phase, 1 phase, portal venous phase, portal venous, portovenous, "
        "venous phase only, portal phase only, portal phase, pv phase, routine phase"
    ),
}

_TRACERS = {
    "fdg": ("fdg, 18ffdg, f18fdg, fluorodeoxyglucose, fludeoxyglucose, fluordeoxyglucose, flurodeoxyglucose"),
    "dotatate": "dotatate, netspot, detectnet",
    "octreotide": "octreotide, octreoscan, pentetreotide",
    "somatostatin": "somatostatin receptor*, sstr",
    "colloid": (
        "sulfur colloid, sulphur colloid, liver spleen scan*, liver and spleen scan*, liver spleen "
        "scintigra*, liver and spleen scintigra*, spleen liver scan*, liver spleen imaging, liver spleen "
        "spect"
    ),
    "rbc": (
        "rbc, rbcs, red blood cell*, red cell*, blood pool, hemangioma scan*, haemangioma scan*, "
        "hemangioma imaging, hemangioma spect, haemangioma spect"
    ),
}

# A contrast agent named without "with" or "without": contrast is given, how often is not said.
_AGENTS = (
    "cta, gadolinium, gad, gado*, eovist, primovist, multihance, gadavist, dotarem, prohance, elucirem, "
    "contrast enhanced, post contrast, postcontrast, ceus, cemri, cect, ce mri, ce ct, lumason, sonovue, "
    "definity, optison, microbubble*, contrastversterkt*"
)

_FOREIGN = (
    "angio*, cta, ctangio*, mra, mrangio*, venogra*, mrv, ctv, arteriogra*, mrcp, cholangio*, enterogra*, "
    "urogra*, colonogra*, virtual colonoscopy, elastogra*, fibroscan, shear wave, mre, duplex, doppler, "
    "spectroscopy, relaxometry, ablat*, drain*, emboli*, tace, y90, y 90, sirt, paracentesis, "
    "thoracentesis, arthrogra*, myelogra*, cystogra*, patholog*, cytolog*, hida, cholescintigra*, "
    "hepatobiliary scan*, hepatobiliary imaging, mibg, gallium, bone scan*, gi bleed*, gastrointestinal "
    "bleed*, gastrointestinal blood loss, gi blood loss, lymphoscintigra*, vq, v q, perfusion, "
    "ventilation, transjugular, laparoscop*, wedge, intraoperative, ercp, eus, endoscop*, colonoscop*, "
    "petmr*, pet mr, pet mri, psma, pylarify, illuccix, posluma, locametz, florbet*, flutemetamol, "
    "amyloid, tau, wbc, white blood cell*, white cell*, leukocyte*, leucocyte*, sestamibi, thallium, "
    "mdp, dmsa, mag3, maa, datscan, ioflupane, tektrotyd, iodine 123, iodine 131, i 123, i 131, i123, "
    "i131, fluciclovine, axumin, choline, fluoroestradiol, fes, cerianna, naf, sodium fluoride, "
    "rubidium, ammonia, dopa, fdopa, dotatoc, dotanoc, scout, calcium score, calcium scoring, low dose "
    "screening, simulation, treatment planning, radiotherapy planning, elastografie, stent*, catheter*, "
    "tips, screening"
)


def _split(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(","))


def entries() -> tuple[tuple[str, tuple[Kind, str]], ...]:
    """All phrases with what they state: ("triphasic", ("phase", "multiphase"))."""
    tables: tuple[tuple[Kind, dict[str, str]], ...] = (
        ("modality", _MODALITIES),
        ("region", _REGIONS),
        ("phase", _PHASES),
        ("tracer", _TRACERS),
        ("agent", {"": _AGENTS}),
        ("foreign", {"": _FOREIGN}),
    )
    return tuple(
        (phrase, (kind, value))
        for kind, table in tables
        for value, words in table.items()
        for phrase in _split(words)
    )
