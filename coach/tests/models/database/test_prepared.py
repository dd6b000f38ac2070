import pytest
from django.db import connection

from coach.documents.submissions import Submission
from coach.models import AssessmentSubmission, LearnerProfile, MemoryRecord
from coach.models.database.prepared import Prepared
from coach.tests import cast

pytestmark = pytest.mark.django_db

NOTES = [
    {
        "note_id": f"n{number}",
        "note": "Zoë’s note.",
        "tags": ["é"],
        "created_at": f"2026-01-{number + 1:02}T00:00:00.5Z",
    }
    for number in range(3)
]


def as_text(value):
    return value.decode() if isinstance(value, bytes) else value


def same(prepared, queryset, *values):
    """Whether a prepared query gives what the ORM gives, however often it is asked."""
    wanted = [tuple(row) for row in queryset]
    for _ in range(8):
        found = [tuple(as_text(value) for value in row) for row in prepared.rows(*values)]
        assert found == wanted
    return wanted


def test_a_prepared_query_gives_what_the_orm_gives():
    amara = cast.learner(cast.AMARA, memory_records=NOTES)
    columns = ("note_id", "note", "tags", "created_at")
    prepared = Prepared(
        lambda pk: MemoryRecord.objects.filter(learner=pk).newest_first().values_list(*columns), -1
    )

    rows = same(
        prepared, MemoryRecord.objects.filter(learner=amara).newest_first().values_list(*columns), amara.pk
    )
    assert len(rows) == 3
    assert prepared.rows(-5) == []


def test_a_join_and_a_limit_are_kept():
    amara = cast.learner(cast.AMARA)
    for number in range(5):
        cast.submission(
            amara, Submission(submission_id=f"s{number}", username="amara", submitted_at=cast.NOON)
        )
    rows = AssessmentSubmission.objects.newest_first().values_list("submission_id", "learner__goal")
    prepared = Prepared(
        lambda name: (
            AssessmentSubmission.objects.of(name)
            .newest_first()
            .values_list("submission_id", "learner__goal")[:3]
        ),
        "\x01",
    )

    assert len(same(prepared, rows[:3], "amara")) == 3


@pytest.mark.parametrize("name", ["amara", "O'Brien", "%s", "\\", "a%%b", "zoë", "🙂"])
def test_values_are_values_and_never_sql(name):
    cast.learner(cast.FELIX, username=name)
    prepared = Prepared(lambda wanted: LearnerProfile.objects.named(wanted).values_list("username"), "\x01")

    assert prepared.rows(name) == [(name,)]
    assert prepared.rows(name + "x") == []


def test_its_statements_are_counted(django_assert_num_queries):
    prepared = Prepared(lambda name: LearnerProfile.objects.named(name).values_list("username"), "\x01")

    with django_assert_num_queries(2):
        prepared.rows("a")
        prepared.rows("b")


@pytest.mark.postgresql("elsewhere nothing is compiled")
def test_a_placeholder_that_the_query_does_not_pass_on_is_a_mistake():
    prepared = Prepared(lambda pk: MemoryRecord.objects.filter(learner_id=int(pk)).values_list("note"), "1")

    with pytest.raises(TypeError, match="placeholder"):
        prepared.rows(1)


@pytest.mark.postgresql("SQLite keeps no plans")
@pytest.mark.django_db(transaction=True)
def test_a_column_that_changed_its_type_meanwhile_is_read_all_the_same():
    cast.learner(cast.FELIX)
    prepared = Prepared(lambda name: LearnerProfile.objects.named(name).values_list("goal"), "\x01")
    for _ in range(8):
        assert prepared.rows("felix") == [("Build a game.",)]

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE coach_learnerprofile ALTER goal TYPE varchar(500)")
    try:
        assert prepared.rows("felix") == [("Build a game.",)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE coach_learnerprofile ALTER goal TYPE text")
