"""Running commands in the process of the tests."""

from collections.abc import Callable

import pytest

from broker.cli.main import main

RunCommand = Callable[..., tuple[int, str, str]]


@pytest.fixture
def headrace(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kept_logging: None) -> RunCommand:
    """Runs the command in this process, which has no terminal: exit status, standard output, standard error."""

    def run(*arguments: object, **variables: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["headrace", *map(str, arguments)])
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return run
