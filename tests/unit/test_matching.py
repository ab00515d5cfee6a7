"""Whom a curator means, tried on sixty companies in both scripts."""

import pytest

from bot.directory.matching import (
    NEAREST_MAX,
    SEVERAL_MAX,
    Candidate,
    Exact,
    Nothing,
    Several,
    find,
    named_exactly,
    search_key,
)
from bot.ids import ClientId

NAMES = [
    "Alfa Dental", "Beta Kids", "Gamma Travel", "ООО «Ромашка»", "ООО «Ромашка Сервис»", "Café Brasília",
    "SIA Baltic Flowers", "Delta Fitness", "Дельта Логистик", "ИП Иванов", "ИП Иванова", "Студия 54", "Studio Pro",
    "Studio Max", "Müller & Söhne GmbH", "Acme Dental Studio", "Зелёный Чай", "Быстрая Доставка", "Pizza Roma",
    "Пицца Рома Экспресс", "Jānis Bērziņš SIA", "Кофе и Книги", "Green Garden LLC", "Школа Танцев «Ритм»",
    "Автосервис Север", "Auto Nord OÜ", "ТОО Алматы Строй", "Астана Мебель", "Kazakh Travel", "Lisbon Tours Lda",
    "São Paulo Imports Ltda", "Hotel Riga", "Отель Рига Центр", "Салон Красоты Лилия", "Lilia Beauty",
    "Клиника Доктор Плюс", "Doctor Plus Clinic", "Бета Детский Центр", "Мебель Люкс", "Lux Mebel", "1С Софт",
    "7 Days Café", "Сеть 24", "Оптика Взгляд", "Vzglyad Optika", "Nova Legal", "Новая Эра", "Эра Юристов",
    "Цветы Прованса", "Flowers of Provence", "Строй Мастер", "Мастер Строй", "Рога и Копыта",
    "Horns and Hooves, Inc.", "Quick Loans", "Кирпич Завод №1", "Ювелир Яхонт", "Ambra", "Zeta", "S.L. Ibérica",
]  # fmt: skip
CLIENTS = [Candidate(ClientId(f"c{at}"), str(48210001 + at * 8), name) for at, name in enumerate(NAMES)]
FEW = [one for one in CLIENTS if one.company in ("Alfa Dental", "Beta Kids", "Gamma Travel", "ООО «Ромашка»")]


@pytest.mark.parametrize(
    ("query", "company"),
    [
        ("48210001", "Alfa Dental"),
        ("0001", "Alfa Dental"),
        ("10001", "Alfa Dental"),
        ("ID 48210001", "Alfa Dental"),
        ("#48210001", "Alfa Dental"),
        ("4821 0001", "Alfa Dental"),
        ("48210001 alfa", "Alfa Dental"),
        ("альфа 0001", "Alfa Dental"),
        ("Alfa Dental", "Alfa Dental"),
        ("ALFA  DENTAL", "Alfa Dental"),
        ("альфа дентал", "Alfa Dental"),
        ("alpha dental", "Alfa Dental"),
        ("romashka", "ООО «Ромашка»"),
        ("ооо ромашка", "ООО «Ромашка»"),
        ("ромашка сервис", "ООО «Ромашка Сервис»"),
        ("cafe brasilia", "Café Brasília"),
        ("кафе бразилия", "Café Brasília"),
        ("muller & sohne", "Müller & Söhne GmbH"),
        ("janis berzins", "Jānis Bērziņš SIA"),
        ("Янис Берзиньш", None),
        ("iberica", "S.L. Ibérica"),
        ("1c soft", "1С Софт"),
        ("studio pro", "Studio Pro"),
        ("строй мастер", "Строй Мастер"),
        ("horns & hooves", "Horns and Hooves, Inc."),
    ],
)
def test_id_ending_and_whole_name_in_either_script(query: str, company: str | None) -> None:
    match = find(query, CLIENTS)
    if company is not None:
        assert isinstance(match, Exact)
        assert (match.client.company, match.fuzzy) == (company, False)
    else:
        assert isinstance(match, Exact)
        assert match.fuzzy


@pytest.mark.parametrize(
    ("query", "company"),
    [
        ("альфу дентал", "Alfa Dental"),
        ("альфе", "Alfa Dental"),
        ("альфой", "Alfa Dental"),
        ("alfadental", "Alfa Dental"),
        ("alfa's", "Alfa Dental"),
        ("Acmee Dentl Studio", "Acme Dental Studio"),
        ("Рамашка сервис", "ООО «Ромашка Сервис»"),
        ("gama", "Gamma Travel"),
        ("гамма трэвел", "Gamma Travel"),
        ("delta fit", "Delta Fitness"),
        ("зелёного чая", "Зелёный Чай"),
        ("studio 54", "Студия 54"),
        ("студию 54", "Студия 54"),
        ("завод 1", "Кирпич Завод №1"),
        ("24", "Сеть 24"),
        ("люкс мебель", "Мебель Люкс"),
        ("копыта", "Рога и Копыта"),
    ],
)
def test_typos_parts_and_case_endings_are_fuzzy(query: str, company: str) -> None:
    match = find(query, CLIENTS)
    assert isinstance(match, Exact)
    assert (match.client.company, match.fuzzy) == (company, True)


