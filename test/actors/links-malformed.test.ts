import { expect, test } from "vitest";
import type { BodyFault } from "../../src/actors/protocol.ts";
import { Puppet, puppetTable, type Site, Stage } from "./kit.ts";
import { across } from "./two-sites.ts";

const fault: BodyFault = (_, { text }) => (text === "bad" ? "text: is bad" : undefined);

/** An actor that other hosts may reach, and that tells what is wrong with their messages. */
function careful(site: Site, name: string): Puppet {
  const puppet = new Puppet(name);
  const protocol = { ...puppetTable, fault };
  site.system.spawn({ ...puppet.spec, protocol }, undefined, { name, exported: true });
  site.turns();
  return puppet;
}

function scene(crossesHosts: boolean) {
  const stage = new Stage();
  const [here, there, elsewhere] = [stage.site("here"), stage.site("there"), stage.site("elsewhere")];
  const far = careful(there, "far");
  const wire = stage.join(here, there, crossesHosts);
  stage.join(elsewhere, there, crossesHosts);
  return { stage, here, there, elsewhere, far, wire, near: here.start("near"), other: elsewhere.start("other") };
}

test("a body of a wrong shape from another host closes its link with the reason, and reaches nobody", () => {
  const { stage, here, there, elsewhere, far, wire, near, other } = scene(true);
  const toFar = across(near, far);
  here.do(near, () => {
    for (const text of ["first", "bad", "behind it"]) toFar.tell("say", { text });
    near.watch(toFar);
  });
  stage.settle();
  expect(far.heard).toEqual(["first"]);
  expect(wire.closed).toContain("malformed say: text: is bad");
  expect(there.logged).toContainEqual("warn links here~1/main.1 sent a malformed say: link closed");
  expect(there.deadLetters).toEqual(["say malformed"]);
  expect(near.heard).toEqual(["down: noconnection"]);

  elsewhere.do(other, () => across(other, far).tell("say", { text: "well?" }));
  stage.settle();
  expect(far.heard).toEqual(["first", "well?"]);
  expect(far.lives).toBe(1);
});

test("so does a question, whose asker learns that nobody can tell what became of it", () => {
  const { stage, here, there, far, near } = scene(true);
  here.do(near, () => near.question(across(near, far), "bad"));
  stage.settle();
  expect(far.heard).toEqual([]);
  expect(near.heard).toEqual(["re: down unknown"]);
  expect(there.deadLetters).toEqual(["ask malformed"]);
});

test("threads of one process, and actors of one thread, are not asked about what they say", () => {
  const { stage, here, there, far, near } = scene(false);
  here.do(near, () => across(near, far).tell("say", { text: "bad" }));
  there.do(far, () => far.ref.tell("say", { text: "bad" }));
  stage.settle();
  expect(far.heard.sort()).toEqual(["bad", "bad"]);
  expect(there.deadLetters).toEqual([]);
});
