import json

import pytest

from coach.agent.tools import functions
from coach.agent.tools.requests import LearnerTools
from coach.documents import usernames
from coach.documents.base import utc_now
from coach.documents.curriculum import EloPlan


class Remembered:
    """The learner tools, which note each call."""

    def __init__(self, username="iris"):
        self.username, self.calls = username, []

    def learner_tools(self):
        return LearnerTools(
            username=self.username,
            refused=lambda: self.calls.append("refused"),
            profile=self.profile,
            update=self.update,
            remember=self.remember,
            set_plan=self.set_plan,
        )

    def profile(self, username):
        return {"username": self._named(username)} if username.strip() != "nobody" else None

    def update(self, username, members):
        self.calls.append((self._named(username), members))
        return {"username": username}

    def remember(self, username, note, tags):
        self.calls.append((self._named(username), note, list(tags)))
        return "0123456789abcdef"

    def set_plan(self, username, categories, source_goal, strategy_notes):
        self.calls.append((self._named(username), [category.key for category in categories]))
        return EloPlan(generated_at=utc_now(), source_goal=source_goal, categories=list(categories))

    def _named(self, username):
        return usernames.normalise(username)


@pytest.fixture
def seen():
    return Remembered()


def run(name, arguments, seen=None):
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    answer = functions.run(name, text, (seen or Remembered()).learner_tools())
    return answer if answer.startswith("The call failed") else json.loads(answer)


def test_every_function_is_described_without_being_strict():
    described = {tool["name"]: tool for tool in functions.definitions(about_learner=True)}

    assert list(described) == [
        "progress_start",
        "progress_advance",
        "elo_update",
        "learner_profile_get",
        "learner_profile_update",
        "learner_memory_write",
        "learner_elo_category_plan_set",
        "current_time",
    ]
    assert all(tool["strict"] is False and tool["description"] for tool in described.values())
    assert described["elo_update"]["parameters"]["required"] == [
        "elo",
        "skill_weights",
        "score",
        "problem_rating",
    ]
    assert described["current_time"]["parameters"].get("required") is None


@pytest.mark.parametrize(
    ("name", "arguments", "progress"),
    [
        ("progress_start", {"total": 4}, (0, 1, 4, True)),
        ("progress_start", {"total": "0"}, (0, 1, 1, False)),
        ("progress_advance", {"idx": 0, "total": 4}, (1, 2, 4, True)),
        ("progress_advance", {"idx": 3, "total": 4}, (3, 4, 4, False)),
        ("progress_advance", {"idx": 9, "total": -1}, (0, 1, 1, False)),
    ],
)
def test_progress_is_counted(name, arguments, progress):
    index, display, total, more = progress

    assert run(name, arguments) == {
        "progress": {"idx": index, "display": display, "total": total, "has_next": more}
    }


def test_ratings_move_by_weight_and_the_others_follow_unchanged():
    updated = run(
        "elo_update",
        {
            "elo": {"a": 1100.0, "b": 1300},
            "skill_weights": {"a": 3, "c": 1},
            "score": 0.75,
            "problem_rating": 1200,
        },
    )["updated_elo"]

    assert list(updated) == ["a", "c", "b"]
    assert updated == pytest.approx({"a": 1107.021169996452, "c": 1201.5, "b": 1300})


def test_weights_below_zero_count_as_none():
    arguments = {"elo": {}, "skill_weights": {"a": -1, "b": 0}, "score": 1, "problem_rating": 1200}

    assert run("elo_update", arguments)["updated_elo"] == {"a": 1200, "b": 1200}


def test_nothing_to_weigh_changes_nothing():
    arguments = {"elo": {"a": 1}, "skill_weights": None, "score": 1, "problem_rating": 1200}

    assert run("elo_update", arguments) == {"updated_elo": {"a": 1.0}}


@pytest.mark.parametrize("rating", [10**400, -(10**400), "1e999", 1e308])
def test_numbers_that_cannot_be_worked_with_go_back_to_the_model(rating):
    arguments = {
        "elo": {"a": 1e308},
        "skill_weights": {"a": 1},
        "score": 1e308,
        "problem_rating": rating,
        "K": 10**9,
    }

    assert "failed" in run("elo_update", arguments)


