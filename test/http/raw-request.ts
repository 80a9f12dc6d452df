import { connect } from "node:net";

/** Sends bytes as they are and answers with everything that comes back before the server hangs up. */
export function rawRequest(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no answer within 5 s; so far: ${answer}`)));
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
  });
}

/** The status a GET with these headers is answered with. */
export async function statusOf(
  port: number,
  headers: readonly string[],
  path = "/version",
  method = "GET",
): Promise<number> {
  const head = [`${method} ${path} HTTP/1.1`, ...headers, "Connection: close", "", ""].join("\r\n");
  return Number((await rawRequest(port, head)).slice(9, 12));
}
