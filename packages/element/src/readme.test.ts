import { runReadme } from '@gss/testing';
import { expect, test } from 'vitest';

test('the README runs', async () => expect(await runReadme(import.meta.url)).toBeGreaterThan(0));
