import { expect, test } from "vitest";
import { BatchWriter, batchRowsMax, rowsOf } from "../../../src/master/allocator/offered-batch.ts";
import type { OfferedRow, OfferedRows } from "../../../src/master/allocator/protocol.ts";
import { Bundle, ScalarNames } from "../../../src/master/allocator/scalar-names.ts";
import { FrameworkId } from "../../../src/protocol/ids.ts";
import { quantities } from "../../protocol/quantities.ts";

function written(rows: readonly OfferedRow[]): readonly OfferedRows[] {
  const names = new ScalarNames();
  const batches: OfferedRows[] = [];
  const writer = new BatchWriter(names, (batch) => batches.push(batch));
  for (const { account, resources, ...client } of rows) {
    const leaf = client.frameworkId.length;
    writer.write(account, leaf, client, new Bundle().read(resources, names));
  }
  writer.flush();
  writer.flush();
  return batches;
}

const [x, yy] = ["x", "yy"].map((id) => ({ frameworkId: FrameworkId(id), role: "web" }));
const row = (account: number, text: string, client = x): OfferedRow => ({
  account,
  frameworkId: FrameworkId("x"),
  role: "web",
  ...client,
  resources: quantities(text),
});

test("rows come out as they went in, also when a column begins in the middle", () => {
  const rows = [
    row(1, "cpus:1"),
    row(2, "cpus:2;mem:5;ports:[1-3]", yy),
    row(3, "disk:7;ports:[1-3];cpus(web):1"),
    row(4, "mem:1"),
  ];
  const [batch, ...more] = written(rows);
  expect(more).toEqual([]);
  expect([...rowsOf(batch as OfferedRows)]).toEqual(rows);
});

test("clients and what is no scalar are named once in a batch", () => {
  const [batch] = written([row(1, "ports:[1-3]"), row(2, "ports:[1-3]", yy), row(3, "ports:[1-3]")]);
  expect([batch?.rows, batch?.clients.length, batch?.rests]).toEqual([3, 2, [quantities("ports:[1-3]")]]);
});

test("nothing is no batch, and what is too much for one goes into several, each complete in itself", () => {
  expect(written([])).toEqual([]);
  const rows = Array.from({ length: batchRowsMax + 2 }, (_, account) =>
    row(account, account === 5 ? "gpus:1;ports:[1-2]" : "cpus:1;ports:[1-2]", account % 2 === 0 ? x : yy),
  );
  const batches = written(rows);
  expect(batches.map(({ rows }) => rows)).toEqual([batchRowsMax, 2]);
  expect(batches.flatMap((batch) => [...rowsOf(batch)])).toEqual(rows);
});

test("a batch of many kinds of scalars has fewer rows", () => {
  const kinds = Array.from({ length: 61 }, (_, kind) => `kind${kind}:1`).join(";");
  const rows = Array.from({ length: 600 }, (_, account) => row(account, kinds));
  const batches = written(rows);
  expect(batches.map(({ columns }) => columns.byteLength)).toEqual([512, 88].map((each) => each * 64 * 8));
  expect(batches.flatMap((batch) => [...rowsOf(batch)])).toEqual(rows);
});
