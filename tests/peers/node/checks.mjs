// What both clients need.

/** Runs checks one after the other, prints those that fail, and ends the process. */
export async function runAll(checks) {
  let failed = 0;
  for (const [name, check] of checks) {
    try {
      await within(20_000, check());
    } catch (error) {
      failed += 1;
      console.log(`FAILED: ${name}: ${error.stack}`);
    }
  }
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

/** Waits until something holds. */
export async function eventually(holds, what) {
  for (let left = 100; left > 0; left -= 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`still not: ${what}`);
}

/** Values that are handed over one at a time, when the other side is ready for them. */
export class Queue {
  #waiting = [];
  #values = [];

  push(value) {
    this.#values.push(value);
    this.#waiting.shift()?.();
  }

  end() {
    this.push(undefined);
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      while (this.#values.length === 0) await new Promise((resolve) => this.#waiting.push(resolve));
      const value = this.#values.shift();
      if (value === undefined) return;
      yield value;
    }
  }
}

async function within(milliseconds, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
