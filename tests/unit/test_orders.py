"""Draft orders out of a hook's context: which are selected, what they name, and what is left alone."""

from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cards.vocabulary import CPT, SNOMED_CT
from cds_service.fhir.datatypes.references import owner
from cds_service.fhir.orders import MOST_ORDERS, TOO_MANY, Drafts, draft_orders
from cds_service.fhir.reasons import MOST_PROSE, MOST_REASONS, Allowance, read_reasons
from tests.charts import BASE, LOINC, concept, terms

Json: TypeAlias = dict[str, Any]

MRI = "mri-abdomen-without-and-with-iv-contrast"
MULTI = "ct-abdomen-with-iv-contrast-multiphase"
FDG = "fdg-pet-ct-skull-base-to-mid-thigh"
DOTATATE = "dotatate-pet-ct-skull-base-to-mid-thigh"
MRI_CODE = concept((CPT, "74183", "MRI abdomen without and with IV contrast"))


def draft(name: str = "mri", **members: Any) -> Json:
    """A draft ServiceRequest for patient p1; a member set to None is left out."""
    whole = {
        "resourceType": "ServiceRequest",
        "id": name,
        "status": "draft",
        "intent": "plan",
        "code": MRI_CODE,
        "subject": {"reference": "Patient/p1"},
        **members,
    }
    return {key: value for key, value in whole.items() if value is not None}


def read(*drafts: object, select: object = None, hook: str = "order-select") -> Drafts:
    """Read drafts; without `select` the first one is selected."""
    entries = [{"resource": one} for one in drafts]
    first = drafts[0] if drafts else {}
    named = f"{first.get('resourceType')}/{first.get('id')}" if isinstance(first, dict) else "x"
    selections = [named] if select is None else select
    bundle = {"resourceType": "Bundle", "entry": entries}
    context = {"draftOrders": bundle, "selections": selections, "patientId": "p1"}
    return draft_orders(context, hook, terms(), owner("p1", BASE))


def test_a_selected_order_of_the_catalogue_keeps_its_own_json() -> None:
    raw = draft()
    drafts = read(raw)
    (one,) = drafts.selected
    assert (one.reference, one.order.procedures, one.order.reasons) == ("ServiceRequest/mri", (MRI,), ())
    assert one.raw is raw
    assert one.title == "MRI abdomen without and with IV contrast"
    assert not drafts.missing


def test_order_select_looks_at_selections_only_and_keeps_the_rest_for_duplicates() -> None:
    drafts = read(draft("a"), draft("b"), select=["ServiceRequest/b"])
    assert [one.reference for one in drafts.selected] == ["ServiceRequest/b"]
    assert [one.reference for one in drafts.others] == ["ServiceRequest/a"]


def test_order_sign_looks_at_all_orders() -> None:
    drafts = read(draft("a"), draft("b"), select=["ServiceRequest/b"], hook="order-sign")
    assert len(drafts.selected) == 2
    assert drafts.ignored_selections == 0


@pytest.mark.parametrize(
    "selection",
    [
        "ServiceRequest/mri",
        f"{BASE}/ServiceRequest/mri",
        "ServiceRequest/mri/_history/3",
        f"{BASE}/ServiceRequest/mri/_history/3",
        " ServiceRequest/mri ",
    ],
)
def test_spellings_of_a_selection(selection: str) -> None:
    assert len(read(draft(), select=[selection]).selected) == 1


def test_a_draft_is_selected_by_its_full_url() -> None:
    url = "urn:uuid:6a9a5b3e-4f6c-4f7f-9a55-2f1f1c7b5e11"
    bundle = {"entry": [{"fullUrl": url, "resource": draft(id=None)}]}
    context = {"draftOrders": bundle, "selections": [url]}
    drafts = draft_orders(context, "order-select", terms(), owner("p1", BASE))
    assert [one.reference for one in drafts.selected] == ["ServiceRequest"]


def test_selections_that_are_no_drafts_are_ignored_and_counted() -> None:
    drafts = read(draft(), select=["ServiceRequest/other", 7, None, "ServiceRequest/mri"])
    assert len(drafts.selected) == 1
    assert drafts.ignored_selections == 3


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"draftOrders": None, "selections": []},
        {"draftOrders": {"entry": []}},
        {"draftOrders": {"entry": []}, "selections": None},
        {"draftOrders": [], "selections": ["ServiceRequest/mri"]},
    ],
)
def test_a_stripped_call_is_told_from_an_empty_one(context: Json) -> None:
    assert draft_orders(context, "order-select", terms(), owner("p1", BASE)) == Drafts(missing=True)


def test_order_sign_needs_no_selections() -> None:
    context = {"draftOrders": {"entry": [{"resource": draft()}]}}
    assert len(draft_orders(context, "order-sign", terms(), owner("p1", BASE)).selected) == 1


def test_procedure_requests_of_stu3_are_orders_too() -> None:
    (one,) = read(draft(resourceType="ProcedureRequest")).selected
    assert one.reference == "ProcedureRequest/mri"


