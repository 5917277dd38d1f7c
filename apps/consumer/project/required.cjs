// `node required.cjs OUT`: the roots by `require`, to OUT as JSON.
const { writeFileSync } = require('node:fs');
const { exercise } = require('./exercise.js');

const datasets = require('@gss/datasets');
const maskige = require('@gss/maskige');
const metrics = require('@gss/metrics');
require('@gss/datasets/node');

writeFileSync(process.argv[2], JSON.stringify(exercise({ datasets, maskige, metrics })));
