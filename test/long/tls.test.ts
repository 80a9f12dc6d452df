/** A cluster of several processes that know one another by certificates alone. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CertificateAuthority, opensslMissing } from "../../bench/bridge/certificate-authority.ts";
import { Mesolite, mesolite, temporary } from "../e2e/kit.ts";

let authority: CertificateAuthority;
beforeAll(() => {
  if (!opensslMissing) authority = new CertificateAuthority();
});
afterAll(() => authority?.[Symbol.dispose]());

/** The flags of a party with a fresh certificate. */
function flags(home: string, holder: string): readonly string[] {
  const directory = join(home, holder.replace("/", "-"));
  mkdirSync(directory);
  const pems = Object.entries(authority.sign(`URI:mesolite://${holder}`));
  return pems.flatMap(([name, pem]) => {
    const file = join(directory, `${name}.pem`);
    writeFileSync(file, pem);
    return [`--tls-${name}`, file];
  });
}

// Without openssl there is nothing to make certificates with.
describe.skipIf(opensslMissing)("with certificates made by openssl", () => {
  test("master, slave and framework find one another, and whoever has none stays outside", async () => {
    using home = temporary();
    const { path } = home;
    const options = ["--timeouts", "test", "--port", "0"];
    await using master = new Mesolite(
      ["master", ...options, "--data", join(path, "data"), ...flags(path, "master/master")],
      path,
    );
    const [, address = ""] = await master.printed(/ready: http:\/\/(\S+)/);
    const slaveOptions = ["--master", address, ...options, "--resources", "cpus:1;mem:512"];
    await using slave = new Mesolite(
      ["slave", ...slaveOptions, "--work-dir", join(path, "work"), ...flags(path, "slave/slave-7")],
      path,
    );
    await slave.printed(/registered as/);
    const run = await mesolite(["run", "--master", address, ...flags(path, "framework"), "--", "echo", "hello"], path);
    expect(run).toMatchObject({ code: 0, stdout: "hello\n" });

    await using stranger = new Mesolite(["slave", ...slaveOptions, "--work-dir", join(path, "stranger")], path);
    await master.printed(/give both --tls-cert, --tls-key and --tls-ca, or neither/);
    expect(stranger.stdout + stranger.stderr).not.toMatch(/registered as/);
  });

  test("a master without a master's certificate does not start", async () => {
    using home = temporary();
    const args = ["master", "--port", "0", "--data", join(home.path, "data"), ...flags(home.path, "slave")];
    const { code, stderr } = await mesolite(args, home.path);
    expect(code).not.toBe(0);
    expect(stderr).toContain("the certificate of a listener must name mesolite://master, and it is for a slave");
  });
});

test("half of what TLS needs is refused with what is missing", async () => {
  using home = temporary();
  const { code, stderr } = await mesolite(["master", "--port", "0", "--tls-cert", "cert.pem"], home.path);
  expect([code, stderr]).toEqual([2, "mesolite: TLS needs all of --tls-cert, --tls-key and --tls-ca\n"]);
});
