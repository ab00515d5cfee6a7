"""What curators write, in English and Russian, and what it is taken for."""

from decimal import Decimal

import pytest

from bot.handlers.amount import Amount, AmountProblem
from bot.handlers.commands import (
    AddChannel,
    AutoRenew,
    Balance,
    Choice,
    Clients,
    Command,
    Digits,
    Due,
    Help,
    Language,
    Mention,
    Mute,
    No,
    NotOffered,
    Partner,
    RemoveChannel,
    Renew,
    Start,
    Stop,
    Subscribe,
    Tap,
    Thanks,
    TopUp,
    Unknown,
    Unmute,
    Upgrade,
    Yes,
)
from bot.handlers.parser import TEXT_MAX, parse
from bot.handlers.payload import payload_of, tap_of


def eur(value: str) -> Amount:
    return Amount(Decimal(value), "EUR")


def bare(value: str) -> Amount:
    return Amount(Decimal(value))


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("topup beta 100", TopUp("beta", bare("100"))),
        ("top up beta 100", TopUp("beta", bare("100"))),
        ("Top-up Beta Kids €100", TopUp("Beta Kids", eur("100"))),
        ("/topup beta 100", TopUp("beta", bare("100"))),
        ("бете 100", TopUp("бете", bare("100"))),
        ("beta: 100", TopUp("beta", bare("100"))),
        ("пополни альфа дентал на 1 440,50 €", TopUp("альфа дентал", eur("1440.50"))),
        ("top up 48210017 1440", TopUp("48210017", bare("1440"))),
        ("topup 48210017 1 440", TopUp("48210017", bare("1440"))),
        ("topup 482 144", TopUp("482", bare("144"))),
        ("topup 4821 440", TopUp("4821", bare("440"))),
        ("4821 440", TopUp("4821", bare("440"))),
        ("попонить альфа 100", TopUp("альфа", bare("100"))),
        ("tpoup alfa 100", TopUp("alfa", bare("100"))),
        ("please top up alfa by 100 euros", TopUp("alfa", eur("100"))),
        ("хочу пополнить клиента альфа на сумму 100 евро", TopUp("альфа", eur("100"))),
        ("topup beta 100 please", TopUp("beta", bare("100"))),
        ("пополни на 100 бету", TopUp("бету", bare("100"))),
        ("€100 to beta", TopUp("beta", eur("100"))),
        ("alfa top up 100", TopUp("alfa", bare("100"))),
        ("альфу пополни на 100", TopUp("альфу", bare("100"))),
        ('topup "Café Brasília" 50', TopUp("Café Brasília", bare("50"))),
        ("topup studio 54 for 100", TopUp("studio 54", bare("100"))),
        ("topup 7 days cafe 200", TopUp("7 days cafe", bare("200"))),
        ("topup beta ١٠٠", TopUp("beta", bare("100"))),
        ("topup\u200b be\u200bta １００", TopUp("beta", bare("100"))),
        ("topup beta 100 gbp", TopUp("beta", Amount(Decimal("100"), "GBP"))),
        ("top up", TopUp(None, None)),
        ("topup beta", TopUp("beta", None)),
        ("topup 100", TopUp(None, bare("100"))),
        ("topup 48210017", TopUp("48210017", None)),
        ("пополнить на 100", TopUp(None, bare("100"))),
        ("mate 100", TopUp("mate", bare("100"))),
    ],
)
def test_top_up(text: str, command: TopUp) -> None:
    assert parse(text, None, "en") == command


@pytest.mark.parametrize(
    ("amount", "problem"),
    [
        ("0", AmountProblem("zero", "0")),
        ("-5", AmountProblem("negative", "-5")),
        ("1e9", AmountProblem("not_a_number", "1e9")),
        ("ten", AmountProblem("in_words", "ten")),
        ("1440,505", AmountProblem("too_fine", "1440,505")),
        ("1k", AmountProblem("shorthand", "1k")),
        ("1,5к", AmountProblem("shorthand", "1,5к")),
        ("99999999999", AmountProblem("too_large", "99999999999")),
        ("100²", AmountProblem("not_a_number", "100\ufffd")),
        ("1 44", AmountProblem("unclear", "1 44")),
        ("$", AmountProblem("missing", "$")),
    ],
)
@pytest.mark.parametrize("client", ["alfa", "48210017", "Café Brasília"])
def test_a_bad_amount_is_named_and_the_client_kept(client: str, amount: str, problem: AmountProblem) -> None:
    command = parse(f"topup {client} {amount}", None, "en")
    assert isinstance(command, TopUp)
    assert (command.client, command.amount) == (client, problem)


