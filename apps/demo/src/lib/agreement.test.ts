import { expect, test } from 'vitest';
import { agreement } from './agreement.js';

test('unlabelled pixels do not count', () => expect(agreement([1, 2, 3, 4], [1, 2, 0, 255])).toBeCloseTo(2 / 3));
test('nothing labelled is no agreement', () => expect(agreement([1, 2], [255, 255])).toBe(0));
