"""Slots of the commands about subscriptions: new, upgraded, with more or fewer channels, renewing by itself. Pure."""

from collections.abc import Mapping, Sequence

from bot.handlers import slots
from bot.handlers.commands import AddChannel, AutoRenew, RemoveChannel, Renew, Subscribe, Unknown, Upgrade
from bot.handlers.plain_text import Word
from bot.handlers.vocabulary import Vocabulary, joined

_UNPAID = frozenset(
    {
        "unpaid",
        "pay later",
        "paid later",
        "without payment",
        "не оплачивая",
        "без оплаты",
        "оплата позже",
        "оплата потом",
    }
)
_SWITCH: Mapping[str, bool] = {
    "on": True, "yes": True, "enable": True, "вкл": True, "включи": True, "включить": True, "да": True,
    "off": False, "no": False, "disable": False, "выкл": False, "выключи": False, "выключить": False, "нет": False,
    "отключи": False, "отключить": False,
}  # fmt: skip
_TRANSPORTS: Mapping[str, str] = {
    "whatsapp": "whatsapp", "wa": "whatsapp", "ватсап": "whatsapp", "вотсап": "whatsapp",
    "wapi": "wapi", "waba": "wapi", "instagram": "instagram", "ig": "instagram", "инстаграм": "instagram",
    "telegram": "telegram", "tg": "telegram", "телеграм": "telegram", "tgapi": "tgapi", "vk": "vk", "вк": "vk",
    "avito": "avito", "авито": "avito", "viber": "viber", "вайбер": "viber", "max": "max", "макс": "max",
}  # fmt: skip


def subscribe(said: Sequence[Word], known: Vocabulary) -> Subscribe | Unknown:
    """`CLIENT [PLAN] [PERIOD] [unpaid]`."""
    rest, unpaid = list(said), False
    for length in (2, 1):
        if len(rest) > length and joined(rest[-length:]) in _UNPAID:
            rest, unpaid = rest[:-length], True
            break
    found = slots.renew(rest, known)
    return Unknown("unclear", near="subscribe") if isinstance(found, Unknown) else _subscribe(found, unpaid)


def _subscribe(found: Renew, unpaid: bool) -> Subscribe:
    other = None if found.other is None else _subscribe(found.other, unpaid)
    return Subscribe(found.client, found.plan, found.months, unpaid, other)


def upgrade(said: Sequence[Word], known: Vocabulary) -> Upgrade | Unknown:
    """`CLIENT PLAN`."""
    found = slots.renew(said, known)
    if isinstance(found, Unknown) or found.months is not None:
        return Unknown("unclear", near="upgrade")
    if found.client is not None and found.plan is None and found.client.lower() in known.plans:
        return Upgrade(None, known.plans[found.client.lower()])
    other = None if found.other is None else Upgrade(found.other.client, found.other.plan)
    return Upgrade(found.client, found.plan, other)


def add_channel(said: Sequence[Word], known: Vocabulary) -> AddChannel:
    """`CLIENT [TRANSPORT NAME]`: the messenger's word parts the client from the channel's name."""
    for at, word in enumerate(said):
        if word.key in _TRANSPORTS and at + 1 < len(said):
            name = " ".join(one.raw for one in said[at + 1 :])
            return AddChannel(slots.client_text(said[:at], known), _TRANSPORTS[word.key], name)
    return AddChannel(slots.client_text(said, known))


def remove_channel(said: Sequence[Word], known: Vocabulary) -> RemoveChannel:
    """`CLIENT`; which channel is chosen from the list."""
    return RemoveChannel(slots.client_text(said, known))


def auto_renew(said: Sequence[Word], known: Vocabulary) -> AutoRenew:
    """`CLIENT on|off`; without the last word it asks how it is."""
    on = _SWITCH.get(said[-1].key) if said else None
    return AutoRenew(slots.client_text(said if on is None else said[:-1], known), on)
