import pytest

from coach.documents import usernames


@pytest.mark.parametrize(
    ("spelled", "normal"),
    [
        ("  Amara ", "amara"),
        ("ZOË", "zoë"),
        ("ZOE\u0308", "zoë"),
        ("JOSÉ MARÍA", "josé maría"),
        ("李雷", "李雷"),
    ],
)
def test_usernames_have_one_form(spelled, normal):
    assert usernames.normalise(spelled) == normal


@pytest.mark.parametrize(
    "spelled",
    [
        "",
        "  ",
        "a\0b",
        "a\nb",
        "admin\u202eerf",
        "\ud800",
        "x" * 256,
        "a/b",
        " . ",
        "..",
        "am\u200bara",
        "am\u00adara",
        "\ufeffamara",
        "am\u3164ara",
    ],
)
def test_what_nobody_can_be_called_is_refused(spelled):
    with pytest.raises(usernames.UnusableUsername):
        usernames.normalise(spelled)


def test_the_normal_form_is_its_own_normal_form():
    for spelled in ("İstanbul", "Å", "ﬀ", "ΑΣ"):
        assert usernames.normalise(usernames.normalise(spelled)) == usernames.normalise(spelled)
