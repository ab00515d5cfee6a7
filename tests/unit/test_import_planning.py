"""The plan of an import: what is added, changed, left, missing or refused, and when it must ask."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.directory.people import Client, Partner
from bot.ids import ClientId, PartnerId
from bot.imports.compare import channel_list, said_of
from bot.imports.plan import Doubt, Known, Plan, Rules
from bot.imports.planning import make_plan
from bot.imports.reader import read_table
from bot.imports.table import Channels, NamedChannel
from bot.money import Money

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
PARTNER = Partner(PartnerId("nord"), "Nord", "ru", "Europe/Riga", "official", "seed", date(2026, 1, 1), gateway="book")
RULES = Rules(PARTNER, NOW)
OVERWRITE = Rules(PARTNER, NOW, overwrite=True)
THIRD = date(2026, 12, 3)


def known(account_id: str = "48210017", **values: Any) -> Known:
    client = Client(
        id=ClientId(f"c{account_id}"),
        partner_id=PARTNER.id,
        account_id=account_id,
        company=values.pop("company", "Alfa"),
        email=values.pop("email", None),
        language="en",
        currency=values.pop("currency", "EUR"),
        time_zone="Europe/Riga",
        contact_name=values.pop("contact_name", None),
        contact_phone=None,
        tags=values.pop("tags", ()),
        source="import",
        as_of=None,
        missing_since=values.pop("missing_since", None),
    )
    defaults: dict[str, Any] = {"balance": Money(0, "EUR"), "end": THIRD, "plan": None, "months": None}
    defaults |= {"channels": (), "daily": None, "said": {}}
    return Known(client, **(defaults | values))


def plan(text: str, *clients: Known, rules: Rules = RULES) -> Plan:
    return make_plan(read_table(text.encode()), clients, rules)


def test_a_new_client_takes_what_the_table_lacks_from_its_partner() -> None:
    (added,) = plan("ID,Company,Balance\n48210017,Alfa,5 EUR\n").additions
    assert (added.data.language, added.data.time_zone, added.data.currency) == ("ru", "Europe/Riga", "EUR")
    assert added.data.as_of == NOW


@pytest.mark.parametrize(
    ("row", "column", "key"),
    [
        ("48210025,,5 EUR", "Company", "company_missing"),
        ("48210025,Beta,", None, "client_without_currency"),
        ("48210017,Alfa,5 USD", None, "currency_changed"),
    ],
)
def test_rows_that_read_well_but_cannot_be_taken(row: str, column: str | None, key: str) -> None:
    made = plan(f"ID,Company,Balance\n{row}\n", known())
    assert [(one.column, one.problem.key) for one in made.rejected] == [(column, key)]
    assert (made.additions, made.alterations) == ((), ())


def test_nothing_new_is_unchanged() -> None:
    made = plan("ID,Company,Balance,Expires\n48210017,Alfa,0 EUR,2026-12-03\n", known())
    assert [one.client.account_id for one in made.unchanged] == ["48210017"]
    assert (made.alterations, made.differences, made.missing) == ((), (), ())


def test_details_follow_the_table_and_an_empty_cell_clears_only_what_may_be_empty() -> None:
    before = known(email="a@b.io", contact_name="Ilze", tags=("vip",))
    (changed,) = plan("ID,Company,E-mail,Contact,Time zone\n48210017,,,Anna,\n", before).alterations
    assert changed.fields == ("email", "contact_name")
    data = changed.data
    assert (data.company, data.email, data.contact_name, data.time_zone) == ("Alfa", None, "Anna", "Europe/Riga")
    assert data.tags == ("vip",)


def test_a_client_seen_again_is_changed() -> None:
    (back,) = plan("ID,Company\n48210017,Alfa\n", known(missing_since=NOW)).alterations
    assert back.fields == ("missing_since",)


def test_the_first_balance_opens_the_account() -> None:
    (opened,) = plan("ID,Balance\n48210017,5 EUR\n", known(balance=None)).alterations
    assert (opened.opening, opened.balance, opened.fields) == (Money(500, "EUR"), None, ("balance",))


def test_a_later_balance_is_reported_and_left_unless_the_table_is_to_win() -> None:
    text = "ID,Balance\n48210017,5 EUR\n"
    left = plan(text, known())
    assert left.alterations == ()
    assert [(one.field, one.ours, one.table) for one in left.differences] == [("balance", "0.00 EUR", "5.00 EUR")]
    (written,) = plan(text, known(), rules=OVERWRITE).alterations
    assert written.balance == Money(500, "EUR")


def test_a_moved_end_date_is_written() -> None:
    (moved,) = plan("ID,Expires\n48210017,2027-12-03\n", known(said={"subscription_end": "2026-12-03"})).alterations
    assert (moved.fields, moved.subscription) == (("subscription_end",), True)


def test_an_old_table_does_not_undo_a_renewal_made_here() -> None:
    renewed = known(end=date(2027, 12, 3), said={"subscription_end": "2026-12-03"})
    again = plan("ID,Expires\n48210017,2026-12-03\n", renewed)
    assert again.alterations == ()
    assert [(one.field, one.ours, one.table) for one in again.differences] == [
        ("subscription_end", "2027-12-03", "2026-12-03")
    ]
    both = plan("ID,Expires\n48210017,2026-12-20\n", renewed)
    assert both.alterations == ()
    assert len(both.differences) == 1
    (forced,) = plan("ID,Expires\n48210017,2026-12-20\n", renewed, rules=OVERWRITE).alterations
    assert forced.fields == ("subscription_end",)


@pytest.mark.parametrize("rules", [RULES, OVERWRITE])
def test_an_empty_end_date_ends_nothing(rules: Rules) -> None:
    made = plan("ID,Expires\n48210017,\n", known(), rules=rules)
    assert made.alterations == ()
    assert [(one.field, one.table) for one in made.differences] == [("subscription_end", None)]


def test_plan_months_channels_and_charge_are_written_when_the_table_moves_them() -> None:
    said = {"plan": "pro", "months": "1", "channels": "2 ", "daily_charge": "4.00 EUR"}
    two = (("whatsapp", "1"), ("whatsapp", "2"))
    before = known(said=said, channels=two, plan="pro", months=1, daily=Money(400, "EUR"))
    heading = "ID,Plan,Months,Channels,Daily charge\n48210017,"
    assert plan(f"{heading}Pro,1,2,4 EUR\n", before).alterations == ()
    (moved,) = plan(f"{heading}Max,12,3,4 EUR\n", before).alterations
    assert moved.fields == ("plan", "months", "channels")
    assert (moved.subscription, moved.channels) == (True, True)
    (cheaper,) = plan(f"{heading}Pro,1,2,3 EUR\n", before).alterations
    assert (cheaper.fields, cheaper.channels) == (("daily_charge",), True)


def test_what_a_first_table_says_is_compared_with_what_is_known() -> None:
    heading = "ID;Plan;Months;Channels;Daily charge"
    ours = known(plan="pro", months=1, channels=(("viber", "b"), ("viber", "a")), daily=Money(400, "EUR"))
    for channels in ("2", "viber:a", ""):
        quoted = '"viber:a; viber:b"' if channels == "viber:a" else channels
        assert plan(f"{heading}\n48210017;Pro;1;{quoted};4 EUR\n", ours).alterations == (), channels


def test_a_table_that_catches_up_with_us_changes_nothing() -> None:
    ahead = known(plan="max", end=date(2027, 12, 3), said={"plan": "pro", "subscription_end": "2026-12-03"})
    caught_up = plan("ID,Plan,Expires\n48210017,Max,2027-12-03\n", ahead)
    assert (caught_up.alterations, caught_up.differences) == ((), ())


def test_a_plan_without_a_subscription_is_only_remembered() -> None:
    made = plan("ID,Plan\n48210017,Pro\n", known(end=None))
    assert made.alterations == ()
    assert made.said == {"48210017": {"plan": "pro"}}


def test_fewer_channels_are_reported_not_removed() -> None:
    before = known(channels=(("whatsapp", "1"), ("whatsapp", "2")), said={"channels": "2 "})
    made = plan("ID,Channels\n48210017,1\n", before)
    assert [(one.field, one.ours, one.table) for one in made.differences] == [("channels", "2", "1")]


def test_channels_by_number_keep_the_names_they_have() -> None:
    ours = (("whatsapp", "2"), ("telegram", "@a"))
    assert channel_list(Channels(4), ours) == [*ours, ("whatsapp", "1"), ("whatsapp", "3")]
    assert channel_list(Channels(1), ours) == list(ours)
    assert channel_list(None, ours) == list(ours)
    named = Channels(2, (NamedChannel("viber", ""), NamedChannel("viber", "x")))
    assert channel_list(named, ours) == [("viber", "1"), ("viber", "x")]


def test_absent_clients_are_missing_but_not_those_of_rejected_rows() -> None:
    made = plan("ID,Company,Balance\n48210025,Beta,ten\n", known("48210017"), known("48210025"))
    assert [one.client.account_id for one in made.missing] == ["48210017"]


def test_what_was_said_is_carried_on() -> None:
    absent = known("48210033", said={"plan": "Max"})
    made = plan("ID,Balance\n48210017,5 EUR\n48210017,6 EUR\n", known(said={"plan": "Pro", "balance": "x"}), absent)
    assert made.said == {"48210017": {"plan": "Pro", "balance": "5.00 EUR"}, "48210033": {"plan": "Max"}}


def clients(count: int, **values: Any) -> list[Known]:
    return [known(f"{10_000_000 + n}", **values) for n in range(count)]


def table(count: int, moved: int, heading: str, old: str, new: str) -> str:
    rows = [f"{10_000_000 + n},{new if n < moved else old}" for n in range(count)]
    return "\n".join([f"ID,{heading}", *rows])


@pytest.mark.parametrize(
    ("count", "moved", "asks"), [(10, 2, False), (10, 3, True), (5, 1, False), (5, 2, True), (4, 4, False)]
)
def test_many_changes_ask(count: int, moved: int, asks: bool) -> None:
    ends = plan(table(count, moved, "Expires", "2026-12-03", "2027-12-03"), *clients(count))
    assert ends.doubt == Doubt(ends=moved, ends_of=count)
    assert ends.doubt.asks is asks
    balances = plan(table(count, moved, "Balance", "0 EUR", "7 EUR"), *clients(count))
    assert balances.doubt == Doubt(balances=moved, balances_of=count)
    assert balances.doubt.asks is asks


def test_differences_that_the_last_table_had_already_do_not_ask_again() -> None:
    text = table(10, 10, "Balance", "0 EUR", "7 EUR")
    told = clients(10, said={"balance": "7.00 EUR"})
    assert plan(text, *told).doubt.balances == 0
    assert plan(text, *told, rules=OVERWRITE).doubt.balances == 10


def test_new_clients_never_ask() -> None:
    assert not plan(table(20, 0, "Balance,Company", "0 EUR,A", "")).doubt.asks


def test_one_spelling_of_what_a_row_says() -> None:
    heading = "ID;Balance, EUR;Expires;Plan;Channels;Daily charge"
    found = read_table(f'{heading}\n48210017;1 440,50;03.12.2026;Pro;"telegram:b; whatsapp:a";\n'.encode())
    assert said_of(found.rows[0], found.present) == {
        "balance": "1440.50 EUR",
        "subscription_end": "2026-12-03",
        "plan": "pro",
        "channels": "2 telegram:b;whatsapp:a",
        "daily_charge": "",
    }


PLANS = {"inbox": "Inbox", "pro": "Pro", "max": "Max"}


@pytest.mark.parametrize(
    ("named", "key", "nearest"),
    [
        ("Pro", None, None),
        ("INBOX", None, None),
        ("Prro", "plan_unknown_near", "Pro"),
        ("inbx", "plan_unknown_near", "Inbox"),
        ("Enterprise", "plan_unknown", None),
    ],
)
def test_a_plan_must_be_one_of_the_price_book(named: str, key: str | None, nearest: str | None) -> None:
    text = f"ID,Company,Balance,Tariff\n48210017,Alfa,5 EUR,Pro\n48210025,Beta,5 EUR,{named}\n"
    made = plan(text, rules=Rules(PARTNER, NOW, plans=PLANS))
    assert len(made.additions) == 1 + (key is None)
    found = [(one.line, one.column, one.problem.key, one.problem.facts.get("nearest")) for one in made.rejected]
    assert found == ([(3, "Tariff", key, nearest)] if key else [])
    assert made.warned == ()


def test_an_old_plan_of_a_client_and_one_of_another_system_are_taken() -> None:
    text = "ID,Company,Balance,Tariff\n48210017,Alfa,0 EUR,Gold\n"
    mine = plan(text, known(plan="gold"), rules=Rules(PARTNER, NOW, plans=PLANS))
    assert (mine.rejected, mine.warned) == ((), ())
    elsewhere = Rules(replace(PARTNER, gateway="wazzup"), NOW, overwrite=True, plans=PLANS)
    theirs = plan(text, known(), rules=elsewhere)
    assert theirs.rejected == ()
    assert [one.problem.key for one in theirs.warned] == ["plan_unknown"]
    assert len(theirs.alterations) == 1