@pytest.mark.parametrize(
    "members",
    [
        {"doNotPerform": True},
        {"status": "revoked"},
        {"status": "entered-in-error"},
        {"status": "completed"},
        {"status": "cancelled"},
        {"resourceType": "MedicationRequest"},
        {"resourceType": "Medication", "status": "active"},
        {"resourceType": "OperationOutcome"},
        {"resourceType": None},
    ],
)
def test_what_is_no_live_order_is_left_alone(members: Json) -> None:
    drafts = read(draft("x", **members), draft(), select=["ServiceRequest/mri"])
    assert [one.reference for one in drafts.selected] == ["ServiceRequest/mri"]
    assert drafts == Drafts(drafts.selected)


def test_orders_outside_the_catalogue_fall_out() -> None:
    drafts = read(draft("ct", code=concept((CPT, "72133", ""), text="Lumbar spine CT")))
    assert drafts.selected == ()
    (unmapped,) = drafts.unmapped
    assert unmapped.reference == "ServiceRequest/ct"
    assert unmapped.order.procedures == ()


def test_an_unselected_order_outside_the_catalogue_is_not_reported() -> None:
    lab = draft("lab", code=concept((CPT, "80076", "Hepatic function panel")))
    assert read(draft(), lab).unmapped == ()


@pytest.mark.parametrize(
    "subject",
    ["Patient/p2", "https://ehr.example/fhir/Patient/p2", "https://other.example/fhir/Patient/p1"],
)
def test_an_order_for_another_patient_is_not_read(subject: str) -> None:
    drafts = read(draft("a", subject={"reference": subject}), draft("b"), select=["ServiceRequest/b"])
    assert drafts.unreadable == (("ServiceRequest/a", "the order is for another patient"),)
    assert [one.reference for one in drafts.selected] == ["ServiceRequest/b"]
    assert drafts.foreign == "ServiceRequest"


def test_a_draft_of_any_kind_for_another_patient_is_noticed() -> None:
    drug = {"resourceType": "MedicationRequest", "id": "m", "subject": {"reference": "Patient/p2"}}
    assert read(draft(), drug).foreign == "MedicationRequest"


def test_an_order_with_an_unknown_modifier_or_a_repeated_id_is_not_used() -> None:
    modified = draft("a", modifierExtension=[{"url": "x:y", "valueBoolean": True}])
    assert read(modified, select=["ServiceRequest/a"]).unreadable[0][0] == "ServiceRequest/a"
    twice = read(draft("a"), draft("a"), select=["ServiceRequest/a"])
    assert twice.selected == ()
    assert len(twice.unreadable) == 2


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/p1"},
        {"reference": f"{BASE}/Patient/p1"},
        {"reference": "Patient/p1/_history/2"},
        {"display": "No reference"},
        None,
        [],
    ],
)
def test_spellings_of_this_patient_and_no_patient_at_all(subject: object) -> None:
    assert len(read(draft(subject=subject)).selected) == 1


def test_order_details_settle_an_open_code() -> None:
    ct = concept((CPT, "74160", ""))
    assert len(read(draft(code=ct)).selected[0].order.procedures) == 2
    for detail in ({"text": "Multiphase liver"}, concept(("urn:local", "MP", "Triple phase"))):
        assert read(draft(code=ct, orderDetail=[detail])).selected[0].order.procedures == (MULTI,)


def test_a_code_without_words_is_titled_by_what_it_may_mean() -> None:
    (one,) = read(draft(code=concept((CPT, "78815", "")))).selected
    assert one.order.procedures == (FDG, DOTATATE)
    assert one.title == "FDG-PET/CT skull base to mid-thigh or DOTATATE PET/CT skull base to mid-thigh"


def test_order_text_alone_names_a_study() -> None:
    (one,) = read(draft(code={"text": "MRI ABDOMEN W WO CONTRAST"})).selected
    assert (one.order.procedures, one.title) == ((MRI,), "MRI ABDOMEN W WO CONTRAST")


def test_billing_options_are_read_as_further_codes() -> None:
    url = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-billing-options"
    billing = {"url": url, "valueCodeableConcept": concept((CPT, "74183", ""))}
    code = {"extension": [billing], **concept((SNOMED_CT, "432369004", ""))}
    assert read(draft(code=code)).selected[0].order.procedures == (MRI,)


def test_codes_of_several_systems_and_local_ones_are_all_tried() -> None:
    code = concept(("urn:oid:1.2.840.114350.1", "7", "HC MR 7"), (LOINC, "24557-1", ""))
    assert read(draft(code=code)).selected[0].order.procedures == (MRI,)


