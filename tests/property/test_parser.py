"""Laws of the parser: it never fails, reads back what people spell, moves no digit between client and amount."""

import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.directory.matching import Candidate, Exact, find, search_key
from bot.handlers.amount import Amount, AmountProblem, parse_amount
from bot.handlers.commands import Balance, Command, Renew, Tap, TopUp, Unknown
from bot.handlers.parser import parse
from bot.handlers.payload import PAYLOAD_MAX, payload_of, tap_of
from bot.ids import ClientId
from tests.unit.test_matching import CLIENTS

TOPUP_VERBS = ["topup", "top up", "Top-up", "refill", "пополни", "Пополнить", "закинь"]
RENEW_VERBS = ["renew", "Extend", "продли", "Продлить"]
BALANCE_VERBS = ["balance", "сколько у", "Баланс", "how much", "баланс у"]
NAMES = ["alfa", "бете", "Alfa Dental", "альфа дентал", "Café Brasília", "рога и копыта", "Gamma Travel", "мюллер"]
MIXED = st.text(st.sampled_from("topup renew да 0123456789 ,.€$-+'\n:#альфаbeta\u200b\u202e²½١１é🎉"), max_size=80)
COMMANDS = tuple(Command.__args__)

ids = st.integers(10**7, 10**8 - 1).map(str)
endings = st.integers(0, 9999).map("{:04d}".format)
cents = st.integers(1, 99_999_999)


def spellings(minor: int) -> list[str]:
    """Every supported, unambiguous way to write an amount of cents."""
    whole, part = divmod(minor, 100)
    grouped = f"{whole:,}"
    fractions = [f".{part:02d}", f",{part:02d}"] if part else ["", ".00", ",00"]
    written = [f"{whole}{end}" for end in fractions]
    written += [grouped.replace(",", " ") + end for end in fractions] + [
        grouped.replace(",", "'") + end for end in fractions
    ]
    if part:
        written += [f"{grouped}.{part:02d}", grouped.replace(",", ".") + f",{part:02d}"]
    return written


@st.composite
def amounts(draw: st.DrawFn) -> tuple[Decimal, str | None, str]:
    minor = draw(cents)
    text = draw(st.sampled_from(spellings(minor)))
    sign, code = draw(st.sampled_from([("", None), ("€", "EUR"), ("$", "USD"), (" руб.", "RUB"), (" EUR", "EUR")]))
    before = len(sign) == 1 and draw(st.booleans())
    return Decimal(minor) / 100, code, f"{sign}{text}" if before else f"{text}{sign}"


@given(st.one_of(st.text(max_size=500), MIXED), st.one_of(st.none(), st.text(max_size=300)), st.text(max_size=5))
def test_no_text_makes_it_fail(text: str, payload: str | None, language: str) -> None:
    assert isinstance(parse(text, payload, language), (*COMMANDS, Unknown))


@given(st.text(max_size=200))
def test_no_text_makes_an_amount_or_a_match_fail(text: str) -> None:
    amount = parse_amount(text)
    assert isinstance(amount, AmountProblem) or amount.value > 0
    find(text, CLIENTS)


@given(cents)
def test_every_spelling_of_an_amount_reads_the_same(minor: int) -> None:
    for text in spellings(minor):
        assert parse_amount(text) == Amount(Decimal(minor) / 100)


@given(st.sampled_from(TOPUP_VERBS), st.one_of(ids, endings, st.sampled_from(NAMES)), amounts())
def test_a_top_up_reads_back_in_every_spelling(
    verb: str, client: str, spelled: tuple[Decimal, str | None, str]
) -> None:
    value, currency, text = spelled
    for mark in ("", "на ", "for "):
        command = parse(f"{verb} {client} {mark}{text}", None, "en")
        assert isinstance(command, TopUp)
        assert (command.client, command.amount) == (client, Amount(value, currency))


@given(st.one_of(ids, endings, st.sampled_from(NAMES)), amounts())
def test_without_a_verb_it_reads_the_same(client: str, spelled: tuple[Decimal, str | None, str]) -> None:
    value, currency, text = spelled
    command = parse(f"{client} {text}", None, "ru")
    assert isinstance(command, TopUp)
    assert (command.client, command.amount) == (client, Amount(value, currency))


@given(st.sampled_from(TOPUP_VERBS), st.lists(st.integers(0, 99999).map(str), min_size=2, max_size=5))
def test_digits_never_move_between_client_and_amount(verb: str, groups: list[str]) -> None:
    command = parse(f"{verb} {' '.join(groups)}", None, "en")
    assert isinstance(command, TopUp)
    assert command.client == groups[0]
    assert command.amount is not None
    if isinstance(command.amount, Amount):
        assert f"{command.amount.value}" == "".join(groups[1:])
        assert all(len(group) == 3 for group in groups[2:])


@given(st.sampled_from(TOPUP_VERBS), MIXED)
def test_every_digit_of_an_amount_was_typed_in_this_order(verb: str, text: str) -> None:
    command = parse(f"{verb} {text}", None, "en")
    if isinstance(command, TopUp) and isinstance(command.amount, Amount):
        typed = re.sub(r"\D", "", text.translate({0x661: "1", 0xFF11: "1", 0xB2: None, 0xBD: None}))
        assert re.sub(r"\D", "", str(command.amount.value)) in typed


@given(
    st.sampled_from(RENEW_VERBS),
    st.one_of(ids, endings, st.sampled_from(NAMES)),
    st.sampled_from([(None, ""), ("pro", "pro"), ("pro", "про"), ("max", "Макс"), ("inbox", "plan inbox")]),
    st.sampled_from(
        [
            (None, ""),
            (12, "12m"),
            (12, "на год"),
            (6, "6 months"),
            (6, "полгода"),
            (1, "на месяц"),
            (3, "3 мес"),
            (12, "1y"),
        ]
    ),
    st.booleans(),
)
def test_a_renewal_reads_back(
    verb: str, client: str, plan: tuple[str | None, str], period: tuple[int | None, str], turned: bool
) -> None:
    parts = [period[1], plan[1]] if turned else [plan[1], period[1]]
    command = parse(" ".join([verb, client, *parts]), None, "en")
    assert isinstance(command, Renew)
    assert (command.client, command.plan, command.months) == (client, plan[0], period[0])


@given(st.sampled_from(BALANCE_VERBS), st.one_of(ids, endings, st.sampled_from(NAMES)))
def test_a_balance_question_reads_back(verb: str, client: str) -> None:
    assert parse(f"{verb} {client}?", None, "en") == Balance(client)


@given(
    st.from_regex(r"[a-z][a-z_]{0,23}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    st.none() | st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True),
)
def test_a_payload_reads_back(verb: str, id_: str, arg: str | None) -> None:
    payload = payload_of(verb, id_, arg)
    assert len(payload) <= PAYLOAD_MAX
    assert tap_of(payload) == Tap(verb, id_, arg)


@given(st.text(st.sampled_from("abcdeАБВГДежзøß &-."), min_size=1, max_size=40))
def test_a_company_is_found_by_its_own_name(company: str) -> None:
    one = Candidate(ClientId("x"), "11110001", company)
    if search_key(company):
        assert find(company, [one]) == Exact(one)