def test_an_ambiguous_amount_keeps_both_readings() -> None:
    assert parse("topup alfa 1,440", None, "en") == TopUp("alfa", Amount(Decimal("1440"), None, Decimal("1.440")))


def test_digits_after_a_name_have_two_readings_and_the_first_moves_none() -> None:
    assert parse("topup studio 54 100", None, "en") == TopUp(
        "studio", bare("54100"), other=TopUp("studio 54", bare("100"))
    )
    assert parse("topup studio 54 1000", None, "en") == TopUp(
        "studio", AmountProblem("unclear", "54 1000"), other=TopUp("studio 54", bare("1000"))
    )
    assert parse("topup alfa 48210017", None, "en") == TopUp(
        "alfa", bare("48210017"), other=TopUp("alfa 48210017", None)
    )
    assert parse("topup 100 beta", None, "en") == TopUp("beta", bare("100"), other=TopUp("100 beta", None))


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("renew alfa", Renew("alfa")),
        ("renew alfa 12m", Renew("alfa", None, 12)),
        ("renew alfa 12 months", Renew("alfa", None, 12)),
        ("renew alfa for a year", Renew("alfa", None, 12)),
        ("renew 48210017 6m", Renew("48210017", None, 6)),
        ("renew 0017 1y please", Renew("0017", None, 12)),
        ("extend alfa dental for another 6 months", Renew("alfa dental", None, 6)),
        ("продли альфу на полгода", Renew("альфу", None, 6)),
        ("продлить альфу 12 мес", Renew("альфу", None, 12)),
        ("альфу продли на месяц", Renew("альфу", None, 1)),
        ("renew max", Renew("max")),
        ("renew", Renew(None)),
        ("Продлить", Renew(None)),
        ("renew for 6 months", Renew(None, None, 6)),
    ],
)
def test_renew(text: str, command: Renew) -> None:
    assert parse(text, None, "ru") == command


@pytest.mark.parametrize(
    ("text", "plan", "months"),
    [
        ("renew alfa pro 12", "pro", 12),
        ("renew alfa 12 pro", "pro", 12),
        ("renw alfa max 6m", "max", 6),
        ("продли альфу на год про", "pro", 12),
        ("продли альфу тариф инбокс", "inbox", None),
        ("renew alfa start", "start", None),
    ],
)
def test_renew_with_a_plan(text: str, plan: str, months: int | None) -> None:
    command = parse(text, None, "en")
    assert isinstance(command, Renew)
    assert command.client in ("alfa", "альфу")
    assert (command.plan, command.months) == (plan, months)
    assert command.other is not None


def test_a_plan_or_number_may_belong_to_the_name() -> None:
    longest = Renew("studio pro 12", other=Renew("studio pro", None, 12))
    assert parse("renew studio pro 12", None, "en") == Renew("studio", "pro", 12, other=longest)


