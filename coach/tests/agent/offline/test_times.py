import datetime as dt

import pytest

from coach.agent.offline import times

TODAY = dt.date(2026, 11, 28)
D = dt.date


def read(text):
    return times.read(text, today=TODAY)


@pytest.mark.parametrize(
    ("text", "deadline"),
    [
        ("in 9 months", D(2027, 8, 28)),
        ("in eight weeks", D(2027, 1, 23)),
        ("within a year", D(2027, 11, 28)),
        ("by March", D(2027, 3, 1)),
        ("by the end of April", D(2027, 5, 1)),
        ("exam on 15 January 2027", D(2027, 1, 16)),
        ("before 2027-05-01", D(2027, 5, 2)),
        ("bis 15.03.2027", D(2027, 3, 16)),
        ("bis Ende März", D(2027, 4, 1)),
        ("en 6 mois", D(2027, 5, 28)),
        ("para marzo", D(2027, 3, 1)),
        ("até junho", D(2027, 6, 1)),
        ("3ヶ月で", D(2027, 2, 28)),
        ("三个月内", D(2027, 2, 28)),
        ("半年で", D(2027, 5, 28)),
        ("by Christmas", D(2026, 12, 25)),
        ("by the end of the year", D(2027, 1, 1)),
        ("Java for five years", None),
        ("three years of Java", None),
        ("by 2020-01-01", None),
        ("in 5000000 weeks", None),
        ("in 99999999999 days", None),
        ("learn to march in step", None),
        ("I may learn it", None),
    ],
)
def test_a_deadline_is_read(text, deadline):
    assert read(text).deadline == deadline


@pytest.mark.parametrize(
    ("text", "sessions", "minutes"),
    [
        ("dos horas por semana", 2, 60),
        ("5 hours a week", 5, 60),
        ("2-3 hours per week", 2, 60),
        ("90 minutes weekly", 1, 90),
        ("an hour and a half each week", 1, 90),
        ("3 Stunden pro Woche", 3, 60),
        ("4 heures par semaine", 4, 60),
        ("uma hora por semana", 1, 60),
        ("週に2時間", 2, 60),
        ("每周三小时", 3, 60),
        ("30 minutes a day", 7, 30),
        ("jeden Tag eine Stunde", 7, 60),
        ("毎日30分", 7, 30),
        ("10 minutes a day", 2, 35),
        ("three evenings a week", 3, 60),
        ("twice a week", 2, 60),
        ("evenings only", 4, 60),
        ("on Sundays", 1, 60),
        ("Tuesdays and Thursdays, 45 minutes", 2, 45),
        ("two hours every Sunday", 1, 120),
        ("los domingos", 1, 60),
        ("am Wochenende", 2, 60),
        ("20 hours a week", 7, 120),
    ],
)
def test_the_time_of_a_week_is_read(text, sessions, minutes):
    pace = times.pace(read(text))

    assert pace is not None
    assert (pace.sessions, pace.session_minutes) == (sessions, minutes)


def test_a_weekday_that_is_a_deadline_is_no_habit():
    assert read("finish it by Sunday").weekdays == ()
    assert read("on Sundays").weekdays == (6,)


def test_a_goal_without_times_leaves_the_pace_open():
    assert times.pace(read("Learn Python")) is None


def test_a_season_is_no_date_and_is_known_as_unread():
    assert read("before summer").unread == "before summer"


def test_a_pace_that_was_agreed_later_counts():
    found = read("in 8 weeks, 5 hours a week. [pace: change my pace to 2 hours a week]")

    assert found.weekly_minutes == 120
    assert found.deadline == D(2027, 1, 23)
