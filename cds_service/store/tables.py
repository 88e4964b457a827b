"""The tables, and what each column means: the page to read before writing a report.

`consultations`  one row per request to a service that got past the token, failed ones included
`orders`         one row per order judged in it: verdict, variant, rating (what the guideline said)
`cards`          one row per card made for an order: how loudly it spoke, and whether anybody saw it
`suggestions`    one row per button of a card: what taking it orders or answers
`feedback`       one row per thing that an EHR told us about a card; the card may be unknown to us
`accepted`       one row per suggestion that such a row says was taken
`comments`       free text that came with an override. May hold anything a person typed: kept apart from
                 the rest, kept shorter, in no report
`gaps`           how many consultations were lost before they were written, and about when
`replays`        digests of tokens that were used and may not be used again
`rates`          one row per tenant: how far its allowance of calls is used up

`consultations`, `cards` and `feedback` are names that others rely on. No table holds a patient's or a
clinician's name, id or data; `patient` is a keyed pseudonym, and only there where a tenant asked for it.

`feedback` refers to no card by a foreign key: it may come before the card's row is written, to a replica
that never saw the card, or about one that is already pruned. Match by tenant and uuid. Times are UTC.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
)

SENT_LENGTH = 200  # of what others choose: a card's id (ours are UUIDs), a code and its system


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. SQLite knows no time zones: what comes back from it is UTC too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """To UTC before it is written."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """With its time zone after it was read."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite counts rows by itself only in a column of exactly this type.
Serial = BigInteger().with_variant(Integer, "sqlite")
Name = String(200)
AsSent = String(SENT_LENGTH)
Uuid = String(36)
Digest = String(64)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


consultations = Table(
    "consultations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Name, nullable=False),
    Column("service", Name, nullable=False),  # id in discovery
    Column("hook", Name, nullable=False),
    Column("hook_instance", Uuid),  # NULL: what the client sent was not a UUID
    Column("mode", String(10), nullable=False),  # the tenant's then: silent (nobody saw a card) or visible
    Column("status", SmallInteger, nullable=False),  # HTTP status: 200; 412 no problem list; 500 our fault
    Column("revision", String(64), nullable=False),  # content hash of the guideline library
    Column("at", Instant, nullable=False),  # when the request came
    Column("ms", Float, nullable=False),  # until the answer was ready
    Column("patient", String(64)),  # keyed pseudonym, only where the tenant has a key
    Column("counts", JSON, nullable=False),  # {"selected": 1, "unmapped": 2, …}: what was odd about the call
    Index(None, "tenant", "at"),
    Index(None, "at"),
)

orders = Table(
    "orders",
    metadata,
    Column("consultation", Uuid, ForeignKey("consultations.id", ondelete="CASCADE"), primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),  # 0, 1, … as they were judged
    Column("topic", Name, nullable=False),  # guideline topic; "" for an order that could not be read
    Column("procedure", Name),  # our procedure's id. NULL: not in the catalogue, or see one_of
    Column("one_of", JSON, nullable=False),  # procedures that the order's code leaves open: [] or several
    Column("verdict", String(20), nullable=False),  # cards.vocabulary.Verdict
    Column("variant", SmallInteger),  # the variant, if it is exactly one; else NULL, see variants
    Column("variants", Name, nullable=False),  # every variant that the patient may be in: "", "6" or "3,6"
    Column("rating", String(40)),  # cards.vocabulary.Rating, where the verdict is `rated`
    Column("median", SmallInteger),  # 1 to 9, where there is one
    Column("asks", JSON, nullable=False),  # codes of the questions whose answers would change the outcome
    Column("cautions", JSON, nullable=False),  # codes of cautions about the ordered study
    Column("consult_id", Uuid),  # `pama-rating-consult-id` of the rating made, sent or not
)

cards = Table(
    "cards",
    metadata,
    Column("tenant", Name, primary_key=True),  # as in consultations: feedback is matched by both
    Column("uuid", Uuid, primary_key=True),
    Column("consultation", Uuid, nullable=False),
    Column("position", SmallInteger, nullable=False),  # of the order that it is about
    Column("at", Instant, nullable=False),  # as in consultations
    Column("shown", Boolean, nullable=False),  # false: made in silent mode, nobody saw it
    Column("indicator", String(10), nullable=False),  # cards.vocabulary.Indicator
    Column("topic", Name, nullable=False),  # cards.vocabulary.Topic (with hyphens, for every profile)
    Column("overrides", JSON, nullable=False),  # codes of the override reasons it offered
    ForeignKeyConstraint(
        ["consultation", "position"], ["orders.consultation", "orders.position"], ondelete="CASCADE"
    ),
    Index(None, "consultation", "position"),
    Index(None, "tenant", "at"),
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("tenant", Name, primary_key=True),
    Column("card", Uuid, primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),  # 0: the first on the card
    Column("uuid", Uuid, nullable=False),
    Column(
        "offers", Name, nullable=False
    ),  # a procedure's id, `<question>.<value>`, indication, remove-order
    Column("recommended", Boolean, nullable=False),
    ForeignKeyConstraint(["tenant", "card"], ["cards.tenant", "cards.uuid"], ondelete="CASCADE"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Digest, primary_key=True),  # of tenant, card, outcome, outcome_at: told again = the same row
    Column("tenant", Name, nullable=False),
    Column("service", Name, nullable=False),
    Column("card", AsSent, nullable=False),  # as sent; a UUID in lower case
    Column("outcome", String(10), nullable=False),  # accepted or overridden
    Column("outcome_at", Instant, nullable=False),  # when, by the EHR's clock
    Column("received_at", Instant, nullable=False),  # when it first reached us, by ours
    Column("reason_system", AsSent, nullable=False),  # of an override; "" = not given
    Column("reason_code", AsSent, nullable=False),
    Index(None, "tenant", "card"),
    Index(None, "received_at"),
)

accepted = Table(
    "accepted",
    metadata,
    Column("feedback", Digest, ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True),
    Column("suggestion", AsSent, primary_key=True),  # suggestions.uuid, as sent
)

comments = Table(
    "comments",
    metadata,
    Column("feedback", Digest, ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True),
    Column("text", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Index(None, "received_at"),
)

gaps = Table(
    "gaps",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("tenant", Name, nullable=False),
    Column("lost", Integer, nullable=False),  # consultations that were never written
    Column("first_at", Instant, nullable=False),  # `at` of the first and the last of them
    Column("last_at", Instant, nullable=False),
    Index(None, "tenant", "last_at"),
)

replays = Table(
    "replays",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("expires", Instant, nullable=False),
    Index(None, "expires"),
)

rates = Table(
    "rates",
    metadata,
    Column("tenant", Name, primary_key=True),
    Column("full_at", Float, nullable=False),  # Unix seconds: when the whole allowance is there again
)
