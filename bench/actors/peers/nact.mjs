import { dispatch, query, spawn, start } from "nact";

/** nact: one `setImmediate` per message, unbounded mailboxes. */

const { questions } = JSON.parse(process.argv[3]);
const system = start();
let seen = 0;
let finish;

const counter = spawn(system, () => {
  if (++seen === finish?.n) finish.done(seen);
});
const responder = spawn(system, (_, { n, reply }) => dispatch(reply, n + 1));

export const shapes = {
  tell: (n) =>
    new Promise((done) => {
      seen = 0;
      finish = { n, done };
      for (let index = 0; index < n; index++) dispatch(counter, { n: index });
    }),
  pingPong: (n) =>
    new Promise((done) => {
      const two = spawn(system, (_, { left, from }) => dispatch(from, { left }));
      const one = spawn(system, (_, { left }) => {
        if (left === 0) done(n);
        else dispatch(two, { left: left - 1, from: one });
      });
      dispatch(one, { left: n });
    }),
  async ask(n) {
    let answered = 0;
    const lane = async (questions) => {
      for (let index = 0; index < questions; index++) {
        await query(responder, (reply) => ({ n: index, reply }), 5_000);
        answered++;
      }
    };
    const part = Math.floor(n / questions);
    await Promise.all(Array.from({ length: questions }, (_, index) => lane(part + (index < n % questions ? 1 : 0))));
    return answered;
  },
};
