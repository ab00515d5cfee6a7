"""Stable keys of everything that is said, made of ids and ISO dates, so that nothing is said twice. Pure."""

from bot.alerts.alert import Due
from bot.ids import AlertId, ClientId, CuratorId, DeliveryId, TransferId


def alert_key(client_id: ClientId, due: Due) -> str:
    """One alert per client, kind, cycle and stage."""
    return f"alert:{due.kind.value}:{client_id}:{due.cycle}:{due.stage}"


def message_key(alert_id: AlertId, curator_id: CuratorId, before: DeliveryId | None = None) -> str:
    """One message per curator about one alert, or about several of which this is the most urgent; and one more for each
    that was put off, `before`."""
    return f"alert:{alert_id}:{curator_id}" + (f":{before}" if before else "")


def receipt_key(transfer_id: TransferId) -> str:
    """One receipt per transfer."""
    return f"receipt:{transfer_id}"


def receipt_message_key(transfer_id: TransferId, curator_id: CuratorId) -> str:
    """One message per curator about one receipt."""
    return f"receipt:{transfer_id}:{curator_id}"
