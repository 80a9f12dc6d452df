/** What the other thread of the calling libraries can do. */

export function message(body: { readonly text: string; readonly n: number }): number {
  return body.n;
}

export function question(body: { readonly text: string; readonly n: number }): number {
  return body.n + 1;
}
