import {
  UnsortedSegmentSum,
  type UnsortedSegmentSumAttrs,
  type UnsortedSegmentSumInputs,
  util,
} from '@tensorflow/tfjs-core';
import { address, kernelsOf, output, requireFloat, wasmKernel } from './backend.js';

/** [...ids, ...inner], int32 [...ids] → [numSegments, ...inner]: the gradient of tf.gather along the first axis. */
export const unsortedSegmentSum = wasmKernel<UnsortedSegmentSumInputs, UnsortedSegmentSumAttrs>(
  UnsortedSegmentSum,
  ({ x, segmentIds }, backend, { numSegments }) => {
    requireFloat(UnsortedSegmentSum, x);
    const rows = util.sizeFromShape(segmentIds.shape);
    const innerShape = x.shape.slice(segmentIds.shape.length);
    const out = output(backend, [numSegments, ...innerShape]);
    const inner = util.sizeFromShape(innerShape);
    const [px, ids, pout] = [address(backend, x), address(backend, segmentIds), address(backend, out)];
    kernelsOf(backend).segmentSum(px, ids, pout, rows, inner, numSegments);
    return out;
  },
);
