// Talks to the simulator: JSON requests, and the stream of changes.

const ROOT = "/phone/api";

async function ask(method, path, body) {
  const answer = await fetch(ROOT + path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(data.error || `The simulator answered ${answer.status}.`);
  return data;
}

export const get = (path) => ask("GET", path);
export const post = (path, body) => ask("POST", path, body);
export const remove = (path) => ask("DELETE", path);

/** Calls `handlers[event](data)` for every change; `handlers.up()` and `handlers.down()` follow the connection. */
export function follow(handlers) {
  const stream = new EventSource(`${ROOT}/events`);
  stream.addEventListener("open", () => handlers.up());
  stream.addEventListener("error", () => handlers.down());
  for (const event of ["message", "people", "typing", "faults", "clock"]) {
    stream.addEventListener(event, (e) => {
      // A connection error is an "error" event without data; "message" is also the default name.
      if (e.data !== undefined) handlers[event](JSON.parse(e.data));
    });
  }
  addEventListener("pagehide", () => stream.close());
}