def test_the_time_has_the_offset_of_its_zone():
    told = run("current_time", {"timezone_name": "Asia/Kolkata"})

    assert told["timezone"] == "Asia/Kolkata"
    assert told["iso_timestamp"].endswith("+05:30")
    assert "IST" in told["display"]


@pytest.mark.parametrize("zone", [None, "", "Moon/Base", "../etc/passwd"])
def test_an_unknown_zone_is_utc(zone):
    assert run("current_time", {"timezone_name": zone, "format": "%Y"})["timezone"] == "UTC"


def test_a_learner_is_read_or_not_found():
    assert run("learner_profile_get", {"username": " IRIS "}) == {
        "found": True,
        "profile": {"username": "iris"},
    }
    nobody = Remembered("nobody")
    assert run("learner_profile_get", {"username": "nobody"}, nobody) == {"found": False, "profile": None}


def test_only_what_is_given_is_changed(seen):
    run("learner_profile_update", {"username": "iris", "goal": "Weave", "timezone": None}, seen)

    assert seen.calls == [("iris", {"goal": "Weave"})]


def test_a_note_is_promised_to_the_vector_store(seen, settings):
    answer = run("learner_memory_write", {"username": "iris", "note": " as it is "}, seen)

    assert answer == {
        "note_id": "0123456789abcdef",
        "vector_store_id": settings.AGENT_VECTOR_STORE,
        "status": "queued",
    }
    assert seen.calls == [("iris", " as it is ", [])]


def test_a_plan_is_tidied_before_it_is_stored(seen):
    category = {
        "key": " k ",
        "label": " l ",
        "description": "",
        "weight": -1,
        "starting_rating": "-5",
        "focus_areas": [" a ", ""],
        "rubric": [{"level": " L ", "descriptor": " x "}, {"level": " ", "descriptor": "y"}],
    }
    answer = run("learner_elo_category_plan_set", {"username": "IRIS", "categories": [category]}, seen)

    assert answer["username"] == "iris"
    assert answer["plan"]["categories"] == [
        {
            "key": "k",
            "label": "l",
            "description": "",
            "focus_areas": ["a"],
            "weight": 0.0,
            "rubric": [{"level": "L", "descriptor": "x"}],
            "starting_rating": 0,
        }
    ]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("launch_rocket", {}),
        ("progress_start", '{"total": '),
        ("progress_start", {"total": 1.5}),
        ("progress_start", {"total": float("nan")}),
        ("progress_start", []),
        ("learner_profile_get", {}),
        ("learner_profile_get", {"username": 5}),
        ("learner_profile_get", {"username": "a\0b"}),
        ("learner_profile_update", {"username": "  ", "goal": "x"}),
        ("learner_memory_write", {"username": "iris", "note": "\ud800"}),
        ("learner_memory_write", {"username": "iris", "note": None}),
        ("learner_elo_category_plan_set", {"username": "", "categories": []}),
        ("current_time", {"format": "%Y" * 1000}),
    ],
)
def test_faulty_calls_go_back_to_the_model_and_change_nothing(name, arguments, seen):
    assert run(name, arguments, seen).startswith("The call failed and changed nothing: ")
    assert seen.calls == []


LEARNER_FUNCTIONS = {
    "learner_profile_get": {},
    "learner_profile_update": {"goal": "mine now"},
    "learner_memory_write": {"note": "n"},
    "learner_elo_category_plan_set": {"categories": []},
}


@pytest.mark.parametrize(("name", "arguments"), LEARNER_FUNCTIONS.items())
@pytest.mark.parametrize("bound", ["iris", None])
def test_another_learner_is_refused_and_noted(name, arguments, bound):
    seen = Remembered(bound)

    assert run(name, {"username": "felix", **arguments}, seen).startswith("The call failed")
    assert seen.calls == ["refused"]


def test_without_a_learner_no_function_for_learners_is_offered():
    offered = {tool["name"] for tool in functions.definitions(about_learner=False)}

    assert offered == {"progress_start", "progress_advance", "elo_update", "current_time"}
