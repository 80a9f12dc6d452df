import { given, type Shapes } from "../../kit.ts";
import { type Shape, Trial } from "../trial.ts";

/** One allocator from its first message on: its first cycle is the first of a fresh process. */

const trial = new Trial(given<Shape>());

export const shapes: Shapes = {
  addSlaves: () => trial.addSlaves(),
  addFrameworks: () => trial.addFrameworks(),
  firstCycle: () => trial.firstCycle(),
  handBack: () => trial.handBack(),
  floor: () => trial.floor(),
  fullCycle: () => trial.fullCycle(),
  encode: () => trial.encode(),
  decode: () => trial.decode(),
  idleBatches: (n) => trial.idleBatches(n),
  idleLook: () => trial.idleLook(),
  someHandedBack: (n) => trial.someHandedBack(n),
  declineAll: () => trial.declineAll(),
};
