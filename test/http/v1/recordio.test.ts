import fc from "fast-check";
import { expect, test } from "vitest";
import { RecordReader, record, recordBytesMax } from "../../../src/http/v1/recordio.ts";

/** Sizes of chunks, over and over. */
const anyCuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5000 })), {
  minLength: 1,
  maxLength: 8,
});
const hex = (body: Uint8Array) => Buffer.from(body).toString("hex");
const text = (records: readonly Uint8Array[]) => records.map((body) => Buffer.from(body).toString());

test("a record is the bytes of its length, a line feed and its body, in one piece", () => {
  expect(record(Buffer.from("añb")).toString()).toBe("4\nañb");
  expect(record(new Uint8Array()).toString()).toBe("0\n");
});

test("records come out as they went in, however the stream is cut", () => {
  const anyBodies = fc.array(
    fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.uint8Array({ minLength: 4000, maxLength: 9000 })),
    {
      maxLength: 5,
    },
  );
  fc.assert(
    fc.property(anyBodies, anyCuts, (bodies, cuts) => {
      const stream = Buffer.concat(bodies.map(record));
      const reader = new RecordReader();
      const read: Uint8Array[] = [];
      let turn = 0;
      for (let at = 0; at < stream.length; ) {
        const size = cuts[turn++ % cuts.length] ?? 1;
        read.push(...reader.push(stream.subarray(at, at + size)));
        at += size;
      }
      expect(reader.fault).toBeUndefined();
      expect(read.map(hex)).toStrictEqual(bodies.map(hex));
    }),
    { numRuns: 60 },
  );
});

test.each([
  ["+4\nabcd", "the length of a record is not a decimal number"],
  [" 4\nabcd", "the length of a record is not a decimal number"],
  ["4 \nabcd", "the length of a record is not a decimal number"],
  ["4\r\nabcd", "the length of a record is not a decimal number"],
  ["0x4\nabcd", "the length of a record is not a decimal number"],
  ["-1\n", "the length of a record is not a decimal number"],
  ["\nabcd", "the length of a record is not a decimal number"],
  ["04\nabcd", "the length of a record begins with a zero"],
  ["00\n", "the length of a record begins with a zero"],
  ["12345678901", "the length of a record has over 10 digits"],
  [`${recordBytesMax + 1}\n`, `a record of ${recordBytesMax + 1} bytes, over ${recordBytesMax}`],
])("%j breaks the stream for good, after what came before it", (broken, fault) => {
  const whole = new RecordReader();
  expect(text(whole.push(Buffer.from(`3\nabc${broken}`)))).toStrictEqual(["abc"]);
  expect(whole.fault).toBe(fault);
  expect(whole.push(Buffer.from("3\nabc"))).toStrictEqual([]);
  const piecewise = new RecordReader();
  for (const byte of Buffer.from(broken)) piecewise.push(Uint8Array.of(byte));
  expect(piecewise.fault).toBe(fault);
});

test("a record of the largest size passes, one byte more is a bug of whoever sends it", () => {
  const reader = new RecordReader();
  const largest = record(new Uint8Array(recordBytesMax));
  expect(reader.push(largest.subarray(0, 100))).toStrictEqual([]);
  expect(reader.push(largest.subarray(100)).map((body) => body.length)).toStrictEqual([recordBytesMax]);
  expect(() => record(new Uint8Array(recordBytesMax + 1))).toThrow("over 8388608");
});

test("what is announced is not held before it arrives", () => {
  const reader = new RecordReader();
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 100 }, () => {
    const waiting = new RecordReader();
    waiting.push(Buffer.from(`${recordBytesMax}\nab`));
    return waiting;
  });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(recordBytesMax);
  expect([reader, ...readers].every(({ fault }) => fault === undefined)).toBe(true);
});
