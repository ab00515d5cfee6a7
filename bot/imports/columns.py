"""Which heading means which field, in English and in Russian, and where the headings stand. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.imports.cells import Cell, GridRow, clean
from bot.imports.money_words import currency_of

HEADING_ROWS_MAX = 40
"""Rows of titles, filters and notes that may stand above the headings."""
EXPECTED = "ID (ID аккаунта), Company (Компания), Balance (Баланс), Subscription end date (Дата окончания подписки)"

_SURE = {
    "account_id": """account id; id account; account number; account no; client id; id of client; id client;
        customer id; wazzup id; id in wazzup; user id; dashboard id; id аккаунта; номер аккаунта; ид аккаунта;
        id клиента; ид клиента; номер клиента; id кабинета; номер личного кабинета; лицевой счет; номер лс;
        id личного кабинета; id в wazzup; идентификатор; идентификатор аккаунта; аккаунт id; клиент id""",
    "company": """company; company name; client; client name; name of company; name of the company; customer;
        customer name; organization; organisation; organization name; organisation name; account name; business;
        business name; компания; название компании; наименование компании; имя компании; клиент; имя клиента;
        название клиента; наименование клиента; организация; название организации; наименование организации;
        наименование; контрагент; название аккаунта; заказчик""",
    "email": """e mail; email; mail; email address; e mail address; admin email; admin e mail; administrator email;
        administrator e mail; contact email; client email; почта; эл почта; электронная почта; адрес почты; емейл;
        имейл; email администратора; e mail администратора; почта администратора; адрес электронной почты;
        email клиента; e mail клиента""",
    "language": """language; lang; account language; client language; locale; язык; язык аккаунта; язык клиента;
        язык интерфейса; язык общения""",
    "currency": "currency; currency code; account currency; валюта; валюта аккаунта; валюта счета; код валюты",
    "balance": """balance; current balance; account balance; client balance; money; money left; funds; баланс;
        текущий баланс; баланс клиента; баланс счета; баланс аккаунта; остаток; остаток на счете; остаток средств;
        деньги на счете; на счете""",
    "subscription_end": """subscription end date; subscription end; end of subscription; subscription ends;
        subscription till; subscription until; subscription expires; subscription expiry; subscription expiry date;
        subscription expiration; subscription expiration date; expires; expires on; expiry; expiry date;
        expiration date; end date; ends; ends on; valid till; valid until; paid till; paid until; paid up to;
        date of subscription end; subscription end date till; дата окончания подписки; окончание подписки;
        подписка до; конец подписки; подписка заканчивается; подписка истекает; срок подписки; дата конца подписки;
        дата завершения подписки; завершение подписки; окончание; дата окончания; действует до; оплачено до;
        оплачен до; дата истечения подписки; срок действия подписки; срок действия; подписка действует до;
        подписка оплачена до; дата окончания действия подписки; до какого числа""",
    "plan": """plan; price plan; tariff; tariff plan; subscription plan; plan name; rate plan; тариф; тарифный план;
        план; тариф подписки; название тарифа""",
    "months": """months; period; period months; subscription period; term; number of months; paid months; период; срок;
        период подписки; период мес; срок мес; месяцев; число месяцев; количество месяцев""",
    "channels": """channels; channel; number of channels; channel count; channels count; channels qty; channels number;
        qty of channels; no of channels; каналы; канал; число каналов; количество каналов; кол во каналов;
        каналов; всего каналов; список каналов""",
    "daily_charge": """daily charge; daily payment; daily payments; daily cost; daily fee; charge per day;
        payment per day; cost per day; per day; daily; daily rate; ежедневный платеж; ежедневное списание;
        ежедневные списания; посуточная оплата; суточное списание; списание в день; в день; в сутки;
        списание в сутки; суточный платеж; посуточно; стоимость в день; расход в день; суточные""",
    "time_zone": """time zone; timezone; tz; zone; client time zone; utc offset; часовой пояс; таймзона; тайм зона;
        пояс; временная зона; часовая зона""",
    "contact_name": """contact name; contact; contact person; person; contact person name; full name;
        контакт; контактное лицо; имя контакта; фио; фио контакта; имя; представитель; контактное имя""",
    "contact_phone": """contact phone; phone; phone number; contact number; contact phone number; mobile;
        mobile phone; telephone; tel; contact whatsapp; телефон; номер телефона;
        телефон контакта; контактный телефон; тел; мобильный; мобильный телефон;
        whatsapp контакта; телефон клиента""",
    "tags": """tags; tag; labels; label; groups; group; segment; теги; тег; метки; метка; ярлыки; группа; группы;
        сегмент""",
}
_UNSURE = {"account_id": "id; ид; account; аккаунт", "company": "name; название"}
"""Taken only when no surer heading claims the field: a table may have both `ID` and `Account ID`."""
_PUNCTUATION = re.compile(r"[\s_\-–—/\\.:*#№\"'«»]+")
_IN_BRACKETS = re.compile(r"^(.*?)\s*[(\[]([^)\]]*)[)\]]\s*$")


@dataclass(frozen=True, slots=True)
class Column:
    """One recognised column: its place, its heading as written, and the currency that the heading names."""

    index: int
    heading: str
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """The row of headings. `position` is its place among the rows; `ignored` are headings that mean nothing here,
    `doubled` those that claim a field another heading has.
    """

    position: int
    width: int
    columns: dict[str, Column]
    ignored: tuple[str, ...]
    labels: tuple[str, ...]
    doubled: tuple[str, ...] = ()


def find_header(rows: Sequence[GridRow]) -> Header | None:
    """The row with the most known headings, the first of equals; it must name the account and one thing more."""
    best: Header | None = None
    for position, row in enumerate(rows[:HEADING_ROWS_MAX]):
        labels = tuple(clean(cell) if isinstance(cell, str) else "" for cell in row.cells)
        header = _header(position, labels)
        if "account_id" in header.columns and len(header.columns) > 1:
            best = header if best is None or len(header.columns) > len(best.columns) else best
    return best


def known_headings(rows: Sequence[GridRow]) -> tuple[str, ...]:
    """The most headings that any of the first rows holds, for telling what is missing."""
    found: tuple[str, ...] = ()
    for row in rows[:HEADING_ROWS_MAX]:
        known = tuple(clean(cell) for cell in row.cells if isinstance(cell, str) and _meaning(clean(cell))[0])
        found = max(found, known, key=len)
    return found


def repeats(header: Header, cells: Sequence[Cell]) -> bool:
    """Is this row the headings once more, as on the next page of a pasted table?"""
    return len(cells) <= header.width and all(
        isinstance(cell, str) and clean(cell) == label for cell, label in zip(cells, header.labels, strict=False)
    )


def _header(position: int, labels: tuple[str, ...]) -> Header:
    columns: dict[str, Column] = {}
    doubled: list[str] = []
    unsure: list[tuple[str, Column]] = []
    for index, label in enumerate(labels):
        field, sure, currency = _meaning(label)
        column = Column(index, label, currency)
        if field is None:
            continue
        if not sure:
            unsure.append((field, column))
        elif columns.setdefault(field, column) is not column:
            doubled += [columns[field].heading, label]
    for field, column in unsure:
        columns.setdefault(field, column)
    used = {column.index for column in columns.values()}
    ignored = tuple(label for index, label in enumerate(labels) if label and index not in used)
    return Header(position, len(labels), columns, ignored, labels, tuple(doubled))


def _meaning(label: str) -> tuple[str | None, bool, str | None]:
    """Field, whether that is certain, and the currency named in the heading (`Balance, €`, `Баланс (RUB)`)."""
    whole = _key(label)
    if whole in _BY_HEADING:
        return (*_BY_HEADING[whole], None)
    for words, unit in _parted(label):
        found = _BY_HEADING.get(_key(words))
        if found and (currency := currency_of(unit)):
            return (*found, currency)
        if found and _IN_BRACKETS.match(label):
            return (*found, None)
    return None, False, None


def _parted(label: str) -> list[tuple[str, str]]:
    """The ways to part a heading into words and a unit."""
    parted = []
    if bracketed := _IN_BRACKETS.match(label):
        parted.append((bracketed.group(1), bracketed.group(2)))
    for separator in (",", " "):
        words, found, unit = label.rpartition(separator)
        if found:
            parted.append((words, unit))
    return parted


def _key(label: str) -> str:
    return _PUNCTUATION.sub(" ", label.casefold().replace("ё", "е").replace(",", " ")).strip()


def _by_heading() -> dict[str, tuple[str, bool]]:
    known: dict[str, tuple[str, bool]] = {}
    for table, sure in ((_UNSURE, False), (_SURE, True)):
        for field, headings in table.items():
            known.update({_key(heading): (field, sure) for heading in headings.split(";")})
    return known


_BY_HEADING = _by_heading()
