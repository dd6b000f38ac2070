"""Search without accents: over usernames and goals by pieces, over use cases, notes, titles and names of files by words.

Writes go on while the indexes are built; until then searches read the whole table. `coach_trigrams` stays, for servers that
still run the release before this one.
"""

from django.db import migrations

from coach.models.database.indexes import AddIndexWhileWriting
from coach.models.database.search import BeginningIndex, PieceIndex, WordIndex

# Written out in each function: a restored dump has no search path, so that none of them could call another.
# Upper case first: there is one sigma then.
FOLDED = r"""CASE WHEN octet_length($1) = length($1) THEN lower($1)
        ELSE replace(lower(upper(regexp_replace(normalize($1, NFKD), '[\u0300-\u036f]', '', 'g'))), 'ß', 'ss') END"""
# What is not STRICT is put in place of its calls, which halves what an index over it costs.
FUNCTIONS = (
    f"""
CREATE OR REPLACE FUNCTION coach_folded(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT {FOLDED}
$$
""",
    # The cost keeps the planner from asking the function row by row where it could ask the index.
    f"""
CREATE OR REPLACE FUNCTION coach_pieces(text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5000 AS $$
    SELECT coalesce(array_agg(DISTINCT piece), '{{}}') FROM (
        SELECT letter || lead(letter) OVER places || lead(letter, 2) OVER places AS piece
        FROM unnest(string_to_array({FOLDED}, NULL)) WITH ORDINALITY AS letters (letter, place)
        WINDOW places AS (ORDER BY place)
    ) AS pieces WHERE piece IS NOT NULL
$$
""",
    # A tsvector holds a megabyte at most; of so many characters none is longer.
    rf"""
CREATE OR REPLACE FUNCTION coach_words(text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('pg_catalog.simple', translate(left({FOLDED}, 200000), '_-./\@:&?=#+', '            '))
$$
""",
)
NAMES = ("coach_words", "coach_pieces", "coach_folded")


def create_functions(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for function in FUNCTIONS:
            schema_editor.execute(function)


def drop_functions(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in NAMES:
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {name}(text)")


class Migration(migrations.Migration):
    # Writes go on while the indexes are built.
    atomic = False

    dependencies = [
        ("coach", "0018_indexes_for_growth"),
    ]

    operations = [
        migrations.RunPython(create_functions, drop_functions),
        AddIndexWhileWriting(
            "learnerprofile", PieceIndex(fields=("username",), name="learner_username_pieces")
        ),
        AddIndexWhileWriting("learnerprofile", PieceIndex(fields=("goal",), name="learner_goal_pieces")),
        AddIndexWhileWriting(
            "learnerprofile", WordIndex(fields=("use_case",), name="learner_use_case_words")
        ),
        AddIndexWhileWriting("memoryrecord", WordIndex(fields=("note",), name="memory_note_words")),
        AddIndexWhileWriting("attachmentmetadata", WordIndex(fields=("name",), name="attachment_name_words")),
        AddIndexWhileWriting("scheduleitem", WordIndex(fields=("title",), name="schedule_item_title_words")),
        AddIndexWhileWriting(
            "scheduleitem",
            BeginningIndex(fields=("item_id",), name="schedule_item_by_id"),
        ),
        migrations.RemoveIndex("learnerprofile", "learner_username_fragment"),
        migrations.RemoveIndex("learnerprofile", "learner_goal_fragment"),
    ]
