import { type AddressInfo, connect } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CertificateAuthority, opensslMissing } from "../../bench/bridge/certificate-authority.ts";
import { encodeFrame } from "../../src/actors/link/frame.ts";
import { linkLimits } from "../../src/actors/link/limits.ts";
import { BridgeListener } from "../../src/runtime/bridge.ts";
import { type BridgeTls, holderOf } from "../../src/runtime/bridge-tls.ts";
import { ask, dial, openHttp, openNode, openServer, rawPeer, secret, until } from "./fixtures/bridge-nodes.ts";
import { echoKinds } from "./fixtures/echo.ts";
import { RawPeer } from "./fixtures/raw-peer.ts";

describe("the holder of a certificate", () => {
  test.each([
    ["URI:mesolite://master", { role: "master" }],
    ["URI:mesolite://slave/slave-7", { role: "slave", node: "slave-7" }],
    ["DNS:localhost, URI:mesolite://framework, IP Address:127.0.0.1", { role: "framework" }],
    ["", "it names no mesolite://ROLE among its alternative names"],
    ["DNS:localhost", "it names no mesolite://ROLE among its alternative names"],
    ["URI:mesolite://king", "it names no mesolite://ROLE among its alternative names"],
    ["URI:mesolite://master/Not A Name", "it names no mesolite://ROLE among its alternative names"],
    ["DNS:mesolite://master", "it names no mesolite://ROLE among its alternative names"],
    // Node quotes a name with a comma in it, which must not read as two.
    ['DNS:"a, URI:mesolite://master"', "it names no mesolite://ROLE among its alternative names"],
    ["URI:mesolite://slave, URI:mesolite://master", "it names more than one mesolite://ROLE"],
  ])("of %s", (subjectAltName, holder) => {
    expect(holderOf({ subjectAltName })).toEqual(holder);
  });
});

let authority: CertificateAuthority;
const parties = new Map<string, BridgeTls>();

function party(name: string): BridgeTls {
  const known = parties.get(name) ?? authority.sign(`URI:mesolite://${name}`);
  parties.set(name, known);
  return known;
}

beforeAll(() => {
  if (!opensslMissing) authority = new CertificateAuthority();
});
afterAll(() => authority?.[Symbol.dispose]());

// Without openssl there is nothing to make certificates with.
const withOpenssl = describe.skipIf(opensslMissing);

withOpenssl("certificates made by openssl open the bridge", () => {
  test.each(["slave", "framework", "slave/client"])("a %s may dial a master, by TLS 1.3", async (name) => {
    const server = await openServer("server", { tls: party("master") });
    const client = openNode("client", { tls: party(name) });
    const place = await dial(client, server.endpoint);
    expect(place).toBe("server~1/main.1");
    expect(await ask(client, place, "x".repeat(100_000))).toMatchObject({ ok: true });
    expect(await ask(server, "client~1/main.1", 1)).toMatchObject({ ok: true });
    expect([...server.lines, ...client.lines]).toEqual([]);
    await server.listener.close();
    await until(() => client.system.links.places.length === 0);
  });

  test("certificates and a secret go together", async () => {
    const server = await openServer("server", { tls: party("master/server"), secret });
    expect(await dial(openNode("client", { tls: party("slave"), secret }), server.endpoint)).toBe("server~1/main.1");
    expect(await dial(openNode("other", { tls: party("slave") }), server.endpoint)).toContain("--secret-file");
  });

  test("an address beyond loopback may be listened on without a secret", async () => {
    const { system } = openNode("server");
    const listener = await BridgeListener.listen(system, {
      kinds: echoKinds,
      host: "0.0.0.0",
      port: 0,
      tls: party("master"),
    });
    await listener.close();
  });
});

