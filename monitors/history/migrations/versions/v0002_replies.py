"""Notices get a form: an incident's message, or a line in its thread."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# The name that the first schema gave it.
BY_SEQUENCE = "uq_notices_channel_incident_id_sequence"


def upgrade() -> None:
    with op.batch_alter_table("notices") as notices:
        notices.add_column(sa.Column("form", sa.Text(), nullable=False, server_default="message"))
        notices.drop_constraint(BY_SEQUENCE, type_="unique")
        notices.create_unique_constraint(
            f"{BY_SEQUENCE}_form", ["channel", "incident_id", "sequence", "form"]
        )
