import shutil

import pytest

from coach.agent.offline import languages, phrases, tracks
from coach.documents.authored import FileFault

PYTHON = tracks.FOLDER / "python.toml"


def broken(tmp_path, old, new):
    """A copy of the Python track with one change."""
    path = tmp_path / "python.toml"
    text = PYTHON.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_every_track_of_the_project_is_valid_and_names_only_tracks_that_exist():
    assert len(tracks.catalogue()) >= 10
    assert tracks.unknown_references(tracks.catalogue()) == []


@pytest.mark.parametrize("track", tracks.catalogue().values(), ids=lambda track: track.id)
def test_learners_with_and_without_experience_get_five_or_four_modules(track):
    assert len(track.module) >= 5
    assert len([module for module in track.module if not module.newcomers_only]) >= 4


@pytest.mark.parametrize("track", tracks.catalogue().values(), ids=lambda track: track.id)
def test_each_language_has_words_for_the_track(track):
    assert set(track.names) == {"en", "es", "de", "fr", "pt", "ja", "zh"}


@pytest.mark.parametrize("track", tracks.catalogue().values(), ids=lambda track: track.id)
def test_the_right_option_is_not_always_in_the_same_place(track):
    places = {
        question.options.index(question.answer)
        for module in track.module
        for question in module.quiz
        if question.options
    }
    assert len(places) > 1


def test_no_phrase_is_a_single_letter_or_empty_once_it_is_normalised():
    every = [
        p for t in tracks.catalogue().values() for ps in (*t.names.values(), *t.hints.values()) for p in ps
    ]

    assert [phrase for phrase in every if len(phrases.normal(phrase).strip()) < 2] == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('answer = "34"', 'answer = "43"', "module 'python-first-programs', quiz 2"),
        ("minutes = 25", "minutes = 500", "module 'python-first-programs', activities 1, minutes"),
        ("objectives = [", "objektives = [", "objektives"),
        ('id = "python-functions"', 'id = "functions"', "begins with 'python-'"),
        ("tier = 3", "tier = 1", "tiers never fall"),
        ('id = "python"', 'id = "snakes"', "begins with 'snakes-'"),
        ("name = ", "name ", "Expected '='"),
    ],
)
def test_a_fault_is_named_with_its_file_and_place(tmp_path, old, new, complaint):
    with pytest.raises(FileFault, match=complaint) as caught:
        tracks.load([broken(tmp_path, old, new)])

    assert "python.toml" in str(caught.value)


def test_a_new_file_is_a_new_track(tmp_path):
    path = tmp_path / "snakes.toml"
    shutil.copy(PYTHON, path)
    text = path.read_text(encoding="utf-8").replace('id = "python', 'id = "snakes')
    path.write_text(text, encoding="utf-8")

    assert list(tracks.load([path, PYTHON])) == ["snakes", "python"]


def test_two_modules_of_one_id_are_refused():
    with pytest.raises(FileFault, match="module 'python-testing' is there 2 times"):
        tracks.load([PYTHON, PYTHON])


@pytest.mark.parametrize("language", ["en", "es", "de", "fr", "pt", "ja", "zh"])
def test_help_is_there_in_every_language(language):
    assert "findahelpline.com" in languages.WORDS["help"][language] or language == "de"
    assert language == "en" or languages.WORDS["english_only"][language]
