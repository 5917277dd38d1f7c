import { show } from '../errors.js';
import { limits } from './limits.js';
import type { Refuse } from './rebuild.js';
import { TorchTensor } from './tensor.js';
import { PickleDict, PickleName, PickleObject, type PickleValue } from './values.js';

/** Depth below a value, and steps to walk it with everything shared walked each time. */
interface Extent {
  depth: number;
  steps: number;
}

/**
 * Makes sure that a value can be walked by plain recursion: no cycle, no deep nesting, no small file that unfolds to
 * billions of steps because everything in it is shared twice.
 * @throws by `refuse`.
 */
export function requireModest(value: unknown, refuse: Refuse): asserts value is PickleValue {
  const extents = new Map<unknown, Extent | undefined>(); // undefined: being walked
  const path: { node: unknown; children: Iterator<unknown>; extent: Extent }[] = [];
  const enter = (node: unknown): void => {
    const children = childrenOf(node, refuse);
    if (!children) return;
    const known = extents.get(node);
    const parent = path.at(-1)?.extent;
    if (known) {
      absorb(parent, known, refuse);
      return;
    }
    if (extents.has(node)) refuse('the value contains itself, which no state dict does. Save a state dict.');
    if (path.length >= limits.depth) refuse(`expected at most ${limits.depth} levels of nesting. The file is hostile.`);
    extents.set(node, undefined);
    path.push({ node, children, extent: { depth: 1, steps: 1 } });
  };
  enter(value);
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const next = top.children.next();
    if (!next.done) {
      top.extent.steps++;
      enter(next.value);
      continue;
    }
    path.pop();
    extents.set(top.node, top.extent);
    absorb(path.at(-1)?.extent, top.extent, refuse);
  }
}

function absorb(parent: Extent | undefined, child: Extent, refuse: Refuse): void {
  if (!parent) return;
  parent.depth = Math.max(parent.depth, child.depth + 1);
  parent.steps += child.steps;
  if (parent.depth > limits.depth) refuse(`expected at most ${limits.depth} levels of nesting. The file is hostile.`);
  if (parent.steps > limits.steps)
    refuse(`expected at most ${limits.steps} steps to walk the value. The file is hostile.`);
}

/** What is inside; undefined for leaves. */
function childrenOf(node: unknown, refuse: Refuse): Iterator<unknown> | undefined {
  if (Array.isArray(node) || node instanceof Set) return node.values();
  if (node instanceof PickleDict) return dictChildren(node);
  if (node instanceof PickleObject) return [node.attributes, node.items].values();
  if (
    typeof node !== 'object' ||
    node === null ||
    node instanceof Uint8Array ||
    node instanceof TorchTensor ||
    node instanceof PickleName
  )
    return undefined;
  return refuse(`expected plain values, got ${show(node)} (a bare storage?). Save tensors instead.`);
}

function* dictChildren(dict: PickleDict): Generator<unknown> {
  for (const [key, value] of dict) {
    if (typeof key === 'object') yield key;
    yield value;
  }
  if (dict.attributes) yield dict.attributes;
}
