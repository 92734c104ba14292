"""What a run did to indexes, of which its file also tells how that is taken back, or which it only built anew."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.test_index_dropped import BY_RUN, migrated
from tuheg_ir.diagnosis.model import Snapshot

ALEMBIC = """def upgrade():
    op.{up}

def downgrade():
    op.{down}
"""
CREATE, DROP = (
    'create_index("idx_items_kind", "items", ["kind"])',
    'drop_index(op.f("idx_items_kind"), table_name="items")',
)
KNEX = 'exports.up = k => k.raw("{up}");\nexports.down = k => k.raw("{down}");\n'
TYPE_ORM = """export class Kind1 {{
  public async up(runner: QueryRunner): Promise<void> {{
    await runner.query(`{up}`)
  }}
  public async down(runner: QueryRunner): Promise<void> {{
    await runner.query(`{down}`)
  }}
}}"""
RAILS = "class Kind < ActiveRecord::Migration[7.1]\n  def up\n    {up}\n  end\n\n  def down\n    {down}\n  end\nend\n"
SQL = "CREATE INDEX idx_items_kind ON items (kind)", "DROP INDEX idx_items_kind ON items"
BY_RAILS = "add_index :items, :kind", "remove_index :items, :kind"
TOOLS = (
    ("Alembic", ALEMBIC, "7f3a_kind.py", "INFO [alembic] Running upgrade 7f39 -> 7f3a, kind", (CREATE, DROP)),
    ("knex", KNEX, "20260304_items_by_kind.js", "Batch 3 run: 20260304_items_by_kind.js", SQL),
    ("TypeORM", TYPE_ORM, "1772-Kind1.ts", "Migration 1772-Kind1 has been executed successfully.", SQL),
    ("Rails", RAILS, "20260304_items_by_kind.rb", "== 20260304_items_by_kind: migrated (0.1s)", BY_RAILS),
)

MYSQL = "StatefulSet/mysql"


def done(how: str, key: str, ran: str, up: str, down: str) -> Snapshot:
    return migrated(how.format(up=up, down=down), key, ran)


def logged(*steps: str) -> Snapshot:
    return migrated("", ran="\n".join(("== 7 Housekeeping: migrating ==", *(f"-- {step}" for step in steps))))


HOLDS = [
    Holds(
        f"a file of {what} drops it, and makes it where that is taken back",
        done(how, key, ran, down, up),
        BY_RUN,
        target=MYSQL,
    )
    for what, how, key, ran, (up, down) in TOOLS
]
HOLDS += [
    Holds(
        "another one is made", logged("remove_index(:items, :kind)", "add_index(:items, :rank)"), BY_RUN, target=MYSQL
    ),
    Holds(
        "another one is renamed",
        migrated(f"{SQL[1]};\nALTER TABLE items RENAME INDEX ix_rank TO ix_rank_2;"),
        BY_RUN,
        target=MYSQL,
    ),
    Holds(
        "it had got another name before it went",
        migrated("ALTER INDEX ix_items_kind RENAME TO ix_old;\nDROP INDEX ix_old;"),
        BY_RUN,
        target=MYSQL,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a file of {what} makes one, and drops it where that is taken back", done(how, key, ran, up, down))
    for what, how, key, ran, (up, down) in TOOLS
]
DOES_NOT_HOLD += [
    DoesNotHold(what, world)
    for what, world in (
        (
            "one that was built anew gets its name",
            migrated(
                "CREATE INDEX ix_items_kind_new ON items (kind);\nDROP INDEX ix_items_kind ON items;\n"
                "ALTER TABLE items RENAME INDEX ix_items_kind_new TO ix_items_kind;\n"
            ),
        ),
        (
            "it was put aside, built anew, and the old one dropped",
            migrated(
                "ALTER INDEX ix_items_kind RENAME TO ix_old;\nCREATE INDEX ix_items_kind ON items (kind);\n"
                "DROP INDEX ix_old;"
            ),
        ),
        ("one for the run alone was made and dropped", migrated(f"{SQL[0]};\n{SQL[1]};")),
        (
            "Rails removes and adds it by its name",
            logged(
                "remove_index(:items, {:name=>:idx_items_kind})",
                "add_index(:items, [:kind], {:name=>:idx_items_kind})",
            ),
        ),
        (
            "Rails removes and adds it by its columns",
            logged("remove_index(:items, {:column=>[:kind, :rank]})", "add_index(:items, [:kind, :rank])"),
        ),
        (
            "code of TypeORM makes it anew",
            migrated(f'{SQL[1]};\nrunner.createIndex("items", new TableIndex({{ name: "idx_items_kind" }}))'),
        ),
    )
]