@pytest.mark.parametrize("text", ["renew 4821 0017", "renew alfa 99 months", "renew alfa 0m"])
def test_an_unclear_renewal_is_not_guessed(text: str) -> None:
    assert parse(text, None, "en") == Unknown("unclear", near="renew")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("balance alfa", Balance("alfa")),
        ("blance 48210017", Balance("48210017")),
        ("alfa balance", Balance("alfa")),
        ("сколько у альфы", Balance("альфы")),
        ("сколько осталось денег у Альфы?", Balance("Альфы")),
        ("какой баланс у бета кидс", Balance("бета кидс")),
        ("что с альфой", Balance("альфой")),
        ("show me alfa", Balance("alfa")),
        ("покажи альфу", Balance("альфу")),
        ("hi, balance alfa", Balance("alfa")),
        ("Привет!\nбаланс альфы", Balance("альфы")),
        ("how much money does alfa have left", Balance("alfa")),
        ("when does alfa run out", Balance("alfa")),
        ("due alfa", Balance("alfa")),
        ("balance", Balance(None)),
        ("channels", Balance(None)),
        ("channels of alfa", Balance("alfa")),
        ("каналы альфа", Balance("альфа")),
        ("chanel", Mention("chanel")),
        ("clients", Clients()),
        ("клиенты", Clients()),
        ("show clients", Clients()),
        ("clients 2", Clients(page=2)),
        ("clients alfa", Clients("alfa")),
        ("клиенты ромашка стр 3", Clients("ромашка", 3)),
        ("due", Due()),
        ("due 7", Due(7)),
        ("due 14d", Due(14)),
        ("due in 2 weeks", Due(14)),
        ("who runs out this week?", Due(7)),
        ("кто заканчивается завтра", Due(1)),
        ("кто кончается на этой неделе", Due(7)),
        ("у кого заканчивается через 3 дня", Due(3)),
        ("partner", Partner()),
        ("мой счёт", Partner()),
        ("my account", Partner()),
        ("счёт альфы", Balance("альфы")),
        ("mute alfa", Mute("alfa")),
        ("заглуши альфу", Mute("альфу")),
        ("stop alfa", Mute("alfa")),
        ("unmute alfa", Unmute("alfa")),
        ("включи альфу", Unmute("альфу")),
        ("stop", Stop()),
        ("STOP", Stop()),
        ("стоп", Stop()),
        ("please stop sending me messages", Stop()),
        ("start", Start()),
        ("старт", Start()),
        ("help", Help()),
        ("hlep", Help()),
        ("?", Help()),
        ("помощь", Help()),
        ("hi", Help(greeting=True)),
        ("Добрый день!", Help(greeting=True)),
        ("english", Language("en")),
        ("язык русский", Language("ru")),
        ("thanks", Thanks()),
        ("Спасибо!", Thanks()),
        ("alfa dental", Mention("alfa dental")),
        ("ID 48210017", Mention("48210017")),
    ],
)
def test_questions_and_preferences(text: str, command: Command) -> None:
    assert parse(text, None, "en") == command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("yes", Yes()),
        ("Yes, please!", Yes()),
        ("да", Yes()),
        ("ок", Yes()),
        ("OK", Yes()),
        ("да, подтверждаю", Yes()),
        ("Confirm", Yes()),
        ("Подтвердить", Yes()),
        ("да 4821", Yes("4821")),
        ("4821 да", Yes("4821")),
        ("confirm 0007", Yes("0007")),
        ("no", No()),
        ("no thanks", No()),
        ("нет", No()),
        ("отмена", No()),
        ("отмнеа", No()),
        ("Cancel", No()),
        ("cancel 4821", No("4821")),
        ("yes but not now", Unknown("unclear", near="yes")),
        ("да нет", Unknown("unclear", near="yes")),
        ("yes, top up alfa 100", Unknown("unclear", near="yes")),
        ("yes 48 21", Unknown("unclear", near="yes")),
    ],
)
def test_yes_and_no(text: str, command: Command | Unknown) -> None:
    assert parse(text, None, "ru") == command


@pytest.mark.parametrize("text", ["yse", "confrim", "подтврдить", "yess"])
def test_consent_is_never_guessed_from_a_typo(text: str) -> None:
    assert not isinstance(parse(text, None, "en"), Yes)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("3", Choice(3)),
        ("#3", Choice(3)),
        ("3.", Choice(3)),
        ("12)", Choice(12)),
        ("1️⃣", Choice(1)),
        ("first", Choice(1)),
        ("вторая", Choice(2)),
        ("0", Unknown("unclear")),
        ("4821", Digits("4821")),
        ("48210017", Digits("48210017")),
    ],
)
def test_bare_numbers(text: str, command: Command | Unknown) -> None:
    assert parse(text, None, "en") == command


@pytest.mark.parametrize(
    ("label", "verb"),
    [
        ("I'm on it", "claim"),
        ("I\u2019m on it", "claim"),
        ("Беру на себя", "claim"),
        ("Remind me later", "later"),
        ("Напомнить позже", "later"),
        ("Other period", "period"),
        ("Другой срок", "period"),
        ("Undo", "undo"),
        ("Отменить", "undo"),
        ("Show list", "show"),
        ("Показать список", "show"),
        ("Subscribe, then pay", "both"),
        ("Сначала подписка", "both"),
        ("Only top up", "only"),
        ("Только пополнить", "only"),
    ],
)
def test_a_typed_label_is_a_tap(label: str, verb: str) -> None:
    assert parse(label, None, "en") == Tap(verb)


