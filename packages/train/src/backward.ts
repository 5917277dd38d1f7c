import * as tf from '@tensorflow/tfjs-core';

/** One recorded operation, as tfjs' engine keeps it. */
type TapeNode = ReturnType<typeof tf.engine>['state']['activeTape'][number];

/** A value and its gradients by variables' names; the caller owns them. */
export interface ValueAndGradients {
  readonly value: tf.Scalar;
  /** Only of variables that the value depends on. */
  readonly gradients: ReadonlyMap<string, tf.Tensor>;
}

const release = (node: TapeNode): void => {
  tf.dispose(node.saved ?? []);
  node.saved = [];
};

/** Runs `f` and gives what it computes with the operations it took, as tfjs' own `gradients` does. */
function record(f: () => tf.Scalar): { value: tf.Scalar; tape: TapeNode[] } {
  const { state } = tf.engine();
  if (state.gradientDepth !== 0)
    throw new Error('variableGradients: called within another gradient; gradients of gradients are left to tf.grads.');
  const tape: TapeNode[] = [];
  state.activeTape = tape;
  state.gradientDepth = 1;
  try {
    return { value: tf.tidy(f), tape };
  } catch (error) {
    for (const node of tape) release(node);
    throw error;
  } finally {
    state.gradientDepth = 0;
    state.activeTape = null as unknown as TapeNode[]; // what tfjs leaves there as well
  }
}

/** Operations between the sources and the target; what the others kept for a backward pass is freed. */
function between(tape: readonly TapeNode[], sources: Iterable<tf.Tensor>, target: tf.Tensor): TapeNode[] {
  const reached = new Set(Array.from(sources, ({ id }) => id));
  const forwards = tape.filter((node) => {
    const found = Object.values(node.inputs).some(({ id }) => reached.has(id));
    if (found) for (const { id } of node.outputs) reached.add(id);
    return found;
  });
  const leading = new Set([target.id]);
  const path = new Set(
    forwards.toReversed().filter((node) => {
      const found = node.outputs.some(({ id }) => leading.has(id));
      if (found) for (const { id } of Object.values(node.inputs)) if (reached.has(id)) leading.add(id);
      return found;
    }),
  );
  for (const node of tape) if (!path.has(node)) release(node);
  return forwards.filter((node) => path.has(node));
}

/** The gradients that one operation passes on, by its inputs' names; each a tensor of its own. */
function inputGradients(node: TapeNode, wanted: readonly string[], dys: tf.Tensor[]): Record<string, tf.Tensor> {
  if (!node.gradient) throw new Error(`variableGradients: ${node.kernelName} has no gradient. Import its gradient.`);
  return tf.tidy(() => {
    const scope = tf.engine().state.activeScope.id;
    const given = node.gradient!(dys);
    const taken = new Set<tf.Tensor>();
    return Object.fromEntries(
      wanted.map((name) => {
        const compute = given[name];
        if (!compute) throw new Error(`variableGradients: ${node.kernelName} has no gradient for its input ${name}.`);
        const made = tf.tidy(compute);
        // An operation may pass dy on, or what it saved or closed over, or one tensor twice: those are not ours to free.
        const own = made.scopeId !== scope || taken.has(made) ? tf.clone(made) : made;
        taken.add(own);
        const { shape } = node.inputs[name]!;
        if (own.dtype !== 'float32' || own.shape.join() !== shape.join())
          throw new Error(
            `variableGradients: ${node.kernelName}'s gradient for ${name} is ${own.dtype} [${own.shape}], not float32 [${shape}].`,
          );
        return [name, own];
      }),
    );
  });
}

/**
 * The value of `f` and its gradients, the same numbers as `tf.variableGrads`. That function keeps the gradient of every intermediate result,
 * and every result that an operation saved for it, until the whole backward pass is over; here each is freed when it was used, which about
 * halves the memory of a training step at its height.
 *
 * @throws Error where `f` does not depend on any of the variables, an operation has no gradient, or a gradient is being computed already
 */
export function variableGradients(f: () => tf.Scalar, variables: readonly tf.Variable[]): ValueAndGradients {
  const { value, tape } = record(f);
  const path = between(tape, variables, value);
  const gradients = new Map<number, tf.Tensor>();
  const sources = new Set(variables.map(({ id }) => id));
  // The inputs whose gradient anybody needs: variables, and what a former operation of the path made.
  const made = new Set([...sources, ...path.flatMap(({ outputs }) => outputs.map(({ id }) => id))]);
  try {
    if (path.length === 0)
      throw new Error(
        'variableGradients: the value does not depend on any of the variables. Compute it from them in f.',
      );
    gradients.set(value.id, tf.onesLike(value));
    for (const node of path.toReversed()) {
      const dys = node.outputs.map(({ id }) => gradients.get(id));
      const wanted = Object.keys(node.inputs).filter((name) => made.has(node.inputs[name]!.id));
      const passed = inputGradients(node, wanted, dys as tf.Tensor[]); // where an output leads nowhere, the node puts zeros
      for (const { id } of node.outputs) gradients.delete(id);
      tf.dispose(dys.filter((dy) => dy !== undefined));
      release(node);
      for (const name of wanted) {
        const { id } = node.inputs[name]!;
        const [sofar, next] = [gradients.get(id), passed[name]!];
        gradients.set(id, sofar ? tf.add(sofar, next) : next);
        if (sofar) tf.dispose([sofar, next]);
      }
    }
  } catch (error) {
    for (const node of path) release(node);
    tf.dispose([value, ...gradients.values()]);
    throw error;
  }
  const own = variables.filter(({ id }) => gradients.has(id));
  return { value, gradients: new Map(own.map((variable) => [variable.name, gradients.get(variable.id)!])) };
}
