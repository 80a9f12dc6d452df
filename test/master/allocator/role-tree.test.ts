import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Prng } from "../../../src/base/prng.ts";
import { drf } from "../../../src/master/allocator/policies/drf.ts";
import { RoleTree } from "../../../src/master/allocator/role-tree.ts";
import { ScalarNames } from "../../../src/master/allocator/scalar-names.ts";
import { FrameworkId } from "../../../src/protocol/ids.ts";

const whole = 1_000;

function planted() {
  const names = new ScalarNames();
  names.add("cpus");
  const totals = new Float64Array(64);
  totals[0] = whole;
  const tree = new RoleTree(drf, names, totals, new Prng("tree"));
  tree.totalsChanged();
  return tree;
}

function amounts(cpus: number): Float64Array {
  const some = new Float64Array(64);
  some[0] = cpus;
  return some;
}

function join(tree: RoleTree, role: string, framework: string): number {
  const leaf = tree.addClient({ frameworkId: FrameworkId(framework), role });
  tree.setWanting(leaf, true);
  return leaf;
}

/** Everybody who wants offers, in order. */
function order(tree: RoleTree, from?: number): readonly string[] {
  tree.settle();
  const walk = tree.walk(from);
  const found: string[] = [];
  for (let place = 0, leaf = walk.leaf(0); leaf >= 0; leaf = walk.leaf(++place)) {
    const { frameworkId, role } = tree.client(leaf);
    found.push(`${role} ${frameworkId}`);
  }
  return found;
}

describe("frameworks of a role with roles below it", () => {
  test("compete with those as one", () => {
    const tree = planted();
    const x = join(tree, "a", "x");
    tree.gain(x, amounts(100));
    join(tree, "a/b", "y");
    join(tree, "a", "z");
    // `a/.` has 100, so `a/b` comes first, although z has nothing.
    expect(order(tree)).toEqual(["a/b y", "a z", "a x"]);
  });

  test("bring along what they were allocated, and only that", () => {
    const tree = planted();
    const first = join(tree, "a", "x");
    tree.gain(first, amounts(1));
    tree.lose(first, amounts(1));
    join(tree, "a/b", "y");
    expect(order(tree), "a/. had one allocation, a/b none").toEqual(["a/b y", "a x"]);
    const other = planted();
    for (const below of [join(other, "a/b", "y"), join(other, "a/c", "z")]) {
      other.gain(below, amounts(1));
      other.lose(below, amounts(1));
    }
    join(other, "a", "x");
    expect(order(other), "a/. had none, the others one each").toEqual(["a x", "a/b y", "a/c z"]);
  });

  test("keep their allocations when there is no room left for another node", () => {
    // One of these makes a new node where the columns are full.
    for (let others = 0; others < 20; others++) {
      const tree = planted();
      for (let each = 0; each < others; each++) tree.addClient({ frameworkId: FrameworkId(`f${each}`), role: "other" });
      const x = join(tree, "a", "x");
      tree.gain(x, amounts(1));
      tree.lose(x, amounts(1));
      join(tree, "a/b", "y");
      expect(order(tree)).toEqual(["a/b y", "a x"]);
    }
  });

  test("have no node of their own once they are gone, nor has a role that nobody is in", () => {
    const tree = planted();
    const x = join(tree, "a", "x");
    const y = join(tree, "a/b/c", "y");
    tree.removeClient(x);
    expect([tree.role("a/."), tree.role("a") >= 0, tree.role("a/b/c") >= 0]).toEqual([-1, true, true]);
    tree.removeClient(y);
    expect(["a", "a/b", "a/b/c"].map((role) => tree.role(role))).toEqual([-1, -1, -1]);
    expect([order(tree), tree.first()]).toEqual([[], -1]);
  });
});

test("a share counts as much less as the weight of the role is greater", () => {
  const tree = planted();
  tree.gain(join(tree, "a", "x"), amounts(300));
  tree.gain(join(tree, "b", "y"), amounts(200));
  expect(order(tree)).toEqual(["b y", "a x"]);
  tree.setWeights({ a: 2 });
  expect(order(tree)).toEqual(["a x", "b y"]);
});

