"""Charts are text: what they show can be read."""

from __future__ import annotations

from xml.etree import ElementTree

from coach.admin.presentation import charts
from coach.models import ScheduleItem


def drawn(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def test_a_sparkline_runs_from_left_to_right_and_higher_is_up():
    line = drawn(charts.sparkline([1000, 1200, 1100], label="SQL")).find("polyline")
    points = [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert points[1][1] < points[2][1] < points[0][1]


def test_a_sparkline_says_its_values_in_words():
    assert drawn(charts.sparkline([1000, 1200], label="SQL")).get("aria-label") == "SQL: 1000, 1200"


def test_one_value_is_a_level_line_and_none_is_nothing():
    line = drawn(charts.sparkline([1100], label="SQL")).find("polyline")
    first, last = line.get("points").split()
    assert first.split(",")[1] == last.split(",")[1]
    assert charts.sparkline([], label="SQL") == ""


def test_a_label_is_escaped():
    assert "<script>" not in charts.sparkline([1], label="<script>")


def item(day: int, minutes: int = 30, kind: str = "lesson", *, moved: bool = False) -> ScheduleItem:
    return ScheduleItem(
        title=f"day {day}",
        recommended_day_offset=day,
        recommended_minutes=minutes,
        kind=kind,
        effort_level="light",
        user_adjusted=moved,
    )


def bars(svg: str) -> list[ElementTree.Element]:
    return [rect for rect in drawn(svg).iter("rect") if rect.get("class").startswith("bar")]


def test_each_item_is_a_bar_with_its_words_and_its_kind():
    chart = charts.workload([item(0), item(9, kind="quiz", moved=True)], days=14, today=None, label="work")
    assert [(bar.get("class"), bar.find("title").text) for bar in bars(chart)] == [
        ("bar bar-lesson", "day 0: lesson, 30 minutes, light"),
        ("bar bar-quiz moved", "day 9: quiz, 30 minutes, light, moved by the learner"),
    ]


def test_items_of_one_day_are_stacked():
    low, high = bars(charts.workload([item(0, 30), item(0, 60)], days=7, today=None, label="work"))
    assert float(high.get("y")) + float(high.get("height")) == float(low.get("y"))
    assert float(high.get("height")) > float(low.get("height"))


def test_today_is_marked_where_it_lies_within():
    lines = [
        drawn(charts.workload([item(0)], days=14, today=day, label="w")).find("line") for day in (3, -1, 400)
    ]
    assert lines[0] is not None
    assert lines[1:] == [None, None]


def test_a_day_beyond_the_horizon_widens_the_chart():
    chart = drawn(charts.workload([item(200)], days=14, today=None, label="work"))
    right = max(float(rect.get("x")) + float(rect.get("width")) for rect in chart.iter("rect"))
    assert right <= float(chart.get("viewBox").split()[2]) + 0.1


def test_charts_bring_no_styles_or_scripts_of_their_own():
    chart = charts.workload([item(0)], days=14, today=1, label="work") + charts.sparkline([1, 2], label="x")
    assert "style" not in chart
    assert "script" not in chart
