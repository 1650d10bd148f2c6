"""Settings: read once, from file, environment and secret files; refused with what to do."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from idp import sealing
from idp.config import ConfigError, Settings, load

KEY = "dGhpcnR5LXR3byBieXRlcyBvZiBhIHRlc3Qga2V5ISE="


@pytest.fixture(autouse=True)
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without settings, and an environment without ours."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CHAMBERLAIN_{name.upper()}", raising=False)
        monkeypatch.delenv(f"CHAMBERLAIN_{name.upper()}_FILE", raising=False)
    return tmp_path


def test_without_any_setting_it_runs_on_sqlite_in_its_own_directory(empty_place: Path) -> None:
    settings = load()
    assert settings.database == f"sqlite:///{empty_place}/instance/chamberlain.db"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert not settings.secure


def test_the_environment_stands_over_the_file(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = 'public_url = "https://toml.example"\nsession_hours = 12\nmail_from = "a@b.example"\n'
    (empty_place / "chamberlain.toml").write_text(toml)
    monkeypatch.setenv("CHAMBERLAIN_PUBLIC_URL", "https://env.example/")
    settings = load()
    assert (settings.public_url, settings.session_hours) == ("https://env.example", 12)
    assert settings.secure


def test_a_secret_file_stands_over_the_environment(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_place / "key").write_text(f"{KEY}\n")
    monkeypatch.setenv("CHAMBERLAIN_MASTER_KEY_FILE", str(empty_place / "key"))
    monkeypatch.setenv("CHAMBERLAIN_MASTER_KEY", sealing.make_key())
    assert load().master_key.get_secret_value() == KEY


def test_every_setting_has_its_file(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("worker", "false"), ("session_hours", "3"), ("demo", "yes")):
        (empty_place / name).write_text(f" {text}\n")
        monkeypatch.setenv(f"CHAMBERLAIN_{name.upper()}_FILE", str(empty_place / name))
    settings = load()
    assert (settings.worker, settings.session_hours, settings.demo) == (False, 3, True)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_secret_file_that_cannot_be_read_is_refused(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    if content:
        (empty_place / "key").write_bytes(content)
    monkeypatch.setenv("CHAMBERLAIN_MASTER_KEY_FILE", str(empty_place / "key"))
    with pytest.raises(ConfigError, match=r"CHAMBERLAIN_MASTER_KEY_FILE: cannot read .*key"):
        load()


@pytest.mark.parametrize(
    "given,stored",
    [
        ("postgresql://u@h/n", "postgresql+psycopg://u@h/n"),
        ("postgresql+psycopg://u@h/n", "postgresql+psycopg://u@h/n"),
        ("sqlite:////srv/c.db", "sqlite:////srv/c.db"),
    ],
)
def test_a_database_is_reached_by_the_driver_that_is_here(
    monkeypatch: pytest.MonkeyPatch, given: str, stored: str
) -> None:
    monkeypatch.setenv("CHAMBERLAIN_DATABASE_URL", given)
    assert load().database == stored


WRONG = [
    ("PUBLIC_URL", "id.example.com", "must be an origin"),
    ("PUBLIC_URL", "https://id.example.com/app", "must be an origin"),
    ("PUBLIC_URL", "https://id.example.com?x=1", "must be an origin"),
    ("PUBLIC_URL", "https://me:pw@id.example.com", "must be an origin"),
    ("PUBLIC_URL", "ftp://id.example.com", "must be an origin"),
    ("LOG_LEVEL", "chatty", "debug|info|warning|error"),
    ("SESSION_HOURS", "0", "greater than or equal to 1"),
    ("SESSION_HOURS", "many", "valid integer"),
    ("ADMIN_SESSION_HOURS", "48", "less than or equal to 24"),
    ("TRUSTED_PROXIES", "-1", "greater than or equal to 0"),
    ("WORKER", "maybe", "valid boolean"),
    ("MAX_BODY_BYTES", "1", "greater than or equal to 65536"),
]


@pytest.mark.parametrize("name,value,fix", WRONG)
def test_a_wrong_value_is_refused_with_name_value_and_fix(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fix: str
) -> None:
    monkeypatch.setenv(f"CHAMBERLAIN_{name}", value)
    with pytest.raises(ConfigError) as refused:
        load()
    text = str(refused.value)
    assert text.startswith(f"CHAMBERLAIN_{name} = {value!r}: ")
    assert fix in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "name,value,fix",
    [
        ("MASTER_KEY", "hunter2-hunter2", "must be a Fernet key"),
        ("MASTER_KEY", f"{KEY},hunter2", "must be a Fernet key"),
        ("DATABASE_URL", "mysql://root:hunter2@db/x", "must be a postgresql:// or sqlite:// URL"),
        ("DATABASE_URL", "hunter2", "must be a SQLAlchemy URL"),
    ],
)
def test_a_wrong_secret_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fix: str
) -> None:
    monkeypatch.setenv(f"CHAMBERLAIN_{name}", value)
    with pytest.raises(ConfigError) as refused:
        load()
    text = str(refused.value)
    assert text.startswith(f"CHAMBERLAIN_{name} = (hidden): ")
    assert fix in text
    assert "hunter2" not in text


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAMBERLAIN_LOG_LEVEL", "chatty")
    monkeypatch.setenv("CHAMBERLAIN_SESSION_HOURS", "x")
    with pytest.raises(ConfigError) as refused:
        load()
    assert len(str(refused.value).splitlines()) == 2


def test_mail_needs_a_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAMBERLAIN_SMTP_URL", "smtp://user:hunter2@mail.example")
    with pytest.raises(ConfigError, match="CHAMBERLAIN_MAIL_FROM must be an address") as refused:
        load()
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("toml", ["public_url = ", "session_hours = 12\nsession_hours = 13\n"])
def test_a_damaged_file_is_refused(empty_place: Path, toml: str) -> None:
    (empty_place / "chamberlain.toml").write_text(toml)
    with pytest.raises(ConfigError, match=r"chamberlain.toml: .*line"):
        load()


def test_a_misspelt_setting_in_the_file_is_refused(empty_place: Path) -> None:
    (empty_place / "chamberlain.toml").write_text('pubic_url = "https://id.example"\n')
    with pytest.raises(ConfigError, match="CHAMBERLAIN_PUBIC_URL"):
        load()


def test_secrets_are_made_once_and_kept_for_the_servers_user(empty_place: Path) -> None:
    first, second = load(), load()
    assert first.master_key == second.master_key
    assert first.secret_key == second.secret_key
    assert sealing.ring(first.master_key.get_secret_value())
    for name in ("master_key", "secret_key"):
        mode = (empty_place / "instance" / name).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE((empty_place / "instance").stat().st_mode) == 0o700
    assert {file.name for file in (empty_place / "instance").iterdir()} == {
        "master_key",
        "secret_key",
    }


def test_processes_that_start_at_once_agree_on_their_secrets(empty_place: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(lambda _: load(), range(8)))
    keys = {settings.master_key.get_secret_value() for settings in loaded}
    assert len(keys) == 1
    assert "" not in keys


def test_a_data_directory_that_cannot_be_used_is_refused(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_place / "file").write_text("in the way")
    monkeypatch.setenv("CHAMBERLAIN_DATA_DIR", str(empty_place / "file"))
    with pytest.raises(ConfigError, match=r"CHAMBERLAIN_DATA_DIR = .*file.* cannot keep secrets"):
        load()


def test_settings_show_no_secret_and_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAMBERLAIN_MASTER_KEY", KEY)
    settings = load()
    assert KEY not in repr(settings)
    with pytest.raises(ValidationError):
        settings.demo = True  # type: ignore[misc]
