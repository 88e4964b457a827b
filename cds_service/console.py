"""Cards and explanations for people at a terminal (Rich). Chart text is printed as text, never as markup."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cards.annotation import RATING
from cds_service.explanation import ChoiceShown, Explanation, MeasureShown, OrderShown

Json = Mapping[str, Any]

COLOURS: Final = {"info": "blue", "warning": "yellow", "critical": "red"}
BOUNDS: Final = {"below": "<", "at_most": "≤", "above": ">", "at_least": "≥"}


def show_explanation(console: Console, explanation: Explanation) -> None:
    """The patient's facts with their evidence, each order with the reasons, and the cards."""
    console.print(_facts(explanation))
    for order in explanation.orders:
        console.print(_order(order))
    show_cards(console, explanation.response)


def show_cards(console: Console, response: Json) -> None:
    """A CDS Hooks response as a clinician would see it: every card, then what is written on the orders."""
    cards: Sequence[Json] = response["cards"]
    if not cards:
        console.print(Text("No card: nothing to say about this order.", style="green"))
    for card in cards:
        console.print(_card(card))
    for action in response.get("systemActions", ()):
        console.print(_on_the_order(action))


def _card(card: Json) -> RenderableType:
    indicator = str(card["indicator"])
    parts: list[RenderableType] = [Text(card["summary"], style="bold")]
    if card.get("detail"):
        parts.append(Padding(Markdown(card["detail"]), (1, 0)))
    parts += [_suggestion(suggestion) for suggestion in card.get("suggestions", ())]
    if card.get("overrideReasons"):
        reasons = "; ".join(str(reason["display"]) for reason in card["overrideReasons"])
        parts.append(Text.assemble(("\nReasons to keep the order: ", "dim"), (reasons, "dim")))
    parts += [_link(link) for link in (*card.get("links", ()), card["source"])]
    return Panel(
        Group(*parts), title=Text(indicator.upper()), title_align="left", border_style=COLOURS[indicator]
    )


def _on_the_order(action: Json) -> Text:
    order: Json = action.get("resource", {})
    found = (e for e in order.get("extension", ()) if e.get("url") == RATING and "valueCodeableConcept" in e)
    codes = ", ".join(str(c.get("code")) for e in found for c in e["valueCodeableConcept"].get("coding", ()))
    return Text.assemble(("On the order: ", "bold"), codes or str(action.get("description", "")))


def _suggestion(suggestion: Json) -> Text:
    recommended = ("  recommended", "green") if suggestion.get("isRecommended") else ""
    return Text.assemble(("[ ", "cyan"), str(suggestion["label"]), (" ]", "cyan"), recommended)


def _link(link: Json) -> Text:
    return Text(f"{link['label']}  {link.get('url', '')}".rstrip(), style="dim")


def _facts(explanation: Explanation) -> Table:
    table = Table(title=f"Chart, as read for {explanation.hook}", title_justify="left")
    for column in ("fact", "value", "evidence"):
        table.add_column(column, overflow="fold")
    for name in type(explanation.chart).model_fields:
        fact: ChoiceShown | MeasureShown = getattr(explanation.chart, name)
        if fact.value is not None or fact.model_fields_set - {"value", "evidence"} or fact.evidence:
            table.add_row(Text(name.replace("_", " ")), Text(_value(fact)), _evidence(fact))
    if not table.rows:
        table.add_row("", "", Text("the chart was not needed, or holds nothing of use"))
    return table


def _value(fact: ChoiceShown | MeasureShown) -> str:
    if fact.value is not None:
        return str(fact.value)
    if isinstance(fact, ChoiceShown):
        return " or ".join(fact.one_of) if fact.one_of else "not known"
    bounds = [
        f"{sign} {bound:g}" for name, sign in BOUNDS.items() if (bound := getattr(fact, name)) is not None
    ]
    return ", ".join(bounds) or "not known"


def _evidence(fact: ChoiceShown | MeasureShown) -> Text:
    lines = [" ".join(filter(None, (e.date, e.resource, f"“{e.text}”"))) for e in fact.evidence]
    return Text("\n".join([*lines, *([fact.note] if fact.note else [])]))


def _order(order: OrderShown) -> RenderableType:
    rated = f": {order.rating.words}" if order.rating else ""
    study = order.procedure or " or ".join(order.procedure_one_of or ("not in the catalogue",))
    title = Text.assemble((order.order, "bold"), "  ", study, "  ", (f"{order.verdict}{rated}", "bold"))
    return Group(title, *(_finding(line) for line in order.why))


def _finding(line: str) -> RenderableType:
    """Findings come indented under what they explain: keep wrapped lines there too."""
    words = line.lstrip()
    return Padding(Text(f"• {words}"), (0, 0, 0, 2 + len(line) - len(words)))