@pytest.mark.parametrize(
    ("query", "companies"),
    [
        ("бете", {"Beta Kids", "Бета Детский Центр"}),
        ("Рамашка", {"ООО «Ромашка»", "ООО «Ромашка Сервис»"}),
        ("иванову", {"ИП Иванов", "ИП Иванова"}),
        ("pizza", {"Pizza Roma", "Пицца Рома Экспресс"}),
        ("авто", {"Auto Nord OÜ", "Автосервис Север"}),
        ("рига", {"Hotel Riga", "Отель Рига Центр"}),
        ("optika", {"Оптика Взгляд", "Vzglyad Optika"}),
        ("дельта", {"Delta Fitness", "Дельта Логистик"}),
    ],
)
def test_what_fits_several_gives_a_list(query: str, companies: set[str]) -> None:
    match = find(query, CLIENTS)
    assert isinstance(match, Several)
    assert {one.company for one in match.clients} == companies
    assert match.total == len(companies)


@pytest.mark.parametrize(("query", "company"), [("бете", "Beta Kids"), ("рамашке", "ООО «Ромашка»")])
def test_among_few_clients_the_same_words_mean_one(query: str, company: str) -> None:
    match = find(query, FEW)
    assert isinstance(match, Exact)
    assert match.client.company == company


@pytest.mark.parametrize(
    "query", ["", "x", "!!!", "ооо", "xyzzy", "hello world", "альта", "99999999", "\u202e", "☎️", "a" * 5000]
)
def test_nothing_like_it(query: str) -> None:
    assert isinstance(find(query, CLIENTS), Nothing)


def test_nearest_are_offered_when_nothing_is_meant() -> None:
    match = find("48210010", CLIENTS)
    assert isinstance(match, Nothing)
    assert "Alfa Dental" in {one.company for one in match.nearest}
    assert len(match.nearest) <= NEAREST_MAX
    assert find("альта", FEW) == Nothing((FEW[0],))


def test_two_letters_alone_mean_the_names_that_begin_with_them() -> None:
    known = [Candidate(ClientId("a"), "11110001", "Café Brasília"), *FEW]
    for query in ("ca", "caf", "ка"):
        match = find(query, known)
        assert isinstance(match, Exact)
        assert match.client == known[0]
    assert isinstance(find("ro", CLIENTS), Several | Exact)


@pytest.mark.parametrize(("query", "company"), [("c", "Café Brasília"), ("dentist", "Alfa Dental"), ("k", "Beta Kids")])
def test_what_is_remotely_alike_is_offered(query: str, company: str) -> None:
    known = [Candidate(ClientId("a"), "11110001", "Café Brasília"), *FEW]
    match = find(query, known)
    assert isinstance(match, Nothing)
    assert company in {one.company for one in match.nearest}
    assert len(match.nearest) <= NEAREST_MAX
    assert find("zzzqqq", known) == Nothing()


def test_three_digits_are_too_few_for_an_ending() -> None:
    assert find("001", CLIENTS) == Nothing(too_short=True)


def test_an_ending_that_fits_two_gives_both() -> None:
    twins = [Candidate(ClientId("a"), "11110001", "A"), Candidate(ClientId("b"), "22220001", "B")]
    assert find("0001", twins) == Several(tuple(twins), 2)
    assert find("10001", twins) == Exact(twins[0])


def test_id_and_name_that_contradict_each_other_mean_nobody() -> None:
    assert find("48210001 beta", CLIENTS) == Nothing((CLIENTS[0],))


def test_a_number_of_the_name_is_never_guessed() -> None:
    assert not isinstance(find("studio 55", CLIENTS), Exact)
    assert not isinstance(find("alfa 1", CLIENTS), Exact)
    assert not isinstance(find("дельта логистик 7", CLIENTS), Exact)


def test_a_list_is_at_most_ten_and_tells_how_many_there_are() -> None:
    many = [Candidate(ClientId(str(at)), str(10000000 + at), f"Кафе номер {at}") for at in range(30)]
    match = find("кафе", many)
    assert isinstance(match, Several)
    assert (len(match.clients), match.total) == (SEVERAL_MAX, 30)


def test_two_companies_of_one_name_are_asked_about() -> None:
    twins = [Candidate(ClientId("a"), "11110001", "Ромашка"), Candidate(ClientId("b"), "22220002", "ООО «Romashka»")]
    assert isinstance(find("ромашка", twins), Several)


def test_named_exactly_takes_whole_names_only() -> None:
    assert named_exactly("студия 54", CLIENTS) == CLIENTS[NAMES.index("Студия 54")]
    assert named_exactly("alfa 48210001", CLIENTS) == CLIENTS[0]
    assert named_exactly("alfa", CLIENTS) is None
    assert named_exactly("ромашк", CLIENTS) is None


def test_a_stored_key_is_used() -> None:
    stored = Candidate(ClientId("a"), "11110001", "Shown Name", search_key("Ромашка"))
    assert find("romashka", [stored]) == Exact(stored)


@pytest.mark.parametrize(
    ("company", "key"),
    [
        ("ООО «Ромашка»", "romashka"),
        ("Café Brasília", "kafe brasilia"),
        ("S.L. Ibérica", "iberika"),
        ("ООО", "uo"),
        ("SIA Baltic Flowers", "baltik flovers"),
    ],
)
def test_search_key(company: str, key: str) -> None:
    assert search_key(company) == key
