import { createActor, fromTransition } from "xstate";

/** xstate: `send` runs the receiver on the sender's stack; a queue only for what is sent meanwhile. */

export const shapes = {
  tell(n) {
    let seen = 0;
    const logic = fromTransition((state, event) => {
      if (event.type === "message") seen++;
      return state;
    }, 0);
    const counter = createActor(logic).start();
    for (let index = 0; index < n; index++) counter.send({ type: "message" });
    counter.stop();
    return seen;
  },
};
