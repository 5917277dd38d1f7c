import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { UsageError } from '../cli/errors.js';
import { nearest } from './nearest.js';
import { isPresetName, presetConfig } from './preset.js';
import { type GssConfig, gssConfig, tokenizerSchemas } from './schema.js';

/** The keys that the schema allows at a path of a value, for suggestions. */
function keysAt(path: readonly PropertyKey[], value: unknown): string[] {
  let node: unknown = gssConfig;
  let at = value;
  for (const key of path) {
    node = (node as z.ZodObject).shape?.[String(key)];
    at = (at as Record<PropertyKey, unknown> | undefined)?.[key];
    if (node instanceof z.ZodOptional || node instanceof z.ZodDefault) node = node.unwrap();
    if (node instanceof z.ZodUnion && !(node instanceof z.ZodDiscriminatedUnion))
      node = node.options.find((option) => option instanceof z.ZodObject);
    if (node === gssConfig.shape.tokenizer) node = tokenizerSchemas[familyOf(at)];
  }
  return node instanceof z.ZodObject ? Object.keys(node.shape) : [];
}

const families = Object.keys(tokenizerSchemas) as (keyof typeof tokenizerSchemas)[];
const familyOf = (tokenizer: unknown) =>
  families.find((name) => name === (tokenizer as { family?: unknown } | undefined)?.family) ?? 'compact';

const suggest = (word: string, words: readonly string[], prefix = '') => {
  const guess = nearest(word, words);
  return guess ? ` — did you mean ${prefix}${guess}?` : '';
};

/** What the members of a union would have taken at its own place: types, words, or what they say themselves. */
function expectedBy(errors: readonly (readonly z.core.$ZodIssue[])[]): string {
  const own = errors.flat().filter(({ path }) => path.length === 0);
  const words = own.flatMap((issue) => {
    if (issue.code === 'invalid_type') return [issue.expected === 'tuple' ? 'array' : issue.expected];
    return issue.code === 'invalid_value' ? issue.values.map(String) : [issue.message];
  });
  return [...new Set(words)].join(', ');
}

const valueAt = (path: readonly PropertyKey[], value: unknown): unknown =>
  path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);

function explain(issue: z.core.$ZodIssue, value: unknown): string {
  const where = issue.path.join('.') || '(top level)';
  if (issue.code === 'unrecognized_keys') {
    const prefix = issue.path.map((key) => `${String(key)}.`).join('');
    const keys = keysAt(issue.path, value);
    return issue.keys.map((key) => `unknown key ${prefix}${key}${suggest(key, keys, prefix)}`).join('\n  ');
  }
  if (issue.code === 'invalid_union' && where === 'tokenizer.family') {
    const got = String((value as { tokenizer: { family: unknown } }).tokenizer.family);
    return `${where}: expected one of ${families.join(', ')}, got ${got}${suggest(got, families)}`;
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const expected = expectedBy(issue.errors);
    const got = JSON.stringify(valueAt(issue.path, value));
    if (expected) return `${where}: expected one of ${expected}, got ${got}`;
  }
  return `${where}: ${issue.message}`;
}

/** Configs from before there were families, and those that leave it out, mean the compact tokenizer. */
function withFamily(value: unknown): unknown {
  const { tokenizer } = (value ?? {}) as { tokenizer?: unknown };
  if (typeof tokenizer !== 'object' || tokenizer === null || 'family' in tokenizer) return value;
  return { ...(value as object), tokenizer: { family: 'compact', ...tokenizer } };
}

/** Checks a config; `source` names it in the error, which lists every problem at once. */
export function parseConfig(value: unknown, source: string): GssConfig {
  const full = withFamily(value);
  const result = gssConfig.safeParse(full);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => explain(issue, full));
  throw new UsageError(`${source}: the config is not valid.\n  ${problems.join('\n  ')}`);
}

/** Applies `a.b=value` overrides; values are JSON, or plain text where that is no JSON. Throws on a path into a non-object. */
export function applyOverrides(config: unknown, overrides: readonly string[]): unknown {
  const copy = structuredClone(config) as Record<string, unknown>;
  for (const override of overrides) {
    const [, path, text] = /^([\w$.]+)=([\s\S]*)$/.exec(override) ?? [];
    if (!path || text === undefined)
      throw new UsageError(`--set ${override}: expected KEY.KEY=VALUE, e.g. --set prior.steps=200.`);
    const keys = path.split('.');
    const last = keys.pop()!;
    let node = copy;
    for (const key of keys) {
      node[key] ??= {};
      if (typeof node[key] !== 'object' || node[key] === null)
        throw new UsageError(`--set ${override}: ${key} is no object.`);
      node = node[key] as Record<string, unknown>;
    }
    try {
      node[last] = JSON.parse(text);
    } catch {
      node[last] = text;
    }
  }
  return copy;
}

/** Reads a config file (JSON), or takes the training of a preset by its name, with overrides. */
export function loadConfig(path: string, overrides: readonly string[] = []): GssConfig {
  if (!existsSync(path) && isPresetName(path)) return parseConfig(applyOverrides(presetConfig(path), overrides), path);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(
      `${path}: the config cannot be read (${(error as Error).message}). Name one of configs/*.json, your own, or a preset of gss model list.`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${path}: not JSON (${(error as Error).message}).`);
  }
  return parseConfig(applyOverrides(value, overrides), path);
}
