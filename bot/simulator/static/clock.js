// The simulated time in the bar, and the buttons that move it.

import { post } from "./api.js";
import { byId } from "./dom.js";
import { frameLanguage } from "./frame_words.js";
import { clockTime, weekdayName } from "./time.js";

const TICK_MS = 1000;

export class BarClock {
  constructor({ person, moved, failed }) {
    this.person = person;
    this.told = Date.now();
    this.heard = performance.now();
    this.standing = false;
    for (const [id, step] of [["next-day", { days: 1 }], ["next-hour", { hours: 1 }], ["next-minute", { minutes: 1 }]]) {
      byId(id).addEventListener("click", async (e) => {
        const button = e.currentTarget;
        button.disabled = true;
        try {
          this.set(await post("/clock", step));
          moved();
        } catch (problem) {
          failed(problem.message);
        } finally {
          button.disabled = false;
        }
      });
    }
    setInterval(() => this.draw(), TICK_MS);
  }

  /** What the simulator says the time is. */
  set({ now, movable }) {
    const told = new Date(now).getTime();
    // A clock that was told twice the same moment stands still until somebody moves it.
    this.standing = told === this.told;
    this.told = told;
    this.heard = performance.now();
    for (const id of ["next-day", "next-hour", "next-minute"]) byId(id).hidden = !movable;
    this.draw();
  }

  now() {
    return new Date(this.told + (this.standing ? 0 : performance.now() - this.heard));
  }

  draw() {
    const time = byId("now");
    const person = { ...this.person(), language: frameLanguage };
    time.querySelector(".date").textContent = weekdayName(this.now(), person);
    time.querySelector(".hour").textContent = clockTime(this.now(), person);
    time.dateTime = this.now().toISOString();
  }
}