withOpenssl("certificates made by openssl keep it closed", () => {
  test.each([
    { name: "slave/another", says: "the peer's certificate is for the node another, and it says it is client" },
    { name: "king", says: "the peer's certificate is no use: it names no mesolite://ROLE" },
  ])("a dialler with the certificate of $name is refused, and a lawful one is served", async ({ name, says }) => {
    const server = await openServer("server", { tls: party("master") });
    expect(await dial(openNode("client", { tls: party(name) }), server.endpoint)).toContain(says);
    expect(server.lines).toEqual([expect.stringContaining(`connection refused: ${says}`)]);
    expect(await dial(openNode("client", { tls: party("slave") }), server.endpoint)).toBe("server~1/main.1");
  });

  test.each(["slave", "framework"])(
    "a listener with the certificate of a %s is refused by who dials it",
    async (name) => {
      const options = { ...party(name), requestCert: true, minVersion: "TLSv1.3" } as const;
      const server = createTlsServer(options, (socket) => new RawPeer(socket, "listener").shakeHands());
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const client = openNode("client", { tls: party("slave") });
      const endpoint = await openHttp(200, JSON.stringify({ host: "127.0.0.1", port }));
      expect(await dial(client, endpoint)).toContain(`a ${name} may dial, and must not be dialled`);
      server.close();
    },
  );

  test("only a master may listen", async () => {
    const { system } = openNode("server");
    const listening = BridgeListener.listen(system, { kinds: echoKinds, port: 0, tls: party("slave") });
    await expect(listening).rejects.toMatchObject({ code: "certificate", message: /and it is for a slave/ });
  });

  test("a certificate of another CA is refused at either end", async () => {
    using other = new CertificateAuthority();
    const server = await openServer("server", { tls: party("master") });
    const foreign = other.sign("URI:mesolite://slave");
    expect(await dial(openNode("client", { tls: foreign }), server.endpoint)).toContain("connection lost");
    const trusting = openNode("trusting", { tls: { ...foreign, ca: authority.ca } });
    expect(await dial(trusting, server.endpoint)).toContain("is not of this cluster's CA");
    await until(() => server.lines.some((line) => line.includes("is not of this cluster's CA")));
    expect(server.system.links.places).toEqual([]);
  });

  test("a peer without a certificate, or with an older TLS, is refused", async () => {
    const tls = party("master");
    const server = await openServer("server", { tls });
    const bare = connectTls({ port: server.listener.port, ca: tls.ca, checkServerIdentity: () => undefined });
    const closed = new Promise((resolve) => bare.once("close", resolve));
    bare
      .on("error", () => {})
      .resume()
      .write(encodeFrame("hello", new Uint8Array(4)));
    await closed;
    const old = connectTls({
      ...tls,
      port: server.listener.port,
      maxVersion: "TLSv1.2",
      checkServerIdentity: () => undefined,
    });
    const reason = await new Promise<NodeJS.ErrnoException>((resolve) => old.once("error", resolve));
    expect(reason.code).toMatch(/PROTOCOL_VERSION/);
    await until(() => server.lines.some((line) => line.includes("no TLS handshake")));
    expect(server.system.links.places).toEqual([]);
  });
});

withOpenssl("TLS with certificates made by openssl", () => {
  test("one end with TLS and one without both learn it", async () => {
    const withTls = await openServer("server", { tls: party("master") });
    const mend = "give both --tls-cert, --tls-key and --tls-ca, or neither";
    expect(await dial(openNode("client"), withTls.endpoint)).toContain("closed the connection without a word");
    expect(withTls.lines).toEqual([expect.stringContaining(mend)]);
    const plain = await openServer("plain");
    expect(await dial(openNode("client", { tls: party("slave") }), plain.endpoint)).toContain(mend);
    expect(plain.lines).toEqual([expect.stringContaining(mend)]);
  });

  test("a stranger who does not even begin with TLS is not waited for, and counts as one", async () => {
    const limits = { ...linkLimits, handshakeTimeoutMs: 50, unauthenticatedMax: 2 };
    const server = await openServer("server", { tls: party("master"), limits });
    const silent = [1, 2].map(() => rawPeer(server.listener.port));
    await until(() => silent.every(({ socket }) => !socket.connecting));
    const third = connect({ port: server.listener.port }).on("error", () => {});
    await new Promise((resolve) => third.once("close", resolve));
    await until(() => silent.every(({ closed }) => closed));
    expect(server.lines.filter((line) => line.includes("no TLS handshake"))).toHaveLength(2);
    expect(await dial(openNode("client", { tls: party("slave") }), server.endpoint)).toBe("server~1/main.1");
  });

  test("what is no certificate is refused before anything is opened", () => {
    const tls = { ...party("slave"), key: party("master").key };
    expect(() => openNode("client", { tls })).toThrow(/check --tls-cert, --tls-key and --tls-ca/);
  });
});
