import { Effect, Fiber, Queue } from "effect";

/** effect: fibers and a bounded queue. */

const { window } = JSON.parse(process.argv[3]);

export const shapes = {
  tell: (n) =>
    Effect.runPromise(
      Effect.gen(function* () {
        const queue = yield* Queue.bounded(window);
        let seen = 0;
        const consumer = yield* Effect.forkChild(
          Effect.gen(function* () {
            while (seen < n) {
              yield* Queue.take(queue);
              seen++;
            }
          }),
        );
        for (let index = 0; index < n; index++) yield* Queue.offer(queue, { n: index });
        yield* Fiber.join(consumer);
        return seen;
      }),
    ),
};
