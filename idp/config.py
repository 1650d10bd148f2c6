"""Typed settings, read once, refused at start with the setting, the value and the fix.

Each is read from `chamberlain.toml` in the working directory, over it from the environment
(`CHAMBERLAIN_…`), over it from the file that `CHAMBERLAIN_…_FILE` names (for secrets).
"""

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from idp import clock, outgoing, sealing

PREFIX = "CHAMBERLAIN_"
_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
_SECRETS = {"secret_key", "master_key", "database_url", "smtp_url"}


class ConfigError(Exception):
    """A setting is wrong; the message names it, its value and the fix."""


class Settings(BaseSettings):
    """Everything that an operator can set. See docs/configuration.md."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, toml_file="chamberlain.toml", extra="forbid", frozen=True
    )

    data_dir: Path = Path("instance")
    database_url: str = ""
    public_url: str = "http://127.0.0.1:8000"
    secret_key: SecretStr = SecretStr("")
    master_key: SecretStr = SecretStr("")
    smtp_url: str = ""  # smtp://user:password@host:587 (STARTTLS) or smtps://…
    mail_from: str = ""
    support_address: str = ""  # where cases and questions go
    feedback_address: str = ""  # where feedback goes; it is kept in any case
    demo: bool = False
    signup: bool = False  # whoever has a mail address may found an organization, by a trial
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")
    worker: bool = True  # deliver the outbox in a thread of the server
    journal_seconds: float = Field(0.5, ge=0, le=60)  # how long SCIM's journal gathers entries
    trusted_proxies: int = Field(0, ge=0, le=5)
    session_idle_minutes: int = Field(480, ge=5, le=1440)
    session_hours: int = Field(24, ge=1, le=168)
    admin_session_idle_minutes: int = Field(30, ge=5, le=480)
    admin_session_hours: int = Field(8, ge=1, le=24)
    access_token_minutes: int = Field(60, ge=5, le=1440)
    max_body_bytes: int = Field(2 * 1024 * 1024, ge=65536)
    outgoing_allow: str = ""  # hosts and networks that may be reached by http, or are private

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  a file of its own is enough
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  *_FILE names each
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the program says, then secret files, the environment, the configuration file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @field_validator("public_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        parts = urlsplit(value)
        beyond = parts.path.strip("/") or parts.query or parts.fragment or parts.username
        if parts.scheme not in ("http", "https") or not parts.hostname or beyond:
            raise ValueError("must be an origin such as https://id.example.com, without a path")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value:
            return value
        try:
            backend = make_url(value).get_backend_name()
        except ArgumentError:
            raise ValueError(
                "must be a SQLAlchemy URL such as postgresql://user@host/name or sqlite:////path"
            ) from None
        if backend not in ("postgresql", "sqlite"):
            raise ValueError("must be a postgresql:// or sqlite:// URL")
        return value.replace("postgresql://", "postgresql+psycopg://", 1)

    @field_validator("master_key")
    @classmethod
    def _master(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            try:
                sealing.ring(value.get_secret_value())
            except ValueError:
                raise ValueError(
                    "must be a Fernet key (44 characters); make one with `flask keys master`"
                ) from None
        return value

    @field_validator("outgoing_allow")
    @classmethod
    def _allowed(cls, value: str) -> str:
        try:
            outgoing.read_allowed(value)
        except ValueError:
            raise ValueError(
                "must list hosts, host:port or networks, such as app.lan:8443, 10.1.0.0/16"
            ) from None
        return value

    @field_validator("support_address", "feedback_address")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not _ADDRESS.fullmatch(value):
            raise ValueError("must be one e-mail address, such as help@example.com")
        return value

    @model_validator(mode="after")
    def _mail(self) -> Self:
        if self.smtp_url and "@" not in self.mail_from:
            raise ValueError("CHAMBERLAIN_MAIL_FROM must be an address when SMTP_URL is set")
        return self

    @property
    def secure(self) -> bool:
        """Whether browsers reach the product over HTTPS."""
        return self.public_url.startswith("https://")

    @property
    def signup_open(self) -> bool:
        """Whether services have public pages, and strangers may sign up: always in the demo."""
        return self.signup or self.demo

    @property
    def outgoing(self) -> outgoing.Allowed:
        """Whom the product may reach though they are private, or speak plain http."""
        return outgoing.read_allowed(self.outgoing_allow)

    @property
    def database(self) -> str:
        """The database's URL: PostgreSQL as set, or the embedded SQLite in the data directory."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'chamberlain.db'}"


def load(**given: Any) -> Settings:
    """The settings, with secrets made and kept in the data directory where none are set.

    Raises ConfigError with one line for each wrong setting.
    """
    try:
        settings = Settings(**_from_files(), **given)
    except ValidationError as refused:
        raise ConfigError("\n".join(map(_explain, refused.errors()))) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"chamberlain.toml: {error}. Correct that line, or remove it.") from None
    made = {
        name: SecretStr(_kept_secret(settings.data_dir, name))
        for name in ("secret_key", "master_key")
        if not getattr(settings, name).get_secret_value()
    }
    return settings.model_copy(update=made)


def _from_files() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in Settings.model_fields:
        path = os.environ.get(f"{PREFIX}{name.upper()}_FILE")
        if path:
            try:
                found[name] = Path(path).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "not text"
                raise ConfigError(
                    f"{PREFIX}{name.upper()}_FILE: cannot read {path!r} ({reason}). "
                    "Name a text file that the server's user can read."
                ) from None
    return found


def _explain(error: Any) -> str:
    name = str(error["loc"][0]) if error["loc"] else "settings"
    value = error.get("input")
    shown = "(hidden)" if name in _SECRETS else repr(value)[:200]
    reason = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return f"Settings: {reason}."
    return f"{PREFIX}{name.upper()} = {shown}: {reason}."


def _kept_secret(data_dir: Path, name: str) -> str:
    """A secret made at the first start and kept for the next; only the server's user reads it."""
    path = data_dir / name
    try:
        if not path.exists():
            data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make_secret(path)
        return path.read_text("ascii")
    except OSError as error:
        raise ConfigError(
            f"{PREFIX}DATA_DIR = {str(data_dir)!r}: cannot keep secrets there ({error.strerror}). "
            "Name a directory that the server's user can write to."
        ) from None


def _make_secret(path: Path) -> None:
    """Written aside, then linked: processes that start at once all read the first one's, whole."""
    make = sealing.make_key if path.name == "master_key" else clock.new_secret
    aside = path.with_name(f"{path.name}.{clock.new_id()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(descriptor, "w") as out:
        out.write(make())
    try:
        os.link(aside, path)
    except FileExistsError:
        return  # another process was quicker
    finally:
        aside.unlink()
