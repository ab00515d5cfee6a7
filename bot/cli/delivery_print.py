"""How `deliveries` prints messages: a line each, one whole with its timeline, and their JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.cli.output import console, escaped, print_table
from bot.messaging.deliveries import Attempt, Delivery, Shown
from bot.messaging.prices import amount
from bot.phone import pretty_phone


def print_log(found: Sequence[Delivery]) -> None:
    """A line a message."""
    rows = [
        (
            one.created_at.strftime("%d %b %H:%M:%S"),
            pretty_phone(one.to),
            one.kind,
            f"{one.state.value}{f' ({one.error_code})' if one.error_code else ''}",
            _cost(one),
            one.body.split("\n")[0][:60],
            one.id,
        )
        for one in found
    ]
    columns = ("time (UTC)", "to", "kind", "state", ">cost", "begins", "id")
    print_table("", columns, rows, "No messages yet.")


def print_one(found: Shown) -> None:
    """The text, every attempt with what was asked and answered, every report."""
    one = found.delivery
    console.print(f"[bold]{one.kind}[/bold] to {pretty_phone(one.to)}: [bold]{one.state.value}[/bold]")
    console.print(escaped(one.body), style="cyan")
    for title, _payload in one.buttons:
        console.print(f"  \\[{escaped(title)}]", style="cyan")
    if one.cost_micros is not None:
        said = "our estimate" if one.cost_source == "table" else "as the provider says"
        console.print(f"cost {_cost(one)} ({said}, {one.category})")
    console.print(f"{one.created_at:%d %b %H:%M:%S.%f} queued as {one.template} ({one.language})")
    for attempt in found.attempts:
        _print_attempt(attempt)
    for report in found.reports:
        code = f" {report.error_code}" if report.error_code else ""
        console.print(f"{report.received_at:%d %b %H:%M:%S.%f} {report.status}{code} ({report.applied})")


def document(one: Delivery) -> dict[str, Any]:
    """A message in JSON. Its cost is in whole units as text and in millionths."""
    return {
        "id": one.id,
        "to": one.to.removeprefix("whatsapp:"),
        "kind": one.kind,
        "state": one.state.value,
        "attempts": one.attempts,
        "provider_id": one.provider_id,
        "error_code": one.error_code,
        "created_at": one.created_at,
        "sent_at": one.sent_at,
        "delivered_at": one.delivered_at,
        "read_at": one.read_at,
        "failed_at": one.failed_at,
        "reason": one.reason,
        "template": one.template,
        "language": one.language,
        "text": one.body,
        "buttons": [{"title": title, "payload": payload} for title, payload in one.buttons],
        "contradicted": one.contradicted,
        "unconfirmed": one.unconfirmed,
        "curator_id": one.curator_id,
        "client_id": one.client_id,
        "cost": None if one.cost_micros is None else _cost_document(one, one.cost_micros),
    }


def _print_attempt(attempt: Attempt) -> None:
    parts = (attempt.http_status, attempt.error_code, attempt.error_message)
    answer = " ".join(str(part) for part in parts if part)
    console.print(
        f"{attempt.started_at:%d %b %H:%M:%S.%f} attempt {attempt.n} as {attempt.mode}: "
        f"{attempt.outcome or 'under way'} {escaped(answer)} ({attempt.duration_ms} ms)"
    )
    for name, kept in (("asked", attempt.request), ("answered", attempt.response)):
        if kept:
            console.print(f"  {name} {escaped(_on_one_line(kept))}", style="dim")


def _on_one_line(kept: Mapping[str, Any]) -> str:
    return json.dumps(kept, ensure_ascii=False)


def _cost(one: Delivery) -> str:
    return "" if one.cost_micros is None else f"{amount(one.cost_micros)} {one.cost_currency}"


def _cost_document(one: Delivery, micros: int) -> dict[str, Any]:
    return {
        "amount": amount(micros),
        "currency": one.cost_currency,
        "micros": micros,
        "category": one.category,
        "source": one.cost_source,
    }
