"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UUID = sa.String(36)
DIGEST = sa.String(64)
NAME = sa.String(200)  # also of what others send


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "consultations",
        sa.Column("id", UUID, nullable=False),
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("service", NAME, nullable=False),
        sa.Column("hook", NAME, nullable=False),
        sa.Column("hook_instance", UUID, nullable=True),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("revision", DIGEST, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("ms", sa.Float(), nullable=False),
        sa.Column("patient", DIGEST, nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consultations"),
    )
    op.create_index("ix_consultations_at", "consultations", ["at"])
    op.create_index("ix_consultations_tenant_at", "consultations", ["tenant", "at"])
    op.create_table(
        "feedback",
        sa.Column("id", DIGEST, nullable=False),
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("service", NAME, nullable=False),
        sa.Column("card", NAME, nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("outcome_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("reason_system", NAME, nullable=False),
        sa.Column("reason_code", NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
    )
    op.create_index("ix_feedback_received_at", "feedback", ["received_at"])
    op.create_index("ix_feedback_tenant_card", "feedback", ["tenant", "card"])
    op.create_table(
        "gaps",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gaps"),
    )
    op.create_index("ix_gaps_tenant_last_at", "gaps", ["tenant", "last_at"])
    op.create_table(
        "rates",
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("full_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name="pk_rates"),
    )
    op.create_table(
        "replays",
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("expires", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_replays"),
    )
    op.create_index("ix_replays_expires", "replays", ["expires"])
    op.create_table(
        "accepted",
        sa.Column("feedback", DIGEST, nullable=False),
        sa.Column("suggestion", NAME, nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback"], ["feedback.id"], name="fk_accepted_feedback", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feedback", "suggestion", name="pk_accepted"),
    )
    op.create_table(
        "comments",
        sa.Column("feedback", DIGEST, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback"], ["feedback.id"], name="fk_comments_feedback", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feedback", name="pk_comments"),
    )
    op.create_index("ix_comments_received_at", "comments", ["received_at"])
    op.create_table(
        "orders",
        sa.Column("consultation", UUID, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("topic", NAME, nullable=False),
        sa.Column("procedure", NAME, nullable=True),
        sa.Column("one_of", sa.JSON(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("variant", sa.SmallInteger(), nullable=True),
        sa.Column("variants", NAME, nullable=False),
        sa.Column("rating", sa.String(length=40), nullable=True),
        sa.Column("median", sa.SmallInteger(), nullable=True),
        sa.Column("asks", sa.JSON(), nullable=False),
        sa.Column("cautions", sa.JSON(), nullable=False),
        sa.Column("consult_id", UUID, nullable=True),
        sa.ForeignKeyConstraint(
            ["consultation"], ["consultations.id"], name="fk_orders_consultation", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("consultation", "position", name="pk_orders"),
    )
    op.create_table(
        "cards",
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("uuid", UUID, nullable=False),
        sa.Column("consultation", UUID, nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("indicator", sa.String(length=10), nullable=False),
        sa.Column("topic", NAME, nullable=False),
        sa.Column("overrides", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation", "position"],
            ["orders.consultation", "orders.position"],
            name="fk_cards_consultation_position",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant", "uuid", name="pk_cards"),
    )
    op.create_index("ix_cards_consultation_position", "cards", ["consultation", "position"])
    op.create_index("ix_cards_tenant_at", "cards", ["tenant", "at"])
    op.create_table(
        "suggestions",
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("card", UUID, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("uuid", UUID, nullable=False),
        sa.Column("offers", NAME, nullable=False),
        sa.Column("recommended", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "card"],
            ["cards.tenant", "cards.uuid"],
            name="fk_suggestions_tenant_card",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant", "card", "position", name="pk_suggestions"),
    )


def downgrade() -> None:
    """Drop all tables."""
    op.drop_table("suggestions")
    op.drop_index("ix_cards_tenant_at", table_name="cards")
    op.drop_index("ix_cards_consultation_position", table_name="cards")
    op.drop_table("cards")
    op.drop_table("orders")
    op.drop_index("ix_comments_received_at", table_name="comments")
    op.drop_table("comments")
    op.drop_table("accepted")
    op.drop_index("ix_replays_expires", table_name="replays")
    op.drop_table("replays")
    op.drop_table("rates")
    op.drop_index("ix_gaps_tenant_last_at", table_name="gaps")
    op.drop_table("gaps")
    op.drop_index("ix_feedback_tenant_card", table_name="feedback")
    op.drop_index("ix_feedback_received_at", table_name="feedback")
    op.drop_table("feedback")
    op.drop_index("ix_consultations_tenant_at", table_name="consultations")
    op.drop_index("ix_consultations_at", table_name="consultations")
    op.drop_table("consultations")
