"""The web process without a model loads none of the model's libraries."""

import os
import subprocess
import sys

PROBE = (
    "import sys, arcadia.wsgi\n"
    "from django.urls import get_resolver; get_resolver().url_patterns\n"
    "from django.test import Client; Client().get('/healthz')\n"
    "from django.core.management import load_command_class; load_command_class('coach', 'upload_memories')\n"
    "print(sorted({name.split('.')[0] for name in sys.modules} & {'openai', 'agents', 'chatkit', 'httpx', 'httpx2'}))"
)


def loaded(**changes):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    environment |= {"DJANGO_SETTINGS_MODULE": "arcadia.settings", **changes}
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1]


def test_without_a_key_no_library_is_loaded():
    assert loaded() == "[]"


def test_nor_with_a_key_before_anybody_asks():
    assert loaded(OPENAI_API_KEY="any") == "[]"


def test_nor_by_the_offline_coach():
    assert loaded(ARCADIA_AGENT="offline") == "[]"
