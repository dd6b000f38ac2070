import datetime as dt

import pytest
from pydantic import ValidationError

from coach.documents import schedule


def a_schedule(**members):
    return schedule.Schedule.model_validate({"generated_at": "2026-03-27T23:30:00Z", **members})


def an_item(day, name="lesson"):
    return {
        "item_id": name,
        "kind": "lesson",
        "category_key": "c",
        "title": "t",
        "recommended_day_offset": day,
    }


def test_the_anchor_is_the_local_day_of_the_generation():
    served = schedule.served(a_schedule(timezone="Europe/Berlin"))

    assert served.anchor_date == dt.date(2026, 3, 28)


def test_midnights_follow_the_clock_change():
    served = schedule.served(a_schedule(timezone="Europe/Berlin", items=[an_item(0), an_item(2)]))

    assert [item.scheduled_for.isoformat() for item in served.items] == [
        "2026-03-28T00:00:00+01:00",
        "2026-03-30T00:00:00+02:00",
    ]


@pytest.mark.parametrize("name", [None, "", "Moon/Base", "../etc/passwd", "Europe", "a\0b"])
def test_a_schedule_without_a_known_zone_is_served_in_utc(name):
    assert schedule.served(a_schedule(timezone=name)).timezone == "UTC"


def test_items_of_one_day_keep_their_order():
    items = [an_item(4, "d"), an_item(0, "b"), an_item(4, "c"), an_item(0, "a")]

    assert [item.item_id for item in schedule.served(a_schedule(items=items)).items] == ["b", "a", "d", "c"]


def test_days_past_the_last_date_are_refused():
    with pytest.raises(ValidationError, match="past the last date"):
        a_schedule(items=[an_item(2**31 - 1)])


def test_a_time_without_an_offset_is_utc():
    assert a_schedule(generated_at="2026-03-27 10:00:00.5").generated_at == dt.datetime(
        2026, 3, 27, 10, 0, 0, 500000, dt.UTC
    )


@pytest.mark.parametrize("spelled", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_utc_cannot_spell_is_refused(spelled):
    with pytest.raises(ValidationError, match="years 1 to 9999"):
        a_schedule(generated_at=spelled)
