"""The settings: their names, defaults, limits and meaning.

`bot.config` reads them from TOML and the environment. What a type cannot say is checked here,
with a reason for people.
"""

import json
from decimal import Decimal
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bot.errors import UserError
from bot.money import minor_digits, normal_currency
from bot.phone import whatsapp_address


class Section(BaseModel):
    """A part of the settings: unknown keys are refused, values do not change after start."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class DatabaseSettings(Section):
    """Where everything is kept."""

    url: str = Field("sqlite:///data/curatorbot.sqlite3", description="sqlite:///path or postgresql://user@host/name")

    @field_validator("url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return url


class TwilioSettings(Section):
    """The account that sends and receives on WhatsApp."""

    account_sid: str | None = Field(None, description="AC and 32 hexadecimal digits", pattern="^AC[0-9a-zA-Z]{32}$")
    auth_token: SecretStr | None = Field(None, description="the account's auth token; signs the webhooks")
    old_auth_tokens: list[SecretStr] = Field([], description="tokens still accepted on webhooks during a rotation")
    sender: str = Field("whatsapp:+14155238886", description="the WhatsApp number that messages come from")
    api_url: str = Field("https://api.twilio.com", description="base address of the REST API")
    content_url: str = Field("https://content.twilio.com", description="base address of the Content API")
    timeout_seconds: float = Field(10.0, gt=0, le=60, description="longest wait for one request")

    @field_validator("sender")
    @classmethod
    def _whatsapp_sender(cls, sender: str) -> str:
        try:
            return whatsapp_address(sender)
        except UserError as error:
            raise ValueError("must be whatsapp:+ and the number with its country code") from error


class SimulatorSettings(Section):
    """The built-in WhatsApp, for trying things out; never beside real money."""

    enabled: bool = Field(False, description="let `serve` run on the simulator (SQLite only)")
    port: int = Field(8081, ge=0, le=65535, description="port of the phone page and of the simulated API")


class WebSettings(Section):
    """Where the web door listens."""

    host: str = Field("127.0.0.1", description="address the webhooks are answered on")
    port: int = Field(8080, ge=0, le=65535, description="port of webhooks, health and console")
    console_host: str = Field("127.0.0.1", description="only requests to this host see console, API and metrics")
    body_bytes_max: int = Field(262_144, ge=1024, le=1_048_576, description="a larger webhook is refused with 413")


class MoneySettings(Section):
    """How money may move."""

    undo_seconds: int = Field(
        60, ge=0, le=300, description="a confirmed operation holds its money so long for an Undo; 0: it is done at once"
    )
    limit_operation: dict[str, Decimal] = Field(
        {"EUR": Decimal(500), "USD": Decimal(500), "RUB": Decimal(50_000), "KZT": Decimal(250_000)},
        description="the most that a curator spends in one operation, by currency; 0: any amount; owners have no limit",
    )
    limit_day: dict[str, Decimal] = Field(
        {"EUR": Decimal(2_000), "USD": Decimal(2_000), "RUB": Decimal(200_000), "KZT": Decimal(1_000_000)},
        description="the same for all of a curator's day; a currency that is not named has 500 and 2000",
    )
    prices: str | None = Field(None, description="price book to use instead of the shipped plans.toml")
    bank_details: str | None = Field(
        None, max_length=300, description="where to pay by bank transfer, told to who asks to replenish"
    )

    @field_validator("limit_operation", "limit_day", mode="before")
    @classmethod
    def _by_currency(cls, value: Any, info: ValidationInfo) -> Any:
        """What is named replaces its default; in the environment it is a JSON object."""
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError as error:
                raise ValueError("must be a JSON object of currency and amount") from error
        if not isinstance(value, dict):
            return value
        default = cls.model_fields[str(info.field_name)].default
        return {**default, **{str(name).upper(): amount for name, amount in value.items()}}

    @field_validator("limit_operation", "limit_day")
    @classmethod
    def _real_limits(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        for name, amount in value.items():
            if normal_currency(name) != name:
                raise ValueError(f"{name} is no currency")
            if not amount.is_finite() or amount < 0 or amount != round(amount, minor_digits(name)):
                raise ValueError(f"{amount} is no amount in {name}")
        return value


class StripeSettings(Section):
    """Stripe Checkout, by which partners replenish their account. Both secrets or none."""

    secret_key: SecretStr | None = Field(None, description="sk_… or rk_…: opens payment pages")
    webhook_secret: SecretStr | None = Field(None, description="whsec_… of the endpoint /webhooks/stripe")
    api_url: str = Field("https://api.stripe.com", description="base address of Stripe's API")
    timeout_seconds: float = Field(10.0, gt=0, le=60, description="longest wait for one request")
    tolerance_seconds: int = Field(300, ge=30, le=3600, description="an older webhook signature is refused")
    currencies: list[str] = Field(
        ["EUR", "USD"], description="currencies that payment pages are opened in; the others are told of the bank"
    )
    link_hours: int = Field(23, ge=1, le=23, description="how long a payment link is good for")

    @field_validator("currencies")
    @classmethod
    def _real_currencies(cls, value: list[str]) -> list[str]:
        found = [normal_currency(one) for one in value]
        if None in found:
            raise ValueError("must be currency codes such as EUR")
        return sorted({one for one in found if one})

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.secret_key is None) != (self.webhook_secret is None):
            raise ValueError("set both secret_key and webhook_secret, or none of them")
        return self


class WazzupSettings(Section):
    """Wazzup: a channel to send by, and the partner's login to look at the clients' accounts. Each is off until set."""

    api_url: str = Field("https://api.wazzup24.com", description="base address of the API that messages go by")
    tech_api_url: str = Field("https://tech.wazzup24.com", description="base address of the partner API")
    dashboard_url: str = Field(
        "https://app.wazzup24.com/{account_id}", description="a client's dashboard; {account_id} is its number"
    )
    login: str | None = Field(None, description="e-mail of the partner's dashboard; accounts are polled once it is set")
    password: SecretStr | None = Field(None, description="password of the partner's dashboard")
    api_key: SecretStr | None = Field(None, description="key of the dashboard's API section, to send by a channel")
    channel_id: str | None = Field(None, description="the channel that messages go by", pattern="^[A-Za-z0-9-]{1,64}$")
    transport: str = Field(
        "whatsapp",
        pattern="^(whatsapp|wapi)$",
        description="what the channel is: whatsapp (personal) or wapi (Business)",
    )
    templates: dict[str, str] = Field(
        {}, description="wapi: the template made in Wazzup for a text, such as system/notice:en"
    )
    webhook_secret: SecretStr | None = Field(
        None, min_length=16, description="last part of the webhook's address, at least 16 characters"
    )
    timeout_seconds: float = Field(10.0, gt=0, le=60, description="longest wait for one request")

    @field_validator("templates", mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        """In the environment it is a JSON object."""
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError("must be a JSON object of text and template") from error

    @field_validator("dashboard_url")
    @classmethod
    def _has_a_place(cls, url: str) -> str:
        if "{account_id}" not in url:
            raise ValueError("must hold {account_id}")
        return url

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.login is None) != (self.password is None):
            raise ValueError("set both login and password, or none of them")
        if (self.api_key is None) != (self.channel_id is None):
            raise ValueError("set both api_key and channel_id, or none of them")
        if self.api_key is not None and self.webhook_secret is None:
            raise ValueError("webhook_secret is needed beside api_key")
        return self


class DeliverySettings(Section):
    """What is kept of each message, and what it costs."""

    bodies: str = Field(
        "masked",
        pattern="^(full|masked|none)$",
        description="requests and answers in the delivery log: full, masked (no texts, masked numbers) or none",
    )
    prices: str | None = Field(None, description="prices of messages to use instead of the shipped message_prices.toml")


class AlertSettings(Section):
    """When people are told."""

    policy: str | None = Field(None, description="alert policy to use instead of the shipped alerts.toml")
    brake: bool = Field(True, description="far more alerts at once than usual wait for an owner's yes")
    respect_hours: bool = Field(True, description="alerts wait for each curator's working hours; false: any hour")


class LimitSettings(Section):
    """A limit on everything."""

    message_characters_max: int = Field(2_000, ge=100, le=10_000, description="a longer message is answered, not read")
    messages_per_minute: int = Field(30, ge=1, le=600, description="commands of one curator within a minute")
    wrong_codes_max: int = Field(5, ge=1, le=20, description="wrong codes before confirming is locked")
    lock_minutes: int = Field(15, ge=1, le=1440, description="how long confirming stays locked")
    sends_per_second: float = Field(80, gt=0, le=1000, description="messages per second of one WhatsApp sender")
    people_per_day: int = Field(0, ge=0, description="people written to first within 24 hours, WhatsApp's tier; 0: any")
    queue_length_max: int = Field(10_000, ge=10, description="writes waiting before webhooks answer 503")
    log_days: int = Field(365, ge=0, description="texts and numbers of older messages are blanked; 0: kept for ever")


class OperationsSettings(Section):
    """Alarms to those who run the installation, by a road of their own."""

    webhook_url: str | None = Field(
        None, description="alarms are posted here as JSON with a text, as chat tools take it"
    )
    heartbeat_url: str | None = Field(None, description="fetched every minute; a monitor outside notices the silence")
    alert_minutes: int = Field(10, ge=1, le=1440, description="a due alert older than this is an alarm")
    message_minutes: int = Field(
        15, ge=1, le=1440, description="a message that should have left so long ago is an alarm"
    )


class CanarySettings(Section):
    """Proof of life: a made-up client goes the whole way every ten minutes, on this machine; once a day for real."""

    enabled: bool = Field(True, description="an alert about a made-up client goes the whole way every ten minutes")
    address: str | None = Field(
        None, description="the WhatsApp number of operations that hears of it once a working day, by the real road"
    )
    time_zone: str = Field("UTC", description="where it is nine o'clock when that message goes")
    late_minutes: int = Field(25, ge=15, le=1440, description="without one that arrived for so long it is an alarm")

    @field_validator("address")
    @classmethod
    def _whatsapp_number(cls, address: str | None) -> str | None:
        try:
            return None if address is None else whatsapp_address(address)
        except UserError as error:
            raise ValueError("must be a number with its country code") from error

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (ValueError, OSError, KeyError) as error:
            raise ValueError("must be a time zone such as Europe/Riga") from error


class LogSettings(Section):
    """What is written to standard error."""

    level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR")
    format: str = Field("auto", pattern="^(auto|console|json)$", description="auto, console or json")


class Settings(Section):
    """Everything that can be set."""

    public_url: str = Field("http://127.0.0.1:8080", description="address under which the outside reaches the webhooks")
    database: DatabaseSettings = DatabaseSettings()
    twilio: TwilioSettings = TwilioSettings()
    simulator: SimulatorSettings = SimulatorSettings()
    web: WebSettings = WebSettings()
    money: MoneySettings = MoneySettings()
    stripe: StripeSettings = StripeSettings()
    wazzup: WazzupSettings = WazzupSettings()
    delivery: DeliverySettings = DeliverySettings()
    alerts: AlertSettings = AlertSettings()
    limits: LimitSettings = LimitSettings()
    operations: OperationsSettings = OperationsSettings()
    canary: CanarySettings = CanarySettings()
    log: LogSettings = LogSettings()

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url.rstrip("/")
