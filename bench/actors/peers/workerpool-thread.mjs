import workerpool from "workerpool";

/** The other thread of workerpool. */

workerpool.worker({ message: ({ n }) => n, question: ({ n }) => n + 1 });
