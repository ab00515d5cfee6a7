"""Laws of the chat as a whole: whatever is written, nothing breaks, everything is answered, no money moves unasked."""

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from bot.billing import service as billing
from bot.storage.engine import Database
from tests.conftest import fresh_sqlite
from tests.integration.alert_world import ALFA, BETA, GAMMA, RIGA, add_client, add_curator, add_partner, scan
from tests.integration.chat_world import Phone, phone_of

VERBS = ["topup", "renew", "balance", "mute", "due", "clients", "пополни", "продли", "баланс", "stop", "start", "help"]
ANSWERS = ["да", "yes", "ок", "no", "отмена", "confirm", "first", "Renew", "Undo", "Cancel", "1", "2", "3", "4821"]
CLIENTS = ["alfa", "альфу", "beta", "бете", "gamma", "48210017", "0025", "partner"]
NUMBERS = ["100", "1,440", "1 440,50", "€", "$", "12m", "год", "про", "max", "10", "-5", "1e9", "for", "на"]
WORDS = st.sampled_from([*VERBS, *ANSWERS, *CLIENTS, *NUMBERS])
LIKELY = ["topup alfa 10", "renew gamma 1m", "yes", "no", "1", "2", "due", "clients", "mute alfa", "topup beta 5"]
TEXTS = st.lists(WORDS, min_size=1, max_size=5).map(" ".join) | st.text(max_size=40) | st.sampled_from(LIKELY)
FORGED = ["show", "confirm:x", "renew:y:pro.12", "topup:z:5", "period:a:12", "consent:no", "partner:riga", "?"]
PAYLOADS = st.none() | st.sampled_from(FORGED)


def _phone(conn: Connection) -> Phone:
    add_partner(conn)
    anna = add_curator(conn)
    for wanted in (ALFA, BETA, GAMMA):
        add_client(conn, wanted)
    scan(conn)
    return phone_of(conn, anna, messages_per_minute=600)


def _books(conn: Connection) -> tuple[int, bool]:
    report = billing.check(conn, RIGA)
    return report.transactions, report.ok


def _live(db: Database, said: list[tuple[str, str | None]]) -> None:
    def story(conn: Connection) -> None:
        phone = _phone(conn)
        for text, payload in said:
            before, _ = _books(conn)
            answers = phone.say(text, payload)
            after, fine = _books(conn)
            assert fine
            assert answers, (text, payload, phone.outcome())
            assert after == before or any(one.kind == "receipt" for one in answers), (text, payload)
            assert all(one.to == phone.address for one in answers)

    db.write_now(story)


@settings(max_examples=25)
@given(st.lists(st.tuples(TEXTS, PAYLOADS), min_size=1, max_size=8))
def test_everything_is_answered_and_no_money_moves_without_a_receipt(
    said: list[tuple[str, str | None]],
) -> None:
    with fresh_sqlite() as db:
        _live(db, said)
