def pytest_addoption(parser):
    parser.addoption(
        "--rewrite-examples", action="store_true", help="write examples.json from what is answered"
    )