def test_a_payload_wins_over_the_text() -> None:
    assert parse("Renew", "renew:01J9ZK", "en") == Tap("renew", "01J9ZK")
    assert parse("stop", "confirm:tok-en_1:12", "en") == Tap("confirm", "tok-en_1", "12")
    assert parse("Help", "help", "en") == Tap("help")


@pytest.mark.parametrize(
    "payload", ["", "Renew Me", "renew:", "renew::x", "renew:a:b:c", "renew:a b", "x" * 300, "ПРОДЛИ:1"]
)
def test_a_payload_that_is_not_ours_is_ignored(payload: str) -> None:
    assert tap_of(payload) is None
    assert parse("stop", payload, "en") == Stop()


def test_payloads_are_made_only_of_what_can_be_read_back() -> None:
    assert payload_of("pick", "01J9", "3") == "pick:01J9:3"
    assert tap_of(payload_of("show")) == Tap("show")
    for parts in (("Renew", "1", None), ("renew", "a b", None), ("renew", None, "1"), ("renew", "", None)):
        with pytest.raises(ValueError, match="no payload"):
            payload_of(*parts)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("   \n ", "empty"),
        ("\u200b\u200e\u202e", "empty"),
        ("🎉🎉🎉", "no_words"),
        ("👍", "no_words"),
        ("...", "no_words"),
        ("a" * 10_000, "too_long"),
        ("topup alfa 100 " * 700, "too_long"),
        ("balance alfa\nbalance beta", "several"),
        ("renew alfa\ntopup beta 100", "several"),
        ("how are you doing today my friend", "unclear"),
        ("الرصيد من فضلك أريد أن أعرف كم", "unclear"),
    ],
)
def test_what_is_no_command(text: str, reason: str) -> None:
    unknown = parse(text, None, "en")
    assert isinstance(unknown, Unknown)
    assert unknown.reason == reason


def test_the_longest_text_that_is_read() -> None:
    assert parse("stop" + " " * (TEXT_MAX - 4), None, "en") == Stop()
    assert parse("stop" + " " * (TEXT_MAX - 3), None, "en") == Unknown("too_long")


def test_an_unknown_language_still_understands_both() -> None:
    assert parse("баланс альфы", None, "xx") == Balance("альфы")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("Subscribe", Subscribe(None)),
        ("subscribe beta pro 1m", Subscribe("beta", "pro", 1, other=Subscribe("beta pro", None, 1))),
        ("subscribe beta 6 months unpaid", Subscribe("beta", None, 6, unpaid=True)),
        ("оформи подписку бете на год", Subscribe("бете", None, 12)),
        ("оформи бете без оплаты", Subscribe("бете", unpaid=True)),
        ("upgrade alfa max", Upgrade("alfa", "max", Upgrade("alfa max"))),
        ("upgrade max", Upgrade(None, "max")),
        ("upgrade alfa", Upgrade("alfa")),
        ("повысь тариф альфе до макс", Upgrade("альфе до", "max", Upgrade("альфе до макс"))),
        ("add channel alfa", AddChannel("alfa")),
        ("add channel alfa telegram @shop", AddChannel("alfa", "telegram", "@shop")),
        ("добавь канал альфе ватсап +37120000001", AddChannel("альфе", "whatsapp", "+37120000001")),
        ("remove channel alfa", RemoveChannel("alfa")),
        ("убери канал у альфы", RemoveChannel("альфы")),
        ("autorenew alfa on", AutoRenew("alfa", True)),
        ("auto-renew alfa off", AutoRenew("alfa", False)),
        ("autorenew alfa", AutoRenew("alfa")),
        ("автопродление альфа вкл", AutoRenew("альфа", True)),
        ("автопродление альфа выкл", AutoRenew("альфа", False)),
        ("refund alfa", NotOffered()),
        ("заморозь альфу", NotOffered()),
    ],
)
def test_subscriptions(text: str, command: Command) -> None:
    assert parse(text, None, "ru") == command
