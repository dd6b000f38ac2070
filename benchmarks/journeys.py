"""Three learners of the offline coach, from their goal to a chat after three missed days, as the service answers them.

ARCADIA_DEBUG=1 python -m benchmarks.journeys
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from benchmarks import goals

JOURNEYS: tuple[dict[str, str], ...] = (
    {
        "who": "A front-end switcher with nine months",
        "goal": "I want to get my first job as a front-end developer in 9 months",
        "strengths": "Five years as a nurse, never programmed",
        "topic": "CSS grid",
    },
    {
        "who": "A Spanish speaker with two hours a week",
        "goal": "Quiero aprender a programar en Python, dos horas por semana",
        "strengths": "",
        "topic": "for loop",
    },
    {
        "who": "A parent with a child",
        "goal": "Teach my eight-year-old to make games with blocks",
        "use_case": "We have one hour on Saturdays",
        "strengths": "",
        "topic": "blocks",
    },
)
MESSAGES = (
    "I missed three days. What now?",
    "I have 20 minutes",
    "How am I doing?",
    "¿Qué hago ahora?",
    "Who are you?",
)


def main() -> None:
    client = goals.offline_client()
    for number, journey in enumerate(JOURNEYS, start=1):
        name = f"learner-{number}"
        print(f"\n# {journey['who']}\n\nGoal: {journey['goal']}")
        print(
            f"Use case: {journey.get('use_case') or '(none)'}\nStrengths: {journey['strengths'] or '(none)'}"
        )
        show_plan(goals.planned(client, name, journey))
        for kind in ("lesson", "quiz", "milestone"):
            asked = {"topic": journey["topic"], "metadata": {"username": name}}
            print(
                f"\n## {kind} on “{journey['topic']}”\n\n{goals.posted(client, f'/api/session/{kind}', asked)['display']}"
            )
        three_days_later(name)
        for message in MESSAGES:
            answer = goals.posted(
                client, "/api/session/chat", {"message": message, "metadata": {"username": name}}
            )
            print(f"\n## chat, three days later: {message}\n\n{answer['display']}")


def show_plan(profile: dict[str, Any]) -> None:
    """Print the notes, the modules, and the first week of the schedule."""
    schedule = profile["curriculum_schedule"]
    print(f"\n## plan\n\n{profile['elo_category_plan']['strategy_notes']}\n")
    for module in profile["curriculum_plan"]["modules"]:
        print(f"- {module['title']} ({module['estimated_minutes']} minutes): {module['summary']}")
    print(f"\n{schedule['pacing_overview']}\n{schedule['cadence_notes']}\n\n## week one\n")
    for item in schedule["items"]:
        if item["recommended_day_offset"] < 7:
            day = dt.datetime.fromisoformat(item["scheduled_for"])
            print(
                f"- {day:%A, %d %B}: {item['title']}, {item['recommended_minutes']} minutes. {item['summary']}"
            )


def three_days_later(username: str) -> None:
    """Make the learner's schedule three days older, as if nobody had opened it."""
    from coach.models import LearnerProfile
    from coach.services import schedules

    learner = LearnerProfile.objects.get(username=username)
    schedule = learner.schedule.to_document()
    older = schedule.model_copy(update={"generated_at": schedule.generated_at - dt.timedelta(days=3)})
    schedules.store(learner, older)


if __name__ == "__main__":
    main()