@pytest.mark.parametrize(
    "members",
    [
        {"code": None},
        {"code": []},
        {"code": "MRI"},
        {"code": 74183},
        {"code": {"coding": [{}]}},
        {"code": {"coding": {"system": CPT}}},
        {"code": {"coding": [None, 3, "x"], "text": ["a"]}},
        {"code": {"extension": "x", "coding": [{"code": {"a": 1}}]}},
        {"reasonCode": {"text": "object, not a list"}},
        {"reasonCode": [None, 1, "x"]},
        {"orderDetail": {"text": 7}},
        {"subject": 3},
        {"status": ["draft"]},
        {"id": {"x": 1}},
    ],
)
def test_a_malformed_order_never_costs_the_others(members: Json) -> None:
    drafts = read(draft("bad", **members), draft(), select=["ServiceRequest/mri"])
    assert [one.reference for one in drafts.selected] == ["ServiceRequest/mri"]


def test_a_code_that_is_an_object_where_a_list_belongs_is_read() -> None:
    code = {"coding": {"system": CPT, "code": 74183}}
    assert read(draft(code=code)).selected[0].order.procedures == (MRI,)


@pytest.mark.parametrize(
    "entries", [None, [], {}, "x", [None], [{}], [{"resource": None}], [{"resource": [1]}]]
)
def test_bundles_without_orders(entries: object) -> None:
    context = {"draftOrders": {"entry": entries}, "selections": ["ServiceRequest/mri"]}
    drafts = draft_orders(context, "order-select", terms(), owner("p1", BASE))
    assert drafts == Drafts(ignored_selections=1)


def test_the_sandbox_sends_an_empty_coding_before_a_study_is_chosen() -> None:
    drafts = read(draft(code={"coding": [{}]}, reasonCode=[]))
    assert [one.title for one in drafts.unmapped] == [""]


def test_very_long_ids_are_fine() -> None:
    assert len(read(draft("e" * 216)).selected) == 1


def test_chart_text_stays_out_of_what_is_printed_for_debugging() -> None:
    drafts = read(draft(code={"text": "MRI ABDOMEN W WO CONTRAST for Jane Roe"}))
    assert "Jane" not in repr(drafts)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
members = st.dictionaries(
    st.sampled_from(["id", "status", "code", "subject", "orderDetail", "doNotPerform", "resourceType"]),
    json_values,
    max_size=4,
)


@settings(max_examples=150)
@given(st.lists(members, max_size=3), json_values, st.sampled_from(["order-select", "order-sign"]))
def test_no_json_makes_reading_fail_or_hides_a_good_order(
    broken: list[Json], selections: object, hook: str
) -> None:
    entries = [{"resource": {"resourceType": "ServiceRequest", **one}} for one in broken]
    good = {"resource": draft("good")}
    chosen = [*selections, "ServiceRequest/good"] if isinstance(selections, list) else ["ServiceRequest/good"]
    context = {"draftOrders": {"entry": [*entries, good]}, "selections": chosen}
    drafts = draft_orders(context, hook, terms(), owner("p1", BASE))
    assert "ServiceRequest/good" in [one.reference for one in drafts.selected]
    draft_orders({"draftOrders": selections, "selections": selections}, hook, terms(), owner("p1", BASE))


def test_a_call_with_more_orders_than_anybody_drafts_says_which_were_not_read() -> None:
    drafts = read(*(draft(f"d{number}") for number in range(MOST_ORDERS + 2)), hook="order-sign")
    assert len(drafts.selected) == MOST_ORDERS
    assert [name for name, _ in drafts.unreadable] == [f"ServiceRequest/d{MOST_ORDERS + n}" for n in (0, 1)]
    assert {why for _, why in drafts.unreadable} == {TOO_MANY}


def reasons_of(raw: Json, allowance: Allowance | None = None) -> tuple[bool, ...]:
    """Of each reason whether it could be read."""
    (one,) = read(raw).selected
    found = read_reasons(one, terms(), lambda _: {"code": {"text": "liver lesion"}}, {}, allowance)
    return tuple(reason.readable for reason in found.order.reasons)


@pytest.mark.parametrize("member", ["reasonCode", "reasonReference"])
def test_a_list_of_reasons_too_long_to_read_stays_open(member: str) -> None:
    entry = {"text": "liver lesion"} if member == "reasonCode" else {"reference": "Condition/c"}
    assert reasons_of({**draft(), member: [entry] * MOST_REASONS}) == (True,) * MOST_REASONS
    assert reasons_of({**draft(), member: [entry] * 1000}) == (*(True,) * MOST_REASONS, False)


def test_sizes_in_notes_count_only_where_all_notes_are_read() -> None:
    def size(count: int, allowance: Allowance | None = None) -> object:
        (one,) = read(draft(note=[{"text": "8 mm liver lesion"}] * count)).selected
        return read_reasons(one, terms(), lambda _: None, {}, allowance).order.stated_size

    assert size(1) is not None
    assert size(MOST_REASONS + 1) is None
    spent = Allowance()
    assert spent.takes("x" * MOST_PROSE)
    assert size(1, spent) is None


def test_what_reasons_refer_to_is_read_as_far_as_the_request_allows() -> None:
    spent = Allowance()
    assert not spent.takes("x" * (MOST_PROSE + 1))
    assert reasons_of(draft(reasonReference=[{"reference": "Condition/c"}]), spent) == (False,)