test("a conversion is no allocation", () => {
  const tree = planted();
  const [x, y] = [join(tree, "a", "x"), join(tree, "b", "y")];
  for (const leaf of [x, y]) {
    tree.gain(leaf, amounts(10));
    tree.lose(leaf, amounts(10));
  }
  tree.gain(x, amounts(10), 0);
  tree.lose(x, amounts(10));
  expect(order(tree)).toEqual(["a x", "b y"]);
});

const roles = ["*", "a", "a/b", "a/b/c", "a/d", "e"] as const;
const change = fc.record({
  role: fc.constantFrom(...roles),
  framework: fc.constantFrom("x", "y", "z"),
  what: fc.constantFrom("toggle", "wants", "gain", "lose", "settle"),
  cpus: fc.constantFrom(1, 5, 20),
});

/** The order worked out anew: at each level by share, allocations, path. */
type Model = { readonly role: string; readonly framework: string; wants: boolean; held: number };

function levels({ role, framework }: Model): readonly string[] {
  const names = role.split("/");
  return [...names.map((_, index) => names.slice(0, index + 1).join("/")), `${role}/.`, `${role}/./${framework}`];
}

function sorted(all: readonly Model[], counts: ReadonlyMap<string, number>): readonly string[] {
  const share = (path: string) =>
    all.reduce((sum, each) => sum + (levels(each).includes(path) ? each.held : 0), 0) / whole;
  const before = (a: Model, b: Model): number => {
    const [ours, theirs] = [levels(a), levels(b)];
    const at = ours.findIndex((path, index) => path !== theirs[index]);
    const [one, other] = [ours[at] as string, theirs[at] as string];
    const byCount = (counts.get(one) ?? 0) - (counts.get(other) ?? 0);
    return share(one) - share(other) || byCount || (one < other ? -1 : 1);
  };
  return all
    .filter(({ wants }) => wants)
    .sort(before)
    .map(({ role, framework }) => `${role} ${framework}`);
}

test("any changes leave the order that sorting gives", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 80, size: "max" }), (script) => {
      const tree = planted();
      const there = new Map<string, Model & { readonly leaf: number }>();
      const counts = new Map<string, number>();
      for (const { role, framework, what, cpus } of script) {
        const key = `${role} ${framework}`;
        const known = there.get(key);
        if (what === "settle") tree.settle();
        else if (known === undefined) {
          const leaf = tree.addClient({ frameworkId: FrameworkId(framework), role });
          there.set(key, { role, framework, wants: false, held: 0, leaf });
        } else if (what === "wants") {
          known.wants = !known.wants;
          tree.setWanting(known.leaf, known.wants);
        } else if (what === "gain") {
          known.held += cpus;
          tree.gain(known.leaf, amounts(cpus));
          for (const path of levels(known)) counts.set(path, (counts.get(path) ?? 0) + 1);
        } else if (what === "lose" && known.held >= cpus) {
          known.held -= cpus;
          tree.lose(known.leaf, amounts(cpus));
        } else if (what === "toggle" && known.held === 0) {
          tree.removeClient(known.leaf);
          there.delete(key);
          const left = new Set([...there.values()].flatMap(levels));
          for (const path of [...counts.keys()]) if (!left.has(path)) counts.delete(path);
        }
      }
      const expected = sorted([...there.values()], counts);
      expect(order(tree)).toEqual(expected);
      const first = tree.first();
      expect(first < 0 ? undefined : `${tree.client(first).role} ${tree.client(first).frameworkId}`).toBe(expected[0]);
      expect(order(tree, tree.role("a") < 0 ? undefined : tree.role("a"))).toEqual(
        tree.role("a") < 0 ? expected : expected.filter((who) => /^a[ /]/.test(who)),
      );
    }),
    { numRuns: 300 },
  );
});
