// The chat speaks its holder's language: the words of the phone itself, not of the bot.

const WORDS = {
  en: {
    today: "Today", yesterday: "Yesterday", type: "Message", you: "You", earlier: "Earlier messages",
    unread: (n) => `${n} unread`, more: "Read more", reply: "Reply", template: "Template", session: "Session",
    empty: (who) => `No messages yet. Write to ${who} as a curator would.`,
    open: (until) => `24-hour window open until ${until}`,
    closed: "24-hour window closed: only templates arrive until an answer", choose: "Choose",
    notTaken: "The bot did not take this message", failed: "Not delivered", copied: "Copied", picture: "Picture",
    states: { accepted: "Accepted", queued: "Queued", sending: "Sending", sent: "Sent", delivered: "Delivered", read: "Read", failed: "Failed", undelivered: "Not delivered" },
  },
  ru: {
    today: "Сегодня", yesterday: "Вчера", type: "Сообщение", you: "Вы", earlier: "Раньше",
    unread: (n) => `Непрочитанных: ${n}`, more: "Читать дальше", reply: "Ответить", template: "Шаблон", session: "Сессия",
    empty: (who) => `Сообщений пока нет. Напишите ${who}, как написал бы куратор.`,
    open: (until) => `24-часовое окно открыто до ${until}`,
    closed: "24-часовое окно закрыто: до ответа приходят только шаблоны", choose: "Выбрать",
    notTaken: "Бот не принял это сообщение", failed: "Не доставлено", copied: "Скопировано", picture: "Картинка",
    states: { accepted: "Принято", queued: "В очереди", sending: "Отправляется", sent: "Отправлено", delivered: "Доставлено", read: "Прочитано", failed: "Ошибка", undelivered: "Не доставлено" },
  },
  es: {
    today: "Hoy", yesterday: "Ayer", type: "Mensaje", you: "Tú", earlier: "Mensajes anteriores",
    unread: (n) => `${n} sin leer`, more: "Leer más", reply: "Responder", template: "Plantilla", session: "Sesión",
    empty: (who) => `Aún no hay mensajes. Escribe a ${who} como lo haría un curador.`,
    open: (until) => `Ventana de 24 horas abierta hasta ${until}`,
    closed: "Ventana de 24 horas cerrada: solo llegan plantillas hasta que respondas", choose: "Elegir",
    notTaken: "El bot no recibió este mensaje", failed: "No entregado", copied: "Copiado", picture: "Imagen",
    states: { accepted: "Aceptado", queued: "En cola", sending: "Enviando", sent: "Enviado", delivered: "Entregado", read: "Leído", failed: "Error", undelivered: "No entregado" },
  },
  pt: {
    today: "Hoje", yesterday: "Ontem", type: "Mensagem", you: "Você", earlier: "Mensagens anteriores",
    unread: (n) => `${n} não lidas`, more: "Ler mais", reply: "Responder", template: "Modelo", session: "Sessão",
    empty: (who) => `Ainda não há mensagens. Escreva para ${who} como um curador faria.`,
    open: (until) => `Janela de 24 horas aberta até ${until}`,
    closed: "Janela de 24 horas fechada: só chegam modelos até haver resposta", choose: "Escolher",
    notTaken: "O bot não recebeu esta mensagem", failed: "Não entregue", copied: "Copiado", picture: "Imagem",
    states: { accepted: "Aceita", queued: "Na fila", sending: "Enviando", sent: "Enviada", delivered: "Entregue", read: "Lida", failed: "Erro", undelivered: "Não entregue" },
  },
};

/** The words of a language; English when it is not known here. */
export const wordsOf = (language) => WORDS[(language || "en").slice(0, 2)] || WORDS.en;
