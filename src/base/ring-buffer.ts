/**
 * A FIFO in a power-of-two array that doubles when full: push and shift cost the same however long the queue.
 *
 *      head        tail
 *       v           v
 *   [ . a b c d e f . . . ]      shift takes a, push writes behind f, both wrap around
 */
export class RingBuffer<T> {
  #slots: (T | undefined)[] = new Array<T | undefined>(16);
  #mask = 15;
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length > this.#mask) this.#grow();
    this.#slots[(this.#head + this.#length) & this.#mask] = item;
    this.#length++;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.#length--;
    return item;
  }

  /** Takes back what was pushed last. */
  pop(): T | undefined {
    if (this.#length === 0) return undefined;
    const index = (this.#head + --this.#length) & this.#mask;
    const item = this.#slots[index];
    this.#slots[index] = undefined;
    return item;
  }

  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  /** Drops every item that is not to be kept; the others stay in order. */
  retain(keep: (item: T) => boolean): void {
    for (let left = this.#length; left > 0; left--) {
      const item = this.shift() as T;
      if (keep(item)) this.push(item);
    }
  }

  #grow(): void {
    const next = new Array<T | undefined>(this.#slots.length * 2);
    for (let index = 0; index < this.#length; index++) next[index] = this.#slots[(this.#head + index) & this.#mask];
    this.#slots = next;
    this.#mask = next.length - 1;
    this.#head = 0;
  }
}
