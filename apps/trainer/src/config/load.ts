import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { UsageError } from '../cli/errors.js';
import { nearest } from './nearest.js';
import { type GssConfig, gssConfig } from './schema.js';

/** The keys that a schema allows at a path of an object, for suggestions. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let node: z.ZodType = gssConfig;
  for (const key of path) {
    const shape = (node as z.ZodObject).shape as Record<string, z.ZodType> | undefined;
    if (!shape) return [];
    node = shape[String(key)] ?? node;
  }
  return Object.keys((node as z.ZodObject).shape ?? {});
}

function explain(issue: z.core.$ZodIssue): string {
  const where = issue.path.join('.') || '(top level)';
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .map((key) => {
        const guess = nearest(key, keysAt(issue.path));
        return `unknown key ${[...issue.path, key].join('.')}${guess ? ` — did you mean ${[...issue.path, guess].join('.')}?` : ''}`;
      })
      .join('\n  ');
  }
  return `${where}: ${issue.message}`;
}

/** Checks a config; `source` names it in the error, which lists every problem at once. */
export function parseConfig(value: unknown, source: string): GssConfig {
  const result = gssConfig.safeParse(value);
  if (result.success) return result.data;
  throw new UsageError(`${source}: the config is not valid.\n  ${result.error.issues.map(explain).join('\n  ')}`);
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

/** Reads a config file (JSON) with overrides. */
export function loadConfig(path: string, overrides: readonly string[] = []): GssConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(
      `${path}: the config cannot be read (${(error as Error).message}). Name one of configs/*.json or your own.`,
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
