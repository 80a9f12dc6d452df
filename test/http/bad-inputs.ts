/** Inputs that an HTTP door must take calmly, as data. The numbers are names: they stay when rows come and go. */

export type BadInput = {
  readonly name: string;
  readonly status: number | ((at: Door) => number);
  /** The whole request, as it goes over the wire. */
  readonly bytes: (at: Door) => string | Buffer;
};

/** Where calls are posted. A new one is one more line in the test's list. */
export type Door = {
  readonly path: string;
  /** A call in JSON that this door understands. */
  readonly valid: string;
  /** What it answers to that call. */
  readonly answered: number;
  /** Whether calls may come as protobuf, and answers as well. */
  readonly protobuf: boolean;
  /** Whether that answer has a body, so that it matters which form is wanted. */
  readonly answersBody: boolean;
  /** What it answers to a call whose type it has never heard of. */
  readonly unheardOf: number;
};

const host = "Host: localhost";

export const get = (target: string, ...headers: readonly string[]): string =>
  `GET ${target} HTTP/1.1\r\n${[host, ...headers].map((line) => `${line}\r\n`).join("")}\r\n`;

const post = (path: string, body: string | Buffer, ...headers: readonly string[]): Buffer => {
  const bytes = Buffer.from(body);
  const lines = [host, `Content-Length: ${bytes.length}`, ...headers];
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`), bytes]);
};

const json = "Content-Type: application/json";
const protobufType = "Content-Type: application/x-protobuf";

const many = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index));

/** Whatever the server is for: what is no request, or asks for what is nobody's. */
export const framing: readonly { readonly name: string; readonly status: number; readonly bytes: string | Buffer }[] = [
  { name: "1 no path", status: 400, bytes: `GET  HTTP/1.1\r\n${host}\r\n\r\n` },
  { name: "2 an escape that is none", status: 400, bytes: get("/%zz") },
  { name: "3 a NUL", status: 400, bytes: get("/%00") },
  { name: "3b a NUL in the middle", status: 400, bytes: get("/version%00.json") },
  { name: "4 a path upwards", status: 404, bytes: get("/../../etc/passwd") },
  { name: "4b a path that leads back to one of ours", status: 404, bytes: get("/files/../version") },
  { name: "4c dots in disguise", status: 404, bytes: get("/files/%2e%2e/version") },
  { name: "4d slashes in disguise", status: 404, bytes: get("/files/..%2f..%5c../version") },
  { name: "5 a request for another server", status: 421, bytes: get("http://evil.example/api/v1") },
  { name: "6 two Host headers", status: 400, bytes: get("/version", host) },
  { name: "6b no Host header", status: 400, bytes: "GET /version HTTP/1.1\r\n\r\n" },
  { name: "7 another host", status: 421, bytes: "GET /version HTTP/1.1\r\nHost: evil.example\r\n\r\n" },
  { name: "7b another port", status: 421, bytes: "GET /version HTTP/1.1\r\nHost: localhost:1\r\n\r\n" },
  { name: "8 a name that leads here", status: 421, bytes: "GET /version HTTP/1.1\r\nHost: 127.0.0.1.nip.io\r\n\r\n" },
  { name: "9 HTTP/2", status: 400, bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
  { name: "10 TLS", status: 400, bytes: Buffer.from("160301020001000001fc0303", "hex") },
  { name: "11 64 KiB of header", status: 431, bytes: get("/version", `X: ${"x".repeat(65_536)}`) },
  { name: "12 2,000 headers", status: 431, bytes: get("/version", ...many(2_000, () => "X: 1")) },
  { name: "12b 101 headers", status: 431, bytes: get("/version", ...many(100, (index) => `X-${index}: 1`)) },
  { name: "a path of 5 KiB", status: 414, bytes: get(`/${"a".repeat(5_120)}`) },
  { name: "a page of another origin", status: 403, bytes: get("/version", "Origin: http://evil.example") },
  { name: "a page of another site", status: 403, bytes: get("/version", "Sec-Fetch-Site: cross-site") },
  {
    name: "a preflight",
    status: 403,
    bytes: `OPTIONS /version HTTP/1.1\r\n${host}\r\nOrigin: http://localhost\r\nAccess-Control-Request-Method: POST\r\n\r\n`,
  },
  {
    name: "a WebSocket",
    status: 400,
    bytes: get("/version", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
  },
  { name: "compression", status: 415, bytes: get("/version", "Content-Encoding: gzip") },
  { name: "two lengths", status: 400, bytes: get("/version", "Content-Length: 0", "Content-Length: 1") },
  { name: "length and chunks", status: 400, bytes: get("/version", "Content-Length: 0", "Transfer-Encoding: chunked") },
];

