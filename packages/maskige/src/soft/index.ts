export { type ConfidentLabels, decodeWithConfidence } from './confidence.js';
export { type DistanceMap, type DistanceOptions, squaredDistances } from './distances.js';
export { argmax, betaOf, fitLeastSquares, leastSquares, linearDecode, linearEncode, type Matrix } from './linear.js';
