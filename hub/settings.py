"""Environment and file → one frozen `Settings`, read once.

Names are `CROSSDOCK_…` in the environment and the same in lower case in `crossdock.toml`; the environment wins. An
unknown name is an error that lists the near ones, so that a typing error never runs as a default.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from hub.errors import Invalid

PREFIX = "CROSSDOCK_"
FILE = Path("crossdock.toml")


class Settings(BaseSettings):
    """Everything an operator can set. Secrets do not show themselves when printed."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", toml_file=FILE)

    database_url: str = Field("", description="External PostgreSQL; empty: an embedded one under DATA_DIR.")
    data_dir: Path = Field(Path("var"), description="Where the embedded database, the key and the mailbox live.")
    secret_key: SecretStr = Field(SecretStr(""), description="Keys for secrets at rest, newest first, comma-separated.")
    public_url: str = Field("", description="How the world reaches this server, e.g. https://hub.example.com.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    log_format: str = Field("text", pattern="^(text|json)$", description="text or json.")
    allow_private_hosts: bool = Field(False, description="Lets an account's base_url point at this machine or network.")
    backfill_days: int = Field(7, ge=0, le=3650, description="How far back an account's first pull of orders reaches.")
    demo: bool = Field(False, description="Allows demo connectors, and the console without sign-in on this machine.")
    telegram_token: SecretStr = Field(SecretStr(""), description="Bot token from @BotFather.")
    telegram_api_url: str = Field("https://api.telegram.org/bot", description="Base address of the Bot API.")
    telegram_webhook_secret: SecretStr = Field(SecretStr(""), description="Secret header of Telegram's deliveries.")
    smtp_url: SecretStr = Field(SecretStr(""), description="smtp[s]://user:password@host:port; empty: local mailbox.")
    mail_from: str = Field("orders@localhost", description="Sender of e-mails.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def url(self) -> str:
        """How the world reaches this server, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def load(**overrides: object) -> Settings:
    """The settings of this process. Raises `Invalid` naming the setting and what to do."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
            hint = f"did you mean {', '.join(near)}?" if near else "see docs/reference/settings.md"
            raise Invalid(name, f"no such setting; {hint}")
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else str(FILE)
        near = difflib.get_close_matches(name, sorted(Settings.model_fields), n=3, cutoff=0.5)
        hint = f"; did you mean {', '.join(near)}?" if first["type"] == "extra_forbidden" and near else ""
        raise Invalid(PREFIX + name.upper(), f"{first['msg']}{hint}") from None
