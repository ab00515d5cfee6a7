"""Partner, Client and Curator as values, and what makes a curator hear of money or not. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from bot.ids import Address, ClientId, CuratorId, PartnerId
from bot.phone import country_of

OWN_KINDS = ("main", "demo")
"""Kinds of client rows that are the partner's own accounts."""


class Role(StrEnum):
    """What a curator may do: a viewer only reads, a curator also moves money, an owner also sees to the others."""

    VIEWER = "viewer"
    CURATOR = "curator"
    OWNER = "owner"


class Suppression(StrEnum):
    """Why a curator does not hear of a client, in the order in which the reasons are told."""

    FINANCES_OFF = "finances_off"
    NO_CONSENT = "no_consent"
    STOPPED = "stopped"
    NO_ADDRESS = "no_address"
    MUTED = "muted"
    AWAY = "away"
    NOT_ROUTED = "not_routed"
    ASSIGNED = "assigned"


@dataclass(frozen=True, slots=True)
class Partner:
    """The reseller whose clients are watched. `kind`: applicant, referral or official.

    `joined_on`: the day of the grant; for an applicant, that of the application.
    """

    id: PartnerId
    name: str
    language: str
    time_zone: str
    kind: str
    program: str
    joined_on: date
    gateway: str
    account_id: str | None = None
    """The partner's own account: 8 digits, told with the application."""
    applied_at: datetime | None = None
    granted_at: datetime | None = None
    left_on: date | None = None
    """The partnership ended on this day."""


@dataclass(frozen=True, slots=True)
class ClientData:
    """What a Clients table tells of a client, besides money and subscriptions."""

    account_id: str
    company: str
    currency: str
    language: str
    time_zone: str
    email: str | None = None
    contact_name: str | None = None
    contact_phone: str | None = None
    tags: tuple[str, ...] = ()
    source: str = "import"
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """A Wazzup account attached to the partner. `account_id` is the 8-digit number in the dashboard address."""

    id: ClientId
    partner_id: PartnerId
    account_id: str
    company: str
    email: str | None
    language: str
    currency: str
    time_zone: str
    contact_name: str | None
    contact_phone: str | None
    tags: tuple[str, ...]
    source: str
    as_of: datetime | None
    missing_since: datetime | None
    assigned_to: CuratorId | None = None
    """The one curator who is responsible; the others hear of this client by escalation only."""
    kind: str = "client"
    """`main` and `demo` are the partner's own two accounts; a `referral` came by his link."""

    @property
    def is_own(self) -> bool:
        """Whether it is an account of the partner himself."""
        return self.kind in OWN_KINDS

    @property
    def data(self) -> ClientData:
        """The part that an import or a poll may change."""
        return ClientData(
            account_id=self.account_id,
            company=self.company,
            currency=self.currency,
            language=self.language,
            time_zone=self.time_zone,
            email=self.email,
            contact_name=self.contact_name,
            contact_phone=self.contact_phone,
            tags=self.tags,
            source=self.source,
            as_of=self.as_of,
        )


@dataclass(frozen=True, slots=True)
class Curator:
    """A person who is told of money. `client_id` is set for a client's own curator, who sees that client only."""

    id: CuratorId
    partner_id: PartnerId
    client_id: ClientId | None
    name: str
    language: str
    role: Role
    time_zone: str
    finances: bool
    consent_at: datetime | None
    consent_how: str | None
    invited_at: datetime | None
    stopped_at: datetime | None
    removed_at: datetime | None
    addresses: tuple[Address, ...]
    alert_hour: time = time(9)
    working_days: str = "12345"
    """ISO weekdays, Monday is 1."""
    country: str | None = None
    """Two letters; None: that of the phone number."""
    any_hour: bool = False
    """Alerts come whenever they are raised, at night too."""
    all_clear: str = "mondays"
    """How often to be told that nothing is due: daily, mondays, never."""
    only_tags: tuple[str, ...] = ()
    only_currencies: tuple[str, ...] = ()
    stand_in: CuratorId | None = None
    away_until: datetime | None = None

    @property
    def address(self) -> Address | None:
        """Where messages go: the address learned first."""
        return self.addresses[0] if self.addresses else None

    @property
    def holiday_country(self) -> str | None:
        """The country whose public holidays are this person's: the chosen one, else that of the phone number."""
        return self.country or (country_of(self.address) if self.address else None)

    @property
    def may_move_money(self) -> bool:
        """Whether this person may confirm a quote: not a viewer, and not a client's own curator."""
        return self.role is not Role.VIEWER and self.client_id is None

    def follows(self, client_id: ClientId) -> bool:
        """Whether the client is in this person's sight: a partner's curator follows every client."""
        return self.client_id is None or self.client_id == client_id

    def silence(self) -> Suppression | None:
        """Why this person hears of no client at all, or None."""
        if not self.finances:
            return Suppression.FINANCES_OFF
        if self.consent_at is None:
            return Suppression.NO_CONSENT
        if self.stopped_at is not None:
            return Suppression.STOPPED
        return None if self.addresses else Suppression.NO_ADDRESS
