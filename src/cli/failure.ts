/** Exit codes of the command line. `run` answers with the code of its task. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  notPlaced: 3,
  notFound: 4,
  noMaster: 5,
  denied: 6,
  interrupted: 130,
  software: 70,
  environment: 78,
} as const;

/** What ends a command: one line for people and a code for scripts. Never shown with a stack. */
export class CliFailure extends Error {
  override readonly name = "CliFailure";
  readonly exitCode: number;

  constructor(message: string, options: { readonly exit: keyof typeof exitCodes; readonly cause?: unknown }) {
    super(message, options);
    this.exitCode = exitCodes[options.exit];
  }
}
