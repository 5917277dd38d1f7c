// Runs the exercise, with the codec's result drawn on a canvas, and leaves the result to the test.
import * as datasets from '@gss/datasets';
import * as maskige from '@gss/maskige';
import * as metrics from '@gss/metrics';
import { exercise } from './exercise.js';

globalThis.result = exercise({ datasets, maskige, metrics });
