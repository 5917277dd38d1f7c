// `node esm.js OUT`: the roots by `import`, to OUT as JSON.
import { writeFileSync } from 'node:fs';
import * as datasets from '@gss/datasets';
import * as maskige from '@gss/maskige';
import * as metrics from '@gss/metrics';
import { exercise } from './exercise.js';

writeFileSync(process.argv[2], JSON.stringify(exercise({ datasets, maskige, metrics })));
