import { expect, test } from "vitest";
import { shownFlags } from "../../src/cli/shown-flags.ts";

test("flags are texts under Mesos's names, and only those that anybody may see", () => {
  const options = {
    host: "127.0.0.1",
    port: 5050,
    insecure: true,
    data: "/var/lib/x",
    advertise: undefined,
    secretFile: "/etc/secret",
    credentials: "/etc/credentials",
    tlsKey: "/etc/key.pem",
    acls: '{"permissive":false}',
    mayBeASecret: "hush",
  };
  expect(shownFlags(options)).toEqual({ ip: "127.0.0.1", port: "5050", insecure: "true", work_dir: "/var/lib/x" });
});
