/** What `/state` says of a framework. */

type Task = {
  readonly id: string;
  readonly state: string;
  readonly framework_id: string;
};

export type Framework = {
  readonly id: string;
  readonly active: boolean;
  readonly offers: readonly unknown[];
  readonly tasks: readonly Task[];
  readonly completed_tasks: readonly Task[];
};

type State = { readonly frameworks: readonly Framework[]; readonly completed_frameworks: readonly Framework[] };

/** The framework among those that are registered, and among those that are no more. */
export async function booksOf(
  address: string,
  id: string,
): Promise<{ readonly registered: Framework | undefined; readonly completed: Framework | undefined }> {
  const response = await fetch(`http://${address}/state`);
  if (!response.ok) return { registered: undefined, completed: undefined };
  const { frameworks, completed_frameworks } = (await response.json()) as State;
  const find = (all: readonly Framework[]) => all.find((framework) => framework.id === id);
  return { registered: find(frameworks), completed: find(completed_frameworks) };
}
