import pytest

from coach.documents.schedule import Schedule
from coach.models import AuditEvent, CurriculumSchedule, LearnerProfile, ScheduleItem
from coach.services import learners, schedules
from coach.tests import cast

pytestmark = pytest.mark.django_db

UNBUILDABLE = {
    **cast.FELIX,
    "curriculum_schedule": {
        "generated_at": cast.NOON,
        "items": [{"item_id": "lesson-x", "kind": "lesson", "category_key": "c", "title": "t"}],
    },
    "schedule_adjustments": {"lesson-x": 3, "gone": 4},
}


@pytest.fixture
def amara():
    return cast.learner(cast.AMARA)


def first_item():
    return Schedule.model_validate_json(schedules.read(username="amara")).items[0]


def test_the_first_read_builds_a_schedule_and_later_ones_return_it(amara):
    assert schedules.read(username="amara") == schedules.read(username="amara")
    assert ScheduleItem.objects.count() == len(CurriculumSchedule.objects.get().to_document().items) > 5


def test_what_is_served_is_what_the_rows_say(amara):
    from coach.documents import schedule as documents

    schedules.read(username="amara")
    item = first_item()
    schedules.adjust(username="amara", item_id=item.item_id, days=5)

    row = CurriculumSchedule.objects.get()
    assert row.api_json == documents.served(row.to_document()).to_json()


def test_a_refresh_that_changes_nothing_writes_nothing(amara, django_assert_num_queries):
    schedules.read(username="amara")
    before = LearnerProfile.objects.values().get()

    schedules.read(username="amara", refresh=True)

    assert LearnerProfile.objects.values().get() == before
    assert AuditEvent.objects.filter(action="schedule.generated").count() == 1


def test_adjusting_takes_at_most_twelve_statements(amara, django_assert_max_num_queries):
    item_id = first_item().item_id
    with django_assert_max_num_queries(12):
        schedules.adjust(username="amara", item_id=item_id, days=4)


def test_only_items_that_differ_are_written(amara):
    schedules.read(username="amara")
    kept = {item.item_id: item.pk for item in ScheduleItem.objects.all()}
    schedules.adjust(username="amara", item_id=first_item().item_id, days=1)

    assert {item.item_id: item.pk for item in ScheduleItem.objects.all()} == kept


def test_a_target_is_held_to_three_weeks_after_the_present_day(amara):
    item = first_item()
    schedules.adjust(username="amara", item_id=item.item_id, target_day_offset=42)

    assert LearnerProfile.objects.get().adjustments[item.item_id] == 21


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"username": "nobody", "item_id": "x"}, learners.LearnerNotFound),
        ({"username": "amara", "item_id": " "}, schedules.BlankItem),
        ({"username": "amara", "item_id": "x"}, schedules.NoSchedule),
    ],
)
def test_what_cannot_be_adjusted_says_why(amara, arguments, error):
    with pytest.raises(error):
        schedules.adjust(**arguments)


def test_a_refresh_that_fails_keeps_the_earlier_schedule_and_says_so():
    cast.learner(UNBUILDABLE)

    for _ in range(6):
        schedules.read(username="felix", refresh=True)

    row = CurriculumSchedule.objects.get()
    assert row.is_stale
    assert len(row.warning_list) == 5
    assert LearnerProfile.objects.get().adjustments == {"lesson-x": 3}


def test_an_adjustment_that_cannot_be_built_stays_stored():
    cast.learner(UNBUILDABLE)

    with pytest.raises(schedules.CannotReschedule):
        schedules.adjust(username="felix", item_id="lesson-x", days=2)

    assert LearnerProfile.objects.get().adjustments["lesson-x"] == 2


def test_a_learner_with_nothing_to_schedule_is_told_so():
    cast.learner(cast.FELIX)

    with pytest.raises(schedules.CannotSchedule):
        schedules.read(username="felix")

    assert not CurriculumSchedule.objects.exists()
