"""Which plans the offline coach makes for a fixed set of goals, held against what their learners would expect.

    ARCADIA_DEBUG=1 python -m benchmarks.goals [FILE]

A goal is right where its modules mention one of the expected words (or, for a vague or foreign goal, where no track is
chosen); it is foreign where they mention a forbidden one. A deadline is honoured where the schedule ends before it and
the notes name it, a weekly time where no seven days of the schedule hold more.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

GOALS = Path(__file__).with_name("goals.json")
# Shares of the goals (0 to 1) that must be right, without a foreign track, and in time.
LEAST = {"right": 0.9, "native": 0.98, "in time": 0.9}


class Verdict(NamedTuple):
    """Whether a plan is what its goal asks for; `in_time` is None where the goal says nothing about time."""

    right: bool
    native: bool
    in_time: bool | None


def main() -> None:
    """Print a line for each goal and the totals; the exit code is 1 where a total is too low."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "file", nargs="?", type=Path, default=GOALS, help="goals as JSON (default %(default)s)"
    )
    goals = json.loads(parser.parse_args().file.read_text(encoding="utf-8"))
    client = offline_client()
    verdicts = []
    for number, goal in enumerate(goals, start=1):
        profile = planned(client, f"goal-{number}", goal)
        verdicts.append(verdict(goal, profile))
        print(f"{number:2}. {goal['goal']}\n{described(goal, profile)}    {verdicts[-1]}")
    shares = {
        "right": share(found.right for found in verdicts),
        "native": share(found.native for found in verdicts),
        "in time": share(found.in_time for found in verdicts if found.in_time is not None),
    }
    print(", ".join(f"{name}: {value:.1%} (at least {LEAST[name]:.0%})" for name, value in shares.items()))
    raise SystemExit(any(value < LEAST[name] for name, value in shares.items()))


def offline_client() -> Any:
    """A client of the whole service in this process: the offline coach, and a database in memory."""
    os.environ |= {
        "ARCADIA_AGENT": "offline",
        "ARCADIA_DATABASE_URL": "sqlite:///:memory:",
        "DJANGO_SETTINGS_MODULE": "arcadia.settings",
    }
    import django

    django.setup()
    import logging

    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    logging.disable(logging.INFO)
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    return Client()


def posted(client: Any, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The JSON answer to a request. Raises AssertionError where it does not succeed."""
    response = client.post(path, json.dumps(body), content_type="application/json")
    assert response.status_code == 200, f"{path}: {response.status_code} {response.content[:300]!r}"
    return response.json()


def planned(client: Any, username: str, goal: dict[str, Any]) -> dict[str, Any]:
    """The profile of a learner with that goal, with the plan that the coach makes."""
    body = {"username": username, **{name: goal.get(name, "") for name in ("goal", "use_case", "strengths")}}
    posted(client, "/api/onboarding/plan", body)
    return client.get(f"/api/profile/{username}").json()


# --- judging ----------------------------------------------------------------------------------------


def verdict(goal: dict[str, Any], profile: dict[str, Any]) -> Verdict:
    words = module_words(profile)
    wanted, forbidden = goal["some_module_mentions"], goal["no_module_mentions"]
    right = any(word in words for word in wanted) if wanted else tracks(profile) == ["coach-orientation"]
    return Verdict(right, not any(word in words for word in forbidden), in_time(goal, profile))


def module_words(profile: dict[str, Any]) -> str:
    """Everything that the modules of a plan say, in lower case."""
    texts = [
        text
        for module in profile["curriculum_plan"]["modules"]
        for name in ("module_id", "title", "summary", "objectives", "activities", "deliverables")
        for text in ([module[name]] if isinstance(module[name], str) else module[name])
    ]
    return "\n".join(texts).lower()


def tracks(profile: dict[str, Any]) -> list[str]:
    return [track["track_id"] for track in profile["goal_inference"]["tracks"]]


def in_time(goal: dict[str, Any], profile: dict[str, Any]) -> bool | None:
    items = profile["curriculum_schedule"]["items"]
    checks = []
    if weekly := goal.get("weekly_minutes"):
        checks.append(busiest_week(items) <= weekly)
    if named := goal.get("deadline"):
        today = dt.datetime.now(dt.UTC).date()
        too_late = first_late_day(named, today)
        last = max(dt.date.fromisoformat(item["scheduled_for"][:10]) for item in items)
        checks += [last < too_late, "Deadline: " in profile["goal_inference"]["summary"]]
    return all(checks) if checks else None


def busiest_week(items: Sequence[dict[str, Any]]) -> int:
    """The most minutes that seven days in a row hold."""
    days = [(item["recommended_day_offset"], item["recommended_minutes"]) for item in items]
    return max(sum(minutes for other, minutes in days if day <= other < day + 7) for day, _ in days)


def first_late_day(deadline: dict[str, int], today: dt.date) -> dt.date:
    """The first day after a deadline of {"weeks": n}, {"months": n} or {"month": of the year}."""
    if "month" in deadline:
        return dt.date(today.year + (deadline["month"] <= today.month), deadline["month"], 1)
    days = deadline.get("weeks", 0) * 7 + deadline.get("months", 0) * 31 + deadline.get("days", 0)
    return today + dt.timedelta(days=days)


def described(goal: dict[str, Any], profile: dict[str, Any]) -> str:
    schedule = profile["curriculum_schedule"]
    items = schedule["items"]
    modules = [module["title"] for module in profile["curriculum_plan"]["modules"]]
    return (
        f"    tracks: {', '.join(tracks(profile))}; {len(modules)} modules: {'; '.join(modules)}\n"
        f"    said: {profile['goal_inference']['summary']}\n"
        f"    schedule: {len(items)} items, {busiest_week(items)} minutes in the busiest seven days, "
        f"last one on {max(item['scheduled_for'][:10] for item in items)}\n"
    )


def share(found: Iterable[bool | None]) -> float:
    values = [bool(value) for value in found]
    return sum(values) / len(values) if values else 1.0


if __name__ == "__main__":
    main()
