"""``omnibook serve``: what it refuses, and that it serves."""

import base64
import importlib.resources
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import uvicorn

from omnibook import cli, cli_serve
from support.browser import ADDRESS, HOST, MARIE

START = "import sys; from omnibook.cli import main; sys.exit(main())"
CLINIC = Path(__file__).parents[2] / "examples" / "clinic.toml"


def test_a_demonstration_is_for_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", "--bind", "192.0.2.1"]) == 1
    assert "this machine only" in capsys.readouterr().err


def test_a_port_is_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    for port in ("x", "70000", "-1", "٣"):
        with pytest.raises(SystemExit):
            cli.main(["serve", f"--port={port}"])
    assert "a port is a number" in capsys.readouterr().err


def test_what_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert cli.main(["serve"]) == 1
    assert "omnibook[web]" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["missing.toml"], ["--terms", "fr=missing.txt"]])
def test_what_cannot_be_read_is_said(capsys: pytest.CaptureFixture[str], wrong: list[str]) -> None:
    assert cli.main(["serve", *wrong, "--port=0"]) == 1
    assert "missing" in capsys.readouterr().err


def test_a_port_that_is_taken_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert cli.main(["serve", f"--port={taken.getsockname()[1]}"]) == 1
    assert "in use" in capsys.readouterr().err


def deployed(folder: Path, portal: str) -> str:
    file = folder / "deployment.toml"
    shutil.copy(CLINIC, folder)
    file.write_text(f'clinic = "clinic.toml"\ndatabase = "sqlite:///clinic.db"\n{portal}', "utf-8")
    return str(file)


@pytest.fixture
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIBOOK_KEYS", base64.b64encode(b"k" * 32).decode())


@pytest.mark.usefixtures("_keys")
def test_a_deployment_needs_a_portal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", deployed(tmp_path, "")]) == 1
    assert "no [portal]" in capsys.readouterr().err


@pytest.mark.usefixtures("_keys")
def test_a_deployment_is_served_under_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over HTTPS, on the database's own patient files and limiter."""
    seen: list[httpx.Response] = []

    async def look_once(server: uvicorn.Server, sockets: object) -> None:
        transport = httpx.ASGITransport(server.config.app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport) as client:
            seen.append(await client.get(f"https://{HOST}/"))
            seen.append(await client.get("https://127.0.0.1/"))
            form = {**MARIE, "form_token": seen[0].text.split('form_token" value="')[1][:22]}
            seen.append(await client.post(f"{ADDRESS}/", data=form))

    monkeypatch.setattr(uvicorn.Server, "serve", look_once)
    file = deployed(tmp_path, f'[portal]\naddress = "{ADDRESS}"\n')
    assert cli.main(["serve", file, "--port=0"]) == 0
    assert [answer.status_code for answer in seen] == [200, 400, 303]
    assert "__Host-omnibook-form" in seen[0].headers["set-cookie"]
    assert seen[2].headers["location"] == "/choose"
    told = capsys.readouterr()
    assert f"{ADDRESS} is served at http://127.0.0.1:" in told.out
    assert "warning: portal.trusted_proxies is missing" in told.err


def test_terms_that_are_no_text_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fr.txt").write_bytes(b"\xff")
    assert cli.main(["serve", "--terms", f"fr={tmp_path / 'fr.txt'}"]) == 1
    assert "give a file in UTF-8" in capsys.readouterr().err


def test_the_terms_are_in_both_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fr.txt").write_text("Un.", encoding="utf-8")
    assert cli.main(["serve", "--terms", f"fr={tmp_path / 'fr.txt'}"]) == 1
    assert "fr=FILE and en=FILE" in capsys.readouterr().err


@pytest.mark.usefixtures("_keys")
def test_a_deployment_has_terms_of_its_own_and_names_its_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """R2."""
    seen: list[httpx.Response] = []

    async def look_once(server: uvicorn.Server, sockets: object) -> None:
        transport = httpx.ASGITransport(server.config.app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport) as client:
            seen.append(await client.get(f"{ADDRESS}/terms?lang=en", follow_redirects=True))

    monkeypatch.setattr(uvicorn.Server, "serve", look_once)
    proxies = f'[portal]\naddress = "{ADDRESS}"\ntrusted_proxies = ["192.0.2.7"]\n'
    for language, words in (("fr", "Nos conditions."), ("en", "Our terms.")):
        (tmp_path / f"{language}.txt").write_text(words, encoding="utf-8")
    terms = [f"--terms={each}={tmp_path / each}.txt" for each in ("fr", "en")]
    assert cli.main(["serve", deployed(tmp_path, proxies), "--port=0", *terms]) == 0
    assert "Our terms." in seen[0].text
    assert "warning" not in capsys.readouterr().err


def test_the_example_is_found_in_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = tmp_path / "web" / "example" / "clinic.toml"
    packed.parent.mkdir(parents=True)
    packed.touch()
    monkeypatch.setattr(importlib.resources, "files", lambda package: tmp_path)
    assert cli_serve.example_file("clinic.toml") == packed


def test_the_example_is_found_in_a_clone() -> None:
    for name in ("clinic.toml", "patients.json"):
        assert cli_serve.example_file(name).is_file()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_ends_when_it_is_asked_to(tmp_path: Path, how: signal.Signals) -> None:
    """With the example: an address to open, and patients to try."""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    environment.pop("OMNIBOOK_KEYS", None)
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", START, "serve", "--port=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    ) as serving:
        assert serving.stdout is not None
        try:
            address, told = "", []
            for line in serving.stdout:
                told.append(line)
                found = re.search(r"http://127\.0\.0\.1:[1-9][0-9]*/", line)
                if found:
                    address = found[0]
                if "No message is sent" in line:
                    break
            assert "Clinique des" in httpx.get(address, timeout=30).text
            serving.send_signal(how)
            rest = serving.stdout.read()
            assert serving.wait(30) == 0, rest
        finally:
            serving.kill()
    assert "Marie Tremblay, 2004-12-19" in "".join(told)
    assert re.search("and [1-9][0-9]* more, in .*patients.json", "".join(told))
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_form_that_was_half_sent_does_not_keep_it_from_ending(
    tmp_path: Path, how: signal.Signals
) -> None:
    start = START.replace("sys.exit", "cli_serve.GRACE = 1; sys.exit", 1)
    start = start.replace("import sys;", "import sys; from omnibook import cli_serve;")
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", start, "serve", "--port=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
    ) as serving:
        assert serving.stdout is not None
        try:
            port = 0
            for line in serving.stdout:
                found = re.search(r"http://127\.0\.0\.1:([1-9][0-9]*)/", line)
                port = int(found[1]) if found else port
                if "No message is sent" in line:
                    break
            with socket.create_connection(("127.0.0.1", port)) as sender:
                sender.sendall(
                    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\nExpect:"
                    b" 100-continue\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
                )
                # It asks for the rest, and so it waits for it.
                assert sender.recv(100).startswith(b"HTTP/1.1 100")
                sender.sendall(b"first_name=")
                serving.send_signal(how)
                assert serving.wait(30) == 0
        finally:
            serving.kill()
    assert list(tmp_path.iterdir()) == []