/** Bodies of calls. */
export const bodies: readonly BadInput[] = [
  { name: "13 nothing", status: 400, bytes: ({ path }) => post(path, "", json) },
  { name: "14 null", status: 400, bytes: ({ path }) => post(path, "null", json) },
  { name: "15 a list", status: 400, bytes: ({ path }) => post(path, "[]", json) },
  { name: "16 a string", status: 400, bytes: ({ path }) => post(path, '"x"', json) },
  { name: "17 half of an object", status: 400, bytes: ({ path }) => post(path, "{", json) },
  { name: "18 no type", status: 400, bytes: ({ path }) => post(path, "{}", json) },
  {
    name: "19 a type of nobody's",
    status: ({ unheardOf }) => unheardOf,
    bytes: ({ path }) => post(path, '{"type":"NOPE"}', json),
  },
  { name: "20 a list of types", status: 400, bytes: ({ path }) => post(path, '{"type":["SUBSCRIBE"]}', json) },
  { name: "21 deep lists", status: 400, bytes: ({ path }) => post(path, "[".repeat(100_000), json) },
  {
    name: "21b deep lists that end",
    status: 400,
    bytes: ({ path }) => post(path, "[".repeat(100_000) + "]".repeat(100_000), json),
  },
  { name: "22 deep objects", status: 400, bytes: ({ path }) => post(path, '{"a":'.repeat(100_000), json) },
  { name: "24 a byte order mark", status: 400, bytes: ({ path, valid }) => post(path, `\ufeff${valid}`, json) },
  {
    name: "25 half a character",
    status: ({ unheardOf }) => unheardOf,
    bytes: ({ path }) => post(path, '{"type":"\\ud800"}', json),
  },
  {
    name: "26 bytes that are not UTF-8",
    status: 400,
    bytes: ({ path }) => post(path, Buffer.from('{"type":"\xff\xfe"}', "latin1"), json),
  },
  { name: "30 a form", status: 415, bytes: ({ path, valid }) => post(path, valid, "Content-Type: text/plain") },
  {
    name: "30b a gzip bomb",
    status: 415,
    bytes: ({ path, valid }) => post(path, valid, json, "Content-Encoding: gzip"),
  },
  { name: "a length that is none", status: 400, bytes: ({ path, valid }) => post(path, valid, "Content-Length: -1") },
];

/** What a body says it is, and what the answer may be. */
export const negotiation: readonly (Omit<BadInput, "status"> & { readonly status: (at: Door) => number })[] = [
  { name: "no content type", status: () => 400, bytes: ({ path, valid }) => post(path, valid) },
  { name: "an empty content type", status: () => 400, bytes: ({ path, valid }) => post(path, valid, "Content-Type:") },
  {
    name: "protobuf that is none",
    status: ({ protobuf }) => (protobuf ? 400 : 415),
    bytes: ({ path }) => post(path, Buffer.from([0xff, 0xff, 0xff]), protobufType),
  },
  { name: "JSON that is none", status: () => 400, bytes: ({ path }) => post(path, "no JSON", json) },
  { name: "JSON that is no call", status: () => 400, bytes: ({ path }) => post(path, '{"a":1}', json) },
  {
    name: "another content type",
    status: () => 415,
    bytes: ({ path, valid }) => post(path, valid, "Content-Type: application/x-www-form-urlencoded"),
  },
  {
    name: "a content type that begins alike",
    status: () => 415,
    bytes: ({ path, valid }) => post(path, valid, "Content-Type: application/json5"),
  },
  {
    name: "an answer in protobuf",
    status: ({ protobuf, answersBody, answered }) => (protobuf || !answersBody ? answered : 406),
    bytes: ({ path, valid }) => post(path, valid, json, "Accept: application/x-protobuf, application/x-protobuf"),
  },
  {
    name: "an answer in neither",
    status: ({ answersBody, answered }) => (answersBody ? 406 : answered),
    bytes: ({ path, valid }) => post(path, valid, json, "Accept: text/html"),
  },
  {
    name: "an answer in anything but JSON",
    status: ({ answersBody, answered }) => (answersBody ? 406 : answered),
    bytes: ({ path, valid }) => post(path, valid, json, "Accept: application/json;q=0"),
  },
];

/** Odd, and yet calls. */
export const oddCalls: readonly Omit<BadInput, "status">[] = [
  {
    name: "27 a prototype",
    bytes: ({ path, valid }) => post(path, `{"__proto__":{"isAdmin":true},${valid.slice(1)}`, json),
  },
  { name: "28 a type twice", bytes: ({ path, valid }) => post(path, `{"type":"NOPE",${valid.slice(1)}`, json) },
  {
    name: "29 trailers",
    bytes: ({ path, valid }) =>
      `POST ${path} HTTP/1.1\r\n${host}\r\n${json}\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n` +
      `${valid.length.toString(16)}\r\n${valid}\r\n0\r\nX: y\r\n\r\n`,
  },
  { name: "a charset", bytes: ({ path, valid }) => post(path, valid, `${json}; charset=utf-8`) },
  { name: "no preference", bytes: ({ path, valid }) => post(path, valid, json, "Accept: */*") },
  {
    name: "JSON twice",
    bytes: ({ path, valid }) => post(path, valid, json, "Accept: application/json, application/json"),
  },
  {
    name: "both forms",
    bytes: ({ path, valid }) => post(path, valid, json, "Accept: application/x-protobuf, application/json"),
  },
];
