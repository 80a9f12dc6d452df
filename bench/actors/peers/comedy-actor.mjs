/** The one actor of comedy's shapes, in memory or on a thread. */

let count = 0;

export function message() {
  count++;
}

export function question({ n }) {
  return n + 1;
}

export function seen() {
  return count;
}
