"""One message a curator: who comes first, and when it is about one client only."""

from datetime import UTC, date, datetime

from bot.alerts.alert import Alert, Kind
from bot.alerts.digest import digest
from bot.ids import AlertId, ClientId, PartnerId


def _alert(client: str, kind: Kind, last_day: str | None) -> Alert:
    facts = {"company": client.title(), "last_day": last_day}
    key = f"{kind}:{client}"
    at = datetime(2026, 11, 26, 7, tzinfo=UTC)
    return Alert(AlertId(key), PartnerId("p"), ClientId(client), key, kind, 0, "c", facts, at)


def test_what_is_over_comes_first_then_the_sooner_end() -> None:
    found = digest(
        [
            _alert("alfa", Kind.ENDING, "2026-12-03"),
            _alert("beta", Kind.RUNNING_OUT, "2026-11-28"),
            _alert("gamma", Kind.STOPPED, None),
            _alert("delta", Kind.ENDED, "2026-11-25"),
        ]
    )
    assert [alert.client_id for alert in found.alerts] == ["gamma", "delta", "beta", "alfa"]
    assert not found.single


def test_several_alerts_about_one_client_are_one() -> None:
    found = digest([_alert("alfa", Kind.ENDING, "2026-12-03"), _alert("alfa", Kind.RUNNING_OUT, "2026-11-28")])
    assert found.single
    assert found.first.kind is Kind.RUNNING_OUT


def test_days_left_never_go_below_zero() -> None:
    alert = _alert("alfa", Kind.ENDING, "2026-12-03")
    assert alert.days_left(date(2026, 11, 26)) == 7
    assert alert.days_left(date(2026, 12, 5)) == 0
    assert _alert("alfa", Kind.STOPPED, None).days_left(date(2026, 12, 5)) == 0
