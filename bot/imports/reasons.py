"""Why a row or a whole file is refused, in the reader's language: what is wrong and how to put it right. Pure."""

from bot.errors import UserError
from bot.i18n import supported
from bot.imports.cells import Problem

_ROW = {
    "account_missing": (
        "the account ID is missing: it is the 8 digits in the address of the client's dashboard",
        "нет ID аккаунта: это 8 цифр из адреса личного кабинета клиента",
    ),
    "account_bad": (
        "“{value}” is no account ID: it has 8 digits, as 48210017",
        "«{value}» не ID аккаунта: в нём 8 цифр, например 48210017",
    ),
    "account_rounded": (
        "the spreadsheet rounded the account ID to “{value}”: format the column as text and write all 8 digits",
        "таблица округлила ID аккаунта до «{value}»: сделайте столбец текстовым и впишите все 8 цифр",
    ),
    "seen_later": (
        "this client was seen later, on {known}: the newer sight stays",
        "этого клиента видели позже, {known}: остаётся более новое",
    ),
    "account_twice": (
        "account ID {value} stands already in line {first}: keep one of the two",
        "ID аккаунта {value} уже есть в строке {first}: оставьте одну из двух",
    ),
    "amount_unreadable": (
        "“{value}” is no amount: write it as 1440.50",
        "«{value}» не сумма: напишите, например, 1440,50",
    ),
    "amount_ambiguous": (
        "“{value}” can be {one} or {other}: write it with two decimals, as {one}",
        "«{value}» может быть {one} или {other}: напишите с двумя знаками после запятой, например {one}",
    ),
    "amount_too_fine": (
        "“{value}” has parts of a cent: write it with two decimals",
        "в «{value}» доли копейки или цента: оставьте два знака после запятой",
    ),
    "amount_too_large": ("“{value}” is too large an amount", "«{value}» слишком большая сумма"),
    "charge_negative": (
        "a daily charge is not below zero: write what one day costs",
        "ежедневное списание не бывает меньше нуля: напишите, сколько стоит день",
    ),
    "currency_unknown": (
        "“{value}” names no currency known here: EUR, USD, KZT or RUB",
        "«{value}»: нет такой валюты, бывают EUR, USD, KZT и RUB",
    ),
    "currency_missing": (
        "no currency: write it beside the amount, in the heading (“Balance, EUR”) or in a column “Currency”",
        "нет валюты: напишите её рядом с суммой, в заголовке («Баланс, EUR») или в столбце «Валюта»",
    ),
    "currency_conflict": (
        "two currencies in one row, {one} and {other}: leave the right one",
        "в одной строке две валюты, {one} и {other}: оставьте верную",
    ),
    "date_unreadable": (
        "“{value}” is no date: write it as 2026-12-03 or 03.12.2026",
        "«{value}» не дата: напишите 03.12.2026 или 2026-12-03",
    ),
    "date_impossible": ("there is no such day: “{value}”", "такого дня нет: «{value}»"),
    "date_far": (
        "the year of “{value}” is not between {first} and {last}",
        "год в «{value}» не между {first} и {last}",
    ),
    "date_short_year": (
        "write the year of “{value}” with four digits, as 2026-12-03",
        "напишите год в «{value}» четырьмя цифрами, например 03.12.2026",
    ),
    "date_month_first": (
        "“{value}” puts the month first, here the day comes first: write it as 2026-12-31",
        "в «{value}» первым стоит месяц, а должен день: напишите 31.12.2026 или 2026-12-31",
    ),
    "date_order": (
        "“{value}” can be two days, as the column also holds {example}: write it as 2026-12-03",
        "«{value}» может быть двумя разными днями, ведь в столбце есть и {example}: напишите 03.12.2026",
    ),
    "date_number": (
        "{value} is a number: format the column as a date, or write it as 2026-12-03",
        "{value} это число: сделайте столбец датой или напишите 03.12.2026",
    ),
    "text_too_long": (
        "“{value}” is longer than {limit} characters",
        "«{value}» длиннее {limit} знаков",
    ),
    "email_bad": ("“{value}” is no e-mail address", "«{value}» не адрес почты"),
    "language_unknown": (
        "“{value}” is no language: write a code such as en or ru",
        "«{value}» не язык: напишите код, например en или ru",
    ),
    "plan_unknown": (
        "“{value}” is no plan of the price book; it has {known}",
        "«{value}»: такого тарифа в прайсе нет, есть {known}",
    ),
    "plan_unknown_near": (
        "“{value}” is no plan of the price book; did you mean {nearest}? It has {known}",
        "«{value}»: такого тарифа в прайсе нет, возможно, {nearest}? Есть {known}",
    ),
    "months_bad": (
        "“{value}” is no period: write the number of months, as 12",
        "«{value}» не период: напишите число месяцев, например 12",
    ),
    "channels_bad": (
        "“{value}” is no number of channels: write 3, or “whatsapp:+371…; telegram:name”",
        "«{value}» не число каналов: напишите 3 или «whatsapp:+371…; telegram:имя»",
    ),
    "transport_unknown": (
        "“{value}” is no kind of channel; known are {known}",
        "«{value}»: такого вида каналов нет, бывают {known}",
    ),
    "zone_unknown": (
        "“{value}” is no time zone: write it as Europe/Riga or UTC+3",
        "«{value}» не часовой пояс: напишите Europe/Riga или UTC+3",
    ),
    "phone_bad": (
        "“{value}” is no phone number: write it with + and the country code, as +371 20 000 017",
        "«{value}» не номер телефона: напишите с + и кодом страны, например +371 20 000 017",
    ),
    "tags_bad": (
        "too many tags: at most {limit}, each of at most {length} characters",
        "слишком много тегов: не больше {limit}, в каждом не больше {length} знаков",
    ),
    "cell_too_long": ("a cell is longer than {limit} characters", "ячейка длиннее {limit} знаков"),
    "cell_error": (
        "the spreadsheet shows the error {value} here",
        "в этой ячейке таблицы ошибка {value}",
    ),
    "company_missing": (
        "a new client needs a company name",
        "для нового клиента нужно название компании",
    ),
    "client_without_currency": (
        "a new client needs a currency: EUR, USD, KZT or RUB",
        "для нового клиента нужна валюта: EUR, USD, KZT или RUB",
    ),
    "currency_changed": (
        "this client is kept in {known}, the table says {given}: an account cannot change its currency",
        "клиент ведётся в {known}, а в таблице {given}: валюту счёта сменить нельзя",
    ),
    "row_width": (
        "{cells} cells under {headings} headings: is the separator inside a value without quotes, or a cell missing?",
        "{cells} ячеек при {headings} заголовках: возможно, разделитель внутри значения без кавычек или нет ячейки",
    ),
    "row_quotes": (
        "a quotation mark that is never closed has pulled the next rows into this one: remove it",
        "незакрытая кавычка втянула в эту строку следующие: уберите её",
    ),
}
_FILE = {
    "import_empty": ("there is nothing in it", "в нём ничего нет"),
    "import_too_big": ("it is larger than {limit_mb} MB", "он больше {limit_mb} МБ"),
    "import_too_many_rows": ("it has more than {limit} rows", "в нём больше {limit} строк"),
    "import_too_many_columns": (
        "line {line} has more than {limit} columns",
        "в строке {line} больше {limit} столбцов",
    ),
    "import_format": (
        "it is {format}: save the table as XLSX or as CSV",
        "это {format}: сохраните таблицу как XLSX или CSV",
    ),
    "import_encoding": (
        "its letters are in an unknown encoding: save it as CSV UTF-8 or as XLSX",
        "неизвестна кодировка букв: сохраните как CSV UTF-8 или XLSX",
    ),
    "import_workbook": (
        "the workbook is broken or has a password: save it anew as XLSX or CSV",
        "книга повреждена или под паролем: сохраните её заново как XLSX или CSV",
    ),
    "import_no_header": (
        "no row of headings found, such as: {expected}",
        "нет строки заголовков, например: {expected}",
    ),
    "import_no_account": (
        "there is no column with the account ID (“ID” or “Account ID”), only: {found}",
        "нет столбца с ID аккаунта («ID» или «ID аккаунта»), есть только: {found}",
    ),
    "import_double_column": (
        "two headings mean the same: {headings}. Keep one",
        "два заголовка значат одно и то же: {headings}. Оставьте один",
    ),
    "import_quotes": (
        "a quotation mark opened in line {line} is never closed",
        "кавычка, открытая в строке {line}, не закрыта",
    ),
}
_WHOLE = {
    "import_many_changes": (
        "This table would change {balances} of {balances_of} balances and {ends} of {ends_of} end dates. "
        "Is it the right table? If so, import it with --yes.",
        "Эта таблица изменит балансов: {balances} из {balances_of}, дат окончания: {ends} из {ends_of}. "
        "Это та таблица? Если да, загрузите её с --yes.",
    ),
    "import_reason_missing": (
        "To adjust balances say why, with --reason.",
        "Чтобы исправить балансы, напишите причину: --reason.",
    ),
}


def reason_text(problem: Problem, language: str = "en") -> str:
    """One refusal of a row, as a sentence without its line and column."""
    return _ROW[problem.key][supported(language) == "ru"].format(**problem.facts)


def error_text(error: UserError, language: str = "en") -> str:
    """Why a whole file cannot be read, naming the file, or why a table that was read is not taken."""
    russian = supported(language) == "ru"
    if error.key in _WHOLE:
        return _WHOLE[error.key][russian].format(**error.facts)
    reason = _FILE[error.key][russian].format(**error.facts)
    file = error.facts.get("file", "-")
    return f"Не могу прочитать таблицу {file}: {reason}." if russian else f"Cannot read the table {file}: {reason}."
