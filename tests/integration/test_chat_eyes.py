"""Who sees what: a client's own curator nothing of the partner or of other clients, a viewer nothing of its account."""

import pytest
from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.directory import service as directory
from bot.handlers.dispatcher import ROUTER
from bot.handlers.words.en import WORDS
from bot.ids import PartnerId
from bot.storage.engine import Database
from tests.integration.alert_world import (
    ALFA,
    BETA,
    GAMMA,
    NOW,
    RIGA,
    add_client,
    add_curator,
    add_partner,
    messages,
    scan,
    top_up,
)
from tests.integration.chat_world import Phone, phone_of

SECRETS = ("Beta", "Gamma", "48210025", "48210033", "1,200.00", "1,135.00", "65.00", "35%", "You pay", "you keep",
           "Withdrawal", "withdrawal", "Deposit", "1,440.00", "Anna: ")  # fmt: skip
"""Other clients, the partner's account, its discount and what it pays."""
TAILS = ("", " alfa", " alfa 100", " beta", " beta 100", " alfa pro 12m", " 500", " alfa friday", " alfa to Anna")


def phones(conn: Connection) -> tuple[Phone, Phone, list[str]]:
    """The partner's curator and a client's own one after a top-up, a quote and a scan; ids to forge taps with."""
    add_partner(conn)
    anna = add_curator(conn)
    alfa, beta, _ = (add_client(conn, wanted) for wanted in (ALFA, BETA, GAMMA))
    ilze = add_curator(conn, "Ilze", client_id=alfa)
    top_up(conn, alfa, "100", anna)
    scan(conn)
    asker = phone_of(conn, anna)
    tokens = [payload.split(":")[1] for payload in asker.ask("topup beta 50").buttons.values()]
    ids = [str(alfa), str(beta), *(str(one.id) for one in alerts.open_alerts(conn, RIGA)), *tokens]
    return asker, phone_of(conn, ilze, messages_per_minute=600), ids


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("verb", sorted(WORDS.verbs))
async def test_no_command_tells_a_clients_own_curator_of_the_partner(sqlite_db: Database, verb: str) -> None:
    def story(conn: Connection) -> None:
        _, ilze, _ = phones(conn)
        for phrase in WORDS.verbs[verb][:2]:  # type: ignore[index]
            for tail in TAILS:
                for answer in ilze.say(phrase + tail):
                    assert leaks(answer.text.replace(f'"{tail.strip()}', "").replace("beta", "")) == [], phrase + tail

    await sqlite_db.write(story)


async def test_no_button_tells_a_clients_own_curator_of_the_partner(sqlite_db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, ilze, ids = phones(conn)
        before = len(messages(conn, directory.identify(conn, anna.address)[0].id))
        for verb in sorted(ROUTER.verbs):
            for id_ in ("", *ids):
                for answer in ilze.say("x", f"{verb}:{id_}" if id_ else verb):
                    assert leaks(answer.text) == [], (verb, id_)
        assert len(messages(conn, directory.identify(conn, anna.address)[0].id)) == before, "nobody heard of it"

    await sqlite_db.write(story)


async def test_messages_to_a_clients_own_curator_hide_the_partner(db: Database) -> None:
    def story(conn: Connection) -> None:
        phones(conn)
        [ilze] = [one for one in directory.list_curators(conn, RIGA) if one.client_id]
        told = messages(conn, ilze.id)
        assert {row.template for row in told} == {"receipts/topped_up_by", "alerts/ending_own"}
        for row in told:
            assert [secret for secret in SECRETS if secret in row.body and secret != "Deposit"] == []

    await db.write(story)


async def test_a_viewer_does_not_see_the_partner_account(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, _, _ = phones(conn)
        vera = phone_of(conn, add_curator(conn, "Vera", role="viewer"))
        assert "€1,135.00" in anna.ask("partner").text
        refused = vera.ask("partner")
        assert refused.template == "replies/viewer"
        assert "partner account" not in vera.ask("help").text
        other = PartnerId("other")
        directory.create_partner(conn, "Other", now=NOW, time_zone="Europe/Riga", partner_id=other)
        number = vera.address.removeprefix("whatsapp:")
        directory.add_curator(conn, other, name="Vera", phone=number, now=NOW, consent="asked", role="viewer")
        assert vera.ask("partner").template == "people/which_partner"
        vera.ask("1")
        names = vera.ask("partner")
        assert names.template == "people/which_partner"
        assert "Riga" in names.text
        assert "1,135" not in names.text

    await db.write(story)
